//! The catalogue: what there is, who may read it, and what every column means. Public, because a dictionary holds no data.

use super::desk::Visitor;
use super::island::Island;
use super::listing::Sought;
use super::page::{self, Page, query_value, query_values};
use super::requests::Choice;
use super::requests::uses::{self, TermLine};
use super::texts::{CatalogueTexts, UseTexts, pick};
use super::{example, figure, moment};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::dataset::{Column, Dataset, Twin, Version, VersionState};
use mudeung_core::name::Name;
use mudeung_core::policy::CatalogEntry;
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::{Manifest, RiskFigures};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage {
    page: Page,
    t: &'static CatalogueTexts,
    u: &'static UseTexts,
    datasets: Vec<DatasetLine>,
    sought: String,
    choices: Vec<Choice>,
    /// Whether nothing in particular was sought.
    everything: bool,
}

struct DatasetLine {
    name: String,
    title: String,
    summary: String,
    licence: String,
    tables: String,
    rows: String,
    tiers: Vec<TierTag>,
    simulated: bool,
    terms: Vec<TermLine>,
}

struct TierTag {
    name: &'static str,
    opening: &'static str,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "dataset.html")]
struct DatasetPage {
    page: Page,
    t: &'static CatalogueTexts,
    u: &'static UseTexts,
    name: String,
    title: String,
    summary: String,
    licence: String,
    source: String,
    tiers: Vec<TierPart>,
}

struct TierPart {
    id: &'static str,
    name: &'static str,
    opening: &'static str,
    class: &'static str,
    version: u32,
    published: String,
    recipe: String,
    simulated: bool,
    requestable: bool,
    terms: Vec<TermLine>,
    tables: Vec<TableLine>,
    risk: Option<RiskPart>,
}

struct TableLine {
    href: String,
    name: String,
    description: String,
    columns: usize,
    rows: String,
    files: usize,
    size: String,
}

struct RiskPart {
    k: String,
    prosecutor: String,
    unique: String,
    persons: String,
    suppressed: String,
    quasi: Vec<String>,
}

#[derive(Template)]
#[template(path = "table.html")]
struct TablePage {
    page: Page,
    t: &'static CatalogueTexts,
    dataset: String,
    dataset_title: String,
    name: String,
    tier: &'static str,
    tier_name: &'static str,
    class: &'static str,
    description: String,
    simulated: bool,
    promise: Option<String>,
    version: u32,
    rows: String,
    columns: Vec<ColumnLine>,
    /// Where the code for the chosen columns is asked for.
    here: String,
    has_quasi: bool,
    example: String,
    more: Option<String>,
}

struct ColumnLine {
    name: String,
    kind: &'static str,
    unit: String,
    nullable: &'static str,
    meaning: String,
    deidentification: String,
    chosen: bool,
    quasi: bool,
}

/// Shows all datasets, or those in which something is found.
pub(super) async fn list_catalogue(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let snapshot = visitor.app.snapshots.present();
    let page = visitor.page.with(Island::Live);
    let t = CatalogueTexts::of(page.language);
    let sought = Sought::of(&request);
    let only = query_value(request.query_string(), "tier").and_then(|tier| Tier::parse(&tier));
    let served = snapshot.datasets.values().filter_map(|entry| {
        let name = entry.dataset.name.as_str();
        let versions: Vec<_> = Tier::ALL.iter().filter_map(|tier| snapshot.published(name, *tier, None)).collect();
        let first = versions.first()?;
        let of_tier = only.is_none_or(|only| versions.iter().any(|version| version.tier == only));
        if !of_tier || !finds(&sought, entry, &versions) {
            return None;
        }
        let rows = first.tables.iter().fold(0_u64, |sum, table| sum.saturating_add(table.rows));
        Some(DatasetLine {
            name: name.to_owned(),
            title: pick(page.language, &entry.dataset.title),
            summary: pick(page.language, &entry.dataset.summary),
            licence: entry.dataset.licence.clone(),
            tables: figure::grouped(u64::try_from(first.tables.len()).unwrap_or(u64::MAX)),
            rows: figure::grouped(rows),
            tiers: versions.iter().map(|version| tag(&page, t, version.tier)).collect(),
            simulated: versions.iter().all(|version| version.tier == Tier::Synthetic),
            terms: versions.iter().flat_map(|version| terms_of(&page, version)).collect(),
        })
    });
    let u = UseTexts::of(page.language);
    let choice = |tier: &Tier| Choice {
        value: tier.to_string(),
        text: page.tier(*tier).to_owned(),
        selected: only == Some(*tier),
    };
    let shown = CataloguePage {
        t,
        u,
        datasets: served.collect(),
        choices: Tier::ALL.iter().map(choice).collect(),
        everything: sought.is_everything() && only.is_none(),
        sought: sought.text,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Whether what is sought stands in the names and texts of a dataset, or in those of its tables and columns.
fn finds(sought: &Sought, entry: &CatalogEntry, versions: &[&Arc<Version>]) -> bool {
    let Dataset { name, title, summary, .. } = &entry.dataset;
    if sought.finds(&[name.as_str(), &title.ko, &title.en, &summary.ko, &summary.en]) {
        return true;
    }
    let tables = || versions.iter().flat_map(|version| &version.tables);
    let columns = || tables().flat_map(|table| &table.columns);
    tables().any(|table| sought.finds(&[table.name.as_str(), &table.description.ko, &table.description.en]))
        || columns().any(|column| sought.finds(&[&column.name, &column.description.ko, &column.description.en]))
}

/// Shows one dataset with its tiers, tables and risk.
pub(super) async fn show_dataset(visitor: Visitor, name: web::Path<String>) -> Result<HttpResponse, Fault> {
    let snapshot = visitor.app.snapshots.present();
    let entry = snapshot.datasets.get(name.as_str()).ok_or_else(Fault::not_found)?;
    let mut tiers = Vec::new();
    for tier in Tier::ALL {
        if let Some(version) = snapshot.published(name.as_str(), tier, None) {
            let manifest = manifest_of(&visitor, version).await?;
            tiers.push(tier_part(&visitor.page, version, manifest));
        }
    }
    if tiers.is_empty() {
        return Err(Fault::not_found());
    }
    let page = visitor.page;
    page::show(&page, StatusCode::OK, &dataset_page(&page, entry, tiers))
}

/// Shows the data dictionary of one table.
pub(super) async fn show_table(
    visitor: Visitor,
    names: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let (dataset, tier, table) = names.into_inner();
    let tier = Tier::parse(&tier).ok_or_else(Fault::not_found)?;
    let snapshot = visitor.app.snapshots.present();
    let entry = snapshot.datasets.get(dataset.as_str()).ok_or_else(Fault::not_found)?;
    let version = snapshot.published(&dataset, tier, None).ok_or_else(Fault::not_found)?;
    let table = version.table(&table).ok_or_else(Fault::not_found)?;
    let manifest = manifest_of(&visitor, version).await?;
    let quasi = manifest.and_then(|it| it.risk).map(|risk| risk.quasi_identifiers).unwrap_or_default();
    let page = visitor.page.with(Island::Live).with(Island::Columns);
    let t = CatalogueTexts::of(page.language);
    let asked = query_values(request.query_string(), "column");
    let is_chosen = |column: &&Column| asked.is_empty() || asked.contains(&column.name);
    let chosen: Vec<&str> = table.columns.iter().filter(is_chosen).map(|column| column.name.as_str()).collect();
    let columns = table.columns.iter().map(|column| ColumnLine {
        chosen: chosen.contains(&column.name.as_str()),
        quasi: quasi.contains(&format!("{}.{}", table.name, column.name)),
        ..column_line(&page, t, tier, column)
    });
    let some = if chosen.len() == table.columns.len() { [].as_slice() } else { chosen.as_slice() };
    let shown = TablePage {
        t,
        dataset_title: pick(page.language, &entry.dataset.title),
        name: table.name.to_string(),
        tier: tier.as_str(),
        tier_name: page.tier(tier),
        class: class(tier),
        description: pick(page.language, &table.description),
        simulated: tier == Tier::Synthetic,
        promise: table.twin.as_ref().map(|twin| promise(&page, twin)),
        version: version.number,
        rows: figure::grouped(table.rows),
        columns: columns.collect(),
        has_quasi: !quasi.is_empty(),
        here: page.at(&format!("/catalogue/{dataset}/{tier}/{}", table.name)),
        more: version.generator.then(|| example::more(&dataset, table.name.as_str())),
        example: example::of_columns(&visitor.app.config, &dataset, tier, table.name.as_str(), some),
        dataset,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// What was promised to the persons to whom a twin was fitted.
fn promise(page: &Page, twin: &Twin) -> String {
    let t = CatalogueTexts::of(page.language);
    let own = format!("{} (ε = {}, δ = {:e}, {})", t.twin, twin.epsilon, twin.delta, twin.mechanism.to_uppercase());
    match &twin.with {
        Some(table) => format!("{own}. {} {table}", t.twin_with),
        None => own,
    }
}

async fn manifest_of(visitor: &Visitor, version: &Arc<Version>) -> Result<Option<Manifest>, Fault> {
    let (name, tier, number): (Name, Tier, u32) = (version.dataset.clone(), version.tier, version.number);
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::catalog::find_manifest(conn, &name, tier, number);
    Ok(visitor.app.db.read("find manifest", find).await?)
}

fn dataset_page(page: &Page, entry: &CatalogEntry, tiers: Vec<TierPart>) -> DatasetPage {
    DatasetPage {
        t: CatalogueTexts::of(page.language),
        u: UseTexts::of(page.language),
        name: entry.dataset.name.to_string(),
        title: pick(page.language, &entry.dataset.title),
        summary: pick(page.language, &entry.dataset.summary),
        licence: entry.dataset.licence.clone(),
        source: entry.dataset.source.clone(),
        tiers,
        page: page.clone(),
    }
}

fn tier_part(page: &Page, version: &Version, manifest: Option<Manifest>) -> TierPart {
    let t = CatalogueTexts::of(page.language);
    let tag = tag(page, t, version.tier);
    let published = match version.state {
        VersionState::Published { published_at } => moment::minute(published_at),
        VersionState::Staged | VersionState::Withdrawn { .. } => String::new(),
    };
    let tables = version.tables.iter().map(|table| TableLine {
        href: page.at(&format!("/catalogue/{}/{}/{}", version.dataset, version.tier, table.name)),
        name: table.name.to_string(),
        description: pick(page.language, &table.description),
        columns: table.columns.len(),
        rows: figure::grouped(table.rows),
        files: table.files.len(),
        size: figure::size(table.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size_bytes))),
    });
    TierPart {
        id: version.tier.as_str(),
        name: tag.name,
        opening: tag.opening,
        class: tag.class,
        version: version.number,
        published,
        recipe: manifest.as_ref().map(|manifest| manifest.recipe_sha256.clone()).unwrap_or_default(),
        simulated: version.tier == Tier::Synthetic,
        requestable: version.tier == Tier::Deidentified,
        terms: terms_of(page, version),
        tables: tables.collect(),
        risk: manifest.and_then(|manifest| manifest.risk).map(risk_part),
    }
}

/// The terms of a version that is asked for. Generated rows are about nobody and need no request.
fn terms_of(page: &Page, version: &Version) -> Vec<TermLine> {
    match version.tier {
        Tier::Deidentified => uses::terms(page.language, &version.terms),
        Tier::Synthetic => Vec::new(),
    }
}

fn risk_part(risk: RiskFigures) -> RiskPart {
    RiskPart {
        k: format!("{} / {}", figure::grouped(risk.k), figure::grouped(risk.required_k)),
        prosecutor: figure::percent(risk.prosecutor_max),
        unique: format!("{} → {}", figure::percent(risk.unique_share_before), figure::percent(risk.unique_share)),
        persons: figure::grouped(risk.persons),
        suppressed: figure::grouped(risk.suppressed_persons),
        quasi: risk.quasi_identifiers,
    }
}

fn column_line(page: &Page, t: &CatalogueTexts, tier: Tier, column: &Column) -> ColumnLine {
    let untouched = if tier == Tier::Synthetic { t.generated } else { t.as_is };
    let treated = column.deidentification.as_ref().map(|note| pick(page.language, note));
    ColumnLine {
        name: column.name.clone(),
        kind: column.kind.as_str(),
        unit: column.unit.clone().unwrap_or_default(),
        nullable: if column.nullable { t.yes } else { t.no },
        meaning: pick(page.language, &column.description),
        deidentification: treated.unwrap_or_else(|| untouched.to_owned()),
        chosen: true,
        quasi: false,
    }
}

/// The style class of a tier.
pub(super) const fn class(tier: Tier) -> &'static str {
    match tier {
        Tier::Synthetic => "open",
        Tier::Deidentified => "grant",
    }
}

const fn tag(page: &Page, t: &CatalogueTexts, tier: Tier) -> TierTag {
    TierTag {
        name: page.tier(tier),
        opening: match tier {
            Tier::Synthetic => t.open_now,
            Tier::Deidentified => t.needs_grant,
        },
        class: class(tier),
    }
}
