//! Running without the caller: into the spool, saying all the time that it lives.

use crate::fault::Fault;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::QueryJobId;
use mudeung_core::reader::QueryRequest;
use mudeung_store::query_jobs::{self, QueryJobEnd, QueryJobOutcome};
use mudeung_store::{Conn, StoreError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a job is taken to be running when nothing is heard of it.
const ALIVE: Duration = Duration::from_secs(30);
/// How often it says so; a job that was deleted stops then.
const BEAT: Duration = Duration::from_secs(3);
/// How often results whose time is over are deleted.
const SWEEP: Duration = Duration::from_secs(60);

/// Why a job failed, as it is stored: in both languages, because who reads it may have another than who submitted it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Problem {
    /// A code of the problems.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

/// Until when a job lives that was just heard of.
pub(super) fn alive_until(now: Timestamp) -> Timestamp {
    now.plus(ALIVE)
}

/// Runs a job to its end.
pub(super) async fn run(app: web::Data<App>, id: QueryJobId, query: QueryRequest, rows_max: u64) {
    let result = async {
        let chunks = app.reader.query(query).await?;
        app.data.spool.write(id, chunks, rows_max).await
    };
    let result = tokio::select! {
        result = result => result,
        () = live(&app, id) => {
            app.data.spool.remove(id).await;
            return;
        }
    };
    let outcome = match result {
        Ok((rows, size_bytes)) => QueryJobOutcome::Succeeded { rows, size_bytes },
        Err(error) => QueryJobOutcome::Failed(problem(&error.into())),
    };
    let end = QueryJobEnd { at: app.clock.now(), outcome };
    let ended = app.db.tx("end query job", move |conn| query_jobs::end_query_job(conn, id, &end)).await;
    if let Err(error) = ended {
        app.data.spool.remove(id).await;
        if !matches!(error, StoreError::NotFound { .. }) {
            tracing::warn!("the end of {id} is not written: {error}");
        }
    }
}

fn problem(fault: &Fault) -> String {
    if let Some(internal) = &fault.internal {
        tracing::error!("a query that ran without its caller failed: {internal}");
    }
    let problem = Problem { code: fault.code.as_str().to_owned(), en: fault.en.clone(), ko: fault.ko.clone() };
    serde_json::to_string(&problem).unwrap_or_default()
}

/// Says that a job lives, until it was deleted.
async fn live(app: &web::Data<App>, id: QueryJobId) {
    loop {
        tokio::time::sleep(BEAT).await;
        let now = app.clock.now();
        let keep = move |conn: &mut Conn| query_jobs::keep_query_job(conn, id, now, alive_until(now));
        match app.db.tx("keep query job", keep).await {
            Err(StoreError::NotFound { .. }) => return,
            Err(error) => tracing::warn!("that {id} runs is not written: {error}"),
            Ok(()) => {}
        }
    }
}

/// Deletes what is over, again and again; ends only with the runtime.
pub async fn keep_sweeping(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(&app).await {
            tracing::warn!("results whose time is over are not deleted: {error}");
        }
    }
}

/// Deletes the results of jobs whose time is over, and then the jobs: a result that is left is known of until it is gone.
pub(super) async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let over = app.db.read("list query jobs that are over", move |conn| query_jobs::list_query_jobs_over(conn, now));
    for id in over.await? {
        if app.data.spool.remove(id).await {
            app.db.tx("forget query job", move |conn| query_jobs::forget_query_job(conn, id)).await?;
        }
    }
    Ok(())
}
