//! The check of a whole export folder, file by file, in bounded memory.

use super::{
    CHECKPOINT, ENTRIES, EXPORT_FORMAT, File, Line, MANIFEST, Manifest, NOTE, OPENINGS, OpeningLine, RangeCheck, decode,
};
use crate::ledger::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use crate::ledger::entry::{ENTRY_BYTES_MAX, Entry};
use crate::ledger::export::verify_manifest;
use crate::ledger::tree::{Hash, ProofFailed, leaf_hash};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

/// The longest line under `entries/`: an entry in base64 with its index and hash.
const LINE_MAX: usize = ENTRY_BYTES_MAX * 2;
/// The longest manifest.
const MANIFEST_MAX: u64 = 64 << 20;

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The manifest, which the log's key signed.
    pub manifest: Manifest,
    /// The checkpoint that the entries stand under.
    pub checkpoint: Checkpoint,
    /// Number of entries.
    pub entries: u64,
}

/// Why a folder is not the export that was signed.
#[derive(Debug, thiserror::Error)]
pub enum BrokenExport {
    /// A file is missing or cannot be read.
    #[error("{name}: {source}")]
    Io {
        /// Its name in the folder.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest is not one.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// A signature does not hold.
    #[error("{name}: {problem}")]
    Signature {
        /// The signed file.
        name: &'static str,
        /// Why.
        problem: InvalidCheckpoint,
    },
    /// A file is not the one that was signed for.
    #[error("{0} is not the file that the manifest names: its size or SHA-256 differs")]
    Changed(String),
    /// A line is no entry, or not the one that belongs there.
    #[error("{name} line {line}: {problem}")]
    Line {
        /// The file.
        name: String,
        /// Counted from 1.
        line: u64,
        /// Why.
        problem: String,
    },
    /// The entries are not in the tree of the checkpoint.
    #[error("the entries and the proof do not make the root that the checkpoint signs")]
    Root,
}

impl From<ProofFailed> for BrokenExport {
    fn from(_: ProofFailed) -> Self {
        Self::Root
    }
}

/// Checks an export folder against the log's verifier key, which must come from elsewhere than the folder: signatures of
/// manifest and checkpoint, size and hash of every file, form and order of every entry, and the root that they make.
/// `progress` is told how many entries of how many were read.
pub fn verify_export(
    folder: &Path,
    verifier: &LogVerifier,
    mut progress: impl FnMut(u64, u64),
) -> Result<Checked, BrokenExport> {
    let bytes = read_small(folder, MANIFEST)?;
    let note = String::from_utf8_lossy(&read_small(folder, NOTE)?).into_owned();
    verify_manifest(&note, &bytes, verifier).map_err(|problem| BrokenExport::Signature { name: NOTE, problem })?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|e| BrokenExport::Manifest(e.to_string()))?;
    let checkpoint = Checkpoint::verify(&manifest.checkpoint, verifier)
        .map_err(|problem| BrokenExport::Signature { name: CHECKPOINT, problem })?;
    consistent(&manifest, &checkpoint, verifier)?;
    if read_small(folder, CHECKPOINT)? != manifest.checkpoint.as_bytes() {
        return Err(BrokenExport::Changed(CHECKPOINT.to_owned()));
    }
    let (left, right) = (hashes(&manifest.proof.left)?, hashes(&manifest.proof.right)?);
    let mut range = RangeCheck::start(manifest.start, &left)?;
    let all = manifest.end.saturating_sub(manifest.start);
    for file in &manifest.files {
        read_file(folder, file, &mut range)?;
        progress(range.next().saturating_sub(manifest.start), all);
    }
    if range.next() != manifest.end {
        return Err(BrokenExport::Manifest(format!("its files end before entry {}", manifest.end)));
    }
    let root = range.root(manifest.tree_size, &right)?;
    if root != checkpoint.root {
        return Err(BrokenExport::Root);
    }
    Ok(Checked { entries: all, manifest, checkpoint })
}

/// What the manifest says twice must be said once.
fn consistent(manifest: &Manifest, checkpoint: &Checkpoint, verifier: &LogVerifier) -> Result<(), BrokenExport> {
    let problem = if manifest.format != EXPORT_FORMAT {
        "unknown format"
    } else if manifest.origin != checkpoint.origin || manifest.verifier != verifier.to_string() {
        "another log"
    } else if manifest.tree_size != checkpoint.size || decode(&manifest.root) != Some(checkpoint.root) {
        "its tree is not the one of its checkpoint"
    } else if manifest.start > manifest.end || manifest.end > manifest.tree_size {
        "its entries are not in its tree"
    } else {
        return Ok(());
    };
    Err(BrokenExport::Manifest(problem.to_owned()))
}

