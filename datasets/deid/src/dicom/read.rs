//! Reading a DICOM file whose bytes nobody vouches for: every length is held against what is there before memory is
//! taken for it, and nesting and the number of elements have an end.

use super::quarantine::Reason;
use super::{DEPTH_MAX, ELEMENTS_MAX};
use dicom_core::value::{DataSetSequence, PixelFragmentSequence};
use dicom_core::{DataElement, DataElementHeader, DicomValue, Length, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTable, InMemDicomObject};
use dicom_parser::StatefulDecode;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_parser::stateful::decode::DynStatefulDecoder;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};
use std::io::Cursor;

/// The bytes before the word DICM; what stands in them is not looked at.
const PREAMBLE: usize = 128;

/// Data sets that are compressed as a whole, or whose pixels lie behind an address.
const UNREADABLE: [&str; 5] = [
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.94",
    "1.2.840.10008.1.2.4.95",
    "1.2.840.10008.1.2.4.204",
    "1.2.840.10008.1.2.4.205",
];

/// A file as it was read.
#[derive(Debug)]
pub(super) struct Read {
    /// The data set.
    pub(super) object: InMemDicomObject,
    /// How it is encoded.
    pub(super) transfer_syntax: String,
    /// The class that the file's head names.
    pub(super) class: String,
}

/// Reads a file, or says why it cannot be trusted.
pub(super) fn read(bytes: &[u8]) -> Result<Read, Reason> {
    let (_, mut rest) = bytes.split_at_checked(PREAMBLE).ok_or(Reason::NotDicom)?;
    let set = rest.strip_prefix(b"DICM").ok_or(Reason::NotDicom)?;
    check_meta(set)?;
    let meta = FileMetaTable::from_reader(&mut rest).map_err(|_malformed| Reason::Broken)?;
    let uid = meta.transfer_syntax().trim_matches(|c: char| c == '\0' || c == ' ').to_owned();
    let syntax = TransferSyntaxRegistry.get(&uid).filter(|_| !UNREADABLE.contains(&uid.as_str()));
    let syntax = syntax.ok_or(Reason::TransferSyntax)?;
    let patched = korean(rest);
    let rest = patched.as_deref().unwrap_or(rest);
    let reader =
        LazyDataSetReader::new_with_ts(Cursor::new(rest), syntax).map_err(|_unknown| Reason::TransferSyntax)?;
    let total = u64::try_from(rest.len()).map_err(|_beyond| Reason::TooLarge)?;
    let mut builder = Builder { reader, total, elements: 0 };
    let object = builder.object(0)?;
    if object.iter().next().is_none() {
        return Err(Reason::Broken);
    }
    let class = meta.media_storage_sop_class_uid().trim_matches(|c: char| c == '\0' || c == ' ').to_owned();
    Ok(Read { object, transfer_syntax: uid, class })
}

/// A data set whose text is Korean by a second character set (`\\ISO 2022 IR 149`, as hospitals write it), with that
/// set named first, the only one that is read by the decoder; the value keeps its length. None when nothing is to be
/// changed.
fn korean(set: &[u8]) -> Option<Vec<u8>> {
    let at = set.get(..64)?.windows(4).position(|tag| tag == [8, 0, 5, 0])? + 4;
    let (start, length) = match *set.get(at..at + 4)? {
        [b'C', b'S', low, high] => (at + 4, usize::from(u16::from_le_bytes([low, high]))),
        [low, high, 0, 0] => (at + 4, usize::from(u16::from_le_bytes([low, high]))),
        _ => return None,
    };
    let value = std::str::from_utf8(set.get(start..start + length)?).ok()?;
    let mut sets = value.split('\\').map(str::trim);
    if !matches!(sets.next()?, "" | "ISO 2022 IR 6") || sets.next()? != "ISO 2022 IR 149" {
        return None;
    }
    let mut changed = set.to_vec();
    let padded = b"ISO_IR 149".iter().chain(std::iter::repeat(&b' '));
    changed.get_mut(start..start + length)?.iter_mut().zip(padded).for_each(|(to, from)| *to = *from);
    Some(changed)
}

/// Holds the lengths in the file's head against what is there; it is always explicit little endian.
fn check_meta(set: &[u8]) -> Result<(), Reason> {
    let broken = Reason::Broken;
    let (first, mut rest) = set.split_at_checked(12).ok_or(broken)?;
    let [2, 0, 0, 0, b'U', b'L', 4, 0, a, b, c, d] = *first else { return Err(broken) };
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).map_err(|_beyond| broken)?;
    rest = rest.get(..length).ok_or(broken)?;
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(8).ok_or(broken)?;
        let [2, 0, _, _, x, y, low, high] = *head else { return Err(broken) };
        let long = matches!(&[x, y], b"OB" | b"OW" | b"OF" | b"SQ" | b"UT" | b"UN" | b"OD" | b"OL" | b"UC" | b"UR");
        let (length, after) = if long {
            let (length, after) = after.split_first_chunk::<4>().ok_or(broken)?;
            (usize::try_from(u32::from_le_bytes(*length)).map_err(|_beyond| broken)?, after)
        } else {
            (usize::from(u16::from_le_bytes([low, high])), after)
        };
        rest = after.get(length..).ok_or(broken)?;
    }
    Ok(())
}

