//! Passkeys: what was put in comes out, of one member alone, and nothing that a device signed is taken twice.

use crate::place::{Place, on_both};
use crate::samples::{NOW, fill, member};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_core::id::PasskeyId;
use mudeung_core::passkey::{Doubt, PASSKEYS_MAX, Passkey, Shown};
use mudeung_store::passkeys::{
    count_passkeys, delete_passkey, delete_passkeys, find_passkey, insert_answered_challenge, insert_passkey,
    list_passkeys, update_passkey_name, update_passkey_signed,
};
use mudeung_store::{StoreError, members, snapshot};
use std::sync::Arc;

on_both!(
    passkeys_come_back_and_are_of_one_member_alone,
    a_member_has_no_more_than_there_is_room_for,
    what_a_device_said_last_is_kept_and_of_two_with_one_counter_one_is_taken,
    of_a_hundred_answers_to_one_challenge_on_two_nodes_one_is_taken,
    what_is_over_is_swept_and_nothing_of_it_is_a_new_generation,
);

fn passkey(n: u8, of: u8) -> Passkey {
    Passkey {
        id: PasskeyId::from_bytes([n; 16]),
        member: member(of, 1).id,
        name: format!("노트북 {n}"),
        credential: vec![n; 64],
        handle: vec![of; 32],
        algorithm: KeyAlgorithm::Ed25519,
        public_jwk: format!("{{\"n\":{n}}}"),
        transports: ["internal", "hybrid"].into_iter().take(usize::from(n % 3)).map(str::to_owned).collect(),
        counter: u32::from(n),
        may_be_backed_up: n.is_multiple_of(2),
        is_backed_up: n.is_multiple_of(4),
        created_at: NOW,
        last_used_at: (n % 2 == 1).then_some(NOW),
    }
}

async fn passkeys_come_back_and_are_of_one_member_alone(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    db.tx("another member", |conn| members::insert_member(conn, &member(9, 1), "hash")).await.unwrap();
    db.tx("test", |conn| {
        let (own, more, other) = (passkey(1, 1), passkey(2, 1), passkey(4, 9));
        for passkey in [&own, &more, &other] {
            assert!(insert_passkey(conn, passkey, PASSKEYS_MAX)?);
            assert_eq!(find_passkey(conn, &passkey.credential)?.as_ref(), Some(passkey));
        }
        assert_eq!(list_passkeys(conn, own.member)?, [own.clone(), more.clone()]);
        assert_eq!((count_passkeys(conn, own.member)?, count_passkeys(conn, other.member)?), (2, 1));
        assert_eq!(find_passkey(conn, &[7; 64])?, None);
        update_passkey_name(conn, own.member, own.id, "열쇠고리")?;
        assert_eq!(find_passkey(conn, &own.credential)?.unwrap().name, "열쇠고리");
        let gone = |result| assert!(matches!(result, Err(StoreError::NotFound { what: "passkey" })), "{result:?}");
        gone(update_passkey_name(conn, other.member, own.id, "taken over"));
        gone(delete_passkey(conn, other.member, own.id));
        delete_passkey(conn, own.member, own.id)?;
        gone(delete_passkey(conn, own.member, own.id));
        delete_passkeys(conn, own.member)?;
        delete_passkeys(conn, own.member)?;
        assert_eq!((count_passkeys(conn, own.member)?, count_passkeys(conn, other.member)?), (0, 1));
        Ok(())
    })
    .await
    .unwrap();
    let same = Passkey { id: PasskeyId::from_bytes([5; 16]), ..passkey(4, 1) };
    let taken = db.tx("taken", move |conn| insert_passkey(conn, &same, PASSKEYS_MAX)).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists { what: "the passkey" })), "{taken:?}");
}

async fn a_member_has_no_more_than_there_is_room_for(place: Arc<Place>) {
    let nodes = [place.db().await, place.db().await];
    nodes[0].tx("fill", fill).await.unwrap();
    let attempts = (1..40_u8).map(|n| {
        let node = nodes[usize::from(n % 2)].clone();
        tokio::spawn(async move { node.tx("insert", move |conn| insert_passkey(conn, &passkey(n, 1), 10)).await })
    });
    let mut kept = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        kept += usize::from(attempt.await.unwrap().unwrap());
    }
    assert_eq!(kept, 10);
    let of = member(1, 1).id;
    assert_eq!(nodes[0].read("count", move |conn| count_passkeys(conn, of)).await.unwrap(), 10);
}

async fn what_a_device_said_last_is_kept_and_of_two_with_one_counter_one_is_taken(place: Arc<Place>) {
    let nodes = [place.db().await, place.db().await];
    nodes[0].tx("fill", fill).await.unwrap();
    nodes[0].tx("insert", |conn| insert_passkey(conn, &passkey(4, 1), PASSKEYS_MAX)).await.unwrap();
    let shown = Shown { counter: 5, may_be_backed_up: true, is_backed_up: false };
    let later = Timestamp::from_seconds(NOW.seconds() + 60);
    let attempts = (0..40).map(|n| {
        let node = nodes[n % 2].clone();
        tokio::spawn(async move {
            node.tx("sign", move |conn| {
                let signed = find_passkey(conn, &[4; 64])?.unwrap().signed(shown, later);
                let taken = signed.map(|signed| update_passkey_signed(conn, &signed));
                Ok(taken)
            })
            .await
        })
    });
    let mut taken = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap().unwrap() {
            Ok(kept) => {
                kept.unwrap();
                taken += 1;
            }
            Err(doubt) => assert_eq!(doubt, Doubt::Counter),
        }
    }
    assert_eq!(taken, 1);
    let kept = nodes[1].read("find", |conn| find_passkey(conn, &[4; 64])).await.unwrap().unwrap();
    assert_eq!(kept, Passkey { counter: 5, is_backed_up: false, last_used_at: Some(later), ..passkey(4, 1) });
    let gone = nodes[0].tx("sign", |conn| update_passkey_signed(conn, &passkey(6, 1))).await;
    assert!(matches!(gone, Err(StoreError::NotFound { what: "passkey" })));
}

async fn of_a_hundred_answers_to_one_challenge_on_two_nodes_one_is_taken(place: Arc<Place>) {
    let nodes = [place.db().await, place.db().await];
    let ends = Timestamp::from_seconds(NOW.seconds() + 300);
    let attempts = (0..100).map(|n| {
        let node = nodes[n % 2].clone();
        let work = move |conn: &mut _| insert_answered_challenge(conn, &[7; 32], ends, NOW);
        tokio::spawn(async move { node.tx("answer", work).await })
    });
    let mut taken = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(()) => taken += 1,
            Err(StoreError::AlreadyExists { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(taken, 1);
}

async fn what_is_over_is_swept_and_nothing_of_it_is_a_new_generation(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    let before = db.read("generation", snapshot::generation).await.unwrap();
    let ends = Timestamp::from_seconds(NOW.seconds() + 300);
    let answer =
        |hash: u8, now: Timestamp| db.tx("answer", move |conn| insert_answered_challenge(conn, &[hash; 32], ends, now));
    answer(1, NOW).await.unwrap();
    assert!(answer(1, Timestamp::from_seconds(ends.seconds() - 1)).await.is_err(), "until the very end");
    answer(2, ends).await.unwrap();
    answer(1, NOW).await.unwrap();
    db.tx("insert", |conn| insert_passkey(conn, &passkey(1, 1), PASSKEYS_MAX)).await.unwrap();
    assert_eq!(db.read("generation", snapshot::generation).await.unwrap(), before);
}
