//! Signs a checkpoint within a second after the ledger has grown, and keeps it before anyone sees it.

use crate::state::App;
use actix_web::web;
use arc_swap::ArcSwapOption;
use mudeung_store::ledger::{Ledger, LedgerError};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
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

/// The database is not the one that was signed for.
#[derive(Debug, thiserror::Error)]
pub enum Inconsistent {
    /// Entries that were signed for are gone, as in a restored backup.
    #[error(
        "the ledger has {size} entries, but a checkpoint over {signed} was given out; the database was truncated or \
         restored from an old copy"
    )]
    Truncated {
        /// Entries there are.
        size: u64,
        /// Entries that were signed for.
        signed: u64,
    },
    /// The tree has the size that was signed for, but not the root.
    #[error(
        "the ledger was changed: at {0} entries its root is not the one that was signed; run `mudeung ledger verify`"
    )]
    Changed(u64),
    /// The last checkpoint was signed by another key or under another name.
    #[error(
        "the last checkpoint does not verify under this server's key and ledger.origin: {0}; when the key was changed, \
         name the old one in ledger.former_verifiers"
    )]
    OtherKey(String),
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
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
pub async fn last_origin(ledger: &Ledger) -> Result<Option<String>, LedgerError> {
    let latest = ledger.latest_checkpoint().await?;
    Ok(latest.and_then(|(_, note)| note.lines().next().map(str::to_owned)))
}

/// Refuses to start on a ledger that is not an extension of what was last signed.
pub async fn check_extension(ledger: &Ledger, verifiers: &[LogVerifier]) -> Result<(), Inconsistent> {
    let Some((_, text)) = ledger.latest_checkpoint().await? else { return Ok(()) };
    let signed = Checkpoint::verify_any(&text, verifiers).map_err(|error| Inconsistent::OtherKey(error.to_string()))?;
    let head = ledger.head().await?;
    if head.size < signed.size {
        return Err(Inconsistent::Truncated { size: head.size, signed: signed.size });
    }
    if head.size == signed.size && head.root != signed.root {
        return Err(Inconsistent::Changed(signed.size));
    }
    Ok(())
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

/// Publishes for ever; ends only with the runtime.
pub async fn publish_checkpoints(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = publish(&app).await {
            tracing::warn!("no checkpoint can be published: {error}");
        }
    }
}

/// Signs the present head when it has grown since the last time.
pub async fn publish(app: &App) -> Result<(), LedgerError> {
    let head = app.ledger.head().await?;
    if app.published.latest().is_some_and(|note| note.size == head.size) {
        return Ok(());
    }
    let checkpoint = Checkpoint { origin: app.config.ledger.origin.clone(), size: head.size, root: head.root };
    let text = checkpoint.sign(app.keys.ledger());
    app.ledger.save_checkpoint(head, &text).await?;
    app.published.note.store(Some(Arc::new(Note { size: head.size, text })));
    Ok(())
}
