//! What a twin is fitted with, and the fit itself: the rows of everybody, each through the rules of its columns.

use super::Measure;
use crate::build::{Progress, Step, rows};
use crate::definition::{Plan, TablePlan, TwinRule};
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output;
use crate::source::{RawFile, Rejects};
use crate::transform::canonical;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use mudeung_core::clock::Entropy;
use mudeung_engine::layout::arrow_schema;
use mudeung_synth::quality::{self, Material, Quality};
use mudeung_synth::twin::{
    Budget, CohortDomain, CohortModel, CohortPolicy, ColumnPolicy, Domain, EventTable, HistoryPolicy, Mechanism, Model,
    PersonPolicy, TwinError, TwinPolicy, Twins,
};
use mudeung_synth::{Amount, Generator};
use mudeung_wire::manifest::{ManifestColumn, ManifestTwin};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// Of 256 persons so many are kept apart when a twin is measured.
const HELD_OUT: u8 = 26;
/// Real rows that a twin is held against, at most; those that come first.
const KEPT_ROWS_MAX: usize = 1 << 20;
/// Rows of the twin that are held against them, at most, and their seed.
const COMPARED_ROWS_MAX: u64 = 1 << 20;
const COMPARED_SEED: u64 = 1;

/// What the tables of a release are fitted with.
pub(super) struct Fitting<'a> {
    persons: Released<'a>,
    /// How many tables of events the definition has before that of persons.
    before: usize,
    events: Vec<Released<'a>>,
    policy: TwinPolicy,
    /// The values of the table of persons alone.
    domain: Domain,
    /// The values of all tables, where there are any but that of persons.
    cohort: Option<CohortDomain>,
}

/// A table as it is released.
pub(super) struct Released<'a> {
    pub(super) table: &'a TablePlan,
    pub(super) columns: Vec<ManifestColumn>,
    pub(super) schema: SchemaRef,
}

/// What came of a fit.
pub(super) struct Fit {
    pub(super) twins: Twins,
    pub(super) outside: Vec<(String, u64)>,
    kept: Kept,
}

/// Real rows of the table of persons, kept to hold its twin against them.
#[derive(Default)]
struct Kept {
    fitted: Vec<RecordBatch>,
    held_out: Vec<RecordBatch>,
    rows: usize,
}

impl<'a> Fitting<'a> {
    pub(super) fn new(plan: &'a Plan, rules: &BTreeMap<String, TwinRule>) -> Result<Self, CurateError> {
        let rule = |table: &TablePlan| {
            rules.get(&table.spec.name).ok_or_else(|| output::internal(&table.spec.name, "has no rule for its twin"))
        };
        let table = plan.person().ok_or_else(|| output::internal("plan", "has no table of persons"))?;
        let (persons, said) = (Released::new(table)?, rule(table)?);
        let (Some(mechanism), Some(epsilon), Some(delta)) = (said.mechanism, said.epsilon, said.delta) else {
            return Err(output::internal(&table.spec.name, "has no budget for its twin"));
        };
        let columns = persons.domains(said, &[]);
        let person = table.person().map(str::to_owned);
        let policy = TwinPolicy { mechanism, epsilon, delta, person: person.clone(), columns: columns.clone() };
        Budget::of(epsilon, delta).map_err(|problem| refused(table, problem))?;
        let domain = Domain::bind(&policy, &persons.schema).map_err(|problem| refused(table, problem))?;
        let mut events = Vec::new();
        for table in plan.tables.iter().filter(|other| other.spec.name != table.spec.name) {
            events.push((Released::new(table)?, rule(table)?));
        }
        let cohort = said.history.as_ref().filter(|_| !events.is_empty()).map(|history| {
            let tables = events.iter().map(|(released, rule)| (released.name(), released.event_table(rule)));
            let cohort = CohortPolicy {
                mechanism,
                epsilon,
                delta,
                table: table.spec.name.clone(),
                person: PersonPolicy { id: person.unwrap_or_default(), classes: history.classes.clone(), columns },
                history: HistoryPolicy {
                    most: history.most,
                    norm: history.norm,
                    gaps: history.gaps.clone(),
                    known: history.known.clone(),
                    time: history.time.clone(),
                },
                tables: tables.collect(),
            };
            let schemas = events.iter().map(|(released, _)| (released.name(), released.schema.clone())).collect();
            CohortDomain::bind(&cohort, &persons.schema, &schemas).map_err(|problem| refused(table, problem))
        });
        let events = events.into_iter().map(|(released, _)| released).collect();
        Ok(Self { persons, before: plan.person_table, events, policy, domain, cohort: cohort.transpose()? })
    }

