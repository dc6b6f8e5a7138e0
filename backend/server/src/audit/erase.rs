//! Erasing personal values beside the ledger: whose, and what the ledger says of it.

use crate::data::view::rfc3339;
use mudeung_store::personal::{PersonalSubject, delete_personal_values};
use mudeung_store::{Db, StoreError};

/// The operation under which values are erased.
pub const ERASE: &str = "personal.erase";

/// What the INTENT says: whose values, never the value itself.
pub fn intended(subject: PersonalSubject, reason: &str) -> String {
    let whose = match subject {
        PersonalSubject::Member(id) => format!("all of {id}"),
        PersonalSubject::Address(_) => "an address".to_owned(),
        PersonalSubject::Before(moment) => format!("what was kept before {}", rfc3339(moment)),
    };
    format!("{whose}: {reason}")
}

/// What the OUTCOME says.
pub fn done(erased: usize) -> String {
    format!("{erased} values erased")
}

/// Erases values, and their traces in the files of the database. Answers how many values; none is no error, so that it
/// can be done again when traces could not be taken away.
pub async fn erase(db: &Db, subject: PersonalSubject) -> Result<usize, StoreError> {
    let erased = db.tx("erase personal values", move |conn| delete_personal_values(conn, subject)).await?;
    db.forget_traces().await?;
    Ok(erased)
}
