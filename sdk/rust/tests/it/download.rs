//! Downloads: resumed, checked, and never half there under their own name.

use crate::sandbox::{Reply, Sandbox, Seen};
use mudeung_sdk::{ApiError, DownloadedFile};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const NAME: &str = "part-00000.parquet";

fn content() -> Vec<u8> {
    (0_u32..600_000).flat_map(u32::to_le_bytes).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_item(base: &str, sha256: &str, signature: usize) -> serde_json::Value {
    json!({
        "id": "fil_1", "name": NAME, "url": format!("{base}/v1/files/fil_1?sp=r&sig={signature}"),
        "expires_at": "2030-01-01T00:00:00Z", "size_bytes": content().len(), "sha256": sha256, "rows": 7,
    })
}

/// A sandbox with one table of one file; `file` answers for the file.
async fn sandbox(sha256: String, file: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Sandbox {
    let (listings, fetches) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Sandbox::start(move |seen| {
        if seen.target.starts_with("/v1/files/") {
            return file(seen, fetches.fetch_add(1, Ordering::SeqCst));
        }
        if seen.target.starts_with("/v1/datasets/d/synthetic/tables/t/files") {
            let listing = listings.fetch_add(1, Ordering::SeqCst);
            return Reply::json(&json!({ "items": [file_item(&seen.base(), &sha256, listing)], "next_cursor": null }));
        }
        Reply::json(&json!({
            "dataset": "d", "tier": "synthetic", "version": 4, "name": "t", "description": "", "rows": 7,
            "simulated": true, "row_filter": null, "columns": [],
        }))
    })
    .await
}

/// The part of the content that was asked for, as a good server answers it.
fn range_of(seen: &Seen, etag: &str) -> Reply {
    let content = content();
    let start: usize = match seen.header("range").strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')) {
        Some(start) if seen.header("if-range") == etag => start.parse().unwrap(),
        _ => 0,
    };
    let (status, total) = (if start > 0 { 206 } else { 200 }, content.len());
    Reply::new(status, "application/vnd.apache.parquet", &content[start..])
        .with("ETag", etag)
        .with("Content-Range", format!("bytes {start}-{}/{total}", total - 1))
        .with("Mudeung-Receipt", "9")
}

async fn download(sandbox: &Sandbox, directory: &Path) -> Result<DownloadedFile, ApiError> {
    let table = sandbox.client().table("d.synthetic.t")?;
    let mut last = 0;
    let files = table
        .download(directory, |progress| {
            assert!(progress.table_bytes <= progress.table_size_bytes);
            last = progress.table_bytes;
        })
        .await?;
    assert_eq!(last, files[0].size_bytes, "progress ends at the whole");
    Ok(files[0].clone())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_cut_connection_goes_on_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(sha256(&content()), |seen, fetch| match fetch {
        0 => range_of(seen, "\"v1\"").cut_after(1_500_000),
        1 => range_of(seen, "\"v1\"").cut_after(300_000),
        _ => range_of(seen, "\"v1\""),
    })
    .await;
    let file = download(&sandbox, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!((file.receipt, file.was_there), (Some(9), false));
    assert_eq!(names(directory.path()), [NAME]);
    let ranges: Vec<_> = sandbox.seen("/v1/files/").iter().map(|seen| seen.header("range").to_owned()).collect();
    assert_eq!(ranges, ["", "bytes=1500000-", "bytes=1800000-"]);
    assert!(sandbox.seen("/v1/files/").iter().all(|seen| seen.header("authorization").is_empty()));
    assert!(sandbox.seen("/v1/datasets/d/synthetic/tables/t/files")[0].target.ends_with("?version=4"));
}

#[tokio::test]
async fn another_process_goes_on_where_the_first_one_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let broken = sandbox(sha256(&content()), |seen, fetch| match fetch {
        0 => range_of(seen, "\"v1\"").cut_after(2_000_000),
        _ => Reply::problem(503, "overloaded").with("Retry-After", "3600"),
    })
    .await;
    let error = download(&broken, directory.path()).await.unwrap_err();
    assert!(matches!(error, ApiError::Later { .. }), "{error:?}");
    assert_eq!(names(directory.path()), [format!("{NAME}.part"), format!("{NAME}.part.etag")]);

    let whole = sandbox(sha256(&content()), |seen, _| range_of(seen, "\"v1\"")).await;
    let file = download(&whole, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!(whole.seen("/v1/files/")[0].header("range"), "bytes=2000000-");
    assert_eq!(names(directory.path()), [NAME]);

    let again = download(&whole, directory.path()).await.unwrap();
    assert!(again.was_there);
    assert_eq!(whole.seen("/v1/files/").len(), 1, "what is there is not fetched again");
}

#[tokio::test]
async fn a_beginning_of_another_file_is_thrown_away() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part")), vec![7; 1_000]).unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part.etag")), "\"old\"").unwrap();
    let sandbox = sandbox(sha256(&content()), |seen, _| range_of(seen, "\"v1\"")).await;
    let file = download(&sandbox, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());

    std::fs::remove_file(&file.path).unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part")), vec![7; 1_000]).unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part.etag")), "\"v1\"").unwrap();
    let file = download(&sandbox, directory.path()).await.unwrap();
    assert_eq!(
        std::fs::read(&file.path).unwrap(),
        content(),
        "a spoiled beginning under the right tag costs one more go"
    );
}

