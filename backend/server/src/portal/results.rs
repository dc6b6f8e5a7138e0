//! Exports: results that companies want to take away, and what the hospital says of each after it looked at the very bytes.

use super::desk::{Desk, FreshReleasers, Releasers, ResultReaders, Roles};
use super::fields::{Fields, Submitted};
use super::home::role_name;
use super::page::{self, Page};
use super::texts::{HomeTexts, ResultTexts};
use super::{figure, moment, path};
use crate::data::jobs::{detail, held_bytes, keep_until};
use crate::fault::Fault;
use crate::hex::hex;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Clock;
use mudeung_core::export::{ExportState, ExportStep, NoConsent};
use mudeung_core::id::ExportId;
use mudeung_core::state::InvalidTransition;
use mudeung_store::exports::{self, ExportsOf, Heard};
use mudeung_store::{Conn, StoreError, members};
use mudeung_wire::ledger::entry::{Entry, Status};
use sha2::{Digest, Sha256};

/// How many are shown.
const SHOWN_MAX: i64 = 200;
/// What whoever consents must have looked at.
const CHECKS: [&str; 3] = ["cells", "rows", "used"];

/// Somebody else was there first.
const DECIDED_MEANWHILE: InvalidTransition =
    InvalidTransition { machine: "export", from: "decided", action: "be consented to" };

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage {
    page: Page,
    t: &'static ResultTexts,
    is_hospital: bool,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "result.html")]
struct ResultPage {
    page: Page,
    t: &'static ResultTexts,
    is_hospital: bool,
    line: Line,
    sql: String,
    tables: String,
    reason: String,
    /// Empty as long as the company may not have the result.
    sha256: String,
    wanted: String,
    may_look: bool,
    may_decide: bool,
    history: Vec<(String, String, &'static str, String)>,
    typed: Typed,
}

/// What was typed, to be shown again.
#[derive(Default)]
struct Typed {
    checked: Vec<String>,
    text: String,
    refusal: String,
}

impl Typed {
    fn has(&self, check: &str) -> bool {
        self.checked.iter().any(|checked| checked == check)
    }
}

struct Line {
    id: String,
    state: ExportState,
    state_text: &'static str,
    company: String,
    app: String,
    grant: String,
    dataset: String,
    filed: String,
    until: Option<String>,
    size: String,
}

impl Line {
    fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            ExportState::Waiting => ("wait", "…"),
            ExportState::Released => ("good", "✓"),
            ExportState::Refused | ExportState::Lapsed => ("stop", "×"),
        }
    }
}

/// Shows the exports: a company's own, or all; those that wait first.
pub(super) async fn list_results(desk: Desk<ResultReaders>) -> Result<HttpResponse, Fault> {
    let (organization, now) = (desk.signed_in.organization.id, desk.app.clock.now());
    let is_hospital = desk.signed_in.is_hospital();
    let list = move |conn: &mut Conn| {
        if !is_hospital {
            return exports::list_exports(conn, ExportsOf::Organization(organization), SHOWN_MAX);
        }
        let mut found = exports::list_exports(conn, ExportsOf::Waiting(now), SHOWN_MAX)?;
        let known: Vec<ExportId> = found.iter().map(|heard| heard.export.id).collect();
        let all = exports::list_exports(conn, ExportsOf::All, SHOWN_MAX)?;
        found.extend(all.into_iter().filter(|heard| !known.contains(&heard.export.id)));
        Ok(found)
    };
    let found = desk.app.db.read("list exports", list).await?;
    let page = desk.page.clone();
    let lines = found.iter().map(|heard| line(&desk, heard)).collect();
    let shown = ResultsPage { t: ResultTexts::of(page.language), is_hospital, lines, page: page.clone() };
    page::show(&page, StatusCode::OK, &shown)
}

/// Shows one export.
pub(super) async fn show_result(desk: Desk<ResultReaders>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let heard = find(&desk, &id).await?;
    show(&desk, &heard, None, Typed::default()).await
}

/// The bytes that would leave, for those who decide. That somebody looked is in the ledger first.
pub(super) async fn look_at_result(desk: Desk<Releasers>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let heard = find(&desk, &id).await?;
    let intent = entry(&desk, &heard, "export.look");
    if state(&desk, &heard) != ExportState::Waiting {
        return Err(record::refuse(&desk.app, intent, Fault::not_found()).await);
    }
    let opened = record::open(&desk.app, intent).await?;
    let bytes = match held_bytes(&desk.app, heard.export.job).await {
        Ok(bytes) => bytes,
        Err(fault) => {
            opened.close(Status::Aborted, None);
            return Err(fault);
        }
    };
    opened.close(Status::Completed, None);
    let mut answer = HttpResponse::Ok();
    page::harden(&mut answer, false);
    answer.content_type("text/plain; charset=utf-8");
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer.insert_header((CONTENT_DISPOSITION, "inline"));
    Ok(answer.body(bytes))
}

