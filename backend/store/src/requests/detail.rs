//! What happened to a request as a JSON text in its row.

mod proposal;

use crate::catalog::terms;
use crate::{StoreError, column};
use mudeung_core::clock::Timestamp;
use mudeung_core::member::Role;
use mudeung_core::request::attachment::{Attachment, FileKind};
use mudeung_core::request::board::Count;
use mudeung_core::request::event::{Ballot, Condition, Decision, Happening, Verdict};
use mudeung_wire::manifest::ManifestUse;
use serde_json::{Value, json};

/// The text.
pub(super) fn write(what: &Happening) -> String {
    let value = match what {
        Happening::Saved(proposal) | Happening::Submitted(proposal) => proposal::write(proposal),
        Happening::Accepted | Happening::Withdrawn | Happening::Lapsed => json!({}),
        Happening::Returned { reason } | Happening::Recused { reason } => json!({ "reason": reason }),
        Happening::SignedOff { role, reason } => json!({ "role": role.as_str(), "reason": reason }),
        Happening::Voted { ballot, reason } => json!({ "ballot": ballot.as_str(), "reason": reason }),
        Happening::Decided(decision) => write_decision(decision),
        Happening::Answered { condition, answer } => json!({ "condition": condition, "answer": answer }),
        Happening::Confirmed { condition } => json!({ "condition": condition }),
        Happening::Attached(file) | Happening::Enclosed(file) => write_file(file),
        Happening::Asked { text } | Happening::Replied { text } | Happening::Remarked { text } => {
            json!({ "text": text })
        }
    };
    value.to_string()
}

/// What a text says of something of that kind.
pub(super) fn read(kind: &str, text: &str) -> Result<Happening, StoreError> {
    let value: Value = serde_json::from_str(text).map_err(StoreError::corrupt)?;
    Ok(match kind {
        "saved" => Happening::Saved(proposal::read(&value)?),
        "submitted" => Happening::Submitted(proposal::read(&value)?),
        "accepted" => Happening::Accepted,
        "withdrawn" => Happening::Withdrawn,
        "lapsed" => Happening::Lapsed,
        "returned" => Happening::Returned { reason: string(&value, "reason")? },
        "recused" => Happening::Recused { reason: string(&value, "reason")? },
        "signed_off" => {
            let role = string(&value, "role")?;
            let role = Role::parse(&role).ok_or_else(|| column::unknown("role", &role))?;
            Happening::SignedOff { role, reason: string(&value, "reason")? }
        }
        "voted" => {
            let ballot = string(&value, "ballot")?;
            let ballot = Ballot::parse(&ballot).ok_or_else(|| column::unknown("ballot", &ballot))?;
            Happening::Voted { ballot, reason: string(&value, "reason")? }
        }
        "decided" => Happening::Decided(read_decision(&value)?),
        "answered" => {
            Happening::Answered { condition: number(&value, "condition")?, answer: string(&value, "answer")? }
        }
        "confirmed" => Happening::Confirmed { condition: number(&value, "condition")? },
        "asked" => Happening::Asked { text: string(&value, "text")? },
        "replied" => Happening::Replied { text: string(&value, "text")? },
        "attached" => Happening::Attached(read_file(&value)?),
        "enclosed" => Happening::Enclosed(read_file(&value)?),
        "remarked" => Happening::Remarked { text: string(&value, "text")? },
        other => return Err(column::unknown("event of a request", other)),
    })
}

fn write_file(file: &Attachment) -> Value {
    let Attachment { name, kind, size_bytes, sha256 } = file;
    json!({ "name": name, "kind": kind.as_str(), "size_bytes": size_bytes, "sha256": sha256 })
}

fn read_file(value: &Value) -> Result<Attachment, StoreError> {
    let kind = string(value, "kind")?;
    Ok(Attachment {
        name: string(value, "name")?,
        kind: FileKind::parse(&kind).ok_or_else(|| column::unknown("kind of file", &kind))?,
        size_bytes: field(value, "size_bytes")?.as_u64().ok_or_else(shape)?,
        sha256: string(value, "sha256")?,
    })
}

fn write_decision(decision: &Decision) -> Value {
    let Count { seats, external_seats, present, external_present, favour, conditional, against, abstained } =
        decision.count;
    let count = json!({
        "seats": seats, "external_seats": external_seats, "present": present, "external_present": external_present,
        "favour": favour, "conditional": conditional, "against": against, "abstained": abstained,
    });
    let condition = |condition: &Condition| json!({ "text": condition.text, "due": condition.due.micros() });
    let terms = decision.terms.as_ref().map(terms::write);
    match &decision.verdict {
        Verdict::Approved { grant, reach, conditions } => {
            let conditions: Vec<Value> = conditions.iter().map(condition).collect();
            let (grant, reach) = (grant.to_string(), reach.as_str());
            json!({ "count": count, "terms": terms, "grant": grant, "reach": reach, "conditions": conditions })
        }
        Verdict::Rejected { reason } => json!({ "count": count, "terms": terms, "reason": reason }),
    }
}

fn read_decision(value: &Value) -> Result<Decision, StoreError> {
    let counted = field(value, "count")?;
    let count = Count {
        seats: number(counted, "seats")?,
        external_seats: number(counted, "external_seats")?,
        present: number(counted, "present")?,
        external_present: number(counted, "external_present")?,
        favour: number(counted, "favour")?,
        conditional: number(counted, "conditional")?,
        against: number(counted, "against")?,
        abstained: number(counted, "abstained")?,
    };
    let verdict = if value.get("grant").is_some() {
        let list = field(value, "conditions")?.as_array().ok_or_else(shape)?;
        let condition = |one: &Value| Ok(Condition { text: string(one, "text")?, due: time(one, "due")? });
        let conditions = list.iter().map(condition).collect::<Result<_, StoreError>>()?;
        let (grant, reach) = (column::id(&string(value, "grant")?)?, column::reach(&string(value, "reach")?)?);
        Verdict::Approved { grant, reach, conditions }
    } else {
        Verdict::Rejected { reason: string(value, "reason")? }
    };
    let said: Option<ManifestUse> =
        serde_json::from_value(field(value, "terms")?.clone()).map_err(StoreError::corrupt)?;
    let terms = said.as_ref().map(terms::read).transpose().map_err(StoreError::corrupt)?;
    Ok(Decision { count, verdict, terms })
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v Value, StoreError> {
    value.get(name).ok_or_else(shape)
}

fn string(value: &Value, name: &str) -> Result<String, StoreError> {
    field(value, name)?.as_str().map(str::to_owned).ok_or_else(shape)
}

fn number(value: &Value, name: &str) -> Result<u32, StoreError> {
    field(value, name)?.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(shape)
}

fn time(value: &Value, name: &str) -> Result<Timestamp, StoreError> {
    field(value, name)?.as_i64().map(Timestamp::from_micros).ok_or_else(shape)
}

fn shape() -> StoreError {
    StoreError::Corrupt("an event of an access request has another shape".to_owned())
}
