//! Every row of table E.1-1, held against a model that reads the words of the table anew.

use super::{nested, put, scrubbed, sequence, text};
use crate::dicom::unlisted::{exact, is_permitted};
use crate::dicom::{Dates, Options, Phrases, Retain};
use dicom_core::{DataElement, DicomValue, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::BTreeSet;

/// What must become of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Gone,
    Empty,
    MadeUp,
    NewUid,
    Same,
    Moved,
    Descended,
}

/// A row by its words.
struct Words {
    tag: Tag,
    basic: String,
    options: Vec<String>,
}

fn table() -> Vec<Words> {
    let mut reader =
        csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/data/dicom_ps3_15_E1-1.csv")).unwrap();
    let rows = reader.records().map(Result::unwrap).filter_map(|row| {
        let tag = row[0].get(1..10).filter(|_| row[0].len() == 11)?;
        let number = |digits: &str| u16::from_str_radix(digits, 16).ok();
        let tag = Tag(number(&tag[..4])?, number(&tag[5..])?);
        Some(Words { tag, basic: row[2].to_owned(), options: row.iter().skip(3).map(str::to_owned).collect() })
    });
    rows.collect()
}

/// The representation that the tests give an attribute.
fn representation(tag: Tag) -> VR {
    exact(tag).unwrap_or(if is_permitted(tag, VR::US) { VR::US } else { VR::LO })
}

const ITEM_NAME: &str = "ZQ7^NESTED";

fn dirty(tag: Tag) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let vr = representation(tag);
    let words = match vr {
        _ if tag == tags::TIMEZONE_OFFSET_FROM_UTC => "+0900",
        VR::DA => "20200115",
        VR::DT => "20200115101500",
        VR::TM => "101500",
        VR::AS => "045Y",
        VR::UI => "1.2.3.4.777",
        VR::DS => "12.5",
        VR::IS => "12",
        VR::CS => "ZQ7_MARKER",
        VR::PN => "ZQ7^MARKER",
        _ => "ZQ7 MARKER",
    };
    let number = match vr {
        VR::US => Some(PrimitiveValue::from(7_u16)),
        VR::FL => Some(PrimitiveValue::from(7_f32)),
        VR::FD => Some(PrimitiveValue::from(7_f64)),
        VR::OB | VR::OW | VR::UN => Some(PrimitiveValue::U8([7, 8].as_slice().into())),
        VR::UL => Some(PrimitiveValue::from(7_u32)),
        _ => None,
    };
    match (vr, number) {
        (VR::SQ, _) => {
            let mut item = InMemDicomObject::new_empty();
            put(&mut item, tags::PATIENT_NAME, VR::PN, ITEM_NAME);
            put(&mut item, tags::SLICE_THICKNESS, VR::DS, "2.5");
            nested(&mut object, tag, vec![item]);
        }
        (_, Some(number)) => drop(object.put(DataElement::new(tag, vr, number))),
        _ => put(&mut object, tag, vr, words),
    }
    object
}

/// What the words of a row ask for, with what the module says about composites, dates and unknown representations.
fn expected(words: &Words, options: &Options) -> Expected {
    let vr = representation(words.tag);
    let known = is_permitted(words.tag, vr);
    // What belongs into the head of a file stands there, made anew; directories are no instances.
    if words.tag.group() < 8 {
        return Expected::Gone;
    }
    let says = |place: usize, what: &str| words.options[place] == what;
    let basic = match words.basic.as_str() {
        "X" => Expected::Gone,
        "Z" | "X/Z" => Expected::Empty,
        "U" if vr == VR::UI => Expected::NewUid,
        "X/Z/U*" if vr == VR::SQ => Expected::Descended,
        "D" | "Z/D" | "X/D" | "X/Z/D" => {
            if vr == VR::UI {
                Expected::NewUid
            } else {
                Expected::MadeUp
            }
        }
        _ => Expected::Gone,
    };
    if !known {
        return basic;
    }
    if says(6, "C") {
        return match options.dates {
            Dates::Keep | Dates::Shift if vr == VR::SQ => Expected::Descended,
            Dates::Keep => Expected::Same,
            Dates::Shift if matches!(vr, VR::DA | VR::DT) => Expected::Moved,
            Dates::Shift if vr == VR::TM || words.tag == tags::TIMEZONE_OFFSET_FROM_UTC => Expected::Same,
            Dates::Shift | Dates::Remove => basic,
        };
    }
    let retained =
        [(0, Retain::Private), (1, Retain::Uids), (2, Retain::Device), (3, Retain::Institution), (4, Retain::Patient)];
    let in_force =
        |what: &str| retained.iter().any(|(place, retain)| says(*place, what) && options.retain.contains(retain));
    if in_force("K") {
        return if vr == VR::SQ { Expected::Descended } else { Expected::Same };
    }
    if in_force("C") || (says(7, "C") && options.phrases.is_some()) {
        if vr == VR::SQ {
            return Expected::Descended;
        }
        let text = !matches!(vr, VR::OB | VR::OW | VR::UN | VR::US | VR::FD | VR::FL | VR::UL);
        if text && options.phrases.is_some() {
            return Expected::Same;
        }
    }
    basic
}

