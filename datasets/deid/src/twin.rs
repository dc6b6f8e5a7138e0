//! Twins of a definition's tables: fitted to the raw rows under differential privacy, and published as the generator of a
//! synthetic version.
//!
//! A twin is fitted to the rows of everybody, each through the rules of its columns and nothing else: who is left out of
//! the de-identified release depends on who else is there, and a promise to each person must not.

use crate::build::{Built, Progress, Step, dataset_name, empty_manifest, manifest_table, next_number, rows};
use crate::definition::{Definition, Plan, TablePlan, TwinRule, hex_sha256};
use crate::error::{CurateError, Problem};
use crate::key::{ProjectKeys, ReleaseKey};
use crate::output;
use crate::source::{RawFile, Rejects};
use crate::stage::Deidentified;
use crate::transform::canonical;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_engine::layout::{FileStatistics, arrow_schema};
use mudeung_engine::store::VersionWriter;
use mudeung_synth::quality::{self, Material, Quality};
use mudeung_synth::twin::{Budget, Domain, Mechanism, Model, TwinPolicy, twins_to_text};
use mudeung_wire::manifest::{Manifest, ManifestColumn, ManifestTwin};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// Of 256 persons so many are kept apart when a twin is measured.
const HELD_OUT: u8 = 26;
/// Real rows that a twin is held against, at most; those of a table that come first.
const KEPT_ROWS_MAX: usize = 1 << 20;
/// Rows of the twin that are held against them, at most, and their seed.
const COMPARED_ROWS_MAX: u64 = 1 << 20;
const COMPARED_SEED: u64 = 1;

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

/// Real rows of a table, kept to hold its twin against them.
#[derive(Default)]
struct Kept {
    fitted: Vec<RecordBatch>,
    held_out: Vec<RecordBatch>,
    rows: usize,
}

/// What came of a fit.
struct Fit {
    model: Model,
    outside: Vec<(String, u64)>,
    kept: Kept,
}

/// What one table is fitted with.
struct Fitting<'a> {
    table: &'a TablePlan,
    columns: Vec<ManifestColumn>,
    schema: SchemaRef,
    policy: TwinPolicy,
    domain: Domain,
}

/// Fits the twins of a definition and builds a synthetic version that is drawn from them, with as many rows as the tables
/// have by their noisy counts. Nothing is spent of a budget before the version is published.
pub fn build_twins(build: BuildTwins<'_>) -> Result<BuiltTwins, CurateError> {
    let definition = crate::build::check(build.definition_dir)?;
    let plan = definition.plan()?;
    let Some(recipe) = &definition.recipe else { return Err(CurateError::Definition(Vec::new())) };
    let fittings = fittings(&definition, &plan)?;
    let keys = build.key.project(&recipe.value.release.name, &recipe.value.release.recipient)?;
    let name = dataset_name(&definition)?;
    let number = next_number(build.store_root, &name, Tier::Synthetic, build.number)?;
    let version = VersionWriter::create(build.store_root, &name, Tier::Synthetic, number).map_err(output::failed)?;
    let (mut models, mut outside, mut quality) = (BTreeMap::new(), Vec::new(), Vec::new());
    for fitting in &fittings {
        let file = RawFile::open(fitting.table, build.input_dir)?;
        let fit = fitting.fit(&file, &keys, build.entropy, build.measure.is_some(), build.progress)?;
        if let Some(measure) = build.measure {
            (build.progress)(Progress { step: Step::Compare, table: &fitting.table.spec.name, rows: 0 });
            quality.push((fitting.table.spec.name.clone(), fitting.measure(&fit, measure)?));
        }
        outside.extend(fit.outside);
        models.insert(fitting.table.spec.name.clone(), fit.model);
    }
    let seed = build.seed.or(definition.dataset.synthetic.map(|size| size.seed)).unwrap_or(1);
    let (mut tables, mut twins) = (Vec::new(), Vec::new());
    for Fitting { table, columns, schema, policy, .. } in fittings {
        let Some(model) = models.get(&table.spec.name) else { continue };
        let table_name = Name::parse(&table.spec.name).map_err(|e| output::internal(&table.spec.name, e))?;
        let mut rows = 0;
        let batches = model.rows(model.estimated_rows(), seed).map(|batch| {
            let batch = batch.map_err(|problem| refused(table, problem))?;
            rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            (build.progress)(Progress { step: Step::Generate, table: &table.spec.name, rows });
            Ok(Deidentified::vouch(batch))
        });
        let files = output::write(&version, &table_name, &schema, FileStatistics::Publish, batches)?;
        tables.push(manifest_table(&table.spec, columns, files, 0, table.person()));
        twins.push(described(table, &policy, model));
    }
    let text = models.first_key_value().map(|(table, _)| table.clone()).unwrap_or_default();
    let text = twins_to_text(&models).map_err(|problem| CurateError::Twin { table: text, problem })?;
    let generator = version.generator(&text).map_err(output::failed)?;
    let manifest = Manifest {
        // Of the models and the seed, and never of the raw files: whoever knows all rows but one could try that one
        // against their hash, whatever the noise.
        input_sha256: hex_sha256(format!("{}\nseed {seed}\n", generator.sha256).as_bytes()),
        recipe_sha256: recipe.sha256.clone(),
        tables,
        generator: Some(generator),
        twins,
        ..empty_manifest(&definition, Tier::Synthetic, number, build.created_at)
    };
    let folder = version.finish(&manifest).map_err(output::failed)?;
    Ok(BuiltTwins { built: Built { manifest, report: None, folder }, outside, quality })
}

