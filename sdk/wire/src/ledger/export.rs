//! Exports: a run of entries in a folder, with a signed manifest by which anyone can check them without the server.
//!
//! # The folder
//!
//! ```text
//! manifest.json           what is in the folder: [`Manifest`], UTF-8 JSON; its exact bytes are what is signed for
//! manifest.note           a signed note (C2SP signed-note) over three lines: `mudeung ledger export v1`, the origin,
//!                         and the base64 of the SHA-256 of manifest.json
//! checkpoint              the signed checkpoint (C2SP tlog-checkpoint) of the tree that the entries stand in
//! verifier                the log's verifier key; compare it with the one that you were given in another way
//! entries/<first>.ndjson  the entries from index <first> on (16 digits): one line for each, in order, without a gap:
//!                         {"index":17,"leaf_hash":"<base64>","bytes":"<base64 of the canonical bytes>"}
//! openings/<first>.ndjson what the commitments in those entries stand for, as far as it was not erased: one line for each,
//!                         {"commitment":"…","kind":"address","opening":{"salt":"…","value":"…"}}; not in every export
//! csv/<first>.csv         the same entries for a spreadsheet, when the export was asked for as `csv`
//! fhir/<first>.ndjson     the same entries as FHIR AuditEvents, when it was asked for as `fhir-r4` or `fhir-r5`
//! ```
//!
//! `entries/` is there in every format: tables and FHIR resources are made from the entries, and it is the entries that
//! can be proved. The export is written under another name and renamed when it is complete; `manifest.note` is the last
//! file of a stream, so that a stream that broke off cannot be taken for an export.
//!
//! # The proof
//!
//! The entries of an export are all entries from `start` to `end`, without a gap. [`Proof::left`] are the roots of the
//! complete subtrees that the first `start` leaves consist of, largest first; [`Proof::right`] are the roots of the
//! largest complete, aligned subtrees that follow `end` up to the size of the checkpoint's tree, from left to right.
//! With them and the leaf hashes of the entries anybody recomputes the root that the checkpoint signs ([`RangeCheck`]):
//! an entry that was changed, left out, added or moved gives another root.

mod folder;
mod note;
mod range;

pub use folder::{BrokenExport, Checked, verify_export};
pub use note::{sign_manifest, verify_manifest};
pub use range::{RangeCheck, left_of, right_of};

use super::commitment::Opening;
use super::tree::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The version of this layout.
pub const EXPORT_FORMAT: u32 = 1;
/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// Name of the signed note over the manifest.
pub const NOTE: &str = "manifest.note";
/// Name of the checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// Name of the verifier key.
pub const VERIFIER: &str = "verifier";
/// Folder of the entries.
pub const ENTRIES: &str = "entries/";
/// Folder of what their commitments stand for.
pub const OPENINGS: &str = "openings/";

/// What an export consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`EXPORT_FORMAT`].
    pub format: u32,
    /// What the entries were asked for as: `ndjson`, `csv`, `fhir-r4` or `fhir-r5`.
    pub kind: String,
    /// The name of the log.
    pub origin: String,
    /// The verifier key of the log.
    pub verifier: String,
    /// The period that was asked for: from this moment, RFC 3339; from the first entry when there is none.
    pub from: Option<String>,
    /// Up to this moment, which is not in it; up to the checkpoint when there is none.
    pub to: Option<String>,
    /// When the export was made.
    pub made_at: String,
    /// Index of the first entry.
    pub start: u64,
    /// Index after the last entry.
    pub end: u64,
    /// Size of the tree of the checkpoint.
    pub tree_size: u64,
    /// Root of that tree, base64.
    pub root: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// What makes the root from the entries.
    pub proof: Proof,
    /// The files, in the order in which they were written; without the four that stand beside the folders.
    pub files: Vec<File>,
}

/// The hashes beside a run of entries, base64.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Roots of the complete subtrees before the first entry, largest first.
    pub left: Vec<String>,
    /// Roots of the complete, aligned subtrees after the last entry, from left to right.
    pub right: Vec<String>,
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path in the folder, with `/`.
    pub name: String,
    /// Index of its first entry.
    pub start: u64,
    /// Number of entries in it.
    pub entries: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// One line of a file under `openings/`: what a commitment stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningLine {
    /// The commitment, as it stands in entries.
    pub commitment: String,
    /// The field that it stands in: `address` or `person`.
    pub kind: String,
    /// Salt and value.
    pub opening: Opening,
}

/// One line of a file under `entries/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Index of the entry.
    pub index: u64,
    /// Its leaf hash, base64.
    pub leaf_hash: String,
    /// Its canonical bytes, base64.
    pub bytes: String,
}

impl Line {
    /// The line of an entry.
    pub fn of(index: u64, bytes: &[u8]) -> Self {
        Self { index, leaf_hash: encode(&super::tree::leaf_hash(bytes)), bytes: STANDARD.encode(bytes) }
    }
}

impl Proof {
    /// A proof from its hashes.
    pub fn of(left: &[Hash], right: &[Hash]) -> Self {
        Self { left: left.iter().map(encode).collect(), right: right.iter().map(encode).collect() }
    }
}

/// Base64 of a hash, as it stands in exports.
pub fn encode(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

fn decode(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
