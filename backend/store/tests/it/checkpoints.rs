//! The store of checkpoints: one place for each log, changed only by who saw what is there, and only forwards.

use crate::place::{Place, on_both};
use mudeung_store::{CheckpointStore, Ledger, Signed, TreeHead};
use std::sync::Arc;

on_both!(
    of_many_signers_one_wins_each_step,
    a_checkpoint_never_goes_back,
    logs_are_kept_apart,
    a_ledger_is_no_store_of_checkpoints,
);

/// The place's control database was made by the test's frame; the store needs one of its own.
fn open(place: &Place) -> CheckpointStore {
    CheckpointStore::open(&place.fresh()).unwrap()
}

fn signed(size: u64, text: &str) -> Signed {
    Signed { head: TreeHead { size, root: [7; 32] }, note: text.to_owned() }
}

async fn of_many_signers_one_wins_each_step(place: Arc<Place>) {
    let url = place.fresh();
    let stores = [CheckpointStore::open(&url).unwrap(), CheckpointStore::open(&url).unwrap()];
    let mut seen = None;
    for size in 1..6 {
        let tries = (0..8).map(|n: usize| {
            let (store, seen) = (stores[n % 2].clone(), seen.clone());
            let next = signed(size, &format!("{size} by {n}"));
            tokio::spawn(async move { (store.swap("log", seen.as_ref(), &next).await.unwrap(), next) })
        });
        let mut winners = Vec::new();
        for task in tries.collect::<Vec<_>>() {
            let (won, next) = task.await.unwrap();
            winners.extend(won.then_some(next));
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        seen = winners.pop();
        assert_eq!(stores[1].last("log").await.unwrap(), seen);
    }
}

async fn a_checkpoint_never_goes_back(place: Arc<Place>) {
    let store = open(&place);
    let first = signed(5, "five");
    assert!(store.swap("log", None, &first).await.unwrap());
    for next in [signed(4, "four"), signed(5, "five again"), first.clone()] {
        assert!(!store.swap("log", Some(&first), &next).await.unwrap());
    }
    assert!(!store.swap("log", None, &signed(9, "nine")).await.unwrap(), "it saw nothing");
    assert!(!store.swap("log", Some(&signed(5, "another five")), &signed(9, "nine")).await.unwrap());
    assert_eq!(store.last("log").await.unwrap(), Some(first));
}

async fn logs_are_kept_apart(place: Arc<Place>) {
    let store = open(&place);
    assert_eq!((store.last("a").await.unwrap(), store.only_origin().await.unwrap()), (None, None));
    assert!(store.swap("a", None, &signed(5, "a")).await.unwrap());
    assert_eq!(store.only_origin().await.unwrap().as_deref(), Some("a"));
    assert!(store.swap("b", None, &signed(1, "b")).await.unwrap());
    assert_eq!(store.last("a").await.unwrap(), Some(signed(5, "a")));
    assert_eq!(store.only_origin().await.unwrap(), None);
}

async fn a_ledger_is_no_store_of_checkpoints(place: Arc<Place>) {
    Ledger::migrate(&place.ledger).unwrap();
    let error = CheckpointStore::open(&place.ledger).err().unwrap();
    assert!(error.to_string().contains("another database"), "{error}");
}
