//! Rows out of files: the rows that a simple model says, and no more bytes than they need.

use crate::sandbox::{Reply, Sandbox, Seen};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, RetryPolicy, Scan, Transfer};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const ROWS: i64 = 6_000;
const GROUP_ROWS: usize = 1_000;

/// A row as the model has it.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: i64,
    kind: &'static str,
    value: Option<f64>,
}

fn row(id: i64) -> Row {
    let kind = ["red", "green", "blue"][usize::try_from(id % 3).unwrap()];
    let value = match id % 7 {
        0 => None,
        1 => Some(f64::NAN),
        rest => Some(f64::from(i32::try_from(id).unwrap()) / 10.0 * f64::from(i32::try_from(rest).unwrap())),
    };
    Row { id, kind, value }
}

/// A file of some rows in row groups of a thousand and pages of a hundred; `noise` makes it large.
fn file(ids: std::ops::Range<i64>) -> Vec<u8> {
    let rows: Vec<Row> = ids.map(row).collect();
    // What hashes give does not compress.
    let hash = |id: i64, at: i64| Sha256::digest([id.to_le_bytes(), at.to_le_bytes()].concat());
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let noise = |row: &Row| (0..12).map(|at| hex(&hash(row.id, at))).collect::<String>();
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(rows.iter().map(|row| row.id).collect::<Int64Array>())),
        ("kind", Arc::new(rows.iter().map(|row| Some(row.kind)).collect::<StringArray>())),
        ("noise", Arc::new(rows.iter().map(|row| Some(noise(row))).collect::<StringArray>())),
        ("value", Arc::new(rows.iter().map(|row| row.value).collect::<Float64Array>())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Two files of one table.
fn files() -> &'static [Vec<u8>; 2] {
    static FILES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    FILES.get_or_init(|| [file(0..4_000), file(4_000..ROWS)])
}

