//! `GET /v1/datasets/{dataset}/{tier}` and its versions.

use crate::auth::scope::CatalogRead;
use crate::data::datasets::open_tables;
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::view;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::dataset::Version;
use mudeung_core::policy::Permit;
use mudeung_wire::api::{Page, TierItem, VersionItem};
use mudeung_wire::manifest::RiskFigures;
use std::sync::Arc;

/// One tier of a dataset in one version: its tables and its measured risk.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}/{tier}", operation_id = "describe_tier", tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("tier" = String, Path, description = "`synthetic` or `deidentified`"),
        ("version" = Option<String>, Query, description = "The version's number; the latest when it is not given"),
    ),
    responses((status = 200, body = TierItem), TokenProblems), security(("oauth" = ["catalog.read"])),
)]
pub async fn describe_tier(
    visit: Visit<CatalogRead>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["version"])?;
    let place = Place::tier(&path.0, &path.1, &params)?;
    let operation = "catalog.describe_tier";
    let permits = open(&visit, &place);
    let Some(version) = permits.first().map(|permit| Arc::clone(&permit.version)) else {
        return Err(visit.refuse(operation, &place, Fault::not_found()).await);
    };
    let item = view::tier(&version, &permits, risk(&visit, &version).await?);
    let mut entry = place.name_in(visit.entry(operation));
    entry.version = Some(version.number);
    visit.show(entry, &item).await
}

/// The published versions of a tier, newest first.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}/{tier}/versions", operation_id = "list_versions", tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("tier" = String, Path, description = "`synthetic` or `deidentified`"),
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<VersionItem>), TokenProblems), security(("oauth" = ["catalog.read"])),
)]
pub async fn list_versions(
    visit: Visit<CatalogRead>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let place = Place::tier(&path.0, &path.1, &params)?;
    let operation = "catalog.list_versions";
    let window = Window::of(&visit.app, &format!("versions/{}/{}", path.0, path.1), &params)?;
    let versions = open_versions(&visit, &place);
    if versions.is_empty() {
        return Err(visit.refuse(operation, &place, Fault::not_found()).await);
    }
    // Keys ascend; the newest version has the smallest.
    let key = |version: &Version| format!("{:010}", u32::MAX - version.number);
    let page = window.page(&visit.app, versions.iter().rev().map(|version| (key(version), view::version(version))));
    visit.show(place.name_in(visit.entry(operation)), &page).await
}

fn open(visitor: &Visitor, place: &Place) -> Vec<Permit> {
    let (snapshot, now) = (visitor.app.snapshots.present(), visitor.app.clock.now());
    let principal = &visitor.caller.principal;
    place
        .tier
        .map(|tier| open_tables(&snapshot, principal, &place.dataset, tier, place.version, now))
        .unwrap_or_default()
}

/// The versions in which something is open to the caller, oldest first.
fn open_versions(visitor: &Visitor, place: &Place) -> Vec<Arc<Version>> {
    let snapshot = visitor.app.snapshots.present();
    let entry = snapshot.datasets.get(place.dataset.as_str());
    let versions = entry.zip(place.tier).and_then(|(entry, tier)| entry.tiers.get(&tier));
    let is_open = |version: &&Arc<Version>| {
        let place = Place { version: Some(version.number), ..place.clone() };
        !open(visitor, &place).is_empty()
    };
    versions.into_iter().flatten().filter(is_open).cloned().collect()
}

/// The risk figures of a version, from its manifest.
async fn risk(visitor: &Visitor, version: &Version) -> Result<Option<RiskFigures>, Fault> {
    let (dataset, tier, number) = (version.dataset.clone(), version.tier, version.number);
    let find = move |connection: &mut _| mudeung_store::catalog::find_manifest(connection, &dataset, tier, number);
    let manifest = visitor.app.db.read("find manifest", find).await?;
    Ok(manifest.and_then(|manifest| manifest.risk))
}
