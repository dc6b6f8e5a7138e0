//! `mudeung ledger verify|prove`; its sibling `export` writes.

use crate::cli::LedgerArgs;
use crate::failure::Failure;
use crate::{say, setup};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_store::Ledger;
use mudeung_wire::ledger::tree::leaf_hash;
use std::path::Path;

/// Recomputes the whole ledger.
pub(crate) async fn verify(args: &LedgerArgs) -> Result<(), Failure> {
    let ledger = open(args)?;
    let bar = progress("entries verified");
    let report = ledger
        .verify(|done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    let report = report.map_err(|fault| Failure::failed(format!("THE LEDGER DOES NOT HOLD: {fault}")))?;
    if let Some(back) = report.set_back {
        say(&format!(
            "the clock was set back: entry {} says it is {} seconds older than one before it; the order is that of the indices",
            back.index,
            back.by_us / 1_000_000
        ))?;
    }
    say(&format!(
        "the ledger holds: {} entries, root {}, {} open INTENTs, usage equals the fold of the entries",
        report.head.size,
        STANDARD.encode(report.head.root),
        report.open_intents
    ))
}

/// Prints the inclusion proof of one entry.
pub(crate) async fn prove(args: &LedgerArgs, index: u64) -> Result<(), Failure> {
    let ledger = open(args)?;
    let head = ledger.head().await.map_err(Failure::failed)?;
    let entry = ledger.entry(index).await.map_err(Failure::failed)?;
    let entry = entry.ok_or_else(|| {
        Failure::input(format!("there is no entry {index}: the ledger has {} entries, counted from 0", head.size))
    })?;
    let proof = ledger.prove(index, head.size).await.map_err(Failure::failed)?;
    let bytes = entry.to_bytes().map_err(Failure::failed)?;
    let hashes: Vec<String> = proof.unwrap_or_default().iter().map(|hash| STANDARD.encode(hash)).collect();
    let answer = serde_json::json!({
        "index": index,
        "size": head.size,
        "root": STANDARD.encode(head.root),
        "leaf_hash": STANDARD.encode(leaf_hash(&bytes)),
        "proof": hashes,
        "entry": entry,
    });
    say(&serde_json::to_string_pretty(&answer).map_err(Failure::failed)?)
}

pub(super) fn open(args: &LedgerArgs) -> Result<Ledger, Failure> {
    match (&args.config, &args.database) {
        (Some(config), _) => setup::open_ledger(&setup::read_config(config)?.database.ledger, 1),
        (None, Some(database)) => {
            let file = database.strip_prefix("sqlite://").unwrap_or(database);
            if !database.starts_with("postgres") && !Path::new(file).is_file() {
                return Err(Failure::input(format!("there is no ledger at {file}")));
            }
            setup::open_ledger(database, 1)
        }
        (None, None) => Err(Failure::input("say which ledger: --config FILE or --database DATABASE")),
    }
}

pub(super) fn progress(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(0).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
