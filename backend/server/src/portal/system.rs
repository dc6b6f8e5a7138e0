//! How the sandbox itself is: its ledger, its keys, its mail.

use super::desk::{Admins, Desk};
use super::fields::Submitted;
use super::page::{self, Badge, Page};
use super::texts::SystemTexts;
use super::{figure, moment};
use crate::config::SignUp;
use crate::fault::Fault;
use crate::post::mail;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::id::MemberId;
use mudeung_store::outbox::{self, Channel, Delivery, DeliveryState};
use mudeung_store::{Conn, StoreError, members};
use mudeung_wire::ledger::entry::Entry;

/// How many mails are shown.
const SHOWN_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    page: Page,
    t: &'static SystemTexts,
    entries: String,
    origin: String,
    witnesses: usize,
    database: &'static str,
    encrypted: bool,
    require_totp: bool,
    sign_up_open: bool,
    sso: Option<(String, bool, Option<String>)>,
    server: Option<String>,
    mail_waiting: i64,
    mail_given_up: i64,
    lines: Vec<Line>,
}

struct Line {
    id: String,
    topic: String,
    whom: String,
    badge: Badge,
    at: String,
    attempts: u32,
    problem: String,
    may_replay: bool,
}

/// Shows how the sandbox is.
pub(super) async fn show_system(desk: Desk<Admins>) -> Result<HttpResponse, Fault> {
    let list = |conn: &mut Conn| {
        let sent = outbox::list_deliveries(conn, Channel::Mail, None, SHOWN_MAX)?;
        let mut lines = Vec::new();
        for delivery in sent {
            let member = delivery.target.parse::<MemberId>().ok();
            let member = member.map(|id| members::find_member(conn, id)).transpose()?.flatten();
            let whom = member.map_or_else(|| delivery.target.clone(), |member| member.email);
            lines.push((delivery, whom));
        }
        Ok((lines, outbox::count_deliveries(conn, Channel::Mail)?))
    };
    let (sent, (mail_waiting, mail_given_up)) = desk.app.db.read("list outbox", list).await?;
    let config = &desk.app.config;
    let page = desk.page.clone();
    let t = SystemTexts::of(page.language);
    let server = config.mail.as_ref().map(|mail| match &mail.folder {
        Some(_) => t.folder.to_owned(),
        None => mail.server.clone(),
    });
    let shown = SystemPage {
        t,
        entries: desk.app.ledger.head().await.map_or_else(|_| "–".to_owned(), |head| figure::grouped(head.size)),
        origin: config.ledger.origin.clone(),
        witnesses: config.ledger.witnesses.len(),
        database: if desk.app.db.is_shared() { "PostgreSQL" } else { "SQLite" },
        encrypted: desk.app.keys.are_encrypted(),
        require_totp: config.portal.require_totp,
        sso: match &desk.app.sso {
            Some(sso) => Some((sso.config().issuer.clone(), sso.config().passwords, sso.trouble().await)),
            None => None,
        },
        sign_up_open: config.portal.sign_up == SignUp::Open,
        server,
        mail_waiting,
        mail_given_up,
        lines: sent.into_iter().map(|(delivery, whom)| line(&page, &delivery, whom)).collect(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Sends a mail to whoever asks for it.
pub(super) async fn send_test_mail(desk: Desk<Admins>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let test = mail::test(desk.signed_in.member.id, desk.app.clock.now());
    let work = move |conn: &mut Conn| outbox::insert_delivery(conn, &test).map(|_| ());
    desk.change("send test mail", desk.entry("mail.test"), work).await?;
    Ok(desk.go("/system", "mail-tested"))
}

/// Tries a mail once more.
pub(super) async fn replay_mail(desk: Desk<Admins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let (wanted, now) = (form.0.text("delivery").to_owned(), desk.app.clock.now());
    let intent = Entry { detail: Some(wanted.chars().take(100).collect()), ..desk.entry("mail.replay") };
    let work = move |conn: &mut Conn| {
        let found = outbox::find_delivery(conn, &wanted)?.filter(|found| found.channel == Channel::Mail);
        outbox::replay_delivery(conn, &found.ok_or(StoreError::NotFound { what: "mail" })?.id, now)
    };
    desk.change("replay mail", intent, work).await?;
    Ok(desk.go("/system", "mail-replayed"))
}

fn line(page: &Page, delivery: &Delivery, whom: String) -> Line {
    Line {
        id: delivery.id.clone(),
        topic: delivery.topic.clone(),
        whom,
        badge: page.badge(delivery.state.as_str()),
        at: moment::minute(delivery.created_at),
        attempts: delivery.attempts,
        problem: delivery.problem.clone().unwrap_or_default(),
        may_replay: !matches!(delivery.state, DeliveryState::Delivered { .. }),
    }
}
