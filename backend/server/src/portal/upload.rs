//! Forms with a file: how large they may be, for whom, and how they are read.
//!
//! A body is taken in as a whole before a handler sees it, so that only members who are signed in may send a large one, and only
//! a few at once. It is read here, bounded in every part, and never written to a file.

use super::cookie::Cookies;
use super::fields::Fields;
use super::{forgery, session};
use crate::fault::Fault;
use crate::state::App;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, stream};
use mudeung_wire::problem::Code;
use multer::Multipart;
use std::convert::Infallible;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// What a form adds to the file in it.
const FRAME_BYTES: usize = 16 << 10;
/// The most parts of a form with a file.
const PARTS_MAX: usize = 16;
/// The longest head of a part.
const HEAD_BYTES: usize = 4 << 10;

/// A form with a file, from one of our own pages, shown to this very session.
#[derive(Debug)]
pub(super) struct Uploaded {
    /// The file and the name it was sent under; none when nobody chose one.
    pub(super) file: Option<(String, Bytes)>,
}

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    file_name: Option<String>,
    bytes: Bytes,
}

/// How large the body of a request may be. Large ones are for members alone, and for a few at once.
pub(crate) async fn body_limit(app: &App, request: &ServiceRequest) -> Result<usize, Fault> {
    let most = app.config.limits.body_bytes;
    if request.method() != "POST" || !takes_files(request.path()) {
        return Ok(most);
    }
    if session::signed_in(app, request.request()).await?.is_none() {
        return Ok(most);
    }
    let Ok(turn) = Arc::clone(&app.portal.uploads).try_acquire_owned() else { return Err(busy()) };
    request.extensions_mut().insert(turn);
    Ok(most.max(app.config.portal.attachment_bytes.saturating_add(FRAME_BYTES)))
}

/// Whether an address takes forms with a file.
pub(crate) fn takes_files(path: &str) -> bool {
    let own = path.strip_prefix("/ko/requests/").or_else(|| path.strip_prefix("/en/requests/"));
    own.is_some_and(|rest| rest.ends_with("/attach") || rest.ends_with("/enclose"))
}

impl FromRequest for Uploaded {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or_else(|| Fault::internal("no application state"))?;
            let mut body = BytesMut::new();
            while let Some(piece) = payload.next().await {
                body.extend_from_slice(&piece.map_err(|error| unreadable().because(error.to_string()))?);
            }
            let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let (fields, file) = match boundary(kind) {
                Some(boundary) => split(parts(&boundary, body.freeze()).await.ok_or_else(unreadable)?),
                None => (Fields::parse(&body)?, None),
            };
            let cookie = Cookies { secure: app.portal.secure }.session_of(&request);
            forgery::check(app, &request, cookie.as_deref(), fields.raw("form_token"))?;
            Ok(Self { file })
        })
    }
}

/// The fields of a form, and the first file that has a name.
fn split(parts: Vec<Part>) -> (Fields, Option<(String, Bytes)>) {
    let (mut fields, mut file) = (Vec::new(), None);
    for Part { name, file_name, bytes } in parts {
        match file_name {
            None => fields.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            Some(file_name) if name == "file" && file.is_none() && !file_name.is_empty() => {
                file = Some((file_name, bytes))
            }
            Some(_) => {}
        }
    }
    (Fields::of(fields), file)
}

/// What separates the parts of a form of that type; `None` when it is of another.
fn boundary(content_type: &str) -> Option<String> {
    // RFC 2046, section 5.1.1.
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&letter);
    let fits = |value: &String| (1..=70).contains(&value.len()) && value.bytes().all(is_letter);
    multer::parse_boundary(content_type).ok().filter(fits)
}

/// The parts of a body; `None` when it is none, is cut off, or has more than is read.
async fn parts(boundary: &str, body: Bytes) -> Option<Vec<Part>> {
    let mut form = Multipart::new(stream::iter([Ok::<Bytes, Infallible>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        let head: usize = field.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if parts.len() == PARTS_MAX || head > HEAD_BYTES {
            return None;
        }
        let (name, file_name) = (unescaped(field.name()?), field.file_name().map(unescaped));
        parts.push(Part { name, file_name, bytes: field.bytes().await.ok()? });
    }
    Some(parts)
}

/// Browsers write a quotation mark in a name as `%22`, and line breaks as `%0D` and `%0A`.
fn unescaped(value: &str) -> String {
    value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

fn unreadable() -> Fault {
    Fault::new(Code::BadRequest, "The form cannot be read.", "양식을 읽을 수 없습니다.")
}

fn busy() -> Fault {
    Fault::new(
        Code::Overloaded,
        "Other files are being sent. Try again when they are done.",
        "다른 파일을 올리는 중입니다. 끝난 뒤 다시 시도하세요.",
    )
    .retry_after(10)
}
