//! Writes down in batches what the token endpoint remembered: when credentials were used, and how many strangers were
//! refused.

use crate::data::signature::keyed;
use crate::state::App;
use actix_web::web;
use hmac::Mac;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::CredentialId;
use mudeung_store::StoreError;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

const USED_EVERY: Duration = Duration::from_secs(5);
/// In units of [`USED_EVERY`]: once a minute.
const REFUSED_EVERY: u32 = 12;

/// Keeps the books for ever; ends only with the runtime.
pub async fn keep(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(USED_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        ticks.tick().await;
        write_used(&app).await;
        if round.is_multiple_of(REFUSED_EVERY) {
            super::replay::sweep(&app, app.clock.now()).await;
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(REFUSED_EVERY) {
            write_refused(&app);
            app.oauth.brakes.forget(app.clock.now());
            forget_revoked(&app).await;
        }
    }
}

/// Writes down everything remembered so far.
pub async fn write_all(app: &App) {
    write_used(app).await;
    write_refused(app);
}

/// Forgets the assertions that nobody would accept any more.
pub async fn sweep_assertions(app: &App) {
    super::replay::sweep(app, app.clock.now()).await;
}

async fn write_used(app: &App) {
    let used = app.oauth.take_used();
    if used.is_empty() {
        return;
    }
    let written = app.db.tx("note use of credentials", move |connection| note(connection, &used)).await;
    if let Err(error) = written {
        tracing::warn!("the last use of credentials is not written down: {error}");
    }
}

/// Forgets revoked tokens that would be of no use by now even if they were not revoked.
pub async fn forget_revoked(app: &App) {
    let now = app.clock.now();
    let swept = app
        .db
        .tx("forget revoked tokens", move |connection| mudeung_store::revoked_tokens::delete_expired(connection, now));
    if let Err(error) = swept.await {
        tracing::warn!("revoked tokens that are over are not forgotten yet: {error}");
    }
}

fn note(connection: &mut mudeung_store::Conn, used: &HashMap<CredentialId, Timestamp>) -> Result<(), StoreError> {
    for (credential, at) in used {
        mudeung_store::credentials::update_credential_last_used(connection, *credential, *at)?;
    }
    Ok(())
}

/// One entry for each reason and network, with its number: as many strangers as may knock, the ledger grows evenly.
/// Networks stand there as keyed hashes: the same one is recognised as the same, and only who holds the server's key can
/// tell which it is.
fn write_refused(app: &App) {
    for ((reason, network), count) in app.oauth.take_refused() {
        let mut nonce = [0_u8; 16];
        app.entropy.fill(&mut nonce);
        app.ledger.append_detached(Entry {
            status: Some(Status::Denied),
            detail: Some(match network {
                Some(network) => format!("{reason}: {count} from network {}", network_tag(app, network)),
                None => format!("{reason}: {count}"),
            }),
            ..Entry::new(Kind::Outcome, "oauth.refusals", app.clock.now().micros(), nonce)
        });
    }
}

fn network_tag(app: &App, network: IpAddr) -> String {
    let mut mac = keyed(app.keys.session().expose());
    mac.update(b"refused-network\0");
    mac.update(network.to_string().as_bytes());
    mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
