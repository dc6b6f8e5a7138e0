//! Which images show a head, of which a face can be rebuilt.

use super::Reason;
use crate::dicom::options::Options;
use crate::dicom::read::text;
use crate::dicom::scrub::texts;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Words of body parts, code meanings and descriptions that a head, or enough of its face, may be in.
const HEAD: [&str; 33] = [
    "HEAD",
    "BRAIN",
    "SKULL",
    "FACE",
    "FACIAL",
    "ORBIT",
    "SINUS",
    "NASAL",
    "NOSE",
    "EAR",
    "IAC",
    "TEMPORAL",
    "JAW",
    "MANDIB",
    "MAXIL",
    "TMJ",
    "DENTAL",
    "TEETH",
    "PITUIT",
    "SELLA",
    "NEURO",
    "CEREB",
    "CRANI",
    "WHOLEBODY",
    "WHOLE BODY",
    "NECK",
    "CSPINE",
    "머리",
    "두부",
    "뇌",
    "얼굴",
    "안면",
    "부비동",
];

/// Words by which a CT or MR image says that it is of another part of the body.
const ELSEWHERE: [&str; 37] = [
    "CHEST",
    "THORA",
    "LUNG",
    "HEART",
    "CARDIA",
    "CORONARY",
    "BREAST",
    "ABDOM",
    "LIVER",
    "KIDNEY",
    "PANCREA",
    "SPLEEN",
    "BOWEL",
    "COLON",
    "RECTUM",
    "PELVI",
    "PROSTATE",
    "UTERUS",
    "BLADDER",
    "HIP",
    "FEMUR",
    "KNEE",
    "LEG",
    "TIBIA",
    "ANKLE",
    "FOOT",
    "SHOULDER",
    "ARM",
    "ELBOW",
    "HUMERUS",
    "WRIST",
    "HAND",
    "TSPINE",
    "LSPINE",
    "LSSPINE",
    "SSPINE",
    "EXTREMITY",
];

/// Attributes that say in words what an image is of.
const SAID: [Tag; 5] = [
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::REQUESTED_PROCEDURE_DESCRIPTION,
    tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
];

/// Why a CT or MR image is held back for the face in it; positron emission alone is too coarse for one. An image that
/// names no part of the body is taken for a head: only a known other part, and no word of a head anywhere, lets it go
/// on.
pub(super) fn head(object: &InMemDicomObject, modality: &str, options: &Options) -> Option<Reason> {
    let faceless = text(object, tags::RECOGNIZABLE_VISUAL_FEATURES).eq_ignore_ascii_case("NO");
    if !matches!(modality, "CT" | "MR") || options.defaced || faceless {
        return None;
    }
    let coded = object.get(tags::ANATOMIC_REGION_SEQUENCE).and_then(|element| element.value().items());
    let mut parts: Vec<String> = coded.unwrap_or_default().iter().map(|item| text(item, tags::CODE_MEANING)).collect();
    parts.push(text(object, tags::BODY_PART_EXAMINED));
    let said = SAID.iter().filter_map(|tag| object.get(*tag)).flat_map(|element| texts(element.value()));
    let upper = |words: &str| words.to_uppercase();
    let is_head = |words: &String| HEAD.iter().any(|word| words.contains(word));
    let parts: Vec<String> = parts.iter().map(|words| upper(words)).collect();
    if parts.iter().any(is_head) || said.map(|words| upper(&words)).any(|words| is_head(&words)) {
        return Some(Reason::Head);
    }
    let elsewhere = parts.iter().any(|words| ELSEWHERE.iter().any(|word| words.contains(word)));
    (!elsewhere).then_some(Reason::BodyPartUnknown)
}