    pub(super) fn persons(&self) -> &Released<'a> {
        &self.persons
    }

    /// All tables, in the order of the definition.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Released<'a>> {
        let (before, after) = self.events.split_at(self.before.min(self.events.len()));
        before.iter().chain([&self.persons]).chain(after)
    }

    pub(super) fn refused(&self, problem: TwinError) -> CurateError {
        refused(self.persons.table, problem)
    }

    /// Fits everybody's rows, each through its rules, and says how many values are outside their domain. When it is to be
    /// measured, some persons are kept apart and not fitted to.
    pub(super) fn fit(
        &self,
        input: &Path,
        keys: &ProjectKeys,
        entropy: &dyn Entropy,
        is_measured: bool,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Fit, CurateError> {
        let refused = |problem| self.refused(problem);
        let name = self.persons.name();
        let mut kept = Kept::default();
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(seed.as_mut_slice());
        let mut noise = ChaCha20Rng::from_seed(*seed);
        let Some(cohort) = &self.cohort else {
            let mut encoder = self.domain.encoder();
            let read = self.read_persons(input, keys, is_measured.then_some(&mut kept), progress, &mut |batch| {
                encoder.push(batch)
            })?;
            let outside = encoder.outside().map(|(column, values)| (format!("{name}.{column}"), values));
            let outside = outside.filter(|(_, values)| *values > 0).collect();
            progress(Progress { step: Step::Fit, table: &name, rows: read });
            let model = Model::fit(&self.policy, &self.domain, encoder.finish(), &mut noise).map_err(refused)?;
            return Ok(Fit { twins: Twins::Table { table: name, model: Box::new(model) }, outside, kept });
        };
        let mut encoder = cohort.encoder();
        self.read_persons(input, keys, is_measured.then_some(&mut kept), progress, &mut |batch| {
            encoder.push_persons(batch)
        })?;
        let mut read = 0;
        for table in &self.events {
            // Who is kept apart is nobody here, and events of nobody are left out.
            let name = table.name();
            read += table.read(input, keys, progress, &mut |_, released| {
                encoder.push_events(&name, released).map_err(|problem| self.refused(problem))
            })?;
        }
        let outside = encoder.outside().filter(|(_, values)| *values > 0).collect();
        progress(Progress { step: Step::Fit, table: &name, rows: read });
        let model = CohortModel::fit(cohort, encoder.finish(), &mut noise).map_err(refused)?;
        Ok(Fit { twins: Twins::Cohort(Box::new(model)), outside, kept })
    }

    /// Reads the table of persons. Those who are kept apart are not given on.
    fn read_persons(
        &self,
        input: &Path,
        keys: &ProjectKeys,
        mut kept: Option<&mut Kept>,
        progress: &mut dyn FnMut(Progress<'_>),
        push: &mut dyn FnMut(&RecordBatch) -> Result<(), TwinError>,
    ) -> Result<u64, CurateError> {
        let failed = |error: arrow::error::ArrowError| output::internal(&self.persons.name(), error);
        self.persons.read(input, keys, progress, &mut |raw, released| {
            let Some(kept) = &mut kept else {
                return push(released).map_err(|problem| self.refused(problem));
            };
            let apart = self.held_out(raw, keys)?;
            let part = |wanted: &BooleanArray| filter_record_batch(released, wanted).map_err(failed);
            let fitted = part(&not(&apart).map_err(failed)?)?;
            push(&fitted).map_err(|problem| self.refused(problem))?;
            kept.add(fitted, part(&apart)?);
            Ok(())
        })
    }

    /// Which rows are of persons who are kept apart: a tenth of all, by a keyed hash.
    fn held_out(&self, raw: &RecordBatch, keys: &ProjectKeys) -> Result<BooleanArray, CurateError> {
        let failed = |error: arrow::error::ArrowError| output::internal(&self.persons.name(), error);
        let ids = canonical(rows::person_column(self.persons.table, raw)?).map_err(failed)?;
        let apart = |id: Option<&str>| {
            id.is_some_and(|id| keys.identifier("held out", id).first().is_some_and(|byte| *byte < HELD_OUT))
        };
        Ok(ids.iter().map(|id| Some(apart(id))).collect())
    }

    /// Holds the table of persons against real rows.
    pub(super) fn measure(&self, fit: &Fit, measure: Measure<'_>) -> Result<Quality, CurateError> {
        let text = fit.twins.to_text().map_err(|problem| self.refused(problem))?;
        let schemas: Vec<_> = self.tables().map(|it| (it.name(), it.schema.clone())).collect();
        let drawn = Generator::parse(&text, &schemas)?;
        let persons = Amount::Persons(fit.twins.estimated_persons().min(COMPARED_ROWS_MAX));
        let synthetic = drawn.generate(&self.persons.name(), persons, COMPARED_SEED)?;
        let material = Material {
            domain: &self.domain,
            real: &fit.kept.fitted,
            held_out: &fit.kept.held_out,
            synthetic: &synthetic.collect::<Result<Vec<_>, _>>()?,
            target: measure.target,
            seed: COMPARED_SEED,
        };
        quality::measure(&material).map_err(|problem| self.refused(problem))
    }

    /// What is promised to the persons behind each table. What was spent stands at the table of persons, once for all.
    pub(super) fn described(&self, twins: &Twins) -> Vec<ManifestTwin> {
        let of = |released: &Released<'_>, with: Option<String>, rho_units: u64| ManifestTwin {
            table: released.name(),
            mechanism: match self.policy.mechanism {
                Mechanism::Mst => "mst".to_owned(),
                Mechanism::Aim => "aim".to_owned(),
            },
            epsilon: self.policy.epsilon,
            delta: self.policy.delta,
            rho_units,
            with,
        };
        let persons = of(&self.persons, None, twins.spent().units());
        let events = self.events.iter().map(|table| of(table, Some(self.persons.name()), 0));
        [persons].into_iter().chain(events).collect()
    }
}

