//! Keys of requests that may be sent twice: taken once, bound to what was asked for, gone when their time is over.

use crate::place::{Place, on_both};
use mudeung_core::clock::Timestamp;
use mudeung_store::idempotency::{
    KeyedRequest, Known, begin_keyed_request, end_keyed_request, forget_answers, forget_keyed_request,
};
use mudeung_store::{Db, StoreError};
use std::sync::Arc;
use tokio::task::JoinSet;

on_both!(a_key_is_taken_once_and_gives_its_answer_until_its_time_is_over, of_many_at_once_one_is_the_first,);

fn request(key: u8, asked: u8, seconds: i64) -> KeyedRequest {
    KeyedRequest {
        key_hash: [key; 32],
        request_hash: [asked; 32],
        created_at: Timestamp::from_seconds(seconds),
        expires_at: Timestamp::from_seconds(seconds + 100),
    }
}

async fn begin(db: &Db, request: KeyedRequest) -> Result<Known, StoreError> {
    db.tx("begin", move |conn| begin_keyed_request(conn, &request)).await
}

async fn a_key_is_taken_once_and_gives_its_answer_until_its_time_is_over(place: Arc<Place>) {
    let db = place.db().await;
    assert_eq!(begin(&db, request(1, 1, 0)).await.unwrap(), Known::Nothing);
    assert_eq!(begin(&db, request(1, 1, 5)).await.unwrap(), Known::UnderWay(Timestamp::from_seconds(0)));
    assert_eq!(begin(&db, request(1, 2, 5)).await.unwrap(), Known::OtherRequest);
    assert_eq!(begin(&db, request(2, 1, 5)).await.unwrap(), Known::Nothing);
    db.tx("end", |conn| end_keyed_request(conn, &[1; 32], b"sealed".to_vec())).await.unwrap();
    assert_eq!(begin(&db, request(1, 1, 99)).await.unwrap(), Known::Answered(b"sealed".to_vec()));
    assert_eq!(begin(&db, request(1, 2, 99)).await.unwrap(), Known::OtherRequest);
    db.tx("forget", |conn| forget_keyed_request(conn, &[2; 32])).await.unwrap();
    assert_eq!(begin(&db, request(2, 2, 99)).await.unwrap(), Known::Nothing, "a refused request frees its key");
    assert_eq!(begin(&db, request(1, 2, 100)).await.unwrap(), Known::Nothing, "its time is over");
    let unknown = db.tx("end", |conn| end_keyed_request(conn, &[9; 32], Vec::new())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    assert_eq!(db.tx("forget answers", forget_answers).await.unwrap(), 0);
}

async fn of_many_at_once_one_is_the_first(place: Arc<Place>) {
    let db = place.db().await;
    let mut all = JoinSet::new();
    for _ in 0..16 {
        let db = db.clone();
        all.spawn(async move { begin(&db, request(1, 1, 0)).await });
    }
    let known = all.join_all().await;
    assert_eq!(known.iter().filter(|known| matches!(known, Ok(Known::Nothing))).count(), 1, "{known:?}");
    assert!(known.iter().all(|known| matches!(known, Ok(Known::Nothing | Known::UnderWay(_)))), "{known:?}");
}
