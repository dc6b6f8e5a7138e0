//! Looking usage up: the fold that every commit keeps up to date.

use super::fold::{HOUR_US, hour};
use crate::schema::usage_hour;
use crate::{Conn, StoreError, column};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::Amount;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// How long the periods are that usage is summed up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// An hour.
    Hour,
    /// A day in UTC.
    #[default]
    Day,
    /// A calendar month in Korea Standard Time, which is what is invoiced.
    Month,
}

impl Granularity {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What usage is told apart by, beside the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    /// By app.
    pub app: bool,
    /// By grant.
    pub grant: bool,
    /// By dataset.
    pub dataset: bool,
    /// By tier.
    pub tier: bool,
    /// By operation.
    pub operation: bool,
}

impl Default for Grouping {
    fn default() -> Self {
        Self { app: true, grant: false, dataset: true, tier: true, operation: true }
    }
}

impl Grouping {
    /// By nothing: one sum for each period and organization.
    pub const NONE: Self = Self { app: false, grant: false, dataset: false, tier: false, operation: false };
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
    /// What to tell apart.
    pub grouping: Grouping,
}

/// Whose reads are summed up; every part that is given must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsedBy {
    /// Of this organization.
    pub organization: Option<String>,
    /// Of this app.
    pub app: Option<String>,
    /// Under this grant.
    pub grant: Option<String>,
    /// Of this dataset.
    pub dataset: Option<String>,
    /// Of this tier.
    pub tier: Option<String>,
    /// Since the beginning of the hour that holds this moment.
    pub since: Option<Timestamp>,
}

/// What a sum of usage is of, and at the same time its place in the list. Parts that are not told apart are empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsagePlace {
    /// When the period begins.
    pub period_start: Timestamp,
    /// The organization.
    pub organization: String,
    /// The app; empty when a member read in the portal.
    pub app: String,
    /// The grant; empty for what needs none.
    pub grant: String,
    /// The dataset; empty when an operation has none.
    pub dataset: String,
    /// The tier; empty when an operation has none.
    pub tier: String,
    /// The operation.
    pub operation: String,
}

/// Usage in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// What it is of.
    pub place: UsagePlace,
    /// Number of requests.
    pub requests: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}

/// What all usage that fits comes to in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageSum {
    /// When the period begins.
    pub period_start: Timestamp,
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
    #[diesel(sql_type = Text)]
    organization: String,
    #[diesel(sql_type = Text)]
    app: String,
    #[diesel(sql_type = Text)]
    grant_id: String,
    #[diesel(sql_type = Text)]
    dataset: String,
    #[diesel(sql_type = Text)]
    tier: String,
    #[diesel(sql_type = Text)]
    operation: String,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = BigInt)]
    period: i64,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// What all that fits comes to in each period, oldest first; nothing is told apart, whatever the grouping says.
pub(super) fn sums_by_period(conn: &mut Conn, filter: &UsageFilter) -> Result<Vec<UsageSum>, StoreError> {
    let query = diesel::sql_query(format!(
        "{} SELECT period, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(rows) AS BIGINT) AS rows, \
         CAST(SUM(bytes) AS BIGINT) AS bytes FROM dated GROUP BY 1 ORDER BY 1",
        chosen(filter),
    ));
    let rows = query
        .bind::<Text, _>(filter.organization.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.organization.is_some()))
        .bind::<Text, _>(filter.app.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.app.is_some()))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::micros))
        .bind::<BigInt, _>(filter.until.map_or(i64::MAX, Timestamp::micros))
        .load::<SumRow>(&mut conn.0)?;
    let sum = |row: SumRow| {
        Ok(UsageSum {
            period_start: Timestamp::from_micros(row.period),
            requests: column::count_back(row.requests)?,
            rows: column::count_back(row.rows)?,
            bytes: column::count_back(row.bytes)?,
        })
    };
    rows.into_iter().map(sum).collect()
}

/// The rows that fit, with the beginning of their period: the first six parameters are those of a filter.
///
/// Both databases number their parameters `$1`, `$2` …; SQLite by first appearance, so they appear in order.
fn chosen(filter: &UsageFilter) -> String {
    format!(
        "WITH chosen AS (SELECT u.period_start AS at_us, u.organization, {parts}, u.requests, u.rows, u.bytes \
         FROM usage_hour u WHERE {owner} AND (u.app = $3 OR $4 = 0) \
         AND u.period_start >= $5 AND u.period_start < $6), dated AS ({dated})",
        // Said so that the index of the organization is used.
        owner = if filter.organization.is_some() { "u.organization = $1 AND $2 = 1" } else { "($1 = '' OR $2 = 0)" },
        parts = parts(filter.grouping),
        dated = dated(filter.granularity),
    )
}

