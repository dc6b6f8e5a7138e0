//! Files that are made here, de-identified and looked at again.

mod held_back;
mod hostile;
mod options;
mod release;
mod rows;

use super::person::Pseudonyms;
use super::scrub::Scrub;
use super::table::Table;
use super::{Deeds, DeidentifiedImages, DeidentifyImages, DicomError, Options, PersonRule, deidentify_images};
use crate::key::ReleaseKey;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, DicomValue, Length, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read().unwrap());

fn rule() -> PersonRule {
    PersonRule {
        release: "images".to_owned(),
        recipient: "company".to_owned(),
        domain: "person".to_owned(),
        integer: false,
        number: false,
        weeks: 26,
    }
}

fn key(byte: u8) -> ReleaseKey {
    ReleaseKey::from_bytes([byte; 32])
}

/// The data set that becomes of another by these options.
fn scrubbed(object: InMemDicomObject, options: &Options) -> InMemDicomObject {
    let rule = rule();
    let pseudonyms = Pseudonyms::new(&key(1), &rule).unwrap();
    let scrub = Scrub { table: &TABLE, options, pseudonyms: &pseudonyms };
    let person = pseudonyms.person("HOSP-0042").unwrap();
    scrub.scrub(object, &person, &mut Deeds::default())
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    let values: Vec<String> = value.split('\\').map(str::to_owned).collect();
    object.put(DataElement::new(tag, vr, PrimitiveValue::Strs(values.into())));
}

fn sequence(items: Vec<InMemDicomObject>) -> DicomValue<InMemDicomObject, Vec<u8>> {
    DicomValue::Sequence(DataSetSequence::new(items, Length::UNDEFINED))
}

fn nested(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, sequence(items)));
}

/// An image of a chest by computed tomography, with all that a scanner and a PACS write of whom it shows.
fn image(patient: &str, study: &str, series: &str, instance: &str) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let o = &mut object;
    put(o, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    put(o, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL");
    put(o, tags::SOP_CLASS_UID, VR::UI, CT);
    put(o, tags::SOP_INSTANCE_UID, VR::UI, instance);
    put(o, tags::STUDY_INSTANCE_UID, VR::UI, study);
    put(o, tags::SERIES_INSTANCE_UID, VR::UI, series);
    put(o, tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.410.200.77.9");
    put(o, tags::PATIENT_ID, VR::LO, patient);
    put(o, tags::PATIENT_NAME, VR::PN, "Hong^Gildong=洪^吉洞=홍^길동");
    put(o, tags::PATIENT_BIRTH_DATE, VR::DA, "19310203");
    put(o, tags::PATIENT_SEX, VR::CS, "F");
    put(o, tags::PATIENT_AGE, VR::AS, "093Y");
    put(o, tags::PATIENT_WEIGHT, VR::DS, "61.5");
    put(o, tags::PATIENT_ADDRESS, VR::LO, "42 Mudeung-ro");
    put(o, tags::ACCESSION_NUMBER, VR::SH, "ACC20240117");
    put(o, tags::STUDY_ID, VR::SH, "STUDY9941");
    put(o, tags::STUDY_DATE, VR::DA, "20240117");
    put(o, tags::STUDY_TIME, VR::TM, "101112.5");
    put(o, tags::SERIES_DATE, VR::DA, "20240117");
    put(o, tags::ACQUISITION_DATE, VR::DA, "20240129");
    put(o, tags::ACQUISITION_DATE_TIME, VR::DT, "20240129101112.000000+0900");
    put(o, tags::STUDY_DESCRIPTION, VR::LO, "Chest of Hong Gildong");
    put(o, tags::SERIES_DESCRIPTION, VR::LO, "Lung  1.0 mm");
    put(o, tags::INSTITUTION_NAME, VR::LO, "Example Hospital");
    put(o, tags::STATION_NAME, VR::SH, "CTROOM7");
    put(o, tags::DEVICE_SERIAL_NUMBER, VR::LO, "SN887766");
    put(o, tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Kim^Referring");
    put(o, tags::OPERATORS_NAME, VR::PN, "Lee^Operator");
    put(o, tags::MANUFACTURER, VR::LO, "Scanner Works");
    put(o, tags::MODALITY, VR::CS, "CT");
    put(o, tags::BODY_PART_EXAMINED, VR::CS, "CHEST");
    put(o, tags::IMAGE_COMMENTS, VR::LT, "seen by Dr Kim, tel 062-000-0000");
    put(o, tags::SLICE_THICKNESS, VR::DS, "1.25");
    put(o, Tag(0x0009, 0x0010), VR::LO, "SECRET MAKER");
    put(o, Tag(0x0009, 0x1001), VR::LO, "Hong Gildong private");
    put(o, Tag(0x6000, 0x4000), VR::LT, "overlay comment");
    let mut reference = InMemDicomObject::new_empty();
    put(&mut reference, tags::REFERENCED_SOP_CLASS_UID, VR::UI, CT);
    put(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.410.200.77.3.1");
    put(&mut reference, tags::PATIENT_NAME, VR::PN, "Hong^Gildong");
    nested(o, tags::REFERENCED_IMAGE_SEQUENCE, vec![reference]);
    for (tag, value) in [
        (tags::ROWS, 2_u16),
        (tags::COLUMNS, 3),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        o.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    put(o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let pixels = [1_u16, 2, 3, 4, 5, 6];
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.as_slice().into())));
    object
}

fn one() -> InMemDicomObject {
    image("HOSP-0042", "1.2.410.200.77.1", "1.2.410.200.77.2", "1.2.410.200.77.3.1")
}

/// The bytes of a file, with a preamble and a head that say something.
fn encoded(object: InMemDicomObject, transfer_syntax: &str) -> Vec<u8> {
    let uid = |tag| super::read::text(&object, tag);
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uid(tags::SOP_CLASS_UID))
        .media_storage_sop_instance_uid(uid(tags::SOP_INSTANCE_UID))
        .transfer_syntax(transfer_syntax)
        .source_application_entity_title("PACSHONG")
        .build()
        .unwrap();
    let mut bytes = Vec::new();
    object.with_exact_meta(meta).write_all(&mut bytes).unwrap();
    bytes[..128].copy_from_slice(&[b'P'; 128]);
    bytes
}

/// A folder with an input.
struct Archive {
    folder: tempfile::TempDir,
}

impl Archive {
    fn of(files: &[(&str, Vec<u8>)]) -> Self {
        let archive = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(archive.from()).unwrap();
        for (name, bytes) in files {
            let path = archive.from().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        archive
    }

    fn from(&self) -> PathBuf {
        self.folder.path().join("raw")
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, out: &str, options: &Options) -> DeidentifiedImages {
        self.try_run(out, &key(1), &rule(), options).unwrap()
    }

    fn try_run(
        &self,
        out: &str,
        key: &ReleaseKey,
        rule: &PersonRule,
        options: &Options,
    ) -> Result<DeidentifiedImages, DicomError> {
        let (from, out) = (self.from(), self.out(out));
        deidentify_images(DeidentifyImages { from: &from, out: &out, key, rule, options, progress: &mut |_, _| {} })
    }
}

/// Every file below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    super::walk::files(folder).unwrap().into_iter().map(|path| folder.join(path)).collect()
}

/// The released DICOM files of a folder, read back, in the order of their paths.
fn released(folder: &Path) -> Vec<InMemDicomObject> {
    let images = files_in(folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "dcm"));
    images.map(|path| super::read::read(&std::fs::read(path).unwrap()).unwrap().object).collect()
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    super::read::text(object, tag)
}
