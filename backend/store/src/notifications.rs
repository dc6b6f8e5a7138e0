//! What members were told, and how they want to be told. [`tell`] is called in the transaction of what occurs: it writes the
//! notification of each member, and what goes out by mail and to webhooks, each once. No decision looks at them.

use crate::error::inserting;
use crate::outbox::{Channel, Delivery, insert_delivery};
use crate::schema::{notifications, preferences};
use crate::webhooks::{WebhookState, list_webhooks};
use crate::{Conn, StoreError, column, members, organizations};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use mudeung_core::member::Member;
use mudeung_core::notification::{Mailing, Occurrence, Topic};
use mudeung_core::organization::{OrganizationKind, OrganizationState};
use serde_json::json;
use std::collections::BTreeSet;

/// What a member was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What occurred. Who did it is not kept here.
    pub occurrence: Occurrence,
    /// When the member saw it.
    pub read_at: Option<Timestamp>,
}

/// How a member reads, and wants to have mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// `ko` or `en`.
    pub language: String,
    /// How what is told comes by mail.
    pub mailing: Mailing,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { language: "ko".to_owned(), mailing: Mailing::AtOnce }
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = notifications, treat_none_as_default_value = false)]
struct Row {
    member: String,
    occurrence: String,
    topic: String,
    organization: String,
    subject: String,
    dataset: Option<String>,
    happened_at: i64,
    read_at: Option<i64>,
    collected: i64,
}

/// Tells everybody who hears of it.
pub fn tell(conn: &mut Conn, occurrence: &Occurrence) -> Result<(), StoreError> {
    for member in hearers(conn, occurrence)? {
        let known = notifications::table.find((member.id.to_string(), &occurrence.id));
        if known.count().get_result::<i64>(&mut conn.0)? > 0 {
            continue;
        }
        let mailing = find_preferences(conn, member.id)?.mailing;
        insert(conn, occurrence, member.id, mailing == Mailing::Daily)?;
        if mailing == Mailing::AtOnce {
            let (id, target) = (format!("{}:{}", occurrence.id, member.id), member.id.to_string());
            insert_delivery(conn, &delivery(occurrence, id, Channel::Mail, target))?;
        }
    }
    if !occurrence.topic.audience().company {
        return Ok(());
    }
    for webhook in list_webhooks(conn, Some(occurrence.organization))? {
        let wanted = webhook.topics.is_empty() || webhook.topics.contains(&occurrence.topic);
        if wanted && matches!(webhook.state, WebhookState::Active) {
            let (id, target) = (format!("{}:{}", occurrence.id, webhook.id), webhook.id.to_string());
            insert_delivery(conn, &delivery(occurrence, id, Channel::Webhook, target))?;
        }
    }
    Ok(())
}

/// What is sent of an occurrence: whose language and which links, is said when it is sent.
pub fn delivery(occurrence: &Occurrence, id: String, channel: Channel, target: String) -> Delivery {
    let body = json!({
        "id": occurrence.id,
        "organization": occurrence.organization.to_string(),
        "subject": occurrence.subject,
        "dataset": occurrence.dataset.as_ref().map(ToString::to_string),
        "at": occurrence.at.micros(),
    });
    Delivery::new(id, channel, target, occurrence.topic.as_str(), body.to_string(), occurrence.at)
}

fn hearers(conn: &mut Conn, occurrence: &Occurrence) -> Result<Vec<Member>, StoreError> {
    let audience = occurrence.topic.audience();
    let mut hearers = Vec::new();
    let mut concerned = match audience.hospital {
        [] => Vec::new(),
        _ => organizations::list_hospitals(conn)?,
    };
    if audience.company {
        concerned.extend(organizations::find_organization(conn, occurrence.organization)?);
    }
    for organization in concerned.iter().filter(|it| matches!(it.state, OrganizationState::Active)) {
        let is_hospital = organization.kind == OrganizationKind::Hospital;
        let all = members::list_members(conn, Some(organization.id))?;
        hearers.extend(all.into_iter().filter(|member| occurrence.reaches(member, is_hospital)));
    }
    Ok(hearers)
}

fn insert(conn: &mut Conn, occurrence: &Occurrence, member: MemberId, collected: bool) -> Result<(), StoreError> {
    let row = Row {
        member: member.to_string(),
        occurrence: occurrence.id.clone(),
        topic: occurrence.topic.as_str().to_owned(),
        organization: occurrence.organization.to_string(),
        subject: occurrence.subject.clone(),
        dataset: occurrence.dataset.as_ref().map(ToString::to_string),
        happened_at: occurrence.at.micros(),
        read_at: None,
        collected: i64::from(collected),
    };
    inserting(diesel::insert_into(notifications::table).values(row).execute(&mut conn.0), "the notification")
}

