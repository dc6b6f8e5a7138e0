//! Both kinds of proof at every size to 1025, against `ct-merkle` and `tlog_tiles`; and that no other proof holds.

use crate::ledger::tree::{
    CompactRange, Hash, empty_root, leaf_hash, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::OnceLock;
use tlog_tiles::tlog;

const SIZES: u64 = 1025;
/// To this size every index and every old size is looked at; above it some.
const ALL_TO: u64 = 80;

struct Log {
    roots: Vec<Hash>,
    nodes: HashMap<(u32, u64), Hash>,
    /// The same tree in the order of Go's sumdb.
    stored: Vec<tlog::Hash>,
}

struct Stored<'a>(&'a [tlog::Hash]);

impl tlog::HashReader for Stored<'_> {
    fn read_hashes(&self, indices: &[u64]) -> Result<Vec<tlog::Hash>, tlog_tiles::Error> {
        Ok(indices.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let mut log = Log { roots: vec![empty_root()], nodes: HashMap::new(), stored: Vec::new() };
        let mut range = CompactRange::default();
        for index in 0..SIZES {
            range.append(leaf(index), |level, at, hash| {
                log.nodes.insert((level, at), hash);
            });
            log.roots.push(range.root());
            let more = tlog::stored_hashes(index, &index.to_be_bytes(), &Stored(&log.stored)).unwrap();
            log.stored.extend(more);
        }
        log
    })
}

fn root(size: u64) -> Hash {
    log().roots[usize::try_from(size).unwrap()]
}

fn inclusion(index: u64, size: u64) -> Vec<Hash> {
    prove_inclusion(index, size, &mut |level, at| log().nodes.get(&(level, at)).copied()).unwrap()
}

fn consistency(from: u64, to: u64) -> Vec<Hash> {
    prove_consistency(from, to, &mut |level, at| log().nodes.get(&(level, at)).copied()).unwrap()
}

/// Everything below a small size; of a larger one what lies at edges and powers of two, and a few more.
fn sample(size: u64) -> Vec<u64> {
    if size <= ALL_TO {
        return (0..size).collect();
    }
    let mut picks = vec![0, 1, size / 3, size / 2, size - 2, size - 1, (size * 7919) % size.next_power_of_two() % size];
    picks.extend((1..11).map(|power| 1 << power).flat_map(|power: u64| [power - 1, power]));
    picks.retain(|pick| *pick < size);
    picks.sort_unstable();
    picks.dedup();
    picks
}

fn theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
    hashes.iter().map(|hash| tlog::Hash(*hash)).collect()
}

#[test]
fn inclusion_proofs_at_every_size_to_1025_are_those_of_two_other_makers() {
    let stored = Stored(&log().stored);
    let mut other = MemoryBackedTree::<sha2_for_ct::Sha256, Vec<u8>>::new();
    for size in 1..=SIZES {
        other.push((size - 1).to_be_bytes().to_vec());
        for index in sample(size) {
            let proof = inclusion(index, size);
            assert_eq!(verify_inclusion(index, &leaf(index), size, &root(size), &proof), Ok(()), "{index} of {size}");
            assert_eq!(theirs(&proof), tlog::prove_record(size, index, &stored).unwrap(), "{index} of {size}");
            let by_ct = other.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(proof.concat(), by_ct.as_bytes(), "{index} of {size}");
            let (their_root, their_leaf) = (tlog::Hash(root(size)), tlog::Hash(leaf(index)));
            assert!(tlog::check_record(&theirs(&proof), size, their_root, index, their_leaf).is_ok());
        }
    }
}

