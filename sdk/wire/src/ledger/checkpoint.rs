//! Checkpoints (C2SP tlog-checkpoint): the size and root of the tree in a signed note.

use super::tree::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// How large the tree is and what its root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, for instance `data.example.org/ledger/2026`.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// A text that is not a checkpoint of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Not a signed note with a checkpoint in it.
    #[error("not a checkpoint: {0}")]
    Shape(&'static str),
    /// No signature of the key.
    #[error("no signature by the key {0}")]
    NotSigned(String),
    /// A signature that does not verify.
    #[error("the signature does not verify")]
    BadSignature,
}

/// The public half of a log's key, with the name it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogVerifier {
    name: String,
    key: VerifyingKey,
}

impl LogVerifier {
    /// The verifier of a key under a name.
    pub const fn new(name: String, key: VerifyingKey) -> Self {
        Self { name, key }
    }

    /// Reads a verifier key: `<name>+<hash>+<base64 of algorithm and key>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, key) = text.rsplit_once('+').filter(|_| text.matches('+').count() >= 2).and_then(|_| {
            // The base64 part may itself hold `+`, so split from the left: names hold none.
            let (name, rest) = text.split_once('+')?;
            let (hash, key) = rest.split_once('+')?;
            Some(((name, hash), key))
        })?;
        let bytes = STANDARD.decode(key).ok()?;
        let (algorithm, public) = bytes.split_first()?;
        let public: [u8; 32] = public.try_into().ok()?;
        let verifier = Self { name: rest.0.to_owned(), key: VerifyingKey::from_bytes(&public).ok()? };
        (*algorithm == ED25519 && verifier.to_string() == text).then_some(verifier)
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn key_hash(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update(b"\n");
        hasher.update([ED25519]);
        hasher.update(self.key.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }
}

impl std::fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        let [a, b, c, d] = self.key_hash();
        write!(f, "{}+{a:02x}{b:02x}{c:02x}{d:02x}+{}", self.name, STANDARD.encode(key))
    }
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let verifier = LogVerifier::new(self.origin.clone(), key.verifying_key());
        let mut signature = verifier.key_hash().to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.origin, STANDARD.encode(signature))
    }

    /// Reads a signed note and checks that the log's key signed it. Signatures of others are passed over.
    pub fn verify(note: &str, verifier: &LogVerifier) -> Result<Self, InvalidCheckpoint> {
        let (text, signatures) = note.split_once("\n\n").ok_or(InvalidCheckpoint::Shape("no signatures"))?;
        let text = format!("{text}\n");
        let prefix = format!("\u{2014} {} ", verifier.name);
        let mut lines = signatures.lines().filter_map(|line| line.strip_prefix(&prefix));
        let signature = lines
            .find_map(|encoded| {
                let bytes = STANDARD.decode(encoded).ok()?;
                let (hash, signature) = bytes.split_at_checked(4)?;
                (hash == verifier.key_hash()).then(|| signature.to_vec())
            })
            .ok_or_else(|| InvalidCheckpoint::NotSigned(verifier.name.clone()))?;
        let Ok(bytes) = <[u8; 64]>::try_from(signature) else { return Err(InvalidCheckpoint::BadSignature) };
        if verifier.key.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes)).is_err() {
            return Err(InvalidCheckpoint::BadSignature);
        }
        let checkpoint = Self::parse(&text)?;
        if checkpoint.origin == verifier.name { Ok(checkpoint) } else { Err(InvalidCheckpoint::Shape("other origin")) }
    }

    fn parse(text: &str) -> Result<Self, InvalidCheckpoint> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(InvalidCheckpoint::Shape("no origin"))?;
        let size = lines.next().ok_or(InvalidCheckpoint::Shape("no size"))?;
        let number = size.parse::<u64>().ok().filter(|number| number.to_string() == size);
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: number.ok_or(InvalidCheckpoint::Shape("the size is not a number"))?,
            root: root.ok_or(InvalidCheckpoint::Shape("the root is not a hash"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    #[test]
    fn a_signed_checkpoint_verifies_and_a_changed_one_does_not() {
        let checkpoint = Checkpoint { origin: "example.org/ledger".to_owned(), size: 42, root: [3; 32] };
        let note = checkpoint.sign(&key());
        let verifier = LogVerifier::new("example.org/ledger".to_owned(), key().verifying_key());
        assert_eq!(Checkpoint::verify(&note, &verifier), Ok(checkpoint));
        let changed = note.replace("\n42\n", "\n43\n");
        assert_eq!(Checkpoint::verify(&changed, &verifier), Err(InvalidCheckpoint::BadSignature));
        let other = LogVerifier::new("example.org/ledger".to_owned(), SigningKey::from_bytes(&[8; 32]).verifying_key());
        assert!(matches!(Checkpoint::verify(&note, &other), Err(InvalidCheckpoint::NotSigned(_))));
    }

    #[test]
    fn a_verifier_key_reads_back() {
        for seed in 0..50 {
            let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
            let verifier = LogVerifier::new("example.org/ledger".to_owned(), key);
            assert_eq!(LogVerifier::parse(&verifier.to_string()), Some(verifier));
        }
    }
}
