//! Tiles and proofs from what is stored: full tiles from their rows, partial ones from the leaves and tiles below.

use super::edge::read_head;
use crate::schema::{entry, tile as tiles};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use mudeung_wire::ledger::tree::{self, CompactRange, Hash, prove_inclusion, subtree};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A full tile.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = tiles)]
pub(super) struct TileRow {
    pub(super) level: i64,
    pub(super) idx: i64,
    pub(super) hashes: Vec<u8>,
}

/// Tiles above the leaves that are kept, with the nodes within them: 16 KiB each.
const KEPT_MAX: usize = 256;

/// The tree within one tile, as far as its hashes are known.
#[derive(Clone, Default)]
struct TileTree {
    range: CompactRange,
    /// The complete nodes by height: the hashes of the tile first, and the root of all 256 of them last.
    nodes: Vec<Vec<Hash>>,
}

impl TileTree {
    fn of(hashes: &[Hash]) -> Self {
        let mut tree = Self::default();
        tree.extend(hashes);
        tree
    }

    fn extend(&mut self, hashes: &[Hash]) {
        let (range, nodes) = (&mut self.range, &mut self.nodes);
        for hash in hashes {
            range.append(*hash, |height, _, hash| {
                let height = usize::try_from(height).unwrap_or(usize::MAX);
                if nodes.len() <= height {
                    nodes.push(Vec::new());
                }
                if let Some(row) = nodes.get_mut(height) {
                    row.push(hash);
                }
            });
        }
    }

    /// How many hashes are known.
    const fn width(&self) -> u64 {
        self.range.size()
    }

    fn hashes(&self) -> &[Hash] {
        self.nodes.first().map_or(&[], Vec::as_slice)
    }

    fn node(&self, height: u32, place: usize) -> Option<Hash> {
        self.nodes.get(usize::try_from(height).ok()?)?.get(place).copied()
    }
}

/// Level and index of a tile.
type Place = (u8, u64);

/// The tiles above the leaves that were used last. What is complete never changes, so it stays true. Without it every
/// proof would hash a thousand nodes anew, and read up to 255 tiles to know the last one of a level.
#[derive(Clone, Default)]
pub(super) struct KeptTiles(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// With the number of the last use.
    tiles: HashMap<Place, (u64, Arc<TileTree>)>,
    uses: u64,
}

impl KeptTiles {
    fn get(&self, place: Place) -> Option<Arc<TileTree>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let uses = kept.uses;
        let (last, tree) = kept.tiles.get_mut(&place)?;
        *last = uses;
        Some(Arc::clone(tree))
    }

    /// Keeps a tile in the place of the one that was not used for longest.
    fn put(&self, place: Place, tree: &Arc<TileTree>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = kept.tiles.iter().min_by_key(|(_, (last, _))| *last).map(|(place, _)| *place);
        if let Some(oldest) = oldest.filter(|_| kept.tiles.len() >= KEPT_MAX && !kept.tiles.contains_key(&place)) {
            kept.tiles.remove(&oldest);
        }
        let uses = kept.uses;
        kept.tiles.insert(place, (uses, Arc::clone(tree)));
    }

    /// A tile with at least its first `width` hashes.
    fn read(&self, conn: &mut Conn, place: Place, width: u64) -> Result<Arc<TileTree>, StoreError> {
        let (level, index) = place;
        let known = if level == 0 { None } else { self.get(place) };
        if let Some(tree) = known.as_ref().filter(|tree| tree.width() >= width) {
            return Ok(Arc::clone(tree));
        }
        let tree = match stored(conn, level, index)? {
            Some(row) => TileTree::of(row.hashes.as_chunks::<32>().0),
            None => {
                let mut tree = known.map(|tree| (*tree).clone()).unwrap_or_default();
                let have = tree.width();
                tree.extend(&hashes_of_level(conn, level, index * TILE_WIDTH + have, width - have)?);
                tree
            }
        };
        let tree = Arc::new(tree);
        if level > 0 {
            self.put(place, &tree);
        }
        Ok(tree)
    }
}

/// The bytes of a tile; `None` when the tree does not have all of its hashes.
pub(super) fn tile(conn: &mut Conn, kept: &KeptTiles, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
    if !tile.is_in(read_head(conn)?.size) {
        return Ok(None);
    }
    let width = usize::from(tile.width);
    if let Some(row) = stored(conn, tile.level, tile.index)? {
        return Ok(row.hashes.get(..width * 32).map(<[u8]>::to_vec));
    }
    let tree = kept.read(conn, (tile.level, tile.index), u64::from(tile.width))?;
    Ok(tree.hashes().get(..width).map(<[Hash]>::concat))
}

