//! Queries that run without their caller: `Prefer: respond-async` on `POST /v1/query`, and `/v1/query/jobs`.
//!
//! Submitting decides and is recorded, but gives nothing away. The result waits in a file of the server's, and each fetch
//! is a read like any other: decided on what is open at that moment, metered, recorded, stopped when its grant ends. When
//! what the query read is not open any more exactly as it was, the result is not given.

mod export;
mod run;
mod spool;

pub use export::{__path_export_query_result, detail, export_query_result, held_bytes, keep_until};
pub use run::keep_sweeping;
pub use spool::Spool;

use crate::auth::scope::QueryRun;
use crate::call::Language;
use crate::data::documented::{ReadProblems, TokenProblems};
use crate::data::format::{from_media_type, media_type};
use crate::data::query::{Planned, is_held, same_grant};
use crate::data::stream::{self, RowLimit};
use crate::data::view::rfc3339;
use crate::data::visit::{RECEIPT, Visit, Visitor};
use crate::fault::Fault;
use crate::idempotency;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, web};
use mudeung_core::budget::STEP;
use mudeung_core::clock::Timestamp;
use mudeung_core::export::ExportState;
use mudeung_core::id::QueryJobId;
use mudeung_core::policy::{Action, Permit, Resource, decide};
use mudeung_core::tier::Tier;
use mudeung_store::StoreError;
use mudeung_store::exports::Heard;
use mudeung_store::query_jobs::{self, QueryJob, QueryJobOutcome, Submitted};
use mudeung_wire::api::{self, Page};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;

const SUBMIT: &str = "query.submit";
const READ: &str = "query.read_result";
const DELETE: &str = "query.delete";
/// Seconds after which it is worth asking again.
const ASK_AGAIN_SECONDS: u64 = 2;

/// What a job read, and the entry that says so.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stood {
    submitted: u64,
    /// Whether the result leaves by a decision of its own alone.
    held: bool,
    tables: Vec<StoodOn>,
}

/// One table as it was open when it was read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoodOn {
    dataset: String,
    tier: String,
    version: u32,
    table: String,
    columns: Vec<String>,
    rows: Option<String>,
}

impl StoodOn {
    fn of(permit: &Permit) -> Self {
        Self {
            dataset: permit.version.dataset.to_string(),
            tier: permit.version.tier.to_string(),
            version: permit.version.number,
            table: permit.table().map(|table| table.name.to_string()).unwrap_or_default(),
            columns: permit.columns.clone(),
            rows: permit.rows.as_ref().map(ToString::to_string),
        }
    }
}

/// Whether the caller would rather not wait (RFC 7240).
pub fn prefers_async(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
    preferences.flat_map(|list| list.split(',')).any(|preference| {
        preference.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("respond-async"))
    })
}

/// Takes a planned query to run it without its caller.
pub async fn submit(visitor: &Visitor, planned: Planned, headers: &HeaderMap) -> Result<HttpResponse, Fault> {
    let key = idempotency::key(headers)?;
    let account = planned.account(visitor).await?;
    account.prepare(&visitor.app, STEP).await?;
    if let Err(short) = account.hold_step() {
        let fault = short.fault(visitor.app.clock.now());
        return Err(record::refuse(&visitor.app, planned.intent(visitor, SUBMIT), fault).await);
    }
    let opened = record::open(&visitor.app, planned.intent(visitor, SUBMIT)).await?;
    let now = visitor.app.clock.now();
    let config = &visitor.app.config.jobs;
    let tables = planned.named.iter().map(StoodOn::of).collect();
    let stood = Stood { submitted: opened.index(), held: is_held(&planned.named), tables };
    let media_type = media_type(planned.query.format);
    let job = QueryJob {
        id: QueryJobId::generate(&*visitor.app.clock, &*visitor.app.entropy),
        app: visitor.caller.principal.app,
        request_hash: Sha256::digest(format!("{}\n{media_type}\n{}", planned.query.limit, planned.query.sql)).into(),
        sql: planned.query.sql.clone(),
        media_type: media_type.to_owned(),
        tables: serde_json::to_string(&stood).map_err(|error| Fault::internal(error.to_string()))?,
        idempotency_key: key,
        created_at: now,
        alive_until: run::alive_until(now),
        expires_at: now.plus(Duration::from_secs(config.kept_hours.saturating_mul(3_600))),
        end: None,
    };
    let job = match store(visitor, &job).await {
        Ok(Submitted::Now) => {
            opened.close(Status::Completed, Some(job.id.to_string()));
            let mut query = planned.query;
            query.in_background = true;
            tokio::spawn(run::run(visitor.app.clone(), job.id, query, planned.limit.rows_max()));
            job
        }
        Ok(Submitted::Before(before)) => {
            opened.close(Status::Completed, Some(before.id.to_string()));
            // Answered as it was the first time.
            QueryJob { end: None, alive_until: run::alive_until(now), ..*before }
        }
        Ok(Submitted::KeyTaken) => {
            opened.close(Status::Denied, Some(Code::Unprocessable.as_str().to_owned()));
            return Err(key_taken());
        }
        Ok(Submitted::Full) => {
            opened.close(Status::Denied, Some(Code::LimitReached.as_str().to_owned()));
            return Err(full(config.jobs_per_app));
        }
        Err(error) => {
            opened.close(Status::Aborted, None);
            return Err(error.into());
        }
    };
    let item = item(&visitor.app, &job, None, visitor.call.language);
    let mut answer = visitor.answer(Some(&account));
    answer.status(StatusCode::ACCEPTED);
    answer.insert_header((LOCATION, address(&visitor.app, job.id)));
    answer.insert_header((HeaderName::from_static("preference-applied"), "respond-async"));
    answer.insert_header((RETRY_AFTER, ASK_AGAIN_SECONDS));
    answer.insert_header((RECEIPT, stood.submitted));
    Ok(answer.json(item))
}