#[test]
fn consistency_proofs_at_every_size_to_1025_are_those_of_two_other_makers() {
    let stored = Stored(&log().stored);
    let mut other = MemoryBackedTree::<sha2_for_ct::Sha256, Vec<u8>>::new();
    for to in 1..=SIZES {
        other.push((to - 1).to_be_bytes().to_vec());
        for from in sample(to).into_iter().filter(|from| *from > 0) {
            let proof = consistency(from, to);
            assert_eq!(verify_consistency(from, &root(from), to, &root(to), &proof), Ok(()), "{from} to {to}");
            assert_eq!(theirs(&proof), tlog::prove_tree(to, from, &stored).unwrap(), "{from} to {to}");
            let by_ct = other.prove_consistency(usize::try_from(to - from).unwrap());
            assert_eq!(proof.concat(), by_ct.as_bytes(), "{from} to {to}");
            let (new, old) = (tlog::Hash(root(to)), tlog::Hash(root(from)));
            assert!(tlog::check_tree(&theirs(&proof), to, new, from, old).is_ok());
        }
    }
}

#[test]
fn every_tree_begins_with_the_empty_one_and_with_itself_without_a_proof() {
    for size in 0..=40 {
        assert_eq!(consistency(0, size), Vec::<Hash>::new());
        assert_eq!(consistency(size, size), Vec::<Hash>::new());
        assert_eq!(verify_consistency(0, &empty_root(), size, &root(size), &[]), Ok(()));
        assert_eq!(verify_consistency(size, &root(size), size, &root(size), &[]), Ok(()));
        assert!(verify_consistency(0, &empty_root(), size, &root(size), &[[0; 32]]).is_err());
        assert!(verify_consistency(size, &root(size), size, &root(size), &[[0; 32]]).is_err());
        assert!(verify_consistency(size, &root(size), size, &[1; 32], &[]).is_err());
        assert!(verify_consistency(0, &[1; 32], size + 1, &root(size + 1), &[]).is_err());
    }
    assert_eq!(prove_consistency(3, 2, &mut |_, _| Some([0; 32])), None);
    assert!(verify_consistency(3, &root(3), 2, &root(2), &[]).is_err());
}

/// A proof with one thing changed: a bit, a hash more, a hash less, two hashes exchanged.
fn changed(proof: &[Hash], how: u8, place: usize, bit: u8) -> Option<Vec<Hash>> {
    let mut proof = proof.to_vec();
    let place = if proof.is_empty() { 0 } else { place % proof.len() };
    match how {
        0 => proof.get_mut(place)?[usize::from(bit) % 32] ^= 1 << (bit % 8),
        1 => proof.insert(place, [bit; 32]),
        2 if !proof.is_empty() => drop(proof.remove(place)),
        3 if place + 1 < proof.len() && proof[place] != proof[place + 1] => proof.swap(place, place + 1),
        _ => return None,
    }
    Some(proof)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_changed_proof_never_holds(a in 1..=SIZES, b in 1..=SIZES, how in 0_u8..4, place: usize, bit: u8) {
        let (from, to) = (a.min(b), a.max(b));
        if let Some(proof) = changed(&consistency(from, to), how, place, bit) {
            prop_assert!(verify_consistency(from, &root(from), to, &root(to), &proof).is_err());
        }
        let index = from - 1;
        if let Some(proof) = changed(&inclusion(index, to), how, place, bit) {
            prop_assert!(verify_inclusion(index, &leaf(index), to, &root(to), &proof).is_err());
        }
    }

    #[test]
    fn a_proof_holds_for_its_own_roots_only(a in 1..=SIZES, b in 1..=SIZES, bit in 0_usize..256) {
        let (from, to) = (a.min(b), a.max(b));
        prop_assume!(from < to);
        let proof = consistency(from, to);
        let flip = |mut hash: Hash| { hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(verify_consistency(from, &flip(root(from)), to, &root(to), &proof).is_err());
        prop_assert!(verify_consistency(from, &root(from), to, &flip(root(to)), &proof).is_err());
        prop_assert!(verify_consistency(from - 1, &root(from - 1), to, &root(to), &proof).is_err());
    }

    #[test]
    fn hostile_proofs_neither_hold_nor_crash(from: u64, to: u64, index: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        prop_assert!(verify_consistency(from, &[1; 32], to, &[2; 32], &hashes).is_err());
        prop_assert!(verify_inclusion(index, &[1; 32], to, &[2; 32], &hashes).is_err());
    }
}
