//! `POST /oauth2/introspect` (RFC 7662): whether an access token is good, and for what.

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
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::organization::OrganizationKind;
use mudeung_core::scope::Side;
use mudeung_wire::api::OAuthError;
use mudeung_wire::ledger::entry::{Entry, Status};
use serde_json::{Value, json};

const OPERATION: &str = "oauth.introspect_token";

/// Parameters of an introspection.
#[derive(utoipa::ToSchema)]
pub struct IntrospectionForm {
    /// The token to look at.
    pub token: String,
    /// `access_token`; a wrong hint does no harm.
    pub token_type_hint: Option<String>,
    /// The `client_id`, unless it is in the `Authorization` header.
    pub client_id: Option<String>,
    /// The secret, unless it is in the `Authorization` header.
    pub client_secret: Option<String>,
}

/// Look at an access token.
///
/// The app proves who it is as at the token endpoint. It sees its own tokens; a service account of the hospital sees
/// those of every app. A token that is over, revoked, unknown or not the caller's to see is `{"active":false}`.
#[utoipa::path(
    post,
    path = "/oauth2/introspect",
    operation_id = "introspect_token",
    tag = "oauth",
    request_body(content = IntrospectionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What the token is worth", body = Value),
        (status = 400, description = "The request is wrong", body = OAuthError),
        (status = 401, description = "The client did not prove who it is", body = OAuthError),
        OAuthProblems,
    ),
    security(("basic" = []), ()),
)]
pub async fn introspect_token(request: HttpRequest, call: Call, app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    match introspect(&app, &call, request.headers(), &body).await {
        Ok(answer) => HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer),
        Err(refusal) => refusal.answer(),
    }
}

async fn introspect(app: &App, call: &Call, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let form = Form::read(headers, body)?;
    let subject = client::authenticate(app, call, OPERATION, headers, &form, app.clock.now()).await?;
    let token = form.token.as_deref().ok_or(Refusal::invalid_request("token is missing from the body."))?;
    let inspected = app.tokens.inspect(token, app.clock.now()).ok();
    let token = inspected.as_ref().map(|inspected| inspected.principal.token.to_string());
    let hidden = inspected.as_ref().is_some_and(|inspected| !may_see(app, &subject, inspected));
    let answer = match inspected {
        Some(inspected) if !hidden && is_active(app, &inspected) => view(app, &inspected),
        _ => json!({ "active": false }),
    };
    let detail = if hidden {
        "other_client"
    } else if answer.get("sub").is_some() {
        "active"
    } else {
        "inactive"
    };
    let status = if hidden { Status::Denied } else { Status::Completed };
    let operation = OPERATION.to_owned();
    let entry =
        Entry { operation, token, detail: Some(detail.to_owned()), ..issue_token::entry_about(app, call, &subject) };
    match record::note(app, entry, status).await {
        Ok(_) => Ok(answer),
        Err(fault) => {
            tracing::error!("{fault}");
            Err(Refusal::unavailable())
        }
    }
}

/// An app sees its own tokens; the hospital's service accounts, when they have a scope of the hospital, see all.
fn may_see(app: &App, subject: &Subject, inspected: &Inspected) -> bool {
    if inspected.principal.app == subject.app {
        return true;
    }
    let snapshot = app.snapshots.present();
    let organization =
        snapshot.apps.get(&subject.app).and_then(|known| snapshot.organizations.get(&known.organization));
    organization.is_some_and(|organization| organization.kind == OrganizationKind::Hospital)
        && subject.scopes.iter().any(|scope| scope.side() == Side::Hospital)
}

/// Whether the token would open something now: asked of the snapshot, as for every request.
fn is_active(app: &App, inspected: &Inspected) -> bool {
    let now = app.clock.now();
    now < inspected.expires_at && app.snapshots.present().active_app(&inspected.principal, now).is_ok()
}

fn view(app: &App, inspected: &Inspected) -> Value {
    let principal = &inspected.principal;
    let issuer = &app.config.http.public_url;
    let mut view = json!({
        "active": true,
        "scope": principal.scopes.to_string(),
        "client_id": principal.app.to_string(),
        "sub": principal.app.to_string(),
        "token_type": if inspected.confirmation.is_some() { "DPoP" } else { "Bearer" },
        "iss": issuer,
        "aud": inspected.audience.text(issuer),
        "jti": principal.token.to_string(),
        "iat": inspected.issued_at.seconds(),
        "exp": inspected.expires_at.seconds(),
    });
    if let (Some(jkt), Some(members)) = (inspected.confirmation, view.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({ "jkt": URL_SAFE_NO_PAD.encode(jkt) }));
    }
    view
}
