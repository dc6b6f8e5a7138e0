//! `GET /.well-known/jwks.json`: the public keys that access tokens are checked with.

use crate::data::documented::FrameworkProblems;
use crate::state::App;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Read the public keys that access tokens are signed with.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "read_key_set",
    tag = "oauth",
    responses(
        (status = 200, description = "A JWK set", body = serde_json::Value),
        (status = 304, description = "Not changed since the ETag that was sent"),
        FrameworkProblems,
    ),
)]
pub async fn read_key_set(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let body = app.tokens.key_set(app.clock.now()).to_string();
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(Sha256::digest(body.as_bytes())));
    let mut answer = if is_known(&request, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if is_known(&request, &tag) {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, "application/jwk-set+json")).body(body)
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Err(_) => false,
    }
}
