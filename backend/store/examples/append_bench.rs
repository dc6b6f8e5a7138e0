//! Measures durable appends: `append_bench ledger|file FOLDER CALLERS SECONDS` prints one line of JSON.
//!
//! `ledger` appends full entries to a new SQLite ledger, or to the one at FOLDER when that is a `postgres://` address; `file` appends the same bytes to a bare file with one
//! `fdatasync` for all callers that wait, which is the least that durability costs on a machine.

use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What appends go to.
#[derive(Clone)]
enum Target {
    Ledger(Ledger),
    File(Sender<Waiting>),
}

/// Bytes on their way to the bare file, and who waits for them.
struct Waiting {
    bytes: Vec<u8>,
    durable: oneshot::Sender<()>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, folder, callers, seconds] = arguments.as_slice() else {
        return Err("append_bench ledger|file FOLDER CALLERS SECONDS".into());
    };
    let target = open(kind, Path::new(folder))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let callers: u64 = callers.parse()?;
    let (mut times, took) =
        runtime.block_on(measure(target.clone(), callers, Duration::from_secs(seconds.parse()?)))?;
    let indexing = runtime.block_on(catch_up(&target))?;
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0, Duration::as_micros);
    let per_second = u128::try_from(times.len())? * 1_000_000 / took.as_micros();
    writeln!(
        std::io::stdout(),
        r#"{{"appends":{},"appends_per_second":{per_second},"p50_us":{},"p99_us":{},"indexed_after_us":{}}}"#,
        times.len(),
        at(50),
        at(99),
        indexing.as_micros(),
    )?;
    Ok(())
}

fn open(kind: &str, folder: &Path) -> Outcome<Target> {
    match kind {
        "ledger" => {
            let url = match folder.to_str() {
                Some(url) if url.starts_with("postgres://") => url.to_owned(),
                _ => folder.join("ledger.sqlite").display().to_string(),
            };
            Ledger::migrate(&url)?;
            Ok(Target::Ledger(Ledger::open(&url, LedgerOptions::default())?))
        }
        "file" => {
            let file = File::create(folder.join("bare"))?;
            let (sender, receiver) = channel();
            std::thread::spawn(move || commit_groups(file, &receiver));
            Ok(Target::File(sender))
        }
        other => Err(format!("{other} is neither `ledger` nor `file`").into()),
    }
}

/// Whoever arrives during one `fdatasync` is in the next: no timer.
fn commit_groups(mut file: File, queue: &Receiver<Waiting>) -> Outcome<()> {
    while let Ok(first) = queue.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(queue.try_iter()).collect();
        let bytes: Vec<u8> = group.iter().flat_map(|waiting| waiting.bytes.iter().copied()).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
        for waiting in group {
            // A caller that went away at the end of the measurement needs no answer.
            let _ = waiting.durable.send(());
        }
    }
    Ok(())
}

/// Every append's time, and how long all took.
async fn measure(target: Target, callers: u64, duration: Duration) -> Outcome<(Vec<Duration>, Duration)> {
    let start = Instant::now();
    let target = Arc::new(target);
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let target = Arc::clone(&target);
            tokio::spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < duration {
                    let begin = Instant::now();
                    append(&target, entry(caller, times.len())).await?;
                    times.push(begin.elapsed());
                }
                Outcome::Ok(times)
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await??);
    }
    Ok((all, start.elapsed()))
}

/// How long it takes until every entry is in the search columns.
async fn catch_up(target: &Target) -> Outcome<Duration> {
    let start = Instant::now();
    if let Target::Ledger(ledger) = target {
        while ledger.indexed().await? < ledger.head().await?.size {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(start.elapsed())
}

async fn append(target: &Target, entry: Entry) -> Outcome<()> {
    match target {
        Target::Ledger(ledger) => {
            ledger.append(entry).await?;
        }
        Target::File(queue) => {
            let (durable, is_durable) = oneshot::channel();
            queue.send(Waiting { bytes: entry.to_bytes()?, durable })?;
            is_durable.await?;
        }
    }
    Ok(())
}

/// An INTENT as a data request leaves it, with every field that one has.
fn entry(caller: u64, number: usize) -> Entry {
    let text = |prefix: &str| Some(format!("{prefix}_01jd8x3k5m7n9p1q3r5s7t9v{caller:02}"));
    let nonce = (u128::from(caller) << 64 | u128::try_from(number).unwrap_or_default()).to_le_bytes();
    Entry {
        app: text("app"),
        organization: text("org"),
        credential: text("crd"),
        token: text("tok"),
        grant: text("grt"),
        file: text("fil"),
        purpose: Some("DUO:0000042".to_owned()),
        dataset: Some("support2".to_owned()),
        tier: Some("deidentified".to_owned()),
        version: Some(1),
        table: Some("stay".to_owned()),
        columns: Some(["person_id", "age", "sex", "days", "death"].map(str::to_owned).to_vec()),
        trace: Some(format!("{caller:016x}{number:016x}")),
        ..Entry::new(Kind::Intent, "data.read_rows", 1_700_000_000_000_000, nonce)
    }
}
