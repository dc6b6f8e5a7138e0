//! The last look before a file is written: whether a raw identifier of it stands in what would be released.

use super::options::{Options, Retain};
use super::scrub::texts;
use dicom_core::header::Header;
use dicom_core::{DicomValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::BTreeSet;

/// Retired, and still written.
const OTHER_PATIENT_IDS: Tag = Tag(0x0010, 0x1000);
/// Attributes whose whole values are looked for.
const IDENTIFIERS: [Tag; 5] =
    [tags::PATIENT_ID, tags::ACCESSION_NUMBER, tags::STUDY_ID, tags::ADMISSION_ID, OTHER_PATIENT_IDS];
/// Attributes whose values are identifiers of the standard's form.
const UIDS: [Tag; 3] = [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID];
/// Shorter identifiers are too likely to be a harmless word.
const LENGTH_MIN: usize = 4;
/// From this length on an identifier is also looked for within words.
const WITHIN_MIN: usize = 8;
/// Shorter parts of a name are too likely to be a harmless word; of a Korean one, two syllables are a given name.
const NAME_MIN: usize = 3;
const NAME_MIN_WIDE: usize = 2;

/// The raw identifiers of one file.
#[derive(Debug, Default)]
pub(super) struct Identifiers {
    /// Identifiers of the person and of orders.
    whole: BTreeSet<String>,
    /// Words of the name.
    words: BTreeSet<String>,
    /// Identifiers of study, series and instance.
    uids: BTreeSet<String>,
}

impl Identifiers {
    /// Takes the identifiers of a file before it is de-identified.
    pub(super) fn of(object: &InMemDicomObject, options: &Options) -> Self {
        let values = |tag: &Tag| object.get(*tag).map(|element| texts(element.value())).unwrap_or_default();
        let mut found = Self::default();
        if !options.retain.contains(&Retain::Uids) {
            found.uids.extend(UIDS.iter().flat_map(values));
        }
        for value in IDENTIFIERS.iter().flat_map(values) {
            if value.chars().count() >= LENGTH_MIN {
                found.whole.insert(value.to_uppercase());
            }
        }
        for word in values(&tags::PATIENT_NAME).iter().flat_map(|name| words(name)) {
            let wide = !word.is_ascii();
            if word.chars().count() >= if wide { NAME_MIN_WIDE } else { NAME_MIN } {
                found.words.insert(word);
            }
        }
        found
    }

    /// Whether one of them stands in a text of the data set or of what is nested in it. What the release itself puts
    /// there is passed over: a pseudonym or a code can have the digits of somebody's number.
    pub(super) fn stand_in(&self, object: &InMemDicomObject) -> bool {
        let own = [tags::PATIENT_ID, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE];
        object.iter().filter(|element| !own.contains(&element.tag())).any(|element| match element.value() {
            DicomValue::Sequence(sequence) => sequence.items().iter().any(|item| self.stand_in(item)),
            DicomValue::Primitive(_) if element.vr() == VR::UI => {
                texts(element.value()).iter().any(|uid| self.uids.contains(uid))
            }
            DicomValue::Primitive(_) if is_text(element.vr()) => {
                texts(element.value()).iter().any(|text| self.stands_in_text(text))
            }
            DicomValue::Primitive(_) | DicomValue::PixelSequence(_) => false,
        })
    }

    fn stands_in_text(&self, text: &str) -> bool {
        let upper = text.to_uppercase();
        let within = |id: &String| upper == *id || (id.len() >= WITHIN_MIN && upper.contains(id));
        self.whole.iter().chain(&self.uids).any(within)
            || words(text).any(|word| self.words.contains(&word) || self.whole.contains(&word))
    }
}

/// Numbers are not looked at: among many digits any short number stands somewhere.
fn is_text(vr: VR) -> bool {
    matches!(vr, VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UR | VR::UT)
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_uppercase)
}
