//! Twins of a definition's tables: fitted to the raw rows under differential privacy, and published as the generator of a
//! synthetic version.
//!
//! A twin is fitted to the rows of everybody, each through the rules of its columns and nothing else: who is left out of
//! the de-identified release depends on who else is there, and a promise to each person must not.

use crate::build::{Built, Progress, Step, dataset_name, empty_manifest, manifest_table, next_number};
use crate::definition::{Definition, Plan, hex_sha256};
use crate::error::{CurateError, Problem};
use crate::key::ReleaseKey;
use crate::output;
use crate::stage::Deidentified;
use arrow::datatypes::SchemaRef;
use fitting::Fitting;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::layout::FileStatistics;
use mudeung_engine::store::VersionWriter;
use mudeung_synth::quality::Quality;
use mudeung_synth::{Amount, Generator};
use mudeung_wire::manifest::Manifest;
use std::path::Path;

mod fitting;

/// What twins are built from.
pub struct BuildTwins<'a> {
    /// The definition's folder.
    pub definition_dir: &'a Path,
    /// The folder of the raw files.
    pub input_dir: &'a Path,
    /// The object store.
    pub store_root: &'a Path,
    /// The release key.
    pub key: &'a ReleaseKey,
    /// Where the noise comes from: who can foresee it can take it away again.
    pub entropy: &'a dyn Entropy,
    /// The seed of the rows that are stored with the models; the definition's own when absent.
    pub seed: Option<u64>,
    /// Whether the twins are held against real rows. A tenth of the persons is then kept apart, and nothing is fitted to
    /// them.
    pub measure: Option<Measure<'a>>,
    /// The version's number; the next free one when absent.
    pub number: Option<u32>,
    /// When the version is said to be built.
    pub created_at: Timestamp,
    /// Told about each step.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// How twins are held against real rows.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// A column that is predicted from the others, to see what a model learns from the twin.
    pub target: Option<&'a str>,
}

/// Twins that were built, and what the hospital alone may know about the fit.
#[derive(Debug)]
pub struct BuiltTwins {
    /// The version.
    pub built: Built,
    /// Values of single columns that their domain does not have, as `table.column`; exact, so not for others.
    pub outside: Vec<(String, u64)>,
    /// For each table how near its twin comes to real rows, and what attackers achieve; without noise, so not for others.
    pub quality: Vec<(String, Quality)>,
}

/// Fits the twins of a definition and builds a synthetic version that is drawn from them, with as many rows as the tables
/// have by their noisy counts. Nothing is spent of a budget before the version is published.
pub fn build_twins(build: BuildTwins<'_>) -> Result<BuiltTwins, CurateError> {
    let definition = crate::build::check(build.definition_dir)?;
    let plan = definition.plan()?;
    let Some(recipe) = &definition.recipe else { return Err(CurateError::Definition(Vec::new())) };
    let fitting = fitting(&definition, &plan)?;
    let keys = build.key.project(&recipe.value.release.name, &recipe.value.release.recipient)?;
    let name = dataset_name(&definition)?;
    let number = next_number(build.store_root, &name, Tier::Synthetic, build.number)?;
    let version = VersionWriter::create(build.store_root, &name, Tier::Synthetic, number).map_err(output::failed)?;
    let fit = fitting.fit(build.input_dir, &keys, build.entropy, build.measure.is_some(), build.progress)?;
    let mut quality = Vec::new();
    if let Some(measure) = build.measure {
        let table = fitting.persons().table.spec.name.clone();
        (build.progress)(Progress { step: Step::Compare, table: &table, rows: 0 });
        quality.push((table, fitting.measure(&fit, measure)?));
    }
    let seed = build.seed.or(definition.dataset.synthetic.map(|size| size.seed)).unwrap_or(1);
    let text = fit.twins.to_text().map_err(|problem| fitting.refused(problem))?;
    let schemas: Vec<(String, SchemaRef)> =
        fitting.tables().map(|it| (it.table.spec.name.clone(), it.schema.clone())).collect();
    // Read as it is published: the stored rows are those that anybody draws with the same seed.
    let drawn = Generator::parse(&text, &schemas)?;
    let persons = fit.twins.estimated_persons();
    let mut tables = Vec::new();
    for it in fitting.tables() {
        let spec = &it.table.spec;
        let table_name = Name::parse(&spec.name).map_err(|e| output::internal(&spec.name, e))?;
        let mut rows = 0;
        let batches = drawn.generate(&spec.name, Amount::Persons(persons), seed)?.map(|batch| {
            let batch = batch?;
            rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            (build.progress)(Progress { step: Step::Generate, table: &spec.name, rows });
            Ok(Deidentified::vouch(batch))
        });
        let files = output::write(&version, &table_name, &it.schema, FileStatistics::Publish, batches)?;
        tables.push(manifest_table(spec, it.columns.clone(), files, 0, it.table.person()));
    }
    let generator = version.generator(&text).map_err(output::failed)?;
    let manifest = Manifest {
        // Of the models and the seed, and never of the raw files: whoever knows all rows but one could try that one
        // against their hash, whatever the noise.
        input_sha256: hex_sha256(format!("{}\nseed {seed}\n", generator.sha256).as_bytes()),
        recipe_sha256: recipe.sha256.clone(),
        tables,
        generator: Some(generator),
        twins: fitting.described(&fit.twins),
        ..empty_manifest(&definition, Tier::Synthetic, number, build.created_at)
    };
    let folder = version.finish(&manifest).map_err(output::failed)?;
    Ok(BuiltTwins { built: Built { manifest, report: None, folder }, outside: fit.outside, quality })
}

/// Whether a definition can be fitted: the policy against the schema, without any data.
pub(crate) fn check(definition: &Definition, plan: &Plan) -> Result<(), CurateError> {
    let wanted = definition.recipe.as_ref().is_some_and(|recipe| !recipe.value.twin.is_empty());
    if wanted { fitting(definition, plan).map(drop) } else { Ok(()) }
}

fn fitting<'a>(definition: &'a Definition, plan: &'a Plan) -> Result<Fitting<'a>, CurateError> {
    let rules = definition.recipe.as_ref().map(|recipe| &recipe.value.twin);
    let rules = rules.filter(|rules| !rules.is_empty()).ok_or_else(|| {
        let reason = ("[twin]이 없습니다.".to_owned(), "has no section [twin].".to_owned());
        let mend = (
            "[twin.<표>]에 ε, δ와 열의 값 범위를 적으십시오.".to_owned(),
            "Say in [twin.<table>] ε, δ and the domain of the columns.".to_owned(),
        );
        CurateError::Definition(vec![Problem::new("recipe.toml", reason, mend)])
    })?;
    Fitting::new(plan, rules)
}
