//! Recomputing everything from the rows: what `mudeung ledger verify` does.

mod pruned;
mod years;

use super::edge::{Head, read_head};
use super::fold::{Fold, UsageKey, usage_of};
use super::prune::{UsageColumns, usage_of_row};
use super::search::Search;
use super::spans::{BLOCK, Spans};
use super::{TreeHead, checkpoints, indexer};
use crate::connection::Access;
use crate::pool::Pool;
use crate::schema::{entry, entry_search, tile, usage_hour};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH};
use mudeung_wire::ledger::tree::{CompactRange, Hash, leaf_hash};
use std::collections::BTreeMap;
use std::iter::Peekable;

/// Rows read at a time.
const PAGE: i64 = 1_024;
/// Entries this much out of order, in microseconds, are no sign of a clock that was set back.
const CLOCK_SLACK_US: i64 = 300_000_000;

/// A ledger in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Size and root of the tree, recomputed.
    pub head: TreeHead,
    /// Entries that were given up: of them the hashes and the usage were checked.
    pub pruned: u64,
    /// Full tiles.
    pub tiles: u64,
    /// Rows of usage.
    pub usage_rows: u64,
    /// Checkpoints that the tree was held against.
    pub checkpoints: u64,
    /// Years that were closed.
    pub years: u64,
    /// INTENTs without an OUTCOME: accesses under way, or left by a crash.
    pub open_intents: u64,
    /// Where the clock was set back the furthest, when that was by more than five minutes. The order of the entries is
    /// that of their indices, whatever the clock said.
    pub set_back: Option<SetBack>,
}

/// An entry that says it is older than one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetBack {
    /// The entry.
    pub index: u64,
    /// By how many microseconds.
    pub by_us: i64,
}

/// Why a ledger does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not what was written. The first fault found.
    #[error("{}{what}", .index.map(|index| format!("entry {index}: ")).unwrap_or_default())]
    Fault {
        /// The entry, when it is about one.
        index: Option<u64>,
        /// What is wrong.
        what: String,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies a ledger as it is at one moment.
pub(super) async fn run(readers: &Pool, mut progress: impl FnMut(u64, u64)) -> Result<VerifyReport, VerifyError> {
    let (told, mut steps) = tokio::sync::mpsc::unbounded_channel();
    // A fault is an answer, not a failure of the transaction.
    let work = readers.transaction("ledger.verify", Access::Read, move |conn| {
        match verify(conn, |done, all| told.send((done, all)).unwrap_or_default()) {
            Ok(report) => Ok(Ok(report)),
            Err(VerifyError::Store(error)) => Err(error),
            Err(fault) => Ok(Err(fault)),
        }
    });
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some((done, all)) = steps.recv() => progress(done, all),
            answer = &mut work => return answer?,
        }
    }
}

type EntryRow = (i64, Vec<u8>, Vec<u8>, String, Option<i64>);

