//! Requests whose time is over: what waits on a company ends by itself, on the record, and takes a grant that was held for it
//! along.

use crate::fault::Fault;
use crate::portal::said::Said;
use crate::record;
use crate::snapshots;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::GrantState;
use mudeung_core::id::RequestId;
use mudeung_core::member::Role;
use mudeung_core::notification::{Occurrence, Topic};
use mudeung_core::request::RequestState;
use mudeung_core::request::board::Board;
use mudeung_core::request::due::{Clocks, Urgency};
use mudeung_core::request::event::{Actor, Happening};
use mudeung_core::request::ruling::House;
use mudeung_core::request::steps::Step;
use mudeung_store::exports::{self, ExportsOf, Heard};
use mudeung_store::incidents::{self, Handled};
use mudeung_store::requests::{self, Filed, RequestsOf};
use mudeung_store::{Conn, StoreError, break_glass, courses, grants, notifications};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often the clocks are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The latest incidents, and the first exports, whose clocks are looked at.
const INCIDENTS_MAX: i64 = 1_000;

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

/// Tells whose turn it is that something waits on them, that the time for it is nearly over, or is over; each step once.
async fn press(app: &App, open: &[Filed], now: Timestamp) -> Result<(), Fault> {
    let board = app.db.read("find the board", requests::load_board).await?;
    let mut pressing: Vec<Occurrence> =
        open.iter().flat_map(|filed| pressed(&app.portal.house, &board, filed, now)).collect();
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

/// What is to be told of one request.
fn pressed(house: &House, board: &Board, filed: &Filed, now: Timestamp) -> Vec<Occurrence> {
    let (request, case, clocks) = (&filed.request, &filed.case, house.clocks);
    let Some((due, urgency)) = clocks.due(case).zip(clocks.urgency(case, now)) else { return Vec::new() };
    let steps = house.open(case, board);
    let offices = steps.iter().filter_map(|step| if let Step::SignOff(role) = step { Some(*role) } else { None });
    // Those of the hospital whose turn it is: who checks and decides, who votes, and the offices that are asked.
    let turn: BTreeSet<Role> = match request.state {
        RequestState::InReview { .. } => offices.clone().chain([Role::Reviewer, Role::External, Role::Admin]).collect(),
        _ => BTreeSet::new(),
    };
    let of_hospital = |topic: Topic| Occurrence::pressing(request, topic, due, now).for_turn(turn.clone());
    let told: Vec<Occurrence> = match (&request.state, urgency) {
        (RequestState::Returned { .. }, Urgency::Soon) => {
            vec![Occurrence::pressing(request, Topic::RequestAnswerDue, due, now)]
        }
        (RequestState::Conditional { .. }, _) => conditions(&clocks, filed, now),
        (RequestState::Submitted { .. } | RequestState::InReview { .. }, Urgency::Soon) => {
            vec![of_hospital(Topic::RequestDue)]
        }
        (RequestState::Submitted { .. } | RequestState::InReview { .. }, Urgency::Overdue) => {
            vec![of_hospital(Topic::RequestOverdue)]
        }
        (RequestState::Submitted { .. } | RequestState::InReview { .. }, Urgency::Escalated) => {
            let escalated = Occurrence::pressing(request, Topic::RequestEscalated, due, now);
            vec![of_hospital(Topic::RequestOverdue), escalated]
        }
        _ => Vec::new(),
    };
    let since = request.state.since().unwrap_or(request.created_at);
    let asked = offices.map(|office| Occurrence::opinion_wanted(request, office, since, now));
    asked.chain(told).collect()
}

/// What is to be told of the conditions of an approval: the company of those it has to answer to soon, the hospital of
/// answers that it should have looked at.
fn conditions(clocks: &Clocks, filed: &Filed, now: Timestamp) -> Vec<Occurrence> {
    let soon = clocks.answer_due(&filed.case).filter(|due| now < *due && *due <= now.plus(clocks.remind));
    let late = clocks.confirmation_due(&filed.case).filter(|due| *due <= now);
    let pressing = |topic: Topic, due: Timestamp| Occurrence::pressing(&filed.request, topic, due, now);
    let answer = soon.map(|due| pressing(Topic::RequestAnswerDue, due));
    answer.into_iter().chain(late.map(|due| pressing(Topic::ConditionUnconfirmed, due))).collect()
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
    let (remind, need) = (app.portal.house.clocks.remind, app.portal.house.exports.clone());
    let look = move |conn: &mut Conn| {
        let waiting = exports::list_exports(conn, ExportsOf::Waiting(now), INCIDENTS_MAX)?;
        let soon = waiting.iter().filter(|heard| heard.export.until <= now.plus(remind));
        let due = |heard: &Heard| {
            let offices = heard.hearing.wanted(&need).collect();
            Occurrence::of_export(&heard.export, Topic::ExportDue, None, now).for_turn(offices)
        };
        Ok(soon.map(due).collect())
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
        GrantState::Held => {
            grants::update_grant_state(conn, grant, &found.state.revoke(Said::Unanswered.code().to_owned(), now)?)
        }
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
