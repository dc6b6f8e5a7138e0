//! An assertion is accepted once, on every node.

use crate::place::{Place, on_both};
use crate::samples::{NOW, credential, fill};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, KeyAlgorithm, Proof};
use mudeung_core::id::AppId;
use mudeung_store::assertions::{
    UsedAssertion, count_by_app, delete_expired, find_used_assertion, insert_used_assertion,
};
use mudeung_store::{StoreError, apps, credentials, snapshot};
use std::sync::Arc;

fn used(app: u8, jti: u8, seconds: i64) -> UsedAssertion {
    let expires_at = Timestamp::from_seconds(NOW.seconds() + seconds);
    UsedAssertion { app: AppId::from_bytes([app; 16]), jti_hash: [jti; 32], expires_at }
}

on_both!(
    of_a_hundred_attempts_on_two_nodes_one_succeeds,
    two_apps_may_use_the_same_identifier,
    what_ended_is_forgotten_and_the_rest_is_counted,
    a_used_assertion_is_no_new_generation,
    a_snapshot_holds_the_keys_that_are_not_revoked,
);

async fn of_a_hundred_attempts_on_two_nodes_one_succeeds(place: Arc<Place>) {
    let nodes = [place.db().await, place.db().await];
    nodes[0].tx("fill", fill).await.unwrap();
    for jti in 0..3 {
        let attempts = (0..100).map(|n| {
            let node = nodes[n % 2].clone();
            tokio::spawn(
                async move { node.tx("use", move |conn| insert_used_assertion(conn, &used(1, jti, 60))).await },
            )
        });
        let attempts: Vec<_> = attempts.collect();
        let mut succeeded = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(()) => succeeded += 1,
                Err(StoreError::AlreadyExists { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(succeeded, 1);
    }
    let later = place.db().await;
    let again = later.tx("use", |conn| insert_used_assertion(conn, &used(1, 0, 60))).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "a node that starts later knows it too");
}

async fn two_apps_may_use_the_same_identifier(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    db.tx("another app", |conn| apps::insert_app(conn, &crate::samples::app(2, 1))).await.unwrap();
    for app in [1, 2] {
        db.tx("use", move |conn| insert_used_assertion(conn, &used(app, 7, 60))).await.unwrap();
    }
    let found = db.read("look", |conn| {
        let of = |conn: &mut _, app| find_used_assertion(conn, AppId::from_bytes([app; 16]), &[7; 32]);
        Ok((of(conn, 1)?, of(conn, 2)?, find_used_assertion(conn, AppId::from_bytes([1; 16]), &[8; 32])?))
    });
    assert_eq!(found.await.unwrap(), (true, true, false));
    let nobody = db.tx("use", |conn| insert_used_assertion(conn, &used(9, 7, 60))).await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })), "an app there is not: {nobody:?}");
}

async fn what_ended_is_forgotten_and_the_rest_is_counted(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    for n in 0..10 {
        db.tx("use", move |conn| insert_used_assertion(conn, &used(1, n, i64::from(n)))).await.unwrap();
    }
    let moment = Timestamp::from_seconds(NOW.seconds() + 4);
    assert_eq!(db.tx("sweep", move |conn| delete_expired(conn, moment)).await.unwrap(), 5);
    let counts = db.read("count", count_by_app).await.unwrap();
    assert_eq!(counts, [(AppId::from_bytes([1; 16]), 5)]);
    let again = db.tx("use", |conn| insert_used_assertion(conn, &used(1, 9, 60))).await;
    assert!(again.is_err(), "what has not ended is still known");
}

async fn a_used_assertion_is_no_new_generation(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    let before = db.read("generation", snapshot::generation).await.unwrap();
    db.tx("use", |conn| insert_used_assertion(conn, &used(1, 7, 60))).await.unwrap();
    assert_eq!(db.read("generation", snapshot::generation).await.unwrap(), before);
}

async fn a_snapshot_holds_the_keys_that_are_not_revoked(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    let key = |n: u8, state| Credential {
        proof: Proof::Key {
            kid: format!("key {n}"),
            algorithm: KeyAlgorithm::Ed25519,
            public_jwk: format!("{{\"n\":{n}}}"),
        },
        state,
        ..credential(n, 1)
    };
    db.tx("keys", move |conn| {
        credentials::insert_credential(conn, &key(2, CredentialState::Active))?;
        credentials::insert_credential(conn, &key(3, CredentialState::Revoked { revoked_at: NOW }))
    })
    .await
    .unwrap();
    let loaded = db.read("load", snapshot::load).await.unwrap();
    let keys = &loaded.keys[&AppId::from_bytes([1; 16])];
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].kid.as_str(), keys[0].algorithm), ("key 2", KeyAlgorithm::Ed25519));
    assert_eq!((keys[0].credential, keys[0].public_jwk.as_str()), (credential(2, 1).id, "{\"n\":2}"));
}
