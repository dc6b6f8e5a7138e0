//! Grants: what they open, how much of their quota is used, and the switch that ends one. What a company owes for one is in
//! [`course`].

pub(super) mod course;

use super::desk::{Anyone, Desk, FreshAdmins, Roles};
use super::fields::Submitted;
use super::listing::Sought;
use super::page::{self, Badge, Page};
use super::requests::reach_text;
use super::texts::{CourseTexts, GrantsTexts, UseTexts, pick};
use super::{catalogue, figure, moment, path, said};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::course::Life;
use mudeung_core::grant::{Grant, GrantState};
use mudeung_core::id::GrantId;
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_core::quota::Amount;
use mudeung_store::{Conn, StoreError, UsedBy, courses};
use mudeung_wire::ledger::entry::Entry;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "grants.html")]
struct GrantsPage {
    page: Page,
    t: &'static GrantsTexts,
    c: &'static CourseTexts,
    grants: Vec<GrantCard>,
    all: bool,
    /// What is sought; nothing when the list is short enough to be seen.
    sought: Option<String>,
    next: Option<String>,
}

/// How many grants are on one page. Each is looked up in the ledger.
const PAGE_GRANTS: usize = 20;

struct GrantCard {
    id: String,
    dataset: String,
    dataset_title: String,
    tier: &'static str,
    class: &'static str,
    badge: Badge,
    organization: String,
    app: String,
    from: String,
    until: String,
    purpose: String,
    reach: &'static str,
    meters: Vec<Meter>,
    tables: Vec<OpenedTable>,
    reason: Option<String>,
    revocable: bool,
    due: Option<course::DueLine>,
}

struct Meter {
    id: String,
    label: &'static str,
    used: String,
    limit: String,
    permille: u64,
    percent: String,
}

struct OpenedTable {
    name: String,
    columns: Vec<String>,
    rows: Option<String>,
}

