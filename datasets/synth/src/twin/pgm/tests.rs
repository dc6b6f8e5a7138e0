//! Against a model that writes out the whole joint distribution.

use super::tree::Tree;
use super::*;
use crate::twin::real::length;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A small domain, sets of its columns, and a potential for each.
fn small() -> impl Strategy<Value = (Vec<usize>, Vec<(Set, Vec<f64>)>)> {
    prop::collection::vec(1..4_usize, 2..7).prop_flat_map(|sizes| {
        let columns = sizes.len();
        let set = prop::collection::vec(0..columns, 1..4).prop_map(|columns| Set::of(&columns));
        let potential = {
            let sizes = sizes.clone();
            set.prop_flat_map(move |set| (Just(set), prop::collection::vec(-4.0..4.0_f64, set.cells(&sizes))))
        };
        (Just(sizes), prop::collection::vec(potential, 1..7))
    })
}

/// The joint distribution cell by cell, in proportion.
fn joint(sizes: &[usize], potentials: &[(Set, Vec<f64>)], total: f64) -> Vec<f64> {
    let all = everything(sizes);
    let mut logs = vec![0.0; all.cells(sizes)];
    for (set, values) in potentials {
        for (log, cell) in logs.iter_mut().zip(all.projection(*set, sizes)) {
            *log += values[cell];
        }
    }
    let sum: f64 = logs.iter().map(|log: &f64| log.exp()).sum();
    logs.iter().map(|log| log.exp() / sum * total).collect()
}

fn everything(sizes: &[usize]) -> Set {
    Set::of(&(0..sizes.len()).collect::<Vec<_>>())
}

fn marginal(sizes: &[usize], joint: &[f64], set: Set) -> Vec<f64> {
    let mut sums = vec![0.0; set.cells(sizes)];
    for (count, cell) in joint.iter().zip(everything(sizes).projection(set, sizes)) {
        sums[cell] += count;
    }
    sums
}

fn near(one: &[f64], other: &[f64], by: f64) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() <= by)
}

proptest! {
    #[test]
    fn every_sets_counts_are_those_of_the_joint_distribution((sizes, potentials) in small()) {
        let fit = Fit::new(&sizes, potentials.clone(), 100.0);
        let joint = joint(&sizes, &potentials, 100.0);
        for (node, counts) in fit.tree.nodes.iter().zip(&fit.counts) {
            prop_assert!(near(counts, &marginal(&sizes, &joint, node.clique), 1e-9));
        }
        for (set, _) in &potentials {
            prop_assert!(near(&fit.marginal(*set).unwrap(), &marginal(&sizes, &joint, *set), 1e-9));
        }
    }

    #[test]
    fn the_cliques_of_each_column_hang_together_and_hold_every_set((sizes, potentials) in small()) {
        let sets: Vec<Set> = potentials.iter().map(|(set, _)| *set).collect();
        let tree = Tree::new(&sizes, &sets);
        prop_assert!(sets.iter().all(|set| tree.holder(*set).is_some()));
        for column in 0..sizes.len() {
            let with = tree.nodes.iter().filter(|node| node.clique.contains(column)).count();
            let joined = tree.nodes.iter().filter(|node| node.separator.contains(column)).count();
            prop_assert_eq!(with, joined + 1);
        }
        for (place, node) in tree.nodes.iter().enumerate() {
            prop_assert!(node.parent.is_none_or(|parent| parent < place));
            prop_assert_eq!(node.parent.is_none(), place == 0);
            let above = node.parent.map_or(Set::default(), |parent| tree.nodes[parent].clique);
            prop_assert_eq!(node.separator, node.clique.within(above));
        }
        let cells: usize = tree.nodes.iter().map(|node| node.cells).sum();
        prop_assert_eq!(cells, model_cells(&sizes, &sets));
    }

    #[test]
    fn counts_that_some_distribution_has_are_met((sizes, potentials) in small()) {
        let joint = joint(&sizes, &potentials, 50.0);
        let mut targets: Vec<Target> = Vec::new();
        for (set, _) in &potentials {
            let counts = marginal(&sizes, &joint, *set);
            let precisions = vec![0.25; counts.len()];
            if targets.iter().all(|target| target.set != *set) {
                targets.push(Target { set: *set, counts, precisions });
            }
        }
        let fit = Fit::descend(&sizes, &targets, 50.0, 3_000, None);
        for target in &targets {
            prop_assert!(near(&fit.marginal(target.set).unwrap(), &target.counts, 0.5));
        }
        // What was reached already is where the next one begins.
        let again = Fit::descend(&sizes, &targets, 50.0, 1, Some(&fit));
        for target in &targets {
            prop_assert!(near(&again.marginal(target.set).unwrap(), &fit.marginal(target.set).unwrap(), 0.1));
        }
    }

    #[test]
    fn drawn_rows_have_the_counts_of_the_distribution((sizes, potentials) in small(), seed in 0..1_000_u64) {
        let rows = 4_000;
        let fit = Fit::new(&sizes, potentials.clone(), 100.0);
        let columns = Sampler::new(&fit).rows(rows, &mut ChaCha8Rng::seed_from_u64(seed));
        let joint = joint(&sizes, &potentials, length(rows));
        let mut seen = vec![0.0; joint.len()];
        for row in 0..rows {
            let cell = columns.iter().zip(&sizes).fold(0, |cell, (codes, size)| cell * size + usize::from(codes[row]));
            seen[cell] += 1.0;
        }
        // Of the root's cells each count is rounded up or down.
        let root = fit.tree.nodes[0].clique;
        prop_assert!(near(&marginal(&sizes, &seen, root), &marginal(&sizes, &joint, root), 1.0 + 1e-6));
        // All others vary less than independent draws would.
        for (found, expected) in seen.iter().zip(&joint) {
            prop_assert!((found - expected).abs() <= 6.0 * expected.sqrt() + 8.0, "{} is not {}", found, expected);
        }
    }
}

