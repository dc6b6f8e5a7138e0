//! What both releases say alike: what kind of event it was, who took part, what it was about.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::export::encode;
use mudeung_wire::ledger::tree::leaf_hash;
use serde_json::{Value, json};

pub(super) const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
pub(super) const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
pub(super) const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const BALP_AGENT: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes";
pub(super) const BALP_ENTITY: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
/// The name space of our own operations and identifiers.
pub(super) const OWN: &str = "urn:mudeung";

/// What kind of event an operation is.
pub(super) struct Shape {
    pub(super) event: Value,
    pub(super) subtype: Option<Value>,
    pub(super) action: &'static str,
    /// Whether data left the house.
    pub(super) disclosure: bool,
}

impl Shape {
    /// The standard's subtype, where there is one, and the operation by its own name.
    pub(super) fn subtypes(&self, operation: &str) -> Vec<Value> {
        let own = json!({ "system": format!("{OWN}:operation"), "code": operation });
        self.subtype.iter().cloned().chain([own]).collect()
    }
}

/// The kind of an operation.
pub(super) fn shape(operation: &str) -> Shape {
    let (room, verb) = operation.split_once('.').unwrap_or((operation, ""));
    let plain = |code, display, action| Shape {
        event: json!({ "system": DICOM, "code": code, "display": display }),
        subtype: None,
        action,
        disclosure: false,
    };
    let login = |code, display| Shape {
        subtype: Some(json!({ "system": DICOM, "code": code, "display": display })),
        ..plain("110114", "User Authentication", "E")
    };
    match (room, verb) {
        ("data", "read_file" | "read_rows") | ("query", _) | ("synthetic" | "sharing", _) => Shape {
            subtype: Some(
                json!({ "system": LIFECYCLE, "code": "disclose", "display": "Disclose Record Lifecycle Event" }),
            ),
            disclosure: true,
            ..plain("110106", "Export", "R")
        },
        ("data" | "catalog", _) => plain("110112", "Query", "E"),
        ("oauth", _) => plain("110114", "User Authentication", "E"),
        ("portal", "sign_in") => login("110122", "Login"),
        ("portal", "sign_out") => login("110123", "Logout"),
        ("ledger" | "review", _) => plain("110101", "Audit Log Used", "R"),
        _ => plain("110100", "Application Activity", action(verb)),
    }
}

/// The action of a change by its verb.
fn action(verb: &str) -> &'static str {
    match verb {
        "create" | "submit" | "publish" | "register" => "C",
        "delete" => "D",
        "read" | "list" | "describe" => "R",
        "" => "E",
        _ => "U",
    }
}

/// The log as a device.
pub(super) fn observer(origin: &str) -> Value {
    json!({ "identifier": { "system": format!("{OWN}:log"), "value": origin }, "display": origin })
}

/// Where the event was recorded.
pub(super) fn source(origin: &str) -> Value {
    let kind = json!({ "system": SOURCE_TYPE, "code": "4", "display": "Application Server" });
    json!({ "site": origin, "observer": observer(origin), "type": [kind] })
}

/// Who took part. There is always the server; whoever asked is the requestor, with the network that they came from.
pub(super) fn agents(entry: &Entry, origin: &str, shape: &Shape, network: Option<Value>) -> Vec<Value> {
    let coded = |system: &str, code: &str, display: &str| json!({ "coding": [{ "system": system, "code": code, "display": display }] });
    let known = |kind: &str, id: &str| json!({ "identifier": { "system": format!("{OWN}:{kind}"), "value": id } });
    let mut agents = Vec::new();
    let somebody = entry.member.is_some() || entry.app.is_some();
    if let (Some(app), Some(token)) = (&entry.app, &entry.token) {
        agents.push(json!({
            "type": coded(BALP_AGENT, "UserOauthAgent", "User OAuth Agent participant"),
            "who": known("app", app),
            "requestor": true,
            "policy": [format!("urn:ietf:params:oauth:jti:{token}")],
        }));
    } else if let Some(app) = &entry.app {
        agents.push(json!({
            "type": coded(DICOM, "110150", "Application"), "who": known("app", app), "requestor": true,
        }));
    }
    if let Some(member) = &entry.member {
        let kind = coded(PARTICIPATION, "IRCP", "information recipient");
        agents.push(json!({ "type": kind, "who": known("member", member), "requestor": true }));
    }
    if let (Some(Value::Object(network)), Some(Value::Object(asked))) = (network, agents.last_mut()) {
        asked.extend(network);
    }
    if let Some(organization) = &entry.organization {
        let kind = if shape.disclosure {
            coded(DICOM, "110152", "Destination Role ID")
        } else {
            coded(PARTICIPATION, "RESP", "responsible party")
        };
        agents.push(json!({ "type": kind, "who": known("organization", organization), "requestor": false }));
    }
    let server =
        if shape.disclosure { coded(DICOM, "110153", "Source Role ID") } else { coded(DICOM, "110150", "Application") };
    agents.push(json!({ "type": server, "who": observer(origin), "requestor": !somebody }));
    agents
}

