//! What a table is, without its files: two lines.

use super::actions::{Lines, size_of};
use super::capabilities::Capabilities;
use super::table::{SharedTable, agent, entry};
use super::version::moment;
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::params::Params;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};

const OPERATION: &str = "sharing.read_metadata";

/// Protocol and schema of a table, in the format that the client can read.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/metadata",
    operation_id = "read_table_metadata", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
        ("version" = Option<u64>, Query, description = "The version's number; the latest when it is not given"),
        ("timestamp" = Option<String>, Query, description = "The version that was the latest at a moment"),
        ("delta-sharing-capabilities" = Option<String>, Header, description = "`responseformat=delta,parquet;…`"),
    ),
    responses((status = 200, content_type = "application/x-ndjson", body = String), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_table_metadata(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let capabilities = Capabilities::of(request.headers())?;
    let capabilities = Capabilities { end_stream: false, ..capabilities };
    let params = Params::known(request.query_string(), &["version", "timestamp"])?;
    let table = SharedTable::open(&visit, OPERATION, (&path.0, &path.1, &path.2)).await?;
    let version = match (params.number("version", 0, u64::from(u32::MAX))?, params.get("timestamp")) {
        (None, None) => table.latest()?,
        (Some(number), None) => table.numbered(number)?,
        (None, Some(text)) => table.at(moment("timestamp", text)?, "timestamp")?,
        (Some(_), Some(_)) => return Err(one_of("version", "timestamp")),
    };
    let size = size_of(&visit, version).await?;
    let detail = format!("format={} {}", capabilities.format.as_str(), agent(&request));
    let receipt = visit.note(entry(&visit, OPERATION, version.permit, detail)).await?;
    let mut lines = Lines::new(&visit, capabilities);
    lines.begin(&table, version, version.number(), size);
    Ok(lines.answer(version.number(), receipt))
}

/// Two parameters say the same thing in different ways.
pub fn one_of(one: &str, other: &str) -> Fault {
    Fault::parameter(
        other,
        format!("Give either {one} or {other}, not both."),
        format!("{one}와 {other} 중 하나만 지정하세요."),
    )
}
