//! What happened to grants after they were given: reports, and the declaration that what was read is destroyed. Rows are only
//! ever added; where a grant stands is their fold.

use crate::error::inserting;
use crate::schema::{grant_events, grants as stored, renewals, requests};
use crate::{Conn, StoreError, column, grants, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::Grant;
use mudeung_core::grant::course::{Course, CourseEvent, CourseStep, Destruction, Life, Method};
use mudeung_core::id::{GrantId, MemberId, OrganizationId, RequestId};
use mudeung_core::notification::Occurrence;
use mudeung_core::tier::Tier;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Insertable)]
#[diesel(table_name = grant_events)]
struct Row {
    grant_id: String,
    number: i64,
    happened_at: i64,
    member: String,
    kind: String,
    detail: String,
}

/// Adds what happened to a grant, when its course allows it, and tells those who hear of it. Of two who add at once, the
/// second is told what the first made of it.
pub fn append_event(
    conn: &mut Conn,
    id: GrantId,
    at: Timestamp,
    by: MemberId,
    what: CourseStep,
) -> Result<Life, StoreError> {
    let mut life = find_life(conn, id)?.ok_or(StoreError::NotFound { what: "grant" })?;
    let event = life.course.next(at, by, what);
    life.course.apply(&event)?;
    let row = Row {
        grant_id: id.to_string(),
        number: i64::from(event.number),
        happened_at: event.at.micros(),
        member: event.by.to_string(),
        kind: event.what.as_str().to_owned(),
        detail: detail(&event.what),
    };
    inserting(diesel::insert_into(grant_events::table).values(row).execute(&mut conn.0), "the next event")?;
    notifications::tell(conn, &Occurrence::of_course(&life.grant, &event))?;
    Ok(life)
}

/// The grant with what became of it, when there is one.
pub fn find_life(conn: &mut Conn, id: GrantId) -> Result<Option<Life>, StoreError> {
    let Some(grant) = grants::find_grant(conn, id)? else { return Ok(None) };
    let query = grant_events::table.filter(grant_events::grant_id.eq(id.to_string())).order(grant_events::number);
    let events = query.load::<Row>(&mut conn.0)?.into_iter().map(event).collect::<Result<Vec<_>, StoreError>>()?;
    let (held_back, renewed) = (never_opened(conn, Some(id))?, renewed(conn, Some(id))?);
    life(grant, &events, &held_back, &renewed).map(Some)
}

/// The grants to real data that are not closed, of one company or of all; newest first. Somebody may owe something for them.
pub fn list_unsettled(conn: &mut Conn, of: Option<OrganizationId>) -> Result<Vec<Life>, StoreError> {
    let mut histories = histories(conn, of)?;
    let of = of.map_or(grants::GrantsOf::All, grants::GrantsOf::Organization);
    let (held_back, renewed) = (never_opened(conn, None)?, renewed(conn, None)?);
    let mut lives = Vec::new();
    for grant in grants::list_grants(conn, of)?.into_iter().filter(|grant| grant.tier == Tier::Deidentified) {
        let events = histories.remove(&grant.id.to_string()).unwrap_or_default();
        let life = life(grant, &events, &held_back, &renewed)?;
        if life.course.confirmed.is_none() {
            lives.push(life);
        }
    }
    Ok(lives)
}

/// How many grants have something for the hospital to read or to take.
pub fn count_waiting(conn: &mut Conn) -> Result<usize, StoreError> {
    let mut waiting = 0;
    for events in histories(conn, None)?.values() {
        waiting += usize::from(Course::of(events).map_err(StoreError::corrupt)?.waits_on_hospital());
    }
    Ok(waiting)
}

/// Notes that a request asks for what comes after a grant.
pub fn insert_renewal(conn: &mut Conn, request: RequestId, grant: GrantId) -> Result<(), StoreError> {
    let row = (renewals::request.eq(request.to_string()), renewals::grant_id.eq(grant.to_string()));
    inserting(diesel::insert_into(renewals::table).values(row).execute(&mut conn.0), "the renewal")
}

/// The grant that a request asks to go on with; nothing when it is about something new.
pub fn find_renewed(conn: &mut Conn, request: RequestId) -> Result<Option<GrantId>, StoreError> {
    let query = renewals::table.find(request.to_string()).select(renewals::grant_id);
    query.first::<String>(&mut conn.0).optional()?.map(|id| column::id(&id)).transpose()
}

