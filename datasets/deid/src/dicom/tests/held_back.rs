//! Which files are held back, and that a folder's files are all accounted for.

use super::{Archive, EXPLICIT, encoded, files_in, image, nested, one, put};
use crate::dicom::{Options, Reason};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// The fate of a file that differs from a releasable one in a few attributes.
fn fate(changes: &[(Tag, VR, &str)], options: &Options) -> Option<Reason> {
    let mut object = one();
    for (tag, vr, value) in changes {
        match *vr {
            VR::US => {
                drop(object.put(DataElement::new(*tag, *vr, PrimitiveValue::from(value.parse::<u16>().unwrap()))))
            }
            _ if value.is_empty() => drop(object.take(*tag)),
            _ => put(&mut object, *tag, *vr, value),
        }
    }
    of_bytes(encoded(object, EXPLICIT), options)
}

fn of_bytes(bytes: Vec<u8>, options: &Options) -> Option<Reason> {
    let archive = Archive::of(&[("file", bytes)]);
    let done = archive.run("out", options);
    let released =
        files_in(&archive.out("out")).iter().filter(|path| path.extension().is_some_and(|e| e == "dcm")).count();
    assert_eq!(released, if done.quarantined.is_empty() { 1 } else { 0 });
    done.quarantined.into_values().next()
}

const CLASS: &str = "1.2.840.10008.5.1.4.1.1";

