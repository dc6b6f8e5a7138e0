//! The search: nodes in the order of the least that they can lose, until none can be better than the best.

use super::GeneraliseError;
use super::known::{Known, Score};
use super::node::Node;
use super::pool::{Pool, with_pool};
use super::problem::{Problem, Question};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroUsize;

/// How much may be spent on a search. The result depends on all of it but the number of threads.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Threads, the caller's among them.
    pub threads: NonZeroUsize,
    /// Nodes that are looked at; a lattice with more of them is first searched from the top by a beam.
    pub nodes_max: u64,
    /// Nodes whose classes are counted.
    pub checks_max: u64,
    /// Tables of fewer distinct rows are not rolled up.
    pub roll_up_rows: usize,
    /// Combinations of levels for which rows are rolled up, on the columns with the most values.
    pub roll_up_nodes: usize,
}

impl Effort {
    /// What is usual, on so many threads.
    pub fn new(threads: NonZeroUsize) -> Self {
        Self { threads, nodes_max: 5_000_000, checks_max: 100_000, roll_up_rows: 2_000, roll_up_nodes: 180 }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The levels with the least loss of all that were found to hold.
    pub best: Option<Found>,
    /// Whether that is the least loss of all.
    pub proof: Proof,
    /// Nodes of the lattice.
    pub nodes: u64,
    /// Nodes whose classes were counted.
    pub checks: u64,
}

/// Levels that hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The level of each column, from zero.
    pub levels: Vec<usize>,
    /// The loss, from 0 to 1.
    pub loss: f64,
    /// Persons who are left out.
    pub suppressed: u64,
    /// Classes that are released.
    pub classes: u64,
    /// Size of the smallest of them; zero when there is none.
    pub k: u64,
}

/// Whether a search came to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proof {
    /// No other levels hold with less loss; without a best one, none hold at all.
    Optimal,
    /// The effort was spent. Levels that were not looked at lose this at least.
    Within {
        /// The loss that no levels go below.
        at_least: f64,
    },
}

/// Paths that are followed side by side. Fixed, so that what is checked does not depend on the number of threads.
const LANES: usize = 8;

/// Nodes that a beam keeps from step to step.
const BEAM: usize = 16;

/// Finds the levels with the least loss.
pub fn search(question: Question, effort: Effort) -> Result<Outcome, GeneraliseError> {
    let (problem, rows) = Problem::new(question)?;
    let mut known = Known::new(&problem, rows, &effort);
    let least = with_pool(&problem, effort.threads, |pool| {
        if problem.nodes() > effort.nodes_max {
            beam(&mut known, pool, effort.checks_max / 2);
        }
        best_first(&mut known, pool, effort)
    });
    let best = known.best.as_ref().map(|(score, checked)| Found {
        levels: checked.node.levels(problem.hierarchies.len()),
        loss: problem.loss(score.0),
        suppressed: checked.suppressed,
        classes: checked.classes,
        k: checked.smallest,
    });
    Ok(Outcome {
        best,
        proof: least.map_or(Proof::Optimal, |score| Proof::Within { at_least: problem.loss(score.0) }),
        nodes: problem.nodes(),
        checks: u64::try_from(known.checked.len()).unwrap_or(u64::MAX),
    })
}

/// A way up from a node, of which it is to be found where failing ends.
struct Path {
    nodes: Vec<Node>,
    /// All nodes before this position fail.
    low: usize,
    /// The node at this position does not; or it is the end of the path.
    high: usize,
    /// Whether the last node is still to be checked: when it fails, all do.
    last_first: bool,
}

impl Path {
    fn next(&self) -> Option<Node> {
        let at = if self.last_first { self.high.checked_sub(1)? } else { usize::midpoint(self.low, self.high) };
        self.nodes.get(at).copied().filter(|_| self.low < self.high)
    }

    fn learn(&mut self, known: &Known<'_>) {
        let checked = if self.last_first { self.high.saturating_sub(1) } else { usize::midpoint(self.low, self.high) };
        if self.nodes.get(checked).is_some_and(|node| !known.fails(*node)) {
            self.high = checked;
        }
        self.last_first = false;
        while self.low < self.high && self.nodes.get(self.low).is_some_and(|node| known.fails(*node)) {
            self.low += 1;
        }
    }
}

/// Goes through the nodes; gives the least score of those that were left when the effort was spent.
fn best_first(known: &mut Known<'_>, pool: &mut Pool<'_>, effort: Effort) -> Option<Score> {
    let mut waiting = BinaryHeap::from([Reverse((known.bound(Node::default()), Node::default()))]);
    let mut paths: Vec<Path> = Vec::new();
    let mut looked_at = 0_u64;
    loop {
        while paths.len() < LANES {
            let Some(Reverse((bound, node))) = waiting.pop() else { break };
            if known.is_too_late(bound) {
                waiting.clear();
                break;
            }
            let checks = u64::try_from(known.checked.len()).unwrap_or(u64::MAX);
            if looked_at >= effort.nodes_max || checks >= effort.checks_max {
                // Paths that are under way begin at nodes with no greater bounds.
                let started = paths.iter().filter_map(|path| path.nodes.first()).map(|node| known.bound(*node));
                return started.chain([bound]).min();
            }
            looked_at += 1;
            let last = (0..known.problem.hierarchies.len()).rev().find(|column| node.level(*column) > 0);
            // Each node comes from the one that is finer in its last column: it comes once, and after it.
            let next = known.coarser(node, last.unwrap_or(0)).map(|node| Reverse((known.bound(node), node)));
            waiting.extend(next.filter(|Reverse((bound, _))| !known.is_too_late(*bound)).collect::<Vec<_>>());
            if !known.fails(node) && !known.checked.contains(&node) && !known.is_hopeless(node) {
                paths.push(path(known, node));
            }
        }
        if paths.is_empty() {
            return None;
        }
        let mut nodes: Vec<Node> = paths.iter().filter_map(Path::next).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.retain(|node| !known.checked.contains(node));
        known.check(pool, &nodes);
        paths.iter_mut().for_each(|path| path.learn(known));
        paths.retain(|path| path.low < path.high);
    }
}

/// The way up from a node by the least steps, to a node that is known not to fail or cannot be better than the best.
fn path(known: &Known<'_>, node: Node) -> Path {
    let mut nodes = vec![node];
    let mut at = node;
    while !known.passes(at) {
        let next = known.coarser(at, 0).map(|node| (known.bound(node), node)).min();
        let Some((_, next)) = next.filter(|(bound, _)| !known.is_too_late(*bound)) else { break };
        nodes.push(next);
        at = next;
    }
    Path { low: 0, high: nodes.len(), last_first: nodes.len() > 1, nodes }
}

/// From the coarsest node down, a few of the best at each step.
fn beam(known: &mut Known<'_>, pool: &mut Pool<'_>, checks_max: u64) {
    let mut front = vec![known.problem.top()];
    known.check(pool, &front);
    while u64::try_from(known.checked.len()).unwrap_or(u64::MAX) < checks_max {
        let mut next: Vec<Node> = front.iter().flat_map(|node| known.finer(*node)).collect();
        next.sort_unstable();
        next.dedup();
        next.retain(|node| !known.fails(*node) && !known.checked.contains(node));
        known.check(pool, &next);
        next.retain(|node| !known.fails(*node));
        next.sort_by_key(|node| (known.bound(*node), *node));
        next.truncate(BEAM);
        if next.is_empty() {
            return;
        }
        front = next;
    }
}
