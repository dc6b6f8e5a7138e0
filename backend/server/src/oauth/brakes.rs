//! How often tokens may be asked for. Failures and successes have brakes of their own, so that nobody can lock a client
//! out by failing in its name.

use crate::address::network_of;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::rate::{Bucket, Rate, TooSoon};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures are counted in so many buckets, by a hash of the `client_id`: names that do not exist are counted like names
/// that do, in bounded memory. Two names in one bucket share their failures, never their successes.
const FAILURE_BUCKETS: usize = 4_096;

/// How many clients may fail as often as they may from one network before the network itself is braked.
const NETWORK_FACTOR: u32 = 4;

/// The brakes of the token endpoint.
pub(super) struct Brakes {
    failures: Mutex<Vec<Bucket>>,
    failure_rate: Rate,
    networks: Mutex<Vec<Bucket>>,
    network_rate: Rate,
    successes: Mutex<HashMap<AppId, Bucket>>,
    success_rate: Rate,
}

impl Brakes {
    /// Brakes that let so many pass in one minute for each client.
    pub(super) fn new(successes_per_minute: u32, failures_per_minute: u32) -> Self {
        Self {
            failures: Mutex::new(vec![Bucket::default(); FAILURE_BUCKETS]),
            failure_rate: Rate::per_minute(failures_per_minute),
            networks: Mutex::new(vec![Bucket::default(); FAILURE_BUCKETS]),
            network_rate: Rate::per_minute(failures_per_minute.saturating_mul(NETWORK_FACTOR)),
            successes: Mutex::new(HashMap::new()),
            success_rate: Rate::per_minute(successes_per_minute),
        }
    }

    /// Counts a failure in the name of a client.
    pub(super) fn failed(&self, client_id: &str, now: Timestamp) -> Result<(), TooSoon> {
        take(&self.failures, client_id, self.failure_rate, now)
    }

    /// Counts a failure in the name of a client, from an address. Whichever of the two has failed too often brakes.
    pub(super) fn failed_from(&self, client_id: &str, address: IpAddr, now: Timestamp) -> Result<(), TooSoon> {
        let network = network_of(address).to_string();
        let by_client = self.failed(client_id, now);
        let by_network = take(&self.networks, &network, self.network_rate, now);
        match (by_client, by_network) {
            (Err(one), Err(other)) => Err(if one.retry_in >= other.retry_in { one } else { other }),
            (one, other) => one.and(other),
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

fn take(buckets: &Mutex<Vec<Bucket>>, name: &str, rate: Rate, now: Timestamp) -> Result<(), TooSoon> {
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    match buckets.get_mut(bucket_of(name)) {
        Some(bucket) => bucket.take(rate, now).map(|_| ()),
        None => Ok(()),
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
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

    #[test]
    fn oauth_79_many_names_from_one_network_are_braked_and_others_are_not() {
        let brakes = Brakes::new(5, 3);
        let now = Timestamp::from_seconds(1_000);
        let from = |last: u8| IpAddr::V4(Ipv4Addr::new(203, 0, 113, last));
        let let_through = (0..60_u8).filter(|n| brakes.failed_from(&format!("app_{n}"), from(*n), now).is_ok()).count();
        assert_eq!(let_through, 12, "three for each of four clients");
        assert!(brakes.failed_from("app_x", IpAddr::V4(Ipv4Addr::new(203, 0, 114, 1)), now).is_ok());
        assert!(brakes.passed(AppId::from_bytes([1; 16]), now).is_ok(), "who proves who it is passes from anywhere");
    }

    #[test]
    fn oauth_81_a_clock_that_jumps_back_locks_nobody_out() {
        let brakes = Brakes::new(2, 2);
        let (app, noon) = (AppId::from_bytes([1; 16]), Timestamp::from_seconds(100_000));
        let later = noon.plus(Duration::from_secs(3_600));
        for _ in 0..2 {
            brakes.passed(app, later).unwrap();
            brakes.failed_from("app", HERE, later).unwrap();
        }
        assert!(brakes.passed(app, noon).unwrap_err().retry_in <= Duration::from_secs(60));
        assert!(brakes.failed_from("app", HERE, noon).unwrap_err().retry_in <= Duration::from_secs(60));
        assert!(brakes.passed(app, noon.plus(Duration::from_secs(60))).is_ok());
    }

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
