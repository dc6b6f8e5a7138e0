//! How this node shares budgets with the others: it says that it is alive, books what it spent, gives back what it holds
//! idle, and tells people when most of a budget is used.

use super::meter::Meter;
use crate::hex::hex;
use crate::state::App;
use actix_web::web;
use mudeung_core::budget::{STEP, alert_level, percent};
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::Amount;
use mudeung_store::shares::{self, Beat, Booking, SILENCE_MAX};
use mudeung_store::{LedgerError, StoreError};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

/// How often a node says that it is alive. What it spent is booked, and what it holds idle free again, within two of these.
pub const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How long a booking waits for the ledger; then it is the next round's.
const LEDGER_PATIENCE: Duration = Duration::from_secs(1);

/// In rounds, how often meters whose time is over are removed: every ten minutes.
const SWEEP_EVERY: u64 = 300;
/// How long meters are kept after their time, for reads that began in it.
const ENDED_KEPT_SECONDS: i64 = 86_400;

/// This node among the others.
#[derive(Default)]
pub struct Node {
    id: OnceLock<String>,
    live: AtomicU32,
    rounds: AtomicU64,
}

/// Why a round of sharing did not end.
#[derive(Debug, thiserror::Error)]
pub enum NotShared {
    /// The control database does not answer.
    #[error("control database: {0}")]
    Store(#[from] StoreError),
    /// The ledger does not answer.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
}

impl Node {
    /// The node's name; nobody's before it has entered.
    pub fn id(&self) -> &str {
        self.id.get().map_or("", String::as_str)
    }

    /// How many nodes are alive, this one among them.
    pub fn live(&self) -> u32 {
        self.live.load(Ordering::Relaxed).max(1)
    }
}

/// Joins the nodes that share the control database. A database that one process uses is cleared of what an earlier one held.
pub async fn enter(app: &App) -> Result<(), StoreError> {
    let mut random = [0_u8; 16];
    app.entropy.fill(&mut random);
    let hex: String = hex(&random);
    let node = app.data.budgets.node.id.get_or_init(|| format!("nod_{hex}")).clone();
    let alone = !app.db.is_shared();
    let beat = app.db.tx("node.enter", move |conn| {
        if alone {
            shares::forget_all(conn)?;
        }
        shares::beat(conn, &node)
    });
    meet(app, beat.await?.live);
    Ok(())
}

/// Books and gives back everything and leaves. Call it when no read is under way any more.
pub async fn leave(app: &App) -> Result<(), StoreError> {
    app.ledger.flush().await;
    let meters = app.data.budgets.meters();
    let bookings = meters.iter().map(|meter| Booking {
        meter: meter.id().to_owned(),
        used: meter.used(),
        back: Amount { bytes: u64::MAX, rows: u64::MAX },
    });
    let (bookings, node) = (bookings.collect::<Vec<_>>(), app.data.budgets.node.id().to_owned());
    app.db
        .tx("node.leave", move |conn| {
            shares::book(conn, &node, &bookings)?;
            shares::forget(conn, &node)
        })
        .await
}

/// Shares for ever; ends only with the runtime.
pub async fn keep_sharing(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(BEAT_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        ticks.tick().await;
        match round(&app).await {
            Ok(()) => heard = Instant::now(),
            Err(error) => {
                tracing::warn!("budgets are not shared: {error}");
                // The others may take this node for dead soon and give its shares away.
                if app.db.is_shared() && heard.elapsed() > SILENCE_MAX / 2 {
                    void_all(&app);
                }
            }
        }
    }
}

/// One round: a sign of life, what was spent, what is idle, who is to be told.
pub async fn round(app: &App) -> Result<(), NotShared> {
    let node = app.data.budgets.node.id().to_owned();
    if app.db.is_shared() {
        let name = node.clone();
        let Beat { live, known } = app.db.tx("node.beat", move |conn| shares::beat(conn, &name)).await?;
        meet(app, live);
        if !known {
            tracing::warn!("the other nodes took this one for dead; it draws its shares anew");
            void_all(app);
        }
    }
    let swept = app.data.budgets.node.rounds.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY);
    if swept {
        let before = Timestamp::from_seconds(app.clock.now().seconds().saturating_sub(ENDED_KEPT_SECONDS));
        app.db.tx("meter.sweep", move |conn| shares::sweep(conn, before)).await?;
    }
    let spent = book(app, node).await?;
    for meter in spent {
        tell(app, &meter).await?;
    }
    Ok(())
}

