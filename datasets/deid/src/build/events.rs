//! The tables of events as an adversary may know them: raw values and moments as codes, and from them the facts before
//! de-identification, after it, and after coarser rules that a recipe might have.

use super::coded::{Coded, names};
use super::rows;
use crate::definition::{ColumnPlan, EventRule, TablePlan};
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::persons::Persons;
use crate::risk::{Fact, Facts};
use crate::stage::Identified;
use crate::transform::{DatePart, RowContext, Transform, apply, canonical, first_day, map_numbers};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Int32Type};
use arrow::error::ArrowError;
use std::collections::BTreeMap;

mod remedy;
mod risk;
mod sequences;

pub(super) use sequences::Compared;

/// The tables of events of a release.
pub(super) struct Events<'a> {
    keys: &'a ProjectKeys,
    tables: Vec<EventTable<'a>>,
    /// For each person what its drawing depends on.
    seeds: Vec<u64>,
    /// For each person the shift of its dates.
    shifts: Vec<i32>,
}

/// A table of events.
struct EventTable<'a> {
    plan: &'a TablePlan,
    rule: &'a EventRule,
    /// The person of each row.
    persons: Vec<u32>,
    time: Option<EventColumn<'a>>,
    code: Option<EventColumn<'a>>,
    values: Vec<EventColumn<'a>>,
}

/// A column of a table of events.
struct EventColumn<'a> {
    plan: &'a ColumnPlan,
    raw: Coded,
    /// What the adversary's memory of it is coarse to.
    width: Option<f64>,
}

/// What is done to the columns of events.
#[derive(Clone, Copy)]
enum Rules<'r> {
    /// Nothing: what was recorded is known.
    Raw,
    /// What the recipe says, but for columns that these name.
    Released(&'r BTreeMap<(String, String), Transform>),
}

/// When rows of a table were, as far as it is known.
enum Times {
    Unknown,
    /// The moment of each raw moment.
    Fixed(Vec<Option<i32>>),
    /// The raw days, which are known from the person's first one on.
    Shifted {
        days: Vec<Option<i32>>,
        part: Option<DatePart>,
    },
}

impl<'a> Events<'a> {
    pub(super) fn new(keys: &'a ProjectKeys, persons: &Persons, weeks: Option<u32>) -> Self {
        let shifts = weeks.map_or_else(|| vec![0; persons.len()], |weeks| shifts(keys, persons, weeks));
        Self { keys, tables: Vec::new(), seeds: seeds(keys, persons, "events"), shifts }
    }

    /// Begins a table.
    pub(super) fn table(&mut self, plan: &'a TablePlan, rule: &'a EventRule) {
        let column = |name: &String, width: Option<f64>| {
            let plan = plan.columns.iter().find(|column| &column.spec.name == name)?;
            Some(EventColumn { plan, raw: Coded::default(), width })
        };
        let width = |name: &String| rule.value_widths.get(name).copied();
        self.tables.push(EventTable {
            plan,
            rule,
            persons: Vec::new(),
            time: rule.time.as_ref().and_then(|name| column(name, None)),
            code: rule.code.as_ref().and_then(|name| column(name, None)),
            values: rule.values.iter().filter_map(|name| column(name, width(name))).collect(),
        });
    }

    /// Adds a batch to the table that was begun last. Rows of persons who are not in the person table are not known.
    pub(super) fn add(&mut self, batch: &Identified<RecordBatch>, persons: &Persons) -> Result<(), CurateError> {
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let failed = |error: ArrowError| internal(&table.plan.spec.name, error);
        let ids = canonical(rows::person_column(table.plan, batch.raw())?).map_err(failed)?;
        let places: Vec<Option<u32>> = ids.iter().map(|id| u32::try_from(persons.position(id?)?).ok()).collect();
        let known: BooleanArray = places.iter().map(|place| Some(place.is_some())).collect();
        let raw = filter_record_batch(batch.raw(), &known).map_err(failed)?;
        table.persons.extend(places.into_iter().flatten());
        for column in table.time.iter_mut().chain(&mut table.code).chain(&mut table.values) {
            let Some(values) = raw.column_by_name(&column.plan.spec.name) else { continue };
            column.raw.add(values).map_err(failed)?;
        }
        Ok(())
    }

