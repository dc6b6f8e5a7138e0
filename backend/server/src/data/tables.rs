//! `GET /v1/datasets/{dataset}/{tier}/tables/{table}`: schema and dictionary.

use crate::auth::scope::CatalogRead;
use crate::data::documented::TokenProblems;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::view;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::policy::Action;
use mudeung_wire::api::TableItem;

/// Schema and dictionary of a table: the columns that are open to the caller.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}/{tier}/tables/{table}", operation_id = "describe_table", tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("tier" = String, Path, description = "`synthetic` or `deidentified`"),
        ("table" = String, Path, description = "The table's name"),
        ("version" = Option<String>, Query, description = "The version's number; the latest when it is not given"),
    ),
    responses((status = 200, body = TableItem), TokenProblems), security(("oauth" = ["catalog.read"])),
)]
pub async fn describe_table(
    visit: Visit<CatalogRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["version"])?;
    let place = Place::table(&path.0, &path.1, &path.2, &params)?;
    let permit = visit.decide("catalog.describe_table", Action::Describe, &place).await?;
    let table = permit.table().ok_or_else(Fault::not_found)?;
    let entry = visit.entry_of("catalog.describe_table", &permit, &permit.columns);
    visit.show(entry, &view::table(&permit, table, visit.call.language)).await
}
