//! Files that are not released as they are, each with its reason. Nothing of them is written.

use super::options::Options;
use super::read::{Read, number, text};
use super::unlisted::is_well_formed;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

mod head;

/// Why a file was held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is no DICOM file.
    NotDicom,
    /// It is damaged or cut off.
    Broken,
    /// The system cannot read it.
    Unreadable,
    /// It is larger than the limit.
    TooLarge,
    /// Its sequences are nested deeper than the limit.
    TooDeep,
    /// It has more elements than the limit.
    TooManyElements,
    /// Its transfer syntax is not supported.
    TransferSyntax,
    /// It is no instance that the standard stores: a directory, or a private class.
    Class,
    /// It does not say whose it is.
    NoPatient,
    /// It lacks an identifier of study, series or instance.
    NoIdentifier,
    /// It says that words are burned into its pixels, or an overlay lies in them.
    BurnedIn,
    /// It does not say whether words are burned into its pixels, and comes from where they often are.
    BurnedInUnknown,
    /// It shows a head whose face can be rebuilt.
    Head,
    /// It is a CT or MR image that does not say of what.
    BodyPartUnknown,
    /// It holds a document.
    Document,
    /// It is a structured report.
    Report,
    /// An instance with the same identifier was read before.
    Duplicate,
    /// Its study was read before with another patient.
    TwoPatients,
    /// A raw identifier would have stood in what is released.
    Leak,
}

impl Reason {
    /// What to tell the steward, in Korean and English.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::NotDicom => ("DICOM 파일이 아닙니다", "not a DICOM file"),
            Self::Broken => ("손상되었거나 잘린 파일입니다", "damaged or cut off"),
            Self::Unreadable => ("시스템이 파일을 읽지 못합니다", "the system cannot read it"),
            Self::TooLarge => ("크기 제한보다 큽니다", "larger than the limit"),
            Self::TooDeep => ("시퀀스가 제한보다 깊이 중첩되어 있습니다", "nested deeper than the limit"),
            Self::TooManyElements => ("요소가 제한보다 많습니다", "more elements than the limit"),
            Self::TransferSyntax => ("지원하지 않는 전송 구문입니다", "transfer syntax is not supported"),
            Self::Class => ("표준 저장 클래스의 인스턴스가 아닙니다", "no instance of a storage class of the standard"),
            Self::NoPatient => ("환자 번호가 없습니다", "no patient identifier"),
            Self::NoIdentifier => {
                ("검사, 시리즈 또는 인스턴스 식별자가 없습니다", "no identifier of study, series or instance")
            }
            Self::BurnedIn => ("화소에 글자나 오버레이가 새겨져 있습니다", "words or an overlay in its pixels"),
            Self::BurnedInUnknown => (
                "화소에 글자가 새겨졌는지 밝히지 않았고, 흔히 새겨지는 종류입니다",
                "does not say whether words are burned into its pixels, and is of a kind where they often are",
            ),
            Self::Head => (
                "얼굴을 복원할 수 있는 머리 영상입니다; 얼굴을 지웠다면 --defaced",
                "a head whose face can be rebuilt; --defaced if faces were removed",
            ),
            Self::BodyPartUnknown => (
                "촬영 부위를 밝히지 않은 CT 또는 MR입니다; 얼굴을 지웠다면 --defaced",
                "a CT or MR image that does not say of what; --defaced if faces were removed",
            ),
            Self::Document => ("문서를 담고 있습니다", "holds a document"),
            Self::Report => ("구조화 보고서입니다", "a structured report"),
            Self::Duplicate => ("같은 식별자의 인스턴스를 이미 읽었습니다", "its identifier was read before"),
            Self::TwoPatients => {
                ("같은 검사가 다른 환자로 이미 나왔습니다", "its study was read before with another patient")
            }
            Self::Leak => ("처리 뒤에도 원본 식별자가 남습니다", "a raw identifier would remain"),
        }
    }
}

/// The classes that store instances.
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
/// Encapsulated PDF, CDA, STL, OBJ and MTL.
const DOCUMENTS: &str = "1.2.840.10008.5.1.4.1.1.104.";
/// Structured reports of every kind, key objects and dose reports too. Their content is a tree of free text, names and
/// references that would have to be cleaned item by item.
const REPORTS: &str = "1.2.840.10008.5.1.4.1.1.88.";
/// Secondary capture: what was on a screen or on paper, of whatever modality.
const CAPTURES: &str = "1.2.840.10008.5.1.4.1.1.7";

