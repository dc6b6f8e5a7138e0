//! Addresses of a company's programs that are told what occurs: make, try, look at what was sent, send it again, change
//! the secret, stop.

use super::desk::{Desk, Developers, FreshDevelopers, Roles};
use super::fields::Submitted;
use super::page::{self, Badge, Page};
use super::texts::{MailTexts, WebhooksTexts, topic_text};
use super::{moment, path};
use crate::fault::Fault;
use crate::post::webhook::{message_id, secret};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::id::WebhookId;
use mudeung_core::notification::{Occurrence, Topic};
use mudeung_store::notifications::delivery;
use mudeung_store::outbox::{self, Channel, Delivery};
use mudeung_store::webhooks::{self, Webhook, WebhookState};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::ledger::entry::Entry;
use std::collections::BTreeSet;

/// How many webhooks a company may have.
const WEBHOOKS_MAX: usize = 10;
/// How many deliveries are shown.
const SHOWN_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    page: Page,
    t: &'static WebhooksTexts,
    webhooks: Vec<WebhookLine>,
    topics: Vec<(&'static str, &'static str)>,
    url: String,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    page: Page,
    t: &'static WebhooksTexts,
    webhook: WebhookLine,
    fresh: Option<String>,
    deliveries: Vec<DeliveryLine>,
}

struct WebhookLine {
    id: String,
    url: String,
    topics: String,
    badge: Badge,
    is_active: bool,
    created: String,
}

struct DeliveryLine {
    id: String,
    message: String,
    text: &'static str,
    topic: String,
    badge: Badge,
    at: String,
    attempts: u32,
    next: String,
    problem: String,
}

/// Shows the webhooks of the member's company.
pub(super) async fn list_webhooks(desk: Desk<Developers>) -> Result<HttpResponse, Fault> {
    show_all(&desk, None, "", StatusCode::OK).await
}

/// Makes a webhook, and shows the secret that its program verifies with.
pub(super) async fn create_webhook(desk: Desk<FreshDevelopers>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = WebhooksTexts::of(desk.page.language);
    let url = form.0.text("url").to_owned();
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    if !desk.app.config.webhooks.allows(&url) {
        return show_all(&desk, Some(t.bad_url), &url, wrong).await;
    }
    let named: Option<Vec<Topic>> = form.0.all("topic").map(Topic::parse).collect();
    let Some(named) = named else { return show_all(&desk, Some(t.bad_topics), &url, wrong).await };
    let webhook = Webhook {
        id: WebhookId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: desk.signed_in.organization.id,
        url: url.clone(),
        topics: Topic::of_webhooks().filter(|topic| named.contains(topic)).collect(),
        secret_number: 1,
        state: WebhookState::Active,
        created_by: desk.signed_in.member.id,
        created_at: desk.app.clock.now(),
    };
    let id = webhook.id;
    let work = move |conn: &mut Conn| webhooks::insert_webhook(conn, &webhook, WEBHOOKS_MAX);
    if !desk.change("create webhook", said(&desk, "webhook.create", id), work).await? {
        return show_all(&desk, Some(t.too_many), &url, wrong).await;
    }
    let fresh = secret(&desk.app.keys, id, 1).expose().clone();
    show_one(&desk, id, Some(fresh)).await
}

/// Shows what a webhook was told.
pub(super) async fn show_webhook(desk: Desk<Developers>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    show_one(&desk, path(&id)?, None).await
}

/// Tells a webhook something that means nothing.
pub(super) async fn test_webhook(
    desk: Desk<Developers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let webhook = find(&desk, path(&id)?).await?;
    let (id, now) = (webhook.id, desk.app.clock.now());
    let test = Occurrence {
        id: format!("{id}-test-{}", now.micros()),
        topic: Topic::Test,
        organization: webhook.organization,
        subject: id.to_string(),
        dataset: None,
        by: None,
        at: now,
        turn: BTreeSet::new(),
    };
    let test = delivery(&test, test.id.clone(), Channel::Webhook, id.to_string());
    let work = move |conn: &mut Conn| outbox::insert_delivery(conn, &test).map(|_| ());
    desk.change("test webhook", said(&desk, "webhook.test", id), work).await?;
    Ok(desk.go(&format!("/webhooks/{id}"), "webhook-tested"))
}

/// Sends once more what was sent, under the identifier it had: a program that knows it does nothing twice.
pub(super) async fn replay_delivery(
    desk: Desk<Developers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let webhook = find(&desk, path(&id)?).await?;
    let (id, wanted, now) = (webhook.id, form.0.text("delivery").to_owned(), desk.app.clock.now());
    let work = move |conn: &mut Conn| {
        let found = outbox::find_delivery(conn, &wanted)?.filter(|found| found.target == id.to_string());
        let found = found.ok_or(StoreError::NotFound { what: "delivery" })?;
        outbox::replay_delivery(conn, &found.id, now)
    };
    desk.change("replay delivery", said(&desk, "webhook.replay", id), work).await?;
    Ok(desk.go(&format!("/webhooks/{id}"), "webhook-replayed"))
}

