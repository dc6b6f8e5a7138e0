//! Two tables as histories: for each person a row and some events in time order.

use super::domain::{EventsDomain, field_of};
use crate::twin::TwinError;
use crate::twin::domain::{Codes, Encoder, cast_to, column_of, countable, refuse};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Float64Type};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Persons, at most.
const PERSONS_MAX: usize = 1 << 24;
/// Events of all persons, at most: three gigabytes.
const EVENTS_MAX: usize = 1 << 27;
/// Different codes, at most.
const TEXTS_MAX: usize = 1 << 20;

/// Histories of persons. They are as confidential as the tables.
#[derive(Clone)]
pub struct Histories {
    pub(super) persons: Codes,
    pub(super) histories: Vec<Vec<RawEvent>>,
    pub(super) texts: Vec<String>,
    /// By what the events of each person are chosen if they are too many.
    lots: Vec<u64>,
}

/// An event as it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RawEvent {
    pub(super) time: f64,
    /// The place of its code among all texts.
    pub(super) text: u32,
    pub(super) value: Option<f64>,
}

/// Turns two tables into histories. All persons must be pushed before the first event.
pub struct HistoryEncoder<'d> {
    domain: &'d EventsDomain,
    persons: Encoder<'d>,
    histories: Histories,
    places: BTreeMap<String, usize>,
    codes: BTreeMap<String, u32>,
    events: usize,
    left_out: LeftOut,
}

/// What did not count, known to the hospital alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Rows of persons that had one before.
    pub persons: u64,
    /// Events of nobody in the table of persons.
    pub events: u64,
}

/// Only their number: what is confidential is not written into a log.
impl std::fmt::Debug for Histories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Histories({} persons)", self.histories.len())
    }
}

impl EventsDomain {
    /// Begins to read two tables.
    pub fn encoder(&self) -> HistoryEncoder<'_> {
        let (persons, lots) = (Codes::default(), Vec::new());
        HistoryEncoder {
            domain: self,
            persons: self.persons.encoder(),
            histories: Histories { persons, histories: Vec::new(), texts: Vec::new(), lots },
            places: BTreeMap::new(),
            codes: BTreeMap::new(),
            events: 0,
            left_out: LeftOut::default(),
        }
    }
}

