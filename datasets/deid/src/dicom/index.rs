//! The index of a release: one row for each instance, as Parquet, so that tables join to images.

use super::DicomError;
use super::folder::Folder;
use super::person::read_date;
use super::read::{number, text};
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// The name of the index.
pub const INDEX: &str = "index.parquet";

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) person: String,
    pub(super) study: String,
    pub(super) series: String,
    pub(super) instance: String,
    pub(super) path: String,
    pub(super) bytes: i64,
    pub(super) sha256: String,
    class: String,
    modality: String,
    body_part: Option<String>,
    transfer_syntax: String,
    study_date: Option<i32>,
    series_date: Option<i32>,
    acquisition_date: Option<i32>,
    rows: Option<i64>,
    columns: Option<i64>,
    slices: i64,
}

impl Row {
    /// The row of a de-identified data set, without what is known once it is written.
    pub(super) fn of(object: &InMemDicomObject, transfer_syntax: &str) -> Self {
        let date = |tag| read_date(&text(object, tag)).and_then(days_since_1970);
        let part = text(object, tags::BODY_PART_EXAMINED);
        let side = |tag| number(object, tag).filter(|side| *side > 0);
        Self {
            person: text(object, tags::PATIENT_ID),
            study: text(object, tags::STUDY_INSTANCE_UID),
            series: text(object, tags::SERIES_INSTANCE_UID),
            instance: text(object, tags::SOP_INSTANCE_UID),
            path: String::new(),
            bytes: 0,
            sha256: String::new(),
            class: text(object, tags::SOP_CLASS_UID),
            modality: text(object, tags::MODALITY),
            body_part: (!part.is_empty()).then_some(part),
            transfer_syntax: transfer_syntax.to_owned(),
            study_date: date(tags::STUDY_DATE),
            series_date: date(tags::SERIES_DATE),
            acquisition_date: date(tags::ACQUISITION_DATE),
            rows: side(tags::ROWS),
            columns: side(tags::COLUMNS),
            slices: if object.get(tags::ROWS).is_none() { 0 } else { side(tags::NUMBER_OF_FRAMES).unwrap_or(1) },
        }
    }
}

/// Writes the index, sorted so that the order of the input is forgotten.
pub(super) fn write(folder: &Folder, rows: &mut [Row], integer: bool) -> Result<(), DicomError> {
    rows.sort();
    let failed = |reason: String| DicomError::Write { path: folder.path(INDEX), reason };
    let batch = batch(rows, integer).map_err(|error| failed(error.to_string()))?;
    let level = ZstdLevel::try_new(3).map_err(|error| failed(error.to_string()))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties));
    let mut writer = writer.map_err(|error| failed(error.to_string()))?;
    writer.write(&batch).and_then(|()| writer.close()).map_err(|error| failed(error.to_string()))?;
    folder.write(INDEX, &bytes)
}

fn batch(rows: &[Row], integer: bool) -> Result<RecordBatch, arrow::error::ArrowError> {
    let texts = |of: fn(&Row) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let dates = |of: fn(&Row) -> Option<i32>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Date32Array>()) };
    let numbers = |of: fn(&Row) -> Option<i64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let person: ArrayRef =
        if integer { numbers(|row| row.person.parse().ok()) } else { texts(|row| row.person.as_str()) };
    let parts = rows.iter().map(|row| row.body_part.as_deref()).collect::<StringArray>();
    let columns: [(&str, ArrayRef, bool); 17] = [
        ("person", person, false),
        ("study_uid", texts(|row| &row.study), false),
        ("series_uid", texts(|row| &row.series), false),
        ("instance_uid", texts(|row| &row.instance), false),
        ("class_uid", texts(|row| &row.class), false),
        ("modality", texts(|row| &row.modality), false),
        ("body_part", Arc::new(parts), true),
        ("transfer_syntax_uid", texts(|row| &row.transfer_syntax), false),
        ("study_date", dates(|row| row.study_date), true),
        ("series_date", dates(|row| row.series_date), true),
        ("acquisition_date", dates(|row| row.acquisition_date), true),
        ("rows", numbers(|row| row.rows), true),
        ("columns", numbers(|row| row.columns), true),
        ("slices", numbers(|row| Some(row.slices)), false),
        ("path", texts(|row| &row.path), false),
        ("size_bytes", numbers(|row| Some(row.bytes)), false),
        ("sha256", texts(|row| &row.sha256), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns)
}

fn days_since_1970(date: Date) -> Option<i32> {
    Date::constant(1970, 1, 1).until(date).ok().map(|span| span.get_days())
}
