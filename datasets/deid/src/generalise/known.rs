//! What a search knows: nodes that fail with all finer ones, nodes that do not, the best one, and rolled-up rows.

use super::check::Checked;
use super::node::Node;
use super::pool::{Done, Pool, Task};
use super::problem::Problem;
use super::search::Effort;
use super::table::Rows;
use std::collections::HashSet;
use std::sync::Arc;

/// What is known so far.
pub(super) struct Known<'p> {
    pub(super) problem: &'p Problem,
    /// The node with the least score of those that hold.
    pub(super) best: Option<(Score, Checked)>,
    /// Nodes that were checked.
    pub(super) checked: HashSet<Node>,
    /// The coarsest nodes that fail: all finer ones fail, too.
    fails: Vec<Node>,
    /// The finest nodes that do not.
    passes: Vec<Node>,
    /// What nodes that do not fail, and all finer ones, lose at least by those whom none of them can keep.
    dooms: Vec<(Node, Vec<u64>)>,
    rolled_up: Vec<(Node, Arc<Rows>)>,
    /// Nodes whose rows were made, or were not worth it.
    tried: HashSet<Node>,
    /// Columns on which rows are rolled up.
    roll_up: Vec<usize>,
    rows_min: usize,
    rows_left: usize,
}

/// A score, with an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score(pub(super) f64);

/// Rows that are kept in all, in sizes of the table.
const ROWS_KEPT: usize = 16;

impl<'p> Known<'p> {
    /// Nothing but the table.
    pub(super) fn new(problem: &'p Problem, rows: Rows, effort: &Effort) -> Self {
        let mut columns: Vec<usize> = (0..problem.hierarchies.len()).collect();
        columns.sort_by_key(|column| std::cmp::Reverse(problem.hierarchies.get(*column).map(|h| h.values())));
        let mut nodes = 1_usize;
        columns.retain(|column| {
            nodes = nodes.saturating_mul(problem.hierarchies.get(*column).map_or(1, |h| h.levels()));
            nodes <= effort.roll_up_nodes
        });
        Self {
            problem,
            best: None,
            checked: HashSet::new(),
            fails: Vec::new(),
            passes: Vec::new(),
            dooms: Vec::new(),
            tried: HashSet::from([Node::default()]),
            roll_up: columns,
            rows_min: effort.roll_up_rows,
            rows_left: rows.len().saturating_mul(ROWS_KEPT),
            rolled_up: vec![(Node::default(), Arc::new(rows))],
        }
    }

    /// Checks nodes, side by side, and remembers what is found.
    pub(super) fn check(&mut self, pool: &mut Pool<'_>, nodes: &[Node]) {
        let mut wanted: Vec<Task> = Vec::new();
        for node in nodes {
            let stone = self.roll_up.iter().fold(Node::default(), |stone, c| stone.with(*c, node.level(*c)));
            if self.source(*node).len() >= self.rows_min && self.rows_left > 0 && self.tried.insert(stone) {
                wanted.push(Task::RollUp(stone, self.source(stone)));
            }
        }
        for done in pool.run(wanted) {
            if let Done::RolledUp(node, Some(rows)) = done {
                self.rows_left = self.rows_left.saturating_sub(rows.len());
                self.rolled_up.push((node, Arc::new(rows)));
            }
        }
        for done in pool.run(nodes.iter().map(|node| Task::Check(*node, self.source(*node))).collect()) {
            if let Done::Checked(checked) = done {
                self.learn(checked);
            }
        }
    }

    /// The fewest rows from which a node can be made.
    fn source(&self, node: Node) -> Arc<Rows> {
        let below = self.rolled_up.iter().filter(|(finer, _)| finer.is_below(node));
        below.min_by_key(|(finer, rows)| (rows.len(), *finer)).map(|(_, rows)| Arc::clone(rows)).unwrap_or_default()
    }

    fn learn(&mut self, checked: Checked) {
        let node = checked.node;
        self.checked.insert(node);
        if checked.fails(self.problem) {
            if !self.fails(node) {
                self.fails.retain(|finer| !finer.is_below(node));
                self.fails.push(node);
            }
            return;
        }
        if !self.passes(node) {
            self.passes.retain(|coarser| !node.is_below(*coarser));
            self.passes.push(node);
        }
        if checked.doomed > 0 {
            self.dooms.push((node, checked.doomed_loss.clone()));
        }
        let score = Score(self.problem.score(node, &checked.suppressed_loss));
        if checked.holds(self.problem) && self.best.as_ref().is_none_or(|(s, b)| (score, node) < (*s, b.node)) {
            self.best = Some((score, checked));
        }
    }

    /// Whether a node is known to fail.
    pub(super) fn fails(&self, node: Node) -> bool {
        self.fails.iter().any(|coarser| node.is_below(*coarser))
    }

    /// Whether a finer node, or this one, is known not to fail.
    pub(super) fn passes(&self, node: Node) -> bool {
        self.passes.iter().any(|finer| finer.is_below(node))
    }

    /// Whether a score is no better than the best.
    pub(super) fn is_too_late(&self, score: Score) -> bool {
        self.best.as_ref().is_some_and(|(best, _)| score >= *best)
    }

    /// Whether a node cannot be better than the best, by what coarser ones lose already.
    pub(super) fn is_hopeless(&self, node: Node) -> bool {
        let loses = |(coarser, lost): &(Node, Vec<u64>)| {
            node.is_below(*coarser) && self.is_too_late(Score(self.problem.score(node, lost)))
        };
        self.dooms.iter().any(loses)
    }

    /// The least score of a node, whoever is left out.
    pub(super) fn bound(&self, node: Node) -> Score {
        Score(self.problem.score(node, &[]))
    }

    /// The nodes that are one level coarser in one column from a given one on.
    pub(super) fn coarser(&self, node: Node, from: usize) -> impl Iterator<Item = Node> {
        let hierarchies = self.problem.hierarchies.iter().enumerate().skip(from);
        hierarchies.filter_map(move |(column, hierarchy)| {
            let level = node.level(column) + 1;
            (level < hierarchy.levels()).then(|| node.with(column, level))
        })
    }

    /// The nodes that are one level finer in one column.
    pub(super) fn finer(&self, node: Node) -> impl Iterator<Item = Node> {
        (0..self.problem.hierarchies.len())
            .filter_map(move |column| node.level(column).checked_sub(1).map(|level| node.with(column, level)))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
