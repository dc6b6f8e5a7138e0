//! Registration of apps by programs (RFC 7591): the tokens that allow it, and the tokens by which each registration is
//! managed (RFC 7592). All of them are here as keyed hashes only.
//!
//! No decision on data looks at them, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::{registration_tokens, registrations};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, MemberId, OrganizationId, RegistrationTokenId};

/// A token with which programs of an organization register apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationToken {
    /// Its identifier.
    pub id: RegistrationTokenId,
    /// Whose apps are registered with it.
    pub organization: OrganizationId,
    /// Who made it, and answers for what is registered with it.
    pub member: MemberId,
    /// What people call it.
    pub label: String,
    /// Keyed hash of the token.
    pub token_hash: [u8; 32],
    /// How many apps can still be registered with it.
    pub uses_left: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is not valid from this moment on.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = registration_tokens)]
struct Row {
    id: String,
    organization: String,
    member: String,
    label: String,
    token_hash: Vec<u8>,
    uses_left: i64,
    created_at: i64,
    expires_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = registrations)]
struct RegistrationRow {
    app: String,
    registration_token: String,
    access_hash: Vec<u8>,
}

/// Adds a token, after those that are over are swept out. Answers whether the organization had room for it.
pub fn insert_registration_token(
    conn: &mut Conn,
    token: &RegistrationToken,
    tokens_max: usize,
) -> Result<bool, StoreError> {
    use registration_tokens::{expires_at, table, uses_left};
    let over = expires_at.le(token.created_at.micros()).or(uses_left.le(0));
    diesel::delete(table.filter(over)).execute(&mut conn.0)?;
    if list_registration_tokens(conn, token.organization)?.len() >= tokens_max {
        return Ok(false);
    }
    let row = Row {
        id: token.id.to_string(),
        organization: token.organization.to_string(),
        member: token.member.to_string(),
        label: token.label.clone(),
        token_hash: token.token_hash.to_vec(),
        uses_left: i64::from(token.uses_left),
        created_at: token.created_at.micros(),
        expires_at: token.expires_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the registration token")?;
    Ok(true)
}

/// The tokens of an organization, oldest first.
pub fn list_registration_tokens(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<RegistrationToken>, StoreError> {
    let own = registration_tokens::organization.eq(organization.to_string());
    let query = registration_tokens::table.filter(own).order(registration_tokens::id);
    query.load::<Row>(&mut conn.0)?.into_iter().map(registration_token).collect()
}

/// The token with that hash, when there is one that still allows something.
pub fn find_registration_token(
    conn: &mut Conn,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<RegistrationToken>, StoreError> {
    let same = registration_tokens::token_hash.eq(token_hash.to_vec());
    let row = registration_tokens::table.filter(same).first::<Row>(&mut conn.0).optional()?;
    let found = row.map(registration_token).transpose()?;
    Ok(found.filter(|token| token.uses_left > 0 && now < token.expires_at))
}

/// Whether there is, or was until it is removed, a token with that hash, with or without a use left.
pub fn knows_registration_token(conn: &mut Conn, token_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let same = registration_tokens::token_hash.eq(token_hash.to_vec());
    Ok(registration_tokens::table.filter(same).count().get_result::<i64>(&mut conn.0)? > 0)
}

/// Takes one use of a token that still has one.
pub fn use_registration_token(conn: &mut Conn, id: RegistrationTokenId) -> Result<(), StoreError> {
    use registration_tokens::{table, uses_left};
    let update = diesel::update(table.find(id.to_string()).filter(uses_left.gt(0))).set(uses_left.eq(uses_left - 1));
    updating(update.execute(&mut conn.0), "registration token with a use left")
}

/// Removes a token of an organization.
pub fn delete_registration_token(
    conn: &mut Conn,
    organization: OrganizationId,
    id: RegistrationTokenId,
) -> Result<(), StoreError> {
    let own = registration_tokens::organization.eq(organization.to_string());
    let found = registration_tokens::table.find(id.to_string()).filter(own);
    updating(diesel::delete(found).execute(&mut conn.0), "registration token")
}

/// Notes by which token an app was registered, and the hash of the one that manages it.
pub fn insert_registration(
    conn: &mut Conn,
    app: AppId,
    registered_with: RegistrationTokenId,
    access_hash: &[u8; 32],
) -> Result<(), StoreError> {
    let row = RegistrationRow {
        app: app.to_string(),
        registration_token: registered_with.to_string(),
        access_hash: access_hash.to_vec(),
    };
    let insert = diesel::insert_into(registrations::table).values(row);
    inserting(insert.execute(&mut conn.0), "the registration")
}

/// The hash of the token that manages an app, when it was registered by a program.
pub fn find_access_hash(conn: &mut Conn, app: AppId) -> Result<Option<[u8; 32]>, StoreError> {
    let row = registrations::table.find(app.to_string()).first::<RegistrationRow>(&mut conn.0).optional()?;
    row.map(|row| column::hash(&row.access_hash)).transpose()
}

/// Puts another token in the place of the present one that manages an app; it must still be the present one.
pub fn replace_access_hash(conn: &mut Conn, app: AppId, present: &[u8; 32], next: &[u8; 32]) -> Result<(), StoreError> {
    let found = registrations::table.find(app.to_string()).filter(registrations::access_hash.eq(present.to_vec()));
    let update = diesel::update(found).set(registrations::access_hash.eq(next.to_vec()));
    updating(update.execute(&mut conn.0), "registration")
}

fn registration_token(row: Row) -> Result<RegistrationToken, StoreError> {
    Ok(RegistrationToken {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        member: column::id(&row.member)?,
        label: row.label,
        token_hash: column::hash(&row.token_hash)?,
        uses_left: column::number_back(row.uses_left)?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
