//! The Delta Sharing protocol from outside: the conformance list of `docs/sharing-conformance.md`, line by line.

mod changes;
mod clients;
mod lists;
mod queries;
mod safety;

use crate::app::fixture::{DATASET, TABLE, manifest};
use crate::data::Bench;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::VersionState;
use mudeung_core::id::{FileId, VersionId};
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::Manifest;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::time::Duration;

/// What asks for answers in the format of the Delta log.
const DELTA: &str = "responseformat=delta;readerfeatures=deletionvectors,columnmapping,timestampntz";

/// The address of the table in a tier.
fn table(tier: &str) -> String {
    format!("/delta-sharing/shares/{DATASET}/schemas/{tier}/tables/{TABLE}")
}

impl Bench {
    fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    /// A query of the table in a tier.
    async fn shared(&self, tier: &str, body: &Value, capabilities: Option<&str>) -> Response {
        let mut request = self.ask("POST", &format!("{}/query", table(tier))).json(body);
        if let Some(capabilities) = capabilities {
            request = request.header("delta-sharing-capabilities", capabilities);
        }
        request.send().await.unwrap()
    }

    /// The lines of a query that must go well.
    async fn lines_of(&self, tier: &str, body: &Value, capabilities: Option<&str>) -> Vec<Value> {
        lines(self.shared(tier, body, capabilities).await).await
    }

    /// Publishes another version of a tier, five minutes after the last, with files of so many rows each. Gives its number.
    async fn publish(&self, tier: Tier, number: u32, rows: &[u64]) -> Timestamp {
        self.publish_as(tier, number, |manifest| {
            let first = manifest.tables[0].files[0].clone();
            manifest.tables[0].rows = rows.iter().sum();
            manifest.tables[0].files = (0_u8..)
                .zip(rows)
                .map(|(at, rows)| {
                    let mut file = first.clone();
                    file.id = FileId::from_bytes([100 + at + 10 * u8::try_from(number).unwrap(); 16]).to_string();
                    file.name = format!("part-{at:05}.parquet");
                    file.sha256 = format!("{:02x}", 100 + at + 10 * u8::try_from(number).unwrap()).repeat(32);
                    file.rows = *rows;
                    file
                })
                .collect();
        })
        .await
    }

    pub(crate) async fn publish_as(&self, tier: Tier, number: u32, change: impl FnOnce(&mut Manifest)) -> Timestamp {
        let mut manifest = manifest(tier, if tier == Tier::Synthetic { 1 } else { 2 });
        manifest.version = number;
        change(&mut manifest);
        self.app.clock.advance(Duration::from_secs(300));
        let (now, seed) = (self.app.now(), u8::try_from(number).unwrap());
        let id = VersionId::from_bytes([if tier == Tier::Synthetic { seed } else { 100 + seed }; 16]);
        self.app
            .change_and_see(move |conn| {
                let state = VersionState::Published { published_at: now };
                mudeung_store::catalog::insert_version(conn, &manifest, id, state, now)
            })
            .await;
        now
    }

    /// A fresh token, after the clock was moved.
    pub(crate) async fn renewed(mut self) -> Self {
        self.token = self.app.token(&self.app.fixture.reader).await;
        self
    }
}

/// The lines of an answer: one JSON document each, no blank ones, the last one ended.
async fn lines(answer: Response) -> Vec<Value> {
    let status = answer.status();
    let kind = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    assert_eq!(kind.as_deref(), Some("application/x-ndjson; charset=utf-8"));
    assert!(text.ends_with('\n') && !text.contains("\n\n") && !text.contains('\r'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The file lines, of either format, as number of rows and identifier.
fn files(lines: &[Value]) -> Vec<(u64, String)> {
    let stats = |file: &Value| {
        let text = file["stats"].as_str().or(file["deltaSingleAction"]["add"]["stats"].as_str()).unwrap();
        serde_json::from_str::<Value>(text).unwrap()
    };
    let files = lines.iter().filter_map(|line| line.get("file"));
    files.map(|file| (stats(file)["numRecords"].as_u64().unwrap(), file["id"].as_str().unwrap().to_owned())).collect()
}

/// An error of the protocol.
async fn refusal(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    let body: Value = answer.json().await.unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (status, text("errorCode"), text("message"))
}
