//! The device flow (RFC 8628): a command line shows a code, a member confirms it in the portal, and the command line
//! gets tokens of the app that the member chose.

pub(crate) mod brake;
pub(crate) mod codes;

use super::client::brake;
use super::documented::OAuthProblems;
use super::form::Form;
use super::issue_token::{Given, admit, entry_about, grant};
use super::refresh;
use super::refusal::Refusal;
use crate::call::Call;
use crate::fault::Fault;
use crate::peer::address_of;
use crate::record;
use crate::state::App;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, PRAGMA};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::credential::Proof;
use mudeung_core::id::CredentialId;
use mudeung_core::scope::ScopeSet;
use mudeung_store::device_codes::{self, DeviceCode, DeviceCodeState};
use mudeung_wire::api::{DeviceAnswer, OAuthError, TokenAnswer};
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;

/// The client that every copy of the command line is. It keeps no secret, because whoever has a copy has it too.
pub const CLIENT_ID: &str = "mudeung-cli";
/// The grant type by which a device asks for its token.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const LIFETIME_SECONDS: u64 = 15 * 60;
const INTERVAL_SECONDS: u32 = 5;
/// What `slow_down` adds to the interval (RFC 8628 section 3.5), and where it ends.
const SLOWER_SECONDS: u32 = 5;
const INTERVAL_SECONDS_MAX: u32 = 300;

/// Parameters of a device authorization request.
#[derive(utoipa::ToSchema)]
pub struct DeviceForm {
    /// Always `mudeung-cli`.
    pub client_id: String,
    /// Scopes separated by spaces; all of the app's when absent.
    pub scope: Option<String>,
}

/// Begin to sign a device in (RFC 8628).
///
/// Show `user_code` and `verification_uri`, then ask `POST /oauth2/token` with `device_code` every `interval` seconds
/// until a member has confirmed or refused.
#[utoipa::path(
    post,
    path = "/oauth2/device_authorization",
    operation_id = "authorize_device",
    tag = "oauth",
    request_body(content = DeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The two codes", body = DeviceAnswer),
        (status = 400, description = "The request is wrong", body = OAuthError),
        (status = 401, description = "There is no such public client", body = OAuthError),
        OAuthProblems,
    ),
)]
pub async fn authorize_device(request: HttpRequest, call: Call, app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    match begin(&app, &call, &request, &body).await {
        Ok(answer) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"))
            .json(answer),
        Err(refusal) => refusal.answer(),
    }
}

async fn begin(app: &App, call: &Call, request: &HttpRequest, body: &[u8]) -> Result<DeviceAnswer, Refusal> {
    let form = Form::read(request.headers(), body)?;
    check_client(app, request.headers(), &form)?;
    let scopes = match &form.scope {
        Some(text) => ScopeSet::parse(text).intersection(&ScopeSet::company()),
        None => ScopeSet::company(),
    };
    if scopes.is_empty() {
        return Err(Refusal::invalid_scope());
    }
    let now = app.clock.now();
    if let Err(early) = app.oauth.devices.begins(address_of(app, request), now) {
        app.oauth.count_refusal("rate_limited");
        return Err(Refusal::too_often(early.retry_in));
    }
    let device_code = codes::mint_device_code(&*app.entropy);
    let user_code = codes::mint_user_code(&*app.entropy);
    let waiting = DeviceCode {
        device_hash: codes::device_hash(&app.keys, device_code.expose()),
        user_hash: codes::user_hash(&app.keys, &user_code),
        scopes: scopes.to_string(),
        state: DeviceCodeState::Pending,
        interval_seconds: INTERVAL_SECONDS,
        polled_at: None,
        created_at: now,
        expires_at: now.plus(Duration::from_secs(LIFETIME_SECONDS)),
    };
    let waiting_max = app.config.limits.device_codes_waiting;
    let insert = move |conn: &mut mudeung_store::Conn| device_codes::insert_device_code(conn, &waiting, waiting_max);
    if !app.db.tx("begin device", insert).await.map_err(unavailable)? {
        app.oauth.count_refusal("too_many_devices");
        return Err(Refusal::unavailable());
    }
    let verification_uri = format!("{}/{}/device", app.config.http.public_url, call.language.as_str());
    Ok(DeviceAnswer {
        device_code: device_code.expose().clone(),
        verification_uri_complete: format!("{verification_uri}/{user_code}"),
        user_code,
        verification_uri,
        expires_in: LIFETIME_SECONDS,
        interval: u64::from(INTERVAL_SECONDS),
    })
}

