//! Credentials in the control database. Their secrets are here as keyed hashes only.

use crate::error::{inserting, updating};
use crate::schema::credentials::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, KeyAlgorithm, Proof};
use mudeung_core::id::{AppId, CredentialId};
use mudeung_core::scope::ScopeSet;

#[derive(Queryable, Insertable)]
#[diesel(table_name = credentials, treat_none_as_default_value = false)]
struct Row {
    id: String,
    app: String,
    label: String,
    kind: String,
    hint: String,
    secret_hash: Option<Vec<u8>>,
    algorithm: Option<String>,
    public_jwk: Option<String>,
    member: Option<String>,
    not_before: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

/// Adds a credential.
pub fn insert_credential(conn: &mut Conn, credential: &Credential) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(credential.state);
    let (secret_hash, algorithm, public_jwk, member) = match &credential.proof {
        Proof::Secret { hash, .. } => (Some(hash.to_vec()), None, None, None),
        Proof::Key { algorithm, public_jwk, .. } => (None, Some(*algorithm), Some(public_jwk.clone()), None),
        Proof::Device { member, refresh_hash, .. } => {
            (Some(refresh_hash.to_vec()), None, None, Some(member.to_string()))
        }
    };
    let hint = match &credential.proof {
        Proof::Device { scopes, .. } => scopes.to_string(),
        proof => proof.hint().to_owned(),
    };
    let row = Row {
        id: credential.id.to_string(),
        app: credential.app.to_string(),
        label: credential.label.clone(),
        kind: credential.proof.as_str().to_owned(),
        hint,
        secret_hash,
        algorithm: algorithm.map(|algorithm| algorithm.as_str().to_owned()),
        public_jwk,
        member,
        not_before: credential.not_before.micros(),
        expires_at: credential.expires_at.map(Timestamp::micros),
        last_used_at: credential.last_used_at.map(Timestamp::micros),
        state,
        state_at,
        created_at: credential.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the credential")?;
    generation::bump(conn)
}

/// The credential, when there is one.
pub fn find_credential(conn: &mut Conn, id: CredentialId) -> Result<Option<Credential>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(credential).transpose()
}

/// The credentials of an app, oldest first.
pub fn list_credentials(conn: &mut Conn, app: AppId) -> Result<Vec<Credential>, StoreError> {
    let query = table.filter(credentials::app.eq(app.to_string())).order(credentials::id);
    query.load::<Row>(&mut conn.0)?.into_iter().map(credential).collect()
}

/// The latest credentials of all apps, newest first.
pub fn list_latest(conn: &mut Conn, count_max: usize) -> Result<Vec<Credential>, StoreError> {
    let query = table.order(credentials::id.desc()).limit(i64::try_from(count_max).unwrap_or(i64::MAX));
    query.load::<Row>(&mut conn.0)?.into_iter().map(credential).collect()
}

/// The credentials of all apps, for a snapshot.
pub(crate) fn list_all(conn: &mut Conn) -> Result<Vec<Credential>, StoreError> {
    table.load::<Row>(&mut conn.0)?.into_iter().map(credential).collect()
}

/// Puts a credential into another state.
pub fn update_credential_state(conn: &mut Conn, id: CredentialId, state: CredentialState) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(state);
    let set = (credentials::state.eq(state), credentials::state_at.eq(state_at));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "credential")?;
    generation::bump(conn)
}

/// Notes that a token was issued for a credential. No decision looks at it, so it is not a new generation.
pub fn update_credential_last_used(conn: &mut Conn, id: CredentialId, used_at: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(table.find(id.to_string())).set(credentials::last_used_at.eq(Some(used_at.micros())));
    updating(update.execute(&mut conn.0), "credential")
}

/// Puts another refresh token in the place of a device's present one. Answers whether `present` was still the present
/// one of a device that is not revoked, so that of two who bring the same token one goes away with nothing.
pub fn replace_refresh_hash(
    conn: &mut Conn,
    id: CredentialId,
    present: &[u8; 32],
    next: &[u8; 32],
) -> Result<bool, StoreError> {
    let same = credentials::kind
        .eq("device")
        .and(credentials::state.eq("active"))
        .and(credentials::secret_hash.eq(Some(present.to_vec())));
    let update = diesel::update(table.find(id.to_string()).filter(same));
    Ok(update.set(credentials::secret_hash.eq(Some(next.to_vec()))).execute(&mut conn.0)? == 1)
}

fn state_columns(state: CredentialState) -> (String, Option<i64>) {
    let at = match state {
        CredentialState::Active => None,
        CredentialState::Revoked { revoked_at } => Some(revoked_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn proof(row: &Row) -> Result<Proof, StoreError> {
    let lacking = || StoreError::Corrupt(format!("the credential {} lacks what a {} has", row.id, row.kind));
    let hash = || row.secret_hash.as_deref().ok_or_else(lacking).and_then(column::hash);
    match row.kind.as_str() {
        "secret" => Ok(Proof::Secret { hint: row.hint.clone(), hash: hash()? }),
        "key" => Ok(Proof::Key {
            kid: row.hint.clone(),
            algorithm: row.algorithm.as_deref().and_then(KeyAlgorithm::parse).ok_or_else(lacking)?,
            public_jwk: row.public_jwk.clone().ok_or_else(lacking)?,
        }),
        "device" => Ok(Proof::Device {
            member: column::id(row.member.as_deref().ok_or_else(lacking)?)?,
            refresh_hash: hash()?,
            scopes: ScopeSet::parse(&row.hint),
        }),
        other => Err(column::unknown("kind of a credential", other)),
    }
}

fn credential(row: Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: column::id(&row.id)?,
        app: column::id(&row.app)?,
        proof: proof(&row)?,
        label: row.label,
        not_before: Timestamp::from_micros(row.not_before),
        expires_at: row.expires_at.map(Timestamp::from_micros),
        last_used_at: row.last_used_at.map(Timestamp::from_micros),
        state: match row.state.as_str() {
            "active" => CredentialState::Active,
            "revoked" => CredentialState::Revoked { revoked_at: column::since(row.state_at, "revoked")? },
            other => return Err(column::unknown("state of a credential", other)),
        },
        created_at: Timestamp::from_micros(row.created_at),
    })
}