/// Shows the grants, newest first.
pub(super) async fn list_grants(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let (page, scope) = (desk.page.clone(), desk.signed_in.scope());
    let snapshot = desk.app.snapshots.present();
    let own = snapshot.grants.values().flatten().filter(|grant| scope.is_none_or(|own| grant.organization == own));
    let mut all: Vec<&Arc<Grant>> = own.collect();
    all.sort_by_key(|grant| std::cmp::Reverse(grant.id));
    let sought = Sought::of(&request).newest_first();
    let found = all.into_iter().filter(|grant| {
        let organization = snapshot.organizations.get(&grant.organization).map_or("", |of| &of.name);
        let app = snapshot.apps.get(&grant.app).map_or("", |app| &app.name);
        sought.finds(&[grant.dataset.as_str(), &grant.id.to_string(), organization, app])
    });
    let part = sought.part(found, |grant| grant.id.to_string(), PAGE_GRANTS, &page.at("/grants"));
    let is_long = part.next.is_some() || !sought.is_everything();
    let mut cards = Vec::with_capacity(part.items.len());
    let ids: Vec<GrantId> = part.items.iter().map(|grant| grant.id).collect();
    let find = move |conn: &mut Conn| ids.iter().map(|id| courses::find_life(conn, *id)).collect::<Result<Vec<_>, _>>();
    let lives = desk.app.db.read("find courses", find).await?;
    for (grant, life) in part.items.into_iter().zip(lives) {
        let used = desk.app.ledger.used(UsedBy { grant: Some(grant.id.to_string()), ..UsedBy::default() }).await?;
        cards.push(card(&desk, &snapshot, grant, used, life.as_ref()));
    }
    let page = page.live_if(is_long);
    let shown = GrantsPage {
        t: GrantsTexts::of(page.language),
        c: CourseTexts::of(page.language),
        grants: cards,
        all: scope.is_none(),
        sought: is_long.then(|| sought.text.clone()),
        next: part.next,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Revokes a grant: the kill switch.
pub(super) async fn revoke_grant(
    desk: Desk<FreshAdmins>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: GrantId = path(&id)?;
    let t = GrantsTexts::of(desk.page.language);
    let reason =
        form.0.line("reason", 1..=500).ok_or_else(|| Fault::parameter("reason", t.bad_reason, t.bad_reason))?;
    let found = desk.app.db.read("find grant", move |conn| mudeung_store::grants::find_grant(conn, id)).await?;
    let grant = found.ok_or_else(Fault::not_found)?;
    let now = desk.app.clock.now();
    let intent = Entry {
        app: Some(grant.app.to_string()),
        dataset: Some(grant.dataset.to_string()),
        tier: Some(grant.tier.to_string()),
        grant: Some(id.to_string()),
        detail: Some(reason.clone()),
        ..desk.entry("grant.revoke")
    };
    desk.change("revoke grant", intent, move |conn| {
        let grant = mudeung_store::grants::find_grant(conn, id)?.ok_or(StoreError::NotFound { what: "grant" })?;
        mudeung_store::grants::update_grant_state(conn, id, &grant.state.revoke(reason, now)?)
    })
    .await?;
    Ok(desk.go("/grants", "grant-revoked"))
}

fn card<R: Roles>(desk: &Desk<R>, snapshot: &Snapshot, grant: &Grant, used: Amount, life: Option<&Life>) -> GrantCard {
    let page = &desk.page;
    let t = GrantsTexts::of(page.language);
    let dataset = snapshot.datasets.get(&grant.dataset);
    let title = dataset.map(|entry| pick(page.language, &entry.dataset.title));
    let organization = snapshot.organizations.get(&grant.organization);
    let app = snapshot.apps.get(&grant.app);
    let id = grant.id.to_string();
    let bytes = Meter {
        id: format!("bytes-{id}"),
        label: t.bytes_used,
        used: figure::size(used.bytes),
        limit: figure::size(grant.quota.bytes),
        ..meter(used.bytes, grant.quota.bytes)
    };
    let rows = Meter {
        id: format!("rows-{id}"),
        label: t.rows_used,
        used: figure::grouped(used.rows),
        limit: figure::grouped(grant.quota.rows),
        ..meter(used.rows, grant.quota.rows)
    };
    GrantCard {
        dataset: grant.dataset.to_string(),
        dataset_title: title.unwrap_or_else(|| grant.dataset.to_string()),
        tier: page.tier(grant.tier),
        class: catalogue::class(grant.tier),
        badge: page.badge(standing(grant, desk.app.clock.now())),
        organization: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        app: app.map_or_else(|| grant.app.to_string(), |app| app.name.clone()),
        from: moment::minute(grant.valid_from),
        until: moment::minute(grant.valid_until),
        purpose: grant.purpose.clone(),
        reach: reach_text(UseTexts::of(page.language), grant.reach),
        meters: vec![bytes, rows],
        tables: tables(grant),
        due: life.and_then(|life| course::due_line(desk, life)),
        reason: match &grant.state {
            GrantState::Held | GrantState::Active => None,
            GrantState::Revoked { reason, .. } => Some(said::shown(desk.page.language, reason)),
        },
        revocable: matches!(grant.state, GrantState::Held | GrantState::Active) && desk.signed_in.has(&[Role::Admin]),
        id,
    }
}

fn meter(used: u64, limit: u64) -> Meter {
    let permille = figure::permille(used, limit);
    Meter {
        id: String::new(),
        label: "",
        used: String::new(),
        limit: String::new(),
        permille,
        percent: format!("{}.{} %", permille / 10, permille % 10),
    }
}

fn tables(grant: &Grant) -> Vec<OpenedTable> {
    let opened = grant.tables.iter().map(|(name, table)| OpenedTable {
        name: name.to_string(),
        columns: table.columns.iter().cloned().collect(),
        rows: table.rows.as_ref().map(ToString::to_string),
    });
    opened.collect()
}

/// What a grant is now, as a word of the badges.
fn standing(grant: &Grant, now: Timestamp) -> &'static str {
    match grant.state {
        GrantState::Active if grant.valid_until <= now => "expired",
        GrantState::Active if now < grant.valid_from => "pending",
        GrantState::Held => "held",
        GrantState::Active => "active",
        GrantState::Revoked { .. } => "revoked",
    }
}
