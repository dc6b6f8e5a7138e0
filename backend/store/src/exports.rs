//! Exports: the results that companies want to take away, and what the hospital said of each. Events are only ever added;
//! how long a result is kept follows them.

use crate::error::{inserting, updating};
use crate::schema::{query_jobs, result_export_events, result_exports};
use crate::{Conn, StoreError, column, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::export::{ExportEnd, ExportEvent, ExportStep, Hearing, ResultExport};
use mudeung_core::id::{ExportId, MemberId, OrganizationId, QueryJobId};
use mudeung_core::member::Role;
use mudeung_core::notification::{Occurrence, Topic};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An export with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The export.
    pub export: ResultExport,
    /// What its events say.
    pub hearing: Hearing,
    /// Its events, oldest first.
    pub events: Vec<ExportEvent>,
}

/// Which exports to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportsOf {
    /// Everybody's.
    All,
    /// Those of one company.
    Organization(OrganizationId),
    /// Those that wait on the hospital at this moment.
    Waiting(Timestamp),
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = result_exports)]
struct Row {
    id: String,
    job: String,
    app: String,
    organization: String,
    grant_id: String,
    dataset: String,
    sql: String,
    tables: String,
    media_type: String,
    rows: i64,
    size_bytes: i64,
    sha256: Vec<u8>,
    salt: Vec<u8>,
    reason: String,
    filed_at: i64,
    until: i64,
    ended_at: Option<i64>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = result_export_events)]
struct EventRow {
    export: String,
    number: i64,
    happened_at: i64,
    member: String,
    kind: String,
    detail: String,
}

/// Files an export, keeps its result until it is decided, and tells the offices that decide. One result is filed once.
pub fn file_export(conn: &mut Conn, export: &ResultExport, offices: BTreeSet<Role>) -> Result<(), StoreError> {
    let row = Row {
        id: export.id.to_string(),
        job: export.job.to_string(),
        app: export.app.to_string(),
        organization: export.organization.to_string(),
        grant_id: export.grant.to_string(),
        dataset: export.dataset.to_string(),
        sql: export.sql.clone(),
        tables: export.tables.clone(),
        media_type: export.media_type.clone(),
        rows: column::count(export.rows),
        size_bytes: column::count(export.size_bytes),
        sha256: export.sha256.to_vec(),
        salt: export.salt.to_vec(),
        reason: export.reason.clone(),
        filed_at: export.filed_at.micros(),
        until: export.until.micros(),
        ended_at: None,
    };
    inserting(diesel::insert_into(result_exports::table).values(row).execute(&mut conn.0), "the export")?;
    keep_result(conn, export.job, export.filed_at, export.until)?;
    let filed = Occurrence::of_export(export, Topic::ExportFiled, None, export.filed_at);
    notifications::tell(conn, &filed.for_turn(offices))
}

/// Adds what is decided on what is there now, and tells the company of an end. What was released is kept until
/// `kept_until`; what was refused goes. Of two who decide at once, the second decides on what the first made of it, or fails.
pub fn decide_export(
    conn: &mut Conn,
    id: ExportId,
    at: Timestamp,
    by: MemberId,
    kept_until: Timestamp,
    decide: impl FnOnce(&Heard) -> Result<Vec<ExportStep>, StoreError>,
) -> Result<Heard, StoreError> {
    let mut heard = find_export(conn, id)?.ok_or(StoreError::NotFound { what: "export" })?;
    for what in decide(&heard)? {
        let event = heard.hearing.next(at, by, what);
        heard.hearing.apply(&event)?;
        let row = EventRow {
            export: id.to_string(),
            number: i64::from(event.number),
            happened_at: event.at.micros(),
            member: event.by.to_string(),
            kind: event.what.as_str().to_owned(),
            detail: detail(&event.what),
        };
        inserting(diesel::insert_into(result_export_events::table).values(row).execute(&mut conn.0), "the next event")?;
        heard.events.push(event);
    }
    let Some((end, _)) = &heard.hearing.end else { return Ok(heard) };
    let ended = result_exports::ended_at.eq(at.micros());
    let ended = diesel::update(result_exports::table.find(id.to_string())).set(ended).execute(&mut conn.0);
    updating(ended, "export")?;
    let (topic, kept_until) = match end {
        ExportEnd::Released => (Topic::ExportReleased, kept_until),
        ExportEnd::Refused { .. } => (Topic::ExportRefused, at),
    };
    keep_result(conn, heard.export.job, at, kept_until)?;
    notifications::tell(conn, &Occurrence::of_export(&heard.export, topic, Some(by), at))?;
    Ok(heard)
}

