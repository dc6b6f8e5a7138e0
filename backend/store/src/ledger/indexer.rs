//! The search columns, written behind the commits: an entry is durable first and findable by index a moment later.
//!
//! All that stands in `entry_search` can be derived from the bytes of the entries at any time. `search_head` says how far
//! it goes; searches read the entries beyond it themselves, so that they are complete at every moment.

use super::edge::read_head;
use super::entries;
use super::search::Search;
use super::spans::Spans;
use crate::connection::AnyConnection;
use crate::schema::{entry, entry_search, search_head};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Entries that are indexed together: the pages of the indexes are written once for all of them.
pub(super) const TOGETHER: usize = 1_024;
/// How long the committer waits for more before it indexes fewer.
pub(super) const QUIET: Duration = Duration::from_millis(5);
/// Entries that are remembered; what is beyond is read again from the rows.
const REMEMBERED_MAX: usize = 8 * TOGETHER;

/// An entry with the columns that it is found by.
type Row = (i64, Arc<Search>);

/// What was committed and is not indexed yet.
#[derive(Debug)]
pub(super) struct Indexer {
    fresh: VecDeque<Row>,
    /// Whether there is something to index, of this process or of an earlier one.
    behind: bool,
}

impl Default for Indexer {
    fn default() -> Self {
        Self { fresh: VecDeque::new(), behind: true }
    }
}

impl Indexer {
    /// Remembers what was committed.
    pub(super) fn remember(&mut self, rows: impl Iterator<Item = Row>) {
        for row in rows {
            self.behind = true;
            if self.fresh.len() < REMEMBERED_MAX {
                self.fresh.push_back(row);
            }
        }
    }

    /// Whether there is something to index.
    pub(super) const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Whether there is so much that callers wait for it.
    pub(super) fn is_due(&self) -> bool {
        self.fresh.len() >= TOGETHER
    }

    /// Lets it rest until there is something new: the database has trouble.
    pub(super) fn failed(&mut self) {
        self.fresh.clear();
        self.behind = false;
    }

    /// Indexes some entries, within a transaction.
    pub(super) fn index(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let Some(from) = lock_search_head(conn)? else { return Ok(()) };
        let size = read_head(conn)?.size;
        let first = column::count(from);
        while self.fresh.front().is_some_and(|(index, _)| *index < first) {
            self.fresh.pop_front();
        }
        let known =
            self.fresh.iter().take(TOGETHER).zip(first..).take_while(|((index, _), next)| index == next).count();
        let rows = match known {
            0 => derive(conn, from, from.saturating_add(u64::try_from(TOGETHER).unwrap_or(0)))?,
            known => self.fresh.drain(..known).collect(),
        };
        insert(conn, &rows)?;
        let mut spans = Spans::default();
        rows.iter().for_each(|(index, search)| spans.add(*index, search.time_us));
        spans.keep(conn)?;
        let end = first.saturating_add(i64::try_from(rows.len()).map_err(StoreError::corrupt)?);
        diesel::update(search_head::table.find(1_i64)).set(search_head::size.eq(end)).execute(&mut conn.0)?;
        self.behind = end < column::count(size);
        Ok(())
    }
}

/// How many entries are indexed.
pub(super) fn indexed(conn: &mut Conn) -> Result<u64, StoreError> {
    let size = search_head::table.find(1_i64).select(search_head::size).first::<i64>(&mut conn.0).optional()?;
    column::count_back(size.ok_or_else(|| StoreError::corrupt("the head row of the search columns is missing"))?)
}

/// How many entries are indexed, kept from every other writer; nothing while another process indexes.
fn lock_search_head(conn: &mut Conn) -> Result<Option<u64>, StoreError> {
    match &mut conn.0 {
        AnyConnection::Sqlite(_) => indexed(conn).map(Some),
        AnyConnection::Postgres(conn) => {
            let query = search_head::table.select(search_head::size).for_update().skip_locked();
            query.first::<i64>(conn).optional()?.map(column::count_back).transpose()
        }
    }
}

/// The columns of entries as their bytes say.
fn derive(conn: &mut Conn, from: u64, until: u64) -> Result<Vec<Row>, StoreError> {
    let wanted = entry::idx.ge(column::count(from)).and(entry::idx.lt(column::count(until)));
    let query = entry::table.filter(wanted).order(entry::idx).select((entry::idx, entry::bytes));
    let rows = query.load::<(i64, Vec<u8>)>(&mut conn.0)?;
    let each = |(index, bytes): (i64, Vec<u8>)| {
        Ok((index, Arc::new(Search::of(&entries::read(column::count_back(index)?, &bytes)?))))
    };
    rows.into_iter().map(each).collect()
}

fn insert(conn: &mut Conn, rows: &[Row]) -> Result<(), StoreError> {
    match &mut conn.0 {
        AnyConnection::Sqlite(conn) => rows.iter().try_for_each(|row| insert_sqlite(conn, row)),
        AnyConnection::Postgres(conn) => insert_postgres(conn, rows),
    }
}

/// One prepared statement for all rows: in one process a statement costs less than parsing a longer one.
fn insert_sqlite(conn: &mut SqliteConnection, (index, search): &Row) -> Result<(), StoreError> {
    let values = (
        entry_search::idx.eq(index),
        entry_search::time_us.eq(search.time_us),
        entry_search::operation.eq(&search.operation),
        entry_search::organization.eq(search.organization.as_deref()),
        entry_search::app.eq(search.app.as_deref()),
        entry_search::dataset.eq(search.dataset.as_deref()),
        entry_search::grant_id.eq(search.grant_id.as_deref()),
        entry_search::token.eq(search.token.as_deref()),
        entry_search::status.eq(search.status),
    );
    diesel::insert_into(entry_search::table).values(values).execute(conn)?;
    Ok(())
}

/// One statement for all rows: each statement is a round trip. Arrays keep its text the same for every batch.
fn insert_postgres(conn: &mut PgConnection, rows: &[Row]) -> Result<(), StoreError> {
    macro_rules! each {
        ($row:ident => $value:expr) => {
            rows.iter().map(|(_, $row)| $value).collect::<Vec<_>>()
        };
    }
    diesel::sql_query(
        "INSERT INTO entry_search (idx, time_us, operation, organization, app, dataset, grant_id, token, status) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<Array<BigInt>, _>(rows.iter().map(|(index, _)| *index).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(each!(row => row.time_us))
    .bind::<Array<Text>, _>(each!(row => row.operation.as_str()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.organization.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.app.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.dataset.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.grant_id.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.token.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(each!(row => row.status))
    .execute(conn)?;
    Ok(())
}
