//! Queries that run without their caller: what was asked, by which app, and how far it is. Results lie in files.
//!
//! A job that runs says that it lives, again and again; one whose process is gone is over when it has not. No decision on
//! data looks at jobs, so their changes do not count as a new generation.

use crate::error::{inserting, updating};
use crate::schema::query_jobs;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, QueryJobId};

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryJob {
    /// Its identifier.
    pub id: QueryJobId,
    /// Whose it is.
    pub app: AppId,
    /// The SQL text.
    pub sql: String,
    /// The media type of the result.
    pub media_type: String,
    /// What it reads, as the server writes it down.
    pub tables: String,
    /// With which a request that is sent again is known to be the same.
    pub idempotency_key: Option<String>,
    /// What was asked for, in one hash.
    pub request_hash: [u8; 32],
    /// When it was submitted.
    pub created_at: Timestamp,
    /// Until when it is taken to be running when nothing more is heard of it.
    pub alive_until: Timestamp,
    /// When it and its result go.
    pub expires_at: Timestamp,
    /// How it ended, once it has.
    pub end: Option<QueryJobEnd>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryJobEnd {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: QueryJobOutcome,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryJobOutcome {
    /// A result.
    Succeeded {
        /// Its rows.
        rows: u64,
        /// Its bytes.
        size_bytes: u64,
    },
    /// None, for a reason as the server writes it down.
    Failed(String),
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is a new job.
    Now,
    /// It was submitted before, with the same key.
    Before(Box<QueryJob>),
    /// The key was used for another request.
    KeyTaken,
    /// The app has as many jobs as it may have.
    Full,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = query_jobs)]
struct Row {
    id: String,
    app: String,
    sql: String,
    media_type: String,
    tables: String,
    idempotency_key: Option<String>,
    request_hash: Vec<u8>,
    created_at: i64,
    alive_until: i64,
    expires_at: i64,
    finished_at: Option<i64>,
    rows: Option<i64>,
    size_bytes: Option<i64>,
    problem: Option<String>,
}

/// Adds a job that was not submitted before.
pub fn submit_query_job(conn: &mut Conn, job: &QueryJob, jobs_max: usize) -> Result<Submitted, StoreError> {
    let own = list_query_jobs(conn, job.app, job.created_at)?;
    if let Some(key) = &job.idempotency_key
        && let Some(before) = own.iter().find(|known| known.idempotency_key.as_ref() == Some(key))
    {
        let same = before.request_hash == job.request_hash;
        return Ok(if same { Submitted::Before(Box::new(before.clone())) } else { Submitted::KeyTaken });
    }
    if own.len() >= jobs_max {
        return Ok(Submitted::Full);
    }
    let row = Row {
        id: job.id.to_string(),
        app: job.app.to_string(),
        sql: job.sql.clone(),
        media_type: job.media_type.clone(),
        tables: job.tables.clone(),
        idempotency_key: job.idempotency_key.clone(),
        request_hash: job.request_hash.to_vec(),
        created_at: job.created_at.micros(),
        alive_until: job.alive_until.micros(),
        expires_at: job.expires_at.micros(),
        finished_at: None,
        rows: None,
        size_bytes: None,
        problem: None,
    };
    inserting(diesel::insert_into(query_jobs::table).values(row).execute(&mut conn.0), "query job")?;
    Ok(Submitted::Now)
}

/// The jobs of an app that are not over yet, newest first.
pub fn list_query_jobs(conn: &mut Conn, app: AppId, now: Timestamp) -> Result<Vec<QueryJob>, StoreError> {
    let own = query_jobs::app.eq(app.to_string()).and(query_jobs::expires_at.gt(now.micros()));
    let query = query_jobs::table.filter(own).order(query_jobs::id.desc());
    query.load::<Row>(&mut conn.0)?.into_iter().map(job).collect()
}

/// A job of an app.
pub fn find_query_job(
    conn: &mut Conn,
    app: AppId,
    id: QueryJobId,
    now: Timestamp,
) -> Result<Option<QueryJob>, StoreError> {
    let own = query_jobs::app.eq(app.to_string()).and(query_jobs::expires_at.gt(now.micros()));
    let row = query_jobs::table.find(id.to_string()).filter(own).first::<Row>(&mut conn.0).optional()?;
    row.map(job).transpose()
}

/// Says that a job runs still. Fails when its time is over.
pub fn keep_query_job(
    conn: &mut Conn,
    id: QueryJobId,
    now: Timestamp,
    alive_until: Timestamp,
) -> Result<(), StoreError> {
    let running = query_jobs::finished_at.is_null().and(query_jobs::expires_at.gt(now.micros()));
    let running = query_jobs::table.find(id.to_string()).filter(running);
    let alive = query_jobs::alive_until.eq(alive_until.micros());
    updating(diesel::update(running).set(alive).execute(&mut conn.0), "query job")
}

/// Ends a job that runs. Fails when its time is over.
pub fn end_query_job(conn: &mut Conn, id: QueryJobId, end: &QueryJobEnd) -> Result<(), StoreError> {
    let (rows, size_bytes, problem) = match &end.outcome {
        QueryJobOutcome::Succeeded { rows, size_bytes } => (Some(*rows), Some(*size_bytes), None),
        QueryJobOutcome::Failed(problem) => (None, None, Some(problem)),
    };
    let running = query_jobs::finished_at.is_null().and(query_jobs::expires_at.gt(end.at.micros()));
    let running = query_jobs::table.find(id.to_string()).filter(running);
    let ended = (
        query_jobs::finished_at.eq(end.at.micros()),
        query_jobs::rows.eq(rows.map(column::count)),
        query_jobs::size_bytes.eq(size_bytes.map(column::count)),
        query_jobs::problem.eq(problem),
    );
    updating(diesel::update(running).set(ended).execute(&mut conn.0), "query job")
}

/// Ends the time of a job of an app: from now on there is none. Of several at once, one succeeds.
pub fn expire_query_job(conn: &mut Conn, app: AppId, id: QueryJobId, now: Timestamp) -> Result<(), StoreError> {
    let own = query_jobs::app.eq(app.to_string()).and(query_jobs::expires_at.gt(now.micros()));
    let found = query_jobs::table.find(id.to_string()).filter(own);
    let over = query_jobs::expires_at.eq(now.micros());
    updating(diesel::update(found).set(over).execute(&mut conn.0), "query job")
}

/// The jobs whose time is over and that were not forgotten: their results may lie about still.
pub fn list_query_jobs_over(conn: &mut Conn, now: Timestamp) -> Result<Vec<QueryJobId>, StoreError> {
    let over = query_jobs::table.filter(query_jobs::expires_at.le(now.micros()));
    let ids: Vec<String> = over.order(query_jobs::id).select(query_jobs::id).load(&mut conn.0)?;
    ids.iter().map(|id| column::id(id)).collect()
}

/// Forgets a job whose result is gone.
pub fn forget_query_job(conn: &mut Conn, id: QueryJobId) -> Result<(), StoreError> {
    diesel::delete(query_jobs::table.find(id.to_string())).execute(&mut conn.0)?;
    Ok(())
}

fn job(row: Row) -> Result<QueryJob, StoreError> {
    let outcome = match (row.rows, row.size_bytes, row.problem) {
        (Some(rows), Some(size), None) => {
            Some(QueryJobOutcome::Succeeded { rows: column::count_back(rows)?, size_bytes: column::count_back(size)? })
        }
        (_, _, problem) => problem.map(QueryJobOutcome::Failed),
    };
    let end = row.finished_at.zip(outcome);
    Ok(QueryJob {
        id: column::id(&row.id)?,
        app: column::id(&row.app)?,
        sql: row.sql,
        media_type: row.media_type,
        tables: row.tables,
        idempotency_key: row.idempotency_key,
        request_hash: column::hash(&row.request_hash)?,
        created_at: Timestamp::from_micros(row.created_at),
        alive_until: Timestamp::from_micros(row.alive_until),
        expires_at: Timestamp::from_micros(row.expires_at),
        end: end.map(|(at, outcome)| QueryJobEnd { at: Timestamp::from_micros(at), outcome }),
    })
}
