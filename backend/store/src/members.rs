//! Members in the control database. Their passwords are here as Argon2 hashes only.

use crate::error::{inserting, updating};
use crate::schema::members::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, OrganizationId};
use mudeung_core::member::{Member, MemberState, Role};

#[derive(Queryable, Insertable)]
#[diesel(table_name = members, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: String,
    email: String,
    name: String,
    roles: String,
    password_hash: String,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

/// Adds a member with the hash of their password.
pub fn insert_member(conn: &mut Conn, member: &Member, password_hash: &str) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(member.state);
    let row = Row {
        id: member.id.to_string(),
        organization: member.organization.to_string(),
        email: member.email.clone(),
        name: member.name.clone(),
        roles: column::roles_text(&member.roles),
        password_hash: password_hash.to_owned(),
        state,
        state_at,
        created_at: member.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the member")?;
    generation::bump(conn)
}

/// The member with that address (lower case), and the hash of their password.
pub fn find_member_by_email(conn: &mut Conn, email: &str) -> Result<Option<(Member, String)>, StoreError> {
    let row = table.filter(members::email.eq(email)).first::<Row>(&mut conn.0).optional()?;
    row.map(|row| {
        let password_hash = row.password_hash.clone();
        Ok((member(row)?, password_hash))
    })
    .transpose()
}

/// The member, when there is one.
pub fn find_member(conn: &mut Conn, id: MemberId) -> Result<Option<Member>, StoreError> {
    let row = table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?;
    row.map(member).transpose()
}

/// The members of one organization, or all of them; oldest first.
pub fn list_members(conn: &mut Conn, organization: Option<OrganizationId>) -> Result<Vec<Member>, StoreError> {
    let mut query = table.order(members::id).into_boxed();
    if let Some(organization) = organization {
        query = query.filter(members::organization.eq(organization.to_string()));
    }
    query.load::<Row>(&mut conn.0)?.into_iter().map(member).collect()
}

/// Replaces the hash of a member's password.
pub fn update_member_password(conn: &mut Conn, id: MemberId, password_hash: &str) -> Result<(), StoreError> {
    let update = diesel::update(table.find(id.to_string())).set(members::password_hash.eq(password_hash));
    updating(update.execute(&mut conn.0), "member")?;
    generation::bump(conn)
}

/// Puts a member into another state.
pub fn update_member_state(conn: &mut Conn, id: MemberId, state: MemberState) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(state);
    let set = (members::state.eq(state), members::state_at.eq(state_at));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "member")?;
    generation::bump(conn)
}

/// Says anew what a member may do.
pub fn update_member_roles(conn: &mut Conn, id: MemberId, roles: &[Role]) -> Result<(), StoreError> {
    let update = diesel::update(table.find(id.to_string())).set(members::roles.eq(column::roles_text(roles)));
    updating(update.execute(&mut conn.0), "member")?;
    generation::bump(conn)
}

fn state_columns(state: MemberState) -> (String, Option<i64>) {
    let at = match state {
        MemberState::Active => None,
        MemberState::Disabled { disabled_at } => Some(disabled_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn member(row: Row) -> Result<Member, StoreError> {
    Ok(Member {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        email: row.email,
        name: row.name,
        roles: column::roles(&row.roles)?,
        state: match row.state.as_str() {
            "active" => MemberState::Active,
            "disabled" => MemberState::Disabled { disabled_at: column::since(row.state_at, "disabled")? },
            other => return Err(column::unknown("state of a member", other)),
        },
        created_at: Timestamp::from_micros(row.created_at),
    })
}
