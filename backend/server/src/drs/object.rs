//! Objects: files, and bundles of them.

use super::BULK_MAX;
use super::info::host;
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::files::Measured;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::view::{pick, rfc3339};
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use crate::hex::hex;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::dataset::{File, Table, Version};
use mudeung_core::id::{FileId, VersionId};
use mudeung_core::policy::{Action, Permit, Resource, decide};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const OPERATION: &str = "drs.read_object";
/// The one way to get at bytes.
pub const ACCESS: &str = "https";

/// An object as it is answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DrsObject {
    id: String,
    name: String,
    self_uri: String,
    size: u64,
    created_time: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access_methods: Vec<AccessMethod>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contents: Vec<Content>,
    description: String,
}

/// A checksum of an object's bytes, or of a bundle's sorted checksums.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Checksum {
    checksum: String,
    r#type: String,
}

/// How bytes are fetched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccessMethod {
    r#type: String,
    access_id: String,
}

/// What is in a bundle.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Content {
    name: String,
    id: String,
    drs_uri: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    contents: Vec<Content>,
}

/// What a bulk request names.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct BulkBody {
    bulk_object_ids: Vec<String>,
}

/// What an identifier names, as far as it is open to a visitor.
pub enum Found {
    /// A file.
    File(Permit, FileId),
    /// A table of a version.
    Table(Permit),
    /// A version, with a permit for each table that is open.
    Version(Arc<Version>, Vec<Permit>),
}

