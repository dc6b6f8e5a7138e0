//! Proofs in a file (C2SP tlog-proof): that an entry is in a ledger, to be checked without asking anyone.

use super::checkpoint::InvalidCheckpoint;
use super::entry::{ENTRY_BYTES_MAX, Entry, InvalidEntry};
use super::note::{InvalidNote, NOTE_BYTES_MAX, SignedNote};
use super::tree::{Hash, ProofFailed, leaf_hash, verify_inclusion};
use super::trust::{Trust, Witnessed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The media type of a proof.
pub const PROOF_MEDIA_TYPE: &str = "application/vnd.c2sp.tlog-proof";
/// The first line of a proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes there can be: one for each level of a tree of 2⁶³ leaves.
pub const PROOF_HASHES_MAX: usize = 63;
/// The longest proof that is read.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + ENTRY_BYTES_MAX.div_ceil(3) * 4 + 64 * 45 + 128;

/// A proof that an entry is in a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The bytes of the entry, when the proof is for one who may see them. Nothing vouches for them but the proof.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint of the tree.
    pub checkpoint: String,
}

/// A text that is not a proof, or a proof that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum InvalidProof {
    /// Not of the form of a proof.
    #[error("not a proof: {0}")]
    Shape(&'static str),
    /// The checkpoint is not signed as it must be.
    #[error(transparent)]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The entry is not in the tree that was signed.
    #[error(transparent)]
    Failed(#[from] ProofFailed),
    /// The proof brings no entry along.
    #[error("the proof does not hold the entry itself")]
    NoEntry,
    /// What the proof brings along is not an entry.
    #[error(transparent)]
    Entry(#[from] InvalidEntry),
}

impl From<InvalidNote> for InvalidProof {
    fn from(error: InvalidNote) -> Self {
        Self::Checkpoint(error.into())
    }
}

impl TlogProof {
    /// Reads a proof. Anything that would not be written the same way is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidProof> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(InvalidProof::Shape("it is too long"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProof::Shape("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(InvalidProof::Shape("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| line.replacen("extra ", "", 1));
        let extra = extra.map(|encoded| STANDARD.decode(encoded)).transpose();
        let Ok(extra) = extra else { return Err(InvalidProof::Shape("the extra line is not base64")) };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let index = index.ok_or(InvalidProof::Shape("it has no index"))?;
        let hashes = parse_hashes(lines).ok_or(InvalidProof::Shape("a line is not a hash, or there are too many"))?;
        SignedNote::parse(checkpoint)?;
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `leaf` is the hash of the entry of this index in a ledger one trusts.
    pub fn verify(&self, leaf: &Hash, trust: &Trust) -> Result<Witnessed, InvalidProof> {
        let witnessed = trust.check(&self.checkpoint)?;
        let Witnessed { checkpoint, .. } = &witnessed;
        verify_inclusion(self.index, leaf, checkpoint.size, &checkpoint.root, &self.hashes)?;
        Ok(witnessed)
    }

    /// Checks the entry that the proof brings along, and answers it.
    pub fn verify_entry(&self, trust: &Trust) -> Result<(Entry, Witnessed), InvalidProof> {
        let bytes = self.extra.as_ref().ok_or(InvalidProof::NoEntry)?;
        let witnessed = self.verify(&leaf_hash(bytes), trust)?;
        Ok((Entry::from_bytes(bytes)?, witnessed))
    }
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Reads a number without leading zeroes.
pub fn parse_decimal(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

/// Reads hashes in base64, one a line and at most [`PROOF_HASHES_MAX`].
pub fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<Hash>> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == PROOF_HASHES_MAX {
            return None;
        }
        hashes.push(STANDARD.decode(line).ok()?.try_into().ok()?);
    }
    Some(hashes)
}

#[cfg(test)]
mod tests;
