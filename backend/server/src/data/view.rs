//! From what we know to what we show: core types to wire types, in the caller's language.

use crate::call::Language;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{Bilingual, Column, Dataset, Table, Twin, Version, VersionState};
use mudeung_core::grant::Grant;
use mudeung_core::policy::Permit;
use mudeung_core::tier::Tier;
use mudeung_wire::api::{
    ColumnItem, DatasetItem, GrantItem, GrantTable, TableItem, TableSummary, TierItem, TwinItem, VersionItem,
};
use mudeung_wire::manifest::{self, RiskFigures};

/// A moment as RFC 3339, UTC.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map(|at| at.to_string()).unwrap_or_default()
}

/// The text in a language.
pub fn pick(text: &Bilingual, language: Language) -> String {
    language.pick(&text.ko, &text.en).to_owned()
}

/// A dataset with the tiers that are open to the caller and those that exist.
pub fn dataset(dataset: &Dataset, open: &[Tier], published: &[Tier], language: Language) -> DatasetItem {
    let names = |tiers: &[Tier]| tiers.iter().map(ToString::to_string).collect();
    DatasetItem {
        id: dataset.name.to_string(),
        title: pick(&dataset.title, language),
        titles: manifest::Bilingual { ko: dataset.title.ko.clone(), en: dataset.title.en.clone() },
        summary: pick(&dataset.summary, language),
        tiers: names(open),
        tiers_published: names(published),
        licence: dataset.licence.clone(),
        source: dataset.source.clone(),
    }
}

/// A tier in one version with the tables that are open to the caller.
pub fn tier(version: &Version, permits: &[Permit], risk: Option<RiskFigures>) -> TierItem {
    let summary = |permit: &Permit| {
        let table = permit.table()?;
        Some(TableSummary { name: table.name.to_string(), rows: table.rows, columns: permit.columns.clone() })
    };
    TierItem {
        dataset: version.dataset.to_string(),
        tier: version.tier.to_string(),
        version: version.number,
        published_at: published_at(version),
        simulated: version.tier == Tier::Synthetic,
        tables: permits.iter().filter_map(summary).collect(),
        risk,
    }
}

/// A version in a list.
pub fn version(version: &Version) -> VersionItem {
    VersionItem {
        dataset: version.dataset.to_string(),
        tier: version.tier.to_string(),
        version: version.number,
        published_at: published_at(version),
    }
}

/// Schema and dictionary of a table, of the columns that are open to the caller.
pub fn table(permit: &Permit, table: &Table, language: Language) -> TableItem {
    let open = |column: &&Column| permit.columns.contains(&column.name);
    TableItem {
        dataset: permit.version.dataset.to_string(),
        tier: permit.version.tier.to_string(),
        version: permit.version.number,
        name: table.name.to_string(),
        description: pick(&table.description, language),
        rows: table.rows,
        simulated: permit.version.tier == Tier::Synthetic,
        twin: table.twin.as_ref().map(twin),
        row_filter: permit.rows.as_ref().map(ToString::to_string),
        columns: table.columns.iter().filter(open).map(|it| column(it, language)).collect(),
    }
}

fn twin(twin: &Twin) -> TwinItem {
    let with = twin.with.as_ref().map(ToString::to_string);
    TwinItem { mechanism: twin.mechanism.clone(), epsilon: twin.epsilon, delta: twin.delta, with }
}

/// A grant of the app.
pub fn grant(grant: &Grant) -> GrantItem {
    let tables = grant.tables.iter().map(|(name, table)| GrantTable {
        name: name.to_string(),
        columns: table.columns.iter().cloned().collect(),
        row_filter: table.rows.as_ref().map(ToString::to_string),
    });
    GrantItem {
        id: grant.id.to_string(),
        dataset: grant.dataset.to_string(),
        tier: grant.tier.to_string(),
        tables: tables.collect(),
        reach: grant.reach.as_str().to_owned(),
        purpose: grant.purpose.clone(),
        valid_from: rfc3339(grant.valid_from),
        valid_until: rfc3339(grant.valid_until),
        state: grant.state.as_str().to_owned(),
    }
}

fn column(column: &Column, language: Language) -> ColumnItem {
    ColumnItem {
        name: column.name.clone(),
        kind: column.kind.as_str().to_owned(),
        nullable: column.nullable,
        unit: column.unit.clone(),
        description: pick(&column.description, language),
        deidentification: column.deidentification.as_ref().map(|text| pick(text, language)),
    }
}

fn published_at(version: &Version) -> String {
    match version.state {
        VersionState::Published { published_at } => rfc3339(published_at),
        VersionState::Staged | VersionState::Withdrawn { .. } => rfc3339(version.created_at),
    }
}
