//! Requests whose time is over: what waits on a company ends by itself, on the record, and takes a grant that was held for it
//! along.

use crate::fault::Fault;
use crate::record;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::GrantState;
use mudeung_core::id::RequestId;
use mudeung_core::request::RequestState;
use mudeung_core::request::event::{Actor, Happening};
use mudeung_store::requests::{self, Filed, RequestsOf};
use mudeung_store::{Conn, StoreError, grants};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::time::Duration;

/// How often the clocks are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// What is said of a grant that ends with its approval.
const REASON: &str = "the conditions of the approval were not answered in time";

/// Looks at the clocks for ever; ends only with the runtime.
pub async fn keep_lapsing(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(fault) = lapse_requests(&app).await {
            tracing::warn!("requests whose time is over did not lapse: {}", fault.en);
        }
    }
}

/// Ends the requests whose time is over; answers how many. Of several nodes that look at once, one ends each.
pub async fn lapse_requests(app: &App) -> Result<usize, Fault> {
    let open = |conn: &mut Conn| requests::list_open(conn, RequestsOf::Everybody);
    let open = app.db.read("look for lapses", open).await?;
    let now = app.clock.now();
    let over: Vec<Filed> = open.into_iter().filter(|filed| is_over(app, filed, now)).collect();
    let mut lapsed = 0;
    for filed in over {
        lapsed += usize::from(lapse(app, &filed, now).await?);
    }
    if lapsed > 0 {
        app.snapshots.refresh().await?;
    }
    Ok(lapsed)
}

fn is_over(app: &App, filed: &Filed, now: Timestamp) -> bool {
    app.portal.house.clocks.lapses_at(&filed.case).is_some_and(|end| end <= now)
}

async fn lapse(app: &App, filed: &Filed, now: Timestamp) -> Result<bool, Fault> {
    let request = &filed.request;
    let intent = Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        detail: Some(request.id.to_string()),
        grant: held(&filed.request.state).map(|grant| grant.to_string()),
        organization: Some(request.organization.to_string()),
        ..Entry::new(Kind::Intent, "request.lapse", now.micros(), record::nonce(app))
    };
    let (id, clocks) = (request.id, app.portal.house.clocks);
    let change = app.db.tx("lapse request", move |conn| {
        let filed = requests::find_filed(conn, id)?.ok_or(StoreError::NotFound { what: "access request" })?;
        if clocks.lapses_at(&filed.case).is_none_or(|end| now < end) {
            return Ok(false);
        }
        end(conn, id, &filed.request.state, now).map(|()| true)
    });
    let said = |done: &bool| (!done).then(|| format!("{id} went on"));
    let change = async { change.await.map_err(Fault::from) };
    record::recorded(&app.ledger, &*app.clock, &*app.entropy, intent, change, said).await
}

fn end(conn: &mut Conn, id: RequestId, state: &RequestState, now: Timestamp) -> Result<(), StoreError> {
    requests::append_event(conn, id, now, Actor::Clock, Happening::Lapsed)?;
    let Some(grant) = held(state) else { return Ok(()) };
    let Some(found) = grants::find_grant(conn, grant)? else { return Ok(()) };
    match found.state {
        GrantState::Held => grants::update_grant_state(conn, grant, &found.state.revoke(REASON.to_owned(), now)?),
        // Somebody ended it by hand.
        GrantState::Active | GrantState::Revoked { .. } => Ok(()),
    }
}

const fn held(state: &RequestState) -> Option<mudeung_core::id::GrantId> {
    match state {
        RequestState::Conditional { grant, .. } => Some(*grant),
        _ => None,
    }
}