/// The result of a job that is not over is kept until a moment. Fails when it is gone: nothing is decided about nothing.
fn keep_result(conn: &mut Conn, job: QueryJobId, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
    let there = query_jobs::expires_at.gt(now.micros()).and(query_jobs::finished_at.is_not_null());
    let there = query_jobs::table.find(job.to_string()).filter(there);
    let until = query_jobs::expires_at.eq(until.micros());
    updating(diesel::update(there).set(until).execute(&mut conn.0), "query job")
}

/// The export with its history, when there is one.
pub fn find_export(conn: &mut Conn, id: ExportId) -> Result<Option<Heard>, StoreError> {
    let found = result_exports::table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?;
    found.map(|row| heard(conn, row)).transpose()
}

/// The exports of some jobs, in no order.
pub fn list_exports_of_jobs(conn: &mut Conn, jobs: &[QueryJobId]) -> Result<Vec<Heard>, StoreError> {
    let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    let query = result_exports::table.filter(result_exports::job.eq_any(jobs));
    query.load::<Row>(&mut conn.0)?.into_iter().map(|row| heard(conn, row)).collect()
}

/// The latest exports, newest first; those that wait, the most urgent first.
pub fn list_exports(conn: &mut Conn, of: ExportsOf, count_max: i64) -> Result<Vec<Heard>, StoreError> {
    let query = result_exports::table.limit(count_max).into_boxed();
    let query = match of {
        ExportsOf::All => query.order(result_exports::id.desc()),
        ExportsOf::Organization(organization) => {
            query.filter(result_exports::organization.eq(organization.to_string())).order(result_exports::id.desc())
        }
        ExportsOf::Waiting(now) => {
            let waiting = result_exports::ended_at.is_null().and(result_exports::until.gt(now.micros()));
            query.filter(waiting).order((result_exports::until.asc(), result_exports::id.asc()))
        }
    };
    query.load::<Row>(&mut conn.0)?.into_iter().map(|row| heard(conn, row)).collect()
}

fn heard(conn: &mut Conn, row: Row) -> Result<Heard, StoreError> {
    let query = result_export_events::table.filter(result_export_events::export.eq(&row.id));
    let rows = query.order(result_export_events::number).load::<EventRow>(&mut conn.0)?;
    let events = rows.into_iter().map(event).collect::<Result<Vec<_>, StoreError>>()?;
    let export = ResultExport {
        id: column::id(&row.id)?,
        job: column::id(&row.job)?,
        app: column::id(&row.app)?,
        organization: column::id(&row.organization)?,
        grant: column::id(&row.grant_id)?,
        dataset: column::name(&row.dataset)?,
        sql: row.sql,
        tables: row.tables,
        media_type: row.media_type,
        rows: column::count_back(row.rows)?,
        size_bytes: column::count_back(row.size_bytes)?,
        sha256: column::hash(&row.sha256)?,
        salt: column::hash(&row.salt)?,
        reason: row.reason,
        filed_at: Timestamp::from_micros(row.filed_at),
        until: Timestamp::from_micros(row.until),
    };
    let hearing = Hearing::of(&events).map_err(StoreError::corrupt)?;
    Ok(Heard { export, hearing, events })
}

fn detail(what: &ExportStep) -> String {
    match what {
        ExportStep::Consented { role, text } => json!({ "role": role.as_str(), "text": text }).to_string(),
        ExportStep::Released => json!({}).to_string(),
        ExportStep::Refused { text } => json!({ "text": text }).to_string(),
    }
}

fn event(row: EventRow) -> Result<ExportEvent, StoreError> {
    let value: Value = serde_json::from_str(&row.detail).map_err(StoreError::corrupt)?;
    let missing = || StoreError::Corrupt(format!("event {} of {} lacks a part", row.number, row.export));
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing);
    let what = match row.kind.as_str() {
        "consented" => {
            let role = text("role")?;
            let role = Role::parse(&role).ok_or_else(|| column::unknown("role", &role))?;
            ExportStep::Consented { role, text: text("text")? }
        }
        "released" => ExportStep::Released,
        "refused" => ExportStep::Refused { text: text("text")? },
        other => return Err(column::unknown("event of an export", other)),
    };
    Ok(ExportEvent {
        number: column::number_back(row.number)?,
        at: Timestamp::from_micros(row.happened_at),
        by: column::id(&row.member)?,
        what,
    })
}
