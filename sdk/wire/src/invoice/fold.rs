//! Usage as a fold over OUTCOME entries: which ones count, for how much, and on which line of an invoice.

use crate::ledger::entry::{Entry, Kind, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One OUTCOME never counts for more than this many requests, rows or bytes, so that sums stay within 64 bits.
const FIGURE_MAX: u64 = 1 << 50;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Number of requests.
    pub requests: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}

impl Figures {
    /// Adds other figures; stays at the largest number there is.
    pub const fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// The kinds of operations that have prices of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationClass {
    /// Bytes of files: `data.read_file`.
    File,
    /// Other requests of the data plane, for instance listings: `data.…`.
    Listing,
    /// SQL: `query.…`.
    Query,
    /// Rows: `data.read_rows`.
    Rows,
    /// Rows made to order: `synthetic.…`.
    Synthesis,
}

impl OperationClass {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 5] = [Self::File, Self::Listing, Self::Query, Self::Rows, Self::Synthesis];

    /// Its name, as it stands in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Listing => "listing",
            Self::Query => "query",
            Self::Rows => "rows",
            Self::Synthesis => "synthesis",
        }
    }

    /// The class of an operation; nothing when operations like it are not counted.
    pub fn of(operation: &str) -> Option<Self> {
        match operation {
            "data.read_file" => Some(Self::File),
            "data.read_rows" => Some(Self::Rows),
            other if other.starts_with("data.") => Some(Self::Listing),
            other if other.starts_with("query.") => Some(Self::Query),
            other if other.starts_with("synthetic.") => Some(Self::Synthesis),
            _ => None,
        }
    }
}

/// What an entry counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The kind of its operation.
    pub class: OperationClass,
    /// How much.
    pub figures: Figures,
}

/// What an entry adds to usage: something when it is the OUTCOME of a read that was not refused.
///
/// The OUTCOME of a lease counts with its number of ranges, every other one as one request.
pub fn counted(entry: &Entry) -> Option<Counted> {
    let happened = matches!(entry.status, Some(Status::Completed | Status::Aborted | Status::Unknown));
    if entry.kind != Kind::Outcome || !happened {
        return None;
    }
    let figure = |value: Option<u64>| value.unwrap_or(0).min(FIGURE_MAX);
    let requests = figure(entry.ranges).max(1);
    let figures = Figures { requests, rows: figure(entry.rows), bytes: figure(entry.bytes) };
    Some(Counted { class: OperationClass::of(&entry.operation)?, figures })
}

/// What the lines of an invoice are told apart by; an absent part is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    /// The app.
    pub app: String,
    /// The kind of operation.
    pub class: OperationClass,
    /// The dataset.
    pub dataset: String,
    /// The tier.
    pub tier: String,
}

impl LineKey {
    /// The line that an entry belongs to.
    pub fn of(entry: &Entry, class: OperationClass) -> Self {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        Self { app: part(&entry.app), class, dataset: part(&entry.dataset), tier: part(&entry.tier) }
    }
}

/// Lines as they grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    lines: BTreeMap<LineKey, (Figures, Vec<[u64; 2]>)>,
}

impl Fold {
    /// Adds an entry when it counts. Entries come in the order of their indices.
    pub fn add(&mut self, index: u64, entry: &Entry) {
        let Some(Counted { class, figures }) = counted(entry) else { return };
        let (sum, ranges) = self.lines.entry(LineKey::of(entry, class)).or_default();
        sum.add(figures);
        match ranges.last_mut() {
            Some([_, last]) if last.checked_add(1) == Some(index) => *last = index,
            _ => ranges.push([index, index]),
        }
    }

    /// The lines, in the order of their keys: each with its sum and with the runs of indices it is made of.
    pub fn lines(self) -> impl Iterator<Item = (LineKey, Figures, Vec<[u64; 2]>)> {
        self.lines.into_iter().map(|(key, (figures, ranges))| (key, figures, ranges))
    }
}
