//! Whom the hospital's identity provider knows members as. No decision on data looks at them.

use crate::error::inserting;
use crate::schema::identities::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;

/// A member, as an identity provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who it is.
    pub member: MemberId,
    /// The provider.
    pub issuer: String,
    /// What the provider calls them, for ever.
    pub subject: String,
    /// Since when we know.
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = identities)]
struct Row {
    member: String,
    issuer: String,
    subject: String,
    created_at: i64,
}

/// Notes whom a provider knows a member as. Refused when the member is known already, or somebody else is known so.
pub fn insert_identity(conn: &mut Conn, identity: &Identity) -> Result<(), StoreError> {
    let row = Row {
        member: identity.member.to_string(),
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        created_at: identity.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the identity")
}

/// Whom a provider means, when we know.
pub fn find_identity(conn: &mut Conn, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
    let query = table.filter(identities::issuer.eq(issuer)).filter(identities::subject.eq(subject));
    query.first::<Row>(&mut conn.0).optional()?.map(identity).transpose()
}

/// Whom a member is known as, when they are.
pub fn find_identity_of(conn: &mut Conn, member: MemberId) -> Result<Option<Identity>, StoreError> {
    table.find(member.to_string()).first::<Row>(&mut conn.0).optional()?.map(identity).transpose()
}

/// Forgets whom a member is known as; it is no error when they are not.
pub fn delete_identity(conn: &mut Conn, member: MemberId) -> Result<(), StoreError> {
    diesel::delete(table.find(member.to_string())).execute(&mut conn.0)?;
    Ok(())
}

fn identity(row: Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        member: column::id(&row.member)?,
        issuer: row.issuer,
        subject: row.subject,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
