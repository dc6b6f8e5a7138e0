//! An export of the ledger, file after file, in bounded memory; the layout is [`mudeung_wire::ledger::export`]'s.

pub mod csv;
pub mod fhir;
pub mod tar;

use crate::data::view::rfc3339;
use crate::hex::hex;
use crate::personal::open_all;
use ed25519_dalek::SigningKey;
use mudeung_core::clock::Timestamp;
use mudeung_store::Db;
use mudeung_store::ledger::{EntryFilter, Ledger, LedgerError};
use mudeung_store::personal::PersonalValue;
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::commitment::Opening;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::export::{
    self as layout, EXPORT_FORMAT, File, Line, Manifest, OpeningLine, Proof, RangeCheck, encode, left_of, right_of,
    sign_manifest,
};
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use mudeung_wire::ledger::tree::{CompactRange, Hash, leaf_hash};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};

/// What commitments stand for.
pub type Opened = HashMap<String, String>;

/// Entries fetched at once.
const PAGE: usize = 256;
/// A file is closed when its entries have so many bytes.
const FILE_BYTES: usize = 4 << 20;

/// What an export shows besides the entries themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nothing.
    Ndjson,
    /// A table for spreadsheets.
    Csv,
    /// AuditEvents of FHIR R4, as IHE BALP wants them.
    FhirR4,
    /// AuditEvents of FHIR R5.
    FhirR5,
}

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct Order {
    /// In which form.
    pub format: Format,
    /// From this moment; from the first entry when there is none.
    pub from: Option<Timestamp>,
    /// Before this moment; up to the checkpoint when there is none.
    pub until: Option<Timestamp>,
    /// When it was asked for.
    pub made_at: Timestamp,
}

