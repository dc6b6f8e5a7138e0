//! Attributes of which table E.1-1 says nothing. The standard keeps them all; here only what cannot carry an identifier
//! stays, by its value representation, and what the standard's dictionary does not know goes.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// What happens to an attribute that the table does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// It stays when its text has the form that its representation asks for.
    Checked,
    /// Identifiers of the standard's own registry stay, all others are replaced.
    Uid,
    /// It goes the way of a listed date: kept, shifted or removed by the option.
    Date,
    /// It stays when it is one of the phrases that may.
    Phrase,
    /// Its items are de-identified.
    Descend,
    /// It goes.
    Remove,
}

/// Short text that says how an image was made: codes, names of methods, sequences and coils.
const TECHNICAL: [Tag; 23] = [
    tags::CODE_VALUE,
    tags::CODING_SCHEME_DESIGNATOR,
    tags::CODING_SCHEME_VERSION,
    tags::CODE_MEANING,
    tags::LONG_CODE_VALUE,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::SOFTWARE_VERSIONS,
    tags::SEQUENCE_NAME,
    tags::PULSE_SEQUENCE_NAME,
    tags::IMAGED_NUCLEUS,
    tags::CONVOLUTION_KERNEL,
    tags::FILTER_TYPE,
    tags::RECEIVE_COIL_NAME,
    tags::TRANSMIT_COIL_NAME,
    tags::RADIOPHARMACEUTICAL,
    tags::RECONSTRUCTION_METHOD,
    tags::ATTENUATION_CORRECTION_METHOD,
    tags::SCATTER_CORRECTION_METHOD,
    tags::RESCALE_TYPE,
    tags::MODALITY_LUT_TYPE,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
    tags::DECAY_CORRECTION,
];

/// Binary values that are pixels, waveforms or tables for their display. Any other may hold a document.
const BINARY: [Tag; 14] = [
    tags::PIXEL_DATA,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
    tags::EXTENDED_OFFSET_TABLE,
    tags::EXTENDED_OFFSET_TABLE_LENGTHS,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::LUT_DATA,
    tags::WAVEFORM_DATA,
    tags::VECTOR_GRID_DATA,
];

/// What happens to an attribute of this representation that the table does not list.
pub(super) fn fate(tag: Tag, vr: VR) -> Fate {
    if !is_permitted(tag, vr) {
        return Fate::Remove;
    }
    match vr {
        VR::AT | VR::FL | VR::FD | VR::SS | VR::US | VR::SL | VR::UL | VR::SV | VR::UV => Fate::Keep,
        VR::CS | VR::DS | VR::IS => Fate::Checked,
        VR::SH | VR::LO | VR::UC if TECHNICAL.contains(&tag) => Fate::Keep,
        VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV if BINARY.contains(&tag) => Fate::Keep,
        VR::SH | VR::LO | VR::UC | VR::ST | VR::LT | VR::UT => Fate::Phrase,
        VR::UI => Fate::Uid,
        VR::DA | VR::DT | VR::TM => Fate::Date,
        VR::SQ => Fate::Descend,
        _ => Fate::Remove,
    }
}

/// Whether the standard's dictionary knows the attribute with this representation. A value under another one has not
/// been looked at by whoever wrote the table.
pub(super) fn is_permitted(tag: Tag, vr: VR) -> bool {
    match StandardDataDictionary.by_tag(tag).map(|entry| entry.vr()) {
        Some(VirtualVr::Exact(exact)) => exact == vr,
        Some(VirtualVr::Xs) => matches!(vr, VR::US | VR::SS),
        Some(VirtualVr::Ox | VirtualVr::Px) => matches!(vr, VR::OB | VR::OW),
        Some(VirtualVr::Lt) => matches!(vr, VR::US | VR::SS | VR::OW),
        _ => false,
    }
}

/// The representation of an attribute in the standard's dictionary, when it has exactly one.
pub(super) fn exact(tag: Tag) -> Option<VR> {
    StandardDataDictionary.by_tag(tag).and_then(|entry| entry.vr().exact())
}

/// Whether text has the form of its representation: a code string, or a number.
pub(super) fn is_well_formed(vr: VR, text: &str) -> bool {
    let text = text.trim_matches(['\0', ' ']);
    match vr {
        VR::CS => text.len() <= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_')),
        // Longer ones than the standard allows are common, and are numbers all the same.
        VR::DS | VR::IS => text.is_empty() || (text.bytes().all(is_of_number) && text.parse::<f64>().is_ok()),
        _ => false,
    }
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
}

/// Private attributes that are safe when their creator is the one named, from table E.3.10-1 of PS3.15: scales of PET,
/// diffusion of MR and rotation of CT. Only those that are numbers are taken.
const SAFE_PRIVATE: [(&str, u16, &[u8]); 9] = [
    ("Philips PET Private Group", 0x7053, &[0x00, 0x09]),
    ("Philips MR Imaging DD 001", 0x2005, &[0x0d, 0x0e]),
    ("Philips Imaging DD 001", 0x2001, &[0x03]),
    ("SIEMENS MR HEADER", 0x0019, &[0x0c, 0x0e, 0x27]),
    ("GEMS_ACQU_01", 0x0019, &[0x23, 0x24, 0x27]),
    ("GEMS_PARM_01", 0x0043, &[0x39]),
    ("GEMS_HELIOS_01", 0x0045, &[0x01, 0x02]),
    ("ELSCINT1", 0x00e1, &[0x21]),
    ("ELSCINT1", 0x01f1, &[0x07, 0x26, 0x27]),
];

/// Whether a private attribute of a creator is known to be safe.
pub(super) fn is_safe_private(creator: &str, tag: Tag, vr: VR) -> bool {
    let number = matches!(vr, VR::DS | VR::IS | VR::FL | VR::FD | VR::SS | VR::US | VR::SL | VR::UL);
    let offset = tag.element().to_be_bytes();
    let known = |(name, group, elements): &(&str, u16, &[u8])| {
        *name == creator && *group == tag.group() && elements.contains(&offset[1])
    };
    number && SAFE_PRIVATE.iter().any(known)
}

/// Whether a creator has safe attributes in a group.
pub(super) fn is_safe_creator(creator: &str, group: u16) -> bool {
    SAFE_PRIVATE.iter().any(|(name, of, _)| *name == creator && *of == group)
}
