//! A strict reading of AuditEvent in R4 and R5, written from their definitions: elements, cardinalities, code lists,
//! invariants. Anything it does not know is an error.

use super::*;
use mudeung_wire::ledger::entry::Kind;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Elements of a type: least, most (0 for any number), form.
type Elements = &'static [(&'static str, usize, usize, Form)];

#[derive(Clone, Copy)]
enum Form {
    Text,
    Uri,
    Code(&'static [&'static str]),
    Instant,
    Flag,
    Base64,
    Object(Elements),
}
use Form::{Base64, Code, Flag, Instant, Object, Text, Uri};

const CODING: Elements = &[("system", 0, 1, Uri), ("code", 0, 1, Text), ("display", 0, 1, Text)];
const CONCEPT: Elements = &[("coding", 0, 0, Object(CODING)), ("text", 0, 1, Text)];
const IDENTIFIER: Elements = &[("system", 0, 1, Uri), ("value", 0, 1, Text)];
const REFERENCE: Elements = &[("identifier", 0, 1, Object(IDENTIFIER)), ("display", 0, 1, Text)];
const META: Elements = &[("profile", 0, 0, Uri)];
const ACTIONS: Form = Code(&["C", "R", "U", "D", "E"]);

const R4: Elements = &[
    ("resourceType", 1, 1, Code(&["AuditEvent"])),
    ("id", 0, 1, Text),
    ("meta", 0, 1, Object(META)),
    ("type", 1, 1, Object(CODING)),
    ("subtype", 0, 0, Object(CODING)),
    ("action", 0, 1, ACTIONS),
    ("recorded", 1, 1, Instant),
    ("outcome", 0, 1, Code(&["0", "4", "8", "12"])),
    ("outcomeDesc", 0, 1, Text),
    ("purposeOfEvent", 0, 0, Object(CONCEPT)),
    (
        "agent",
        1,
        0,
        Object(&[
            ("type", 0, 1, Object(CONCEPT)),
            ("who", 0, 1, Object(REFERENCE)),
            ("requestor", 1, 1, Flag),
            ("policy", 0, 0, Uri),
            ("network", 0, 1, Object(&[("address", 1, 1, Text), ("type", 1, 1, Code(&["1", "2", "3", "4", "5"]))])),
        ]),
    ),
    (
        "source",
        1,
        1,
        Object(&[("site", 0, 1, Text), ("observer", 1, 1, Object(REFERENCE)), ("type", 0, 0, Object(CODING))]),
    ),
    (
        "entity",
        0,
        0,
        Object(&[
            ("what", 0, 1, Object(REFERENCE)),
            ("type", 0, 1, Object(CODING)),
            ("role", 0, 1, Object(CODING)),
            ("name", 0, 1, Text),
            ("query", 0, 1, Base64),
            ("detail", 0, 0, Object(&[("type", 1, 1, Text), ("valueString", 1, 1, Text)])),
        ]),
    ),
];

const R5: Elements = &[
    ("resourceType", 1, 1, Code(&["AuditEvent"])),
    ("id", 0, 1, Text),
    ("category", 0, 0, Object(CONCEPT)),
    ("code", 1, 1, Object(CONCEPT)),
    ("action", 0, 1, ACTIONS),
    ("recorded", 1, 1, Instant),
    ("outcome", 0, 1, Object(&[("code", 1, 1, Object(CODING)), ("detail", 0, 0, Object(CONCEPT))])),
    ("authorization", 0, 0, Object(CONCEPT)),
    (
        "agent",
        1,
        0,
        Object(&[
            ("type", 0, 1, Object(CONCEPT)),
            ("who", 1, 1, Object(REFERENCE)),
            ("requestor", 0, 1, Flag),
            ("policy", 0, 0, Uri),
            ("networkString", 0, 1, Text),
        ]),
    ),
    ("source", 1, 1, Object(&[("observer", 1, 1, Object(REFERENCE)), ("type", 0, 0, Object(CONCEPT))])),
    (
        "entity",
        0,
        0,
        Object(&[
            ("what", 0, 1, Object(REFERENCE)),
            ("role", 0, 1, Object(CONCEPT)),
            ("query", 0, 1, Base64),
            ("detail", 0, 0, Object(&[("type", 1, 1, Object(CONCEPT)), ("valueString", 1, 1, Text)])),
        ]),
    ),
];

/// The codes that may stand in a system, for the systems whose lists are closed or that we use a few of.
fn codes() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        (
            parts::DICOM,
            vec!["110100", "110101", "110106", "110112", "110114", "110122", "110123", "110150", "110152", "110153"],
        ),
        (parts::LIFECYCLE, vec!["disclose"]),
        (parts::ENTITY_TYPE, vec!["1", "2", "3", "4"]),
        (parts::ENTITY_ROLE, vec!["3", "13", "22"]),
        (parts::SOURCE_TYPE, vec!["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        (parts::PARTICIPATION, vec!["IRCP", "RESP"]),
        (parts::BALP_AGENT, vec!["UserOauthAgent"]),
        (parts::BALP_ENTITY, vec!["XrequestId"]),
        ("http://hl7.org/fhir/issue-severity", vec!["success", "fatal", "error", "warning", "information"]),
    ])
}

