//! A canary: a secret that goes through every door is found behind none of them.

use crate::place::{Place, on_both};
use crate::samples;
use mudeung_store::ledger::{Ledger, LedgerOptions};
use mudeung_store::{StoreError, sessions};
use std::sync::Arc;

on_both!(no_error_repeats_the_password_of_its_address, what_is_stored_of_a_secret_is_its_hash);

const CANARY: &str = "hunter2-canary";

async fn no_error_repeats_the_password_of_its_address(place: Arc<Place>) {
    let url = if place.is_sqlite() {
        format!("postgres://user:{CANARY}@127.0.0.1:1/nowhere")
    } else {
        place.ledger.replace("user=tester", &format!("user=nobody_here&password={CANARY}"))
    };
    let error = mudeung_store::Db::open(&url).await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    let error = Ledger::open(&url, LedgerOptions::default()).err().unwrap();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
}

async fn what_is_stored_of_a_secret_is_its_hash(place: Arc<Place>) {
    // The store takes hashes only; this holds the one table that a token could slip into against its type.
    let db = place.db().await;
    let stored = db.tx("test", |conn| {
        samples::fill(conn)?;
        sessions::insert_session(conn, &samples::session(7, 1))?;
        Ok(sessions::find_session_by_hash(conn, &[7; 32])?.unwrap().token_hash)
    });
    assert_eq!(stored.await.unwrap(), [7; 32]);
    if place.is_sqlite() {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&place.control).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else reads the file");
    }
}
