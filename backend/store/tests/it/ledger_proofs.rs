//! Proofs out of stored tiles where tiles of the first and second level end, against the tree in memory.

use crate::place::{Place, on_both};
use crate::samples::intent;
use mudeung_store::ledger::Ledger;
use mudeung_wire::ledger::tree::{
    CompactRange, Hash, leaf_hash, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};
use std::collections::HashMap;
use std::sync::Arc;

on_both!(proofs_from_stored_tiles_are_those_of_the_tree_around_the_ends_of_tiles);

/// One more than the last place that is looked at.
const SIZE: u64 = 65_600;
const ENDS: [u64; 10] = [1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, SIZE];

/// The tree in memory.
struct Model {
    nodes: HashMap<(u32, u64), Hash>,
    roots: Vec<Hash>,
}

impl Model {
    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }

    async fn compare(&self, ledger: &Ledger, one: u64, other: u64) {
        let (from, to) = (one.min(other), one.max(other));
        assert_eq!(ledger.root_at(to).await.unwrap(), Some(self.root(to)), "{to}");
        let proof = ledger.prove_consistency(from, to).await.unwrap().unwrap();
        assert_eq!(Some(&proof), prove_consistency(from, to, &mut |l, i| self.node(l, i)).as_ref(), "{from} {to}");
        verify_consistency(from, &self.root(from), to, &self.root(to), &proof).unwrap();
        let index = from - 1;
        let proof = ledger.prove(index, to).await.unwrap().unwrap();
        assert_eq!(Some(&proof), prove_inclusion(index, to, &mut |l, i| self.node(l, i)).as_ref(), "{index} {to}");
        verify_inclusion(index, &self.nodes[&(0, index)], to, &self.root(to), &proof).unwrap();
        if to > from {
            assert!(verify_inclusion(from, &self.nodes[&(0, index)], to, &self.root(to), &proof).is_err());
        }
    }
}

async fn proofs_from_stored_tiles_are_those_of_the_tree_around_the_ends_of_tiles(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let (mut range, mut model) = (CompactRange::default(), Model { nodes: HashMap::new(), roots: Vec::new() });
    model.roots.push(range.root());
    for n in 0..SIZE {
        let entry = intent(n, "app_1");
        let leaf = leaf_hash(&entry.to_bytes().unwrap());
        range.append(leaf, |level, index, hash| assert_eq!(model.nodes.insert((level, index), hash), None));
        model.roots.push(range.root());
        ledger.append_detached(entry);
        // Proofs while the tree grows: what is kept in memory of a tile that is not full must follow.
        if ENDS.contains(&(n + 1)) {
            ledger.flush().await;
            for from in ENDS.into_iter().filter(|from| *from <= n + 1) {
                model.compare(&ledger, from, n + 1).await;
            }
        }
    }
    for to in ENDS {
        for from in ENDS {
            model.compare(&ledger, from, to).await;
        }
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut any = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % SIZE + 1
    };
    for _ in 0..200 {
        model.compare(&ledger, any(), any()).await;
    }
}