/// Consents in one of the member's offices; the last consent that is needed releases the result.
pub(super) async fn consent_to_result(
    desk: Desk<FreshReleasers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let t = ResultTexts::of(desk.page.language);
    let heard = find(&desk, &id).await?;
    let text = match checked(&form.0, t) {
        Ok(text) => text,
        Err(problem) => return show(&desk, &heard, Some(problem), typed(&form.0)).await,
    };
    let (need, member, now) = (desk.app.portal.house.exports.clone(), &desk.signed_in.member, desk.app.clock.now());
    let (by, roles) = (member.id, member.roles.clone());
    let consent = move |heard: &Heard| heard.hearing.consent(&heard.export, &need, (by, &roles), &text, now);
    let released = match consent(&heard) {
        Ok(steps) => steps.contains(&ExportStep::Released),
        Err(no) => return show(&desk, &heard, Some(no_text(t, no)), typed(&form.0)).await,
    };
    let sha256: [u8; 32] = Sha256::digest(held_bytes(&desk.app, heard.export.job).await?).into();
    if sha256 != heard.export.sha256 {
        return show(&desk, &heard, Some(t.changed), typed(&form.0)).await;
    }
    let operation = if released { "export.release" } else { "export.consent" };
    // What the ledger was told before is what happens, or nothing does.
    let again = move |heard: &Heard| {
        let steps = consent(heard).ok().filter(|steps| steps.contains(&ExportStep::Released) == released);
        steps.ok_or(StoreError::InvalidTransition(DECIDED_MEANWHILE))
    };
    decide(&desk, &heard, operation, again).await?;
    Ok(desk.go(&format!("/results/{}", heard.export.id), if released { "result-released" } else { "result-consented" }))
}

/// Refuses an export: one office is enough.
pub(super) async fn refuse_result(
    desk: Desk<FreshReleasers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let t = ResultTexts::of(desk.page.language);
    let heard = find(&desk, &id).await?;
    let problem = if state(&desk, &heard) != ExportState::Waiting {
        Some(t.over)
    } else if !is_asked(&desk) {
        Some(t.not_asked)
    } else {
        None
    };
    let text = form.0.paragraph("refusal", 1..=2_000).ok_or(t.bad_text);
    let text = match problem.map_or(text, Err) {
        Ok(text) => text,
        Err(problem) => return show(&desk, &heard, Some(problem), typed(&form.0)).await,
    };
    decide(&desk, &heard, "export.refuse", move |_| Ok(vec![ExportStep::Refused { text }])).await?;
    Ok(desk.go(&format!("/results/{}", heard.export.id), "result-refused"))
}

/// How many exports wait on this member.
pub(super) async fn waiting<R: Roles>(desk: &Desk<R>) -> Result<usize, Fault> {
    if !desk.signed_in.is_hospital() || !is_asked(desk) {
        return Ok(0);
    }
    let now = desk.app.clock.now();
    let list = move |conn: &mut Conn| exports::list_exports(conn, ExportsOf::Waiting(now), SHOWN_MAX);
    let found = desk.app.db.read("look for exports", list).await?;
    let roles = &desk.signed_in.member.roles;
    let need = &desk.app.portal.house.exports;
    let mine = |heard: &&Heard| {
        heard.hearing.wanted(need).any(|role| roles.contains(&role))
            && !heard.hearing.consents.values().any(|by| *by == desk.signed_in.member.id)
    };
    Ok(found.iter().filter(mine).count())
}

async fn find<R: Roles>(desk: &Desk<R>, id: &str) -> Result<Heard, Fault> {
    let id: ExportId = path(id)?;
    let found = desk.app.db.read("find export", move |conn| exports::find_export(conn, id)).await?;
    found.filter(|heard| desk.signed_in.sees(heard.export.organization)).ok_or_else(Fault::not_found)
}

fn state<R: Roles>(desk: &Desk<R>, heard: &Heard) -> ExportState {
    heard.hearing.state(&heard.export, desk.app.clock.now())
}

/// Whether the member may know how much there is of a result, and its hash: both may tell what is in it.
fn may_know<R: Roles>(desk: &Desk<R>, heard: &Heard) -> bool {
    desk.signed_in.is_hospital() || state(desk, heard) == ExportState::Released
}

/// Whether one of the member's offices has a say in exports.
fn is_asked<R: Roles>(desk: &Desk<R>) -> bool {
    let offices = desk.app.portal.house.exports.things();
    desk.signed_in.member.roles.iter().any(|role| offices.contains(role))
}

