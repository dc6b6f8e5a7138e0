//! What happened to grants after they were given: reports, and the declaration that what was read is destroyed. Events are
//! only ever added; beside them stands where each grant is, which is what its events say. Both are written in one
//! transaction by [`append_event`] and by nothing else.

use crate::error::inserting;
use crate::schema::{grant_courses, grant_events, grants as stored, renewals, requests};
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
    keep_standing(conn, id, &life.course)?;
    notifications::tell(conn, &Occurrence::of_course(&life.grant, &event))?;
    Ok(life)
}

/// The grant with what became of it, when there is one.
pub fn find_life(conn: &mut Conn, id: GrantId) -> Result<Option<Life>, StoreError> {
    let Some(grant) = grants::find_grant(conn, id)? else { return Ok(None) };
    let query = grant_events::table.filter(grant_events::grant_id.eq(id.to_string())).order(grant_events::number);
    let events = query.load::<Row>(&mut conn.0)?.into_iter().map(event).collect::<Result<Vec<_>, StoreError>>()?;
    let (held_back, renewed) = (never_opened(conn, Whose::Grant(id))?, renewed(conn, Whose::Grant(id))?);
    let life = life(grant, &events, &held_back, &renewed)?;
    let kept = grant_courses::table.find(id.to_string()).select((grant_courses::state, grant_courses::unread));
    let kept = kept.first::<(String, i64)>(&mut conn.0).optional()?;
    let told = (!events.is_empty()).then(|| standing(&life.course));
    if kept.as_ref().map(|(state, unread)| (state.as_str(), *unread)) != told {
        return Err(StoreError::Corrupt(format!("the course of {id} does not end where it stands")));
    }
    Ok(Some(life))
}

/// The grants to real data that are not closed, of one company or of all; newest first. Somebody may owe something for them.
pub fn list_unsettled(conn: &mut Conn, of: Option<OrganizationId>) -> Result<Vec<Life>, StoreError> {
    let mut histories = histories(conn, of)?;
    let whose = of.map_or(Whose::All, Whose::Organization);
    let of = of.map_or(grants::GrantsOf::All, grants::GrantsOf::Organization);
    let (held_back, renewed) = (never_opened(conn, whose)?, renewed(conn, whose)?);
    let closed = grant_courses::table.filter(grant_courses::state.eq("closed")).select(grant_courses::grant_id);
    let closed: HashSet<String> = closed.load::<String>(&mut conn.0)?.into_iter().collect();
    let mut lives = Vec::new();
    for grant in grants::list_grants(conn, of)?.into_iter().filter(|grant| grant.tier == Tier::Deidentified) {
        if closed.contains(&grant.id.to_string()) {
            continue;
        }
        let events = histories.remove(&grant.id.to_string()).unwrap_or_default();
        lives.push(life(grant, &events, &held_back, &renewed)?);
    }
    Ok(lives)
}

/// How many grants have something for the hospital to read or to take.
pub fn count_waiting(conn: &mut Conn) -> Result<usize, StoreError> {
    let waits = grant_courses::state.eq("declared").or(grant_courses::unread.gt(0));
    let query = grant_courses::table.filter(grant_courses::state.ne("closed")).filter(waits);
    let count = column::count_back(query.count().get_result::<i64>(&mut conn.0)?)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
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

/// Keeps where the course of a grant stands.
fn keep_standing(conn: &mut Conn, id: GrantId, course: &Course) -> Result<(), StoreError> {
    let (state, unread) = standing(course);
    let set = (grant_courses::state.eq(state), grant_courses::unread.eq(unread));
    if diesel::update(grant_courses::table.find(id.to_string())).set(set).execute(&mut conn.0)? > 0 {
        return Ok(());
    }
    let row = (grant_courses::grant_id.eq(id.to_string()), set.0, set.1);
    inserting(diesel::insert_into(grant_courses::table).values(row).execute(&mut conn.0), "the course")
}

fn standing(course: &Course) -> (&'static str, i64) {
    (course.as_str(), i64::try_from(course.unread().count()).unwrap_or(i64::MAX))
}

/// What happened to the grants of one company or of all that are not closed, by their identifiers.
fn histories(conn: &mut Conn, of: Option<OrganizationId>) -> Result<HashMap<String, Vec<CourseEvent>>, StoreError> {
    let closed = grant_courses::table.filter(grant_courses::state.eq("closed")).select(grant_courses::grant_id);
    let mut query = grant_events::table.inner_join(stored::table).select(grant_events::all_columns).into_boxed();
    query = query.filter(grant_events::grant_id.ne_all(closed));
    if let Some(organization) = of {
        query = query.filter(stored::organization.eq(organization.to_string()));
    }
    let mut histories: HashMap<String, Vec<CourseEvent>> = HashMap::new();
    for row in query.order((grant_events::grant_id, grant_events::number)).load::<Row>(&mut conn.0)? {
        histories.entry(row.grant_id.clone()).or_default().push(event(row)?);
    }
    Ok(histories)
}

/// Which grants are looked at.
#[derive(Clone, Copy)]
enum Whose {
    All,
    Organization(OrganizationId),
    Grant(GrantId),
}

/// The grants whose conditions were never met.
fn never_opened(conn: &mut Conn, whose: Whose) -> Result<HashSet<String>, StoreError> {
    let query = requests::table.filter(requests::state.ne("approved")).filter(requests::grant_id.is_not_null());
    let query = query.into_boxed();
    let query = match whose {
        Whose::All => query,
        Whose::Organization(organization) => query.filter(requests::organization.eq(organization.to_string())),
        Whose::Grant(id) => query.filter(requests::grant_id.eq(id.to_string())),
    };
    Ok(query.select(requests::grant_id.assume_not_null()).load::<String>(&mut conn.0)?.into_iter().collect())
}

/// The grants that another goes on with.
fn renewed(conn: &mut Conn, whose: Whose) -> Result<HashSet<String>, StoreError> {
    let query = renewals::table.inner_join(requests::table).select(renewals::grant_id).into_boxed();
    let query = query.filter(requests::state.eq("approved"));
    let query = match whose {
        Whose::All => query,
        Whose::Organization(organization) => query.filter(requests::organization.eq(organization.to_string())),
        Whose::Grant(id) => query.filter(renewals::grant_id.eq(id.to_string())),
    };
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
