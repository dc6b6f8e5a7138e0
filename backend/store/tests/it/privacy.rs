//! Budgets of privacy loss hold, whoever asks at once, and a query is charged once.

use crate::place::{Place, on_both};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::OrganizationId;
use mudeung_core::name::Name;
use mudeung_core::noise::Epsilon;
use mudeung_store::privacy_budgets::{self, Charged, PrivacyCharge};
use mudeung_store::{Db, StoreError};
use std::sync::Arc;

on_both!(a_query_is_charged_once_and_a_refund_is_whole, many_at_once_never_pass_either_budget,);

fn charge(organization: u8, query: &str, epsilon: u32) -> PrivacyCharge {
    PrivacyCharge {
        organization: OrganizationId::from_bytes([organization; 16]),
        dataset: Name::parse("cohort").unwrap(),
        query: query.to_owned(),
        epsilon: Epsilon(epsilon),
        organization_max: Epsilon(100),
        dataset_max: Epsilon(250),
    }
}

async fn ask(db: &Db, charge: PrivacyCharge) -> Charged {
    loop {
        let wanted = charge.clone();
        let now = Timestamp::from_seconds(1);
        match db.tx("charge", move |conn| privacy_budgets::charge(conn, &wanted, now)).await {
            Err(StoreError::AlreadyExists { .. }) => {}
            other => return other.unwrap(),
        }
    }
}

async fn spent(db: &Db, organization: u8) -> (u32, u32) {
    let id = OrganizationId::from_bytes([organization; 16]);
    let list =
        move |conn: &mut _| Ok((privacy_budgets::list_spent(conn, id)?, privacy_budgets::list_spent_by_all(conn)?));
    let (own, all) = db.read("spent", list).await.unwrap();
    let sum = |list: Vec<(String, Epsilon)>| list.into_iter().map(|(_, spent)| spent.0).sum();
    (sum(own), sum(all))
}

async fn a_query_is_charged_once_and_a_refund_is_whole(place: Arc<Place>) {
    let db = place.db().await;
    assert_eq!(ask(&db, charge(1, "a", 60)).await, Charged::Now);
    assert_eq!(ask(&db, charge(1, "a", 60)).await, Charged::Before);
    assert_eq!(ask(&db, charge(1, "b", 60)).await, Charged::OrganizationExhausted);
    assert_eq!(spent(&db, 1).await, (60, 60), "a refusal costs nothing");
    assert_eq!(ask(&db, charge(2, "a", 100)).await, Charged::Now);
    assert_eq!(ask(&db, charge(3, "a", 100)).await, Charged::DatasetExhausted);
    assert_eq!(ask(&db, charge(3, "a", 90)).await, Charged::Now, "to the last hundredth");
    for _ in 0..2 {
        db.tx("refund", |conn| privacy_budgets::refund(conn, &charge(1, "a", 60))).await.unwrap();
        assert_eq!((spent(&db, 1).await, spent(&db, 2).await.0), ((0, 190), 100), "once");
    }
    assert_eq!(ask(&db, charge(1, "b", 60)).await, Charged::Now);
}

async fn many_at_once_never_pass_either_budget(place: Arc<Place>) {
    let db = place.db().await;
    let mut asked = Vec::new();
    for number in 0..48_u32 {
        let db = db.clone();
        let organization = u8::try_from(number % 4).unwrap() + 1;
        asked.push(tokio::spawn(async move { ask(&db, charge(organization, &format!("q{number}"), 13)).await }));
    }
    let mut granted = 0;
    for asking in asked {
        granted += u32::from(asking.await.unwrap() == Charged::Now);
    }
    let mut sum = 0;
    for organization in 1..=4 {
        let (own, all) = spent(&db, organization).await;
        assert!(own <= 100 && all <= 250, "{own} {all}");
        sum += own;
    }
    assert_eq!((sum, granted), (13 * granted, 19), "as much as there is room for: 19 times 0.13 in 2.5");
    assert_eq!(spent(&db, 1).await.1, sum);
}
