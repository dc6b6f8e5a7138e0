//! The steps of one build: measure the persons, then release table after table.

use super::columns::{PersonColumns, PersonMeasures};
use super::events::{Events, seeds};
use super::measured::{Choice, Measured, Quasi};
use super::rows::{self, Tally, deidentify};
use super::{Progress, Step, manifest_table};
use crate::canary::Canary;
use crate::definition::{ColumnPlan, Definition, EventRule, Hashed, Plan, Recipe, Role, TablePlan, hex_sha256};
use crate::error::{CurateError, InputError, Problem};
use crate::key::ProjectKeys;
use crate::output;
use crate::persons::Persons;
use crate::report::{
    BeforeAfter, Limits, PopulationRisk, Report, ReportColumn, ReportTable, Search, SizeBand, Withdrawals, bands,
};
use crate::risk::{Attackers, Classes, attackers, is_held_out};
use crate::source::{RawFile, Rejects};
use crate::stage::{Deidentified, Identified};
use crate::transform::{RowContext, Transform, canonical, pseudonym_integer};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use mudeung_core::name::Name;
use mudeung_engine::layout::arrow_schema;
use mudeung_engine::store::VersionWriter;
use mudeung_wire::manifest::{Bilingual, ManifestTable, RiskFigures};
use std::collections::{BTreeMap, HashSet};

/// What one build carries from step to step.
pub(super) struct Run<'a> {
    pub(super) definition: &'a Definition,
    pub(super) plan: &'a Plan,
    pub(super) recipe: &'a Hashed<Recipe>,
    pub(super) keys: &'a ProjectKeys,
    pub(super) files: Vec<RawFile>,
    pub(super) rejects: Rejects,
    pub(super) persons: Persons,
    pub(super) canary: Canary,
    pub(super) person_columns: PersonColumns,
    pub(super) progress: &'a mut dyn FnMut(Progress<'_>),
}

/// The risk of a release.
#[derive(Clone)]
pub(super) struct Risk {
    /// What the manifest says.
    pub(super) figures: RiskFigures,
    /// What the report says besides.
    population: Option<PopulationRisk>,
    attackers: BeforeAfter<Attackers>,
    classes: BeforeAfter<Vec<SizeBand>>,
}

impl<'a> Run<'a> {
    /// Reads the persons, chooses levels, measures the risk and marks those who are left out.
    pub(super) fn measure(&mut self) -> Result<(Risk, Measured<'a>, Choice), CurateError> {
        let mut before = Classes::default();
        let Some(person) = self.plan.person() else { return Err(output::internal("plan", "a table vanished")) };
        let mut measured = Measured::new(self.definition, &self.recipe.value.privacy, person, self.keys);
        for (position, table) in self.plan.tables.iter().enumerate() {
            if position == self.plan.person_table {
                self.measure_persons(position, table, &mut before, &mut measured)?;
            } else if !names(table, Role::Identifier).is_empty() {
                self.collect_identifiers(position, table)?;
            }
        }
        for id in self.persons.ids().chain(self.persons.withdrawn()) {
            self.canary.add(id);
        }
        let choice = measured.choose()?;
        let left_out = &choice.classified.left_out;
        let after = Classes::of(&choice.classified.class_of, choice.classified.sizes.clone());
        self.persons.suppress(&after.members(left_out));
        let name = |quasi: &Quasi<'_>| format!("{}.{}", person.spec.name, quasi.plan.spec.name);
        let quasi = measured.quasi.iter().map(name).collect();
        let figures = after.figures(quasi, self.recipe.value.privacy.k, &before, left_out);
        let population = self.recipe.value.population.as_ref().map(|population| PopulationRisk {
            size: population.size,
            before: before.uniqueness(population.size, &[]),
            after: after.uniqueness(population.size, left_out),
        });
        let (sizes, kept) = (before.sizes(&[]), after.sizes(left_out));
        let (k, size) =
            (self.recipe.value.privacy.k, self.recipe.value.population.as_ref().map(|population| population.size));
        let attackers = BeforeAfter { before: attackers(&sizes, k, size), after: attackers(&kept, k, size) };
        let classes = BeforeAfter { before: bands(&sizes), after: bands(&kept) };
        Ok((Risk { figures, population, attackers, classes }, measured, choice))
    }