/// Whether somebody was told of an occurrence.
pub fn is_told(conn: &mut Conn, occurrence: &str) -> Result<bool, StoreError> {
    let query = notifications::table.filter(notifications::occurrence.eq(occurrence)).select(notifications::member);
    Ok(query.first::<String>(&mut conn.0).optional()?.is_some())
}

/// The latest notifications of a member, newest first.
pub fn list_notifications(conn: &mut Conn, member: MemberId, count_max: i64) -> Result<Vec<Notification>, StoreError> {
    let query = notifications::table.filter(notifications::member.eq(member.to_string()));
    let query = query.order((notifications::happened_at.desc(), notifications::occurrence)).limit(count_max);
    query.load::<Row>(&mut conn.0)?.into_iter().map(notification).collect()
}

/// How many notifications a member has not seen.
pub fn count_unread(conn: &mut Conn, member: MemberId) -> Result<i64, StoreError> {
    let query = notifications::table.filter(notifications::member.eq(member.to_string()));
    Ok(query.filter(notifications::read_at.is_null()).count().get_result(&mut conn.0)?)
}

/// Notes that a member has seen what was told until then.
pub fn mark_read(conn: &mut Conn, member: MemberId, now: Timestamp) -> Result<(), StoreError> {
    let unread = notifications::table.filter(notifications::member.eq(member.to_string()));
    let unread = unread.filter(notifications::read_at.is_null()).filter(notifications::happened_at.le(now.micros()));
    diesel::update(unread).set(notifications::read_at.eq(Some(now.micros()))).execute(&mut conn.0)?;
    Ok(())
}

/// The members with something collected for the mail of the morning.
pub fn list_collecting(conn: &mut Conn) -> Result<Vec<MemberId>, StoreError> {
    let query = notifications::table.filter(notifications::collected.eq(1)).select(notifications::member).distinct();
    query.load::<String>(&mut conn.0)?.iter().map(|id| column::id(id)).collect()
}

/// Takes what was collected for a member, oldest first.
pub fn take_collected(conn: &mut Conn, member: MemberId) -> Result<Vec<Notification>, StoreError> {
    let own = notifications::table.filter(notifications::member.eq(member.to_string()));
    let own = own.filter(notifications::collected.eq(1));
    let rows = own.order((notifications::happened_at, notifications::occurrence)).load::<Row>(&mut conn.0)?;
    let taken = notifications::table.filter(notifications::member.eq(member.to_string()));
    diesel::update(taken).set(notifications::collected.eq(0)).execute(&mut conn.0)?;
    rows.into_iter().map(notification).collect()
}

/// Forgets what was told before that moment; answers how many.
pub fn delete_notifications(conn: &mut Conn, before: Timestamp) -> Result<usize, StoreError> {
    let old = notifications::table.filter(notifications::happened_at.lt(before.micros()));
    Ok(diesel::delete(old).execute(&mut conn.0)?)
}

/// How a member reads and wants mail, or the usual when nothing was said.
pub fn find_preferences(conn: &mut Conn, member: MemberId) -> Result<Preferences, StoreError> {
    let row = preferences::table.find(member.to_string()).first::<(String, String, String)>(&mut conn.0).optional()?;
    let Some((_, language, mailing)) = row else { return Ok(Preferences::default()) };
    let mailing = Mailing::parse(&mailing).ok_or_else(|| column::unknown("way of mailing", &mailing))?;
    Ok(Preferences { language, mailing })
}

/// Notes how a member reads and wants mail.
pub fn put_preferences(conn: &mut Conn, member: MemberId, wanted: &Preferences) -> Result<(), StoreError> {
    let row = (
        preferences::member.eq(member.to_string()),
        preferences::language.eq(&wanted.language),
        preferences::mailing.eq(wanted.mailing.as_str()),
    );
    diesel::delete(preferences::table.find(member.to_string())).execute(&mut conn.0)?;
    inserting(diesel::insert_into(preferences::table).values(row).execute(&mut conn.0), "the preferences")
}

fn notification(row: Row) -> Result<Notification, StoreError> {
    let topic = Topic::parse(&row.topic).ok_or_else(|| column::unknown("topic", &row.topic))?;
    Ok(Notification {
        occurrence: Occurrence {
            id: row.occurrence,
            topic,
            organization: column::id(&row.organization)?,
            subject: row.subject,
            dataset: row.dataset.as_deref().map(column::name).transpose()?,
            by: None,
            at: Timestamp::from_micros(row.happened_at),
            turn: BTreeSet::new(),
        },
        read_at: row.read_at.map(Timestamp::from_micros),
    })
}
