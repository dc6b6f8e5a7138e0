//! Mess on demand: what goes wrong in real records, laid over the clean tables of a program, with the clean truth
//! beside it. Off unless `generator.toml` has `[messiness]`.
//!
//! Values are missing, numbers stand under the wrong unit, rows are there twice, values are corrected by a later row,
//! and notes in Korean hold identifiers. All of it is drawn from a stream of its own for each person and table, so a
//! part that is made alone is the part of the whole. `messiness_truth` says for every fault where it is and what was
//! there: undoing it row by row gives the clean tables to the last bit.

mod fault;
mod identifier;
mod note;
mod plan;
mod row;
mod spec;
mod truth;

#[cfg(test)]
mod tests;

use crate::program::table::{self, Cell, Columns};
use crate::program::{Program, concept};
use crate::{Amount, Rows, SynthError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use fault::{Fault, Plan};
use note::{Value, Visit};
use row::Row;
use spec::Notes;
use std::collections::BTreeMap;

/// Persons of whom tables are made at a time.
const CHUNK: u64 = 128;
/// Persons who may have no rows of a table, beyond those that were asked for; a program has the same limit.
const ROWLESS: u64 = 100_000;

/// A program whose tables are messed up.
#[derive(Debug)]
pub(crate) struct Messy {
    clean: Box<dyn Program>,
    plans: Vec<Plan>,
    notes: Option<Notes>,
    /// The tables that are made here: notes and the truth, with the position of each column.
    own: Vec<Own>,
}

#[derive(Debug)]
struct Own {
    name: &'static str,
    schema: SchemaRef,
    positions: Vec<usize>,
}

/// The messiness that a text asks for.
pub(crate) struct Asked(spec::Spec);

/// What the text says of messiness; `None` when it says nothing.
pub(crate) fn asked(text: &str) -> Result<Option<Asked>, SynthError> {
    Ok(spec::parse(text)?.map(Asked))
}

/// Whether a table is made by the layer and not by the program.
pub(crate) fn makes(table: &str) -> bool {
    table == note::NAME || table == truth::NAME
}

impl Messy {
    /// Lays messiness over a program. The truth must be among the tables: nobody is given a mess without it.
    pub(crate) fn bind(
        Asked(spec): Asked,
        clean: Box<dyn Program>,
        schemas: &[(String, SchemaRef)],
    ) -> Result<Self, SynthError> {
        let own = |name: &'static str, columns: Columns| -> Result<Option<Own>, SynthError> {
            let Some((_, schema)) = schemas.iter().find(|(known, _)| known == name) else { return Ok(None) };
            Ok(Some(Own { name, schema: schema.clone(), positions: table::positions(name, schema, columns)? }))
        };
        let missing = |reason: &str| SynthError::Table { table: "messiness".to_owned(), reason: reason.to_owned() };
        let truth = own(truth::NAME, truth::COLUMNS)?
            .ok_or_else(|| missing("needs the table messiness_truth in the schema, which says what is wrong"))?;
        let noted = own(note::NAME, note::COLUMNS)?;
        let notes = spec.notes.as_ref().map(|notes| notes.value);
        if notes.is_some() != noted.is_some() {
            return Err(missing("needs the table note in the schema for notes, and notes for the table"));
        }
        let tables = clean.tables();
        if notes.is_some() && !VISIT_COLUMNS.iter().all(|wanted| has(&tables, "visit_occurrence", wanted)) {
            return Err(missing("needs the table visit_occurrence, since a note is about a visit"));
        }
        if let Some(notes) = &notes {
            let shares = [notes.share, notes.name, notes.resident_number, notes.phone, notes.email];
            if !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
                return Err(missing("needs shares of notes from zero to one"));
            }
        }
        let plans = plan::bind(spec, &tables)?;
        drop(tables);
        Ok(Self { clean, plans, notes, own: noted.into_iter().chain([truth]).collect() })
    }

    /// The clean rows of a table, by person.
    fn clean_rows(
        &self,
        plan: (&str, usize),
        persons: Amount,
        seed: u64,
    ) -> Result<BTreeMap<i64, Vec<Row>>, SynthError> {
        let (table, person) = plan;
        let mut by_person: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        let Some(batches) = self.clean.generate(table, persons, seed) else { return Ok(by_person) };
        for batch in batches {
            for row in row::rows(&batch?) {
                let Some(Cell::Integer(person)) = row.get(person).cloned() else { continue };
                by_person.entry(person).or_default().push(row);
            }
        }
        Ok(by_person)
    }

    /// What becomes of a table's rows of some persons, and the faults in them.
    fn messed(&self, plan: &Plan, persons: Amount, seed: u64) -> Result<(Vec<Row>, Vec<Fault>), SynthError> {
        let (mut rows, mut faults) = (Vec::new(), Vec::new());
        for (person, clean) in self.clean_rows((&plan.table, plan.person), persons, seed)? {
            let mut rng = stream(seed, person, &plan.table);
            let (mut of_person, mut wrong) = fault::disturb(plan, person, &clean, &mut rng);
            rows.append(&mut of_person);
            faults.append(&mut wrong);
        }
        Ok((rows, faults))
    }

    /// The notes of some persons, and the identifiers in them.
    fn noted(&self, notes: &Notes, persons: Amount, seed: u64) -> Result<(Vec<Row>, Vec<Fault>), SynthError> {
        let tables = self.clean.tables();
        let at = |table: &str, column: &str| {
            let (_, schema) = tables.iter().find(|(name, _)| *name == table)?;
            schema.index_of(column).ok()
        };
        let of = |row: &Row, column: Option<usize>| column.and_then(|column| row.get(column)).cloned();
        let (mut rows, mut faults) = (Vec::new(), Vec::new());
        let Some(person_at) = at("visit_occurrence", "person_id") else { return Ok((rows, faults)) };
        let [id, day, kind] =
            ["visit_occurrence_id", "visit_start_date", "visit_concept_id"].map(|name| at("visit_occurrence", name));
        let [visit_at, code, number, unit] =
            ["visit_occurrence_id", "measurement_source_value", "value_as_number", "unit_source_value"]
                .map(|name| at("measurement", name));
        let mut measured = match at("measurement", "person_id") {
            Some(person) => self.clean_rows(("measurement", person), persons, seed)?,
            None => BTreeMap::new(),
        };
        for (person, clean) in self.clean_rows(("visit_occurrence", person_at), persons, seed)? {
            let visit = |row: &Row| match (of(row, id)?, of(row, day)?) {
                (Cell::Integer(visit), Cell::Date(day)) => Some(Visit {
                    id: visit,
                    day,
                    is_inpatient: of(row, kind) == Some(Cell::Integer(concept::INPATIENT)),
                }),
                _ => None,
            };
            let value = |row: &Row| match (of(row, visit_at)?, of(row, code)?, of(row, number)?, of(row, unit)?) {
                (Cell::Integer(visit), Cell::Written(code), Cell::Number(value), Cell::Written(unit)) => {
                    Some(Value { visit, code, value, unit })
                }
                _ => None,
            };
            let visits: Vec<Visit> = clean.iter().filter_map(visit).collect();
            let values: Vec<Value> = measured.remove(&person).unwrap_or_default().iter().filter_map(value).collect();
            let mut rng = stream(seed, person, note::NAME);
            let (mut of_person, mut planted) = note::write(notes, person, &visits, &values, &mut rng);
            rows.append(&mut of_person);
            faults.append(&mut planted);
        }
        Ok((rows, faults))
    }

    /// Every fault of some persons: person by person, table by table.
    fn truth(&self, persons: Amount, seed: u64) -> Result<Vec<Row>, SynthError> {
        let mut faults: Vec<(&str, Fault)> = Vec::new();
        for plan in &self.plans {
            let (_, found) = self.messed(plan, persons, seed)?;
            faults.extend(found.into_iter().map(|fault| (plan.table.as_str(), fault)));
        }
        if let Some(notes) = &self.notes {
            let (_, found) = self.noted(notes, persons, seed)?;
            faults.extend(found.into_iter().map(|fault| (note::NAME, fault)));
        }
        faults.sort_by_key(|(_, fault)| fault.person);
        let (mut rows, mut position, mut of) = (Vec::with_capacity(faults.len()), 0, None);
        for (table, fault) in &faults {
            position = if of == Some(fault.person) { position + 1 } else { 0 };
            of = Some(fault.person);
            rows.push(truth::row(table, fault, position));
        }
        Ok(rows)
    }

    /// A batch of a table that is made or messed up here.
    fn batch(&self, table: &str, persons: Amount, seed: u64) -> Result<RecordBatch, SynthError> {
        if let Some(own) = self.own.iter().find(|own| own.name == table) {
            let rows = match &self.notes {
                Some(notes) if own.name == note::NAME => self.noted(notes, persons, seed)?.0,
                _ => self.truth(persons, seed)?,
            };
            return row::batch(table, &own.schema, &own.positions, &rows);
        }
        let unknown = || SynthError::Table { table: table.to_owned(), reason: "is not messed up".to_owned() };
        let plan = self.plans.iter().find(|plan| plan.table == table).ok_or_else(unknown)?;
        let tables = self.clean.tables();
        let (_, schema) = tables.into_iter().find(|(name, _)| *name == table).ok_or_else(unknown)?;
        let (rows, _) = self.messed(plan, persons, seed)?;
        let positions: Vec<usize> = (0..schema.fields().len()).collect();
        row::batch(table, schema, &positions, &rows)
    }
}

