//! Datasets and their versions in the control database. A version is its manifest, kept word for word.

mod manifest;
pub(crate) mod terms;

use crate::error::{inserting, updating};
use crate::grants::{self, GrantsOf};
use crate::schema::{datasets, versions};
use crate::{Conn, StoreError, column, generation, notifications, stops};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{Dataset, DatasetState, Version, VersionState};
use mudeung_core::grant::Grant;
use mudeung_core::id::VersionId;
use mudeung_core::name::Name;
use mudeung_core::notification::{Occurrence, Topic};
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::Manifest;
use std::collections::BTreeSet;

#[derive(Queryable, Insertable)]
#[diesel(table_name = datasets, treat_none_as_default_value = false)]
struct DatasetRow {
    name: String,
    title_ko: String,
    title_en: String,
    summary_ko: String,
    summary_en: String,
    licence: String,
    source: String,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = versions, treat_none_as_default_value = false)]
struct VersionRow {
    id: String,
    dataset: String,
    tier: String,
    number: i64,
    manifest: String,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

/// Adds a version, and its dataset when it is the first. Title, summary, licence and source of the dataset are those
/// of the version added last.
pub fn insert_version(
    conn: &mut Conn,
    manifest: &Manifest,
    id: VersionId,
    state: VersionState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let version = manifest::version(manifest, id, state).map_err(|problem| StoreError::Invalid(problem.0))?;
    put_dataset(conn, manifest, now)?;
    let same_number = versions::table
        .filter(versions::dataset.eq(version.dataset.as_str()))
        .filter(versions::tier.eq(version.tier.as_str()))
        .filter(versions::number.eq(i64::from(version.number)));
    if same_number.count().get_result::<i64>(&mut conn.0)? > 0 {
        return Err(StoreError::AlreadyExists { what: "the version" });
    }
    let (state, state_at) = version_state_columns(state);
    let row = VersionRow {
        id: id.to_string(),
        dataset: version.dataset.to_string(),
        tier: version.tier.as_str().to_owned(),
        number: i64::from(version.number),
        manifest: serde_json::to_string(manifest).map_err(StoreError::corrupt)?,
        state,
        state_at,
        created_at: now.micros(),
    };
    inserting(diesel::insert_into(versions::table).values(row).execute(&mut conn.0), "the version")?;
    generation::bump(conn)
}

/// All datasets by name.
pub fn list_datasets(conn: &mut Conn) -> Result<Vec<Dataset>, StoreError> {
    let rows = datasets::table.order(datasets::name).load::<DatasetRow>(&mut conn.0)?;
    rows.into_iter().map(dataset).collect()
}

/// All versions of a dataset, in whatever state: synthetic ones after de-identified ones, each tier oldest first.
pub fn list_versions(conn: &mut Conn, dataset: &Name) -> Result<Vec<Version>, StoreError> {
    let query = versions::table.filter(versions::dataset.eq(dataset.as_str()));
    let rows = query.order((versions::tier, versions::number)).load::<VersionRow>(&mut conn.0)?;
    rows.iter().map(version).collect()
}

/// All versions of all datasets, oldest first.
pub(crate) fn list_all_versions(conn: &mut Conn) -> Result<Vec<Version>, StoreError> {
    let order = (versions::dataset, versions::tier, versions::number);
    let rows = versions::table.order(order).load::<VersionRow>(&mut conn.0)?;
    rows.iter().map(version).collect()
}

/// The version with that identifier, when there is one.
pub fn find_version(conn: &mut Conn, id: VersionId) -> Result<Option<Version>, StoreError> {
    let row = versions::table.find(id.to_string()).first::<VersionRow>(&mut conn.0).optional()?;
    row.as_ref().map(version).transpose()
}

/// The manifest of a version, when there is one.
pub fn find_manifest(conn: &mut Conn, dataset: &Name, tier: Tier, number: u32) -> Result<Option<Manifest>, StoreError> {
    let query = versions::table
        .filter(versions::dataset.eq(dataset.as_str()))
        .filter(versions::tier.eq(tier.as_str()))
        .filter(versions::number.eq(i64::from(number)))
        .select(versions::manifest);
    let text = query.first::<String>(&mut conn.0).optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(StoreError::corrupt)).transpose()
}

/// Puts a version into another state. The rest of it never changes.
pub fn update_version_state(conn: &mut Conn, id: VersionId, state: VersionState) -> Result<(), StoreError> {
    let (state, state_at) = version_state_columns(state);
    let set = (versions::state.eq(state), versions::state_at.eq(state_at));
    updating(diesel::update(versions::table.find(id.to_string())).set(set).execute(&mut conn.0), "version")?;
    generation::bump(conn)?;
    tell_readers(conn, id)
}

