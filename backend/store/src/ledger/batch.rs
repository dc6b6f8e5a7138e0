//! One batch in one transaction: entries, tiles, usage and the head row, all of them or none.

use super::TreeHead;
use super::edge::{Edge, Head, lock_head, write_head};
use super::fold::Fold;
use super::queue::Pending;
use super::tiles::TileRow;
use crate::connection::AnyConnection;
use crate::schema::{entry, tile, usage_hour};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use std::collections::HashSet;

/// What the committer remembers beyond a failed attempt.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The tree after the last commit, so that one that shrank or changed since is noticed.
    pub(super) durable: Option<TreeHead>,
    /// Size of the tree at the last attempt, once the attempt knew it.
    pub(super) attempted: Option<u64>,
}

/// Who writes, and what else it must know when it closes the INTENTs of others.
#[derive(Debug, Default)]
pub(super) struct Author {
    /// This process.
    pub(super) node: i64,
    /// The nodes that are alive; only read when the batch closes INTENTs of others.
    pub(super) alive: HashSet<i64>,
    /// INTENTs of this process whose caller went away; likewise.
    pub(super) abandoned: HashSet<u64>,
}

impl Author {
    /// Whether an INTENT is still to be closed, now that nobody else can write.
    fn may_close(&self, edge: &Edge, index: u64, node: i64) -> bool {
        let left = if node == self.node { self.abandoned.contains(&index) } else { !self.alive.contains(&node) };
        left && edge.is_open(index)
    }
}

/// Writes a batch; answers the index of each of its entries, and nothing for an OUTCOME `unknown` of the reconciler that
/// is not called for any more. An empty batch writes the head row as it was, which shows whether the database can be
/// written.
pub(super) fn write(
    conn: &mut Conn,
    kept: &mut Option<Edge>,
    seen: &mut Seen,
    author: &Author,
    batch: &[Pending],
) -> Result<Vec<Option<u64>>, StoreError> {
    let head = lock_head(conn)?;
    refuse_going_back(seen.durable, &head)?;
    seen.attempted = Some(head.size);
    let mut edge = match kept.take() {
        Some(edge) if edge.size() == head.size => edge,
        Some(edge) => edge.follow(conn, &head)?,
        None => Edge::load(conn, &head)?,
    };
    if edge.tree_head() != head.tree_head() {
        return Err(StoreError::corrupt("the root in the head row is not that of its entries"));
    }
    let mut indices = Vec::with_capacity(batch.len());
    let mut fresh = Vec::with_capacity(batch.len());
    for pending in batch {
        if pending.closes.is_some_and(|(index, node)| !author.may_close(&edge, index, node)) {
            indices.push(None);
            continue;
        }
        let index = match find_kept(conn, &head, pending)? {
            Some(index) => index,
            None => {
                let index = edge.append(pending.hash, pending.search.kind, pending.search.intent);
                fresh.push((column::count(index), pending));
                index
            }
        };
        indices.push(Some(index));
    }
    insert_entries(conn, author.node, &fresh)?;
    for row in edge.take_filled() {
        insert_tile(conn, &row)?;
    }
    add_usage(conn, &fresh)?;
    write_head(conn, &edge)?;
    *kept = Some(edge);
    Ok(indices)
}

/// A tree that is smaller than it was, or another one, is not added to: that would make the change look proper.
fn refuse_going_back(durable: Option<TreeHead>, head: &Head) -> Result<(), StoreError> {
    let Some(durable) = durable else { return Ok(()) };
    if head.size < durable.size {
        let problem = format!("it had {} entries and now has {}", durable.size, head.size);
        return Err(StoreError::Corrupt(problem));
    }
    if head.size == durable.size && head.root != durable.root {
        return Err(StoreError::corrupt("its root changed without a new entry"));
    }
    Ok(())
}

/// The index of an entry whose commit seemed to fail and went through.
fn find_kept(conn: &mut Conn, head: &Head, pending: &Pending) -> Result<Option<u64>, StoreError> {
    let Some(from) = pending.failed_at.filter(|from| *from < head.size) else { return Ok(None) };
    let since = entry::table.filter(entry::idx.ge(column::count(from)));
    let query = since.filter(entry::leaf_hash.eq(pending.hash.to_vec())).select(entry::idx);
    query.first::<i64>(&mut conn.0).optional()?.map(column::count_back).transpose()
}

fn insert_entries(conn: &mut Conn, node: i64, rows: &[(i64, &Pending)]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    match &mut conn.0 {
        AnyConnection::Sqlite(conn) => rows.iter().try_for_each(|row| insert_entry_sqlite(conn, node, row)),
        AnyConnection::Postgres(conn) => insert_entries_postgres(conn, node, rows),
    }
}

/// One prepared statement for all rows: in one process a statement costs less than parsing a longer one.
fn insert_entry_sqlite(conn: &mut SqliteConnection, node: i64, row: &(i64, &Pending)) -> Result<(), StoreError> {
    let (index, Pending { bytes, hash, search, .. }) = row;
    let values = (
        entry::idx.eq(index),
        entry::leaf_hash.eq(hash.as_slice()),
        entry::bytes.eq(bytes.as_slice()),
        entry::node.eq(node),
        entry::kind.eq(search.kind),
        entry::intent.eq(search.intent),
    );
    diesel::insert_into(entry::table).values(values).execute(conn)?;
    Ok(())
}