/// Answers a device that asks for its token.
pub(super) async fn redeem(
    app: &web::Data<App>,
    call: &Call,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Given, Refusal> {
    check_client(app, headers, form)?;
    let Some(code) = &form.device_code else {
        return Err(Refusal::invalid_request("device_code is missing from the body."));
    };
    let (hash, now) = (codes::device_hash(&app.keys, code.expose()), app.clock.now());
    let find = move |conn: &mut mudeung_store::Conn| device_codes::find_by_device_hash(conn, &hash);
    let Some(found) = app.db.read("find device code", find).await.map_err(unavailable)? else {
        return Err(unknown(app, "unknown_device_code", now));
    };
    match found.state {
        _ if now >= found.expires_at => Err(Refusal::expired_token()),
        DeviceCodeState::Denied => Err(Refusal::access_denied()),
        DeviceCodeState::Pending => Err(wait(app, &found, now).await),
        DeviceCodeState::Approved { credential } => first_token(app, call, form, hash, credential, now).await,
    }
}

/// Nobody has said anything yet. Who asks too early waits longer from now on.
async fn wait(app: &App, found: &DeviceCode, now: Timestamp) -> Refusal {
    let interval = Duration::from_secs(u64::from(found.interval_seconds));
    let early = found.polled_at.is_some_and(|polled_at| now.since(polled_at) < interval);
    if early && found.interval_seconds >= INTERVAL_SECONDS_MAX {
        // Nothing is left to note, so that who hammers does not write.
        return Refusal::slow_down();
    }
    let (hash, seconds) = (found.device_hash, found.interval_seconds);
    let seconds = if early { seconds.saturating_add(SLOWER_SECONDS) } else { seconds };
    let note = move |conn: &mut mudeung_store::Conn| device_codes::update_polled(conn, &hash, now, seconds);
    match app.db.tx("note poll of device", note).await {
        Ok(()) if early => Refusal::slow_down(),
        Ok(()) => Refusal::authorization_pending(),
        Err(error) => unavailable(error),
    }
}

/// The first token and the first refresh token of a device that was confirmed. The code is good for this once.
async fn first_token(
    app: &web::Data<App>,
    call: &Call,
    form: &Form,
    hash: [u8; 32],
    id: CredentialId,
    now: Timestamp,
) -> Result<Given, Refusal> {
    const OVER: Refusal =
        Refusal::invalid_grant("The device was signed out before it got a token, or has one already.");
    // It may have been confirmed on another node a moment ago.
    app.snapshots.refresh().await.map_err(unavailable)?;
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::credentials::find_credential(conn, id);
    let credential = app.db.read("find device", find).await.map_err(unavailable)?.ok_or(OVER)?;
    let Proof::Device { refresh_hash: present, .. } = credential.proof else { return Err(OVER) };
    let subject = refresh::subject(app, &credential, now).ok_or(OVER)?;
    brake(app, subject.app, now)?;
    let subject = admit(app, call, form, subject).await?;
    let (token, next) = refresh::mint(&app.keys, &*app.entropy, id);
    let intent = Entry { operation: "oauth.redeem_device".to_owned(), ..entry_about(app, call, &subject) };
    let opened = record::open(app, intent).await.map_err(unrecorded)?;
    let taken = app.db.tx("redeem device code", move |conn| {
        let there = device_codes::take_device_code(conn, &hash)?;
        Ok(there && mudeung_store::credentials::replace_refresh_hash(conn, id, &present, &next)?)
    });
    if !taken.await.map_err(unavailable)? {
        opened.close(Status::Denied, None);
        return Err(OVER);
    }
    opened.close(Status::Completed, None);
    let (answer, ends) = grant(app, call, &subject, now).await?;
    Ok((TokenAnswer { refresh_token: Some(token.expose().clone()), ..answer }, ends))
}

/// A refresh hash of no token: of a device that has not fetched its first one.
pub(crate) fn hash_of_none(entropy: &dyn Entropy) -> [u8; 32] {
    let mut random = [0_u8; 32];
    entropy.fill(&mut random);
    random
}

/// Whether the request is of the one public client, which proves nothing and must not seem to.
pub(super) fn check_client(app: &App, headers: &HeaderMap, form: &Form) -> Result<(), Refusal> {
    let by_header = headers.contains_key(AUTHORIZATION);
    let bare = !by_header && form.client_secret.is_none() && !form.has_assertion();
    if bare && form.client_id.as_deref() == Some(CLIENT_ID) {
        return Ok(());
    }
    app.oauth.count_refusal("invalid_client");
    Err(Refusal::invalid_client(by_header))
}

/// Refuses a code or token that there is none of, up to the brake.
pub(super) fn unknown(app: &App, reason: &'static str, now: Timestamp) -> Refusal {
    if let Err(early) = count_unknown(app, reason, now) {
        return early;
    }
    Refusal::invalid_grant("There is no such device code or refresh token, or it is over. Sign in anew.")
}

/// Counts a code or token that there is none of, up to the brake.
pub(super) fn count_unknown(app: &App, reason: &'static str, now: Timestamp) -> Result<(), Refusal> {
    if let Err(early) = app.oauth.brakes.failed(CLIENT_ID, now) {
        app.oauth.count_refusal("rate_limited");
        return Err(Refusal::too_often(early.retry_in));
    }
    app.oauth.count_refusal(reason);
    Ok(())
}

/// Nothing happens that the ledger cannot record.
pub(super) fn unrecorded(fault: Fault) -> Refusal {
    tracing::error!("{fault}");
    Refusal::unavailable()
}

pub(super) fn unavailable(error: mudeung_store::StoreError) -> Refusal {
    tracing::error!("{error}");
    Refusal::unavailable()
}
