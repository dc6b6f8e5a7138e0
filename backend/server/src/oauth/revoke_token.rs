//! `POST /oauth2/revoke` (RFC 7009): an app takes back an access token before its end.

use super::client;
use super::documented::OAuthProblems;
use super::form::Form;
use super::issue_token;
use super::refusal::Refusal;
use super::tokens::{Inspected, Subject};
use crate::call::Call;
use crate::record;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_store::revoked_tokens;
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
    /// `access_token`; a wrong hint does no harm.
    pub token_type_hint: Option<String>,
    /// The `client_id`, unless it is in the `Authorization` header.
    pub client_id: Option<String>,
    /// The secret, unless it is in the `Authorization` header.
    pub client_secret: Option<String>,
}

/// Revoke an access token.
///
/// The app proves who it is as at the token endpoint. Afterwards the token opens nothing on any node within one second,
/// and neither do file addresses that were made with it; answers under way are cut. Tokens that are not the app's own,
/// or not known at all, are answered the same way and stay as they are (RFC 7009).
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
    let subject = client::authenticate(app, call, OPERATION, headers, &form, app.clock.now()).await?;
    let token = form.token.as_deref().ok_or(Refusal::invalid_request("token is missing from the body."))?;
    let entry = Entry { operation: OPERATION.to_owned(), ..issue_token::entry_about(app, call, &subject) };
    let Ok(inspected) = app.tokens.inspect(token) else {
        let known = |hint: &str| matches!(hint, "access_token" | "refresh_token");
        if form.token_type_hint.as_deref().is_some_and(|hint| !known(hint)) {
            return Err(Refusal::unsupported_token_type());
        }
        return note(app, Entry { detail: Some("unknown_token".to_owned()), ..entry }, Status::Completed).await;
    };
    let entry = Entry { token: Some(inspected.principal.token.to_string()), ..entry };
    if inspected.principal.app != subject.app {
        return note(app, Entry { detail: Some("other_client".to_owned()), ..entry }, Status::Denied).await;
    }
    let until = useless_from(app, &inspected);
    if until <= app.clock.now() {
        return note(app, Entry { detail: Some("expired".to_owned()), ..entry }, Status::Completed).await;
    }
    effect(app, &subject, &inspected, until, entry).await
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
