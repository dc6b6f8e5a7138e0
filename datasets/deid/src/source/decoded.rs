//! A text file as UTF-8, whatever it is written in, piece by piece. Bytes that are not of the encoding become U+FFFD, and
//! their place in the file is remembered until the row that holds them is read.

use crate::definition::TextEncoding;
use encoding_rs::{Decoder, DecoderResult, EUC_KR, UTF_8, UTF_16BE, UTF_16LE};
use std::collections::VecDeque;
use std::io::{self, Read};

/// Bytes of a buffer.
const BUFFER_BYTES: usize = 1 << 16;
/// The longest letter, and what stands for none: U+FFFD.
const LETTER_BYTES_MAX: usize = 4;
const NONE: &[u8] = "\u{fffd}".as_bytes();

/// Reads another reader's bytes as UTF-8, without a byte order mark.
pub(super) struct Decoded<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    left: std::ops::Range<usize>,
    text: Vec<u8>,
    /// What of `text` is not given yet.
    ready: std::ops::Range<usize>,
    /// Bytes of the file that were decoded, and bytes of the text that were made of them.
    decoded: u64,
    made: u64,
    given: u64,
    given_max: u64,
    faults: VecDeque<Fault>,
    input_ended: bool,
    ended: bool,
}

/// Bytes that are not of the encoding: where what stands for them is in the text, and where they are in the file.
struct Fault {
    text: u64,
    byte: u64,
}

impl TextEncoding {
    fn decoder(self) -> Decoder {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Cp949 => EUC_KR,
        }
        .new_decoder_with_bom_removal()
    }
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(input: R, encoding: TextEncoding) -> Self {
        Self {
            input,
            decoder: encoding.decoder(),
            raw: vec![0; BUFFER_BYTES],
            left: 0..0,
            text: vec![0; BUFFER_BYTES],
            ready: 0..0,
            decoded: 0,
            made: 0,
            given: 0,
            given_max: u64::MAX,
            faults: VecDeque::new(),
            input_ended: false,
            ended: false,
        }
    }

    /// Gives no more of the text than so many bytes from its beginning; then reading fails.
    pub(super) fn limit(&mut self, bytes: u64) {
        self.given_max = bytes;
    }

    /// Whether reading failed at the limit.
    pub(super) fn is_at_limit(&self) -> bool {
        self.given >= self.given_max
    }

    /// The places in the file, from 1, of bytes that are not of the encoding, up to a place in the text. Each is told once.
    pub(super) fn faults_until(&mut self, text: u64) -> Vec<u64> {
        let mut bytes = Vec::new();
        while let Some(fault) = self.faults.pop_front_if(|fault| fault.text < text) {
            bytes.push(fault.byte);
        }
        bytes
    }

    /// Decodes until there is something to give or nothing is left.
    fn fill(&mut self) -> io::Result<()> {
        self.ready = 0..0;
        while self.ready.is_empty() && !self.ended {
            if self.left.is_empty() && !self.input_ended {
                let read = self.input.read(&mut self.raw)?;
                (self.left, self.input_ended) = (0..read, read == 0);
            }
            self.decode();
        }
        Ok(())
    }

    /// Decodes what was read, as far as there is room.
    fn decode(&mut self) {
        while self.ready.end + 2 * LETTER_BYTES_MAX < self.text.len() && !self.ended {
            let raw = self.raw.get(self.left.clone()).unwrap_or_default();
            // Room for what stands for damaged bytes is left over.
            let room = self.ready.end..self.text.len().saturating_sub(LETTER_BYTES_MAX);
            let Some(room) = self.text.get_mut(room) else { return };
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(raw, room, self.input_ended);
            self.left.start += read;
            self.decoded += count(read);
            self.advance(written);
            match result {
                DecoderResult::InputEmpty => {
                    self.ended = self.input_ended;
                    return;
                }
                DecoderResult::OutputFull => return,
                DecoderResult::Malformed(bad, after) => {
                    let byte = self.decoded.saturating_sub(u64::from(bad) + u64::from(after)) + 1;
                    self.faults.push_back(Fault { text: self.made, byte });
                    if let Some(room) = self.text.get_mut(self.ready.end..self.ready.end + NONE.len()) {
                        room.copy_from_slice(NONE);
                    }
                    self.advance(NONE.len());
                }
            }
        }
    }

    fn advance(&mut self, written: usize) {
        self.ready.end += written;
        self.made += count(written);
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.is_at_limit() {
            return Err(io::Error::other("the row has no end"));
        }
        if self.ready.is_empty() {
            self.fill()?;
        }
        let text = self.text.get(self.ready.clone()).unwrap_or_default();
        let bytes = text.len().min(out.len());
        if let (Some(out), Some(text)) = (out.get_mut(..bytes), text.get(..bytes)) {
            out.copy_from_slice(text);
        }
        self.ready.start += bytes;
        self.given += count(bytes);
        Ok(bytes)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
