//! From a configuration file to the parts of a server.

use crate::failure::Failure;
use crate::system::{SystemClock, SystemEntropy};
use mudeung_core::clock::{Clock, Entropy};
use mudeung_engine::{EngineOptions, LocalEngine};
use mudeung_server::Parts;
use mudeung_server::config::Config;
use mudeung_server::keys::Keys;
use mudeung_store::{Db, Ledger, LedgerOptions};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::path::Path;
use std::sync::Arc;

/// Reads a configuration file.
pub(crate) fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
    Config::parse(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

/// Brings both databases to the schema of this program.
pub(crate) async fn migrate(config: &Config) -> Result<(), Failure> {
    for path in [&config.database.control, &config.database.ledger] {
        make_parent(path)?;
    }
    Db::migrate(&config.database.control).await.map_err(|e| Failure::failed(format!("control database: {e}")))?;
    Ledger::migrate(&config.database.ledger).map_err(|e| Failure::failed(format!("ledger: {e}")))
}

/// Opens everything a server is made of.
pub(crate) async fn parts(config: Config) -> Result<Parts, Failure> {
    let db = open_control(&config).await?;
    let ledger = open_ledger(&config.database.ledger, config.ledger.queue_entries_max)?;
    let options = EngineOptions {
        query_memory_bytes: config.limits.query_memory_bytes,
        query_seconds: config.limits.query_seconds,
        concurrent_reads: config.limits.concurrent_reads,
        ..EngineOptions::default()
    };
    let engine = LocalEngine::open(config.data.store.clone(), options)
        .map_err(|e| Failure::failed(format!("{}: {e}", config.data.store.display())))?;
    let keys =
        Keys::load_or_create(&config.data.keys, &SystemEntropy).map_err(|e| Failure::failed(format!("keys: {e}")))?;
    Ok(Parts {
        config,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        db,
        ledger,
        reader: Arc::new(engine),
        keys,
    })
}

/// Opens the control database.
pub(crate) async fn open_control(config: &Config) -> Result<Db, Failure> {
    Db::open(&config.database.control).await.map_err(|e| Failure::failed(format!("control database: {e}")))
}

/// Opens a ledger.
pub(crate) fn open_ledger(url: &str, queue_entries_max: usize) -> Result<Ledger, Failure> {
    let options = LedgerOptions { queue_entries_max, ..LedgerOptions::default() };
    Ledger::open(url, options).map_err(|e| Failure::failed(format!("ledger: {e}")))
}

/// Makes a change from the command line the way every change is made: an INTENT that is durable before it, an OUTCOME
/// after it.
pub(crate) async fn recorded<T>(
    ledger: &Ledger,
    intent: Entry,
    change: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let receipt = ledger.append(intent.clone()).await.map_err(|e| Failure::failed(format!("ledger: {e}")))?;
    let changed = change.await;
    let status = if changed.is_ok() { Status::Completed } else { Status::Aborted };
    let outcome = Entry {
        intent: Some(receipt.index),
        status: Some(status),
        detail: intent.detail,
        ..entry(Kind::Outcome, &intent.operation)
    };
    ledger.append(outcome).await.map_err(|e| Failure::failed(format!("ledger: {e}")))?;
    changed
}

/// An INTENT for a change made at the command line.
pub(crate) fn intent(operation: &str, detail: impl Into<String>) -> Entry {
    Entry { detail: Some(detail.into()), ..entry(Kind::Intent, operation) }
}

fn entry(kind: Kind, operation: &str) -> Entry {
    let mut nonce = [0_u8; 16];
    SystemEntropy.fill(&mut nonce);
    Entry::new(kind, operation, SystemClock.now().micros(), nonce)
}

/// Makes the folder that a SQLite file will lie in.
fn make_parent(url: &str) -> Result<(), Failure> {
    if url.starts_with("postgres") {
        return Ok(());
    }
    let path = Path::new(url.strip_prefix("sqlite://").unwrap_or(url));
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .map_err(|error| Failure::failed(format!("cannot make the folder of {}: {error}", path.display())))
}
