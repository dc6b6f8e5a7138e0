//! The signature of a manifest: a signed note that can never be taken for a checkpoint.

use crate::ledger::checkpoint::{InvalidCheckpoint, LogVerifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

/// What is signed. Its second line is a name where a checkpoint has a number.
fn text(origin: &str, manifest: &[u8]) -> String {
    format!("mudeung ledger export v1\n{origin}\n{}\n", STANDARD.encode(Sha256::digest(manifest)))
}

/// The signed note over the bytes of a manifest.
pub fn sign_manifest(origin: &str, manifest: &[u8], key: &SigningKey) -> String {
    LogVerifier::new(origin.to_owned(), key.verifying_key()).sign_text(text(origin, manifest), key)
}

/// Checks that the log's key signed these bytes of a manifest.
pub fn verify_manifest(note: &str, manifest: &[u8], verifier: &LogVerifier) -> Result<(), InvalidCheckpoint> {
    let signed = verifier.verify_text(note)?;
    if signed == text(verifier.name(), manifest) {
        Ok(())
    } else {
        Err(InvalidCheckpoint::Shape("it signs another manifest"))
    }
}