/// The requests that ask to go on with a grant, newest first.
pub fn list_renewals(conn: &mut Conn, grant: GrantId) -> Result<Vec<RequestId>, StoreError> {
    let query = renewals::table.filter(renewals::grant_id.eq(grant.to_string())).order(renewals::request.desc());
    let found = query.select(renewals::request).load::<String>(&mut conn.0)?;
    found.iter().map(|id| column::id(id)).collect()
}

/// The text that a declaration is kept as, and whose hash stands in the ledger.
pub fn destruction_text(destruction: &Destruction) -> String {
    json!({
        "copies": destruction.copies,
        "kept": destruction.kept,
        "method": destruction.method.as_str(),
        "until": destruction.until.micros(),
        "witness": destruction.witness,
    })
    .to_string()
}

/// What happened to the grants of one company or of all, by their identifiers.
fn histories(conn: &mut Conn, of: Option<OrganizationId>) -> Result<HashMap<String, Vec<CourseEvent>>, StoreError> {
    let mut query = grant_events::table.inner_join(stored::table).select(grant_events::all_columns).into_boxed();
    if let Some(organization) = of {
        query = query.filter(stored::organization.eq(organization.to_string()));
    }
    let mut histories: HashMap<String, Vec<CourseEvent>> = HashMap::new();
    for row in query.order((grant_events::grant_id, grant_events::number)).load::<Row>(&mut conn.0)? {
        histories.entry(row.grant_id.clone()).or_default().push(event(row)?);
    }
    Ok(histories)
}

/// The grants, that one or all, whose conditions were never met.
fn never_opened(conn: &mut Conn, id: Option<GrantId>) -> Result<HashSet<String>, StoreError> {
    let mut query = requests::table.filter(requests::state.ne("approved")).into_boxed();
    query = match id {
        Some(id) => query.filter(requests::grant_id.eq(id.to_string())),
        None => query.filter(requests::grant_id.is_not_null()),
    };
    Ok(query.select(requests::grant_id.assume_not_null()).load::<String>(&mut conn.0)?.into_iter().collect())
}

/// The grants, that one or all, that another goes on with.
fn renewed(conn: &mut Conn, id: Option<GrantId>) -> Result<HashSet<String>, StoreError> {
    let mut query = renewals::table.inner_join(requests::table).select(renewals::grant_id).into_boxed();
    query = query.filter(requests::state.eq("approved"));
    if let Some(id) = id {
        query = query.filter(renewals::grant_id.eq(id.to_string()));
    }
    Ok(query.load::<String>(&mut conn.0)?.into_iter().collect())
}

fn life(
    grant: Grant,
    events: &[CourseEvent],
    never_opened: &HashSet<String>,
    renewed: &HashSet<String>,
) -> Result<Life, StoreError> {
    let id = grant.id.to_string();
    let course = Course::of(events).map_err(StoreError::corrupt)?;
    Ok(Life { was_opened: !never_opened.contains(&id), is_renewed: renewed.contains(&id), grant, course })
}

fn detail(what: &CourseStep) -> String {
    match what {
        CourseStep::Reported { text } | CourseStep::Noted { text } | CourseStep::Refused { reason: text } => {
            json!({ "text": text }).to_string()
        }
        CourseStep::Declared(destruction) => destruction_text(destruction),
        CourseStep::Confirmed => json!({}).to_string(),
    }
}

fn event(row: Row) -> Result<CourseEvent, StoreError> {
    let value: Value = serde_json::from_str(&row.detail).map_err(StoreError::corrupt)?;
    let missing = || StoreError::Corrupt(format!("event {} of {} lacks a part", row.number, row.grant_id));
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing);
    let what = match row.kind.as_str() {
        "reported" => CourseStep::Reported { text: text("text")? },
        "noted" => CourseStep::Noted { text: text("text")? },
        "refused" => CourseStep::Refused { reason: text("text")? },
        "confirmed" => CourseStep::Confirmed,
        "declared" => {
            let method = text("method")?;
            CourseStep::Declared(Destruction {
                until: Timestamp::from_micros(value.get("until").and_then(Value::as_i64).ok_or_else(missing)?),
                method: Method::parse(&method).ok_or_else(|| column::unknown("way to destroy", &method))?,
                copies: text("copies")?,
                kept: text("kept")?,
                witness: text("witness")?,
            })
        }
        other => return Err(column::unknown("event of a grant", other)),
    };
    Ok(CourseEvent {
        number: column::number_back(row.number)?,
        at: Timestamp::from_micros(row.happened_at),
        by: column::id(&row.member)?,
        what,
    })
}