/// Of two that come with one key at once, the second is tried again and finds the first.
async fn store(visitor: &Visitor, job: &QueryJob) -> Result<Submitted, StoreError> {
    let jobs_max = visitor.app.config.jobs.jobs_per_app;
    let mut tried = 0;
    loop {
        let wanted = job.clone();
        let submit = move |conn: &mut mudeung_store::Conn| query_jobs::submit_query_job(conn, &wanted, jobs_max);
        match visitor.app.db.tx("submit query job", submit).await {
            Err(StoreError::AlreadyExists { .. }) if tried < 3 => {
                // The key may be that of a job whose time is over.
                run::sweep(&visitor.app).await?;
                tried += 1;
            }
            other => return other,
        }
    }
}

/// The jobs of the caller's app, newest first.
#[utoipa::path(
    get, path = "/v1/query/jobs", operation_id = "list_query_jobs", tag = "data",
    responses((status = 200, description = "`{items: [QueryJob], next_cursor}`", body = Page<api::QueryJob>), TokenProblems),
    security(("oauth" = ["query.run"])),
)]
pub async fn list_query_jobs(visit: Visit<QueryRun>) -> Result<HttpResponse, Fault> {
    let (app, now) = (visit.caller.principal.app, visit.app.clock.now());
    let list = move |conn: &mut mudeung_store::Conn| query_jobs::list_query_jobs(conn, app, now);
    let jobs = visit.app.db.read("list query jobs", list).await?;
    let exports = export::of_jobs(&visit, &jobs).await?;
    let shown = |job: &QueryJob| item(&visit.app, job, exports.get(&job.id), visit.call.language);
    let items = jobs.iter().map(shown).collect();
    Ok(visit.show_own(&Page::<api::QueryJob> { items, next_cursor: None }))
}

/// How far a job is. While it runs, `Retry-After` says when to ask again.
#[utoipa::path(
    get, path = "/v1/query/jobs/{job}", operation_id = "read_query_job", tag = "data",
    params(("job" = String, Path, description = "`job_…`")),
    responses((status = 200, body = api::QueryJob), TokenProblems),
    security(("oauth" = ["query.run"])),
)]
pub async fn read_query_job(visit: Visit<QueryRun>, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let job = find(&visit, &path).await?.ok_or_else(Fault::not_found)?;
    let exports = export::of_jobs(&visit, std::slice::from_ref(&job)).await?;
    let item = item(&visit.app, &job, exports.get(&job.id), visit.call.language);
    let mut answer = visit.answer(None);
    if item.state == "running" {
        answer.insert_header((RETRY_AFTER, ASK_AGAIN_SECONDS));
    }
    Ok(answer.json(item))
}

