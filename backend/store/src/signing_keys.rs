//! The ring of keys that sign access tokens. Decisions look at it, so each change is a new generation.

use crate::error::inserting;
use crate::schema::signing_keys::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::signing_key::{KeyRing, KeyState, SigningKey};

#[derive(Queryable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
struct Row {
    id: String,
    public_key: Vec<u8>,
    sealed: Vec<u8>,
    published_at: i64,
    state: String,
    signs_from: Option<i64>,
    signs_until: Option<i64>,
    state_at: Option<i64>,
    state_reason: Option<String>,
}

/// All keys, oldest first.
pub fn list_signing_keys(conn: &mut Conn) -> Result<KeyRing, StoreError> {
    let rows = table.order(signing_keys::id).load::<Row>(&mut conn.0)?;
    Ok(KeyRing { keys: rows.into_iter().map(key).collect::<Result<_, _>>()? })
}

/// Puts another ring in the place of the one there is. There are a handful of keys, so all are written.
pub fn update_signing_keys(conn: &mut Conn, ring: &KeyRing) -> Result<(), StoreError> {
    diesel::delete(table).execute(&mut conn.0)?;
    for key in &ring.keys {
        inserting(diesel::insert_into(table).values(row(key)).execute(&mut conn.0), "the signing key")?;
    }
    generation::bump(conn)
}

fn row(key: &SigningKey) -> Row {
    let state = key.state.as_str().to_owned();
    let (signs_from, signs_until, state_at, state_reason) = match &key.state {
        KeyState::Standby => (None, None, None, None),
        KeyState::Signing { from, until } => (Some(from.micros()), until.map(Timestamp::micros), None, None),
        KeyState::Revoked { revoked_at, reason } => (None, None, Some(revoked_at.micros()), Some(reason.clone())),
    };
    Row {
        id: key.id.to_string(),
        public_key: key.public.clone(),
        sealed: key.sealed.clone(),
        published_at: key.published_at.micros(),
        state,
        signs_from,
        signs_until,
        state_at,
        state_reason,
    }
}

fn key(row: Row) -> Result<SigningKey, StoreError> {
    let state = match row.state.as_str() {
        "standby" => KeyState::Standby,
        "signing" => KeyState::Signing {
            from: column::since(row.signs_from, "signing")?,
            until: row.signs_until.map(Timestamp::from_micros),
        },
        "revoked" => KeyState::Revoked {
            revoked_at: column::since(row.state_at, "revoked")?,
            reason: row.state_reason.unwrap_or_default(),
        },
        other => return Err(column::unknown("state of a signing key", other)),
    };
    Ok(SigningKey {
        id: column::id(&row.id)?,
        public: row.public_key,
        sealed: row.sealed,
        published_at: Timestamp::from_micros(row.published_at),
        state,
    })
}
