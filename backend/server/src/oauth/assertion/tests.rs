//! The assertion checks against hand-made assertions, and their texts.

use super::problem::{Check, Problem};
use super::{Compact, Expected, Finding, Invalid, examine, numeric_date};
use crate::call::Language;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_772_409_600;

fn compact(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 64]))
}

fn good() -> Value {
    json!({ "iss": "app", "sub": "app", "aud": "https://here", "exp": NOW + 60, "jti": "1" })
}

fn expected() -> Expected<'static> {
    Expected {
        client_id: "app",
        keys: &[],
        issuer: "https://here",
        token_endpoint: None,
        subject_optional: false,
        lifetime_seconds_max: 3_600,
        now: Timestamp::from_seconds(NOW),
    }
}

/// What is wrong with claims, but for the signature, which nobody made.
fn wrong(claims: &Value, expected: &Expected<'_>) -> Vec<Problem> {
    let assertion = Compact::parse(&compact(&json!({ "alg": "ES256" }), claims)).unwrap();
    let examined = examine(&assertion, expected);
    let about_key = |finding: &&Finding| !matches!(finding.check, Check::Key | Check::Signature);
    let problems = examined.findings.iter().filter(about_key).filter_map(|finding| finding.problem).collect();
    assert_eq!(examined.verdict(), Err(Invalid::Unsigned), "nothing is accepted without a signature");
    problems
}

#[test]
fn each_wrong_claim_is_found_and_nothing_else() {
    let cases: &[(&str, Value, Problem)] = &[
        ("iss", json!("other"), Problem::IssuerWrong),
        ("iss", json!(["app"]), Problem::IssuerWrong),
        ("iss", Value::Null, Problem::IssuerWrong),
        ("sub", json!("other"), Problem::SubjectWrong),
        ("sub", json!(1), Problem::SubjectWrong),
        ("aud", json!(["https://here"]), Problem::AudienceArray),
        ("aud", json!("https://here/"), Problem::AudienceWrong),
        ("aud", json!("https://HERE"), Problem::AudienceWrong),
        ("aud", json!("https://here/oauth2/token"), Problem::AudienceTokenEndpoint),
        ("aud", Value::Null, Problem::AudienceWrong),
        ("exp", json!(NOW), Problem::Expired),
        ("exp", json!(-1), Problem::ExpiryUnreadable),
        ("exp", json!("1772409660"), Problem::ExpiryUnreadable),
        ("exp", json!(1e300), Problem::ExpiryUnreadable),
        ("exp", json!(u64::MAX), Problem::ExpiryUnreadable),
        ("exp", Value::Null, Problem::ExpiryUnreadable),
        ("exp", json!(NOW + 3_601), Problem::ExpiryTooFar),
        ("iat", json!(NOW + 61), Problem::IssuedInFuture),
        ("iat", json!("now"), Problem::IssuedInFuture),
        ("nbf", json!(NOW + 61), Problem::NotYetValid),
        ("nbf", json!({}), Problem::NotYetValid),
        ("jti", json!(""), Problem::JtiUnusable),
        ("jti", json!(7), Problem::JtiUnusable),
        ("jti", json!("x".repeat(257)), Problem::JtiUnusable),
    ];
    for (claim, value, problem) in cases {
        let mut claims = good();
        claims[*claim] = value.clone();
        assert_eq!(wrong(&claims, &expected()), [*problem], "{claim}: {value}");
    }
    for (claim, problem) in [
        ("iss", Problem::IssuerWrong),
        ("sub", Problem::SubjectWrong),
        ("aud", Problem::AudienceWrong),
        ("exp", Problem::ExpiryMissing),
        ("jti", Problem::JtiUnusable),
    ] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(wrong(&claims, &expected()), [problem], "without {claim}");
    }
}

