//! Incidents: whoever knows of one says so, the hospital handles it, and the clock of the law is on the page.

use super::desk::{Desk, FreshWatchers, IncidentReaders, Roles};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::texts::IncidentTexts;
use super::{moment, path};
use crate::fault::Fault;
use crate::snapshots;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::id::{IncidentId, OrganizationId};
use mudeung_core::incident::{Incident, IncidentKind, IncidentStep, Told};
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::organization::OrganizationKind;
use mudeung_core::policy::Snapshot;
use mudeung_store::incidents::{self, Handled};
use mudeung_store::{Conn, members};
use mudeung_wire::ledger::entry::Entry;
use std::time::Duration;

/// How many are shown.
const SHOWN_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    page: Page,
    t: &'static IncidentTexts,
    lines: Vec<Line>,
    is_hospital: bool,
    may_handle: bool,
    kinds: Vec<(&'static str, &'static str)>,
    companies: Vec<(String, String)>,
    datasets: Vec<String>,
    typed: Typed,
}

/// What was typed, to be shown again.
#[derive(Default)]
struct Typed {
    kind: String,
    day: String,
    time: String,
    company: String,
    dataset: String,
    description: String,
}

struct Line {
    id: String,
    kind: &'static str,
    is_closed: bool,
    known: String,
    reported: String,
    company: String,
    dataset: String,
    description: String,
    due: Option<String>,
    is_overdue: bool,
    untold: Vec<(&'static str, &'static str)>,
    history: Vec<(String, String, String)>,
}

/// Shows the incidents, and the form to report one.
pub(super) async fn list_incidents(desk: Desk<IncidentReaders>) -> Result<HttpResponse, Fault> {
    show(&desk, None, Typed::default()).await
}

/// Enters an incident. A company's member enters their own company's.
pub(super) async fn report_incident(desk: Desk<IncidentReaders>, form: Submitted) -> Result<HttpResponse, Fault> {
    let incident = match read_incident(&desk, &form.0) {
        Ok(incident) => incident,
        Err(problem) => return show(&desk, Some(problem), typed(&form.0)).await,
    };
    let id = incident.id;
    let intent = Entry {
        dataset: incident.dataset.as_ref().map(ToString::to_string),
        detail: Some(format!("{id} {}", incident.kind.as_str())),
        ..desk.entry("incident.report")
    };
    let hospital = hospital(&desk.app.snapshots.present()).unwrap_or(desk.signed_in.organization.id);
    let add = move |conn: &mut Conn| incidents::insert_incident(conn, &incident, hospital);
    desk.change("report incident", intent, add).await?;
    Ok(desk.go("/incidents", "incident-reported"))
}

/// Writes down what was found or done.
pub(super) async fn note_on_incident(
    desk: Desk<FreshWatchers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    handle(&desk, &id, &form.0, "incident.note", |text| Ok(IncidentStep::Noted { text })).await
}

/// Writes down that somebody was told, or need not be.
pub(super) async fn tell_of_incident(
    desk: Desk<FreshWatchers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let whom = Told::parse(form.0.text("whom"));
    let bad = IncidentTexts::of(desk.page.language).bad_whom;
    let told = move |text| Ok(IncidentStep::Told { whom: whom.ok_or(bad)?, text });
    handle(&desk, &id, &form.0, "incident.tell", told).await
}

/// Closes an incident.
pub(super) async fn close_incident(
    desk: Desk<FreshWatchers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    handle(&desk, &id, &form.0, "incident.close", |text| Ok(IncidentStep::Closed { text })).await
}

/// How many incidents this member has still to see told.
pub(super) async fn waiting<R: Roles>(desk: &Desk<R>) -> Result<usize, Fault> {
    if !desk.signed_in.has(FreshWatchers::ROLES) {
        return Ok(0);
    }
    let list = |conn: &mut Conn| incidents::list_incidents(conn, None, SHOWN_MAX);
    let all = desk.app.db.read("look for incidents", list).await?;
    let open = all.iter().filter(|handled| handled.handling.closed_at.is_none());
    Ok(open.filter(|handled| handled.handling.due(&handled.incident).is_some()).count())
}

async fn handle(
    desk: &Desk<FreshWatchers>,
    id: &str,
    form: &Fields,
    operation: &'static str,
    what: impl FnOnce(String) -> Result<IncidentStep, &'static str>,
) -> Result<HttpResponse, Fault> {
    let id: IncidentId = path(id)?;
    let text = form.paragraph("text", 1..=4_000).ok_or(IncidentTexts::of(desk.page.language).bad_text);
    let what = match text.and_then(what) {
        Ok(what) => what,
        Err(problem) => return show(desk, Some(problem), Typed::default()).await,
    };
    let intent = Entry { detail: Some(id.to_string()), ..desk.entry(operation) };
    let (by, now) = (desk.signed_in.member.id, desk.app.clock.now());
    let add = move |conn: &mut Conn| incidents::append_event(conn, id, now, by, what);
    desk.change("handle incident", intent, add).await?;
    Ok(desk.go("/incidents", "incident-handled"))
}

