//! Links that make somebody a member, or let a member set a new password. The links themselves are not here: each is the
//! identifier with a code that only the server can make. A link that was used is gone.

use crate::error::{inserting, updating};
use crate::schema::{business_numbers, invitations, password_resets};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::business_number::BusinessNumber;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{InvitationId, MemberId, OrganizationId, PasswordResetId};
use mudeung_core::member::Role;

/// What an invitation leads into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Into {
    /// An organization that there is.
    Organization(OrganizationId),
    /// A company that comes into being when the link is opened.
    NewCompany {
        /// Its name.
        name: String,
        /// The number that the tax office gave it.
        number: BusinessNumber,
    },
}

/// An invitation that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// What it leads into.
    pub into: Into,
    /// Who is asked, by an address in lower case.
    pub email: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The language of whoever asked: `ko` or `en`.
    pub language: String,
    /// Who asked; nobody when a company signs itself up.
    pub invited_by: Option<MemberId>,
    /// When.
    pub created_at: Timestamp,
    /// Until when the link opens.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = invitations, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: Option<String>,
    company_name: Option<String>,
    business_number: Option<String>,
    email: String,
    roles: String,
    language: String,
    invited_by: Option<String>,
    created_at: i64,
    expires_at: i64,
}

/// Adds an invitation; an earlier one of the same address into the same organization goes, and those that are over.
pub fn insert_invitation(conn: &mut Conn, invitation: &Invitation) -> Result<(), StoreError> {
    let over = invitations::table.filter(invitations::expires_at.le(invitation.created_at.micros()));
    diesel::delete(over).execute(&mut conn.0)?;
    let (organization, company_name, business_number) = match &invitation.into {
        Into::Organization(id) => (Some(id.to_string()), None, None),
        Into::NewCompany { name, number } => (None, Some(name.clone()), Some(number.to_string())),
    };
    let same = invitations::table.filter(invitations::email.eq(&invitation.email)).into_boxed();
    let earlier: Vec<String> = match &organization {
        Some(id) => same.filter(invitations::organization.eq(id.clone())),
        None => same.filter(invitations::organization.is_null()),
    }
    .select(invitations::id)
    .load(&mut conn.0)?;
    diesel::delete(invitations::table.filter(invitations::id.eq_any(earlier))).execute(&mut conn.0)?;
    let row = Row {
        id: invitation.id.to_string(),
        organization,
        company_name,
        business_number,
        email: invitation.email.clone(),
        roles: column::roles_text(&invitation.roles),
        language: invitation.language.clone(),
        invited_by: invitation.invited_by.map(|member| member.to_string()),
        created_at: invitation.created_at.micros(),
        expires_at: invitation.expires_at.micros(),
    };
    inserting(diesel::insert_into(invitations::table).values(row).execute(&mut conn.0), "the invitation")
}

/// The invitation, when it still opens something.
pub fn find_invitation(conn: &mut Conn, id: InvitationId, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
    let row = invitations::table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?;
    Ok(row.map(invitation).transpose()?.filter(|invitation| now < invitation.expires_at))
}