/// A sandbox with one table of two files; `give` may answer in place of a good server.
async fn sandbox(give: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Sandbox {
    let (files, fetches, listings) = (files(), AtomicUsize::new(0), AtomicUsize::new(0));
    Sandbox::start(move |seen| {
        if let Some(number) = seen.target.strip_prefix("/v1/files/") {
            let fetch = fetches.fetch_add(1, Ordering::SeqCst);
            let file = &files[usize::from(number.starts_with('1'))];
            return give(seen, fetch).unwrap_or_else(|| part(seen, file));
        }
        if seen.target.contains("/tables/t/files") {
            let signature = listings.fetch_add(1, Ordering::SeqCst);
            let item = |(number, file): (usize, &Vec<u8>)| {
                json!({
                    "id": format!("fil_{number}"), "name": format!("part-{number:05}.parquet"),
                    "url": format!("{}/v1/files/{number}?sig={signature}", seen.base()), "rows": 7,
                    "expires_at": "2030-01-01T00:00:00Z", "size_bytes": file.len(), "sha256": "0".repeat(64),
                })
            };
            let items: Vec<_> = files.iter().enumerate().map(item).collect();
            return Reply::json(&json!({ "items": items, "next_cursor": null }));
        }
        Reply::json(&json!({
            "dataset": "d", "tier": "synthetic", "version": 4, "name": "t", "description": "", "rows": ROWS,
            "simulated": true, "row_filter": null, "columns": [],
        }))
    })
    .await
}

fn part(seen: &Seen, file: &[u8]) -> Reply {
    let (first, last) = seen.header("range").strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    Reply::new(206, "application/vnd.apache.parquet", &file[first..=last])
        .with("ETag", format!("\"{}\"", file.len()))
        .with("Content-Range", format!("bytes {first}-{last}/{}", file.len()))
}

fn client(sandbox: &Sandbox) -> Client {
    let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    Client::builder(&sandbox.base).credentials("app_1", "s3cret").retry(retry).build().unwrap()
}

async fn scan(
    client: &Client,
    columns: &[&str],
    filter: Option<&str>,
    limit: Option<u64>,
) -> Result<(Vec<RecordBatch>, Scan), ApiError> {
    let mut request = client.table("d.synthetic.t")?.scan().columns(columns.iter().copied());
    if let Some(filter) = filter {
        request = request.filter(filter);
    }
    if let Some(limit) = limit {
        request = request.limit(limit);
    }
    let mut scan = request.send().await?;
    let mut batches = Vec::new();
    while let Some(batch) = scan.try_next().await? {
        batches.push(batch);
    }
    Ok((batches, scan))
}

/// The rows of batches with the columns `value`, `id`, `kind`.
fn rows_of(batches: &[RecordBatch]) -> Vec<Row> {
    let rows = |batch: &RecordBatch| {
        let (values, ids) =
            (batch.column(0).as_primitive::<Float64Type>(), batch.column(1).as_primitive::<Int64Type>());
        let kinds = batch.column(2).as_string::<i32>();
        let row = |at: usize| {
            let kind = ["red", "green", "blue"].into_iter().find(|kind| *kind == kinds.value(at)).unwrap();
            Row { id: ids.value(at), kind, value: values.is_valid(at).then(|| values.value(at)) }
        };
        (0..batch.num_rows()).map(row).collect::<Vec<_>>()
    };
    batches.iter().flat_map(rows).collect()
}

/// A condition of a filter.
#[derive(Debug, Clone)]
enum Condition {
    IdAtLeast(i64),
    IdBelow(i64),
    IdIs(i64),
    IdIn(Vec<i64>),
    KindIsNot(&'static str),
    ValueAbove(i32),
    ValueIsNot(i32),
    ValueIsNull,
    ValueIsNotNull,
}

impl Condition {
    /// As it is written.
    fn text(&self) -> String {
        match self {
            Self::IdAtLeast(n) => format!("id >= {n}"),
            Self::IdBelow(n) => format!("id < {n}.0"),
            Self::IdIs(n) => format!("id = {n}"),
            Self::IdIn(ns) => format!("id IN ({})", ns.iter().map(i64::to_string).collect::<Vec<_>>().join(",")),
            Self::KindIsNot(kind) => format!("kind != '{kind}'"),
            Self::ValueAbove(n) => format!("value > {n}"),
            Self::ValueIsNot(n) => format!("\"value\" <> {n}"),
            Self::ValueIsNull => "value is null".to_owned(),
            Self::ValueIsNotNull => "value is not null".to_owned(),
        }
    }

    /// As the model tests it.
    fn passes(&self, row: &Row) -> bool {
        match self {
            Self::IdAtLeast(n) => row.id >= *n,
            Self::IdBelow(n) => row.id < *n,
            Self::IdIs(n) => row.id == *n,
            Self::IdIn(ns) => ns.contains(&row.id),
            Self::KindIsNot(kind) => row.kind != *kind,
            Self::ValueAbove(n) => row.value.is_some_and(|value| value > f64::from(*n)),
            Self::ValueIsNot(n) => row.value.is_some_and(|value| value != f64::from(*n)),
            Self::ValueIsNull => row.value.is_none(),
            Self::ValueIsNotNull => row.value.is_some(),
        }
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    prop_oneof![
        (-10..ROWS + 10).prop_map(Condition::IdAtLeast),
        (-10..ROWS + 10).prop_map(Condition::IdBelow),
        (0..ROWS).prop_map(Condition::IdIs),
        proptest::collection::vec(0..ROWS, 1..5).prop_map(Condition::IdIn),
        prop::sample::select(vec!["red", "green", "blue", "none"]).prop_map(Condition::KindIsNot),
        (0..3_000).prop_map(Condition::ValueAbove),
        (0..3_000).prop_map(Condition::ValueIsNot),
        Just(Condition::ValueIsNull),
        Just(Condition::ValueIsNotNull),
    ]
}

#[test]
fn any_filter_and_limit_give_the_rows_that_a_simple_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox(|_, _| None));
    let client = client(&sandbox);
    let all: Vec<Row> = (0..ROWS).map(row).collect();
    let limits = prop_oneof![Just(None), (0_u64..8_000).prop_map(Some)];
    let cases = (proptest::collection::vec(conditions(), 0..4), limits);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&cases, |(conditions, limit)| {
        let texts: Vec<String> = conditions.iter().map(Condition::text).collect();
        let filter = (!texts.is_empty()).then(|| texts.join(" and "));
        let columns = ["value", "id", "kind"];
        let scanned = runtime.block_on(scan(&client, &columns, filter.as_deref(), limit));
        let (batches, scan) = scanned.map_err(|error| TestCaseError::fail(format!("{filter:?}: {error}")))?;
        let passing = all.iter().filter(|row| conditions.iter().all(|condition| condition.passes(row)));
        let most = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
        let expected: Vec<Row> = passing.take(most).cloned().collect();
        // Not-a-number is not equal to itself, so they are compared in words.
        prop_assert_eq!(format!("{:?}", rows_of(&batches)), format!("{expected:?}"), "{:?}", filter);
        let names: Vec<_> = scan.schema().fields().iter().map(|field| field.name().clone()).collect();
        prop_assert_eq!(names, columns);
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn only_what_is_needed_is_fetched() {
    let sandbox = sandbox(|_, _| None).await;
    let client = client(&sandbox);
    let fetched = async |columns: &[&str], filter: Option<&str>, limit: Option<u64>| {
        let before = sandbox.seen("/v1/files/").len();
        let (batches, scan) = scan(&client, columns, filter, limit).await.unwrap();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        (rows, scan.fetched_bytes(), sandbox.seen("/v1/files/").len() - before)
    };
    let size: u64 = files().iter().map(|file| u64::try_from(file.len()).unwrap()).sum();
    let (rows, everything, _) = fetched(&[], None, None).await;
    assert!(rows == 6_000 && everything >= size, "{everything} of {size}");
    let (rows, nothing, requests) = fetched(&["noise"], Some("id > 100000"), None).await;
    // The tails of both files.
    assert!(rows == 0 && nothing <= 2 * 64 * 1024 && requests == 2, "{nothing} in {requests}");
    let (rows, few, _) = fetched(&["id"], None, None).await;
    assert!(rows == 6_000 && few < nothing + size / 5, "{few} of {size}");
    let (rows, page, _) = fetched(&["noise"], Some("id >= 2100 and id < 2150"), None).await;
    assert!(rows == 50 && page < nothing + size / 30, "{page} of {size}");
    let (rows, first, _) = fetched(&["noise"], None, Some(10)).await;
    assert!(rows == 10 && first < nothing + size / 30, "{first} of {size}");
    let bearers = sandbox.seen("/v1/files/").iter().filter(|seen| !seen.header("authorization").is_empty()).count();
    assert_eq!(bearers, 0, "the address is the capability");
}

#[tokio::test]
async fn cut_connections_and_worn_out_addresses_are_no_matter() {
    let sandbox = sandbox(|seen, fetch| match fetch {
        1 => Some(Reply::new(403, "text/plain", "")),
        3 => Some(Reply::problem(503, "overloaded")),
        _ if fetch % 4 == 2 => {
            let number = usize::from(seen.target.starts_with("/v1/files/1"));
            Some(part(seen, &files()[number]).cut_after(1_000))
        }
        _ => None,
    })
    .await;
    let (batches, _) = scan(&client(&sandbox), &["value", "id", "kind"], None, None).await.unwrap();
    assert_eq!(format!("{:?}", rows_of(&batches)), format!("{:?}", (0..ROWS).map(row).collect::<Vec<_>>()));
    assert!(sandbox.seen("/v1/datasets/d/synthetic/tables/t/files").len() > 1);
}

#[tokio::test]
async fn what_cannot_work_is_said_before_rows_are_read() {
    let sandbox = sandbox(|_, _| None).await;
    let client = client(&sandbox);
    for (columns, filter, said) in [
        (&["nothing"][..], None, "no column `nothing`"),
        (&["id", "id"], None, "asked for twice"),
        (&[], Some("id >"), "at character 5"),
        (&[], Some("id = 'x'"), "int64"),
        (&[], Some("other = 1"), "no column `other`"),
    ] {
        let error = scan(&client, columns, filter, None).await.unwrap_err();
        assert!(matches!(&error, ApiError::Configuration(text) if text.contains(said)), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_a_panic() {
    let good = files();
    let (size, footer) = (good[0].len(), good[0].len() - 60_000);
    for at in (0..size).step_by(size / 6).chain((footer..size).step_by(60_000 / 12)) {
        let damaged = Arc::new({
            let mut file = good[0].clone();
            let end = (at + 16).min(file.len());
            file[at..end].fill(0xff);
            file
        });
        let sandbox =
            sandbox(move |seen, _| seen.target.starts_with("/v1/files/0").then(|| part(seen, &damaged))).await;
        // What is damaged may be a value as good as another; it is found by the SHA-256 of a download alone.
        if let Err(error) = scan(&client(&sandbox), &[], Some("id >= 0"), None).await {
            assert!(matches!(error, ApiError::Damaged { .. } | ApiError::Configuration(_)), "{at}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_an_error() {
    let sandbox = sandbox(|seen, fetch| {
        let number = usize::from(seen.target.starts_with("/v1/files/1"));
        let whole = Reply::new(200, "x/y", files()[number].clone()).with("ETag", "\"other\"");
        (fetch > 1).then_some(whole)
    })
    .await;
    let error = scan(&client(&sandbox), &[], None, None).await.unwrap_err();
    assert!(error.to_string().contains("changed while it was read"), "{error}");
}

#[test]
fn a_scan_without_async_reads_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox(|_, _| None));
    let one = Transfer { connections: 1, ..Transfer::default() };
    let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret").transfer(one);
    let client = mudeung_sdk::blocking::Client::new(builder).unwrap();
    let table = client.table("d.synthetic.t").unwrap();
    let mut scan = table.scan(|scan| scan.columns(["id"]).filter("id >= 5990").limit(5)).unwrap();
    let rows: usize = scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
    assert!(rows == 5 && scan.fetched_bytes() > 0 && scan.size_bytes() > scan.fetched_bytes());
}
