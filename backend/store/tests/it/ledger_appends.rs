//! Appending: contiguous, durable, bounded, and whole under concurrency.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW, intent, outcome};
use mudeung_core::clock::{CountingEntropy, ManualClock};
use mudeung_core::quota::Amount;
use mudeung_store::ledger::{Ledger, LedgerError, LedgerOptions};
use mudeung_wire::ledger::entry::{Kind, Status};
use mudeung_wire::ledger::tree::{empty_root, leaf_hash};
use std::collections::BTreeSet;
use std::sync::Arc;

on_both!(
    an_empty_ledger_has_the_empty_root,
    an_append_is_there_when_it_returns,
    concurrent_appends_get_contiguous_indices,
    two_processes_share_one_ledger,
    a_full_queue_refuses,
    an_entry_that_is_too_long_is_refused,
    long_entries_go_in_batches_of_limited_bytes,
    detached_entries_are_there_after_a_flush,
    an_entry_with_a_nul_does_not_hold_up_the_others,
    intents_that_a_crash_left_open_are_closed_as_unknown,
    the_intents_of_this_process_stay_open,
    a_ledger_that_was_not_migrated_is_refused,
    an_abandoned_append_leaves_a_ledger_that_verifies,
);

async fn verified(ledger: &Ledger) -> mudeung_store::ledger::VerifyReport {
    ledger.verify(|_, _| {}).await.unwrap()
}

async fn an_empty_ledger_has_the_empty_root(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let head = ledger.head().await.unwrap();
    assert_eq!((head.size, head.root), (0, empty_root()));
    assert_eq!(verified(&ledger).await.head, head);
}

async fn an_append_is_there_when_it_returns(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let entry = intent(1, "app_1");
    let receipt = ledger.append(entry.clone()).await.unwrap();
    assert_eq!((receipt.index, receipt.leaf_hash), (0, leaf_hash(&entry.to_bytes().unwrap())));
    let other = place.open_ledger();
    assert_eq!(other.entry(0).await.unwrap(), Some(entry));
    assert_eq!(other.entry(1).await.unwrap(), None);
    assert_eq!(other.head().await.unwrap().root, receipt.leaf_hash);
    assert!(ledger.is_healthy() && ledger.queue_len() == 0);
}

/// Appends `count` pairs of INTENT and OUTCOME from 64 tasks; answers the indices.
async fn append_from_many(ledgers: &[Ledger], first: u64, count: u64) -> BTreeSet<u64> {
    let mut tasks = Vec::new();
    for n in 0..64 {
        let ledger = ledgers[usize::try_from(n).unwrap() % ledgers.len()].clone();
        tasks.push(tokio::spawn(async move {
            let app = format!("app_{}", n % 3);
            let mut indices = Vec::new();
            for round in 0..count {
                let id = first + (n * count + round) * 2;
                let opened = ledger.append(intent(id, &app)).await.unwrap().index;
                let closed = ledger.append(outcome(id + 1, &app, opened, 10, 100)).await.unwrap().index;
                indices.extend([opened, closed]);
            }
            indices
        }));
    }
    let mut all = BTreeSet::new();
    for task in tasks {
        for index in task.await.unwrap() {
            assert!(all.insert(index), "index {index} was given twice");
        }
    }
    all
}

async fn concurrent_appends_get_contiguous_indices(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let indices = append_from_many(std::slice::from_ref(&ledger), 0, 8).await;
    assert!(indices.into_iter().eq(0..64 * 8 * 2));
    let report = verified(&ledger).await;
    assert_eq!((report.head.size, report.tiles, report.open_intents), (1_024, 4, 0));
    assert_eq!(
        ledger.used(crate::samples::used_by_grant("grt_1")).await.unwrap(),
        Amount { bytes: 64 * 8 * 100, rows: 64 * 8 * 10 }
    );
}

async fn two_processes_share_one_ledger(place: Arc<Place>) {
    let ledgers = [place.open_ledger(), place.open_ledger()];
    let indices = append_from_many(&ledgers, 0, 5).await;
    assert!(indices.into_iter().eq(0..64 * 5 * 2));
    verified(&ledgers[0]).await;
    // One of them alone for longer than the other keeps in memory, then the other again.
    append_from_many(&ledgers[..1], 1_000_000, 4).await;
    append_from_many(&ledgers[1..], 2_000_000, 1).await;
    assert_eq!(verified(&ledgers[0]).await.head.size, 64 * 2 * (5 + 4 + 1));
}

async fn a_full_queue_refuses(place: Arc<Place>) {
    let options = LedgerOptions { queue_entries_max: 3, ..LedgerOptions::default() };
    let ledger = Ledger::open(&place.ledger, options).unwrap();
    ledger.append(intent(0, "app_1")).await.unwrap();
    let mut blocker = crate::place::Raw::open(&place.ledger);
    blocker.execute(if place.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN; SELECT * FROM head FOR UPDATE" });
    let waits = |n| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.append(intent(n, "app_1")).await })
    };
    let first = waits(1);
    while ledger.queue_len() > 0 || !first.is_finished() && ledger.queue_len() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if ledger.queue_len() == 0 {
            break;
        }
    }
    let waiting: Vec<_> = (2..5).map(waits).collect();
    while ledger.queue_len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.append(intent(9, "app_1")).await, Err(LedgerError::Full));
    blocker.execute("ROLLBACK");
    for task in waiting {
        // Each heard one of the two honest answers; which one depends on how long the lock was held.
        assert!(matches!(task.await.unwrap(), Ok(_) | Err(LedgerError::Unavailable(_))));
    }
    ledger.append(intent(10, "app_1")).await.unwrap();
    verified(&ledger).await;
}

