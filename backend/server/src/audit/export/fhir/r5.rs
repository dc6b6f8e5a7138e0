//! The event in R5: the same facts; types and details are concepts, outcomes are severities, names are gone.

use super::{parts, set};
use crate::data::view::rfc3339;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::entry::{Entry, Status};
use serde_json::{Value, json};

const SEVERITY: &str = "http://hl7.org/fhir/issue-severity";

/// The R5 event of an entry.
pub(super) fn event(index: u64, entry: &Entry, origin: &str, address: Option<&str>) -> Result<Value, String> {
    let shape = parts::shape(&entry.operation);
    let source = parts::source(origin);
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": format!("entry-{index}"),
        "category": [{ "coding": [shape.event] }],
        "code": { "coding": shape.subtypes(&entry.operation) },
        "action": shape.action,
        "recorded": rfc3339(Timestamp::from_micros(entry.time_us)),
        "agent": parts::agents(entry, origin, &shape, address.map(|ip| json!({ "networkString": ip }))),
        "source": { "observer": part(&source, "observer"), "type": [{ "coding": part(&source, "type") }] },
        "entity": parts::entities(index, entry, origin)?.into_iter().map(entity).collect::<Vec<_>>(),
    });
    if let Some(status) = entry.status {
        let mut outcome = json!({ "code": { "system": SEVERITY, "code": severity(status) } });
        if let Some(detail) = entry.detail.as_deref().and_then(parts::shown) {
            set(&mut outcome, "detail", json!([{ "text": detail }]));
        }
        set(&mut event, "outcome", outcome);
    }
    if let Some(purpose) = entry.purpose.as_deref().and_then(parts::shown) {
        set(&mut event, "authorization", json!([{ "text": purpose }]));
    }
    Ok(event)
}

const fn severity(status: Status) -> &'static str {
    match status {
        Status::Completed => "success",
        Status::Denied | Status::Aborted => "error",
        Status::Unknown => "fatal",
    }
}

/// An R4 entity as R5 has it: no type and no name; roles and details are concepts.
fn entity(r4: Value) -> Value {
    let role = r4.get("role").or_else(|| r4.get("type"));
    let mut entity = json!({ "what": part(&r4, "what"), "role": { "coding": [role] } });
    if let Some(query) = r4.get("query") {
        set(&mut entity, "query", query.clone());
    }
    if let Some(details) = r4.get("detail").and_then(Value::as_array) {
        let concept = |detail: &Value| json!({ "type": { "text": part(detail, "type") }, "valueString": part(detail, "valueString") });
        set(&mut entity, "detail", details.iter().map(concept).collect());
    }
    entity
}

fn part(value: &Value, name: &str) -> Value {
    value.get(name).cloned().unwrap_or_default()
}
