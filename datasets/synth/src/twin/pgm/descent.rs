//! Mirror descent: potentials whose expected counts come as near to the measured ones as their noise lets one tell.

use super::Set;
use super::belief::{Scratch, project};
use super::tree::Tree;

/// Less change of the loss than this is none.
const CHANGE_MIN: f64 = 1e-7;

/// Counts that the distribution shall have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) set: Set,
    /// The measured count of each cell.
    pub(crate) counts: Vec<f64>,
    /// One over the variance of each.
    pub(crate) precisions: Vec<f64>,
}

/// A distribution over all columns.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) sizes: Vec<usize>,
    pub(crate) tree: Tree,
    /// Expected counts of each clique.
    pub(crate) counts: Vec<Vec<f64>>,
    /// The logarithm of the potential of each set.
    pub(crate) potentials: Vec<(Set, Vec<f64>)>,
    pub(crate) total: f64,
}

/// Where a set lies in the tree.
#[derive(Debug)]
struct Place {
    node: usize,
    /// The cell of the set for each cell of its clique.
    cells: Vec<usize>,
}

impl Target {
    /// Both measurements of a set as one.
    pub(crate) fn add(&mut self, other: &Self) {
        let mine = self.counts.iter_mut().zip(&mut self.precisions);
        for ((count, precision), (more, weight)) in mine.zip(other.counts.iter().zip(&other.precisions)) {
            *count = (*count * *precision + more * weight) / (*precision + weight);
            *precision += weight;
        }
    }
}

impl Fit {
    /// The distribution of known potentials.
    pub(crate) fn new(sizes: &[usize], potentials: Vec<(Set, Vec<f64>)>, total: f64) -> Self {
        let sets: Vec<Set> = potentials.iter().map(|(set, _)| *set).collect();
        let tree = Tree::new(sizes, &sets);
        let places = places(&tree, sizes, &sets);
        let mut counts = Vec::new();
        let mut logs = logs(&tree, &places, potentials.iter().map(|(_, values)| values.as_slice()));
        tree.calibrate(&mut logs, total, &mut Scratch::default(), &mut counts);
        Self { sizes: sizes.to_vec(), tree, counts, potentials, total }
    }

    /// Fits targets, each of its own set, beginning with the potentials of an earlier fit.
    pub(crate) fn descend(sizes: &[usize], targets: &[Target], total: f64, steps: u32, before: Option<&Self>) -> Self {
        let sets: Vec<Set> = targets.iter().map(|target| target.set).collect();
        let known = |set: &Set| before.and_then(|fit| fit.potentials.iter().find(|(known, _)| known == set));
        let start = |set: &Set| known(set).map_or_else(|| vec![0.0; set.cells(sizes)], |(_, values)| values.clone());
        let mut best = State { potentials: sets.iter().map(start).collect(), ..State::default() };
        best.reached.clone_from(&best.potentials);
        let tree = Tree::new(sizes, &sets);
        let places = places(&tree, sizes, &sets);
        let mut scratch = Scratch::default();
        best.evaluate(&tree, &places, targets, total, &mut scratch);
        let sharpest = targets.iter().flat_map(|target| &target.precisions).fold(0.0_f64, |most, one| most.max(*one));
        let mut rate = 2.0 / (sharpest.max(f64::MIN_POSITIVE) * total.max(1.0));
        let mut next = State::default();
        let mut streak = 0_u32;
        for _ in 0..steps {
            // Nesterov's momentum, given up when the loss rises; only without it is the step what was too long.
            let momentum = f64::from(streak) / f64::from(streak + 3);
            next.step_from(&best, rate, momentum);
            next.evaluate(&tree, &places, targets, total, &mut scratch);
            if next.loss <= best.loss {
                let is_done = best.loss - next.loss < CHANGE_MIN * best.loss;
                std::mem::swap(&mut best, &mut next);
                rate *= 1.05;
                streak += 1;
                if is_done {
                    break;
                }
            } else if streak > 0 {
                streak = 0;
            } else {
                rate /= 2.0;
            }
        }
        let potentials = sets.into_iter().zip(best.potentials).collect();
        Self { sizes: sizes.to_vec(), tree, counts: best.counts, potentials, total }
    }

    /// The expected counts of a set that lies in one clique.
    pub(crate) fn marginal(&self, set: Set) -> Option<Vec<f64>> {
        let node = self.tree.holder(set)?;
        let clique = self.tree.nodes.get(node)?.clique;
        Some(project(self.counts.get(node)?, &clique.projection(set, &self.sizes), set.cells(&self.sizes)))
    }
}

/// Potentials with what follows from them.
#[derive(Debug, Default)]
struct State {
    potentials: Vec<Vec<f64>>,
    /// Where the last step led before its momentum.
    reached: Vec<Vec<f64>>,
    counts: Vec<Vec<f64>>,
    gradients: Vec<Vec<f64>>,
    loss: f64,
}

impl State {
    fn evaluate(&mut self, tree: &Tree, places: &[Place], targets: &[Target], total: f64, scratch: &mut Scratch) {
        let mut logs = logs(tree, places, self.potentials.iter().map(Vec::as_slice));
        tree.calibrate(&mut logs, total, scratch, &mut self.counts);
        self.loss = 0.0;
        self.gradients.clear();
        for (place, target) in places.iter().zip(targets) {
            let counts = self.counts.get(place.node).map_or(&[][..], Vec::as_slice);
            let mut gradient = project(counts, &place.cells, target.counts.len());
            for ((count, wanted), precision) in gradient.iter_mut().zip(&target.counts).zip(&target.precisions) {
                let error = *count - wanted;
                self.loss += error * error * precision / 2.0;
                *count = error * precision;
            }
            self.gradients.push(gradient);
        }
    }

    /// Goes down from another state, and further on in the direction of its last two steps.
    fn step_from(&mut self, before: &Self, rate: f64, momentum: f64) {
        self.reached.clear();
        self.potentials.clear();
        for ((potential, gradient), last) in before.potentials.iter().zip(&before.gradients).zip(&before.reached) {
            let reached: Vec<f64> = potential.iter().zip(gradient).map(|(value, slope)| value - rate * slope).collect();
            let further = reached.iter().zip(last).map(|(now, last)| now + momentum * (now - last));
            self.potentials.push(further.collect());
            self.reached.push(reached);
        }
    }
}

fn places(tree: &Tree, sizes: &[usize], sets: &[Set]) -> Vec<Place> {
    let place = |set: &Set| {
        let node = tree.holder(*set).unwrap_or(0);
        let clique = tree.nodes.get(node).map_or(*set, |node| node.clique);
        Place { node, cells: clique.projection(*set, sizes) }
    };
    sets.iter().map(place).collect()
}

/// The logarithm of the product of the potentials in each clique.
fn logs<'p>(tree: &Tree, places: &[Place], potentials: impl Iterator<Item = &'p [f64]>) -> Vec<Vec<f64>> {
    let mut logs: Vec<Vec<f64>> = tree.nodes.iter().map(|node| vec![0.0; node.cells]).collect();
    for (place, potential) in places.iter().zip(potentials) {
        if let Some(logs) = logs.get_mut(place.node) {
            for (log, cell) in logs.iter_mut().zip(&place.cells) {
                *log += potential.get(*cell).copied().unwrap_or(0.0);
            }
        }
    }
    logs
}
