//! Answers under the key that a caller gave its request, so that a request sent twice is done once.
//!
//! Neither key nor answer can be read here: the key is a keyed hash, the answer is encrypted by the server. No decision on
//! data looks at them, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::idempotent_answers;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;

/// A request with a key, before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Keyed hash of the key and whose it is.
    pub key_hash: [u8; 32],
    /// What was asked for, in one hash.
    pub request_hash: [u8; 32],
    /// When it came.
    pub created_at: Timestamp,
    /// When the key may be used anew.
    pub expires_at: Timestamp,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing was: the request is the first with it, and must be done.
    Nothing,
    /// The key came with another request.
    OtherRequest,
    /// The request is being done, or was when the server stopped, since then.
    UnderWay(Timestamp),
    /// It was done, with this answer.
    Answered(Vec<u8>),
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = idempotent_answers)]
struct Row {
    key_hash: Vec<u8>,
    request_hash: Vec<u8>,
    created_at: i64,
    expires_at: i64,
    answer: Option<Vec<u8>>,
}

/// Looks a key up and takes it when it is free: of several at once, one is the first.
pub fn begin_keyed_request(conn: &mut Conn, request: &KeyedRequest) -> Result<Known, StoreError> {
    use idempotent_answers::{expires_at, table};
    diesel::delete(table.filter(expires_at.le(request.created_at.micros()))).execute(&mut conn.0)?;
    let found = table.find(request.key_hash.to_vec()).first::<Row>(&mut conn.0).optional()?;
    if let Some(row) = found {
        if column::hash(&row.request_hash)? != request.request_hash {
            return Ok(Known::OtherRequest);
        }
        let since = Timestamp::from_micros(row.created_at);
        return Ok(row.answer.map_or(Known::UnderWay(since), Known::Answered));
    }
    let row = Row {
        key_hash: request.key_hash.to_vec(),
        request_hash: request.request_hash.to_vec(),
        created_at: request.created_at.micros(),
        expires_at: request.expires_at.micros(),
        answer: None,
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the key")?;
    Ok(Known::Nothing)
}

/// Keeps the answer of a request that was done.
pub fn end_keyed_request(conn: &mut Conn, key_hash: &[u8; 32], sealed: Vec<u8>) -> Result<(), StoreError> {
    let row = idempotent_answers::table.find(key_hash.to_vec());
    let answer = idempotent_answers::answer.eq(Some(sealed));
    updating(diesel::update(row).set(answer).execute(&mut conn.0), "request with this key")
}

/// Gives a key back whose request changed nothing.
pub fn forget_keyed_request(conn: &mut Conn, key_hash: &[u8; 32]) -> Result<(), StoreError> {
    diesel::delete(idempotent_answers::table.find(key_hash.to_vec())).execute(&mut conn.0)?;
    Ok(())
}

/// Forgets the answers of all requests, not that they were made: after that nobody learns what they answered. Says how many.
pub fn forget_answers(conn: &mut Conn) -> Result<usize, StoreError> {
    use idempotent_answers::{answer, table};
    let kept = diesel::update(table.filter(answer.is_not_null()));
    Ok(kept.set(answer.eq(None::<Vec<u8>>)).execute(&mut conn.0)?)
}
