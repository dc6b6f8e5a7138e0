//! The lines of an answer, in both formats: one JSON document a line, no blank lines, nothing that was not asked for.

use super::capabilities::{Capabilities, ResponseFormat};
use super::schema::schema_string;
use super::table::{Edition, SharedTable};
use crate::data::files::{address, size_bytes};
use crate::data::view::pick;
use crate::data::visit::Visitor;
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::File;
use serde_json::{Value, json};

/// The header with the number of the version that an answer is about.
pub const TABLE_VERSION: HeaderName = HeaderName::from_static("delta-table-version");
const NDJSON: &str = "application/x-ndjson; charset=utf-8";

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is in the version.
    Snapshot,
    /// It came with the version.
    Add,
    /// It went with the version.
    Remove,
}

/// A file in an answer.
#[derive(Clone, Copy)]
pub struct Action<'t> {
    /// What happened to it.
    pub change: Change,
    /// In which version.
    pub version: Edition<'t>,
    /// The version that the file itself stands in, which for a removal is the one before.
    pub holder: Edition<'t>,
    /// The file.
    pub file: &'t File,
}

/// An answer that grows line by line.
pub struct Lines<'v> {
    visitor: &'v Visitor,
    capabilities: Capabilities,
    text: String,
    /// When the first of its addresses stops working.
    expires_at: Option<Timestamp>,
}

impl<'v> Lines<'v> {
    /// No lines.
    pub const fn new(visitor: &'v Visitor, capabilities: Capabilities) -> Self {
        Self { visitor, capabilities, text: String::new(), expires_at: None }
    }

    fn push(&mut self, line: &Value) {
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    /// The two lines that every answer begins with.
    pub fn begin(&mut self, table: &SharedTable, version: Edition<'_>, number: u32, size: u64) {
        let history = table.has_history();
        let protocol = match self.capabilities.format {
            ResponseFormat::Parquet => json!({ "minReaderVersion": 1 }),
            // A table with a change feed says so with the writer version that introduced it.
            ResponseFormat::Delta => json!({
                "deltaProtocol": { "minReaderVersion": 1, "minWriterVersion": if history { 4 } else { 2 } }
            }),
        };
        self.push(&json!({ "protocol": protocol }));
        self.metadata(table, version, number, size);
    }

    /// The line that describes a version under a number.
    pub fn metadata(&mut self, table: &SharedTable, version: Edition<'_>, number: u32, size: u64) {
        let language = self.visitor.call.language;
        let schema = schema_string(version.columns(), language);
        let files = version.table.files.len();
        let description = pick(&version.table.description, language);
        let line = match self.capabilities.format {
            ResponseFormat::Parquet => {
                let mut configuration = json!({});
                if table.has_history() {
                    configuration = json!({ "enableChangeDataFeed": "true" });
                }
                json!({
                    "id": table.id(), "name": table.place.table, "description": description,
                    "format": { "provider": "parquet" }, "schemaString": schema, "partitionColumns": [],
                    "configuration": configuration, "version": number, "size": size, "numFiles": files,
                    "accessModes": ["url"],
                })
            }
            ResponseFormat::Delta => {
                let mut configuration = json!({});
                if table.has_history() {
                    configuration = json!({ "delta.enableChangeDataFeed": "true" });
                }
                json!({
                    "version": number, "size": size, "numFiles": files, "accessModes": ["url"],
                    "deltaMetadata": {
                        "id": table.id(), "name": table.place.table, "description": description,
                        // Kernels refuse a format without options.
                        "format": { "provider": "parquet", "options": {} }, "schemaString": schema,
                        "partitionColumns": [], "configuration": configuration,
                        "createdTime": millis(version.published_at()),
                    },
                })
            }
        };
        self.push(&json!({ "metaData": line }));
    }

    /// A file with a fresh address, given in the listing with this entry.
    pub fn file(&mut self, action: Action<'_>, size: u64, listing: u64) {
        let (url, expires_at) = address(self.visitor, action.holder.permit, action.file, listing);
        self.expires_at = Some(self.expires_at.map_or(expires_at, |before| before.min(expires_at)));
        let (version, time) = (action.version.number(), millis(action.version.published_at()));
        let (id, expiration) = (action.file.id.to_string(), millis(expires_at));
        // Smallest and largest values are data; that a file has so many rows is what everyone may know.
        let stats = json!({ "numRecords": action.file.rows }).to_string();
        let line = match self.capabilities.format {
            ResponseFormat::Parquet => {
                let (kind, stats) = match action.change {
                    Change::Snapshot => ("file", Some(stats)),
                    Change::Add => ("add", Some(stats)),
                    Change::Remove => ("remove", None),
                };
                let mut fields = json!({
                    "url": url, "id": id, "partitionValues": {}, "size": size, "version": version, "timestamp": time,
                    "expirationTimestamp": expiration,
                });
                if let (Some(fields), Some(stats)) = (fields.as_object_mut(), stats) {
                    fields.insert("stats".to_owned(), Value::String(stats));
                }
                let mut line = serde_json::Map::new();
                line.insert(kind.to_owned(), fields);
                Value::Object(line)
            }
            ResponseFormat::Delta => {
                let single = match action.change {
                    Change::Remove => json!({ "remove": {
                        "path": url, "deletionTimestamp": time, "dataChange": true, "extendedFileMetadata": true,
                        "partitionValues": {}, "size": size,
                    } }),
                    Change::Snapshot | Change::Add => json!({ "add": {
                        "path": url, "partitionValues": {}, "size": size, "modificationTime": time,
                        "dataChange": true, "stats": stats,
                    } }),
                };
                json!({ "file": {
                    "id": id, "version": version, "timestamp": time, "expirationTimestamp": expiration, "size": size,
                    "deltaSingleAction": single,
                } })
            }
        };
        self.push(&line);
    }

    /// The last line, for clients that asked for it.
    pub fn end(&mut self, next_page: Option<String>, refresh: Option<String>) {
        let mut fields = serde_json::Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            fields.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("nextPageToken", next_page.map(Value::String));
        add("refreshToken", refresh.map(Value::String));
        add("minUrlExpirationTimestamp", self.expires_at.map(|at| json!(millis(at))));
        self.push(&json!({ "endStreamAction": fields }));
    }

    /// The answer, about a version.
    pub fn answer(self, number: u32, listing: u64) -> HttpResponse {
        let mut answer = self.visitor.answer_noted(listing);
        answer.insert_header((CONTENT_TYPE, NDJSON));
        answer.insert_header((TABLE_VERSION, number.to_string()));
        for header in self.capabilities.headers() {
            answer.insert_header(header);
        }
        answer.body(self.text)
    }
}

/// Length of a version in bytes, as it may be seen.
pub async fn size_of(visitor: &Visitor, version: Edition<'_>) -> Result<u64, Fault> {
    let mut total = 0_u64;
    for file in &version.table.files {
        total = total.saturating_add(size_bytes(&visitor.app, version.permit, version.table, file).await?);
    }
    Ok(total)
}

/// Milliseconds since 1970.
pub const fn millis(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000)
}
