//! Second factors of members: a sealed TOTP secret and hashed recovery codes. No decision on data looks at them.

use crate::error::inserting;
use crate::schema::{recovery_codes, second_factors};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;

/// The second factor of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose it is.
    pub member: MemberId,
    /// Its secret, encrypted under a key of the server.
    pub sealed: Vec<u8>,
    /// The last time step of which a code was accepted; no code of it or of an earlier one is accepted again.
    pub last_step: u64,
    /// When the member first showed a right code; until then it asks for nothing.
    pub confirmed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = second_factors, treat_none_as_default_value = false)]
struct Row {
    member: String,
    sealed: Vec<u8>,
    last_step: i64,
    confirmed_at: Option<i64>,
    created_at: i64,
}

/// Stores the second factor of a member in the place of any other.
pub fn put_second_factor(conn: &mut Conn, factor: &SecondFactor) -> Result<(), StoreError> {
    delete_second_factor(conn, factor.member)?;
    let row = Row {
        member: factor.member.to_string(),
        sealed: factor.sealed.clone(),
        last_step: column::count(factor.last_step),
        confirmed_at: factor.confirmed_at.map(Timestamp::micros),
        created_at: factor.created_at.micros(),
    };
    inserting(diesel::insert_into(second_factors::table).values(row).execute(&mut conn.0), "the second factor")
}

/// The second factor of a member, when there is one.
pub fn find_second_factor(conn: &mut Conn, member: MemberId) -> Result<Option<SecondFactor>, StoreError> {
    let row = second_factors::table.find(member.to_string()).first::<Row>(&mut conn.0).optional()?;
    row.map(|row| {
        Ok(SecondFactor {
            member: column::id(&row.member)?,
            sealed: row.sealed,
            last_step: column::count_back(row.last_step)?,
            confirmed_at: row.confirmed_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
        })
    })
    .transpose()
}

/// Takes a time step for good. False when it, or a later one, was taken already: then the code was used before.
pub fn take_step(conn: &mut Conn, member: MemberId, step: u64) -> Result<bool, StoreError> {
    let step = column::count(step);
    let free = second_factors::table.find(member.to_string()).filter(second_factors::last_step.lt(step));
    Ok(diesel::update(free).set(second_factors::last_step.eq(step)).execute(&mut conn.0)? == 1)
}

/// Notes that the member has shown a right code.
pub fn confirm_second_factor(conn: &mut Conn, member: MemberId, now: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(second_factors::table.find(member.to_string()));
    update.set(second_factors::confirmed_at.eq(Some(now.micros()))).execute(&mut conn.0)?;
    Ok(())
}

/// Removes a second factor with its recovery codes; it is no error when there is none.
pub fn delete_second_factor(conn: &mut Conn, member: MemberId) -> Result<(), StoreError> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::member.eq(member.to_string()))).execute(&mut conn.0)?;
    diesel::delete(second_factors::table.find(member.to_string())).execute(&mut conn.0)?;
    Ok(())
}

/// Adds a recovery code by its hash.
pub fn insert_recovery_code(conn: &mut Conn, member: MemberId, code_hash: &[u8; 32]) -> Result<(), StoreError> {
    let row = (
        recovery_codes::code_hash.eq(code_hash.to_vec()),
        recovery_codes::member.eq(member.to_string()),
        recovery_codes::used_at.eq(None::<i64>),
    );
    inserting(diesel::insert_into(recovery_codes::table).values(row).execute(&mut conn.0), "the recovery code")
}

/// Takes a recovery code for good. False when it is none of the member's, or was used before.
pub fn take_recovery_code(
    conn: &mut Conn,
    member: MemberId,
    code_hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let unused = recovery_codes::table
        .filter(recovery_codes::code_hash.eq(code_hash.to_vec()))
        .filter(recovery_codes::member.eq(member.to_string()))
        .filter(recovery_codes::used_at.is_null());
    Ok(diesel::update(unused).set(recovery_codes::used_at.eq(Some(now.micros()))).execute(&mut conn.0)? == 1)
}

/// How many recovery codes a member has left.
pub fn count_recovery_codes(conn: &mut Conn, member: MemberId) -> Result<u64, StoreError> {
    let unused = recovery_codes::table
        .filter(recovery_codes::member.eq(member.to_string()))
        .filter(recovery_codes::used_at.is_null());
    column::count_back(unused.count().get_result::<i64>(&mut conn.0)?)
}
