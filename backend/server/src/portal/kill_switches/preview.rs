//! What a switch would stop, before it is pressed.

use super::level::{Level, Target};
use crate::call::Language;
use crate::fault::Fault;
use crate::portal::desk::{Admins, Desk};
use crate::portal::fields::Submitted;
use crate::portal::figure;
use crate::portal::page::{self, Page};
use crate::portal::texts::KillSwitchTexts;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppState};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::CredentialState;
use mudeung_core::id::AppId;
use mudeung_core::policy::{CredentialStanding, Snapshot};
use mudeung_store::EntryFilter;
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// How far back a transfer that is still under way may have begun, and how many entries are looked at for it.
const LOOKED_BACK: Duration = Duration::from_secs(60 * 60);
const ENTRIES_MAX: usize = 1_000;
/// How many names are shown.
const NAMES_MAX: usize = 50;

#[derive(Template)]
#[template(path = "kill_switch_preview.html")]
struct PreviewPage {
    page: Page,
    t: &'static KillSwitchTexts,
    level: &'static str,
    target: String,
    organizations: Reached,
    apps: Reached,
    credentials: String,
    grants: String,
    transfers: String,
}

/// Shows whom and what a stop would reach, and how many transfers it would cut. Nothing is stopped.
pub(in crate::portal) async fn preview_stop(
    desk: Desk<Admins>,
    level: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let level = Level::parse(&level).ok_or_else(Fault::not_found)?;
    let target = level.target(form.0.text("target")).ok_or_else(|| {
        let t = |language| KillSwitchTexts::of(language).bad_target;
        Fault::parameter("target", t(Language::En), t(Language::Ko))
    })?;
    let (snapshot, now) = (desk.app.snapshots.present(), desk.app.clock.now());
    let (under_way, is_whole) = under_way(&desk, &target, now).await?;
    let reads_now = |app: &App| under_way.iter().any(|entry| entry.app.as_ref() == Some(&app.id.to_string()));
    let reaches = |app: &&App| reaches(&snapshot, &target, app, now) || (level == Level::Dataset && reads_now(app));
    let active = snapshot.apps.values().filter(|app| matches!(app.state, AppState::Active));
    let mut reached: Vec<&App> = active.filter(reaches).collect();
    reached.sort_by(|one, other| one.name.cmp(&other.name));
    let ids: HashSet<AppId> = reached.iter().map(|app| app.id).collect();
    let names = reached.iter().filter_map(|app| snapshot.organizations.get(&app.organization));
    let organizations: BTreeSet<&str> = names.map(|organization| organization.name.as_str()).collect();
    let credentials = snapshot.credentials.iter().filter(|(id, credential)| {
        let is_meant = !matches!(&target, Target::Credential(wanted) if wanted != *id);
        is_meant && ids.contains(&credential.app) && is_live(credential, now)
    });
    let grants = reached.iter().flat_map(|app| snapshot.live_grants(app.id, now));
    let grants = grants.filter(|grant| !matches!(&target, Target::Dataset(name) if grant.dataset != *name));
    let shown = PreviewPage {
        t: KillSwitchTexts::of(desk.page.language),
        level: level.as_str(),
        target: target.as_text(),
        organizations: Reached::of(organizations.into_iter().map(str::to_owned).collect()),
        apps: Reached::of(reached.iter().map(|app| format!("{} ({})", app.name, app.id)).collect()),
        // A dataset is closed to credentials, and stops none of them.
        credentials: if level == Level::Dataset { "0".to_owned() } else { count(credentials.count()) },
        grants: count(grants.count()),
        transfers: format!("{}{}", count(under_way.len()), if is_whole { "" } else { "+" }),
        page: desk.page.clone(),
    };
    page::show(&desk.page, StatusCode::OK, &shown)
}

/// Names of what a stop would reach: how many, and the first of them.
struct Reached {
    count: String,
    names: Vec<String>,
}

impl Reached {
    fn of(mut names: Vec<String>) -> Self {
        let count = count(names.len());
        names.truncate(NAMES_MAX);
        Self { count, names }
    }
}

/// Whether a stop ends what an app may do. Of a dataset that is known of grants: its synthetic tier is open to everybody.
fn reaches(snapshot: &Snapshot, target: &Target, app: &App, now: Timestamp) -> bool {
    match target {
        Target::Credential(id) => snapshot.credentials.get(id).is_some_and(|credential| credential.app == app.id),
        Target::App(id) => app.id == *id,
        Target::Organization(id) => app.organization == *id,
        Target::Dataset(name) => snapshot.live_grants(app.id, now).any(|grant| grant.dataset == *name),
        Target::Service => true,
    }
}

fn is_live(credential: &CredentialStanding, now: Timestamp) -> bool {
    let has_begun = credential.not_before <= now && credential.expires_at.is_none_or(|end| now < end);
    has_begun && matches!(credential.state, CredentialState::Active)
}

/// The transfers that a stop would cut: INTENTs of apps in the last hour without an OUTCOME; and whether those are all.
async fn under_way(desk: &Desk<Admins>, target: &Target, now: Timestamp) -> Result<(Vec<Entry>, bool), Fault> {
    let filter = EntryFilter { from: Some(now.minus(LOOKED_BACK)), ..EntryFilter::default() };
    let filter = match target {
        Target::App(id) => EntryFilter { app: Some(id.to_string()), ..filter },
        Target::Organization(id) => EntryFilter { organization: Some(id.to_string()), ..filter },
        Target::Dataset(name) => EntryFilter { dataset: Some(name.to_string()), ..filter },
        Target::Credential(_) | Target::Service => filter,
    };
    let entries = desk.app.ledger.entries(filter, None, ENTRIES_MAX).await?;
    let is_whole = entries.len() < ENTRIES_MAX;
    let ended: HashSet<u64> = entries.iter().filter_map(|(_, entry)| entry.intent).collect();
    let open = entries.into_iter().filter(|(index, entry)| {
        let is_meant = match target {
            Target::Credential(id) => entry.credential.as_ref() == Some(&id.to_string()),
            _ => entry.app.is_some() && entry.member.is_none(),
        };
        is_meant && entry.kind == Kind::Intent && !ended.contains(index)
    });
    Ok((open.map(|(_, entry)| entry).collect(), is_whole))
}

fn count(count: usize) -> String {
    figure::grouped(u64::try_from(count).unwrap_or(u64::MAX))
}
