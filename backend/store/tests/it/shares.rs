//! Nodes that share a budget never spend more than it together, whatever order they work in.

use crate::place::{Place, on_both};
use mudeung_core::budget::{BudgetRule, BudgetSubject, Period};
use mudeung_core::clock::Timestamp;
use mudeung_core::name::Name;
use mudeung_core::quota::{Amount, Budget};
use mudeung_store::shares::{self, Booking, Draw, Drawn};
use mudeung_store::{Db, Ledger, StoreError, UsedBy};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

on_both!(
    alone_a_node_gets_everything_and_a_second_one_what_the_first_gives_back,
    a_node_that_was_forgotten_holds_nothing_and_gets_nothing,
    what_is_booked_after_the_mark_is_counted_even_when_the_ledger_was_asked_before,
    nodes_at_once_never_pass_the_limit,
    an_alert_is_raised_once_on_all_nodes,
    budgets_come_back_and_are_new_generations,
    meters_that_ended_are_swept,
);

const ALL: Amount = Amount { bytes: u64::MAX, rows: u64::MAX };

fn bytes(bytes: u64) -> Amount {
    Amount { bytes, rows: bytes }
}

async fn draw(db: &Db, node: &str, limit: Amount, used: Amount, want: Amount) -> Result<Drawn, StoreError> {
    let node = node.to_owned();
    db.tx("draw", move |conn| {
        let mark = shares::mark(conn, "m")?;
        shares::draw(conn, &Draw { node, meter: "m".to_owned(), limit, used, mark, want, ends_at: None })
    })
    .await
}

async fn book(db: &Db, node: &str, used: Amount, back: Amount) {
    let node = node.to_owned();
    let booking = Booking { meter: "m".to_owned(), used, back };
    db.tx("book", move |conn| shares::book(conn, &node, &[booking])).await.unwrap();
}

async fn beat(db: &Db, node: &str) -> shares::Beat {
    let node = node.to_owned();
    db.tx("beat", move |conn| shares::beat(conn, &node)).await.unwrap()
}

async fn alone_a_node_gets_everything_and_a_second_one_what_the_first_gives_back(place: Arc<Place>) {
    let db = place.db().await;
    let limit = bytes(100 << 20);
    assert_eq!(beat(&db, "a").await, shares::Beat { live: 1, known: false });
    assert_eq!(draw(&db, "a", limit, Amount::ZERO, Amount::ZERO).await.unwrap().given, limit);
    assert_eq!(beat(&db, "b").await.live, 2);
    assert_eq!(draw(&db, "b", limit, Amount::ZERO, bytes(1)).await.unwrap().given, Amount::ZERO);
    book(&db, "a", bytes(10 << 20), bytes(40 << 20)).await;
    // Forty are free; ten are in the ledger now, fifty are with the first node still.
    let drawn = draw(&db, "b", limit, bytes(10 << 20), bytes(30 << 20)).await.unwrap();
    assert_eq!(drawn, Drawn { given: bytes(30 << 20), left: bytes(10 << 20) });
    assert_eq!(beat(&db, "a").await, shares::Beat { live: 2, known: true });
}

