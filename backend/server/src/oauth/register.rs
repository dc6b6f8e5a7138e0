//! Registration of apps by programs (RFC 7591). A developer of the company makes the token that allows it in the portal.

pub mod manage;
mod proposal;

use super::device::{unavailable, unrecorded};
use super::documented::OAuthProblems;
use super::refusal::Refusal;
use super::secrets;
use crate::call::Call;
use crate::keys::Keys;
use crate::record;
use crate::state::App;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, PRAGMA};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::app::{App as Client, AppRules, AppState, ClientAuthentication};
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::id::{AppId, CredentialId};
use mudeung_core::member::{MemberState, Role};
use mudeung_core::organization::OrganizationState;
use mudeung_core::secret::Secret;
use mudeung_store::registrations::{self, RegistrationToken};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::api::{ClientInformation, OAuthError};
use mudeung_wire::ledger::entry::{Entry, Status};
use proposal::Proposal;
use std::time::Duration;

/// As long as the portal's usual secret.
const SECRET_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Whose failures the brake counts: there is no client yet whose name could be taken.
const NOBODY: &str = "registration";

/// Metadata of a client (RFC 7591 section 2). Other members are passed over.
#[derive(utoipa::ToSchema)]
pub struct ClientMetadata {
    /// The `client_id`; only when a registration is changed.
    pub client_id: Option<String>,
    /// The name of the app, up to 60 visible characters.
    pub client_name: String,
    /// Scopes separated by spaces; all that an app of a company may have when absent.
    pub scope: Option<String>,
    /// `client_secret_basic` or `client_secret_post`.
    pub token_endpoint_auth_method: Option<String>,
    /// Always `client_credentials`.
    pub grant_types: Option<Vec<String>>,
}

/// Register a client (RFC 7591).
///
/// Needs a registration token from the portal as bearer token. The secret in the answer is shown this once.
#[utoipa::path(
    post,
    path = "/oauth2/register",
    operation_id = "register_client",
    tag = "oauth",
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        description = "The same key and metadata are answered the same for 24 hours, with one client",
    )),
    request_body = ClientMetadata,
    responses(
        (status = 201, description = "The client", body = ClientInformation),
        (status = 400, description = "The metadata is wrong", body = OAuthError),
        (status = 401, description = "The registration token allows nothing", body = OAuthError),
        (status = 409, description = "The same request is under way", body = OAuthError),
        (status = 422, description = "The Idempotency-Key was used for other metadata", body = OAuthError),
        OAuthProblems,
    ),
)]
pub async fn register_client(request: HttpRequest, call: Call, app: web::Data<App>, body: web::Bytes) -> HttpResponse {
    match register(&app, &call, request.headers(), &body).await {
        Ok(client) => uncached(HttpResponse::Created()).json(client),
        Err(refusal) => refusal.answer(),
    }
}

