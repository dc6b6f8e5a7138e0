//! `POST /oauth2/token`: an app proves who it is and gets an access token.

use super::client;
use super::documented::OAuthProblems;
use super::form::Form;
use super::refusal::Refusal;
use super::terms::{self, Terms};
use super::tokens::Subject;
use super::{device, refresh};
use crate::call::Call;
use crate::expiry::CredentialEnds;
use crate::record;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, PRAGMA};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::TokenId;
use mudeung_core::scope::ScopeSet;
use mudeung_wire::api::{OAuthError, TokenAnswer};
use mudeung_wire::ledger::entry::{Entry, Status};

const OPERATION: &str = "oauth.issue_token";
/// The grant of delta-sharing 1.4 and later (RFC 7523 section 2.1).
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The type of tokens that are bound to a key (RFC 9449 section 5).
const BOUND: &str = "DPoP";

/// What a client is given, and when the credential ends that it proved itself with.
pub(super) type Given = (TokenAnswer, CredentialEnds);

/// Parameters of a token request.
#[derive(utoipa::ToSchema)]
pub struct TokenForm {
    /// `client_credentials`, or `urn:ietf:params:oauth:grant-type:jwt-bearer` as delta-sharing sends it; for devices
    /// `urn:ietf:params:oauth:grant-type:device_code` and `refresh_token`.
    pub grant_type: String,
    /// Scopes separated by spaces; all of the app's when absent.
    pub scope: Option<String>,
    /// The `client_id`, unless it is in the `Authorization` header.
    pub client_id: Option<String>,
    /// The secret, unless it is in the `Authorization` header.
    pub client_secret: Option<String>,
    /// The code of a device that a member confirmed.
    pub device_code: Option<String>,
    /// The device's present refresh token.
    pub refresh_token: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    pub client_assertion_type: Option<String>,
    /// A JWT signed with the app's key (`private_key_jwt`).
    pub client_assertion: Option<String>,
    /// The JWT of the `jwt-bearer` grant.
    pub assertion: Option<String>,
    /// What the token is for (RFC 8707): the address of this server or of one of its datasets; the whole server when
    /// absent.
    pub resource: Option<String>,
}

/// Issue an access token.
///
/// With the secret in the `Authorization` header (`client_secret_basic`) or in the body (`client_secret_post`), or with an
/// assertion signed with a registered key (`private_key_jwt`, or the `jwt-bearer` grant). Scopes that the app does not
/// have are dropped; `scope` in the answer says what is left. Command lines that a member signed in from a browser
/// (RFC 8628) send `client_id=mudeung-cli` and no secret: first the device code, then refresh tokens, of which each is
/// good once. With a proof in the `DPoP` header
/// (RFC 9449) a token for `client_credentials` is bound to its key.
#[utoipa::path(
    post,
    path = "/oauth2/token",
    operation_id = "issue_token",
    tag = "oauth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "The request is wrong", body = OAuthError),
        (status = 401, description = "The client did not prove who it is", body = OAuthError),
        OAuthProblems,
    ),
    security(("basic" = []), ()),
)]
pub async fn issue_token(request: HttpRequest, call: Call, app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    match issue(&app, &call, request.headers(), &body).await {
        Ok((answer, ends)) => {
            request.extensions_mut().insert(ends);
            if answer.token_type == BOUND {
                request.extensions_mut().insert(app.dpop.nonce(app.clock.now()));
            }
            HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((PRAGMA, "no-cache"))
                .json(answer)
        }
        Err(refusal) => refusal.answer(),
    }
}

async fn issue(app: &web::Data<App>, call: &Call, headers: &HeaderMap, body: &[u8]) -> Result<Given, Refusal> {
    let mut form = Form::read(headers, body)?;
    let now = app.clock.now();
    let subject = match form.grant_type.as_deref() {
        Some("client_credentials") => client::authenticate(app, call, OPERATION, headers, &form, now).await?,
        Some(JWT_BEARER) => client::authenticate_by_grant(app, call, OPERATION, headers, &mut form, now).await?,
        Some(device::GRANT_TYPE) => return device::redeem(app, call, headers, &form).await,
        Some(refresh::GRANT_TYPE) => return refresh::refresh(app, call, headers, &form).await,
        Some(_) => return Err(Refusal::unsupported_grant_type()),
        None => return Err(Refusal::invalid_request("grant_type is missing from the body.")),
    };
    let subject = admit(app, call, &form, subject).await?;
    match terms::of_request(app, headers, &form, &subject, now) {
        Ok(terms) => grant_on(app, call, &subject, &terms, now).await,
        Err(refusal) if refusal.is_part_of_the_protocol() => {
            app.oauth.count_refusal(refusal.error());
            Err(refusal)
        }
        Err(refusal) => Err(deny(app, call, &subject, refusal).await),
    }
}