/// One file of an export, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its path in the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An export under way.
pub struct Export {
    ledger: Ledger,
    key: SigningKey,
    format: Format,
    manifest: Manifest,
    range: RangeCheck,
    right: Vec<Hash>,
    root: Hash,
    ready: VecDeque<Piece>,
    done: bool,
    /// Where the values are that commitments stand for, when they are to be in it.
    openings: Option<Db>,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ndjson, Self::Csv, Self::FhirR4, Self::FhirR5];

    /// Its name in addresses, on the command line and in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::FhirR4 => "fhir-r4",
            Self::FhirR5 => "fhir-r5",
        }
    }

    /// Reads a name; `fhir` is R4, which BALP is written for.
    pub fn parse(text: &str) -> Option<Self> {
        let text = if text == "fhir" { "fhir-r4" } else { text };
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

impl Export {
    /// Begins an export under a checkpoint that was kept before, so that nothing is signed that could be taken back.
    /// Entries that were given up are not in it.
    pub async fn begin(ledger: &Ledger, key: &SigningKey, note: &str, order: Order) -> Result<Self, LedgerError> {
        let (start, end) = match (order.from, order.until) {
            (None, None) => (0, u64::MAX),
            (from, until) => ledger.period(from, until).await?.map_or((0, 0), |(first, last)| (first, last + 1)),
        };
        let start = start.max(ledger.pruned().await?);
        Self::begin_run(ledger, key, note, order, (start, end.max(start))).await
    }

    /// Begins an export of the entries from one index to before another.
    pub async fn begin_run(
        ledger: &Ledger,
        key: &SigningKey,
        note: &str,
        order: Order,
        (start, end): (u64, u64),
    ) -> Result<Self, LedgerError> {
        let origin = note.lines().next().unwrap_or_default();
        let verifier = LogVerifier::new(origin.to_owned(), key.verifying_key());
        let checkpoint = Checkpoint::verify(note, &verifier).map_err(|e| LedgerError::Corrupt(e.to_string()))?;
        let size = checkpoint.size;
        let (end, start) = (end.min(size), start.min(size));
        let (left, right) = (nodes(ledger, &left_of(start)).await?, nodes(ledger, &right_of(end, size)).await?);
        let range = RangeCheck::start(start, &left).map_err(|error| LedgerError::Corrupt(error.to_string()))?;
        let manifest = Manifest {
            format: EXPORT_FORMAT,
            kind: order.format.as_str().to_owned(),
            origin: checkpoint.origin,
            verifier: verifier.to_string(),
            from: order.from.map(rfc3339),
            to: order.until.map(rfc3339),
            made_at: rfc3339(order.made_at),
            start,
            end,
            tree_size: size,
            root: encode(&checkpoint.root),
            checkpoint: note.to_owned(),
            proof: Proof::of(&left, &right),
            files: Vec::new(),
        };
        let ready = VecDeque::from([
            Piece { name: layout::CHECKPOINT.to_owned(), bytes: note.as_bytes().to_vec() },
            Piece { name: layout::VERIFIER.to_owned(), bytes: format!("{verifier}\n").into_bytes() },
        ]);
        let (ledger, key, root) = (ledger.clone(), key.clone(), checkpoint.root);
        Ok(Self { ledger, key, format: order.format, manifest, range, right, root, ready, done: false, openings: None })
    }

    /// Adds what the commitments of the entries stand for, as far as it was not erased. It can be erased here afterwards,
    /// but not where the export was taken to.
    #[must_use]
    pub fn with_openings(mut self, db: &Db) -> Self {
        self.openings = Some(db.clone());
        self
    }

    /// How many entries it will have.
    pub const fn entries(&self) -> u64 {
        self.manifest.end.saturating_sub(self.manifest.start)
    }

    /// How many entries were written.
    pub const fn written(&self) -> u64 {
        self.range.next().saturating_sub(self.manifest.start)
    }

    /// The next file; none when all were given. The manifest and its signature come last, and only when the entries
    /// make the root that the checkpoint signs.
    pub async fn next(&mut self) -> Result<Option<Piece>, LedgerError> {
        if let Some(piece) = self.ready.pop_front() {
            return Ok(Some(piece));
        }
        if self.range.next() < self.manifest.end {
            self.fill().await?;
        } else if !self.done {
            self.done = true;
            self.sign()?;
        }
        Ok(self.ready.pop_front())
    }

    /// Makes the files of the next entries.
    async fn fill(&mut self) -> Result<(), LedgerError> {
        let first = self.range.next();
        let (mut entries, mut lines) = (Vec::new(), Vec::new());
        while self.range.next() < self.manifest.end && lines.len() < FILE_BYTES {
            for (index, entry) in self.page().await? {
                let bytes = entry.to_bytes().map_err(LedgerError::from)?;
                self.range.leaf(leaf_hash(&bytes));
                let line = serde_json::to_vec(&Line::of(index, &bytes)).map_err(corrupt)?;
                lines.extend_from_slice(&line);
                lines.push(b'\n');
                entries.push((index, entry));
            }
        }
        self.add(&format!("{}{first:016}.ndjson", layout::ENTRIES), first, entries.len(), lines);
        let opened = self.open(first, &entries).await?;
        let (origin, view) = (&self.manifest.origin, self.format);
        let shown = match view {
            Format::Ndjson => return Ok(()),
            Format::Csv => csv::table(&entries, &opened),
            Format::FhirR4 => fhir::lines(&entries, &opened, origin, fhir::Release::R4),
            Format::FhirR5 => fhir::lines(&entries, &opened, origin, fhir::Release::R5),
        };
        let name =
            if view == Format::Csv { format!("csv/{first:016}.csv") } else { format!("fhir/{first:016}.ndjson") };
        self.add(&name, first, entries.len(), shown.map_err(LedgerError::Corrupt)?);
        Ok(())
    }

    /// Opens the commitments of entries, when that is wanted, and makes a file of it.
    async fn open(&mut self, first: u64, entries: &[(u64, Entry)]) -> Result<Opened, LedgerError> {
        let Some(db) = &self.openings else { return Ok(Opened::default()) };
        let values = open_all(db, entries.iter().map(|(_, entry)| entry)).await?;
        let (mut lines, mut opened) = (Vec::new(), Opened::default());
        let mut values: Vec<_> = values.into_values().collect();
        values.sort_by(|one, other| one.commitment.cmp(&other.commitment));
        for PersonalValue { commitment, kind, salt, value, .. } in values {
            let (opening, kind) = (Opening::new(&salt, &value), kind.as_str().to_owned());
            let line =
                serde_json::to_vec(&OpeningLine { commitment: commitment.clone(), kind, opening }).map_err(corrupt)?;
            lines.extend_from_slice(&line);
            lines.push(b'\n');
            opened.insert(commitment, value);
        }
        if !lines.is_empty() {
            self.add(&format!("{}{first:016}.ndjson", layout::OPENINGS), first, entries.len(), lines);
        }
        Ok(opened)
    }

    /// The next entries, oldest first, without a gap.
    async fn page(&self) -> Result<Vec<(u64, Entry)>, LedgerError> {
        let next = self.range.next();
        let end = self.manifest.end.min(next.saturating_add(u64::try_from(PAGE).unwrap_or(1)));
        let limit = usize::try_from(end - next).unwrap_or(PAGE);
        let mut page = self.ledger.entries(EntryFilter::default(), Some(end), limit).await?;
        page.reverse();
        let whole = page.len() == limit && page.iter().zip(next..).all(|((index, _), wanted)| *index == wanted);
        if whole {
            Ok(page)
        } else {
            Err(LedgerError::Corrupt(format!("entries from {next} to {end} are not all there")))
        }
    }

    fn add(&mut self, name: &str, start: u64, entries: usize, bytes: Vec<u8>) {
        self.manifest.files.push(File {
            name: name.to_owned(),
            start,
            entries: u64::try_from(entries).unwrap_or(u64::MAX),
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: hex(&Sha256::digest(&bytes)),
        });
        self.ready.push_back(Piece { name: name.to_owned(), bytes });
    }

    fn sign(&mut self) -> Result<(), LedgerError> {
        let root = self.range.clone().root(self.manifest.tree_size, &self.right);
        if root != Ok(self.root) {
            return Err(LedgerError::Corrupt("the entries do not make the root that was signed".to_owned()));
        }
        let bytes = serde_json::to_vec_pretty(&self.manifest).map_err(corrupt)?;
        let note = sign_manifest(&self.manifest.origin, &bytes, &self.key);
        self.ready.push_back(Piece { name: layout::MANIFEST.to_owned(), bytes });
        self.ready.push_back(Piece { name: layout::NOTE.to_owned(), bytes: note.into_bytes() });
        Ok(())
    }
}

fn corrupt(error: serde_json::Error) -> LedgerError {
    LedgerError::Corrupt(error.to_string())
}

/// The hashes of complete subtrees by level and index, out of the tiles they lie in.
async fn nodes(ledger: &Ledger, places: &[(u32, u64)]) -> Result<Vec<Hash>, LedgerError> {
    let mut hashes = Vec::with_capacity(places.len());
    for (level, index) in places {
        hashes.push(node(ledger, *level, *index).await?);
    }
    Ok(hashes)
}

async fn node(ledger: &Ledger, level: u32, index: u64) -> Result<Hash, LedgerError> {
    let missing = || LedgerError::Corrupt(format!("the tree has no node {index} on level {level}"));
    let (tile_level, height) = (u8::try_from(level / TILE_HEIGHT), level % TILE_HEIGHT);
    let tile_level = tile_level.ok().ok_or_else(missing)?;
    let first = index << height;
    let end = first % TILE_WIDTH + (1 << height);
    let width = u16::try_from(end).ok().ok_or_else(missing)?;
    let tile = Tile { level: tile_level, index: first / TILE_WIDTH, width };
    let bytes = ledger.tile(tile).await?.ok_or_else(missing)?;
    let start = usize::try_from(first % TILE_WIDTH).ok().ok_or_else(missing)?;
    let hashes = bytes.as_chunks::<32>().0.get(start..usize::from(width)).ok_or_else(missing)?;
    let mut range = CompactRange::default();
    hashes.iter().for_each(|hash| range.append(*hash, |_, _, _| {}));
    Ok(range.root())
}
