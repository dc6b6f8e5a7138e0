//! A node of the lattice: one level for each quasi-identifier.

/// Most quasi-identifiers of one search.
pub const COLUMNS_MAX: usize = 16;

/// The levels of all columns, one byte each, so that two nodes are compared in a few instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Node(u128);

/// The highest bit of each byte; no level reaches it.
const GUARD: u128 = 0x8080_8080_8080_8080_8080_8080_8080_8080;

impl Node {
    pub(super) fn new(levels: &[usize]) -> Self {
        levels.iter().enumerate().fold(Self(0), |node, (column, level)| node.with(column, *level))
    }

    /// The level of a column.
    pub(super) fn level(self, column: usize) -> usize {
        usize::try_from((self.0 >> (8 * column)) & 0x7f).unwrap_or(0)
    }

    /// The node with another level of one column.
    pub(super) fn with(self, column: usize, level: usize) -> Self {
        let level = u128::from(u8::try_from(level).unwrap_or(0x7f).min(0x7f));
        Self((self.0 & !(0x7f << (8 * column))) | (level << (8 * column)))
    }

    /// Whether no column is coarser here than there.
    pub(super) fn is_below(self, other: Self) -> bool {
        ((other.0 | GUARD) - self.0) & GUARD == GUARD
    }

    /// The levels of the first columns.
    pub(super) fn levels(self, columns: usize) -> Vec<usize> {
        (0..columns).map(|column| self.level(column)).collect()
    }
}
