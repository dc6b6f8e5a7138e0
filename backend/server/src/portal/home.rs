//! The overview after sign-in: what waits on this member.

use super::desk::{Anyone, Desk};
use super::page::{self, Page};
use super::requests::inbox::{Inbox, Waiting};
use super::texts::{FlowTexts, HomeTexts, IncidentTexts, ResultTexts};
use super::{figure, moment};
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::CredentialState;
use mudeung_core::dataset::VersionState;
use mudeung_core::id::AppId;
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_store::notices::{Ending, Notice, list_notices};

/// How many notices are shown at most.
const ENDINGS_MAX: u32 = 200;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    t: &'static HomeTexts,
    roles: Vec<&'static str>,
    f: &'static FlowTexts,
    waiting: Vec<Task>,
    inbox: Vec<Waiting>,
    is_hospital: bool,
    endings: Vec<EndingLine>,
    apps: String,
    live_grants: String,
    open_requests: String,
    ledger_size: String,
}

/// Something of the company that ends soon.
struct EndingLine {
    href: String,
    name: String,
    ends: String,
    days: String,
    told: String,
}

struct Task {
    href: String,
    text: &'static str,
    count: usize,
    since: Option<String>,
    until: Option<String>,
}

/// Shows the overview.
pub(super) async fn show_home(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let snapshot = desk.app.snapshots.present();
    let inbox = super::requests::inbox::of(&desk, &snapshot).await?;
    let now = desk.app.clock.now();
    let apps: Vec<_> = snapshot.apps.values().filter(|app| desk.signed_in.sees(app.organization)).collect();
    let live = apps.iter().flat_map(|app| snapshot.live_grants(app.id, now)).count();
    let is_auditor = desk.signed_in.has(&[Role::Auditor]);
    let overdue = if is_auditor { super::reviews::overdue(&desk.app).await? } else { 0 };
    let unreviewed = super::break_glass::waiting(&desk).await?;
    let endings = endings(&desk, &snapshot, now).await?;
    let untold = super::incidents::waiting(&desk).await?;
    let results = super::results::waiting(&desk).await?;
    let (owed, owed_text) = super::grants::course::waiting(&desk).await?;
    let page = desk.page.clone();
    let shown = HomePage {
        endings,
        t: HomeTexts::of(page.language),
        roles: desk.signed_in.member.roles.iter().map(|role| role_name(HomeTexts::of(page.language), *role)).collect(),
        waiting: waiting(
            &desk,
            &snapshot,
            &inbox,
            apps.is_empty(),
            [overdue, unreviewed, untold, results],
            (owed, owed_text),
        ),
        apps: count(apps.len()),
        live_grants: count(live),
        open_requests: count(inbox.open),
        inbox: inbox.waiting,
        f: FlowTexts::of(page.language),
        is_hospital: desk.signed_in.is_hospital(),
        ledger_size: desk.app.ledger.head().await.map_or_else(|_| "–".to_owned(), |head| figure::grouped(head.size)),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// What the member's company was told to end, as long as it is still to end then.
async fn endings(desk: &Desk<Anyone>, snapshot: &Snapshot, now: Timestamp) -> Result<Vec<EndingLine>, Fault> {
    let organization = desk.signed_in.organization.id;
    let list = move |conn: &mut mudeung_store::Conn| list_notices(conn, organization, ENDINGS_MAX);
    let mut told = desk.app.db.read("list notices", list).await?;
    // The latest notice of a thing comes first.
    told.dedup_by_key(|notice| notice.ending);
    let mut lines = Vec::new();
    for notice in told.into_iter().filter(|notice| now < notice.ends_at) {
        let Some((app, name)) = still_ends(desk, snapshot, &notice).await? else { continue };
        lines.push(EndingLine {
            href: desk.page.at(&format!("/apps/{app}")),
            name,
            ends: moment::minute(notice.ends_at),
            days: (notice.ends_at.since(now).as_secs() / 86_400).to_string(),
            told: moment::minute(notice.created_at),
        });
    }
    Ok(lines)
}

/// The app and the name of what a notice is about, unless it is gone or ends at another time now.
async fn still_ends(
    desk: &Desk<Anyone>,
    snapshot: &Snapshot,
    notice: &Notice,
) -> Result<Option<(AppId, String)>, Fault> {
    let app_name = |app: &AppId| snapshot.apps.get(app).map(|app| app.name.clone()).unwrap_or_default();
    match notice.ending {
        Ending::Credential(id) => {
            let standing = snapshot.credentials.get(&id);
            let same = standing.filter(|standing| standing.expires_at == Some(notice.ends_at));
            if same.is_none_or(|standing| !matches!(standing.state, CredentialState::Active)) {
                return Ok(None);
            }
            let find = move |conn: &mut mudeung_store::Conn| mudeung_store::credentials::find_credential(conn, id);
            let found = desk.app.db.read("find credential", find).await?;
            Ok(found.map(|credential| (credential.app, format!("{}: {}", app_name(&credential.app), credential.label))))
        }
        Ending::Grant(id) => {
            let mut grants = snapshot.grants.values().flatten();
            let grant = grants.find(|grant| grant.id == id && grant.valid_until == notice.ends_at);
            Ok(grant.map(|grant| (grant.app, format!("{}: {}", app_name(&grant.app), grant.dataset))))
        }
    }
}

fn waiting(
    desk: &Desk<Anyone>,
    snapshot: &Snapshot,
    inbox: &Inbox,
    no_apps: bool,
    [overdue, unreviewed, untold, results]: [usize; 4],
    (owed, owed_text): (usize, &'static str),
) -> Vec<Task> {
    let t = HomeTexts::of(desk.page.language);
    let mut tasks = Vec::new();
    if inbox.count > 0 {
        let text = if desk.signed_in.is_hospital() { t.waiting_requests } else { t.waiting_own_requests };
        let since = inbox.oldest.map(moment::minute);
        tasks.push(Task { href: desk.page.at("/requests"), text, count: inbox.count, since, until: None });
    }
    let versions = snapshot.datasets.values().flat_map(|entry| entry.tiers.values().flatten());
    let staged = versions.filter(|version| matches!(version.state, VersionState::Staged)).count();
    if desk.signed_in.has(&[Role::Steward, Role::Admin]) && staged > 0 {
        tasks.push(Task {
            href: desk.page.at("/releases"),
            text: t.waiting_versions,
            count: staged,
            since: None,
            until: None,
        });
    }
    if unreviewed > 0 {
        tasks.push(Task {
            href: desk.page.at("/break-glass"),
            text: t.waiting_glass,
            count: unreviewed,
            since: None,
            until: None,
        });
    }
    if untold > 0 {
        let (href, text) = (desk.page.at("/incidents"), IncidentTexts::of(desk.page.language).waiting);
        tasks.push(Task { href, text, count: untold, since: None, until: None });
    }
    if results > 0 {
        let (href, text) = (desk.page.at("/results"), ResultTexts::of(desk.page.language).waiting);
        tasks.push(Task { href, text, count: results, since: None, until: None });
    }
    if owed > 0 {
        let href = desk.page.at("/grants");
        tasks.push(Task { href, text: owed_text, count: owed, since: None, until: None });
    }
    if overdue > 0 {
        tasks.push(Task {
            href: desk.page.at("/reviews"),
            text: t.waiting_reviews,
            count: overdue,
            since: None,
            until: None,
        });
    }
    if let Some(by) = snapshot.must_sign.get(&desk.signed_in.organization.id) {
        let until = Some(moment::minute(*by));
        let href = desk.page.at("/agreements");
        tasks.push(Task { href, text: t.waiting_agreement, count: 0, since: None, until });
    }
    if desk.signed_in.has(&[Role::Developer]) && no_apps {
        tasks.push(Task { href: desk.page.at("/apps"), text: t.waiting_app, count: 0, since: None, until: None });
    }
    tasks
}

/// How a role is called.
pub(super) const fn role_name(t: &HomeTexts, role: Role) -> &'static str {
    match role {
        Role::Representative => t.representative,
        Role::Developer => t.developer,
        Role::Steward => t.steward,
        Role::Reviewer => t.reviewer,
        Role::External => t.external,
        Role::Auditor => t.auditor,
        Role::Admin => t.admin,
    }
}

fn count(number: usize) -> String {
    figure::grouped(u64::try_from(number).unwrap_or(u64::MAX))
}