    /// What can be known of those who are marked.
    fn facts(&self, kept: &[bool], rules: Rules<'_>) -> Result<Facts<'_>, CurateError> {
        let times: Vec<Times> = self.tables.iter().map(|t| self.times(t, rules)).collect::<Result<_, _>>()?;
        let firsts = self.firsts(times.iter().map(Some), &self.shifts);
        let (mut facts, mut first_column) = (Vec::new(), 0);
        for (table, times) in self.tables.iter().zip(&times) {
            let values = table.values.iter().map(|column| self.values(table, column, rules));
            let values: Vec<Vec<Option<u32>>> = values.collect::<Result<_, _>>()?;
            let codes = table.code.as_ref().map(|column| self.values(table, column, rules)).transpose()?;
            for (row, person) in table.persons.iter().enumerate() {
                let place = usize::try_from(*person).unwrap_or(usize::MAX);
                if !kept.get(place).copied().unwrap_or(false) {
                    continue;
                }
                let time = self.time(table, times, &firsts, row, place);
                let code = table.code.as_ref().zip(codes.as_ref()).and_then(|(column, codes)| column.at(codes, row));
                let mut told = false;
                for ((column, values), number) in table.values.iter().zip(&values).zip(first_column + 1..) {
                    if let Some(value) = column.at(values, row) {
                        told = true;
                        // What has no code is not what has the first one.
                        let code = code.map_or(0, |code| code + 1);
                        facts.push((Fact { column: number, code, value, time }, *person));
                    }
                }
                if let (false, Some(code)) = (told, code) {
                    facts.push((Fact { column: first_column, code, value: 0, time }, *person));
                }
            }
            first_column += u32::try_from(table.values.len()).unwrap_or(u32::MAX).saturating_add(1);
        }
        Ok(Facts::new(&self.seeds, facts))
    }

    /// The number of each raw value: alike are those that are released alike. `None` is what is not known.
    fn values(
        &self,
        table: &EventTable<'_>,
        column: &EventColumn<'_>,
        rules: Rules<'_>,
    ) -> Result<Vec<Option<u32>>, CurateError> {
        let failed = |error: ArrowError| internal(&table.plan.spec.name, error);
        let raw = column.raw.values().map_err(failed)?;
        let transform = rules.of(table, column);
        if transform == Transform::Drop {
            return Ok(vec![None; raw.len()]);
        }
        // Shifted dates that are values are known as they were: no less is known of them than this.
        let transform = if column.plan.is_shifted() { Transform::Keep } else { transform };
        let mut known = self.apply(&transform, column, &raw).map_err(failed)?;
        if let (Some(width), true) = (column.width, known.data_type().is_numeric()) {
            known = map_numbers(&known, |value| (value / width).floor() * width).map_err(failed)?;
        }
        ranks(&known).map_err(failed)
    }

    fn times(&self, table: &EventTable<'_>, rules: Rules<'_>) -> Result<Times, CurateError> {
        let failed = |error: ArrowError| internal(&table.plan.spec.name, error);
        let Some(column) = &table.time else { return Ok(Times::Unknown) };
        let raw = column.raw.values().map_err(failed)?;
        Ok(match rules.of(table, column) {
            Transform::Drop | Transform::Suppress => Times::Unknown,
            Transform::DateShift { part, .. } => Times::Shifted { days: days(&raw).map_err(failed)?, part },
            transform => Times::Fixed(days(&self.apply(&transform, column, &raw).map_err(failed)?).map_err(failed)?),
        })
    }

    fn apply(&self, transform: &Transform, column: &EventColumn<'_>, raw: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let released = transform.released(column.plan.kind).unwrap_or(column.plan.released);
        apply(transform, released, raw, &RowContext { keys: self.keys, persons: &[] })
    }

    /// The first shifted day of each person.
    fn firsts<'t>(&self, times: impl Iterator<Item = Option<&'t Times>>, shifts: &[i32]) -> Vec<Option<i32>> {
        let mut firsts: Vec<Option<i32>> = vec![None; shifts.len()];
        for (table, times) in self.tables.iter().zip(times) {
            let (Some(Times::Shifted { days, part }), Some(column)) = (times, &table.time) else { continue };
            for (row, person) in table.persons.iter().enumerate() {
                let place = usize::try_from(*person).unwrap_or(usize::MAX);
                let day = shifted(column.at(days, row), *part, shifts.get(place));
                if let (Some(first), Some(day)) = (firsts.get_mut(place), day) {
                    *first = Some(first.map_or(day, |first| first.min(day)));
                }
            }
        }
        firsts
    }

