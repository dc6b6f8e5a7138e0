//! One grant from its first day to its closing: the company reports, asks to go on, and declares what it read destroyed; the
//! hospital reads, answers, and takes the declaration.

use super::{GrantCard, card};
use crate::fault::Fault;
use crate::hex::hex as digits;
use crate::portal::desk::{Anyone, Checkers, Desk, FreshConfirmers, FreshSigners, Reporters, Roles};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::page::{self, Page};
use crate::portal::said::Said;
use crate::portal::texts::{CourseTexts, GrantsTexts};
use crate::portal::{figure, moment, path, print};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::GrantState;
use mudeung_core::grant::course::{Course, CourseStep, Destruction, Duty, Life, Method};
use mudeung_core::id::{GrantId, MemberId};
use mudeung_core::member::Role;
use mudeung_core::request::permission::Act;
use mudeung_paper::Block;
use mudeung_store::{Conn, StoreError, UsedBy, courses, grants, members};
use mudeung_wire::ledger::entry::Entry;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Template)]
#[template(path = "grant.html")]
struct GrantPage {
    page: Page,
    t: &'static GrantsTexts,
    c: &'static CourseTexts,
    grant: GrantCard,
    due: Option<DueLine>,
    reports: Vec<ReportLine>,
    declared: Option<DeclaredLine>,
    refused: Option<String>,
    closed: Option<String>,
    renewals: Vec<String>,
    is_renewed: bool,
    methods: Vec<(&'static str, &'static str)>,
    may: May,
    typed: Typed,
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    page: Page,
    t: &'static GrantsTexts,
    c: &'static CourseTexts,
    grant: GrantCard,
    declared: DeclaredLine,
    closed: String,
    read: String,
    hash: String,
}

/// What is owed next, and how urgent it is.
pub(super) struct DueLine {
    pub(super) what: &'static str,
    pub(super) at: String,
    pub(super) urgency: &'static str,
    pub(super) class: &'static str,
    pub(super) is_late: bool,
}

struct ReportLine {
    by: String,
    at: String,
    text: String,
    answer: Option<(String, String)>,
}

struct DeclaredLine {
    by: String,
    at: String,
    until: String,
    method: &'static str,
    copies: String,
    kept: String,
    witness: String,
}

/// What the member may do now.
struct May {
    report: bool,
    renew: bool,
    declare: bool,
    answer: bool,
    decide: bool,
}

/// What was typed, to be shown again.
#[derive(Default)]
struct Typed {
    report: String,
    answer: String,
    until: String,
    method: String,
    copies: String,
    kept: String,
    witness: String,
    reason: String,
}

/// Shows one grant.
pub(in crate::portal) async fn show_grant(desk: Desk<Anyone>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    show(&desk, &life, None, Typed::default()).await
}

/// Reports how the work goes.
pub(in crate::portal) async fn report_on_grant(
    desk: Desk<Reporters>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    let Some(text) = form.0.paragraph("report", 20..=4_000) else {
        let typed = Typed { report: form.0.text("report").to_owned(), ..Typed::default() };
        return show(&desk, &life, Some(texts(&desk).bad_report), typed).await;
    };
    if !life.was_opened {
        return show(&desk, &life, Some(texts(&desk).never_open), Typed::default()).await;
    }
    happen(&desk, &life, "grant.report", "", CourseStep::Reported { text }, false).await?;
    Ok(go(&desk, &life, "grant-reported"))
}

/// Says that all reports were read.
pub(in crate::portal) async fn answer_reports(
    desk: Desk<Checkers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    let Some(text) = form.0.paragraph("answer", 1..=2_000) else {
        let typed = Typed { answer: form.0.text("answer").to_owned(), ..Typed::default() };
        return show(&desk, &life, Some(texts(&desk).bad_answer), typed).await;
    };
    happen(&desk, &life, "grant.read_reports", "", CourseStep::Noted { text }, false).await?;
    Ok(go(&desk, &life, "reports-read"))
}

/// Declares that everything that was read is destroyed. A grant that is still live ends with it.
pub(in crate::portal) async fn declare_destruction(
    desk: Desk<FreshSigners>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    let destruction = match read_destruction(&life, &form.0, desk.app.clock.now(), texts(&desk)) {
        Ok(destruction) => destruction,
        Err(problem) => return show(&desk, &life, Some(problem), typed_destruction(&form.0)).await,
    };
    let hash = hash(&destruction);
    happen(&desk, &life, "grant.declare_destroyed", &hash, CourseStep::Declared(destruction), true).await?;
    Ok(go(&desk, &life, "destruction-declared"))
}