async fn an_entry_that_is_too_long_is_refused(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let long = mudeung_wire::ledger::entry::Entry { filter: Some("x".repeat(70_000)), ..intent(1, "app_1") };
    assert!(matches!(ledger.append(long.clone()).await, Err(LedgerError::TooLong(length)) if length > 70_000));
    ledger.append_detached(long);
    ledger.flush().await;
    assert_eq!(ledger.head().await.unwrap().size, 0);
}

async fn long_entries_go_in_batches_of_limited_bytes(place: Arc<Place>) {
    let options = LedgerOptions { batch_bytes_max: 1, ..LedgerOptions::default() };
    let ledger = Ledger::open(&place.ledger, options).unwrap();
    let appends = (0..20).map(|n| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.append(intent(n, "app_1")).await.unwrap().index })
    });
    let mut indices = BTreeSet::new();
    for task in appends.collect::<Vec<_>>() {
        indices.insert(task.await.unwrap());
    }
    assert!(indices.into_iter().eq(0..20));
}

async fn detached_entries_are_there_after_a_flush(place: Arc<Place>) {
    let ledger = place.open_ledger();
    ledger.flush().await;
    let opened = ledger.append(intent(0, "app_1")).await.unwrap().index;
    ledger.append_detached(outcome(1, "app_1", opened, 3, 30));
    ledger.flush().await;
    assert_eq!(ledger.head().await.unwrap().size, 2);
    assert_eq!(ledger.used(crate::samples::used_by_grant("grt_1")).await.unwrap(), Amount { bytes: 30, rows: 3 });
    assert_eq!(verified(&ledger).await.open_intents, 0);
}

async fn an_entry_with_a_nul_does_not_hold_up_the_others(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let entry = mudeung_wire::ledger::entry::Entry { dataset: Some("a\0b".to_owned()), ..outcome(1, "\0", 0, 1, 1) };
    ledger.append(intent(0, "app_1")).await.unwrap();
    ledger.append(entry.clone()).await.unwrap();
    assert_eq!(ledger.entry(1).await.unwrap(), Some(entry));
    verified(&ledger).await;
}

async fn intents_that_a_crash_left_open_are_closed_as_unknown(place: Arc<Place>) {
    let crashed = place.open_ledger();
    let first = crashed.append(intent(0, "app_1")).await.unwrap().index;
    let second = crashed.append(intent(1, "app_1")).await.unwrap().index;
    let third = crashed.append(intent(2, "app_1")).await.unwrap().index;
    crashed.append(outcome(3, "app_1", second, 1, 1)).await.unwrap();
    crashed.close().await;
    let (clock, entropy) = (ManualClock::at(NOW), CountingEntropy::default());
    let ledger = place.open_ledger();
    assert_eq!(ledger.reconcile(&clock, &entropy).await.unwrap(), 2);
    assert_eq!(ledger.reconcile(&clock, &entropy).await.unwrap(), 0);
    let closing = ledger.entries(Default::default(), None, 2).await.unwrap();
    let closed: BTreeSet<_> = closing.iter().map(|(_, entry)| entry.intent.unwrap()).collect();
    assert_eq!(closed, BTreeSet::from([first, third]));
    for (_, entry) in &closing {
        assert_eq!((entry.kind, entry.status, entry.time_us), (Kind::Outcome, Some(Status::Unknown), NOW.micros()));
        assert_eq!((entry.bytes, entry.grant.as_deref()), (None, Some("grt_1")));
    }
    assert_eq!(verified(&ledger).await.open_intents, 0);
}

async fn the_intents_of_this_process_stay_open(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let opened = ledger.append(intent(0, "app_1")).await.unwrap().index;
    let (clock, entropy) = (ManualClock::at(NOW), CountingEntropy::default());
    assert_eq!(ledger.reconcile(&clock, &entropy).await.unwrap(), 0);
    ledger.append(outcome(1, "app_1", opened, 0, 0)).await.unwrap();
    verified(&ledger).await;
}

async fn a_ledger_that_was_not_migrated_is_refused(place: Arc<Place>) {
    let error = Ledger::open(&place.control, LedgerOptions::default()).err().unwrap();
    assert!(error.to_string().contains("mudeung migrate"), "{error}");
}

async fn an_abandoned_append_leaves_a_ledger_that_verifies(place: Arc<Place>) {
    let ledger = place.open_ledger();
    for n in 0..40 {
        let append = ledger.append(intent(n, "app_1"));
        // Dropped somewhere between the queue and the answer.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 25), append).await;
    }
    ledger.append(samples::intent(100, "app_1")).await.unwrap();
    verified(&ledger).await;
}
