//! From a configuration file to the parts of a server.

use crate::cli::ReasonArgs;
use crate::failure::Failure;
use crate::system::{self, SystemClock, SystemEntropy};
use mudeung_core::clock::{Clock, Entropy};
use mudeung_engine::{Bucket, Engine, EngineOptions, Location, Place};
use mudeung_server::Parts;
use mudeung_server::config::{Config, StoreAddress};
use mudeung_server::keys::kek::KeyEncryptionKey;
use mudeung_server::keys::{KeyError, Keys, read_private};
use mudeung_store::{Db, Ledger, LedgerOptions};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::path::Path;
use std::sync::Arc;

const REASON_CHARACTERS_MAX: usize = 500;

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
        turn_seconds: config.limits.turn_seconds,
        background_queries: config.jobs.at_once,
        background_query_seconds: config.jobs.query_seconds,
        ..EngineOptions::default()
    };
    let engine = Engine::open(open_place(&config)?, options).map_err(Failure::failed)?;
    let keys = open_keys(&config)?;
    let provider = crate::provider::open(&config)?;
    Ok(Parts {
        config,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        db,
        ledger,
        reader: Arc::new(engine),
        keys,
        provider,
    })
}

/// Opens the place of the published versions.
pub(crate) fn open_place(config: &Config) -> Result<Place, Failure> {
    Place::open(&location(config)?).map_err(Failure::failed)
}

/// Where the published versions lie.
fn location(config: &Config) -> Result<Location, Failure> {
    let (name, prefix) = match &config.data.store {
        StoreAddress::Folder(folder) => return Ok(Location::Folder(folder.clone())),
        StoreAddress::Bucket { name, prefix } => (name.clone(), prefix.clone()),
    };
    let given = &config.data.bucket;
    let keys = match (&given.access_key_id, &given.secret_access_key_file) {
        (Some(id), Some(file)) => {
            let secret = read_private(file).map_err(|error| Failure::failed(format!("data.bucket: {error}")))?;
            Some((id.clone(), secret.expose().trim().to_owned()))
        }
        _ => None,
    };
    Ok(Location::Bucket(Bucket {
        name,
        prefix,
        region: given.region.clone(),
        endpoint: given.endpoint.clone(),
        allow_http: given.allow_http,
        keys,
    }))
}

/// Opens the server's own keys.
pub(crate) fn open_keys(config: &Config) -> Result<Keys, Failure> {
    load_keys(&config.data.keys, config.keys.encryption_key_file.as_deref())
}

/// Opens the keys of a folder, decrypted with the key-encryption key of that file or of the environment.
pub(crate) fn load_keys(folder: &Path, encryption_key_file: Option<&Path>) -> Result<Keys, Failure> {
    let kek = key_encryption_key(encryption_key_file)?;
    Keys::load_or_create(folder, kek.as_ref(), &SystemEntropy).map_err(keys_failure)
}

/// The key-encryption key of a file, or else of the environment, when there is one.
pub(crate) fn key_encryption_key(file: Option<&Path>) -> Result<Option<KeyEncryptionKey>, Failure> {
    let read = match (file, system::key_encryption_key()) {
        (Some(file), _) => Some(KeyEncryptionKey::read(file)),
        (None, Some(value)) => Some(KeyEncryptionKey::from_variable(&value)),
        (None, None) => None,
    };
    read.transpose().map_err(keys_failure)
}

/// What is wrong with the keys is told as it is.
pub(crate) fn keys_failure(error: KeyError) -> Failure {
    Failure::failed(format!("keys: {error}"))
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
    recorded_as(ledger, intent, change, |_| None).await
}

/// The same; the OUTCOME says what is said of what was done.
pub(crate) async fn recorded_as<T>(
    ledger: &Ledger,
    intent: Entry,
    change: impl Future<Output = Result<T, Failure>>,
    said: impl FnOnce(&T) -> Option<String>,
) -> Result<T, Failure> {
    // Boxed: two entries and a change are more than a caller's future should carry.
    Box::pin(mudeung_server::record::recorded(ledger, &SystemClock, &SystemEntropy, intent, change, said)).await
}

/// An INTENT for a change made at the command line.
pub(crate) fn intent(operation: &str, detail: impl Into<String>) -> Entry {
    let mut nonce = [0_u8; 16];
    SystemEntropy.fill(&mut nonce);
    Entry { detail: Some(detail.into()), ..Entry::new(Kind::Intent, operation, SystemClock.now().micros(), nonce) }
}

/// Why something is done, as it was given.
pub(crate) fn reason(args: &ReasonArgs) -> Result<String, Failure> {
    let reason = args.reason.trim();
    let plain = !reason.chars().any(char::is_control);
    if plain && (1..=REASON_CHARACTERS_MAX).contains(&reason.chars().count()) {
        return Ok(reason.to_owned());
    }
    Err(Failure::input(format!("--reason: say why, in 1 to {REASON_CHARACTERS_MAX} characters")))
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
