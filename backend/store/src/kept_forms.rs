//! What members typed and did not finish: one of each form for each member, encrypted, for a while. No decision on data
//! looks at them.

use crate::error::inserting;
use crate::schema::kept_forms::{self, table};
use crate::{Conn, StoreError};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;

/// What a member typed into a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptForm {
    /// Whose it is.
    pub member: MemberId,
    /// Which form: the path it was sent to, or another name.
    pub form: String,
    /// Its fields, encrypted under a key of the server.
    pub sealed: Vec<u8>,
    /// When it was kept.
    pub kept_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Keeps a form in the place of what the member typed into it before. Of more than `limit` forms of one member the oldest
/// go.
pub fn keep_form(conn: &mut Conn, kept: &KeptForm, limit: i64) -> Result<(), StoreError> {
    delete_kept_form(conn, kept.member, &kept.form)?;
    let own = || table.filter(kept_forms::member.eq(kept.member.to_string()));
    let newest = own().order(kept_forms::kept_at.desc()).select(kept_forms::form);
    for form in newest.offset(limit.max(1) - 1).limit(i64::from(u16::MAX)).load::<String>(&mut conn.0)? {
        delete_kept_form(conn, kept.member, &form)?;
    }
    let values = (
        kept_forms::member.eq(kept.member.to_string()),
        kept_forms::form.eq(&kept.form),
        kept_forms::sealed.eq(&kept.sealed),
        kept_forms::kept_at.eq(kept.kept_at.micros()),
        kept_forms::expires_at.eq(kept.expires_at.micros()),
    );
    inserting(diesel::insert_into(table).values(values).execute(&mut conn.0), "the kept form")
}

/// What is kept of a form of a member, encrypted, unless its time is over.
pub fn find_kept_form(
    conn: &mut Conn,
    member: MemberId,
    form: &str,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StoreError> {
    let live = table.find((member.to_string(), form)).filter(kept_forms::expires_at.gt(now.micros()));
    Ok(live.select(kept_forms::sealed).first(&mut conn.0).optional()?)
}

/// Forgets what a member typed into a form; it is no error when nothing was kept.
pub fn delete_kept_form(conn: &mut Conn, member: MemberId, form: &str) -> Result<(), StoreError> {
    diesel::delete(table.find((member.to_string(), form))).execute(&mut conn.0)?;
    Ok(())
}

/// Forgets what anybody typed into a form that nobody will send any more; answers how many.
pub fn delete_kept_forms(conn: &mut Conn, form: &str) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(kept_forms::form.eq(form))).execute(&mut conn.0)?)
}

/// Removes what is over; answers how many.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(kept_forms::expires_at.le(now.micros()))).execute(&mut conn.0)?)
}
