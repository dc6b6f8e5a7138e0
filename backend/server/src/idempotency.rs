//! Requests that may be sent twice: under one `Idempotency-Key` a thing is made once, and who asks again gets the first
//! answer, byte by byte, for 24 hours.
//!
//! A key belongs to the member or the registration token that uses it. Forms that make something carry a key of their
//! own, so that a second click makes nothing; there the key stands for the form as it was sent, and what is typed anew
//! is another request. What is kept of an answer is encrypted, for some show a secret.

use crate::call::Call;
use crate::fault::Fault;
use crate::keys::sealing;
use crate::oauth::register::{bearer, token_hash};
use crate::portal::fields::read;
use crate::portal::upload::takes_files;
use crate::portal::{kept, once};
use crate::record;
use crate::route::{Access, Route};
use crate::state::App;
use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mudeung_store::idempotency::{KeyedRequest, Known, begin_keyed_request, end_keyed_request, forget_keyed_request};
use mudeung_store::registrations::knows_registration_token;
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;

const KEY_BYTES_MAX: usize = 255;
/// More than any page that answers a form.
const ANSWER_BYTES_MAX: u64 = 256 << 10;
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// No form takes as long: one without an answer after that was cut off.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Whose a key is, and what is known of them.
pub(crate) struct Holder {
    /// What the key is bound to.
    pub(crate) name: String,
    /// The start of the entry about an answer that is given again.
    pub(crate) entry: Entry,
    /// Where to prove anew who one is before a secret is shown again, when that is needed.
    pub(crate) step_up: Option<HttpResponse>,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// The key of a request, and what it asks for.
struct Asked {
    key: String,
    request: [u8; 32],
}

/// What a request is to its key.
enum Begun {
    /// It has none.
    Unkeyed,
    /// The first with it.
    First(web::Data<App>, [u8; 32]),
    /// One that was answered.
    Before(HttpResponse),
}

/// Whether a request of a route may carry a key: what members and registration tokens change. Queries that run without
/// their caller have keys that live with the job. A form with a file has none: its body is larger than what is looked through
/// for a key, and a file that is sent twice is kept once.
pub(crate) fn covers(route: &Route) -> bool {
    let of_member = matches!(route.access, Access::Session(_)) && !takes_files(route.path);
    route.method == "POST" && (of_member || route.path == "/oauth2/register")
}

/// The key under which a request may be sent twice: a quoted string or a bare token.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let mut given = headers.get_all("idempotency-key");
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    if given.next().is_some() || bare.is_empty() || bare.len() > KEY_BYTES_MAX || !plain {
        return Err(Fault::parameter(
            "Idempotency-Key",
            format!("Give one key of 1 to {KEY_BYTES_MAX} visible ASCII characters, for instance a UUID."),
            format!("1~{KEY_BYTES_MAX}자의 보이는 ASCII 문자로 키를 하나만 지정하세요. 예: UUID"),
        ));
    }
    Ok(Some(bare.to_owned()))
}

/// The middleware of the routes that [`covers`] names.
pub(crate) async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let body = match read(request.extract::<Bytes>().await) {
        Ok(body) => body,
        Err(fault) => return Ok(request.into_response(fault.error_response())),
    };
    request.set_payload(Payload::from(body.clone()));
    match begin(&request, &body).await {
        Ok(Begun::Unkeyed) => {
            let response = next.call(request).await?.map_into_boxed_body();
            Ok(kept::keep_unsent(response, &body).await)
        }
        Ok(Begun::First(app, key_hash)) => {
            let response = next.call(request).await;
            let response = keep(&app, key_hash, response).await?;
            Ok(kept::keep_unsent(response, &body).await)
        }
        Ok(Begun::Before(answer)) => Ok(request.into_response(answer)),
        Err(fault) => Ok(request.into_response(fault.error_response())),
    }
}

async fn begin(request: &ServiceRequest, body: &[u8]) -> Result<Begun, Fault> {
    let app = request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Fault::internal("no application state"))?;
    let Some(asked) = asked(request.request(), body)? else { return Ok(Begun::Unkeyed) };
    // Who is nobody is told so by the handler.
    let Some(holder) = holder(&app, request.request()).await? else { return Ok(Begun::Unkeyed) };
    let now = app.clock.now();
    let key_hash = token_hash(&app.keys, &format!("idempotency\0{}\0{}", holder.name, asked.key));
    // Keyed too: what was typed may be short enough to be guessed from a plain hash.
    let request_hash = token_hash(&app.keys, &STANDARD.encode(asked.request));
    let keyed = KeyedRequest { key_hash, request_hash, created_at: now, expires_at: now.plus(KEPT) };
    let known = app.db.tx("begin keyed request", move |conn| begin_keyed_request(conn, &keyed)).await?;
    let again = Entry { detail: Some(request.path().to_owned()), ..holder.entry };
    match known {
        Known::Nothing => Ok(Begun::First(app, key_hash)),
        Known::OtherRequest => Err(record::refuse(&app, again, key_taken()).await),
        Known::UnderWay(since) => Err(record::refuse(&app, again, under_way(now.since(since) > UNDER_WAY)).await),
        Known::Answered(sealed) => {
            let answer = opened(&app, &key_hash, &sealed)?;
            if let Some(proof) = holder.step_up.filter(|_| answer.status() == StatusCode::OK) {
                return Ok(Begun::Before(proof));
            }
            record::note(&app, again, Status::Completed).await?;
            Ok(Begun::Before(answer))
        }
    }
}

