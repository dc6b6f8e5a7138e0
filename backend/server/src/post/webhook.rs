//! What a company's program is told, and how it knows that we say it: the signatures of Standard Webhooks
//! (<https://www.standardwebhooks.com>), so that its libraries verify them.

use super::Undelivered;
use crate::data::view::rfc3339;
use crate::keys::Keys;
use crate::state::App;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::WebhookId;
use mudeung_core::secret::Secret;
use mudeung_store::Conn;
use mudeung_store::outbox::Delivery;
use mudeung_store::webhooks::{Webhook, WebhookState, find_webhook};
use serde_json::{Value, json};
use sha2::Sha256;

/// What a signing secret begins with.
pub const MARK: &str = "whsec_";

/// A call of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where.
    pub url: String,
    /// The three headers of Standard Webhooks: name and value.
    pub headers: [(&'static str, String); 3],
    /// JSON.
    pub body: String,
}

/// The call that a delivery is, signed at this moment.
pub(super) async fn compose(app: &App, delivery: &Delivery) -> Result<Call, Undelivered> {
    let id: Option<WebhookId> = delivery.target.parse().ok();
    let id = id.ok_or_else(|| Undelivered::Never("no such webhook".to_owned()))?;
    let find = move |conn: &mut Conn| find_webhook(conn, id);
    let found = app.db.read("find webhook", find).await.map_err(|error| Undelivered::Later(error.to_string()))?;
    let webhook = found.ok_or_else(|| Undelivered::Never("the webhook was removed".to_owned()))?;
    if matches!(webhook.state, WebhookState::Disabled { .. }) {
        return Err(Undelivered::Never("the webhook is disabled".to_owned()));
    }
    if !app.config.webhooks.allows(&webhook.url) {
        return Err(Undelivered::Never("the address is not allowed any more".to_owned()));
    }
    let said: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let message = message_id(delivery);
    let at = said.get("at").and_then(Value::as_i64).map_or(delivery.created_at, Timestamp::from_micros);
    let body = json!({
        "type": delivery.topic,
        "timestamp": rfc3339(at),
        "data": {
            "organization": said.get("organization"),
            "subject": said.get("subject"),
            "dataset": said.get("dataset"),
        },
    })
    .to_string();
    let timestamp = app.clock.now().seconds().to_string();
    let signature = signatures(&app.keys, &webhook, &message, &timestamp, &body);
    let headers = [("webhook-id", message), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    Ok(Call { url: webhook.url, headers, body })
}

/// What every call of a delivery carries as `webhook-id`.
pub(crate) fn message_id(delivery: &Delivery) -> String {
    let said: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    said.get("id").and_then(Value::as_str).unwrap_or(&delivery.id).to_owned()
}

/// The secret that a webhook's program verifies with: `whsec_` and 256 bits in base64. It is made of a key of the server
/// and is nowhere kept.
pub fn secret(keys: &Keys, id: WebhookId, number: u32) -> Secret<String> {
    Secret::new(format!("{MARK}{}", STANDARD.encode(secret_bytes(keys, id, number).expose())))
}

fn secret_bytes(keys: &Keys, id: WebhookId, number: u32) -> Secret<[u8; 32]> {
    Secret::new(mac(keys.pepper().expose(), &format!("webhook {id} {number}")))
}

/// The signature by the present secret, and by the one before it, so that a program may change over when it likes.
fn signatures(keys: &Keys, webhook: &Webhook, message: &str, timestamp: &str, body: &str) -> String {
    let signed = format!("{message}.{timestamp}.{body}");
    let numbers = [Some(webhook.secret_number), webhook.secret_number.checked_sub(1).filter(|number| *number > 0)];
    let sign = |number| {
        let secret = secret_bytes(keys, webhook.id, number);
        format!("v1,{}", STANDARD.encode(mac(secret.expose(), &signed)))
    };
    numbers.into_iter().flatten().map(sign).collect::<Vec<String>>().join(" ")
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // HMAC takes keys of every length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}
