//! Sets of columns.

/// A set of columns, by their places among those that are modelled; at most 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Set(u128);

impl Set {
    pub(crate) fn of(columns: &[usize]) -> Self {
        Self(columns.iter().filter(|column| **column < 128).fold(0, |bits, column| bits | 1 << column))
    }

    pub(crate) fn contains(self, column: usize) -> bool {
        column < 128 && self.0 >> column & 1 == 1
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Its columns in order.
    pub(crate) fn columns(self) -> impl Iterator<Item = usize> {
        (0..128).filter(move |column| self.contains(*column))
    }

    /// How many combinations of codes there are; the largest number if it is more than that.
    pub(crate) fn cells(self, sizes: &[usize]) -> usize {
        let sizes = sizes.iter().enumerate().filter(|(column, _)| self.contains(*column));
        sizes.fold(1, |cells: usize, (_, size)| cells.saturating_mul(*size))
    }

    /// For each cell of this set, counted with the last column fastest, the cell of a part of it.
    pub(crate) fn projection(self, part: Self, sizes: &[usize]) -> Vec<usize> {
        let mut cells = vec![0_usize];
        for (column, size) in sizes.iter().enumerate().filter(|(column, _)| self.contains(*column)) {
            let (times, step) = if part.contains(column) { (*size, 1) } else { (1, 0) };
            cells = cells.iter().flat_map(|cell| (0..*size).map(move |code| cell * times + code * step)).collect();
        }
        cells
    }

    /// For each of its columns: the column, its size, and how far apart two cells are that differ by one in it.
    pub(crate) fn strides(self, sizes: &[usize]) -> Vec<(usize, usize, usize)> {
        let mut stride = 1_usize;
        let mut strides = Vec::new();
        for (column, size) in sizes.iter().enumerate().rev().filter(|(column, _)| self.contains(*column)) {
            strides.push((column, *size, stride));
            stride = stride.saturating_mul(*size);
        }
        strides.reverse();
        strides
    }
}
