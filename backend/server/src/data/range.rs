//! Which part of a file a request wants: `Range`, `If-Range` and `If-None-Match` of RFC 9110, as pure functions.

use actix_web::http::header::{HeaderMap, IF_NONE_MATCH, IF_RANGE, RANGE};
use std::ops::Range;

/// What to answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The whole file, 200.
    Whole,
    /// One part of it, 206.
    Some(Range<u64>),
    /// The part lies outside, 416.
    Outside,
    /// The client has it already, 304.
    Unchanged,
}

/// What to answer a request with, for a file of that length and strong tag. A `Range` that is malformed, of another
/// unit, of several parts or under an `If-Range` that does not match is ignored, as the RFC allows: the whole file.
pub fn wanted(headers: &HeaderMap, len: u64, etag: &str) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.get_all(IF_NONE_MATCH).any(|value| value.to_str().is_ok_and(|list| matches_any(list, etag))) {
        return Part::Unchanged;
    }
    let Some(range) = text(RANGE) else { return Part::Whole };
    if headers.contains_key(IF_RANGE) && text(IF_RANGE).is_none_or(|tag| strong(tag) != Some(etag)) {
        return Part::Whole;
    }
    parse(range, len)
}

/// The part that a `Range` names in a file of that length.
pub fn parse(text: &str, len: u64) -> Part {
    let Some((unit, set)) = text.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Part::Whole };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => within(first, last.saturating_add(1).min(len)),
        (Some(first), None) if last.is_empty() => within(first, len),
        (None, Some(suffix)) if first.is_empty() => within(len.saturating_sub(suffix), len),
        _ => Part::Whole,
    }
}

fn within(start: u64, end: u64) -> Part {
    if start < end { Part::Some(start..end) } else { Part::Outside }
}

/// Digits alone; more of them than fit are as good as the end of time.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The tag within the quotes of a strong entity tag.
fn strong(tag: &str) -> Option<&str> {
    tag.trim().strip_prefix('"')?.strip_suffix('"')
}

/// Weak comparison with a list of tags, or with `*`.
fn matches_any(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|tag| tag == "*" || strong(tag.strip_prefix("W/").unwrap_or(tag)) == Some(etag))
}

/// Rows that count for a part of a file: their share by bytes, rounded down; all of them for the whole.
pub fn share_of_rows(rows: u64, bytes: u64, len: u64) -> u64 {
    if len == 0 {
        return rows;
    }
    u64::try_from(u128::from(rows) * u128::from(bytes) / u128::from(len)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
