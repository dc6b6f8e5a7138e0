//! Addresses of companies' programs that are told what occurs. Their signing secrets are not here: each is made of a key of
//! the server, the webhook's identifier and a number that grows when it is changed.

use crate::error::{inserting, updating};
use crate::outbox::{Channel, delete_waiting};
use crate::schema::webhooks::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, OrganizationId, WebhookId};
use mudeung_core::notification::{Topic, topics};
use std::collections::BTreeSet;

/// Whether a webhook is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// It is.
    Active,
    /// It is not, because its company stopped it or it did not answer for days.
    Disabled {
        /// Since when.
        at: Timestamp,
    },
}

/// An address that is told what occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where it is told.
    pub url: String,
    /// Of what; of everything when there is nothing.
    pub topics: BTreeSet<Topic>,
    /// Which of its secrets signs.
    pub secret_number: u32,
    /// Whether it is told anything.
    pub state: WebhookState,
    /// Who made it.
    pub created_by: MemberId,
    /// When.
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: String,
    url: String,
    topics: String,
    secret_number: i64,
    state: String,
    state_at: Option<i64>,
    created_by: String,
    created_at: i64,
}

impl WebhookState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled { .. } => "disabled",
        }
    }
}

/// Adds a webhook; answers whether the organization had fewer than `count_max`.
pub fn insert_webhook(conn: &mut Conn, webhook: &Webhook, count_max: usize) -> Result<bool, StoreError> {
    if list_webhooks(conn, Some(webhook.organization))?.len() >= count_max {
        return Ok(false);
    }
    let names: Vec<&str> = webhook.topics.iter().map(|topic| topic.as_str()).collect();
    let (state, state_at) = state_columns(webhook.state);
    let row = Row {
        id: webhook.id.to_string(),
        organization: webhook.organization.to_string(),
        url: webhook.url.clone(),
        topics: names.join(" "),
        secret_number: i64::from(webhook.secret_number),
        state,
        state_at,
        created_by: webhook.created_by.to_string(),
        created_at: webhook.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the webhook")?;
    Ok(true)
}

/// The webhook, when there is one.
pub fn find_webhook(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(webhook).transpose()
}

/// The webhooks of an organization, or of all; oldest first.
pub fn list_webhooks(conn: &mut Conn, organization: Option<OrganizationId>) -> Result<Vec<Webhook>, StoreError> {
    let mut query = table.order(webhooks::id).into_boxed();
    if let Some(organization) = organization {
        query = query.filter(webhooks::organization.eq(organization.to_string()));
    }
    query.load::<Row>(&mut conn.0)?.into_iter().map(webhook).collect()
}

/// Puts a webhook into another state. What waits for one that is disabled is taken away: it can be replayed from what
/// was told others, and a stopped address must not be flooded when it begins again.
pub fn update_webhook_state(conn: &mut Conn, id: WebhookId, state: WebhookState) -> Result<(), StoreError> {
    let (name, at) = state_columns(state);
    let set = (webhooks::state.eq(name), webhooks::state_at.eq(at));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "webhook")?;
    if matches!(state, WebhookState::Disabled { .. }) {
        delete_waiting(conn, Channel::Webhook, &id.to_string())?;
    }
    Ok(())
}

/// Lets the next secret sign.
pub fn update_webhook_secret(conn: &mut Conn, id: WebhookId, number: u32) -> Result<(), StoreError> {
    let set = webhooks::secret_number.eq(i64::from(number));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "webhook")
}

/// Takes a webhook away, with what waits for it.
pub fn delete_webhook(conn: &mut Conn, id: WebhookId) -> Result<(), StoreError> {
    delete_waiting(conn, Channel::Webhook, &id.to_string())?;
    updating(diesel::delete(table.find(id.to_string())).execute(&mut conn.0), "webhook")
}

fn state_columns(state: WebhookState) -> (String, Option<i64>) {
    let at = match state {
        WebhookState::Active => None,
        WebhookState::Disabled { at } => Some(at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn webhook(row: Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        url: row.url,
        topics: topics(&row.topics).ok_or_else(|| column::unknown("topics of a webhook", &row.topics))?,
        secret_number: column::number_back(row.secret_number)?,
        state: match row.state.as_str() {
            "active" => WebhookState::Active,
            "disabled" => WebhookState::Disabled { at: column::since(row.state_at, "disabled")? },
            other => return Err(column::unknown("state of a webhook", other)),
        },
        created_by: column::id(&row.created_by)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
