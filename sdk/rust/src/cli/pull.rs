//! `pull`: tables as checked Parquet files, with a progress bar.

use crate::args::Place;
use crate::datasets::{tables_at, tiers_at};
use crate::failure::Failure;
use crate::output::{self, grouped};
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_sdk::{Client, DownloadedFile, Table};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) async fn run(
    client: &Client,
    place: Place,
    version: Option<u32>,
    out: &Path,
    json: bool,
) -> Result<(), Failure> {
    if version.is_some() && place.tier.is_none() {
        let text = "a version belongs to a tier: name DATASET.TIER with --version";
        return Err(Failure::Input(text.to_owned()));
    }
    let mut answers = Vec::new();
    for (table, directory) in find_tables(client, &place, version, out).await? {
        let files = pull(&table, &directory).await?;
        for file in &files {
            match json {
                true => answers.push(json!({
                    "path": file.path,
                    "table": table.name().to_string(),
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "rows": file.rows,
                    "receipt": file.receipt,
                    "was_there": file.was_there,
                })),
                false => output::lines(&[line(file)])?,
            }
        }
    }
    if json { output::json(&answers) } else { Ok(()) }
}

async fn find_tables(
    client: &Client,
    place: &Place,
    version: Option<u32>,
    out: &Path,
) -> Result<Vec<(Table, PathBuf)>, Failure> {
    let dataset = client.dataset(&place.dataset).await?;
    let mut found = Vec::new();
    for tier in tiers_at(&dataset, place) {
        let item = client.tier(&dataset.id, &tier, version).await?;
        for name in tables_at(&item, place) {
            // Names from the network become directories: they must be plain.
            let full: Place = format!("{}.{tier}.{name}", place.dataset).parse().map_err(Failure::Failed)?;
            let table = client.table(&format!("{}.{tier}.{name}", full.dataset))?.at_version(item.version);
            found.push((table, out.join(&full.dataset).join(&tier).join(&name)));
        }
    }
    match found.is_empty() {
        true => Err(Failure::Failed(format!("no table of {} is open to you", place.dataset))),
        false => Ok(found),
    }
}

async fn pull(table: &Table, directory: &Path) -> Result<Vec<DownloadedFile>, Failure> {
    let bar = bar(&table.name().to_string());
    let files = table
        .download(directory, |progress| {
            bar.set_length(progress.table_size_bytes);
            bar.set_position(progress.table_bytes);
        })
        .await;
    bar.finish_and_clear();
    Ok(files?)
}

/// Shows nothing when standard error is not a terminal.
fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}

fn line(file: &DownloadedFile) -> String {
    let how = match (file.was_there, file.receipt) {
        (true, _) => "was there".to_owned(),
        (false, Some(receipt)) => format!("sha-256 right, ledger entry {receipt}"),
        (false, None) => "sha-256 right".to_owned(),
    };
    let (rows, bytes) = (grouped(file.rows), grouped(file.size_bytes));
    format!("{}  {rows} rows  {bytes} bytes  {how}", file.path.display())
}
