//! Access requests: the list, and what all pages about them share. What the company does is in [`write`] and
//! [`conditions`], what the hospital does in [`check`], [`board`] and [`decide`].

mod asked;
pub(super) mod attachments;
pub(super) mod board;
pub(super) mod check;
pub(super) mod conditions;
pub(super) mod decide;
pub(super) mod form;
pub(super) mod inbox;
pub(super) mod messages;
pub(super) mod minutes;
pub(super) mod show;
mod terms;
mod timeline;
mod typed;
pub(super) mod uses;
pub(super) mod write;

use super::desk::{Anyone, Desk, Roles};
use super::fields::Fields;
use super::page::{self, Badge, Page, query_value};
use super::texts::{FlowTexts, RequestsTexts, pick};
use super::{moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
pub(super) use asked::reach_text;
use mudeung_core::clock::Clock;
use mudeung_core::id::{MemberId, RequestId};
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_core::request::event::{Actor, Happening};
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_store::requests::{self, Filed, RequestsOf};
use mudeung_store::{Conn, StoreError, members};
use mudeung_wire::ledger::entry::Entry;
use std::collections::BTreeMap;

/// How many requests one page of the list shows.
const PAGE_REQUESTS: usize = 100;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    page: Page,
    t: &'static RequestsTexts,
    requests: Vec<RequestLine>,
    all: bool,
    may_create: bool,
    next: Option<String>,
}

/// One choice of a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) selected: bool,
}

/// A request as lists show it.
pub(super) struct RequestLine {
    pub(super) id: String,
    pub(super) dataset_title: String,
    pub(super) organization: String,
    pub(super) app: String,
    pub(super) badge: Badge,
    pub(super) waits_on: &'static str,
    pub(super) since: String,
}

/// Shows the access requests.
pub(super) async fn list_requests(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let of = visible(&desk);
    let before = query_value(request.query_string(), "before").and_then(|before| before.parse().ok());
    let limit = i64::try_from(PAGE_REQUESTS).unwrap_or(i64::MAX);
    let list = move |conn: &mut Conn| requests::list_requests(conn, of, before, limit);
    let requests = desk.app.db.read("list requests", list).await?;
    let snapshot = desk.app.snapshots.present();
    let last = requests.last().filter(|_| requests.len() == PAGE_REQUESTS);
    let page = desk.page.clone().live_if(last.is_some() || before.is_some());
    let shown = RequestsPage {
        t: RequestsTexts::of(page.language),
        requests: requests.iter().map(|request| line(&page, request, &snapshot)).collect(),
        all: of == RequestsOf::Everybody,
        may_create: desk.signed_in.has(&[Role::Developer]),
        next: last.map(|last| format!("{}?before={}", page.at("/requests"), last.id)),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Which requests the member may see.
pub(super) fn visible<R: Roles>(desk: &Desk<R>) -> RequestsOf {
    match desk.signed_in.is_hospital() {
        true => RequestsOf::Everybody,
        false => RequestsOf::Organization(desk.signed_in.organization.id),
    }
}

/// A request that the member may see, with its history; nothing is said of others.
async fn find_visible<R: Roles>(desk: &Desk<R>, id: &str) -> Result<Filed, Fault> {
    let id: RequestId = path(id)?;
    let found = desk.app.db.read("find request", move |conn| requests::find_filed(conn, id)).await?;
    found.filter(|filed| desk.signed_in.sees_request(&filed.request)).ok_or_else(Fault::not_found)
}

/// Whether a form was made from what the company wrote before it handed something else in.
fn is_stale(filed: &Filed, form: &Fields) -> bool {
    let seen = form.text("submitted");
    let present = filed.case.submitted_at.map(|at| at.micros().to_string());
    !seen.is_empty() && Some(seen) != present.as_deref()
}

/// Records that the member does something to a request, and does it when its state allows it.
async fn happen<R: Roles>(
    desk: &Desk<R>,
    request: &AccessRequest,
    operation: &str,
    detail: &str,
    what: Happening,
) -> Result<Filed, Fault> {
    let intent = entry(desk, request, operation, detail);
    let (id, by, now) = (request.id, Actor::Member(desk.signed_in.member.id), desk.app.clock.now());
    desk.change("change request", intent, move |conn| requests::append_event(conn, id, now, by, what)).await
}

/// The start of an entry about a request.
fn entry<R: Roles>(desk: &Desk<R>, request: &AccessRequest, operation: &str, detail: &str) -> Entry {
    Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        detail: Some(format!("{} {detail}", request.id).trim_end().to_owned()),
        ..desk.entry(operation)
    }
}

/// The names of members by their identifiers, as far as they are still there.
fn names(conn: &mut Conn, ids: impl IntoIterator<Item = MemberId>) -> Result<BTreeMap<MemberId, String>, StoreError> {
    let mut names = BTreeMap::new();
    for id in ids {
        if let std::collections::btree_map::Entry::Vacant(vacant) = names.entry(id)
            && let Some(member) = members::find_member(conn, id)?
        {
            vacant.insert(member.name);
        }
    }
    Ok(names)
}

/// A request as lists show it.
pub(super) fn line(page: &Page, request: &AccessRequest, snapshot: &Snapshot) -> RequestLine {
    let dataset = snapshot.datasets.get(&request.dataset);
    let organization = snapshot.organizations.get(&request.organization);
    RequestLine {
        id: request.id.to_string(),
        dataset_title: dataset
            .map_or_else(|| request.dataset.to_string(), |entry| pick(page.language, &entry.dataset.title)),
        organization: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        app: snapshot.apps.get(&request.app).map_or_else(|| request.app.to_string(), |app| app.name.clone()),
        badge: page.badge(request.state.as_str()),
        waits_on: waits_on(page, &request.state),
        since: moment::minute(request.state.since().unwrap_or(request.created_at)),
    }
}

/// Whose turn it is, in a word.
fn waits_on(page: &Page, state: &RequestState) -> &'static str {
    let (t, flow) = (RequestsTexts::of(page.language), FlowTexts::of(page.language));
    match state {
        RequestState::Submitted { .. } => t.on_hospital,
        RequestState::InReview { .. } => flow.on_board,
        RequestState::Draft | RequestState::Returned { .. } | RequestState::Conditional { .. } => t.on_company,
        RequestState::Approved { .. }
        | RequestState::Rejected { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Lapsed { .. } => t.on_nobody,
    }
}
