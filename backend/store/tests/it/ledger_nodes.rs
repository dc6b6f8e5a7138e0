//! Several processes on one ledger: each closes the INTENTs of those that are gone, and of nobody else.

use crate::place::{Place, Raw, execute, on_both};
use crate::samples::{NOW, intent, outcome};
use mudeung_core::clock::{CountingEntropy, ManualClock};
use mudeung_store::ledger::{EntryFilter, Ledger, LedgerOptions, VerifyReport};
use mudeung_wire::ledger::entry::Status;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

on_both!(
    a_killed_nodes_intents_are_closed_by_its_peer_and_not_before,
    a_node_that_was_not_seen_for_half_a_minute_is_gone_and_may_come_back,
    several_peers_close_an_intent_once,
    a_node_that_stopped_leaves_no_row,
    an_intent_whose_caller_went_away_is_closed_by_its_own_node,
    an_idle_node_is_seen_again_and_again,
    an_edited_node_changes_nothing_that_verify_says,
);

/// Comes before the address in the arguments of the process to be killed; the test runner takes it for a filter.
const MARK: &str = "open-three-and-wait:";

async fn reconcile(ledger: &Ledger) -> u64 {
    let (clock, entropy) = (ManualClock::at(NOW), CountingEntropy::default());
    ledger.reconcile(&clock, &entropy).await.unwrap()
}

async fn verified(ledger: &Ledger) -> VerifyReport {
    ledger.verify(|_, _| {}).await.unwrap()
}

fn age_nodes(place: &Place) {
    execute(&place.ledger, "UPDATE node SET seen_at = seen_at - 31000000");
}

fn nodes(place: &Place) -> Vec<String> {
    Raw::open(&place.ledger).texts("SELECT CAST(seen_at AS TEXT) AS value FROM node")
}

async fn a_killed_nodes_intents_are_closed_by_its_peer_and_not_before(place: Arc<Place>) {
    let peer = place.open_ledger();
    let own = peer.append(intent(900, "app_1")).await.unwrap().index;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "ledger_nodes::the_process_that_opens_and_waits"]);
    command.arg(format!("{MARK}{}", place.ledger));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("opened")), "it opens its INTENTs");
    assert_eq!(reconcile(&peer).await, 0, "it lives");
    child.kill().unwrap();
    child.wait().unwrap();
    if !place.is_sqlite() {
        assert_eq!(reconcile(&peer).await, 0, "it was seen just now");
        age_nodes(&place);
    }
    assert_eq!(reconcile(&peer).await, 3);
    assert_eq!(reconcile(&peer).await, 0);
    assert_eq!(verified(&peer).await.open_intents, 1, "its own is not for it to close");
    peer.append(outcome(901, "app_1", own, 1, 1)).await.unwrap();
    assert_eq!(verified(&peer).await.open_intents, 0);
}

/// Only does something in the process that the test above starts.
#[test]
fn the_process_that_opens_and_waits() {
    let Some(url) = std::env::args().find_map(|argument| argument.strip_prefix(MARK).map(str::to_owned)) else {
        return;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = Ledger::open(&url, LedgerOptions::default()).unwrap();
        for n in 0..3 {
            ledger.append(intent(n, "app_1")).await.unwrap();
        }
        std::io::stdout().lock().write_all(b"opened\n").unwrap();
        // Until it is killed: nobody writes to it.
        let _ = std::io::stdin().lock().read(&mut [0]);
    });
}

async fn a_node_that_was_not_seen_for_half_a_minute_is_gone_and_may_come_back(place: Arc<Place>) {
    let [slow, peer] = [place.open_ledger(), place.open_ledger()];
    let index = slow.append(intent(0, "app_1")).await.unwrap().index;
    assert_eq!(reconcile(&peer).await, 0);
    age_nodes(&place);
    assert_eq!(reconcile(&peer).await, 1);
    assert_eq!(peer.entry(1).await.unwrap().unwrap().status, Some(Status::Unknown));
    // Its word comes late, and is heard.
    slow.append(outcome(1, "app_1", index, 5, 50)).await.unwrap();
    assert_eq!(verified(&peer).await.open_intents, 0);
}

async fn several_peers_close_an_intent_once(place: Arc<Place>) {
    let gone = place.open_ledger();
    for n in 0..40 {
        gone.append(intent(n, "app_1")).await.unwrap();
    }
    gone.close().await;
    let peers = [place.open_ledger(), place.open_ledger(), place.open_ledger()];
    let closed = tokio::join!(reconcile(&peers[0]), reconcile(&peers[1]), reconcile(&peers[2]));
    assert_eq!(closed.0 + closed.1 + closed.2, 40);
    let entries = peers[0].entries(EntryFilter::default(), None, 1_000).await.unwrap();
    assert_eq!(entries.iter().filter(|(_, entry)| entry.status == Some(Status::Unknown)).count(), 40);
    assert_eq!(verified(&peers[0]).await.open_intents, 0);
}

async fn a_node_that_stopped_leaves_no_row(place: Arc<Place>) {
    let ledger = place.open_ledger();
    assert!(nodes(&place).is_empty(), "a process that only reads is no node");
    let index = ledger.append(intent(0, "app_1")).await.unwrap().index;
    assert_eq!(nodes(&place).len(), 1);
    ledger.append_detached(outcome(1, "app_1", index, 1, 1));
    ledger.close().await;
    assert!(nodes(&place).is_empty());
    if place.is_sqlite() {
        let folder = std::fs::read_dir(place.ledger_file().parent().unwrap()).unwrap();
        let left = folder.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("-node-"));
        assert_eq!(left.count(), 0);
    }
}

async fn an_intent_whose_caller_went_away_is_closed_by_its_own_node(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let kept = ledger.append(intent(0, "app_1")).await.unwrap().index;
    {
        let append = ledger.append(intent(1, "app_1"));
        tokio::pin!(append);
        // Asked once, so that it is on its way, and never again.
        let asked = std::future::poll_fn(|context| std::task::Poll::Ready(append.as_mut().poll(context)));
        assert!(asked.await.is_pending());
        while ledger.head().await.unwrap().size < 2 {
            tokio::task::yield_now().await;
        }
    }
    // The committer may be about to answer: a second entry is answered after the first.
    ledger.append(outcome(2, "app_1", kept, 1, 1)).await.unwrap();
    assert_eq!(reconcile(&ledger).await, 1);
    assert_eq!(verified(&ledger).await.open_intents, 0);
}

async fn an_idle_node_is_seen_again_and_again(place: Arc<Place>) {
    let ledger = place.open_ledger();
    ledger.append(intent(0, "app_1")).await.unwrap();
    execute(&place.ledger, "UPDATE node SET seen_at = 1");
    let start = std::time::Instant::now();
    while nodes(&place) == ["1"] {
        assert!(start.elapsed().as_secs() < 20, "it is not seen again");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(nodes(&place).len(), 1);
}

async fn an_edited_node_changes_nothing_that_verify_says(place: Arc<Place>) {
    let ledger = place.open_ledger();
    ledger.append(intent(0, "app_1")).await.unwrap();
    let before = verified(&ledger).await;
    let on = if place.is_sqlite() { "" } else { " ON entry" };
    execute(&place.ledger, &format!("DROP TRIGGER entry_never_changes{on}; UPDATE entry SET node = 7"));
    assert_eq!((verified(&ledger).await, before.open_intents), (before.clone(), 1));
    // The access is called unknown, which is a true entry of its own; the INTENT stays what it was.
    assert_eq!(reconcile(&ledger).await, 1);
    assert_eq!(verified(&ledger).await.head.size, 2);
}
