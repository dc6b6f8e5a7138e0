//! Files ready to be read: their length, tag, hash, and any range of them as a stream of slices.

use crate::mapping::Mappings;
use crate::number::{to_u64, to_usize};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use mudeung_core::reader::{Answer, Chunk, Chunks, ColumnView, FileView, OpenFile, ReadError};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OnceCell, Semaphore};

use crate::layout::hex;

/// Large slices go out as they are, at most this long.
const SLICE_BYTES_MAX: usize = 512 * 1024;
/// Slices below this are gathered, because each piece of an answer costs the server a write.
const GATHER_BELOW_BYTES: usize = 32 * 1024;
const GATHERED_BYTES_MAX: usize = 128 * 1024;

/// The hash of a view, shared by all who ask for it.
pub(crate) type Hash = Arc<OnceCell<String>>;

/// A view of a stored file as consecutive pieces of memory.
pub(crate) struct Opened {
    pieces: Arc<[Piece]>,
    length: u64,
    etag: String,
    hash: Hash,
    /// Bounds how many views are hashed at a time.
    hashing: Arc<Semaphore>,
    mappings: Arc<Mappings>,
}

struct Piece {
    /// Position of its first byte in the view.
    start: u64,
    bytes: Bytes,
}

impl Opened {
    pub(crate) fn new(
        pieces: Vec<Bytes>,
        etag: String,
        hash: Hash,
        hashing: Arc<Semaphore>,
        mappings: Arc<Mappings>,
    ) -> Self {
        let mut length = 0;
        let place = |bytes: Bytes| {
            let start = length;
            length += to_u64(bytes.len());
            Piece { start, bytes }
        };
        let pieces: Arc<[Piece]> = pieces.into_iter().filter(|bytes| !bytes.is_empty()).map(place).collect();
        Self { pieces, length, etag, hash, hashing, mappings }
    }
}

impl OpenFile for Opened {
    fn len_bytes(&self) -> u64 {
        self.length
    }

    fn etag(&self) -> &str {
        &self.etag
    }

    fn read(&self, range: Range<u64>) -> Chunks {
        let next = self.pieces.partition_point(|piece| piece.start <= range.start).saturating_sub(1);
        let (pieces, mappings) = (self.pieces.clone(), self.mappings.clone());
        Box::pin(Slices { pieces, mappings, next, at: range.start, end: range.end.min(self.length) })
    }

    fn sha256(&self) -> Answer<'_, String> {
        Box::pin(async move {
            let compute = || async {
                let _permit =
                    self.hashing.acquire().await.map_err(|_closed| ReadError::Busy("shutting down".to_owned()))?;
                let (pieces, mappings) = (self.pieces.clone(), self.mappings.clone());
                let hash = move || {
                    let mut hasher = Sha256::new();
                    for slice in pieces.iter().flat_map(|piece| piece.bytes.chunks(SLICE_BYTES_MAX)) {
                        hasher.update(slice);
                        mappings.touched(slice.len());
                    }
                    hex(&hasher.finalize())
                };
                let hashed = tokio::task::spawn_blocking(hash).await;
                hashed.map_err(|problem| ReadError::Damaged(format!("a file could not be hashed: {problem}")))
            };
            self.hash.get_or_try_init(compute).await.cloned()
        })
    }
}

/// The strong tag of a view: the stored file's hash, or one over that hash and the granted columns.
pub(crate) fn etag(view: &FileView) -> String {
    let ColumnView::Only(columns) = &view.columns else { return view.sha256.clone() };
    // The number names the way footers are written; raise it when the same grant would give other bytes.
    let mut hasher = Sha256::new_with_prefix(b"mudeung column view 1\0");
    for text in std::iter::once(&view.sha256).chain(columns.iter()) {
        hasher.update(to_u64(text.len()).to_be_bytes());
        hasher.update(text);
    }
    hex(&hasher.finalize())
}

/// A range of a view, sliced without copying wherever that pays.
struct Slices {
    pieces: Arc<[Piece]>,
    mappings: Arc<Mappings>,
    next: usize,
    at: u64,
    end: u64,
}

impl Slices {
    /// The next slice, without moving on.
    fn peek(&self) -> Option<Bytes> {
        let piece = self.pieces.get(self.next)?;
        let start = to_usize(self.at.checked_sub(piece.start)?);
        let left = to_usize(self.end.checked_sub(self.at)?);
        let length = piece.bytes.len().checked_sub(start)?.min(left).min(SLICE_BYTES_MAX);
        (length > 0).then(|| piece.bytes.slice(start..start + length))
    }

    fn advance(&mut self, slice: &Bytes) {
        self.at += to_u64(slice.len());
        self.mappings.touched(slice.len());
        if self.pieces.get(self.next + 1).is_some_and(|piece| piece.start <= self.at) {
            self.next += 1;
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        let first = self.peek()?;
        self.advance(&first);
        if first.len() >= GATHER_BELOW_BYTES {
            return Some(first);
        }
        let mut gathered: Option<BytesMut> = None;
        while let Some(slice) = self.peek() {
            let so_far = gathered.as_ref().map_or(first.len(), BytesMut::len);
            if slice.len() >= GATHER_BELOW_BYTES || so_far + slice.len() > GATHERED_BYTES_MAX {
                break;
            }
            gathered.get_or_insert_with(|| BytesMut::from(first.as_ref())).extend_from_slice(&slice);
            self.advance(&slice);
        }
        Some(gathered.map_or(first, BytesMut::freeze))
    }
}

impl Stream for Slices {
    type Item = Result<Chunk, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.take().map(|bytes| Ok(Chunk { bytes, rows: 0 })))
    }
}
