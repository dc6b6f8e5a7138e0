//! `POST /oauth2/revoke` (RFC 7009): an app takes back an access token before its end, a device signs itself out.

use super::client;
use super::device;
use super::documented::OAuthProblems;
use super::form::Form;
use super::issue_token;
use super::refresh;
use super::refusal::Refusal;
use super::tokens::{Inspected, Subject};
use crate::call::Call;
use crate::record;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState};
use mudeung_core::id::{AppId, CredentialId};
use mudeung_core::scope::ScopeSet;
use mudeung_store::{credentials, revoked_tokens};
use mudeung_wire::api::OAuthError;
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;

const OPERATION: &str = "oauth.revoke_token";
/// How many tokens of one app are remembered as revoked. Who has more to take back revokes the credential.
const REVOKED_MAX: u64 = 10_000;

/// Parameters of a revocation.
#[derive(utoipa::ToSchema)]
pub struct RevocationForm {
    /// The token to revoke.
    pub token: String,
    /// `access_token` or `refresh_token`; a wrong hint does no harm.
    pub token_type_hint: Option<String>,
    /// The `client_id`, unless it is in the `Authorization` header; `mudeung-cli` for a device.
    pub client_id: Option<String>,
    /// The secret, unless it is in the `Authorization` header.
    pub client_secret: Option<String>,
}

/// Revoke an access token, or sign a device out.
///
/// The app proves who it is as at the token endpoint; `mudeung-cli` proves nothing, and takes back tokens of devices
/// alone. Afterwards the token opens nothing on any node within one second, and neither do file addresses that were made
/// with it; answers under way are cut. With its refresh token, also one that was used already, a device loses all of its
/// tokens. Tokens that are not the client's own, or not known at all, are answered the same way and stay as they are
/// (RFC 7009).
#[utoipa::path(
    post,
    path = "/oauth2/revoke",
    operation_id = "revoke_token",
    tag = "oauth",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is of no use now; the body is empty"),
        (status = 400, description = "The request is wrong", body = OAuthError),
        (status = 401, description = "The client did not prove who it is", body = OAuthError),
        OAuthProblems,
    ),
    security(("basic" = []), ()),
)]
pub async fn revoke_token(request: HttpRequest, call: Call, app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    match revoke(&app, &call, request.headers(), &body).await {
        Ok(()) => HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish(),
        Err(refusal) => refusal.answer(),
    }
}

async fn revoke(app: &web::Data<App>, call: &Call, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let form = Form::read(headers, body)?;
    let now = app.clock.now();
    let by = match form.client_id.as_deref() {
        Some(device::CLIENT_ID) => device::check_client(app, headers, &form).map(|()| Revoker::Device)?,
        _ => Revoker::App(client::authenticate(app, call, OPERATION, headers, &form, now).await?),
    };
    let token = form.token.as_deref().ok_or(Refusal::invalid_request("token is missing from the body."))?;
    if let Some(device) = refresh::device_of(app, token).await? {
        return sign_out(app, call, &by, &device, now).await;
    }
    let Ok(inspected) = app.tokens.inspect(token, now) else {
        let known = |hint: &str| matches!(hint, "access_token" | "refresh_token");
        if form.token_type_hint.as_deref().is_some_and(|hint| !known(hint)) {
            return Err(Refusal::unsupported_token_type());
        }
        return by.unknown(app, call, now).await;
    };
    let subject = by.owner_of(app, &inspected).await?;
    let entry = issue_token::entry_about(app, call, subject.as_ref().unwrap_or(&by.subject_for(&inspected)));
    let token = Some(inspected.principal.token.to_string());
    let entry = Entry { operation: OPERATION.to_owned(), token, ..entry };
    let Some(subject) = subject else {
        return note(app, Entry { detail: Some("other_client".to_owned()), ..entry }, Status::Denied).await;
    };
    let until = useless_from(app, &inspected);
    if until <= now {
        return note(app, Entry { detail: Some("expired".to_owned()), ..entry }, Status::Completed).await;
    }
    effect(app, &subject, &inspected, until, entry).await
}

/// Who wants a token to be of no use any more.
enum Revoker {
    /// An app that proved who it is.
    App(Subject),
    /// A copy of the command line: whatever token of a device it brings is the proof.
    Device,
}

