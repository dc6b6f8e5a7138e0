//! Rows from a distribution, clique by clique from the root, with as little chance as possible.

use super::{Fit, Set};
use crate::twin::real::{index, length};
use rand::RngCore;

/// Rows that can be drawn again and again.
#[derive(Debug)]
pub(crate) struct Sampler {
    columns: usize,
    cliques: Vec<Clique>,
}

/// A clique as a conditional distribution given its separator.
#[derive(Debug)]
struct Clique {
    /// Columns of the separator, with the distance between two of its cells that differ by one in them.
    given: Vec<(usize, usize)>,
    /// Columns that are drawn here: the column, its size and its distance between cells.
    drawn: Vec<(usize, usize, usize)>,
    /// Where each group of cells begins and ends in `cells`: those of one cell of the separator.
    groups: Vec<(usize, usize)>,
    /// Cells and their expected counts, group by group.
    cells: Vec<(usize, f64)>,
}

impl Sampler {
    pub(crate) fn new(fit: &Fit) -> Self {
        let cliques = fit.tree.nodes.iter().zip(&fit.counts).map(|(node, counts)| {
            let mut sizes = vec![0_usize; node.groups];
            for group in &node.own {
                if let Some(size) = sizes.get_mut(*group) {
                    *size += 1;
                }
            }
            let groups = bounds(&sizes);
            let mut next: Vec<usize> = groups.iter().map(|(start, _)| *start).collect();
            let mut cells = vec![(0, 0.0); counts.len()];
            for (cell, (count, group)) in counts.iter().zip(&node.own).enumerate() {
                if let Some(place) = next.get_mut(*group) {
                    if let Some(to) = cells.get_mut(*place) {
                        *to = (cell, count.max(0.0));
                    }
                    *place += 1;
                }
            }
            let new = node.clique.without(node.separator);
            let strides = node.clique.strides(&fit.sizes);
            let given = node.separator.strides(&fit.sizes).into_iter().map(|(column, _, stride)| (column, stride));
            Clique {
                given: given.collect(),
                drawn: strides.into_iter().filter(|(column, _, _)| Set::of(&[*column]).is_within(new)).collect(),
                groups,
                cells,
            }
        });
        Self { columns: fit.sizes.len(), cliques: cliques.collect() }
    }

    /// So many rows, column by column. The number of rows in each cell is its expected number, rounded up or down.
    pub(crate) fn rows(&self, rows: usize, rng: &mut impl RngCore) -> Vec<Vec<u16>> {
        let mut columns = vec![vec![0_u16; rows]; self.columns];
        for clique in &self.cliques {
            clique.draw(&mut columns, rows, rng);
        }
        columns
    }
}

impl Clique {
    fn draw(&self, columns: &mut [Vec<u16>], rows: usize, rng: &mut impl RngCore) {
        let mut group_of = vec![0_usize; rows];
        for (column, stride) in &self.given {
            if let Some(codes) = columns.get(*column) {
                for (group, code) in group_of.iter_mut().zip(codes) {
                    *group += usize::from(*code) * stride;
                }
            }
        }
        let grouped = self.shuffled(&group_of, rng);
        for ((start, end), rows) in self.groups.iter().zip(grouped) {
            if rows.is_empty() {
                continue;
            }
            let cells = self.cells.get(*start..*end).unwrap_or(&[]);
            let mut rows = rows.into_iter();
            for (cell, count) in shares(cells, rows.len(), rng) {
                for row in rows.by_ref().take(count) {
                    for (column, size, stride) in &self.drawn {
                        let code = u16::try_from(cell / stride % size).unwrap_or(0);
                        if let Some(to) = columns.get_mut(*column).and_then(|codes| codes.get_mut(row)) {
                            *to = code;
                        }
                    }
                }
            }
        }
    }

    /// The rows of each group, in an order that has nothing to do with what was drawn before.
    fn shuffled(&self, group_of: &[usize], rng: &mut impl RngCore) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..group_of.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, below(last + 1, rng));
        }
        let mut grouped = vec![Vec::new(); self.groups.len()];
        for row in order {
            if let Some(rows) = group_of.get(row).and_then(|group| grouped.get_mut(*group)) {
                rows.push(row);
            }
        }
        grouped
    }
}

/// How many of some rows each cell gets: its share rounded up or down, by systematic sampling, so that the mean is
/// exact.
fn shares<'c>(
    cells: &'c [(usize, f64)],
    rows: usize,
    rng: &mut impl RngCore,
) -> impl Iterator<Item = (usize, usize)> + 'c {
    let sum: f64 = cells.iter().map(|(_, count)| count).sum();
    // What was never expected and is there nevertheless, by rounding, has no reason to be in one cell rather than
    // another.
    let (sum, even) = if sum > 0.0 { (sum, 0.0) } else { (length(cells.len()), 1.0) };
    let start = f64::from(rng.next_u32()) / 4_294_967_296.0;
    let (mut reached, mut given) = (0.0, 0_usize);
    let last = cells.len().saturating_sub(1);
    cells.iter().enumerate().filter_map(move |(place, (cell, count))| {
        reached += count + even;
        let level = if place == last { rows } else { index(reached / sum * length(rows) + start).min(rows) };
        let share = level.saturating_sub(given);
        given = given.max(level);
        (share > 0).then_some((*cell, share))
    })
}

fn bounds(sizes: &[usize]) -> Vec<(usize, usize)> {
    let mut start = 0;
    sizes
        .iter()
        .map(|size| {
            let from = start;
            start += size;
            (from, start)
        })
        .collect()
}

/// A whole number below a bound of at most 2^32.
fn below(bound: usize, rng: &mut impl RngCore) -> usize {
    let bound = u64::try_from(bound).unwrap_or(1);
    usize::try_from((u64::from(rng.next_u32()) * bound) >> 32).unwrap_or(0)
}
