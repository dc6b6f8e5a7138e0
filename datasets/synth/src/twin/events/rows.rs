//! Persons and their events, drawn from a model.

use super::domain::bands;
use super::model::EventsModel;
use crate::twin::TwinError;
use crate::twin::domain::{Bins, micros, refuse};
use crate::twin::real::{natural, signed, whole};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

/// Events of a batch, at most.
const BATCH_EVENTS: u64 = 1 << 20;
/// Persons of a batch, at most. Each batch has the counts of the model in itself, and a generator of its own.
const BATCH_PERSONS: u64 = 8_192;

/// Some persons with all of their events.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnEvents {
    /// Rows of the table of persons.
    pub persons: RecordBatch,
    /// Rows of the table of events: person by person in the same order, and of each in the order of time.
    pub events: RecordBatch,
}

/// Persons of a twin with their events; an iterator of batches.
#[derive(Debug)]
pub struct EventsRows<'m> {
    model: &'m EventsModel,
    /// Persons before the first that is wanted, and those up to the last one.
    skipped: u64,
    left: u64,
    seed: u64,
    batch: u64,
    batch_persons: u64,
    bands: Bins,
    shares: Vec<f64>,
}

/// Events as columns.
#[derive(Debug, Default)]
struct Columns {
    owners: Vec<u32>,
    times: Vec<f64>,
    codes: Vec<usize>,
    values: Vec<Option<f64>>,
}

impl<'m> EventsRows<'m> {
    pub(super) fn new(model: &'m EventsModel, persons: Range<u64>, seed: u64) -> Self {
        let most = model.domain.policy.events.most;
        // Bands of whole numbers that increase; the policy's limits were checked when it was bound.
        let bands = Bins::new(bands(most), Some(1.0)).unwrap_or_else(|_| model.layout.gaps.clone());
        let known = model.domain.persons.sizes().len();
        let share = |flag: usize| {
            let counts = model.persons.single(known + 2 + flag).map_or(&[][..], |measured| measured.counts.as_slice());
            let [without, with] = [0, 1].map(|code| counts.get(code).map_or(0.0, |count| signed(*count).max(1.0)));
            (with / (with + without).max(1.0)).clamp(0.01, 1.0)
        };
        let shares = (0..model.layout.flags).map(share).collect();
        let batch_persons = (BATCH_EVENTS / u64::from(most)).clamp(64, BATCH_PERSONS);
        let Range { start: skipped, end: left } = persons;
        Self { model, skipped, left, seed, batch: 0, batch_persons, bands, shares }
    }

    /// Persons of the batch without some at its head. It is drawn whole, so that a person is the same however many are
    /// asked for.
    fn draw(&self, skipped: usize, persons: usize) -> Result<DrawnEvents, TwinError> {
        let mut rng = stream(self.seed, self.batch, *b"its past");
        let whole = usize::try_from(self.batch_persons).unwrap_or(0);
        let codes = self.model.persons.codes(whole, &mut rng);
        let rows = self.model.persons.domain().decode(&codes, whole, &mut rng)?;
        let known: Vec<usize> = (0..self.model.domain.persons.schema().fields().len()).collect();
        let rows = rows.project(&known).map_err(|error| TwinError::Rows { reason: error.to_string() })?;
        let rows = rows.slice(0, persons.min(whole));
        let (mut columns, mut starts) = (Columns::default(), 0);
        for person in 0..persons {
            if person == skipped {
                starts = columns.owners.len();
            }
            self.history(&codes, person, &mut columns, &mut rng);
        }
        let events = self.events(&rows, columns, &mut stream(self.seed, self.batch, *b"its rest"))?;
        let (rest, events_rest) = (persons.saturating_sub(skipped), events.num_rows().saturating_sub(starts));
        Ok(DrawnEvents { persons: rows.slice(skipped.min(persons), rest), events: events.slice(starts, events_rest) })
    }

    /// Draws the events of a person: first which and how many there shall be, as the model of persons has them, then
    /// one after the other.
    fn history(&self, codes: &[Vec<u16>], person: usize, columns: &mut Columns, rng: &mut ChaCha8Rng) {
        let (model, layout) = (self.model, &self.model.layout);
        let known = model.domain.persons.sizes().len();
        let code = |column: usize| codes.get(column).and_then(|codes| codes.get(person)).copied().unwrap_or(0);
        let class = model.domain.class(codes, person);
        let flags: Vec<bool> = (0..layout.flags).map(|flag| code(known + 2 + flag) == 1).collect();
        let mut missing = flags.iter().filter(|flag| **flag).count();
        let most = usize::try_from(model.domain.policy.events.most).unwrap_or(usize::MAX);
        let drawn = natural(self.bands.draw(usize::from(code(known)), rng));
        let count = usize::try_from(drawn).unwrap_or(0).max(missing).min(most);
        let mut time = self.first(usize::from(code(known + 1)), count, rng);
        let mut had = vec![false; layout.codes.len()];
        let mut last: Vec<Option<usize>> = vec![None; layout.codes.len()];
        let mut before = layout.codes.len();
        for place in 0..count {
            let must = missing >= count - place;
            let row = model.chain.next.get(class * (layout.codes.len() + 1) + before);
            let weight = |(code, chance): (usize, &f64)| match (flags.get(code), had.get(code)) {
                (Some(false), _) => 0.0,
                // What everybody has is as likely as it is; what few have is likelier for them, until they have it.
                (Some(true), Some(false)) => chance / self.shares.get(code).copied().unwrap_or(1.0),
                _ if must => 0.0,
                _ => *chance,
            };
            let weights: Vec<f64> = row.into_iter().flatten().enumerate().map(weight).collect();
            let Some(next) = pick(&weights, rng) else { break };
            if before < layout.codes.len() {
                let gaps = model.chain.gaps.get(layout.gap_row(count, before, next));
                let gap = gaps.and_then(|gaps| pick(gaps, rng)).map_or(0.0, |gap| layout.gaps.draw(gap, rng));
                time = layout.time.within(time + gap);
            }
            if let Some(had) = had.get_mut(next) {
                missing -= usize::from(!*had && flags.get(next).is_some_and(|flag| *flag));
                *had = true;
            }
            let value = self.value(class, next, &mut last, rng);
            columns.owners.push(u32::try_from(person).unwrap_or(u32::MAX));
            columns.times.push(time);
            columns.codes.push(next);
            columns.values.push(value);
            before = next;
        }
    }