/// The modalities whose pixels are released without a word on burned-in annotation. Their scanners write pixels
/// straight from the reconstruction, or they are masks and doses that were computed. Of all others the attribute has to
/// say NO: ultrasound (US, IVUS) and cameras (ES, GM, XC, OP) draw the patient's name into the picture, angiography and
/// fluoroscopy (XA, RF) their console's banner, film digitizers and plates (CR) the label of the film, slides (SM)
/// their sticker; captures (OT, DOC, HC, SC) are screens and paper; DX, MG and IO must say it by the standard, and NM
/// stores result pages as images.
const UNMARKED: [&str; 5] = ["CT", "MR", "PT", "SEG", "RTDOSE"];

/// The classes of which every instance has pixels, after the part that all share. Without them it was cut off.
const IMAGES: [&str; 40] = [
    "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "2", "2.1", "2.2", "3.1", "4", "4.1", "4.3", "4.4", "6.1",
    "6.2", "7", "7.1", "7.2", "7.3", "7.4", "12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2", "13.1.3", "20",
    "66.4", "77.1.1", "77.1.2", "77.1.4", "77.1.5.1", "77.1.5.2", "128", "128.1", "130", "481.2",
];

/// Values of ImageType that name captured pages of scanners: dose pages, protocols, screen saves.
const PAGES: [&str; 5] = ["SCREEN", "CAPTURE", "DOSE", "PROTOCOL", "REPORT"];

/// Why a file is held back before it is de-identified; none when it may go on.
pub(super) fn judge(read: &Read, options: &Options) -> Option<Reason> {
    let object = &read.object;
    let class = text(object, tags::SOP_CLASS_UID);
    let modality = text(object, tags::MODALITY);
    // Two names for one class: nobody can say which is true.
    if !read.class.is_empty() && read.class != class {
        return Some(Reason::Broken);
    }
    if !class.starts_with(STORAGE) || !is_well_formed(VR::CS, &modality) {
        return Some(Reason::Class);
    }
    if class.starts_with(DOCUMENTS) || object.get(tags::ENCAPSULATED_DOCUMENT).is_some() {
        return Some(Reason::Document);
    }
    if class.starts_with(REPORTS) || modality == "SR" {
        return Some(Reason::Report);
    }
    let identifiers = [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID];
    if identifiers.iter().any(|tag| text(object, *tag).is_empty()) {
        return Some(Reason::NoIdentifier);
    }
    pixels(object, &class, &modality).or_else(|| head::head(object, &modality, options))
}

/// What is wrong with the pixels, when there are any.
fn pixels(object: &InMemDicomObject, class: &str, modality: &str) -> Option<Reason> {
    let data = [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];
    let pixels = data.iter().find_map(|tag| object.get(*tag));
    let (rows, columns) = (number(object, tags::ROWS), number(object, tags::COLUMNS));
    let Some(pixels) = pixels else {
        // What has no pixels by nature does not say how many rows they have.
        let image = class.strip_prefix(STORAGE).is_some_and(|kind| IMAGES.contains(&kind));
        return (image || rows.unwrap_or(0) > 0).then_some(Reason::Broken);
    };
    if let (Some(value), Some(bits)) = (pixels.value().primitive(), number(object, tags::BITS_ALLOCATED)) {
        let samples = number(object, tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let frames = number(object, tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
        let sides = [rows.unwrap_or(0), columns.unwrap_or(0), samples, frames, bits];
        let bits = sides.iter().try_fold(1_i64, |product, side| product.checked_mul(*side));
        let there = i64::try_from(value.calculate_byte_len()).unwrap_or(i64::MAX);
        // Colour may be stored with half of its samples; less than that is a file that was cut off.
        if bits.is_none_or(|bits| bits / 8 / 2 > there) {
            return Some(Reason::Broken);
        }
    }
    let overlay = |group: u16| number(object, dicom_core::Tag(group, 0x0102)).unwrap_or(0) != 0;
    let burned = text(object, tags::BURNED_IN_ANNOTATION).to_ascii_uppercase();
    if burned == "YES" || (0x6000..=0x60fe).step_by(2).any(overlay) {
        return Some(Reason::BurnedIn);
    }
    if burned == "NO" {
        return None;
    }
    let kind = object.get(tags::IMAGE_TYPE).map(|element| super::scrub::texts(element.value())).unwrap_or_default();
    let page = kind.iter().any(|value| PAGES.iter().any(|page| value.to_ascii_uppercase().contains(page)));
    let known = UNMARKED.contains(&modality) && !is_capture(class) && !page;
    (!known).then_some(Reason::BurnedInUnknown)
}

fn is_capture(class: &str) -> bool {
    class.strip_prefix(CAPTURES).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
