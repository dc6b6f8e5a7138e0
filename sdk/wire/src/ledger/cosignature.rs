//! Cosignatures (C2SP tlog-cosignature, version 1): a witness says when it saw a checkpoint as the largest one of a log
//! that never went back.

use super::checkpoint::InvalidCheckpoint;
use super::note::{COSIGNATURE_V1, NoteSignature, SignedNote, key_id, parse_verifier_key, verifier_key};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// The largest time that may be written, in seconds since the Unix epoch.
const TIME_S_MAX: u64 = i64::MAX.cast_unsigned();

/// The public half of a witness's key, with the name it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessVerifier {
    name: String,
    key: VerifyingKey,
}

impl WitnessVerifier {
    /// The verifier of a key under a name.
    pub const fn new(name: String, key: VerifyingKey) -> Self {
        Self { name, key }
    }

    /// Reads a verifier key: `<name>+<identifier>+<base64 of 0x04 and key>`.
    pub fn parse(text: &str) -> Option<Self> {
        parse_verifier_key(text, COSIGNATURE_V1).map(|(name, key)| Self { name, key })
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself: one witness is one key, whatever its name.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The time, in seconds since the Unix epoch, at which this witness cosigned; the latest, when it did so more than
    /// once; `None` when it did not. A signature that claims to be its and is not condemns the note.
    pub fn cosigned_at(&self, note: &SignedNote) -> Result<Option<u64>, InvalidCheckpoint> {
        let mut latest = None;
        for bytes in note.by(&self.name, key_id(&self.name, COSIGNATURE_V1, &self.key)) {
            let time = self.check(note.text(), bytes).ok_or(InvalidCheckpoint::BadSignature)?;
            latest = latest.max(Some(time));
        }
        Ok(latest)
    }

    fn check(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let (time, signature) = bytes.split_first_chunk::<8>()?;
        let time = Some(u64::from_be_bytes(*time)).filter(|time| (1..=TIME_S_MAX).contains(time))?;
        let signature = Signature::from_slice(signature).ok()?;
        self.key.verify_strict(message(time, text).as_bytes(), &signature).ok()?;
        Some(time)
    }
}

impl std::fmt::Display for WitnessVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&verifier_key(&self.name, COSIGNATURE_V1, &self.key))
    }
}

/// Cosigns the text of a note at a time in seconds since the Unix epoch.
pub fn cosign(note: &SignedNote, name: &str, key: &SigningKey, time_s: u64) -> NoteSignature {
    let mut bytes = time_s.to_be_bytes().to_vec();
    bytes.extend_from_slice(&key.sign(message(time_s, note.text()).as_bytes()).to_bytes());
    NoteSignature::new(name, key_id(name, COSIGNATURE_V1, &key.verifying_key()), bytes)
}

fn message(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}
