//! A folder in, a folder out: what is in it, what is not, and that it is whole or not there.

use super::{Archive, BIG_ENDIAN, EXPLICIT, IMPLICIT, encoded, files_in, image, key, one, put, released, rule, text};
use crate::dicom::folder::Folder;
use crate::dicom::{DicomError, IMAGE_REPORT, INDEX, Options, PersonRule, Reason, Retain};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, DicomValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::FileMetaTable;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;

/// Values of the raw files that say who it is, or that name what they hang on.
const IDENTIFYING: [&str; 20] = [
    "HOSP-0042",
    "Hong",
    "Gildong",
    "홍",
    "길동",
    "洪",
    "19310203",
    "Mudeung-ro",
    "ACC20240117",
    "STUDY9941",
    "20240117",
    "20240129",
    "Example Hospital",
    "CTROOM7",
    "SN887766",
    "Kim",
    "Lee^Operator",
    "PACSHONG",
    "1.2.410.200.77",
    "062-000",
];

fn index(folder: &Path) -> RecordBatch {
    let file = std::fs::File::open(folder.join(INDEX)).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap()
}

fn column(batch: &RecordBatch, name: &str) -> Vec<String> {
    batch.column_by_name(name).unwrap().as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect()
}

fn contains(bytes: &[u8], value: &str) -> bool {
    bytes.windows(value.len()).any(|window| window == value.as_bytes())
}

#[test]
fn no_identifying_value_is_in_the_bytes_of_a_release_in_any_transfer_syntax() {
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN] {
        let raw = encoded(one(), syntax);
        for value in IDENTIFYING {
            assert!(contains(&raw, value), "{value} is not in the raw file, so its absence means nothing");
        }
        let archive = Archive::of(&[("Hong Gildong/HOSP-0042.dcm", raw)]);
        let done = archive.run("out", &Options::default());
        assert_eq!(done.report.released, 1, "{:?}", done.quarantined);
        for path in files_in(&archive.out("out")) {
            let bytes = std::fs::read(&path).unwrap();
            for value in IDENTIFYING {
                assert!(!contains(&bytes, value), "{value} is in {}", path.display());
                assert!(!path.strip_prefix(archive.folder.path()).unwrap().to_string_lossy().contains(value));
            }
            if path.extension().is_some_and(|end| end == "dcm") {
                assert_eq!(&bytes[..132], [&[0; 128][..], b"DICM"].concat());
            }
        }
    }
}

#[test]
fn the_head_of_a_file_names_what_the_data_set_names() {
    let archive = Archive::of(&[("a", encoded(one(), IMPLICIT))]);
    archive.run("out", &Options::default());
    let path =
        files_in(&archive.out("out")).into_iter().find(|path| path.extension().is_some_and(|e| e == "dcm")).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let meta = FileMetaTable::from_reader(&bytes[128..]).unwrap();
    let object = &released(&archive.out("out"))[0];
    assert_eq!(meta.media_storage_sop_instance_uid().trim_end_matches('\0'), text(object, tags::SOP_INSTANCE_UID));
    assert_eq!(meta.media_storage_sop_class_uid().trim_end_matches('\0'), text(object, tags::SOP_CLASS_UID));
    assert_eq!(meta.transfer_syntax().trim_end_matches('\0'), IMPLICIT);
    assert_eq!(meta.source_application_entity_title(), None);
    let pixels = object.get(tags::PIXEL_DATA).unwrap().value();
    assert_eq!(pixels.to_multi_int::<u16>().unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(text(object, tags::SLICE_THICKNESS), "1.25");
}

#[test]
fn compressed_pixels_are_what_they_were() {
    let mut object = one();
    let fragments = vec![vec![1_u8, 2, 3, 4], vec![5, 6]];
    let pixels = PixelFragmentSequence::new(vec![0_u32, 12], fragments.clone());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, DicomValue::PixelSequence(pixels)));
    let archive = Archive::of(&[("a", encoded(object, "1.2.840.10008.1.2.4.90"))]);
    archive.run("out", &Options::default());
    let clean = &released(&archive.out("out"))[0];
    let value = clean.get(tags::PIXEL_DATA).unwrap().value();
    assert_eq!(value.fragments().unwrap(), fragments);
    assert_eq!(value.offset_table().unwrap(), [0, 12]);
}

