//! What became of grants: every event comes back, who owes what follows from them, and two who act at once do not both
//! succeed.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::GrantState;
use mudeung_core::grant::course::{CourseStep, Destruction, Duty, DutyTerms, Method};
use mudeung_core::id::{GrantId, MemberId, OrganizationId, RequestId};
use mudeung_core::request::AccessRequest;
use mudeung_core::request::board::Count;
use mudeung_core::request::event::{Actor, Condition, Decision, Happening, Verdict};
use mudeung_store::{Conn, Db, StoreError, courses, grants, requests};
use std::sync::Arc;

on_both!(
    every_event_of_a_grant_comes_back,
    what_opened_nothing_or_goes_on_is_owed_by_nobody,
    of_many_who_declare_at_once_one_does,
    who_is_late_gets_no_other_grant,
    an_event_that_nobody_can_read_is_damage,
    a_row_that_says_something_else_than_its_events_is_damage,
);

const DAY: i64 = 86_400;

fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + days * DAY)
}

fn by() -> MemberId {
    MemberId::from_bytes([1; 16])
}

fn id(number: u8) -> GrantId {
    GrantId::from_bytes([number; 16])
}

async fn filled(place: &Place) -> Db {
    let db = place.db().await;
    db.tx("fill", samples::fill).await.unwrap();
    db
}

fn destruction() -> Destruction {
    Destruction {
        until: day(3),
        method: Method::KeyDestroyed,
        copies: "질의 결과와 \"사본\"\n백업".to_owned(),
        kept: String::new(),
        witness: "김하나".to_owned(),
    }
}

/// A request of company 1 that is approved with a grant of that number, which goes on with another when one is named.
fn approve(conn: &mut Conn, number: u8, conditions: Vec<Condition>, renews: Option<GrantId>) -> Result<(), StoreError> {
    let request = AccessRequest { id: RequestId::from_bytes([number; 16]), ..samples::request(number) };
    let hospital = Actor::Member(MemberId::from_bytes([0; 16]));
    requests::insert_request(conn, &request, Happening::Submitted(samples::proposal()))?;
    if let Some(renews) = renews {
        courses::insert_renewal(conn, request.id, renews)?;
    }
    requests::append_event(conn, request.id, NOW, hospital, Happening::Accepted)?;
    let state = if conditions.is_empty() { GrantState::Active } else { GrantState::Held };
    let grant =
        mudeung_core::grant::Grant { id: id(number), request: Some(request.id), state, ..samples::grant(number) };
    grants::insert_grant(conn, &grant)?;
    let verdict = Verdict::Approved { grant: grant.id, reach: grant.reach, conditions };
    let decided = Happening::Decided(Decision { count: Count::default(), verdict, terms: None });
    requests::append_event(conn, request.id, NOW, hospital, decided).map(|_filed| ())
}

async fn every_event_of_a_grant_comes_back(place: Arc<Place>) {
    let db = filled(&place).await;
    let steps = [
        CourseStep::Reported { text: "모형 <b>검증</b>\n끝".to_owned() },
        CourseStep::Noted { text: "잘 읽었습니다".to_owned() },
        CourseStep::Declared(destruction()),
        CourseStep::Refused { reason: "백업은?".to_owned() },
        CourseStep::Declared(destruction()),
        CourseStep::Confirmed,
    ];
    let mut last = None;
    for (at, what) in (1..).zip(steps) {
        last = Some(db.tx("go on", move |conn| courses::append_event(conn, id(1), day(at), by(), what)).await.unwrap());
    }
    let last = last.unwrap();
    let found = db.read("find", |conn| courses::find_life(conn, id(1))).await.unwrap().unwrap();
    assert_eq!(found, last, "what is read is what was written");
    assert_eq!(found.course.confirmed, Some((by(), day(6))));
    let report = &found.course.reports[0];
    assert_eq!((report.text.as_str(), report.at), ("모형 <b>검증</b>\n끝", day(1)));
    assert_eq!(report.answer, Some(("잘 읽었습니다".to_owned(), day(2))));
    assert_eq!(found.course.declared.unwrap().destruction, destruction());
    let after = db.tx("more", |conn| {
        courses::append_event(conn, id(1), day(9), by(), CourseStep::Reported { text: "more".to_owned() })
    });
    assert!(matches!(after.await, Err(StoreError::InvalidTransition(_))));
    let unsettled = db.read("list", |conn| courses::list_unsettled(conn, None)).await.unwrap();
    assert!(unsettled.is_empty(), "it is closed");
    assert!(db.read("find", |conn| courses::find_life(conn, id(9))).await.unwrap().is_none());
}

