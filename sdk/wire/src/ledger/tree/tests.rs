//! The tree against two other makers: the recursive definition of RFC 6962 and the `ct-merkle` crate.

use super::*;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use std::collections::HashMap;

/// RFC 6962 section 2.1, word for word.
fn definition(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => leaf_hash(leaf),
        leaves => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&definition(&leaves[..k]), &definition(&leaves[k..]))
        }
    }
}

fn grow(leaves: &[Vec<u8>]) -> (CompactRange, HashMap<(u32, u64), Hash>) {
    let mut range = CompactRange::default();
    let mut nodes = HashMap::new();
    for leaf in leaves {
        range.append(leaf_hash(leaf), |level, index, hash| {
            assert!(nodes.insert((level, index), hash).is_none(), "a node is completed once");
        });
    }
    (range, nodes)
}

fn numbered(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|n| n.to_be_bytes().to_vec()).collect()
}

#[test]
fn roots_at_every_size_to_1025_agree_with_the_definition_and_ct_merkle() {
    let leaves = numbered(1025);
    let mut range = CompactRange::default();
    let mut other = MemoryBackedTree::<sha2_for_ct::Sha256, Vec<u8>>::new();
    assert_eq!(range.root(), definition(&[]));
    for (count, leaf) in leaves.iter().enumerate() {
        range.append(leaf_hash(leaf), |_, _, _| {});
        other.push(leaf.clone());
        assert_eq!(range.root(), definition(&leaves[..=count]));
        assert_eq!(range.root().as_slice(), other.root().as_bytes().as_slice());
    }
}

#[test]
fn a_range_is_rebuilt_from_its_nodes_only_when_their_number_fits() {
    let (range, _) = grow(&numbered(11));
    assert_eq!(CompactRange::from_nodes(11, range.nodes().to_vec()), Ok(range.clone()));
    assert!(CompactRange::from_nodes(12, range.nodes().to_vec()).is_err());
}

proptest! {
    #[test]
    fn every_leaf_is_proved_and_nothing_else_is(size in 1_u64..300, pick: u64, flip in 0_usize..32) {
        let leaves = numbered(size);
        let (range, nodes) = grow(&leaves);
        let index = pick % size;
        let proof = prove_inclusion(index, size, &mut |level, at| nodes.get(&(level, at)).copied()).unwrap();
        let leaf = leaf_hash(&leaves[usize::try_from(index).unwrap()]);
        prop_assert_eq!(verify_inclusion(index, &leaf, size, &range.root(), &proof), Ok(()));
        let mut wrong = leaf;
        wrong[flip] ^= 1;
        prop_assert_eq!(verify_inclusion(index, &wrong, size, &range.root(), &proof), Err(ProofFailed));
        let other = (index + 1) % size;
        if other != index {
            prop_assert_eq!(verify_inclusion(other, &leaf, size, &range.root(), &proof), Err(ProofFailed));
        }
        let mut longer = proof.clone();
        longer.push([0; 32]);
        prop_assert_eq!(verify_inclusion(index, &leaf, size, &range.root(), &longer), Err(ProofFailed));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert_eq!(verify_inclusion(index, &leaf, size, &range.root(), shorter), Err(ProofFailed));
        }
    }
}