#[test]
fn studies_series_and_references_stay_joined() {
    let study = "1.2.410.200.77.1";
    let mut pointing = image("HOSP-0042", study, "1.2.410.200.77.22", "1.2.410.200.77.33");
    put(&mut pointing, tags::PATIENT_ID, VR::LO, "HOSP-0042 ");
    let archive = Archive::of(&[("a", encoded(one(), EXPLICIT)), ("b", encoded(pointing, IMPLICIT))]);
    archive.run("out", &Options::default());
    let objects = released(&archive.out("out"));
    let all = |tag| objects.iter().map(|object| text(object, tag)).collect::<BTreeSet<_>>();
    assert_eq!(all(tags::STUDY_INSTANCE_UID).len(), 1);
    assert_eq!(all(tags::PATIENT_ID).len(), 1);
    assert_eq!(all(tags::FRAME_OF_REFERENCE_UID).len(), 1);
    assert_eq!(all(tags::SERIES_INSTANCE_UID).len(), 2);
    let instances = all(tags::SOP_INSTANCE_UID);
    for object in &objects {
        let item = &object.get(tags::REFERENCED_IMAGE_SEQUENCE).unwrap().items().unwrap()[0];
        assert!(instances.contains(&text(item, tags::REFERENCED_SOP_INSTANCE_UID)));
        assert_eq!(text(item, tags::REFERENCED_SOP_CLASS_UID), super::CT, "a class of the standard is of nobody");
        assert_eq!(text(item, tags::PATIENT_NAME), "");
    }
    assert!(instances.iter().all(|uid| uid.starts_with("2.25.") && uid.len() <= 64));
}

#[test]
fn one_key_gives_one_pseudonym_and_another_release_another() {
    let archive = Archive::of(&[("a", encoded(one(), EXPLICIT))]);
    let named = |out: &str, byte: u8, rule: &PersonRule| {
        archive.try_run(out, &key(byte), rule, &Options::default()).unwrap();
        let object = released(&archive.out(out)).remove(0);
        [tags::PATIENT_ID, tags::STUDY_INSTANCE_UID, tags::SOP_INSTANCE_UID].map(|tag| text(&object, tag))
    };
    let first = named("first", 1, &rule());
    assert_eq!(named("again", 1, &rule()), first);
    let others = [named("key", 2, &rule()), named("for", 1, &PersonRule { recipient: "other".to_owned(), ..rule() })];
    for other in others {
        assert!(first.iter().zip(&other).all(|(one, two)| one != two), "{first:?} {other:?}");
    }
    let bytes = |out: &str| {
        files_in(&archive.out(out)).into_iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes("first"), bytes("again"));
}

#[test]
fn a_person_has_the_pseudonym_of_the_tables() {
    let keys = key(1).project("images", "company").unwrap();
    let archive = Archive::of(&[("a", encoded(image("0017", "1.2.3", "1.2.4", "1.2.5"), EXPLICIT))]);
    let run = |out: &str, rule: &PersonRule| {
        archive.try_run(out, &key(1), rule, &Options::default()).unwrap();
        index(&archive.out(out)).column_by_name("person").unwrap().clone()
    };
    let texts = run("text", &rule());
    let expected = crate::transform::pseudonym_text(&keys.identifier("person", "0017"));
    assert_eq!(texts.as_string::<i32>().value(0), expected);
    let numbers = run("number", &PersonRule { integer: true, number: true, ..rule() });
    let expected = crate::transform::pseudonym_integer(&keys.identifier("person", "17"));
    assert_eq!(numbers.as_primitive::<Int64Type>().value(0), expected);
}

