//! Entries that were given up: the tree, proofs, usage and searches are as before, and nothing goes unsaid.

use crate::place::{Place, execute, on_both};
use crate::samples::{NOW, intent, outcome, used_by_grant};
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::{EntryFilter, Ledger, Prunable, VerifyError};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::pruning::{PRUNE, Pruning};
use mudeung_wire::ledger::tree::{leaf_hash, verify_inclusion};
use std::sync::Arc;

on_both!(
    what_was_given_up_is_gone_and_all_else_is_as_before,
    only_full_tiles_of_closed_entries_that_are_old_enough_can_be_given_up,
    rows_that_a_crash_left_are_taken_away_by_the_next_call,
    years_are_given_up_one_after_the_other,
    an_entry_that_goes_without_a_word_is_found,
    a_changed_sum_of_what_was_given_up_is_found,
    a_changed_hash_of_what_was_given_up_is_found,
    a_head_that_says_more_was_given_up_is_found,
    entries_that_were_not_given_up_cannot_be_taken_away_by_mistake,
);

/// Entries of the old time; those of the new one follow.
const OLD: u64 = 600;
const ALL: u64 = 700;

/// The end of the old time: entry `n` is made `n` microseconds after [`NOW`].
const END: Timestamp = Timestamp::from_micros(NOW.micros() + 600);

async fn filled(place: &Place) -> Ledger {
    let ledger = place.open_ledger();
    for n in 0..ALL / 2 {
        ledger.append_detached(intent(n * 2, "app_1"));
        ledger.append_detached(outcome(n * 2 + 1, "app_1", n * 2, 1, 10));
    }
    ledger.flush().await;
    indexed(&ledger, ALL).await;
    ledger
}

/// Waits until so many entries are indexed.
async fn indexed(ledger: &Ledger, size: u64) {
    while ledger.indexed().await.unwrap() < size {
        tokio::task::yield_now().await;
    }
}