/// What a note takes of a visit.
const VISIT_COLUMNS: [&str; 3] = ["visit_occurrence_id", "person_id", "visit_start_date"];

fn has(tables: &[(&str, &SchemaRef)], table: &str, column: &str) -> bool {
    tables.iter().any(|(name, schema)| *name == table && schema.index_of(column).is_ok())
}

fn stream(seed: u64, person: i64, table: &str) -> rand_chacha::ChaCha8Rng {
    crate::rows::stream(seed, u64::try_from(person).unwrap_or(0), &format!("messiness {table}"))
}

impl Program for Messy {
    fn tables(&self) -> Vec<(&str, &SchemaRef)> {
        let own = self.own.iter().map(|own| (own.name, &own.schema));
        self.clean.tables().into_iter().chain(own).collect()
    }

    fn generate(&self, table: &str, amount: Amount, seed: u64) -> Option<Rows<'_>> {
        let own = self.own.iter().map(|own| own.name);
        let name = self.plans.iter().map(|plan| plan.table.as_str()).chain(own).find(|name| *name == table);
        let Some(name) = name else { return self.clean.generate(table, amount, seed) };
        let (next, persons, rows_left) = match amount {
            Amount::Persons(persons) => (0, persons, u64::MAX),
            Amount::Range { first, persons } => (first, persons, u64::MAX),
            Amount::Rows(rows) => (0, rows.saturating_add(ROWLESS), rows),
        };
        Some(Rows(Box::new(Chunks { messy: self, table: name, seed, next, persons, rows_left })))
    }

    fn bundles(
        &self,
        persons: std::ops::Range<u64>,
        seed: u64,
    ) -> Option<Box<dyn Iterator<Item = String> + Send + '_>> {
        self.clean.bundles(persons, seed)
    }
}

/// Batches of a messy table, some persons at a time.
struct Chunks<'a> {
    messy: &'a Messy,
    table: &'a str,
    seed: u64,
    next: u64,
    persons: u64,
    rows_left: u64,
}

impl Iterator for Chunks<'_> {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.persons == 0 || self.rows_left == 0 {
            return None;
        }
        let persons = self.persons.min(CHUNK);
        let part = Amount::Range { first: self.next, persons };
        self.next = self.next.saturating_add(persons);
        self.persons -= persons;
        let batch = match self.messy.batch(self.table, part, self.seed) {
            Ok(batch) => batch,
            Err(error) => {
                self.persons = 0;
                return Some(Err(error));
            }
        };
        let wanted = usize::try_from(self.rows_left).unwrap_or(usize::MAX).min(batch.num_rows());
        self.rows_left = self.rows_left.saturating_sub(u64::try_from(wanted).unwrap_or(u64::MAX));
        Some(Ok(batch.slice(0, wanted)))
    }
}
