//! `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): what is left, in every governed answer.

use crate::data::budget::Account;
use crate::data::throttle::{POLICY, seconds_up};
use actix_web::http::header::{HeaderName, HeaderValue};
use mudeung_core::rate::{Allowance, Rate};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The largest integer of a structured field.
const INTEGER_MAX: u64 = 999_999_999_999_999;

/// The two headers, for the rate and the budgets that are charged.
pub fn headers(rate: Rate, left: Allowance, account: Option<&Account>) -> Vec<(HeaderName, HeaderValue)> {
    let mut policy = format!("\"{POLICY}\";q={};w=60", rate.requests());
    let mut limit = format!("\"{POLICY}\";r={};t={}", left.remaining, seconds_up(left.full_in));
    if let Some(account) = account {
        for meter in account.meters() {
            let (name, total, remaining) = (meter.policy(), meter.limit().bytes, meter.remaining().bytes);
            policy.push_str(&format!(", \"{name}\";q={};qu=\"content-bytes\"", total.min(INTEGER_MAX)));
            limit.push_str(&format!(", \"{name}\";r={}", remaining.min(INTEGER_MAX)));
        }
    }
    let value = |text: String| HeaderValue::from_str(&text).ok();
    [(RATE_LIMIT_POLICY, value(policy)), (RATE_LIMIT, value(limit))]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
}
