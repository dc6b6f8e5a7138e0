//! `datasets`: the catalogue, and the dictionary of one dataset.

use crate::args::Place;
use crate::failure::Failure;
use crate::output::{self, aligned, grouped};
use futures_util::TryStreamExt;
use mudeung_sdk::Client;
use mudeung_sdk::api::{DatasetItem, TableItem, TierItem, TwinItem};
use serde_json::json;

pub(crate) async fn run(client: &Client, place: Option<Place>, json: bool) -> Result<(), Failure> {
    match place {
        None => list(client, json).await,
        Some(place) => show(client, &place, json).await,
    }
}

async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let datasets: Vec<DatasetItem> = client.datasets().try_collect().await?;
    if json {
        return output::json(&datasets);
    }
    let rows: Vec<Vec<String>> = datasets
        .into_iter()
        .map(|item| vec![item.id, listed(&item.tiers), listed(&item.tiers_published), item.title])
        .collect();
    output::lines(&aligned(&["DATASET", "OPEN TO YOU", "PUBLISHED", "TITLE"], &rows))
}

async fn show(client: &Client, place: &Place, json: bool) -> Result<(), Failure> {
    let dataset = client.dataset(&place.dataset).await?;
    let mut tiers = Vec::new();
    for tier in tiers_at(&dataset, place) {
        let item = client.tier(&dataset.id, &tier, None).await?;
        let mut tables = Vec::new();
        for name in tables_at(&item, place) {
            tables.push(client.table(&format!("{}.{tier}.{name}", dataset.id))?.describe().await?);
        }
        tiers.push((item, tables));
    }
    if json {
        let tiers: Vec<_> = tiers.iter().map(|(tier, tables)| json!({ "tier": tier, "tables": tables })).collect();
        return output::json(&json!({ "dataset": dataset, "tiers": tiers }));
    }
    let mut lines = heading(&dataset);
    for (tier, tables) in &tiers {
        lines.extend(tier_lines(tier));
        for table in tables {
            lines.extend(table_lines(table));
        }
    }
    output::lines(&lines)
}

/// The tiers that a place names: the one it says, or all that are open.
pub(crate) fn tiers_at(dataset: &DatasetItem, place: &Place) -> Vec<String> {
    place.tier.clone().map_or_else(|| dataset.tiers.clone(), |tier| vec![tier])
}

/// The tables that a place names: the one it says, or all that are open.
pub(crate) fn tables_at(tier: &TierItem, place: &Place) -> Vec<String> {
    let all = || tier.tables.iter().map(|table| table.name.clone()).collect();
    place.table.clone().map_or_else(all, |table| vec![table])
}

fn heading(dataset: &DatasetItem) -> Vec<String> {
    let mut lines = vec![
        format!("{}: {}", dataset.id, dataset.title),
        dataset.summary.clone(),
        format!("licence: {}   source: {}", dataset.licence, dataset.source),
    ];
    let closed: Vec<_> = dataset.tiers_published.iter().filter(|tier| !dataset.tiers.contains(tier)).cloned().collect();
    if !closed.is_empty() {
        lines.push(format!("not open to you: {} (ask for access in the portal)", listed(&closed)));
    }
    lines
}

fn tier_lines(tier: &TierItem) -> Vec<String> {
    let kind = if tier.simulated { ", simulated" } else { "" };
    let risk = tier.risk.as_ref().map(|risk| format!(", k = {}", risk.k)).unwrap_or_default();
    let title =
        format!("{}.{}, version {} of {}{kind}{risk}", tier.dataset, tier.tier, tier.version, tier.published_at);
    vec![String::new(), title]
}

fn table_lines(table: &TableItem) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("{}.{}.{}: {} rows. {}", table.dataset, table.tier, table.name, grouped(table.rows), table.description),
    ];
    if let Some(TwinItem { mechanism, epsilon, delta, with }) = &table.twin {
        let with = with.as_ref().map_or(String::new(), |table| format!(", with all tables of a person in {table}"));
        lines.push(format!("drawn from a twin ({mechanism}): epsilon {epsilon}, delta {delta:e}{with}"));
    }
    if let Some(filter) = &table.row_filter {
        lines.push(format!("only rows where {filter}"));
    }
    let rows: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "yes" } else { "no" };
            let done = column.deidentification.as_ref().map(|done| format!(" [{done}]")).unwrap_or_default();
            let unit = column.unit.clone().unwrap_or_default();
            let meaning = format!("{}{done}", column.description);
            vec![format!("  {}", column.name), column.kind.clone(), null.to_owned(), unit, meaning]
        })
        .collect();
    lines.extend(aligned(&["  COLUMN", "TYPE", "NULL", "UNIT", "MEANING"], &rows));
    lines
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}
