//! Lays out views for tests that are written in other languages: reads a line of JSON, answers a line of JSON.
//!
//! A request names the root of a store, in which the file `small/deidentified/1/people/part-00000.parquet` lies, the
//! columns, and where to write the view. Every view is made by an engine of its own, so that nothing is remembered.

use futures_util::StreamExt;
use mudeung_core::id::FileId;
use mudeung_core::name::Name;
use mudeung_core::reader::{ColumnView, DatasetReader, FileView, TableAddress};
use mudeung_core::tier::Tier;
use mudeung_engine::{Engine, EngineOptions, Location, Place};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn std::error::Error>;

fn main() -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in std::io::stdin().lines() {
        let answer = match runtime.block_on(lay_out(&serde_json::from_str(&line?)?)) {
            Ok(answer) => answer,
            Err(problem) => json!({ "error": problem.to_string() }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

async fn lay_out(request: &Value) -> Result<Value, Problem> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).ok_or(format!("no {name}"));
    let columns = request.get("columns").and_then(Value::as_array).ok_or("no columns")?;
    let columns: Vec<String> = columns.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    let table = TableAddress {
        dataset: Name::parse("small")?,
        tier: Tier::Deidentified,
        version: 1,
        table: Name::parse("people")?,
    };
    let view = FileView {
        table,
        id: FileId::from_bytes([1; 16]),
        name: "part-00000.parquet".to_owned(),
        sha256: "ab".repeat(32),
        columns: ColumnView::Only(columns.into()),
    };
    let place = Place::open(&Location::Folder(PathBuf::from(text("root")?)))?;
    let engine = Engine::open(place, EngineOptions::default())?;
    let file = engine.open_file(&view).await?;
    let mut bytes = Vec::new();
    let mut chunks = file.read(0..file.len_bytes());
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?.bytes);
    }
    std::fs::write(text("out")?, &bytes)?;
    Ok(json!({ "length": file.len_bytes(), "etag": file.etag(), "sha256": file.sha256().await? }))
}