/// Says that entries are given up, as `mudeung ledger prune` does.
async fn say(ledger: &Ledger, prunable: Prunable, n: u64) {
    let said = Pruning {
        checkpoint: "a checkpoint".to_owned(),
        export_sha256: "00".to_owned(),
        until: prunable.until,
        usage_sha256: ledger.usage_sha256(prunable.until).await.unwrap(),
        year: 2023,
    };
    let mut nonce = [0xee; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    let detail = Some(said.to_detail().unwrap());
    let entry = |kind, nonce| Entry { detail: detail.clone(), ..Entry::new(kind, PRUNE, END.micros(), nonce) };
    let receipt = ledger.append(entry(Kind::Intent, nonce)).await.unwrap();
    nonce[15] = 0;
    let (intent, status) = (Some(receipt.index), Some(Status::Completed));
    ledger.append(Entry { intent, status, ..entry(Kind::Outcome, nonce) }).await.unwrap();
}

async fn given_up(place: &Place) -> Ledger {
    let ledger = filled(place).await;
    let prunable = ledger.prunable(END).await.unwrap();
    assert_eq!(prunable, Prunable { from: 0, until: 512 });
    say(&ledger, prunable, 1).await;
    assert!(ledger.give_up(prunable).await.unwrap());
    assert_eq!(ledger.sweep_pruned().await.unwrap(), 512);
    ledger
}

fn unguard(place: &Place) {
    let on = if place.is_sqlite() { "" } else { " ON entry" };
    execute(&place.ledger, &format!("DROP TRIGGER entry_never_changes{on}; DROP TRIGGER entry_never_goes{on}"));
}

async fn fault(ledger: &Ledger) -> String {
    match ledger.verify(|_, _| {}).await {
        Err(VerifyError::Fault { what, .. }) => what,
        other => panic!("not noticed: {other:?}"),
    }
}

async fn what_was_given_up_is_gone_and_all_else_is_as_before(place: Arc<Place>) {
    let before = filled(&place).await;
    let head = before.head().await.unwrap();
    let used = before.used(used_by_grant("grt_1")).await.unwrap();
    let (old, kept) = (before.entry(300).await.unwrap().unwrap(), before.entry(512).await.unwrap());
    let prunable = before.prunable(END).await.unwrap();
    say(&before, prunable, 1).await;
    assert!(before.give_up(prunable).await.unwrap());
    assert_eq!(before.sweep_pruned().await.unwrap(), 512);
    assert!(!before.give_up(prunable).await.unwrap(), "once");

    before.close().await;
    let ledger = place.open_ledger();
    assert_eq!((ledger.pruned().await.unwrap(), ledger.entry(300).await.unwrap()), (512, None));
    assert_eq!(ledger.entry(512).await.unwrap(), kept);
    assert_eq!(ledger.used(used_by_grant("grt_1")).await.unwrap(), used);
    assert_eq!(ledger.root_at(head.size).await.unwrap(), Some(head.root));
    let proof = ledger.prove(300, head.size).await.unwrap().unwrap();
    verify_inclusion(300, &leaf_hash(&old.to_bytes().unwrap()), head.size, &head.root, &proof).unwrap();
    assert!(ledger.prove_consistency(300, head.size).await.unwrap().is_some());
    let found = ledger.entries(EntryFilter::default(), None, 1_000).await.unwrap();
    assert_eq!((found.len(), found.last().map(|(index, _)| *index)), (190, Some(512)));
    let report = ledger.verify(|_, _| {}).await.unwrap();
    assert_eq!((report.head.size, report.pruned, report.tiles), (702, 512, 2));

    // It goes on, across the end of the next tile too.
    for n in 0..100 {
        ledger.append_detached(intent(10_000 + n, "app_1"));
    }
    ledger.flush().await;
    let report = ledger.verify(|_, _| {}).await.unwrap();
    assert_eq!((report.head.size, report.pruned, report.tiles, report.open_intents), (802, 512, 3, 100));
}

async fn only_full_tiles_of_closed_entries_that_are_old_enough_can_be_given_up(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let open = ledger.append(intent(0, "app_1")).await.unwrap().index;
    for n in 1..ALL {
        ledger.append_detached(Entry { intent: None, ..outcome(n, "app_1", 0, 1, 10) });
    }
    ledger.flush().await;
    indexed(&ledger, ALL).await;
    assert_eq!(ledger.prunable(END).await.unwrap(), Prunable { from: 0, until: 0 }, "an INTENT is open");
    ledger.append(outcome(ALL, "app_1", open, 1, 10)).await.unwrap();
    indexed(&ledger, ALL + 1).await;
    for (time, until) in [(0, 0), (255, 0), (256, 256), (511, 256), (512, 512), (ALL, 512), (100 * ALL, 512)] {
        let before = Timestamp::from_micros(NOW.micros() + i64::try_from(time).unwrap());
        assert_eq!(ledger.prunable(before).await.unwrap(), Prunable { from: 0, until }, "{time}");
    }
    for until in [255, 300, 768, 1_024] {
        let refused = ledger.give_up(Prunable { from: 0, until }).await;
        assert!(refused.is_err(), "{until}: {refused:?}");
    }
    assert_eq!(ledger.pruned().await.unwrap(), 0);
    assert_eq!(OLD % 256, 88, "the end of the old time is within a tile");
}

async fn rows_that_a_crash_left_are_taken_away_by_the_next_call(place: Arc<Place>) {
    let ledger = filled(&place).await;
    let prunable = ledger.prunable(END).await.unwrap();
    say(&ledger, prunable, 1).await;
    // After the INTENT: nothing is given up.
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 0);
    assert!(ledger.give_up(prunable).await.unwrap());
    // After the transaction, before and amid the rows.
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 512);
    execute(&place.ledger, "DELETE FROM entry_search WHERE idx < 100; DELETE FROM entry WHERE idx < 70");
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 512);
    assert_eq!(ledger.sweep_pruned().await.unwrap(), 442);
    assert_eq!(ledger.sweep_pruned().await.unwrap(), 0);
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 512);
}

