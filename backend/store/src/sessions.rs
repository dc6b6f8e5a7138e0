//! Sign-ins of members to the portal. The token itself is in the browser only; its SHA-256 is here.
//!
//! No decision on data looks at sessions, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::sessions::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, SessionId};

/// How a member last proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvedBy {
    /// With the password alone.
    Password,
    /// With a code of their second factor, with a passkey, or with two factors at the hospital's identity provider.
    SecondFactor,
    /// At the hospital's identity provider, which did not say that it saw two factors.
    Provider,
}

/// A sign-in of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Whose it is.
    pub member: MemberId,
    /// SHA-256 of the token in the browser.
    pub token_hash: [u8; 32],
    /// When the member signed in.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// It is not valid from this moment on.
    pub expires_at: Timestamp,
    /// When the member last proved who they are.
    pub proved_at: Timestamp,
    /// How they did.
    pub proved_by: ProvedBy,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = sessions)]
struct Row {
    id: String,
    member: String,
    token_hash: Vec<u8>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    proved_at: i64,
    proved_by: String,
}

impl ProvedBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
            Self::Provider => "provider",
        }
    }
}

/// Adds a session.
pub fn insert_session(conn: &mut Conn, session: &Session) -> Result<(), StoreError> {
    let row = Row {
        id: session.id.to_string(),
        member: session.member.to_string(),
        token_hash: session.token_hash.to_vec(),
        created_at: session.created_at.micros(),
        last_seen_at: session.last_seen_at.micros(),
        expires_at: session.expires_at.micros(),
        proved_at: session.proved_at.micros(),
        proved_by: session.proved_by.as_str().to_owned(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the session")
}

/// The session of the token with that hash, when there is one; expired ones too.
pub fn find_session_by_hash(conn: &mut Conn, token_hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
    let query = table.filter(sessions::token_hash.eq(token_hash.to_vec()));
    query.first::<Row>(&mut conn.0).optional()?.map(session).transpose()
}

/// The session, when there is one; expired ones too.
pub fn find_session(conn: &mut Conn, id: SessionId) -> Result<Option<Session>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(session).transpose()
}

/// Notes that a session was used.
pub fn update_session_seen(conn: &mut Conn, id: SessionId, seen_at: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(table.find(id.to_string())).set(sessions::last_seen_at.eq(seen_at.micros()));
    updating(update.execute(&mut conn.0), "session")
}

/// Ends a session; it is no error when it has ended already.
pub fn delete_session(conn: &mut Conn, id: SessionId) -> Result<(), StoreError> {
    diesel::delete(table.find(id.to_string())).execute(&mut conn.0)?;
    Ok(())
}

/// The sessions of a member that are not over; newest first.
pub fn list_sessions(conn: &mut Conn, member: MemberId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let query = table.filter(sessions::member.eq(member.to_string())).filter(sessions::expires_at.gt(now.micros()));
    query.order(sessions::created_at.desc()).load::<Row>(&mut conn.0)?.into_iter().map(session).collect()
}

/// Ends the sessions of a member, all but one; answers how many.
pub fn delete_sessions(conn: &mut Conn, member: MemberId, but: Option<SessionId>) -> Result<usize, StoreError> {
    let own = table.filter(sessions::member.eq(member.to_string()));
    let kept = but.map(|id| id.to_string()).unwrap_or_default();
    Ok(diesel::delete(own.filter(sessions::id.ne(kept))).execute(&mut conn.0)?)
}

/// Removes the sessions that ended before `now`; answers how many.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(sessions::expires_at.le(now.micros()))).execute(&mut conn.0)?)
}

fn session(row: Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: column::id(&row.id)?,
        member: column::id(&row.member)?,
        token_hash: column::hash(&row.token_hash)?,
        created_at: Timestamp::from_micros(row.created_at),
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        proved_at: Timestamp::from_micros(row.proved_at),
        proved_by: match row.proved_by.as_str() {
            "password" => ProvedBy::Password,
            "second_factor" => ProvedBy::SecondFactor,
            "provider" => ProvedBy::Provider,
            other => return Err(column::unknown("proof of a session", other)),
        },
    })
}
