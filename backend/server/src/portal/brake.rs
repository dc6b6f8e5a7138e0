//! The brake on failed sign-ins: it stops the address that guesses, and never the person whose account is guessed at.
//!
//! Failures count for the pair of account and address, and for the address alone; those two refuse. Failures of an
//! account from everywhere only slow sign-ins to it down, because a refusal would let anybody lock the owner out.

use mudeung_core::clock::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(15 * 60);
const PAIR_FAILURES_MAX: u32 = 5;
const ADDRESS_FAILURES_MAX: u32 = 30;
const ACCOUNT_FAILURES_SLOW: u32 = 20;
/// What a sign-in to an account under attack waits, so that guessing from many addresses does not pay.
const SLOW: Duration = Duration::from_secs(1);
/// The most counters kept. At the limit the ended ones are dropped, then the oldest.
const COUNTERS_MAX: usize = 20_000;

/// What an attempt has to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Go,
    /// Go on after a while.
    Slowly(Duration),
    /// Refused until so long from now.
    Refused(Duration),
}

/// Counts failures.
#[derive(Debug, Default)]
pub(super) struct Brake(Mutex<HashMap<[u8; 32], Counter>>);

#[derive(Debug, Clone, Copy)]
struct Counter {
    failures: u32,
    since: Timestamp,
}

struct Keys {
    pair: [u8; 32],
    address: [u8; 32],
    account: [u8; 32],
}

impl Brake {
    /// What an attempt on this account from this address has to expect.
    pub(super) fn ask(&self, account: &str, address: IpAddr, now: Timestamp) -> Verdict {
        let keys = keys(account, address);
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [&keys.pair, &keys.address, &keys.account] {
            // A clock that was set back must not make a window longer than it is.
            if let Some(counter) = counters.get_mut(key).filter(|counter| counter.since > now) {
                counter.since = now;
            }
        }
        let live = |key: &[u8; 32]| counters.get(key).copied().filter(|counter| now.since(counter.since) < WINDOW);
        let full = |key, max| live(key).filter(|counter| counter.failures >= max);
        let refused = full(&keys.pair, PAIR_FAILURES_MAX).or_else(|| full(&keys.address, ADDRESS_FAILURES_MAX));
        if let Some(counter) = refused {
            return Verdict::Refused(counter.since.plus(WINDOW).since(now));
        }
        match full(&keys.account, ACCOUNT_FAILURES_SLOW) {
            Some(_) => Verdict::Slowly(SLOW),
            None => Verdict::Go,
        }
    }

    /// Counts a failure.
    pub(super) fn failed(&self, account: &str, address: IpAddr, now: Timestamp) {
        let keys = keys(account, address);
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut counters, now);
        for key in [keys.pair, keys.address, keys.account] {
            let counter = counters.entry(key).or_insert(Counter { failures: 0, since: now });
            if now.since(counter.since) >= WINDOW {
                *counter = Counter { failures: 0, since: now };
            }
            counter.failures = counter.failures.saturating_add(1);
        }
    }

    /// The right password from this address: its own failures are forgiven.
    pub(super) fn succeeded(&self, account: &str, address: IpAddr) {
        let keys = keys(account, address);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&keys.pair);
    }
}

fn make_room(counters: &mut HashMap<[u8; 32], Counter>, now: Timestamp) {
    if counters.len() < COUNTERS_MAX {
        return;
    }
    counters.retain(|_, counter| now.since(counter.since) < WINDOW);
    if counters.len() < COUNTERS_MAX {
        return;
    }
    let mut times: Vec<Timestamp> = counters.values().map(|counter| counter.since).collect();
    times.sort_unstable();
    if let Some(median) = times.get(times.len() / 2).copied() {
        counters.retain(|_, counter| counter.since > median);
    }
}

fn keys(account: &str, address: IpAddr) -> Keys {
    let network = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        // One subscriber has a whole /64 of IPv6.
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    };
    let hash = |kind: &[u8], parts: [&[u8]; 2]| -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(kind);
        for part in parts {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    };
    Keys {
        pair: hash(b"pair", [account.as_bytes(), &network]),
        address: hash(b"address", [b"", &network]),
        account: hash(b"account", [account.as_bytes(), b""]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn elsewhere(n: u8) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, n))
    }

    #[test]
    fn guessing_is_stopped_where_it_happens_and_the_owner_still_gets_in() {
        let (brake, now) = (Brake::default(), Timestamp::from_seconds(1_000_000));
        for _ in 0..PAIR_FAILURES_MAX {
            assert_eq!(brake.ask("a@example.com", HERE, now), Verdict::Go);
            brake.failed("a@example.com", HERE, now);
        }
        assert!(matches!(brake.ask("a@example.com", HERE, now), Verdict::Refused(_)));
        assert_eq!(brake.ask("a@example.com", elsewhere(1), now), Verdict::Go);
        assert_eq!(brake.ask("a@example.com", HERE, now.plus(WINDOW)), Verdict::Go);
    }

    #[test]
    fn guessing_from_many_addresses_slows_the_account_down_but_never_closes_it() {
        let (brake, now) = (Brake::default(), Timestamp::from_seconds(1_000_000));
        for n in 0..200 {
            brake.failed("a@example.com", elsewhere(n), now);
        }
        assert_eq!(brake.ask("a@example.com", HERE, now), Verdict::Slowly(SLOW));
    }

    #[test]
    fn one_address_cannot_walk_through_many_accounts() {
        let (brake, now) = (Brake::default(), Timestamp::from_seconds(1_000_000));
        for n in 0..ADDRESS_FAILURES_MAX {
            brake.failed(&format!("{n}@example.com"), HERE, now);
        }
        assert!(matches!(brake.ask("fresh@example.com", HERE, now), Verdict::Refused(_)));
    }

    #[test]
    fn the_counters_never_outgrow_their_limit() {
        let brake = Brake::default();
        for n in 0..COUNTERS_MAX {
            let now = Timestamp::from_seconds(1_000_000 + i64::try_from(n).unwrap() / 100);
            brake.failed(&n.to_string(), elsewhere(1), now);
        }
        assert!(brake.0.lock().unwrap().len() <= COUNTERS_MAX + 3);
    }
}