#[test]
fn pixels_that_may_carry_words_are_held_back() {
    let o = Options::default();
    let burned = |value| (tags::BURNED_IN_ANNOTATION, VR::CS, value);
    assert_eq!(fate(&[], &o), None);
    assert_eq!(fate(&[burned("YES")], &o), Some(Reason::BurnedIn));
    assert_eq!(fate(&[(Tag(0x6000, 0x0102), VR::US, "12")], &o), Some(Reason::BurnedIn));
    for modality in ["US", "IVUS", "XA", "RF", "CR", "DX", "MG", "ES", "XC", "GM", "SM", "OT", "DOC", "NM", "OP", "SC"]
    {
        let modality = (tags::MODALITY, VR::CS, modality);
        assert_eq!(fate(&[modality], &o), Some(Reason::BurnedInUnknown), "{modality:?}");
        assert_eq!(fate(&[modality, burned("NO")], &o), None, "{modality:?}");
        assert_eq!(fate(&[modality, burned("YES")], &o), Some(Reason::BurnedIn), "{modality:?}");
    }
    let capture = format!("{CLASS}.7");
    assert_eq!(fate(&[(tags::SOP_CLASS_UID, VR::UI, &capture)], &o), Some(Reason::BurnedInUnknown));
    let page = (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\SCREEN SAVE");
    assert_eq!(fate(&[page], &o), Some(Reason::BurnedInUnknown));
}

#[test]
fn heads_are_held_back_unless_faces_are_said_to_be_gone() {
    let (o, defaced) = (Options::default(), Options { defaced: true, ..Options::default() });
    let part = |value| (tags::BODY_PART_EXAMINED, VR::CS, value);
    let mr = (tags::MODALITY, VR::CS, "MR");
    for head in ["HEAD", "BRAIN", "Skull", "ORBIT", "WHOLEBODY", "HEADNECK", "CSPINE"] {
        assert_eq!(fate(&[part(head)], &o), Some(Reason::Head), "{head}");
        assert_eq!(fate(&[part(head), mr], &o), Some(Reason::Head), "{head}");
        assert_eq!(fate(&[part(head)], &defaced), None, "{head}");
    }
    for words in ["Brain MRA", "부비동 CT", "Facial bone 3D"] {
        assert_eq!(fate(&[(tags::SERIES_DESCRIPTION, VR::LO, words)], &o), Some(Reason::Head), "{words}");
    }
    for unknown in ["", "THIGHBONE"] {
        assert_eq!(fate(&[part(unknown)], &o), Some(Reason::BodyPartUnknown), "{unknown}");
        assert_eq!(fate(&[part(unknown)], &defaced), None);
    }
    assert_eq!(fate(&[part("KNEE"), mr], &o), None);
    assert_eq!(fate(&[part("HEAD"), (tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO")], &o), None);
    assert_eq!(fate(&[part("HEAD"), (tags::MODALITY, VR::CS, "PT")], &o), None, "too coarse for a face");
}

#[test]
fn korean_words_are_read_in_the_character_set_that_hospitals_write() {
    let mut bytes = encoded(one(), EXPLICIT);
    let mut replace = |from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes.splice(at..at + from.len(), to.iter().copied());
    };
    replace(b"\x08\0\x05\0CS\x0a\0ISO_IR 192", b"\x08\0\x05\0CS\x10\0\\ISO 2022 IR 149");
    // The words for a head, in KS X 1001 after its escape sequence.
    replace(b"Lung  1.0 mm", b"\x1b$)C\xb8\xd3\xb8\xae CT ");
    assert_eq!(of_bytes(bytes, &Options::default()), Some(Reason::Head));
}

#[test]
fn what_is_no_image_of_a_known_patient_is_held_back() {
    let o = Options::default();
    let class = |value: &'static str| (tags::SOP_CLASS_UID, VR::UI, value);
    for (class, reason) in [("104.1", Reason::Document), ("104.2", Reason::Document), ("88.11", Reason::Report)] {
        let uid = format!("{CLASS}.{class}");
        assert_eq!(fate(&[(tags::SOP_CLASS_UID, VR::UI, &uid)], &o), Some(reason), "{class}");
    }
    for report in ["88.59", "88.67"] {
        let uid = format!("{CLASS}.{report}");
        assert_eq!(fate(&[(tags::SOP_CLASS_UID, VR::UI, &uid)], &o), Some(Reason::Report), "{report}");
    }
    assert_eq!(fate(&[class("1.2.840.10008.1.3.10")], &o), Some(Reason::Class), "a directory");
    assert_eq!(fate(&[class("1.3.12.2.1107.5.9.1")], &o), Some(Reason::Class), "a private class");
    assert_eq!(fate(&[(tags::MODALITY, VR::CS, "SR")], &o), Some(Reason::Report));
    assert_eq!(fate(&[(tags::PATIENT_ID, VR::LO, "")], &o), Some(Reason::NoPatient));
    assert_eq!(fate(&[(tags::PATIENT_ID, VR::LO, "  ")], &o), Some(Reason::NoPatient));
    assert_eq!(fate(&[(tags::SERIES_INSTANCE_UID, VR::UI, "")], &o), Some(Reason::NoIdentifier));
    assert_eq!(fate(&[(tags::PIXEL_DATA, VR::OW, "")], &o), Some(Reason::Broken), "an image that lost its pixels");
    assert_eq!(fate(&[(tags::ROWS, VR::US, "200")], &o), Some(Reason::Broken), "fewer pixels than it says");
    let mut document = one();
    document.put(DataElement::new(tags::ENCAPSULATED_DOCUMENT, VR::OB, PrimitiveValue::U8([1, 2].as_slice().into())));
    assert_eq!(of_bytes(encoded(document, EXPLICIT), &o), Some(Reason::Document));
}

#[test]
fn what_is_too_large_too_deep_or_no_dicom_is_held_back() {
    let o = Options::default();
    assert_eq!(of_bytes(b"not DICOM".to_vec(), &o), Some(Reason::NotDicom));
    assert_eq!(of_bytes(Vec::new(), &o), Some(Reason::NotDicom));
    assert_eq!(
        of_bytes(encoded(one(), EXPLICIT), &Options { file_bytes_max: 1000, ..o.clone() }),
        Some(Reason::TooLarge)
    );
    let deeper = |levels: usize| {
        let mut inner = InMemDicomObject::new_empty();
        put(&mut inner, tags::CODE_VALUE, VR::SH, "x");
        for _ in 1..levels {
            let mut outer = InMemDicomObject::new_empty();
            nested(&mut outer, tags::ANATOMIC_REGION_SEQUENCE, vec![inner]);
            inner = outer;
        }
        let mut object = one();
        nested(&mut object, tags::ANATOMIC_REGION_SEQUENCE, vec![inner]);
        of_bytes(encoded(object, EXPLICIT), &o)
    };
    assert_eq!(deeper(32), None);
    assert_eq!(deeper(33), Some(Reason::TooDeep));
    let mut deflated = encoded(one(), EXPLICIT);
    let at = deflated.windows(20).position(|window| window.starts_with(b"1.2.840.10008.1.2.1\0")).unwrap();
    deflated[at..at + 20].copy_from_slice(b"1.2.840.10008.1.2.77");
    assert_eq!(of_bytes(deflated, &o), Some(Reason::TransferSyntax));
}

#[test]
fn all_that_is_found_is_released_or_held_back_and_the_release_does_not_tell_of_it() {
    let again = encoded(one(), EXPLICIT);
    let other = encoded(image("HOSP-0050", "1.2.410.200.77.1", "1.2.9.2", "1.2.9.3"), EXPLICIT);
    let archive = Archive::of(&[
        ("a/Hong.dcm", encoded(one(), EXPLICIT)),
        ("b/Hong again.dcm", again),
        ("c/Kim.dcm", other),
        ("notes of Hong.txt", b"remember".to_vec()),
    ]);
    let done = archive.run("out", &Options::default());
    let reasons: Vec<Reason> = done.quarantined.values().copied().collect();
    assert_eq!(reasons, [Reason::Duplicate, Reason::TwoPatients, Reason::NotDicom]);
    let report = &done.report;
    assert_eq!((report.files, report.released, report.held_back()), (4, 1, 3));
    let told = report.to_text();
    assert!(told.contains("3 held back") && told.contains("보류 3개") && told.contains("not a DICOM file"), "{told}");
    for path in files_in(&archive.out("out")) {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"Hong"));
    }
}
