//! Signed texts of three parts (RFC 7515): what assertions and proofs of possession have in common.

use crate::error::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The three parts; `sign` makes the last one of the other two.
pub(crate) fn signed(
    head: &Value,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, ApiError>,
) -> Result<String, ApiError> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(head), part(claims));
    let signature = sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A name that nobody has given before.
pub(crate) fn fresh_id() -> Result<String, ApiError> {
    let mut id = [0_u8; 16];
    let filled = SystemRandom::new().fill(&mut id);
    filled.map_err(|_unspecified| ApiError::Configuration("the system gives no random bytes".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(id))
}

/// The present, since the beginning of 1970.
#[expect(clippy::disallowed_methods, reason = "a client has no clock but that of its machine")]
pub(crate) fn present() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
