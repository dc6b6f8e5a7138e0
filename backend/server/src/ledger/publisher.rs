//! Signs a checkpoint within a second after the ledger has grown, and keeps it before anyone sees it; closes years.

use super::signer::{Inconsistent, Signer};
use super::years;
use crate::state::App;
use actix_web::web;
use arc_swap::ArcSwapOption;
use mudeung_store::checkpoints::CheckpointStore;
use mudeung_store::ledger::Ledger;
use mudeung_wire::ledger::checkpoint::LogVerifier;
use std::sync::Arc;
use std::time::Duration;

/// How often the size of the tree is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The checkpoint that is shown.
#[derive(Default)]
pub struct Published {
    note: ArcSwapOption<Note>,
    /// The last one that witnesses cosigned; it may be behind the other.
    cosigned: ArcSwapOption<Note>,
}

/// A signed checkpoint with the size it speaks of.
#[derive(Debug)]
pub struct Note {
    /// Number of entries.
    pub size: u64,
    /// The signed note.
    pub text: String,
}

impl Published {
    /// The latest.
    pub fn latest(&self) -> Option<Arc<Note>> {
        self.note.load_full()
    }

    /// One over the entry of an index: the cosigned one, else the latest.
    pub fn covering(&self, index: u64) -> Option<Arc<Note>> {
        let covers = |note: &Arc<Note>| note.size > index;
        self.cosigned.load_full().filter(covers).or_else(|| self.latest().filter(covers))
    }

    /// Shows a checkpoint with the cosignatures that came in. When a later one was published meanwhile, that stays.
    pub fn show_cosigned(&self, note: Note) {
        let note = Arc::new(note);
        self.cosigned.store(Some(Arc::clone(&note)));
        self.note.rcu(|latest| match latest {
            Some(latest) if latest.size != note.size => Some(Arc::clone(latest)),
            _ => Some(Arc::clone(&note)),
        });
    }
}

/// The name that the last checkpoint was signed under. A log keeps its name for life, so one that was not configured but
/// taken from the address must not change with the address.
pub async fn last_origin(ledger: &Ledger, checkpoints: &CheckpointStore) -> Result<Option<String>, Inconsistent> {
    if let Some(origin) = checkpoints.only_origin().await? {
        return Ok(Some(origin));
    }
    let latest = ledger.latest_checkpoint().await?;
    Ok(latest.and_then(|(_, note)| note.lines().next().map(str::to_owned)))
}

/// The key to check this server's ledger with.
pub fn verifier(app: &App) -> LogVerifier {
    LogVerifier::new(app.config.ledger.origin.clone(), app.keys.ledger().verifying_key())
}

/// The present key and the former ones: what any checkpoint of this ledger may be signed with.
pub fn verifiers(app: &App) -> Vec<LogVerifier> {
    let former = app.config.ledger.former_verifiers.iter().filter_map(|text| LogVerifier::parse(text));
    std::iter::once(verifier(app)).chain(former).collect()
}

/// Signs for this server's ledger.
pub fn signer<'a>(app: &'a App, verifiers: &'a [LogVerifier]) -> Signer<'a> {
    Signer {
        ledger: &app.ledger,
        checkpoints: &app.checkpoints,
        origin: &app.config.ledger.origin,
        key: app.keys.ledger(),
        verifiers,
    }
}

/// Publishes for ever; ends only with the runtime.
pub async fn publish_checkpoints(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut closed = None;
    loop {
        ticks.tick().await;
        if let Err(error) = years::close(&app, &mut closed).await {
            tracing::error!("the last year of the ledger cannot be closed: {error}");
        }
        if let Err(error) = publish(&app).await {
            tracing::error!("no checkpoint can be published: {error}");
        }
    }
}

/// Signs the present head when it has grown since the last time.
pub async fn publish(app: &App) -> Result<(), Inconsistent> {
    let size = app.ledger.head().await?.size;
    if app.published.latest().is_some_and(|note| note.size == size) {
        return Ok(());
    }
    let signed = signer(app, &verifiers(app)).sign().await?;
    app.published.note.store(Some(Arc::new(Note { size: signed.head.size, text: signed.note })));
    Ok(())
}
