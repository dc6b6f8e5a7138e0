//! Which requests bring the ranges that a reader wants: what lies close together comes at once, what is long in pieces.

use bytes::{Bytes, BytesMut};
use std::ops::Range;

/// Ranges that are not further apart come together: a request costs more than so many bytes.
const GAP_BYTES: u64 = 64 * 1024;
/// The most that one request brings.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;

/// What is to be requested, in ascending order: together it covers all the ranges.
pub(super) fn spans(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_by_key(|range| range.start);
    let mut spans: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match spans.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP_BYTES) => last.end = last.end.max(range.end),
            _ => spans.push(range),
        }
    }
    spans
}

/// A span in pieces of at most one request.
pub(super) fn pieces(span: &Range<u64>) -> impl Iterator<Item = Range<u64>> + use<> {
    let (mut start, end) = (span.start, span.end);
    std::iter::from_fn(move || {
        let piece = start..start.saturating_add(PIECE_BYTES).min(end);
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Puts the pieces of a span together, without copying a single one.
pub(super) fn join(mut pieces: Vec<Bytes>) -> Bytes {
    match (pieces.pop(), pieces.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            let whole = pieces.into_iter().chain(last).fold(BytesMut::new(), |mut whole, piece| {
                whole.extend_from_slice(&piece);
                whole
            });
            whole.freeze()
        }
    }
}

/// A range out of spans that were fetched; nothing when none of them holds all of it.
pub(super) fn slice(fetched: &[(Range<u64>, Bytes)], range: &Range<u64>) -> Option<Bytes> {
    if range.is_empty() {
        return Some(Bytes::new());
    }
    let (span, bytes) = fetched.iter().find(|(span, _)| span.start <= range.start && range.end <= span.end)?;
    let from = usize::try_from(range.start - span.start).ok()?;
    let to = usize::try_from(range.end - span.start).ok()?;
    (to <= bytes.len()).then(|| bytes.slice(from..to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_range_is_in_what_is_requested_and_nothing_far_away_is(
            wanted in proptest::collection::vec((0_u64..2_000_000, 0_u64..300_000), 0..12),
        ) {
            let file: Vec<u8> = (0_u32..2_300_000).map(|at| at.to_le_bytes()[usize::try_from(at % 3).unwrap()]).collect();
            let bytes = |range: &Range<u64>| {
                let (from, to) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
                Bytes::copy_from_slice(&file[from..to])
            };
            let wanted: Vec<Range<u64>> = wanted.into_iter().map(|(at, length)| at..at + length).collect();
            let spans = spans(&wanted);
            prop_assert!(spans.windows(2).all(|pair| pair[0].end + GAP_BYTES < pair[1].start));
            let fetched: Vec<_> = spans.into_iter().map(|span| (span.clone(), bytes(&span))).collect();
            for range in &wanted {
                prop_assert_eq!(slice(&fetched, range).unwrap(), bytes(range));
            }
            // A byte that nobody wants is fetched only in a gap that is small.
            let longest = |span: &Range<u64>| {
                let mut free = 0;
                let mut most = 0;
                for at in (span.start..span.end).step_by(997) {
                    let is_wanted = wanted.iter().any(|range| range.contains(&at));
                    free = if is_wanted { 0 } else { free + 997 };
                    most = most.max(free);
                }
                most
            };
            prop_assert!(fetched.iter().all(|(span, _)| longest(span) <= GAP_BYTES + 997));
        }
    }

    #[test]
    fn a_long_span_comes_in_pieces_that_make_it_up() {
        let span = 5..5 + 2 * PIECE_BYTES + 7;
        let pieces: Vec<_> = pieces(&span).collect();
        assert_eq!(
            pieces.iter().map(|piece| piece.end - piece.start).collect::<Vec<_>>(),
            [PIECE_BYTES, PIECE_BYTES, 7]
        );
        assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
        let parts = [&b"ab"[..], b"c", b""].map(Bytes::from_static).to_vec();
        assert_eq!(join(parts), "abc");
        assert_eq!((join(vec![Bytes::from_static(b"x")]), join(vec![])), (Bytes::from_static(b"x"), Bytes::new()));
    }
}
