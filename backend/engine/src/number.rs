//! Lengths and positions between `usize`, `u64` and Parquet's signed fields, without silent wrapping.

/// A length in memory as a length in a file.
pub(crate) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A length in a file as a length in memory; too long a length becomes one that no buffer has.
pub(crate) fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