async fn what_opened_nothing_or_goes_on_is_owed_by_nobody(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("approve", |conn| {
        let condition = Condition { text: "IRB".to_owned(), due: day(9) };
        approve(conn, 2, vec![condition], None)?;
        approve(conn, 3, Vec::new(), None)?;
        approve(conn, 4, Vec::new(), Some(id(3)))?;
        let held = grants::find_grant(conn, id(2))?.unwrap();
        grants::update_grant_state(conn, id(2), &held.state.revoke("over".to_owned(), day(0))?)
    })
    .await
    .unwrap();
    let (terms, own) = (DutyTerms::default(), OrganizationId::from_bytes([1; 16]));
    let lives = db.read("list", move |conn| courses::list_unsettled(conn, Some(own))).await.unwrap();
    let owed: Vec<(GrantId, Duty)> =
        lives.iter().filter_map(|life| Some((life.grant.id, life.due(&terms, day(2))?.0))).collect();
    assert_eq!(owed, [(id(4), Duty::Destruction), (id(1), Duty::Destruction)], "newest first");
    for life in lives {
        let alone = db.read("find", move |conn| courses::find_life(conn, life.grant.id)).await.unwrap();
        assert_eq!(alone, Some(life), "one alone is what it is among all");
    }
    let other = OrganizationId::from_bytes([0; 16]);
    assert!(db.read("list", move |conn| courses::list_unsettled(conn, Some(other))).await.unwrap().is_empty());
    let renewals = db.read("renewals", |conn| courses::list_renewals(conn, id(3))).await.unwrap();
    assert_eq!(renewals, [RequestId::from_bytes([4; 16])]);
    let renewed = db.read("renewed", |conn| {
        Ok([4, 3].map(|number| courses::find_renewed(conn, RequestId::from_bytes([number; 16])).unwrap()))
    });
    assert_eq!(renewed.await.unwrap(), [Some(id(3)), None]);
}

async fn of_many_who_declare_at_once_one_does(place: Arc<Place>) {
    let db = filled(&place).await;
    let mut tasks = Vec::new();
    for _ in 0..12 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            let declare =
                |conn: &mut Conn| courses::append_event(conn, id(1), day(2), by(), CourseStep::Declared(destruction()));
            db.tx("declare", declare).await.is_ok()
        }));
    }
    let mut declared = 0;
    for task in tasks {
        declared += usize::from(task.await.unwrap());
    }
    assert_eq!(declared, 1);
    assert_eq!(db.read("count", courses::count_waiting).await.unwrap(), 1);
    db.tx("close", |conn| courses::append_event(conn, id(1), day(3), by(), CourseStep::Confirmed)).await.unwrap();
    assert_eq!(db.read("count", courses::count_waiting).await.unwrap(), 0);
}

async fn who_is_late_gets_no_other_grant(place: Arc<Place>) {
    let db = filled(&place).await;
    let terms = DutyTerms::default();
    let late = move |at: Timestamp| {
        let db = db.clone();
        async move {
            let facts = db.read("facts", move |conn| requests::find_facts(conn, &samples::request(1), &terms, at));
            facts.await.unwrap().is_late
        }
    };
    // The sample grant ends after a day; what was read under it is to be destroyed thirty days later.
    assert!(!late(day(30)).await);
    assert!(late(day(31)).await);
}

async fn a_row_that_says_something_else_than_its_events_is_damage(place: Arc<Place>) {
    let db = filled(&place).await;
    let report = |conn: &mut Conn| {
        courses::append_event(conn, id(1), day(1), by(), CourseStep::Reported { text: "it goes".to_owned() })
    };
    db.tx("report", report).await.unwrap();
    assert_eq!(db.read("count", courses::count_waiting).await.unwrap(), 1);
    for wrong in ["unread = 2", "unread = 1, state = 'closed'"] {
        crate::place::execute(&place.control, &format!("UPDATE grant_courses SET {wrong}"));
        let found = db.read("find", |conn| courses::find_life(conn, id(1))).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{wrong}: {found:?}");
    }
}

async fn an_event_that_nobody_can_read_is_damage(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("declare", |conn| courses::append_event(conn, id(1), day(1), by(), CourseStep::Declared(destruction())))
        .await
        .unwrap();
    for detail in ["{}", "no", "{\"copies\":\"\",\"kept\":\"\",\"method\":\"burnt\",\"until\":1,\"witness\":\"\"}"] {
        crate::place::execute(&place.control, &format!("UPDATE grant_events SET detail = '{detail}'"));
        let found = db.read("find", |conn| courses::find_life(conn, id(1))).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{detail}: {found:?}");
    }
}
