//! A file of a table, read by ranges over its signed address, which is renewed when it runs out.

use super::ranges::{join, pieces, slice, spans};
use crate::download::{Interruption, LISTINGS_MAX, ask, strong_etag};
use crate::error::ApiError;
use crate::table::Table;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use mudeung_wire::api::FileItem;
use reqwest::StatusCode;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, Semaphore};

/// What all files of one scan share.
pub(super) struct Shared {
    pub(super) table: Table,
    /// Bounds the requests of the scan at a time.
    pub(super) connections: Semaphore,
    pub(super) fetched_bytes: AtomicU64,
}

/// One file.
pub(super) struct RemoteFile {
    pub(super) name: String,
    pub(super) size_bytes: u64,
    sha256: String,
    /// How often the address was renewed, and the address.
    address: Mutex<(u32, String)>,
    etag: OnceLock<String>,
    shared: Arc<Shared>,
}

impl RemoteFile {
    pub(super) fn new(item: FileItem, shared: Arc<Shared>) -> Self {
        let FileItem { name, url, size_bytes, sha256, .. } = item;
        Self { name, size_bytes, sha256, address: Mutex::new((0, url)), etag: OnceLock::new(), shared }
    }

    /// The bytes of some ranges, in their order.
    pub(super) async fn fetch(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ApiError> {
        let spans = spans(ranges);
        let wanted = spans.iter().flat_map(pieces).map(|piece| self.piece(piece));
        let mut fetched = try_join_all(wanted).await?.into_iter();
        let whole = |span: Range<u64>| {
            let bytes = join(fetched.by_ref().take(pieces(&span).count()).collect());
            (span, bytes)
        };
        let fetched: Vec<_> = spans.into_iter().map(whole).collect();
        let taken = ranges.iter().map(|range| slice(&fetched, range)).collect::<Option<_>>();
        taken.ok_or_else(|| self.damaged("a part of it did not arrive"))
    }

    /// One request, which goes on where it was cut.
    async fn piece(&self, piece: Range<u64>) -> Result<Bytes, ApiError> {
        let closed = |_| ApiError::Configuration("the scan was stopped".to_owned());
        let _permit = self.shared.connections.acquire().await.map_err(closed)?;
        let mut here = BytesMut::new();
        let (mut failed, mut listings) = (0, 1);
        loop {
            let at = piece.start.saturating_add(u64::try_from(here.len()).unwrap_or(u64::MAX));
            if at >= piece.end {
                return Ok(here.freeze());
            }
            let before = here.len();
            let (renewed, url) = self.address.lock().await.clone();
            let Err(interruption) = self.read(&url, at..piece.end, &mut here).await else { continue };
            failed = if here.len() > before { 1 } else { failed + 1 };
            match interruption {
                Interruption::Final(error) => return Err(error),
                Interruption::StartOver => return Err(self.damaged("it changed while it was read")),
                Interruption::AddressExpired(refusal) if listings >= LISTINGS_MAX => return Err(refusal.into()),
                Interruption::AddressExpired(_) => {
                    listings += 1;
                    self.renew(renewed).await?;
                }
                Interruption::Cut(error) => match self.shared.table.client().retry().wait(failed, error.asked_wait()) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
            }
        }
    }

    async fn read(&self, url: &str, range: Range<u64>, here: &mut BytesMut) -> Result<(), Interruption> {
        let etag = self.etag.get().map(String::as_str);
        let mut response = ask(self.shared.table.client(), url, &range, etag).await?;
        let whole = range == (0..self.size_bytes);
        if response.status() == StatusCode::OK && !whole {
            return Err(match etag {
                Some(_) => Interruption::StartOver,
                None => Interruption::Final(self.damaged("the server gives no parts of it")),
            });
        }
        if let (None, Some(etag)) = (etag, strong_etag(response.headers())) {
            // Another request may have been first; what differs is then noticed by the next one.
            let _ = self.etag.set(etag.to_owned());
        }
        let mut left = range.end - range.start;
        while left > 0 {
            let chunk = response.chunk().await.map_err(|error| Interruption::Cut(ApiError::transport(error)))?;
            let Some(bytes) = chunk else {
                let what = format!("{left} bytes of a part of {} are missing", self.name);
                return Err(Interruption::Cut(ApiError::Unexpected { status: 206, what }));
            };
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or(Interruption::StartOver)?;
            self.shared.fetched_bytes.fetch_add(length, Ordering::Relaxed);
            here.extend_from_slice(&bytes);
        }
        Ok(())
    }

    /// Asks for a new address, unless somebody did since.
    async fn renew(&self, seen: u32) -> Result<(), ApiError> {
        let mut address = self.address.lock().await;
        if address.0 != seen {
            return Ok(());
        }
        let items: Vec<FileItem> = self.shared.table.files().try_collect().await?;
        let same = items.into_iter().find(|item| item.name == self.name && item.sha256 == self.sha256);
        let item = same.ok_or_else(|| self.damaged("it is not in the table any more"))?;
        *address = (seen + 1, item.url);
        Ok(())
    }

    /// What is wrong with the file.
    pub(super) fn damaged(&self, what: impl std::fmt::Display) -> ApiError {
        ApiError::Damaged { file: self.name.clone(), what: what.to_string() }
    }
}
