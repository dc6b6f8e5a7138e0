//! What is to be sent is sent once, by whoever takes it, and what one takes and drops the next takes again; links open once.

use crate::place::{Place, on_both};
use crate::samples;
use mudeung_core::break_glass::{BreakGlass, Review};
use mudeung_core::business_number::BusinessNumber;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{GrantId, InvitationId, MemberId, OrganizationId, PasswordResetId};
use mudeung_core::member::Role;
use mudeung_core::notification::{Mailing, Occurrence, Topic};
use mudeung_store::invitations::{self, Into, Invitation};
use mudeung_store::notifications::{self, Preferences};
use mudeung_store::outbox::{self, Channel, Delivery, DeliveryState};
use mudeung_store::{Conn, Db, StoreError, break_glass};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

on_both!(
    many_who_take_at_once_take_each_thing_once,
    what_was_taken_and_dropped_is_due_again_after_the_lease,
    who_is_told_hears_once_and_as_they_want,
    of_many_who_use_a_link_at_once_one_does,
    a_company_is_here_once,
    of_many_who_review_at_once_one_does,
);

const LEASE: Duration = Duration::from_secs(120);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

fn delivery(n: usize) -> Delivery {
    Delivery::new(format!("d{n:03}"), Channel::Mail, "a@example.org".to_owned(), "x", "{}".to_owned(), at(0))
}

async fn take(db: &Db, now: Timestamp, count: i64) -> Vec<String> {
    let taken = db.tx("take", move |conn| outbox::take_due(conn, Channel::Mail, now, LEASE, count)).await.unwrap();
    taken.into_iter().map(|delivery| delivery.id).collect()
}

async fn many_who_take_at_once_take_each_thing_once(place: Arc<Place>) {
    let db = Arc::new(place.db().await);
    let insert = |conn: &mut Conn| {
        (0..60).try_for_each(|n| outbox::insert_delivery(conn, &delivery(n)).map(|fresh| assert!(fresh)))
    };
    db.tx("insert", insert).await.unwrap();
    let again = db.tx("insert", |conn| outbox::insert_delivery(conn, &delivery(1))).await.unwrap();
    assert!(!again, "what is there is there");
    let takers = (0..8).map(|_| {
        let db = Arc::clone(&db);
        tokio::spawn(async move {
            let mut own = Vec::new();
            loop {
                let taken = take(&db, at(1), 5).await;
                if taken.is_empty() {
                    return own;
                }
                own.extend(taken);
            }
        })
    });
    let mut all = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        all.extend(taker.await.unwrap());
    }
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (60, 60));
    assert!(!db.read("look", |conn| outbox::has_due(conn, Channel::Mail, at(1))).await.unwrap());
    assert!(!db.read("look", |conn| outbox::has_due(conn, Channel::Webhook, at(999))).await.unwrap());
}

async fn what_was_taken_and_dropped_is_due_again_after_the_lease(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("insert", |conn| outbox::insert_delivery(conn, &delivery(0))).await.unwrap();
    assert_eq!(take(&db, at(0), 5).await, ["d000"]);
    assert!(take(&db, at(119), 5).await.is_empty());
    assert_eq!(take(&db, at(120), 5).await, ["d000"], "whoever took it is gone");
    let kept = Duration::from_secs(3_600);
    let tried = db.read("find", |conn| outbox::find_delivery(conn, "d000")).await.unwrap().unwrap();
    assert_eq!(tried.attempts, 2);
    let copy = tried.clone();
    db.tx("fail", move |conn| outbox::settle_failed(conn, &copy, "no", at(120), kept, false)).await.unwrap();
    assert!(take(&db, at(179), 5).await.is_empty());
    assert_eq!(take(&db, at(180), 5).await, ["d000"], "a minute after the second attempt");
    db.tx("fail", move |conn| outbox::settle_failed(conn, &tried, "no", at(3_590), kept, false)).await.unwrap();
    let over = db.read("find", |conn| outbox::find_delivery(conn, "d000")).await.unwrap().unwrap();
    assert_eq!((over.state, over.problem.as_deref()), (DeliveryState::GivenUp { at: at(3_590) }, Some("no")));
    db.tx("replay", |conn| outbox::replay_delivery(conn, "d000", at(4_000))).await.unwrap();
    assert_eq!(take(&db, at(4_000), 5).await, ["d000"]);
    db.tx("settle", |conn| outbox::settle_delivered(conn, "d000", at(4_001))).await.unwrap();
    assert_eq!(db.tx("forget", |conn| outbox::delete_settled(conn, at(4_001))).await.unwrap(), 0);
    assert_eq!(db.tx("forget", |conn| outbox::delete_settled(conn, at(4_002))).await.unwrap(), 1);
}