fn hashes(texts: &[String]) -> Result<Vec<Hash>, BrokenExport> {
    let all: Option<Vec<Hash>> = texts.iter().map(|text| decode(text)).collect();
    all.ok_or_else(|| BrokenExport::Manifest("its proof has what is no hash".to_owned()))
}

/// Reads one file: its hash, and when it has entries each of them.
fn read_file(folder: &Path, file: &File, range: &mut RangeCheck) -> Result<(), BrokenExport> {
    let name = file.name.as_str();
    let io = |source| BrokenExport::Io { name: name.to_owned(), source };
    let opened = std::fs::File::open(inside(folder, name)?).map_err(io)?;
    let mut reader = BufReader::new(Hashing { inner: opened, hasher: Sha256::new(), bytes: 0 });
    if name.starts_with(ENTRIES) {
        if file.start != range.next() {
            return Err(BrokenExport::Manifest(format!("{name} does not follow the file before it")));
        }
        read_entries(&mut reader, name, range)?;
        if range.next() != file.start.saturating_add(file.entries) {
            return Err(BrokenExport::Changed(name.to_owned()));
        }
    }
    if name.starts_with(OPENINGS) {
        read_lines(&mut reader, name, read_opening)?;
    }
    std::io::copy(&mut reader, &mut std::io::sink()).map_err(io)?;
    let read = reader.into_inner();
    let sha256: String = read.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let same = read.bytes == file.size_bytes && sha256 == file.sha256;
    if same { Ok(()) } else { Err(BrokenExport::Changed(name.to_owned())) }
}

fn read_entries(reader: &mut impl BufRead, name: &str, range: &mut RangeCheck) -> Result<(), BrokenExport> {
    read_lines(reader, name, |line| {
        range.leaf(read_line(line, range.next())?);
        Ok(())
    })
}

/// Reads a file line by line; the first that is wrong ends it.
fn read_lines(
    reader: &mut impl BufRead,
    name: &str,
    mut each: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), BrokenExport> {
    let mut text = Vec::new();
    let mut number = 0_u64;
    loop {
        text.clear();
        let most = u64::try_from(LINE_MAX).unwrap_or(u64::MAX);
        let read = reader.by_ref().take(most).read_until(b'\n', &mut text);
        let read = read.map_err(|source| BrokenExport::Io { name: name.to_owned(), source })?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        each(&text).map_err(|problem| BrokenExport::Line { name: name.to_owned(), line: number, problem })?;
    }
}

/// The leaf hash of a line, whose entry must be canonical and have that index.
fn read_line(text: &[u8], index: u64) -> Result<Hash, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if line.index != index {
        return Err(format!("entry {} stands where entry {index} belongs", line.index));
    }
    let bytes = STANDARD.decode(&line.bytes).map_err(|error| error.to_string())?;
    Entry::from_bytes(&bytes).map_err(|error| error.to_string())?;
    let leaf = leaf_hash(&bytes);
    if decode(&line.leaf_hash) == Some(leaf) { Ok(leaf) } else { Err("its leaf hash is another".to_owned()) }
}

/// A line under `openings/` opens its commitment.
fn read_opening(text: &[u8]) -> Result<(), String> {
    let line: OpeningLine = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if line.opening.opens(&line.commitment) { Ok(()) } else { Err("it does not open its commitment".to_owned()) }
}

/// The path of a file; a name that leads out of the folder is refused.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, BrokenExport> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if plain { Ok(folder.join(path)) } else { Err(BrokenExport::Manifest(format!("{name} leads out of the folder"))) }
}

fn read_small(folder: &Path, name: &'static str) -> Result<Vec<u8>, BrokenExport> {
    let io = |source| BrokenExport::Io { name: name.to_owned(), source };
    let file = std::fs::File::open(folder.join(name)).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MANIFEST_MAX).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Hashes what is read through it.
struct Hashing {
    inner: std::fs::File,
    hasher: Sha256,
    bytes: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(bytes) = buffer.get(..read) {
            self.hasher.update(bytes);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}
