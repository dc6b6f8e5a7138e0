//! Access tokens that were revoked before their end. Decisions look at them, so a revocation is a new generation.

use crate::error::inserting;
use crate::schema::revoked_tokens::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, TokenId};
use std::collections::HashSet;

#[derive(Queryable, Insertable)]
#[diesel(table_name = revoked_tokens)]
struct Row {
    token: String,
    app: String,
    expires_at: i64,
}

/// Revokes a token; answers whether it was not revoked before. From `expires_at` on nothing needs to remember it.
pub fn insert_revoked_token(
    conn: &mut Conn,
    token: TokenId,
    app: AppId,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let known = table.find(token.to_string()).first::<Row>(&mut conn.0).optional()?;
    if known.is_some() {
        return Ok(false);
    }
    let row = Row { token: token.to_string(), app: app.to_string(), expires_at: expires_at.micros() };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the revocation")?;
    generation::bump(conn)?;
    Ok(true)
}

/// How many revoked tokens of an app are remembered.
pub fn count_of_app(conn: &mut Conn, app: AppId) -> Result<u64, StoreError> {
    let query = table.filter(revoked_tokens::app.eq(app.to_string())).count();
    column::count_back(query.get_result::<i64>(&mut conn.0)?)
}

/// All of them, for a snapshot.
pub(crate) fn list_all(conn: &mut Conn) -> Result<HashSet<TokenId>, StoreError> {
    let tokens = table.select(revoked_tokens::token).load::<String>(&mut conn.0)?;
    tokens.iter().map(|token| column::id(token)).collect()
}

/// Forgets the tokens that are over; answers how many. No decision changes by it, so it is not a new generation.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(revoked_tokens::expires_at.le(now.micros()))).execute(&mut conn.0)?)
}
