//! Measures proofs: `proof_bench FOLDER ENTRIES SAMPLES` prints one line of JSON.
//!
//! The tree is put into a new SQLite ledger directly: all its full tiles, its head, and the rows of the last 65,536
//! entries, which is more than any proof reads.

use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::tile::{TILE_HEIGHT, TILE_WIDTH};
use mudeung_wire::ledger::tree::{CompactRange, Hash, leaf_hash, verify_consistency, verify_inclusion};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Entries whose rows are there.
const ROWS: u64 = 65_536;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, entries, samples] = arguments.as_slice() else {
        return Err("proof_bench FOLDER ENTRIES SAMPLES".into());
    };
    let url = Path::new(folder).join("ledger.sqlite").display().to_string();
    let size: u64 = entries.parse()?;
    Ledger::migrate(&url)?;
    let root = build(&url, size)?;
    let ledger = Ledger::open(&url, LedgerOptions::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let (inclusion, consistency) = runtime.block_on(measure(&ledger, size, root, samples.parse()?))?;
    writeln!(
        std::io::stdout(),
        r#"{{"entries":{size},"prove":{},"prove_consistency":{}}}"#,
        figures(inclusion),
        figures(consistency),
    )?;
    Ok(())
}

fn build(url: &str, size: u64) -> Outcome<Hash> {
    let mut conn = SqliteConnection::establish(url)?;
    conn.batch_execute("PRAGMA synchronous = OFF; BEGIN")?;
    let mut range = CompactRange::default();
    let mut partial: BTreeMap<u32, Vec<Hash>> = BTreeMap::new();
    for index in 0..size {
        let leaf = leaf_hash(&index.to_be_bytes());
        let mut filled = Vec::new();
        range.append(leaf, |level, at, hash| {
            if level.is_multiple_of(TILE_HEIGHT) {
                let hashes = partial.entry(level / TILE_HEIGHT).or_default();
                hashes.push(hash);
                if u64::try_from(hashes.len()) == Ok(TILE_WIDTH) {
                    filled.push((level / TILE_HEIGHT, at / TILE_WIDTH, std::mem::take(hashes).concat()));
                }
            }
        });
        for (level, at, hashes) in filled {
            diesel::sql_query("INSERT INTO tile (level, idx, hashes) VALUES (?, ?, ?)")
                .bind::<BigInt, _>(i64::from(level))
                .bind::<BigInt, _>(i64::try_from(at)?)
                .bind::<Binary, _>(hashes)
                .execute(&mut conn)?;
        }
        if index + ROWS >= size {
            diesel::sql_query(
                "INSERT INTO entry (idx, leaf_hash, bytes, node, kind) VALUES (?, ?, zeroblob(600), 0, 'outcome')",
            )
            .bind::<BigInt, _>(i64::try_from(index)?)
            .bind::<Binary, _>(leaf.to_vec())
            .execute(&mut conn)?;
        }
    }
    diesel::sql_query("UPDATE head SET size = ?, root = ?, nodes = ?, open_from = ?")
        .bind::<BigInt, _>(i64::try_from(size)?)
        .bind::<Binary, _>(range.root().to_vec())
        .bind::<Binary, _>(range.nodes().concat())
        .bind::<BigInt, _>(i64::try_from(size)?)
        .execute(&mut conn)?;
    conn.batch_execute("COMMIT")?;
    Ok(range.root())
}

/// Times of proofs at places that a fixed sequence picks; the first of each kind, which reads the last tiles, is one
/// of them. Every inclusion proof is checked.
async fn measure(ledger: &Ledger, size: u64, root: Hash, samples: u64) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..samples {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = (state >> 16) % size;
        let began = Instant::now();
        let proof = ledger.prove(index, size).await?.ok_or("no proof")?;
        inclusion.push(began.elapsed());
        verify_inclusion(index, &leaf_hash(&index.to_be_bytes()), size, &root, &proof)?;
        let began = Instant::now();
        let proof = ledger.prove_consistency(index + 1, size).await?.ok_or("no proof")?;
        consistency.push(began.elapsed());
        let old = ledger.root_at(index + 1).await?.ok_or("no root")?;
        verify_consistency(index + 1, &old, size, &root, &proof)?;
    }
    Ok((inclusion, consistency))
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0, Duration::as_micros);
    let most = times.last().map_or(0, Duration::as_micros);
    format!(r#"{{"proofs":{},"p50_us":{},"p99_us":{},"max_us":{most}}}"#, times.len(), at(50), at(99))
}
