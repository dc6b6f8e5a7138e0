//! The proof of a run of leaves: which subtrees stand beside it, and the root that they and the leaves make.

use crate::ledger::tree::{Hash, ProofFailed, empty_root, node_hash};

/// Level and index of the complete subtrees that the first `start` leaves consist of, largest first.
pub fn left_of(start: u64) -> Vec<(u32, u64)> {
    cover(0, start)
}

/// Level and index of the largest complete, aligned subtrees from leaf `end` to the end of a tree of `size` leaves.
pub fn right_of(end: u64, size: u64) -> Vec<(u32, u64)> {
    cover(end, size)
}

/// The largest aligned subtrees that fill `from..until`, from left to right.
fn cover(from: u64, until: u64) -> Vec<(u32, u64)> {
    let mut nodes = Vec::new();
    let mut at = from;
    while let Some(left) = until.checked_sub(at).and_then(u64::checked_ilog2) {
        // A subtree starts where its size divides the index; at 0 every size does.
        let level = left.min(at.trailing_zeros());
        nodes.push((level, at >> level));
        at += 1 << level;
    }
    nodes
}

/// Recomputes the root of a tree from a run of leaves and the subtrees beside it. Memory: a hash for each level.
#[derive(Debug, Clone)]
pub struct RangeCheck {
    /// Complete subtrees so far: level and root, largest first.
    nodes: Vec<(u32, Hash)>,
    next: u64,
}

impl RangeCheck {
    /// Starts before leaf `start`, with the roots of [`left_of`] it.
    pub fn start(start: u64, left: &[Hash]) -> Result<Self, ProofFailed> {
        let mut check = Self { nodes: Vec::new(), next: 0 };
        check.add(&left_of(start), left)?;
        Ok(check)
    }

    /// Index of the next leaf.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Adds the next leaf.
    pub fn leaf(&mut self, hash: Hash) {
        self.push(0, hash);
    }

    /// Adds the roots of [`right_of`] the last leaf and gives the root of the tree of `size` leaves.
    pub fn root(mut self, size: u64, right: &[Hash]) -> Result<Hash, ProofFailed> {
        self.add(&right_of(self.next, size), right)?;
        if self.next != size {
            return Err(ProofFailed);
        }
        let mut nodes = self.nodes.iter().rev();
        let Some((_, last)) = nodes.next() else { return Ok(empty_root()) };
        Ok(nodes.fold(*last, |right, (_, left)| node_hash(left, &right)))
    }

    fn add(&mut self, places: &[(u32, u64)], hashes: &[Hash]) -> Result<(), ProofFailed> {
        if places.len() != hashes.len() {
            return Err(ProofFailed);
        }
        for ((level, _), hash) in places.iter().zip(hashes) {
            self.push(*level, *hash);
        }
        Ok(())
    }

    /// Adds a complete subtree; it is aligned, so that it joins with those of its size to its left.
    fn push(&mut self, level: u32, hash: Hash) {
        self.next = self.next.saturating_add(1_u64.checked_shl(level).unwrap_or(u64::MAX));
        let (mut level, mut hash) = (level, hash);
        while let Some((_, left)) = self.nodes.pop_if(|(other, _)| *other == level) {
            hash = node_hash(&left, &hash);
            level += 1;
        }
        self.nodes.push((level, hash));
    }
}
