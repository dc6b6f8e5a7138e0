//! Tampering: whatever is changed behind the ledger's back, `verify` says what and where.

use crate::place::{Place, execute, on_both};
use crate::samples::{intent, outcome};
use mudeung_store::ledger::{Ledger, LedgerError, VerifyError};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::year::{CLOSE_YEAR, YearEnd};
use std::sync::Arc;

on_both!(
    an_untouched_ledger_verifies,
    a_flipped_byte_is_found,
    an_edited_search_column_is_found,
    an_edited_link_is_found,
    a_deleted_search_row_is_found,
    an_added_search_row_is_found,
    an_edited_head_of_the_search_is_found,
    an_edited_span_of_times_is_found,
    a_deleted_span_of_times_is_found,
    a_deleted_row_is_found,
    a_truncated_tail_is_found,
    a_clock_that_was_set_back_is_told,
    a_truncated_tail_with_an_edited_head_is_found_by_its_checkpoint,
    a_rewritten_leaf_hash_is_found,
    an_edited_usage_row_is_found,
    an_added_usage_row_is_found,
    a_deleted_usage_row_is_found,
    an_edited_tile_is_found,
    a_deleted_tile_is_found,
    an_edited_head_is_found,
    a_hidden_open_intent_is_found,
    a_year_that_was_closed_with_another_tree_is_found,
    rows_cannot_be_changed_by_mistake,
    a_ledger_that_shrank_under_a_running_process_is_not_added_to,
);

/// 300 pairs: more than two tiles.
async fn filled(place: &Place) -> Ledger {
    let ledger = place.open_ledger();
    for n in 0..300_u64 {
        ledger.append_detached(intent(n * 2, "app_1"));
        ledger.append_detached(outcome(n * 2 + 1, "app_1", n * 2, 1, 10));
    }
    ledger.flush().await;
    ledger
}

/// Lets rows be changed, as somebody with the file in their hands can.
fn unguard(place: &Place) {
    let on = if place.is_sqlite() { "" } else { " ON entry" };
    execute(&place.ledger, &format!("DROP TRIGGER entry_never_changes{on}; DROP TRIGGER entry_never_goes{on}"));
}

/// Tampers, and answers what verifying says then.
async fn after(place: &Place, sql: &str) -> (Option<u64>, String) {
    let ledger = filled(place).await;
    ledger.close().await;
    unguard(place);
    execute(&place.ledger, sql);
    match ledger.verify(|_, _| {}).await {
        Err(VerifyError::Fault { index, what }) => (index, what),
        other => panic!("not noticed: {other:?}"),
    }
}

async fn an_untouched_ledger_verifies(place: Arc<Place>) {
    let ledger = filled(&place).await;
    let mut steps = Vec::new();
    let report = ledger.verify(|done, all| steps.push((done, all))).await.unwrap();
    assert_eq!((report.head.size, report.tiles, report.usage_rows, report.open_intents), (600, 2, 1, 0));
    assert_eq!(steps.last(), Some(&(600, 600)));
}

async fn a_flipped_byte_is_found(place: Arc<Place>) {
    let sql = if place.is_sqlite() {
        "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'cohort', 'cohorT') AS BLOB) WHERE idx = 100"
    } else {
        "UPDATE entry SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE idx = 100"
    };
    let (index, what) = after(&place, sql).await;
    assert_eq!(index, Some(100));
    assert!(what.contains("leaf hash"), "{what}");
}

async fn an_edited_search_column_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "UPDATE entry_search SET app = 'app_2' WHERE idx = 100").await;
    assert_eq!(index, Some(100));
    assert!(what.contains("`app`"), "{what}");
}

async fn an_edited_link_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "UPDATE entry SET intent = 98 WHERE idx = 101").await;
    assert_eq!(index, Some(101));
    assert!(what.contains("beside its bytes"), "{what}");
}

async fn a_deleted_search_row_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "DELETE FROM entry_search WHERE idx = 100").await;
    assert_eq!(index, Some(100));
    assert!(what.contains("search columns are missing"), "{what}");
}

