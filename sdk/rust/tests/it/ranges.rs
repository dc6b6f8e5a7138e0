//! Large files over several connections.

use crate::sandbox::{Reply, Sandbox, Seen};
use mudeung_sdk::{ApiError, Client, DownloadedFile, RetryPolicy, Transfer};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const NAME: &str = "part-00000.parquet";
const RANGE: u64 = 500_000;

fn content() -> Vec<u8> {
    (0_u32..600_000).flat_map(u32::to_le_bytes).collect()
}

/// A sandbox with one table of one file; `file` answers for the file, and is told how many requests came before.
async fn sandbox(file: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Sandbox {
    let (fetches, listings) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let sha256: String = Sha256::digest(content()).iter().map(|byte| format!("{byte:02x}")).collect();
    Sandbox::start(move |seen| {
        if seen.target.starts_with("/v1/files/") {
            return file(seen, fetches.fetch_add(1, Ordering::SeqCst));
        }
        if seen.target.contains("/tables/t/files") {
            let signature = listings.fetch_add(1, Ordering::SeqCst);
            let item = json!({
                "id": "fil_1", "name": NAME, "url": format!("{}/v1/files/fil_1?sig={signature}", seen.base()),
                "expires_at": "2030-01-01T00:00:00Z", "size_bytes": content().len(), "sha256": sha256, "rows": 7,
            });
            return Reply::json(&json!({ "items": [item], "next_cursor": null }));
        }
        Reply::json(&json!({
            "dataset": "d", "tier": "synthetic", "version": 4, "name": "t", "description": "", "rows": 7,
            "simulated": true, "row_filter": null, "columns": [],
        }))
    })
    .await
}

/// First and last byte of the range that was asked for.
fn asked(seen: &Seen) -> Option<(usize, usize)> {
    let (first, last) = seen.header("range").strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().unwrap(), last.parse().unwrap_or(content().len() - 1)))
}

/// The range that was asked for, as a good server answers it.
fn part(seen: &Seen, etag: &str) -> Reply {
    let content = content();
    let whole = (0, content.len() - 1);
    let (status, (first, last)) = match asked(seen) {
        Some(range) if ["", etag].contains(&seen.header("if-range")) => (206, range),
        _ => (200, whole),
    };
    Reply::new(status, "application/vnd.apache.parquet", &content[first..=last])
        .with("ETag", etag)
        .with("Content-Range", format!("bytes {first}-{last}/{}", content.len()))
        .with("Mudeung-Receipt", "9")
}

fn client(sandbox: &Sandbox, connections: usize) -> Client {
    let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret").retry(retry);
    builder.transfer(Transfer { connections, range_bytes: RANGE }).build().unwrap()
}

