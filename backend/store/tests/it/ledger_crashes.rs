//! Crashes: a process that is killed while it appends loses nothing that it acknowledged.

use crate::place::{Place, execute, on_both};
use crate::samples::{NOW, intent, outcome};
use mudeung_core::clock::{CountingEntropy, ManualClock};
use mudeung_store::ledger::{Ledger, LedgerOptions};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

on_both!(a_killed_process_loses_no_acknowledged_entry);

/// Comes before the address in the arguments of the process to be killed; the test runner takes it for a filter.
const MARK: &str = "append-until-killed:";

/// How often a process is killed. For a longer drill say it to the runner, which takes it for a filter:
/// `cargo test -p mudeung-store -- killed_process crash-rounds:1000`.
const ROUNDS: usize = 12;
/// After the first rounds all of the ledger is recomputed so often only, because it takes as long as the ledger is.
const VERIFY_EVERY: usize = 50;

fn rounds() -> usize {
    let said = std::env::args().find_map(|argument| argument.strip_prefix("crash-rounds:")?.parse().ok());
    said.unwrap_or(ROUNDS)
}

/// Kills one process after another, each at another point of its work.
async fn a_killed_process_loses_no_acknowledged_entry(place: Arc<Place>) {
    let mut acknowledged: BTreeMap<u64, String> = BTreeMap::new();
    let (clock, entropy) = (ManualClock::at(NOW), CountingEntropy::default());
    let rounds = rounds();
    for round in 0..rounds {
        let heard = append_until_killed(&place, round);
        assert!(heard.keys().all(|index| !acknowledged.contains_key(index)), "an index was given twice");
        let ledger = place.open_ledger();
        all_there(&ledger, &heard).await;
        acknowledged.extend(heard);
        if !place.is_sqlite() {
            // SQLite's nodes are known to be dead by their locks; here half a minute must have passed.
            assert_eq!(ledger.reconcile(&clock, &entropy).await.unwrap(), 0);
            execute(&place.ledger, "UPDATE node SET seen_at = seen_at - 31000000");
        }
        let is_last = round + 1 == rounds;
        if round < ROUNDS || round % VERIFY_EVERY == 0 || is_last {
            let open = ledger.verify(|_, _| {}).await.unwrap().open_intents;
            assert_eq!(ledger.reconcile(&clock, &entropy).await.unwrap(), open);
            assert_eq!(ledger.verify(|_, _| {}).await.unwrap().open_intents, 0);
        } else {
            ledger.reconcile(&clock, &entropy).await.unwrap();
        }
        if is_last {
            all_there(&ledger, &acknowledged).await;
        }
    }
    println!("{rounds} processes killed, {} entries acknowledged, none lost", acknowledged.len());
}

/// Each entry is at the index that was acknowledged.
async fn all_there(ledger: &Ledger, acknowledged: &BTreeMap<u64, String>) {
    for (index, token) in acknowledged {
        let entry = ledger.entry(*index).await.unwrap();
        assert_eq!(entry.and_then(|entry| entry.token).as_deref(), Some(token.as_str()), "entry {index}");
    }
}

/// Lets a process append and kills it; answers what it acknowledged.
fn append_until_killed(place: &Place, round: usize) -> BTreeMap<u64, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "ledger_crashes::the_process_that_is_killed"]);
    command.arg(format!("{MARK}{round}:{}", place.ledger));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (mut heard, mut killed) = (BTreeMap::new(), false);
    for line in lines {
        // A line that the kill cut short has no full stop.
        let Some((index, token)) =
            line.strip_prefix("acknowledged ").and_then(|l| l.strip_suffix('.')?.split_once(' '))
        else {
            continue;
        };
        assert_eq!(heard.insert(index.parse().unwrap(), token.to_owned()), None, "{index} was given twice");
        if heard.len() > round * 53 % 400 && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(killed, "it was alive until then");
    heard
}

/// Only does something in the process that the test above starts.
#[test]
fn the_process_that_is_killed() {
    let Some(argument) = std::env::args().find_map(|argument| argument.strip_prefix(MARK).map(str::to_owned)) else {
        return;
    };
    let (round, url) = argument.split_once(':').unwrap();
    let first = (round.parse::<u64>().unwrap() + 1) * 10_000_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(url, LedgerOptions::default()).unwrap();
        let mut tasks = Vec::new();
        for task in 0..32 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move {
                for n in 0..10_000 {
                    let id = first + task * 100_000 + n * 2;
                    let opened = ledger.append(intent(id, "app_1")).await.unwrap();
                    say(opened.index, id);
                    ledger.append_detached(outcome(id + 1, "app_1", opened.index, 1, 1));
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn say(index: u64, id: u64) {
    // One write for the whole line, so that lines of two tasks never mix. Nobody listens any more after the kill.
    let _ = std::io::stdout().lock().write_all(format!("acknowledged {index} tok_{id}.\n").as_bytes());
}
