//! Rows into classes: which rows look alike on the levels of a node.

use super::hierarchy::index;
use super::node::Node;
use super::table::{Block, Rows};

/// Buffers that are kept from check to check.
#[derive(Default)]
pub(super) struct Scratch {
    keys: Vec<u64>,
    dense: Vec<u32>,
    slots: Vec<(u64, u32)>,
    /// The class of each row.
    pub(super) classes: Vec<u32>,
}

/// No class, and no key.
const NONE: u32 = u32::MAX;

/// Keys below this many times the rows are positions in a table, and no hash.
const DENSE: u64 = 8;

impl Scratch {
    /// A key for each row, alike for rows that are alike on the levels of a node; gives a number above all keys.
    pub(super) fn keys(&mut self, blocks: &[Block], node: Node, rows: &Rows) -> u64 {
        self.keys.clear();
        self.keys.resize(rows.len(), 0);
        let mut keys_below = 1_u64;
        for (block, values) in blocks.iter().zip(&rows.blocks) {
            let Some(grouping) = block.grouping(node).filter(|grouping| grouping.count > 1) else { continue };
            if keys_below.checked_mul(grouping.count).is_none() {
                // There are no more classes than rows, so their numbers make small keys again.
                let classes = self.number(keys_below).len();
                for (key, class) in self.keys.iter_mut().zip(&self.classes) {
                    *key = u64::from(*class);
                }
                keys_below = u64::try_from(classes).unwrap_or(u64::MAX);
            }
            for (key, value) in self.keys.iter_mut().zip(values) {
                let group = grouping.groups.get(index(*value)).copied().unwrap_or(0);
                *key += keys_below * u64::from(group);
            }
            keys_below = keys_below.saturating_mul(grouping.count);
        }
        keys_below
    }

    /// Persons in classes below `k`, from the keys; nothing when that is not quickly said.
    pub(super) fn too_small(&mut self, keys_below: u64, counts: &[u64], k: u64) -> Option<u64> {
        let keys_below = self.dense_keys(keys_below)?;
        self.dense.clear();
        self.dense.resize(keys_below, 0);
        for (key, count) in self.keys.iter().zip(counts) {
            let sum = usize::try_from(*key).ok().and_then(|key| self.dense.get_mut(key))?;
            *sum = sum.saturating_add(u32::try_from(*count).unwrap_or(u32::MAX));
        }
        let k = u32::try_from(k).unwrap_or(u32::MAX);
        Some(self.dense.iter().map(|count| u64::from(if *count < k { *count } else { 0 })).sum())
    }

    /// Numbers rows by their class and another code.
    pub(super) fn number_with(&mut self, codes: &[u32]) -> Vec<usize> {
        self.keys.clear();
        self.keys
            .extend(self.classes.iter().zip(codes).map(|(class, code)| u64::from(*class) << 32 | u64::from(*code)));
        self.number(u64::MAX)
    }

    /// Numbers the keys in the order in which they come, as [`Self::classes`]; gives the first row of each class.
    pub(super) fn number(&mut self, keys_below: u64) -> Vec<usize> {
        self.classes.clear();
        match self.dense_keys(keys_below) {
            Some(keys_below) => self.number_dense(keys_below),
            None => self.number_hashed(),
        }
    }

    fn dense_keys(&self, keys_below: u64) -> Option<usize> {
        let rows = u64::try_from(self.keys.len()).unwrap_or(u64::MAX);
        (keys_below <= rows.saturating_mul(DENSE).max(1_024)).then(|| usize::try_from(keys_below).ok()).flatten()
    }

    fn number_dense(&mut self, keys_below: usize) -> Vec<usize> {
        let mut firsts = Vec::new();
        self.dense.clear();
        self.dense.resize(keys_below, NONE);
        for (row, key) in self.keys.iter().enumerate() {
            let Some(class) = usize::try_from(*key).ok().and_then(|key| self.dense.get_mut(key)) else { continue };
            if *class == NONE {
                *class = u32::try_from(firsts.len()).unwrap_or(NONE);
                firsts.push(row);
            }
            self.classes.push(*class);
        }
        firsts
    }

    fn number_hashed(&mut self) -> Vec<usize> {
        let mut firsts = Vec::new();
        let size = (2 * self.keys.len().max(1)).next_power_of_two();
        let (mask, shift) = (size - 1, 64 - size.trailing_zeros());
        self.slots.clear();
        self.slots.resize(size, (0, NONE));
        for (row, key) in self.keys.iter().enumerate() {
            let mut slot = usize::try_from(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift.min(63)).unwrap_or(0);
            let class = loop {
                let Some((known, class)) = self.slots.get_mut(slot & mask) else { break NONE };
                if *class == NONE {
                    (*known, *class) = (*key, u32::try_from(firsts.len()).unwrap_or(NONE));
                    firsts.push(row);
                    break *class;
                }
                if *known == *key {
                    break *class;
                }
                slot += 1;
            };
            self.classes.push(class);
        }
        firsts
    }
}
