//! What is to be sent to people and programs outside: written in the transaction of what it tells of, sent afterwards, at
//! least once. No decision looks at it, so it is no new generation.

use crate::error::{inserting, updating};
use crate::schema::outbox::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::notification::wait_after;
use std::time::Duration;

/// Which way something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By e-mail.
    Mail,
    /// To the address of a company's program.
    Webhook,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, at the latest at `due_at`.
    Waiting,
    /// Taken by whom it was sent to.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Not taken for so long that it is not tried any more.
    GivenUp {
        /// Since when.
        at: Timestamp,
    },
}

/// One thing that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The same for the same thing to the same target, so that it is sent once.
    pub id: String,
    /// Which way.
    pub channel: Channel,
    /// To whom: a member or an address of mail, or a webhook.
    pub target: String,
    /// What it is about.
    pub topic: String,
    /// What is said, as JSON.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// How far it is.
    pub state: DeliveryState,
    /// What was wrong at the last attempt.
    pub problem: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct Row {
    id: String,
    channel: String,
    target: String,
    topic: String,
    body: String,
    created_at: i64,
    due_at: i64,
    attempts: i64,
    state: String,
    state_at: Option<i64>,
    problem: Option<String>,
}

impl Channel {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

impl DeliveryState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered { .. } => "delivered",
            Self::GivenUp { .. } => "given_up",
        }
    }
}

impl Delivery {
    /// Something new, to be sent at once.
    pub fn new(id: String, channel: Channel, target: String, topic: &str, body: String, now: Timestamp) -> Self {
        Self {
            id,
            channel,
            target,
            topic: topic.to_owned(),
            body,
            created_at: now,
            due_at: now,
            attempts: 0,
            state: DeliveryState::Waiting,
            problem: None,
        }
    }
}

