//! Closes what processes that are gone left open, as long as the server runs.

use crate::state::App;
use actix_web::web;
use std::time::Duration;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks for ever; ends only with the runtime.
pub async fn close_left_open(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match app.ledger.reconcile(&*app.clock, &*app.entropy).await {
            Ok(0) => {}
            Ok(closed) => tracing::warn!(closed, "accesses of a process that is gone are closed as unknown"),
            Err(error) => tracing::warn!("what processes that are gone left open cannot be closed yet: {error}"),
        }
    }
}
