//! `POST /v1/query/jobs/{job}/export`: a company asks that a result may leave that was made of what it may only look at
//! inside. The hash of the result as it lies there stands in the entry, so that what is decided about is what leaves.

use super::{State, Stood, decide_again, ended, find, item, refuse};
use crate::auth::scope::QueryRun;
use crate::data::documented::TokenProblems;
use crate::data::format::from_media_type;
use crate::data::query::{Planned, is_held};
use crate::data::view::rfc3339;
use crate::data::visit::{RECEIPT, Visit, Visitor};
use crate::fault::Fault;
use crate::hex::hex;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use futures_util::StreamExt;
use mudeung_core::clock::Timestamp;
use mudeung_core::export::{ExportEnd, ExportState, ResultExport};
use mudeung_core::id::{ExportId, QueryJobId};
use mudeung_core::policy::Permit;
use mudeung_store::exports::{self, Heard};
use mudeung_store::query_jobs::QueryJob;
use mudeung_store::{Conn, StoreError};
use mudeung_wire::api;
use mudeung_wire::ledger::commitment::{Opening, commit};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::{Code, Problem};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

const EXPORT: &str = "query.export";
/// How long the reason may be, in characters.
const REASON: std::ops::RangeInclusive<usize> = 20..=4_000;

/// A result that people look at before it leaves has so many bytes at most.
const LOOKED_AT_BYTES_MAX: u64 = 1 << 20;

/// Asks that a result may leave. Those who decide see the SQL, the reason and the result itself.
#[utoipa::path(
    post, path = "/v1/query/jobs/{job}/export", operation_id = "export_query_result", tag = "data",
    params(
        ("job" = String, Path, description = "`job_…`, ended, with a result that is `held`"),
    ),
    request_body = api::ExportBody,
    responses(
        (status = 202, description = "It waits on the hospital; `export` says how far it is", body = api::QueryJob),
        (status = 409, description = "Problem: conflict", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Problem: unsupported_media_type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Problem: limit_reached, for a result that is too large to be looked at", body = Problem, content_type = "application/problem+json"),
        TokenProblems,
    ),
    security(("oauth" = ["query.run"])),
)]
pub async fn export_query_result(
    visit: Visit<QueryRun>,
    path: web::Path<String>,
    body: web::Json<api::ExportBody>,
) -> Result<HttpResponse, Fault> {
    let Some(job) = find(&visit, &path).await? else { return Err(refuse(&visit, EXPORT, Fault::not_found()).await) };
    let (mut export, planned) = match wanted(&visit, &job, body.into_inner().reason) {
        Ok(wanted) => wanted,
        Err(fault) => {
            let entry = Entry { filter: Some(job.sql), detail: Some(job.id.to_string()), ..visit.entry(EXPORT) };
            return Err(record::refuse(&visit.app, entry, fault).await);
        }
    };
    export.sha256 = Sha256::digest(held_bytes(&visit.app, job.id).await?).into();
    visit.app.entropy.fill(&mut export.salt);
    let intent = planned.intent(&visit, EXPORT);
    export.tables = intent.table.clone().unwrap_or_default();
    let opened = record::open(&visit.app, Entry { detail: Some(detail(&export)), ..intent }).await?;
    let (receipt, id) = (opened.index(), export.id);
    let (filed, offices) = (export.clone(), visit.app.portal.house.exports.things());
    match visit.app.db.tx("file export", move |conn: &mut Conn| exports::file_export(conn, &filed, offices)).await {
        Ok(()) => opened.close(Status::Completed, Some(id.to_string())),
        Err(StoreError::AlreadyExists { .. }) => {
            opened.close(Status::Denied, Some(Code::Conflict.as_str().to_owned()));
            return Err(filed_before());
        }
        Err(StoreError::NotFound { .. }) => {
            opened.close(Status::Denied, Some(Code::NotFound.as_str().to_owned()));
            return Err(Fault::not_found());
        }
        Err(error) => {
            opened.close(Status::Aborted, None);
            return Err(error.into());
        }
    }
    let job = QueryJob { expires_at: export.until, ..job };
    let heard = Heard { export, hearing: Default::default(), events: Vec::new() };
    let item = item(&visit.app, &job, Some(&heard), visit.call.language);
    let mut answer = visit.answer(None);
    answer.insert_header((RECEIPT, receipt));
    Ok(answer.status(StatusCode::ACCEPTED).json(item))
}

