//! One access request: what is asked, where it stands, whose turn it is since when, and what the member may do.

use super::asked::{self, AskedPart, ChangePart};
use super::attachments::{self, FileLine};
use super::decide::{inquorate, unmet_text};
use super::form::requestable;
use super::messages::{self, MessageLine};
use super::terms::CONDITIONS_MAX;
use super::timeline::{self, TimeLine, ballot_text};
use super::typed::{OpenTable, Typed};
use super::uses::{self, MatchPart};
use super::{RequestLine, find_visible, line, names};
use crate::fault::Fault;
use crate::portal::desk::{Anyone, Desk, Roles};
use crate::portal::fields::Fields;
use crate::portal::home::role_name;
use crate::portal::page::{self, Page};
use crate::portal::texts::{AttachmentTexts, CourseTexts, FlowTexts, HomeTexts, MessageTexts, RequestsTexts, UseTexts};
use crate::portal::{figure, moment, said};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::dataset::Version;
use mudeung_core::grant::Reach;
use mudeung_core::id::{GrantId, MemberId};
use mudeung_core::member::Role;
use mudeung_core::request::RequestState;
use mudeung_core::request::board::{Board, BoardRule, Motion};
use mudeung_core::request::case::Case;
use mudeung_core::request::due::Urgency;
use mudeung_core::request::event::{Actor, Decision, Ethics, Event, Happening};
use mudeung_core::request::permission::{Act, may};
use mudeung_core::request::ruling::Ruling;
use mudeung_store::requests::{self, Filed};
use mudeung_store::{Conn, agreements, courses};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    page: Page,
    t: &'static RequestsTexts,
    f: &'static FlowTexts,
    u: &'static UseTexts,
    w: &'static MessageTexts,
    a: &'static AttachmentTexts,
    request: RequestLine,
    submitted: String,
    due: Option<Due>,
    author: String,
    agreement: String,
    /// How far the data is to go; nothing before anything was written.
    reach: &'static str,
    /// Whether it is to be looked at inside alone.
    inside: bool,
    /// The same as the form of the decision names it.
    reach_asked: &'static str,
    ethics: String,
    purpose: String,
    asked: Option<AskedPart>,
    changes: Option<ChangePart>,
    matched: Option<MatchPart>,
    reason: Option<String>,
    grant: Option<String>,
    renews: Option<String>,
    c: &'static CourseTexts,
    conditions: Vec<ConditionLine>,
    board: Option<BoardPart>,
    files: Vec<FileLine>,
    file_limit: String,
    messages: Vec<MessageLine>,
    remarks: Option<Vec<MessageLine>>,
    history: Vec<TimeLine>,
    may: May,
    offices: Vec<(&'static str, &'static str)>,
    tables: Vec<OpenTable>,
    typed: Typed,
    condition_rows: Vec<usize>,
}

/// What the member may do now.
struct May {
    edit: bool,
    withdraw: bool,
    accept: bool,
    send_back: bool,
    vote: bool,
    recuse: bool,
    decide: bool,
    minutes: bool,
    attach: bool,
    enclose: bool,
    message: bool,
    reply: bool,
    remark: bool,
}

struct Due {
    at: String,
    urgency: &'static str,
    class: &'static str,
}

struct ConditionLine {
    number: usize,
    text: String,
    due: String,
    answer: Option<String>,
    met: Option<String>,
    answerable: bool,
    confirmable: bool,
}

/// The board as the page shows it: its rule, who voted how, and what that says.
struct BoardPart {
    rule: BoardRule,
    seats: Vec<SeatLine>,
    present: u32,
    seat_count: u32,
    external_present: u32,
    says: &'static str,
    missing: Vec<&'static str>,
    alone: bool,
}

struct SeatLine {
    name: String,
    external: bool,
    vote: &'static str,
    reason: String,
}

/// What the page needs of the database beside the request.
struct Beside {
    board: Board,
    ruling: Ruling,
    agreement: String,
    renews: Option<GrantId>,
    names: BTreeMap<MemberId, String>,
}

/// Shows one request.
pub(in crate::portal) async fn show_request(desk: Desk<Anyone>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    show(&desk, &id, None, Typed::default()).await
}

