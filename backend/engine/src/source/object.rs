//! An object of a bucket, read in ranges.
//!
//! All requests run on threads of their own, so that a thread that decodes can wait for them wherever it runs.

use super::{Fetching, Source};
use crate::number::{to_u64, to_usize};
use bytes::Bytes;
use mudeung_core::reader::ReadError;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, coalesce_ranges};
use std::ops::Range;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

/// What is read of an object when it is opened: its end, where the footer stands.
const TAIL_BYTES: u64 = 64 * 1024;
/// Ranges that are closer than this are read in one request: bytes cost less than requests.
const GAP_BYTES: u64 = 256 * 1024;

/// A bucket, and the threads that wait for it. Clones share both.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    threads: Arc<Threads>,
}

/// `None` only while it ends.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // It may be dropped on an async thread, where waiting for other threads is not allowed.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Objects {
    /// A bucket with threads of its own.
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> std::io::Result<Self> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("objects")
            .enable_all()
            .build()?;
        Ok(Self { store, threads: Arc::new(Threads(Some(threads))) })
    }

    /// Runs something that asks the bucket, and waits for it. For threads that may block.
    pub(crate) fn wait_for<T, F>(&self, ask: impl FnOnce(Arc<dyn ObjectStore>) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let asked = ask(self.store.clone());
        self.handle()?.spawn(async move {
            // Whoever waited may be gone.
            drop(send.send(asked.await));
        });
        receive.recv().ok()
    }

    fn handle(&self) -> Option<&Handle> {
        self.threads.0.as_ref().map(Runtime::handle)
    }
}

/// An object that was found.
pub(crate) struct Object {
    objects: Objects,
    found: Arc<Found>,
}

struct Found {
    label: String,
    path: Path,
    length: u64,
    /// What the bucket calls these bytes: other bytes under the same name are an error, not an answer.
    etag: Option<String>,
    tail: Bytes,
}

impl Object {
    /// Finds an object. The label names it in messages. Blocks.
    pub(crate) fn open(objects: &Objects, label: String, path: Path) -> Result<Self, ReadError> {
        let found = objects.wait_for(|store| async move {
            let options = GetOptions { range: Some(GetRange::Suffix(TAIL_BYTES)), ..GetOptions::default() };
            let answer = match store.get_opts(&path, options).await {
                Ok(answer) => answer,
                Err(problem) => return Err(refusal(&label, &problem)),
            };
            let (length, etag) = (answer.meta.size, answer.meta.e_tag.clone());
            let tail = answer.bytes().await.map_err(|problem| refusal(&label, &problem))?;
            Ok(Found { label, path, length, etag, tail })
        });
        let found = found.unwrap_or_else(|| Err(ending()))?;
        Ok(Self { objects: objects.clone(), found: Arc::new(found) })
    }
}

impl Found {
    async fn fetch(&self, store: &dyn ObjectStore, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        if ranges.iter().any(|range| range.start > range.end || range.end > self.length) {
            return Err(ReadError::Damaged(format!("stored file {}: is shorter than it says", self.label)));
        }
        let get = |range: Range<u64>| async move {
            let length = range.end - range.start;
            let options =
                GetOptions { range: Some(range.into()), if_match: self.etag.clone(), ..GetOptions::default() };
            let bytes = match store.get_opts(&self.path, options).await {
                Ok(answer) => answer.bytes().await,
                Err(problem) => Err(problem),
            };
            let bytes = bytes.map_err(|problem| refusal(&self.label, &problem))?;
            if to_u64(bytes.len()) == length { Ok(bytes) } else { Err(silent()) }
        };
        let asked: Vec<Range<u64>> = ranges.iter().filter(|range| self.at_hand(range).is_none()).cloned().collect();
        let mut fetched = coalesce_ranges(&asked, get, GAP_BYTES).await?.into_iter();
        let piece = |range: &Range<u64>| self.at_hand(range).or_else(|| fetched.next());
        ranges.iter().map(piece).collect::<Option<Vec<Bytes>>>().ok_or_else(silent)
    }

    /// A range that need not be asked for: an empty one, or one of what was read when the object was opened.
    fn at_hand(&self, range: &Range<u64>) -> Option<Bytes> {
        if range.is_empty() {
            return Some(Bytes::new());
        }
        let start = self.length.checked_sub(to_u64(self.tail.len()))?;
        let from = to_usize(range.start.checked_sub(start)?);
        let to = to_usize(range.end.checked_sub(start)?);
        (from <= to && to <= self.tail.len()).then(|| self.tail.slice(from..to))
    }
}

impl Source for Object {
    fn len_bytes(&self) -> u64 {
        self.found.length
    }

    fn mapped(&self) -> Option<&Bytes> {
        None
    }

    fn fetch(&self, ranges: Vec<Range<u64>>) -> Fetching {
        let (store, found) = (self.objects.store.clone(), self.found.clone());
        let Some(handle) = self.objects.handle() else { return Box::pin(std::future::ready(Err(ending()))) };
        let task = handle.spawn(async move { found.fetch(&store, &ranges).await });
        let mut task = Stopped(task);
        Box::pin(async move { (&mut task.0).await.unwrap_or_else(|_gone| Err(ending())) })
    }

    fn fetch_blocking(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, ReadError> {
        let found = self.found.clone();
        let fetched = self.objects.wait_for(|store| async move { found.fetch(&store, &ranges).await });
        fetched.unwrap_or_else(|| Err(ending()))
    }

    fn touched(&self, _bytes: usize) {}
}

/// A task that ends when nobody waits for it any more.
struct Stopped<T>(JoinHandle<T>);

impl<T> Drop for Stopped<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a reader is told. Where the bucket is, and what it answered, is for the log.
fn refusal(label: &str, problem: &object_store::Error) -> ReadError {
    match problem {
        object_store::Error::NotFound { .. } => {
            ReadError::Damaged(format!("stored file {label}: is not in the bucket"))
        }
        object_store::Error::Precondition { .. } => {
            ReadError::Damaged(format!("stored file {label}: was changed in the bucket"))
        }
        _ => {
            tracing::warn!(file = label, error = %problem, "the bucket does not answer");
            silent()
        }
    }
}

fn silent() -> ReadError {
    ReadError::Busy("the object store does not answer; try again in a moment".to_owned())
}

fn ending() -> ReadError {
    ReadError::Busy("shutting down".to_owned())
}
