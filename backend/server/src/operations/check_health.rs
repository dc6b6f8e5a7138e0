//! `GET /healthz`: the process answers.

use crate::data::documented::FrameworkProblems;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

/// Say that the process answers. Whether it can serve is for `/readyz` to say.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "check_health",
    tag = "operations",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"), FrameworkProblems),
)]
pub async fn check_health() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body("ok\n")
}
