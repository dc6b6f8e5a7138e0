//! The assertions that were accepted, so that none is accepted twice: by any node, before or after a restart.
//!
//! No decision on data looks at them, so their changes do not count as a new generation.

use crate::error::inserting;
use crate::schema::used_assertions::{self, table};
use crate::{Conn, StoreError, column};
use diesel::dsl::count_star;
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;

/// An assertion that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedAssertion {
    /// Whose it is. Two apps may use the same identifier.
    pub app: AppId,
    /// SHA-256 of its `jti`.
    pub jti_hash: [u8; 32],
    /// From this moment on nobody would accept it, so it need not be remembered.
    pub expires_at: Timestamp,
}

/// Remembers an assertion. Of any number of attempts at once one succeeds; the others are told that it exists already.
pub fn insert_used_assertion(conn: &mut Conn, used: &UsedAssertion) -> Result<(), StoreError> {
    let row = (
        used_assertions::app.eq(used.app.to_string()),
        used_assertions::jti_hash.eq(used.jti_hash.to_vec()),
        used_assertions::expires_at.eq(used.expires_at.micros()),
    );
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the assertion")
}

/// Whether an assertion was accepted before.
pub fn find_used_assertion(conn: &mut Conn, app: AppId, jti_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let query = table.find((app.to_string(), jti_hash.to_vec())).select(used_assertions::expires_at);
    Ok(query.first::<i64>(&mut conn.0).optional()?.is_some())
}

/// Forgets the assertions that ended before `now`; answers how many.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(used_assertions::expires_at.le(now.micros()))).execute(&mut conn.0)?)
}

/// How many assertions of each app are remembered.
pub fn count_by_app(conn: &mut Conn) -> Result<Vec<(AppId, u64)>, StoreError> {
    let query = table.group_by(used_assertions::app).select((used_assertions::app, count_star()));
    let rows = query.load::<(String, i64)>(&mut conn.0)?;
    rows.into_iter().map(|(app, count)| Ok((column::id(&app)?, column::count_back(count)?))).collect()
}
