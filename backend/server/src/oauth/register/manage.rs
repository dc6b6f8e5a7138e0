//! Reading, changing and deleting a registration with the token that came with it (RFC 7592).

use super::proposal::Proposal;
use super::{bearer, change, information, mint_token, refuse, token_hash, uncached};
use crate::call::Call;
use crate::oauth::device::{unavailable, unrecorded};
use crate::oauth::documented::OAuthProblems;
use crate::oauth::refusal::Refusal;
use crate::oauth::secrets;
use crate::record;
use crate::state::App;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::app::{App as Client, AppState};
use mudeung_core::id::AppId;
use mudeung_core::organization::OrganizationState;
use mudeung_store::{Conn, apps, registrations};
use mudeung_wire::api::{ClientInformation, OAuthError};
use mudeung_wire::ledger::entry::{Entry, Status};
use subtle::ConstantTimeEq;

const METHOD: &str = "client_secret_basic";

/// A client that its own token manages.
struct Managed {
    client: Client,
    token: String,
    hash: [u8; 32],
}

/// Read a client's registration (RFC 7592). Its secret is never shown again.
#[utoipa::path(
    get,
    path = "/oauth2/register/{client_id}",
    operation_id = "read_client",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 200, description = "The client", body = ClientInformation),
        (status = 401, description = "The token does not manage this client", body = OAuthError),
        OAuthProblems,
    ),
)]
pub async fn read_client(request: HttpRequest, call: Call, app: web::Data<App>, id: web::Path<String>) -> HttpResponse {
    answer(read(&app, &call, request.headers(), &id).await)
}

/// Change a client's name and scopes (RFC 7592). The answer has the token that manages it from now on.
#[utoipa::path(
    put,
    path = "/oauth2/register/{client_id}",
    operation_id = "update_client",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The `client_id`")),
    request_body = super::ClientMetadata,
    responses(
        (status = 200, description = "The client", body = ClientInformation),
        (status = 400, description = "The metadata is wrong", body = OAuthError),
        (status = 401, description = "The token does not manage this client", body = OAuthError),
        OAuthProblems,
    ),
)]
pub async fn update_client(
    request: HttpRequest,
    call: Call,
    app: web::Data<App>,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    answer(update(&app, &call, request.headers(), &id, &body).await)
}

/// Revoke a client for good (RFC 7592).
#[utoipa::path(
    delete,
    path = "/oauth2/register/{client_id}",
    operation_id = "delete_client",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 204, description = "The client is revoked"),
        (status = 401, description = "The token does not manage this client", body = OAuthError),
        OAuthProblems,
    ),
)]
pub async fn delete_client(
    request: HttpRequest,
    call: Call,
    app: web::Data<App>,
    id: web::Path<String>,
) -> HttpResponse {
    match delete(&app, &call, request.headers(), &id).await {
        Ok(()) => uncached(HttpResponse::NoContent()).finish(),
        Err(refusal) => refusal.answer(),
    }
}

async fn read(app: &App, call: &Call, headers: &HeaderMap, id: &str) -> Result<ClientInformation, Refusal> {
    let managed = managed(app, headers, id).await?;
    let entry = entry(app, call, &managed.client, "client.read");
    record::note(app, entry, Status::Completed).await.map_err(unrecorded)?;
    Ok(information(app, &managed.client, METHOD, &managed.token))
}

async fn update(
    app: &web::Data<App>,
    call: &Call,
    headers: &HeaderMap,
    id: &str,
    body: &[u8],
) -> Result<ClientInformation, Refusal> {
    let managed = managed(app, headers, id).await?;
    let proposal = Proposal::read(headers, body)?;
    let mut client = managed.client;
    if proposal.client_id.as_deref() != Some(client.id.to_string().as_str()) {
        return Err(Refusal::invalid_client_metadata("client_id must be the one of this registration."));
    }
    if proposal.client_secret.is_some_and(|secret| !is_own_secret(app, &client, &secret)) {
        return Err(Refusal::invalid_client_metadata("client_secret cannot be chosen."));
    }
    (client.name, client.scopes) = (proposal.name, proposal.scopes);
    let next = mint_token("mda_", &*app.entropy);
    let answer = information(app, &client, &proposal.method, next.expose());
    let intent = Entry { detail: Some(client.name.clone()), ..entry(app, call, &client, "client.update") };
    let next_hash = token_hash(&app.keys, next.expose());
    change(app, intent, move |conn| {
        registrations::replace_access_hash(conn, client.id, &managed.hash, &next_hash)?;
        apps::update_app_metadata(conn, client.id, &client.name, &client.scopes)
    })
    .await?;
    Ok(answer)
}

async fn delete(app: &web::Data<App>, call: &Call, headers: &HeaderMap, id: &str) -> Result<(), Refusal> {
    let client = managed(app, headers, id).await?.client;
    let now = app.clock.now();
    let intent = entry(app, call, &client, "client.delete");
    change(app, intent, move |conn| apps::update_app_state(conn, client.id, client.state.revoke(now)?)).await
}

/// The client of an address, when the token of the request manages it and it may act. One refusal for every reason.
async fn managed(app: &App, headers: &HeaderMap, id: &str) -> Result<Managed, Refusal> {
    let now = app.clock.now();
    let (Some(token), Ok(id)) = (bearer(headers), AppId::parse(id)) else { return Err(refuse(app, now)) };
    let find = move |conn: &mut Conn| Ok((apps::find_app(conn, id)?, registrations::find_access_hash(conn, id)?));
    let (client, present) = app.db.read("find registration", find).await.map_err(unavailable)?;
    let hash = token_hash(&app.keys, token);
    let same = bool::from(present.unwrap_or_default().ct_eq(&hash)) && present.is_some();
    let snapshot = app.snapshots.present();
    let active = |client: &Client| {
        let organization = snapshot.organizations.get(&client.organization);
        matches!(client.state, AppState::Active)
            && organization.is_some_and(|organization| matches!(organization.state, OrganizationState::Active))
    };
    let client = client.filter(|client| same && active(client)).ok_or_else(|| refuse(app, now))?;
    Ok(Managed { client, token: token.to_owned(), hash })
}

fn is_own_secret(app: &App, client: &Client, secret: &str) -> bool {
    let snapshot = app.snapshots.present();
    let credential = snapshot.secrets.get(&secrets::hash(&app.keys, secret));
    let standing = credential.and_then(|credential| snapshot.credentials.get(credential));
    standing.is_some_and(|standing| standing.app == client.id)
}

fn entry(app: &App, call: &Call, client: &Client, operation: &str) -> Entry {
    Entry {
        app: Some(client.id.to_string()),
        organization: Some(client.organization.to_string()),
        ..record::blank(app, call, operation)
    }
}

fn answer(done: Result<ClientInformation, Refusal>) -> HttpResponse {
    match done {
        Ok(client) => uncached(HttpResponse::Ok()).json(client),
        Err(refusal) => refusal.answer(),
    }
}
