//! Whether the service as a whole is paused: one row.

use crate::error::updating;
use crate::schema::service_state::{self, table};
use crate::{Conn, StoreError, column, generation, stops};
use diesel::prelude::*;
use mudeung_core::service::ServiceState;

#[derive(Queryable)]
struct Row {
    _id: i64,
    state: String,
    state_at: Option<i64>,
    changed_by: String,
    reason: String,
}

/// The state of the service.
pub fn find_service_state(conn: &mut Conn) -> Result<ServiceState, StoreError> {
    let row = table.find(1_i64).first::<Row>(&mut conn.0)?;
    match row.state.as_str() {
        "running" => Ok(ServiceState::Running),
        "paused" => {
            let paused_at = column::since(row.state_at, "paused")?;
            Ok(ServiceState::Paused { paused_at, by: row.changed_by, reason: row.reason })
        }
        other => Err(column::unknown("state of the service", other)),
    }
}

/// Puts the service into another state.
pub fn update_service_state(conn: &mut Conn, state: &ServiceState) -> Result<(), StoreError> {
    let (state_at, by, reason) = match state {
        ServiceState::Running => (None, "", ""),
        ServiceState::Paused { paused_at, by, reason } => (Some(paused_at.micros()), by.as_str(), reason.as_str()),
    };
    let set = (
        service_state::state.eq(state.as_str()),
        service_state::state_at.eq(state_at),
        service_state::changed_by.eq(by),
        service_state::reason.eq(reason),
    );
    updating(diesel::update(table.find(1_i64)).set(set).execute(&mut conn.0), "state of the service")?;
    if !state.is_paused() {
        stops::forget(conn, "service", "service")?;
    }
    generation::bump(conn)
}
