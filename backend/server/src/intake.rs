//! How requests are taken in: whole, in time, within limits; and what extractors say when they cannot read one.

use crate::call::speaks_oauth;
use crate::config::{HttpConfig, LimitConfig};
use crate::data::signature::is_signed;
use crate::fault::Fault;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError, UrlencodedError};
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
use actix_web::{HttpMessage, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use mudeung_wire::problem::Code;
use std::time::Duration;

/// More headers than any client sends.
const HEADERS_MAX: usize = 64;

/// Refuses addresses and headers that are too long.
pub fn check_head(request: &ServiceRequest, limits: &LimitConfig) -> Result<(), Fault> {
    let uri = request.uri();
    let address = uri.path().len().saturating_add(uri.query().map_or(0, |query| query.len() + 1));
    if address > limits.address_bytes {
        let most = limits.address_bytes;
        return Err(Fault::new(
            Code::UriTooLong,
            format!("The address is longer than {most} bytes. Send long queries with POST /v1/query."),
            format!("주소가 {most}바이트보다 깁니다. 긴 쿼리는 POST /v1/query로 보내세요."),
        ));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > HEADERS_MAX || bytes > limits.header_bytes {
        let most = limits.header_bytes;
        return Err(Fault::new(
            Code::HeadersTooLarge,
            format!("The request has more than {HEADERS_MAX} headers or more than {most} bytes of them."),
            format!("요청 헤더가 {HEADERS_MAX}개 또는 {most}바이트를 넘습니다."),
        ));
    }
    Ok(())
}

/// Refuses what came over plain http to the proxy in front of us and carries something secret: that must be noticed, not
/// redirected. Whoever says so is believed, since it only ever refuses.
pub fn check_https(request: &ServiceRequest, http: &HttpConfig) -> Result<(), Fault> {
    if !http.behind_tls_proxy || !carries_secrets(request) || !came_in_the_open(request.headers()) {
        return Ok(());
    }
    Err(Fault::new(
        Code::HttpsRequired,
        "This server is used over https alone. What the request carried has travelled in the open: replace that \
         secret or token.",
        "이 서버는 https로만 사용할 수 있습니다. 요청에 담긴 비밀키나 토큰이 암호화되지 않은 채 전송되었으니 교체하세요.",
    ))
}

/// Secrets and tokens stand in the `Authorization` header, in what is sent to the authorization server or into a form, and
/// in the address of a file.
fn carries_secrets(request: &ServiceRequest) -> bool {
    let (method, path) = (request.method(), request.path());
    !method.is_safe()
        || speaks_oauth(path)
        || request.headers().contains_key(AUTHORIZATION)
        || request.headers().contains_key(COOKIE)
        || is_signed(path, request.query_string())
}

fn came_in_the_open(headers: &HeaderMap) -> bool {
    let any = |name: &str, found: fn(&str) -> bool| headers.get_all(name).any(|value| value.to_str().is_ok_and(found));
    any("x-forwarded-proto", |value| value.split(',').any(|proto| proto.trim().eq_ignore_ascii_case("http")))
        || any("forwarded", |value| {
            let pairs = value.split([',', ';']);
            pairs.filter_map(|pair| pair.trim().split_once('=')).any(|(name, value)| {
                name.eq_ignore_ascii_case("proto") && value.trim_matches('"').eq_ignore_ascii_case("http")
            })
        })
}

/// Takes in the whole body before anything else happens, so that its size and the time it takes are bounded in one
/// place for every handler.
pub async fn take_body(request: &mut ServiceRequest, limits: &LimitConfig, most: usize) -> Result<(), Fault> {
    let headers = request.headers();
    if !headers.contains_key("content-length") && !headers.contains_key("transfer-encoding") {
        return Ok(());
    }
    let announced = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let payload = request.take_payload();
    let time = Duration::from_secs(limits.body_seconds);
    let body = match tokio::time::timeout(time, collect(payload, most)).await {
        Ok(body) => body?,
        Err(_) => {
            return Err(Fault::new(
                Code::RequestTimeout,
                format!("The body did not arrive within {} seconds.", time.as_secs()),
                format!("요청 본문이 {}초 안에 도착하지 않았습니다.", time.as_secs()),
            ));
        }
    };
    request.set_payload(Payload::from(body));
    Ok(())
}

async fn collect(mut payload: Payload, most: usize) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|error| broken(&error))?;
        if body.len().saturating_add(piece.len()) > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn too_large(most: usize) -> Fault {
    Fault::new(
        Code::TooLarge,
        format!("The body is larger than {most} bytes."),
        format!("요청 본문이 {most}바이트보다 큽니다."),
    )
}

fn broken(error: &PayloadError) -> Fault {
    bad_request(format!("The body cannot be read: {error}."), format!("요청 본문을 읽을 수 없습니다: {error}"))
}

fn bad_request(en: String, ko: String) -> Fault {
    Fault::new(Code::BadRequest, en, ko)
}

/// Gives the extractors their limits and their words.
pub fn configure(service: &mut web::ServiceConfig, limits: &LimitConfig) {
    service
        .app_data(web::PayloadConfig::new(limits.body_bytes))
        .app_data(
            web::JsonConfig::default().limit(limits.body_bytes).error_handler(|error, _| json_fault(&error).into()),
        )
        .app_data(
            web::FormConfig::default().limit(limits.body_bytes).error_handler(|error, _| form_fault(&error).into()),
        )
        .app_data(web::QueryConfig::default().error_handler(|error, _| query_fault(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| path_fault(&error).into()));
}

fn json_fault(error: &JsonPayloadError) -> Fault {
    match error {
        JsonPayloadError::ContentType => Fault::new(
            Code::UnsupportedMediaType,
            "Send the body as application/json.",
            "본문을 application/json 형식으로 보내세요.",
        ),
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Fault::new(Code::TooLarge, "The body is too large.", "요청 본문이 너무 큽니다.")
        }
        JsonPayloadError::Deserialize(error) => bad_request(
            format!("The body is not the JSON expected here: {error}."),
            format!("본문 JSON이 올바르지 않습니다: {error}"),
        ),
        other => {
            bad_request(format!("The body cannot be read: {other}."), format!("요청 본문을 읽을 수 없습니다: {other}"))
        }
    }
}

fn form_fault(error: &UrlencodedError) -> Fault {
    match error {
        UrlencodedError::ContentType => Fault::new(
            Code::UnsupportedMediaType,
            "Send the body as application/x-www-form-urlencoded.",
            "본문을 application/x-www-form-urlencoded 형식으로 보내세요.",
        ),
        UrlencodedError::Overflow { .. } => {
            Fault::new(Code::TooLarge, "The body is too large.", "요청 본문이 너무 큽니다.")
        }
        other => bad_request(format!("The form cannot be read: {other}."), format!("양식을 읽을 수 없습니다: {other}")),
    }
}

fn query_fault(error: &QueryPayloadError) -> Fault {
    Fault::new(
        Code::InvalidParameter,
        format!("The query of the address cannot be read: {error}."),
        format!("주소의 쿼리 매개변수를 읽을 수 없습니다: {error}"),
    )
}

/// A path that does not read as what it should name names nothing.
fn path_fault(error: &PathError) -> Fault {
    Fault::not_found().because(error.to_string())
}