/// What was checked, as the form says it, or what it lacks.
fn checked(form: &Fields, t: &'static ResultTexts) -> Result<String, &'static str> {
    if CHECKS.iter().any(|check| form.text(check) != "yes") {
        return Err(t.bad_checks);
    }
    form.paragraph("text", 1..=2_000).ok_or(t.bad_text)
}

const fn no_text(t: &'static ResultTexts, no: NoConsent) -> &'static str {
    match no {
        NoConsent::Over => t.over,
        NoConsent::NotAsked => t.not_asked,
        NoConsent::Twice => t.twice,
    }
}

/// Writes a decision down on what is there in its transaction: of two offices at once, the second sees the first.
async fn decide(
    desk: &Desk<FreshReleasers>,
    heard: &Heard,
    operation: &'static str,
    steps: impl FnOnce(&Heard) -> Result<Vec<ExportStep>, StoreError> + Send + 'static,
) -> Result<(), Fault> {
    let (id, by, now) = (heard.export.id, desk.signed_in.member.id, desk.app.clock.now());
    let kept_until = keep_until(&desk.app, now);
    let append = move |conn: &mut Conn| exports::decide_export(conn, id, now, by, kept_until, steps).map(drop);
    desk.change("decide export", entry(desk, heard, operation), append).await
}

fn entry<R: Roles>(desk: &Desk<R>, heard: &Heard, operation: &str) -> Entry {
    let export = &heard.export;
    Entry {
        app: Some(export.app.to_string()),
        dataset: Some(export.dataset.to_string()),
        grant: Some(export.grant.to_string()),
        filter: Some(export.sql.clone()),
        table: Some(export.tables.clone()),
        detail: Some(detail(export)),
        ..desk.entry(operation)
    }
}

fn typed(form: &Fields) -> Typed {
    let ticked = CHECKS.into_iter().filter(|check| form.text(check) == "yes");
    Typed {
        checked: ticked.map(str::to_owned).collect(),
        text: form.text("text").to_owned(),
        refusal: form.text("refusal").to_owned(),
    }
}

fn line<R: Roles>(desk: &Desk<R>, heard: &Heard) -> Line {
    let t = ResultTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let export = &heard.export;
    let state = state(desk, heard);
    let company = snapshot.organizations.get(&export.organization);
    let app = snapshot.apps.get(&export.app);
    Line {
        id: export.id.to_string(),
        state,
        state_text: state_text(t, state),
        company: company.map_or_else(|| export.organization.to_string(), |company| company.name.clone()),
        app: app.map_or_else(|| export.app.to_string(), |app| app.name.clone()),
        grant: export.grant.to_string(),
        dataset: export.dataset.to_string(),
        filed: moment::minute(export.filed_at),
        until: (state == ExportState::Waiting).then(|| moment::minute(export.until)),
        size: if may_know(desk, heard) {
            format!(
                "{} {}, {} {} ({})",
                figure::grouped(export.rows),
                t.rows,
                figure::grouped(export.size_bytes),
                t.bytes,
                export.media_type
            )
        } else {
            t.size_untold.to_owned()
        },
    }
}

const fn state_text(t: &'static ResultTexts, state: ExportState) -> &'static str {
    match state {
        ExportState::Waiting => t.state_waiting,
        ExportState::Released => t.state_released,
        ExportState::Refused => t.state_refused,
        ExportState::Lapsed => t.state_lapsed,
    }
}

async fn show<R: Roles>(
    desk: &Desk<R>,
    heard: &Heard,
    problem: Option<&'static str>,
    typed: Typed,
) -> Result<HttpResponse, Fault> {
    let t = ResultTexts::of(desk.page.language);
    let (is_hospital, names_of_roles) = (desk.signed_in.is_hospital(), HomeTexts::of(desk.page.language));
    let ids: Vec<_> = heard.events.iter().map(|event| event.by).collect();
    let names = desk.app.db.read("find members", move |conn| names(conn, &ids)).await?;
    // A company reads what was said to it, and not who of the hospital said it.
    let history = heard.events.iter().zip(names).map(|(event, name)| {
        let (what, text) = match &event.what {
            ExportStep::Consented { role, text } => {
                (t.consented, format!("{}: {text}", role_name(names_of_roles, *role)))
            }
            ExportStep::Released => (t.released, String::new()),
            ExportStep::Refused { text } => (t.refused, text.clone()),
        };
        (moment::minute(event.at), name, what, text)
    });
    let is_refusal = |what: &&'static str| *what == t.refused || *what == t.released;
    let history = history
        .filter(|(_, _, what, _)| is_hospital || is_refusal(what))
        .map(|(at, name, what, text)| (at, if is_hospital { name } else { String::new() }, what, text));
    let waits = state(desk, heard) == ExportState::Waiting;
    let mut page = desk.page.clone();
    page.problem = problem;
    let wanted = heard.hearing.wanted(&desk.app.portal.house.exports);
    let shown = ResultPage {
        t,
        is_hospital,
        line: line(desk, heard),
        sql: heard.export.sql.clone(),
        tables: heard.export.tables.clone(),
        reason: heard.export.reason.clone(),
        sha256: if may_know(desk, heard) { hex(&heard.export.sha256) } else { String::new() },
        wanted: wanted.map(|role| role_name(names_of_roles, role)).collect::<Vec<_>>().join(", "),
        may_look: waits && desk.signed_in.has(Releasers::ROLES),
        may_decide: waits && is_hospital && is_asked(desk),
        history: history.collect(),
        typed,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

fn names(conn: &mut Conn, ids: &[mudeung_core::id::MemberId]) -> Result<Vec<String>, StoreError> {
    let name = |id: &mudeung_core::id::MemberId| {
        let found = members::find_member(conn, *id)?;
        Ok(found.map_or_else(|| id.to_string(), |member| member.name))
    };
    ids.iter().map(name).collect()
}
