//! Signed notes (C2SP signed-note): a text and the signatures under it, each by a key with a name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

/// The longest note that is read.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signatures that are read.
pub const SIGNATURES_MAX: usize = 64;
/// The longest name of a key.
const NAME_BYTES_MAX: usize = 255;

/// The algorithm byte of Ed25519 over the text.
pub(super) const ED25519: u8 = 0x01;
/// The algorithm byte of Ed25519 over a time and the text (C2SP tlog-cosignature).
pub(super) const COSIGNATURE_V1: u8 = 0x04;

/// A text with signatures, none of which is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// A text that is not a signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signed note: {0}")]
pub struct InvalidNote(pub &'static str);

impl SignedNote {
    /// Reads a note. Anything that would not be written the same way is refused.
    pub fn parse(note: &str) -> Result<Self, InvalidNote> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(InvalidNote("it is too long"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(InvalidNote("it has control characters"));
        }
        let end = note.rfind("\n\n").ok_or(InvalidNote("it has no signatures"))?;
        let (text, below) = note.split_at_checked(end + 1).ok_or(InvalidNote("it has no signatures"))?;
        let lines = below.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(InvalidNote("it does not end with a line of a signature"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(InvalidNote("it has too many signatures"));
            }
            signatures.push(NoteSignature::parse(line)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A text with its first signature. The text must end with a newline.
    pub(super) fn new(text: String, signature: NoteSignature) -> Self {
        Self { text, signatures: vec![signature] }
    }

    /// The text that is signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature in the place of an earlier one by the same key, so that each key has one.
    pub fn put(&mut self, signature: NoteSignature) {
        self.signatures.retain(|one| (&one.name, one.id) != (&signature.name, signature.id));
        self.add(signature);
    }

    /// The same text with one signature.
    #[must_use]
    pub fn with_only(&self, signature: NoteSignature) -> Self {
        Self::new(self.text.clone(), signature)
    }

    /// The same text with the signatures of the keys of one name.
    #[must_use]
    pub fn only_of(&self, name: &str) -> Self {
        let signatures = self.signatures.iter().filter(|one| one.name == name).cloned().collect();
        Self { text: self.text.clone(), signatures }
    }

    /// Adds a signature unless the same one is there, or there are too many.
    pub fn add(&mut self, signature: NoteSignature) {
        if self.signatures.len() < SIGNATURES_MAX && !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// The signatures that claim to be by the key with a name and an identifier.
    pub(super) fn by<'a>(&'a self, name: &'a str, id: [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
        let claimed = self.signatures.iter().filter(move |one| one.name == name && one.id == id);
        claimed.map(|one| one.bytes.as_slice())
    }
}

impl std::fmt::Display for SignedNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl NoteSignature {
    /// A signature by the key with a name and an identifier.
    pub(super) fn new(name: &str, id: [u8; 4], bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), id, bytes }
    }

    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Result<Self, InvalidNote> {
        let rest = line.strip_prefix("\u{2014} ").ok_or(InvalidNote("a line is not a signature"))?;
        let (name, encoded) = rest.split_once(' ').ok_or(InvalidNote("a signature has no key name"))?;
        if !is_key_name(name) {
            return Err(InvalidNote("a signature has a name that no key can have"));
        }
        let bytes = STANDARD.decode(encoded).ok();
        let bytes = bytes.as_deref().and_then(|bytes| bytes.split_first_chunk::<4>());
        let (id, signature) = bytes.ok_or(InvalidNote("a signature is not base64 of the right length"))?;
        if signature.is_empty() {
            return Err(InvalidNote("a signature is empty"));
        }
        Ok(Self::new(name, *id, signature.to_vec()))
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Whether a key can have this name.
pub fn is_key_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// The identifier of an Ed25519 key under a name, for one use of it.
pub(super) fn key_id(name: &str, algorithm: u8, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', algorithm]);
    hasher.update(key.as_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// Writes a verifier key: `<name>+<identifier>+<base64 of algorithm and key>`.
pub(super) fn verifier_key(name: &str, algorithm: u8, key: &VerifyingKey) -> String {
    let mut bytes = vec![algorithm];
    bytes.extend_from_slice(key.as_bytes());
    let [a, b, c, d] = key_id(name, algorithm, key);
    format!("{name}+{a:02x}{b:02x}{c:02x}{d:02x}+{}", STANDARD.encode(bytes))
}

/// Reads a verifier key of one algorithm. Its base64 part may itself hold `+`; names hold none.
pub(super) fn parse_verifier_key(text: &str, algorithm: u8) -> Option<(String, VerifyingKey)> {
    let (name, rest) = text.split_once('+')?;
    let (_, encoded) = rest.split_once('+')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (found, public) = bytes.split_first()?;
    let key = VerifyingKey::from_bytes(&public.try_into().ok()?).ok()?;
    let holds = *found == algorithm && is_key_name(name) && verifier_key(name, algorithm, &key) == text;
    holds.then(|| (name.to_owned(), key))
}

#[cfg(test)]
mod tests;
