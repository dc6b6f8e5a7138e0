//! What is shared: shares, their schemas, their tables. Only what can be read this way is listed.

use super::paging::page;
use super::table::{SharedTable, agent, entry, name, share_id, table_id};
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::place::Place;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::policy::{Action, Resource, decide};
use mudeung_core::tier::Tier;
use serde::Serialize;
use serde_json::json;

const JSON: &str = "application/json; charset=utf-8";

#[derive(Serialize)]
struct Share {
    name: String,
    id: String,
}

#[derive(Serialize)]
struct Schema {
    name: String,
    share: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableName {
    name: String,
    schema: String,
    share: String,
    share_id: String,
    id: String,
}

/// The shares that hold something for the caller.
#[utoipa::path(
    get, path = "/delta-sharing/shares", operation_id = "list_shares", tag = "sharing",
    params(
        ("maxResults" = Option<u32>, Query, description = "Items on the page"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the page before"),
    ),
    responses((status = 200, description = "`{items: [{name, id}], nextPageToken}`", body = serde_json::Value), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn list_shares(visit: Visit<AnyRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let shares = shared(&visit, None).into_iter().map(|(dataset, _, _)| dataset);
    let mut shares: Vec<String> = shares.collect();
    shares.dedup();
    let items = shares.into_iter().map(|name| (name.clone(), Share { id: share_id(&name), name }));
    let page = page(&visit, "sharing/shares", request.query_string(), items)?;
    listed(&visit, "sharing.list_shares", &Place::default(), &request, &page).await
}

/// One share.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}", operation_id = "read_share", tag = "sharing",
    params(("share" = String, Path, description = "The dataset's name, in any case")),
    responses((status = 200, description = "`{share: {name, id}}`", body = serde_json::Value), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_share(
    visit: Visit<AnyRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let (place, _) = share(&visit, "sharing.read_share", &path).await?;
    let shown = json!({ "share": Share { id: share_id(&place.dataset), name: place.dataset.clone() } });
    listed(&visit, "sharing.read_share", &place, &request, &shown).await
}

/// The schemas of a share: the tiers that hold something for the caller.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas", operation_id = "list_schemas", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("maxResults" = Option<u32>, Query, description = "Items on the page"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the page before"),
    ),
    responses((status = 200, description = "`{items: [{name, share}], nextPageToken}`", body = serde_json::Value), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn list_schemas(
    visit: Visit<AnyRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let (place, tables) = share(&visit, "sharing.list_schemas", &path).await?;
    let mut tiers: Vec<Tier> = tables.into_iter().map(|(_, tier, _)| tier).collect();
    tiers.dedup();
    let mut schemas: Vec<String> = tiers.into_iter().map(|tier| tier.to_string()).collect();
    schemas.sort();
    let items = schemas.into_iter().map(|name| (name.clone(), Schema { name, share: place.dataset.clone() }));
    let page = page(&visit, &format!("sharing/{}/schemas", place.dataset), request.query_string(), items)?;
    listed(&visit, "sharing.list_schemas", &place, &request, &page).await
}

/// The tables of a schema.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables", operation_id = "list_tables", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("maxResults" = Option<u32>, Query, description = "Items on the page"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the page before"),
    ),
    responses(
        (status = 200, description = "`{items: [{name, schema, share, shareId, id}], nextPageToken}`", body = serde_json::Value),
        TokenProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn list_tables(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let operation = "sharing.list_tables";
    let (place, tables) = share(&visit, operation, &path.0).await?;
    let place = Place { tier: Tier::parse(&name(&path.1)), ..place };
    let tables: Vec<_> = tables.into_iter().filter(|(_, tier, _)| Some(*tier) == place.tier).collect();
    if tables.is_empty() {
        return Err(visit.refuse(operation, &place, Fault::not_found()).await);
    }
    let list = format!("sharing/{}/{}/tables", place.dataset, place.tier.map_or("", Tier::as_str));
    let page = page(&visit, &list, request.query_string(), named(tables))?;
    listed(&visit, operation, &place, &request, &page).await
}

/// The tables of all schemas of a share.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/all-tables", operation_id = "list_all_tables", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("maxResults" = Option<u32>, Query, description = "Items on the page"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the page before"),
    ),
    responses(
        (status = 200, description = "`{items: [{name, schema, share, shareId, id}], nextPageToken}`", body = serde_json::Value),
        TokenProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn list_all_tables(
    visit: Visit<AnyRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let operation = "sharing.list_all_tables";
    let (place, tables) = share(&visit, operation, &path).await?;
    let page = page(&visit, &format!("sharing/{}/all", place.dataset), request.query_string(), named(tables))?;
    listed(&visit, operation, &place, &request, &page).await
}

/// One table (OpenSharing).
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}", operation_id = "read_shared_table",
    tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
    ),
    responses(
        (status = 200, description = "`{name, schema, share, shareId, id, format}`", body = serde_json::Value),
        TokenProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_shared_table(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let operation = "sharing.read_table";
    let table = SharedTable::open(&visit, operation, (&path.0, &path.1, &path.2)).await?;
    let latest = table.latest()?;
    let (dataset, tier) = (&table.place.dataset, table.place.tier.map_or("", Tier::as_str));
    let shown = json!({
        "name": table.place.table, "schema": tier, "share": dataset,
        "shareId": share_id(dataset), "id": table.id(), "format": "delta",
    });
    let receipt = visit.note(entry(&visit, operation, latest.permit, agent(&request))).await?;
    Ok(visit.answer_noted(receipt).insert_header((CONTENT_TYPE, JSON)).body(shown.to_string()))
}

/// A share and its tables; refused like what does not exist when there are none.
async fn share(visitor: &Visitor, operation: &str, text: &str) -> Result<(Place, Vec<(String, Tier, String)>), Fault> {
    let place = Place { dataset: name(text), ..Place::default() };
    let tables = shared(visitor, Some(&place.dataset));
    if tables.is_empty() {
        return Err(visitor.refuse(operation, &place, Fault::not_found()).await);
    }
    Ok((place, tables))
}

/// Every dataset, tier and table that the caller may read as files, in order.
fn shared(visitor: &Visitor, only: Option<&str>) -> Vec<(String, Tier, String)> {
    let (snapshot, now) = (visitor.app.snapshots.present(), visitor.app.clock.now());
    let mut tables = Vec::new();
    for dataset in snapshot.datasets.keys().filter(|name| only.is_none_or(|only| name.as_str() == only)) {
        for tier in Tier::ALL {
            let Some(version) = snapshot.published(dataset.as_str(), tier, None) else { continue };
            for table in &version.tables {
                let resource = Resource { dataset: dataset.as_str(), tier, version: None, table: table.name.as_str() };
                let decision = decide(&snapshot, &visitor.caller.principal, Action::Read, resource, now);
                if decision.is_ok_and(|permit| permit.rows.is_none()) {
                    tables.push((dataset.to_string(), tier, table.name.to_string()));
                }
            }
        }
    }
    tables
}

/// The items of a list of tables with their keys, in order.
fn named(tables: Vec<(String, Tier, String)>) -> Vec<(String, TableName)> {
    let item = |(dataset, tier, table): (String, Tier, String)| {
        let schema = tier.to_string();
        let id = table_id(&dataset, &schema, &table);
        let share_id = share_id(&dataset);
        (format!("{schema}/{table}"), TableName { name: table, schema, share: dataset, share_id, id })
    };
    let mut items: Vec<_> = tables.into_iter().map(item).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items
}

async fn listed<T: Serialize>(
    visitor: &Visitor,
    operation: &str,
    place: &Place,
    request: &HttpRequest,
    shown: &T,
) -> Result<HttpResponse, Fault> {
    let body = serde_json::to_string(shown).map_err(|error| Fault::internal(error.to_string()))?;
    let mut entry = place.name_in(visitor.entry(operation));
    entry.detail = Some(agent(request));
    let receipt = visitor.note(entry).await?;
    Ok(visitor.answer_noted(receipt).insert_header((CONTENT_TYPE, JSON)).body(body))
}