/// The export that is asked for, without the hash of its result; or why there is none.
fn wanted(visitor: &Visitor, job: &QueryJob, reason: String) -> Result<(ResultExport, Planned), Fault> {
    let now = visitor.app.clock.now();
    let State::Succeeded { rows, size_bytes } = ended(job, now) else {
        return Err(Fault::new(
            Code::Conflict,
            "The query has no result: it is still running, or it failed.",
            "쿼리가 아직 실행 중이거나 실패하여 결과가 없습니다.",
        ));
    };
    if size_bytes > LOOKED_AT_BYTES_MAX {
        return Err(Fault::new(
            Code::LimitReached,
            format!(
                "A result that people look at has at most {LOOKED_AT_BYTES_MAX} bytes; this one has more. Aggregate more."
            ),
            format!("사람이 검토하는 결과는 {LOOKED_AT_BYTES_MAX}바이트까지인데 더 큽니다. 더 집계해 주세요."),
        ));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if !REASON.contains(&reason.trim().chars().count()) || reason.contains(control) {
        return Err(Fault::parameter(
            "reason",
            "Must have 20 to 4,000 characters: what the result is, and why nobody can be found in it.".to_owned(),
            "20~4,000자로 적으세요: 결과의 내용과 개인을 알아볼 수 없는 이유.".to_owned(),
        ));
    }
    let stood: Stood = serde_json::from_str(&job.tables).map_err(|error| Fault::internal(error.to_string()))?;
    let format = from_media_type(&job.media_type).ok_or_else(|| Fault::internal("a job of an unknown format"))?;
    let named = decide_again(visitor, &stood)?;
    let inside = |permit: &&Permit| is_held(std::slice::from_ref(*permit));
    let held = named.iter().find(inside).and_then(|permit| Some((permit.grant.clone()?, permit)));
    let Some((grant, permit)) = held else {
        return Err(Fault::new(
            Code::Conflict,
            "The result is not held: fetch it at `…/result`.",
            "보류된 결과가 아닙니다. `…/result`에서 바로 받으세요.",
        ));
    };
    let export = ResultExport {
        id: ExportId::generate(&*visitor.app.clock, &*visitor.app.entropy),
        job: job.id,
        app: job.app,
        organization: permit.organization,
        grant: grant.id,
        dataset: grant.dataset.clone(),
        sql: job.sql.clone(),
        tables: String::new(),
        media_type: job.media_type.clone(),
        rows,
        size_bytes,
        sha256: [0; 32],
        salt: [0; 32],
        reason: reason.trim().to_owned(),
        filed_at: now,
        until: now.plus(visitor.app.portal.house.export_within),
    };
    Ok((export, Planned::again(job.sql.clone(), named, format, rows)))
}

/// What entries say of an export. The company may read them, so they have a commitment to the hash in its place.
pub fn detail(export: &ResultExport) -> String {
    format!("{} {} {}", export.id, export.job, opening(export).0)
}

/// The commitment to the hash of a result, and what opens it.
fn opening(export: &ResultExport) -> (String, Opening) {
    let sha256 = hex(&export.sha256);
    (commit(&export.salt, &sha256), Opening::new(&export.salt, &sha256))
}

/// A result as it lies there, for those who decide whether it leaves. It is short.
pub async fn held_bytes(app: &App, id: QueryJobId) -> Result<Vec<u8>, Fault> {
    let mut chunks = app.data.spool.read(id).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?.bytes);
    }
    Ok(bytes)
}

/// Until when a result is kept that may leave from now on.
pub fn keep_until(app: &App, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(app.config.jobs.kept_hours.saturating_mul(3_600)))
}

/// The exports that were asked for of some jobs.
pub(super) async fn of_jobs(visitor: &Visitor, jobs: &[QueryJob]) -> Result<HashMap<QueryJobId, Heard>, Fault> {
    let ids: Vec<QueryJobId> = jobs.iter().map(|job| job.id).collect();
    let list = move |conn: &mut Conn| exports::list_exports_of_jobs(conn, &ids);
    let found = visitor.app.db.read("list exports", list).await?;
    Ok(found.into_iter().map(|heard| (heard.export.job, heard)).collect())
}

/// Whether the result of a job may leave.
pub(super) async fn is_released(visitor: &Visitor, job: &QueryJob) -> Result<bool, Fault> {
    let exports = of_jobs(visitor, std::slice::from_ref(job)).await?;
    let now = visitor.app.clock.now();
    Ok(exports.values().any(|heard| heard.hearing.state(&heard.export, now) == ExportState::Released))
}

/// How far the export of a held result is, as the API says it.
pub(super) fn view(heard: Option<&Heard>, now: Timestamp) -> api::ResultExport {
    let Some(heard) = heard else {
        return api::ResultExport { state: "held".to_owned(), ..api::ResultExport::default() };
    };
    let state = heard.hearing.state(&heard.export, now);
    let refusal = match &heard.hearing.end {
        Some((ExportEnd::Refused { text }, _)) => Some(text.clone()),
        Some((ExportEnd::Released, _)) | None => None,
    };
    let (commitment, opening) = opening(&heard.export);
    let opened = (state == ExportState::Released).then_some(opening);
    api::ResultExport {
        state: state.as_str().to_owned(),
        id: Some(heard.export.id.to_string()),
        until: (state == ExportState::Waiting).then(|| rfc3339(heard.export.until)),
        commitment: Some(commitment),
        salt: opened.as_ref().map(|opening| opening.salt.clone()),
        sha256: opened.map(|opening| opening.value),
        refusal,
    }
}

fn filed_before() -> Fault {
    Fault::new(
        Code::Conflict,
        "The export of this result was asked for before. Its job says how far it is.",
        "이 결과의 반출은 이미 신청되었습니다. 진행 상황은 작업에서 확인하세요.",
    )
}
