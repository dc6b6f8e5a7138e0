//! Files ready to be read: their length, tag, hash, and any range of them as a stream of slices.

mod fetched;

use crate::layout::hex;
use crate::number::{to_u64, to_usize};
use crate::source::Source;
use crate::view::Part;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use mudeung_core::reader::{Answer, Chunk, Chunks, ColumnView, FileView, OpenFile, ReadError};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OnceCell, Semaphore};

/// Large slices go out as they are, at most this long.
const SLICE_BYTES_MAX: usize = 512 * 1024;
/// Slices below this are gathered, because each piece of an answer costs the server a write.
const GATHER_BELOW_BYTES: usize = 32 * 1024;
const GATHERED_BYTES_MAX: usize = 128 * 1024;

/// The hash of a view, shared by all who ask for it.
pub(crate) type Hash = Arc<OnceCell<String>>;

/// A view of a stored file as consecutive pieces.
pub(crate) struct Opened {
    content: Content,
    length: u64,
    etag: String,
    hash: Hash,
    /// Bounds how many views are hashed at a time.
    hashing: Arc<Semaphore>,
}

#[derive(Clone)]
struct Content {
    source: Arc<dyn Source>,
    pieces: Arc<[Piece]>,
    /// Whether every piece stands in memory.
    in_memory: bool,
}

struct Piece {
    /// Position of its first byte in the view.
    start: u64,
    part: Part,
}

impl Opened {
    pub(crate) fn new(
        source: Arc<dyn Source>,
        parts: Vec<Part>,
        etag: String,
        hash: Hash,
        hashing: Arc<Semaphore>,
    ) -> Result<Self, ReadError> {
        let (mut length, mut pieces) = (0, Vec::with_capacity(parts.len()));
        for part in parts.into_iter().filter(|part| part.len_bytes() > 0) {
            let start = length;
            length += part.len_bytes();
            let part = match part {
                Part::Stored(range) if source.mapped().is_some() => {
                    let mut slices = source.fetch_blocking(vec![range])?;
                    Part::Made(slices.pop().unwrap_or_default())
                }
                part => part,
            };
            pieces.push(Piece { start, part });
        }
        let in_memory = pieces.iter().all(|piece| matches!(piece.part, Part::Made(_)));
        Ok(Self { content: Content { source, pieces: pieces.into(), in_memory }, length, etag, hash, hashing })
    }
}

impl Part {
    fn len_bytes(&self) -> u64 {
        match self {
            Self::Made(bytes) => to_u64(bytes.len()),
            Self::Stored(range) => range.end.saturating_sub(range.start),
        }
    }
}

impl Content {
    /// The piece that a position of the view lies in.
    fn piece_at(&self, position: u64) -> usize {
        self.pieces.partition_point(|piece| piece.start <= position).saturating_sub(1)
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
        let range = range.start..range.end.min(self.length);
        if self.content.in_memory {
            Box::pin(Slices::new(self.content.clone(), range))
        } else {
            Box::pin(fetched::stream(self.content.clone(), range))
        }
    }

    fn sha256(&self) -> Answer<'_, String> {
        Box::pin(async move {
            let compute = || async {
                let _permit =
                    self.hashing.acquire().await.map_err(|_closed| ReadError::Busy("shutting down".to_owned()))?;
                let (content, length) = (self.content.clone(), self.length);
                let hash = move || {
                    let mut hasher = Sha256::new();
                    for window in fetched::windows(0..length) {
                        let slices = match content.in_memory {
                            true => Slices::new(content.clone(), window),
                            false => fetched::read_blocking(&content, window)?,
                        };
                        slices.for_each(|slice| hasher.update(slice));
                    }
                    Ok(hex(&hasher.finalize()))
                };
                let hashed = tokio::task::spawn_blocking(hash).await;
                let failed = |problem| Err(ReadError::Damaged(format!("a file could not be hashed: {problem}")));
                hashed.unwrap_or_else(failed)
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

/// A range of a view that stands in memory, sliced without copying wherever that pays.
struct Slices {
    content: Content,
    next: usize,
    at: u64,
    end: u64,
}

impl Slices {
    fn new(content: Content, range: Range<u64>) -> Self {
        let next = content.piece_at(range.start);
        Self { content, next, at: range.start, end: range.end }
    }

    /// The next slice, without moving on.
    fn peek(&self) -> Option<Bytes> {
        let piece = self.content.pieces.get(self.next)?;
        let Part::Made(bytes) = &piece.part else { return None };
        let start = to_usize(self.at.checked_sub(piece.start)?);
        let left = to_usize(self.end.checked_sub(self.at)?);
        let length = bytes.len().checked_sub(start)?.min(left).min(SLICE_BYTES_MAX);
        (length > 0).then(|| bytes.slice(start..start + length))
    }

    fn advance(&mut self, slice: &Bytes) {
        self.at += to_u64(slice.len());
        self.content.source.touched(slice.len());
        if self.content.pieces.get(self.next + 1).is_some_and(|piece| piece.start <= self.at) {
            self.next += 1;
        }
    }
}

impl Iterator for Slices {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
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
        Poll::Ready(self.next().map(|bytes| Ok(Chunk { bytes, rows: 0 })))
    }
}
