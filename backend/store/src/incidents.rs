//! Incidents: what was entered, and what happened to each since. Rows are only ever added.

use crate::error::inserting;
use crate::schema::{incident_events, incidents};
use crate::{Conn, StoreError, column, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{IncidentId, MemberId, OrganizationId};
use mudeung_core::incident::{Handling, Incident, IncidentEvent, IncidentKind, IncidentStep, Told};
use mudeung_core::notification::{Occurrence, Topic};
use serde_json::{Value, json};

/// An incident with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The incident.
    pub incident: Incident,
    /// What its events say.
    pub handling: Handling,
    /// Its events, oldest first.
    pub events: Vec<IncidentEvent>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = incidents, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    description: String,
    organization: Option<String>,
    dataset: Option<String>,
    known_at: i64,
    reported_by: String,
    reported_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = incident_events)]
struct EventRow {
    incident: String,
    number: i64,
    happened_at: i64,
    member: String,
    kind: String,
    detail: String,
}

/// Adds an incident, and tells those of the hospital who watch.
pub fn insert_incident(conn: &mut Conn, incident: &Incident, hospital: OrganizationId) -> Result<(), StoreError> {
    let row = Row {
        id: incident.id.to_string(),
        kind: incident.kind.as_str().to_owned(),
        description: incident.description.clone(),
        organization: incident.organization.map(|id| id.to_string()),
        dataset: incident.dataset.as_ref().map(ToString::to_string),
        known_at: incident.known_at.micros(),
        reported_by: incident.reported_by.to_string(),
        reported_at: incident.reported_at.micros(),
    };
    inserting(diesel::insert_into(incidents::table).values(row).execute(&mut conn.0), "the incident")?;
    let told = Occurrence::of_incident(incident, Topic::IncidentReported, hospital, incident.reported_at);
    notifications::tell(conn, &told)
}

/// Adds what happened to an incident, when it is open. Of two who add at once, the second is told what the first made of it.
pub fn append_event(
    conn: &mut Conn,
    id: IncidentId,
    at: Timestamp,
    by: MemberId,
    what: IncidentStep,
) -> Result<Handled, StoreError> {
    let mut handled = find_incident(conn, id)?.ok_or(StoreError::NotFound { what: "incident" })?;
    let event = handled.handling.next(at, by, what);
    handled.handling.apply(&handled.incident, &event)?;
    let row = EventRow {
        incident: id.to_string(),
        number: i64::from(event.number),
        happened_at: event.at.micros(),
        member: event.by.to_string(),
        kind: event.what.as_str().to_owned(),
        detail: detail(&event.what),
    };
    inserting(diesel::insert_into(incident_events::table).values(row).execute(&mut conn.0), "the next event")?;
    handled.events.push(event);
    Ok(handled)
}

/// The incident with its history, when there is one.
pub fn find_incident(conn: &mut Conn, id: IncidentId) -> Result<Option<Handled>, StoreError> {
    let found = incidents::table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?;
    found.map(|row| handled(conn, row)).transpose()
}

/// The latest incidents of one company, or all; newest first.
pub fn list_incidents(conn: &mut Conn, of: Option<OrganizationId>, count_max: i64) -> Result<Vec<Handled>, StoreError> {
    let mut query = incidents::table.order(incidents::id.desc()).limit(count_max).into_boxed();
    if let Some(organization) = of {
        query = query.filter(incidents::organization.eq(organization.to_string()));
    }
    query.load::<Row>(&mut conn.0)?.into_iter().map(|row| handled(conn, row)).collect()
}

fn handled(conn: &mut Conn, row: Row) -> Result<Handled, StoreError> {
    let query = incident_events::table.filter(incident_events::incident.eq(&row.id)).order(incident_events::number);
    let events = query.load::<EventRow>(&mut conn.0)?.into_iter().map(event).collect::<Result<Vec<_>, StoreError>>()?;
    let incident = Incident {
        id: column::id(&row.id)?,
        kind: IncidentKind::parse(&row.kind).ok_or_else(|| column::unknown("kind of incident", &row.kind))?,
        description: row.description,
        organization: row.organization.as_deref().map(column::id).transpose()?,
        dataset: row.dataset.as_deref().map(column::name).transpose()?,
        known_at: Timestamp::from_micros(row.known_at),
        reported_by: column::id(&row.reported_by)?,
        reported_at: Timestamp::from_micros(row.reported_at),
    };
    let handling = Handling::of(&incident, &events).map_err(StoreError::corrupt)?;
    Ok(Handled { incident, handling, events })
}

fn detail(what: &IncidentStep) -> String {
    match what {
        IncidentStep::Noted { text } | IncidentStep::Closed { text } => json!({ "text": text }).to_string(),
        IncidentStep::Told { whom, text } => json!({ "whom": whom.as_str(), "text": text }).to_string(),
    }
}

fn event(row: EventRow) -> Result<IncidentEvent, StoreError> {
    let value: Value = serde_json::from_str(&row.detail).map_err(StoreError::corrupt)?;
    let missing = || StoreError::Corrupt(format!("event {} of {} lacks a part", row.number, row.incident));
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing);
    let what = match row.kind.as_str() {
        "noted" => IncidentStep::Noted { text: text("text")? },
        "closed" => IncidentStep::Closed { text: text("text")? },
        "told" => {
            let whom = text("whom")?;
            let whom = Told::parse(&whom).ok_or_else(|| column::unknown("one who is told", &whom))?;
            IncidentStep::Told { whom, text: text("text")? }
        }
        other => return Err(column::unknown("event of an incident", other)),
    };
    Ok(IncidentEvent {
        number: column::number_back(row.number)?,
        at: Timestamp::from_micros(row.happened_at),
        by: column::id(&row.member)?,
        what,
    })
}
