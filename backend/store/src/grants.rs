//! Grants in the control database.

use crate::error::{inserting, updating};
use crate::schema::grants::{self, table};
use crate::{Conn, StoreError, column, generation, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::filter::Filter;
use mudeung_core::grant::{Grant, GrantState, TableGrant};
use mudeung_core::id::{AppId, GrantId, OrganizationId};
use mudeung_core::name::Name;
use mudeung_core::notification::Occurrence;
use mudeung_core::quota::Amount;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Whose grants to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsOf {
    /// Everybody's.
    All,
    /// Those of one organization.
    Organization(OrganizationId),
    /// Those of one app.
    App(AppId),
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = grants, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: String,
    app: String,
    request: Option<String>,
    agreement: String,
    dataset: String,
    tier: String,
    tables: String,
    reach: String,
    purpose: String,
    quota_bytes: i64,
    quota_rows: i64,
    valid_from: i64,
    valid_until: i64,
    state: String,
    state_at: Option<i64>,
    state_reason: Option<String>,
    created_at: i64,
}

/// Adds a grant.
pub fn insert_grant(conn: &mut Conn, grant: &Grant) -> Result<(), StoreError> {
    let (state, state_at, state_reason) = state_columns(&grant.state);
    let row = Row {
        id: grant.id.to_string(),
        organization: grant.organization.to_string(),
        app: grant.app.to_string(),
        request: grant.request.map(|request| request.to_string()),
        agreement: grant.agreement.to_string(),
        dataset: grant.dataset.to_string(),
        tier: grant.tier.as_str().to_owned(),
        tables: tables_text(&grant.tables),
        reach: grant.reach.as_str().to_owned(),
        purpose: grant.purpose.clone(),
        quota_bytes: column::count(grant.quota.bytes),
        quota_rows: column::count(grant.quota.rows),
        valid_from: grant.valid_from.micros(),
        valid_until: grant.valid_until.micros(),
        state,
        state_at,
        state_reason,
        created_at: grant.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the grant")?;
    generation::bump(conn)
}

/// The grant, when there is one.
pub fn find_grant(conn: &mut Conn, id: GrantId) -> Result<Option<Grant>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(grant).transpose()
}

/// The grants of an app, of an organization or of everybody; newest first.
pub fn list_grants(conn: &mut Conn, of: GrantsOf) -> Result<Vec<Grant>, StoreError> {
    let query = table.order(grants::id.desc()).into_boxed();
    let query = match of {
        GrantsOf::All => query,
        GrantsOf::Organization(organization) => query.filter(grants::organization.eq(organization.to_string())),
        GrantsOf::App(app) => query.filter(grants::app.eq(app.to_string())),
    };
    query.load::<Row>(&mut conn.0)?.into_iter().map(grant).collect()
}

/// Puts a grant into another state.
pub fn update_grant_state(conn: &mut Conn, id: GrantId, state: &GrantState) -> Result<(), StoreError> {
    tell_revoked(conn, id, state)?;
    let (state, at, reason) = state_columns(state);
    let set = (grants::state.eq(state), grants::state_at.eq(at), grants::state_reason.eq(reason));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "grant")?;
    generation::bump(conn)
}

/// Tells a company that its grant was ended.
fn tell_revoked(conn: &mut Conn, id: GrantId, state: &GrantState) -> Result<(), StoreError> {
    let GrantState::Revoked { revoked_at, .. } = state else { return Ok(()) };
    match find_grant(conn, id)? {
        Some(grant) => notifications::tell(conn, &Occurrence::revoked(&grant, *revoked_at)),
        None => Ok(()),
    }
}

fn state_columns(state: &GrantState) -> (String, Option<i64>, Option<String>) {
    let (at, reason) = match state {
        GrantState::Held | GrantState::Active => (None, None),
        GrantState::Revoked { revoked_at, reason } => (Some(revoked_at.micros()), Some(reason.clone())),
    };
    (state.as_str().to_owned(), at, reason)
}

/// `{"<table>": {"columns": […], "rows": "<filter>"}}`, without `rows` when all of them are open.
fn tables_text(tables: &BTreeMap<Name, TableGrant>) -> String {
    let object = tables.iter().map(|(name, opened)| {
        let mut value = json!({ "columns": opened.columns });
        if let (Some(filter), Some(object)) = (&opened.rows, value.as_object_mut()) {
            object.insert("rows".to_owned(), Value::String(filter.to_string()));
        }
        (name.to_string(), value)
    });
    Value::Object(object.collect()).to_string()
}

fn tables(text: &str) -> Result<BTreeMap<Name, TableGrant>, StoreError> {
    let shape = || StoreError::Corrupt("the tables of a grant have another shape".to_owned());
    let value: Value = serde_json::from_str(text).map_err(StoreError::corrupt)?;
    let object = value.as_object().ok_or_else(shape)?;
    let opened = |value: &Value| -> Result<TableGrant, StoreError> {
        let list = value.get("columns").and_then(Value::as_array).ok_or_else(shape)?;
        let columns: Option<BTreeSet<String>> = list.iter().map(|c| c.as_str().map(str::to_owned)).collect();
        let rows = match value.get("rows") {
            None => None,
            Some(filter) => Some(Filter::parse(filter.as_str().ok_or_else(shape)?).map_err(StoreError::corrupt)?),
        };
        Ok(TableGrant { columns: columns.ok_or_else(shape)?, rows })
    };
    object.iter().map(|(name, value)| Ok((column::name(name)?, opened(value)?))).collect()
}

fn grant(row: Row) -> Result<Grant, StoreError> {
    let state = match row.state.as_str() {
        "held" => GrantState::Held,
        "active" => GrantState::Active,
        "revoked" => GrantState::Revoked {
            revoked_at: column::since(row.state_at, "revoked")?,
            reason: row.state_reason.unwrap_or_default(),
        },
        other => return Err(column::unknown("state of a grant", other)),
    };
    Ok(Grant {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        app: column::id(&row.app)?,
        request: row.request.as_deref().map(column::id).transpose()?,
        agreement: column::id(&row.agreement)?,
        dataset: column::name(&row.dataset)?,
        tier: column::tier(&row.tier)?,
        tables: tables(&row.tables)?,
        reach: column::reach(&row.reach)?,
        purpose: row.purpose,
        quota: Amount { bytes: column::count_back(row.quota_bytes)?, rows: column::count_back(row.quota_rows)? },
        valid_from: Timestamp::from_micros(row.valid_from),
        valid_until: Timestamp::from_micros(row.valid_until),
        state,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