    /// When the first event is, also where the model of persons says that there is none and is wrong.
    fn first(&self, bin: usize, count: usize, rng: &mut ChaCha8Rng) -> f64 {
        let time = &self.model.layout.time;
        if bin < time.count() || count == 0 {
            return time.draw(bin.min(time.count().saturating_sub(1)), rng);
        }
        let known = self.model.domain.persons.sizes().len();
        let measured = self.model.persons.single(known + 1);
        let counts = measured.into_iter().flat_map(|measured| &measured.counts).take(time.count());
        let weights: Vec<f64> = counts.map(|count| signed(*count).max(0.0)).collect();
        time.draw(pick(&weights, rng).unwrap_or(0), rng)
    }

    fn value(&self, class: usize, code: usize, last: &mut [Option<usize>], rng: &mut ChaCha8Rng) -> Option<f64> {
        let layout = &self.model.layout;
        let bins = layout.values.get(code)?.as_ref()?;
        let chain = &self.model.chain;
        let last = last.get_mut(code)?;
        let row = match last {
            Some(before) => chain.changes.get(layout.value_offset(code) + *before),
            None => chain.values.get(class * layout.codes.len() + code),
        };
        let value = pick(row?, rng)?;
        *last = Some(value);
        (value < bins.count()).then(|| bins.draw(value, rng))
    }

    fn events(&self, persons: &RecordBatch, columns: Columns, rng: &mut ChaCha8Rng) -> Result<RecordBatch, TwinError> {
        let domain = &self.model.domain;
        let policy = &domain.policy.events;
        let rows = columns.owners.len();
        let text = |code: &usize| self.model.layout.codes.get(*code).map(String::as_str);
        let codes: ArrayRef = Arc::new(columns.codes.iter().map(text).collect::<StringArray>());
        let values: ArrayRef = Arc::new(Float64Array::from(columns.values));
        let owners = UInt32Array::from(columns.owners);
        let ids = persons.column_by_name(&domain.policy.person.id);
        let mut arrays = Vec::with_capacity(domain.schema.fields().len());
        for field in domain.schema.fields() {
            let (name, wanted) = (field.name(), field.data_type());
            let array = if *name == policy.person {
                ids.map_or(Err(ArrowError::SchemaError("no identifier".to_owned())), |ids| take(ids, &owners, None))
            } else if *name == policy.time.column {
                moments(&columns.times, wanted)
            } else if *name == policy.code.column {
                cast(&codes, wanted)
            } else if policy.value.as_ref().is_some_and(|value| value.column == *name) {
                cast(&values, wanted)
            } else {
                let other = domain.others.get(name);
                other.map_or_else(
                    || Err(ArrowError::SchemaError("has no role".to_owned())),
                    |other| other.decode(field, &[], rows, rng),
                )
            };
            arrays.push(array.map_err(|error| refuse(name, &error.to_string()))?);
        }
        RecordBatch::try_new(domain.schema.clone(), arrays)
            .map_err(|error| TwinError::Rows { reason: error.to_string() })
    }
}

impl Iterator for EventsRows<'_> {
    type Item = Result<DrawnEvents, TwinError>;

    fn next(&mut self) -> Option<Self::Item> {
        let whole = self.skipped.min(self.left) / self.batch_persons;
        self.batch += whole;
        self.left -= whole * self.batch_persons;
        self.skipped -= whole * self.batch_persons;
        let persons = self.left.min(self.batch_persons);
        let skipped = std::mem::take(&mut self.skipped).min(persons);
        let [skipped, wanted] = [skipped, persons].map(|persons| usize::try_from(persons).unwrap_or(0));
        let drawn = (wanted > skipped).then(|| self.draw(skipped, wanted))?;
        self.left -= persons;
        self.batch += 1;
        Some(drawn)
    }
}

/// Chance of its own for a part of a batch.
pub(crate) fn stream(seed: u64, batch: u64, part: [u8; 8]) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    let parts = [seed, batch, u64::from_le_bytes(part)].into_iter().flat_map(u64::to_le_bytes);
    for (to, from) in key.iter_mut().zip(parts) {
        *to = from;
    }
    ChaCha8Rng::from_seed(key)
}

/// Times as the type of their column: moments are counted in microseconds, dates in days.
fn moments(times: &[f64], wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let counted: ArrayRef = Arc::new(times.iter().map(|time| Some(whole(*time + 0.5))).collect::<Int64Array>());
    match micros(wanted) {
        Some(micros) => cast(&cast(&counted, &micros)?, wanted),
        None if *wanted == DataType::Date32 => cast(&cast(&counted, &DataType::Int32)?, wanted),
        None => cast(&counted, wanted),
    }
}

/// A place by its weight; none where all weights are zero.
fn pick(weights: &[f64], rng: &mut impl RngCore) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    let mut left = f64::from(rng.next_u32()) / 4_294_967_296.0 * sum;
    let mut last = None;
    for (place, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = Some(place);
        if left < *weight {
            break;
        }
        left -= weight;
    }
    last
}
