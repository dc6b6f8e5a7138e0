//! The present snapshot of the control database, and the task that keeps it present.

use crate::application::StartError;
use crate::keys::live::SigningKeys;
use arc_swap::ArcSwap;
use mudeung_core::organization::{Organization, OrganizationKind};
use mudeung_core::policy::Snapshot;
use mudeung_store::{Db, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How often the generation is looked at. With the time a load takes, a change is effective well within one second.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The hospital that runs the server.
pub(crate) fn hospital(snapshot: &Snapshot) -> Option<&Organization> {
    snapshot.organizations.values().find(|found| found.kind == OrganizationKind::Hospital)
}

/// The snapshot that decisions are made on. Cheap to clone; all clones show the same snapshot.
#[derive(Clone)]
pub struct Snapshots {
    present: Arc<ArcSwap<Snapshot>>,
    /// When the database last said that the snapshot is the present one, in milliseconds after `began`.
    confirmed: Arc<AtomicU64>,
    began: Instant,
    /// Held from reading to showing: of two who refresh, the later reader is the later to show, or a revocation already
    /// in effect would be undone for a moment.
    refreshing: Arc<Mutex<()>>,
    signing_keys: Arc<SigningKeys>,
    db: Db,
}

impl Snapshots {
    /// Loads the first snapshot. The signing keys follow it.
    pub async fn load(db: Db, signing_keys: Arc<SigningKeys>) -> Result<Self, StartError> {
        let first = db.read("load snapshot", mudeung_store::snapshot::load).await?;
        signing_keys.learn(&first.signing_keys)?;
        let present = Arc::new(ArcSwap::from_pointee(first));
        let (confirmed, refreshing) = (Arc::default(), Arc::default());
        Ok(Self { present, confirmed, began: Instant::now(), refreshing, signing_keys, db })
    }

    /// The present snapshot.
    pub fn present(&self) -> Arc<Snapshot> {
        self.present.load_full()
    }

    /// Loads anew when the control database has changed. Callers that changed it call this before they answer, so
    /// that their own change is effective at once on this node.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _alone = self.refreshing.lock().await;
        let known = self.present.load().generation;
        let newer = self
            .db
            .read("refresh snapshot", move |connection| {
                if mudeung_store::snapshot::generation(connection)? == known {
                    return Ok(None);
                }
                mudeung_store::snapshot::load(connection).map(Some)
            })
            .await?;
        if let Some(snapshot) = newer {
            if let Err(error) = self.signing_keys.learn(&snapshot.signing_keys) {
                tracing::error!("tokens under some signing keys are refused here: {error}");
            }
            self.present.store(Arc::new(snapshot));
        }
        self.confirmed.store(millis(self.began.elapsed()), Ordering::Relaxed);
        Ok(())
    }

    /// How long ago the database last said that the snapshot is the present one.
    pub fn age(&self) -> Duration {
        let confirmed = Duration::from_millis(self.confirmed.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(confirmed)
    }

    /// Refreshes for ever; ends only with the runtime. While the database does not answer, decisions stand on the
    /// last snapshot.
    pub async fn keep_present(self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.refresh().await {
                tracing::warn!("the control database does not answer: {error}");
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