/// Sends a declaration back.
pub(in crate::portal) async fn refuse_destruction(
    desk: Desk<FreshConfirmers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    let Some(reason) = form.0.paragraph("reason", 1..=2_000) else {
        let typed = Typed { reason: form.0.text("reason").to_owned(), ..Typed::default() };
        return show(&desk, &life, Some(texts(&desk).bad_refusal), typed).await;
    };
    happen(&desk, &life, "grant.refuse_destruction", "", CourseStep::Refused { reason }, false).await?;
    Ok(go(&desk, &life, "destruction-refused"))
}

/// Takes a declaration and closes the grant.
pub(in crate::portal) async fn close_grant(
    desk: Desk<FreshConfirmers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let life = find(&desk, &id).await?;
    let hash = life.course.declared.as_ref().map(|declared| hash(&declared.destruction)).unwrap_or_default();
    happen(&desk, &life, "grant.close", &hash, CourseStep::Confirmed, false).await?;
    Ok(go(&desk, &life, "grant-closed"))
}

/// Shows the certificate of a grant that is closed.
pub(in crate::portal) async fn show_certificate(
    desk: Desk<Anyone>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let (shown, _) = certificate(&desk, &id).await?;
    page::show(&shown.page, StatusCode::OK, &shown)
}

/// Gives the certificate as a file.
pub(in crate::portal) async fn print_certificate(
    desk: Desk<Anyone>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let (shown, at) = certificate(&desk, &id).await?;
    let (page, t, c, grant, said) = (&shown.page, shown.t, shown.c, &shown.grant, &shown.declared);
    let period = format!("{} – {}", grant.from, grant.until);
    let tables: Vec<&str> = grant.tables.iter().map(|table| table.name.as_str()).collect();
    let (tables, by) = (tables.join(", "), format!("{}, {}", said.by, said.at));
    let mut document = print::document(page, &desk.app.snapshots.present(), c.certificate, &grant.id, at);
    document.blocks = vec![
        Block::Paragraph(c.certificate_lead.to_owned()),
        print::pairs([
            (page.t.organization, &grant.organization),
            (page.t.app, &grant.app),
            (page.t.dataset, &format!("{} ({})", grant.dataset_title, grant.dataset)),
            (t.valid, &period),
            (t.purpose, &grant.purpose),
            (page.t.tables, &tables),
            (c.read_volume, &shown.read),
            ("ID", &grant.id),
        ]),
        Block::Heading(c.closing.to_owned()),
        print::pairs([
            (c.declared_by, &by),
            (c.destroyed_on, &said.until),
            (c.method, said.method),
            (c.copies, &said.copies),
            (c.kept, &said.kept),
            (c.witness, &said.witness),
            (c.confirmed_at, &shown.closed),
            (c.hash, &shown.hash),
        ]),
        Block::Small(format!("{}\n{}", c.hash_note, c.certificate_honest)),
        Block::Signatures(vec![c.signs_company.to_owned(), c.signs_hospital.to_owned()]),
    ];
    let name = format!("certificate-{}", grant.id);
    print::send(document, &name).await
}

/// The certificate, and when the hospital took what it is about.
async fn certificate(desk: &Desk<Anyone>, id: &str) -> Result<(CertificatePage, Timestamp), Fault> {
    let life = find(desk, id).await?;
    let course = &life.course;
    let (Some(declaration), Some((_, closed_at))) = (&course.declared, course.confirmed) else {
        return Err(Fault::not_found());
    };
    let names = names(desk, course).await?;
    let by = UsedBy { grant: Some(life.grant.id.to_string()), ..UsedBy::default() };
    let used = desk.app.ledger.used(by).await?;
    let page = desk.page.clone();
    let shown = CertificatePage {
        t: GrantsTexts::of(page.language),
        c: CourseTexts::of(page.language),
        grant: card(desk, &desk.app.snapshots.present(), &life.grant, used, Some(&life)),
        declared: declared(&page, declaration, &names),
        closed: format!("{}, {}", print::hospital(&desk.app.snapshots.present()), moment::minute(closed_at)),
        read: format!("{}, {} {}", figure::size(used.bytes), figure::grouped(used.rows), page.t.rows),
        hash: hash(&declaration.destruction),
        page,
    };
    Ok((shown, closed_at))
}

