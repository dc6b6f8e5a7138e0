//! Checkpoints (C2SP tlog-checkpoint): the size and root of the tree in a signed note.

use super::note::{ED25519, InvalidNote, NoteSignature, SignedNote, key_id, parse_verifier_key, verifier_key};
use super::proof::parse_decimal;
use super::tree::{Hash, empty_root};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

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
    /// Fewer of the known witnesses cosigned than must have.
    #[error("{found} known witnesses cosigned it; {threshold} must have")]
    TooFewWitnesses {
        /// So many did.
        found: usize,
        /// So many must have.
        threshold: usize,
    },
}

impl From<InvalidNote> for InvalidCheckpoint {
    fn from(error: InvalidNote) -> Self {
        Self::Shape(error.0)
    }
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

    /// Reads a verifier key: `<name>+<identifier>+<base64 of 0x01 and key>`.
    pub fn parse(text: &str) -> Option<Self> {
        parse_verifier_key(text, ED25519).map(|(name, key)| Self { name, key })
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A signed note over another text than a checkpoint, under this name. The key must be the one of this verifier.
    pub(super) fn sign_text(&self, text: String, key: &SigningKey) -> String {
        let id = key_id(&self.name, ED25519, &self.key);
        let signature = NoteSignature::new(&self.name, id, key.sign(text.as_bytes()).to_bytes().to_vec());
        SignedNote::new(text, signature).to_string()
    }

    /// The text of a note that this key signed. Signatures of others are passed over.
    pub(super) fn verify_text(&self, note: &str) -> Result<String, InvalidCheckpoint> {
        let note = SignedNote::parse(note)?;
        if self.signed(&note)? {
            Ok(note.text().to_owned())
        } else {
            Err(InvalidCheckpoint::NotSigned(self.name.clone()))
        }
    }

    /// Whether it signed a note. A signature that claims to be its and is not condemns the note.
    fn signed(&self, note: &SignedNote) -> Result<bool, InvalidCheckpoint> {
        let mut signed = false;
        for bytes in note.by(&self.name, key_id(&self.name, ED25519, &self.key)) {
            let signature = Signature::from_slice(bytes);
            let holds = signature.and_then(|signature| self.key.verify_strict(note.text().as_bytes(), &signature));
            signed = holds.is_ok();
            if !signed {
                return Err(InvalidCheckpoint::BadSignature);
            }
        }
        Ok(signed)
    }
}

impl std::fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&verifier_key(&self.name, ED25519, &self.key))
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
        let id = key_id(&self.origin, ED25519, &key.verifying_key());
        let signature = NoteSignature::new(&self.origin, id, key.sign(text.as_bytes()).to_bytes().to_vec());
        SignedNote::new(text, signature).to_string()
    }

    /// Reads a signed note and checks that the log's key signed it. Signatures of others are passed over.
    pub fn verify(note: &str, verifier: &LogVerifier) -> Result<Self, InvalidCheckpoint> {
        Self::verify_any(note, std::slice::from_ref(verifier))
    }

    /// The same, when any of a log's keys, present or former, may have signed it.
    pub fn verify_any(note: &str, verifiers: &[LogVerifier]) -> Result<Self, InvalidCheckpoint> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Self::parse(note.text())?;
        let (mut signed, mut other_origin) = (false, false);
        for verifier in verifiers {
            let by_this = verifier.signed(&note)?;
            let right = verifier.name == checkpoint.origin;
            signed |= by_this && right;
            other_origin |= by_this && !right;
        }
        match (signed, other_origin) {
            (true, _) => Ok(checkpoint),
            (false, true) => Err(InvalidCheckpoint::Shape("other origin")),
            (false, false) => {
                let names: Vec<&str> = verifiers.iter().map(LogVerifier::name).collect();
                Err(InvalidCheckpoint::NotSigned(names.join(", ")))
            }
        }
    }

    /// Reads the text of a checkpoint, which says nothing as long as its signature is not checked. Lines after the
    /// third are passed over.
    pub fn parse(text: &str) -> Result<Self, InvalidCheckpoint> {
        let lines = text.strip_suffix('\n').ok_or(InvalidCheckpoint::Shape("its last line does not end"))?;
        if lines.split('\n').any(str::is_empty) {
            return Err(InvalidCheckpoint::Shape("it has an empty line"));
        }
        let mut lines = lines.split('\n');
        let origin = lines.next().ok_or(InvalidCheckpoint::Shape("no origin"))?;
        let size = lines.next().and_then(parse_decimal).ok_or(InvalidCheckpoint::Shape("the size is not a number"))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|bytes| bytes.try_into().ok());
        let root: Hash = root.ok_or(InvalidCheckpoint::Shape("the root is not a hash"))?;
        if size == 0 && root != empty_root() {
            return Err(InvalidCheckpoint::Shape("an empty tree has another root"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
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
