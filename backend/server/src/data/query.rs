//! `POST /v1/query`: read-only SQL over the tables that are open to the caller, and over nothing else.
//!
//! The engine is shown only what is open, so a table that is not open is a table that does not exist. One query reads
//! under one grant at most (and any synthetic tables besides): its rows and bytes are charged to one budget, and no
//! answer joins what was approved for different purposes.

use crate::auth::scope::QueryRun;
use crate::data::budget::{Account, Reading};
use crate::data::documented::ReadProblems;
use crate::data::files::{column_view, table_address};
use crate::data::format::{Written, negotiate};
use crate::data::jobs;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::standing::Standing;
use crate::data::stream::{self, RowLimit};
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::grant::Reach;
use mudeung_core::policy::{Action, Permit, Resource, Snapshot, decide};
use mudeung_core::reader::{Format, QueryRequest, TableAddress, VisibleTable};
use mudeung_core::tier::Tier;
use mudeung_wire::api::{QueryBody, QueryJob};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::sync::Arc;

const OPERATION: &str = "query.run";
/// The longest SQL text; it stands in the ledger word for word.
const SQL_BYTES_MAX: usize = 16 << 10;

/// Runs a query over `dataset.tier.table`, always in the latest versions.
#[utoipa::path(
    post, path = "/v1/query", operation_id = "run_query", tag = "data", request_body = QueryBody,
    params(
        ("format" = Option<String>, Query, description = "`json`, `jsonl`, `csv`, `arrow`, `arrow-zstd`, `parquet`; outranks `Accept`"),
        ("Prefer" = Option<String>, Header, description = "`respond-async` runs the query without its caller"),
        ("Idempotency-Key" = Option<String>, Header, description = "With `respond-async`: the same key and query give \
         the same job, so that a request can be sent again"),
    ),
    responses(
        (status = 200, description = "Rows in the format asked for", content(
            (Vec<serde_json::Value> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 202, description = "It runs without its caller; `Location` says where it is", body = QueryJob),
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
    let format = negotiate(params.get("format"), request.headers(), Written::Rows)?;
    let waits = !jobs::prefers_async(request.headers());
    let planned = Planned::of(&visit, body.into_inner(), format, waits).await?;
    if !waits {
        return jobs::submit(&visit, planned, request.headers()).await;
    }
    let account = planned.account(&visit).await?;
    let (intent, standings, limit) = (planned.intent(&visit, OPERATION), planned.standings(&visit), planned.limit);
    let reader = visit.app.reader.clone();
    let governed = stream::Governed { intent, account, standings, limit, format };
    stream::answer(&visit, governed, || reader.query(planned.query)).await
}

/// A query that was decided.
pub struct Planned {
    /// What the reader is asked.
    pub query: QueryRequest,
    /// The permits of the tables that it names.
    pub named: Vec<Permit>,
    /// How many rows it may have.
    pub limit: RowLimit,
    /// What is done to the tables: a result that is held was only analysed.
    action: Action,
}

impl Planned {
    /// Decides over a query whose caller waits for the rows, or does not; a refusal is recorded.
    async fn of(visitor: &Visitor, body: QueryBody, format: Format, waits: bool) -> Result<Self, Fault> {
        let QueryBody { sql, limit } = body;
        let limit = RowLimit::of(row_limit(visitor, limit)?, &visitor.app);
        let sql = readable(sql)?;
        let permits = visible(&visitor.app.snapshots.present(), visitor);
        let tables = permits.iter().filter_map(shown).collect();
        let query = QueryRequest { sql, tables, limit: limit.asked_of_reader(), format, in_background: false };
        let named = named_permits(visitor, &query, &permits).and_then(|named| match is_held(&named) {
            true if waits => Err(Fault::inside()),
            true if !is_readable(format) => Err(unreadable()),
            _ => Ok(named),
        });
        match named {
            Ok(named) => Ok(Self { query, action: action_on(&named), named, limit }),
            Err(fault) => {
                let entry = Entry { filter: Some(query.sql), ..Place::default().name_in(visitor.entry(OPERATION)) };
                Err(crate::record::refuse(&visitor.app, entry, fault).await)
            }
        }
    }

    /// A query that was run before, decided again.
    pub fn again(sql: String, named: Vec<Permit>, format: Format, rows: u64) -> Self {
        let query = QueryRequest { sql, tables: Vec::new(), limit: rows, format, in_background: false };
        Self { query, action: action_on(&named), named, limit: RowLimit::Asked(rows) }
    }

    /// The permit whose grant pays, or any of the synthetic tier.
    fn paying(&self) -> Option<&Permit> {
        self.named.iter().find(|permit| permit.grant.is_some()).or(self.named.first())
    }

    /// What pays.
    pub async fn account(&self, visitor: &Visitor) -> Result<Arc<Account>, Fault> {
        let grant = self.paying().and_then(|permit| permit.grant.as_deref());
        let datasets: Vec<_> = self.named.iter().map(|permit| &permit.version.dataset).collect();
        let reading = Reading { app: visitor.caller.principal.app, grant, datasets: &datasets };
        visitor.app.data.budgets.account(&visitor.app, reading).await
    }

    /// What it stands on.
    pub fn standings(&self, visitor: &Visitor) -> Vec<Standing> {
        let snapshot = visitor.app.snapshots.present();
        let principal = &visitor.caller.principal;
        let stand = |permit: &Permit| Standing::new(&snapshot, principal, self.action, permit).map(Standing::unchecked);
        self.named.iter().filter_map(stand).collect()
    }

    /// The INTENT: the SQL, every table it reads by its full name, and under which grant.
    pub fn intent(&self, visitor: &Visitor, operation: &str) -> Entry {
        let entry = match self.paying() {
            Some(permit) => visitor.entry_of(operation, permit, &[]),
            // A query without tables reads nothing of anybody's; it runs on the caller's synthetic budget.
            None => Entry { tier: Some(Tier::Synthetic.to_string()), ..visitor.entry(operation) },
        };
        let name = |table: TableAddress| format!("{}.{}.{}@{}", table.dataset, table.tier, table.table, table.version);
        let tables: Vec<String> = self.named.iter().filter_map(address).map(name).collect();
        Entry { columns: None, filter: Some(self.query.sql.clone()), table: Some(tables.join(" ")), ..entry }
    }
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
                permits.extend(decide(snapshot, &visitor.caller.principal, Action::Analyse, resource, now));
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
fn named_permits(visitor: &Visitor, query: &QueryRequest, permits: &[Permit]) -> Result<Vec<Permit>, Fault> {
    let referenced = visitor.app.reader.referenced_tables(query)?;
    let mut named: Vec<Permit> = Vec::new();
    for table in referenced {
        let permit = permits.iter().find(|permit| address(permit).as_ref() == Some(&table)).cloned();
        named.push(permit.ok_or_else(|| Fault::internal("the query reads a table that it was not shown"))?);
    }
    same_grant(&named)?;
    Ok(named)
}

/// Whether rows of any of these tables may only be looked at inside, so that a result is held.
pub fn is_held(named: &[Permit]) -> bool {
    named.iter().any(|permit| permit.grant.as_ref().is_some_and(|grant| grant.reach == Reach::Inside))
}

/// What is done to tables of which some may only be looked at inside.
fn action_on(named: &[Permit]) -> Action {
    if is_held(named) { Action::Analyse } else { Action::Query }
}

/// Whether people can read a result as it stands: those who decide on its export look at the bytes that would leave.
const fn is_readable(format: Format) -> bool {
    matches!(format, Format::Json | Format::JsonLines | Format::Csv)
}

fn unreadable() -> Fault {
    Fault::new(
        Code::NotAcceptable,
        "A result whose export is decided by people is JSON, JSON lines or CSV.",
        "사람이 심의하는 반출 결과는 JSON, JSON Lines, CSV로만 만들 수 있습니다.",
    )
}

/// Refuses to join what was approved for different purposes.
pub fn same_grant(named: &[Permit]) -> Result<(), Fault> {
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
    Ok(())
}