async fn register(
    app: &web::Data<App>,
    call: &Call,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<ClientInformation, Refusal> {
    let now = app.clock.now();
    let token = allowed(app, headers, now).await?;
    let proposal = Proposal::read(headers, body)?;
    let client = Client {
        id: AppId::generate(&*app.clock, &*app.entropy),
        organization: token.organization,
        name: proposal.name,
        scopes: proposal.scopes,
        authentication: ClientAuthentication::ClientSecret,
        rules: AppRules::default(),
        state: AppState::Active,
        created_at: now,
    };
    let secret = secrets::mint(&*app.entropy);
    let credential = first_credential(app, &client, &secret, now);
    let access = mint_token("mda_", &*app.entropy);
    let answer = ClientInformation {
        client_secret: Some(secret.expose().clone()),
        client_secret_expires_at: credential.expires_at.map(Timestamp::seconds),
        ..information(app, &client, &proposal.method, access.expose())
    };
    let intent = Entry {
        app: Some(client.id.to_string()),
        credential: Some(credential.id.to_string()),
        detail: Some(format!("{} with {}", client.name, token.id)),
        member: Some(token.member.to_string()),
        organization: Some(token.organization.to_string()),
        ..record::blank(app, call, "client.register")
    };
    let access_hash = token_hash(&app.keys, access.expose());
    change(app, intent, move |conn| {
        registrations::use_registration_token(conn, token.id)?;
        mudeung_store::apps::insert_app(conn, &client)?;
        mudeung_store::credentials::insert_credential(conn, &credential)?;
        registrations::insert_registration(conn, client.id, token.id, &access_hash)
    })
    .await?;
    Ok(answer)
}

/// The registration token of a request, when it allows something and who made it may still make one.
async fn allowed(app: &App, headers: &HeaderMap, now: Timestamp) -> Result<RegistrationToken, Refusal> {
    let Some(token) = bearer(headers) else { return Err(refuse(app, now)) };
    let hash = token_hash(&app.keys, token);
    let find = move |conn: &mut Conn| {
        let Some(token) = registrations::find_registration_token(conn, &hash, now)? else { return Ok(None) };
        let member = mudeung_store::members::find_member(conn, token.member)?;
        let may = member.is_some_and(|member| {
            matches!(member.state, MemberState::Active)
                && member.organization == token.organization
                && member.roles.contains(&Role::Developer)
        });
        Ok(Some(token).filter(|_| may))
    };
    let found = app.db.read("find registration token", find).await.map_err(unavailable)?;
    let snapshot = app.snapshots.present();
    let active = |token: &RegistrationToken| {
        let organization = snapshot.organizations.get(&token.organization);
        organization.is_some_and(|organization| matches!(organization.state, OrganizationState::Active))
    };
    found.filter(active).ok_or_else(|| refuse(app, now))
}

/// Refuses who may not, up to the brake.
fn refuse(app: &App, now: Timestamp) -> Refusal {
    if let Err(early) = app.oauth.brakes.failed(NOBODY, now) {
        app.oauth.count_refusal("rate_limited");
        return Refusal::too_often(early.retry_in);
    }
    app.oauth.count_refusal("invalid_registration_token");
    Refusal::invalid_token()
}

/// Makes a change: INTENT before, the change in one transaction, OUTCOME after, effective on this node at once.
async fn change(
    app: &web::Data<App>,
    intent: Entry,
    work: impl FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Refusal> {
    let detail = intent.detail.clone();
    let opened = record::open(app, intent).await.map_err(unrecorded)?;
    match app.db.tx("change registration", work).await {
        Ok(()) => opened.close(Status::Completed, detail),
        Err(error) => {
            opened.close(Status::Denied, Some(error.to_string()));
            // The last use of a token, or a registration, was taken by somebody else in the meantime.
            let gone = matches!(error, StoreError::NotFound { .. } | StoreError::InvalidTransition(_));
            return Err(if gone { Refusal::invalid_token() } else { unavailable(error) });
        }
    }
    app.snapshots.refresh().await.map_err(unavailable)
}

/// The one bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

/// A token of 256 unpredictable bits; only its hash is stored.
pub(crate) fn mint_token(prefix: &str, entropy: &dyn Entropy) -> Secret<String> {
    let mut random = [0_u8; 32];
    entropy.fill(&mut random);
    Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// What is stored of a registration token or a registration access token.
pub(crate) fn token_hash(keys: &Keys, token: &str) -> [u8; 32] {
    secrets::hash(keys, &format!("registration:{token}"))
}

fn first_credential(app: &App, client: &Client, secret: &Secret<String>, now: Timestamp) -> Credential {
    Credential {
        id: CredentialId::generate(&*app.clock, &*app.entropy),
        app: client.id,
        label: "registration".to_owned(),
        proof: Proof::Secret { hint: secrets::hint(secret), hash: secrets::hash(&app.keys, secret.expose()) },
        not_before: now,
        expires_at: Some(now.plus(SECRET_LIFETIME)),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: now,
    }
}

fn information(app: &App, client: &Client, method: &str, access: &str) -> ClientInformation {
    ClientInformation {
        client_id: client.id.to_string(),
        client_secret: None,
        client_id_issued_at: client.created_at.seconds(),
        client_secret_expires_at: None,
        client_name: client.name.clone(),
        scope: client.scopes.to_string(),
        grant_types: vec!["client_credentials".to_owned()],
        token_endpoint_auth_method: method.to_owned(),
        registration_access_token: access.to_owned(),
        registration_client_uri: format!("{}/oauth2/register/{}", app.config.http.public_url, client.id),
    }
}

fn uncached(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    answer
}
