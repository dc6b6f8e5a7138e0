//! Errors as clients of the sharing protocol expect them. The body carries the fields of a problem besides, for people.

use crate::call::Call;
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use mudeung_wire::problem::PROBLEM_BASE;
use serde_json::json;

/// A fault in the dialect of the protocol.
pub fn answer(call: &Call, fault: &Fault) -> HttpResponse {
    let (status, error_code) = dialect(fault);
    let mut answer = HttpResponse::build(status);
    for (name, value) in &fault.headers {
        answer.append_header((name.clone(), value.clone()));
    }
    let language = call.language;
    let message = language.pick(&fault.ko, &fault.en);
    answer.insert_header(("Content-Language", language.as_str()));
    answer.insert_header(("Content-Type", "application/json; charset=utf-8"));
    answer.body(
        json!({
            "errorCode": error_code,
            "message": message,
            "type": format!("{PROBLEM_BASE}{}", fault.code.as_str()),
            "title": language.pick(fault.code.title_ko(), fault.code.title_en()),
            "status": status.as_u16(),
            "code": fault.code.as_str(),
            "detail": message,
            "instance": format!("/calls/{}", call.id),
        })
        .to_string(),
    )
}

/// Clients try again after 429 and every 5xx, for minutes; so what will not change is a 4xx they know. A caller who is
/// known and was withdrawn is told 403, not to come back with another token.
fn dialect(fault: &Fault) -> (StatusCode, &'static str) {
    if fault.withdrawn {
        return (StatusCode::FORBIDDEN, "PERMISSION_DENIED");
    }
    match fault.status().as_u16() {
        401 => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        403 => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        404 => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
        405 => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        429 => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        503 => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
        500.. => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
        _ => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
    }
}
