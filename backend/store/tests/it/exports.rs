//! Exports: what was filed comes back with what was said of it, its result is kept as long as that takes, and of two who
//! decide at once one does.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::clock::Timestamp;
use mudeung_core::export::{ExportEnd, ExportState, ExportStep, ResultExport};
use mudeung_core::id::{AppId, ExportId, GrantId, MemberId, OrganizationId, QueryJobId};
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::request::need::Need;
use mudeung_store::exports::{self, ExportsOf, Heard};
use mudeung_store::query_jobs::{self, QueryJob, QueryJobEnd, QueryJobOutcome};
use mudeung_store::{Conn, Db, StoreError};
use std::sync::Arc;

on_both!(
    an_export_comes_back_with_its_history_and_its_result_is_kept_for_it,
    of_many_who_decide_at_once_one_does,
    two_offices_that_consent_at_once_release_it,
    nothing_is_decided_about_a_result_that_is_gone,
    an_export_that_nobody_can_read_is_damage,
);

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn id(number: u8) -> ExportId {
    ExportId::from_bytes([number; 16])
}

fn by() -> MemberId {
    MemberId::from_bytes([0; 16])
}

fn job(number: u8) -> QueryJob {
    QueryJob {
        id: QueryJobId::from_bytes([number; 16]),
        app: AppId::from_bytes([1; 16]),
        sql: "SELECT 1".to_owned(),
        media_type: "text/csv".to_owned(),
        tables: "[]".to_owned(),
        idempotency_key: None,
        request_hash: [7; 32],
        created_at: NOW,
        alive_until: after(30),
        expires_at: after(100),
        end: None,
    }
}

fn export(number: u8) -> ResultExport {
    ResultExport {
        id: id(number),
        job: job(number).id,
        app: AppId::from_bytes([1; 16]),
        organization: OrganizationId::from_bytes([1; 16]),
        grant: GrantId::from_bytes([1; 16]),
        dataset: Name::parse("cohort").unwrap(),
        sql: "SELECT 'ㄱ'".to_owned(),
        tables: "cohort.deidentified.patients@1".to_owned(),
        media_type: "text/csv".to_owned(),
        rows: 12,
        size_bytes: 340,
        sha256: [9; 32],
        salt: [8; 32],
        reason: "집계표이며 모든 칸이 10명 이상이다 <b>".to_owned(),
        filed_at: after(50),
        until: after(500),
    }
}

async fn filled(place: &Place, jobs: u8) -> Db {
    let db = place.db().await;
    db.tx("fill", move |conn| {
        samples::fill(conn)?;
        for number in 1..=jobs {
            query_jobs::submit_query_job(conn, &job(number), 10)?;
            let outcome = QueryJobOutcome::Succeeded { rows: 12, size_bytes: 340 };
            query_jobs::end_query_job(conn, job(number).id, &QueryJobEnd { at: after(20), outcome })?;
            exports::file_export(conn, &export(number), [Role::Steward].into())?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db
}

fn consented() -> ExportStep {
    ExportStep::Consented { role: Role::Steward, text: "칸마다 확인".to_owned() }
}

fn refused() -> ExportStep {
    ExportStep::Refused { text: "한 칸이 3명이다".to_owned() }
}

async fn decide(db: &Db, number: u8, at: i64, steps: Vec<ExportStep>) -> Result<Heard, StoreError> {
    let decide =
        move |conn: &mut Conn| exports::decide_export(conn, id(number), after(at), by(), after(900), |_| Ok(steps));
    db.tx("decide", decide).await
}

async fn is_kept(db: &Db, number: u8, at: i64) -> bool {
    let find = move |conn: &mut Conn| query_jobs::find_query_job(conn, job(number).app, job(number).id, after(at));
    db.read("find", find).await.unwrap().is_some()
}

async fn an_export_comes_back_with_its_history_and_its_result_is_kept_for_it(place: Arc<Place>) {
    let db = filled(&place, 3).await;
    assert!(is_kept(&db, 1, 499).await, "the job alone would be over at 100");
    assert!(!is_kept(&db, 1, 500).await);
    decide(&db, 1, 100, vec![consented(), ExportStep::Released]).await.unwrap();
    decide(&db, 2, 100, vec![refused()]).await.unwrap();
    assert!(is_kept(&db, 1, 899).await && !is_kept(&db, 1, 900).await);
    assert!(!is_kept(&db, 2, 100).await, "what may not leave is not kept");
    let found = db.read("find", |conn| exports::find_export(conn, id(1))).await.unwrap().unwrap();
    assert_eq!(found.export, export(1));
    let said: Vec<_> = found.events.iter().map(|event| event.what.clone()).collect();
    assert_eq!(said, [consented(), ExportStep::Released]);
    assert_eq!(found.hearing.end, Some((ExportEnd::Released, after(100))));
    let found = db.read("find", |conn| exports::find_export(conn, id(2))).await.unwrap().unwrap();
    assert_eq!(found.hearing.state(&found.export, after(101)), ExportState::Refused);
    let list = async |of| {
        let found = db.read("list", move |conn| exports::list_exports(conn, of, 10)).await.unwrap();
        found.iter().map(|heard| heard.export.id).collect::<Vec<_>>()
    };
    let company = OrganizationId::from_bytes([1; 16]);
    for (of, expected) in [
        (ExportsOf::All, vec![id(3), id(2), id(1)]),
        (ExportsOf::Organization(company), vec![id(3), id(2), id(1)]),
        (ExportsOf::Organization(OrganizationId::from_bytes([2; 16])), vec![]),
        (ExportsOf::Waiting(after(499)), vec![id(3)]),
        (ExportsOf::Waiting(after(500)), vec![]),
    ] {
        assert_eq!(list(of).await, expected, "{of:?}");
    }
}

async fn of_many_who_decide_at_once_one_does(place: Arc<Place>) {
    let db = filled(&place, 1).await;
    let deciders = (0..8).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let steps = if number % 2 == 0 { vec![consented(), ExportStep::Released] } else { vec![refused()] };
            decide(&db, 1, 60, steps).await.is_ok()
        })
    });
    let mut won = 0;
    for decider in deciders.collect::<Vec<_>>() {
        won += u32::from(decider.await.unwrap());
    }
    assert_eq!(won, 1);
    let again = db
        .tx("file", |conn| exports::file_export(conn, &ResultExport { id: id(2), ..export(1) }, [Role::Steward].into()))
        .await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "one result is filed once");
}

