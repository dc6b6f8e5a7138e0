//! What the browser sends of a ceremony, as JSON (`RegistrationResponseJSON`, `AuthenticationResponseJSON` of the standard).

use super::Refusal;
use crate::oauth::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The longest answer that is read.
pub(super) const ANSWER_BYTES_MAX: usize = 16 << 10;

/// How a browser may reach a device; other words are dropped.
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// A passkey that was made.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(super) credential: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) attestation: Vec<u8>,
    pub(super) transports: Vec<String>,
}

/// A passkey that was used.
#[derive(Debug, Clone)]
pub(crate) struct Assertion {
    /// What the device calls the passkey.
    pub(crate) credential: Vec<u8>,
    /// What it calls the member, where it says so.
    pub(crate) handle: Option<Vec<u8>>,
    pub(super) client_data: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Registration {
    /// Reads it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let (credential, response) = parts(text)?;
        let named = response.get("transports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_named = |word: &&str| named.iter().any(|named| named.as_str() == Some(*word));
        Ok(Self {
            credential,
            client_data: bytes(&response, "clientDataJSON")?,
            attestation: bytes(&response, "attestationObject")?,
            transports: TRANSPORTS.into_iter().filter(is_named).map(str::to_owned).collect(),
        })
    }
}

impl Assertion {
    /// Reads it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let (credential, response) = parts(text)?;
        let handle = match response.get("userHandle") {
            None | Some(Value::Null) => None,
            Some(_) => Some(bytes(&response, "userHandle")?),
        };
        Ok(Self {
            credential,
            handle,
            client_data: bytes(&response, "clientDataJSON")?,
            data: bytes(&response, "authenticatorData")?,
            signature: bytes(&response, "signature")?,
        })
    }
}

/// The identifier of the passkey, and what was said of it.
fn parts(text: &str) -> Result<(Vec<u8>, Map<String, Value>), Refusal> {
    if text.len() > ANSWER_BYTES_MAX {
        return Err(Refusal::Unreadable);
    }
    let mut answer = json::object(text.as_bytes()).ok_or(Refusal::Unreadable)?;
    let is_key = answer.get("type").is_some_and(|kind| kind == "public-key");
    let credential = bytes(&answer, "id")?;
    match answer.remove("response") {
        Some(Value::Object(response)) if is_key => Ok((credential, response)),
        _ => Err(Refusal::Unreadable),
    }
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    let text = members.get(name).and_then(Value::as_str);
    text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(Refusal::Unreadable)
}