/// How many grants wait on this member: of a company, what it owes soon; of the hospital, what it has to read or take.
pub(in crate::portal) async fn waiting<R: Roles>(desk: &Desk<R>) -> Result<(usize, &'static str), Fault> {
    let (now, c) = (desk.app.clock.now(), CourseTexts::of(desk.page.language));
    if desk.signed_in.is_hospital() {
        if !desk.signed_in.has(Act::Accept.roles()) {
            return Ok((0, c.waiting_hospital));
        }
        let count = desk.app.db.read("look for reports", courses::count_waiting).await?;
        return Ok((count, c.waiting_hospital));
    }
    let (own, terms) = (desk.signed_in.organization.id, desk.app.portal.house.duties);
    let list = move |conn: &mut Conn| courses::list_unsettled(conn, Some(own));
    let lives = desk.app.db.read("look for duties", list).await?;
    Ok((lives.iter().filter(|life| life.pressing(&terms, now).is_some()).count(), c.waiting_company))
}

/// What is owed next for a grant.
pub(super) fn due_line<R: Roles>(desk: &Desk<R>, life: &Life) -> Option<DueLine> {
    let (terms, now, c) = (desk.app.portal.house.duties, desk.app.clock.now(), CourseTexts::of(desk.page.language));
    let (duty, at) = life.due(&terms, now)?;
    let is_late = life.overdue(&terms, now).is_some();
    let (urgency, class) = match life.pressing(&terms, now) {
        Some(_) if is_late => (c.overdue, "stop"),
        Some(_) => (c.soon, "wait"),
        None => (c.in_time, "good"),
    };
    let (what, at) = match duty {
        Duty::Report => (c.due_report, moment::last_day(at)),
        Duty::Destruction => (c.due_destruction, moment::last_day(at)),
    };
    Some(DueLine { what, at, urgency, class, is_late })
}

/// A grant that the member may see; nothing is said of others.
async fn find<R: Roles>(desk: &Desk<R>, id: &str) -> Result<Life, Fault> {
    let id: GrantId = path(id)?;
    let found = desk.app.db.read("find grant", move |conn| courses::find_life(conn, id)).await?;
    found.filter(|life| desk.signed_in.sees(life.grant.organization)).ok_or_else(Fault::not_found)
}

/// Records that the member does something to a grant, and does it when its course allows it.
async fn happen<R: Roles>(
    desk: &Desk<R>,
    life: &Life,
    operation: &str,
    detail: &str,
    what: CourseStep,
    ends: bool,
) -> Result<(), Fault> {
    let grant = &life.grant;
    let intent = Entry {
        app: Some(grant.app.to_string()),
        dataset: Some(grant.dataset.to_string()),
        tier: Some(grant.tier.to_string()),
        grant: Some(grant.id.to_string()),
        detail: Some(format!("{} {detail}", grant.id).trim_end().to_owned()),
        ..desk.entry(operation)
    };
    let (id, by, now) = (grant.id, desk.signed_in.member.id, desk.app.clock.now());
    desk.change("go on with grant", intent, move |conn| {
        let life = courses::append_event(conn, id, now, by, what)?;
        if ends { end(conn, &life, now) } else { Ok(()) }
    })
    .await
}

/// Ends a grant that still opens something, or would.
fn end(conn: &mut Conn, life: &Life, now: Timestamp) -> Result<(), StoreError> {
    match life.grant.state {
        GrantState::Active if now < life.grant.valid_until => grants::update_grant_state(
            conn,
            life.grant.id,
            &life.grant.state.revoke(Said::Closed.code().to_owned(), now)?,
        ),
        GrantState::Held | GrantState::Active | GrantState::Revoked { .. } => Ok(()),
    }
}

fn read_destruction(
    life: &Life,
    form: &Fields,
    now: Timestamp,
    c: &'static CourseTexts,
) -> Result<Destruction, &'static str> {
    if !life.may_close() {
        return Err(match (life.was_opened, life.is_renewed) {
            (false, _) => c.never_open,
            (true, true) => c.renewed,
            (true, false) => c.declared,
        });
    }
    let start = moment::start_of_day(form.text("until")).ok_or(c.bad_day)?;
    let until = start.plus(DAY);
    if now < start || until <= life.grant.valid_from {
        return Err(c.bad_day);
    }
    let method = Method::parse(form.text("method")).ok_or(c.bad_destruction)?;
    let copies = form.paragraph("copies", 10..=2_000).ok_or(c.bad_destruction)?;
    let kept = form.paragraph("kept", 0..=2_000).ok_or(c.bad_destruction)?;
    let witness = form.line("witness", 1..=100).ok_or(c.bad_destruction)?;
    if form.text("promise") != "yes" {
        return Err(c.bad_promise);
    }
    Ok(Destruction { until, method, copies, kept, witness })
}

