//! Grants that were made in an emergency, and what was found of them afterwards. Rows are added, and their review once.

use crate::error::{inserting, updating};
use crate::schema::break_glass::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::break_glass::{BreakGlass, Review};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::GrantId;

#[derive(Queryable, Insertable)]
#[diesel(table_name = break_glass, treat_none_as_default_value = false)]
struct Row {
    grant_id: String,
    opened_by: String,
    reason: String,
    opened_at: i64,
    reviewed_by: Option<String>,
    reviewed_at: Option<i64>,
    justified: Option<i64>,
    finding: Option<String>,
}

/// Adds what was opened.
pub fn insert_break_glass(conn: &mut Conn, opened: &BreakGlass) -> Result<(), StoreError> {
    let row = Row {
        grant_id: opened.grant.to_string(),
        opened_by: opened.opened_by.to_string(),
        reason: opened.reason.clone(),
        opened_at: opened.opened_at.micros(),
        reviewed_by: None,
        reviewed_at: None,
        justified: None,
        finding: None,
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the break-glass access")
}

/// What was opened under that grant, when something was.
pub fn find_break_glass(conn: &mut Conn, grant: GrantId) -> Result<Option<BreakGlass>, StoreError> {
    table.find(grant.to_string()).first::<Row>(&mut conn.0).optional()?.map(opened).transpose()
}

/// Everything that was opened, newest first.
pub fn list_break_glass(conn: &mut Conn, count_max: i64) -> Result<Vec<BreakGlass>, StoreError> {
    let query = table.order(break_glass::opened_at.desc()).limit(count_max);
    query.load::<Row>(&mut conn.0)?.into_iter().map(opened).collect()
}

/// What waits for its review.
pub fn list_unreviewed(conn: &mut Conn) -> Result<Vec<BreakGlass>, StoreError> {
    let query = table.filter(break_glass::reviewed_at.is_null()).order(break_glass::opened_at);
    query.load::<Row>(&mut conn.0)?.into_iter().map(opened).collect()
}

/// Notes what was found: of two who review at once, one does.
pub fn review_break_glass(conn: &mut Conn, grant: GrantId, review: Review) -> Result<(), StoreError> {
    let found = find_break_glass(conn, grant)?.ok_or(StoreError::NotFound { what: "break-glass access" })?;
    let Some(review) = found.reviewed(review)?.review else { return Ok(()) };
    let set = (
        break_glass::reviewed_by.eq(Some(review.by.to_string())),
        break_glass::reviewed_at.eq(Some(review.at.micros())),
        break_glass::justified.eq(Some(i64::from(review.justified))),
        break_glass::finding.eq(Some(review.finding)),
    );
    updating(diesel::update(table.find(grant.to_string())).set(set).execute(&mut conn.0), "break-glass access")
}

fn opened(row: Row) -> Result<BreakGlass, StoreError> {
    let review = match (row.reviewed_by, row.reviewed_at, row.justified, row.finding) {
        (Some(by), Some(at), Some(justified), Some(finding)) => {
            Some(Review { by: column::id(&by)?, at: Timestamp::from_micros(at), justified: justified == 1, finding })
        }
        (None, None, None, None) => None,
        _ => return Err(StoreError::Corrupt(format!("half a review of {}", row.grant_id))),
    };
    Ok(BreakGlass {
        grant: column::id(&row.grant_id)?,
        opened_by: column::id(&row.opened_by)?,
        reason: row.reason,
        opened_at: Timestamp::from_micros(row.opened_at),
        review,
    })
}
