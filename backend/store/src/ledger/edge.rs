//! The right edge of the tree: all that is needed to add entries, kept in memory and rebuilt from the rows at any time.

use super::TreeHead;
use super::search::INTENT;
use super::tiles::{TileRow, hashes_of_level};
use crate::connection::AnyConnection;
use crate::schema::{entry, head};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use mudeung_wire::ledger::tree::{CompactRange, Hash};
use std::collections::BTreeSet;

/// Rows read at a time.
const PAGE: i64 = 4_096;
/// When another process added more than this, reading the edge anew is cheaper than following it.
const FOLLOW_MAX: u64 = 16_384;

/// The row that says how large the tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) nodes: Vec<Hash>,
    /// No INTENT below this index is open.
    pub(super) open_from: u64,
    /// Entries below this index were given up.
    pub(super) pruned: u64,
}

/// The tree as far as adding to it needs to know it.
pub(super) struct Edge {
    range: CompactRange,
    /// For each level of tiles the hashes of its last tile, which is not full.
    partial: Vec<Vec<Hash>>,
    /// The INTENTs without an OUTCOME.
    open: BTreeSet<u64>,
    /// Tiles that were filled and are not written yet.
    filled: Vec<TileRow>,
}

impl Head {
    pub(super) const fn tree_head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }
}

type HeadRow = (i64, Vec<u8>, Vec<u8>, i64, i64);

const HEAD: (head::size, head::root, head::nodes, head::open_from, head::pruned) =
    (head::size, head::root, head::nodes, head::open_from, head::pruned);

/// Reads the head row.
pub(super) fn read_head(conn: &mut Conn) -> Result<Head, StoreError> {
    let query = head::table.select(HEAD);
    let row = query.first::<HeadRow>(&mut conn.0).optional()?;
    head_of(row)
}

/// Reads the head row and keeps it from every other writer until the transaction ends. SQLite's transactions are of that
/// kind from their start.
pub(super) fn lock_head(conn: &mut Conn) -> Result<Head, StoreError> {
    match &mut conn.0 {
        AnyConnection::Sqlite(_) => read_head(conn),
        AnyConnection::Postgres(conn) => {
            let query = head::table.select(HEAD).for_update();
            head_of(query.first::<HeadRow>(conn).optional()?)
        }
    }
}

fn head_of(row: Option<HeadRow>) -> Result<Head, StoreError> {
    let (size, root, nodes, open_from, pruned) = row.ok_or_else(|| StoreError::corrupt("the head row is missing"))?;
    let (nodes, rest) = nodes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(StoreError::corrupt("the nodes in the head row are cut off"));
    }
    Ok(Head {
        size: column::count_back(size)?,
        root: column::hash(&root)?,
        nodes: nodes.to_vec(),
        open_from: column::count_back(open_from)?,
        pruned: column::count_back(pruned)?,
    })
}

/// Writes the head row.
pub(super) fn write_head(conn: &mut Conn, edge: &Edge) -> Result<(), StoreError> {
    let set = (
        head::size.eq(column::count(edge.size())),
        head::root.eq(edge.range.root().to_vec()),
        head::nodes.eq(edge.range.nodes().concat()),
        head::open_from.eq(column::count(edge.open_from())),
    );
    diesel::update(head::table.find(1_i64)).set(set).execute(&mut conn.0)?;
    Ok(())
}

impl Edge {
    /// Reads the edge of a tree from its rows.
    pub(super) fn load(conn: &mut Conn, head: &Head) -> Result<Self, StoreError> {
        let range = CompactRange::from_nodes(head.size, head.nodes.clone()).map_err(StoreError::corrupt)?;
        let mut edge = Self { range, partial: Vec::new(), open: BTreeSet::new(), filled: Vec::new() };
        for level in 0_u8.. {
            let hashes = Tile::hashes_at(level, head.size);
            if hashes == 0 {
                break;
            }
            let width = hashes % TILE_WIDTH;
            edge.partial.push(hashes_of_level(conn, level, hashes - width, width)?);
        }
        edge.read_rows(conn, head.open_from, head.size, |_, _| {})?;
        Ok(edge)
    }

