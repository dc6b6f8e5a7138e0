//! Passkeys of members: public keys, with what their devices last said. No decision on data looks at them.

use crate::error::{inserting, updating};
use crate::schema::answered_challenges;
use crate::schema::passkeys::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_core::id::{MemberId, PasskeyId};
use mudeung_core::passkey::Passkey;

#[derive(Queryable, Insertable)]
#[diesel(table_name = passkeys, treat_none_as_default_value = false)]
struct Row {
    id: String,
    member: String,
    name: String,
    credential: Vec<u8>,
    handle: Vec<u8>,
    algorithm: String,
    public_jwk: String,
    transports: String,
    counter: i64,
    may_be_backed_up: i64,
    is_backed_up: i64,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// Adds a passkey; answers whether its member had fewer than `count_max`. Refused when some member has it already.
pub fn insert_passkey(conn: &mut Conn, passkey: &Passkey, count_max: usize) -> Result<bool, StoreError> {
    if list_passkeys(conn, passkey.member)?.len() >= count_max {
        return Ok(false);
    }
    let row = Row {
        id: passkey.id.to_string(),
        member: passkey.member.to_string(),
        name: passkey.name.clone(),
        credential: passkey.credential.clone(),
        handle: passkey.handle.clone(),
        algorithm: passkey.algorithm.as_str().to_owned(),
        public_jwk: passkey.public_jwk.clone(),
        transports: passkey.transports.join(" "),
        counter: i64::from(passkey.counter),
        may_be_backed_up: i64::from(passkey.may_be_backed_up),
        is_backed_up: i64::from(passkey.is_backed_up),
        created_at: passkey.created_at.micros(),
        last_used_at: passkey.last_used_at.map(Timestamp::micros),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the passkey")?;
    Ok(true)
}

/// The passkey that a device calls so, whosever it is.
pub fn find_passkey(conn: &mut Conn, credential: &[u8]) -> Result<Option<Passkey>, StoreError> {
    let query = table.filter(passkeys::credential.eq(credential.to_vec()));
    query.first::<Row>(&mut conn.0).optional()?.map(passkey).transpose()
}

/// The passkeys of a member, oldest first.
pub fn list_passkeys(conn: &mut Conn, member: MemberId) -> Result<Vec<Passkey>, StoreError> {
    let query = table.filter(passkeys::member.eq(member.to_string())).order(passkeys::id);
    query.load::<Row>(&mut conn.0)?.into_iter().map(passkey).collect()
}

/// How many passkeys a member has.
pub fn count_passkeys(conn: &mut Conn, member: MemberId) -> Result<u64, StoreError> {
    let query = table.filter(passkeys::member.eq(member.to_string()));
    column::count_back(query.count().get_result::<i64>(&mut conn.0)?)
}

/// Keeps what a device said when it signed.
pub fn update_passkey_signed(conn: &mut Conn, signed: &Passkey) -> Result<(), StoreError> {
    let set = (
        passkeys::counter.eq(i64::from(signed.counter)),
        passkeys::is_backed_up.eq(i64::from(signed.is_backed_up)),
        passkeys::last_used_at.eq(signed.last_used_at.map(Timestamp::micros)),
    );
    updating(diesel::update(table.find(signed.id.to_string())).set(set).execute(&mut conn.0), "passkey")
}

/// Gives a passkey of a member another name.
pub fn update_passkey_name(conn: &mut Conn, member: MemberId, id: PasskeyId, name: &str) -> Result<(), StoreError> {
    let own = table.find(id.to_string()).filter(passkeys::member.eq(member.to_string()));
    updating(diesel::update(own).set(passkeys::name.eq(name)).execute(&mut conn.0), "passkey")
}

/// Removes a passkey of a member.
pub fn delete_passkey(conn: &mut Conn, member: MemberId, id: PasskeyId) -> Result<(), StoreError> {
    let own = table.find(id.to_string()).filter(passkeys::member.eq(member.to_string()));
    updating(diesel::delete(own).execute(&mut conn.0), "passkey")
}

/// Removes all passkeys of a member; it is no error when there is none.
pub fn delete_passkeys(conn: &mut Conn, member: MemberId) -> Result<(), StoreError> {
    diesel::delete(table.filter(passkeys::member.eq(member.to_string()))).execute(&mut conn.0)?;
    Ok(())
}

/// Takes a challenge for good, after those that are over were swept out. Of any number of answers to it one is taken; the
/// others are told that it exists already.
pub fn insert_answered_challenge(
    conn: &mut Conn,
    challenge_hash: &[u8; 32],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    use answered_challenges::{challenge_hash as hash, expires_at as ends, table};
    diesel::delete(table.filter(ends.le(now.micros()))).execute(&mut conn.0)?;
    let row = (hash.eq(challenge_hash.to_vec()), ends.eq(expires_at.micros()));
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the answer to the challenge")
}

fn passkey(row: Row) -> Result<Passkey, StoreError> {
    let algorithm = KeyAlgorithm::parse(&row.algorithm);
    Ok(Passkey {
        id: column::id(&row.id)?,
        member: column::id(&row.member)?,
        name: row.name,
        credential: row.credential,
        handle: row.handle,
        algorithm: algorithm.ok_or_else(|| column::unknown("algorithm", &row.algorithm))?,
        public_jwk: row.public_jwk,
        transports: row.transports.split_terminator(' ').map(str::to_owned).collect(),
        counter: column::number_back(row.counter)?,
        may_be_backed_up: row.may_be_backed_up != 0,
        is_backed_up: row.is_backed_up != 0,
        created_at: Timestamp::from_micros(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp::from_micros),
    })
}
