//! Personal values beside the ledger: what its commitments stand for, until it is erased.
//!
//! They lie in the control database, so that the ledger is append-only without exception. Erasing is a new generation:
//! nodes forget then which commitments they may use again.

use crate::error::inserting;
use crate::schema::personal_values::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use std::collections::HashMap;
use std::net::IpAddr;

/// Commitments looked up in one statement; SQLite takes no list without end.
const LOOKED_UP_MAX: usize = 500;

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonalKind {
    /// The network address of a client.
    Address,
    /// Name and e-mail address of a member.
    Person,
}

/// A value with the salt that its commitment was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalValue {
    /// The commitment that stands in entries.
    pub commitment: String,
    /// What kind it is.
    pub kind: PersonalKind,
    /// The member who acted, when it was one.
    pub member: Option<MemberId>,
    /// The salt.
    pub salt: [u8; 32],
    /// The value.
    pub value: String,
    /// When it was kept first.
    pub created_at: Timestamp,
}

/// Whose values are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalSubject {
    /// All that is kept of a member, the addresses that they came from too.
    Member(MemberId),
    /// A network address, whoever used it.
    Address(IpAddr),
    /// What was kept before a moment.
    Before(Timestamp),
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalCount {
    /// Number of values.
    pub values: u64,
    /// When the oldest was kept.
    pub oldest: Option<Timestamp>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = personal_values)]
struct Row {
    commitment: String,
    kind: String,
    member: Option<String>,
    salt: Vec<u8>,
    value: String,
    created_at: i64,
}

impl PersonalKind {
    /// The kind's name, which is that of the field of an entry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Person => "person",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "address" => Ok(Self::Address),
            "person" => Ok(Self::Person),
            other => Err(column::unknown("kind of personal value", other)),
        }
    }
}

/// Keeps a value. One that is kept already stays as it is.
pub fn insert_personal_value(conn: &mut Conn, kept: &PersonalValue) -> Result<(), StoreError> {
    let known = table.find(&kept.commitment).select(personal_values::created_at).first::<i64>(&mut conn.0);
    if known.optional()?.is_some() {
        return Ok(());
    }
    let row = Row {
        commitment: kept.commitment.clone(),
        kind: kept.kind.as_str().to_owned(),
        member: kept.member.map(|member| member.to_string()),
        salt: kept.salt.to_vec(),
        value: kept.value.clone(),
        created_at: kept.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the value")
}

/// The values that commitments stand for, as far as they were not erased.
pub fn find_personal_values(
    conn: &mut Conn,
    commitments: &[String],
) -> Result<HashMap<String, PersonalValue>, StoreError> {
    let mut found = HashMap::with_capacity(commitments.len());
    for some in commitments.chunks(LOOKED_UP_MAX) {
        let rows = table.filter(personal_values::commitment.eq_any(some)).load::<Row>(&mut conn.0)?;
        for row in rows {
            found.insert(row.commitment.clone(), value(row)?);
        }
    }
    Ok(found)
}

/// How much is kept, and since when.
pub fn count_personal_values(conn: &mut Conn) -> Result<PersonalCount, StoreError> {
    let query = table.select((count_star(), min(personal_values::created_at)));
    let (values, oldest) = query.first::<(i64, Option<i64>)>(&mut conn.0)?;
    Ok(PersonalCount { values: column::count_back(values)?, oldest: oldest.map(Timestamp::from_micros) })
}

/// Erases values; answers how many. Their traces in free pages and journals go with [`crate::Db::forget_traces`].
pub fn delete_personal_values(conn: &mut Conn, subject: PersonalSubject) -> Result<usize, StoreError> {
    let erased = match subject {
        PersonalSubject::Member(id) => {
            diesel::delete(table.filter(personal_values::member.eq(id.to_string()))).execute(&mut conn.0)?
        }
        PersonalSubject::Address(address) => {
            let of_kind = personal_values::kind.eq(PersonalKind::Address.as_str());
            let wanted = of_kind.and(personal_values::value.eq(address.to_string()));
            diesel::delete(table.filter(wanted)).execute(&mut conn.0)?
        }
        PersonalSubject::Before(moment) => {
            diesel::delete(table.filter(personal_values::created_at.lt(moment.micros()))).execute(&mut conn.0)?
        }
    };
    generation::bump(conn)?;
    Ok(erased)
}

fn value(row: Row) -> Result<PersonalValue, StoreError> {
    Ok(PersonalValue {
        commitment: row.commitment,
        kind: PersonalKind::parse(&row.kind)?,
        member: row.member.as_deref().map(column::id).transpose()?,
        salt: column::hash(&row.salt)?,
        value: row.value,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
