//! Years of the ledger: one that is over is closed with the checkpoint it ends with, once, and the next begins there.

use crate::app::TestApp;
use mudeung_server::ledger::publisher;
use mudeung_server::ledger::years::{closed_years, end_of};
use mudeung_wire::api::{LedgerYear, Page};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::year::{CLOSE_YEAR, YearEnd};
use std::time::{Duration, Instant};

async fn years(app: &TestApp) -> Vec<LedgerYear> {
    let page: Page<LedgerYear> = app.get("/ledger/years").send().await.unwrap().json().await.unwrap();
    assert_eq!(page.next_cursor, None);
    page.items
}

/// Waits until so many years are closed.
async fn closed(app: &TestApp, count: usize) -> Vec<LedgerYear> {
    let began = Instant::now();
    loop {
        let years = years(app).await;
        if years.len() >= count {
            return years;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{years:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the publisher has gone round once more.
async fn one_round(app: &TestApp) {
    app.token(&app.fixture.reader).await;
    let size = app.entry_count().await;
    while app.state().published.latest().is_none_or(|note| note.size < size) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_year_that_is_over_is_closed_once_and_the_next_begins_where_it_ended() {
    let app = TestApp::start().await;
    one_round(&app).await;
    app.clock.set(end_of(2026).unwrap().plus(Duration::from_secs(5)));
    let [first] = closed(&app, 1).await.try_into().unwrap();
    assert_eq!((first.year, first.from), (2026, 0));
    assert!(first.until <= first.entry);
    let checkpoint = Checkpoint::verify(&first.checkpoint, &publisher::verifier(app.state())).unwrap();
    assert_eq!(checkpoint.size, first.until);
    assert_eq!(app.state().ledger.root_at(first.until).await.unwrap(), Some(checkpoint.root));
    let entry = app.state().ledger.entry(first.entry).await.unwrap().unwrap();
    assert_eq!(
        (entry.operation.as_str(), entry.kind, entry.status),
        (CLOSE_YEAR, Kind::Outcome, Some(Status::Completed))
    );

    // Neither the next round nor a new process closes it again.
    one_round(&app).await;
    let app = app.restart().await;
    one_round(&app).await;
    one_round(&app).await;
    assert_eq!(years(&app).await.len(), 1);
    // A second word about a year, as of a node that was as fast, changes nothing.
    let late = YearEnd { checkpoint: first.checkpoint.clone(), until: first.until, year: 2026 };
    let late = Entry {
        detail: Some(late.to_detail().unwrap()),
        status: Some(Status::Completed),
        ..Entry::new(Kind::Outcome, CLOSE_YEAR, entry.time_us, [9; 16])
    };
    app.state().ledger.append(late).await.unwrap();
    assert_eq!(closed_years(&app.state().ledger).await.unwrap().len(), 1);

    app.clock.set(end_of(2027).unwrap());
    let [_, second] = closed(&app, 2).await.try_into().unwrap();
    assert_eq!((second.year, second.from), (2027, first.until));
    assert!(second.until > first.entry);
    assert_eq!(app.state().ledger.verify(|_, _| {}).await.unwrap().years, 3, "with the late one");
}

#[tokio::test]
async fn a_ledger_that_began_this_year_closes_none() {
    let app = TestApp::start().await;
    one_round(&app).await;
    one_round(&app).await;
    assert_eq!(years(&app).await, []);
}
