//! Organizations in the control database.

use crate::error::{inserting, updating};
use crate::schema::organizations::{self, table};
use crate::{Conn, StoreError, column, generation, stops};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::OrganizationId;
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};

#[derive(Queryable, Insertable)]
#[diesel(table_name = organizations, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    name: String,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

/// Adds an organization.
pub fn insert_organization(conn: &mut Conn, organization: &Organization) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(organization.state);
    let row = Row {
        id: organization.id.to_string(),
        kind: kind_text(organization.kind).to_owned(),
        name: organization.name.clone(),
        state,
        state_at,
        created_at: organization.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the organization")?;
    generation::bump(conn)
}

/// The organization, when there is one.
pub fn find_organization(conn: &mut Conn, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let row = table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?;
    row.map(organization).transpose()
}

/// All organizations, oldest first.
pub fn list_organizations(conn: &mut Conn) -> Result<Vec<Organization>, StoreError> {
    let rows = table.order(organizations::id).load::<Row>(&mut conn.0)?;
    rows.into_iter().map(organization).collect()
}

/// The hospitals, oldest first.
pub fn list_hospitals(conn: &mut Conn) -> Result<Vec<Organization>, StoreError> {
    let query = table.filter(organizations::kind.eq(kind_text(OrganizationKind::Hospital))).order(organizations::id);
    query.load::<Row>(&mut conn.0)?.into_iter().map(organization).collect()
}

/// Puts an organization into another state.
pub fn update_organization_state(
    conn: &mut Conn,
    id: OrganizationId,
    state: OrganizationState,
) -> Result<(), StoreError> {
    let goes_on = state.as_str() == "active";
    let (state, state_at) = state_columns(state);
    let set = (organizations::state.eq(state), organizations::state_at.eq(state_at));
    let update = diesel::update(table.find(id.to_string())).set(set);
    updating(update.execute(&mut conn.0), "organization")?;
    if goes_on {
        stops::forget(conn, "organization", &id.to_string())?;
    }
    generation::bump(conn)
}

const fn kind_text(kind: OrganizationKind) -> &'static str {
    match kind {
        OrganizationKind::Company => "company",
        OrganizationKind::Hospital => "hospital",
    }
}

fn state_columns(state: OrganizationState) -> (String, Option<i64>) {
    let at = match state {
        OrganizationState::Active => None,
        OrganizationState::Suspended { suspended_at } => Some(suspended_at.micros()),
        OrganizationState::Closed { closed_at } => Some(closed_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn organization(row: Row) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: column::id(&row.id)?,
        kind: match row.kind.as_str() {
            "company" => OrganizationKind::Company,
            "hospital" => OrganizationKind::Hospital,
            other => return Err(column::unknown("kind of organization", other)),
        },
        name: row.name,
        state: match row.state.as_str() {
            "active" => OrganizationState::Active,
            "suspended" => OrganizationState::Suspended { suspended_at: column::since(row.state_at, "suspended")? },
            "closed" => OrganizationState::Closed { closed_at: column::since(row.state_at, "closed")? },
            other => return Err(column::unknown("state of an organization", other)),
        },
        created_at: Timestamp::from_micros(row.created_at),
    })
}
