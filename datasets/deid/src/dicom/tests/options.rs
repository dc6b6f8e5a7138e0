//! What each option keeps, and what goes whatever the options are.

use super::{Archive, EXPLICIT, encoded, image, nested, one, put, released, rule, scrubbed, text};
use crate::dicom::person::{read_date, shift_date, shift_moment};
use crate::dicom::{Dates, Options, Phrases, Retain};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn retaining(retain: Retain) -> Options {
    Options { retain: BTreeSet::from([retain]), ..Options::default() }
}

fn codes(object: &InMemDicomObject) -> Vec<String> {
    let items = object.get(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).unwrap().items().unwrap();
    items.iter().map(|item| text(item, tags::CODE_VALUE)).collect()
}

#[test]
fn the_marks_say_what_was_done() {
    let clean = scrubbed(one(), &Options::default());
    assert_eq!(text(&clean, tags::PATIENT_IDENTITY_REMOVED), "YES");
    assert_eq!(text(&clean, tags::DEIDENTIFICATION_METHOD), "DICOM PS3.15 2026c table E.1-1");
    assert_eq!(codes(&clean), ["113100", "113107"]);
    assert_eq!(text(&clean, tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), "MODIFIED");
    let all = [Retain::Uids, Retain::Patient, Retain::Device, Retain::Institution, Retain::Private];
    let phrases = Some(Phrases::default());
    let kept = Options { dates: Dates::Keep, retain: all.into(), phrases, ..Options::default() };
    let clean = scrubbed(one(), &kept);
    assert_eq!(codes(&clean), ["113100", "113105", "113106", "113108", "113109", "113110", "113111", "113112"]);
    assert_eq!(text(&clean, tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), "UNMODIFIED");
    let removed = Options { dates: Dates::Remove, ..Options::default() };
    assert_eq!(text(&scrubbed(one(), &removed), tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), "REMOVED");
}

#[test]
fn each_option_keeps_what_it_names_and_nothing_of_the_others() {
    let kept = [
        (Retain::Uids, tags::STUDY_INSTANCE_UID, "1.2.410.200.77.1"),
        (Retain::Patient, tags::PATIENT_SEX, "F"),
        (Retain::Device, tags::DEVICE_SERIAL_NUMBER, "SN887766"),
        (Retain::Device, tags::STATION_NAME, "CTROOM7"),
        (Retain::Institution, tags::INSTITUTION_NAME, "Example Hospital"),
    ];
    for (retain, tag, value) in kept {
        for chosen in [Retain::Uids, Retain::Patient, Retain::Device, Retain::Institution] {
            let clean = scrubbed(one(), &retaining(chosen));
            assert_eq!(text(&clean, tag) == value, chosen == retain, "{tag} {chosen:?}");
            assert_eq!(text(&clean, tags::PATIENT_NAME), "");
            assert_eq!(text(&clean, tags::PATIENT_BIRTH_DATE), "");
        }
    }
}

#[test]
fn ages_from_ninety_on_are_ninety() {
    for (raw, kept) in [("093Y", "090Y"), ("090Y", "090Y"), ("089Y", "089Y"), ("006M", "006M"), ("ninety", "")] {
        let mut object = one();
        put(&mut object, tags::PATIENT_AGE, VR::AS, raw);
        assert_eq!(text(&scrubbed(object, &retaining(Retain::Patient)), tags::PATIENT_AGE), kept);
    }
}

#[test]
fn a_description_stays_when_the_whole_of_it_is_on_the_list() {
    let phrases = Phrases::parse("# series\nlung 1.0 MM\nChest\n");
    let clean = scrubbed(one(), &Options { phrases: Some(phrases), ..Options::default() });
    assert_eq!(text(&clean, tags::SERIES_DESCRIPTION), "Lung  1.0 mm");
    assert!(clean.get(tags::STUDY_DESCRIPTION).is_none(), "a listed word does not let a sentence stay");
    assert!(scrubbed(one(), &Options::default()).get(tags::SERIES_DESCRIPTION).is_none());
}

#[test]
fn private_attributes_stay_when_they_are_safe_numbers_of_a_known_creator() {
    let mut object = one();
    put(&mut object, Tag(0x7053, 0x0010), VR::LO, "Philips PET Private Group");
    put(&mut object, Tag(0x7053, 0x1000), VR::DS, "0.0002");
    put(&mut object, Tag(0x7053, 0x1009), VR::LO, "Hong Gildong");
    put(&mut object, Tag(0x7053, 0x1001), VR::DS, "5");
    put(&mut object, Tag(0x7053, 0x0011), VR::LO, "SOMEBODY ELSE");
    put(&mut object, Tag(0x7053, 0x1100), VR::DS, "0.0002");
    let clean = scrubbed(object.clone(), &retaining(Retain::Private));
    let kept: Vec<Tag> = clean.tags().filter(|tag| tag.group() % 2 == 1).collect();
    assert_eq!(kept, [Tag(0x7053, 0x0010), Tag(0x7053, 0x1000)]);
    assert!(scrubbed(object, &Options::default()).tags().all(|tag| tag.group() % 2 == 0));
}