/// One statement for all rows: each statement is a round trip. Arrays keep its text the same for every batch.
fn insert_entries_postgres(conn: &mut PgConnection, node: i64, rows: &[(i64, &Pending)]) -> Result<(), StoreError> {
    macro_rules! each {
        ($row:ident => $value:expr) => {
            rows.iter().map(|(_, $row)| $value).collect::<Vec<_>>()
        };
    }
    diesel::sql_query(
        "INSERT INTO entry (idx, leaf_hash, bytes, kind, intent, node) \
         SELECT *, $6 FROM unnest($1, $2, $3, $4, $5)",
    )
    .bind::<Array<BigInt>, _>(rows.iter().map(|(index, _)| *index).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(each!(row => row.hash.as_slice()))
    .bind::<Array<Binary>, _>(each!(row => row.bytes.as_slice()))
    .bind::<Array<Text>, _>(each!(row => row.search.kind))
    .bind::<Array<Nullable<BigInt>>, _>(each!(row => row.search.intent))
    .bind::<BigInt, _>(node)
    .execute(conn)?;
    Ok(())
}

fn insert_tile(conn: &mut Conn, row: &TileRow) -> Result<(), StoreError> {
    let values = (tile::level.eq(row.level), tile::idx.eq(row.idx), tile::hashes.eq(&row.hashes));
    diesel::insert_into(tile::table).values(values).execute(&mut conn.0)?;
    Ok(())
}

/// Books what the entries of the batch add to usage, summed up first: a batch often has one app's reads only.
fn add_usage(conn: &mut Conn, rows: &[(i64, &Pending)]) -> Result<(), StoreError> {
    let mut fold = Fold::new();
    for (key, figures) in rows.iter().filter_map(|(_, pending)| pending.usage.as_ref()) {
        fold.entry(key.clone()).or_default().add(*figures);
    }
    if fold.is_empty() {
        return Ok(());
    }
    match &mut conn.0 {
        AnyConnection::Sqlite(conn) => add_usage_sqlite(conn, &fold),
        AnyConnection::Postgres(conn) => add_usage_postgres(conn, &fold),
    }
}

fn add_usage_sqlite(conn: &mut SqliteConnection, fold: &Fold) -> Result<(), StoreError> {
    use diesel::upsert::excluded;
    for (key, figures) in fold {
        let values = (
            usage_hour::period_start.eq(key.period_start),
            usage_hour::organization.eq(&key.organization),
            usage_hour::app.eq(&key.app),
            usage_hour::grant_id.eq(&key.grant_id),
            usage_hour::dataset.eq(&key.dataset),
            usage_hour::tier.eq(&key.tier),
            usage_hour::operation.eq(&key.operation),
            usage_hour::requests.eq(figures.requests),
            usage_hour::rows.eq(figures.rows),
            usage_hour::bytes.eq(figures.bytes),
        );
        let key = (
            usage_hour::period_start,
            usage_hour::organization,
            usage_hour::app,
            usage_hour::grant_id,
            usage_hour::dataset,
            usage_hour::tier,
            usage_hour::operation,
        );
        let sum = (
            usage_hour::requests.eq(usage_hour::requests + excluded(usage_hour::requests)),
            usage_hour::rows.eq(usage_hour::rows + excluded(usage_hour::rows)),
            usage_hour::bytes.eq(usage_hour::bytes + excluded(usage_hour::bytes)),
        );
        diesel::insert_into(usage_hour::table).values(values).on_conflict(key).do_update().set(sum).execute(conn)?;
    }
    Ok(())
}

fn add_usage_postgres(conn: &mut PgConnection, fold: &Fold) -> Result<(), StoreError> {
    let keys = |part: fn(&super::fold::UsageKey) -> &str| fold.keys().map(part).collect::<Vec<_>>();
    diesel::sql_query(
        "INSERT INTO usage_hour SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (period_start, organization, app, grant_id, dataset, tier, operation) DO UPDATE SET \
         requests = usage_hour.requests + excluded.requests, rows = usage_hour.rows + excluded.rows, \
         bytes = usage_hour.bytes + excluded.bytes",
    )
    .bind::<Array<BigInt>, _>(fold.keys().map(|key| key.period_start).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(keys(|key| &key.organization))
    .bind::<Array<Text>, _>(keys(|key| &key.app))
    .bind::<Array<Text>, _>(keys(|key| &key.grant_id))
    .bind::<Array<Text>, _>(keys(|key| &key.dataset))
    .bind::<Array<Text>, _>(keys(|key| &key.tier))
    .bind::<Array<Text>, _>(keys(|key| &key.operation))
    .bind::<Array<BigInt>, _>(fold.values().map(|figures| figures.requests).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(fold.values().map(|figures| figures.rows).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(fold.values().map(|figures| figures.bytes).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}