    fn time(
        &self,
        table: &EventTable<'_>,
        times: &Times,
        firsts: &[Option<i32>],
        row: usize,
        person: usize,
    ) -> Option<i32> {
        let column = table.time.as_ref()?;
        let day = match times {
            Times::Unknown => None,
            Times::Fixed(days) => column.at(days, row),
            Times::Shifted { days, part } => {
                let day = shifted(column.at(days, row), *part, self.shifts.get(person))?;
                day.checked_sub(firsts.get(person).copied().flatten()?)
            }
        }?;
        let width = table.rule.time_width.and_then(|width| i32::try_from(width).ok());
        Some(width.map_or(day, |width| day.div_euclid(width.max(1))))
    }
}

impl Rules<'_> {
    fn of(self, table: &EventTable<'_>, column: &EventColumn<'_>) -> Transform {
        match self {
            Self::Raw => Transform::Keep,
            Self::Released(other) => {
                let name = (table.plan.spec.name.clone(), column.plan.spec.name.clone());
                other.get(&name).unwrap_or(&column.plan.transform).clone()
            }
        }
    }
}

impl EventColumn<'_> {
    /// What is told of each raw value, for a row.
    fn at<T: Copy>(&self, told: &[Option<T>], row: usize) -> Option<T> {
        let code = usize::try_from(*self.raw.codes.get(row)?).ok()?;
        told.get(code).copied().flatten()
    }
}

/// A day of a person, shifted, and the first one of its part.
fn shifted(day: Option<i32>, part: Option<DatePart>, shift: Option<&i32>) -> Option<i32> {
    let day = day?.checked_add(*shift?)?;
    part.map_or(Some(day), |part| first_day(day, part))
}

/// For each person a number that a drawing depends on, known to the hospital alone.
pub(super) fn seeds(keys: &ProjectKeys, persons: &Persons, domain: &str) -> Vec<u64> {
    let mut seeds = vec![0; persons.len()];
    for (id, place) in persons.places() {
        let [a, b, c, d, e, f, g, h, ..] = keys.identifier(domain, id);
        if let Some(seed) = seeds.get_mut(place) {
            *seed = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        }
    }
    seeds
}

/// For each person the shift of a release.
pub(super) fn shifts(keys: &ProjectKeys, persons: &Persons, weeks: u32) -> Vec<i32> {
    let mut shifts = vec![0; persons.len()];
    for (id, place) in persons.places() {
        if let Some(shift) = shifts.get_mut(place) {
            *shift = keys.shift_days(id, weeks);
        }
    }
    shifts
}

/// The places of values in the order of their texts, so that the order in which they came does not show.
fn ranks(column: &ArrayRef) -> Result<Vec<Option<u32>>, ArrowError> {
    let names = names(column)?;
    let mut order: Vec<&String> = names.iter().flatten().collect();
    order.sort_unstable();
    order.dedup();
    let rank = |name: &String| order.binary_search(&name).ok().and_then(|rank| u32::try_from(rank).ok());
    Ok(names.iter().map(|name| rank(name.as_ref()?)).collect())
}

/// Moments as whole days; what is no moment and no number, by its place in the order of texts.
pub(super) fn days(column: &ArrayRef) -> Result<Vec<Option<i32>>, ArrowError> {
    let whole = match column.data_type() {
        DataType::Date32 => column.clone(),
        DataType::Timestamp(_, _) => cast(column, &DataType::Date32)?,
        kind if kind.is_numeric() => {
            let floats = cast(column, &DataType::Float64)?;
            cast(&map_numbers(&floats, f64::floor)?, &DataType::Int32)?
        }
        _ => {
            let ranks = ranks(column)?;
            return Ok(ranks.into_iter().map(|rank| i32::try_from(rank?).ok()).collect());
        }
    };
    if let Some(dates) = whole.as_primitive_opt::<Date32Type>() {
        return Ok(dates.iter().collect());
    }
    Ok(whole.as_primitive_opt::<Int32Type>().map(|days| days.iter().collect()).unwrap_or_default())
}