/// What became of the attribute.
fn found(tag: Tag, clean: &InMemDicomObject) -> Expected {
    let raw = dirty(tag);
    let Some(element) = clean.get(tag) else { return Expected::Gone };
    let before = raw.get(tag).unwrap().value();
    match element.value() {
        DicomValue::Sequence(items) if items.items().is_empty() => Expected::Empty,
        DicomValue::Sequence(items) => {
            let [item] = items.items() else { panic!("{tag}: items were added") };
            match (item.get(tags::SLICE_THICKNESS), item.get(tags::PATIENT_NAME)) {
                (Some(_), Some(name)) if name.value().to_str().unwrap().is_empty() => Expected::Descended,
                (None, None) => Expected::MadeUp,
                other => panic!("{tag}: {other:?}"),
            }
        }
        value if *value == *before => Expected::Same,
        DicomValue::Primitive(PrimitiveValue::Empty) => Expected::Empty,
        value => {
            let text = value.to_str().unwrap();
            assert!(!text.contains("ZQ7") && !text.contains("MARKER"), "{tag}: {text}");
            let year = text.get(..4).unwrap_or_default();
            match () {
                () if text.starts_with("2.25.") => Expected::NewUid,
                () if year == "2019" || year == "2020" => Expected::Moved,
                () => Expected::MadeUp,
            }
        }
    }
}

#[test]
fn every_row_of_the_table_is_handled_as_its_words_say_under_every_option() {
    let rows = table();
    assert_eq!(rows.len(), 617, "621 rows, of which four stand for many attributes");
    let phrases = Phrases::parse("ZQ7 marker\nZQ7_MARKER\nZQ7^MARKER\n1.2.3.4.777\n12.5\n12\n045Y\n20200115");
    let mut choices = vec![Options::default(), Options { phrases: Some(phrases.clone()), ..Options::default() }];
    for dates in [Dates::Remove, Dates::Keep] {
        choices.push(Options { dates, ..Options::default() });
    }
    let all = [Retain::Uids, Retain::Patient, Retain::Device, Retain::Institution, Retain::Private];
    for retain in all {
        choices.push(Options { retain: BTreeSet::from([retain]), dates: Dates::Remove, ..Options::default() });
    }
    choices.push(Options { retain: all.into(), dates: Dates::Keep, phrases: Some(phrases), ..Options::default() });
    let mut seen = [0_u32; 7];
    for options in &choices {
        for words in &rows {
            if words.tag == tags::PATIENT_ID {
                continue;
            }
            let clean = scrubbed(dirty(words.tag), options);
            let expected = expected(words, options);
            assert_eq!(found(words.tag, &clean), expected, "{} {} {options:?}", words.tag, words.basic);
            let kinds = [
                Expected::Gone,
                Expected::Empty,
                Expected::MadeUp,
                Expected::NewUid,
                Expected::Same,
                Expected::Moved,
                Expected::Descended,
            ];
            seen[kinds.iter().position(|kind| *kind == expected).unwrap()] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn the_patient_of_every_depth_has_the_pseudonym_and_what_was_empty_is_not_made_up() {
    let mut object = InMemDicomObject::new_empty();
    put(&mut object, tags::PATIENT_ID, VR::LO, "HOSP-0042");
    put(&mut object, tags::INSTITUTION_NAME, VR::LO, "");
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::PATIENT_ID, VR::LO, "HOSP-0042 ");
    let mut outer = InMemDicomObject::new_empty();
    outer.put(DataElement::new(tags::SOURCE_IMAGE_SEQUENCE, VR::SQ, sequence(vec![item])));
    nested(&mut object, tags::REFERENCED_IMAGE_SEQUENCE, vec![outer]);
    let clean = scrubbed(object, &Options::default());
    let inner = &clean.get(tags::REFERENCED_IMAGE_SEQUENCE).unwrap().items().unwrap()[0];
    let inner = &inner.get(tags::SOURCE_IMAGE_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(inner, tags::PATIENT_ID), text(&clean, tags::PATIENT_ID));
    assert_eq!(text(&clean, tags::PATIENT_ID).len(), 26);
    assert_eq!(clean.get(tags::INSTITUTION_NAME).unwrap().value().multiplicity(), 0);
}
