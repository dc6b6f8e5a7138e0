//! A range of a view whose bytes have to be fetched: window by window, the next one while one is sent.

use super::{Content, Piece, Slices};
use crate::number::to_usize;
use crate::view::Part;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mudeung_core::reader::{Chunk, ReadError};
use std::ops::Range;
use std::sync::Arc;

/// What is fetched at a time.
const WINDOW_BYTES: u64 = 1024 * 1024;
/// How many of them one answer has in memory or on their way.
const WINDOWS_AT_ONCE: usize = 3;

/// The bytes of a range.
pub(super) fn stream(content: Content, range: Range<u64>) -> impl Stream<Item = Result<Chunk, ReadError>> + Send {
    let fetch = move |window: Range<u64>| {
        let content = content.clone();
        let fetching = content.source.fetch(stored(&content, &window));
        async move { Ok(slices(&content, window, fetching.await?)) }
    };
    stream::iter(windows(range)).map(fetch).buffered(WINDOWS_AT_ONCE).try_flatten()
}

/// The same of one window, for a thread that may block.
pub(super) fn read_blocking(content: &Content, window: Range<u64>) -> Result<Slices, ReadError> {
    let fetched = content.source.fetch_blocking(stored(content, &window))?;
    Ok(slices(content, window, fetched))
}

/// Cuts a range into windows.
pub(super) fn windows(range: Range<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    let step = to_usize(WINDOW_BYTES);
    (range.start..range.end).step_by(step).map(move |start| start..range.end.min(start + WINDOW_BYTES))
}

/// The parts of a window, each with its position in the view.
fn parts<'c>(content: &'c Content, window: &Range<u64>) -> impl Iterator<Item = (u64, Part)> + use<'c> {
    let window = window.clone();
    let pieces = content.pieces.get(content.piece_at(window.start)..).unwrap_or_default();
    pieces.iter().take_while(move |piece| piece.start < window.end).map(move |piece| {
        let from = window.start.max(piece.start);
        let to = window.end.min(piece.start + piece.part.len_bytes());
        let (skip, end) = (from - piece.start, to.saturating_sub(piece.start));
        let part = match &piece.part {
            Part::Made(bytes) => Part::Made(bytes.slice(to_usize(skip)..to_usize(end))),
            Part::Stored(range) => Part::Stored(range.start + skip..range.start + end),
        };
        (from, part)
    })
}

/// The ranges of the stored file that a window shows.
fn stored(content: &Content, window: &Range<u64>) -> Vec<Range<u64>> {
    let stored = |(_, part)| match part {
        Part::Stored(range) => Some(range),
        Part::Made(_) => None,
    };
    parts(content, window).filter_map(stored).collect()
}

/// A window with what was fetched for it.
fn slices(content: &Content, window: Range<u64>, fetched: Vec<Bytes>) -> Slices {
    let mut fetched = fetched.into_iter();
    let mut filled = |(start, part)| match part {
        Part::Made(bytes) => Piece { start, part: Part::Made(bytes) },
        Part::Stored(_) => Piece { start, part: Part::Made(fetched.next().unwrap_or_default()) },
    };
    let pieces: Arc<[Piece]> = parts(content, &window).map(&mut filled).collect();
    let content = Content { source: content.source.clone(), pieces, in_memory: true };
    debug_assert_eq!(content.pieces.iter().map(|piece| piece.part.len_bytes()).sum::<u64>(), window.end - window.start);
    Slices::new(content, window)
}