#[test]
fn what_no_distribution_has_is_met_as_nearly_as_can_be() {
    // The nearest point of the simplex, by hand: all above zero lose the same.
    let target = Target { set: Set::of(&[0]), counts: vec![-6.0, 3.0, 8.0], precisions: vec![1.0; 3] };
    let fit = Fit::descend(&[3], &[target], 10.0, 20_000, None);
    assert!(near(&fit.marginal(Set::of(&[0])).unwrap(), &[0.0, 2.5, 7.5], 0.02), "{:?}", fit.counts);
    // What was measured with less noise counts more.
    let target = Target { set: Set::of(&[0]), counts: vec![4.0, 0.0], precisions: vec![3.0, 1.0] };
    let fit = Fit::descend(&[2], &[target], 8.0, 20_000, None);
    assert!(near(&fit.marginal(Set::of(&[0])).unwrap(), &[5.0, 3.0], 0.02), "{:?}", fit.counts);
}

#[test]
fn two_measurements_of_a_set_are_one_that_is_sharper() {
    let mut one = Target { set: Set::of(&[0]), counts: vec![4.0, 1.0], precisions: vec![1.0, 1.0] };
    one.add(&Target { set: Set::of(&[0]), counts: vec![8.0, 1.0], precisions: vec![3.0, 1.0] });
    assert!(near(&one.counts, &[7.0, 1.0], 1e-12) && near(&one.precisions, &[4.0, 2.0], 1e-12));
}

#[test]
fn potentials_beyond_the_range_of_the_exponential_do_no_harm() {
    let potentials = vec![
        (Set::of(&[0, 1]), vec![0.0, -3_000.0, -3_000.0, -800.0]),
        (Set::of(&[1, 2]), vec![-3_000.0, -800.0, 0.0, 0.0]),
    ];
    let fit = Fit::new(&[2, 2, 2], potentials, 10.0);
    // Cells 0-0-1 and 1-1-*: exponents -800, -800 and -800.
    let expected = 10.0 / 3.0;
    assert!(near(&fit.marginal(Set::of(&[0, 1])).unwrap(), &[expected, 0.0, 0.0, 2.0 * expected], 1e-9));
}

#[test]
fn columns_that_nothing_joins_are_drawn_independently() {
    let fit = Fit::new(&[2, 2], vec![(Set::of(&[0]), vec![0.0, 0.0]), (Set::of(&[1]), vec![0.0, 3.0_f64.ln()])], 1.0);
    let rows = 100_000;
    let columns = Sampler::new(&fit).rows(rows, &mut ChaCha8Rng::seed_from_u64(1));
    let both = columns[0].iter().zip(&columns[1]).filter(|(one, other)| **one == 1 && **other == 1).count();
    assert!((length(both) / length(rows) - 0.375).abs() < 0.006, "{both}");
    assert_eq!(columns[0].iter().filter(|code| **code == 1).count(), rows / 2);
}
