//! A small hospital in a temporary folder: patients and visits, with a definition that tests can edit.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::array_value_to_string;
use mudeung_core::clock::Timestamp;
use mudeung_deid::{Build, BuildSynthetic, Built, CurateError, Progress, ReleaseKey, build, build_synthetic};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) const DATASET: &str = r#"
name = "ward"
title = { ko = "병동", en = "Ward" }
summary = { ko = "시험용", en = "For tests" }
licence = "CC0-1.0"
source = "made up"
citation = "none"
tiers = ["deidentified", "synthetic"]
synthetic = { persons = 50, seed = 3 }
"#;

pub(crate) const SCHEMA: &str = r#"
[[tables]]
name = "patient"
description = { ko = "환자", en = "Patients" }
file = "patient.csv"
columns = [
    { name = "patient_id", raw = "mrn", type = "text", description = { ko = "", en = "" } },
    { name = "name", type = "text", description = { ko = "", en = "" } },
    { name = "birth", type = "date", format = "%d/%m/%Y", description = { ko = "", en = "" } },
    { name = "age", type = "int32", unit = "a", description = { ko = "", en = "" } },
    { name = "sex", type = "text", nullable = true, description = { ko = "", en = "" } },
]
[[tables]]
name = "visit"
description = { ko = "방문", en = "Visits" }
file = "visit.csv"
person = "patient_id"
time = "day"
columns = [
    { name = "patient_id", raw = "mrn", type = "text", description = { ko = "", en = "" } },
    { name = "day", type = "date", description = { ko = "", en = "" } },
    { name = "at", type = "timestamp", nullable = true, description = { ko = "", en = "" } },
    { name = "pressure", type = "float64", unit = "mm[Hg]", nullable = true, description = { ko = "", en = "" } },
    { name = "note", type = "text", nullable = true, description = { ko = "", en = "" } },
]
"#;

pub(crate) const RECIPE: &str = r#"
[release]
name = "ward-1"
purpose = "test"
recipient = "one"
preset = "controlled"
[person]
table = "patient"
id = "patient_id"
[columns.patient]
patient_id = { role = "identifier", do = "pseudonym" }
name = { role = "identifier", do = "drop" }
birth = { role = "event_time", do = "date_truncate", part = "year" }
age = { role = "quasi", do = "generalise", width = 20 }
sex = { role = "quasi", do = "keep" }
[columns.visit]
patient_id = { role = "identifier", do = "pseudonym" }
day = { role = "event_time", do = "date_shift", weeks = 26 }
at = { role = "event_time", do = "date_shift", weeks = 26 }
pressure = { do = "round", to = 5 }
note = { do = "keep" }
[privacy]
k = 5
max_suppressed = 0.05
"#;

pub(crate) const GENERATOR: &str = r#"
simulated = true
person = "patient"
[tables.patient.columns]
patient_id = { source = "test", from = { kind = "pseudonym" } }
birth = { source = "test", from = { kind = "date", first = 1950-01-01, last = 1990-12-31 } }
age = { source = "test", from = { kind = "choice", values = [["[20,40)", 1], ["[40,60)", 1]] } }
sex = { source = "test", null_share = 0.1, from = { kind = "choice", values = [["male", 1], ["female", 1]] } }
[tables.visit]
rows = { source = "test", between = [0, 4] }
[tables.visit.columns]
patient_id = { source = "test", from = { kind = "person", column = "patient_id" } }
_first = { source = "test", from = { kind = "date", first = 2020-01-01, last = 2020-12-31 } }
_row = { source = "test", from = { kind = "grid", axis = "row" } }
_minutes = { source = "test", from = { kind = "uniform", low = 0, high = 1439 } }
day = { source = "test", from = { kind = "after", column = "_first", days = "_row" } }
at = { source = "test", from = { kind = "after", column = "_first", days = "_row", minutes = "_minutes", utc_offset_minutes = 540 } }
pressure = { source = "test", from = { kind = "normal", mean = 130, sd = 15, within = { step = 5 } } }
note = { source = "test", from = { kind = "constant", value = "simulated" } }
"#;

/// Definition, input, store and key, all in one temporary folder.
pub(crate) struct Ward {
    folder: TempDir,
    pub(crate) key: ReleaseKey,
}