/// Looks at what is asked by someone who proved who it is: under which agreement, and for which scopes.
pub(super) async fn admit(app: &App, call: &Call, form: &Form, subject: Subject) -> Result<Subject, Refusal> {
    let snapshot = app.snapshots.present();
    let organization = snapshot.apps.get(&subject.app).map(|known| known.organization);
    if organization
        .and_then(|organization| snapshot.must_sign.get(&organization))
        .is_some_and(|by| *by <= app.clock.now())
    {
        let refusal = Refusal::agreement_superseded(&app.config.http.public_url);
        return Err(deny(app, call, &subject, refusal).await);
    }
    let asked = terms::audience(app, form).and_then(|_| wanted(form, subject.scopes.clone()));
    match asked {
        Ok(scopes) => Ok(Subject { scopes, ..subject }),
        Err(refusal) => Err(deny(app, call, &subject, refusal).await),
    }
}

/// What is left of the scopes asked for; all of the app's when none are.
fn wanted(form: &Form, granted: ScopeSet) -> Result<ScopeSet, Refusal> {
    let left = match &form.scope {
        Some(text) => ScopeSet::parse(text).intersection(&granted),
        None => granted,
    };
    if left.is_empty() { Err(Refusal::invalid_scope()) } else { Ok(left) }
}

/// The token leaves only after its entry is durable.
pub(super) async fn grant(app: &App, call: &Call, subject: &Subject, now: Timestamp) -> Result<Given, Refusal> {
    let terms = Terms { ends: terms::first_end(app, subject, now), ..Terms::default() };
    grant_on(app, call, subject, &terms, now).await
}

async fn grant_on(app: &App, call: &Call, subject: &Subject, terms: &Terms, now: Timestamp) -> Result<Given, Refusal> {
    let id = TokenId::generate(&*app.clock, &*app.entropy);
    let issued = app.tokens.issue_on(terms, subject, id, now).map_err(|error| {
        tracing::error!("{error}");
        Refusal::unavailable()
    })?;
    let entry = Entry {
        detail: Some(subject.scopes.to_string()),
        token: Some(id.to_string()),
        ..entry_about(app, call, subject)
    };
    record::note(app, entry, Status::Completed).await.map_err(|fault| {
        tracing::error!("{fault}");
        Refusal::unavailable()
    })?;
    app.oauth.credential_used(subject.credential, now);
    let answer = TokenAnswer {
        access_token: issued.text,
        token_type: if terms.confirmation.is_some() { BOUND } else { "Bearer" }.to_owned(),
        expires_in: issued.expires_in,
        scope: subject.scopes.to_string(),
        refresh_token: None,
    };
    Ok((answer, CredentialEnds(subject.ends)))
}

/// Refuses a client that proved who it is; such refusals are recorded one by one.
pub(super) async fn deny(app: &App, call: &Call, subject: &Subject, refusal: Refusal) -> Refusal {
    let entry = Entry { detail: Some(refusal.error().to_owned()), ..entry_about(app, call, subject) };
    match record::note(app, entry, Status::Denied).await {
        Ok(_) => refusal,
        Err(_) => Refusal::unavailable(),
    }
}

/// The start of an entry about someone who proved who it is.
pub(super) fn entry_about(app: &App, call: &Call, subject: &Subject) -> Entry {
    let snapshot = app.snapshots.present();
    let organization = snapshot.apps.get(&subject.app).map(|known| known.organization.to_string());
    Entry {
        app: Some(subject.app.to_string()),
        credential: Some(subject.credential.to_string()),
        organization,
        ..record::blank(app, call, OPERATION)
    }
}