async fn years_are_given_up_one_after_the_other(place: Arc<Place>) {
    let ledger = given_up(&place).await;
    let used = ledger.used(used_by_grant("grt_1")).await.unwrap();
    for n in 0..200 {
        let index = ledger.append(intent(20_000 + n * 2, "app_1")).await.unwrap().index;
        ledger.append_detached(outcome(20_001 + n * 2, "app_1", index, 1, 10));
    }
    ledger.flush().await;
    indexed(&ledger, 1_102).await;
    let all = ledger.used(used_by_grant("grt_1")).await.unwrap();
    assert_eq!(all.bytes, used.bytes + 2_000);
    let prunable = ledger.prunable(Timestamp::from_micros(NOW.micros() + 100_000)).await.unwrap();
    assert_eq!(prunable, Prunable { from: 512, until: 1_024 });
    say(&ledger, prunable, 2).await;
    assert!(ledger.give_up(prunable).await.unwrap());
    assert_eq!(ledger.sweep_pruned().await.unwrap(), 512);
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 1_024);
    assert_eq!(ledger.used(used_by_grant("grt_1")).await.unwrap(), all);
}

async fn an_entry_that_goes_without_a_word_is_found(place: Arc<Place>) {
    let ledger = filled(&place).await;
    let prunable = ledger.prunable(END).await.unwrap();
    assert!(ledger.give_up(prunable).await.unwrap());
    ledger.sweep_pruned().await.unwrap();
    let what = fault(&ledger).await;
    assert!(what.contains("no entry says"), "{what}");
    // A word about other entries is none.
    say(&ledger, Prunable { from: 0, until: 256 }, 1).await;
    assert!(fault(&ledger).await.contains("no entry says"));
}

async fn a_changed_sum_of_what_was_given_up_is_found(place: Arc<Place>) {
    let ledger = given_up(&place).await;
    execute(&place.ledger, "UPDATE usage_pruned SET bytes = bytes - 1; UPDATE usage_hour SET bytes = bytes - 1");
    let what = fault(&ledger).await;
    assert!(what.contains("usage that is kept"), "{what}");
}

async fn a_changed_hash_of_what_was_given_up_is_found(place: Arc<Place>) {
    let ledger = given_up(&place).await;
    // The hashes of another tile, which is as long.
    let other = "SELECT hashes FROM tile WHERE level = 0 AND idx = 0";
    execute(&place.ledger, &format!("UPDATE tile SET hashes = ({other}) WHERE level = 0 AND idx = 1"));
    let what = fault(&ledger).await;
    assert!(what.contains("root"), "{what}");
}

async fn a_head_that_says_more_was_given_up_is_found(place: Arc<Place>) {
    let ledger = given_up(&place).await;
    for (pruned, word) in [(256, "is missing"), (500, "cannot be"), (1_024, "cannot be"), (0, "is missing")] {
        execute(&place.ledger, &format!("UPDATE head SET pruned = {pruned}"));
        let what = fault(&ledger).await;
        assert!(what.contains(word), "{pruned}: {what}");
    }
}

async fn entries_that_were_not_given_up_cannot_be_taken_away_by_mistake(place: Arc<Place>) {
    let ledger = given_up(&place).await;
    ledger.close().await;
    let delete = |index: u64| {
        let url = place.ledger.clone();
        std::panic::catch_unwind(move || execute(&url, &format!("DELETE FROM entry WHERE idx = {index}"))).is_err()
    };
    assert!(delete(512), "it is kept");
    unguard(&place);
    assert!(!delete(512), "it was the guard that kept it");
    assert!(fault(&place.open_ledger()).await.contains("is missing"));
}
