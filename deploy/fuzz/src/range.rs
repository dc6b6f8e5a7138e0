//! `Range` headers.

use mudeung_server::data::range::{Part, parse};

/// Eight bytes of length, then the header: what is answered lies within the file, and is not empty.
pub fn range(bytes: &[u8]) {
    let Some((len, text)) = bytes.split_first_chunk::<8>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    // A length of any size is tried, most of them as small as those of the ranges that are tried.
    for len in [u64::from_le_bytes(*len), u64::from_le_bytes(*len) % 1_024] {
        match parse(text, len) {
            Part::Some(part) => assert!(part.start < part.end && part.end <= len, "{part:?} of {len}"),
            Part::Whole | Part::Outside => {}
            Part::Unchanged => unreachable!("a Range says nothing of what the client has"),
        }
    }
}
