//! What every call has: an identifier, a trace, a language; and the one place where errors become answers.

use crate::fault::Fault;
use crate::state::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use mudeung_core::id::CallId;
use mudeung_wire::problem::{Code, PROBLEM_BASE, Problem};
use std::future::{Ready, ready};

/// The language of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
}

/// One call, from its first header to its last byte.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its identifier; answered as `Mudeung-Call` and as the `instance` of a problem.
    pub id: CallId,
    /// The W3C trace id it belongs to, 32 hexadecimal digits.
    pub trace: String,
    /// The language of its answer.
    pub language: Language,
}

/// Marks an answer whose body is already in the dialect its clients expect, whatever its status.
#[derive(Debug, Clone, Copy)]
pub struct OwnDialect;

const CALL_HEADER: HeaderName = HeaderName::from_static("mudeung-call");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl Language {
    /// `ko` or `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }

    /// The one of the two texts that is in this language.
    pub const fn pick<'t>(self, ko: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Ko => ko,
            Self::En => en,
        }
    }

    /// The first of the accepted languages that there is; English when there is none.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut tags = accepted.split(',').filter_map(|tag| tag.trim().get(..2));
        tags.find_map(|tag| match tag.to_ascii_lowercase().as_str() {
            "ko" => Some(Self::Ko),
            "en" => Some(Self::En),
            _ => None,
        })
        .unwrap_or(Self::En)
    }
}

impl Call {
    fn begin(app: &App, headers: &HeaderMap) -> Self {
        let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(trace_id);
        Self {
            id: CallId::generate(&*app.clock, &*app.entropy),
            trace: given.unwrap_or_else(|| fresh_hex::<16>(app)),
            language: Language::accepted(headers),
        }
    }
}

/// The trace id of a valid `traceparent`.
fn trace_id(value: &str) -> Option<String> {
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let some = |text: &str| text.bytes().any(|b| b != b'0');
    let valid = version == "00" && hex(trace, 32) && some(trace) && hex(parent, 16) && some(parent) && hex(flags, 2);
    (valid && parts.next().is_none()).then(|| trace.to_owned())
}

fn fresh_hex<const N: usize>(app: &App) -> String {
    let mut bytes = [0_u8; N];
    app.entropy.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl FromRequest for Call {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let call = request.extensions().get::<Self>().cloned();
        ready(call.ok_or_else(|| Fault::internal("the call middleware is not mounted")))
    }
}

/// The outermost middleware: begins the call, and turns whatever failed into one envelope.
pub async fn envelope(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Fault::internal("no application state"))?;
    let call = Call::begin(&app, request.headers());
    request.extensions_mut().insert(call.clone());
    let started = app.clock.now();
    let original = request.request().clone();
    let mut response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => ServiceResponse::new(original, error.error_response()),
    };
    if let Some(answer) = problem_answer(&call, &response) {
        response = response.into_response(answer).map_into_boxed_body();
    }
    let span = fresh_hex::<8>(&app);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&call.id.to_string()) {
        headers.insert(CALL_HEADER, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("00-{}-{span}-01", call.trace)) {
        headers.insert(TRACEPARENT, value);
    }
    app.metrics.request_finished(&response, app.clock.now().since(started));
    Ok(response)
}

/// The problem for an answer that failed, unless it speaks its own dialect.
fn problem_answer(call: &Call, response: &ServiceResponse<BoxBody>) -> Option<HttpResponse> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let extensions = response.response().extensions();
    if extensions.get::<OwnDialect>().is_some() {
        return None;
    }
    let fault = match extensions.get::<Fault>() {
        Some(fault) => fault.clone(),
        None => framework_fault(status.as_u16()),
    };
    if fault.code == Code::Internal {
        tracing::error!(call = %call.id, "{fault}");
    } else {
        tracing::debug!(call = %call.id, "{fault}");
    }
    Some(render(call, &fault))
}

/// The fault behind a bare status of the web framework.
fn framework_fault(status: u16) -> Fault {
    let code = Code::ALL.iter().copied().find(|code| code.status() == status);
    match code.unwrap_or(if status >= 500 { Code::Internal } else { Code::BadRequest }) {
        Code::NotFound => Fault::not_found(),
        Code::Internal => Fault::internal(format!("the framework answered {status}")),
        code => Fault::new(code, format!("{}.", code.title_en()), format!("{}.", code.title_ko())),
    }
}

/// A fault as a problem in the call's language.
pub fn render(call: &Call, fault: &Fault) -> HttpResponse {
    let mut answer = HttpResponse::build(fault.status());
    for (name, value) in &fault.headers {
        answer.append_header((name.clone(), value.clone()));
    }
    if fault.bare {
        return answer.finish();
    }
    let language = call.language;
    let problem = Problem {
        kind: format!("{PROBLEM_BASE}{}", fault.code.as_str()),
        title: language.pick(fault.code.title_ko(), fault.code.title_en()).to_owned(),
        status: fault.code.status(),
        code: fault.code.as_str().to_owned(),
        detail: language.pick(&fault.ko, &fault.en).to_owned(),
        instance: format!("/calls/{}", call.id),
        invalid_parameters: fault.parameters.clone(),
        violated_policies: fault.policies.clone(),
    };
    answer.insert_header((CONTENT_TYPE, "application/problem+json"));
    answer.insert_header(("Content-Language", language.as_str()));
    answer.body(serde_json::to_vec(&problem).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_traceparents_are_taken_over() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(good).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
