//! The run from raw tables to a de-identified version: measure first, pass the gate, then write, all or nothing.

use crate::canary::Canary;
use crate::definition::{Definition, Hashed, Plan, Recipe, Role, TablePlan, hex_sha256};
use crate::error::{CurateError, InputError};
use crate::key::{ProjectKeys, ReleaseKey};
use crate::persons::Persons;
use crate::report::{Report, ReportColumn, ReportTable};
use crate::risk::Classes;
use crate::source::RawFile;
use crate::stage::Deidentified;
use crate::transform::{RowContext, Transform, apply, canonical, pseudonym_integer};
use crate::{gate, output};
use arrow::array::{ArrayRef, RecordBatch};
use mudeung_core::clock::Timestamp;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::layout::arrow_schema;
use mudeung_engine::store::{VersionWriter, latest_version};
use mudeung_wire::manifest::{MANIFEST_FORMAT, Manifest, ManifestFile, ManifestTable, RiskFigures};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

mod rows;

use rows::{Tally, deidentify};

/// What a version is built from.
pub struct Build<'a> {
    /// The definition's folder.
    pub definition_dir: &'a Path,
    /// The folder of the raw files.
    pub input_dir: &'a Path,
    /// The object store.
    pub store_root: &'a Path,
    /// The release key.
    pub key: &'a ReleaseKey,
    /// The version's number; the next free one when absent.
    pub number: Option<u32>,
    /// When the version is said to be built.
    pub created_at: Timestamp,
    /// Told about each step.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// A step of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub step: Step,
    /// The table.
    pub table: &'a str,
    /// Rows so far.
    pub rows: u64,
}

/// What a build does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Persons are read and their risk is measured.
    Measure,
    /// Rows are read and de-identified.
    Transform,
    /// Rows are generated.
    Generate,
    /// Files are written.
    Write,
}

/// A version that was built.
#[derive(Debug)]
pub struct Built {
    /// Its manifest, as it stands in its folder.
    pub manifest: Manifest,
    /// What was done; generated versions have none.
    pub report: Option<Report>,
    /// Its folder.
    pub folder: PathBuf,
}

/// Reads and checks a definition without touching any data.
pub fn check(definition_dir: &Path) -> Result<Definition, CurateError> {
    let definition = Definition::load(definition_dir)?;
    definition.check()?;
    if definition.recipe.is_some() {
        definition.plan()?;
    }
    if definition.generator.is_some() {
        crate::synthetic::generator(&definition)?;
    }
    Ok(definition)
}

/// Builds the de-identified version of a definition, or says why not and leaves nothing.
pub fn build(build: Build<'_>) -> Result<Built, CurateError> {
    let definition = check(build.definition_dir)?;
    let plan = definition.plan()?;
    let Some(recipe) = &definition.recipe else { return Err(CurateError::Definition(Vec::new())) };
    let name = dataset_name(&definition)?;
    let number = next_number(build.store_root, &name, Tier::Deidentified, build.number)?;
    // Refuses a number that is taken before any data is read.
    let version = VersionWriter::create(build.store_root, &name, Tier::Deidentified, number).map_err(output::failed)?;
    let mut run = Run {
        definition: &definition,
        plan: &plan,
        recipe,
        keys: build.key.project(&recipe.value.release.name, &recipe.value.release.recipient),
        files: plan.tables.iter().map(|t| RawFile::open(t, build.input_dir)).collect::<Result<_, _>>()?,
        persons: Persons::default(),
        canary: Canary::default(),
        progress: build.progress,
    };
    let risk = run.measure()?;
    let refusals = gate::refusals(&risk, &recipe.value.privacy);
    let mut report = run.report(risk.clone(), refusals);
    if !report.passed {
        return Err(CurateError::Gate(Box::new(report)));
    }
    let mut tables = Vec::new();
    for (position, reported) in report.tables.iter_mut().enumerate() {
        let (table, tally) = run.release(position, &version)?;
        reported.count(tally, table.rows);
        tables.push(table);
    }
    let inputs: String = run.files.iter().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect();
    let manifest = Manifest {
        recipe_sha256: recipe.sha256.clone(),
        input_sha256: hex_sha256(inputs.as_bytes()),
        tables,
        risk: Some(risk),
        ..empty_manifest(&definition, Tier::Deidentified, number, build.created_at)
    };
    let folder = version.finish(&manifest).map_err(output::failed)?;
    Ok(Built { manifest, report: Some(report), folder })
}