/// The result of a job, in the format that it was submitted with.
#[utoipa::path(
    get, path = "/v1/query/jobs/{job}/result", operation_id = "read_query_result", tag = "data",
    params(("job" = String, Path, description = "`job_…`")),
    responses(
        (status = 200, description = "Rows in the format asked for", content(
            (Vec<serde_json::Value> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 409, description = "Problem: conflict", body = Problem, content_type = "application/problem+json"),
        ReadProblems,
    ),
    security(("oauth" = ["query.run", "data.read"]), ("oauth" = ["query.run", "synthetic.read"])),
)]
pub async fn read_query_result(visit: Visit<QueryRun>, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let Some(job) = find(&visit, &path).await? else { return Err(refuse(&visit, READ, Fault::not_found()).await) };
    let rows = match ended(&job, visit.app.clock.now()) {
        State::Succeeded { rows, .. } => rows,
        State::Running => {
            let fault = Fault::new(Code::Conflict, "The query is still running.", "쿼리가 아직 실행 중입니다.");
            return Err(refuse(&visit, READ, fault.retry_after(ASK_AGAIN_SECONDS)).await);
        }
        State::Failed(problem) => {
            let (en, ko) =
                (format!("The query failed: {}", problem.en), format!("쿼리가 실패했습니다: {}", problem.ko));
            return Err(refuse(&visit, READ, Fault::new(Code::Conflict, en, ko)).await);
        }
    };
    let stood: Stood = serde_json::from_str(&job.tables).map_err(|error| Fault::internal(error.to_string()))?;
    let format = from_media_type(&job.media_type).ok_or_else(|| Fault::internal("a job of an unknown format"))?;
    let named = match decide_again(&visit, &stood) {
        Ok(named) => named,
        Err(fault) => {
            let entry = Entry { filter: Some(job.sql), ..visit.entry(READ) };
            return Err(record::refuse(&visit.app, entry, fault).await);
        }
    };
    if is_held(&named) && !export::is_released(&visit, &job).await? {
        let entry = Entry { filter: Some(job.sql), detail: Some(job.id.to_string()), ..visit.entry(READ) };
        return Err(record::refuse(&visit.app, entry, Fault::inside()).await);
    }
    let planned = Planned::again(job.sql.clone(), named, format, rows);
    let account = planned.account(&visit).await?;
    let intent = planned.intent(&visit, READ);
    let intent = Entry { listing: Some(stood.submitted), detail: Some(job.id.to_string()), ..intent };
    let standings = planned.standings(&visit);
    let governed = stream::Governed { intent, account, standings, limit: RowLimit::Asked(rows), format };
    let spool = visit.app.data.spool.clone();
    stream::answer(&visit, governed, || Box::pin(async move { spool.read(job.id).await })).await
}

/// Deletes a job and its result; one that runs stops within seconds.
#[utoipa::path(
    delete, path = "/v1/query/jobs/{job}", operation_id = "delete_query_job", tag = "data",
    params(("job" = String, Path, description = "`job_…`")),
    responses((status = 204, description = "It is deleted"), TokenProblems),
    security(("oauth" = ["query.run"])),
)]
pub async fn delete_query_job(visit: Visit<QueryRun>, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let Some(job) = find(&visit, &path).await? else { return Err(refuse(&visit, DELETE, Fault::not_found()).await) };
    let entry = Entry { detail: Some(job.id.to_string()), ..visit.entry(DELETE) };
    let opened = record::open(&visit.app, entry).await?;
    let (app, id, receipt, now) = (job.app, job.id, opened.index(), visit.app.clock.now());
    let expire = move |conn: &mut mudeung_store::Conn| query_jobs::expire_query_job(conn, app, id, now);
    match visit.app.db.tx("delete query job", expire).await {
        Ok(()) => opened.close(Status::Completed, Some(id.to_string())),
        Err(StoreError::NotFound { .. }) => {
            opened.close(Status::Denied, Some(Code::NotFound.as_str().to_owned()));
            return Err(Fault::not_found());
        }
        Err(error) => return Err(error.into()),
    }
    if let Err(error) = run::sweep(&visit.app).await {
        tracing::warn!("the result of {id} is not deleted yet: {error}");
    }
    let mut answer = visit.answer_noted(receipt);
    Ok(answer.status(StatusCode::NO_CONTENT).finish())
}

async fn refuse(visitor: &Visitor, operation: &str, fault: Fault) -> Fault {
    record::refuse(&visitor.app, visitor.entry(operation), fault).await
}

/// A job of the caller's app. Another app's is one that does not exist.
async fn find(visitor: &Visitor, text: &str) -> Result<Option<QueryJob>, Fault> {
    let Ok(id) = QueryJobId::parse(text) else { return Ok(None) };
    let (app, now) = (visitor.caller.principal.app, visitor.app.clock.now());
    let find = move |conn: &mut mudeung_store::Conn| query_jobs::find_query_job(conn, app, id, now);
    Ok(visitor.app.db.read("find query job", find).await?)
}

