//! The data plane from outside.

mod budgets;
mod catalogue;
mod files;
mod hostile;
mod leases;
mod metering;
pub(crate) mod probe;
mod rows;
mod synthesis;
mod usage;

use crate::app::TestApp;
use crate::app::fixture::{DATASET, TABLE};
use mudeung_core::filter::Filter;
use mudeung_core::grant::Grant;
use mudeung_core::id::GrantId;
use mudeung_core::name::Name;
use mudeung_core::quota::Amount;
use mudeung_server::config::Config;
use mudeung_wire::ledger::entry::{Entry, Kind};
use probe::Probe;
use reqwest::Response;
use serde_json::Value;
use std::sync::Arc;

/// A server over a [`Probe`], with the token of the reader.
pub(crate) struct Bench {
    pub(crate) app: TestApp,
    pub(crate) probe: Arc<Probe>,
    pub(crate) token: String,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let probe = Arc::new(Probe::default());
        let app = TestApp::start_reading(probe.clone(), change).await;
        let token = app.token(&app.fixture.reader).await;
        Self { app, probe, token }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.app.get(path).bearer_auth(&self.token).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn query(&self, sql: &str) -> Response {
        let body = serde_json::json!({ "sql": sql });
        self.app.post("/v1/query").bearer_auth(&self.token).json(&body).send().await.unwrap()
    }

    /// The signed address of the one file of a tier.
    pub(crate) async fn address(&self, tier: &str) -> String {
        let files = self.json(&format!("{}/files", table(tier))).await;
        files["items"][0]["url"].as_str().unwrap().to_owned()
    }

    /// Fetches an address, with a `Range` when there is one.
    pub(crate) async fn fetch(&self, url: &str, range: Option<&str>) -> Response {
        let request = self.app.http.get(url);
        let request = match range {
            Some(range) => request.header("range", range),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// INTENTs and OUTCOMEs of an operation, oldest first, without refusals.
    pub(crate) async fn entries(&self, operation: &str) -> (Vec<Entry>, Vec<Entry>) {
        let entries = self.app.entries().await;
        let of = |kind| {
            let wanted = move |entry: &&Entry| entry.operation == operation && entry.kind == kind;
            entries.iter().rev().filter(wanted).cloned().collect::<Vec<_>>()
        };
        (of(Kind::Intent), of(Kind::Outcome))
    }

    /// Waits until an operation has so many OUTCOMEs.
    pub(crate) async fn outcomes(&self, operation: &str, count: usize) -> Vec<Entry> {
        for _ in 0..200 {
            let (_, outcomes) = self.entries(operation).await;
            if outcomes.len() >= count {
                return outcomes;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{operation} never had {count} outcomes: {:?}", self.entries(operation).await);
    }

    /// Replaces the grant of the reader by one like it.
    pub(crate) async fn regrant(&self, change: impl FnOnce(&mut Grant)) {
        let snapshot = self.app.state().snapshots.present();
        let reader = self.app.fixture.reader_app;
        let mut grant = (**snapshot.grant(reader, self.app.fixture.grant).unwrap()).clone();
        let (old, now) = (grant.clone(), self.app.now());
        grant.id = GrantId::from_bytes([77; 16]);
        change(&mut grant);
        self.app
            .change_and_see(move |conn| {
                let revoked = old.state.revoke("replaced".to_owned(), now).unwrap();
                mudeung_store::grants::update_grant_state(conn, old.id, &revoked)?;
                mudeung_store::grants::insert_grant(conn, &grant)
            })
            .await;
    }

    pub(crate) async fn with_quota(&self, bytes: u64, rows: u64) {
        self.regrant(|grant| grant.quota = Amount { bytes, rows }).await;
    }

    pub(crate) async fn with_row_filter(&self, filter: &str) {
        let filter = Filter::parse(filter).unwrap();
        self.regrant(|grant| {
            grant.tables.get_mut(&Name::parse(TABLE).unwrap()).unwrap().rows = Some(filter);
        })
        .await;
    }

    /// Lets what the grant opens be looked at inside alone, behind the server's back.
    pub(crate) async fn with_provision_alone(&self) {
        self.regrant(|grant| grant.reach = mudeung_core::grant::Reach::Inside).await;
    }

    /// Withdraws the grant that the reader started with, behind the server's back.
    pub(crate) async fn revoke_grant(&self) {
        let (id, now) = (self.app.fixture.grant, self.app.now());
        self.app
            .change(move |conn| {
                let active = mudeung_core::grant::GrantState::Active;
                let revoked = active.revoke("test".to_owned(), now).unwrap();
                mudeung_store::grants::update_grant_state(conn, id, &revoked)
            })
            .await;
    }
}

/// The path of the table in a tier.
pub(crate) fn table(tier: &str) -> String {
    format!("/v1/datasets/{DATASET}/{tier}/tables/{TABLE}")
}
