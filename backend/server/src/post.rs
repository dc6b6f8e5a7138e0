//! Carries what is in the outbox to people and programs outside, at least once, in the background: what a request or a
//! board does never waits for a mail server.

pub mod mail;
pub mod webhook;

use crate::fault::Fault;
use crate::portal::moment;
use crate::record;
use crate::state::App;
use actix_web::web;
use futures_util::future::{BoxFuture, join_all};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::WebhookId;
use mudeung_store::outbox::{self, Channel, Delivery};
use mudeung_store::webhooks::{self, Webhook, WebhookState};
use mudeung_store::{Conn, StoreError, notifications};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::sync::Arc;
use std::time::Duration;

/// How often there is a look whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often what is old is taken away.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// Who takes something and is gone after so long leaves it to the next.
const LEASE: Duration = Duration::from_secs(120);
/// How many are sent at once.
const AT_ONCE: i64 = 16;
/// How long something is tried.
pub const KEPT: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long settled deliveries and notifications are kept.
const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The hour of the morning, in KST, at which the mail of a day goes out.
const MORNING: i8 = 8;

/// Why something did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// It may another time.
    Later(String),
    /// It never will: nobody has that address.
    Never(String),
}

/// Something that is awaited, or why it did not arrive.
pub type CarryFuture<'a> = BoxFuture<'a, Result<(), Undelivered>>;

/// Carries mail and calls webhooks, within a time of its own choosing. The binary brings the clients.
pub trait Carrier: Send + Sync {
    /// Whether it carries mail.
    fn has_mail(&self) -> bool;
    /// Carries a mail.
    fn mail(&self, mail: mail::Mail) -> CarryFuture<'_>;
    /// Calls a webhook.
    fn webhook(&self, call: webhook::Call) -> CarryFuture<'_>;
}

/// Carries for ever; ends only with the runtime.
pub async fn keep_carrying(app: web::Data<App>, carrier: Arc<dyn Carrier>) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut tidies = tokio::time::interval(TIDY_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            _ = looks.tick() => look(&app, &*carrier).await,
            _ = tidies.tick() => tidy(&app).await,
        };
        if let Err(error) = done {
            tracing::warn!("what is in the outbox waits: {error}");
        }
    }
}

async fn look(app: &App, carrier: &dyn Carrier) -> Result<usize, StoreError> {
    collect_digests(app).await?;
    carry_due(app, carrier).await
}

/// Carries everything that is due; answers how many arrived. Of several nodes that look at once, one takes each.
pub async fn carry_due(app: &App, carrier: &dyn Carrier) -> Result<usize, StoreError> {
    let mut arrived = 0;
    for channel in [Channel::Mail, Channel::Webhook] {
        if channel == Channel::Mail && !carrier.has_mail() {
            continue;
        }
        loop {
            let now = app.clock.now();
            if !app.db.read("look at outbox", move |conn| outbox::has_due(conn, channel, now)).await? {
                break;
            }
            let take = move |conn: &mut Conn| outbox::take_due(conn, channel, now, LEASE, AT_ONCE);
            let taken = app.db.tx("take from outbox", take).await?;
            let outcomes = join_all(taken.iter().map(|delivery| carry(app, carrier, delivery))).await;
            for (delivery, outcome) in taken.into_iter().zip(outcomes) {
                arrived += usize::from(outcome.is_ok());
                settle(app, delivery, outcome).await?;
            }
        }
    }
    Ok(arrived)
}

async fn carry(app: &App, carrier: &dyn Carrier, delivery: &Delivery) -> Result<(), Undelivered> {
    match delivery.channel {
        Channel::Mail => carrier.mail(mail::compose(app, delivery).await?).await,
        Channel::Webhook => carrier.webhook(webhook::compose(app, delivery).await?).await,
    }
}

async fn settle(app: &App, delivery: Delivery, outcome: Result<(), Undelivered>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (problem, hopeless) = match outcome {
        Ok(()) => {
            let settle = move |conn: &mut Conn| outbox::settle_delivered(conn, &delivery.id, now);
            return app.db.tx("settle delivery", settle).await;
        }
        Err(Undelivered::Later(problem)) => (problem, false),
        Err(Undelivered::Never(problem)) => (problem, true),
    };
    // An address may stand in the problem; the log is no place for it.
    tracing::info!(channel = delivery.channel.as_str(), topic = delivery.topic, "not delivered: see the outbox");
    let problem: String = problem.chars().filter(|letter| !letter.is_control()).take(300).collect();
    let settle = move |conn: &mut Conn| {
        let given_up = outbox::settle_failed(conn, &delivery, &problem, now, KEPT, hopeless)?;
        match delivery.target.parse::<WebhookId>() {
            Ok(id) if given_up => webhooks::find_webhook(conn, id),
            _ => Ok(None),
        }
    };
    match app.db.tx("settle delivery", settle).await? {
        Some(webhook) if matches!(webhook.state, WebhookState::Active) => disable(app, &webhook).await,
        _ => Ok(()),
    }
}

/// Stops a webhook whose program took nothing for days, on the record like every change.
async fn disable(app: &App, webhook: &Webhook) -> Result<(), StoreError> {
    let (id, at) = (webhook.id, app.clock.now());
    let intent = Entry {
        detail: Some(id.to_string()),
        organization: Some(webhook.organization.to_string()),
        ..Entry::new(Kind::Intent, "webhook.disable", at.micros(), record::nonce(app))
    };
    let work = move |conn: &mut Conn| webhooks::update_webhook_state(conn, id, WebhookState::Disabled { at });
    let change = async { app.db.tx("disable webhook", work).await.map_err(Fault::from) };
    let done = record::recorded(&app.ledger, &*app.clock, &*app.entropy, intent, change, |()| None).await;
    done.map_err(|fault| StoreError::Unavailable(fault.en))
}

/// Gives up what waits for too long, for instance because there is no mail server, and forgets what is old; answers how many
/// things it touched.
pub async fn tidy(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let (stale, old) = (now.minus(KEPT), now.minus(REMEMBERED));
    let tidy = move |conn: &mut Conn| {
        let touched = outbox::give_up_waiting(conn, stale, now)? + outbox::delete_settled(conn, old)?;
        Ok(touched + notifications::delete_notifications(conn, old)?)
    };
    app.db.tx("tidy outbox", tidy).await
}

/// Writes the mail of the morning for those who want one a day, once it is morning; answers for how many.
pub async fn collect_digests(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let waiting = app.db.read("look for digests", notifications::list_collecting).await?;
    let Some(day) = morning(now).filter(|_| !waiting.is_empty()) else { return Ok(0) };
    let collect = move |conn: &mut Conn| {
        let mut written = 0;
        for member in waiting {
            let id = format!("digest-{day}:{member}");
            if outbox::find_delivery(conn, &id)?.is_some() {
                continue;
            }
            let lines = notifications::take_collected(conn, member)?;
            let body = mail::digest_body(&lines);
            let delivery = Delivery::new(id, Channel::Mail, member.to_string(), mail::DIGEST, body, now);
            written += usize::from(outbox::insert_delivery(conn, &delivery)?);
        }
        Ok(written)
    };
    app.db.tx("collect digests", collect).await
}

/// The day in KST, once its morning has come.
fn morning(now: Timestamp) -> Option<String> {
    (moment::hour(now)? >= MORNING).then(|| moment::day(now))
}