impl<'a> Released<'a> {
    fn new(table: &'a TablePlan) -> Result<Self, CurateError> {
        let plain = |column: ManifestColumn| ManifestColumn { deidentification: None, ..column };
        let columns: Vec<ManifestColumn> = table.released().into_iter().map(plain).collect();
        let schema = arrow_schema(&columns).map_err(|error| output::internal(&table.spec.name, error))?;
        Ok(Self { table, columns, schema })
    }

    fn name(&self) -> String {
        self.table.spec.name.clone()
    }

    /// The domain of each released column, but for some: as the twin's rule says, or as that of the column does.
    fn domains(&self, rule: &TwinRule, but: &[Option<&str>]) -> BTreeMap<String, ColumnPolicy> {
        let released = |name: &str| self.schema.index_of(name).is_ok() && !but.contains(&Some(name));
        let columns = self.table.columns.iter().filter(|column| released(&column.spec.name));
        let derived = columns.filter_map(|column| Some((column.spec.name.clone(), column.domain()?)));
        derived.chain(rule.columns.clone()).collect()
    }

    fn event_table(&self, rule: &TwinRule) -> EventTable {
        let (person, time) = (self.table.person(), self.table.spec.time.as_deref());
        EventTable {
            person: person.unwrap_or_default().to_owned(),
            time: time.unwrap_or_default().to_owned(),
            code: rule.code.clone(),
            value: rule.value.clone(),
            values: rule.values.clone(),
            columns: self.domains(rule, &[person, time, rule.value.as_deref()]),
        }
    }

    /// Reads the rows of everybody, each through its rules; how many there are.
    fn read(
        &self,
        input: &Path,
        keys: &ProjectKeys,
        progress: &mut dyn FnMut(Progress<'_>),
        each: &mut dyn FnMut(&RecordBatch, &RecordBatch) -> Result<(), CurateError>,
    ) -> Result<u64, CurateError> {
        let file = RawFile::open(self.table, input)?;
        let mut read = 0;
        // A model is fitted to everybody or not at all.
        let mut rejects = Rejects::strict();
        for batch in file.batches(self.table, &mut rejects)? {
            let batch = batch?;
            let released = rows::transform(self.table, &self.schema, batch.raw(), keys)?;
            read += u64::try_from(released.get().num_rows()).unwrap_or(u64::MAX);
            each(batch.raw(), released.get())?;
            progress(Progress { step: Step::Transform, table: &self.table.spec.name, rows: read });
        }
        Ok(read)
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

fn refused(table: &TablePlan, problem: TwinError) -> CurateError {
    CurateError::Twin { table: table.spec.name.clone(), problem }
}