/// The proof that leaf `index` is in the tree of `size` leaves; `None` when it is not.
pub(super) fn prove(conn: &mut Conn, kept: &KeptTiles, index: u64, size: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    if index >= size || size > read_head(conn)?.size {
        return Ok(None);
    }
    with_nodes(conn, kept, |mut node| prove_inclusion(index, size, &mut node))
}

/// The proof that the tree of `to` leaves begins with the tree of `from`; `None` when the ledger never had those sizes.
pub(super) fn prove_consistency(
    conn: &mut Conn,
    kept: &KeptTiles,
    from: u64,
    to: u64,
) -> Result<Option<Vec<Hash>>, StoreError> {
    if from > to || to > read_head(conn)?.size {
        return Ok(None);
    }
    with_nodes(conn, kept, |mut node| tree::prove_consistency(from, to, &mut node))
}

/// The root of the tree of the first `size` leaves; `None` when there are not so many.
pub(super) fn root_at(conn: &mut Conn, kept: &KeptTiles, size: u64) -> Result<Option<Hash>, StoreError> {
    if size > read_head(conn)?.size {
        return Ok(None);
    }
    if size == 0 {
        return Ok(Some(tree::empty_root()));
    }
    with_nodes(conn, kept, |mut node| subtree(0, size, &mut node))
}

/// Does something with the nodes of the tree, each tile of which is read once. A node that cannot be read is an error.
fn with_nodes<T>(
    conn: &mut Conn,
    kept: &KeptTiles,
    work: impl FnOnce(&mut dyn FnMut(u32, u64) -> Option<Hash>) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let mut known = HashMap::new();
    let mut trouble = None;
    let done =
        work(&mut |level, at| node(conn, kept, &mut known, level, at).map_err(|error| trouble = Some(error)).ok());
    match trouble {
        Some(error) => Err(error),
        None => Ok(done),
    }
}

/// The hash of the complete subtree at a level and index of the tree, out of the tile it lies in.
fn node(
    conn: &mut Conn,
    kept: &KeptTiles,
    known: &mut HashMap<Place, Arc<TileTree>>,
    level: u32,
    index: u64,
) -> Result<Hash, StoreError> {
    let tile_level = u8::try_from(level / TILE_HEIGHT).map_err(StoreError::corrupt)?;
    let height = level % TILE_HEIGHT;
    let first = index << height;
    let place = (tile_level, first / TILE_WIDTH);
    let end = first % TILE_WIDTH + (1 << height);
    let tree = match known.get(&place).filter(|tree| tree.width() >= end) {
        Some(tree) => Arc::clone(tree),
        None => {
            let tree = kept.read(conn, place, end)?;
            known.insert(place, Arc::clone(&tree));
            tree
        }
    };
    let within = usize::try_from((first % TILE_WIDTH) >> height).map_err(StoreError::corrupt)?;
    let hash = tree.node(height, within);
    hash.ok_or_else(|| StoreError::Corrupt(format!("the tile {}/{} is cut off", place.0, place.1)))
}

fn stored(conn: &mut Conn, level: u8, index: u64) -> Result<Option<TileRow>, StoreError> {
    let query = tiles::table.find((i64::from(level), column::count(index)));
    Ok(query.first::<TileRow>(&mut conn.0).optional()?)
}

/// `width` hashes of a level of tiles from the hash `first` on: leaf hashes, or the roots of the full tiles below.
pub(super) fn hashes_of_level(conn: &mut Conn, level: u8, first: u64, width: u64) -> Result<Vec<Hash>, StoreError> {
    let end = first.saturating_add(width);
    let (from, until) = (column::count(first), column::count(end));
    let hashes: Vec<Hash> = match level.checked_sub(1) {
        None => {
            let query = entry::table.filter(entry::idx.ge(from).and(entry::idx.lt(until))).order(entry::idx);
            let rows = query.select(entry::leaf_hash).load::<Vec<u8>>(&mut conn.0)?;
            rows.iter().map(|hash| column::hash(hash)).collect::<Result<_, _>>()?
        }
        Some(below) => {
            let query = tiles::table
                .filter(tiles::level.eq(i64::from(below)).and(tiles::idx.ge(from)).and(tiles::idx.lt(until)))
                .order(tiles::idx);
            let rows = query.select(tiles::hashes).load::<Vec<u8>>(&mut conn.0)?;
            rows.iter().map(|hashes| root_of(hashes.as_chunks::<32>().0)).collect()
        }
    };
    if u64::try_from(hashes.len()) == Ok(width) {
        Ok(hashes)
    } else {
        Err(StoreError::Corrupt(format!("level {level} has {} of {width} hashes from {first} on", hashes.len())))
    }
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut range = CompactRange::default();
    for hash in hashes {
        range.append(*hash, |_, _, _| {});
    }
    range.root()
}
