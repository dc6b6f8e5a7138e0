//! The counter that says that the control database changed, so that every node knows when to load a new snapshot.

use crate::schema::generation::dsl::{generation, value};
use crate::{Conn, StoreError, column};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

/// Counts a change. Every function that changes what decisions look at calls this in its own transaction.
pub(crate) fn bump(conn: &mut Conn) -> Result<(), StoreError> {
    diesel::update(generation).set(value.eq(value + 1)).execute(&mut conn.0)?;
    Ok(())
}

/// How many changes there were.
pub(crate) fn current(conn: &mut Conn) -> Result<u64, StoreError> {
    column::count_back(generation.select(value).first::<i64>(&mut conn.0)?)
}