async fn an_added_search_row_is_found(place: Arc<Place>) {
    let sql = "INSERT INTO entry_search (idx, time_us, operation) VALUES (700, 1, 'data.read_rows')";
    let (_, what) = after(&place, sql).await;
    assert!(what.contains("601 entries have search columns where 600"), "{what}");
}

async fn an_edited_head_of_the_search_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "UPDATE search_head SET size = 599").await;
    assert_eq!(index, Some(599));
    assert!(what.contains("head of the search"), "{what}");
}

async fn an_edited_span_of_times_is_found(place: Arc<Place>) {
    // One that is too narrow hides entries.
    let (_, what) = after(&place, "UPDATE entry_span SET first_us = first_us + 1").await;
    assert!(what.contains("times of the entries from 0 on"), "{what}");
}

async fn a_deleted_span_of_times_is_found(place: Arc<Place>) {
    let (_, what) = after(&place, "DELETE FROM entry_span").await;
    assert!(what.contains("times of the entries from 0 on"), "{what}");
}

async fn a_deleted_row_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "DELETE FROM entry WHERE idx = 77").await;
    assert_eq!(index, Some(77));
    assert!(what.contains("missing"), "{what}");
}

async fn a_clock_that_was_set_back_is_told(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let at = |n: u64, minutes: i64| {
        let entry = intent(n, "app_1");
        mudeung_wire::ledger::entry::Entry { time_us: entry.time_us + minutes * 60_000_000, ..entry }
    };
    for (n, minutes) in [(0, 0), (1, 4), (2, 0)] {
        ledger.append(at(n, minutes)).await.unwrap();
    }
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().set_back, None, "a little is no sign of it");
    for (n, minutes) in [(3, 10), (4, -50), (5, -51), (6, -20)] {
        ledger.append(at(n, minutes)).await.unwrap();
    }
    let set_back = ledger.verify(|_, _| {}).await.unwrap().set_back.unwrap();
    assert_eq!(set_back.index, 5);
    assert!((3_659_000_000..=3_661_000_000).contains(&set_back.by_us), "{set_back:?}");
}

async fn a_truncated_tail_is_found(place: Arc<Place>) {
    let (index, what) = after(&place, "DELETE FROM entry WHERE idx >= 590").await;
    assert_eq!(index, Some(590));
    assert!(what.contains("600"), "{what}");
}

async fn a_truncated_tail_with_an_edited_head_is_found_by_its_checkpoint(place: Arc<Place>) {
    let ledger = place.open_ledger();
    for n in 0..8 {
        ledger.append(intent(n, "app_1")).await.unwrap();
    }
    let mut raw = crate::place::Raw::open(&place.ledger);
    raw.execute("CREATE TABLE old AS SELECT * FROM head");
    for n in 8..16 {
        ledger.append(intent(n, "app_1")).await.unwrap();
    }
    ledger.save_checkpoint(ledger.head().await.unwrap(), "a signed note").await.unwrap();
    unguard(&place);
    raw.execute("DELETE FROM entry WHERE idx >= 8; DELETE FROM head; INSERT INTO head SELECT * FROM old");
    let error = ledger.verify(|_, _| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "a checkpoint was signed for 16 entries; there are 8");
}

async fn a_rewritten_leaf_hash_is_found(place: Arc<Place>) {
    // Bytes and leaf hash agree with each other and with the search columns: only the tree above knows.
    let copy = "UPDATE entry SET (leaf_hash, bytes) = (SELECT leaf_hash, bytes FROM entry WHERE idx = 40) WHERE idx = 42; \
                UPDATE entry_search SET (time_us, token) = \
                (SELECT time_us, token FROM entry_search WHERE idx = 40) WHERE idx = 42";
    let (index, what) = after(&place, copy).await;
    assert_eq!(index, None);
    assert!(what.contains("tile 0/0"), "{what}");
}

async fn an_edited_usage_row_is_found(place: Arc<Place>) {
    let (_, what) = after(&place, "UPDATE usage_hour SET bytes = bytes - 1").await;
    assert!(what.contains("usage row") && what.contains("2999") && what.contains("3000"), "{what}");
}

