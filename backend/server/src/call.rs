//! What every call has: an identifier, a trace, a language; and the one place where errors become answers.

use crate::address::client_address;
use crate::expiry;
use crate::fault::Fault;
use crate::hex::hex;
use crate::intake;
use crate::oauth::dpop;
use crate::oauth::refusal::Refusal;
use crate::state::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use mudeung_core::id::CallId;
use mudeung_wire::problem::{Code, PROBLEM_BASE, Problem};
use std::future::{Ready, ready};
use std::net::IpAddr;

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
    /// The address of the client.
    pub address: IpAddr,
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
    fn begin(app: &App, request: &ServiceRequest) -> Self {
        let headers = request.headers();
        let peer = request.peer_addr().map(|peer| peer.ip());
        let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(trace_id);
        Self {
            id: CallId::generate(&*app.clock, &*app.entropy),
            trace: given.unwrap_or_else(|| fresh_hex::<16>(app)),
            language: Language::accepted(headers),
            address: client_address(peer, headers, &app.config.http),
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
    hex(&bytes)
}

impl FromRequest for Call {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let call = request.extensions().get::<Self>().cloned();
        ready(call.ok_or_else(|| Fault::internal("the call middleware is not mounted")))
    }
}

/// The outermost middleware: begins the call, takes the request in, and turns whatever failed into one envelope.
pub async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Fault::internal("no application state"))?;
    let call = Call::begin(&app, &request);
    request.extensions_mut().insert(call.clone());
    let started = app.clock.now();
    let mut response = match take_in(&mut request, &app).await {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(fault) => request.into_response(fault.error_response()),
    };
    if let Some(answer) = problem_answer(&call, &response) {
        response = response.into_response(answer).map_into_boxed_body();
    }
    if response.status() == StatusCode::UNAUTHORIZED && !speaks_oauth(response.request().path()) {
        app.oauth.count_refusal_from("unauthenticated", call.address);
    }
    dpop::announce(&mut response);
    expiry::announce(&mut response, started);
    add_headers(&app, &call, response.headers_mut());
    app.metrics.request_finished(&response, app.clock.now().since(started));
    Ok(response)
}

async fn take_in(request: &mut ServiceRequest, app: &App) -> Result<(), Fault> {
    let limits = &app.config.limits;
    intake::check_head(request, limits)?;
    intake::check_https(request, &app.config.http).inspect_err(|_| app.oauth.count_refusal("plain_http"))?;
    if app.snapshots.present().service.is_paused() && !serves_while_paused(request.path()) {
        app.oauth.count_refusal("service_paused");
        let fault = Fault::service_paused();
        return Err(if crate::data::signature::is_signed(request.path(), request.query_string()) {
            fault.bare()
        } else {
            fault
        });
    }
    let most = crate::portal::upload::body_limit(app, request).await?;
    intake::take_body(request, limits, most).await
}

/// What every answer says. A handler that says it itself is not overruled.
fn add_headers(app: &App, call: &Call, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&call.id.to_string()) {
        headers.insert(CALL_HEADER, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("00-{}-{}-01", call.trace, fresh_hex::<8>(app))) {
        headers.insert(TRACEPARENT, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let here = &app.config.http.public_url;
    if here.starts_with("https://") {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Challenges are written where the public address is not known; RFC 9728 wants a whole address.
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let whole = challenge.map(|text| text.replace("resource_metadata=\"/", &format!("resource_metadata=\"{here}/")));
    if let Some(value) = whole.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(WWW_AUTHENTICATE, value);
    }
}

/// What stays up while the service is paused: health, the portal and its documents, keys and metadata, the public proofs
/// of the ledger, and the ways to withdraw and look at tokens. Whatever is not named here is stopped.
fn serves_while_paused(path: &str) -> bool {
    const PREFIXES: [&str; 7] = ["/ko/", "/en/", "/guide/", "/docs/", "/assets/", "/.well-known/", "/ledger/"];
    const PATHS: [&str; 13] = [
        "/",
        "/ko",
        "/en",
        "/guide",
        "/docs",
        "/openapi.json",
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/metrics",
        "/ledger",
        "/oauth2/revoke",
        "/oauth2/introspect",
    ];
    PATHS.contains(&path) || PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// Whether the clients of an address expect errors of RFC 6749.
pub(crate) fn speaks_oauth(path: &str) -> bool {
    path.starts_with("/oauth2/")
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
    if speaks_oauth(response.request().path()) {
        return Some(Refusal::framework(&fault).answer());
    }
    if crate::sharing::speaks_sharing(response.request().path()) {
        return Some(crate::sharing::failure::answer(call, &fault));
    }
    if crate::drs::speaks_drs(response.request().path()) {
        return Some(crate::drs::failure::answer(call, &fault));
    }
    let page = crate::portal::failure::answer(call, response.request().path(), &fault);
    Some(page.unwrap_or_else(|| render(call, &fault)))
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
