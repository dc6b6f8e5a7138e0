//! Looking usage up: the fold that every commit keeps up to date.

use super::fold::hour;
use crate::schema::usage_hour;
use crate::{Conn, StoreError, column};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::Amount;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// How long the periods are that usage is summed up by. Both begin in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// An hour.
    Hour,
    /// A day.
    #[default]
    Day,
}

/// Which usage is wanted; every part that is given must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageFilter {
    /// Of this organization.
    pub organization: Option<String>,
    /// Of this app.
    pub app: Option<String>,
    /// Of hours that begin at this moment or later.
    pub from: Option<Timestamp>,
    /// Of hours that begin before this moment.
    pub until: Option<Timestamp>,
    /// How to sum it up.
    pub granularity: Granularity,
}

/// Usage in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// When the period begins.
    pub period_start: Timestamp,
    /// The organization.
    pub organization: String,
    /// The app; empty when a member read in the portal.
    pub app: String,
    /// The dataset; empty when an operation has none.
    pub dataset: String,
    /// The tier; empty when an operation has none.
    pub tier: String,
    /// The operation.
    pub operation: String,
    /// Number of requests.
    pub requests: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    period: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    organization: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    app: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    dataset: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    tier: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    operation: String,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Usage that fits, oldest first.
pub(super) fn list(
    conn: &mut Conn,
    filter: &UsageFilter,
    offset: u64,
    limit: usize,
) -> Result<Vec<UsageRow>, StoreError> {
    let period = match filter.granularity {
        Granularity::Hour => 1_i64,
        Granularity::Day => DAY_US,
    };
    // Both databases number their parameters `$1`, `$2` …; SQLite by first appearance, so they appear in order. The
    // remainder is taken twice because it is negative for times before 1970.
    let query = diesel::sql_query(
        "WITH chosen AS (SELECT $1 AS period_us, u.* FROM usage_hour u WHERE (organization = $2 OR $3 = 0) \
         AND (app = $4 OR $5 = 0) AND period_start >= $6 AND period_start < $7) \
         SELECT period_start - ((period_start % period_us) + period_us) % period_us AS period, \
         organization, app, dataset, tier, operation, CAST(SUM(requests) AS BIGINT) AS requests, \
         CAST(SUM(rows) AS BIGINT) AS rows, CAST(SUM(bytes) AS BIGINT) AS bytes FROM chosen \
         GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 LIMIT $8 OFFSET $9",
    );
    let rows = query
        .bind::<BigInt, _>(period)
        .bind::<diesel::sql_types::Text, _>(filter.organization.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.organization.is_some()))
        .bind::<diesel::sql_types::Text, _>(filter.app.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.app.is_some()))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::micros))
        .bind::<BigInt, _>(filter.until.map_or(i64::MAX, Timestamp::micros))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind::<BigInt, _>(column::count(offset))
        .load::<Row>(&mut conn.0)?;
    rows.into_iter().map(usage_row).collect()
}

/// What was read under a grant.
pub(super) fn of_grant(conn: &mut Conn, grant: &str) -> Result<Amount, StoreError> {
    let query = usage_hour::table.filter(usage_hour::grant_id.eq(grant)).select(sums());
    amount(query.first::<(i64, i64)>(&mut conn.0)?)
}

/// What an app read of the synthetic tier since the beginning of an hour.
pub(super) fn synthetic_of_app(conn: &mut Conn, app: &str, since: Timestamp) -> Result<Amount, StoreError> {
    let query = usage_hour::table
        .filter(usage_hour::app.eq(app))
        .filter(usage_hour::tier.eq("synthetic"))
        .filter(usage_hour::period_start.ge(hour(since.micros())))
        .select(sums());
    amount(query.first::<(i64, i64)>(&mut conn.0)?)
}

type Sum = diesel::expression::SqlLiteral<BigInt>;

/// Bytes and rows. The sum of no row is null and PostgreSQL's sum is a numeric; both are made a plain number.
fn sums() -> (Sum, Sum) {
    (sql("CAST(COALESCE(SUM(bytes), 0) AS BIGINT)"), sql("CAST(COALESCE(SUM(rows), 0) AS BIGINT)"))
}

fn amount((bytes, rows): (i64, i64)) -> Result<Amount, StoreError> {
    Ok(Amount { bytes: column::count_back(bytes)?, rows: column::count_back(rows)? })
}

fn usage_row(row: Row) -> Result<UsageRow, StoreError> {
    Ok(UsageRow {
        period_start: Timestamp::from_micros(row.period),
        organization: row.organization,
        app: row.app,
        dataset: row.dataset,
        tier: row.tier,
        operation: row.operation,
        requests: column::count_back(row.requests)?,
        rows: column::count_back(row.rows)?,
        bytes: column::count_back(row.bytes)?,
    })
}
