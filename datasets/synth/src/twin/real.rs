//! Counts as real numbers and real numbers as counts.

/// A count as a real number; exact below 2^53.
#[expect(clippy::as_conversions, reason = "a large integer becomes the nearest float, which only `as` does")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A length as a real number.
pub(crate) fn length(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

/// A signed count as a real number; exact between -2^53 and 2^53.
#[expect(clippy::as_conversions, reason = "a large integer becomes the nearest float, which only `as` does")]
pub(crate) fn signed(count: i64) -> f64 {
    count as f64
}

/// The whole part of a real number; the nearest end for what is outside, zero for what is none.
#[expect(clippy::as_conversions, reason = "a float becomes an integer, saturating, which only `as` does")]
pub(crate) fn whole(value: f64) -> i64 {
    libm::floor(value) as i64
}

/// The whole part of a real number from zero on.
pub(crate) fn natural(value: f64) -> u64 {
    u64::try_from(whole(value)).unwrap_or(0)
}

/// The whole part of a real number as a length.
pub(crate) fn index(value: f64) -> usize {
    usize::try_from(whole(value)).unwrap_or(0)
}
