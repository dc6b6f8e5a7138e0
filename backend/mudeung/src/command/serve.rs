//! `mudeung serve`, `check-config` and `migrate`.

use crate::carriers::Carriers;
use crate::command::witness;
use crate::failure::Failure;
use crate::say;
use crate::setup;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to stop.
pub(crate) async fn serve(path: &Path) -> Result<(), Failure> {
    let parts = setup::parts(setup::read_config(path)?).await?;
    for warning in mudeung_server::application::warnings(&parts.config, &parts.keys) {
        tracing::warn!("{warning}");
    }
    let carriers = Carriers::open(&parts.config)?;
    let running = mudeung_server::start(parts).await.map_err(Failure::failed)?;
    tracing::info!(address = %running.address, "serving");
    let cosigning = witness::have_cosigned(&running)?;
    let carrying = carriers.carry(&running);
    let ended = until_stopped(running).await;
    carrying.abort();
    cosigning.iter().for_each(tokio::task::JoinHandle::abort);
    ended
}

/// Waits for SIGINT or SIGTERM, then lets the server finish what is under way.
pub(crate) async fn until_stopped(mut running: mudeung_server::Running) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        ended = running.ended() => return Err(Failure::failed(match ended {
            Ok(()) => "the server ended by itself".to_owned(),
            Err(error) => format!("the server failed: {error}"),
        })),
    }
    tracing::info!("stopping: answers under way are finished and recorded");
    running.stop().await;
    Ok(())
}

/// Says whether a configuration holds.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    let mut config = setup::read_config(path)?;
    let listen = config.http.listen;
    config.settle(listen).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    config.warnings().iter().try_for_each(|warning| say(&format!("warning: {warning}")))?;
    say(&format!("{}: ok", path.display()))
}

/// Brings both databases to the schema of this program.
pub(crate) async fn migrate(path: &Path) -> Result<(), Failure> {
    setup::migrate(&setup::read_config(path)?).await?;
    say("both databases are up to date")
}
