//! One node, checked: which persons it would leave out, what it loses, and how many persons no finer node could keep.

use super::group::Scratch;
use super::hierarchy::index;
use super::model::Judge;
use super::node::Node;
use super::problem::Problem;
use super::table::Rows;

/// What is known of a node that was checked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) node: Node,
    /// Persons that this node and every finer one leave out, at least.
    pub(super) doomed: u64,
    /// What the doomed add to the loss of each column here and in every finer node, at least; empty when it fails.
    pub(super) doomed_loss: Vec<u64>,
    /// Persons that are left out.
    pub(super) suppressed: u64,
    /// What those who are left out add to the loss of each column.
    pub(super) suppressed_loss: Vec<u64>,
    /// Classes that are released.
    pub(super) classes: u64,
    /// Size of the smallest of them; zero when there is none.
    pub(super) smallest: u64,
}

impl Checked {
    /// A node of which no more is known than whom it and all finer ones leave out.
    fn failed(node: Node, doomed: u64) -> Self {
        Self {
            node,
            doomed,
            doomed_loss: Vec::new(),
            suppressed: doomed,
            suppressed_loss: Vec::new(),
            classes: 0,
            smallest: 0,
        }
    }

    /// Whether this node and every finer one leave out too many.
    pub(super) fn fails(&self, problem: &Problem) -> bool {
        self.doomed > problem.limit
    }

    /// Whether this node can be released.
    pub(super) fn holds(&self, problem: &Problem) -> bool {
        self.suppressed <= problem.limit
    }
}

/// Rows are rolled up when no more than this share is left.
const SHRINK: (usize, usize) = (4, 5);

/// Checks a node on rows of a finer one.
pub(super) fn check(problem: &Problem, node: Node, rows: &Rows, scratch: &mut Scratch) -> Checked {
    let keys_below = scratch.keys(&problem.blocks, node, rows);
    if let Some(too_small) = scratch.too_small(keys_below, &rows.counts, problem.k)
        && too_small > problem.limit
    {
        return Checked::failed(node, too_small);
    }
    let firsts = scratch.number(keys_below);
    let counts = sums(&scratch.classes, &rows.counts, firsts.len());
    let small = |count: &u64| if *count < problem.k { *count } else { 0 };
    let too_small = counts.iter().map(small).sum();
    if too_small > problem.limit {
        return Checked::failed(node, too_small);
    }
    let verdicts = if problem.judges.is_empty() {
        counts.iter().map(|count| (small(count), small(count))).collect()
    } else {
        judge(&problem.judges, problem.k, rows, &scratch.classes, &counts)
    };
    tally(problem, node, rows, &firsts, &counts, &verdicts)
}

/// The rows of a node from those of a finer one, when they are fewer: any row of a class stands for it, as what is
/// alike stays alike on coarser levels. Rows with different sensitive values stay apart.
pub(super) fn roll_up(problem: &Problem, node: Node, rows: &Rows, scratch: &mut Scratch) -> Option<Rows> {
    let few = |rows_now: usize| rows_now.saturating_mul(SHRINK.1) <= rows.len().saturating_mul(SHRINK.0);
    let keys_below = scratch.keys(&problem.blocks, node, rows);
    let mut firsts = scratch.number(keys_below);
    if few(firsts.len()) && !problem.judges.is_empty() {
        firsts = scratch.number_with(&rows.sensitive);
    }
    few(firsts.len()).then(|| rows.merged(&firsts, &scratch.classes))
}

/// Sums by class.
pub(super) fn sums(classes: &[u32], counts: &[u64], number: usize) -> Vec<u64> {
    let mut sums = vec![0_u64; number];
    for (class, count) in classes.iter().zip(counts) {
        if let Some(sum) = sums.get_mut(index(*class)) {
            *sum += count;
        }
    }
    sums
}

/// For each class how many of its persons are left out, and how many of them in every finer node.
pub(super) fn judge(
    judges: &[(Judge, Vec<u32>)],
    k: u64,
    rows: &Rows,
    classes: &[u32],
    counts: &[u64],
) -> Vec<(u64, u64)> {
    let mut starts = vec![0_usize; counts.len() + 1];
    for class in classes {
        if let Some(next) = starts.get_mut(index(*class) + 1) {
            *next += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut members = vec![(0_u32, 0_u64); classes.len()];
    let mut next = starts.clone();
    for ((class, code), count) in classes.iter().zip(&rows.sensitive).zip(&rows.counts) {
        if let Some(at) = next.get_mut(index(*class)) {
            if let Some(member) = members.get_mut(*at) {
                *member = (*code, *count);
            }
            *at += 1;
        }
    }
    let mut values = Vec::new();
    let mut verdicts = Vec::with_capacity(counts.len());
    for (count, range) in counts.iter().zip(starts.windows(2)) {
        if *count < k {
            verdicts.push((*count, *count));
            continue;
        }
        let &[start, end] = range else { continue };
        let members = members.get(start..end).unwrap_or_default();
        let (mut holds, mut doomed) = (true, 0);
        for (judge, codes) in judges {
            values.clear();
            values.extend(members.iter().map(|(code, count)| (codes.get(index(*code)).copied().unwrap_or(0), *count)));
            values.sort_unstable();
            values.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0 };
                same
            });
            if !judge.holds(&values) {
                holds = false;
                doomed = judge.doomed(&values).max(doomed);
            }
        }
        verdicts.push((if holds { 0 } else { *count }, doomed));
    }
    verdicts
}

/// Adds up what the classes lose.
fn tally(
    problem: &Problem,
    node: Node,
    rows: &Rows,
    firsts: &[usize],
    counts: &[u64],
    verdicts: &[(u64, u64)],
) -> Checked {
    let doomed = verdicts.iter().map(|(_, doomed)| doomed).sum();
    let mut checked = Checked::failed(node, doomed);
    if checked.fails(problem) {
        return checked;
    }
    checked.suppressed = verdicts.iter().map(|(suppressed, _)| suppressed).sum();
    let kept = counts.iter().zip(verdicts).filter(|(_, (suppressed, _))| *suppressed == 0).map(|(count, _)| *count);
    (checked.classes, checked.smallest) = (kept.clone().fold(0, |count, _| count + 1), kept.min().unwrap_or(0));
    let lost = |persons: &dyn Fn(&(u64, u64)) -> u64| {
        let mut losses = vec![0; problem.hierarchies.len()];
        for (block, values) in problem.blocks.iter().zip(&rows.blocks) {
            let Some(grouping) = block.grouping(node) else { continue };
            let mut left_out = vec![0_u64; usize::try_from(grouping.count).unwrap_or(0)];
            for (first, verdict) in firsts.iter().zip(verdicts).filter(|(_, verdict)| verdict.0 > 0) {
                let group = values.get(*first).and_then(|value| grouping.groups.get(index(*value)));
                if let Some(sum) = group.and_then(|group| left_out.get_mut(index(*group))) {
                    *sum += persons(verdict);
                }
            }
            for (column, lost) in block.columns().zip(&grouping.lost) {
                if let Some(loss) = losses.get_mut(column) {
                    *loss = left_out.iter().zip(lost).map(|(persons, lost)| persons * lost).sum();
                }
            }
        }
        losses
    };
    checked.suppressed_loss = lost(&|(suppressed, _)| *suppressed);
    checked.doomed_loss =
        if problem.judges.is_empty() { checked.suppressed_loss.clone() } else { lost(&|(_, doomed)| *doomed) };
    checked
}