#[test]
fn what_nobody_has_looked_at_goes() {
    let mut object = one();
    let o = &mut object;
    put(o, Tag(0x0008, 0x7777), VR::LO, "unknown");
    put(o, Tag(0x5000, 0x3000), VR::LO, "curve");
    put(o, Tag(0x6002, 0x1500), VR::LO, "label of an overlay");
    put(o, tags::KVP, VR::LO, "a number in words");
    put(o, tags::ROTATION_DIRECTION, VR::CS, "Hong Gildong, 42");
    put(o, tags::TABLE_TRAVERSE, VR::DS, "12 cm");
    put(o, tags::EXPOSURE_TIME, VR::IS, "Hong");
    put(o, tags::PATIENT_ID, VR::LO, "HOSP-0042");
    o.put(DataElement::new(tags::ICC_PROFILE, VR::OB, PrimitiveValue::U8([1, 2].as_slice().into())));
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, Tag(0x0008, 0x7777), VR::LO, "unknown");
    put(&mut item, tags::CODE_MEANING, VR::LO, "Chest");
    nested(o, tags::ANATOMIC_REGION_SEQUENCE, vec![item]);
    let clean = scrubbed(object, &Options::default());
    for tag in [
        Tag(0x0008, 0x7777),
        Tag(0x5000, 0x3000),
        Tag(0x6002, 0x1500),
        Tag(0x6000, 0x4000),
        Tag(0x0009, 0x1001),
        tags::KVP,
        tags::ROTATION_DIRECTION,
        tags::TABLE_TRAVERSE,
        tags::EXPOSURE_TIME,
        tags::ICC_PROFILE,
    ] {
        assert!(clean.get(tag).is_none(), "{tag}");
    }
    let region = &clean.get(tags::ANATOMIC_REGION_SEQUENCE).unwrap().items().unwrap()[0];
    assert!(region.get(Tag(0x0008, 0x7777)).is_none());
    assert_eq!(text(region, tags::CODE_MEANING), "Chest");
}

#[test]
fn all_dates_of_a_person_move_together_by_whole_weeks() {
    let mut later = image("HOSP-0042", "1.2.410.200.77.11", "1.2.410.200.77.12", "1.2.410.200.77.13");
    put(&mut later, tags::STUDY_DATE, VR::DA, "20241231");
    let archive = Archive::of(&[("a", encoded(one(), EXPLICIT)), ("b", encoded(later, EXPLICIT))]);
    archive.run("out", &Options::default());
    let dates = |tag: Tag| {
        let mut dates: Vec<_> =
            released(&archive.out("out")).iter().map(|o| read_date(&text(o, tag)).unwrap()).collect();
        dates.sort();
        dates
    };
    let days = |from: jiff::civil::Date, to: jiff::civil::Date| from.until(to).unwrap().get_days();
    let (studies, acquired) = (dates(tags::STUDY_DATE), dates(tags::ACQUISITION_DATE));
    assert_eq!(days(studies[0], studies[1]), 349, "17 January to 31 December 2024");
    assert_eq!(days(studies[0], acquired[0]), 12, "17 to 29 January");
    let shift = days(read_date("20240117").unwrap(), studies[0]);
    assert!(shift != 0 && shift % 7 == 0 && shift.abs() <= 182);
    for object in released(&archive.out("out")) {
        let moment = text(&object, tags::ACQUISITION_DATE_TIME);
        assert_eq!(read_date(&moment[..8]).unwrap(), acquired[0]);
        assert_eq!(&moment[8..], "101112.000000+0900");
        assert_eq!(text(&object, tags::STUDY_TIME), "101112.5");
    }
    assert_eq!(rule().weeks, 26);
}

proptest! {
    #[test]
    fn a_date_that_moves_there_and_back_is_what_it_was(
        year in 1000_i16..9000,
        day in 1_i16..=365,
        days in -5000_i32..5000,
    ) {
        let date = jiff::civil::Date::new(year, 1, 1).unwrap().with().day_of_year(day).build().unwrap();
        let text = format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
        let moved = shift_date(&text, days).unwrap();
        prop_assert_eq!(date.until(read_date(&moved).unwrap()).unwrap().get_days(), days);
        prop_assert_eq!(shift_date(&moved, -days).unwrap(), text.clone());
        let moment = shift_moment(&format!("{text}2359"), days).unwrap();
        prop_assert_eq!(moment, format!("{moved}2359"));
    }

    #[test]
    fn no_text_that_is_no_date_is_moved(text in "\\PC{0,20}") {
        for moved in [shift_date(&text, 7), shift_moment(&text, 7)].into_iter().flatten() {
            prop_assert!(moved.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-')));
        }
    }
}
