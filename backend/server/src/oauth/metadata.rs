//! The two documents by which clients find out how to get and use a token (RFC 8414, RFC 9728). They promise exactly
//! what is served.

use super::dpop;
use super::tokens::audience::Audience;
use crate::data::documented::FrameworkProblems;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::{HttpResponse, web};
use mudeung_core::name::Name;
use mudeung_core::scope::Scope;
use mudeung_wire::problem::Problem;
use serde_json::{Value, json};

/// How an app may prove who it is, at every endpoint for clients.
const AUTHENTICATION_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// The same at the endpoints of tokens and revocation, where devices come without a secret.
const DEVICES_TOO: [&str; 4] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

/// Describe the authorization server (RFC 8414).
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    operation_id = "describe_authorization_server",
    tag = "oauth",
    responses((status = 200, description = "What the token endpoint does", body = serde_json::Value), FrameworkProblems),
)]
pub async fn describe_authorization_server(app: web::Data<App>) -> HttpResponse {
    let issuer = &app.config.http.public_url;
    answer(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "registration_endpoint": format!("{issuer}/oauth2/register"),
        "device_authorization_endpoint": format!("{issuer}/oauth2/device_authorization"),
        "grant_types_supported": [
            "client_credentials",
            super::issue_token::JWT_BEARER,
            super::device::GRANT_TYPE,
            super::refresh::GRANT_TYPE,
        ],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": DEVICES_TOO,
        "revocation_endpoint": format!("{issuer}/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": DEVICES_TOO,
        "introspection_endpoint": format!("{issuer}/oauth2/introspect"),
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": super::jwk::algorithms(),
        "revocation_endpoint_auth_signing_alg_values_supported": super::jwk::algorithms(),
        "introspection_endpoint_auth_signing_alg_values_supported": super::jwk::algorithms(),
        "dpop_signing_alg_values_supported": dpop::algorithm_names(),
        "scopes_supported": scopes(),
        "service_documentation": format!("{issuer}/docs"),
        "ui_locales_supported": ["ko", "en"],
    }))
}

/// Describe the protected resource (RFC 9728).
#[utoipa::path(
    get,
    path = "/.well-known/oauth-protected-resource",
    operation_id = "describe_protected_resource",
    tag = "oauth",
    responses((status = 200, description = "What tokens the API takes", body = serde_json::Value), FrameworkProblems),
)]
pub async fn describe_protected_resource(app: web::Data<App>) -> HttpResponse {
    answer(resource(&app, &Audience::Server))
}

/// Describe one dataset as a protected resource (RFC 9728), for tokens that are for it alone.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-protected-resource/v1/datasets/{dataset}",
    operation_id = "describe_protected_dataset",
    tag = "oauth",
    params(("dataset" = String, Path, description = "The dataset's name")),
    responses(
        (status = 200, description = "What tokens the dataset takes", body = serde_json::Value),
        (status = 404, description = "There is no such dataset", body = Problem,
            content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn describe_protected_dataset(app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let name = Name::parse(&path).ok().filter(|name| app.snapshots.present().datasets.contains_key(name));
    Ok(answer(resource(&app, &Audience::Dataset(name.ok_or_else(Fault::not_found)?))))
}

fn resource(app: &App, audience: &Audience) -> Value {
    let issuer = &app.config.http.public_url;
    json!({
        "resource": audience.text(issuer),
        "authorization_servers": [issuer],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": dpop::algorithm_names(),
        "dpop_bound_access_tokens_required": false,
        "resource_name": "Mudeung",
        "resource_documentation": format!("{issuer}/docs"),
    })
}

fn scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect()
}

fn answer(document: Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(document)
}
