//! `mudeung ledger verify`: from the rows, from outside, from an export, from a proof.

use super::ledger::{open, progress};
use super::log::{HttpLog, broken, failure, held, read_text, trust_somebody, write_whole};
use crate::cli::{LedgerArgs, VerifyArgs};
use crate::failure::Failure;
use crate::say;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_store::Ledger;
use mudeung_store::ledger::{VerifyError, VerifyReport};
use mudeung_wire::ledger::add_checkpoint::AddCheckpoint;
use mudeung_wire::ledger::audit::{Audited, BrokenLog, audit_log};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::export::{BrokenExport, verify_export};
use std::path::Path;

/// Checks what it is given.
pub(crate) async fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let subject = &args.subject;
    if let Some(url) = &subject.url {
        return of_server(args, url).await;
    }
    if let Some(folder) = &subject.export {
        return of_export(args, folder);
    }
    if let Some(file) = &subject.proof {
        return of_proof(args, file);
    }
    let ledger = LedgerArgs { config: subject.config.clone(), database: subject.database.clone() };
    of_rows(args, &open(&ledger)?).await
}

/// Recomputes the whole ledger, and holds it against a checkpoint that is held.
async fn of_rows(args: &VerifyArgs, ledger: &Ledger) -> Result<(), Failure> {
    let held = args.from.as_deref().map(|path| held(path, &args.trust)).transpose()?;
    let bar = progress("entries verified");
    let report = ledger
        .verify(|done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    let report = report.map_err(|error| match error {
        VerifyError::Store(error) => Failure::failed(error),
        fault @ VerifyError::Fault { .. } => broken(fault),
    })?;
    if let Some((_, held)) = &held {
        extends(ledger, held).await?;
    }
    say(&rows_hold(&report))?;
    let Some((_, held)) = held else { return Ok(()) };
    say(&format!("it extends the checkpoint over {} entries", held.size))?;
    if args.trust.verifier.is_empty() {
        say("the signature of that checkpoint was not checked: give --verifier")?;
    }
    Ok(())
}

fn rows_hold(report: &VerifyReport) -> String {
    let set_back = report.set_back.map(|back| {
        format!(
            "the clock was set back: entry {} says it is {} seconds older than one before it; the order is that of the indices\n",
            back.index,
            back.by_us / 1_000_000
        )
    });
    let pruned = match report.pruned {
        0 => String::new(),
        pruned => format!(" (the first {pruned} were given up; their hashes and usage hold)"),
    };
    format!(
        "{}the ledger holds: {} entries{pruned}, root {}, {} open INTENTs, usage equals the fold of the entries",
        set_back.unwrap_or_default(),
        report.head.size,
        STANDARD.encode(report.head.root),
        report.open_intents
    )
}

/// Whether a ledger begins with the tree of a checkpoint.
async fn extends(ledger: &Ledger, held: &Checkpoint) -> Result<(), Failure> {
    let latest = ledger.latest_checkpoint().await.map_err(Failure::failed)?.map(|(_, note)| note);
    let present = latest.as_deref().and_then(|note| note.lines().next()).unwrap_or(&held.origin);
    if present != held.origin {
        return Err(broken(BrokenLog::OtherLog { held: held.origin.clone(), present: present.to_owned() }));
    }
    match ledger.root_at(held.size).await.map_err(Failure::failed)? {
        Some(root) if root == held.root => Ok(()),
        Some(_) => Err(broken(BrokenLog::Forked(held.size))),
        None => {
            let present = ledger.head().await.map_err(Failure::failed)?.size;
            Err(broken(BrokenLog::WentBack { held: held.size, present }))
        }
    }
}

/// Checks a server's ledger as anybody sees it.
async fn of_server(args: &VerifyArgs, url: &str) -> Result<(), Failure> {
    let trust = trust_somebody(&args.trust)?;
    let held = args.from.as_deref().map(|path| held(path, &args.trust)).transpose()?.map(|(_, held)| held);
    let (log, bar) = (HttpLog::new(url)?, progress("leaves checked"));
    let told = bar.clone();
    let audited = audit_log(&log, &trust, held.as_ref(), move |done, all| {
        told.set_length(all);
        told.set_position(done);
    });
    let audited = audited.await;
    bar.finish_and_clear();
    let Audited { note, witnessed } = audited.map_err(failure)?;
    if let Some(path) = &args.keep {
        write_whole(path, &note)?;
    }
    let Checkpoint { origin, size, root } = &witnessed.checkpoint;
    let extends = held.map(|held| format!(", extends the checkpoint over {} entries", held.size));
    say(&format!(
        "the ledger holds: {origin}, {size} entries, root {}, {} witnesses{}",
        STANDARD.encode(root),
        witnessed.witnesses.len(),
        extends.unwrap_or_default()
    ))
}

/// Checks the folder of an export, with any of the keys that are given.
fn of_export(args: &VerifyArgs, folder: &Path) -> Result<(), Failure> {
    trust_somebody(&args.trust)?;
    if !folder.is_dir() {
        return Err(Failure::input(format!("{} is not a folder", folder.display())));
    }
    let enclosed = read_text(&folder.join(mudeung_wire::ledger::export::VERIFIER))?;
    let keys = args.trust.verifier.iter().map(|key| super::log::verifier(key)).collect::<Result<Vec<_>, _>>()?;
    // The key in the folder only says which of those that are trusted was used.
    let used = keys.iter().find(|key| key.to_string() == enclosed.trim()).or(keys.first());
    let used: &LogVerifier = used.ok_or_else(|| Failure::input("--verifier is missing"))?;
    let bar = progress("entries checked");
    let checked = verify_export(folder, used, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let checked = checked.map_err(|error| match error {
        BrokenExport::Io { ref source, .. } if source.kind() != std::io::ErrorKind::NotFound => Failure::failed(error),
        fault => Failure::broken(format!("THE EXPORT DOES NOT HOLD: {fault}")),
    })?;
    let manifest = &checked.manifest;
    say(&format!(
        "the export holds: {}, {} entries from {} to before {}, under a checkpoint over {}",
        manifest.origin, checked.entries, manifest.start, manifest.end, checked.checkpoint.size
    ))
}

/// Checks a consistency proof against the checkpoint that it begins with.
fn of_proof(args: &VerifyArgs, file: &Path) -> Result<(), Failure> {
    let trust = trust_somebody(&args.trust)?;
    let from = args.from.as_deref().ok_or_else(|| Failure::input("--from is missing"))?;
    let (_, held) = held(from, &args.trust)?;
    let proof = AddCheckpoint::parse(&read_text(file)?);
    let proof = proof.map_err(|problem| Failure::input(format!("{}: {problem}", file.display())))?;
    if proof.old != held.size {
        let (old, size) = (proof.old, held.size);
        return Err(Failure::input(format!("the proof begins at {old} entries, the checkpoint of --from has {size}")));
    }
    let proved = proof.verify(&held, &trust);
    let proved = proved.map_err(|error| Failure::broken(format!("THE PROOF DOES NOT HOLD: {error}")))?;
    let Checkpoint { origin, size, .. } = &proved.checkpoint;
    say(&format!("the proof holds: {origin} of {size} entries begins with the {} of the checkpoint", held.size))
}