/// Lets a new secret sign, beside the one before it.
pub(super) async fn rotate_webhook_secret(
    desk: Desk<FreshDevelopers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let webhook = find(&desk, path(&id)?).await?;
    let (id, number) = (webhook.id, webhook.secret_number.saturating_add(1));
    let work = move |conn: &mut Conn| webhooks::update_webhook_secret(conn, id, number);
    desk.change("rotate webhook secret", said(&desk, "webhook.rotate_secret", id), work).await?;
    show_one(&desk, id, Some(secret(&desk.app.keys, id, number).expose().clone())).await
}

/// Tells a webhook nothing more.
pub(super) async fn disable_webhook(
    desk: Desk<Developers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let webhook = find(&desk, path(&id)?).await?;
    let (id, at) = (webhook.id, desk.app.clock.now());
    let work = move |conn: &mut Conn| webhooks::update_webhook_state(conn, id, WebhookState::Disabled { at });
    desk.change("disable webhook", said(&desk, "webhook.disable", id), work).await?;
    Ok(desk.go(&format!("/webhooks/{id}"), "webhook-disabled"))
}

/// Tells a webhook what occurs from now on.
pub(super) async fn enable_webhook(
    desk: Desk<FreshDevelopers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id = find(&desk, path(&id)?).await?.id;
    let work = move |conn: &mut Conn| webhooks::update_webhook_state(conn, id, WebhookState::Active);
    desk.change("enable webhook", said(&desk, "webhook.enable", id), work).await?;
    Ok(desk.go(&format!("/webhooks/{id}"), "webhook-enabled"))
}

/// Takes a webhook away.
pub(super) async fn delete_webhook(
    desk: Desk<Developers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id = find(&desk, path(&id)?).await?.id;
    let work = move |conn: &mut Conn| webhooks::delete_webhook(conn, id);
    desk.change("delete webhook", said(&desk, "webhook.delete", id), work).await?;
    Ok(desk.go("/webhooks", "webhook-deleted"))
}

fn said(desk: &Desk<impl Roles>, operation: &str, id: WebhookId) -> Entry {
    Entry { detail: Some(id.to_string()), ..desk.entry(operation) }
}

/// A webhook of the member's own company.
async fn find(desk: &Desk<impl Roles>, id: WebhookId) -> Result<Webhook, Fault> {
    let find = move |conn: &mut Conn| webhooks::find_webhook(conn, id);
    let found = desk.app.db.read("find webhook", find).await?;
    let own = |webhook: &Webhook| webhook.organization == desk.signed_in.organization.id;
    found.filter(own).ok_or_else(Fault::not_found)
}

async fn show_all(
    desk: &Desk<impl Roles>,
    problem: Option<&'static str>,
    url: &str,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let organization = desk.signed_in.organization.id;
    let list = move |conn: &mut Conn| webhooks::list_webhooks(conn, Some(organization));
    let all = desk.app.db.read("list webhooks", list).await?;
    let mut page = desk.page.clone();
    page.problem = problem;
    let m = MailTexts::of(page.language);
    let shown = WebhooksPage {
        t: WebhooksTexts::of(page.language),
        webhooks: all.iter().map(|webhook| line(&page, webhook)).collect(),
        topics: Topic::of_webhooks().map(|topic| (topic.as_str(), topic_text(m, topic))).collect(),
        url: url.to_owned(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

async fn show_one(desk: &Desk<impl Roles>, id: WebhookId, fresh: Option<String>) -> Result<HttpResponse, Fault> {
    let webhook = find(desk, id).await?;
    let target = id.to_string();
    let list = move |conn: &mut Conn| outbox::list_deliveries(conn, Channel::Webhook, Some(&target), SHOWN_MAX);
    let sent = desk.app.db.read("list deliveries", list).await?;
    let page = desk.page.clone();
    let shown = WebhookPage {
        t: WebhooksTexts::of(page.language),
        webhook: line(&page, &webhook),
        fresh,
        deliveries: sent.iter().map(|delivery| delivery_line(&page, delivery)).collect(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

fn line(page: &Page, webhook: &Webhook) -> WebhookLine {
    let names: Vec<&str> = webhook.topics.iter().map(|topic| topic.as_str()).collect();
    WebhookLine {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        topics: if names.is_empty() { WebhooksTexts::of(page.language).all.to_owned() } else { names.join(", ") },
        badge: page.badge(webhook.state.as_str()),
        is_active: matches!(webhook.state, WebhookState::Active),
        created: moment::minute(webhook.created_at),
    }
}

fn delivery_line(page: &Page, delivery: &Delivery) -> DeliveryLine {
    let topic = Topic::parse(&delivery.topic);
    DeliveryLine {
        id: delivery.id.clone(),
        message: message_id(delivery),
        text: topic.map_or("", |topic| topic_text(MailTexts::of(page.language), topic)),
        topic: delivery.topic.clone(),
        badge: page.badge(delivery.state.as_str()),
        at: moment::minute(delivery.created_at),
        attempts: delivery.attempts,
        next: match delivery.state {
            outbox::DeliveryState::Waiting => moment::minute(delivery.due_at),
            _ => String::new(),
        },
        problem: delivery.problem.clone().unwrap_or_default(),
    }
}
