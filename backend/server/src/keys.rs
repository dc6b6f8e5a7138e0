//! The server's own keys: where they lie, who may read them, and what is derived from them.

mod folder;
pub mod token_key;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use folder::Folder;
use hkdf::Hkdf;
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::secret::Secret;
use p256::pkcs8::LineEnding;
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use token_key::TokenKey;

#[cfg(test)]
mod tests;

/// How long a new key is published before it signs: twice as long as the key set may be cached.
pub const NOTICE: Duration = Duration::from_secs(600);

const MASTER: &str = "master.key";
const LEDGER: &str = "ledger-ed25519.pem";
const WITNESS: &str = "witness-ed25519.pem";
const TOKEN_PREFIX: &str = "token-";
const TOKEN_SUFFIX: &str = ".pem";

/// The server's own keys. One master secret, from which all symmetric keys are derived; the keys that sign tokens; the
/// key that signs checkpoints.
pub struct Keys {
    pepper: Secret<[u8; 32]>,
    url: Secret<[u8; 32]>,
    cursor: Secret<[u8; 32]>,
    session: Secret<[u8; 32]>,
    nonce: Secret<[u8; 32]>,
    tokens: Arc<[TokenKey]>,
    ledger: SigningKey,
}

/// Why the keys cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others on this machine could read it.
    #[error("{} can be read by others (mode {mode:03o}); run `chmod {wanted:03o} {}`", path.display(), path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a key. Restore it from a backup: a new master key makes every stored secret worthless.
    #[error("{}: {problem}; restore the file from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Keys {
    /// Reads the keys of a folder; makes those that are not there yet. Folder and files must be readable by their owner
    /// alone.
    pub fn load_or_create(dir: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let folder = Folder::open(dir)?;
        let master = read_master(&folder, entropy)?;
        let ledger = read_ed25519(&folder, LEDGER, entropy)?;
        let mut tokens = read_tokens(&folder)?;
        if tokens.is_empty() {
            make_token_key(&folder, Timestamp::default(), entropy)?;
            tokens = read_tokens(&folder)?;
        }
        let derive = |purpose| derive(&master, purpose).ok_or_else(|| folder.damaged(MASTER, "no key can be derived"));
        Ok(Self {
            pepper: derive("credential-pepper")?,
            url: derive("signed-url")?,
            cursor: derive("cursor")?,
            session: derive("session")?,
            nonce: derive("dpop-nonce")?,
            tokens: tokens.into(),
            ledger,
        })
    }

    /// Adds a key for signing tokens and gives its `kid`. It signs from [`NOTICE`] on, when everyone has fetched it. The
    /// file of an old key may be removed one token lifetime after that.
    pub fn rotate_token_key(dir: &Path, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<String, KeyError> {
        let start = clock.now().plus(NOTICE);
        make_token_key(&Folder::open(dir)?, Timestamp::from_seconds(start.seconds()), entropy)
    }

    /// The key under which the secrets of apps are hashed.
    pub const fn pepper(&self) -> &Secret<[u8; 32]> {
        &self.pepper
    }

    /// The key that signs file addresses.
    pub const fn url(&self) -> &Secret<[u8; 32]> {
        &self.url
    }

    /// The key that authenticates cursors.
    pub const fn cursor(&self) -> &Secret<[u8; 32]> {
        &self.cursor
    }

    /// The key of portal sessions.
    pub const fn session(&self) -> &Secret<[u8; 32]> {
        &self.session
    }

    /// The key of the nonces that proofs of possession carry.
    pub const fn nonce(&self) -> &Secret<[u8; 32]> {
        &self.nonce
    }

    /// The keys that sign and verify access tokens, oldest first; never empty.
    pub const fn tokens(&self) -> &Arc<[TokenKey]> {
        &self.tokens
    }

    /// The key that signs checkpoints.
    pub const fn ledger(&self) -> &SigningKey {
        &self.ledger
    }
}

fn read_master(folder: &Folder, entropy: &dyn Entropy) -> Result<Secret<[u8; 32]>, KeyError> {
    let text = folder.read_or_make(MASTER, || {
        let mut bytes = [0_u8; 32];
        entropy.fill(&mut bytes);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Secret::new(format!("{text}\n")))
    })?;
    let hex = text.expose().trim_end();
    let mut bytes = [0_u8; 32];
    let whole = hex.len() == 64 && hex.is_ascii();
    for (position, byte) in bytes.iter_mut().enumerate() {
        let digits = hex.get(position * 2..position * 2 + 2).filter(|_| whole);
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        *byte = value.ok_or_else(|| folder.damaged(MASTER, "not 64 hexadecimal digits"))?;
    }
    Ok(Secret::new(bytes))
}

fn derive(master: &Secret<[u8; 32]>, purpose: &str) -> Option<Secret<[u8; 32]>> {
    let mut key = [0_u8; 32];
    let extracted = Hkdf::<Sha256>::new(Some(b"mudeung"), master.expose());
    extracted.expand(format!("mudeung/{purpose}/v1").as_bytes(), &mut key).ok()?;
    Some(Secret::new(key))
}

/// The key of a witness in a folder of its own; made when it is not there.
pub fn read_witness_key(dir: &Path, entropy: &dyn Entropy) -> Result<SigningKey, KeyError> {
    read_ed25519(&Folder::open(dir)?, WITNESS, entropy)
}

fn read_ed25519(folder: &Folder, name: &str, entropy: &dyn Entropy) -> Result<SigningKey, KeyError> {
    let pem = folder.read_or_make(name, || {
        let mut seed = [0_u8; 32];
        entropy.fill(&mut seed);
        let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).ok();
        let pem = pem.ok_or_else(|| folder.damaged(name, "cannot be written as PEM"))?;
        Ok(Secret::new(pem.to_string()))
    })?;
    SigningKey::from_pkcs8_pem(pem.expose()).ok().ok_or_else(|| folder.damaged(name, "not an Ed25519 key in PEM"))
}

fn read_tokens(folder: &Folder) -> Result<Vec<TokenKey>, KeyError> {
    let mut keys = Vec::new();
    for name in folder.names()? {
        let Some(start) = name.strip_prefix(TOKEN_PREFIX).and_then(|rest| rest.strip_suffix(TOKEN_SUFFIX)) else {
            continue;
        };
        let seconds = start.parse::<i64>().ok();
        let seconds = seconds.ok_or_else(|| folder.damaged(&name, "the name does not say when the key starts"))?;
        let pem = folder.read(&name)?;
        let key = TokenKey::from_pem(pem.expose(), Timestamp::from_seconds(seconds));
        keys.push(key.ok_or_else(|| folder.damaged(&name, "not a P-256 key in PEM"))?);
    }
    keys.sort_by_key(TokenKey::not_before);
    Ok(keys)
}

fn make_token_key(folder: &Folder, not_before: Timestamp, entropy: &dyn Entropy) -> Result<String, KeyError> {
    let name = format!("{TOKEN_PREFIX}{:010}{TOKEN_SUFFIX}", not_before.seconds());
    let pem = token_key::generate_pem(entropy).ok_or_else(|| folder.damaged(&name, "cannot be written as PEM"))?;
    folder.make(&name, pem.expose())?;
    let key = TokenKey::from_pem(pem.expose(), not_before);
    let key = key.ok_or_else(|| folder.damaged(&name, "not a P-256 key in PEM"))?;
    Ok(key.kid().to_owned())
}