async fn download(sandbox: &Sandbox, connections: usize, directory: &Path) -> Result<DownloadedFile, ApiError> {
    let mut seen = vec![0];
    let table = client(sandbox, connections).table("d.synthetic.t")?;
    let files = table.download(directory, |progress| seen.push(progress.file_bytes)).await?;
    assert_eq!(seen.last(), Some(&files[0].size_bytes), "progress ends at the whole");
    Ok(files[0].clone())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn ranges(sandbox: &Sandbox) -> Vec<(usize, usize)> {
    let mut ranges: Vec<_> = sandbox.seen("/v1/files/").iter().filter_map(asked).collect();
    ranges.sort();
    ranges
}

const EACH_ONCE: [(usize, usize); 5] =
    [(0, 499_999), (500_000, 999_999), (1_000_000, 1_499_999), (1_500_000, 1_999_999), (2_000_000, 2_399_999)];

#[tokio::test]
async fn a_large_file_comes_in_ranges_each_once_whatever_the_number_of_connections() {
    for connections in [2, 3, 4, 16] {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = sandbox(|seen, _| part(seen, "\"v1\"")).await;
        let file = download(&sandbox, connections, directory.path()).await.unwrap();
        assert_eq!(std::fs::read(&file.path).unwrap(), content());
        assert_eq!((file.receipt, names(directory.path())), (Some(9), vec![NAME.to_owned()]));
        assert_eq!(ranges(&sandbox), EACH_ONCE);
        let tags: Vec<_> = sandbox.seen("/v1/files/").iter().map(|seen| seen.header("if-range").to_owned()).collect();
        assert_eq!(tags.iter().filter(|tag| *tag == "\"v1\"").count(), 4, "all but the first want the same bytes");
    }
}

#[tokio::test]
async fn ranges_that_are_cut_go_on_where_they_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(|seen, fetch| match fetch {
        1 | 2 => part(seen, "\"v1\"").cut_after(200_000),
        3 => Reply::problem(503, "overloaded"),
        _ => part(seen, "\"v1\""),
    })
    .await;
    let file = download(&sandbox, 4, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    let mut again = ranges(&sandbox);
    for range in EACH_ONCE {
        again.remove(again.iter().position(|asked| *asked == range).unwrap());
    }
    // Two go on from where they were cut, and one brought nothing.
    assert_eq!(again.iter().filter(|(first, _)| first % 500_000 == 200_000).count(), 2, "{again:?}");
    assert_eq!(again.len(), 3, "{again:?}");
}

#[tokio::test]
async fn a_download_that_was_stopped_fetches_only_what_is_not_here() {
    let directory = tempfile::tempdir().unwrap();
    let broken = sandbox(|seen, _| match asked(seen) {
        Some((first, _)) if first >= 1_000_000 => Reply::problem(503, "overloaded").with("Retry-After", "3600"),
        _ => part(seen, "\"v1\""),
    })
    .await;
    let error = download(&broken, 2, directory.path()).await.unwrap_err();
    assert!(matches!(error, ApiError::Later { .. }), "{error:?}");
    assert_eq!(names(directory.path()), [format!("{NAME}.part"), format!("{NAME}.part.etag")]);
    let here = std::fs::read(directory.path().join(format!("{NAME}.part"))).unwrap();
    assert_eq!(here, content()[..1_000_000], "what is on the disk is a beginning of the file");

    let whole = sandbox(|seen, _| part(seen, "\"v1\"")).await;
    let file = download(&whole, 4, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!(ranges(&whole), EACH_ONCE[2..]);
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part")), vec![7; 700_000]).unwrap();
    std::fs::write(directory.path().join(format!("{NAME}.part.etag")), "\"v0\"").unwrap();
    let sandbox = sandbox(|seen, _| part(seen, "\"v1\"")).await;
    let file = download(&sandbox, 4, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!(sandbox.seen("/v1/files/").len(), 1, "the server answers an old tag with all of the file");
}

#[tokio::test]
async fn a_file_that_changes_on_the_way_is_never_mixed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(|seen, fetch| part(seen, if fetch < 2 { "\"v1\"" } else { "\"v2\"" })).await;
    let file = download(&sandbox, 4, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    let error = download(&sandbox_of_two_minds().await, 4, tempfile::tempdir().unwrap().path()).await.unwrap_err();
    assert!(error.to_string().contains("other ranges"), "{error}");
}

/// Every answer has another tag.
async fn sandbox_of_two_minds() -> Sandbox {
    sandbox(|seen, fetch| part(seen, &format!("\"v{fetch}\""))).await
}

#[tokio::test]
async fn servers_that_know_no_ranges_or_no_tags_give_it_in_one_piece() {
    for with_tag in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = sandbox(move |_, _| {
            let whole = Reply::new(200, "application/vnd.apache.parquet", content());
            if with_tag { whole.with("ETag", "\"v1\"") } else { whole }
        })
        .await;
        let file = download(&sandbox, 4, directory.path()).await.unwrap();
        assert_eq!(std::fs::read(&file.path).unwrap(), content());
    }
}

#[tokio::test]
async fn an_address_that_wears_out_on_the_way_is_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(|seen, fetch| match fetch {
        3 => Reply::new(403, "text/plain", ""),
        _ if fetch > 3 && seen.target.ends_with("sig=0") => Reply::new(403, "text/plain", ""),
        _ => part(seen, "\"v1\""),
    })
    .await;
    let file = download(&sandbox, 4, directory.path()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), content());
    assert_eq!(sandbox.seen("/v1/datasets/d/synthetic/tables/t/files").len(), 2);
}

#[tokio::test]
async fn one_byte_that_differs_anywhere_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(|seen, _| {
        let mut content = content();
        content[1_700_000] ^= 1;
        let (first, last) = asked(seen).unwrap();
        Reply::new(206, "application/vnd.apache.parquet", &content[first..=last])
            .with("ETag", "\"v1\"")
            .with("Content-Range", format!("bytes {first}-{last}/{}", content.len()))
    })
    .await;
    let error = download(&sandbox, 4, directory.path()).await.unwrap_err();
    assert!(matches!(&error, ApiError::Damaged { .. }), "{error:?}");
    assert_eq!(names(directory.path()), [""; 0]);
}
