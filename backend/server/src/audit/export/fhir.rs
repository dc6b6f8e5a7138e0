//! Entries as FHIR AuditEvents, one for each, as a resource a line.
//!
//! The form follows IHE Basic Audit Log Patterns (BALP 1.1.4, on R4): an access with a token has the agent of *OAuth
//! access token use, Minimal*, whose policy is `urn:ietf:params:oauth:jti:<jti>`, and claims that profile. A read of data
//! has type, subtype and agents of *Privacy Disclosure, Source*, but does not claim the profile, because it demands a
//! patient and de-identified data has none; for the same reason the patterns for patients are not used. The trace is an
//! entity of BALP's type `XrequestId`. A token itself is never in an entry, so it is never here.

mod parts;
mod r5;
#[cfg(test)]
mod tests;

use super::Opened;
use crate::data::view::rfc3339;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::entry::{Entry, Status};
use serde_json::{Value, json};

/// The profile that events with a token claim.
pub const OAUTH_MINIMAL: &str =
    "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.OAUTHaccessTokenUse.Minimal";

/// Which FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 4.0.1.
    R4,
    /// 5.0.0.
    R5,
}

/// The events of some entries, one line each.
pub fn lines(entries: &[(u64, Entry)], opened: &Opened, origin: &str, release: Release) -> Result<Vec<u8>, String> {
    let mut lines = Vec::new();
    for (index, entry) in entries {
        let address = entry.address.as_ref().and_then(|commitment| opened.get(commitment)).map(String::as_str);
        let event = match release {
            Release::R4 => event(*index, entry, origin, address),
            Release::R5 => r5::event(*index, entry, origin, address),
        }?;
        serde_json::to_writer(&mut lines, &event).map_err(|error| error.to_string())?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The R4 event of an entry.
fn event(index: u64, entry: &Entry, origin: &str, address: Option<&str>) -> Result<Value, String> {
    let shape = parts::shape(&entry.operation);
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": format!("entry-{index}"),
        "type": shape.event,
        "subtype": shape.subtypes(&entry.operation),
        "action": shape.action,
        "recorded": rfc3339(Timestamp::from_micros(entry.time_us)),
        "agent": parts::agents(entry, origin, &shape, address.map(|ip| json!({ "network": { "address": ip, "type": "2" } }))),
        "source": parts::source(origin),
        "entity": parts::entities(index, entry, origin)?,
    });
    if entry.token.is_some() {
        set(&mut event, "meta", json!({ "profile": [OAUTH_MINIMAL] }));
    }
    if let Some(status) = entry.status {
        set(&mut event, "outcome", json!(outcome(status)));
    }
    if let Some(detail) = entry.detail.as_deref().and_then(parts::shown) {
        set(&mut event, "outcomeDesc", json!(detail));
    }
    if let Some(purpose) = entry.purpose.as_deref().and_then(parts::shown) {
        set(&mut event, "purposeOfEvent", json!([{ "text": purpose }]));
    }
    Ok(event)
}

/// How it ended, in the four steps of R4.
const fn outcome(status: Status) -> &'static str {
    match status {
        Status::Completed => "0",
        Status::Denied => "4",
        Status::Aborted => "8",
        Status::Unknown => "12",
    }
}

fn set(event: &mut Value, name: &str, value: Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
