//! The entries that come with an invoice: a line of JSON each, with the entry's own bytes and its proof.

use crate::ledger::tree::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The longest proof: a tree has fewer than 2⁶⁴ entries.
const PROOF_MAX: usize = 64;

/// An entry of the ledger with what shows that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleEntry {
    /// Its index.
    pub index: u64,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// The proof that it is in the tree of the invoice's checkpoint.
    pub proof: Vec<Hash>,
}

/// A line that is no entry with its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entry with its proof")]
pub struct InvalidBundle;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bytes: String,
    index: u64,
    proof: Vec<String>,
}

impl BundleEntry {
    /// The line, without a line break.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Written {
            bytes: STANDARD.encode(&self.bytes),
            index: self.index,
            proof: self.proof.iter().map(|hash| STANDARD.encode(hash)).collect(),
        })
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Result<Self, InvalidBundle> {
        let written: Written = serde_json::from_str(line).ok().ok_or(InvalidBundle)?;
        let hash = |text: &String| STANDARD.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let proof: Option<Vec<Hash>> = written.proof.iter().take(PROOF_MAX + 1).map(hash).collect();
        Ok(Self {
            index: written.index,
            bytes: STANDARD.decode(written.bytes).ok().ok_or(InvalidBundle)?,
            proof: proof.filter(|proof| proof.len() <= PROOF_MAX).ok_or(InvalidBundle)?,
        })
    }
}