fn check(value: &Value, form: Form, at: &str) -> Result<(), String> {
    let text = || value.as_str().filter(|text| !text.trim().is_empty()).ok_or(format!("{at} is no text"));
    match form {
        Text => text().map(drop),
        Uri => match text()? {
            uri if !uri.contains(char::is_whitespace) && uri.contains(':') => Ok(()),
            uri => Err(format!("{at} is no uri: {uri}")),
        },
        Code(allowed) => match text()? {
            code if allowed.contains(&code) => Ok(()),
            code => Err(format!("{at} may not be {code}")),
        },
        Instant => match text()?.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{at}: {error}")),
        },
        Flag => value.as_bool().map(drop).ok_or(format!("{at} is no boolean")),
        Base64 => {
            use base64::Engine;
            let decoded = base64::engine::general_purpose::STANDARD.decode(text()?);
            decoded.map(drop).map_err(|error| format!("{at}: {error}"))
        }
        Object(elements) => check_object(value, elements, at),
    }
}

fn check_object(value: &Value, elements: Elements, at: &str) -> Result<(), String> {
    let fields = value.as_object().filter(|fields| !fields.is_empty()).ok_or(format!("{at} is no object"))?;
    if let Some(unknown) = fields.keys().find(|name| !elements.iter().any(|(known, ..)| known == name)) {
        return Err(format!("{at} has no element {unknown}"));
    }
    for (name, least, most, form) in elements {
        let at = format!("{at}.{name}");
        let Some(value) = fields.get(*name) else {
            if *least > 0 {
                return Err(format!("{at} is missing"));
            }
            continue;
        };
        // Whatever may be more than one is a list.
        if *most == 1 {
            check(value, *form, &at)?;
        } else {
            let items = value.as_array().filter(|items| !items.is_empty()).ok_or(format!("{at} is no list"))?;
            items.iter().try_for_each(|item| check(item, *form, &at))?;
        }
    }
    Ok(())
}

/// Every coding anywhere has a system we know and a code of it.
fn check_codings(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => {
            if let (Some(system), Some(code)) = (fields.get("system"), fields.get("code")) {
                let (system, code) = (system.as_str().unwrap(), code.as_str().unwrap());
                let known = codes().get(system).map(|codes| codes.contains(&code));
                if !known.unwrap_or(system == "urn:mudeung:operation") {
                    return Err(format!("{system} has no {code}"));
                }
            }
            fields.values().try_for_each(check_codings)
        }
        Value::Array(items) => items.iter().try_for_each(check_codings),
        _ => Ok(()),
    }
}

