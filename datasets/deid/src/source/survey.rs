//! One look at all bytes of a raw file: its size, its hash, whether its quotations are closed, and, of a bounded part, in
//! which encoding it is.

use crate::definition::{TextEncoding, hex};
use crate::error::{CurateError, InputError};
use encoding_rs::{DecoderResult, EUC_KR, Encoding, UTF_8};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are looked at: so many from the beginning, and so many from the first one that is not ASCII.
pub(super) const SAMPLE_BYTES_MAX: usize = 1 << 16;

/// What one look at a file shows.
pub(super) struct Survey {
    pub(super) size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub(super) sha256: String,
    /// The first bytes.
    pub(super) head: Vec<u8>,
    /// The bytes from the first one on that is not ASCII.
    beyond: Vec<u8>,
    /// How many bytes, and ends of lines, stand before them.
    before: (u64, u64),
    double_quotes: u64,
    single_quotes: u64,
}

/// Reads a file to its end.
pub(super) fn survey(path: &Path) -> Result<Survey, CurateError> {
    let unreadable = |error: io::Error| CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 18];
    let mut found = Survey::empty();
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        found.add(bytes);
    }
    found.sha256 = hex(&hasher.finalize());
    Ok(found)
}

impl Survey {
    fn empty() -> Self {
        Self {
            size_bytes: 0,
            sha256: String::new(),
            head: Vec::new(),
            beyond: Vec::new(),
            before: (0, 0),
            double_quotes: 0,
            single_quotes: 0,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = |sample: &Vec<u8>| SAMPLE_BYTES_MAX.saturating_sub(sample.len());
        self.head.extend(bytes.iter().take(room(&self.head)));
        if self.beyond.is_empty() {
            let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(bytes.len());
            let (ascii, beyond) = bytes.split_at(first);
            self.before = (self.before.0 + count(ascii.len()), self.before.1 + occurrences(ascii, b'\n'));
            self.beyond.extend(beyond.iter().take(SAMPLE_BYTES_MAX));
        } else {
            self.beyond.extend(bytes.iter().take(room(&self.beyond)));
        }
        self.size_bytes += count(bytes.len());
        self.double_quotes += occurrences(bytes, b'"');
        self.single_quotes += occurrences(bytes, b'\'');
    }

    /// Whether a quotation by that mark is open at the end. In UTF-16 the byte of a mark may be half of another letter, so
    /// that nothing is known.
    pub(super) fn ends_quoted(&self, encoding: TextEncoding, mark: Option<char>) -> bool {
        let marks = match mark {
            Some('"') => self.double_quotes,
            Some('\'') => self.single_quotes,
            _ => 0,
        };
        matches!(encoding, TextEncoding::Utf8 | TextEncoding::Cp949) && marks % 2 == 1
    }

    /// The encoding that the bytes are of.
    pub(super) fn encoding(&self, file: &str) -> Result<TextEncoding, InputError> {
        if let Some((marked, _)) = Encoding::for_bom(&self.head) {
            return Ok(match marked.name() {
                "UTF-16LE" => TextEncoding::Utf16Le,
                "UTF-16BE" => TextEncoding::Utf16Be,
                _ => TextEncoding::Utf8,
            });
        }
        if let Some(encoding) = self.unmarked_utf_16() {
            return Ok(encoding);
        }
        let (utf_8, cp949) = (malformed(UTF_8, &self.beyond), malformed(EUC_KR, &self.beyond));
        // One damaged letter must not turn a whole file into another encoding: the reader will name its place.
        if utf_8 == 0 || (utf_8 <= cp949 && utf_8 * 16 < letters(&self.beyond)) {
            return Ok(TextEncoding::Utf8);
        }
        if cp949 * 16 < letters(&self.beyond) && is_korean(&self.beyond) {
            return Ok(TextEncoding::Cp949);
        }
        Err(InputError::UnknownEncoding { file: file.to_owned(), line: self.before.1 + 1, byte: self.before.0 + 1 })
    }

    /// Of UTF-16 every separator, digit and end of line has a byte of zero, always on the same side.
    fn unmarked_utf_16(&self) -> Option<TextEncoding> {
        let zeros = |side: usize| self.head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
        let (first, second) = (zeros(0), zeros(1));
        let many = self.head.len() / 8;
        match (first > many, second > many) {
            (true, false) if second * 16 < first => Some(TextEncoding::Utf16Be),
            (false, true) if first * 16 < second => Some(TextEncoding::Utf16Le),
            _ => None,
        }
    }
}

/// How many sequences of bytes are not of an encoding. A letter that the sample cuts off is not counted.
fn malformed(encoding: &'static Encoding, sample: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut rest, mut text, mut found) = (sample, vec![0_u8; 1 << 12], 0);
    let is_whole = sample.len() < SAMPLE_BYTES_MAX;
    loop {
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(rest, &mut text, is_whole);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return found,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(_, _) => found += 1,
        }
    }
}

/// About how many letters beyond ASCII there are: they have two or three bytes each.
fn letters(sample: &[u8]) -> usize {
    sample.iter().filter(|byte| !byte.is_ascii()).count() / 2
}

/// Whether the pairs of bytes are those of everyday Korean, KS X 1001, as nearly all of a Korean text are. Of a text in
/// Latin-1, too, most pairs are some letter of code page 949, but their second byte is ASCII.
fn is_korean(sample: &[u8]) -> bool {
    let (mut pairs, mut everyday) = (0_usize, 0_usize);
    let mut bytes = sample.iter();
    while let Some(first) = bytes.next() {
        if first.is_ascii() {
            continue;
        }
        let Some(second) = bytes.next() else { break };
        pairs += 1;
        everyday += usize::from(*first >= 0xa1 && *second >= 0xa1);
    }
    everyday * 10 >= pairs * 9
}

fn occurrences(bytes: &[u8], wanted: u8) -> u64 {
    count(bytes.iter().filter(|byte| **byte == wanted).count())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
