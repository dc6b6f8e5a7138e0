//! Access in an emergency: opened by the hospital's operator for hours, told at once, reviewed afterwards by another.

use super::desk::{Desk, FreshAdmins, FreshWatchers, Roles, Watchers};
use super::fields::{Fields, Submitted};
use super::page::{self, Badge, Page};
use super::texts::{BreakGlassTexts, pick};
use super::{figure, moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppState};
use mudeung_core::break_glass::{BreakGlass, HOURS_MAX, Review};
use mudeung_core::dataset::Version;
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::{AppId, GrantId};
use mudeung_core::member::Role;
use mudeung_core::notification::Occurrence;
use mudeung_core::quota::Amount;
use mudeung_core::tier::Tier;
use mudeung_store::ledger::UsedBy;
use mudeung_store::{Conn, agreements, break_glass, grants, members, notifications};
use mudeung_wire::ledger::entry::Entry;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// The most that may be read in an emergency, in GiB.
const GIB_MAX: u64 = 100;
/// How many are shown.
const SHOWN_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "break_glass.html")]
struct BreakGlassPage {
    page: Page,
    t: &'static BreakGlassTexts,
    lines: Vec<Line>,
    datasets: Vec<(String, String)>,
    apps: Vec<(String, String)>,
    may_open: bool,
    hours_max: u64,
    typed: Typed,
}

#[derive(Default)]
struct Typed {
    dataset: String,
    app: String,
    reason: String,
}

struct Line {
    grant: String,
    dataset: String,
    app: String,
    organization: String,
    opened_by: String,
    reason: String,
    opened: String,
    ends: String,
    used: String,
    badge: Badge,
    is_live: bool,
    review: Option<ReviewLine>,
    due: String,
    is_overdue: bool,
    may_review: bool,
}

struct ReviewLine {
    by: String,
    at: String,
    justified: bool,
    finding: String,
}

/// Shows what was opened, and the form to open something.
pub(super) async fn list_break_glass(desk: Desk<Watchers>) -> Result<HttpResponse, Fault> {
    show(&desk, None, Typed::default(), StatusCode::OK).await
}

/// Opens a whole de-identified dataset to an app for some hours.
pub(super) async fn open_break_glass(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = BreakGlassTexts::of(desk.page.language);
    let typed = || Typed {
        dataset: form.0.text("dataset").to_owned(),
        app: form.0.text("app").to_owned(),
        reason: form.0.text("reason").to_owned(),
    };
    let bad = |problem| show(&desk, Some(problem), typed(), StatusCode::UNPROCESSABLE_ENTITY);
    let Some(reason) = form.0.paragraph("reason", 20..=2_000) else { return bad(t.bad_reason).await };
    if form.0.text("confirm") != "yes" {
        return bad(t.bad_confirm).await;
    }
    let grant = match read_grant(&desk, &form.0, &reason).await? {
        Ok(grant) => grant,
        Err(problem) => return bad(problem).await,
    };
    let now = desk.app.clock.now();
    let opened =
        BreakGlass { grant: grant.id, opened_by: desk.signed_in.member.id, reason, opened_at: now, review: None };
    let intent = Entry {
        app: Some(grant.app.to_string()),
        dataset: Some(grant.dataset.to_string()),
        grant: Some(grant.id.to_string()),
        tier: Some(grant.tier.to_string()),
        purpose: Some(grant.purpose.clone()),
        detail: Some(format!("{} until {}", grant.id, crate::data::view::rfc3339(grant.valid_until))),
        ..desk.entry("break_glass.open")
    };
    desk.change("break the glass", intent, move |conn: &mut Conn| {
        grants::insert_grant(conn, &grant)?;
        break_glass::insert_break_glass(conn, &opened)?;
        notifications::tell(conn, &Occurrence::break_glass(&grant, now))
    })
    .await?;
    Ok(desk.go("/break-glass", "glass-broken"))
}

