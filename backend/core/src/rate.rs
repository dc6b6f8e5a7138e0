//! Rate arithmetic, in integers: a bucket that drains evenly (the generic cell rate algorithm), told the time.

use crate::clock::Timestamp;
use std::time::Duration;

const MINUTE_MICROS: u64 = 60_000_000;

/// So many requests in one minute: all of them at once, or evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    per_minute: u32,
}

/// What one caller has used of a rate lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// When nothing used will be left over any more.
    drained_at: Timestamp,
}

/// A request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many more could pass at once.
    pub remaining: u64,
    /// Time until all of them could.
    pub full_in: Duration,
}

/// A request came too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; the next may come in {} ms", retry_in.as_millis())]
pub struct TooSoon {
    /// Time until one may pass.
    pub retry_in: Duration,
}

impl Rate {
    /// A rate of at least one request a minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { per_minute: if requests == 0 { 1 } else { requests } }
    }

    /// Requests in one minute.
    pub const fn requests(self) -> u32 {
        self.per_minute
    }

    fn interval_micros(self) -> u64 {
        (MINUTE_MICROS / u64::from(self.per_minute)).max(1)
    }

    fn depth_micros(self) -> u64 {
        self.interval_micros().saturating_mul(u64::from(self.per_minute))
    }
}

impl Bucket {
    /// Lets a request pass, or says when to come again.
    ///
    /// ```
    /// use mudeung_core::clock::Timestamp;
    /// use mudeung_core::rate::{Bucket, Rate};
    /// let (mut bucket, now) = (Bucket::default(), Timestamp::from_seconds(1_000));
    /// assert_eq!(bucket.take(Rate::per_minute(2), now).unwrap().remaining, 1);
    /// assert_eq!(bucket.take(Rate::per_minute(2), now).unwrap().remaining, 0);
    /// assert_eq!(bucket.take(Rate::per_minute(2), now).unwrap_err().retry_in.as_secs(), 30);
    /// ```
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<Allowance, TooSoon> {
        let depth = rate.depth_micros();
        // A clock that was set back must not lock anyone out for longer than a full bucket takes to drain. It is kept,
        // or the bucket would stay full until the clock is where it was.
        self.drained_at = self.drained_at.min(now.plus(Duration::from_micros(depth)));
        let level = u64::try_from(self.drained_at.since(now).as_micros()).unwrap_or(u64::MAX);
        let level_after = level.saturating_add(rate.interval_micros());
        if level_after > depth {
            return Err(TooSoon { retry_in: Duration::from_micros(level_after.saturating_sub(depth)) });
        }
        self.drained_at = now.plus(Duration::from_micros(level_after));
        let remaining = depth.saturating_sub(level_after) / rate.interval_micros();
        Ok(Allowance { remaining, full_in: Duration::from_micros(level_after) })
    }

    /// Whether nothing of it is left over, so that it need not be remembered.
    pub fn is_drained(&self, now: Timestamp) -> bool {
        self.drained_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_drains_in_a_minute_even_when_the_clock_was_set_back_by_an_hour() {
        let (rate, noon) = (Rate::per_minute(3), Timestamp::from_seconds(100_000));
        let mut bucket = Bucket::default();
        let later = noon.plus(Duration::from_secs(3_600));
        assert_eq!((0..5).filter(|_| bucket.take(rate, later).is_ok()).count(), 3);
        assert!(bucket.take(rate, noon).unwrap_err().retry_in <= Duration::from_secs(20));
        assert!(bucket.take(rate, noon.plus(Duration::from_secs(20))).is_ok());
        let minute = noon.plus(Duration::from_secs(80));
        assert_eq!((0..5).filter(|_| bucket.take(rate, minute).is_ok()).count(), 3);
    }
    use proptest::prelude::*;

    proptest! {
        /// No window of one minute ever sees more than twice the rate: a full bucket and what drains meanwhile.
        #[test]
        fn a_minute_never_sees_more_than_a_full_bucket_and_its_drain(
            per_minute in 1_u32..50,
            gaps in proptest::collection::vec(0_u64..5_000_000, 1..300),
        ) {
            let rate = Rate::per_minute(per_minute);
            let (mut bucket, mut now) = (Bucket::default(), Timestamp::from_seconds(1_700_000_000));
            let mut passed: Vec<Timestamp> = Vec::new();
            for gap in gaps {
                now = now.plus(Duration::from_micros(gap));
                if bucket.take(rate, now).is_ok() {
                    passed.push(now);
                }
            }
            for start in &passed {
                let window = passed.iter().filter(|at| **at >= *start && at.since(*start).as_secs() < 60).count();
                prop_assert!(window <= usize::try_from(per_minute).unwrap() * 2);
            }
        }

        #[test]
        fn who_waits_as_long_as_told_passes(per_minute in 1_u32..10_000) {
            let rate = Rate::per_minute(per_minute);
            let (mut bucket, now) = (Bucket::default(), Timestamp::from_seconds(5));
            let refused = (0..=per_minute).find_map(|_| bucket.take(rate, now).err());
            prop_assert!(bucket.take(rate, now.plus(refused.unwrap().retry_in)).is_ok());
        }
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let rate = Rate::per_minute(1);
        let mut bucket = Bucket::default();
        assert!(bucket.take(rate, Timestamp::from_seconds(1_000_000)).is_ok());
        let refused = bucket.take(rate, Timestamp::from_seconds(10)).unwrap_err();
        assert!(refused.retry_in <= Duration::from_secs(60));
    }
}