fn read(lines: &[u8]) -> Vec<Value> {
    std::str::from_utf8(lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn checked(entry: &Entry) -> (Value, Value) {
    let entries = [(7, entry.clone())];
    let opened = Opened::from([("commitment".to_owned(), "203.0.113.7".to_owned())]);
    let r4 = read(&lines(&entries, &opened, "example.org/ledger", Release::R4).unwrap()).remove(0);
    let r5 = read(&lines(&entries, &opened, "example.org/ledger", Release::R5).unwrap()).remove(0);
    for (event, elements) in [(&r4, R4), (&r5, R5)] {
        check_object(event, elements, "AuditEvent").unwrap();
        check_codings(event).unwrap();
    }
    // Invariant sev-1 of R4: a name or a query, not both.
    for entity in r4["entity"].as_array().unwrap() {
        assert!(entity["name"].is_null() || entity["query"].is_null());
    }
    (r4, r5)
}

fn read_of_data() -> Entry {
    let text = |text: &str| Some(text.to_owned());
    Entry {
        address: text("commitment"),
        app: text("app_1"),
        organization: text("org_1"),
        token: text("0192-jti"),
        grant: text("grt_1"),
        purpose: text("연구"),
        dataset: text("cohort"),
        tier: text("deidentified"),
        table: text("visits"),
        version: Some(3),
        columns: Some(vec!["age".to_owned()]),
        filter: text("age >= 60"),
        trace: text("0af7651916cd43dd8448eb211c80319c"),
        ..Entry::new(Kind::Intent, "data.read_rows", 1_767_225_600_000_001, [0; 16])
    }
}

#[test]
fn a_read_of_data_is_a_disclosure_by_a_token_that_is_named_by_its_jti_alone() {
    let (r4, r5) = checked(&read_of_data());
    assert_eq!(r4["type"]["code"], "110106");
    assert_eq!(r4["subtype"][0]["code"], "disclose");
    assert_eq!(r4["meta"]["profile"], json!([OAUTH_MINIMAL]));
    assert_eq!(r4["agent"][0]["policy"], json!(["urn:ietf:params:oauth:jti:0192-jti"]));
    assert_eq!(r4["agent"][0]["requestor"], true);
    assert_eq!(r4["agent"][0]["network"], json!({ "address": "203.0.113.7", "type": "2" }));
    assert_eq!(r5["agent"][0]["networkString"], "203.0.113.7");
    let erased = checked(&Entry { address: Some("another".to_owned()), ..read_of_data() });
    assert!(erased.0["agent"][0]["network"].is_null() && erased.1["agent"][0]["networkString"].is_null());
    let types: Vec<&str> = r4["agent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| agent["type"]["coding"][0]["code"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["UserOauthAgent", "110152", "110153"]);
    // The server is the source, as `val-audit-source` demands.
    assert_eq!(r4["agent"][2]["who"], r4["source"]["observer"]);
    assert_eq!(r4["purposeOfEvent"], json!([{ "text": "연구" }]));
    assert_eq!(r4["outcome"], Value::Null, "an intent has none yet");
    let trace = r4["entity"].as_array().unwrap().iter().find(|entity| entity["type"]["code"] == "XrequestId");
    assert_eq!(trace.unwrap()["what"]["identifier"]["value"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(r5["code"]["coding"][1]["code"], "data.read_rows");
    // No patient is invented.
    assert!(!r4.to_string().contains("Patient"));
}

#[test]
fn every_end_and_every_kind_of_event_is_valid_in_both_releases() {
    for operation in [
        "oauth.issue_token",
        "portal.sign_in",
        "portal.sign_out",
        "ledger.read",
        "ledger.export",
        "review.sign",
        "app.create",
        "grant.revoke",
        "catalog.list_datasets",
        "data.list_files",
        "query.run",
        "x",
    ] {
        for (status, code) in
            [(Status::Completed, "0"), (Status::Denied, "4"), (Status::Aborted, "8"), (Status::Unknown, "12")]
        {
            let entry = Entry {
                status: Some(status),
                intent: Some(3),
                detail: Some("invalid_client".to_owned()),
                member: Some("mem_1".to_owned()),
                ..Entry::new(Kind::Outcome, operation, 0, [0; 16])
            };
            let (r4, _) = checked(&entry);
            assert_eq!(r4["outcome"], code);
            assert_eq!(r4["meta"], Value::Null, "no token, no claim");
        }
    }
}

#[test]
fn what_is_blank_is_left_out() {
    // A space that is none in ASCII.
    let blank = Entry { columns: Some(vec!["\u{a0}".to_owned()]), file: Some(" ".to_owned()), ..read_of_data() };
    let (r4, _) = checked(&blank);
    assert!(r4["entity"][0]["detail"].as_array().unwrap().iter().all(|detail| detail["type"] == "version"), "{r4}");
}

#[test]
fn the_checker_finds_faults() {
    let (r4, _) = checked(&read_of_data());
    for (pointer, value) in [
        ("/outcome", json!("1")),
        ("/agent", json!([])),
        ("/agent/0/requestor", json!("true")),
        ("/recorded", json!("yesterday")),
        ("/source/observer", Value::Null),
        ("/entity/0/query", json!("%")),
        ("/extra", json!("x")),
    ] {
        let mut broken = r4.clone();
        match broken.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => set(&mut broken, pointer.trim_start_matches('/'), value),
        }
        assert!(check_object(&broken, R4, "AuditEvent").is_err(), "{pointer}");
    }
    let mut foreign = r4.clone();
    foreign["type"]["code"] = json!("999");
    assert!(check_codings(&foreign).is_err());
}

proptest! {
    #[test]
    fn whatever_an_entry_says_its_event_is_valid(text in "\\PC{0,20}", given in prop::collection::vec(any::<bool>(), 12)) {
        let some = |at: usize| given[at].then(|| text.clone());
        let entry = Entry {
            app: some(0),
            // Identifiers are ours; they are never empty and hold no spaces.
            token: given[1].then(|| "jti".to_owned()),
            detail: some(2),
            purpose: some(3),
            filter: some(4),
            dataset: some(5),
            columns: given[6].then(|| vec![text.clone()]),
            member: given[7].then(|| "mem_1".to_owned()),
            grant: given[8].then(|| "grt_1".to_owned()),
            bytes: given[9].then_some(u64::MAX),
            ..Entry::new(Kind::Intent, "data.read_rows", 0, [0; 16])
        };
        // What is an identifier is one: only texts by people may be anything.
        let entry = Entry {
            app: entry.app.map(|_| "app_1".to_owned()),
            dataset: entry.dataset.map(|_| "cohort".to_owned()),
            ..entry
        };
        checked(&entry);
    }
}
