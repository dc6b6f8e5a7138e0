//! Consistency proofs (RFC 9162 section 2.1.4): that a tree is an earlier one with leaves added, and nothing else.

use super::{Hash, ProofFailed, empty_root, node_hash, split_point, subtree};

/// The proof that the tree of `to` leaves begins with the tree of `from` leaves. `node` gives the hash of the complete
/// subtree at a level and index. `None` when `from` is the larger or a node is missing.
pub fn prove_consistency(from: u64, to: u64, node: &mut impl FnMut(u32, u64) -> Option<Hash>) -> Option<Vec<Hash>> {
    if from > to {
        return None;
    }
    let mut proof = Vec::new();
    if from > 0 && from < to {
        collect(from, 0, to, true, node, &mut proof)?;
    }
    Some(proof)
}

/// The proof within the subtree of `size` leaves that starts at leaf `start`, of which the old tree has `from`. The
/// hash of the old tree itself is left out as long as it is `known`.
fn collect(
    from: u64,
    start: u64,
    size: u64,
    known: bool,
    node: &mut impl FnMut(u32, u64) -> Option<Hash>,
    proof: &mut Vec<Hash>,
) -> Option<()> {
    if from == size {
        if !known {
            proof.push(subtree(start, size, node)?);
        }
        return Some(());
    }
    let split = split_point(size);
    if from <= split {
        collect(from, start, split, known, node, proof)?;
        proof.push(subtree(start + split, size - split, node)?);
    } else {
        collect(from - split, start + split, size - split, false, node, proof)?;
        proof.push(subtree(start, split, node)?);
    }
    Some(())
}

/// Checks that the tree of `to` leaves with the root `new` begins with the tree of `from` leaves with the root `old`
/// (RFC 9162 section 2.1.4.2). Every tree begins with the empty one.
pub fn verify_consistency(from: u64, old: &Hash, to: u64, new: &Hash, proof: &[Hash]) -> Result<(), ProofFailed> {
    let holds = |it: bool| if it { Ok(()) } else { Err(ProofFailed) };
    if from == to {
        return holds(proof.is_empty() && old == new);
    }
    if from == 0 {
        return holds(proof.is_empty() && *old == empty_root());
    }
    if from > to {
        return Err(ProofFailed);
    }
    let mut path = proof.iter();
    let first = if from.is_power_of_two() { old } else { path.next().ok_or(ProofFailed)? };
    let trailing = (from - 1).trailing_ones();
    let (mut node, mut last) = ((from - 1) >> trailing, (to - 1) >> trailing);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return Err(ProofFailed);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    holds(last == 0 && old_hash == *old && new_hash == *new)
}

#[cfg(test)]
mod tests;
