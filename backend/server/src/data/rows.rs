//! `GET /v1/datasets/{dataset}/{tier}/tables/{table}/rows`: some columns of some rows, streamed.

use crate::auth::scope::AnyRead;
use crate::data::documented::ReadProblems;
use crate::data::files::table_address;
use crate::data::format::{Written, negotiate};
use crate::data::params::{Params, clipped};
use crate::data::place::Place;
use crate::data::stream::{self, RowLimit};
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::filter::{Filter, InvalidFilter};
use mudeung_core::policy::{Action, Permit};
use mudeung_core::reader::RowsRequest;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;

const OPERATION: &str = "data.read_rows";

/// Rows of a table. Without `limit` the whole answer must stay within the server's limit of rows.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}/{tier}/tables/{table}/rows", operation_id = "read_rows", tag = "data",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("tier" = String, Path, description = "`synthetic` or `deidentified`"),
        ("table" = String, Path, description = "The table's name"),
        ("columns" = Option<String>, Query, description = "Names separated by commas; all that are open when not given"),
        ("filter" = Option<String>, Query, description = "Comparisons joined by `and`: `age >= 60 and sex = 'F'`"),
        ("limit" = Option<u64>, Query, description = "At most so many rows"),
        ("version" = Option<String>, Query, description = "The version's number; the latest when it is not given"),
        ("format" = Option<String>, Query, description = "`json`, `jsonl`, `csv`, `arrow`, `arrow-zstd`, `parquet`; outranks `Accept`"),
    ),
    responses(
        (status = 200, description = "Rows in the format asked for", content(
            (Vec<serde_json::Value> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        ReadProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_rows(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["columns", "filter", "limit", "version", "format"])?;
    let place = Place::table(&path.0, &path.1, &path.2, &params)?;
    let format = negotiate(params.get("format"), request.headers(), Written::Rows)?;
    let limit = RowLimit::of(params.number("limit", 0, visit.app.config.limits.rows_per_answer)?, &visit.app);
    let snapshot = visit.app.snapshots.present();
    let permit = visit.decide(OPERATION, Action::Read, &place).await?;
    let asked = match asked(&permit, &params) {
        Ok(asked) => asked,
        Err(fault) => return Err(visit.refuse(OPERATION, &place, fault).await),
    };
    let table = permit.table().ok_or_else(Fault::not_found)?;
    let reader_request = RowsRequest {
        table: table_address(&permit, table),
        files: table.files.iter().map(|file| file.name.clone()).collect(),
        columns: asked.columns.clone(),
        filter: both(asked.filter.clone(), permit.rows.clone()),
        limit: limit.asked_of_reader(),
        format,
    };
    let (standing, account) = stream::ground(&visit, &snapshot, &permit).await?;
    let entry = visit.entry_of(OPERATION, &permit, &asked.columns);
    let intent = Entry { filter: asked.filter.as_ref().map(ToString::to_string), ..entry };
    let reader = visit.app.reader.clone();
    let governed = stream::Governed { intent, account, standings: vec![standing], limit, format };
    stream::answer(&visit, governed, || reader.rows(reader_request)).await
}

/// What of a permitted table was asked for.
#[derive(Debug)]
struct Asked {
    columns: Vec<String>,
    filter: Option<Filter>,
}

/// Reads `columns` and `filter`. A column that is not open is answered as one that does not exist.
fn asked(permit: &Permit, params: &Params) -> Result<Asked, Fault> {
    let columns = columns_asked(permit, params)?;
    let filter = match params.get("filter") {
        None => None,
        Some(text) => Some(Filter::parse(text).map_err(|invalid| invalid_filter(&invalid))?),
    };
    if let Some(unknown) = filter.iter().flat_map(Filter::columns).find(|name| !is_open(permit, name)) {
        return Err(unknown_column("filter", unknown));
    }
    Ok(Asked { columns, filter })
}

/// The columns that `columns` names; all that are open when it is not given.
pub(super) fn columns_asked(permit: &Permit, params: &Params) -> Result<Vec<String>, Fault> {
    let Some(list) = params.get("columns") else { return Ok(permit.columns.clone()) };
    let mut columns: Vec<String> = Vec::new();
    for name in list.split(',').map(str::trim) {
        if !is_open(permit, name) {
            return Err(unknown_column("columns", name));
        }
        if columns.iter().any(|known| known == name) {
            let (en, ko) = (format!("Name the column {name} once."), format!("{name} 열은 한 번만 지정하세요."));
            return Err(Fault::parameter("columns", en, ko));
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}

fn is_open(permit: &Permit, name: &str) -> bool {
    permit.columns.iter().any(|open| open == name)
}

fn both(asked: Option<Filter>, granted: Option<Filter>) -> Option<Filter> {
    match (asked, granted) {
        (Some(asked), Some(granted)) => Some(granted.and(asked)),
        (asked, granted) => asked.or(granted),
    }
}

fn unknown_column(parameter: &str, name: &str) -> Fault {
    let name = clipped(name);
    let mut fault = Fault::parameter(
        parameter,
        format!("There is no column {name}, or it is not open to you."),
        format!("{name} 열이 없거나 접근 권한이 없습니다."),
    );
    fault.code = Code::UnknownColumn;
    fault
}

fn invalid_filter(invalid: &InvalidFilter) -> Fault {
    let mut fault = Fault::parameter(
        "filter",
        format!("The filter cannot be read {invalid}."),
        format!("필터를 해석할 수 없습니다({}번째 글자): {}", invalid.position, invalid.problem),
    );
    fault.code = Code::InvalidFilter;
    fault
}