    /// Adds what other processes wrote since this edge was read. Their tiles are written already.
    pub(super) fn follow(mut self, conn: &mut Conn, head: &Head) -> Result<Self, StoreError> {
        if head.size.saturating_sub(self.size()) > FOLLOW_MAX {
            return Self::load(conn, head);
        }
        let from = self.size();
        let mut leaves = Vec::new();
        self.read_rows(conn, from, head.size, |_, hash| leaves.push(hash))?;
        for leaf in leaves {
            self.grow(leaf);
        }
        self.filled.clear();
        Ok(self)
    }

    fn read_rows(
        &mut self,
        conn: &mut Conn,
        from: u64,
        until: u64,
        mut each: impl FnMut(u64, Hash),
    ) -> Result<(), StoreError> {
        let mut next = from;
        while next < until {
            let query = entry::table
                .filter(entry::idx.ge(column::count(next)).and(entry::idx.lt(column::count(until))))
                .order(entry::idx)
                .limit(PAGE)
                .select((entry::idx, entry::leaf_hash, entry::kind, entry::intent));
            let rows = query.load::<(i64, Vec<u8>, String, Option<i64>)>(&mut conn.0)?;
            if rows.is_empty() {
                return Err(StoreError::Corrupt(format!("entry {next} is missing")));
            }
            for (index, hash, kind, intent) in rows {
                if column::count_back(index)? != next {
                    return Err(StoreError::Corrupt(format!("entry {next} is missing")));
                }
                each(next, column::hash(&hash)?);
                self.note(next, &kind, intent);
                next += 1;
            }
        }
        Ok(())
    }

    /// Adds a leaf; answers its index.
    pub(super) fn append(&mut self, leaf: Hash, kind: &str, intent: Option<i64>) -> u64 {
        let index = self.size();
        self.grow(leaf);
        self.note(index, kind, intent);
        index
    }

    fn note(&mut self, index: u64, kind: &str, intent: Option<i64>) {
        if kind == INTENT {
            self.open.insert(index);
        } else if let Some(intent) = intent.and_then(|intent| u64::try_from(intent).ok()) {
            self.open.remove(&intent);
        }
    }

    fn grow(&mut self, leaf: Hash) {
        let (partial, filled) = (&mut self.partial, &mut self.filled);
        self.range.append(leaf, |level, index, hash| {
            if !level.is_multiple_of(TILE_HEIGHT) {
                return;
            }
            let level = level / TILE_HEIGHT;
            let Ok(place) = usize::try_from(level) else { return };
            if partial.len() <= place {
                partial.resize_with(place + 1, Vec::new);
            }
            let Some(hashes) = partial.get_mut(place) else { return };
            hashes.push(hash);
            if u64::try_from(hashes.len()) == Ok(TILE_WIDTH) {
                let index = index / TILE_WIDTH;
                filled.push(TileRow { level: i64::from(level), idx: column::count(index), hashes: hashes.concat() });
                hashes.clear();
            }
        });
    }

    /// The tiles that were filled since the last call.
    pub(super) fn take_filled(&mut self) -> Vec<TileRow> {
        std::mem::take(&mut self.filled)
    }

    /// Whether an INTENT has no OUTCOME.
    pub(super) fn is_open(&self, index: u64) -> bool {
        self.open.contains(&index)
    }

    /// Number of entries.
    pub(super) const fn size(&self) -> u64 {
        self.range.size()
    }

    /// Size and root.
    pub(super) fn tree_head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.range.root() }
    }

    fn open_from(&self) -> u64 {
        self.open.first().copied().unwrap_or_else(|| self.size())
    }
}