impl Ward {
    /// A hospital of 200 patients, three visits each.
    pub(crate) fn new() -> Self {
        let ward = Self { folder: tempfile::tempdir().unwrap(), key: ReleaseKey::from_bytes([7; 32]) };
        for folder in ["definition", "input", "store"] {
            fs::create_dir(ward.folder.path().join(folder)).unwrap();
        }
        ward.define("dataset.toml", DATASET);
        ward.define("schema.toml", SCHEMA);
        ward.define("recipe.toml", RECIPE);
        ward.define("generator.toml", GENERATOR);
        ward.input("patient.csv", patients(0..200));
        ward.input("visit.csv", visits(0..200));
        ward
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn define(&self, name: &str, text: &str) {
        fs::write(self.path("definition").join(name), text).unwrap();
    }

    pub(crate) fn input(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path("input").join(name), bytes).unwrap();
    }

    pub(crate) fn build(&self) -> Result<Built, CurateError> {
        self.build_with(&self.key, None)
    }

    pub(crate) fn build_with(&self, key: &ReleaseKey, number: Option<u32>) -> Result<Built, CurateError> {
        self.run(key, number, None, &self.path("rejects.csv"), &mut |_| {})
    }

    /// Builds without the persons of a list.
    pub(crate) fn build_without(&self, list: impl AsRef<[u8]>) -> Result<Built, CurateError> {
        fs::write(self.path("withdrawn.txt"), list).unwrap();
        self.run(&self.key, None, Some(&self.path("withdrawn.txt")), &self.path("rejects.csv"), &mut |_| {})
    }

    /// Builds with a file of rejected rows somewhere, and tells of each step.
    pub(crate) fn build_into(
        &self,
        rejects: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Built, CurateError> {
        self.run(&self.key, None, None, rejects, progress)
    }

    fn run(
        &self,
        key: &ReleaseKey,
        number: Option<u32>,
        without: Option<&Path>,
        rejects: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Built, CurateError> {
        build(Build {
            definition_dir: &self.path("definition"),
            input_dir: &self.path("input"),
            store_root: &self.path("store"),
            key,
            rejects: Some(rejects),
            without,
            number,
            created_at: Timestamp::from_seconds(1_800_000_000),
            progress,
        })
    }

    pub(crate) fn build_synthetic(&self) -> Result<Built, CurateError> {
        build_synthetic(BuildSynthetic {
            definition_dir: &self.path("definition"),
            persons: None,
            seed: None,
            store_root: &self.path("store"),
            number: None,
            created_at: Timestamp::from_seconds(1_800_000_000),
            progress: &mut |_| {},
        })
    }

    /// Whether the store holds neither a version nor the beginning of one.
    pub(crate) fn store_is_empty(&self) -> bool {
        let entries = |path: &Path| fs::read_dir(path).map(Iterator::count).unwrap_or(0);
        entries(&self.path("store/ward")) == 0 && entries(&self.path("store/.building")) == 0
    }
}

/// A patient's record number.
pub(crate) fn mrn(number: u32) -> String {
    format!("MRN-{number:06}")
}

pub(crate) fn patients(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut text = "mrn,name,birth,age,sex\n".to_owned();
    for number in numbers {
        let (age, sex) = (20 + number % 60, if number.is_multiple_of(2) { "male" } else { "female" });
        writeln!(text, "{},Person {number},{:02}/03/{},{age},{sex}", mrn(number), 1 + number % 28, 2020 - age).unwrap();
    }
    text
}

pub(crate) fn visits(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut text = "mrn,day,at,pressure,note\n".to_owned();
    for number in numbers {
        for visit in 0..3 {
            let day = format!("2021-{:02}-{:02}", 1 + visit * 4, 1 + number % 28);
            let pressure = 110 + (number * 7 + visit * 3) % 50;
            writeln!(text, "{},{day},{day}T08:30:00Z,{pressure}.5,fine", mrn(number)).unwrap();
        }
    }
    text
}

/// All rows of a table of a version.
pub(crate) fn rows(built: &Built, table: &str) -> RecordBatch {
    let described = built.manifest.tables.iter().find(|described| described.name == table).unwrap();
    let mut batches = Vec::new();
    for file in &described.files {
        let opened = fs::File::open(built.folder.join(table).join(&file.name)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened).unwrap().build().unwrap();
        batches.extend(reader.map(Result::unwrap));
    }
    let schema = mudeung_engine::layout::arrow_schema(&described.columns).unwrap();
    concat_batches(&schema, &batches).unwrap()
}

/// A column as texts.
pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let values = batch.column_by_name(column).unwrap();
    (0..batch.num_rows()).map(|row| array_value_to_string(values, row).unwrap()).collect()
}

/// The hashes of all files of a version.
pub(crate) fn hashes(built: &Built) -> Vec<String> {
    built.manifest.tables.iter().flat_map(|table| &table.files).map(|file| file.sha256.clone()).collect()
}
