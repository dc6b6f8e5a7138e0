//! A text that comes in pieces is the text that comes at once, and every damaged byte is where another decoder finds it.

use super::Decoded;
use crate::definition::TextEncoding;
use encoding_rs::{EUC_KR, UTF_8, UTF_16BE, UTF_16LE};
use proptest::prelude::*;
use std::io::Read;

/// Gives its bytes in pieces of these sizes, again and again.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let size = self.sizes.next().copied().unwrap_or(1).min(self.bytes.len()).min(out.len());
        out[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes = &self.bytes[size..];
        Ok(size)
    }
}

fn decoded(bytes: &[u8], sizes: &[usize], encoding: TextEncoding) -> (Vec<u8>, Vec<u64>) {
    let mut decoded = Decoded::new(Pieces { bytes, sizes: sizes.iter().cycle() }, encoding);
    let mut text = Vec::new();
    decoded.read_to_end(&mut text).unwrap();
    (text, decoded.faults_until(u64::MAX))
}

/// The places, from 1, of what the standard library says is no UTF-8.
fn damaged(bytes: &[u8]) -> Vec<u64> {
    let (mut at, mut found) = (0, Vec::new());
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        at = 3;
    }
    while let Err(error) = std::str::from_utf8(&bytes[at..]) {
        at += error.valid_up_to();
        found.push(u64::try_from(at + 1).unwrap());
        at += error.error_len().unwrap_or(bytes.len() - at);
    }
    found
}

/// Bytes as they are in files: much ASCII, letters of both encodings, and now and then anything.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z,;\"\n]{0,6}".prop_map(String::into_bytes),
        2 => "[가-힣]{0,4}".prop_map(String::into_bytes),
        2 => "[가-깋]{0,4}".prop_map(|text| EUC_KR.encode(&text).0.into_owned()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => Just(vec![0xef, 0xbb, 0xbf]),
        1 => Just(vec![0xff, 0xfe]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_text_in_pieces_is_the_text_at_once(bytes in bytes(), sizes in prop::collection::vec(1_usize..9, 1..6)) {
        for (encoding, other) in [
            (TextEncoding::Utf8, UTF_8),
            (TextEncoding::Cp949, EUC_KR),
            (TextEncoding::Utf16Le, UTF_16LE),
            (TextEncoding::Utf16Be, UTF_16BE),
        ] {
            let (text, _) = decoded(&bytes, &sizes, encoding);
            prop_assert_eq!(String::from_utf8(text).unwrap(), other.decode_with_bom_removal(&bytes).0.into_owned());
        }
    }

    #[test]
    fn every_damaged_byte_is_where_the_standard_library_finds_it(
        bytes in bytes(),
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        prop_assert_eq!(decoded(&bytes, &sizes, TextEncoding::Utf8).1, damaged(&bytes));
    }
}

#[test]
fn damaged_bytes_are_told_once_and_in_order() {
    let bytes = [&EUC_KR.encode("가나").0[..], b"\xff,", &EUC_KR.encode("다").0[..], b"\x80"].concat();
    let mut decoded = Decoded::new(bytes.as_slice(), TextEncoding::Cp949);
    let mut text = String::new();
    decoded.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("가나\u{fffd}") && text.ends_with("다\u{fffd}"), "{text}");
    // 가나 are six bytes of text, and four of the file.
    assert!(decoded.faults_until(6).is_empty());
    assert_eq!(decoded.faults_until(7), [5]);
    assert_eq!(decoded.faults_until(u64::MAX), [9]);
    assert!(decoded.faults_until(u64::MAX).is_empty());
}

#[test]
fn a_text_ends_at_its_limit() {
    let mut decoded = Decoded::new(std::io::repeat(b'x'), TextEncoding::Utf8);
    decoded.limit(1 << 20);
    assert!(decoded.read_to_end(&mut Vec::new()).is_err() && decoded.is_at_limit());
}