/// Usage that fits and comes after a place in the list, oldest first.
pub(super) fn list(
    conn: &mut Conn,
    filter: &UsageFilter,
    after: Option<&UsagePlace>,
    limit: usize,
) -> Result<Vec<UsageRow>, StoreError> {
    let query = diesel::sql_query(format!(
        "{}, summed AS (SELECT period, organization, app, grant_id, dataset, tier, operation, \
         CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(rows) AS BIGINT) AS rows, \
         CAST(SUM(bytes) AS BIGINT) AS bytes FROM dated GROUP BY 1, 2, 3, 4, 5, 6, 7) \
         SELECT * FROM summed WHERE $7 = 0 OR (period, organization, app, grant_id, dataset, tier, operation) > \
         ($8, $9, $10, $11, $12, $13, $14) ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT $15",
        chosen(filter),
    ));
    let place = after.cloned().unwrap_or_else(nowhere);
    // What belongs to earlier periods need not be looked at again.
    let seen = after.map_or(i64::MIN, |place| place.period_start.micros());
    let rows = query
        .bind::<Text, _>(filter.organization.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.organization.is_some()))
        .bind::<Text, _>(filter.app.clone().unwrap_or_default())
        .bind::<BigInt, _>(i64::from(filter.app.is_some()))
        .bind::<BigInt, _>(filter.from.map_or(i64::MIN, Timestamp::micros).max(seen))
        .bind::<BigInt, _>(filter.until.map_or(i64::MAX, Timestamp::micros))
        .bind::<BigInt, _>(i64::from(after.is_some()))
        .bind::<BigInt, _>(place.period_start.micros())
        .bind::<Text, _>(place.organization)
        .bind::<Text, _>(place.app)
        .bind::<Text, _>(place.grant)
        .bind::<Text, _>(place.dataset)
        .bind::<Text, _>(place.tier)
        .bind::<Text, _>(place.operation)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load::<Row>(&mut conn.0)?;
    rows.into_iter().map(usage_row).collect()
}

/// The key columns; those that are not told apart are the empty text.
fn parts(grouping: Grouping) -> String {
    let part = |wanted, name| if wanted { format!("u.{name}") } else { format!("CAST('' AS TEXT) AS {name}") };
    [
        part(grouping.app, "app"),
        part(grouping.grant, "grant_id"),
        part(grouping.dataset, "dataset"),
        part(grouping.tier, "tier"),
        part(grouping.operation, "operation"),
    ]
    .join(", ")
}

/// The rows of `chosen` with the beginning of their period. Remainders are taken twice because they are negative for
/// times before 1970. A month begins where its first day does; the arithmetic is that of the Gregorian calendar in eras
/// of 146,097 days with years that begin in March, as in [`mudeung_wire::invoice::Month`], which a test compares.
fn dated(granularity: Granularity) -> String {
    let fixed = |unit: i64| format!("SELECT at_us - ((at_us % {unit}) + {unit}) % {unit} AS period, c.* FROM chosen c");
    match granularity {
        Granularity::Hour => fixed(HOUR_US),
        Granularity::Day => fixed(DAY_US),
        Granularity::Month => {
            let kst = 9 * HOUR_US;
            format!(
                "SELECT (day - (doy - (153 * ((5 * doy + 2) / 153) + 2) / 5)) * {DAY_US} - {kst} AS period, e.* FROM \
                 (SELECT doe - (365 * yoe + yoe / 4 - yoe / 100) AS doy, d.* FROM \
                 (SELECT (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365 AS yoe, c.* FROM \
                 (SELECT (day + 719468) % 146097 AS doe, b.* FROM \
                 (SELECT (at_us + {kst} - (((at_us + {kst}) % {DAY_US}) + {DAY_US}) % {DAY_US}) / {DAY_US} AS day, a.* \
                 FROM chosen a) b) c) d) e"
            )
        }
    }
}

const fn nowhere() -> UsagePlace {
    UsagePlace {
        period_start: Timestamp::from_micros(0),
        organization: String::new(),
        app: String::new(),
        grant: String::new(),
        dataset: String::new(),
        tier: String::new(),
        operation: String::new(),
    }
}

/// Bytes and rows that were read by all that fits.
pub(super) fn used(conn: &mut Conn, by: &UsedBy) -> Result<Amount, StoreError> {
    let mut query = usage_hour::table.select(sums()).into_boxed();
    if let Some(organization) = &by.organization {
        query = query.filter(usage_hour::organization.eq(organization.clone()));
    }
    if let Some(app) = &by.app {
        query = query.filter(usage_hour::app.eq(app.clone()));
    }
    if let Some(grant) = &by.grant {
        query = query.filter(usage_hour::grant_id.eq(grant.clone()));
    }
    if let Some(dataset) = &by.dataset {
        query = query.filter(usage_hour::dataset.eq(dataset.clone()));
    }
    if let Some(tier) = &by.tier {
        query = query.filter(usage_hour::tier.eq(tier.clone()));
    }
    if let Some(since) = by.since {
        query = query.filter(usage_hour::period_start.ge(hour(since.micros())));
    }
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
        place: UsagePlace {
            period_start: Timestamp::from_micros(row.period),
            organization: row.organization,
            app: row.app,
            grant: row.grant_id,
            dataset: row.dataset,
            tier: row.tier,
            operation: row.operation,
        },
        requests: column::count_back(row.requests)?,
        rows: column::count_back(row.rows)?,
        bytes: column::count_back(row.bytes)?,
    })
}