/// Whether a definition can be fitted: each table's policy against its schema, without any data.
pub(crate) fn check(definition: &Definition, plan: &Plan) -> Result<(), CurateError> {
    let wanted = definition.recipe.as_ref().is_some_and(|recipe| !recipe.value.twin.is_empty());
    if wanted { fittings(definition, plan).map(drop) } else { Ok(()) }
}

fn fittings<'a>(definition: &'a Definition, plan: &'a Plan) -> Result<Vec<Fitting<'a>>, CurateError> {
    let rules = definition.recipe.as_ref().map(|recipe| &recipe.value.twin);
    let rules = rules.filter(|rules| !rules.is_empty()).ok_or_else(|| {
        let reason = ("[twin]이 없습니다.".to_owned(), "has no section [twin].".to_owned());
        let mend = (
            "표마다 [twin.<표>]에 ε, δ와 열의 값 범위를 적으십시오.".to_owned(),
            "Say in [twin.<table>] for each table ε, δ and the domain of its columns.".to_owned(),
        );
        CurateError::Definition(vec![Problem::new("recipe.toml", reason, mend)])
    })?;
    let fitting = |table: &'a TablePlan| {
        let rule = rules.get(&table.spec.name)?;
        Some(Fitting::new(table, rule))
    };
    plan.tables.iter().filter_map(fitting).collect()
}

impl<'a> Fitting<'a> {
    fn new(table: &'a TablePlan, rule: &TwinRule) -> Result<Self, CurateError> {
        let plain = |column: ManifestColumn| ManifestColumn { deidentification: None, ..column };
        let columns: Vec<ManifestColumn> = table.released().into_iter().map(plain).collect();
        let schema = arrow_schema(&columns).map_err(|error| output::internal(&table.spec.name, error))?;
        let derived = table.columns.iter().filter(|column| schema.index_of(&column.spec.name).is_ok());
        let derived = derived.filter_map(|column| Some((column.spec.name.clone(), column.domain()?)));
        let mut domains: BTreeMap<_, _> = derived.collect();
        domains.extend(rule.columns.clone());
        let policy = TwinPolicy {
            mechanism: rule.mechanism,
            epsilon: rule.epsilon,
            delta: rule.delta,
            person: table.person().map(str::to_owned),
            columns: domains,
        };
        Budget::of(policy.epsilon, policy.delta).map_err(|problem| refused(table, problem))?;
        let domain = Domain::bind(&policy, &schema).map_err(|problem| refused(table, problem))?;
        Ok(Self { table, columns, schema, policy, domain })
    }

