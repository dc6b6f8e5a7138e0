//! Access requests: list, write, file, look at, withdraw. How they are decided is in [`decide`].

pub(super) mod decide;

use super::desk::{Anyone, Desk, Developers, Roles};
use super::fields::{Fields, Submitted};
use super::page::{self, Badge, Page, query_value};
use super::texts::{RequestsTexts, pick};
use super::{moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, RequestId};
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::policy::Snapshot;
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::tier::Tier;
use mudeung_store::{Conn, StoreError, agreements};
use mudeung_wire::ledger::entry::Entry;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    page: Page,
    t: &'static RequestsTexts,
    requests: Vec<RequestLine>,
    all: bool,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "request_new.html")]
struct NewPage {
    page: Page,
    t: &'static RequestsTexts,
    apps: Vec<Choice>,
    datasets: Vec<Choice>,
    agreement: Option<AgreementPart>,
    purpose: String,
}

/// One choice of a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) selected: bool,
}

struct AgreementPart {
    id: String,
    title: String,
    text: String,
    version: u32,
    sha256: String,
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
pub(super) async fn list_requests(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let list = move |conn: &mut Conn| mudeung_store::requests::list_requests(conn, scope);
    let requests = desk.app.db.read("list requests", list).await?;
    let snapshot = desk.app.snapshots.present();
    let page = desk.page.clone();
    let shown = RequestsPage {
        t: RequestsTexts::of(page.language),
        requests: requests.iter().map(|request| line(&page, request, &snapshot)).collect(),
        all: scope.is_none(),
        may_create: desk.signed_in.has(&[Role::Developer]),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Shows the form for a new request.
pub(super) async fn new_request(desk: Desk<Developers>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let dataset = query_value(request.query_string(), "dataset").unwrap_or_default();
    show_form(&desk, None, &dataset, String::new()).await
}

/// Files a request, with the signature under the agreement in force.
pub(super) async fn submit_request(desk: Desk<Developers>, form: Submitted) -> Result<HttpResponse, Fault> {
    let request = match read(&desk, &form.0).await? {
        Ok(request) => request,
        Err(problem) => {
            let purpose = form.0.text("purpose").to_owned();
            return show_form(&desk, Some(problem), form.0.text("dataset"), purpose).await;
        }
    };
    let to = format!("/requests/{}", request.id);
    let intent = Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        tier: Some(Tier::Deidentified.to_string()),
        purpose: Some(request.purpose.clone()),
        detail: Some(format!("{} {}", request.id, request.agreement)),
        ..desk.entry("request.submit")
    };
    desk.change("submit request", intent, move |conn| insert_signed(conn, &request)).await?;
    Ok(desk.go(&to, "request-submitted"))
}

/// Takes a request back.
pub(super) async fn withdraw_request(
    desk: Desk<Developers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let request = find_visible(&desk, path(&id)?).await?;
    let now = desk.app.clock.now();
    let intent = Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        detail: Some(request.id.to_string()),
        ..desk.entry("request.withdraw")
    };
    let id = request.id;
    desk.change("withdraw request", intent, move |conn| {
        let found = mudeung_store::requests::find_request(conn, id)?;
        let request = found.ok_or(StoreError::NotFound { what: "access request" })?;
        mudeung_store::requests::update_request_state(conn, id, &request.state.withdraw(now)?)
    })
    .await?;
    Ok(desk.go(&format!("/requests/{id}"), "request-withdrawn"))
}

/// A request that the member may see; nothing is said of others.
pub(super) async fn find_visible<R: Roles>(desk: &Desk<R>, id: RequestId) -> Result<AccessRequest, Fault> {
    let found = desk.app.db.read("find request", move |conn| mudeung_store::requests::find_request(conn, id)).await?;
    found.filter(|request| desk.signed_in.sees(request.organization)).ok_or_else(Fault::not_found)
}

/// The request a form describes, or what is wrong with the form.
async fn read(desk: &Desk<Developers>, form: &Fields) -> Result<Result<AccessRequest, &'static str>, Fault> {
    let t = RequestsTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let own_app = |id: &AppId| {
        let app = snapshot.apps.get(id);
        app.is_some_and(|app| {
            app.organization == desk.signed_in.organization.id && matches!(app.state, AppState::Active)
        })
    };
    let Some(app) = form.text("app").parse::<AppId>().ok().filter(own_app) else { return Ok(Err(t.bad_app)) };
    let published = |name: &Name| snapshot.published(name.as_str(), Tier::Deidentified, None).is_some();
    let Some(dataset) = Name::parse(form.text("dataset")).ok().filter(published) else {
        return Ok(Err(t.bad_dataset));
    };
    let Some(purpose) = form.paragraph("purpose", 20..=4_000) else { return Ok(Err(t.bad_purpose)) };
    let agreement = in_force(desk).await?.filter(|agreement| agreement.id.to_string() == form.text("agreement"));
    let Some(agreement) = agreement.filter(|_| form.text("accept") == "yes") else { return Ok(Err(t.bad_accept)) };
    let now = desk.app.clock.now();
    Ok(Ok(AccessRequest {
        id: RequestId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: desk.signed_in.organization.id,
        app,
        author: desk.signed_in.member.id,
        dataset,
        purpose,
        agreement: agreement.id,
        state: RequestState::Submitted { submitted_at: now },
        created_at: now,
    }))
}

