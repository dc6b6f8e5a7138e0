//! The key-encryption key: what the server's key files are encrypted under. It comes from the configuration or the
//! environment and never lies in the folder of keys.

use super::read_private;
use super::{KeyError, parse_hex};
use mudeung_core::secret::Secret;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The environment variable that may hold it instead of a file.
pub const VARIABLE: &str = "MUDEUNG_KEY_ENCRYPTION_KEY";
const WANTED: &str = "64 hexadecimal digits, as `openssl rand -hex 32` makes them";

/// A key-encryption key.
#[derive(Debug, Clone)]
pub struct KeyEncryptionKey {
    key: Secret<[u8; 32]>,
    id: String,
}

impl KeyEncryptionKey {
    /// Reads it from a file that its owner alone can read.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read_private(path)?;
        Self::parse(text.expose()).ok_or_else(|| KeyError::Kek { place: path.display().to_string(), problem: WANTED })
    }

    /// Reads it from the environment variable's value.
    pub fn from_variable(value: &Secret<String>) -> Result<Self, KeyError> {
        Self::parse(value.expose()).ok_or_else(|| KeyError::Kek { place: VARIABLE.to_owned(), problem: WANTED })
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let key = parse_hex(text)?;
        let digest = Sha256::new_with_prefix("mudeung key-encryption key\0").chain_update(key.expose()).finalize();
        let id = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { key, id })
    }

    /// Eight digits that tell two of them apart and give nothing of the key away.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        self.key.expose()
    }
}