type SearchRow =
    (i64, i64, String, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

fn verify(conn: &mut Conn, mut progress: impl FnMut(u64, u64)) -> Result<VerifyReport, VerifyError> {
    let head = read_head(conn)?;
    let mut check = Check::new(checkpoints::list(conn)?);
    check.roots()?;
    let indexed = indexer::indexed(conn)?;
    let mut spans = Spans::default();
    let mut next = pruned::take(conn, &mut check, &head)?;
    loop {
        // Nothing is taken from `node`: it says nothing about what happened.
        let query = entry::table.filter(entry::idx.ge(column::count(next))).order(entry::idx).limit(PAGE);
        let rows = query.select((entry::idx, entry::leaf_hash, entry::bytes, entry::kind, entry::intent));
        let rows = rows.load::<EntryRow>(&mut conn.0).map_err(StoreError::from)?;
        if rows.is_empty() {
            break;
        }
        let mut found = searchable(conn, next)?;
        for row in &rows {
            let search = check.entry(next, row, &head)?;
            compare_search(next, indexed, found.remove(&next), &search)?;
            if next < indexed {
                spans.add(column::count(next), search.time_us);
            }
            next += 1;
        }
        compare_tiles(conn, &mut check)?;
        progress(next, head.size.max(next));
    }
    let report = check.end(conn, &head)?;
    compare_search_size(conn, head.pruned, indexed, next)?;
    if let Some(block) = spans.missed(conn)? {
        let first = block.saturating_mul(BLOCK);
        return Err(fault(format!("the times of the entries from {first} on are not within those of their block")));
    }
    Ok(report)
}

/// What is recomputed on the way.
struct Check {
    range: CompactRange,
    partial: BTreeMap<u32, Vec<Hash>>,
    filled: Vec<(i64, i64, Vec<u8>)>,
    tiles: u64,
    usage: Fold,
    pruned: pruned::Pruned,
    years: years::Years,
    /// Open INTENTs with their operation.
    open: BTreeMap<u64, String>,
    /// INTENTs that were closed as unknown, which does not keep a later word from being heard.
    unknown: BTreeMap<u64, String>,
    checkpoints: Peekable<std::vec::IntoIter<TreeHead>>,
    checked: u64,
    /// The latest time that an entry had.
    latest_us: i64,
    set_back: Option<SetBack>,
}

impl Check {
    fn new(checkpoints: Vec<TreeHead>) -> Self {
        Self {
            range: CompactRange::default(),
            partial: BTreeMap::new(),
            filled: Vec::new(),
            tiles: 0,
            usage: Fold::new(),
            pruned: pruned::Pruned::default(),
            years: years::Years::default(),
            open: BTreeMap::new(),
            unknown: BTreeMap::new(),
            checkpoints: checkpoints.into_iter().peekable(),
            checked: 0,
            latest_us: i64::MIN,
            set_back: None,
        }
    }

    fn entry(&mut self, expected: u64, row: &EntryRow, head: &Head) -> Result<Search, VerifyError> {
        let (index, stored_hash, bytes, kind, intent) = row;
        let at = |what: String| VerifyError::Fault { index: Some(expected), what };
        if u64::try_from(*index) != Ok(expected) {
            return Err(at(format!("is missing; the next one is {index}")));
        }
        if expected >= head.size {
            return Err(at(format!("is beyond the head, which has {} entries", head.size)));
        }
        let hash = leaf_hash(bytes);
        if hash.as_slice() != stored_hash.as_slice() {
            return Err(at("its bytes do not have its leaf hash".to_owned()));
        }
        let entry = Entry::from_bytes(bytes).map_err(|error| at(format!("its bytes are {error}")))?;
        let search = Search::of(&entry);
        if kind != search.kind || *intent != search.intent {
            return Err(at("the columns beside its bytes do not say what the bytes say".to_owned()));
        }
        self.follow_clock(expected, entry.time_us);
        self.link(expected, &entry).map_err(at)?;
        self.pruned.hear(&entry);
        self.years.hear(expected, &entry)?;
        if let Some((key, figures)) = usage_of(&entry) {
            self.usage.entry(key).or_default().add(figures);
        }
        self.grow(hash);
        self.roots()?;
        Ok(search)
    }

    /// Remembers where the clock was set back the furthest. Entries that wait for one commit may be out of order a little.
    fn follow_clock(&mut self, index: u64, time_us: i64) {
        let by_us = self.latest_us.saturating_sub(time_us);
        if by_us > CLOCK_SLACK_US && self.set_back.is_none_or(|known| by_us > known.by_us) {
            self.set_back = Some(SetBack { index, by_us });
        }
        self.latest_us = self.latest_us.max(time_us);
    }

    /// Checks that an OUTCOME closes an INTENT of the same operation, once.
    fn link(&mut self, index: u64, entry: &Entry) -> Result<(), String> {
        match (entry.kind, entry.intent) {
            (Kind::Intent, None) => {
                self.open.insert(index, entry.operation.clone());
                Ok(())
            }
            (Kind::Intent, Some(_)) => Err("is an INTENT and names another".to_owned()),
            (Kind::Outcome, None) => Ok(()),
            // What that INTENT said was given up; that it was closed was a condition of it.
            (Kind::Outcome, Some(intent)) if intent < self.pruned.until => Ok(()),
            (Kind::Outcome, Some(intent)) => {
                let opened = self.open.remove(&intent).or_else(|| self.unknown.remove(&intent));
                let operation = opened.ok_or_else(|| format!("closes entry {intent}, which is not an open INTENT"))?;
                if operation != entry.operation {
                    return Err(format!("closes entry {intent}, which is about `{operation}`"));
                }
                if entry.status == Some(Status::Unknown) {
                    self.unknown.insert(intent, operation);
                }
                Ok(())
            }
        }
    }

    fn grow(&mut self, leaf: Hash) {
        let (partial, filled) = (&mut self.partial, &mut self.filled);
        self.range.append(leaf, |level, index, hash| {
            if level.is_multiple_of(TILE_HEIGHT) {
                let level = level / TILE_HEIGHT;
                let hashes = partial.entry(level).or_default();
                hashes.push(hash);
                if u64::try_from(hashes.len()) == Ok(TILE_WIDTH) {
                    filled.push((i64::from(level), column::count(index / TILE_WIDTH), hashes.concat()));
                    hashes.clear();
                }
            }
        });
    }

    /// Holds the tree against the checkpoints of its size.
    fn roots(&mut self) -> Result<(), VerifyError> {
        let size = self.range.size();
        while let Some(checkpoint) = self.checkpoints.next_if(|checkpoint| checkpoint.size == size) {
            if checkpoint.root != self.range.root() {
                return Err(fault(format!("the tree of {size} entries is not the one its checkpoint was signed for")));
            }
            self.checked += 1;
        }
        Ok(())
    }

    fn end(mut self, conn: &mut Conn, head: &Head) -> Result<VerifyReport, VerifyError> {
        let size = self.range.size();
        if size < head.size {
            let what = format!("is missing, and all after it; the head has {} entries", head.size);
            return Err(VerifyError::Fault { index: Some(size), what });
        }
        if self.range.root() != head.root || self.range.nodes() != head.nodes {
            return Err(fault("the head row does not have the root of its entries".to_owned()));
        }
        if let Some(checkpoint) = self.checkpoints.next() {
            return Err(fault(format!("a checkpoint was signed for {} entries; there are {size}", checkpoint.size)));
        }
        if self.open.first_key_value().is_some_and(|(index, _)| *index < head.open_from) {
            return Err(fault("the head row says that there is no open INTENT where there is one".to_owned()));
        }
        self.pruned.check()?;
        let years = std::mem::take(&mut self.years).check(conn)?;
        let stored_tiles = tile::table.count().get_result::<i64>(&mut conn.0).map_err(StoreError::from)?;
        if u64::try_from(stored_tiles) != Ok(self.tiles) {
            return Err(fault(format!("there are {stored_tiles} tiles where {} belong", self.tiles)));
        }
        let usage_rows = compare_usage(conn, std::mem::take(&mut self.usage))?;
        Ok(VerifyReport {
            head: TreeHead { size, root: self.range.root() },
            pruned: self.pruned.until,
            tiles: self.tiles,
            usage_rows,
            checkpoints: self.checked,
            years,
            open_intents: u64::try_from(self.open.len()).unwrap_or(u64::MAX),
            set_back: self.set_back,
        })
    }
}

const fn fault(what: String) -> VerifyError {
    VerifyError::Fault { index: None, what }
}

/// A page of the search columns, by index.
fn searchable(conn: &mut Conn, from: u64) -> Result<BTreeMap<u64, SearchRow>, VerifyError> {
    let wanted =
        entry_search::idx.ge(column::count(from)).and(entry_search::idx.lt(column::count(from).saturating_add(PAGE)));
    let rows = entry_search::table.filter(wanted).load::<SearchRow>(&mut conn.0).map_err(StoreError::from)?;
    Ok(rows.into_iter().map(|row| (u64::try_from(row.0).unwrap_or(u64::MAX), row)).collect())
}

/// Holds the search columns of an entry against its bytes.
fn compare_search(index: u64, indexed: u64, row: Option<SearchRow>, search: &Search) -> Result<(), VerifyError> {
    let at = |what: String| Err(VerifyError::Fault { index: Some(index), what });
    match row {
        None if index < indexed => at("its search columns are missing".to_owned()),
        None => Ok(()),
        Some(_) if index >= indexed => {
            at("it has search columns, and the head of the search says it has none".to_owned())
        }
        Some(row) => match differing_column(&row, search) {
            Some(column) => at(format!("the search column `{column}` does not say what the bytes say")),
            None => Ok(()),
        },
    }
}

/// There are no search columns but those that were compared, and those that still go.
fn compare_search_size(conn: &mut Conn, pruned: u64, indexed: u64, size: u64) -> Result<(), VerifyError> {
    let kept = entry_search::table.filter(entry_search::idx.ge(column::count(pruned)));
    let rows = kept.count().get_result::<i64>(&mut conn.0).map_err(StoreError::from)?;
    let expected = indexed.checked_sub(pruned);
    if indexed > size || expected.is_none() || u64::try_from(rows).ok() != expected {
        return Err(fault(format!("{rows} entries have search columns where {indexed} are said to, of {size}")));
    }
    Ok(())
}

/// The first search column that says something else than the bytes.
fn differing_column(row: &SearchRow, search: &Search) -> Option<&'static str> {
    let (_, time_us, operation, organization, app, dataset, grant_id, token, status) = row;
    let columns = [
        ("time_us", *time_us == search.time_us),
        ("operation", *operation == search.operation),
        ("organization", *organization == search.organization),
        ("app", *app == search.app),
        ("dataset", *dataset == search.dataset),
        ("grant_id", *grant_id == search.grant_id),
        ("token", *token == search.token),
        ("status", status.as_deref() == search.status),
    ];
    columns.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
}