    /// Fits the table's rows, each through its rules, and says how many values are outside their domain. When it is to be
    /// measured, rows of some persons are kept apart and not fitted to.
    fn fit(
        &self,
        file: &RawFile,
        keys: &ProjectKeys,
        entropy: &dyn Entropy,
        is_measured: bool,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Fit, CurateError> {
        let name = self.table.spec.name.as_str();
        let refused = |problem| refused(self.table, problem);
        let mut encoder = self.domain.encoder();
        let (mut read, mut kept) = (0, Kept::default());
        // A model is fitted to everybody or not at all.
        let mut rejects = Rejects::strict();
        for batch in file.batches(self.table, &mut rejects)? {
            let batch = batch?;
            let released = rows::transform(self.table, &self.schema, batch.raw(), keys)?;
            read += u64::try_from(released.get().num_rows()).unwrap_or(u64::MAX);
            if is_measured {
                let apart = self.held_out(batch.raw(), keys)?;
                let part = |wanted: &BooleanArray| {
                    filter_record_batch(released.get(), wanted).map_err(|error| output::internal(name, error))
                };
                let fitted = part(&not(&apart).map_err(|error| output::internal(name, error))?)?;
                encoder.push(&fitted).map_err(refused)?;
                kept.add(fitted, part(&apart)?);
            } else {
                encoder.push(released.get()).map_err(refused)?;
            }
            progress(Progress { step: Step::Transform, table: name, rows: read });
        }
        let outside = encoder.outside().filter(|(_, values)| *values > 0);
        let outside = outside.map(|(column, values)| (format!("{name}.{column}"), values)).collect();
        progress(Progress { step: Step::Fit, table: name, rows: read });
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(seed.as_mut_slice());
        let mut noise = ChaCha20Rng::from_seed(*seed);
        let model = Model::fit(&self.policy, &self.domain, encoder.finish(), &mut noise).map_err(refused)?;
        Ok(Fit { model, outside, kept })
    }

    /// Which rows are of persons who are kept apart: a tenth of all, by a keyed hash.
    fn held_out(&self, raw: &RecordBatch, keys: &ProjectKeys) -> Result<BooleanArray, CurateError> {
        let failed = |error: arrow::error::ArrowError| output::internal(&self.table.spec.name, error);
        let ids = canonical(rows::person_column(self.table, raw)?).map_err(failed)?;
        let apart = |id: Option<&str>| {
            id.is_some_and(|id| keys.identifier("held out", id).first().is_some_and(|byte| *byte < HELD_OUT))
        };
        Ok(ids.iter().map(|id| Some(apart(id))).collect())
    }

    fn measure(&self, fit: &Fit, measure: Measure<'_>) -> Result<Quality, CurateError> {
        let refused = |problem| refused(self.table, problem);
        let synthetic = fit.model.rows(fit.model.estimated_rows().min(COMPARED_ROWS_MAX), COMPARED_SEED);
        let material = Material {
            domain: &self.domain,
            real: &fit.kept.fitted,
            held_out: &fit.kept.held_out,
            synthetic: &synthetic.collect::<Result<Vec<_>, _>>().map_err(refused)?,
            target: measure.target,
            seed: COMPARED_SEED,
        };
        quality::measure(&material).map_err(refused)
    }
}

impl Kept {
    /// Keeps rows, as long as there is room.
    fn add(&mut self, fitted: RecordBatch, held_out: RecordBatch) {
        if self.rows < KEPT_ROWS_MAX {
            self.rows += fitted.num_rows() + held_out.num_rows();
            self.fitted.push(fitted);
            self.held_out.push(held_out);
        }
    }
}

fn described(table: &TablePlan, policy: &TwinPolicy, model: &Model) -> ManifestTwin {
    ManifestTwin {
        table: table.spec.name.clone(),
        mechanism: match policy.mechanism {
            Mechanism::Mst => "mst".to_owned(),
            Mechanism::Aim => "aim".to_owned(),
        },
        epsilon: policy.epsilon,
        delta: policy.delta,
        rho_units: model.spent().units(),
    }
}

fn refused(table: &TablePlan, problem: mudeung_synth::twin::TwinError) -> CurateError {
    CurateError::Twin { table: table.spec.name.clone(), problem }
}
