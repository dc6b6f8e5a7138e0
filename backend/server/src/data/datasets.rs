//! `GET /v1/datasets` and `GET /v1/datasets/{dataset}`: what there is, and what of it is open.
//!
//! That a dataset and its tiers exist is public among apps: it is what access requests are about. What is in a tier is
//! not.

use crate::auth::scope::CatalogRead;
use crate::call::Language;
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::view;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::{Action, CatalogEntry, Permit, Principal, Resource, Snapshot, decide};
use mudeung_core::tier::Tier;
use mudeung_wire::api::{DatasetItem, Page};

/// Datasets of the catalogue, by name.
#[utoipa::path(
    get, path = "/v1/datasets", operation_id = "list_datasets", tag = "catalogue",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<DatasetItem>), TokenProblems), security(("oauth" = ["catalog.read"])),
)]
pub async fn list_datasets(visit: Visit<CatalogRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let window = Window::of(&visit.app, "datasets", &params)?;
    let page = {
        let (snapshot, now) = (visit.app.snapshots.present(), visit.app.clock.now());
        let principal = &visit.caller.principal;
        let items = snapshot.datasets.iter().filter_map(|(name, entry)| {
            item(&snapshot, principal, entry, now, visit.call.language).map(|item| (name.to_string(), item))
        });
        window.page(&visit.app, items)
    };
    visit.show(visit.entry("catalog.list_datasets"), &page).await
}

/// One dataset of the catalogue.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}", operation_id = "describe_dataset", tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset's name")),
    responses((status = 200, body = DatasetItem), TokenProblems), security(("oauth" = ["catalog.read"])),
)]
pub async fn describe_dataset(
    visit: Visit<CatalogRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    Params::parse(request.query_string(), &[])?;
    let operation = "catalog.describe_dataset";
    let place = Place { dataset: path.into_inner(), ..Place::default() };
    let shown = {
        let (snapshot, now) = (visit.app.snapshots.present(), visit.app.clock.now());
        let entry = snapshot.datasets.get(place.dataset.as_str());
        entry.and_then(|entry| item(&snapshot, &visit.caller.principal, entry, now, visit.call.language))
    };
    match shown {
        Some(item) => visit.show(place.name_in(visit.entry(operation)), &item).await,
        None => Err(visit.refuse(operation, &place, Fault::not_found()).await),
    }
}

/// A dataset as the caller sees it; `None` when no version of it is published.
fn item(
    snapshot: &Snapshot,
    principal: &Principal,
    entry: &CatalogEntry,
    now: Timestamp,
    language: Language,
) -> Option<DatasetItem> {
    let name = entry.dataset.name.as_str();
    let published: Vec<Tier> =
        Tier::ALL.into_iter().filter(|tier| snapshot.published(name, *tier, None).is_some()).collect();
    let is_open = |tier: &Tier| !open_tables(snapshot, principal, name, *tier, None, now).is_empty();
    let open: Vec<Tier> = published.iter().copied().filter(is_open).collect();
    (!published.is_empty()).then(|| view::dataset(&entry.dataset, &open, &published, language))
}

/// The tables of a tier that are open to the caller.
pub fn open_tables(
    snapshot: &Snapshot,
    principal: &Principal,
    dataset: &str,
    tier: Tier,
    version: Option<u32>,
    now: Timestamp,
) -> Vec<Permit> {
    let tables = snapshot.published(dataset, tier, version).map(|version| &version.tables);
    let permit = |table: &str| {
        let resource = Resource { dataset, tier, version, table };
        decide(snapshot, principal, Action::Describe, resource, now).ok()
    };
    tables.into_iter().flatten().filter_map(|table| permit(table.name.as_str())).collect()
}