#[tokio::test]
async fn a_wrong_checksum_is_an_error_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox("0".repeat(64), |seen, _| range_of(seen, "\"v1\"")).await;
    let error = download(&sandbox, directory.path()).await.unwrap_err();
    assert!(matches!(&error, ApiError::Damaged { file, .. } if file == NAME), "{error:?}");
    assert_eq!(names(directory.path()), [""; 0]);
}

#[tokio::test]
async fn a_file_longer_than_announced_is_an_error_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(sha256(&content()), |_, _| Reply::new(200, "x/y", [content(), vec![0]].concat())).await;
    let error = download(&sandbox, directory.path()).await.unwrap_err();
    assert!(error.to_string().contains("2400001 bytes, announced were 2400000"), "{error}");
    assert_eq!(names(directory.path()), [""; 0]);
}

#[tokio::test]
async fn two_downloads_of_one_file_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let other = std::fs::File::create(directory.path().join(format!("{NAME}.part"))).unwrap();
    other.lock().unwrap();
    let sandbox = sandbox(sha256(&content()), |seen, _| range_of(seen, "\"v1\"")).await;
    let error = download(&sandbox, directory.path()).await.unwrap_err();
    assert!(error.to_string().contains("another download is writing this file"), "{error}");
    drop(other);
    download(&sandbox, directory.path()).await.unwrap();
}

#[tokio::test]
async fn a_worn_out_address_is_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(sha256(&content()), |seen, _| match seen.target.ends_with("sig=0") {
        true => Reply::new(403, "text/plain", ""),
        false => range_of(seen, "\"v1\""),
    })
    .await;
    let file = download(&sandbox, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!(sandbox.seen("/v1/datasets/d/synthetic/tables/t/files").len(), 2);
}

#[tokio::test]
async fn an_error_never_shows_the_signed_address() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(sha256(&content()), |_, _| Reply::new(403, "text/plain", "")).await;
    let error = download(&sandbox, directory.path()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("sig="), "{error:?}");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let sandbox = Sandbox::start(|seen| {
        let mut item = file_item(&seen.base(), &"0".repeat(64), 0);
        item["name"] = json!("../../outside");
        match seen.target.contains("/files") {
            true => Reply::json(&json!({ "items": [item], "next_cursor": null })),
            false => Reply::json(&json!({
                "dataset": "d", "tier": "synthetic", "version": 4, "name": "t", "description": "", "rows": 7,
                "simulated": true, "row_filter": null, "columns": [],
            })),
        }
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let error = download(&sandbox, directory.path()).await.unwrap_err();
    assert!(error.to_string().contains("file name"), "{error}");
}
