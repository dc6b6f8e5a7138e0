//! Notices that something ends, each made once. No decision looks at them, so they are no new generation.

use crate::error::inserting;
use crate::schema::notices::{self, table};
use crate::{Conn, StoreError, column, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{CredentialId, GrantId, OrganizationId};
use mudeung_core::notification::{Occurrence, Topic};
use std::collections::BTreeSet;

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// A credential of an app.
    Credential(CredentialId),
    /// A grant.
    Grant(GrantId),
}

/// An organization was told that something of its own ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub ending: Ending,
    /// So many days before: one of `WARNING_DAYS`.
    pub days: u32,
    /// When it ends. Another end is told anew.
    pub ends_at: Timestamp,
    /// Whose it is.
    pub organization: OrganizationId,
    /// When the notice was made.
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = notices)]
struct Row {
    kind: String,
    subject: String,
    days: i64,
    ends_at: i64,
    organization: String,
    created_at: i64,
}

impl Ending {
    const fn kind(self) -> &'static str {
        match self {
            Self::Credential(_) => "credential",
            Self::Grant(_) => "grant",
        }
    }

    fn subject(self) -> String {
        match self {
            Self::Credential(id) => id.to_string(),
            Self::Grant(id) => id.to_string(),
        }
    }
}

impl Notice {
    /// What members and programs are told of it.
    fn occurrence(&self) -> Occurrence {
        let subject = self.ending.subject();
        Occurrence {
            id: format!("{subject}-ending-{}-{}", self.days, self.ends_at.seconds()),
            topic: match self.ending {
                Ending::Credential(_) => Topic::CredentialEnding,
                Ending::Grant(_) => Topic::GrantEnding,
            },
            organization: self.organization,
            subject,
            dataset: None,
            by: None,
            at: self.created_at,
            turn: BTreeSet::new(),
        }
    }
}

/// Makes a notice; answers whether there was none like it before.
pub fn insert_notice(conn: &mut Conn, notice: &Notice) -> Result<bool, StoreError> {
    if has_notice(conn, notice)? {
        return Ok(false);
    }
    let row = Row {
        kind: notice.ending.kind().to_owned(),
        subject: notice.ending.subject(),
        days: i64::from(notice.days),
        ends_at: notice.ends_at.micros(),
        organization: notice.organization.to_string(),
        created_at: notice.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the notice")?;
    notifications::tell(conn, &notice.occurrence())?;
    Ok(true)
}

/// Whether a notice was made.
pub fn has_notice(conn: &mut Conn, notice: &Notice) -> Result<bool, StoreError> {
    let Notice { ending, days, ends_at, .. } = *notice;
    let key = (ending.kind(), ending.subject(), i64::from(days), ends_at.micros());
    Ok(table.find(key).count().get_result::<i64>(&mut conn.0)? > 0)
}

/// The notices of an organization, what ends first first, and of one thing the latest notice first.
pub fn list_notices(conn: &mut Conn, organization: OrganizationId, count_max: u32) -> Result<Vec<Notice>, StoreError> {
    let query = table.filter(notices::organization.eq(organization.to_string()));
    let query = query.order((notices::ends_at, notices::subject, notices::days)).limit(i64::from(count_max));
    query.load::<Row>(&mut conn.0)?.into_iter().map(notice).collect()
}

/// Forgets the notices of what has ended; answers how many.
pub fn delete_ended(conn: &mut Conn, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(notices::ends_at.le(now.micros()))).execute(&mut conn.0)?)
}

fn notice(row: Row) -> Result<Notice, StoreError> {
    let ending = match row.kind.as_str() {
        "credential" => Ending::Credential(column::id(&row.subject)?),
        "grant" => Ending::Grant(column::id(&row.subject)?),
        other => return Err(column::unknown("kind of notice", other)),
    };
    Ok(Notice {
        ending,
        days: column::number_back(row.days)?,
        ends_at: Timestamp::from_micros(row.ends_at),
        organization: column::id(&row.organization)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
