//! `POST /v1/query`: read-only SQL over the tables that are open to the caller, and over nothing else.
//!
//! The engine is shown only what is open, so a table that is not open is a table that does not exist. One query reads
//! under one grant at most (and any synthetic tables besides): its rows and bytes are charged to one budget, and no
//! answer joins what was approved for different purposes.

use crate::auth::scope::QueryRun;
use crate::data::budget::Reading;
use crate::data::documented::ReadProblems;
use crate::data::files::{column_view, table_address};
use crate::data::format::negotiate;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::standing::Standing;
use crate::data::stream::{self, RowLimit};
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::policy::{Action, Permit, Resource, Snapshot, decide};
use mudeung_core::reader::{QueryRequest, TableAddress, VisibleTable};
use mudeung_core::tier::Tier;
use mudeung_wire::api::QueryBody;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;

const OPERATION: &str = "query.run";
/// The longest SQL text; it stands in the ledger word for word.
const SQL_BYTES_MAX: usize = 16 << 10;

/// Runs a query over `dataset.tier.table`, always in the latest versions.
#[utoipa::path(
    post, path = "/v1/query", operation_id = "run_query", tag = "data", request_body = QueryBody,
    params(
        ("format" = Option<String>, Query, description = "`json`, `jsonl`, `csv`, `arrow`, `arrow-zstd`, `parquet`; outranks `Accept`"),
    ),
    responses(
        (status = 200, description = "Rows in the format asked for", content(
            (Vec<serde_json::Value> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        ReadProblems,
    ),
    security(("oauth" = ["query.run", "data.read"]), ("oauth" = ["query.run", "synthetic.read"])),
)]
pub async fn run_query(
    visit: Visit<QueryRun>,
    body: web::Json<QueryBody>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["format"])?;
    let format = negotiate(params.get("format"), request.headers())?;
    let QueryBody { sql, limit } = body.into_inner();
    let limit = RowLimit::of(row_limit(&visit, limit)?, &visit.app);
    let sql = readable(sql)?;
    let snapshot = visit.app.snapshots.present();
    let permits = visible(&snapshot, &visit);
    let tables = permits.iter().filter_map(shown).collect();
    let query = QueryRequest { sql: sql.clone(), tables, limit: limit.asked_of_reader(), format };
    let named = match named_permits(&visit, &query, &permits) {
        Ok(named) => named,
        Err(fault) => {
            let place = Place::default();
            let entry = Entry { filter: Some(sql), ..place.name_in(visit.entry(OPERATION)) };
            return Err(crate::record::refuse(&visit.app, entry, fault).await);
        }
    };
    let principal = &visit.caller.principal;
    let paying = named.iter().find(|permit| permit.grant.is_some()).or(named.first()).copied();
    let grant = paying.and_then(|permit| permit.grant.as_deref());
    let datasets: Vec<_> = named.iter().map(|permit| &permit.version.dataset).collect();
    let reading = Reading { app: principal.app, grant, datasets: &datasets };
    let account = visit.app.data.budgets.account(&visit.app, reading).await?;
    let stand = |permit: &&Permit| Standing::new(&snapshot, principal, Action::Query, permit).map(Standing::unchecked);
    let standings = named.iter().filter_map(stand).collect();
    let intent = intent(&visit, sql, &named, paying);
    let reader = visit.app.reader.clone();
    let governed = stream::Governed { intent, account, standings, limit, format };
    stream::answer(&visit, governed, || reader.query(query)).await
}

fn row_limit(visitor: &Visitor, asked: Option<u64>) -> Result<Option<u64>, Fault> {
    let most = visitor.app.config.limits.rows_per_answer;
    match asked {
        Some(rows) if rows > most => Err(Fault::parameter(
            "limit",
            format!("Must be a whole number from 0 to {most}."),
            format!("0부터 {most}까지의 정수여야 합니다."),
        )),
        asked => Ok(asked),
    }
}

/// SQL that is short and plain enough to stand in the ledger.
fn readable(sql: String) -> Result<String, Fault> {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if sql.trim().is_empty() || sql.len() > SQL_BYTES_MAX || sql.contains(control) {
        return Err(Fault::new(
            Code::InvalidQuery,
            format!("The SQL must have 1 to {SQL_BYTES_MAX} bytes and no control characters."),
            format!("SQL은 1~{SQL_BYTES_MAX}바이트여야 하며 제어 문자를 쓸 수 없습니다."),
        ));
    }
    Ok(sql)
}

/// Everything that is open to the caller in SQL, in the latest versions.
fn visible(snapshot: &Snapshot, visitor: &Visitor) -> Vec<Permit> {
    let now = visitor.app.clock.now();
    let mut permits = Vec::new();
    for name in snapshot.datasets.keys() {
        for tier in Tier::ALL {
            let Some(version) = snapshot.published(name.as_str(), tier, None) else { continue };
            for table in &version.tables {
                let resource = Resource {
                    dataset: name.as_str(),
                    tier,
                    version: Some(version.number),
                    table: table.name.as_str(),
                };
                permits.extend(decide(snapshot, &visitor.caller.principal, Action::Query, resource, now));
            }
        }
    }
    permits
}

fn address(permit: &Permit) -> Option<TableAddress> {
    permit.table().map(|table| table_address(permit, table))
}

fn shown(permit: &Permit) -> Option<VisibleTable> {
    Some(VisibleTable {
        table: address(permit)?,
        files: permit.table()?.files.iter().map(|file| file.name.clone()).collect(),
        columns: column_view(permit),
        rows: permit.rows.clone(),
    })
}

/// The permits of the tables that the query names: under one grant at most.
fn named_permits<'p>(visitor: &Visitor, query: &QueryRequest, permits: &'p [Permit]) -> Result<Vec<&'p Permit>, Fault> {
    let referenced = visitor.app.reader.referenced_tables(query)?;
    let mut named: Vec<&Permit> = Vec::new();
    for table in referenced {
        let permit = permits.iter().find(|permit| address(permit).as_ref() == Some(&table));
        named.push(permit.ok_or_else(|| Fault::internal("the query reads a table that it was not shown"))?);
    }
    let mut grants: Vec<_> = named.iter().filter_map(|permit| permit.grant.as_ref().map(|grant| grant.id)).collect();
    grants.sort_unstable();
    grants.dedup();
    if grants.len() > 1 {
        return Err(Fault::new(
            Code::InvalidQuery,
            "One query reads under one grant. Query each dataset by itself.",
            "하나의 쿼리는 하나의 승인(grant) 범위에서만 실행됩니다. 데이터셋별로 나누어 조회하세요.",
        ));
    }
    Ok(named)
}

/// The INTENT: the SQL, every table it reads by its full name, and under which grant.
fn intent(visitor: &Visitor, sql: String, named: &[&Permit], paying: Option<&Permit>) -> Entry {
    let entry = match paying {
        Some(permit) => visitor.entry_of(OPERATION, permit, &[]),
        // A query without tables reads nothing of anybody's; it runs on the caller's synthetic budget.
        None => Entry { tier: Some(Tier::Synthetic.to_string()), ..visitor.entry(OPERATION) },
    };
    let name = |table: TableAddress| format!("{}.{}.{}@{}", table.dataset, table.tier, table.table, table.version);
    let tables: Vec<String> = named.iter().filter_map(|permit| address(permit)).map(name).collect();
    Entry { columns: None, filter: Some(sql), table: Some(tables.join(" ")), ..entry }
}