async fn two_offices_that_consent_at_once_release_it(place: Arc<Place>) {
    let db = filled(&place, 1).await;
    let need = Need::parse("all(steward, reviewer)", &Role::parse).unwrap();
    let offices = [(Role::Steward, 0), (Role::Reviewer, 1)].map(|(role, member)| {
        let (db, need, by) = (db.clone(), need.clone(), MemberId::from_bytes([member; 16]));
        tokio::spawn(async move {
            for _ in 0..20 {
                let need = need.clone();
                let decide = move |conn: &mut Conn| {
                    exports::decide_export(conn, id(1), after(60), by, after(900), |heard| {
                        let consent = heard.hearing.consent(&heard.export, &need, (by, &[role]), "seen", after(60));
                        Ok(consent.unwrap())
                    })
                };
                match db.tx("consent", decide).await {
                    Ok(_) => return,
                    Err(StoreError::AlreadyExists { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            panic!("the other was always first");
        })
    });
    for office in offices {
        office.await.unwrap();
    }
    let found = db.read("find", |conn| exports::find_export(conn, id(1))).await.unwrap().unwrap();
    assert_eq!(found.hearing.state(&found.export, after(61)), ExportState::Released, "by whoever was second");
    assert_eq!(found.hearing.consents.len(), 2);
}

async fn nothing_is_decided_about_a_result_that_is_gone(place: Arc<Place>) {
    let db = filled(&place, 1).await;
    let expire = |conn: &mut Conn| query_jobs::expire_query_job(conn, job(1).app, job(1).id, after(60));
    db.tx("expire", expire).await.unwrap();
    let late = decide(&db, 1, 61, vec![consented(), ExportStep::Released]).await;
    assert!(matches!(late, Err(StoreError::NotFound { .. })));
    let found = db.read("find", |conn| exports::find_export(conn, id(1))).await.unwrap().unwrap();
    assert!(found.events.is_empty(), "and nothing of it is written");
    let running = QueryJob { id: QueryJobId::from_bytes([7; 16]), ..job(2) };
    let file = db.tx("file", move |conn| {
        query_jobs::submit_query_job(conn, &running, 10)?;
        exports::file_export(conn, &ResultExport { id: id(7), job: running.id, ..export(2) }, [Role::Steward].into())
    });
    assert!(matches!(file.await, Err(StoreError::NotFound { .. })), "a query that runs has no result");
}

async fn an_export_that_nobody_can_read_is_damage(place: Arc<Place>) {
    let db = filled(&place, 4).await;
    for (number, damage) in [
        (1, "result_export_events SET kind = 'forgotten' WHERE export"),
        (2, "result_export_events SET detail = '{}' WHERE export"),
        (3, "result_export_events SET number = 2 WHERE export"),
        (4, "result_exports SET rows = -1 WHERE id"),
    ] {
        decide(&db, number, 60, vec![consented()]).await.unwrap();
        crate::place::execute(&place.control, &format!("UPDATE {damage} = '{}'", id(number)));
        let found = db.read("find", move |conn| exports::find_export(conn, id(number))).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{damage}: {found:?}");
    }
}
