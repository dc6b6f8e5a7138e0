//! Forms that members did not finish: one of each, of one member alone, not too many, and not for ever.

use crate::place::{Place, on_both};
use crate::samples::{NOW, fill, member};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::MemberId;
use mudeung_store::kept_forms::{
    KeptForm, delete_expired, delete_kept_form, delete_kept_forms, find_kept_form, keep_form,
};
use mudeung_store::{members, snapshot};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    a_form_is_kept_once_for_each_member_and_not_for_ever,
    of_too_many_forms_the_oldest_go_and_those_of_others_stay,
    a_form_that_is_kept_is_no_new_generation,
);

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn kept(of: MemberId, form: &str, text: &[u8], at: u64) -> KeptForm {
    let (kept_at, expires_at) = (after(at), after(at + 100));
    KeptForm { member: of, form: form.to_owned(), sealed: text.to_vec(), kept_at, expires_at }
}

async fn a_form_is_kept_once_for_each_member_and_not_for_ever(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    db.tx("another member", |conn| members::insert_member(conn, &member(9, 1), "hash")).await.unwrap();
    db.tx("test", |conn| {
        let (one, other) = (member(1, 1).id, member(9, 1).id);
        keep_form(conn, &kept(one, "/a", b"first", 0), 5)?;
        keep_form(conn, &kept(one, "/a", b"second", 1), 5)?;
        keep_form(conn, &kept(other, "/a", b"of another", 1), 5)?;
        assert_eq!(find_kept_form(conn, one, "/a", after(2))?.as_deref(), Some(b"second".as_slice()));
        assert_eq!(find_kept_form(conn, other, "/a", after(2))?.as_deref(), Some(b"of another".as_slice()));
        assert_eq!(find_kept_form(conn, one, "/b", after(2))?, None);
        assert_eq!(find_kept_form(conn, one, "/a", after(101))?, None, "its time is over");
        assert!(find_kept_form(conn, one, "/a", after(100))?.is_some());
        delete_kept_form(conn, one, "/a")?;
        delete_kept_form(conn, one, "/a")?;
        assert_eq!(find_kept_form(conn, one, "/a", after(2))?, None);
        assert!(find_kept_form(conn, other, "/a", after(2))?.is_some(), "that of another member stays");
        keep_form(conn, &kept(one, "/a", b"third", 1), 5)?;
        assert_eq!(delete_kept_forms(conn, "/a")?, 2);
        keep_form(conn, &kept(one, "/a", b"fourth", 1), 5)?;
        keep_form(conn, &kept(one, "/b", b"fifth", 50), 5)?;
        assert_eq!((delete_expired(conn, after(100))?, delete_expired(conn, after(101))?), (0, 1));
        assert!(find_kept_form(conn, one, "/b", after(101))?.is_some());
        Ok(())
    })
    .await
    .unwrap();
}

async fn of_too_many_forms_the_oldest_go_and_those_of_others_stay(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    db.tx("another member", |conn| members::insert_member(conn, &member(9, 1), "hash")).await.unwrap();
    db.tx("test", |conn| {
        let (one, other) = (member(1, 1).id, member(9, 1).id);
        keep_form(conn, &kept(other, "/0", b"x", 0), 3)?;
        for number in 1..=5 {
            keep_form(conn, &kept(one, &format!("/{number}"), b"x", number), 3)?;
        }
        let found = |conn: &mut mudeung_store::Conn, number: u64| find_kept_form(conn, one, &format!("/{number}"), NOW);
        for number in 1..=5 {
            assert_eq!(found(conn, number)?.is_some(), number > 2, "{number}");
        }
        keep_form(conn, &kept(one, "/4", b"y", 9), 3)?;
        for number in 3..=5 {
            assert!(found(conn, number)?.is_some(), "{number}: one in the place of itself needs no room");
        }
        assert!(find_kept_form(conn, other, "/0", NOW)?.is_some());
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_form_that_is_kept_is_no_new_generation(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("fill", fill).await.unwrap();
    let before = db.read("generation", snapshot::generation).await.unwrap();
    db.tx("keep", |conn| keep_form(conn, &kept(member(1, 1).id, "/a", b"x", 0), 3)).await.unwrap();
    assert_eq!(db.read("generation", snapshot::generation).await.unwrap(), before);
}
