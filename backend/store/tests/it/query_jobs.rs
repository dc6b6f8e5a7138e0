//! Jobs: one for a key, so many for an app, ended once, gone when their time is over.

use crate::place::{Place, on_both};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, QueryJobId};
use mudeung_store::query_jobs::{self, QueryJob, QueryJobEnd, QueryJobOutcome, Submitted};
use mudeung_store::{Db, StoreError};
use std::sync::Arc;

on_both!(a_job_is_submitted_kept_and_ended_once, jobs_are_those_of_an_app_and_go_with_their_time,);

fn job(number: u8, key: Option<&str>) -> QueryJob {
    QueryJob {
        id: QueryJobId::from_bytes([number; 16]),
        app: AppId::from_bytes([1; 16]),
        sql: "SELECT 1".to_owned(),
        media_type: "text/csv".to_owned(),
        tables: "[]".to_owned(),
        idempotency_key: key.map(str::to_owned),
        request_hash: [7; 32],
        created_at: Timestamp::from_seconds(10),
        alive_until: Timestamp::from_seconds(40),
        expires_at: Timestamp::from_seconds(100),
        end: None,
    }
}

async fn submit(db: &Db, job: QueryJob) -> Result<Submitted, StoreError> {
    db.tx("submit", move |conn| query_jobs::submit_query_job(conn, &job, 2)).await
}

async fn find(db: &Db, job: &QueryJob, seconds: i64) -> Option<QueryJob> {
    let (app, id) = (job.app, job.id);
    db.read("find", move |conn| query_jobs::find_query_job(conn, app, id, Timestamp::from_seconds(seconds)))
        .await
        .unwrap()
}

async fn a_job_is_submitted_kept_and_ended_once(place: Arc<Place>) {
    let db = place.db().await;
    let first = job(1, Some("k"));
    assert_eq!(submit(&db, first.clone()).await.unwrap(), Submitted::Now);
    assert_eq!(find(&db, &first, 50).await, Some(first.clone()));
    assert_eq!(submit(&db, job(2, Some("k"))).await.unwrap(), Submitted::Before(Box::new(first.clone())));
    let other = QueryJob { request_hash: [8; 32], ..job(2, Some("k")) };
    assert_eq!(submit(&db, other).await.unwrap(), Submitted::KeyTaken);
    let elsewhere = QueryJob { app: AppId::from_bytes([2; 16]), ..job(2, Some("k")) };
    assert_eq!(submit(&db, elsewhere).await.unwrap(), Submitted::Now, "a key belongs to its app");

    let id = first.id;
    let keep = |now, until| {
        let (now, until) = (Timestamp::from_seconds(now), Timestamp::from_seconds(until));
        db.tx("keep", move |conn| query_jobs::keep_query_job(conn, id, now, until))
    };
    keep(50, 70).await.unwrap();
    assert!(matches!(keep(100, 130).await, Err(StoreError::NotFound { .. })), "its time is over");
    let alive = find(&db, &first, 50).await.unwrap();
    assert_eq!(alive, QueryJob { alive_until: Timestamp::from_seconds(70), ..first.clone() });
    let end = |outcome: QueryJobOutcome| {
        let end = QueryJobEnd { at: Timestamp::from_seconds(60), outcome };
        let written = end.clone();
        (end, db.tx("end", move |conn| query_jobs::end_query_job(conn, id, &written)))
    };
    let (wanted, done) = end(QueryJobOutcome::Succeeded { rows: 3, size_bytes: 0 });
    done.await.unwrap();
    let (_, late) = end(QueryJobOutcome::Failed("late".to_owned()));
    assert!(matches!(late.await, Err(StoreError::NotFound { .. })), "it ended before");
    assert!(matches!(keep(60, 90).await, Err(StoreError::NotFound { .. })));
    assert_eq!(find(&db, &first, 50).await.unwrap().end, Some(wanted));
}

async fn jobs_are_those_of_an_app_and_go_with_their_time(place: Arc<Place>) {
    let db = place.db().await;
    for number in [1, 2] {
        assert_eq!(submit(&db, job(number, None)).await.unwrap(), Submitted::Now);
    }
    assert_eq!(submit(&db, job(3, None)).await.unwrap(), Submitted::Full);
    let app = job(1, None).app;
    let list = |at| db.read("list", move |conn| query_jobs::list_query_jobs(conn, app, Timestamp::from_seconds(at)));
    let ids: Vec<_> = list(99).await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(ids, [2, 1].map(|number| QueryJobId::from_bytes([number; 16])), "newest first");
    assert!(list(100).await.unwrap().is_empty() && find(&db, &job(1, None), 100).await.is_none());

    let failed = QueryJobEnd { at: Timestamp::from_seconds(60), outcome: QueryJobOutcome::Failed("why".to_owned()) };
    let (id, written) = (job(1, None).id, failed.clone());
    db.tx("end", move |conn| query_jobs::end_query_job(conn, id, &written)).await.unwrap();
    assert_eq!(find(&db, &job(1, None), 50).await.unwrap().end, Some(failed));
    let delete = |app: AppId| {
        db.tx("delete", move |conn| query_jobs::expire_query_job(conn, app, id, Timestamp::from_seconds(70)))
    };
    assert!(delete(AppId::from_bytes([9; 16])).await.is_err(), "not another's");
    delete(app).await.unwrap();
    assert!(delete(app).await.is_err() && find(&db, &job(1, None), 70).await.is_none());
    let over = |at| db.read("over", move |conn| query_jobs::list_query_jobs_over(conn, Timestamp::from_seconds(at)));
    let [first, second] = [1, 2].map(|number| QueryJobId::from_bytes([number; 16]));
    assert_eq!(over(69).await.unwrap(), []);
    assert_eq!(over(99).await.unwrap(), [first]);
    assert_eq!(over(100).await.unwrap(), [first, second], "until their results are gone");
    db.tx("forget", move |conn| query_jobs::forget_query_job(conn, first)).await.unwrap();
    assert_eq!(over(100).await.unwrap(), [second]);
    assert_eq!(submit(&db, job(3, None)).await.unwrap(), Submitted::Now, "there is room again");
}