/// Writes something to be sent; answers whether it was not there before.
pub fn insert_delivery(conn: &mut Conn, delivery: &Delivery) -> Result<bool, StoreError> {
    if find_delivery(conn, &delivery.id)?.is_some() {
        return Ok(false);
    }
    let row = Row {
        id: delivery.id.clone(),
        channel: delivery.channel.as_str().to_owned(),
        target: delivery.target.clone(),
        topic: delivery.topic.clone(),
        body: delivery.body.clone(),
        created_at: delivery.created_at.micros(),
        due_at: delivery.due_at.micros(),
        attempts: i64::from(delivery.attempts),
        state: delivery.state.as_str().to_owned(),
        state_at: None,
        problem: None,
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the delivery")?;
    Ok(true)
}

/// Takes what is due, the longest due first. What is taken counts as tried, and is due again after `lease`: whoever took
/// it and is gone leaves it to the next.
pub fn take_due(
    conn: &mut Conn,
    channel: Channel,
    now: Timestamp,
    lease: Duration,
    count_max: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let due = table.filter(outbox::state.eq("waiting")).filter(outbox::due_at.le(now.micros()));
    let due = due.filter(outbox::channel.eq(channel.as_str()));
    let rows = due.order((outbox::due_at, outbox::id)).limit(count_max).load::<Row>(&mut conn.0)?;
    let mut taken = rows.into_iter().map(delivery).collect::<Result<Vec<Delivery>, StoreError>>()?;
    for delivery in &mut taken {
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.due_at = now.plus(lease);
        let set = (outbox::attempts.eq(i64::from(delivery.attempts)), outbox::due_at.eq(delivery.due_at.micros()));
        updating(diesel::update(table.find(&delivery.id)).set(set).execute(&mut conn.0), "delivery")?;
    }
    Ok(taken)
}

/// Whether anything is due: a look that writes nothing.
pub fn has_due(conn: &mut Conn, channel: Channel, now: Timestamp) -> Result<bool, StoreError> {
    let due = table.filter(outbox::state.eq("waiting")).filter(outbox::due_at.le(now.micros()));
    let due = due.filter(outbox::channel.eq(channel.as_str()));
    Ok(due.select(outbox::id).first::<String>(&mut conn.0).optional()?.is_some())
}

/// Notes that something was delivered.
pub fn settle_delivered(conn: &mut Conn, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let set =
        (outbox::state.eq("delivered"), outbox::state_at.eq(Some(now.micros())), outbox::problem.eq(None::<String>));
    updating(diesel::update(table.find(id)).set(set).execute(&mut conn.0), "delivery")
}

/// Notes why something was not delivered. It is tried again after a while that grows, until it is older than `kept`, or
/// at once never again when it is `hopeless`. Answers whether it is given up.
pub fn settle_failed(
    conn: &mut Conn,
    tried: &Delivery,
    problem: &str,
    now: Timestamp,
    kept: Duration,
    hopeless: bool,
) -> Result<bool, StoreError> {
    let next = now.plus(wait_after(tried.attempts));
    let over = hopeless || next >= tried.created_at.plus(kept);
    let (state, state_at) = if over { ("given_up", Some(now.micros())) } else { ("waiting", None) };
    let set = (
        outbox::state.eq(state),
        outbox::state_at.eq(state_at),
        outbox::due_at.eq(next.micros()),
        outbox::problem.eq(Some(problem.to_owned())),
    );
    updating(diesel::update(table.find(&tried.id)).set(set).execute(&mut conn.0), "delivery")?;
    Ok(over)
}

/// Sends something once more, as if it were new.
pub fn replay_delivery(conn: &mut Conn, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let set = (
        outbox::state.eq("waiting"),
        outbox::state_at.eq(None::<i64>),
        outbox::created_at.eq(now.micros()),
        outbox::due_at.eq(now.micros()),
        outbox::attempts.eq(0),
    );
    updating(diesel::update(table.find(id)).set(set).execute(&mut conn.0), "delivery")
}

/// The delivery, when there is one.
pub fn find_delivery(conn: &mut Conn, id: &str) -> Result<Option<Delivery>, StoreError> {
    table.find(id).first::<Row>(&mut conn.0).optional()?.map(delivery).transpose()
}

/// The latest deliveries of a channel, newest first; of one target, or of all.
pub fn list_deliveries(
    conn: &mut Conn,
    channel: Channel,
    target: Option<&str>,
    count_max: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = table.filter(outbox::channel.eq(channel.as_str())).into_boxed();
    if let Some(target) = target {
        query = query.filter(outbox::target.eq(target.to_owned()));
    }
    let query = query.order((outbox::created_at.desc(), outbox::id)).limit(count_max);
    query.load::<Row>(&mut conn.0)?.into_iter().map(delivery).collect()
}

/// How many deliveries of a channel wait and how many were given up.
pub fn count_deliveries(conn: &mut Conn, channel: Channel) -> Result<(i64, i64), StoreError> {
    let mut count = |state: &str| {
        let query = table.filter(outbox::channel.eq(channel.as_str())).filter(outbox::state.eq(state.to_owned()));
        query.count().get_result::<i64>(&mut conn.0)
    };
    Ok((count("waiting")?, count("given_up")?))
}

/// Takes away what waits for a target, for instance one that is gone; answers how many.
pub fn delete_waiting(conn: &mut Conn, channel: Channel, target: &str) -> Result<usize, StoreError> {
    let same = table.filter(outbox::channel.eq(channel.as_str())).filter(outbox::target.eq(target.to_owned()));
    Ok(diesel::delete(same.filter(outbox::state.eq("waiting"))).execute(&mut conn.0)?)
}

/// Gives up what waits since before that moment, for instance because there is no mail server; answers how many.
pub fn give_up_waiting(conn: &mut Conn, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
    let old = table.filter(outbox::state.eq("waiting")).filter(outbox::created_at.lt(before.micros()));
    let set = (outbox::state.eq("given_up"), outbox::state_at.eq(Some(now.micros())));
    Ok(diesel::update(old).set(set).execute(&mut conn.0)?)
}

/// Forgets what was settled before that moment; answers how many.
pub fn delete_settled(conn: &mut Conn, before: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(table.filter(outbox::state_at.lt(before.micros()))).execute(&mut conn.0)?)
}

fn delivery(row: Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.id,
        channel: match row.channel.as_str() {
            "mail" => Channel::Mail,
            "webhook" => Channel::Webhook,
            other => return Err(column::unknown("channel of a delivery", other)),
        },
        target: row.target,
        topic: row.topic,
        body: row.body,
        created_at: Timestamp::from_micros(row.created_at),
        due_at: Timestamp::from_micros(row.due_at),
        attempts: column::number_back(row.attempts)?,
        state: match row.state.as_str() {
            "waiting" => DeliveryState::Waiting,
            "delivered" => DeliveryState::Delivered { at: column::since(row.state_at, "delivered")? },
            "given_up" => DeliveryState::GivenUp { at: column::since(row.state_at, "given_up")? },
            other => return Err(column::unknown("state of a delivery", other)),
        },
        problem: row.problem,
    })
}