fn typed_destruction(form: &Fields) -> Typed {
    let text = |name: &str| form.text(name).to_owned();
    Typed {
        until: text("until"),
        method: text("method"),
        copies: text("copies"),
        kept: text("kept"),
        witness: text("witness"),
        ..Typed::default()
    }
}

async fn show<R: Roles>(
    desk: &Desk<R>,
    life: &Life,
    problem: Option<&'static str>,
    typed: Typed,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    let (id, course) = (life.grant.id, &life.course);
    let renewals = desk.app.db.read("find renewals", move |conn| courses::list_renewals(conn, id)).await?;
    let names = names(desk, course).await?;
    let by = UsedBy { grant: Some(id.to_string()), ..UsedBy::default() };
    let used = desk.app.ledger.used(by).await?;
    let c = CourseTexts::of(page.language);
    let shown = GrantPage {
        t: GrantsTexts::of(page.language),
        c,
        grant: card(desk, &desk.app.snapshots.present(), &life.grant, used, Some(life)),
        due: due_line(desk, life),
        reports: reports(course, &names),
        declared: course.declared.as_ref().map(|said| declared(&page, said, &names)),
        refused: course.refused.clone(),
        closed: course.confirmed.map(|(_, at)| moment::minute(at)),
        renewals: renewals.iter().map(ToString::to_string).collect(),
        is_renewed: life.is_renewed,
        methods: Method::ALL.map(|method| (method.as_str(), method_text(c, method))).to_vec(),
        may: may(desk, life),
        typed,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

fn may<R: Roles>(desk: &Desk<R>, life: &Life) -> May {
    let (course, has) = (&life.course, |roles: &[Role]| desk.signed_in.has(roles));
    let is_open = course.confirmed.is_none();
    May {
        report: is_open && life.was_opened && has(Reporters::ROLES),
        renew: is_open && life.was_opened && has(Act::Submit.roles()),
        declare: is_open && life.may_close() && has(FreshSigners::ROLES),
        answer: is_open && course.unread().next().is_some() && has(Checkers::ROLES),
        decide: is_open && course.declared.is_some() && has(FreshConfirmers::ROLES),
    }
}

fn reports(course: &Course, names: &BTreeMap<MemberId, String>) -> Vec<ReportLine> {
    let line = |report: &mudeung_core::grant::course::Report| ReportLine {
        by: names.get(&report.by).cloned().unwrap_or_default(),
        at: moment::minute(report.at),
        text: report.text.clone(),
        answer: report.answer.as_ref().map(|(text, at)| (text.clone(), moment::minute(*at))),
    };
    course.reports.iter().rev().map(line).collect()
}

fn declared(
    page: &Page,
    declaration: &mudeung_core::grant::course::Declaration,
    names: &BTreeMap<MemberId, String>,
) -> DeclaredLine {
    let c = CourseTexts::of(page.language);
    let said = &declaration.destruction;
    DeclaredLine {
        by: names.get(&declaration.by).cloned().unwrap_or_default(),
        at: moment::minute(declaration.at),
        until: moment::last_day(said.until),
        method: method_text(c, said.method),
        copies: said.copies.clone(),
        kept: if said.kept.is_empty() { c.nothing_kept.to_owned() } else { said.kept.clone() },
        witness: said.witness.clone(),
    }
}

/// The names of the company's people who wrote. Those of the hospital's are told to nobody here.
async fn names<R: Roles>(desk: &Desk<R>, course: &Course) -> Result<BTreeMap<MemberId, String>, Fault> {
    let writers = course.reports.iter().map(|report| report.by);
    let ids: Vec<MemberId> = writers.chain(course.declared.as_ref().map(|declared| declared.by)).collect();
    let find = move |conn: &mut Conn| {
        let mut names = BTreeMap::new();
        for id in ids {
            names.extend(members::find_member(conn, id)?.map(|member| (id, member.name)));
        }
        Ok(names)
    };
    Ok(desk.app.db.read("find names", find).await?)
}

const fn method_text(c: &'static CourseTexts, method: Method) -> &'static str {
    match method {
        Method::Erased => c.erased,
        Method::KeyDestroyed => c.key_destroyed,
        Method::MediaDestroyed => c.media_destroyed,
    }
}

fn texts<R: Roles>(desk: &Desk<R>) -> &'static CourseTexts {
    CourseTexts::of(desk.page.language)
}

fn go<R: Roles>(desk: &Desk<R>, life: &Life, done: &str) -> HttpResponse {
    desk.go(&format!("/grants/{}", life.grant.id), done)
}

/// SHA-256 of a declaration as it is kept.
fn hash(destruction: &Destruction) -> String {
    digits(&Sha256::digest(courses::destruction_text(destruction)))
}
