//! `mudeung ledger export`: a folder that proves itself.

use super::ledger::{open, progress};
use crate::cli::{ExportArgs, LedgerArgs};
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{say, setup};
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_server::audit::export::{Export, Format, Order};
use mudeung_server::keys::Keys;
use mudeung_server::ledger::signer::Signer;
use mudeung_server::ledger::years::closed_years;
use mudeung_store::{CheckpointStore, Ledger};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use std::path::{Path, PathBuf};

/// Writes the entries of a period into a folder.
pub(crate) async fn export(ledger: &LedgerArgs, args: &ExportArgs) -> Result<(), Failure> {
    let order = Order {
        format: Format::parse(&args.format)
            .ok_or_else(|| Failure::input("--format: ndjson, csv, fhir-r4 or fhir-r5"))?,
        from: args.from.as_deref().map(|text| moment("--from", text)).transpose()?,
        until: args.to.as_deref().map(|text| moment("--to", text)).transpose()?,
        made_at: SystemClock.now(),
    };
    if args.out.exists() {
        return Err(Failure::input(format!("{} is there already; name a folder that is not", args.out.display())));
    }
    let (opened, keys) = (open(ledger)?, keys(ledger, args)?);
    let note = checkpoint(ledger, &opened, &keys).await?;
    let export = match args.year {
        Some(year) => {
            let run = entries_of(&opened, year).await?;
            Export::begin_run(&opened, keys.ledger(), &note, order, run).await
        }
        None => Export::begin(&opened, keys.ledger(), &note, order).await,
    };
    let mut export = export.map_err(Failure::failed)?;
    if args.with_openings {
        let config = ledger.config.as_deref().ok_or_else(|| Failure::input("--with-openings needs --config"))?;
        export = export.with_openings(&setup::open_control(&setup::read_config(config)?).await?);
    }
    let entries = export.entries();
    write_folder(export, &args.out).await?;
    say(&format!("{}: {entries} entries, signed and provable", args.out.display()))
}

/// The entries of a year that was closed, as far as they were not given up.
async fn entries_of(ledger: &Ledger, year: i16) -> Result<(u64, u64), Failure> {
    let closed = closed_years(ledger).await.map_err(Failure::failed)?;
    let known: Vec<String> = closed.iter().map(|closed| closed.end.year.to_string()).collect();
    let Some(found) = closed.into_iter().find(|closed| closed.end.year == year) else {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::input(format!(
            "--year: {year} was not closed in this ledger (closed: {known}); a running server closes a year when it is over"
        )));
    };
    let pruned = ledger.pruned().await.map_err(Failure::failed)?;
    Ok((found.from.max(pruned), found.end.until.max(pruned)))
}

/// Writes an export under another name, which becomes the folder's own when all of it is there.
pub(super) async fn write_folder(mut export: Export, out: &Path) -> Result<(), Failure> {
    let bar = progress("entries exported");
    bar.set_length(export.entries());
    let above = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::tempdir_in(above).map_err(|error| cannot_write(out, &error))?;
    while let Some(piece) = export.next().await.map_err(Failure::failed)? {
        write(&folder.path().join(&piece.name), &piece.bytes).map_err(|error| cannot_write(out, &error))?;
        bar.set_position(export.written());
    }
    std::fs::rename(folder.path(), out).map_err(|error| cannot_write(out, &error))?;
    // The folder has its own name now; there is nothing left to clear.
    let _: PathBuf = folder.keep();
    std::fs::File::open(above).and_then(|above| above.sync_all()).map_err(|error| cannot_write(out, &error))?;
    bar.finish_and_clear();
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(path)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// The server's keys: what is signed here is signed by the log.
fn keys(ledger: &LedgerArgs, args: &ExportArgs) -> Result<Keys, Failure> {
    let config = ledger.config.as_deref().map(setup::read_config).transpose()?;
    let file = config.as_ref().and_then(|config| config.keys.encryption_key_file.as_deref());
    match (&args.keys, &config) {
        (Some(folder), _) if !folder.is_dir() => {
            Err(Failure::input(format!("there are no keys at {}", folder.display())))
        }
        (Some(folder), _) => setup::load_keys(folder, file),
        (None, Some(config)) => setup::open_keys(config),
        (None, None) => Err(Failure::input("say where the log's key lies: --keys DIR")),
    }
}

/// The last checkpoint of a ledger; with a configuration, which names keys and the store of checkpoints, one of the
/// present tree.
pub(super) async fn present_checkpoint(args: &LedgerArgs, ledger: &Ledger) -> Result<String, Failure> {
    if let Some(config) = &args.config {
        let keys = setup::open_keys(&setup::read_config(config)?)?;
        return checkpoint(args, ledger, &keys).await;
    }
    let latest = ledger.latest_checkpoint().await.map_err(Failure::failed)?;
    let none = || Failure::failed("the ledger has no checkpoint yet; start the server once, or give --config");
    latest.map(|(_, note)| note).ok_or_else(none)
}

/// The checkpoint to export under: signed for the present tree as the server does it when there is a configuration that
/// says where checkpoints are kept, else the last one that the server signed.
pub(super) async fn checkpoint(args: &LedgerArgs, ledger: &Ledger, keys: &Keys) -> Result<String, Failure> {
    let latest = ledger.latest_checkpoint().await.map_err(Failure::failed)?.map(|(_, note)| note);
    let signed_under = latest.as_deref().and_then(|note| note.lines().next()).map(str::to_owned);
    let Some(config) = args.config.as_deref().map(setup::read_config).transpose()? else {
        let none = || Failure::failed("the ledger has no checkpoint yet; start the server once, or give --config");
        let (note, origin) = latest.zip(signed_under).ok_or_else(none)?;
        let verifier = LogVerifier::new(origin, keys.ledger().verifying_key());
        Checkpoint::verify(&note, &verifier)
            .map_err(|error| Failure::failed(format!("the last checkpoint: {error}")))?;
        return Ok(note);
    };
    let checkpoints = CheckpointStore::open(&config.checkpoints()).map_err(Failure::failed)?;
    let configured = Some(config.ledger.origin.clone()).filter(|origin| !origin.is_empty());
    let origin = configured.or(signed_under).unwrap_or_else(|| "ledger".to_owned());
    let former = config.ledger.former_verifiers.iter().filter_map(|text| LogVerifier::parse(text));
    let own = LogVerifier::new(origin.clone(), keys.ledger().verifying_key());
    let verifiers: Vec<LogVerifier> = std::iter::once(own).chain(former).collect();
    let signer =
        Signer { ledger, checkpoints: &checkpoints, origin: &origin, key: keys.ledger(), verifiers: &verifiers };
    Ok(signer.sign().await.map_err(Failure::failed)?.note)
}

fn moment(name: &str, text: &str) -> Result<Timestamp, Failure> {
    mudeung_server::data::usage::parse_moment(text)
        .ok_or_else(|| Failure::input(format!("{name}: a moment as in 2026-01-31T00:00:00+09:00, not `{text}`")))
}

fn cannot_write(out: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", out.display()))
}
