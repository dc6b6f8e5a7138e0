//! Links that hand out a profile once: whoever opens one gets a credential of its app, and the link is gone.
//!
//! The secret is made when the link is opened and not before, so there is nothing to steal from here: a link is stored as
//! a keyed hash. No decision on data looks at links, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::activation_links;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{ActivationLinkId, AppId, MemberId};

/// A link that was not opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationLink {
    /// Its identifier.
    pub id: ActivationLinkId,
    /// The app whose credential it hands out.
    pub app: AppId,
    /// Who made it, and answers for who gets it.
    pub member: MemberId,
    /// What people call it; the credential is called the same.
    pub label: String,
    /// Keyed hash of the link.
    pub link_hash: [u8; 32],
    /// How long the credential lives, in days.
    pub credential_days: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// It opens nothing from this moment on.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = activation_links)]
struct Row {
    id: String,
    app: String,
    member: String,
    label: String,
    link_hash: Vec<u8>,
    credential_days: i64,
    created_at: i64,
    expires_at: i64,
}

/// Adds a link, after those that are over are swept out. Answers whether the app had room for it.
pub fn insert_activation_link(conn: &mut Conn, link: &ActivationLink, links_max: usize) -> Result<bool, StoreError> {
    use activation_links::{expires_at, table};
    diesel::delete(table.filter(expires_at.le(link.created_at.micros()))).execute(&mut conn.0)?;
    if list_activation_links(conn, link.app)?.len() >= links_max {
        return Ok(false);
    }
    let row = Row {
        id: link.id.to_string(),
        app: link.app.to_string(),
        member: link.member.to_string(),
        label: link.label.clone(),
        link_hash: link.link_hash.to_vec(),
        credential_days: i64::from(link.credential_days),
        created_at: link.created_at.micros(),
        expires_at: link.expires_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the activation link")?;
    Ok(true)
}

/// The links of an app, oldest first.
pub fn list_activation_links(conn: &mut Conn, app: AppId) -> Result<Vec<ActivationLink>, StoreError> {
    let own = activation_links::app.eq(app.to_string());
    let query = activation_links::table.filter(own).order(activation_links::id);
    query.load::<Row>(&mut conn.0)?.into_iter().map(link).collect()
}

/// The link with that hash, when it still opens something.
pub fn find_activation_link(
    conn: &mut Conn,
    link_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<ActivationLink>, StoreError> {
    let same = activation_links::link_hash.eq(link_hash.to_vec());
    let row = activation_links::table.filter(same).first::<Row>(&mut conn.0).optional()?;
    Ok(row.map(link).transpose()?.filter(|link| now < link.expires_at))
}

/// Takes a link away: of several at once, one succeeds.
pub fn delete_activation_link(conn: &mut Conn, app: AppId, id: ActivationLinkId) -> Result<(), StoreError> {
    let found = activation_links::table.find(id.to_string()).filter(activation_links::app.eq(app.to_string()));
    updating(diesel::delete(found).execute(&mut conn.0), "activation link")
}

fn link(row: Row) -> Result<ActivationLink, StoreError> {
    Ok(ActivationLink {
        id: column::id(&row.id)?,
        app: column::id(&row.app)?,
        member: column::id(&row.member)?,
        label: row.label,
        link_hash: column::hash(&row.link_hash)?,
        credential_days: column::number_back(row.credential_days)?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