type Reader<'a> = LazyDataSetReader<DynStatefulDecoder<Cursor<&'a [u8]>>>;

/// Builds a data set of the tokens of a file.
struct Builder<'a> {
    reader: Reader<'a>,
    /// The length of the data set in bytes.
    total: u64,
    elements: u64,
}

impl<'a> Builder<'a> {
    /// The data set that stands here, up to its end; `depth` is how many items it lies in.
    fn object(&mut self, depth: usize) -> Result<InMemDicomObject, Reason> {
        let mut object = InMemDicomObject::new_empty();
        loop {
            let Some(token) = self.reader.advance() else {
                return if depth == 0 { Ok(object) } else { Err(Reason::Broken) };
            };
            match token.map_err(|_malformed| Reason::Broken)? {
                LazyDataToken::ElementHeader(header) => {
                    self.count()?;
                    let value = self.value(header)?;
                    object.put(DataElement::new(header.tag, header.vr, value));
                }
                LazyDataToken::SequenceStart { tag, .. } => {
                    self.count()?;
                    if depth >= DEPTH_MAX {
                        return Err(Reason::TooDeep);
                    }
                    let items = self.items(depth + 1)?;
                    let sequence = DataSetSequence::new(items, Length::UNDEFINED);
                    object.put(DataElement::new(tag, VR::SQ, DicomValue::Sequence(sequence)));
                }
                LazyDataToken::PixelSequenceStart => {
                    self.count()?;
                    let pixels = self.fragments()?;
                    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, DicomValue::PixelSequence(pixels)));
                }
                LazyDataToken::ItemEnd if depth > 0 => return Ok(object),
                _ => return Err(Reason::Broken),
            }
        }
    }

    /// The items of a sequence.
    fn items(&mut self, depth: usize) -> Result<Vec<InMemDicomObject>, Reason> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                LazyDataToken::ItemStart { .. } => {
                    self.count()?;
                    items.push(self.object(depth)?);
                }
                LazyDataToken::SequenceEnd => return Ok(items),
                _ => return Err(Reason::Broken),
            }
        }
    }

    /// The value whose head was read.
    fn value(&mut self, header: DataElementHeader) -> Result<PrimitiveValue, Reason> {
        let total = self.total;
        match self.next()? {
            LazyDataToken::LazyValue { header: same, decoder } if same.tag == header.tag => {
                let length = same.len.get().ok_or(Reason::Broken)?;
                if u64::from(length) > total.saturating_sub(decoder.position()) {
                    return Err(Reason::Broken);
                }
                decoder.read_value_preserved(&same).map_err(|_malformed| Reason::Broken)
            }
            _ => Err(Reason::Broken),
        }
    }

    /// Compressed pixels: the table of offsets and the fragments, as they are.
    fn fragments(&mut self) -> Result<PixelFragmentSequence<Vec<u8>>, Reason> {
        let total = self.total;
        let mut items: Vec<Vec<u8>> = Vec::new();
        loop {
            match self.next()? {
                LazyDataToken::ItemStart { .. } => {
                    items.push(Vec::new());
                    self.count()?;
                }
                LazyDataToken::LazyItemValue { len, decoder } => {
                    if u64::from(len) > total.saturating_sub(decoder.position()) {
                        return Err(Reason::Broken);
                    }
                    let item = items.last_mut().ok_or(Reason::Broken)?;
                    decoder.read_to_vec(len, item).map_err(|_malformed| Reason::Broken)?;
                }
                LazyDataToken::ItemEnd => {}
                LazyDataToken::SequenceEnd => break,
                _ => return Err(Reason::Broken),
            }
        }
        let mut items = items.into_iter();
        let offsets = items.next().unwrap_or_default();
        let (offsets, rest) = offsets.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(Reason::Broken);
        }
        let offsets: Vec<u32> = offsets.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        Ok(PixelFragmentSequence::new(offsets, items.collect::<Vec<_>>()))
    }

    fn next(&mut self) -> Result<LazyDataToken<&mut DynStatefulDecoder<Cursor<&'a [u8]>>>, Reason> {
        self.reader.advance().ok_or(Reason::Broken)?.map_err(|_malformed| Reason::Broken)
    }

    fn count(&mut self) -> Result<(), Reason> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX { Err(Reason::TooManyElements) } else { Ok(()) }
    }
}

/// The first value of an attribute as text, without padding; empty when it is not there.
pub(super) fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let value = object.get(tag).and_then(|element| element.value().primitive());
    match value.map(PrimitiveValue::to_multi_str) {
        Some(texts) => texts.first().map(|text| text.trim_matches(['\0', ' ']).to_owned()).unwrap_or_default(),
        None => String::new(),
    }
}

/// The first value of an attribute as a number.
pub(super) fn number(object: &InMemDicomObject, tag: Tag) -> Option<i64> {
    object.get(tag)?.value().to_int::<i64>().ok()
}