/// Tells the companies that may read a de-identified version that it is there, or that its copies must go.
fn tell_readers(conn: &mut Conn, id: VersionId) -> Result<(), StoreError> {
    let Some(version) = find_version(conn, id)? else { return Ok(()) };
    let (topic, at) = match version.state {
        VersionState::Staged => return Ok(()),
        VersionState::Published { published_at } => (Topic::VersionPublished, published_at),
        VersionState::Withdrawn { withdrawn_at } => (Topic::VersionWithdrawn, withdrawn_at),
    };
    let granted = grants::list_grants(conn, GrantsOf::All)?;
    let reads = |grant: &Grant| grant.dataset == version.dataset && grant.tier == version.tier && grant.is_live(at);
    let readers: BTreeSet<_> = granted.iter().filter(|grant| reads(grant)).map(|grant| grant.organization).collect();
    let mut told = readers.into_iter().map(|reader| Occurrence::of_version(&version, topic, reader, at));
    told.try_for_each(|occurrence| notifications::tell(conn, &occurrence))
}

/// The dataset of that name, when there is one.
pub fn find_dataset(conn: &mut Conn, name: &Name) -> Result<Option<Dataset>, StoreError> {
    datasets::table.find(name.as_str()).first::<DatasetRow>(&mut conn.0).optional()?.map(dataset).transpose()
}

/// Puts a dataset into another state.
pub fn update_dataset_state(conn: &mut Conn, name: &Name, state: DatasetState) -> Result<(), StoreError> {
    let goes_on = state.as_str() == "active";
    let (state, state_at) = dataset_state_columns(state);
    let set = (datasets::state.eq(state), datasets::state_at.eq(state_at));
    updating(diesel::update(datasets::table.find(name.as_str())).set(set).execute(&mut conn.0), "dataset")?;
    if goes_on {
        stops::forget(conn, "dataset", name.as_str())?;
    }
    generation::bump(conn)
}

fn put_dataset(conn: &mut Conn, manifest: &Manifest, now: Timestamp) -> Result<(), StoreError> {
    let described = (
        datasets::title_ko.eq(&manifest.title.ko),
        datasets::title_en.eq(&manifest.title.en),
        datasets::summary_ko.eq(&manifest.summary.ko),
        datasets::summary_en.eq(&manifest.summary.en),
        datasets::licence.eq(&manifest.licence),
        datasets::source.eq(&manifest.source),
    );
    let known = diesel::update(datasets::table.find(&manifest.dataset)).set(described).execute(&mut conn.0)?;
    if known > 0 {
        return Ok(());
    }
    let (state, state_at) = dataset_state_columns(DatasetState::Active);
    let row = DatasetRow {
        name: manifest.dataset.clone(),
        title_ko: manifest.title.ko.clone(),
        title_en: manifest.title.en.clone(),
        summary_ko: manifest.summary.ko.clone(),
        summary_en: manifest.summary.en.clone(),
        licence: manifest.licence.clone(),
        source: manifest.source.clone(),
        state,
        state_at,
        created_at: now.micros(),
    };
    inserting(diesel::insert_into(datasets::table).values(row).execute(&mut conn.0), "the dataset")
}

fn dataset_state_columns(state: DatasetState) -> (String, Option<i64>) {
    let at = match state {
        DatasetState::Active => None,
        DatasetState::Suspended { suspended_at } => Some(suspended_at.micros()),
        DatasetState::Withdrawn { withdrawn_at } => Some(withdrawn_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn version_state_columns(state: VersionState) -> (String, Option<i64>) {
    let at = match state {
        VersionState::Staged => None,
        VersionState::Published { published_at } => Some(published_at.micros()),
        VersionState::Withdrawn { withdrawn_at } => Some(withdrawn_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn dataset(row: DatasetRow) -> Result<Dataset, StoreError> {
    Ok(Dataset {
        name: column::name(&row.name)?,
        title: column::bilingual(row.title_ko, row.title_en),
        summary: column::bilingual(row.summary_ko, row.summary_en),
        licence: row.licence,
        source: row.source,
        state: match row.state.as_str() {
            "active" => DatasetState::Active,
            "suspended" => DatasetState::Suspended { suspended_at: column::since(row.state_at, "suspended")? },
            "withdrawn" => DatasetState::Withdrawn { withdrawn_at: column::since(row.state_at, "withdrawn")? },
            other => return Err(column::unknown("state of a dataset", other)),
        },
    })
}

fn version(row: &VersionRow) -> Result<Version, StoreError> {
    let state = match row.state.as_str() {
        "staged" => VersionState::Staged,
        "published" => VersionState::Published { published_at: column::since(row.state_at, "published")? },
        "withdrawn" => VersionState::Withdrawn { withdrawn_at: column::since(row.state_at, "withdrawn")? },
        other => return Err(column::unknown("state of a version", other)),
    };
    let manifest: Manifest = serde_json::from_str(&row.manifest).map_err(StoreError::corrupt)?;
    manifest::version(&manifest, column::id(&row.id)?, state).map_err(|problem| StoreError::Corrupt(problem.0))
}
