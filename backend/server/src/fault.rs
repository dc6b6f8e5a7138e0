//! The one error of the HTTP side: what the caller is told, in two languages, and what only the log is told.

use crate::ledger::signer::Inconsistent;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use mudeung_core::policy::Denial;
use mudeung_core::reader::ReadError;
use mudeung_store::{LedgerError, StoreError};
use mudeung_wire::problem::{Code, InvalidParameter};

/// What clients of a paused service are told to wait. Nobody knows how long a pause lasts.
const PAUSE_RETRY_SECONDS: u64 = 60;

/// An error on its way to the caller. It becomes a problem in [`crate::call`], where language and call are known.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which of the closed table it is.
    pub code: Code,
    /// What happened and what to do, in Korean.
    pub ko: String,
    /// What happened and what to do, in English.
    pub en: String,
    /// What the operator should know; logged, never answered.
    pub internal: Option<String>,
    /// The parameters at fault.
    pub parameters: Vec<InvalidParameter>,
    /// The policies violated.
    pub policies: Vec<String>,
    /// Headers that belong to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Answer with the status alone: for data addresses, whose clients show nobody a body.
    pub bare: bool,
    /// Whether the caller is known but was withdrawn, or what it came with was.
    pub withdrawn: bool,
}

impl Fault {
    /// A fault with what to tell the caller.
    pub fn new(code: Code, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self {
            code,
            ko: ko.into(),
            en: en.into(),
            internal: None,
            parameters: Vec::new(),
            policies: Vec::new(),
            headers: Vec::new(),
            bare: false,
            withdrawn: false,
        }
    }

    /// What is asked for may not leave, and how a result of it may.
    pub fn inside() -> Self {
        Self::new(
            Code::ExportNotGranted,
            "The grant opens this data for analysis inside alone. Run a query with `Prefer: respond-async`, then ask by `POST \
             /v1/query/jobs/{job}/export` that its result may leave.",
            "이 승인은 기관 안에서의 분석(제공)만 허용합니다. `Prefer: respond-async`로 쿼리를 실행한 뒤 `POST \
             /v1/query/jobs/{job}/export`로 결과 반출을 신청하세요.",
        )
    }

    /// There is nothing here for the caller.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            "There is nothing here, or it is not open to you. See GET /v1/datasets for what is.",
            "해당 자원이 없거나 접근 권한이 없습니다. GET /v1/datasets에서 열람 가능한 데이터를 확인하세요.",
        )
    }

    /// A fault of ours: the caller is told nothing of it but the call's identifier.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::new(
            Code::Internal,
            "The server failed. Quote the instance to the operator.",
            "서버 오류가 발생했습니다. instance 값을 운영자에게 알려 주세요.",
        )
        .because(reason)
    }

    /// The ledger cannot record, so nothing is given.
    pub fn ledger(reason: impl Into<String>) -> Self {
        Self::new(
            Code::LedgerUnavailable,
            "The access cannot be recorded at the moment, so no data is given. Try again later.",
            "접속 기록을 남길 수 없어 데이터를 제공하지 않습니다. 잠시 후 다시 시도하세요.",
        )
        .because(reason)
        .retry_after(1)
    }

    /// The whole service is paused.
    pub fn service_paused() -> Self {
        Self::new(
            Code::ServicePaused,
            "The service is paused by its operator. Try again later; the portal stays open.",
            "운영자가 서비스를 일시 중지했습니다. 포털은 열려 있습니다. 잠시 후 다시 시도하세요.",
        )
        .retry_after(PAUSE_RETRY_SECONDS)
    }

    /// A parameter has a wrong value.
    pub fn parameter(name: &str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        let en = en.into();
        let mut fault = Self::new(Code::InvalidParameter, en.clone(), ko);
        fault.parameters.push(InvalidParameter { name: name.to_owned(), reason: en });
        fault
    }

    /// Adds what only the operator should know.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.internal = Some(reason.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Answers with the status alone.
    #[must_use]
    pub const fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.internal.as_deref().unwrap_or(&self.en))
    }
}

impl std::error::Error for Fault {}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::ledger(error.to_string())
    }
}

impl From<Inconsistent> for Fault {
    fn from(error: Inconsistent) -> Self {
        Self::ledger(error.to_string())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::new(
                Code::Overloaded,
                "The database does not answer at the moment. Try again later.",
                "데이터베이스가 응답하지 않습니다. 잠시 후 다시 시도하세요.",
            )
            .because(reason)
            .retry_after(1),
            StoreError::InvalidTransition(transition) => Self::new(
                Code::Conflict,
                format!("{transition}."),
                format!("현재 상태에서는 할 수 없습니다: {transition}"),
            ),
            StoreError::AlreadyExists { what } => {
                Self::new(Code::Conflict, format!("{what} exists already."), format!("이미 존재합니다: {what}"))
            }
            StoreError::NotFound { .. } => Self::not_found(),
            StoreError::ForAnother => Self::new(
                Code::RoleMissing,
                "You stopped this yourself: another administrator of the hospital starts it again.",
                "직접 멈춘 것은 스스로 재개할 수 없습니다. 병원의 다른 운영자가 재개합니다.",
            ),
            StoreError::Invalid(reason) => {
                Self::new(Code::Unprocessable, format!("{reason}."), format!("저장할 수 없는 값입니다: {reason}"))
            }
            other @ (StoreError::SchemaOutdated { .. } | StoreError::Corrupt(_)) => Self::internal(other.to_string()),
        }
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(reason) => Self::internal(reason),
            ReadError::BadRequest(reason) => {
                Self::new(Code::InvalidFilter, reason.clone(), format!("요청을 이 표에 적용할 수 없습니다: {reason}"))
            }
            ReadError::BadQuery(reason) => {
                Self::new(Code::InvalidQuery, reason.clone(), format!("쿼리를 실행할 수 없습니다: {reason}"))
            }
            ReadError::LimitReached(reason) => {
                Self::new(Code::LimitReached, reason.clone(), format!("처리 한도에 도달했습니다: {reason}"))
            }
            ReadError::Busy(reason) => Self::new(
                Code::Overloaded,
                "Too many reads are under way. Try again later.",
                "진행 중인 읽기 요청이 너무 많습니다. 잠시 후 다시 시도하세요.",
            )
            .because(reason)
            .retry_after(1),
        }
    }
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::ServicePaused => Self::service_paused(),
            Denial::NotActive => {
                let reason = "The app, its organization or its credential is not active, or the token was revoked.";
                Self { withdrawn: true, ..crate::auth::unauthenticated(reason) }
            }
            Denial::ScopeMissing(scope) => crate::auth::insufficient_scope(scope),
            Denial::Inside => Self::inside(),
            Denial::NotFound => Self::not_found(),
        }
    }
}
