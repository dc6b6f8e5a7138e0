//! Forms are accepted from our own pages alone: a token bound to the browser's cookie, and the Origin it came from.

use crate::fault::Fault;
use crate::state::App;
use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};
use hmac::{Hmac, Mac};
use mudeung_wire::problem::Code;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The token that a form must carry for a browser with this cookie.
pub(super) fn form_token(app: &App, cookie: &str) -> String {
    let bytes = mac(app, b"form", cookie);
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

/// Our word, for one session, that a form's identifier is one that we made.
pub(super) fn seal(app: &App, session: &str, id: &str) -> String {
    let bytes = mac(app, b"identifier", &format!("{session} {id}"));
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

/// The code of a link with that mark, which nobody else can make.
pub(super) fn code(app: &App, mark: &str, id: &str) -> String {
    let bytes = mac(app, b"link", &format!("{mark} {id}"));
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

/// Whether two seals are the same, without telling how far they agree.
pub(super) fn is_same(given: &str, expected: &str) -> bool {
    bool::from(given.as_bytes().ct_eq(expected.as_bytes()))
}

/// What is stored of a session token.
pub(super) fn session_hash(app: &App, token: &str) -> [u8; 32] {
    mac(app, b"session", token)
}

/// Refuses a form that does not come from a page we gave to this browser.
pub(super) fn check(app: &App, request: &HttpRequest, cookie: Option<&str>, given: Option<&str>) -> Result<(), Fault> {
    let expected = form_token(app, cookie.unwrap_or_default());
    let same = given.is_some_and(|given| is_same(given, &expected));
    if cookie.is_some() && same && is_own_origin(app, request) {
        return Ok(());
    }
    Err(Fault::new(
        Code::RoleMissing,
        "The form was too old or came from another site. Open the page anew and try again.",
        "양식이 오래되었거나 다른 사이트에서 왔습니다. 화면을 새로 열어 다시 시도하세요.",
    ))
}

/// Whether the browser says that the form came from us. Programs that are no browsers say nothing.
fn is_own_origin(app: &App, request: &HttpRequest) -> bool {
    let mut origins = request.headers().get_all(ORIGIN);
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
    if origin == app.config.http.public_url {
        return true;
    }
    // `localhost` and `127.0.0.1` are two origins of one server: what counts is the host the browser called.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let bare = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    !host.is_empty() && bare == Some(host)
}

fn mac(app: &App, use_for: &[u8], token: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app.keys.session().expose()) else { return [0; 32] };
    mac.update(use_for);
    mac.update(&[0]);
    mac.update(token.as_bytes());
    mac.finalize().into_bytes().into()
}
