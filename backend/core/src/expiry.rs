//! When people are told that something ends.

use crate::clock::Timestamp;
use std::time::Duration;

/// How many days before an end people are told of it, the earliest first.
pub const WARNING_DAYS: [u32; 3] = [30, 7, 1];

/// The warning that something with this end has come to: the fewest days of [`WARNING_DAYS`] that are not less than what
/// is left. None when more is left, or nothing any more.
pub fn warning(ends_at: Timestamp, now: Timestamp) -> Option<u32> {
    let left = ends_at.since(now);
    let due = |days: &u32| left <= Duration::from_secs(u64::from(*days) * 86_400);
    if left.is_zero() { None } else { WARNING_DAYS.into_iter().filter(due).min() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oauth_77_what_ends_is_warned_of_thirty_seven_and_one_day_before() {
        let day = |days: i64| Timestamp::from_seconds(days * 86_400);
        let second_before = |days: i64| Timestamp::from_seconds(days * 86_400 - 1);
        for (now, expected) in [
            (day(0), None),
            (second_before(70), None),
            (day(70), Some(30)),
            (second_before(93), Some(30)),
            (day(93), Some(7)),
            (second_before(99), Some(7)),
            (day(99), Some(1)),
            (second_before(100), Some(1)),
            (day(100), None),
            (day(200), None),
        ] {
            assert_eq!(warning(day(100), now), expected, "{now:?}");
        }
    }
}
