//! How often tokens may be asked for. Failures and successes have brakes of their own, so that nobody can lock a client
//! out by failing in its name.

use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::rate::{Bucket, Rate, TooSoon};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Failures are counted in so many buckets, by a hash of the `client_id`: names that do not exist are counted like names
/// that do, in bounded memory. Two names in one bucket share their failures, never their successes.
const FAILURE_BUCKETS: usize = 4_096;

/// The brakes of the token endpoint.
pub(super) struct Brakes {
    failures: Mutex<Vec<Bucket>>,
    failure_rate: Rate,
    successes: Mutex<HashMap<AppId, Bucket>>,
    success_rate: Rate,
}

impl Brakes {
    /// Brakes that let so many pass in one minute for each client.
    pub(super) fn new(successes_per_minute: u32, failures_per_minute: u32) -> Self {
        Self {
            failures: Mutex::new(vec![Bucket::default(); FAILURE_BUCKETS]),
            failure_rate: Rate::per_minute(failures_per_minute),
            successes: Mutex::new(HashMap::new()),
            success_rate: Rate::per_minute(successes_per_minute),
        }
    }

    /// Counts a failure in the name of a client.
    pub(super) fn failed(&self, client_id: &str, now: Timestamp) -> Result<(), TooSoon> {
        let mut buckets = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match buckets.get_mut(bucket_of(client_id)) {
            Some(bucket) => bucket.take(self.failure_rate, now).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Counts a client that proved who it is.
    pub(super) fn passed(&self, app: AppId, now: Timestamp) -> Result<(), TooSoon> {
        let mut buckets = self.successes.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.entry(app).or_default().take(self.success_rate, now).map(|_| ())
    }

    /// Forgets clients that have not come for a while.
    pub(super) fn forget(&self, now: Timestamp) {
        self.successes.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, bucket| !bucket.is_drained(now));
    }
}

fn bucket_of(client_id: &str) -> usize {
    // FNV-1a: spreads well enough, and who finds two names in one bucket has gained nothing.
    let hash = client_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(hash >> 32).unwrap_or_default() % FAILURE_BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn failures_never_brake_the_client_itself() {
        let brakes = Brakes::new(5, 3);
        let (app, now) = (AppId::from_bytes([1; 16]), Timestamp::from_seconds(1_000));
        let name = app.to_string();
        let failed = (0..10).filter(|_| brakes.failed(&name, now).is_ok()).count();
        assert_eq!(failed, 3);
        let passed = (0..10).filter(|_| brakes.passed(app, now).is_ok()).count();
        assert_eq!(passed, 5);
        let wait = brakes.passed(app, now).unwrap_err().retry_in;
        assert!(brakes.passed(app, now.plus(wait)).is_ok());
    }

    #[test]
    fn who_has_not_come_for_a_while_is_forgotten() {
        let brakes = Brakes::new(5, 3);
        let now = Timestamp::from_seconds(1_000);
        brakes.passed(AppId::from_bytes([1; 16]), now).unwrap();
        brakes.forget(now);
        assert_eq!(brakes.successes.lock().unwrap().len(), 1);
        brakes.forget(now.plus(Duration::from_secs(60)));
        assert!(brakes.successes.lock().unwrap().is_empty());
    }
}
