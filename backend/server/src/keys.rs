//! The server's own keys: where they lie, who may read them, and what is derived from them.
//!
//! Two of them lie in files: the master secret and the key that signs checkpoints. The keys that sign access tokens come
//! and go ([`mudeung_core::signing_key`]), so they lie in the control database, where every node sees the same at the same
//! time, encrypted under a key derived from the master secret.

mod folder;
pub mod kek;
pub mod live;
pub mod office;
pub(crate) mod sealing;
pub mod token_key;

use crate::hex::hex;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use folder::Folder;
pub use folder::read_private;
use hkdf::Hkdf;
use kek::KeyEncryptionKey;
use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use p256::pkcs8::LineEnding;
use sha2::Sha256;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

const MASTER: &str = "master.key";
const LEDGER: &str = "ledger-ed25519.pem";
const WITNESS: &str = "witness-ed25519.pem";

/// The server's own keys. One master secret, from which all symmetric keys are derived, and the key that signs
/// checkpoints.
pub struct Keys {
    pepper: Secret<[u8; 32]>,
    url: Secret<[u8; 32]>,
    cursor: Secret<[u8; 32]>,
    session: Secret<[u8; 32]>,
    nonce: Secret<[u8; 32]>,
    sealing: Secret<[u8; 32]>,
    answers: Secret<[u8; 32]>,
    ledger: SigningKey,
    encrypted: bool,
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
    /// It is encrypted, and nothing is there to decrypt it with.
    #[error(
        "{} is encrypted: name the file of the key-encryption key in keys.encryption_key_file, or set {}",
        path.display(),
        kek::VARIABLE
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is not encrypted, though it should be. It may be older than the key-encryption key, or somebody put it there.
    #[error(
        "{} is not encrypted, although a key-encryption key is configured; encrypt it with `mudeung key seal`, or restore \
         the encrypted file from a backup when it was encrypted before",
        path.display()
    )]
    Unsealed {
        /// The file.
        path: PathBuf,
    },
    /// It was encrypted under another key-encryption key.
    #[error(
        "{} was encrypted under the key-encryption key {wanted}, and {given} is configured; configure the former, or give \
         it to `mudeung key seal --from`",
        path.display()
    )]
    OtherKek {
        /// The file.
        path: PathBuf,
        /// The one it was encrypted under.
        wanted: String,
        /// The one that is configured.
        given: String,
    },
    /// What is configured is no key-encryption key.
    #[error("{place}: a key-encryption key is {problem}")]
    Kek {
        /// The file or the variable.
        place: String,
        /// What it should be.
        problem: &'static str,
    },
    /// The signing keys in the control database do not belong to this master key.
    #[error(
        "the signing keys in the control database cannot be decrypted with {MASTER}: it is not the one they were made \
         with, or they were changed; restore {MASTER} from a backup"
    )]
    Foreign,
    /// No key could be made.
    #[error("no signing key could be made")]
    Generation,
}

impl Keys {
    /// Reads the keys of a folder; makes those that are not there yet. Folder and files must be readable by their owner
    /// alone. With a key-encryption key the files are encrypted under it, and others are refused.
    pub fn load_or_create(dir: &Path, kek: Option<&KeyEncryptionKey>, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let folder = Folder::open(dir, kek)?;
        let master = read_master(&folder, entropy)?;
        let ledger = read_ed25519(&folder, LEDGER, entropy)?;
        let derive = |purpose| derive(&master, purpose).ok_or_else(|| folder.damaged(MASTER, "no key can be derived"));
        Ok(Self {
            pepper: derive("credential-pepper")?,
            url: derive("signed-url")?,
            cursor: derive("cursor")?,
            session: derive("session")?,
            nonce: derive("dpop-nonce")?,
            sealing: derive("signing-keys")?,
            answers: derive("answers")?,
            ledger,
            encrypted: kek.is_some(),
        })
    }

    /// Encrypts the key files of a folder that are not encrypted, and those encrypted under an older key-encryption key
    /// anew. Answers their names. What was done before an error stays done, and doing it again does the rest.
    pub fn seal(
        dir: &Path,
        kek: &KeyEncryptionKey,
        older: Option<&KeyEncryptionKey>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<&'static str>, KeyError> {
        let folder = Folder::open(dir, Some(kek))?;
        let mut sealed = Vec::new();
        for name in [MASTER, LEDGER] {
            if folder.seal(name, older, entropy)? {
                sealed.push(name);
            }
        }
        Ok(sealed)
    }

    /// Whether the files are encrypted.
    pub const fn are_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The key under which signing keys are encrypted.
    const fn sealing(&self) -> &Secret<[u8; 32]> {
        &self.sealing
    }

    /// The key under which answers that may be given again are encrypted.
    pub const fn answers(&self) -> &Secret<[u8; 32]> {
        &self.answers
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

    /// The key that signs checkpoints.
    pub const fn ledger(&self) -> &SigningKey {
        &self.ledger
    }
}

fn read_master(folder: &Folder<'_>, entropy: &dyn Entropy) -> Result<Secret<[u8; 32]>, KeyError> {
    let text = folder.read_or_make(MASTER, entropy, || {
        let mut bytes = [0_u8; 32];
        entropy.fill(&mut bytes);
        let text: String = hex(&bytes);
        Ok(Secret::new(format!("{text}\n")))
    })?;
    parse_hex(text.expose()).ok_or_else(|| folder.damaged(MASTER, "not 64 hexadecimal digits"))
}

/// Reads 32 bytes from 64 hexadecimal digits.
fn parse_hex(text: &str) -> Option<Secret<[u8; 32]>> {
    let hex = text.trim_end();
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for (position, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(position * 2..position * 2 + 2)?, 16).ok()?;
    }
    Some(Secret::new(bytes))
}

fn derive(master: &Secret<[u8; 32]>, purpose: &str) -> Option<Secret<[u8; 32]>> {
    let mut key = [0_u8; 32];
    let extracted = Hkdf::<Sha256>::new(Some(b"mudeung"), master.expose());
    extracted.expand(format!("mudeung/{purpose}/v1").as_bytes(), &mut key).ok()?;
    Some(Secret::new(key))
}

/// The key of a witness in a folder of its own; made when it is not there.
pub fn read_witness_key(dir: &Path, entropy: &dyn Entropy) -> Result<SigningKey, KeyError> {
    read_ed25519(&Folder::open(dir, None)?, WITNESS, entropy)
}

fn read_ed25519(folder: &Folder<'_>, name: &str, entropy: &dyn Entropy) -> Result<SigningKey, KeyError> {
    let pem = folder.read_or_make(name, entropy, || {
        let mut seed = [0_u8; 32];
        entropy.fill(&mut seed);
        let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).ok();
        let pem = pem.ok_or_else(|| folder.damaged(name, "cannot be written as PEM"))?;
        Ok(Secret::new(pem.to_string()))
    })?;
    SigningKey::from_pkcs8_pem(pem.expose()).ok().ok_or_else(|| folder.damaged(name, "not an Ed25519 key in PEM"))
}
