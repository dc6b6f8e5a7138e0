//! Releases: the steward puts a built version into service, or takes one out.

use super::desk::{Desk, FreshStewards, Roles, Stewards};
use super::fields::Submitted;
use super::page::{self, Badge, Page};
use super::texts::{ReleasesTexts, pick};
use super::{catalogue, figure, moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::dataset::{Version, VersionState};
use mudeung_core::id::VersionId;
use mudeung_core::state::InvalidTransition;
use mudeung_core::tier::Tier;
use mudeung_store::{Conn, StoreError, catalog, twin_budgets};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::manifest::Manifest;
use mudeung_wire::problem::Code;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "releases.html")]
struct ReleasesPage {
    page: Page,
    t: &'static ReleasesTexts,
    versions: Vec<VersionLine>,
    twins: Vec<TwinLine>,
}

struct TwinLine {
    dataset: String,
    spent: String,
}

struct VersionLine {
    id: String,
    dataset: String,
    tier: &'static str,
    class: &'static str,
    number: u32,
    badge: Badge,
    built: String,
    risk: String,
    action: Option<Action>,
}

struct Action {
    path: &'static str,
    class: &'static str,
    text: &'static str,
}

/// Shows every version there is, newest first within its dataset.
pub(super) async fn list_releases(desk: Desk<Stewards>) -> Result<HttpResponse, Fault> {
    let snapshot = desk.app.snapshots.present();
    let page = desk.page.clone();
    let mut lines = Vec::new();
    for entry in snapshot.datasets.values() {
        for version in entry.tiers.values().flat_map(|versions| versions.iter().rev()) {
            let manifest = manifest_of(&desk, version).await?;
            lines.push(line(&page, pick(page.language, &entry.dataset.title), version, manifest.as_ref()));
        }
    }
    let spent = desk.app.db.read("list budgets of twins", twin_budgets::list).await?;
    let twins = spent.into_iter().map(|(dataset, units)| TwinLine { dataset, spent: figure::loss(units) }).collect();
    let shown = ReleasesPage { t: ReleasesTexts::of(page.language), versions: lines, twins, page: page.clone() };
    page::show(&page, StatusCode::OK, &shown)
}

/// Publishes a version that passed its risk limit.
pub(super) async fn publish_version(
    desk: Desk<FreshStewards>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let version = find(&desk, path(&id)?)?;
    let manifest = manifest_of(&desk, &version).await?.ok_or_else(Fault::not_found)?;
    if !passed(&manifest, version.tier) {
        return Err(Fault::new(
            Code::Conflict,
            ReleasesTexts::of(crate::call::Language::En).failed_gate,
            ReleasesTexts::of(crate::call::Language::Ko).failed_gate,
        ));
    }
    let now = desk.app.clock.now();
    step(&desk, "version.publish", &version, move |state| state.publish(now)).await?;
    Ok(desk.go("/releases", "version-published"))
}

/// Takes a version out of service.
pub(super) async fn withdraw_version(
    desk: Desk<FreshStewards>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let version = find(&desk, path(&id)?)?;
    let now = desk.app.clock.now();
    step(&desk, "version.withdraw", &version, move |state| state.withdraw(now)).await?;
    Ok(desk.go("/releases", "version-withdrawn"))
}

fn find(desk: &Desk<FreshStewards>, id: VersionId) -> Result<Arc<Version>, Fault> {
    let snapshot = desk.app.snapshots.present();
    let mut versions = snapshot.datasets.values().flat_map(|entry| entry.tiers.values().flatten());
    versions.find(|version| version.id == id).cloned().ok_or_else(Fault::not_found)
}

async fn step(
    desk: &Desk<FreshStewards>,
    operation: &'static str,
    version: &Version,
    step: impl FnOnce(VersionState) -> Result<VersionState, InvalidTransition> + Send + 'static,
) -> Result<(), Fault> {
    let intent = Entry {
        dataset: Some(version.dataset.to_string()),
        tier: Some(version.tier.to_string()),
        version: Some(version.number),
        detail: Some(version.id.to_string()),
        ..desk.entry(operation)
    };
    let id = version.id;
    let work = move |conn: &mut Conn| {
        let found = catalog::find_version(conn, id)?.ok_or(StoreError::NotFound { what: "version" })?;
        catalog::update_version_state(conn, id, step(found.state)?)
    };
    desk.change(operation, intent, work).await
}

async fn manifest_of(desk: &Desk<impl Roles>, version: &Version) -> Result<Option<Manifest>, Fault> {
    let (name, tier, number) = (version.dataset.clone(), version.tier, version.number);
    let find = move |conn: &mut Conn| catalog::find_manifest(conn, &name, tier, number);
    Ok(desk.app.db.read("find manifest", find).await?)
}

/// Generated data has no source persons; real data needs a report that passed.
fn passed(manifest: &Manifest, tier: Tier) -> bool {
    match (&manifest.risk, tier) {
        (Some(risk), _) => risk.k >= risk.required_k,
        (None, Tier::Synthetic) => true,
        (None, Tier::Deidentified) => false,
    }
}

fn line(page: &Page, dataset: String, version: &Version, manifest: Option<&Manifest>) -> VersionLine {
    let t = ReleasesTexts::of(page.language);
    let risk = manifest.and_then(|manifest| manifest.risk.as_ref());
    VersionLine {
        id: version.id.to_string(),
        dataset,
        tier: page.tier(version.tier),
        class: catalogue::class(version.tier),
        number: version.number,
        badge: page.badge(version.state.as_str()),
        built: moment::minute(version.created_at),
        risk: risk.map_or_else(|| t.not_measured.to_owned(), |risk| format!("{} / {}", risk.k, risk.required_k)),
        action: match version.state {
            VersionState::Staged => Some(Action { path: "publish", class: "main", text: t.publish }),
            VersionState::Published { .. } => Some(Action { path: "withdraw", class: "danger", text: t.withdraw }),
            VersionState::Withdrawn { .. } => None,
        },
    }
}
