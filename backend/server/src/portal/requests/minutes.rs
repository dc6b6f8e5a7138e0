//! The minutes of a decision: one page to print, with the rule, who was there, who stayed out, the votes and the outcome.

use super::asked::reach_text;
use super::timeline::{self, TimeLine, ballot_text};
use super::uses::{self, MatchPart};
use super::{RequestLine, find_visible, line, names};
use crate::fault::Fault;
use crate::portal::desk::{Desk, Minutes};
use crate::portal::page::{self, Page};
use crate::portal::texts::{FlowTexts, RequestsTexts, UseTexts};
use crate::portal::{moment, print, said};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use mudeung_core::request::board::Count;
use mudeung_core::request::columns::Columns;
use mudeung_core::request::event::{Actor, Decision, Event, Happening, Verdict};
use mudeung_paper::{Block, Document};
use mudeung_store::requests::Filed;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "minutes.html")]
struct MinutesPage {
    page: Page,
    t: &'static RequestsTexts,
    f: &'static FlowTexts,
    u: &'static UseTexts,
    matched: Option<MatchPart>,
    asked: Vec<(String, String)>,
    request: RequestLine,
    purpose: String,
    at: String,
    by: String,
    outcome: &'static str,
    reason: String,
    /// Whether rows may leave, when it was approved.
    reach: String,
    conditions: Vec<(String, String)>,
    count: Count,
    votes: Vec<(String, &'static str, String)>,
    recused: Vec<(String, String)>,
    history: Vec<TimeLine>,
}

/// Shows the minutes of a request that was decided.
pub(in crate::portal) async fn show_minutes(desk: Desk<Minutes>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let (shown, _) = minutes(&desk, &id).await?;
    page::show(&shown.page, StatusCode::OK, &shown)
}

/// Gives the minutes as a file.
pub(in crate::portal) async fn print_minutes(
    desk: Desk<Minutes>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let (shown, at) = minutes(&desk, &id).await?;
    let title = format!("{}: {}", shown.f.minutes, shown.request.dataset_title);
    let document = print::document(&shown.page, &desk.app.snapshots.present(), &title, &shown.request.id, at);
    let blocks = blocks(&shown);
    print::send(Document { blocks, ..document }, &format!("minutes-{}", shown.request.id)).await
}

/// What stands in the minutes, as on the page.
fn blocks(shown: &MinutesPage) -> Vec<Block> {
    let (page, t, f, u, count) = (&shown.page, shown.t, shown.f, shown.u, shown.count);
    let of = |part: u32, whole: u32| format!("{part} / {whole}");
    let mut blocks = vec![
        print::pairs([
            (page.t.organization, &shown.request.organization),
            (page.t.app, &shown.request.app),
            ("ID", &shown.request.id),
            (t.purpose, &shown.purpose),
            (f.decide, shown.outcome),
            (f.reason, &shown.reason),
            (u.reach_decide, &shown.reach),
            (f.decided_at, &shown.at),
            (f.decided_by, &shown.by),
        ]),
        Block::Heading(f.board_rule.to_owned()),
        print::pairs([
            (f.rule_members, &of(count.present, count.seats)),
            (f.rule_external, &of(count.external_present, count.external_seats)),
            (f.ballot_for, &count.favour.to_string()),
            (f.ballot_conditional, &count.conditional.to_string()),
            (f.ballot_against, &count.against.to_string()),
            (f.ballot_abstain, &count.abstained.to_string()),
        ]),
    ];
    let mut part = |heading: &str, numbered: bool, items: Vec<String>| {
        if !items.is_empty() {
            blocks.extend([Block::Heading(heading.to_owned()), print::list(numbered, items)]);
        }
    };
    let conditions = shown.conditions.iter().map(|(text, due)| format!("{text} ({} {due})", f.condition_due));
    part(f.conditions, true, conditions.collect());
    part(u.matched, false, shown.matched.iter().flat_map(MatchPart::lines).collect());
    part(u.asked, false, shown.asked.iter().map(|(table, columns)| format!("{table}: {columns}")).collect());
    part(f.vote, false, shown.votes.iter().map(|(who, how, why)| format!("{who}: {how}\n{why}")).collect());
    part(f.recused, false, shown.recused.iter().map(|(who, why)| format!("{who}: {why}")).collect());
    let history = shown.history.iter().map(|line| format!("{}  {}  {}", line.at, line.what, line.who));
    part(f.history, true, history.collect());
    blocks.push(Block::Signatures(vec![f.signs_chair.to_owned(), f.signs_secretary.to_owned()]));
    blocks
}

/// The minutes, and when the decision was made.
async fn minutes(desk: &Desk<Minutes>, id: &str) -> Result<(MinutesPage, Timestamp), Fault> {
    let filed = find_visible(desk, id).await?;
    let decided = filed.events.iter().find_map(|event| match &event.what {
        Happening::Decided(decision) => Some((event, decision.clone())),
        _ => None,
    });
    let Some((event, decision)) = decided else { return Err(Fault::not_found()) };
    let people: Vec<MemberId> = filed.events.iter().filter_map(member).collect();
    let names = desk.app.db.read("find names", move |conn| names(conn, people)).await?;
    let page = desk.page.clone();
    let f = FlowTexts::of(page.language);
    let name = |member: &MemberId| names.get(member).cloned().unwrap_or_default();
    let (outcome, reason, reach, conditions) = match &decision.verdict {
        Verdict::Rejected { reason } => (f.did_reject, reason.clone(), String::new(), Vec::new()),
        Verdict::Approved { conditions, reach, .. } => {
            let each = conditions.iter().map(|one| (said::shown(page.language, &one.text), moment::last_day(one.due)));
            let outcome = if conditions.is_empty() { f.did_approve } else { f.did_approve_conditionally };
            let reach = reach_text(UseTexts::of(page.language), *reach).to_owned();
            (outcome, String::new(), reach, each.collect())
        }
    };
    let votes = filed.case.votes.iter();
    let shown = MinutesPage {
        t: RequestsTexts::of(page.language),
        f,
        u: UseTexts::of(page.language),
        matched: matched(&page, &filed, &decision, event),
        asked: filed.case.proposal.iter().flat_map(|proposal| asked(&proposal.columns)).collect(),
        request: line(&page, &filed.request, &desk.app.snapshots.present()),
        purpose: filed.request.purpose.clone(),
        at: moment::minute(event.at),
        by: member(event).as_ref().map(name).unwrap_or_default(),
        outcome,
        reason,
        reach,
        conditions,
        count: decision.count,
        votes: votes.map(|(who, cast)| (name(who), ballot_text(f, cast.ballot), cast.reason.clone())).collect(),
        recused: filed.case.recused.iter().map(|(who, why)| (name(who), why.clone())).collect(),
        history: history(&page, &filed, &names),
        page,
    };
    Ok((shown, event.at))
}

/// The proposed use, held against the terms that the dataset stood under at the decision.
fn matched(page: &Page, filed: &Filed, decision: &Decision, event: &Event) -> Option<MatchPart> {
    let (terms, proposal) = (decision.terms.as_ref()?, filed.case.proposal.as_ref()?);
    uses::matched(page.language, terms, &proposal.uses, Some(&proposal.ethics), event.at)
}

/// Tables with the columns asked for.
fn asked(columns: &Columns) -> Vec<(String, String)> {
    let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    columns.iter().map(|(table, names)| (table.to_string(), list(names))).collect()
}

const fn member(event: &Event) -> Option<MemberId> {
    match event.by {
        Actor::Member(member) => Some(member),
        Actor::Clock => None,
    }
}

fn history(page: &Page, filed: &Filed, names: &BTreeMap<MemberId, String>) -> Vec<TimeLine> {
    timeline::lines(page, &filed.events, names, true)
}