    fn measure_persons(
        &mut self,
        position: usize,
        table: &TablePlan,
        before: &mut Classes,
        measured: &mut Measured<'_>,
    ) -> Result<(), CurateError> {
        let failed = |error: arrow::error::ArrowError| output::internal(&table.spec.name, error);
        let Some(file) = self.files.get(position) else { return Ok(()) };
        let mut pseudonyms = HashSet::new();
        for batch in file.batches(table, &mut self.rejects)? {
            let batch = batch?;
            // Whoever withdrew is known to the canary alone.
            remember(&mut self.canary, table, batch.raw())?;
            let ids = canonical(rows::person_column(table, batch.raw())?).map_err(failed)?;
            let present: BooleanArray =
                ids.iter().map(|id| Some(!id.is_some_and(|id| self.persons.withdrew(id)))).collect();
            let batch = Identified::new(filter_record_batch(batch.raw(), &present).map_err(failed)?);
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
            let context = RowContext { keys: self.keys, persons: &persons };
            let value = |column: &ColumnPlan| raw.column_by_name(&column.spec.name).cloned();
            before.add(&table.quasi().filter_map(value).collect::<Vec<_>>(), raw.num_rows()).map_err(failed)?;
            measured.add(value, &context)?;
            self.person_columns.add(value)?;
            let rows = u64::try_from(self.persons.len()).unwrap_or(u64::MAX);
            (self.progress)(Progress { step: Step::Measure, table: &table.spec.name, rows });
        }
        if self.persons.len() == 0 {
            return Err(InputError::Empty { file: file.name.clone() }.into());
        }
        Ok(())
    }

    fn withdrawals(&self) -> Option<Withdrawals> {
        let (listed, found) = self.persons.withdrawals();
        (listed > 0).then_some(Withdrawals { listed, found })
    }

    fn collect_identifiers(&mut self, position: usize, table: &TablePlan) -> Result<(), CurateError> {
        let Some(file) = self.files.get(position) else { return Ok(()) };
        for batch in file.batches(table, &mut self.rejects)? {
            remember(&mut self.canary, table, batch?.raw())?;
        }
        Ok(())
    }

    /// Reads what an adversary may know of events; nothing when the recipe declares none.
    pub(super) fn events(&mut self) -> Result<Option<Events<'a>>, CurateError> {
        let rules = &self.recipe.value.events;
        if rules.is_empty() { Ok(None) } else { self.read_events(rules).map(Some) }
    }

    /// Reads tables of events, of each the columns that its rule names.
    pub(super) fn read_events<'r>(&mut self, rules: &'r BTreeMap<String, EventRule>) -> Result<Events<'r>, CurateError>
    where
        'a: 'r,
    {
        let plan: &'r Plan = self.plan;
        let mut events = Events::new(self.keys, &self.persons, plan.weeks());
        for (table, file) in plan.tables.iter().zip(&self.files) {
            let Some(rule) = rules.get(&table.spec.name) else { continue };
            events.table(table, rule);
            let mut rows = 0;
            for batch in file.batches(table, &mut self.rejects)? {
                let batch = batch?;
                rows += u64::try_from(batch.raw().num_rows()).unwrap_or(u64::MAX);
                events.add(&batch, &self.persons)?;
                (self.progress)(Progress { step: Step::Measure, table: &table.spec.name, rows });
            }
        }
        Ok(events)
    }

    /// De-identifies, sorts, checks and writes one table.
    pub(super) fn release(
        &mut self,
        position: usize,
        version: &VersionWriter,
    ) -> Result<(ManifestTable, Tally), CurateError> {
        let (Some(table), Some(file)) = (self.plan.tables.get(position), self.files.get(position)) else {
            return Err(output::internal("plan", "a table vanished"));
        };
        let name = &table.spec.name;
        let columns = table.released();
        let schema = arrow_schema(&columns).map_err(|error| output::internal(name, error))?;
        let mut tally = Tally::default();
        let mut batches = Vec::new();
        for batch in file.batches(table, &mut self.rejects)? {
            batches.push(deidentify(table, &schema, &batch?, self.keys, &self.persons, &mut tally)?);
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
        let statistics = self.recipe.value.statistics(name);
        (self.progress)(Progress { step: Step::Write, table: name, rows });
        let files = output::write(
            version,
            &parsed,
            &schema,
            statistics,
            std::iter::once(Ok::<Deidentified<RecordBatch>, _>(sorted)),
        )?;
        let table = manifest_table(&table.spec, columns, files, tally.suppressed, table.person());
        Ok((table, tally))
    }

    /// Who is alone on few columns of the person table, what its columns lost, and the population's classes.
    fn person_columns(&mut self) -> Result<PersonMeasures, CurateError> {
        let Some(person) = self.plan.person() else { return Err(output::internal("plan", "a table vanished")) };
        let columns = std::mem::replace(&mut self.person_columns, PersonColumns::new(person));
        let file = self.recipe.value.population.as_ref().and_then(|population| population.table.as_deref());
        let table = file.and_then(|file| Some((file, self.definition.hierarchies.get(file)?.as_str())));
        let held_out: Vec<bool> = seeds(self.keys, &self.persons, "inference").into_iter().map(is_held_out).collect();
        let kept: Vec<bool> = self.persons.kept().collect();
        let at_most = self.recipe.value.privacy.max_inference;
        columns.measure(person, self.keys, &kept, (&held_out, at_most), table)
    }

    pub(super) fn report(
        &mut self,
        risk: Risk,
        mut refusals: Vec<Problem>,
        search: Option<Search>,
    ) -> Result<Report, CurateError> {
        let PersonMeasures { uniques, losses, classes, inference } = self.person_columns()?;
        refusals.extend(inference.iter().filter_map(|risk| risk.refusal(self.recipe.value.privacy.max_inference)));
        let inference = inference.into_iter().map(|found| found.risk).collect();
        let (k, size) = (self.recipe.value.privacy.k, self.recipe.value.population.as_ref().map(|p| p.size));
        let counted = classes.map(|classes| classes.map(|classes| attackers(&classes, k, size)));
        let attackers = counted.map_or(risk.attackers, |[before, after]| BeforeAfter { before, after });
        let release = &self.recipe.value.release;
        let inputs: String = self.files.iter().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect();
        Ok(Report {
            dataset: self.definition.dataset.name.clone(),
            version: 0,
            created_at: String::new(),
            recipe_sha256: self.recipe.sha256.clone(),
            input_sha256: hex_sha256(inputs.as_bytes()),
            release: release.name.clone(),
            purpose: release.purpose.clone(),
            recipient: release.recipient.clone(),
            expires: release.expires.map(|date| date.to_string()),
            preset: release.preset.as_str().to_owned(),
            passed: refusals.is_empty(),
            refusals,
            limits: limits(&self.recipe.value),
            withdrawals: self.withdrawals(),
            risk: risk.figures,
            attackers,
            classes: risk.classes,
            uniques,
            losses,
            population: risk.population,
            events: None,
            linkage: Vec::new(),
            changes: None,
            inference,
            search,
            tables: self.plan.tables.iter().zip(&self.files).map(|(table, file)| reported(table, file)).collect(),
        })
    }
}