/// Books what was spent since the last round; answers the meters that it was spent of.
async fn book(app: &App, node: String) -> Result<Vec<Arc<Meter>>, NotShared> {
    let meters = app.data.budgets.meters();
    let used: Vec<Amount> = meters.iter().map(|meter| meter.used()).collect();
    // What was spent is handed over to the ledger before it is settled, so that this waits for all of it.
    if tokio::time::timeout(LEDGER_PATIENCE, app.ledger.flush()).await.is_err() {
        return Ok(Vec::new());
    }
    let crowded = app.db.is_shared() && app.data.budgets.node.live() > 1;
    let mut rounds = Vec::new();
    for (meter, used) in meters.into_iter().zip(used) {
        // Who reads keeps twice of what it spent, who does not keeps nothing.
        let keep = if used == Amount::ZERO { Amount::ZERO } else { used.plus(used).plus(STEP) };
        let back = if crowded { meter.shrink_to(keep) } else { Amount::ZERO };
        if used != Amount::ZERO || back != Amount::ZERO {
            rounds.push((meter, used, back));
        }
    }
    if rounds.is_empty() {
        return Ok(Vec::new());
    }
    let booking = |(meter, used, back): &(Arc<Meter>, Amount, Amount)| Booking {
        meter: meter.id().to_owned(),
        used: *used,
        back: *back,
    };
    let bookings: Vec<_> = rounds.iter().map(booking).collect();
    let booked = app.db.tx("node.book", move |conn| shares::book(conn, &node, &bookings)).await;
    let mut spent = Vec::new();
    for (meter, used, back) in rounds {
        if booked.is_err() {
            meter.grow(back);
            continue;
        }
        meter.booked(used, back);
        if used != Amount::ZERO {
            spent.push(meter);
        }
    }
    booked?;
    Ok(spent)
}

/// Tells people once when 80 or 90 percent of a budget are used, in the ledger where everybody can find it.
async fn tell(app: &App, meter: &Meter) -> Result<(), NotShared> {
    let used = app.ledger.used(meter.by().clone()).await?;
    let limit = meter.limit();
    let Some(level) = alert_level(limit, used).filter(|level| meter.reaches(*level)) else { return Ok(()) };
    let id = meter.id().to_owned();
    if !app.db.tx("meter.alert", move |conn| shares::raise_alert(conn, &id, level)).await? {
        return Ok(());
    }
    let (policy, reached) = (meter.policy(), percent(limit, used));
    tracing::warn!(meter = meter.id(), level, "a budget is nearly used up");
    let mut nonce = [0_u8; 16];
    app.entropy.fill(&mut nonce);
    let by = meter.by();
    app.ledger.append_detached(Entry {
        app: by.app.clone(),
        dataset: by.dataset.clone(),
        detail: Some(format!(
            "{policy}: {reached} percent used, {} of {} bytes, {} of {} rows",
            used.bytes, limit.bytes, used.rows, limit.rows
        )),
        grant: by.grant.clone(),
        organization: by.organization.clone(),
        status: Some(Status::Completed),
        tier: by.tier.clone(),
        ..Entry::new(Kind::Outcome, "budget.alert", app.clock.now().micros(), nonce)
    });
    Ok(())
}

fn meet(app: &App, live: u32) {
    app.data.budgets.node.live.store(live, Ordering::Relaxed);
    app.data.throttle.share_among(live);
}

fn void_all(app: &App) {
    for meter in app.data.budgets.meters() {
        meter.void();
    }
}
