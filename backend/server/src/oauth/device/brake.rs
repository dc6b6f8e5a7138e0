//! How often devices may begin, and how often people may guess at their codes.

use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use mudeung_core::rate::{Bucket, Rate, TooSoon};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Networks share so many buckets, so that memory is bounded.
const NETWORK_BUCKETS: usize = 4_096;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Wrong codes that one member may type in a window, in whatever number of sessions.
const MEMBER_GUESSES_MAX: u32 = 5;
/// Wrong codes that all members together may type in a window.
const GUESSES_MAX: u32 = 100;

/// The brakes of the device flow.
pub(crate) struct DeviceBrakes {
    networks: Mutex<Vec<Bucket>>,
    rate: Rate,
    guesses: Mutex<Guesses>,
}

#[derive(Default)]
struct Guesses {
    of_members: HashMap<MemberId, Counter>,
    all: Counter,
}

#[derive(Clone, Copy, Default)]
struct Counter {
    wrong: u32,
    since: Timestamp,
}

impl Counter {
    /// Time until the next guess, when there were too many.
    fn wait(&mut self, max: u32, now: Timestamp) -> Option<Duration> {
        if now.since(self.since) >= WINDOW {
            *self = Self { wrong: 0, since: now };
        }
        (self.wrong >= max).then(|| self.since.plus(WINDOW).since(now))
    }
}

impl DeviceBrakes {
    /// Brakes that let so many devices of one network begin in one minute.
    pub(in crate::oauth) fn new(per_minute: u32) -> Self {
        Self {
            networks: Mutex::new(vec![Bucket::default(); NETWORK_BUCKETS]),
            rate: Rate::per_minute(per_minute),
            guesses: Mutex::default(),
        }
    }

    /// Counts a device that begins.
    pub(super) fn begins(&self, address: IpAddr, now: Timestamp) -> Result<(), TooSoon> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        match networks.get_mut(bucket_of(address)) {
            Some(bucket) => bucket.take(self.rate, now).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Counts a guess before it is looked at, so that many at once are not more than one after the other. Refused until
    /// so long from now.
    pub(crate) fn guess(&self, member: MemberId, now: Timestamp) -> Result<(), Duration> {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        guesses.of_members.retain(|_, counter| now.since(counter.since) < WINDOW);
        if let Some(wait) = guesses.all.wait(GUESSES_MAX, now) {
            return Err(wait);
        }
        let own = guesses.of_members.entry(member).or_default();
        if let Some(wait) = own.wait(MEMBER_GUESSES_MAX, now) {
            return Err(wait);
        }
        own.wrong = own.wrong.saturating_add(1);
        guesses.all.wrong = guesses.all.wrong.saturating_add(1);
        Ok(())
    }

    /// It was no guess: the code was right. What was wrong before stays counted.
    pub(crate) fn was_right(&self, member: MemberId) {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = guesses.of_members.get_mut(&member) {
            own.wrong = own.wrong.saturating_sub(1);
        }
        guesses.all.wrong = guesses.all.wrong.saturating_sub(1);
    }
}

/// The bucket of the network that an address is in; one subscriber has a whole /64 of IPv6.
fn bucket_of(address: IpAddr) -> usize {
    let octets = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    };
    let hash = octets
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(hash >> 32).unwrap_or_default() % NETWORK_BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn member(n: u8) -> MemberId {
        MemberId::from_bytes([n; 16])
    }

    #[test]
    fn a_member_guesses_five_times_and_right_codes_forgive_nothing() {
        let brakes = DeviceBrakes::new(10);
        for _ in 0..MEMBER_GUESSES_MAX {
            assert_eq!(brakes.guess(member(1), NOW), Ok(()));
            // A right one in between, as whoever starts devices of their own could type.
            if brakes.guess(member(1), NOW).is_ok() {
                brakes.was_right(member(1));
            }
        }
        assert_eq!(brakes.guess(member(1), NOW), Err(WINDOW));
        assert_eq!(brakes.guess(member(2), NOW), Ok(()), "another member is not concerned");
        assert_eq!(brakes.guess(member(1), NOW.plus(WINDOW)), Ok(()));
    }

    #[test]
    fn all_members_together_are_stopped_too_and_leave_bounded_traces() {
        let brakes = DeviceBrakes::new(10);
        let passed = (0..=255).flat_map(|n| [n; 5]).filter(|n| brakes.guess(member(*n), NOW).is_ok()).count();
        assert_eq!(passed, usize::try_from(GUESSES_MAX).unwrap());
        assert!(brakes.guesses.lock().unwrap().of_members.len() <= passed);
        assert_eq!(brakes.guess(member(9), NOW.plus(WINDOW)), Ok(()));
        assert_eq!(brakes.guesses.lock().unwrap().of_members.len(), 1);
    }

    #[test]
    fn one_network_cannot_begin_for_all() {
        let brakes = DeviceBrakes::new(3);
        let begun = |address: &str| (0..9).filter(|_| brakes.begins(address.parse().unwrap(), NOW).is_ok()).count();
        assert_eq!((begun("192.0.2.1"), begun("192.0.2.2")), (3, 3));
        assert_eq!((begun("2001:db8::1"), begun("2001:db8::2")), (3, 0), "one subscriber");
    }
}
