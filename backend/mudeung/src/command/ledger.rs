//! `mudeung ledger verify|export|prove`.

use crate::cli::LedgerArgs;
use crate::failure::Failure;
use crate::{say, setup};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_store::{EntryFilter, Ledger};
use mudeung_wire::ledger::tree::leaf_hash;
use std::io::Write;
use std::path::Path;

/// Entries fetched at once.
const PAGE: usize = 1_000;

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

/// Writes all entries, oldest first, under a temporary name that becomes the final one when all are written.
pub(crate) async fn export(args: &LedgerArgs, out: &Path) -> Result<(), Failure> {
    let ledger = open(args)?;
    let head = ledger.head().await.map_err(Failure::failed)?;
    let bar = progress("entries exported");
    bar.set_length(head.size);
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|e| cannot_write(out, &e))?;
    let mut writer = std::io::BufWriter::new(file);
    let mut next = 0;
    while next < head.size {
        let end = head.size.min(next.saturating_add(PAGE.try_into().unwrap_or(u64::MAX)));
        let mut page = ledger.entries(EntryFilter::default(), Some(end), PAGE).await.map_err(Failure::failed)?;
        page.retain(|(index, _)| *index >= next);
        for (index, entry) in page.iter().rev() {
            let bytes = entry.to_bytes().map_err(Failure::failed)?;
            let line =
                serde_json::json!({"index": index, "leaf_hash": STANDARD.encode(leaf_hash(&bytes)), "entry": entry});
            writeln!(writer, "{line}").map_err(|e| cannot_write(out, &e))?;
        }
        bar.set_position(end);
        next = end;
    }
    let file = writer.into_inner().map_err(|e| cannot_write(out, e.error()))?;
    file.as_file().sync_all().map_err(|e| cannot_write(out, &e))?;
    file.persist(out).map_err(|e| cannot_write(out, &e.error))?;
    bar.finish_and_clear();
    say(&format!("{}: {} entries", out.display(), head.size))
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

fn open(args: &LedgerArgs) -> Result<Ledger, Failure> {
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

fn cannot_write(out: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", out.display()))
}

fn progress(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(0).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