fn compare_tiles(conn: &mut Conn, check: &mut Check) -> Result<(), VerifyError> {
    for (level, index, hashes) in check.filled.drain(..) {
        let query = tile::table.find((level, index)).select(tile::hashes);
        let stored = query.first::<Vec<u8>>(&mut conn.0).optional().map_err(StoreError::from)?;
        match stored {
            None => return Err(fault(format!("the tile {level}/{index} is missing"))),
            Some(stored) if stored != hashes => {
                return Err(fault(format!("the tile {level}/{index} does not hold the hashes of its entries")));
            }
            Some(_) => check.tiles += 1,
        }
    }
    Ok(())
}

fn compare_usage(conn: &mut Conn, mut fold: Fold) -> Result<u64, VerifyError> {
    let rows = usage_hour::table.load::<UsageColumns>(&mut conn.0).map_err(StoreError::from)?;
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    for row in rows {
        let (key, stored) = usage_of_row(row);
        let name = describe(&key);
        match fold.remove(&key) {
            None => return Err(fault(format!("the usage row {name} has no entry behind it"))),
            Some(figures) if figures != stored => {
                return Err(fault(format!("the usage row {name} says {stored:?}; its entries say {figures:?}")));
            }
            Some(_) => {}
        }
    }
    match fold.first_key_value() {
        Some((key, _)) => Err(fault(format!("the usage row {} is missing", describe(key)))),
        None => Ok(count),
    }
}

fn describe(key: &UsageKey) -> String {
    let UsageKey { period_start, app, dataset, tier, operation, .. } = key;
    format!("({period_start}, {app}, {dataset}, {tier}, {operation})")
}
