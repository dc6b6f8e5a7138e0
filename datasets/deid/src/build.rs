//! The run from raw tables to a de-identified version: measure first, pass the gate, then write, all or nothing.

use crate::canary::Canary;
use crate::definition::{Definition, Recipe, TableSpec};
use crate::error::{CurateError, InputError, Problem};
use crate::key::ReleaseKey;
use crate::persons::Persons;
use crate::report::{self, EventRisk, Report};
use crate::source::{RawFile, Rejects};
use crate::{gate, output};
use mudeung_core::clock::Timestamp;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::store::{VersionWriter, latest_version};
use mudeung_wire::manifest::{MANIFEST_FORMAT, Manifest, ManifestColumn, ManifestFile, ManifestTable};
use std::path::{Path, PathBuf};

mod changes;
mod coded;
mod columns;
mod events;
mod linkage;
mod measured;
mod population;
mod remedy;
pub(crate) mod rows;
mod run;

use columns::PersonColumns;
use run::Run;

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
    /// The hospital's own file for rows that cannot be read, with their values; without one they are counted alone. It is
    /// written when the recipe allows such rows and there are some.
    pub rejects: Option<&'a Path>,
    /// Who withdrew: a file with the raw identifier of a person on each line. They are in no table.
    pub without: Option<&'a Path>,
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
    /// A twin is fitted to the rows that were read.
    Fit,
    /// A twin is held against real rows.
    Compare,
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
        crate::twin::check(&definition, &definition.plan()?)?;
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
    let keys = build.key.project(&recipe.value.release.name, &recipe.value.release.recipient)?;
    let mut run = Run {
        definition: &definition,
        plan: &plan,
        recipe,
        keys: &keys,
        files: plan.tables.iter().map(|t| RawFile::open(t, build.input_dir)).collect::<Result<_, _>>()?,
        rejects: rejects(&recipe.value, build.rejects, build.store_root)?,
        persons: Persons::without(build.without)?,
        canary: Canary::default(),
        person_columns: PersonColumns::new(plan.person().ok_or_else(|| output::internal("plan", "a table vanished"))?),
        progress: build.progress,
    };
    let (risk, measured, choice) = run.measure()?;
    let mut refusals = gate::refusals(&risk.figures, &recipe.value.privacy);
    if let Some(first) = refusals.first_mut() {
        first.also(remedy::remedies(&measured, risk.figures.persons + risk.figures.suppressed_persons));
    }
    let search = choice.report(&measured);
    drop(measured);
    let event_risk = measure_events(&mut run, &mut refusals)?;
    refusals.extend(run.rejects.refusals());
    let with_levels = plan.with_levels(choice.levels);
    run.plan = &with_levels;
    let linkage = linkage::measure(&mut run, build.key, &mut refusals)?;
    let changes = changes::measure(&run, build.store_root, &name, number)?;
    refusals.extend(changes.and_then(|changes| changes.refusal()));
    let mut report = run.report(risk.clone(), refusals, search)?;
    (report.events, report.linkage, report.changes) = (event_risk, linkage, changes);
    let empty = empty_manifest(&definition, Tier::Deidentified, number, build.created_at);
    (report.version, report.created_at) = (number, empty.created_at.clone());
    if !report.passed {
        for table in &mut report.tables {
            let read = run.rejects.of(&table.name);
            (table.rows_in, table.rejected_rows) = (read.rows, read.rejected);
        }
        return refuse(report, &mut run.rejects);
    }
    let mut tables = Vec::new();
    for (position, reported) in report.tables.iter_mut().enumerate() {
        let (table, tally) = run.release(position, &version)?;
        reported.count(tally, table.rows, run.rejects.of(&reported.name).rejected);
        tables.push(table);
    }
    // Tables of events are read to their end for the first time while they are written; nothing of it stays.
    report.refusals = run.rejects.refusals();
    if !report.refusals.is_empty() {
        report.passed = false;
        return refuse(report, &mut run.rejects);
    }
    run.rejects.finish()?;
    let manifest = Manifest {
        recipe_sha256: report.recipe_sha256.clone(),
        input_sha256: report.input_sha256.clone(),
        tables,
        risk: Some(risk.figures),
        ..empty
    };
    report::save(&report, version.folder())?;
    let folder = version.finish(&manifest).map_err(output::failed)?;
    Ok(Built { manifest, report: Some(report), folder })
}

/// How many rows may be left out because they cannot be read, and where they go: never into what is served.
fn rejects(recipe: &Recipe, file: Option<&Path>, store: &Path) -> Result<Rejects, CurateError> {
    let Some(rule) = recipe.rejects else { return Ok(Rejects::strict()) };
    if let Some((file, store)) = file.and_then(|file| Some((file, crate::key::store_around(file, store)?))) {
        return Err(InputError::RejectsWithinStore { path: file.display().to_string(), store }.into());
    }
    Ok(Rejects::new(Some(rule.at_most), file))
}

/// Nothing is released; what was rejected is kept, so that it can be mended.
fn refuse(report: Report, rejects: &mut Rejects) -> Result<Built, CurateError> {
    rejects.finish()?;
    Err(CurateError::Gate(Box::new(report)))
}

/// Measures what known events are worth, and adds the refusal, with what would pass, when that is too much.
fn measure_events(run: &mut Run<'_>, refusals: &mut Vec<Problem>) -> Result<Option<EventRisk>, CurateError> {
    let privacy = &run.recipe.value.privacy;
    let (Some(known), Some(events)) = (privacy.adversary_events, run.events()?) else { return Ok(None) };
    let kept: Vec<bool> = run.persons.kept().collect();
    let risk = events.risk(&kept, known, privacy)?;
    if let Some(mut refusal) = risk.refusal() {
        refusal.also(events.remedy(&kept, &risk, privacy.k)?.into_iter().collect());
        refusals.push(refusal);
    }
    Ok(Some(risk))
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
        uses: dataset.uses.clone(),
        risk: None,
        generator: None,
        twins: Vec::new(),
    }
}

/// A table of a manifest.
pub(crate) fn manifest_table(
    spec: &TableSpec,
    columns: Vec<ManifestColumn>,
    files: Vec<ManifestFile>,
    suppressed_rows: u64,
    person: Option<&str>,
) -> ManifestTable {
    let released = |name: &&str| columns.iter().any(|column| column.name == *name);
    ManifestTable {
        person: person.filter(released).map(str::to_owned),
        name: spec.name.clone(),
        description: spec.description.clone(),
        rows: files.iter().map(|file| file.rows).sum(),
        suppressed_rows,
        columns,
        files,
    }
}
