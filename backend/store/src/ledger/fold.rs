//! Usage as a fold over OUTCOME entries: the same function books it at each commit and checks it in `verify`.

use super::search::storable;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::collections::BTreeMap;

/// Microseconds in an hour.
pub(super) const HOUR_US: i64 = 3_600_000_000;
/// One OUTCOME never counts for more than this many bytes or rows, so that sums stay within `BIGINT`.
const FIGURE_MAX: u64 = 1 << 50;

/// What usage is counted by; an absent part is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UsageKey {
    pub(super) period_start: i64,
    pub(super) organization: String,
    pub(super) app: String,
    pub(super) grant_id: String,
    pub(super) dataset: String,
    pub(super) tier: String,
    pub(super) operation: String,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Figures {
    pub(super) requests: i64,
    pub(super) rows: i64,
    pub(super) bytes: i64,
}

/// Usage by key.
pub(super) type Fold = BTreeMap<UsageKey, Figures>;

/// What an entry adds to usage: something when it is the OUTCOME of a read that was not refused.
///
/// The OUTCOME of a lease counts with its number of ranges, every other one as one request.
pub(super) fn usage_of(entry: &Entry) -> Option<(UsageKey, Figures)> {
    let counted = matches!(entry.status, Some(Status::Completed | Status::Aborted | Status::Unknown));
    let read = ["data.", "query.", "synthetic."].iter().any(|prefix| entry.operation.starts_with(prefix));
    if entry.kind != Kind::Outcome || !counted || !read {
        return None;
    }
    let part = |value: &Option<String>| value.as_deref().map(storable).unwrap_or_default();
    let key = UsageKey {
        period_start: hour(entry.time_us),
        organization: part(&entry.organization),
        app: part(&entry.app),
        grant_id: part(&entry.grant),
        dataset: part(&entry.dataset),
        tier: part(&entry.tier),
        operation: storable(&entry.operation),
    };
    let figure = |value: u64| i64::try_from(value.min(FIGURE_MAX)).unwrap_or(0);
    let figures = Figures {
        requests: figure(entry.ranges.unwrap_or(1).max(1)),
        rows: figure(entry.rows.unwrap_or(0)),
        bytes: figure(entry.bytes.unwrap_or(0)),
    };
    Some((key, figures))
}

/// The beginning of the hour that holds a moment.
pub(super) const fn hour(time_us: i64) -> i64 {
    time_us.saturating_sub(time_us.rem_euclid(HOUR_US))
}

impl Figures {
    /// Adds the figures of one more OUTCOME.
    pub(super) const fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outcomes_of_reads_that_were_not_refused_count() {
        let outcome = |operation: &str, status| Entry {
            status: Some(status),
            bytes: Some(7),
            ..Entry::new(Kind::Outcome, operation, HOUR_US + 5, [0; 16])
        };
        assert_eq!(usage_of(&outcome("data.read_rows", Status::Denied)), None);
        assert_eq!(usage_of(&outcome("app.create", Status::Completed)), None);
        assert_eq!(usage_of(&Entry::new(Kind::Intent, "data.read_rows", 0, [0; 16])), None);
        let (key, figures) = usage_of(&outcome("query.run", Status::Aborted)).unwrap();
        assert_eq!(key.period_start, HOUR_US);
        assert_eq!(figures, Figures { requests: 1, rows: 0, bytes: 7 });
    }

    #[test]
    fn a_lease_counts_its_ranges() {
        let lease = Entry {
            status: Some(Status::Completed),
            ranges: Some(40),
            ..Entry::new(Kind::Outcome, "data.read_file", -1, [0; 16])
        };
        let (key, figures) = usage_of(&lease).unwrap();
        assert_eq!((key.period_start, figures.requests), (-HOUR_US, 40));
    }
}
