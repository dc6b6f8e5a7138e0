//! The columns that entries are found by: derived from their bytes, and checked against them.

use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::borrow::Cow;

/// What of an entry stands beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) time_us: i64,
    pub(super) kind: &'static str,
    pub(super) operation: String,
    pub(super) organization: Option<String>,
    pub(super) app: Option<String>,
    pub(super) dataset: Option<String>,
    pub(super) grant_id: Option<String>,
    pub(super) token: Option<String>,
    pub(super) status: Option<&'static str>,
    pub(super) intent: Option<i64>,
}

impl Search {
    /// The search columns of an entry.
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            time_us: entry.time_us,
            kind: kind_text(entry.kind),
            operation: storable(&entry.operation),
            organization: entry.organization.as_deref().map(storable),
            app: entry.app.as_deref().map(storable),
            dataset: entry.dataset.as_deref().map(storable),
            grant_id: entry.grant.as_deref().map(storable),
            token: entry.token.as_deref().map(storable),
            status: entry.status.map(status_text),
            intent: entry.intent.map(crate::column::count),
        }
    }
}

/// PostgreSQL has no NUL in texts, and one entry that cannot be stored would hold up all the others.
pub(super) fn storable(text: &str) -> String {
    let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) };
    text.into_owned()
}

pub(super) const INTENT: &str = "intent";

const fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Intent => INTENT,
        Kind::Outcome => "outcome",
    }
}

pub(super) const fn status_text(status: Status) -> &'static str {
    match status {
        Status::Completed => "completed",
        Status::Aborted => "aborted",
        Status::Denied => "denied",
        Status::Unknown => "unknown",
    }
}