/// Shows a request again, with the form that was sent as it was typed, and what is wrong with it.
pub(super) async fn again<R: Roles>(
    desk: &Desk<R>,
    id: &str,
    problem: &'static str,
    form: &Fields,
) -> Result<HttpResponse, Fault> {
    show(desk, id, Some(problem), Typed::of(&desk.page, form)).await
}

async fn show<R: Roles>(
    desk: &Desk<R>,
    id: &str,
    problem: Option<&'static str>,
    typed: Typed,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(desk, id).await?;
    let mut page = desk.page.clone();
    page.problem = problem;
    let beside = beside(desk, &filed, &page).await?;
    let snapshot = desk.app.snapshots.present();
    let (request, case) = (&filed.request, &filed.case);
    let version = requestable(&snapshot, request.dataset.as_str());
    let for_hospital = desk.signed_in.is_hospital();
    let may = may_do(desk, &filed, &beside.board);
    let f = FlowTexts::of(page.language);
    let asked_reach = case.proposal.as_ref().map(|proposal| proposal.reach);
    let shown = RequestPage {
        t: RequestsTexts::of(page.language),
        f,
        u: UseTexts::of(page.language),
        w: MessageTexts::of(page.language),
        a: AttachmentTexts::of(page.language),
        asked: asked_part(&page, version, case),
        reach: asked_reach.map(|reach| asked::reach_text(UseTexts::of(page.language), reach)).unwrap_or_default(),
        inside: asked_reach == Some(Reach::Inside),
        reach_asked: asked_reach.unwrap_or(Reach::Inside).as_str(),
        changes: asked::changes(page.language, &filed.events),
        matched: matched(desk, &filed, version),
        request: RequestLine { waits_on: waits_on(&page, &filed), ..line(&page, request, &snapshot) },
        submitted: case.submitted_at.map(|at| at.micros().to_string()).unwrap_or_default(),
        due: due(desk, &filed, f),
        author: beside.names.get(&request.author).cloned().unwrap_or_default(),
        agreement: beside.agreement.clone(),
        ethics: case.proposal.as_ref().map(|proposal| ethics(f, &proposal.ethics)).unwrap_or_default(),
        purpose: request.purpose.clone(),
        reason: match &request.state {
            RequestState::Returned { reason, .. } | RequestState::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        },
        grant: match &request.state {
            RequestState::Approved { grant, .. } | RequestState::Conditional { grant, .. } => Some(grant.to_string()),
            _ => None,
        },
        renews: beside.renews.map(|grant| grant.to_string()),
        c: CourseTexts::of(page.language),
        conditions: conditions(desk, &filed),
        board: (for_hospital && submitted_once(&filed)).then(|| board_part(desk, &filed, &beside, f)),
        files: attachments::lines(&page, &filed.events, &beside.names, for_hospital),
        file_limit: figure::size(u64::try_from(desk.app.config.portal.attachment_bytes).unwrap_or(u64::MAX)),
        messages: messages::public(&page, &filed.events, &beside.names, for_hospital),
        remarks: for_hospital.then(|| messages::inner(&filed.events, &beside.names)),
        history: timeline::lines(&page, &filed.events, &beside.names, for_hospital),
        offices: offices(desk, &filed, &beside, &page),
        tables: to_decide(&page, version.filter(|_| may.decide), case, &typed),
        typed,
        condition_rows: (0..CONDITIONS_MAX).collect(),
        may,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

/// What the company asks for of the version that is published now.
fn asked_part(page: &Page, version: Option<&Version>, case: &Case) -> Option<AskedPart> {
    Some(asked::part(page, version?, case.proposal.as_ref()?))
}

/// Whose turn it is; when all conditions were answered to, that of the hospital.
fn waits_on(page: &Page, filed: &Filed) -> &'static str {
    let is_answered = filed.case.unmet().all(|standing| standing.answer.is_some());
    match filed.request.state {
        RequestState::Conditional { .. } if is_answered => RequestsTexts::of(page.language).on_hospital,
        _ => super::waits_on(page, &filed.request.state),
    }
}

/// The same, to be ticked in the decision.
fn to_decide(page: &Page, version: Option<&Version>, case: &Case, typed: &Typed) -> Vec<OpenTable> {
    let part = version.and_then(|version| Some((version, asked_part(page, Some(version), case)?)));
    part.map(|(version, part)| typed.tables(page, version, part.tables)).unwrap_or_default()
}

/// The proposed use, held against the terms it was decided under, or against those of now while it is not decided.
fn matched<R: Roles>(desk: &Desk<R>, filed: &Filed, version: Option<&Version>) -> Option<MatchPart> {
    let proposal = filed.case.proposal.as_ref()?;
    let (terms, at) = match decision(&filed.events) {
        Some((decision, at)) => (decision.terms.clone()?, at),
        None => (version?.terms.clone(), desk.app.clock.now()),
    };
    uses::matched(desk.page.language, &terms, &proposal.uses, Some(&proposal.ethics), at)
}

/// The decision, and when it was made.
fn decision(events: &[Event]) -> Option<(&Decision, Timestamp)> {
    events.iter().find_map(|event| match &event.what {
        Happening::Decided(decision) => Some((decision, event.at)),
        _ => None,
    })
}

const fn submitted_once(filed: &Filed) -> bool {
    filed.case.submitted_at.is_some()
}

async fn beside<R: Roles>(desk: &Desk<R>, filed: &Filed, page: &Page) -> Result<Beside, Fault> {
    let (house, now, filed) = (desk.app.portal.house.clone(), desk.app.clock.now(), filed.clone());
    let language = page.language;
    let look = move |conn: &mut Conn| {
        let board = requests::load_board(conn)?;
        let facts = requests::find_facts(conn, &filed.request, &house.duties, now)?;
        let agreement = agreements::find_agreement(conn, filed.request.agreement)?.map(|agreement| {
            format!("{} (v{})", language.pick(&agreement.title_ko, &agreement.title_en), agreement.version)
        });
        let actor = |event: &Event| match event.by {
            Actor::Member(member) => Some(member),
            Actor::Clock => None,
        };
        let people = filed.events.iter().filter_map(actor).chain(board.members().map(|(member, _)| member));
        let names = names(conn, people.chain([filed.request.author]))?;
        let ruling = house.ruling(&filed.case, &board, &facts, now);
        let renews = courses::find_renewed(conn, filed.request.id)?;
        Ok(Beside { board, ruling, agreement: agreement.unwrap_or_default(), renews, names })
    };
    Ok(desk.app.db.read("look beside request", look).await?)
}

/// What the table of permissions lets the member do now; a company's member to their own company's requests alone.
fn may_do<R: Roles>(desk: &Desk<R>, filed: &Filed, board: &Board) -> May {
    let (me, state) = (&desk.signed_in, &filed.request.state);
    let own = me.organization.id == filed.request.organization;
    let does = |act: Act| (own || me.is_hospital()) && me.has(act.roles()) && may(act, &me.member.roles, state);
    let seated = board.seats(me.member.id) && !filed.case.recused.contains_key(&me.member.id);
    let alone = desk.app.portal.house.board.allows_one() && seated;
    let in_review = matches!(state, RequestState::InReview { .. });
    May {
        edit: own && does(Act::Save),
        withdraw: own && does(Act::Withdraw),
        accept: does(Act::Accept),
        send_back: does(Act::Return),
        vote: does(Act::Vote) && seated,
        recuse: does(Act::Recuse) && seated,
        decide: does(Act::Approve) && (in_review || alone),
        attach: own && does(Act::Attach),
        enclose: does(Act::Enclose),
        message: own && does(Act::Message),
        reply: does(Act::Reply),
        remark: does(Act::Remark),
        minutes: me.has(crate::portal::desk::Minutes::ROLES) && decision(&filed.events).is_some(),
    }
}

fn due<R: Roles>(desk: &Desk<R>, filed: &Filed, f: &'static FlowTexts) -> Option<Due> {
    let (clocks, now) = (desk.app.portal.house.clocks, desk.app.clock.now());
    let at = moment::minute(clocks.due(&filed.case)?);
    let (urgency, class) = urgency(f, clocks.urgency(&filed.case, now)?);
    Some(Due { at, urgency, class })
}

/// How an urgency is called, and the class of its badge.
pub(super) const fn urgency(f: &'static FlowTexts, urgency: Urgency) -> (&'static str, &'static str) {
    match urgency {
        Urgency::InTime => (f.in_time, "plain"),
        Urgency::Soon => (f.soon, "wait"),
        Urgency::Overdue => (f.overdue, "stop"),
        Urgency::Escalated => (f.escalated, "stop"),
    }
}

fn ethics(f: &'static FlowTexts, ethics: &Ethics) -> String {
    match ethics {
        Ethics::Approved { number, valid_until } => {
            format!("{}: {number} ({} {})", f.ethics_approved, f.until, moment::last_day(*valid_until))
        }
        Ethics::Follows { by } => format!("{} ({} {})", f.ethics_follows, f.until, moment::last_day(*by)),
        Ethics::Exempt { reason } => format!("{}: {reason}", f.ethics_exempt),
    }
}

fn conditions<R: Roles>(desk: &Desk<R>, filed: &Filed) -> Vec<ConditionLine> {
    let (me, state) = (&desk.signed_in, &filed.request.state);
    let own = me.organization.id == filed.request.organization;
    let answers = own && me.has(Act::Answer.roles()) && may(Act::Answer, &me.member.roles, state);
    let confirms = me.has(Act::Confirm.roles()) && may(Act::Confirm, &me.member.roles, state);
    let each = filed.case.conditions.iter().enumerate().map(|(number, standing)| ConditionLine {
        number,
        text: said::shown(desk.page.language, &standing.condition.text),
        due: moment::last_day(standing.condition.due),
        answer: standing.answer.as_ref().map(|(answer, _)| answer.clone()),
        met: standing.met_at.map(moment::minute),
        answerable: answers && standing.met_at.is_none(),
        confirmable: confirms && standing.met_at.is_none() && standing.answer.is_some(),
    });
    each.collect()
}

fn board_part<R: Roles>(desk: &Desk<R>, filed: &Filed, beside: &Beside, f: &'static FlowTexts) -> BoardPart {
    let Beside { board, ruling, names, .. } = beside;
    let seat = |(member, external): (MemberId, bool)| {
        let cast = filed.case.votes.get(&member);
        let recused = filed.case.recused.get(&member);
        SeatLine {
            name: names.get(&member).cloned().unwrap_or_default(),
            external,
            vote: match (recused, cast) {
                (Some(_), _) => f.recused,
                (None, Some(cast)) => ballot_text(f, cast.ballot),
                (None, None) => f.not_voted,
            },
            reason: recused.or(cast.map(|cast| &cast.reason)).cloned().unwrap_or_default(),
        }
    };
    let offices = if ruling.offices.is_empty() { None } else { Some(f.offices_missing) };
    let rule = desk.app.portal.house.board;
    BoardPart {
        rule,
        seats: board.members().map(seat).collect(),
        present: ruling.count.present,
        seat_count: ruling.count.seats,
        external_present: ruling.count.external_present,
        says: match ruling.motion {
            Ok(Motion::Approve) => f.says_approve,
            Ok(Motion::ApproveWithConditions) => f.says_conditional,
            Ok(Motion::Reject) => f.says_reject,
            Err(why) => inquorate(f, why),
        },
        missing: ruling.unmet.iter().map(|unmet| unmet_text(f, *unmet)).chain(offices).collect(),
        alone: rule.allows_one(),
    }
}

/// The offices whose opinion is still needed and that the member may give.
fn offices<R: Roles>(desk: &Desk<R>, filed: &Filed, beside: &Beside, page: &Page) -> Vec<(&'static str, &'static str)> {
    if !may(Act::SignOff, &desk.signed_in.member.roles, &filed.request.state) {
        return Vec::new();
    }
    let own = beside.ruling.offices.iter().filter(|role| desk.signed_in.has(&[**role]));
    own.map(|role: &Role| (role.as_str(), role_name(HomeTexts::of(page.language), *role))).collect()
}
