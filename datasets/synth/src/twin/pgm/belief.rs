//! Belief propagation: the counts of each clique under a product of potentials.

use super::tree::{Node, Tree};

/// What is computed on the way to the root and used on the way back.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// For each clique the weight of each cell within its separator's cell.
    weights: Vec<Vec<f64>>,
    /// For each clique the sum of those weights in each cell of its separator.
    sums: Vec<Vec<f64>>,
}

impl Tree {
    /// Turns the logarithms of the potentials of each clique into expected counts that add up to `total`.
    ///
    /// On the way to the root each clique becomes a conditional distribution given its separator, so that each cell's
    /// exponential is taken once and nothing overflows; on the way back those are multiplied with their separator's
    /// counts.
    pub(crate) fn calibrate(
        &self,
        logs: &mut [Vec<f64>],
        total: f64,
        scratch: &mut Scratch,
        counts: &mut Vec<Vec<f64>>,
    ) {
        scratch.weights.resize_with(self.nodes.len(), Vec::new);
        scratch.sums.resize_with(self.nodes.len(), Vec::new);
        counts.resize_with(self.nodes.len(), Vec::new);
        for (place, node) in self.nodes.iter().enumerate().rev() {
            let (before, from_here) = logs.split_at_mut(place);
            let (Some(own), Some(weights), Some(sums)) =
                (from_here.first(), scratch.weights.get_mut(place), scratch.sums.get_mut(place))
            else {
                continue;
            };
            let message = collect(node, own, weights, sums);
            if let Some(parent) = node.parent.and_then(|parent| before.get_mut(parent)) {
                for (log, group) in parent.iter_mut().zip(&node.parents) {
                    *log += message.get(*group).copied().unwrap_or(0.0);
                }
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            let (before, from_here) = counts.split_at_mut(place);
            let (Some(own), Some(weights), Some(sums)) =
                (from_here.first_mut(), scratch.weights.get(place), scratch.sums.get(place))
            else {
                continue;
            };
            let mut factors = match node.parent.and_then(|parent| before.get(parent)) {
                Some(parent) => project(parent, &node.parents, node.groups),
                None => vec![total],
            };
            for (factor, sum) in factors.iter_mut().zip(sums) {
                *factor /= sum;
            }
            own.clear();
            let factor = |group: &usize| factors.get(*group).copied().unwrap_or(0.0);
            own.extend(weights.iter().zip(&node.own).map(|(weight, group)| weight * factor(group)));
        }
    }
}

/// Weights of a clique's cells relative to the largest of their separator's cell, their sums, and the logarithms of
/// those.
fn collect(node: &Node, logs: &[f64], weights: &mut Vec<f64>, sums: &mut Vec<f64>) -> Vec<f64> {
    let mut largest = vec![f64::NEG_INFINITY; node.groups];
    for (log, group) in logs.iter().zip(&node.own) {
        if let Some(largest) = largest.get_mut(*group) {
            *largest = largest.max(*log);
        }
    }
    sums.clear();
    sums.resize(node.groups, 0.0);
    weights.clear();
    weights.extend(logs.iter().zip(&node.own).map(|(log, group)| {
        let weight = libm::exp(log - largest.get(*group).copied().unwrap_or(0.0));
        if let Some(sum) = sums.get_mut(*group) {
            *sum += weight;
        }
        weight
    }));
    largest.iter().zip(sums.iter()).map(|(largest, sum)| largest + libm::log(*sum)).collect()
}

/// Counts of the cells of a part, from those of the whole.
pub(crate) fn project(counts: &[f64], cells: &[usize], part: usize) -> Vec<f64> {
    let mut sums = vec![0.0; part];
    for (count, cell) in counts.iter().zip(cells) {
        if let Some(sum) = sums.get_mut(*cell) {
            *sum += count;
        }
    }
    sums
}
