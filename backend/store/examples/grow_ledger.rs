//! Gives a ledger a past: `grow_ledger OLD NEW READERS ENTRIES DAYS` writes a new SQLite ledger at NEW with ENTRIES entries of reads
//! in the DAYS before the first entry of the ledger at OLD, and after them the entries of OLD, each with its links.
//!
//! READERS is a file with a line for each grant: organization, app, grant, dataset, tier. Who reads, reads some times in a
//! row. Everything goes through the ledger itself, so tree, tiles, search columns and usage are those of any other.

use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::error::Error;
use std::io::Write;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Reads whose INTENTs come before the first of their OUTCOMEs.
const TOGETHER: u64 = 256;
/// Reads in a row by one reader.
const IN_A_ROW: u64 = 16;
/// Entries between two lines of progress.
const REPORT: u64 = 500_000;
const DAY_US: i64 = 86_400_000_000;
/// How long after its INTENT an OUTCOME is written, in microseconds.
const TAKES_US: i64 = 40_000;

/// Who may read, by which grant.
struct Reader {
    organization: String,
    app: String,
    grant: String,
    dataset: String,
    tier: String,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [old, new, readers, entries, days] = arguments.as_slice() else {
        return Err("grow_ledger OLD NEW READERS ENTRIES DAYS".into());
    };
    let readers = read_readers(&std::fs::read_to_string(readers)?)?;
    let reads = entries.parse::<u64>()? / 2;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    runtime.block_on(async {
        let old = read_old(old).await?;
        let until = old.first().map_or(0, |entry| entry.time_us);
        let step = days.parse::<i64>()? * DAY_US / i64::try_from(reads.max(1))?;
        Ledger::migrate(new)?;
        let options = LedgerOptions { batch_entries_max: 1_024, ..LedgerOptions::default() };
        let ledger = Ledger::open(new, options)?;
        let begin = until.saturating_sub(step * i64::try_from(reads)?);
        write_past(&ledger, &readers, reads, |number| begin.saturating_add(step.saturating_mul(number))).await?;
        for entry in old {
            ledger.append(moved(entry, reads * 2)).await?;
        }
        while ledger.indexed().await? < ledger.head().await?.size {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        ledger.close().await;
        Ok(())
    })
}

fn read_readers(text: &str) -> Outcome<Vec<Reader>> {
    let each = |line: &str| {
        let parts: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let [organization, app, grant, dataset, tier] =
            <[String; 5]>::try_from(parts).map_err(|parts| format!("a reader has five words: {parts:?}"))?;
        Ok(Reader { organization, app, grant, dataset, tier })
    };
    let readers = text.lines().map(each).collect::<Outcome<Vec<Reader>>>()?;
    if readers.is_empty() { Err("nobody reads".into()) } else { Ok(readers) }
}

async fn read_old(url: &str) -> Outcome<Vec<Entry>> {
    let ledger = Ledger::open(url, LedgerOptions::default())?;
    let mut entries = Vec::new();
    for index in 0..ledger.head().await?.size {
        entries.push(ledger.entry(index).await?.ok_or("an entry was given up")?);
    }
    Ok(entries)
}

/// An entry with its links after `offset` entries were put before it.
fn moved(entry: Entry, offset: u64) -> Entry {
    let link = |to: Option<u64>| to.map(|index| index + offset);
    Entry { intent: link(entry.intent), listing: link(entry.listing), ..entry }
}

/// Only this process writes, so an entry's index is known before it is there; the size at the end shows that it was so.
async fn write_past(ledger: &Ledger, readers: &[Reader], reads: u64, at: impl Fn(i64) -> i64) -> Outcome<()> {
    let start = std::time::Instant::now();
    let mut first = 0_u64;
    while first < reads {
        let group = first..(first + TOGETHER).min(reads);
        let length = group.end - group.start;
        let read = |number: u64| {
            let entry = intent(readers, number, at(i64::try_from(number).unwrap_or(0)));
            entry.ok_or("a reader is missing")
        };
        for number in group.clone() {
            ledger.append_detached(read(number)?);
        }
        for number in group {
            // Before this group there are two entries for each read.
            ledger.append_detached(outcome(read(number)?, number, number + first));
        }
        ledger.flush().await;
        let written = (first + length) * 2;
        if written / REPORT > first * 2 / REPORT {
            writeln!(std::io::stdout(), "{written} entries after {:.0} s", start.elapsed().as_secs_f64())?;
        }
        first += length;
    }
    let size = ledger.head().await?.size;
    if size == reads * 2 { Ok(()) } else { Err(format!("{size} entries in place of {}", reads * 2).into()) }
}

/// The INTENT of a read, with the fields that one has.
fn intent(readers: &[Reader], number: u64, time_us: i64) -> Option<Entry> {
    let reader = readers.get(usize::try_from(mixed(number / IN_A_ROW)).ok()? % readers.len())?;
    let operation = match number % IN_A_ROW {
        0 => "oauth.issue_token",
        1 | 2 => "data.list_files",
        3..=9 => "data.read_file",
        15 => "query.run",
        _ => "data.read_rows",
    };
    let nonce = (u128::from(mixed(number)) << 64 | u128::from(mixed(!number))).to_le_bytes();
    let entry = Entry {
        app: Some(reader.app.clone()),
        organization: Some(reader.organization.clone()),
        token: Some(format!("{:032x}", mixed(number / IN_A_ROW))),
        ..Entry::new(Kind::Intent, operation, time_us, nonce)
    };
    if operation == "oauth.issue_token" {
        return Some(entry);
    }
    Some(Entry {
        grant: Some(reader.grant.clone()),
        dataset: Some(reader.dataset.clone()),
        tier: Some(reader.tier.clone()),
        version: Some(1),
        table: Some("patient".to_owned()),
        purpose: Some("DUO:0000042".to_owned()),
        trace: Some(format!("{:032x}", u128::from(mixed(number)))),
        ..entry
    })
}

/// The OUTCOME of a read: one in fifty is refused, one in a hundred breaks off.
fn outcome(intent: Entry, number: u64, index: u64) -> Entry {
    let chance = mixed(number ^ 0x5555) % 100;
    let status = match chance {
        0 | 1 => Status::Denied,
        2 => Status::Aborted,
        _ => Status::Completed,
    };
    let bytes = intent.grant.is_some().then_some(1_000 + mixed(number) % 1_000_000);
    let nonce = u128::from(mixed(number ^ 0xaaaa)).to_le_bytes();
    let outcome = Entry::new(Kind::Outcome, &intent.operation, intent.time_us + TAKES_US, nonce);
    Entry {
        intent: Some(index),
        status: Some(status),
        bytes: bytes.filter(|_| status != Status::Denied),
        rows: (intent.operation == "data.read_rows").then_some(chance),
        app: intent.app,
        organization: intent.organization,
        token: intent.token,
        grant: intent.grant,
        dataset: intent.dataset,
        tier: intent.tier,
        version: intent.version,
        table: intent.table,
        ..outcome
    }
}

/// Numbers that look like chance and are the same each time (splitmix64).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
