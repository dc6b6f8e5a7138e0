//! Devices that wait for a member to confirm them (RFC 8628). Both of their codes are here as keyed hashes only.
//!
//! No decision on data looks at them, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::device_codes::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::CredentialId;

/// How long a code is kept after its end, so that the device is told that it expired.
const KEPT_AFTER_END_MICROS: i64 = 10 * 60 * 1_000_000;

/// A device that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// Keyed hash of the code that the device holds.
    pub device_hash: [u8; 32],
    /// Keyed hash of the code that the member types.
    pub user_hash: [u8; 32],
    /// The scopes it asked for, separated by spaces; empty for all of the app's.
    pub scopes: String,
    /// What the member said.
    pub state: DeviceCodeState,
    /// Seconds that the device must wait between two questions.
    pub interval_seconds: u32,
    /// When it last asked.
    pub polled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is not valid from this moment on.
    pub expires_at: Timestamp,
}

/// What the member said to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceCodeState {
    /// Nothing yet.
    Pending,
    /// No.
    Denied,
    /// Yes: here is its credential.
    Approved {
        /// The credential.
        credential: CredentialId,
    },
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = device_codes, treat_none_as_default_value = false)]
struct Row {
    device_hash: Vec<u8>,
    user_hash: Vec<u8>,
    scopes: String,
    state: String,
    credential: Option<String>,
    interval_seconds: i64,
    polled_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl DeviceCodeState {
    const fn columns(self) -> (&'static str, Option<CredentialId>) {
        match self {
            Self::Pending => ("pending", None),
            Self::Denied => ("denied", None),
            Self::Approved { credential } => ("approved", Some(credential)),
        }
    }
}

/// Adds a code, after those that are over are swept out. Answers whether there was room for it.
pub fn insert_device_code(conn: &mut Conn, code: &DeviceCode, codes_max: u32) -> Result<bool, StoreError> {
    let over = code.created_at.micros().saturating_sub(KEPT_AFTER_END_MICROS);
    diesel::delete(table.filter(device_codes::expires_at.le(over))).execute(&mut conn.0)?;
    let waiting: i64 = table.count().get_result(&mut conn.0)?;
    if waiting >= i64::from(codes_max) {
        return Ok(false);
    }
    let (state, credential) = code.state.columns();
    let row = Row {
        device_hash: code.device_hash.to_vec(),
        user_hash: code.user_hash.to_vec(),
        scopes: code.scopes.clone(),
        state: state.to_owned(),
        credential: credential.map(|credential| credential.to_string()),
        interval_seconds: i64::from(code.interval_seconds),
        polled_at: code.polled_at.map(Timestamp::micros),
        created_at: code.created_at.micros(),
        expires_at: code.expires_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the device code")?;
    Ok(true)
}

/// The device that holds a code, when there is one; expired ones too.
pub fn find_by_device_hash(conn: &mut Conn, device_hash: &[u8; 32]) -> Result<Option<DeviceCode>, StoreError> {
    table.find(device_hash.to_vec()).first::<Row>(&mut conn.0).optional()?.map(device_code).transpose()
}

/// The device whose code a member typed, while it waits and the code is valid.
pub fn find_pending(conn: &mut Conn, user_hash: &[u8; 32], now: Timestamp) -> Result<Option<DeviceCode>, StoreError> {
    let query = table.filter(device_codes::user_hash.eq(user_hash.to_vec()));
    let found = query.first::<Row>(&mut conn.0).optional()?.map(device_code).transpose()?;
    Ok(found.filter(|code| code.state == DeviceCodeState::Pending && now < code.expires_at))
}

/// Notes what a member said. Only a device that waits takes an answer, and takes it once.
pub fn update_state(
    conn: &mut Conn,
    user_hash: &[u8; 32],
    state: DeviceCodeState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let waits = device_codes::user_hash
        .eq(user_hash.to_vec())
        .and(device_codes::state.eq("pending"))
        .and(device_codes::expires_at.gt(now.micros()));
    let (state, credential) = state.columns();
    let credential = credential.map(|credential| credential.to_string());
    let set = (device_codes::state.eq(state), device_codes::credential.eq(credential));
    updating(diesel::update(table.filter(waits)).set(set).execute(&mut conn.0), "device that waits")
}

/// Notes that the device asked, and how long it must wait from now on.
pub fn update_polled(
    conn: &mut Conn,
    device_hash: &[u8; 32],
    polled_at: Timestamp,
    interval_seconds: u32,
) -> Result<(), StoreError> {
    let set = (
        device_codes::polled_at.eq(Some(polled_at.micros())),
        device_codes::interval_seconds.eq(i64::from(interval_seconds)),
    );
    updating(diesel::update(table.find(device_hash.to_vec())).set(set).execute(&mut conn.0), "device code")
}

/// Takes a code out, so that it is used once. Answers whether it was there.
pub fn take_device_code(conn: &mut Conn, device_hash: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(diesel::delete(table.find(device_hash.to_vec())).execute(&mut conn.0)? == 1)
}

fn device_code(row: Row) -> Result<DeviceCode, StoreError> {
    let state = match (row.state.as_str(), &row.credential) {
        ("pending", _) => DeviceCodeState::Pending,
        ("denied", _) => DeviceCodeState::Denied,
        ("approved", Some(credential)) => DeviceCodeState::Approved { credential: column::id(credential)? },
        (other, _) => return Err(column::unknown("state of a device code", other)),
    };
    Ok(DeviceCode {
        device_hash: column::hash(&row.device_hash)?,
        user_hash: column::hash(&row.user_hash)?,
        scopes: row.scopes,
        state,
        interval_seconds: column::number_back(row.interval_seconds)?,
        polled_at: row.polled_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