#[test]
fn what_is_forgiven_is_forgiven() {
    for (claim, value) in [
        ("exp", json!(NOW + 3_600)),
        ("exp", json!(1_772_409_660.75)),
        ("iat", json!(NOW + 60)),
        ("nbf", json!(NOW + 60)),
        ("iat", json!(0)),
        ("jti", json!("나".repeat(256))),
    ] {
        let mut claims = good();
        claims[claim] = value.clone();
        assert_eq!(wrong(&claims, &expected()), [], "{claim}: {value}");
    }
    let mut claims = good();
    claims["aud"] = json!("https://here/oauth2/token");
    let allowed = Expected { token_endpoint: Some("https://here/oauth2/token"), ..expected() };
    assert_eq!(wrong(&claims, &allowed), []);
    let mut claims = good();
    claims.as_object_mut().unwrap().remove("sub");
    assert_eq!(wrong(&claims, &Expected { subject_optional: true, ..expected() }), []);
    claims["sub"] = json!("other");
    assert_eq!(wrong(&claims, &Expected { subject_optional: true, ..expected() }), [Problem::SubjectWrong]);
}

#[test]
fn every_check_is_reported_once_and_in_order() {
    let assertion = Compact::parse(&compact(&json!({}), &json!({}))).unwrap();
    let reported: Vec<Check> = examine(&assertion, &expected()).findings.iter().map(|finding| finding.check).collect();
    assert_eq!(reported, Check::ALL[..Check::ALL.len() - 1], "all but the replay, which the store knows");
    let names: std::collections::BTreeSet<&str> = Check::ALL.iter().map(|check| check.as_str()).collect();
    assert_eq!(names.len(), Check::ALL.len(), "each has a name of its own");
}

#[test]
fn the_texts_are_bilingual_and_fit_into_an_error_description() {
    for problem in Problem::ALL {
        let (ko, en) = (problem.text(Language::Ko), problem.text(Language::En));
        assert!(en.is_ascii() && !en.contains(['"', '\\']), "{en}");
        assert!(ko.chars().any(|letter| ('\u{ac00}'..='\u{d7a3}').contains(&letter)), "{ko}");
    }
}

#[test]
fn only_the_canonical_form_is_taken_apart() {
    let text = compact(&json!({ "alg": "ES256" }), &good());
    assert!(Compact::parse(&text).is_some());
    let parts: Vec<&str> = text.split('.').collect();
    for other in [
        format!("{text} "),
        format!("{text}\n"),
        format!("{text}."),
        format!("{text}.x"),
        format!("{text}="),
        format!(".{text}"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1].replace('e', "+"), parts[2]),
        String::new(),
        "..".to_owned(),
        "x".repeat(9_000),
    ] {
        assert!(Compact::parse(&other).is_none(), "{other}");
    }
    // 64 bytes leave four bits unused in the last letter; all but one of its sixteen spellings are not canonical.
    let (head, last) = text.split_at(text.len() - 1);
    let spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars();
    let read = spellings.filter(|letter| Compact::parse(&format!("{head}{letter}")).is_some()).count();
    assert_eq!((read, last.len()), (4, 1), "one spelling for each of the four values");
}

#[test]
fn dates_are_whole_seconds_that_a_clock_can_show() {
    for (value, read) in [
        (json!(0), Some(0)),
        (json!(1.9), Some(1)),
        (json!(-0.5), Some(0)),
        (json!(253_402_300_799_i64), Some(253_402_300_799)),
        (json!(253_402_300_800_i64), None),
        (json!(-1), None),
        (json!(1e20), None),
        (json!(true), None),
    ] {
        assert_eq!(numeric_date(&value), read, "{value}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_taken_apart(text in "[A-Za-z0-9_.{}\":-]{0,80}") {
        drop(Compact::parse(&text));
    }

    /// The rule of `exp` in one line, against the check.
    #[test]
    fn exp_is_accepted_exactly_within_its_window(ahead in -5_000_i64..5_000) {
        let mut claims = good();
        claims["exp"] = json!(NOW + ahead);
        prop_assert_eq!(wrong(&claims, &expected()).is_empty(), (1..=3_600).contains(&ahead));
    }
}
