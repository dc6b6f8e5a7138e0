//! What the hospital stopped, by whom and why. A row is there as long as the stop is.

use crate::error::inserting;
use crate::schema::stops::{self, table};
use crate::{Conn, StoreError};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::stop::Stop;

#[derive(Queryable, Insertable)]
#[diesel(table_name = stops)]
struct Row {
    level: String,
    target: String,
    stopped_by: String,
    reason: String,
    stopped_at: i64,
}

/// Notes a stop.
pub fn insert_stop(conn: &mut Conn, stop: &Stop) -> Result<(), StoreError> {
    let row = Row {
        level: stop.level.clone(),
        target: stop.target.clone(),
        stopped_by: stop.by.clone(),
        reason: stop.reason.clone(),
        stopped_at: stop.at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the stop")
}

/// The stop of something, when it was stopped by a person.
pub fn find_stop(conn: &mut Conn, level: &str, target: &str) -> Result<Option<Stop>, StoreError> {
    Ok(table.find((level, target)).first::<Row>(&mut conn.0).optional()?.map(stop))
}

/// All stops; the oldest first.
pub fn list_stops(conn: &mut Conn) -> Result<Vec<Stop>, StoreError> {
    let rows = table.order((stops::stopped_at, stops::target)).load::<Row>(&mut conn.0)?;
    Ok(rows.into_iter().map(stop).collect())
}

/// Takes the note of a stop away, when something goes on; it is no error when there is none.
pub(crate) fn forget(conn: &mut Conn, level: &str, target: &str) -> Result<(), StoreError> {
    diesel::delete(table.find((level, target))).execute(&mut conn.0)?;
    Ok(())
}

fn stop(row: Row) -> Stop {
    Stop {
        level: row.level,
        target: row.target,
        by: row.stopped_by,
        reason: row.reason,
        at: Timestamp::from_micros(row.stopped_at),
    }
}
