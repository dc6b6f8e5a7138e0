//! Errors as RFC 9457 problems with a closed table of codes.

use serde::{Deserialize, Serialize};

/// An error as it is answered, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// An address that names the kind of problem; the last part is `code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title in the caller's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The code, from the closed table.
    pub code: String,
    /// What happened here and what to do about it, in the caller's language.
    pub detail: String,
    /// The call's identifier, to quote to the operator.
    pub instance: String,
    /// The parameters at fault, when there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid_parameters: Vec<InvalidParameter>,
    /// The names of the policies that were violated, for `quota_exhausted` and `rate_limited`.
    #[serde(default, rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    pub violated_policies: Vec<String>,
}

/// A parameter that is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvalidParameter {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $ko:literal, $en:literal;)*) => {
        /// Every error code there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name),* }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it stands in a problem.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// The title in Korean.
            pub const fn title_ko(self) -> &'static str {
                match self { $(Self::$name => $ko),* }
            }

            /// The title in English.
            pub const fn title_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}

codes! {
    /// The request cannot be read: syntax, encoding, header.
    BadRequest = "bad_request", 400, "잘못된 요청", "Bad request";
    /// A parameter has a wrong value.
    InvalidParameter = "invalid_parameter", 400, "잘못된 매개변수", "Invalid parameter";
    /// The filter does not parse or does not fit the table.
    InvalidFilter = "invalid_filter", 400, "잘못된 필터", "Invalid filter";
    /// A column that does not exist, or not for the caller.
    UnknownColumn = "unknown_column", 400, "알 수 없는 열", "Unknown column";
    /// The SQL does not parse, plan or run.
    InvalidQuery = "invalid_query", 400, "잘못된 쿼리", "Invalid query";
    /// The cursor is not one of ours or belongs to another list.
    InvalidCursor = "invalid_cursor", 400, "잘못된 커서", "Invalid cursor";
    /// No access token, or one that is not valid.
    Unauthenticated = "unauthenticated", 401, "인증 필요", "Authentication required";
    /// The token lacks a scope.
    InsufficientScope = "insufficient_scope", 403, "권한 범위 부족", "Insufficient scope";
    /// A signed address that is not valid or not valid any more.
    SignatureInvalid = "signature_invalid", 403, "잘못된 서명 주소", "Invalid signed address";
    /// The member's role does not allow it.
    RoleMissing = "role_missing", 403, "역할 권한 없음", "Role missing";
    /// The data use agreement has a newer version that the organization has not signed. Named by the `error_uri` of the
    /// token endpoint.
    AgreementSuperseded = "agreement_superseded", 403, "새 약정 미서명", "Newer agreement not signed";
    /// The grant opens the data for analysis inside alone; a result leaves by a decision of its own.
    ExportNotGranted = "export_not_granted", 403, "반출 미승인", "Export not granted";
    /// The app may not be used from the network that the request comes from.
    NetworkNotAllowed = "network_not_allowed", 403, "허용되지 않은 네트워크", "Network not allowed";
    /// The request came over plain http, and what it carried travelled in the open.
    HttpsRequired = "https_required", 403, "https 필요", "https required";
    /// There is nothing here for the caller.
    NotFound = "not_found", 404, "찾을 수 없음", "Not found";
    /// The address knows other methods.
    MethodNotAllowed = "method_not_allowed", 405, "허용되지 않는 메서드", "Method not allowed";
    /// None of the accepted media types can be produced.
    NotAcceptable = "not_acceptable", 406, "지원하지 않는 응답 형식", "Not acceptable";
    /// The client was too slow to send its request.
    RequestTimeout = "request_timeout", 408, "요청 시간 초과", "Request timeout";
    /// The state does not allow it.
    Conflict = "conflict", 409, "상태 충돌", "Conflict";
    /// The body is larger than allowed.
    TooLarge = "too_large", 413, "본문이 너무 큼", "Content too large";
    /// The address is longer than allowed.
    UriTooLong = "uri_too_long", 414, "주소가 너무 김", "Address too long";
    /// The body has a media type that is not understood.
    UnsupportedMediaType = "unsupported_media_type", 415, "지원하지 않는 본문 형식", "Unsupported media type";
    /// The range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", 416, "범위를 벗어남", "Range not satisfiable";
    /// Well-formed, but not acceptable as it stands.
    Unprocessable = "unprocessable", 422, "처리할 수 없음", "Unprocessable";
    /// Too many requests in too short a time.
    RateLimited = "rate_limited", 429, "요청이 너무 많음", "Too many requests";
    /// The budget of bytes or rows is used up.
    QuotaExhausted = "quota_exhausted", 429, "할당량 소진", "Quota exhausted";
    /// The headers are larger than allowed.
    HeadersTooLarge = "headers_too_large", 431, "헤더가 너무 큼", "Headers too large";
    /// A limit of memory, time or output was reached.
    LimitReached = "limit_reached", 422, "처리 한도 도달", "Limit reached";
    /// A fault of the server.
    Internal = "internal", 500, "서버 오류", "Internal error";
    /// The ledger cannot record the access, so no data is given.
    LedgerUnavailable = "ledger_unavailable", 503, "원장 사용 불가", "Ledger unavailable";
    /// The whole service is paused by its operator.
    ServicePaused = "service_paused", 503, "서비스 일시 중지", "Service paused";
    /// The server is too busy or shutting down.
    Overloaded = "overloaded", 503, "일시적 과부하", "Temporarily overloaded";
}

/// The address that the codes are parts of.
pub const PROBLEM_BASE: &str = "/docs/problems/";

impl Code {
    /// Reads a code; `None` when there is no such code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_closed_small_and_without_doubles() {
        assert!(Code::ALL.len() < 40);
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| Code::parse(code.as_str()) == Some(*code)));
    }
}
