//! Who came and who left since the version before with the same pseudonyms: whoever has both versions sees whose rows are
//! new and whose are gone, so that these must be no fewer than any class.

use super::run::Run;
use crate::error::{CurateError, Problem};
use crate::output;
use crate::report::{Changes, REPORT, Report};
use crate::transform::{Transform, canonical, pseudonym_integer, pseudonym_text};
use arrow::array::ArrayRef;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::store::{latest_version, read_manifest, version_path};
use mudeung_wire::manifest::ManifestTable;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

/// Counts the changes; nothing when there is no version with the same pseudonyms before.
pub(super) fn measure(
    run: &Run<'_>,
    store: &Path,
    dataset: &Name,
    number: u32,
) -> Result<Option<Changes>, CurateError> {
    let Some((since, earlier)) = earlier(run, store, dataset, number)? else { return Ok(None) };
    let now = pseudonyms(run);
    let count = |one: &HashSet<String>, other: &HashSet<String>| {
        u64::try_from(one.difference(other).count()).unwrap_or(u64::MAX)
    };
    let (came, left) = (count(&now, &earlier), count(&earlier, &now));
    Ok(Some(Changes { since, came, left, required: run.recipe.value.privacy.k }))
}

impl Changes {
    /// Why the release may not go out; nothing when it may.
    pub(super) fn refusal(&self) -> Option<Problem> {
        let Self { since, came, left, required } = self;
        let few = |count: &u64| (1..*required).contains(count);
        (few(came) || few(left)).then(|| {
            Problem::new(
                format!("release.name, version {since}"),
                (
                    format!(
                        "가명이 같은 버전 {since} 이후 {came}명이 들어오고 {left}명이 빠졌습니다. 두 버전을 비교하면 {required}명보다 \
                         적은 그들의 행이 드러납니다."
                    ),
                    format!(
                        "{came} persons came and {left} left since version {since}, which has the same pseudonyms; who \
                         compares the two sees which rows are theirs, and they are fewer than {required}."
                    ),
                ),
                (
                    "release.name을 바꾸어 가명과 날짜 이동을 새로 하거나, 바뀐 환자가 더 모이면 만드십시오. 이전 버전은 내리십시오."
                        .to_owned(),
                    "Give the release another name, which gives other pseudonyms and shifts, or wait until more have come \
                     or left. Take the version before out of service."
                        .to_owned(),
                ),
            )
        })
    }
}

/// The newest version before with these keys, by its report, and who is in it.
fn earlier(
    run: &Run<'_>,
    store: &Path,
    dataset: &Name,
    number: u32,
) -> Result<Option<(u32, HashSet<String>)>, CurateError> {
    let release = &run.recipe.value.release;
    let latest = latest_version(store, dataset, Tier::Deidentified).map_err(output::failed)?;
    for version in (1..=latest).rev().filter(|version| *version != number) {
        let folder = version_path(store, dataset, Tier::Deidentified, version);
        // A version that was taken away, or came from elsewhere, is nobody's to be compared with.
        let Ok(report) = std::fs::read_to_string(folder.join(REPORT)) else { continue };
        let Ok(report) = Report::from_json(&report) else { continue };
        if (&report.release, &report.recipient) != (&release.name, &release.recipient) {
            continue;
        }
        let manifest = read_manifest(store, dataset, Tier::Deidentified, version).map_err(output::failed)?;
        let person = &run.recipe.value.person;
        let Some(table) = manifest.tables.iter().find(|table| table.name == person.table) else { continue };
        return read(&folder, table, &person.id).map(|persons| Some((version, persons)));
    }
    Ok(None)
}

/// The pseudonyms of a table of a version.
fn read(folder: &Path, table: &ManifestTable, column: &str) -> Result<HashSet<String>, CurateError> {
    let mut persons = HashSet::new();
    for file in &table.files {
        let path = folder.join(&table.name).join(&file.name);
        let unreadable = |reason: String| CurateError::Unreadable { path: path.clone(), reason };
        let opened = File::open(&path).map_err(|error| unreadable(error.to_string()))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|e| unreadable(e.to_string()))?;
        let place = builder.schema().fields().iter().position(|field| field.name() == column);
        let mask = ProjectionMask::roots(builder.parquet_schema(), place);
        let reader = builder.with_projection(mask).build().map_err(|error| unreadable(error.to_string()))?;
        for batch in reader {
            let batch = batch.map_err(|error| unreadable(error.to_string()))?;
            let ids: Option<&ArrayRef> = batch.columns().first();
            let ids = ids.map(canonical).transpose().map_err(|error| unreadable(error.to_string()))?;
            persons.extend(ids.iter().flatten().flatten().map(str::to_owned));
        }
    }
    Ok(persons)
}

/// The pseudonyms of those who are released, as the person table has them.
fn pseudonyms(run: &Run<'_>) -> HashSet<String> {
    let column = run.plan.person().and_then(|table| table.columns.get(table.person_column));
    let is_integer = matches!(column.map(|column| &column.transform), Some(Transform::Pseudonym { integer: true, .. }));
    let kept: Vec<bool> = run.persons.kept().collect();
    let released = run.persons.places().filter(|(_, place)| kept.get(*place).copied().unwrap_or(false));
    let pseudonym = |id: &str| {
        let hash = run.keys.identifier("person", id);
        if is_integer { pseudonym_integer(&hash).to_string() } else { pseudonym_text(&hash) }
    };
    released.map(|(id, _)| pseudonym(id)).collect()
}
