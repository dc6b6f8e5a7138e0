//! `GET /v1/datasets/{dataset}/{tier}/tables/{table}/files`: the Parquet files of a table with signed addresses.
//!
//! Under a grant with a row filter there are no files, because a file cannot be cut by rows without being rewritten:
//! the list answers 422 and names the two ways that work, `rows` and `query`.

use crate::auth::scope::AnyRead;
use crate::data::budget::Reading;
use crate::data::documented::ReadProblems;
use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::signature::Address;
use crate::data::view::rfc3339;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use crate::state::App;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{File, Table};
use mudeung_core::policy::{Action, Permit};
use mudeung_core::reader::{ColumnView, FileView, TableAddress};
use mudeung_wire::api::{FileItem, Page};
use mudeung_wire::problem::Code;
use std::time::Duration;

/// The files of a table, as the caller may see them, each with an address that works for an hour or so.
#[utoipa::path(
    get, path = "/v1/datasets/{dataset}/{tier}/tables/{table}/files", operation_id = "list_files", tag = "data",
    params(
        ("dataset" = String, Path, description = "The dataset's name"),
        ("tier" = String, Path, description = "`synthetic` or `deidentified`"),
        ("table" = String, Path, description = "The table's name"),
        ("version" = Option<String>, Query, description = "The version's number; the latest when it is not given"),
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<FileItem>), ReadProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn list_files(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["version", "cursor", "limit"])?;
    let place = Place::table(&path.0, &path.1, &path.2, &params)?;
    let operation = "data.list_files";
    let permit = visit.decide(operation, Action::Read, &place).await?;
    let table = permit.table().ok_or_else(Fault::not_found)?;
    if permit.rows.is_some() {
        return Err(visit.refuse(operation, &place, no_files()).await);
    }
    let budgets = &visit.app.data.budgets;
    let reading = Reading {
        app: visit.caller.principal.app,
        grant: permit.grant.as_deref(),
        datasets: &[&permit.version.dataset],
    };
    let account = budgets.account(&visit.app, reading).await?;
    if let Some(short) = account.empty() {
        return Err(visit.refuse(operation, &place, short.fault(visit.app.clock.now())).await);
    }
    let number = permit.version.number;
    let list = format!("files/{}/{}/{}/{}", path.0, path.1, path.2, place.version.unwrap_or_default());
    let window = Window::of(&visit.app, &list, &params)?;
    // Positions are written after the version, so that a page of a version that is not the latest any more ends there.
    let keyed = table.files.iter().enumerate().map(|(at, file)| (format!("{number:010}/{at:010}"), file));
    let Page { items: files, next_cursor } = window.page(&visit.app, keyed);
    let mut measured = Vec::with_capacity(files.len());
    for file in files {
        measured.push((file, Measured::of(&visit.app, &permit, table, file).await?));
    }
    // The addresses name the entry of the listing that they stand in.
    let listing = visit.note(visit.entry_of(operation, &permit, &permit.columns)).await?;
    let item = |(file, Measured { size_bytes, sha256 }): (&File, Measured)| {
        let (url, expires_at) = address(&visit, &permit, file, listing);
        let (id, name, expires_at) = (file.id.to_string(), file.name.clone(), rfc3339(expires_at));
        FileItem { id, name, url, expires_at, size_bytes, sha256, rows: file.rows }
    };
    let items = measured.into_iter().map(item).collect();
    Ok(visit.answer_noted(listing).json(&Page { items, next_cursor }))
}

/// What a permit makes of a file.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Length in bytes.
    pub size_bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Measured {
    /// Measures a file. The first time that a view is seen, all of it is read.
    pub async fn of(app: &App, permit: &Permit, table: &Table, file: &File) -> Result<Self, Fault> {
        if permit.whole {
            return Ok(Self { size_bytes: file.size_bytes, sha256: file.sha256.clone() });
        }
        let opened = app.reader.open_file(&view_of(permit, table, file)).await?;
        Ok(Self { size_bytes: opened.len_bytes(), sha256: opened.sha256().await? })
    }
}

/// Length of a file as a permit lets it be seen.
pub async fn size_bytes(app: &App, permit: &Permit, table: &Table, file: &File) -> Result<u64, Fault> {
    if permit.whole {
        return Ok(file.size_bytes);
    }
    Ok(app.reader.open_file(&view_of(permit, table, file)).await?.len_bytes())
}

/// A signed address of a file for a visitor, given in the listing with this entry, and when it stops working.
pub fn address(visitor: &Visitor, permit: &Permit, file: &File, listing: u64) -> (String, Timestamp) {
    let config = &visitor.app.config;
    let lifetime = Duration::from_secs(config.tokens.url_lifetime_seconds);
    let expires_at = Timestamp::from_seconds(visitor.app.clock.now().plus(lifetime).seconds());
    let principal = &visitor.caller.principal;
    let address = Address {
        file: file.id,
        app: principal.app,
        credential: principal.credential,
        token: principal.token,
        signed_by: principal.signed_by,
        grant: permit.grant.as_ref().map(|grant| grant.id),
        listing,
        expires_at,
    };
    (address.sign(&config.http.public_url, visitor.app.keys.url().expose()), expires_at)
}

/// Which table of which version a permit is about.
pub fn table_address(permit: &Permit, table: &Table) -> TableAddress {
    TableAddress {
        dataset: permit.version.dataset.clone(),
        tier: permit.version.tier,
        version: permit.version.number,
        table: table.name.clone(),
    }
}

/// The columns of a permit as a reader is told them.
pub fn column_view(permit: &Permit) -> ColumnView {
    if permit.whole { ColumnView::All } else { ColumnView::Only(permit.columns.clone().into()) }
}

/// A file as a permit lets it be seen.
pub fn view_of(permit: &Permit, table: &Table, file: &File) -> FileView {
    FileView {
        table: table_address(permit, table),
        id: file.id,
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        columns: column_view(permit),
    }
}

fn no_files() -> Fault {
    Fault::new(
        Code::Unprocessable,
        "The grant opens some rows of this table only, so there are no files of it. Read it with …/rows or POST /v1/query.",
        "이 표는 일부 행만 승인되어 파일로 제공되지 않습니다. …/rows 또는 POST /v1/query로 조회하세요.",
    )
}