impl HistoryEncoder<'_> {
    /// Reads rows of the table of persons.
    pub fn push_persons(&mut self, batch: &RecordBatch) -> Result<(), TwinError> {
        let ids = self.texts(batch, field_of(self.domain.persons.schema(), &self.domain.policy.person.id)?)?;
        let mut keep = Vec::with_capacity(batch.num_rows());
        for id in ids.as_string::<i32>() {
            let id = id.ok_or_else(|| refuse(&self.domain.policy.person.id, "is null"))?;
            let is_new = !self.places.contains_key(id);
            if is_new {
                self.places.insert(id.to_owned(), self.histories.histories.len());
                self.histories.histories.push(Vec::new());
                self.histories.lots.push(lot(id));
            }
            self.left_out.persons += u64::from(!is_new);
            keep.push(is_new);
        }
        if self.places.len() > PERSONS_MAX {
            return Err(TwinError::Rows { reason: format!("there are more than {PERSONS_MAX} persons") });
        }
        let kept = filter_record_batch(batch, &BooleanArray::from(keep));
        self.persons.push(&kept.map_err(|error| TwinError::Rows { reason: error.to_string() })?)
    }

    /// Reads rows of the table of events.
    pub fn push_events(&mut self, batch: &RecordBatch) -> Result<(), TwinError> {
        let (schema, policy) = (&self.domain.schema, &self.domain.policy.events);
        let ids = self.texts(batch, field_of(schema, &policy.person)?)?;
        let codes = self.texts(batch, field_of(schema, &policy.code.column)?)?;
        let times = self.numbers(batch, &policy.time.column)?;
        let values = policy.value.as_ref().map(|value| self.numbers(batch, &value.column)).transpose()?;
        let (ids, codes) = (ids.as_string::<i32>(), codes.as_string::<i32>());
        let times = times.as_primitive::<Float64Type>();
        let values = values.as_ref().map(|values| values.as_primitive::<Float64Type>());
        for (row, ((id, code), time)) in ids.iter().zip(codes).zip(times).enumerate() {
            let (Some(id), Some(code), Some(time)) = (id, code, time) else {
                return Err(TwinError::Rows { reason: "an event has no person, no code or no time".to_owned() });
            };
            let person = self.places.get(id).and_then(|place| self.histories.histories.get_mut(*place));
            let Some(person) = person else {
                self.left_out.events += 1;
                continue;
            };
            let text = match self.codes.get(code) {
                Some(text) => *text,
                None => {
                    let text = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
                    self.codes.insert(code.to_owned(), text);
                    self.histories.texts.push(code.to_owned());
                    text
                }
            };
            let value = values.filter(|values| !values.is_null(row)).map(|values| values.value(row));
            person.push(RawEvent { time, text, value: value.filter(|value| value.is_finite()) });
            self.events += 1;
        }
        if self.events > EVENTS_MAX || self.codes.len() > TEXTS_MAX {
            return Err(TwinError::Rows {
                reason: format!("there are more than {EVENTS_MAX} events or {TEXTS_MAX} codes"),
            });
        }
        Ok(())
    }

    /// For each column of the table of persons the number of values that its domain does not have. Known to the hospital
    /// alone: it is counted without noise.
    pub fn outside(&self) -> impl Iterator<Item = (&str, u64)> {
        self.persons.outside()
    }

    /// What did not count so far.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The histories of all that was pushed.
    pub fn finish(self) -> Histories {
        Histories { persons: self.persons.finish(), ..self.histories }
    }

    fn texts(&self, batch: &RecordBatch, field: &Field) -> Result<ArrayRef, TwinError> {
        cast_to(field, column_of(batch, field)?, &DataType::Utf8)
    }

    fn numbers(&self, batch: &RecordBatch, column: &str) -> Result<ArrayRef, TwinError> {
        let field = field_of(&self.domain.schema, column)?;
        cast_to(field, &countable(field, column_of(batch, field)?)?, &DataType::Float64)
    }
}

impl Histories {
    /// How many persons there are.
    pub fn persons(&self) -> usize {
        self.histories.len()
    }

    /// Puts each history in order and leaves of one that is too long a piece. What is left of one person depends on
    /// that person and the seed alone, whoever else there is.
    pub(super) fn bound(&mut self, most: u32, seed: [u8; 32]) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let texts = &self.texts;
        let text = |event: &RawEvent| usize::try_from(event.text).ok().and_then(|place| texts.get(place));
        for (events, lot) in self.histories.iter_mut().zip(&self.lots) {
            events.sort_by(|one, other| {
                let values = (one.value.unwrap_or(f64::MIN), other.value.unwrap_or(f64::MIN));
                one.time
                    .total_cmp(&other.time)
                    .then_with(|| text(one).cmp(&text(other)))
                    .then_with(|| values.0.total_cmp(&values.1))
            });
            let starts = events.len().saturating_sub(most);
            if starts > 0 {
                let mut key = seed;
                for (to, from) in key.iter_mut().zip(lot.to_le_bytes()) {
                    *to ^= from;
                }
                let starts = u64::try_from(starts).unwrap_or(0) + 1;
                let drawn = u128::from(ChaCha8Rng::from_seed(key).next_u64()) * u128::from(starts);
                let start = usize::try_from(drawn >> 64).unwrap_or(0);
                events.drain(..start.min(events.len()));
                events.truncate(most);
            }
        }
    }
}

/// A number for an identifier (FNV-1a): with the seed of the fit it decides which events count.
fn lot(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
