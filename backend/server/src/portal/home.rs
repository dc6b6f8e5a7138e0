//! The overview after sign-in: what waits on this member.

use super::desk::{Anyone, Desk};
use super::page::{self, Page};
use super::texts::HomeTexts;
use super::{figure, moment};
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::VersionState;
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_core::request::{AccessRequest, RequestState};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    t: &'static HomeTexts,
    roles: Vec<&'static str>,
    waiting: Vec<Task>,
    apps: String,
    live_grants: String,
    open_requests: String,
    ledger_size: String,
}

struct Task {
    href: String,
    text: &'static str,
    count: usize,
    since: Option<String>,
}

/// Shows the overview.
pub(super) async fn show_home(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let list = move |conn: &mut mudeung_store::Conn| mudeung_store::requests::list_requests(conn, scope);
    let requests = desk.app.db.read("list requests", list).await?;
    let snapshot = desk.app.snapshots.present();
    let now = desk.app.clock.now();
    let apps: Vec<_> = snapshot.apps.values().filter(|app| desk.signed_in.sees(app.organization)).collect();
    let live = apps.iter().flat_map(|app| snapshot.live_grants(app.id, now)).count();
    let open = requests.iter().filter(|request| submitted_at(request).is_some()).count();
    let is_auditor = desk.signed_in.has(&[Role::Auditor]);
    let overdue = if is_auditor { super::reviews::overdue(&desk.app).await? } else { 0 };
    let page = desk.page.clone();
    let shown = HomePage {
        t: HomeTexts::of(page.language),
        roles: desk.signed_in.member.roles.iter().map(|role| role_name(HomeTexts::of(page.language), *role)).collect(),
        waiting: waiting(&desk, &snapshot, &requests, apps.is_empty(), overdue),
        apps: count(apps.len()),
        live_grants: count(live),
        open_requests: count(open),
        ledger_size: desk.app.ledger.head().await.map_or_else(|_| "–".to_owned(), |head| figure::grouped(head.size)),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

fn waiting(
    desk: &Desk<Anyone>,
    snapshot: &Snapshot,
    requests: &[AccessRequest],
    no_apps: bool,
    overdue: usize,
) -> Vec<Task> {
    let t = HomeTexts::of(desk.page.language);
    let mut tasks = Vec::new();
    let oldest: Vec<Timestamp> = requests.iter().filter_map(submitted_at).collect();
    if desk.signed_in.has(&[Role::Reviewer, Role::Admin]) && !oldest.is_empty() {
        tasks.push(Task {
            href: desk.page.at("/requests"),
            text: t.waiting_requests,
            count: oldest.len(),
            since: oldest.into_iter().min().map(moment::minute),
        });
    }
    let versions = snapshot.datasets.values().flat_map(|entry| entry.tiers.values().flatten());
    let staged = versions.filter(|version| matches!(version.state, VersionState::Staged)).count();
    if desk.signed_in.has(&[Role::Steward, Role::Admin]) && staged > 0 {
        tasks.push(Task { href: desk.page.at("/releases"), text: t.waiting_versions, count: staged, since: None });
    }
    if overdue > 0 {
        tasks.push(Task { href: desk.page.at("/reviews"), text: t.waiting_reviews, count: overdue, since: None });
    }
    if desk.signed_in.has(&[Role::Developer]) && no_apps {
        tasks.push(Task { href: desk.page.at("/apps"), text: t.waiting_app, count: 0, since: None });
    }
    tasks
}

const fn role_name(t: &HomeTexts, role: Role) -> &'static str {
    match role {
        Role::Developer => t.developer,
        Role::Steward => t.steward,
        Role::Reviewer => t.reviewer,
        Role::Auditor => t.auditor,
        Role::Admin => t.admin,
    }
}

const fn submitted_at(request: &AccessRequest) -> Option<Timestamp> {
    match request.state {
        RequestState::Submitted { submitted_at } => Some(submitted_at),
        _ => None,
    }
}

fn count(number: usize) -> String {
    figure::grouped(u64::try_from(number).unwrap_or(u64::MAX))
}