fn read_incident(desk: &Desk<IncidentReaders>, form: &Fields) -> Result<Incident, &'static str> {
    let (t, now) = (IncidentTexts::of(desk.page.language), desk.app.clock.now());
    let kind = IncidentKind::parse(form.text("kind")).ok_or(t.bad_kind)?;
    let known_at = read_moment(form.text("day"), form.text("time")).filter(|at| *at <= now).ok_or(t.bad_known)?;
    let description = form.paragraph("description", 20..=4_000).ok_or(t.bad_description)?;
    let snapshot = desk.app.snapshots.present();
    let named = form.text("company").parse::<OrganizationId>().ok();
    let named = named.filter(|id| snapshot.organizations.contains_key(id) && Some(*id) != hospital(&snapshot));
    let dataset = Name::parse(form.text("dataset")).ok().filter(|name| snapshot.datasets.contains_key(name));
    Ok(Incident {
        id: IncidentId::generate(&*desk.app.clock, &*desk.app.entropy),
        kind,
        description,
        organization: if desk.signed_in.is_hospital() { named } else { Some(desk.signed_in.organization.id) },
        dataset,
        known_at,
        reported_by: desk.signed_in.member.id,
        reported_at: now,
    })
}

/// A day and a time of day in KST.
fn read_moment(day: &str, time: &str) -> Option<Timestamp> {
    let (hours, minutes) = time.split_once(':')?;
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
    let within = hours < 24 && minutes < 60;
    let start = moment::start_of_day(day).filter(|_| within)?;
    Some(start.plus(Duration::from_secs(hours * 3_600 + minutes * 60)))
}

fn typed(form: &Fields) -> Typed {
    let text = |name: &str| form.text(name).to_owned();
    Typed {
        kind: text("kind"),
        day: text("day"),
        time: text("time"),
        company: text("company"),
        dataset: text("dataset"),
        description: text("description"),
    }
}

fn hospital(snapshot: &Snapshot) -> Option<OrganizationId> {
    snapshots::hospital(snapshot).map(|hospital| hospital.id)
}

async fn show<R: Roles>(desk: &Desk<R>, problem: Option<&'static str>, typed: Typed) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let list = move |conn: &mut Conn| {
        let all = incidents::list_incidents(conn, scope, SHOWN_MAX)?;
        Ok((all, members::list_members(conn, scope)?))
    };
    let (all, people) = desk.app.db.read("list incidents", list).await?;
    let name = |id| people.iter().find(|member| member.id == id).map(|member| member.name.clone()).unwrap_or_default();
    let snapshot = desk.app.snapshots.present();
    let mut page = desk.page.clone();
    page.problem = problem;
    let t = IncidentTexts::of(page.language);
    let is_hospital = desk.signed_in.is_hospital();
    let companies = snapshot.organizations.values().filter(|found| found.kind != OrganizationKind::Hospital);
    let mut companies: Vec<(String, String)> =
        companies.map(|company| (company.id.to_string(), company.name.clone())).collect();
    companies.sort_by(|one, other| one.1.cmp(&other.1));
    let shown = IncidentsPage {
        t,
        lines: all.iter().map(|handled| line(desk, &snapshot, handled, &name)).collect(),
        is_hospital,
        may_handle: desk.signed_in.has(&[Role::Auditor, Role::Admin]),
        kinds: IncidentKind::ALL.map(|kind| (kind.as_str(), kind_text(t, kind))).to_vec(),
        companies: if is_hospital { companies } else { Vec::new() },
        datasets: snapshot.datasets.keys().map(ToString::to_string).collect(),
        typed,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

fn line<R: Roles>(
    desk: &Desk<R>,
    snapshot: &Snapshot,
    handled: &Handled,
    name: &impl Fn(mudeung_core::id::MemberId) -> String,
) -> Line {
    let (t, now) = (IncidentTexts::of(desk.page.language), desk.app.clock.now());
    let Handled { incident, handling, events } = handled;
    let due = handling.due(incident).filter(|_| handling.closed_at.is_none());
    let company = incident.organization.and_then(|id| snapshot.organizations.get(&id));
    let said = |what: &IncidentStep| match what {
        IncidentStep::Noted { text } => text.clone(),
        IncidentStep::Told { whom, text } => format!("{}: {text}", told_text(t, *whom)),
        IncidentStep::Closed { text } => format!("{}: {text}", t.close),
    };
    // What the hospital does about it is its own until it tells the company.
    let shown = if desk.signed_in.is_hospital() { events.as_slice() } else { &[] };
    Line {
        id: incident.id.to_string(),
        kind: kind_text(t, incident.kind),
        is_closed: handling.closed_at.is_some(),
        known: moment::minute(incident.known_at),
        reported: format!("{}, {}", name(incident.reported_by), moment::minute(incident.reported_at)),
        company: company.map_or_else(|| t.own.to_owned(), |company| company.name.clone()),
        dataset: incident.dataset.as_ref().map(ToString::to_string).unwrap_or_default(),
        description: incident.description.clone(),
        is_overdue: due.is_some_and(|due| due <= now),
        due: due.map(moment::minute),
        untold: handling.untold(incident).map(|whom| (whom.as_str(), told_text(t, whom))).collect(),
        history: shown.iter().map(|event| (moment::minute(event.at), name(event.by), said(&event.what))).collect(),
    }
}

const fn kind_text(t: &'static IncidentTexts, kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Reidentification => t.reidentification,
        IncidentKind::Disclosure => t.disclosure,
        IncidentKind::Misuse => t.misuse,
        IncidentKind::Loss => t.loss,
        IncidentKind::Failure => t.failure,
    }
}

const fn told_text(t: &'static IncidentTexts, whom: Told) -> &'static str {
    match whom {
        Told::Persons => t.persons,
        Told::Authority => t.authority,
    }
}