/// The invitations into an organization that still open something; newest first.
pub fn list_invitations(
    conn: &mut Conn,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<Invitation>, StoreError> {
    let query = invitations::table.filter(invitations::organization.eq(organization.to_string()));
    let query = query.filter(invitations::expires_at.gt(now.micros())).order(invitations::id.desc());
    query.load::<Row>(&mut conn.0)?.into_iter().map(invitation).collect()
}

/// How many invitations of companies that sign themselves up wait: strangers make them.
pub fn count_sign_ups(conn: &mut Conn, now: Timestamp) -> Result<i64, StoreError> {
    let query = invitations::table.filter(invitations::organization.is_null());
    Ok(query.filter(invitations::expires_at.gt(now.micros())).count().get_result(&mut conn.0)?)
}

/// Takes an invitation away: of several at once, one succeeds.
pub fn delete_invitation(conn: &mut Conn, id: InvitationId) -> Result<(), StoreError> {
    updating(diesel::delete(invitations::table.find(id.to_string())).execute(&mut conn.0), "invitation")
}

/// Notes the number of a company. An error says that another has it.
pub fn insert_business_number(
    conn: &mut Conn,
    organization: OrganizationId,
    number: BusinessNumber,
) -> Result<(), StoreError> {
    if find_by_business_number(conn, number)?.is_some() {
        return Err(StoreError::AlreadyExists { what: "a company with that registration number" });
    }
    let row = (
        business_numbers::organization.eq(organization.to_string()),
        business_numbers::business_number.eq(number.to_string()),
    );
    inserting(
        diesel::insert_into(business_numbers::table).values(row).execute(&mut conn.0),
        "a company with that registration number",
    )
}

/// The company with that number, when it is here.
pub fn find_by_business_number(conn: &mut Conn, number: BusinessNumber) -> Result<Option<OrganizationId>, StoreError> {
    let query = business_numbers::table.filter(business_numbers::business_number.eq(number.to_string()));
    let found = query.select(business_numbers::organization).first::<String>(&mut conn.0).optional()?;
    found.map(|id| column::id(&id)).transpose()
}

/// The numbers of all companies.
pub fn list_business_numbers(conn: &mut Conn) -> Result<Vec<(OrganizationId, String)>, StoreError> {
    let rows = business_numbers::table.load::<(String, String)>(&mut conn.0)?;
    rows.into_iter().map(|(id, number)| Ok((column::id(&id)?, number))).collect()
}

/// Lets a member set a new password until then. Those that were asked for before go.
pub fn insert_password_reset(
    conn: &mut Conn,
    id: PasswordResetId,
    member: MemberId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    delete_password_resets(conn, member)?;
    let over = password_resets::table.filter(password_resets::expires_at.le(now.micros()));
    diesel::delete(over).execute(&mut conn.0)?;
    let row = (
        password_resets::id.eq(id.to_string()),
        password_resets::member.eq(member.to_string()),
        password_resets::created_at.eq(now.micros()),
        password_resets::expires_at.eq(expires_at.micros()),
    );
    inserting(diesel::insert_into(password_resets::table).values(row).execute(&mut conn.0), "the password reset")
}

/// The member who may set a new password by it now.
pub fn find_password_reset(
    conn: &mut Conn,
    id: PasswordResetId,
    now: Timestamp,
) -> Result<Option<MemberId>, StoreError> {
    let query = password_resets::table.find(id.to_string()).filter(password_resets::expires_at.gt(now.micros()));
    let found = query.select(password_resets::member).first::<String>(&mut conn.0).optional()?;
    found.map(|id| column::id(&id)).transpose()
}

/// Whether a reset of the member was asked for after that moment.
pub fn has_password_reset(conn: &mut Conn, member: MemberId, after: Timestamp) -> Result<bool, StoreError> {
    let query = password_resets::table.filter(password_resets::member.eq(member.to_string()));
    let query = query.filter(password_resets::created_at.gt(after.micros()));
    Ok(query.count().get_result::<i64>(&mut conn.0)? > 0)
}

/// Takes away what a member may set a new password by; answers how many there were.
pub fn delete_password_resets(conn: &mut Conn, member: MemberId) -> Result<usize, StoreError> {
    let own = password_resets::table.filter(password_resets::member.eq(member.to_string()));
    Ok(diesel::delete(own).execute(&mut conn.0)?)
}

fn invitation(row: Row) -> Result<Invitation, StoreError> {
    let into = match (row.organization, row.company_name, row.business_number) {
        (Some(id), None, None) => Into::Organization(column::id(&id)?),
        (None, Some(name), Some(number)) => Into::NewCompany {
            name,
            number: BusinessNumber::parse(&number).ok_or_else(|| column::unknown("registration number", &number))?,
        },
        _ => return Err(StoreError::Corrupt(format!("the invitation {} leads nowhere", row.id))),
    };
    Ok(Invitation {
        id: column::id(&row.id)?,
        into,
        email: row.email,
        roles: column::roles(&row.roles)?,
        language: row.language,
        invited_by: row.invited_by.as_deref().map(column::id).transpose()?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
