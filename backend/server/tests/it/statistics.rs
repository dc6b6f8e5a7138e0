//! Counts under differential privacy from outside.

use crate::app::fixture::{COLUMNS, DATASET, TABLE};
use crate::data::Bench;
use mudeung_core::tier::Tier;
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use serde_json::{Value, json};

/// A query of an organization without any grant.
async fn ask(bench: &Bench, token: &str, body: &Value) -> Response {
    bench.app.post("/v1/statistics").bearer_auth(token).json(body).send().await.unwrap()
}

async fn stranger(bench: &Bench) -> String {
    bench.app.token(&bench.app.fixture.stranger).await
}

fn query(epsilon: f64) -> Value {
    json!({
        "table": format!("{DATASET}.{TABLE}"),
        "by": [{ "column": "age", "edges": [0, 20, 40, 60, 80] }],
        "epsilon": epsilon,
    })
}

async fn good(answer: Response) -> Value {
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn problem(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn counts(answer: &Value) -> Vec<Option<u64>> {
    answer["cells"].as_array().unwrap().iter().map(|cell| cell["count"].as_u64()).collect()
}

#[tokio::test]
async fn a_company_without_a_grant_gets_counts_with_noise() {
    let bench = Bench::start().await;
    let token = stranger(&bench).await;
    let answer = good(ask(&bench, &token, &query(0.1)).await).await;
    assert_eq!(
        (&answer["unit"], &answer["tier"], &answer["version"]),
        (&json!("persons"), &json!("deidentified"), &json!(1))
    );
    let bins: Vec<&Value> = answer["cells"].as_array().unwrap().iter().map(|cell| &cell["bins"][0]).collect();
    assert_eq!(bins, ["0..20", "20..40", "40..60", "60..80"]);
    assert_eq!((answer["scale"].as_f64(), answer["interval_95"].as_u64()), (Some(10.0), Some(30)));
    // The source counts 100, 200, 300 and 400.
    let counts = counts(&answer);
    assert_ne!(counts, [100, 200, 300, 400].map(Some));
    for (count, truth) in counts.iter().zip([100_i64, 200, 300, 400]) {
        let off = i64::try_from(count.unwrap()).unwrap() - truth;
        assert!(off.abs() < 200, "{off}: beyond twenty scales");
    }
    assert_eq!(
        answer["budget"],
        json!({
            "dataset": DATASET, "epsilon_total": 1.0, "epsilon_spent": 0.1, "epsilon_remaining": 0.9,
        })
    );
    let outcomes = bench.outcomes("statistics.count", 1).await;
    assert_eq!((outcomes[0].status, outcomes[0].rows), (Some(Status::Completed), Some(4)));
    assert!(outcomes[0].grant.is_none());
    let (intents, _) = bench.entries("statistics.count").await;
    assert!(intents[0].filter.as_deref().unwrap().contains("\"age\" >= 0"), "{:?}", intents[0].filter);
    assert_eq!(intents[0].detail.as_deref(), Some("epsilon=0.10 charged=true"));
}

#[tokio::test]
async fn the_same_query_has_the_same_noise_whoever_asks_and_is_charged_once() {
    let bench = Bench::start().await;
    let token = stranger(&bench).await;
    let first = good(ask(&bench, &token, &query(0.5)).await).await;
    for _ in 0..3 {
        // Written another way it is the same query.
        let mut again = query(0.5);
        again["table"] = json!(format!("{DATASET}.deidentified.{TABLE}"));
        again["epsilon"] = json!(0.50);
        again["cells_per_person"] = json!(1);
        let again = good(ask(&bench, &token, &again).await).await;
        assert_eq!(again["cells"], first["cells"]);
        assert_eq!((&again["charged"], &again["budget"]["epsilon_spent"]), (&json!(false), &json!(0.5)));
    }
    let colleague = good(ask(&bench, &bench.token, &query(0.5)).await).await;
    assert_eq!(colleague["cells"], first["cells"], "two organizations cannot average the noise away");
    assert_eq!(colleague["charged"], true);
    let other = good(ask(&bench, &token, &query(0.25)).await).await;
    assert_ne!(other["cells"], first["cells"]);
}

#[tokio::test]
async fn the_budget_ends_and_what_was_asked_can_be_asked_again() {
    let bench = Bench::start().await;
    let token = stranger(&bench).await;
    good(ask(&bench, &token, &query(0.6)).await).await;
    let refused = ask(&bench, &token, &query(0.5)).await;
    let body: Value = refused.json().await.unwrap();
    assert_eq!((&body["code"], &body["violated-policies"]), (&json!("quota_exhausted"), &json!(["privacy-budget"])));
    good(ask(&bench, &token, &query(0.4)).await).await;
    assert_eq!(problem(ask(&bench, &token, &query(0.01)).await).await, (429, "quota_exhausted".to_owned()));
    assert_eq!(good(ask(&bench, &token, &query(0.6)).await).await["charged"], false);
    let list = bench.app.get("/v1/statistics").bearer_auth(&token).send().await.unwrap();
    let list: Value = good(list).await;
    assert_eq!(list["items"][0]["epsilon_remaining"], 0.0);
    let own: Value = good(bench.get("/v1/statistics").await).await;
    assert_eq!(own["items"][0]["epsilon_remaining"], 1.0, "budgets are those of organizations");
    let refusals = bench.entries("statistics.count").await.1;
    assert_eq!(refusals.iter().filter(|entry| entry.status == Some(Status::Denied)).count(), 2);
}

#[tokio::test]
async fn all_organizations_together_have_a_budget_too() {
    let bench = Bench::start_with(|config| config.statistics.epsilon_per_dataset = 1.5).await;
    let token = stranger(&bench).await;
    good(ask(&bench, &token, &query(1.0)).await).await;
    assert_eq!(problem(ask(&bench, &bench.token, &query(0.75)).await).await.0, 429);
    good(ask(&bench, &bench.token, &query(0.5)).await).await;
}

#[tokio::test]
async fn small_counts_are_withheld_after_the_noise() {
    let bench = Bench::start_with(|config| config.statistics.minimum_count = 250).await;
    let answer = good(ask(&bench, &bench.token, &query(1.0)).await).await;
    let counts = counts(&answer);
    assert_eq!((counts[0], counts[1]), (None, None));
    assert!(counts[2].is_some() && counts[3].is_some());
    assert_eq!(answer["minimum"], 250);
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_with_a_reason_and_costs_nothing() {
    let bench = Bench::start().await;
    let table = format!("{DATASET}.{TABLE}");
    let by = |by: Value| json!({ "table": table, "by": by, "epsilon": 0.1 });
    let person = COLUMNS[0].0;
    for (body, status) in [
        (json!({ "table": table, "epsilon": 0 }), 400),
        (json!({ "table": table, "epsilon": 1.01 }), 400),
        (json!({ "table": table, "epsilon": 0.001 }), 400),
        (json!({ "table": table, "epsilon": -1 }), 400),
        (json!({ "table": table, "epsilon": "0.1" }), 400),
        (json!({ "table": table }), 400),
        (json!({ "table": "nothing", "epsilon": 0.1 }), 400),
        (json!({ "table": "nothing.there", "epsilon": 0.1 }), 404),
        (json!({ "table": format!("{DATASET}.nothing"), "epsilon": 0.1 }), 404),
        (json!({ "table": table, "epsilon": 0.1, "filter": "age >=" }), 400),
        (json!({ "table": table, "epsilon": 0.1, "filter": "nothing = 1" }), 400),
        (json!({ "table": table, "epsilon": 0.1, "filter": format!("{person} = 'a'") }), 400),
        (json!({ "table": table, "epsilon": 0.1, "cells_per_person": 2 }), 400),
        (by(json!([{ "column": person, "values": ["a"] }])), 400),
        (by(json!([{ "column": "nothing", "values": ["a"] }])), 400),
        (by(json!([{ "column": "age" }])), 400),
        (by(json!([{ "column": "age", "values": [1], "edges": [1, 2] }])), 400),
        (by(json!([{ "column": "age", "values": [] }])), 400),
        (by(json!([{ "column": "age", "edges": [1] }])), 400),
        (by(json!([{ "column": "age", "values": ["old"] }])), 400),
        (by(json!([{ "column": "age", "values": [1.5] }])), 400),
        (by(json!([{ "column": "age", "values": (0..201).collect::<Vec<_>>() }])), 400),
        (
            by(
                json!([{ "column": "note", "values": ["x"] }, { "column": "age", "values": [1] }, { "column": "age", "values": [2] }]),
            ),
            400,
        ),
        (json!({ "table": table, "epsilon": 0.1, "more": 1 }), 400),
    ] {
        let answer = ask(&bench, &bench.token, &body).await;
        assert_eq!(answer.status(), status, "{body}: {}", answer.text().await.unwrap());
    }
    let list: Value = good(bench.get("/v1/statistics").await).await;
    assert_eq!(list["items"][0]["epsilon_spent"], 0.0);
}

#[tokio::test]
async fn a_table_without_persons_and_a_sandbox_without_counts_say_so() {
    let bench = Bench::start_with(|config| config.statistics.epsilon_per_organization = 0.0).await;
    assert_eq!(problem(ask(&bench, &bench.token, &query(0.1)).await).await, (422, "unprocessable".to_owned()));
    let bench = Bench::start().await;
    bench.publish_as(Tier::Deidentified, 2, |manifest| manifest.tables[0].person = None).await;
    let bench = bench.renewed().await;
    let answer = ask(&bench, &bench.token, &query(0.1)).await;
    let text = answer.text().await.unwrap();
    assert!(text.contains("which person"), "{text}");
}

#[tokio::test]
async fn counts_open_nothing_else() {
    let bench = Bench::start().await;
    let token = stranger(&bench).await;
    good(ask(&bench, &token, &query(0.1)).await).await;
    for path in [
        format!("/v1/datasets/{DATASET}/deidentified/tables/{TABLE}/rows"),
        format!("/v1/datasets/{DATASET}/deidentified"),
    ] {
        assert_eq!(bench.app.get(&path).bearer_auth(&token).send().await.unwrap().status(), 404, "{path}");
    }
    let narrow = bench.app.token_with(&bench.app.fixture.stranger, Some("catalog.read")).await;
    assert_eq!(ask(&bench, &narrow, &query(0.1)).await.status(), 403);
    let hospital = bench.app.token(&bench.app.fixture.hospital_account).await;
    assert_eq!(ask(&bench, &hospital, &query(0.1)).await.status(), 403);
}