fn insert_signed(conn: &mut Conn, request: &AccessRequest) -> Result<(), StoreError> {
    let signatures = agreements::list_signatures(conn, request.organization)?;
    let signed = |signature: &Signature| signature.agreement == request.agreement && signature.member == request.author;
    if !signatures.iter().any(signed) {
        let signature = Signature {
            agreement: request.agreement,
            organization: request.organization,
            member: request.author,
            signed_at: request.created_at,
        };
        agreements::insert_signature(conn, &signature)?;
    }
    mudeung_store::requests::insert_request(conn, request)
}

/// The newest version of the agreement.
async fn in_force(desk: &Desk<Developers>) -> Result<Option<Agreement>, Fault> {
    Ok(desk.app.db.read("list agreements", agreements::list_agreements).await?.into_iter().next())
}

async fn show_form(
    desk: &Desk<Developers>,
    problem: Option<&'static str>,
    dataset: &str,
    purpose: String,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    let snapshot = desk.app.snapshots.present();
    let own = snapshot
        .apps
        .values()
        .filter(|app| app.organization == desk.signed_in.organization.id && matches!(app.state, AppState::Active));
    let mut apps: Vec<_> = own.collect();
    apps.sort_by_key(|app| app.id);
    let published = snapshot
        .datasets
        .values()
        .filter(|entry| snapshot.published(entry.dataset.name.as_str(), Tier::Deidentified, None).is_some());
    let agreement = in_force(desk).await?.map(|agreement| AgreementPart {
        id: agreement.id.to_string(),
        title: page.language.pick(&agreement.title_ko, &agreement.title_en).to_owned(),
        text: page.language.pick(&agreement.text_ko, &agreement.text_en).to_owned(),
        version: agreement.version,
        sha256: agreement.text_sha256,
    });
    let shown = NewPage {
        t: RequestsTexts::of(page.language),
        apps: apps.iter().map(|app| choice(app.id.to_string(), app.name.clone(), false)).collect(),
        datasets: published
            .map(|entry| {
                let name = entry.dataset.name.to_string();
                let selected = name == dataset;
                choice(name, pick(page.language, &entry.dataset.title), selected)
            })
            .collect(),
        agreement,
        purpose,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

const fn choice(value: String, text: String, selected: bool) -> Choice {
    Choice { value, text, selected }
}

/// A request as lists show it.
pub(super) fn line(page: &Page, request: &AccessRequest, snapshot: &Snapshot) -> RequestLine {
    let t = RequestsTexts::of(page.language);
    let dataset = snapshot.datasets.get(&request.dataset);
    let organization = snapshot.organizations.get(&request.organization);
    RequestLine {
        id: request.id.to_string(),
        dataset_title: dataset
            .map_or_else(|| request.dataset.to_string(), |entry| pick(page.language, &entry.dataset.title)),
        organization: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        app: snapshot.apps.get(&request.app).map_or_else(|| request.app.to_string(), |app| app.name.clone()),
        badge: page.badge(request.state.as_str()),
        waits_on: match request.state {
            RequestState::Submitted { .. } => t.on_hospital,
            RequestState::Draft | RequestState::Returned { .. } => t.on_company,
            _ => t.on_nobody,
        },
        since: moment::minute(since(request)),
    }
}

/// Since when a request is in its state.
const fn since(request: &AccessRequest) -> Timestamp {
    match request.state {
        RequestState::Draft => request.created_at,
        RequestState::Submitted { submitted_at } => submitted_at,
        RequestState::Returned { returned_at, .. } => returned_at,
        RequestState::Approved { decided_at, .. } | RequestState::Rejected { decided_at, .. } => decided_at,
        RequestState::Withdrawn { withdrawn_at } => withdrawn_at,
    }
}