/// What one build carries from step to step.
struct Run<'a> {
    definition: &'a Definition,
    plan: &'a Plan,
    recipe: &'a Hashed<Recipe>,
    keys: ProjectKeys,
    files: Vec<RawFile>,
    persons: Persons,
    canary: Canary,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Run<'_> {
    /// Reads the persons, measures their risk and marks those who are left out.
    fn measure(&mut self) -> Result<RiskFigures, CurateError> {
        let (mut before, mut after) = (Classes::default(), Classes::default());
        let mut quasi = Vec::new();
        for (position, table) in self.plan.tables.iter().enumerate() {
            let is_person = position == self.plan.person_table;
            if is_person {
                let released = |name: &String| table.released_position(name).is_some();
                quasi = names(table, Role::Quasi).into_iter().filter(released).collect();
                self.measure_persons(position, table, &mut before, &mut after)?;
            } else if !names(table, Role::Identifier).is_empty() {
                self.collect_identifiers(position, table)?;
            }
        }
        for id in self.persons.ids() {
            self.canary.add(id);
        }
        let k = self.recipe.value.privacy.k;
        self.persons.suppress(&after.smaller_than(k));
        let table = &self.recipe.value.person.table;
        Ok(after.figures(quasi.iter().map(|name| format!("{table}.{name}")).collect(), k, &before))
    }

    fn measure_persons(
        &mut self,
        position: usize,
        table: &TablePlan,
        before: &mut Classes,
        after: &mut Classes,
    ) -> Result<(), CurateError> {
        let failed = |error: arrow::error::ArrowError| output::internal(&table.spec.name, error);
        let Some(file) = self.files.get(position) else { return Ok(()) };
        let mut pseudonyms = HashSet::new();
        for batch in file.batches(table)? {
            let batch = batch?;
            let raw = batch.raw();
            let ids = canonical(rows::person_column(table, raw)?).map_err(failed)?;
            for id in ids.iter().flatten() {
                self.persons.add(id).map_err(|first| duplicate(table, file, first, self.persons.len()))?;
                if !pseudonyms.insert(pseudonym_integer(&self.keys.identifier("person", id))) {
                    let reason = "two persons have one 63-bit pseudonym; give the release another name";
                    return Err(output::internal(&table.spec.name, reason));
                }
            }
            let persons: Vec<&str> = ids.iter().flatten().collect();
            let context = RowContext { keys: &self.keys, persons: &persons };
            let mut columns: (Vec<ArrayRef>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
            for column in table.columns.iter().filter(|column| column.role == Role::Quasi) {
                let Some(values) = raw.column_by_name(&column.spec.name) else { continue };
                columns.0.push(values.clone());
                if column.transform == Transform::Drop {
                    continue;
                }
                columns.1.push(apply(&column.transform, column.released, values, &context).map_err(failed)?);
            }
            before.add(&columns.0, raw.num_rows()).map_err(failed)?;
            after.add(&columns.1, raw.num_rows()).map_err(failed)?;
            remember(&mut self.canary, table, raw)?;
            let rows = u64::try_from(self.persons.len()).unwrap_or(u64::MAX);
            (self.progress)(Progress { step: Step::Measure, table: &table.spec.name, rows });
        }
        if self.persons.len() == 0 {
            return Err(InputError::Empty { file: file.name.clone() }.into());
        }
        Ok(())
    }

    fn collect_identifiers(&mut self, position: usize, table: &TablePlan) -> Result<(), CurateError> {
        let Some(file) = self.files.get(position) else { return Ok(()) };
        for batch in file.batches(table)? {
            remember(&mut self.canary, table, batch?.raw())?;
        }
        Ok(())
    }

    /// De-identifies, sorts, checks and writes one table.
    fn release(&mut self, position: usize, version: &VersionWriter) -> Result<(ManifestTable, Tally), CurateError> {
        let (Some(table), Some(file)) = (self.plan.tables.get(position), self.files.get(position)) else {
            return Err(output::internal("plan", "a table vanished"));
        };
        let name = &table.spec.name;
        let columns = table.released();
        let schema = arrow_schema(&columns).map_err(|error| output::internal(name, error))?;
        let mut tally = Tally::default();
        let mut batches = Vec::new();
        for batch in file.batches(table)? {
            batches.push(deidentify(table, &schema, &batch?, &self.keys, &self.persons, &mut tally)?);
            (self.progress)(Progress { step: Step::Transform, table: name, rows: tally.rows });
        }
        let person = table.columns.get(table.person_column).map(|column| column.spec.name.as_str());
        let keys: Vec<usize> = [person, table.spec.time.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(|n| table.released_position(n))
            .collect();
        let sorted = output::sorted(name, &schema, &batches, &keys)?;
        drop(batches);
        if let Some((column, values)) = self.canary.find(sorted.get()) {
            return Err(CurateError::Canary { table: name.clone(), column, values });
        }
        let parsed = Name::parse(name).map_err(|error| output::internal(name, error))?;
        let rows = u64::try_from(sorted.get().num_rows()).unwrap_or(u64::MAX);
        (self.progress)(Progress { step: Step::Write, table: name, rows });
        let files =
            output::write(version, &parsed, &schema, std::iter::once(Ok::<Deidentified<RecordBatch>, _>(sorted)))?;
        let table = manifest_table(&table.spec, columns, files, tally.suppressed);
        Ok((table, tally))
    }

    fn report(&self, risk: RiskFigures, refusals: Vec<crate::error::Problem>) -> Report {
        let release = &self.recipe.value.release;
        Report {
            dataset: self.definition.dataset.name.clone(),
            release: release.name.clone(),
            purpose: release.purpose.clone(),
            recipient: release.recipient.clone(),
            expires: release.expires.map(|date| date.to_string()),
            preset: release.preset.as_str().to_owned(),
            passed: refusals.is_empty(),
            refusals,
            risk,
            tables: self.plan.tables.iter().zip(&self.files).map(|(table, file)| reported(table, file)).collect(),
        }
    }
}

fn reported(table: &TablePlan, file: &RawFile) -> ReportTable {
    let column = |column: &crate::definition::ColumnPlan| ReportColumn {
        name: column.spec.name.clone(),
        released: column.transform != Transform::Drop,
        listed: column.listed,
        done: column.transform.note(),
    };
    ReportTable {
        name: table.spec.name.clone(),
        file: file.name.clone(),
        sha256: file.sha256.clone(),
        rows_in: 0,
        rows_out: 0,
        suppressed_rows: 0,
        unknown_person_rows: 0,
        columns: table.columns.iter().map(column).collect(),
    }
}

impl ReportTable {
    fn count(&mut self, tally: Tally, rows_out: u64) {
        self.rows_in = tally.rows;
        self.rows_out = rows_out;
        self.suppressed_rows = tally.suppressed;
        self.unknown_person_rows = tally.unknown;
    }
}

fn names(table: &TablePlan, role: Role) -> Vec<String> {
    table.columns.iter().filter(|column| column.role == role).map(|column| column.spec.name.clone()).collect()
}

fn remember(canary: &mut Canary, table: &TablePlan, raw: &RecordBatch) -> Result<(), CurateError> {
    for name in names(table, Role::Identifier) {
        let Some(column) = raw.column_by_name(&name) else { continue };
        let ids = canonical(column).map_err(|error| output::internal(&table.spec.name, error))?;
        ids.iter().flatten().for_each(|id| canary.add(id));
    }
    Ok(())
}

fn duplicate(table: &TablePlan, file: &RawFile, first: usize, second: usize) -> CurateError {
    let row = |position: usize| u64::try_from(position).unwrap_or(u64::MAX) + 1;
    let column = table.columns.get(table.person_column).map(|column| column.spec.raw_name().to_owned());
    InputError::DuplicatePerson {
        file: file.name.clone(),
        column: column.unwrap_or_default(),
        first: row(first),
        second: row(second),
    }
    .into()
}

/// The dataset's name.
pub(crate) fn dataset_name(definition: &Definition) -> Result<Name, CurateError> {
    Name::parse(&definition.dataset.name).map_err(|error| output::internal(&definition.dataset.name, error))
}

/// The number asked for, or the next free one.
pub(crate) fn next_number(root: &Path, name: &Name, tier: Tier, number: Option<u32>) -> Result<u32, CurateError> {
    match number {
        Some(number) => Ok(number),
        None => Ok(latest_version(root, name, tier).map_err(output::failed)?.saturating_add(1)),
    }
}

/// A manifest that says everything but what is in the version.
pub(crate) fn empty_manifest(definition: &Definition, tier: Tier, number: u32, created_at: Timestamp) -> Manifest {
    let dataset = &definition.dataset;
    let moment = jiff::Timestamp::from_microsecond(created_at.micros()).unwrap_or_default();
    Manifest {
        format: MANIFEST_FORMAT,
        dataset: dataset.name.clone(),
        tier: tier.as_str().to_owned(),
        version: number,
        title: dataset.title.clone(),
        summary: dataset.summary.clone(),
        licence: dataset.licence.clone(),
        source: dataset.source.clone(),
        created_at: moment.to_string(),
        recipe_sha256: String::new(),
        input_sha256: String::new(),
        tables: Vec::new(),
        risk: None,
    }
}

/// A table of a manifest.
pub(crate) fn manifest_table(
    spec: &crate::definition::TableSpec,
    columns: Vec<mudeung_wire::manifest::ManifestColumn>,
    files: Vec<ManifestFile>,
    suppressed_rows: u64,
) -> ManifestTable {
    ManifestTable {
        name: spec.name.clone(),
        description: spec.description.clone(),
        rows: files.iter().map(|file| file.rows).sum(),
        suppressed_rows,
        columns,
        files,
    }
}
