//! The number of a table's version, cheaply: for clients that keep what they fetched.

use super::actions::TABLE_VERSION;
use super::table::{SharedTable, agent, entry};
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::params::Params;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;

const OPERATION: &str = "sharing.read_version";

/// The latest version, or the first one published at `startingTimestamp` or after it. The answer is a header.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/version",
    operation_id = "read_table_version", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
        ("startingTimestamp" = Option<String>, Query, description = "A moment, for instance `2026-01-01T00:00:00Z`"),
    ),
    responses((status = 200, description = "No body; `Delta-Table-Version` has the number"), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_table_version(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    answer(visit, &path, &request).await
}

/// The same by `HEAD` on the table, as older clients ask.
#[utoipa::path(
    head, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}", operation_id = "head_table_version",
    tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
    ),
    responses((status = 200, description = "No body; `Delta-Table-Version` has the number"), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn head_table_version(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    answer(visit, &path, &request).await
}

async fn answer(
    visit: Visit<AnyRead>,
    path: &(String, String, String),
    request: &HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::known(request.query_string(), &["startingTimestamp"])?;
    let table = SharedTable::open(&visit, OPERATION, (&path.0, &path.1, &path.2)).await?;
    let version = match params.get("startingTimestamp") {
        Some(text) => table.since(moment("startingTimestamp", text)?, "startingTimestamp")?,
        None => table.latest()?,
    };
    let number = version.number();
    let receipt = visit.note(entry(&visit, OPERATION, version.permit, agent(request))).await?;
    Ok(visit.answer_noted(receipt).insert_header((TABLE_VERSION, number.to_string())).finish())
}

/// Reads a moment as the protocol writes it.
pub fn moment(parameter: &str, text: &str) -> Result<Timestamp, Fault> {
    let read = text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp::from_micros(at.as_microsecond()));
    read.ok_or_else(|| {
        Fault::parameter(
            parameter,
            "Must be a moment like 2026-01-01T00:00:00Z.",
            "2026-01-01T00:00:00Z 형식의 시각이어야 합니다.",
        )
    })
}