async fn a_node_that_was_forgotten_holds_nothing_and_gets_nothing(place: Arc<Place>) {
    let db = place.db().await;
    let limit = bytes(1_000);
    for node in ["a", "b"] {
        beat(&db, node).await;
    }
    draw(&db, "a", limit, Amount::ZERO, bytes(900)).await.unwrap();
    // As after a long silence: its clock is the database's.
    db.tx("age", |conn| shares::forget(conn, "a")).await.unwrap();
    let late = draw(&db, "a", limit, Amount::ZERO, bytes(1)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    book(&db, "a", Amount::ZERO, ALL).await;
    assert_eq!(draw(&db, "b", limit, Amount::ZERO, limit).await.unwrap().given, limit);
    assert!(!beat(&db, "a").await.known);
}

async fn what_is_booked_after_the_mark_is_counted_even_when_the_ledger_was_asked_before(place: Arc<Place>) {
    let db = place.db().await;
    let limit = bytes(10 << 20);
    for node in ["a", "b"] {
        beat(&db, node).await;
    }
    let held = draw(&db, "a", limit, Amount::ZERO, bytes(6 << 20)).await.unwrap().given;
    let mark = db.read("mark", |conn| shares::mark(conn, "m")).await.unwrap();
    // `b` has asked the ledger: nothing used. Now `a` books all it held.
    book(&db, "a", held, Amount::ZERO).await;
    let asked = Draw {
        node: "b".to_owned(),
        meter: "m".to_owned(),
        limit,
        used: Amount::ZERO,
        mark,
        want: limit,
        ends_at: None,
    };
    let given = db.tx("draw", move |conn| shares::draw(conn, &asked)).await.unwrap().given;
    assert_eq!(given, limit.minus(held));
}

/// Draws, spends, records and books as a node does, with the real ledger, until nothing is left.
async fn work(db: Db, ledger: Ledger, node: String, limit: Amount, spent: Arc<AtomicU64>) {
    let mut share = Budget::new(Amount::ZERO, Amount::ZERO);
    let by = UsedBy { grant: Some("grt_1".to_owned()), ..UsedBy::default() };
    for round in 0_u64.. {
        beat(&db, &node).await;
        let mark = db.read("mark", |conn| shares::mark(conn, "m")).await.unwrap();
        let used = ledger.used(by.clone()).await.unwrap();
        let draw = Draw { node: node.clone(), meter: "m".to_owned(), limit, used, mark, want: bytes(1), ends_at: None };
        let drawn = db.tx("draw", move |conn| shares::draw(conn, &draw)).await.unwrap();
        share.grow(drawn.given);
        if share.remaining().bytes == 0 {
            return;
        }
        let piece = Amount { bytes: (share.remaining().bytes / 3).max(1), rows: 0 };
        let reservation = share.reserve(piece).unwrap();
        let outcome = Entry {
            grant: Some("grt_1".to_owned()),
            bytes: Some(piece.bytes),
            rows: Some(piece.rows),
            status: Some(Status::Completed),
            ..Entry::new(Kind::Outcome, "data.read_rows", 0, [u8::try_from(round % 256).unwrap(); 16])
        };
        ledger.append(outcome).await.unwrap();
        share.settle(reservation, piece);
        spent.fetch_add(piece.bytes, Ordering::SeqCst);
        let (used, back) = (share.used(), share.shrink(bytes(round % 3 * 1_000)));
        book(&db, &node, used, back).await;
        share.book(used);
    }
}

async fn nodes_at_once_never_pass_the_limit(place: Arc<Place>) {
    let (db, ledger) = (place.db().await, place.open_ledger());
    let limit = bytes(20 << 20);
    let spent = Arc::new(AtomicU64::new(0));
    for node in ["a", "b", "c"] {
        beat(&db, node).await;
    }
    let nodes = ["a", "b", "c"]
        .map(|node| tokio::spawn(work(db.clone(), ledger.clone(), node.to_owned(), limit, Arc::clone(&spent))));
    for node in nodes {
        node.await.unwrap();
    }
    // All of it was spent, and not a byte more.
    assert_eq!(spent.load(Ordering::SeqCst), limit.bytes);
}

async fn an_alert_is_raised_once_on_all_nodes(place: Arc<Place>) {
    let db = place.db().await;
    beat(&db, "a").await;
    draw(&db, "a", bytes(10), Amount::ZERO, Amount::ZERO).await.unwrap();
    for (level, news) in [(80, true), (80, false), (90, true), (80, false)] {
        let raised = db.tx("alert", move |conn| shares::raise_alert(conn, "m", level)).await.unwrap();
        assert_eq!(raised, news, "{level}");
    }
    db.tx("clear", |conn| shares::clear_alert(conn, "m")).await.unwrap();
    assert!(db.tx("alert", |conn| shares::raise_alert(conn, "m", 80)).await.unwrap());
}

async fn budgets_come_back_and_are_new_generations(place: Arc<Place>) {
    let db = place.db().await;
    let subject = BudgetSubject::Dataset(Name::parse("cohort").unwrap());
    let rule = |period| BudgetRule { subject: subject.clone(), period, limit: bytes(7) };
    for period in Period::ALL {
        let rule = rule(period);
        let expected = rule.clone();
        let before = db.read("generation", mudeung_store::snapshot::generation).await.unwrap();
        db.tx("set", move |conn| mudeung_store::budgets::set_budget(conn, &rule)).await.unwrap();
        let snapshot = db.read("load", mudeung_store::snapshot::load).await.unwrap();
        assert!(snapshot.generation > before);
        assert_eq!(snapshot.budgets.values().collect::<Vec<_>>(), vec![&expected]);
    }
    let gone = subject.clone();
    db.tx("delete", move |conn| mudeung_store::budgets::delete_budget(conn, &gone)).await.unwrap();
    let again = db.tx("delete", move |conn| mudeung_store::budgets::delete_budget(conn, &subject)).await;
    assert!(matches!(again, Err(StoreError::NotFound { what: "budget" })));
}

async fn meters_that_ended_are_swept(place: Arc<Place>) {
    let db = place.db().await;
    beat(&db, "a").await;
    let ends_at = Some(Timestamp::from_seconds(100));
    let ask = move |conn: &mut mudeung_store::Conn| {
        let mark = shares::mark(conn, "day")?;
        let (node, meter, want) = ("a".to_owned(), "day".to_owned(), Amount::ZERO);
        shares::draw(conn, &Draw { node, meter, limit: bytes(5), used: Amount::ZERO, mark, want, ends_at })
    };
    assert_eq!(db.tx("draw", ask).await.unwrap().given, bytes(5));
    assert_eq!(db.tx("draw", ask).await.unwrap().given, Amount::ZERO);
    db.tx("sweep", |conn| shares::sweep(conn, Timestamp::from_seconds(100))).await.unwrap();
    assert_eq!(db.tx("draw", ask).await.unwrap().given, Amount::ZERO, "it ends at that moment, not before");
    db.tx("sweep", |conn| shares::sweep(conn, Timestamp::from_seconds(101))).await.unwrap();
    assert_eq!(db.tx("draw", ask).await.unwrap().given, bytes(5));
}
