//! The secrets of apps: how they are made, recognised and hashed.

use crate::keys::Keys;
use hmac::{Hmac, Mac};
use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use sha2::Sha256;

/// Makes a secret: `mds_`, 256 unpredictable bits and a checksum. Show it once and store only its [`hash`].
pub fn mint(entropy: &dyn Entropy) -> Secret<String> {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    Secret::new(format!("mds_{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)))
}

/// The last four characters, by which people tell two secrets apart.
pub fn hint(secret: &str) -> String {
    secret.chars().skip(secret.chars().count().saturating_sub(4)).collect()
}

/// What is stored of a secret: HMAC-SHA-256 under the server's pepper.
pub fn hash(keys: &Keys, secret: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(keys.pepper().expose()) else { return [0; 32] };
    mac.update(secret.as_bytes());
    mac.finalize().into_bytes().into()
}
