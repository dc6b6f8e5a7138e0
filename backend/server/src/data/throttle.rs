//! The rate limit: a bucket for each app, and the headers that tell the caller how full it is.

use crate::data::shards::Shards;
use crate::fault::Fault;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::rate::{Allowance, Bucket, Rate};
use mudeung_wire::problem::Code;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The name of the policy in headers and problems.
pub const POLICY: &str = "requests";

/// Rate limits, one bucket for each app: an app at its limit slows nobody else.
pub struct Throttle {
    requests_per_minute: u32,
    /// How many nodes share the rate.
    nodes: AtomicU32,
    buckets: Shards<AppId, Bucket>,
}

impl Throttle {
    /// Full buckets.
    pub fn new(requests_per_minute: u32) -> Self {
        Self { requests_per_minute, nodes: AtomicU32::new(1), buckets: Shards::default() }
    }

    /// The rate on this node. Nodes share it evenly, so that together they never let more pass; an app that comes to one
    /// node alone gets that node's part.
    pub fn rate(&self) -> Rate {
        let nodes = self.nodes.load(Ordering::Relaxed).max(1);
        Rate::per_minute((self.requests_per_minute / nodes).max(1))
    }

    /// Shares the rate among so many nodes from now on.
    pub fn share_among(&self, nodes: u32) {
        self.nodes.store(nodes, Ordering::Relaxed);
    }

    /// Lets a request of an app pass, or refuses it with the time to wait.
    pub fn pass(&self, app: AppId, now: Timestamp) -> Result<Allowance, Fault> {
        let rate = self.rate();
        let taken = self.buckets.with(&app, |shard| shard.entry(app).or_default().take(rate, now));
        taken.map_err(|soon| {
            let seconds = seconds_up(soon.retry_in);
            let mut fault = Fault::new(
                Code::RateLimited,
                format!("More than {} requests in a minute. Wait {seconds} s.", rate.requests()),
                format!("분당 요청 한도({}건)를 넘었습니다. {seconds}초 뒤에 다시 시도하세요.", rate.requests()),
            );
            fault.policies.push(POLICY.to_owned());
            let allowance = Allowance { remaining: 0, full_in: soon.retry_in };
            let headers = super::limits::headers(rate, allowance, None);
            headers.into_iter().fold(fault.retry_after(seconds), |fault, (name, value)| fault.header(name, value))
        })
    }

    /// Forgets apps that have used nothing lately.
    pub fn sweep(&self, now: Timestamp) {
        self.buckets.retain(|_, bucket| !bucket.is_drained(now));
    }
}

/// Whole seconds, rounded up, at least one.
pub fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}
