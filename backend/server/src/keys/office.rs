//! The operations on signing keys: completed at the start, rotated and revoked by an operator. Each is an INTENT before
//! the change and an OUTCOME after it; none of them names anything of a key but its identifier.

use super::{KeyError, Keys};
use crate::data::view::rfc3339;
use crate::record::recorded;
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::id::KeyId;
use mudeung_core::signing_key::{KeyRing, KeyState, NotRevoked, SigningKey};
use mudeung_store::ledger::{Ledger, LedgerError};
use mudeung_store::{Conn, Db, StoreError, signing_keys};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::sync::Arc;
use std::time::Duration;

/// What the operations work on.
#[derive(Clone, Copy)]
pub struct KeyOffice<'o> {
    /// The control database.
    pub db: &'o Db,
    /// The ledger.
    pub ledger: &'o Ledger,
    /// What private halves are encrypted under.
    pub keys: &'o Keys,
    /// Where the present comes from.
    pub clock: &'o Arc<dyn Clock>,
    /// Where unpredictable bytes come from.
    pub entropy: &'o Arc<dyn Entropy>,
    /// How long a key is kept after its last signature.
    pub kept: Duration,
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The keys cannot be used.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
    /// What was asked makes no sense now.
    #[error("{0}")]
    Refused(String),
    /// The control database.
    #[error("control database: {0}")]
    Store(StoreError),
    /// The ledger.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
}

impl From<StoreError> for OfficeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InvalidTransition(transition) => Self::Refused(transition.to_string()),
            other => Self::Store(other),
        }
    }
}

impl KeyOffice<'_> {
    /// The ring there is.
    pub async fn ring(&self) -> Result<KeyRing, OfficeError> {
        Ok(self.db.read("list signing keys", signing_keys::list_signing_keys).await?)
    }

    /// Makes the keys that are missing: on the first start all of them. Refuses a ring of another master key.
    pub async fn complete(&self) -> Result<(), OfficeError> {
        let ring = self.ring().await?;
        self.keys.check_ring(&ring)?;
        if ring.is_complete() {
            return Ok(());
        }
        self.change("key.create", "start".to_owned(), |_, _| Ok(Ok(()))).await.map(|_| ())
    }

    /// Lets the key that stands by take over as soon as it has been published for long enough, and another one stand by.
    /// Answers which, and when.
    pub async fn rotate(&self, by: &str) -> Result<(KeyId, Timestamp), OfficeError> {
        self.change("key.rotate", by.to_owned(), |ring, now| Ok(Ok(ring.rotate(now)?))).await
    }

    /// Revokes a key: whatever it signed, and whatever was made with that, dies on every node within one second.
    pub async fn revoke(&self, id: KeyId, by: &str) -> Result<(), OfficeError> {
        let reason = by.to_owned();
        self.change("key.revoke", format!("{id} {by}"), move |ring, now| Ok(ring.revoke(id, reason, now))).await
    }

    async fn change<T: Send + 'static>(
        &self,
        operation: &str,
        detail: String,
        work: impl FnOnce(&mut KeyRing, Timestamp) -> Result<Result<T, NotRevoked>, StoreError> + Send + 'static,
    ) -> Result<T, OfficeError> {
        self.keys.check_ring(&self.ring().await?)?;
        let mut fresh = self.keys.fresh_signing_keys(2, self.clock, self.entropy)?;
        let (clock, kept) = (Arc::clone(self.clock), self.kept);
        let change = async {
            let changed = self.db.tx("change signing keys", move |conn| {
                let mut ring = signing_keys::list_signing_keys(conn)?;
                // Asked for here and not before: what was waited for does not count as time in which nodes know a key.
                let now = clock.now();
                let done = match work(&mut ring, now)? {
                    Ok(done) => done,
                    Err(refused) => return Ok(Err(refused)),
                };
                ring.prune(now, kept);
                save(conn, &mut ring, &mut fresh, now)?;
                Ok(Ok((done, ring)))
            });
            changed.await?.map_err(|refused| OfficeError::Refused(refused.to_string()))
        };
        let mut nonce = [0_u8; 16];
        self.entropy.fill(&mut nonce);
        let intent = Entry::new(Kind::Intent, operation, self.clock.now().micros(), nonce);
        let intent = Entry { detail: Some(detail), ..intent };
        let said = |done: &(T, KeyRing)| Some(in_words(&done.1));
        let (done, _) = recorded(self.ledger, &**self.clock, &**self.entropy, intent, change, said).await?;
        Ok(done)
    }
}

/// Completes a ring and writes it.
pub fn save(
    conn: &mut Conn,
    ring: &mut KeyRing,
    fresh: &mut Vec<SigningKey>,
    now: Timestamp,
) -> Result<(), StoreError> {
    ring.fill(fresh, now);
    signing_keys::update_signing_keys(conn, ring)
}

/// Which key is for what, for the ledger.
fn in_words(ring: &KeyRing) -> String {
    let one = |key: &SigningKey| match key.state {
        KeyState::Standby => format!("{} stands by", key.id),
        KeyState::Signing { from, until: None } => format!("{} signs from {}", key.id, rfc3339(from)),
        KeyState::Signing { until: Some(until), .. } => format!("{} signs until {}", key.id, rfc3339(until)),
        KeyState::Revoked { .. } => format!("{} is revoked", key.id),
    };
    ring.keys.iter().map(one).collect::<Vec<_>>().join(", ")
}
