//! Nodes of the tree out of its tiles.

use super::BrokenLog;
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::ledger::tree::{CompactRange, Hash};
use std::collections::BTreeMap;

/// Some tiles of a tree, and the nodes that lie in them.
#[derive(Debug, Clone)]
pub struct TileNodes {
    size: u64,
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileNodes {
    /// Of a tree of `size` leaves; no tile is there yet.
    pub const fn new(size: u64) -> Self {
        Self { size, tiles: BTreeMap::new() }
    }

    /// The tiles that nodes at these levels and indices lie in, each once, as wide as the tree has them.
    pub fn tiles_of(&self, places: impl IntoIterator<Item = (u32, u64)>) -> Vec<Tile> {
        let tiles = places.into_iter().filter_map(|(level, index)| {
            let (level, first, _) = place(level, index)?;
            widest(self.size, level, first / TILE_WIDTH)
        });
        let mut tiles: Vec<Tile> = tiles.collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles
    }

    /// Adds a tile.
    pub fn put(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), BrokenLog> {
        self.tiles.insert((tile.level, tile.index), hashes(tile, bytes)?);
        Ok(())
    }

    /// The complete subtree at a level and index, when its tile was added.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let (level, first, width) = place(level, index)?;
        let start = usize::try_from(first % TILE_WIDTH).ok()?;
        let within = self.tiles.get(&(level, first / TILE_WIDTH))?.get(start..start.checked_add(width)?)?;
        let mut range = CompactRange::default();
        within.iter().for_each(|hash| range.append(*hash, |_, _, _| {}));
        Some(range.root())
    }
}

/// Level of the tile, index of the first of its level's hashes, and number of hashes that make a node.
fn place(level: u32, index: u64) -> Option<(u8, u64, usize)> {
    let height = level % TILE_HEIGHT;
    let first = index.checked_mul(1 << height)?;
    Some((u8::try_from(level / TILE_HEIGHT).ok()?, first, 1 << height))
}

/// A tile as wide as a tree of `size` leaves has it; nothing when it has none of its hashes.
pub(super) fn widest(size: u64, level: u8, index: u64) -> Option<Tile> {
    let hashes = Tile::hashes_at(level, size).checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
    u16::try_from(hashes).ok().filter(|width| *width > 0).map(|width| Tile { level, index, width })
}

/// The hashes of a tile.
pub(super) fn hashes(tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, BrokenLog> {
    let expected = usize::from(tile.width) * 32;
    if bytes.len() == expected {
        Ok(bytes.as_chunks::<32>().0.to_vec())
    } else {
        Err(BrokenLog::Length { tile, bytes: bytes.len(), expected })
    }
}
