//! Looking entries up: by index, and by what stands in the search columns.

use crate::schema::entry;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::entry::Entry;

/// Which entries are wanted; every part that is given must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryFilter {
    /// Of this organization.
    pub organization: Option<String>,
    /// Of this app.
    pub app: Option<String>,
    /// About this dataset.
    pub dataset: Option<String>,
    /// Of this operation, for instance `data.read_rows`.
    pub operation: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// The entry at an index, when there is one.
pub(super) fn find(conn: &mut Conn, index: u64) -> Result<Option<Entry>, StoreError> {
    let query = entry::table.find(column::count(index)).select(entry::bytes);
    let bytes = query.first::<Vec<u8>>(&mut conn.0).optional()?;
    bytes.map(|bytes| read(index, &bytes)).transpose()
}

/// Entries that fit, newest first.
pub(super) fn list(
    conn: &mut Conn,
    filter: &EntryFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Entry)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = entry::table.order(entry::idx.desc()).limit(limit).select((entry::idx, entry::bytes)).into_boxed();
    if let Some(before) = before {
        query = query.filter(entry::idx.lt(column::count(before)));
    }
    if let Some(organization) = &filter.organization {
        query = query.filter(entry::organization.eq(organization));
    }
    if let Some(app) = &filter.app {
        query = query.filter(entry::app.eq(app));
    }
    if let Some(dataset) = &filter.dataset {
        query = query.filter(entry::dataset.eq(dataset));
    }
    if let Some(operation) = &filter.operation {
        query = query.filter(entry::operation.eq(operation));
    }
    if let Some(from) = filter.from {
        query = query.filter(entry::time_us.ge(from.micros()));
    }
    if let Some(until) = filter.until {
        query = query.filter(entry::time_us.lt(until.micros()));
    }
    let rows = query.load::<(i64, Vec<u8>)>(&mut conn.0)?;
    let each = |(index, bytes): (i64, Vec<u8>)| {
        let index = column::count_back(index)?;
        Ok((index, read(index, &bytes)?))
    };
    rows.into_iter().map(each).collect()
}

/// Reads the bytes of an entry.
pub(super) fn read(index: u64, bytes: &[u8]) -> Result<Entry, StoreError> {
    Entry::from_bytes(bytes).map_err(|error| StoreError::Corrupt(format!("entry {index}: {error}")))
}