#[test]
fn the_index_says_what_is_in_each_file() {
    let archive = Archive::of(&[
        ("a", encoded(one(), EXPLICIT)),
        ("b", encoded(image("HOSP-0042", "1.2.410.200.77.1", "1.2.410.200.77.2", "1.2.410.200.77.3.2"), EXPLICIT)),
        ("c", encoded(image("HOSP-0050", "1.2.9.1", "1.2.9.2", "1.2.9.3"), EXPLICIT)),
    ]);
    let done = archive.run("out", &Options::default());
    let (files, studies, series) = (done.report.files, done.report.studies, done.report.series);
    assert_eq!((files, done.report.persons, studies, series), (3, 2, 2, 2));
    let batch = index(&archive.out("out"));
    assert_eq!(batch.num_rows(), 3);
    let people = column(&batch, "person");
    assert!(people.is_sorted());
    for (row, path) in column(&batch, "path").iter().enumerate() {
        let bytes = std::fs::read(archive.out("out").join(path)).unwrap();
        let object = super::super::read::read(&bytes).unwrap().object;
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(column(&batch, "sha256")[row], hash);
        assert_eq!(people[row], text(&object, tags::PATIENT_ID));
        assert_eq!(column(&batch, "instance_uid")[row], text(&object, tags::SOP_INSTANCE_UID));
        assert_eq!(
            (column(&batch, "modality")[row].as_str(), column(&batch, "body_part")[row].as_str()),
            ("CT", "CHEST")
        );
        let number = |name| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(row);
        let sizes = [number("rows"), number("columns"), number("slices"), number("size_bytes")];
        assert_eq!(sizes, [2, 3, 1, i64::try_from(bytes.len()).unwrap()]);
        let days = batch.column_by_name("study_date").unwrap().as_primitive::<Date32Type>().value(row);
        let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        assert_eq!(date.strftime("%Y%m%d").to_string(), text(&object, tags::STUDY_DATE));
    }
    let report = std::fs::read_to_string(archive.out("out").join(IMAGE_REPORT)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["files"], &report["released"]), (&3.into(), &3.into()));
    assert!(report["attributes"]["shifted"].as_u64().unwrap() > 0);
}

#[test]
fn kept_identifiers_are_in_the_file_and_not_in_its_name() {
    let archive = Archive::of(&[("a", encoded(one(), EXPLICIT))]);
    archive.run("out", &Options { retain: BTreeSet::from([Retain::Uids]), ..Options::default() });
    assert_eq!(text(&released(&archive.out("out"))[0], tags::SOP_INSTANCE_UID), "1.2.410.200.77.3.1");
    assert!(column(&index(&archive.out("out")), "path")[0].starts_with("2.25."));
}

#[test]
fn what_cannot_be_released_leaves_nothing_and_what_is_there_is_not_touched() {
    let archive = Archive::of(&[("a", encoded(one(), EXPLICIT))]);
    let fails = |out: &str| archive.try_run(out, &key(1), &rule(), &Options::default()).unwrap_err();
    std::fs::create_dir(archive.out("out")).unwrap();
    assert!(matches!(fails("out"), DicomError::Exists(_)));
    assert!(matches!(fails("raw/out"), DicomError::Within(_)));
    assert_eq!(std::fs::read_dir(archive.out("out")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(archive.from()).unwrap().count(), 1);
    std::fs::remove_file(archive.from().join("a")).unwrap();
    assert!(matches!(fails("new"), DicomError::Empty(_)));
    assert!(!archive.out("new").exists());
    assert_eq!(std::fs::read_dir(archive.folder.path()).unwrap().count(), 2, "raw and out");
}

#[test]
fn a_folder_has_its_name_when_it_is_whole_and_leaves_nothing_when_it_is_not() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out");
    let folder = Folder::create(&target).unwrap();
    folder.write("a/b", b"bytes").unwrap();
    assert!(!target.exists());
    assert!(matches!(Folder::create(&target), Err(DicomError::Busy(_))));
    drop(folder);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    std::fs::create_dir(place.path().join(".out.building")).unwrap();
    std::fs::write(place.path().join(".out.building/leftover"), b"of a writer that was killed").unwrap();
    let folder = Folder::create(&target).unwrap();
    folder.write("a/b", b"bytes").unwrap();
    folder.finish().unwrap();
    assert_eq!(files_in(place.path()), [target.join("a/b")]);
}

#[test]
fn an_identifier_that_would_remain_holds_the_file_back() {
    let mut object = one();
    put(&mut object, tags::CODE_MEANING, VR::LO, "CT of Gildong");
    let mut within = one();
    put(&mut within, tags::SOFTWARE_VERSIONS, VR::LO, "build xACC20240117x");
    put(&mut within, tags::SOP_INSTANCE_UID, VR::UI, "1.2.410.200.77.3.9");
    let archive = Archive::of(&[("name", encoded(object, EXPLICIT)), ("number", encoded(within, EXPLICIT))]);
    let done = archive.run("out", &Options::default());
    assert_eq!(done.quarantined.into_values().collect::<Vec<_>>(), [Reason::Leak, Reason::Leak]);
    assert_eq!(done.report.released, 0);
    assert_eq!(files_in(&archive.out("out")).len(), 2, "an index without rows, and the report");
}
