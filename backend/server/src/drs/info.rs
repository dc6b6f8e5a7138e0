//! What the service is, and how its objects are asked for.

use super::BULK_MAX;
use crate::data::documented::FrameworkProblems;
use crate::state::App;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// The service, as GA4GH Service Info 1.0 describes services.
#[utoipa::path(
    get, path = "/ga4gh/drs/v1/service-info", operation_id = "read_service_info", tag = "drs",
    responses((status = 200, description = "GA4GH Service Info with `type.artifact` `drs`", body = serde_json::Value), FrameworkProblems),
)]
pub async fn read_service_info(app: web::Data<App>) -> HttpResponse {
    let url = &app.config.http.public_url;
    let labels: Vec<&str> = host(url).split(':').next().unwrap_or_default().split('.').rev().collect();
    HttpResponse::Ok().json(json!({
        "id": format!("{}.drs", labels.join(".")),
        "name": "Mudeung",
        "description": "Files of an open healthcare data sandbox. What an object is depends on who asks.",
        "type": { "group": "org.ga4gh", "artifact": "drs", "version": "1.5.0" },
        "organization": { "name": "Mudeung", "url": url },
        "documentationUrl": format!("{url}/docs"),
        "version": env!("CARGO_PKG_VERSION"),
        "maxBulkRequestLength": BULK_MAX,
        "drs": { "maxBulkRequestLength": BULK_MAX },
    }))
}

/// How an object is asked for. The answer is the same for every identifier.
#[utoipa::path(
    options, path = "/ga4gh/drs/v1/objects/{object}", operation_id = "describe_object_authorization", tag = "drs",
    params(("object" = String, Path, description = "The object's identifier")),
    responses(
        (status = 200, description = "`{drs_object_id, supported_types, bearer_auth_issuers}`", body = serde_json::Value),
        FrameworkProblems,
    ),
)]
pub async fn describe_object_authorization(app: web::Data<App>, object: web::Path<String>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "drs_object_id": object.as_str(),
        "supported_types": ["BearerAuth"],
        "bearer_auth_issuers": [app.config.http.public_url],
    }))
}

/// Host and port of an address.
pub fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/')
}
