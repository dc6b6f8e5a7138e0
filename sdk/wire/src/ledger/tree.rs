//! The Merkle tree of RFC 6962 over the entries: leaf hashes, the compact range that grows it, proofs and their check.

mod consistency;

pub use consistency::{prove_consistency, verify_consistency};

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Hash of an entry's bytes: `SHA-256(0x00 ‖ bytes)`.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0_u8]);
    hasher.update(bytes);
    hasher.finalize().into()
}

/// Hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1_u8]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The hash of the tree with no leaves: `SHA-256("")`.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The roots of the complete subtrees that a tree of some size consists of, largest first: all that is needed to add
/// leaves and to know the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    nodes: Vec<Hash>,
}

/// Nodes that do not belong to a tree of the size given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves has {expected} complete subtrees, not {found}")]
pub struct InvalidRange {
    size: u64,
    expected: u32,
    found: usize,
}

impl CompactRange {
    /// The range of a tree of `size` leaves, from its stored nodes.
    pub fn from_nodes(size: u64, nodes: Vec<Hash>) -> Result<Self, InvalidRange> {
        let expected = size.count_ones();
        if usize::try_from(expected) == Ok(nodes.len()) {
            Ok(Self { size, nodes })
        } else {
            Err(InvalidRange { size, expected, found: nodes.len() })
        }
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds a leaf. `completed` is told of every node that the leaf completes: its level (0 is the leaf itself), its
    /// index within the level, and its hash.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(u32, u64, Hash)) {
        let index = self.size;
        completed(0, index, leaf);
        let mut hash = leaf;
        let mut level = 0_u32;
        while (index >> level) & 1 == 1 {
            let Some(left) = self.nodes.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
            completed(level, index >> level, hash);
        }
        self.nodes.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return empty_root() };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A proof that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold")]
pub struct ProofFailed;

/// Checks that `leaf` is entry `index` of the tree of `size` leaves with that root (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(index: u64, leaf: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> Result<(), ProofFailed> {
    if index >= size {
        return Err(ProofFailed);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofFailed);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(ProofFailed) }
}

/// The proof that leaf `index` is in the tree of `size` leaves. `node` gives the hash of the complete subtree at a
/// level and index. `None` when the index is outside or a node is missing.
pub fn prove_inclusion(index: u64, size: u64, node: &mut impl FnMut(u32, u64) -> Option<Hash>) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let mut proof = Vec::new();
    path(index, 0, size, node, &mut proof)?;
    Some(proof)
}

/// The path of leaf `index` within the subtree of `size` leaves that starts at leaf `start`.
fn path(
    index: u64,
    start: u64,
    size: u64,
    node: &mut impl FnMut(u32, u64) -> Option<Hash>,
    proof: &mut Vec<Hash>,
) -> Option<()> {
    if size <= 1 {
        return Some(());
    }
    let split = split_point(size);
    if index - start < split {
        path(index, start, split, node, proof)?;
        proof.push(subtree(start + split, size - split, node)?);
    } else {
        path(index, start + split, size - split, node, proof)?;
        proof.push(subtree(start, split, node)?);
    }
    Some(())
}

/// The hash of the subtree of `size` leaves that starts at leaf `start`, from complete nodes.
pub fn subtree(start: u64, size: u64, node: &mut impl FnMut(u32, u64) -> Option<Hash>) -> Option<Hash> {
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return node(level, start >> level);
    }
    let split = split_point(size);
    let left = subtree(start, split, node)?;
    let right = subtree(start + split, size - split, node)?;
    Some(node_hash(&left, &right))
}

/// The largest power of two smaller than `size`, which must be at least 2.
const fn split_point(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests;