/// Keeps the answer of what was done; a request that was refused changed nothing, and its key is free again.
async fn keep(
    app: &App,
    key_hash: [u8; 32],
    response: Result<ServiceResponse<impl MessageBody + 'static>, Error>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = match response {
        Ok(response) if is_kept(&response) => response,
        other => {
            let forget = move |conn: &mut mudeung_store::Conn| forget_keyed_request(conn, &key_hash);
            if let Err(error) = app.db.tx("forget keyed request", forget).await {
                tracing::warn!("a key stays taken though nothing was done under it: {error}");
            }
            return other.map(ServiceResponse::map_into_boxed_body);
        }
    };
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body).await else { return Err(Fault::internal("an answer without a body").into()) };
    if let Some(sealed) = sealed(app, &key_hash, head.status(), head.headers(), &bytes) {
        let end = move |conn: &mut mudeung_store::Conn| end_keyed_request(conn, &key_hash, sealed);
        // It is done: whoever asks again is told that its end is not known, which is better than a failure now.
        if let Err(error) = app.db.tx("end keyed request", end).await {
            tracing::warn!("an answer could not be kept under its key: {error}");
        }
    }
    Ok(ServiceResponse::new(request, head.set_body(bytes).map_into_boxed_body()))
}

/// Whether something was done, and its answer is a page. Exports are streams, make nothing, and may be had again.
fn is_kept(response: &ServiceResponse<impl MessageBody>) -> bool {
    let status = response.status();
    let done = (status.is_success() || status.is_redirection()) && response.response().error().is_none();
    done && match response.response().body().size() {
        BodySize::None => true,
        BodySize::Sized(bytes) => bytes <= ANSWER_BYTES_MAX,
        BodySize::Stream => false,
    }
}

/// The key of a request: of the header, or of the form.
fn asked(request: &HttpRequest, body: &[u8]) -> Result<Option<Asked>, Fault> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [request.method().as_str(), request.path()] {
        hash.update(part);
        hash.update([0]);
    }
    // The token that says which browser a form is from is another after each sign-in.
    let is_form = fields.iter().any(|(name, _)| name == "form_token");
    let typed: Vec<_> = fields.iter().filter(|(name, _)| name != "form_token").collect();
    match serde_urlencoded::to_string(&typed) {
        Ok(text) if is_form => hash.update(text),
        _ => hash.update(body),
    }
    let request_hash: [u8; 32] = hash.finalize().into();
    if let Some(key) = key(request.headers())? {
        return Ok(Some(Asked { key: format!("header\0{key}"), request: request_hash }));
    }
    let own = fields.iter().find(|(name, key)| name == "idempotency_key" && !key.is_empty());
    Ok(own.map(|_| Asked { key: format!("form\0{}", STANDARD.encode(request_hash)), request: request_hash }))
}

async fn holder(app: &App, request: &HttpRequest) -> Result<Option<Holder>, Fault> {
    let call = Call::extract(request).await?;
    if request.path() != "/oauth2/register" {
        return once::holder(app, &call, request).await;
    }
    let Some(token) = bearer(request.headers()) else { return Ok(None) };
    let hash = token_hash(&app.keys, token);
    // Strangers must not make the server write.
    let known = move |conn: &mut mudeung_store::Conn| knows_registration_token(conn, &hash);
    if !app.db.read("find registration token", known).await? {
        return Ok(None);
    }
    Ok(Some(Holder {
        name: format!("registration {}", STANDARD.encode(hash)),
        entry: record::blank(app, &call, "request.repeat"),
        step_up: None,
    }))
}

fn sealed(app: &App, bound_to: &[u8; 32], status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = value.to_str().ok().filter(|_| *name != SET_COOKIE)?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let kept = Kept {
        status: status.as_u16(),
        headers: headers.iter().filter_map(text).collect(),
        body: STANDARD.encode(body),
    };
    sealing::seal(app.keys.answers().expose(), bound_to, &serde_json::to_vec(&kept).ok()?, &*app.entropy)
}

fn opened(app: &App, bound_to: &[u8; 32], sealed: &[u8]) -> Result<HttpResponse, Fault> {
    let read = || {
        let plain = sealing::open(app.keys.answers().expose(), bound_to, sealed)?;
        let kept: Kept = serde_json::from_slice(plain.expose()).ok()?;
        let mut answer = HttpResponse::build(StatusCode::from_u16(kept.status).ok()?);
        for (name, value) in &kept.headers {
            answer.append_header((name.as_str(), value.as_str()));
        }
        answer.insert_header((REPLAYED, "true"));
        Some(answer.body(STANDARD.decode(kept.body).ok()?))
    };
    // After the keys of the server were changed, for instance: what was done stands, only its answer is gone.
    read().ok_or_else(|| under_way(true))
}

fn key_taken() -> Fault {
    Fault::new(
        Code::Unprocessable,
        "The Idempotency-Key was used for another request. Take a new key for each.",
        "이 Idempotency-Key는 다른 요청에 이미 사용되었습니다. 요청마다 새 키를 쓰세요.",
    )
}

fn under_way(cut_off: bool) -> Fault {
    if cut_off {
        return Fault::new(
            Code::Conflict,
            "A request with this Idempotency-Key came before, and its answer is not known. See whether what it asked for \
             is there; if not, send it with a new key.",
            "같은 Idempotency-Key의 요청이 이미 있었으나 그 결과를 알 수 없습니다. 요청한 것이 만들어졌는지 확인하고, 없으면 새 키로 다시 \
             보내세요.",
        );
    }
    Fault::new(
        Code::Conflict,
        "The request with this Idempotency-Key is being done. Ask again in a moment.",
        "같은 Idempotency-Key의 요청을 처리하고 있습니다. 잠시 후 다시 시도하세요.",
    )
    .retry_after(1)
}
