//! Twins of a whole census.
//!
//! The modules say `cfg(test)` so that the lints know that they are tests.

#[cfg(test)]
mod adult;
