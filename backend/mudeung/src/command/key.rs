//! `mudeung key list|rotate|revoke|seal`: the server's own keys.

use crate::cli::{ConfigArgs, KeyCommand, ReasonArgs};
use crate::failure::Failure;
use crate::system::{SystemClock, SystemEntropy};
use crate::{say, setup};
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::id::KeyId;
use mudeung_core::signing_key::{KeyRing, KeyState};
use mudeung_server::config::Config;
use mudeung_server::data::view::rfc3339;
use mudeung_server::keys::Keys;
use mudeung_server::keys::kek::KeyEncryptionKey;
use mudeung_server::keys::office::{KeyOffice, OfficeError};
use mudeung_store::{Db, Ledger};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Who is recorded; who may run commands on this machine is for the machine to say.
const BY: &str = "command line";

/// Shows keys or changes what they are for.
pub(crate) async fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::List(args) => list(&args).await,
        KeyCommand::Rotate(args) => {
            let by = by(&args)?;
            let (id, from) = Tools::open(&args.config).await?.office().rotate(&by).await.map_err(told)?;
            say(&format!("{id} signs from {} on, on every node; the one before it verifies on", rfc3339(from)))
        }
        KeyCommand::Revoke { id, args } => {
            let by = by(&args)?;
            let key = KeyId::parse(&id).map_err(|error| Failure::input(format!("{id}: {error}")))?;
            Tools::open(&args.config).await?.office().revoke(key, &by).await.map_err(told)?;
            say(&format!("{key} is revoked: whatever it signed is refused on every node within one second"))
        }
        KeyCommand::Seal { config, from } => seal(&config, from.as_deref()),
    }
}

async fn list(args: &ConfigArgs) -> Result<(), Failure> {
    let config = setup::read_config(&args.config)?;
    let db = setup::open_control(&config).await?;
    let ring = db.read("list signing keys", mudeung_store::signing_keys::list_signing_keys).await;
    let ring = ring.map_err(Failure::failed)?;
    if ring.keys.is_empty() {
        return say("there are no signing keys yet; the server makes them when it first starts");
    }
    lines(&ring, SystemClock.now(), config.signing_keys_kept()).iter().try_for_each(|line| say(line))
}

/// One line for each key: its identifier and what it is for.
fn lines(ring: &KeyRing, now: Timestamp, kept: Duration) -> Vec<String> {
    let said = |state: &KeyState| match state {
        KeyState::Standby => "stands by: published, signs nothing yet".to_owned(),
        KeyState::Signing { from, .. } if now < *from => format!("signs from {}", rfc3339(*from)),
        KeyState::Signing { until: None, .. } => "signs".to_owned(),
        KeyState::Signing { until: Some(until), .. } if now < *until => format!("signs until {}", rfc3339(*until)),
        KeyState::Signing { until: Some(until), .. } => format!("verifies until {}", rfc3339(until.plus(kept))),
        KeyState::Revoked { revoked_at, reason } => format!("revoked {}: {reason}", rfc3339(*revoked_at)),
    };
    ring.keys.iter().map(|key| format!("{}  {}", key.id, said(&key.state))).collect()
}

fn seal(args: &ConfigArgs, from: Option<&Path>) -> Result<(), Failure> {
    let config = setup::read_config(&args.config)?;
    let kek = setup::key_encryption_key(config.keys.encryption_key_file.as_deref())?.ok_or_else(|| {
        Failure::input(
            "there is no key-encryption key: name its file in keys.encryption_key_file (`mudeung key seal --help`)",
        )
    })?;
    let older = from.map(KeyEncryptionKey::read).transpose().map_err(setup::keys_failure)?;
    let sealed = Keys::seal(&config.data.keys, &kek, older.as_ref(), &SystemEntropy).map_err(setup::keys_failure)?;
    match sealed.as_slice() {
        [] => say(&format!("nothing to do: the keys are encrypted under {} already", kek.id())),
        names => say(&format!("encrypted under {}: {}", kek.id(), names.join(", "))),
    }
}

fn by(args: &ReasonArgs) -> Result<String, Failure> {
    Ok(format!("{BY}: {}", setup::reason(args)?))
}

fn told(error: OfficeError) -> Failure {
    match error {
        OfficeError::Refused(reason) => Failure::input(reason),
        other => Failure::failed(other),
    }
}

/// What the office of keys works with.
struct Tools {
    config: Config,
    db: Db,
    ledger: Ledger,
    keys: Keys,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Tools {
    async fn open(path: &Path) -> Result<Self, Failure> {
        let config = setup::read_config(path)?;
        Ok(Self {
            db: setup::open_control(&config).await?,
            ledger: setup::open_ledger(&config.database.ledger, 1)?,
            keys: setup::open_keys(&config)?,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            config,
        })
    }

    fn office(&self) -> KeyOffice<'_> {
        let Self { config, db, ledger, keys, clock, entropy } = self;
        KeyOffice { db, ledger, keys, clock, entropy, kept: config.signing_keys_kept() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::signing_key::SigningKey;

    #[test]
    fn each_key_is_told_with_what_it_is_for_now() {
        let at = Timestamp::from_seconds;
        let key = |seed: u8, state| SigningKey {
            id: KeyId::from_bytes([seed; 16]),
            public: Vec::new(),
            sealed: Vec::new(),
            published_at: at(0),
            state,
        };
        let signing = |from, until: Option<i64>| KeyState::Signing { from: at(from), until: until.map(at) };
        let revoked = KeyState::Revoked { revoked_at: at(10), reason: "stolen".to_owned() };
        let states = [KeyState::Standby, signing(0, Some(50)), signing(50, None), signing(200, None), revoked];
        let keys = states.into_iter().zip(1..).map(|(state, seed)| key(seed, state)).collect();
        let shown = lines(&KeyRing { keys }, at(100), Duration::from_secs(60));
        let ends = ["yet", "verifies until 1970-01-01T00:01:50Z", "  signs", "from 1970-01-01T00:03:20Z", ": stolen"];
        for (line, end) in shown.iter().zip(ends) {
            assert!(line.starts_with("key_") && line.ends_with(end), "{line}");
        }
    }
}
