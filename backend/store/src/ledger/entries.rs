//! Looking entries up: by index, and by what stands in the search columns.

use super::search::{Search, status_text};
use super::spans;
use crate::schema::{entry, entry_search};
use crate::{Conn, StoreError, column};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::entry::{Entry, Status};
use std::ops::Range;

/// Rows read at a time where there is no index.
const PAGE: i64 = 1_024;

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
    /// Under this grant.
    pub grant: Option<String>,
    /// With the access token of this `jti`.
    pub token: Option<String>,
    /// OUTCOMEs that ended so.
    pub status: Option<Status>,
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

/// The first and the last index of the entries of a period, when it has any. Those that are not indexed yet are read.
pub(super) fn period(
    conn: &mut Conn,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<(u64, u64)>, StoreError> {
    let indexed = column::count(super::indexer::indexed(conn)?);
    let (first, last) = match spans::bounds(conn, from, until)? {
        Some(within) => (
            end_of(conn, &within, indexed, [from, until], true)?,
            end_of(conn, &within, indexed, [from, until], false)?,
        ),
        None => (None, None),
    };
    let mut found = match first.zip(last) {
        Some((first, last)) => Some((column::count_back(first)?, column::count_back(last)?)),
        None => None,
    };
    let filter = EntryFilter { from, until, ..EntryFilter::default() };
    let mut next = indexed;
    loop {
        let query = entry::table.filter(entry::idx.ge(next)).order(entry::idx).limit(PAGE);
        let rows = query.select((entry::idx, entry::bytes)).load::<(i64, Vec<u8>)>(&mut conn.0)?;
        let Some((last, _)) = rows.last() else { return Ok(found) };
        next = last.saturating_add(1);
        for (index, _) in decode(rows)?.iter().filter(|(_, entry)| fits(&filter, &Search::of(entry))) {
            found = Some(found.map_or((*index, *index), |(first, _)| (first, *index)));
        }
    }
}

/// The first or the last of the entries of a period within these indices.
fn end_of(
    conn: &mut Conn,
    within: &Range<i64>,
    indexed: i64,
    [from, until]: [Option<Timestamp>; 2],
    is_first: bool,
) -> Result<Option<i64>, StoreError> {
    let within = entry_search::idx.ge(within.start).and(entry_search::idx.lt(within.end.min(indexed)));
    let mut query = entry_search::table.filter(within).select(entry_search::idx).limit(1).into_boxed();
    if let Some(from) = from {
        query = query.filter(entry_search::time_us.ge(from.micros()));
    }
    if let Some(until) = until {
        query = query.filter(entry_search::time_us.lt(until.micros()));
    }
    query = if is_first { query.order(entry_search::idx.asc()) } else { query.order(entry_search::idx.desc()) };
    Ok(query.first::<i64>(&mut conn.0).optional()?)
}

/// Entries that fit, newest first. Those that are not indexed yet are read one after the other, so that none is missing.
pub(super) fn list(
    conn: &mut Conn,
    filter: &EntryFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Entry)>, StoreError> {
    let indexed = column::count(super::indexer::indexed(conn)?);
    let mut found = Vec::new();
    let mut end = before.map_or(i64::MAX, column::count);
    while found.len() < limit && end > indexed {
        let wanted = entry::idx.ge(indexed).and(entry::idx.lt(end));
        let query = entry::table.filter(wanted).order(entry::idx.desc()).limit(PAGE).select((entry::idx, entry::bytes));
        let rows = query.load::<(i64, Vec<u8>)>(&mut conn.0)?;
        let Some((last, _)) = rows.last() else { break };
        end = *last;
        let fitting = decode(rows)?.into_iter().filter(|(_, entry)| fits(filter, &Search::of(entry)));
        found.extend(fitting.take(limit - found.len()));
    }
    if found.len() < limit {
        found.extend(list_indexed(conn, filter, end.min(indexed), limit - found.len())?);
    }
    Ok(found)
}

fn fits(filter: &EntryFilter, search: &Search) -> bool {
    let same = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    same(&filter.organization, &search.organization)
        && same(&filter.app, &search.app)
        && same(&filter.dataset, &search.dataset)
        && filter.operation.as_ref().is_none_or(|operation| *operation == search.operation)
        && same(&filter.grant, &search.grant_id)
        && same(&filter.token, &search.token)
        && filter.status.is_none_or(|status| search.status == Some(status_text(status)))
        && filter.from.is_none_or(|from| search.time_us >= from.micros())
        && filter.until.is_none_or(|until| search.time_us < until.micros())
}

fn list_indexed(
    conn: &mut Conn,
    filter: &EntryFilter,
    before: i64,
    limit: usize,
) -> Result<Vec<(u64, Entry)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let Some(within) = spans::bounds(conn, filter.from, filter.until)? else { return Ok(Vec::new()) };
    let within = entry_search::idx.ge(within.start).and(entry_search::idx.lt(within.end.min(before)));
    let joined = entry_search::table.inner_join(entry::table).filter(within);
    let mut query = joined.order(entry_search::idx.desc()).limit(limit).select((entry::idx, entry::bytes)).into_boxed();
    if let Some(organization) = &filter.organization {
        query = query.filter(entry_search::organization.eq(organization));
    }
    if let Some(app) = &filter.app {
        query = query.filter(entry_search::app.eq(app));
    }
    if let Some(dataset) = &filter.dataset {
        query = query.filter(entry_search::dataset.eq(dataset));
    }
    if let Some(operation) = &filter.operation {
        query = query.filter(entry_search::operation.eq(operation));
    }
    if let Some(grant) = &filter.grant {
        query = query.filter(entry_search::grant_id.eq(grant));
    }
    if let Some(token) = &filter.token {
        query = query.filter(entry_search::token.eq(token));
    }
    if let Some(status) = filter.status {
        query = query.filter(entry_search::status.eq(status_text(status)));
        if status != Status::Completed {
            // What the index says of itself, so that it is used.
            query = query.filter(sql::<Bool>("entry_search.status <> 'completed'"));
        }
    }
    if let Some(from) = filter.from {
        query = query.filter(entry_search::time_us.ge(from.micros()));
    }
    if let Some(until) = filter.until {
        query = query.filter(entry_search::time_us.lt(until.micros()));
    }
    decode(query.load::<(i64, Vec<u8>)>(&mut conn.0)?)
}

fn decode(rows: Vec<(i64, Vec<u8>)>) -> Result<Vec<(u64, Entry)>, StoreError> {
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
