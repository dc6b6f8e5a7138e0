//! Kill switches: one page from which the hospital stops a credential, an app, an organization, a dataset or the whole
//! service, and lets go again.

mod level;
mod preview;
mod targets;

use super::desk::{Admins, Desk, FreshAdmins, Roles};
use super::fields::Submitted;
use super::page::{self, Page};
use super::texts::KillSwitchTexts;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use level::Level;
pub(super) use level::Target;
use mudeung_store::{Conn, stops};
use mudeung_wire::ledger::entry::Entry;
pub(super) use preview::preview_stop;
use targets::{Choice, Stopped};

#[derive(Template)]
#[template(path = "kill_switches.html")]
struct KillSwitchesPage {
    page: Page,
    t: &'static KillSwitchTexts,
    levels: Vec<LevelCard>,
    stopped: Vec<Stopped>,
}

/// One level: what can be stopped, and what that does.
struct LevelCard {
    name: &'static str,
    title: &'static str,
    effect: &'static str,
    choices: Vec<Choice>,
    /// The only target there is, so that nothing has to be chosen.
    only: Option<&'static str>,
    typed: String,
}

/// Shows the switches of all levels, and what is stopped now.
pub(super) async fn show_kill_switches(desk: Desk<Admins>) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    show(&desk, page, None, StatusCode::OK).await
}

/// Stops something, at once.
pub(super) async fn stop_access(
    desk: Desk<FreshAdmins>,
    level: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let level = Level::parse(&level).ok_or_else(Fault::not_found)?;
    let t = KillSwitchTexts::of(desk.page.language);
    let target = form.0.text("target").to_owned();
    let again = |problem| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        show(&desk, page, Some((level, target.clone())), StatusCode::UNPROCESSABLE_ENTITY)
    };
    let Some(reason) = form.0.line("reason", 1..=500) else { return again(t.bad_reason).await };
    if form.0.text("confirm") != "yes" {
        return again(t.bad_confirm).await;
    }
    let Some(target) = level.target(&target) else { return again(t.bad_target).await };
    if target.is_organization(desk.signed_in.organization.id) {
        return again(t.own_organization).await;
    }
    let (by, now) = (desk.signed_in.member.id.to_string(), desk.app.clock.now());
    let intent = target.name_in(Entry {
        detail: Some(format!("{} {reason}", target.as_text())),
        ..desk.entry(level.stop_operation())
    });
    desk.change("stop access", intent, move |conn| target.stop(conn, by, reason, now)).await?;
    Ok(desk.go("/kill-switches", "access-stopped"))
}

/// Lets go of what was stopped.
pub(super) async fn resume_access(
    desk: Desk<FreshAdmins>,
    level: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let level = Level::parse(&level).filter(|level| level.is_reversible()).ok_or_else(Fault::not_found)?;
    let target = level.target(form.0.text("target")).ok_or_else(Fault::not_found)?;
    let reason = form.0.line("reason", 0..=500).unwrap_or_default();
    let intent = target.name_in(Entry {
        detail: Some(format!("{} {reason}", target.as_text()).trim_end().to_owned()),
        ..desk.entry(level.resume_operation())
    });
    resume(&desk, "resume access", intent, target).await?;
    Ok(desk.go("/kill-switches", "access-resumed"))
}

/// Starts something again, where that is for this member to do.
pub(super) async fn resume(
    desk: &Desk<FreshAdmins>,
    name: &'static str,
    intent: Entry,
    target: Target,
) -> Result<(), Fault> {
    let (who, two_people) = (desk.signed_in.member.id.to_string(), desk.app.config.portal.two_people);
    desk.change(name, intent, move |conn| target.resume(conn, &who, two_people)).await
}

async fn show<R: Roles>(
    desk: &Desk<R>,
    page: Page,
    typed: Option<(Level, String)>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let t = KillSwitchTexts::of(page.language);
    let snapshot = desk.app.snapshots.present();
    let list = |conn: &mut Conn| Ok((targets::list_labels(conn)?, stops::list_stops(conn)?));
    let (listed, stops) = desk.app.db.read("list kill switch targets", list).await?;
    let (who, two_people) = (desk.signed_in.member.id.to_string(), desk.app.config.portal.two_people);
    let now = desk.app.clock.now();
    let own = desk.signed_in.organization.id;
    let card = |level: Level| {
        let (title, effect) = match level {
            Level::Credential => (t.credential, t.credential_effect),
            Level::App => (t.app, t.app_effect),
            Level::Organization => (t.organization, t.organization_effect),
            Level::Dataset => (t.dataset, t.dataset_effect),
            Level::Service => (t.service, t.service_effect),
        };
        LevelCard {
            name: level.as_str(),
            title,
            effect,
            choices: targets::choices(level, &snapshot, &listed, own, now),
            only: (level == Level::Service).then_some(level::WHOLE_SERVICE),
            typed: typed.as_ref().filter(|(of, _)| *of == level).map(|(_, text)| text.clone()).unwrap_or_default(),
        }
    };
    let shown = KillSwitchesPage {
        t,
        levels: Level::ALL.map(card).into(),
        stopped: targets::stopped(&page, &snapshot, &stops, &who, two_people),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}
