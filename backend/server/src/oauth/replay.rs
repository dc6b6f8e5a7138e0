//! Assertions are accepted once: on every node, before and after a restart. The control database remembers them; here is
//! only how many each client has there.

use super::assertion::{SKEW_SECONDS, Valid};
use super::state::OAuthState;
use crate::state::App;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_store::StoreError;
use mudeung_store::assertions::{self, UsedAssertion};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// Why an assertion is not accepted although everything in it is right.
#[derive(Debug)]
pub(super) enum NotAccepted {
    /// It was accepted before.
    Replayed,
    /// The client has as many remembered as it may have.
    TooMany,
    /// The database does not answer.
    Unavailable,
}

/// Uses up the assertion of a client.
pub(super) async fn consume(app: &App, client: AppId, valid: &Valid) -> Result<(), NotAccepted> {
    if app.oauth.used_assertions(client) >= app.config.limits.assertions_per_app {
        return Err(NotAccepted::TooMany);
    }
    let used = remembered(client, valid);
    let inserted = app.db.tx("use assertion", move |conn| assertions::insert_used_assertion(conn, &used)).await;
    match inserted {
        Ok(()) => {
            app.oauth.assertion_used(client);
            Ok(())
        }
        Err(StoreError::AlreadyExists { .. }) => Err(NotAccepted::Replayed),
        Err(error) => {
            tracing::warn!("an assertion cannot be remembered, so it is not accepted: {error}");
            Err(NotAccepted::Unavailable)
        }
    }
}

/// Whether an assertion was used up already. Changes nothing.
pub(super) async fn is_used(app: &App, client: AppId, jti: &str) -> Result<bool, StoreError> {
    let hash = hash(jti);
    app.db.read("look for assertion", move |conn| assertions::find_used_assertion(conn, client, &hash)).await
}

/// Forgets what nobody would accept any more, and counts the rest.
pub(super) async fn sweep(app: &App, now: Timestamp) {
    let swept = app.db.tx("sweep assertions", move |conn| {
        assertions::delete_expired(conn, now)?;
        assertions::count_by_app(conn)
    });
    match swept.await {
        Ok(counts) => app.oauth.assertions_counted(counts.into_iter().collect()),
        Err(error) => tracing::warn!("used assertions are not swept: {error}"),
    }
}

/// Remembered for as long as any node, its clock slow by as much as is forgiven, would accept it.
fn remembered(client: AppId, valid: &Valid) -> UsedAssertion {
    let skew = Duration::from_secs(SKEW_SECONDS.unsigned_abs());
    UsedAssertion { app: client, jti_hash: hash(&valid.jti), expires_at: valid.expires_at.plus(skew) }
}

fn hash(jti: &str) -> [u8; 32] {
    Sha256::digest(jti.as_bytes()).into()
}

impl OAuthState {
    fn used_assertions(&self, client: AppId) -> u64 {
        self.with_assertions(|counts| counts.get(&client).copied().unwrap_or_default())
    }

    fn assertion_used(&self, client: AppId) {
        self.with_assertions(|counts| {
            let count = counts.entry(client).or_default();
            *count = count.saturating_add(1);
        });
    }

    fn assertions_counted(&self, counted: HashMap<AppId, u64>) {
        self.with_assertions(|counts| *counts = counted);
    }
}
