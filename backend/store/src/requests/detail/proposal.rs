//! What a company proposes, as a JSON value: purpose, ethics, use and columns.

use super::{field, shape, string, time};
use crate::{StoreError, column};
use mudeung_core::duo::{Disease, LegalPurpose, Place, ProposedUse, Study};
use mudeung_core::request::columns::Columns;
use mudeung_core::request::event::{Ethics, Proposal};
use serde_json::{Map, Value, json};

pub(super) fn write(proposal: &Proposal) -> Value {
    let ethics = match &proposal.ethics {
        Ethics::Approved { number, valid_until } => {
            json!({ "kind": "approved", "number": number, "valid_until": valid_until.micros() })
        }
        Ethics::Follows { by } => json!({ "kind": "follows", "by": by.micros() }),
        Ethics::Exempt { reason } => json!({ "kind": "exempt", "reason": reason }),
    };
    let columns: Map<String, Value> =
        proposal.columns.iter().map(|(table, columns)| (table.to_string(), json!(columns))).collect();
    json!({
        "purpose": proposal.purpose,
        "agreement": proposal.agreement.to_string(),
        "ethics": ethics,
        "use": write_use(&proposal.uses),
        "columns": columns,
        "reach": proposal.reach.as_str(),
    })
}

pub(super) fn read(value: &Value) -> Result<Proposal, StoreError> {
    let ethics = field(value, "ethics")?;
    Ok(Proposal {
        purpose: string(value, "purpose")?,
        agreement: column::id(&string(value, "agreement")?)?,
        ethics: match string(ethics, "kind")?.as_str() {
            "approved" => {
                Ethics::Approved { number: string(ethics, "number")?, valid_until: time(ethics, "valid_until")? }
            }
            "follows" => Ethics::Follows { by: time(ethics, "by")? },
            "exempt" => Ethics::Exempt { reason: string(ethics, "reason")? },
            other => return Err(column::unknown("kind of ethics approval", other)),
        },
        uses: read_use(field(value, "use")?)?,
        columns: read_columns(field(value, "columns")?)?,
        reach: column::reach(&string(value, "reach")?)?,
    })
}

fn write_use(uses: &ProposedUse) -> Value {
    let diseases = match &uses.study {
        Some(Study::Disease(diseases)) => diseases.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    json!({
        "study": uses.study.as_ref().map(Study::as_str),
        "diseases": diseases,
        "for_profit": uses.for_profit,
        "commercial": uses.commercial,
        "legal": uses.legal.map(LegalPurpose::as_str),
        "publishes": uses.publishes,
        "collaborates": uses.collaborates,
        "returns": uses.returns,
        "genetic": uses.genetic,
        "place": uses.place.map(Place::as_str),
    })
}

fn read_use(value: &Value) -> Result<ProposedUse, StoreError> {
    let diseases = field(value, "diseases")?.as_array().ok_or_else(shape)?;
    let disease = |code: &Value| Disease::parse(code.as_str().ok_or_else(shape)?).map_err(StoreError::corrupt);
    let diseases = diseases.iter().map(disease).collect::<Result<Vec<_>, _>>()?;
    let unknown = |name: &str| column::unknown("answer about the use of data", name);
    Ok(ProposedUse {
        study: named(value, "study", |name| Study::of(name, diseases.clone()), unknown)?,
        for_profit: truth(value, "for_profit")?,
        commercial: truth(value, "commercial")?,
        legal: named(value, "legal", LegalPurpose::parse, unknown)?,
        publishes: truth(value, "publishes")?,
        collaborates: truth(value, "collaborates")?,
        returns: truth(value, "returns")?,
        genetic: truth(value, "genetic")?,
        place: named(value, "place", Place::parse, unknown)?,
    })
}

/// An answer that is one of some names, or none.
fn named<T>(
    value: &Value,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    unknown: impl Fn(&str) -> StoreError,
) -> Result<Option<T>, StoreError> {
    match field(value, name)? {
        Value::Null => Ok(None),
        Value::String(text) => parse(text).ok_or_else(|| unknown(text)).map(Some),
        _ => Err(shape()),
    }
}

/// Yes, no, or no answer.
fn truth(value: &Value, name: &str) -> Result<Option<bool>, StoreError> {
    match field(value, name)? {
        Value::Null => Ok(None),
        Value::Bool(answer) => Ok(Some(*answer)),
        _ => Err(shape()),
    }
}

fn read_columns(value: &Value) -> Result<Columns, StoreError> {
    let tables = value.as_object().ok_or_else(shape)?;
    let table = |(table, columns): (&String, &Value)| {
        let columns = columns.as_array().ok_or_else(shape)?;
        let columns = columns.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(shape));
        Ok((column::name(table)?, columns.collect::<Result<_, StoreError>>()?))
    };
    tables.iter().map(table).collect()
}