/// What it was about: the data, the grant, the trace, and the entry itself, with its leaf hash.
pub(super) fn entities(index: u64, entry: &Entry, origin: &str) -> Result<Vec<Value>, String> {
    let kind = |code: &str, display: &str| json!({ "system": ENTITY_TYPE, "code": code, "display": display });
    let role = |code: &str, display: &str| json!({ "system": ENTITY_ROLE, "code": code, "display": display });
    let named = |what: &str, id: &str| json!({ "identifier": { "system": format!("{OWN}:{what}"), "value": id } });
    let mut entities = Vec::new();
    if let Some(data) = data(entry) {
        entities.push(data);
    }
    if let Some(grant) = &entry.grant {
        let detail = entry.purpose.as_deref().and_then(shown).map(|purpose| detail("purpose", purpose));
        let mut entity = json!({ "what": named("grant", grant), "type": kind("4", "Other"), "role": role("22", "Security Granularity Definition") });
        if let (Some(detail), Some(fields)) = (detail, entity.as_object_mut()) {
            fields.insert("detail".to_owned(), json!([detail]));
        }
        entities.push(entity);
    }
    if let Some(trace) = &entry.trace {
        let kind = json!({ "system": BALP_ENTITY, "code": "XrequestId" });
        entities.push(json!({ "what": { "identifier": { "value": trace } }, "type": kind }));
    }
    let leaf = leaf_hash(&entry.to_bytes().map_err(|error| error.to_string())?);
    let mut details = vec![detail("leaf-hash", &encode(&leaf))];
    if let Some(intent) = entry.intent {
        details.push(detail("intent", &intent.to_string()));
    }
    let id = named("entry", &format!("{origin}#{index}"));
    entities.push(
        json!({ "what": id, "type": kind("4", "Other"), "role": role("13", "Security Resource"), "detail": details }),
    );
    Ok(entities)
}

/// The data, when there was any. A query takes the place of a name: an entity must not have both.
fn data(entry: &Entry) -> Option<Value> {
    let place = [&entry.dataset, &entry.tier, &entry.table];
    let place: Vec<&str> = place.into_iter().filter_map(|part| part.as_deref()).collect();
    let name = if place.is_empty() { entry.file.clone()? } else { place.join("/") };
    let mut details = Vec::new();
    let mut add = |name, value: Option<String>| {
        details.extend(value.as_deref().and_then(shown).map(|value| detail(name, value)));
    };
    add("version", entry.version.map(|version| version.to_string()));
    add("file", entry.file.clone());
    add("columns", entry.columns.as_ref().map(|columns| columns.join(" ")));
    add("bytes", entry.bytes.map(|bytes| bytes.to_string()));
    add("rows", entry.rows.map(|rows| rows.to_string()));
    add("listing", entry.listing.map(|listing| listing.to_string()));
    add("ranges", entry.ranges.map(|ranges| ranges.to_string()));
    let mut entity = json!({
        "what": { "identifier": { "system": format!("{OWN}:data"), "value": name } },
        "type": { "system": ENTITY_TYPE, "code": "2", "display": "System Object" },
        "role": { "system": ENTITY_ROLE, "code": "3", "display": "Report" },
    });
    let fields = entity.as_object_mut()?;
    match entry.filter.as_deref().and_then(shown) {
        Some(filter) => fields.insert("query".to_owned(), json!(STANDARD.encode(filter))),
        None => fields.insert("name".to_owned(), json!(name)),
    };
    if !details.is_empty() {
        fields.insert("detail".to_owned(), json!(details));
    }
    Some(entity)
}

fn detail(kind: &str, value: &str) -> Value {
    json!({ "type": kind, "valueString": value })
}

/// FHIR has no empty texts.
pub(super) fn shown(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}