async fn an_added_usage_row_is_found(place: Arc<Place>) {
    let sql = "INSERT INTO usage_hour VALUES (0, '', 'app_7', '', '', '', 'data.read_rows', 1, 1, 1)";
    let (_, what) = after(&place, sql).await;
    assert!(what.contains("app_7") && what.contains("no entry"), "{what}");
}

async fn a_deleted_usage_row_is_found(place: Arc<Place>) {
    let (_, what) = after(&place, "DELETE FROM usage_hour").await;
    assert!(what.contains("is missing"), "{what}");
}

async fn an_edited_tile_is_found(place: Arc<Place>) {
    let sql = "UPDATE tile SET hashes = (SELECT hashes FROM tile WHERE idx = 0) WHERE idx = 1";
    let (_, what) = after(&place, sql).await;
    assert!(what.contains("tile 0/1"), "{what}");
}

async fn a_deleted_tile_is_found(place: Arc<Place>) {
    let (_, what) = after(&place, "DELETE FROM tile WHERE idx = 1").await;
    assert!(what.contains("tile 0/1 is missing"), "{what}");
}

async fn an_edited_head_is_found(place: Arc<Place>) {
    let (_, what) = after(&place, "UPDATE head SET root = (SELECT leaf_hash FROM entry WHERE idx = 0)").await;
    assert!(what.contains("head row"), "{what}");
}

async fn a_hidden_open_intent_is_found(place: Arc<Place>) {
    let ledger = filled(&place).await;
    ledger.append(intent(5_000, "app_1")).await.unwrap();
    execute(&place.ledger, "UPDATE head SET open_from = 601");
    let error = ledger.verify(|_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("open INTENT"), "{error}");
}

async fn a_year_that_was_closed_with_another_tree_is_found(place: Arc<Place>) {
    let ledger = filled(&place).await;
    for (size, root, fault) in [
        (600, ledger.head().await.unwrap().root, None),
        (300, ledger.root_at(300).await.unwrap().unwrap(), None),
        (300, [7; 32], Some("the year 2026 was closed with another tree of 300 entries")),
        (900, [7; 32], Some("closes a year without a checkpoint over the entries before it")),
    ] {
        let checkpoint = Checkpoint { origin: "x".to_owned(), size, root };
        // Whose signature it is plays no part here.
        let checkpoint = format!("{}\n— x {}AQE=\n", checkpoint.text(), "AQEB".repeat(22));
        let detail = YearEnd { checkpoint, until: size, year: 2026 }.to_detail().unwrap();
        let closing = Entry::new(Kind::Outcome, CLOSE_YEAR, 0, [1; 16]);
        ledger.append(Entry { detail: Some(detail), status: Some(Status::Completed), ..closing }).await.unwrap();
        let said = ledger.verify(|_, _| {}).await.map(|report| report.years);
        match fault {
            None => assert!(said.is_ok_and(|years| years > 0)),
            Some(fault) => assert!(said.unwrap_err().to_string().contains(fault), "{fault}"),
        }
    }
}

async fn rows_cannot_be_changed_by_mistake(place: Arc<Place>) {
    let ledger = filled(&place).await;
    for sql in ["UPDATE entry SET kind = 'x' WHERE idx = 1", "DELETE FROM entry WHERE idx = 1"] {
        let url = place.ledger.clone();
        let tried = tokio::task::spawn_blocking(move || execute(&url, sql)).await;
        assert!(tried.is_err(), "{sql}");
    }
    ledger.verify(|_, _| {}).await.unwrap();
}

async fn a_ledger_that_shrank_under_a_running_process_is_not_added_to(place: Arc<Place>) {
    let ledger = place.open_ledger();
    ledger.append(intent(0, "app_1")).await.unwrap();
    let mut raw = crate::place::Raw::open(&place.ledger);
    raw.execute("CREATE TABLE old AS SELECT * FROM head");
    ledger.append(intent(1, "app_1")).await.unwrap();
    unguard(&place);
    raw.execute("DELETE FROM entry WHERE idx >= 1; DELETE FROM head; INSERT INTO head SELECT * FROM old");
    let refused = ledger.append(intent(2, "app_1")).await;
    assert!(matches!(&refused, Err(LedgerError::Corrupt(problem)) if problem.contains("2 entries")), "{refused:?}");
    assert!(!ledger.is_healthy());
}