/// Notes what somebody else found of it afterwards.
pub(super) async fn review_break_glass(
    desk: Desk<FreshWatchers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (id, t) = (path::<GrantId>(&id)?, BreakGlassTexts::of(desk.page.language));
    let finding = form.0.paragraph("finding", 1..=2_000);
    let justified = match form.0.text("verdict") {
        "justified" => Some(true),
        "unjustified" => Some(false),
        _ => None,
    };
    let (Some(finding), Some(justified)) = (finding, justified) else {
        return show(&desk, Some(t.bad_finding), Typed::default(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let review = Review { by: desk.signed_in.member.id, at: desk.app.clock.now(), justified, finding };
    let verdict = if justified { "justified" } else { "unjustified" };
    let intent = Entry {
        grant: Some(id.to_string()),
        detail: Some(format!("{id} {verdict}")),
        ..desk.entry("break_glass.review")
    };
    let work = move |conn: &mut Conn| break_glass::review_break_glass(conn, id, review);
    desk.change("review break-glass access", intent, work).await?;
    Ok(desk.go("/break-glass", "glass-reviewed"))
}

/// How many wait for a review by this member.
pub(super) async fn waiting(desk: &Desk<impl Roles>) -> Result<usize, Fault> {
    if !desk.signed_in.has(&[Role::Auditor, Role::Admin]) {
        return Ok(0);
    }
    let open = desk.app.db.read("look for reviews", break_glass::list_unreviewed).await?;
    Ok(open.iter().filter(|opened| opened.opened_by != desk.signed_in.member.id).count())
}

async fn read_grant(
    desk: &Desk<FreshAdmins>,
    form: &Fields,
    reason: &str,
) -> Result<Result<Grant, &'static str>, Fault> {
    let t = BreakGlassTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let version = snapshot.published(form.text("dataset"), Tier::Deidentified, None).cloned();
    let app = form.text("app").parse::<AppId>().ok().and_then(|id| snapshot.apps.get(&id)).filter(|app| is_active(app));
    let (Some(version), Some(app)) = (version, app.cloned()) else { return Ok(Err(t.bad_target)) };
    let (Some(hours), Some(gib)) = (form.number("hours", 1..=HOURS_MAX), form.number("gib", 1..=GIB_MAX)) else {
        return Ok(Err(t.bad_limits));
    };
    let all = desk.app.db.read("list agreements", agreements::list_agreements).await?;
    let Some(agreement) = all.first().map(|agreement| agreement.id) else { return Ok(Err(t.no_agreement)) };
    let now = desk.app.clock.now();
    Ok(Ok(Grant {
        id: GrantId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: app.organization,
        app: app.id,
        request: None,
        agreement,
        dataset: version.dataset.clone(),
        tier: Tier::Deidentified,
        reach: Reach::Export,
        tables: whole(&version),
        purpose: format!("{}: {reason}", t.purpose),
        quota: Amount { bytes: gib.saturating_mul(1 << 30), rows: 1_000_000_000 },
        valid_from: now,
        valid_until: now.plus(HOUR.saturating_mul(u32::try_from(hours).unwrap_or(1))),
        state: GrantState::Active,
        created_at: now,
    }))
}

fn whole(version: &Version) -> std::collections::BTreeMap<mudeung_core::name::Name, TableGrant> {
    let columns = |table: &mudeung_core::dataset::Table| table.columns.iter().map(|it| it.name.clone()).collect();
    let opened = |table: &mudeung_core::dataset::Table| TableGrant { columns: columns(table), rows: None };
    version.tables.iter().map(|table| (table.name.clone(), opened(table))).collect()
}

const fn is_active(app: &App) -> bool {
    matches!(app.state, AppState::Active)
}

async fn show(
    desk: &Desk<impl Roles>,
    problem: Option<&'static str>,
    typed: Typed,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let list = |conn: &mut Conn| {
        let mut all = Vec::new();
        for opened in break_glass::list_break_glass(conn, SHOWN_MAX)? {
            let grant = grants::find_grant(conn, opened.grant)?;
            all.extend(grant.map(|grant| (opened, grant)));
        }
        Ok((all, members::list_members(conn, None)?))
    };
    let (all, people) = desk.app.db.read("list break-glass access", list).await?;
    let name = |id| people.iter().find(|member| member.id == id).map(|member| member.name.clone()).unwrap_or_default();
    let mut page = desk.page.clone();
    page.problem = problem;
    let snapshot = desk.app.snapshots.present();
    let mut lines = Vec::new();
    for (opened, grant) in &all {
        lines.push(line(desk, opened, grant, &name).await?);
    }
    let open = snapshot
        .datasets
        .iter()
        .filter(|(name, _)| snapshot.published(name.as_str(), Tier::Deidentified, None).is_some());
    let named = |app: &App| {
        let organization = snapshot.organizations.get(&app.organization).map(|it| it.name.as_str()).unwrap_or_default();
        (app.id.to_string(), format!("{organization}: {}", app.name))
    };
    let mut apps: Vec<(String, String)> = snapshot.apps.values().filter(|app| is_active(app)).map(named).collect();
    apps.sort_by(|one, other| one.1.cmp(&other.1));
    let shown = BreakGlassPage {
        t: BreakGlassTexts::of(page.language),
        lines,
        datasets: open.map(|(name, entry)| (name.to_string(), pick(page.language, &entry.dataset.title))).collect(),
        apps,
        may_open: desk.signed_in.has(&[Role::Admin]),
        hours_max: HOURS_MAX,
        typed,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

async fn line(
    desk: &Desk<impl Roles>,
    opened: &BreakGlass,
    grant: &Grant,
    name: &impl Fn(mudeung_core::id::MemberId) -> String,
) -> Result<Line, Fault> {
    let (now, snapshot) = (desk.app.clock.now(), desk.app.snapshots.present());
    let t = BreakGlassTexts::of(desk.page.language);
    let used = used(desk, grant).await;
    let review = opened.review.as_ref().map(|review| ReviewLine {
        by: name(review.by),
        at: moment::minute(review.at),
        justified: review.justified,
        finding: review.finding.clone(),
    });
    let state = if grant.is_live(now) { "active" } else { ended(grant) };
    Ok(Line {
        grant: grant.id.to_string(),
        dataset: grant.dataset.to_string(),
        app: snapshot.apps.get(&grant.app).map(|app| app.name.clone()).unwrap_or_default(),
        organization: snapshot.organizations.get(&grant.organization).map(|it| it.name.clone()).unwrap_or_default(),
        opened_by: name(opened.opened_by),
        reason: opened.reason.clone(),
        opened: moment::minute(opened.opened_at),
        ends: moment::minute(grant.valid_until),
        used: used.unwrap_or_else(|| t.unknown.to_owned()),
        badge: desk.page.badge(state),
        is_live: grant.is_live(now),
        due: moment::minute(opened.review_due()),
        is_overdue: review.is_none() && opened.review_due() <= now,
        may_review: review.is_none() && opened.opened_by != desk.signed_in.member.id,
        review,
    })
}

const fn ended(grant: &Grant) -> &'static str {
    match grant.state {
        GrantState::Revoked { .. } => "revoked",
        GrantState::Held => "held",
        GrantState::Active => "expired",
    }
}

/// What was read through a grant, as the ledger says.
async fn used(desk: &Desk<impl Roles>, grant: &Grant) -> Option<String> {
    let by = UsedBy { grant: Some(grant.id.to_string()), ..UsedBy::default() };
    let used = desk.app.ledger.used(by).await.ok()?;
    Some(format!("{}, {} {}", figure::size(used.bytes), figure::grouped(used.rows), desk.page.t.rows))
}