/// The permits of what a job read, as they are now; an error when one is gone or is not the same.
fn decide_again(visitor: &Visitor, stood: &Stood) -> Result<Vec<Permit>, Fault> {
    let snapshot = visitor.app.snapshots.present();
    let now = visitor.app.clock.now();
    let mut named = Vec::new();
    for on in &stood.tables {
        let tier = Tier::parse(&on.tier).ok_or_else(|| Fault::internal("a job read a tier that there is not"))?;
        let version = Some(on.version);
        let resource = Resource { dataset: &on.dataset, tier, version, table: &on.table };
        let permit = decide(&snapshot, &visitor.caller.principal, Action::Analyse, resource, now)?;
        if StoodOn::of(&permit) != *on {
            return Err(Fault::new(
                Code::Conflict,
                "What the query read is open to you in another way now, so its result is not given. Run it again.",
                "쿼리가 읽은 데이터의 이용 범위가 달라져 결과를 제공하지 않습니다. 다시 실행하세요.",
            ));
        }
        named.push(permit);
    }
    same_grant(&named)?;
    Ok(named)
}

enum State {
    Running,
    Succeeded { rows: u64, size_bytes: u64 },
    Failed(run::Problem),
}

fn ended(job: &QueryJob, now: Timestamp) -> State {
    match job.end.as_ref().map(|end| &end.outcome) {
        Some(QueryJobOutcome::Succeeded { rows, size_bytes }) => {
            State::Succeeded { rows: *rows, size_bytes: *size_bytes }
        }
        Some(QueryJobOutcome::Failed(problem)) => {
            let problem = if is_held_job(job) { Ok(untold()) } else { serde_json::from_str(problem) };
            State::Failed(problem.unwrap_or_else(|_| interrupted()))
        }
        None if now > job.alive_until => State::Failed(interrupted()),
        None => State::Running,
    }
}

/// Whether the result of a job is held: it was made of what may only be looked at inside.
fn is_held_job(job: &QueryJob) -> bool {
    serde_json::from_str::<Stood>(&job.tables).is_ok_and(|stood| stood.held)
}

/// What is said of a query that failed over what may only be looked at inside: what it ran into may show rows.
fn untold() -> run::Problem {
    run::Problem {
        code: Code::ExportNotGranted.as_str().to_owned(),
        en: "It failed while it ran. What it ran into is not told, for that may show rows: try it on the synthetic tier, where errors are told."
            .to_owned(),
        ko: "실행 중에 실패했습니다. 오류 내용으로 행이 드러날 수 있어 알려 드리지 않습니다. 합성 데이터로 먼저 시험하면 오류를 볼 수 있습니다."
            .to_owned(),
    }
}

fn interrupted() -> run::Problem {
    run::Problem {
        code: Code::Internal.as_str().to_owned(),
        en: "The server that ran it was stopped. Submit it again.".to_owned(),
        ko: "실행하던 서버가 중지되었습니다. 다시 제출하세요.".to_owned(),
    }
}

fn address(app: &App, id: QueryJobId) -> String {
    format!("{}/v1/query/jobs/{id}", app.config.http.public_url)
}

fn item(app: &App, job: &QueryJob, heard: Option<&Heard>, language: Language) -> api::QueryJob {
    let (state, rows, size_bytes, problem) = match ended(job, app.clock.now()) {
        State::Running => ("running", None, None, None),
        State::Succeeded { rows, size_bytes } => ("succeeded", Some(rows), Some(size_bytes), None),
        State::Failed(problem) => ("failed", None, None, Some(problem)),
    };
    let export = is_held_job(job).then(|| export::view(heard, app.clock.now()));
    let leaves = export.as_ref().is_none_or(|export| export.state == ExportState::Released.as_str());
    let problem = problem.map(|problem| api::QueryJobProblem {
        detail: language.pick(&problem.ko, &problem.en).to_owned(),
        code: problem.code,
    });
    api::QueryJob {
        id: job.id.to_string(),
        state: state.to_owned(),
        sql: job.sql.clone(),
        media_type: job.media_type.clone(),
        created_at: rfc3339(job.created_at),
        expires_at: rfc3339(job.expires_at),
        finished_at: job.end.as_ref().map(|end| rfc3339(end.at)),
        // How much there is may tell what there is.
        rows: rows.filter(|_| leaves),
        size_bytes: size_bytes.filter(|_| leaves),
        problem,
        result: rows.filter(|_| leaves).map(|_| format!("{}/result", address(app, job.id))),
        export,
    }
}

fn key_taken() -> Fault {
    Fault::new(
        Code::Unprocessable,
        "The Idempotency-Key was used for another query. Take a new key for each.",
        "이 Idempotency-Key는 다른 쿼리에 이미 사용되었습니다. 쿼리마다 새 키를 쓰세요.",
    )
}

fn full(jobs_max: usize) -> Fault {
    Fault::new(
        Code::LimitReached,
        format!("An app may have {jobs_max} jobs. Fetch what is ready, and DELETE what you do not need."),
        format!("앱마다 작업을 {jobs_max}개까지 둘 수 있습니다. 끝난 결과를 받고 필요 없는 작업은 DELETE로 지우세요."),
    )
}
