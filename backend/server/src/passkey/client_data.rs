//! What the browser says of where it was and what it was asked (`clientDataJSON`, 5.8.1 of the standard).

use super::Refusal;
use crate::oauth::json;
use serde_json::Value;

/// A passkey was made.
pub(super) const CREATE: &str = "webauthn.create";
/// A passkey was used.
pub(super) const GET: &str = "webauthn.get";

/// Whether the browser says what it must: other members may be there, now or in later versions, and none twice.
pub(super) fn check(text: &[u8], kind: &str, challenge: &str, origin: &str) -> Result<(), Refusal> {
    let said = json::object(text).ok_or(Refusal::Unreadable)?;
    let says = |name: &str, expected: &str| said.get(name).and_then(Value::as_str) == Some(expected);
    if !says("type", kind) {
        return Err(Refusal::Type);
    }
    if !says("challenge", challenge) {
        return Err(Refusal::Challenge);
    }
    // Nor within a page of somebody else.
    let is_framed = said.get("crossOrigin").is_some_and(|crossed| *crossed != Value::Bool(false));
    if !says("origin", origin) || is_framed || said.contains_key("topOrigin") {
        return Err(Refusal::Origin);
    }
    Ok(())
}
