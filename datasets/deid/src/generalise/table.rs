//! The persons of a search as numbers: equal persons are one row with a count, and columns are packed into few.

use super::hierarchy::{Hierarchy, index};
use super::node::Node;
use std::collections::HashMap;

/// Columns whose values are packed into one number, with the group of each such number on every combination of levels.
pub(super) struct Block {
    /// The columns, as positions in the search, with how many values each has in the data.
    columns: Vec<(usize, Vec<usize>)>,
    /// By combination of levels, the first column changing fastest.
    tables: Vec<Grouping>,
    levels: Vec<usize>,
}

/// Groups of the values of a block.
pub(super) struct Grouping {
    /// The group of each value.
    pub(super) groups: Vec<u32>,
    /// How many groups there may be.
    pub(super) count: u64,
    /// For each column of the block and each group, how many values of the column a value in the group is not like.
    pub(super) lost: Vec<Vec<u64>>,
}

/// Distinct rows: what a check groups.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// For each block, its value in each row.
    pub(super) blocks: Vec<Vec<u32>>,
    /// Persons of each row.
    pub(super) counts: Vec<u64>,
    /// Code of all sensitive values of each row together; empty when no model looks at any.
    pub(super) sensitive: Vec<u32>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The rows at some positions, with their own counts.
    pub(super) fn picked(&self, rows: &[usize]) -> Self {
        let pick = |values: &Vec<u32>| rows.iter().filter_map(|row| values.get(*row)).copied().collect();
        Self {
            blocks: self.blocks.iter().map(pick).collect(),
            counts: rows.iter().filter_map(|row| self.counts.get(*row)).copied().collect(),
            sensitive: pick(&self.sensitive),
        }
    }

    /// One row for each class, with the sum of its counts.
    pub(super) fn merged(&self, firsts: &[usize], classes: &[u32]) -> Self {
        Self { counts: super::check::sums(classes, &self.counts, firsts.len()), ..self.picked(firsts) }
    }
}

/// Largest number of packed values of a block of several columns.
const BLOCK_VALUES: usize = 4_096;

/// Largest table of groups of a block of several columns, over all combinations of levels.
const BLOCK_TABLE: usize = 1 << 18;

/// Packs columns into blocks. `used` are, for each column, the values that occur.
pub(super) fn pack(hierarchies: &[Hierarchy], used: &[Vec<usize>]) -> Vec<Block> {
    let mut open: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    let mut order: Vec<usize> = (0..hierarchies.len()).collect();
    let values = |column: &usize| used.get(*column).map_or(0, Vec::len);
    order.sort_by_key(|column| std::cmp::Reverse(values(column)));
    for column in order {
        let (own, levels) = (values(&column), hierarchies.get(column).map_or(1, Hierarchy::levels));
        let fits = |(size, combinations, _): &&mut (usize, usize, Vec<usize>)| {
            let size = size.saturating_mul(own);
            size <= BLOCK_VALUES && size.saturating_mul(combinations.saturating_mul(levels)) <= BLOCK_TABLE
        };
        match open.iter_mut().find(fits) {
            Some((size, combinations, columns)) => {
                *size *= own;
                *combinations *= levels;
                columns.push(column);
            }
            None => open.push((own, levels, vec![column])),
        }
    }
    open.into_iter().map(|(_, _, columns)| Block::new(&columns, hierarchies, used)).collect()
}

impl Block {
    fn new(columns: &[usize], hierarchies: &[Hierarchy], used: &[Vec<usize>]) -> Self {
        let columns: Vec<(usize, Vec<usize>)> =
            columns.iter().map(|column| (*column, used.get(*column).cloned().unwrap_or_default())).collect();
        let levels: Vec<usize> =
            columns.iter().map(|(column, _)| hierarchies.get(*column).map_or(1, Hierarchy::levels)).collect();
        let mut tables = vec![Grouping { groups: vec![0], count: 1, lost: Vec::new() }];
        for ((column, values), own) in columns.iter().zip(&levels) {
            let per_level: Vec<Grouping> = (0..*own)
                .filter_map(|level| hierarchies.get(*column).map(|hierarchy| Grouping::of(hierarchy, level, values)))
                .collect();
            tables = per_level.iter().flat_map(|own| tables.iter().map(|below| below.times(own))).collect();
        }
        Self { columns, tables, levels }
    }

    /// The groups on the levels of a node.
    pub(super) fn grouping(&self, node: Node) -> Option<&Grouping> {
        let mut position = 0;
        for ((column, _), levels) in self.columns.iter().zip(&self.levels).rev() {
            position = position * levels + node.level(*column);
        }
        self.tables.get(position)
    }

    /// The columns of the block, as positions in the search.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(column, _)| *column)
    }

    /// One packed value, from the position of each column's value among those that occur.
    pub(super) fn packed(&self, digit: impl Fn(usize) -> usize) -> u32 {
        let mut packed = 0;
        for (column, values) in self.columns.iter().rev() {
            packed = packed * values.len() + digit(*column);
        }
        u32::try_from(packed).unwrap_or(u32::MAX)
    }
}

impl Grouping {
    /// The groups of one column on one level, numbered by the values that occur.
    fn of(hierarchy: &Hierarchy, level: usize, values: &[usize]) -> Self {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut groups = Vec::with_capacity(values.len());
        let mut lost = Vec::new();
        let domain = u64::try_from(hierarchy.values()).unwrap_or(u64::MAX);
        for value in values {
            let name = hierarchy.level(level).and_then(|level| level.groups.get(*value)).copied().unwrap_or(0);
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let group = *numbers.entry(name).or_insert(next);
            if group == next {
                lost.push(domain.saturating_sub(hierarchy.alike(level, *value)));
            }
            groups.push(group);
        }
        Self { groups, count: u64::try_from(numbers.len()).unwrap_or(u64::MAX), lost: vec![lost] }
    }

    /// The groups of two columns together, this one changing faster.
    fn times(&self, other: &Self) -> Self {
        let fast = u32::try_from(self.count).unwrap_or(u32::MAX);
        let groups = other.groups.iter().flat_map(|slow| self.groups.iter().map(move |group| slow * fast + group));
        let (mine, others) = (index(fast), usize::try_from(other.count).unwrap_or(0));
        let repeated = |lost: &Vec<u64>| lost.iter().copied().cycle().take(mine * others).collect();
        let stretched = |lost: &Vec<u64>| lost.iter().flat_map(|lost| std::iter::repeat_n(*lost, mine)).collect();
        let lost = self.lost.iter().map(repeated).chain(other.lost.iter().map(stretched)).collect();
        Self { groups: groups.collect(), count: self.count * other.count, lost }
    }
}
