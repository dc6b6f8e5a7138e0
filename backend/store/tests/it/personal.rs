//! Personal values beside the ledger: kept once, found by commitment, erased without a trace.

use crate::place::{Place, Raw, on_both};
use crate::samples::NOW;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use mudeung_store::personal::{
    PersonalCount, PersonalKind, PersonalSubject, PersonalValue, count_personal_values, delete_personal_values,
    find_personal_values, insert_personal_value,
};
use mudeung_store::{Db, StoreError};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    values_are_kept_once_and_found_by_their_commitments,
    what_is_erased_is_what_was_meant_and_a_new_generation,
    attack_13_what_was_erased_is_nowhere_in_the_files,
);

const ADDRESS: &str = "203.0.113.77";

const fn member(n: u8) -> MemberId {
    MemberId::from_bytes([n; 16])
}

fn kept(n: u8, kind: PersonalKind, member: Option<MemberId>, value: &str) -> PersonalValue {
    let (commitment, salt) = (format!("commitment-{n}"), [n; 32]);
    let created_at = NOW.plus(Duration::from_secs(u64::from(n)));
    PersonalValue { commitment, kind, member, salt, value: value.to_owned(), created_at }
}

/// Two addresses, one of them of a member twice, and two members.
async fn fill(db: &Db) -> Vec<PersonalValue> {
    let values = vec![
        kept(1, PersonalKind::Address, None, ADDRESS),
        kept(2, PersonalKind::Address, Some(member(1)), ADDRESS),
        kept(3, PersonalKind::Address, None, "198.51.100.1"),
        kept(4, PersonalKind::Person, Some(member(1)), "Kim <kim@example.org>"),
        kept(5, PersonalKind::Person, Some(member(2)), ADDRESS),
    ];
    let all = values.clone();
    db.tx("test", move |conn| all.iter().try_for_each(|value| insert_personal_value(conn, value))).await.unwrap();
    values
}

async fn left(db: &Db) -> Vec<u8> {
    let commitments: Vec<String> = (0..10).map(|n| format!("commitment-{n}")).collect();
    let found = db.read("test", move |conn| find_personal_values(conn, &commitments)).await.unwrap();
    let mut left: Vec<u8> = found.values().map(|value| value.salt[0]).collect();
    left.sort_unstable();
    left
}

async fn values_are_kept_once_and_found_by_their_commitments(place: Arc<Place>) {
    let db = place.db().await;
    let values = fill(&db).await;
    fill(&db).await;
    let other = PersonalValue { value: "another".to_owned(), ..values[0].clone() };
    db.tx("test", move |conn| insert_personal_value(conn, &other)).await.unwrap();
    // More than one statement takes.
    let mut asked: Vec<String> = (0..1_200).map(|n| format!("unknown-{n}")).collect();
    asked.extend(values.iter().map(|value| value.commitment.clone()));
    let found = db.read("test", move |conn| find_personal_values(conn, &asked)).await.unwrap();
    assert_eq!(found.len(), values.len());
    for value in &values {
        assert_eq!(found.get(&value.commitment), Some(value));
    }
    let count = db.read("test", count_personal_values).await.unwrap();
    assert_eq!(count, PersonalCount { values: 5, oldest: Some(values[0].created_at) });
}

async fn what_is_erased_is_what_was_meant_and_a_new_generation(place: Arc<Place>) {
    let db = place.db().await;
    let before = |seconds| PersonalSubject::Before(NOW.plus(Duration::from_secs(seconds)));
    for (subject, expected) in [
        (PersonalSubject::Address(ADDRESS.parse().unwrap()), vec![3, 4, 5]),
        (PersonalSubject::Address("192.0.2.1".parse().unwrap()), vec![1, 2, 3, 4, 5]),
        (PersonalSubject::Member(member(1)), vec![1, 3, 5]),
        (PersonalSubject::Member(member(9)), vec![1, 2, 3, 4, 5]),
        (before(3), vec![3, 4, 5]),
        (before(0), vec![1, 2, 3, 4, 5]),
        (before(100), vec![]),
    ] {
        fill(&db).await;
        let generation = db.read("test", mudeung_store::snapshot::generation).await.unwrap();
        let erased = db.tx("test", move |conn| delete_personal_values(conn, subject)).await.unwrap();
        assert_eq!((left(&db).await, erased), (expected.clone(), 5 - expected.len()), "{subject:?}");
        assert!(db.read("test", mudeung_store::snapshot::generation).await.unwrap() > generation);
    }
}

async fn attack_13_what_was_erased_is_nowhere_in_the_files(place: Arc<Place>) {
    let db = place.db().await;
    fill(&db).await;
    let holds = || {
        let files = ["", "-wal"].map(|end| std::fs::read(format!("{}{end}", place.control)).unwrap_or_default());
        files.iter().any(|bytes| bytes.windows(ADDRESS.len()).any(|window| window == ADDRESS.as_bytes()))
    };
    if place.is_sqlite() {
        assert!(holds(), "it is there before");
    }
    let erase = |conn: &mut mudeung_store::Conn| -> Result<usize, StoreError> {
        delete_personal_values(conn, PersonalSubject::Before(Timestamp::from_micros(i64::MAX)))
    };
    assert_eq!(db.tx("test", erase).await.unwrap(), 5);
    db.forget_traces().await.unwrap();
    if place.is_sqlite() {
        assert!(!holds(), "it is gone, from the journal too");
    } else {
        let size = "SELECT pg_relation_size('personal_values')::text AS value";
        assert_eq!(Raw::open(&place.control).texts(size), ["0"], "not even dead rows");
    }
    db.forget_traces().await.unwrap();
}