impl Revoker {
    /// Whom the token is taken back for, if it is theirs to take back.
    async fn owner_of(&self, app: &App, inspected: &Inspected) -> Result<Option<Subject>, Refusal> {
        match self {
            Self::App(subject) => Ok(Some(subject.clone()).filter(|subject| subject.app == inspected.principal.app)),
            Self::Device => {
                let id = inspected.principal.credential;
                let find = move |conn: &mut mudeung_store::Conn| credentials::find_credential(conn, id);
                let found = app.db.read("find device", find).await.map_err(device::unavailable)?;
                let is_device = found.is_some_and(|credential| credential.proof.is_device());
                Ok(is_device.then(|| self.subject_for(inspected)))
            }
        }
    }

    /// Whom entries about a token are about.
    fn subject_for(&self, inspected: &Inspected) -> Subject {
        match self {
            Self::App(subject) => subject.clone(),
            Self::Device => subject_of(inspected.principal.app, inspected.principal.credential),
        }
    }

    /// There is no such token. Who proved nothing is braked and counted, not recorded one by one.
    async fn unknown(&self, app: &App, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        let Self::App(subject) = self else { return device::count_unknown(app, "unknown_token", now) };
        let entry = issue_token::entry_about(app, call, subject);
        let entry = Entry { operation: OPERATION.to_owned(), detail: Some("unknown_token".to_owned()), ..entry };
        note(app, entry, Status::Completed).await
    }
}

fn subject_of(app: AppId, credential: CredentialId) -> Subject {
    Subject { app, credential, scopes: ScopeSet::default(), ends: None }
}

/// A device ends with its refresh token, and so do its access tokens.
async fn sign_out(
    app: &web::Data<App>,
    call: &Call,
    by: &Revoker,
    device: &Credential,
    now: Timestamp,
) -> Result<(), Refusal> {
    match by {
        Revoker::App(subject) if subject.app != device.app => {
            let entry = issue_token::entry_about(app, call, subject);
            let entry = Entry { operation: OPERATION.to_owned(), detail: Some("other_client".to_owned()), ..entry };
            note(app, entry, Status::Denied).await
        }
        // Again is as good as once, and changes nothing.
        _ if matches!(device.state, CredentialState::Revoked { .. }) => {
            let entry = issue_token::entry_about(app, call, &subject_of(device.app, device.id));
            let entry = Entry { operation: OPERATION.to_owned(), detail: Some("already_revoked".to_owned()), ..entry };
            note(app, entry, Status::Completed).await
        }
        _ => refresh::sign_out(app, call, &subject_of(device.app, device.id), "signed out", now).await,
    }
}

/// When neither the token nor a file address made with it in its last moment works any more.
fn useless_from(app: &App, inspected: &Inspected) -> Timestamp {
    inspected.expires_at.plus(Duration::from_secs(app.config.tokens.url_lifetime_seconds))
}

/// The INTENT is durable before the token dies.
async fn effect(
    app: &web::Data<App>,
    subject: &Subject,
    inspected: &Inspected,
    until: Timestamp,
    entry: Entry,
) -> Result<(), Refusal> {
    let opened = record::open(app, entry).await.map_err(|fault| {
        tracing::error!("{fault}");
        Refusal::unavailable()
    })?;
    let (owner, token) = (subject.app, inspected.principal.token);
    let changed = app.db.tx("revoke token", move |connection| {
        if revoked_tokens::count_of_app(connection, owner)? >= REVOKED_MAX {
            return Ok(None);
        }
        revoked_tokens::insert_revoked_token(connection, token, owner, until).map(Some)
    });
    let refused = match changed.await {
        Ok(Some(new)) => {
            let detail = (!new).then(|| "already_revoked".to_owned());
            opened.close(Status::Completed, detail);
            return see(app).await;
        }
        Ok(None) => Refusal::too_many_revoked(),
        Err(error) => {
            tracing::error!("a token could not be revoked: {error}");
            Refusal::unavailable()
        }
    };
    opened.close(Status::Aborted, Some(refused.error().to_owned()));
    Err(refused)
}

/// This node sees the revocation before it is answered; the others within a second.
async fn see(app: &App) -> Result<(), Refusal> {
    app.snapshots.refresh().await.map_err(|error| {
        tracing::error!("a revocation is not seen yet: {error}");
        Refusal::unavailable()
    })
}

async fn note(app: &App, entry: Entry, status: Status) -> Result<(), Refusal> {
    match record::note(app, entry, status).await {
        Ok(_) => Ok(()),
        Err(fault) => {
            tracing::error!("{fault}");
            Err(Refusal::unavailable())
        }
    }
}