async fn who_is_told_hears_once_and_as_they_want(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", samples::fill).await.unwrap();
    let member = samples::member(1, 1);
    let occurrence = Occurrence {
        id: "req-1".to_owned(),
        topic: Topic::GrantRevoked,
        organization: member.organization,
        subject: "grt".to_owned(),
        dataset: None,
        by: None,
        at: at(0),
        turn: BTreeSet::new(),
    };
    let id = member.id;
    let told = occurrence.clone();
    let mails = move |conn: &mut Conn| outbox::list_deliveries(conn, Channel::Mail, Some(&id.to_string()), 100);
    db.tx("tell", move |conn| {
        notifications::tell(conn, &told)?;
        notifications::tell(conn, &told)
    })
    .await
    .unwrap();
    assert_eq!(db.read("mails", mails).await.unwrap().len(), 1);
    assert_eq!(db.read("unread", move |conn| notifications::count_unread(conn, id)).await.unwrap(), 1);
    let daily = Preferences { language: "en".to_owned(), mailing: Mailing::Daily };
    db.tx("prefer", move |conn| notifications::put_preferences(conn, id, &daily)).await.unwrap();
    let second = Occurrence { id: "req-2".to_owned(), ..occurrence.clone() };
    db.tx("tell", move |conn| notifications::tell(conn, &second)).await.unwrap();
    let own = Occurrence { id: "req-3".to_owned(), by: Some(id), ..occurrence };
    db.tx("tell", move |conn| notifications::tell(conn, &own)).await.unwrap();
    assert_eq!(db.read("mails", mails).await.unwrap().len(), 1, "the second waits for the morning");
    assert_eq!(db.read("collecting", notifications::list_collecting).await.unwrap(), [id]);
    let taken = db.tx("collect", move |conn| notifications::take_collected(conn, id)).await.unwrap();
    assert_eq!(taken.iter().map(|told| told.occurrence.id.as_str()).collect::<Vec<_>>(), ["req-2"]);
    assert!(db.tx("collect", move |conn| notifications::take_collected(conn, id)).await.unwrap().is_empty());
    db.tx("read", move |conn| notifications::mark_read(conn, id, at(0))).await.unwrap();
    assert_eq!(db.read("unread", move |conn| notifications::count_unread(conn, id)).await.unwrap(), 0);
}

fn invitation(n: u8, into: Into) -> Invitation {
    Invitation {
        id: InvitationId::from_bytes([n; 16]),
        into,
        email: "new@example.org".to_owned(),
        roles: vec![Role::Developer],
        language: "ko".to_owned(),
        invited_by: None,
        created_at: at(0),
        expires_at: at(100),
    }
}

async fn of_many_who_use_a_link_at_once_one_does(place: Arc<Place>) {
    let db = Arc::new(place.db().await);
    db.tx("fill", samples::fill).await.unwrap();
    let into = Into::Organization(samples::member(1, 1).organization);
    let (first, second) = (invitation(1, into.clone()), invitation(2, into));
    db.tx("invite", move |conn| {
        invitations::insert_invitation(conn, &first)?;
        invitations::insert_invitation(conn, &second)
    })
    .await
    .unwrap();
    let find =
        |n: u8, now| move |conn: &mut Conn| invitations::find_invitation(conn, InvitationId::from_bytes([n; 16]), now);
    assert!(db.read("find", find(1, at(0))).await.unwrap().is_none(), "the later one takes its place");
    assert!(db.read("find", find(2, at(99))).await.unwrap().is_some());
    assert!(db.read("find", find(2, at(100))).await.unwrap().is_none());
    let using = (0..8).map(|_| {
        let db = Arc::clone(&db);
        let delete = |conn: &mut Conn| invitations::delete_invitation(conn, InvitationId::from_bytes([2; 16]));
        tokio::spawn(async move { db.tx("use", delete).await.is_ok() })
    });
    let mut used = 0;
    for done in using.collect::<Vec<_>>() {
        used += usize::from(done.await.unwrap());
    }
    assert_eq!(used, 1);
    let member = samples::member(1, 1).id;
    let (one, two) = (PasswordResetId::from_bytes([1; 16]), PasswordResetId::from_bytes([2; 16]));
    db.tx("reset", move |conn| {
        invitations::insert_password_reset(conn, one, member, at(0), at(30))?;
        invitations::insert_password_reset(conn, two, member, at(1), at(31))
    })
    .await
    .unwrap();
    let find = move |id, now| move |conn: &mut Conn| invitations::find_password_reset(conn, id, now);
    assert_eq!(db.read("find", find(one, at(1))).await.unwrap(), None, "the later one takes its place");
    assert_eq!(db.read("find", find(two, at(30))).await.unwrap(), Some(member));
    assert_eq!(db.read("find", find(two, at(31))).await.unwrap(), None);
}

async fn a_company_is_here_once(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", samples::fill).await.unwrap();
    let number = BusinessNumber::parse("124-81-00998").unwrap();
    let company: OrganizationId = samples::member(1, 1).organization;
    let insert = move |conn: &mut Conn| invitations::insert_business_number(conn, company, number);
    db.tx("number", insert).await.unwrap();
    assert!(matches!(db.tx("number", insert).await, Err(StoreError::AlreadyExists { .. })));
    let found = db.read("find", move |conn| invitations::find_by_business_number(conn, number)).await.unwrap();
    assert_eq!(found, Some(company));
}

async fn of_many_who_review_at_once_one_does(place: Arc<Place>) {
    let db = Arc::new(place.db().await);
    db.tx("fill", samples::fill).await.unwrap();
    let grant: GrantId = samples::grant(1).id;
    let opened = BreakGlass {
        grant,
        opened_by: MemberId::from_bytes([1; 16]),
        reason: "a drill".to_owned(),
        opened_at: at(0),
        review: None,
    };
    db.tx("open", move |conn| break_glass::insert_break_glass(conn, &opened)).await.unwrap();
    let reviewing = (1..9_u8).map(|n| {
        let db = Arc::clone(&db);
        let by = MemberId::from_bytes([n; 16]);
        let review = Review { by, at: at(1), justified: n % 2 == 0, finding: n.to_string() };
        tokio::spawn(async move {
            db.tx("review", move |conn| break_glass::review_break_glass(conn, grant, review)).await.is_ok()
        })
    });
    let mut done = Vec::new();
    for one in reviewing.collect::<Vec<_>>() {
        done.push(one.await.unwrap());
    }
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert!(!done[0], "never whoever opened it");
    assert!(db.read("look", break_glass::list_unreviewed).await.unwrap().is_empty());
}
