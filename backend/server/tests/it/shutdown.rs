//! A server that is told to stop finishes what is under way and leaves nothing open.

use crate::app::TestApp;
use mudeung_store::{Db, EntryFilter, Ledger, LedgerOptions, credentials};
use mudeung_wire::ledger::entry::Kind;

#[tokio::test]
async fn stopping_closes_every_open_read_and_writes_the_books() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let path = format!("/v1/files/{}", app.fixture.synthetic_file);
    for range in ["bytes=0-99", "bytes=100-199"] {
        let answer = app.get(&path).bearer_auth(&token).header("range", range).send().await.unwrap();
        assert_eq!(answer.status(), 206);
        assert_eq!(answer.bytes().await.unwrap().len(), 100);
    }
    let credential = app.fixture.reader_credential;
    let folder = app.stop().await;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let ledger = Ledger::open(&file("ledger.sqlite"), LedgerOptions::default()).unwrap();
    let entries = ledger.entries(EntryFilter::default(), None, 100).await.unwrap();
    let opened: Vec<u64> =
        entries.iter().filter(|(_, entry)| entry.kind == Kind::Intent).map(|(index, _)| *index).collect();
    let mut closed: Vec<u64> = entries.iter().filter_map(|(_, entry)| entry.intent).collect();
    closed.sort_unstable_by(|a, b| b.cmp(a));
    assert!(!opened.is_empty());
    assert_eq!(opened, closed, "every INTENT has its OUTCOME");
    let (size, _) = ledger.latest_checkpoint().await.unwrap().unwrap();
    assert_eq!(size, ledger.head().await.unwrap().size, "the last entries are under a checkpoint");
    let db = Db::open(&file("control.sqlite")).await.unwrap();
    let stored = db.read("look", move |conn| credentials::find_credential(conn, credential)).await.unwrap();
    assert!(stored.unwrap().last_used_at.is_some());
}
