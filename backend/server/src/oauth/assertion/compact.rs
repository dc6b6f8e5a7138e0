//! A JWT in its compact form, taken apart and not yet believed.

use super::super::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The longest assertion that is read, in bytes.
const BYTES_MAX: usize = 8 << 10;

/// A JWT, taken apart.
#[derive(Debug)]
pub(crate) struct Compact {
    /// The header.
    pub(crate) header: Map<String, Value>,
    /// The claims.
    pub(crate) claims: Map<String, Value>,
    /// What is signed.
    pub(super) message: String,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl Compact {
    /// Takes a text apart; `None` when it is not three parts of canonical base64url, two of them JSON objects in which
    /// every name stands once.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > BYTES_MAX {
            return None;
        }
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        // A point left in `claims` is no letter of base64url.
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        Some(Self {
            header: json::object(&part(header)?)?,
            claims: json::object(&part(claims)?)?,
            message: message.to_owned(),
            signature: part(signature)?,
        })
    }

    /// Who is said to have signed it.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }
}