/// One object.
#[utoipa::path(
    get, path = "/ga4gh/drs/v1/objects/{object}", operation_id = "read_object", tag = "drs",
    params(
        ("object" = String, Path, description = "`fil_…`, `ver_…` or `ver_….table`"),
        ("expand" = Option<bool>, Query, description = "Whether bundles in a bundle show what is in them"),
    ),
    responses((status = 200, body = DrsObject), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_object(
    visit: Visit<AnyRead>,
    object: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::known(request.query_string(), &["expand"])?;
    let found = found(&visit, OPERATION, &object).await?;
    let shown = shown(&visit, &found, params.get("expand") == Some("true")).await?;
    visit.show(entry(&visit, OPERATION, &found), &shown).await
}

/// Several objects at once.
#[utoipa::path(
    post, path = "/ga4gh/drs/v1/objects", operation_id = "read_objects", tag = "drs", request_body = BulkBody,
    params(("expand" = Option<bool>, Query, description = "Whether bundles in a bundle show what is in them")),
    responses(
        (status = 200, description = "`{summary, resolved_drs_object, unresolved_drs_objects}`", body = serde_json::Value),
        TokenProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_objects(
    visit: Visit<AnyRead>,
    body: web::Bytes,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::known(request.query_string(), &["expand"])?;
    let body: BulkBody = serde_json::from_slice(&body).map_err(|error| {
        Fault::new(
            Code::BadRequest,
            format!("The body must be {{\"bulk_object_ids\": [\"…\"]}}: {error}."),
            format!("본문은 {{\"bulk_object_ids\": [\"…\"]}} 형식이어야 합니다: {error}"),
        )
    })?;
    let ids = body.bulk_object_ids;
    if ids.len() > BULK_MAX {
        return Err(Fault::new(
            Code::TooLarge,
            format!("At most {BULK_MAX} objects at once."),
            format!("한 번에 {BULK_MAX}개까지 조회할 수 있습니다."),
        ));
    }
    let (mut resolved, mut unresolved, mut last) = (Vec::new(), Vec::new(), None);
    for id in &ids {
        match found(&visit, OPERATION, id).await {
            Ok(found) => {
                resolved.push(shown(&visit, &found, params.get("expand") == Some("true")).await?);
                last = Some(visit.note(entry(&visit, OPERATION, &found)).await?);
            }
            Err(fault) if fault.code == Code::NotFound => unresolved.push(id.clone()),
            Err(fault) => return Err(fault),
        }
    }
    let missing = match unresolved.as_slice() {
        [] => Vec::new(),
        ids => vec![serde_json::json!({ "error_code": 404, "object_ids": ids })],
    };
    let receipt = match last {
        Some(receipt) => receipt,
        None => visit.note(visit.entry(OPERATION)).await?,
    };
    Ok(visit.answer_noted(receipt).json(serde_json::json!({
        "summary": { "requested": ids.len(), "resolved": resolved.len(), "unresolved": unresolved.len() },
        "resolved_drs_object": resolved,
        "unresolved_drs_objects": missing,
    })))
}

/// What an identifier names; a refusal is recorded.
pub async fn found(visitor: &Visitor, operation: &str, id: &str) -> Result<Found, Fault> {
    let looked = look_up(visitor, id);
    match looked {
        Some(found) => Ok(found),
        None => Err(visitor.refuse(operation, &Place::default(), Fault::not_found()).await),
    }
}

/// The start of an entry about an object.
pub fn entry(visitor: &Visitor, operation: &str, found: &Found) -> Entry {
    match found {
        Found::File(permit, file) => {
            Entry { file: Some(file.to_string()), ..visitor.entry_of(operation, permit, &permit.columns) }
        }
        Found::Table(permit) => visitor.entry_of(operation, permit, &permit.columns),
        Found::Version(version, _) => Entry {
            dataset: Some(version.dataset.to_string()),
            tier: Some(version.tier.to_string()),
            version: Some(version.number),
            ..visitor.entry(operation)
        },
    }
}

fn look_up(visitor: &Visitor, id: &str) -> Option<Found> {
    let (snapshot, now) = (visitor.app.snapshots.present(), visitor.app.clock.now());
    let permit = |version: &Version, table: &Table| {
        let resource = Resource {
            dataset: version.dataset.as_str(),
            tier: version.tier,
            version: Some(version.number),
            table: table.name.as_str(),
        };
        let decided = decide(&snapshot, &visitor.caller.principal, Action::Read, resource, now).ok()?;
        // A table that is open by rows has no files.
        decided.rows.is_none().then_some(decided)
    };
    if let Ok(file) = FileId::parse(id) {
        let address = snapshot.files.get(&file)?;
        return Some(Found::File(permit(&address.version, address.table()?)?, file));
    }
    let (version, table) = id.split_once('.').map_or((id, None), |(version, table)| (version, Some(table)));
    let wanted = VersionId::parse(version).ok()?;
    let mut versions = snapshot.datasets.values().flat_map(|entry| entry.tiers.values().flatten());
    let version = versions.find(|version| version.id == wanted)?;
    if let Some(table) = table {
        return Some(Found::Table(permit(version, version.table(table)?)?));
    }
    let permits: Vec<Permit> = version.tables.iter().filter_map(|table| permit(version, table)).collect();
    (!permits.is_empty()).then(|| Found::Version(Arc::clone(version), permits))
}

async fn shown(visitor: &Visitor, found: &Found, expand: bool) -> Result<DrsObject, Fault> {
    match found {
        Found::File(permit, id) => {
            let table = permit.table().ok_or_else(Fault::not_found)?;
            let file = table.files.iter().find(|file| file.id == *id).ok_or_else(Fault::not_found)?;
            let Measured { size_bytes, sha256 } = Measured::of(&visitor.app, permit, table, file).await?;
            Ok(DrsObject {
                name: file.name.clone(),
                size: size_bytes,
                mime_type: Some("application/vnd.apache.parquet".to_owned()),
                checksums: vec![sha_256(sha256)],
                access_methods: vec![AccessMethod { r#type: "https".to_owned(), access_id: ACCESS.to_owned() }],
                contents: Vec::new(),
                ..blank(visitor, &id.to_string(), permit, table)
            })
        }
        Found::Table(permit) => {
            let table = permit.table().ok_or_else(Fault::not_found)?;
            let (size, sums) = measure(visitor, permit, table).await?;
            let id = table_object(permit, table);
            Ok(DrsObject {
                size,
                checksums: vec![sha_256(bundled(sums))],
                contents: files(visitor, table),
                ..blank(visitor, &id, permit, table)
            })
        }
        Found::Version(version, permits) => {
            let (mut size, mut sums, mut contents) = (0_u64, Vec::new(), Vec::new());
            for permit in permits {
                let table = permit.table().ok_or_else(Fault::not_found)?;
                let (of_table, of_files) = measure(visitor, permit, table).await?;
                size = size.saturating_add(of_table);
                sums.push(bundled(of_files));
                let inner = if expand { files(visitor, table) } else { Vec::new() };
                let id = table_object(permit, table);
                contents.push(Content { contents: inner, ..content(visitor, table.name.as_str(), &id) });
            }
            let (first, table) =
                permits.first().and_then(|permit| Some((permit, permit.table()?))).ok_or_else(Fault::not_found)?;
            Ok(DrsObject {
                name: format!("{}.{}.{}", version.dataset, version.tier, version.number),
                description: format!("Version {} of {}, {}", version.number, version.dataset, version.tier),
                size,
                checksums: vec![sha_256(bundled(sums))],
                contents,
                ..blank(visitor, &version.id.to_string(), first, table)
            })
        }
    }
}

fn blank(visitor: &Visitor, id: &str, permit: &Permit, table: &Table) -> DrsObject {
    DrsObject {
        id: id.to_owned(),
        name: table.name.to_string(),
        self_uri: uri(visitor, id),
        size: 0,
        created_time: rfc3339(permit.version.created_at),
        version: permit.version.number.to_string(),
        mime_type: None,
        checksums: Vec::new(),
        access_methods: Vec::new(),
        contents: Vec::new(),
        description: pick(&table.description, visitor.call.language),
    }
}

/// Length and checksums of the files of a table.
async fn measure(visitor: &Visitor, permit: &Permit, table: &Table) -> Result<(u64, Vec<String>), Fault> {
    let (mut size, mut sums) = (0_u64, Vec::with_capacity(table.files.len()));
    for file in &table.files {
        let measured = Measured::of(&visitor.app, permit, table, file).await?;
        size = size.saturating_add(measured.size_bytes);
        sums.push(measured.sha256);
    }
    Ok((size, sums))
}

/// The checksum of a bundle: over the sorted checksums of what is in it.
fn bundled(mut sums: Vec<String>) -> String {
    sums.sort_unstable();
    hex(&Sha256::digest(sums.concat()))
}

fn sha_256(checksum: String) -> Checksum {
    Checksum { checksum, r#type: "sha-256".to_owned() }
}

fn files(visitor: &Visitor, table: &Table) -> Vec<Content> {
    let item = |file: &File| content(visitor, &file.name, &file.id.to_string());
    table.files.iter().map(item).collect()
}

fn content(visitor: &Visitor, name: &str, id: &str) -> Content {
    Content { name: name.to_owned(), id: id.to_owned(), drs_uri: vec![uri(visitor, id)], contents: Vec::new() }
}

fn table_object(permit: &Permit, table: &Table) -> String {
    format!("{}.{}", permit.version.id, table.name)
}

fn uri(visitor: &Visitor, id: &str) -> String {
    format!("drs://{}/{id}", host(&visitor.app.config.http.public_url))
}
