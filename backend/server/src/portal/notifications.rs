//! What a member was told, and how they want to be told.

use super::desk::{Anyone, Desk};
use super::fields::Submitted;
use super::moment;
use super::page::{self, Page};
use super::texts::{MailTexts, NotificationsTexts, topic_text};
use crate::fault::Fault;
use crate::post::mail::page_about;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::notification::Mailing;
use mudeung_store::Conn;
use mudeung_store::notifications::{self, Notification, Preferences};

/// How many are shown; older ones are forgotten after ninety days.
const SHOWN_MAX: i64 = 200;

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage {
    page: Page,
    t: &'static NotificationsTexts,
    lines: Vec<Line>,
    unread: bool,
    has_mail: bool,
    language: String,
    mailing: &'static str,
}

struct Line {
    text: &'static str,
    dataset: String,
    organization: String,
    href: String,
    at: String,
    is_new: bool,
}

/// Shows what the member was told.
pub(super) async fn list_notifications(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    let list = move |conn: &mut Conn| {
        let told = notifications::list_notifications(conn, member, SHOWN_MAX)?;
        Ok((told, notifications::find_preferences(conn, member)?))
    };
    let (told, preferences) = desk.app.db.read("list notifications", list).await?;
    let page = desk.page.clone();
    let shown = NotificationsPage {
        t: NotificationsTexts::of(page.language),
        lines: told.iter().map(|told| line(&desk, told)).collect(),
        unread: desk.signed_in.unread > 0,
        has_mail: desk.app.config.mail.is_some(),
        language: preferences.language,
        mailing: preferences.mailing.as_str(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Notes that the member has seen everything.
pub(super) async fn read_notifications(desk: Desk<Anyone>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let (member, now) = (desk.signed_in.member.id, desk.app.clock.now());
    let work = move |conn: &mut Conn| notifications::mark_read(conn, member, now);
    desk.change("read notifications", desk.entry("notification.read"), work).await?;
    Ok(desk.go("/notifications", "notifications-read"))
}

/// Notes how the member wants to be told.
pub(super) async fn update_preferences(desk: Desk<Anyone>, form: Submitted) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    let language = match form.0.text("language") {
        "en" => "en",
        _ => "ko",
    };
    let mailing = Mailing::parse(form.0.text("mailing")).unwrap_or_default();
    let wanted = Preferences { language: language.to_owned(), mailing };
    let work = move |conn: &mut Conn| notifications::put_preferences(conn, member, &wanted);
    desk.change("update preferences", desk.entry("preferences.update"), work).await?;
    Ok(desk.go("/notifications", "preferences-updated"))
}

fn line(desk: &Desk<Anyone>, told: &Notification) -> Line {
    let occurrence = &told.occurrence;
    let snapshot = desk.app.snapshots.present();
    let organization = snapshot.organizations.get(&occurrence.organization);
    let title = occurrence.dataset.as_ref().map(|name| match snapshot.datasets.get(name) {
        Some(entry) => super::texts::pick(desk.page.language, &entry.dataset.title),
        None => name.to_string(),
    });
    Line {
        text: topic_text(MailTexts::of(desk.page.language), occurrence.topic),
        dataset: title.unwrap_or_default(),
        organization: organization
            .filter(|_| desk.signed_in.is_hospital())
            .map(|organization| organization.name.clone())
            .unwrap_or_default(),
        href: desk.page.at(&page_about(occurrence.topic, &occurrence.subject, desk.signed_in.is_hospital())),
        at: moment::minute(occurrence.at),
        is_new: told.read_at.is_none(),
    }
}
