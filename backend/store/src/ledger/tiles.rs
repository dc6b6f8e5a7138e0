//! Tiles and proofs from what is stored: full tiles from their rows, partial ones from the leaves and tiles below.

use super::edge::read_head;
use crate::schema::{entry, tile as tiles};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use mudeung_wire::ledger::tree::{CompactRange, Hash, prove_inclusion};
use std::collections::HashMap;

/// A full tile.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = tiles)]
pub(super) struct TileRow {
    pub(super) level: i64,
    pub(super) idx: i64,
    pub(super) hashes: Vec<u8>,
}

/// The bytes of a tile; `None` when the tree does not have all of its hashes.
pub(super) fn tile(conn: &mut Conn, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
    if !tile.is_in(read_head(conn)?.size) {
        return Ok(None);
    }
    let width = usize::from(tile.width);
    if let Some(row) = stored(conn, tile.level, tile.index)? {
        return Ok(row.hashes.get(..width * 32).map(<[u8]>::to_vec));
    }
    let hashes = hashes_of_level(conn, tile.level, tile.index * TILE_WIDTH, u64::from(tile.width))?;
    Ok(Some(hashes.concat()))
}

/// The proof that leaf `index` is in the tree of `size` leaves; `None` when it is not.
pub(super) fn prove(conn: &mut Conn, index: u64, size: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    if index >= size || size > read_head(conn)?.size {
        return Ok(None);
    }
    let mut known = HashMap::new();
    let mut trouble = None;
    let proof = prove_inclusion(index, size, &mut |level, at| {
        node(conn, &mut known, level, at).map_err(|error| trouble = Some(error)).ok()
    });
    match trouble {
        Some(error) => Err(error),
        None => Ok(proof),
    }
}

/// The hash of the complete subtree at a level and index of the tree, out of the tile it lies in.
fn node(
    conn: &mut Conn,
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
                hashes_of_level(conn, place.0, place.1 * TILE_WIDTH, width)?
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
