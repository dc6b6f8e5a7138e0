//! Requests whose time is over: what waits on a company ends by itself, on the record, and takes a grant that was held for it
//! along.

use crate::fault::Fault;
use crate::record;
use crate::snapshots;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::GrantState;
use mudeung_core::id::RequestId;
use mudeung_core::notification::{Occurrence, Topic};
use mudeung_core::request::RequestState;
use mudeung_core::request::due::Urgency;
use mudeung_core::request::event::{Actor, Happening};
use mudeung_store::exports::{self, ExportsOf};
use mudeung_store::incidents::{self, Handled};
use mudeung_store::requests::{self, Filed, RequestsOf};
use mudeung_store::{Conn, StoreError, break_glass, courses, grants, notifications};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::time::Duration;

/// How often the clocks are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The latest incidents, and the first exports, whose clocks are looked at.
const INCIDENTS_MAX: i64 = 1_000;
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
    let over: Vec<Filed> = open.iter().filter(|filed| is_over(app, filed, now)).cloned().collect();
    let mut lapsed = 0;
    press(app, &open, now).await?;
    for filed in over {
        lapsed += usize::from(lapse(app, &filed, now).await?);
    }
    if lapsed > 0 {
        app.snapshots.refresh().await?;
    }
    Ok(lapsed)
}

/// Tells whose turn it is that the time for it is nearly over, or is over; each step once.
async fn press(app: &App, open: &[Filed], now: Timestamp) -> Result<(), Fault> {
    let clocks = app.portal.house.clocks;
    let pressing = open.iter().filter_map(|filed| {
        let (due, urgency) = (clocks.due(&filed.case)?, clocks.urgency(&filed.case, now)?);
        let topic = match (&filed.request.state, urgency) {
            (RequestState::Returned { .. } | RequestState::Conditional { .. }, Urgency::Soon) => {
                Topic::RequestAnswerDue
            }
            (RequestState::Submitted { .. } | RequestState::InReview { .. }, Urgency::Overdue | Urgency::Escalated) => {
                Topic::RequestOverdue
            }
            _ => return None,
        };
        Some(Occurrence::pressing(&filed.request, topic, due, now))
    });
    let mut pressing: Vec<Occurrence> = pressing.collect();
    pressing.extend(unreviewed(app, now).await?);
    pressing.extend(owed(app, now).await?);
    pressing.extend(untold(app, now).await?);
    pressing.extend(exports_due(app, now).await?);
    let ask = pressing.clone();
    let known = move |conn: &mut Conn| {
        ask.iter().map(|occurrence| notifications::is_told(conn, &occurrence.id)).collect::<Result<Vec<bool>, _>>()
    };
    let known = app.db.read("look for reminders", known).await?;
    let fresh: Vec<Occurrence> =
        pressing.into_iter().zip(known).filter_map(|(occurrence, told)| (!told).then_some(occurrence)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let tell = move |conn: &mut Conn| fresh.iter().try_for_each(|occurrence| notifications::tell(conn, occurrence));
    Ok(app.db.tx("remind", tell).await?)
}

/// What was opened in an emergency and not reviewed in time.
async fn unreviewed(app: &App, now: Timestamp) -> Result<Vec<Occurrence>, Fault> {
    let look = move |conn: &mut Conn| {
        let open = break_glass::list_unreviewed(conn)?;
        let late = open.into_iter().filter(|opened| opened.review_due() <= now);
        let found = late.map(|opened| grants::find_grant(conn, opened.grant)).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().map(|grant| Occurrence::unreviewed(&grant, now)).collect())
    };
    Ok(app.db.read("look for missing reviews", look).await?)
}

/// What companies owe for their grants: a report soon, data to be destroyed, and whatever is late.
async fn owed(app: &App, now: Timestamp) -> Result<Vec<Occurrence>, Fault> {
    let terms = app.portal.house.duties;
    let look = move |conn: &mut Conn| {
        let lives = courses::list_unsettled(conn, None)?;
        let told = lives.iter().filter_map(|life| {
            let (duty, due) = life.pressing(&terms, now)?;
            Some(Occurrence::owed(&life.grant, duty, due, now))
        });
        Ok(told.collect())
    };
    Ok(app.db.read("look for duties", look).await?)
}

/// Incidents that were not told in time.
async fn untold(app: &App, now: Timestamp) -> Result<Vec<Occurrence>, Fault> {
    let snapshot = app.snapshots.present();
    let Some(hospital) = snapshots::hospital(&snapshot).map(|hospital| hospital.id) else { return Ok(Vec::new()) };
    let look = move |conn: &mut Conn| {
        let open = incidents::list_incidents(conn, None, INCIDENTS_MAX)?;
        let open = open.iter().filter(|handled| handled.handling.closed_at.is_none());
        let late = open.filter(|handled| handled.handling.due(&handled.incident).is_some_and(|due| due <= now));
        let told = |handled: &Handled| Occurrence::of_incident(&handled.incident, Topic::IncidentUntold, hospital, now);
        Ok(late.map(told).collect())
    };
    Ok(app.db.read("look for incidents", look).await?)
}

/// Exports that are to be decided soon: afterwards their results are gone.
async fn exports_due(app: &App, now: Timestamp) -> Result<Vec<Occurrence>, Fault> {
    let remind = app.portal.house.clocks.remind;
    let look = move |conn: &mut Conn| {
        let waiting = exports::list_exports(conn, ExportsOf::Waiting(now), INCIDENTS_MAX)?;
        let soon = waiting.iter().filter(|heard| heard.export.until <= now.plus(remind));
        Ok(soon.map(|heard| Occurrence::of_export(&heard.export, Topic::ExportDue, None, now)).collect())
    };
    Ok(app.db.read("look for exports", look).await?)
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