fn limits(recipe: &Recipe) -> Limits {
    let privacy = &recipe.privacy;
    let diverse = privacy.l_diversity.iter().map(|model| Bilingual {
        ko: format!("{}의 l-다양성 l = {}", model.column, model.l),
        en: format!("l-diversity of {}, l = {}", model.column, model.l),
    });
    let close = privacy.t_closeness.iter().map(|model| Bilingual {
        ko: format!("{}의 t-근접성 t = {}", model.column, model.t),
        en: format!("t-closeness of {}, t = {}", model.column, model.t),
    });
    Limits {
        max_suppressed: privacy.max_suppressed,
        max_unique_share: privacy.max_unique_share,
        max_inference: privacy.max_inference,
        max_rejected: recipe.rejects.map_or(0.0, |rejects| rejects.at_most),
        models: diverse.chain(close).collect(),
    }
}

fn reported(table: &TablePlan, file: &RawFile) -> ReportTable {
    let column = |column: &ColumnPlan| ReportColumn {
        name: column.spec.name.clone(),
        released: column.transform != Transform::Drop,
        listed: column.listed,
        done: column.note(),
    };
    ReportTable {
        name: table.spec.name.clone(),
        file: file.name.clone(),
        sha256: file.sha256.clone(),
        read_as: file.reading(),
        rows_in: 0,
        rows_out: 0,
        suppressed_rows: 0,
        unknown_person_rows: 0,
        rejected_rows: 0,
        withdrawn_rows: 0,
        columns: table.columns.iter().map(column).collect(),
    }
}

impl ReportTable {
    pub(super) fn count(&mut self, tally: Tally, rows_out: u64, rejected: u64) {
        self.rows_in = tally.rows + rejected;
        self.rejected_rows = rejected;
        self.rows_out = rows_out;
        self.suppressed_rows = tally.suppressed;
        self.unknown_person_rows = tally.unknown;
        self.withdrawn_rows = tally.withdrawn;
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
