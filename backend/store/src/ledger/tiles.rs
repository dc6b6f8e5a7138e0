//! Tiles and proofs from what is stored: full tiles from their rows, partial ones from the leaves and tiles below.

use super::edge::read_head;
use crate::schema::{entry, tile as tiles};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use mudeung_wire::ledger::tree::{self, CompactRange, Hash, prove_inclusion, subtree};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// A full tile.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = tiles)]
pub(super) struct TileRow {
    pub(super) level: i64,
    pub(super) idx: i64,
    pub(super) hashes: Vec<u8>,
}

/// The hashes of the last tile of each level above the leaves, as far as they were read. What is complete never changes,
/// so it stays true; without it every proof would read up to 255 tiles to know the last one. One tile for each level.
#[derive(Clone, Default)]
pub(super) struct LastTiles(Arc<Mutex<BTreeMap<u8, LastTile>>>);

/// The index of a tile and its first hashes.
type LastTile = (u64, Vec<Hash>);

impl LastTiles {
    /// The first `width` hashes of a tile that is not full.
    fn hashes(&self, conn: &mut Conn, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, StoreError> {
        let first = index * TILE_WIDTH;
        if level == 0 {
            return hashes_of_level(conn, level, first, width);
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&level).cloned();
        let mut hashes = known.filter(|(of, _)| *of == index).map(|(_, hashes)| hashes).unwrap_or_default();
        let have = u64::try_from(hashes.len()).map_err(StoreError::corrupt)?;
        if have < width {
            hashes.extend(hashes_of_level(conn, level, first + have, width - have)?);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(level, (index, hashes.clone()));
        }
        hashes.truncate(usize::try_from(width).map_err(StoreError::corrupt)?);
        Ok(hashes)
    }
}

/// The bytes of a tile; `None` when the tree does not have all of its hashes.
pub(super) fn tile(conn: &mut Conn, last: &LastTiles, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
    if !tile.is_in(read_head(conn)?.size) {
        return Ok(None);
    }
    let width = usize::from(tile.width);
    if let Some(row) = stored(conn, tile.level, tile.index)? {
        return Ok(row.hashes.get(..width * 32).map(<[u8]>::to_vec));
    }
    let hashes = last.hashes(conn, tile.level, tile.index, u64::from(tile.width))?;
    Ok(Some(hashes.concat()))
}

/// The proof that leaf `index` is in the tree of `size` leaves; `None` when it is not.
pub(super) fn prove(conn: &mut Conn, last: &LastTiles, index: u64, size: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    if index >= size || size > read_head(conn)?.size {
        return Ok(None);
    }
    with_nodes(conn, last, |mut node| prove_inclusion(index, size, &mut node))
}

/// The proof that the tree of `to` leaves begins with the tree of `from`; `None` when the ledger never had those sizes.
pub(super) fn prove_consistency(
    conn: &mut Conn,
    last: &LastTiles,
    from: u64,
    to: u64,
) -> Result<Option<Vec<Hash>>, StoreError> {
    if from > to || to > read_head(conn)?.size {
        return Ok(None);
    }
    with_nodes(conn, last, |mut node| tree::prove_consistency(from, to, &mut node))
}

/// The root of the tree of the first `size` leaves; `None` when there are not so many.
pub(super) fn root_at(conn: &mut Conn, last: &LastTiles, size: u64) -> Result<Option<Hash>, StoreError> {
    if size > read_head(conn)?.size {
        return Ok(None);
    }
    if size == 0 {
        return Ok(Some(tree::empty_root()));
    }
    with_nodes(conn, last, |mut node| subtree(0, size, &mut node))
}

/// Does something with the nodes of the tree, each tile of which is read once. A node that cannot be read is an error.
fn with_nodes<T>(
    conn: &mut Conn,
    last: &LastTiles,
    work: impl FnOnce(&mut dyn FnMut(u32, u64) -> Option<Hash>) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let mut known = HashMap::new();
    let mut trouble = None;
    let done =
        work(&mut |level, at| node(conn, last, &mut known, level, at).map_err(|error| trouble = Some(error)).ok());
    match trouble {
        Some(error) => Err(error),
        None => Ok(done),
    }
}

/// The hash of the complete subtree at a level and index of the tree, out of the tile it lies in.
fn node(
    conn: &mut Conn,
    last: &LastTiles,
    known: &mut HashMap<(u8, u64), Vec<Hash>>,
    level: u32,
    index: u64,
) -> Result<Hash, StoreError> {
    let tile_level = u8::try_from(level / TILE_HEIGHT).map_err(StoreError::corrupt)?;
    let height = level % TILE_HEIGHT;
    let first = index << height;
    let place = (tile_level, first / TILE_WIDTH);
    let start = usize::try_from(first % TILE_WIDTH).map_err(StoreError::corrupt)?;
    let end = start + (1_usize << height);
    let enough = known.get(&place).is_some_and(|hashes| hashes.len() >= end);
    if !enough {
        let hashes = match stored(conn, place.0, place.1)? {
            Some(row) => row.hashes.as_chunks::<32>().0.to_vec(),
            None => {
                let width = u64::try_from(end).map_err(StoreError::corrupt)?;
                last.hashes(conn, place.0, place.1, width)?
            }
        };
        known.insert(place, hashes);
    }
    let hashes = known.get(&place).and_then(|hashes| hashes.get(start..end));
    hashes.map(root_of).ok_or_else(|| StoreError::Corrupt(format!("the tile {}/{} is cut off", place.0, place.1)))
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
