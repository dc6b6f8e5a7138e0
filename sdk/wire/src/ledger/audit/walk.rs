//! The walk over all tiles from some entry on: it says which tiles it wants, is given their bytes, and in the end knows
//! whether they are the tree that was signed. It does no input or output, and holds a few tiles at most.

use super::BrokenLog;
use super::nodes::{TileNodes, hashes, widest};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::export::left_of;
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::ledger::tree::{CompactRange, Hash};
use std::collections::{BTreeMap, VecDeque};

/// A walk under way.
#[derive(Debug)]
pub struct TileWalk {
    size: u64,
    root: Hash,
    range: CompactRange,
    /// For each level of tiles above the leaves: index of the first hash that was not compared yet, and the hashes.
    computed: BTreeMap<u8, (u64, Vec<Hash>)>,
    /// Tiles to be compared, each with the place of the first hash in it and the hashes.
    compare: VecDeque<(Tile, usize, Vec<Hash>)>,
}

impl TileWalk {
    /// A walk over the whole tree of a checkpoint.
    pub fn whole(checkpoint: &Checkpoint) -> Self {
        Self::from_range(checkpoint, CompactRange::default())
    }

    /// A walk that begins behind the tree of a checkpoint that is held. `nodes` must have the tiles of
    /// [`TileWalk::places_of`] it; they are believed when they make the root that is held, and not otherwise.
    pub fn behind(held: &Checkpoint, checkpoint: &Checkpoint, nodes: &TileNodes) -> Result<Self, BrokenLog> {
        if held.origin != checkpoint.origin {
            let (held, present) = (held.origin.clone(), checkpoint.origin.clone());
            return Err(BrokenLog::OtherLog { held, present });
        }
        if held.size > checkpoint.size {
            return Err(BrokenLog::WentBack { held: held.size, present: checkpoint.size });
        }
        let roots: Option<Vec<Hash>> =
            Self::places_of(held).into_iter().map(|(level, at)| nodes.node(level, at)).collect();
        let range = roots.and_then(|roots| CompactRange::from_nodes(held.size, roots).ok());
        let range = range.filter(|range| range.root() == held.root).ok_or(BrokenLog::Forked(held.size))?;
        Ok(Self::from_range(checkpoint, range))
    }

    /// Level and index of the nodes that a walk behind a checkpoint begins with.
    pub fn places_of(held: &Checkpoint) -> Vec<(u32, u64)> {
        left_of(held.size)
    }

    fn from_range(checkpoint: &Checkpoint, range: CompactRange) -> Self {
        let (size, root) = (checkpoint.size, checkpoint.root);
        Self { size, root, range, computed: BTreeMap::new(), compare: VecDeque::new() }
    }

    /// Number of leaves that were seen or held before.
    pub const fn seen(&self) -> u64 {
        self.range.size()
    }

    /// The next tiles, at most so many; none at the end. They must be given in this order.
    pub fn wanted(&self, tiles_max: usize) -> Vec<Tile> {
        let leaves = (self.range.size() / TILE_WIDTH..).map_while(|index| widest(self.size, 0, index));
        let leaves = leaves.take(if self.range.size() < self.size { tiles_max } else { 0 });
        self.compare.iter().map(|(tile, _, _)| *tile).chain(leaves).take(tiles_max).collect()
    }

    /// Takes the bytes of a wanted tile.
    pub fn take(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), BrokenLog> {
        let hashes = hashes(tile, bytes)?;
        if tile.level > 0 {
            let place = self.compare.iter().position(|(wanted, _, _)| *wanted == tile);
            let wanted = place.and_then(|place| self.compare.remove(place)).ok_or(BrokenLog::Order(tile))?;
            let same = hashes.get(wanted.1..).is_some_and(|hashes| *hashes == *wanted.2);
            return if same { Ok(()) } else { Err(BrokenLog::Tile(tile)) };
        }
        let known = self.range.size();
        if tile.index != known / TILE_WIDTH {
            return Err(BrokenLog::Order(tile));
        }
        // What is before is part of the tree that is held.
        let first = usize::try_from(known % TILE_WIDTH).unwrap_or(usize::MAX);
        hashes.into_iter().skip(first).for_each(|leaf| self.grow(leaf));
        if self.range.size() >= self.size {
            let computed = std::mem::take(&mut self.computed);
            computed.into_iter().for_each(|(level, (first, hashes))| self.expect(level, first, hashes));
        }
        Ok(())
    }

    /// Adds a leaf; what it completes is to be compared with the tiles above, once they are full or at the end.
    fn grow(&mut self, leaf: Hash) {
        let (computed, mut full) = (&mut self.computed, Vec::new());
        self.range.append(leaf, |level, index, hash| {
            let Some(level) = u8::try_from(level / TILE_HEIGHT).ok().filter(|_| level.is_multiple_of(TILE_HEIGHT))
            else {
                return;
            };
            if level == 0 {
                return;
            }
            let (_, hashes) = computed.entry(level).or_insert((index, Vec::new()));
            hashes.push(hash);
            if (index + 1).is_multiple_of(TILE_WIDTH) {
                full.extend(computed.remove(&level).map(|(first, hashes)| (level, first, hashes)));
            }
        });
        full.into_iter().for_each(|(level, first, hashes)| self.expect(level, first, hashes));
    }

    fn expect(&mut self, level: u8, first: u64, hashes: Vec<Hash>) {
        let place = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        if let Ok(width) = u16::try_from(place.saturating_add(hashes.len())) {
            self.compare.push_back((Tile { level, index: first / TILE_WIDTH, width }, place, hashes));
        }
    }

    /// Whether all that was seen is the tree that was signed.
    pub fn finish(self) -> Result<(), BrokenLog> {
        let whole = self.range.size() == self.size && self.compare.is_empty();
        if whole && self.range.root() == self.root { Ok(()) } else { Err(BrokenLog::Root(self.size)) }
    }
}
