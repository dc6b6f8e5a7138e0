//! What goes wrong with the rows of one person in one table: each fault with where it is and what was there.

use super::row::{Row, text};
use super::spec::{Conversion, Corrections, Duplicates};
use crate::draw::{unit, whole};
use crate::program::table::Cell;
use rand_chacha::ChaCha8Rng;

/// Rows that are added have the number of the row that they come from and so much more; a program's own numbers are
/// below, since nobody draws 10^12 persons.
pub(crate) const NEAR: i64 = 2_000_000_000_000_000;
pub(crate) const LATER: i64 = 4_000_000_000_000_000;

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) person: i64,
    /// The row as the messy table has it.
    pub(crate) key: i64,
    /// The column, unless the whole row should not be there.
    pub(crate) column: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) clean: Option<String>,
    pub(crate) dirty: Option<String>,
    /// First and last but one character of a text, from zero.
    pub(crate) span: Option<(i32, i32)>,
}

/// What may go wrong in a table, with names resolved to positions.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) key: usize,
    pub(crate) person: usize,
    pub(crate) missing: Vec<Rule>,
    pub(crate) units: Option<Mixing>,
    pub(crate) duplicates: Option<Duplicates>,
    pub(crate) corrections: Option<Correcting>,
}

/// A column that misses values.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) column: usize,
    pub(crate) share: f64,
    pub(crate) when: Option<(usize, Condition, f64)>,
}

#[derive(Debug)]
pub(crate) enum Condition {
    Equals(String),
    Above(f64),
}

/// Where value, unit and code stand.
#[derive(Debug)]
pub(crate) struct Mixing {
    pub(crate) value: usize,
    pub(crate) unit: usize,
    pub(crate) concept: Option<usize>,
    pub(crate) code: usize,
    pub(crate) share: f64,
    pub(crate) wrong_number: f64,
    pub(crate) conversions: Vec<Conversion>,
}

/// Where value and date stand.
#[derive(Debug)]
pub(crate) struct Correcting {
    pub(crate) value: usize,
    pub(crate) date: usize,
    pub(crate) figures: Corrections,
}

impl Condition {
    fn holds(&self, cell: &Cell<'_>) -> bool {
        match (self, cell) {
            (Self::Equals(wanted), cell) => text(cell).is_some_and(|text| text == *wanted),
            (Self::Above(limit), Cell::Number(number)) => number > limit,
            (Self::Above(limit), Cell::Integer(number)) => text(&Cell::Integer(*number))
                .and_then(|text| text.parse::<f64>().ok())
                .is_some_and(|number| number > *limit),
            (Self::Above(_), _) => false,
        }
    }
}

impl Rule {
    fn share(&self, clean: &Row) -> f64 {
        match &self.when {
            Some((column, condition, share)) if clean.get(*column).is_some_and(|cell| condition.holds(cell)) => *share,
            _ => self.share,
        }
    }
}

/// The rows of a person on their way to what they become.
struct Work<'p> {
    plan: &'p Plan,
    person: i64,
    faults: Vec<Fault>,
    /// Rows that come after all others.
    later: Vec<Row>,
}

/// What becomes of a person's rows, and every fault in them.
pub(crate) fn disturb(plan: &Plan, person: i64, clean: &[Row], rng: &mut ChaCha8Rng) -> (Vec<Row>, Vec<Fault>) {
    let mut work = Work { plan, person, faults: Vec::new(), later: Vec::new() };
    let mut rows = Vec::with_capacity(clean.len() + 2);
    for row in clean {
        let key = key(plan, row);
        let mut dirty = row.clone();
        work.change(key, row, &mut dirty, rng);
        let duplicates = plan.duplicates.unwrap_or(Duplicates { exact: 0.0, near: 0.0 });
        let (exact, near) = (unit(rng) < duplicates.exact, unit(rng) < duplicates.near);
        rows.push(dirty.clone());
        if exact {
            work.note(key, None, "duplicate_exact", None, None);
            rows.push(dirty.clone());
        }
        if near {
            work.note(key + NEAR, None, "duplicate_near", Some(key.to_string()), None);
            rows.push(with(dirty, plan.key, Cell::Integer(key + NEAR)));
        }
    }
    rows.append(&mut work.later);
    (rows, work.faults)
}

/// The number of a row.
pub(crate) fn key(plan: &Plan, row: &Row) -> i64 {
    if let Some(Cell::Integer(key)) = row.get(plan.key) { *key } else { 0 }
}

fn with(mut row: Row, column: usize, cell: Cell<'static>) -> Row {
    if let Some(place) = row.get_mut(column) {
        *place = cell;
    }
    row
}

impl Work<'_> {
    fn note(
        &mut self,
        key: i64,
        column: Option<usize>,
        kind: &'static str,
        clean: Option<String>,
        dirty: Option<String>,
    ) {
        let column = column.and_then(|column| self.plan.columns.get(column)).cloned();
        self.faults.push(Fault { person: self.person, key, column, kind, clean, dirty, span: None });
    }

    /// Whether something is wrong with a value already.
    fn is_touched(&self, key: i64, column: usize) -> bool {
        let name = self.plan.columns.get(column);
        self.faults.iter().rev().any(|fault| fault.key == key && fault.column.as_ref() == name)
    }

    /// Sets a cell and writes down what was there.
    fn set(&mut self, key: i64, dirty: &mut Row, column: usize, kind: &'static str, to: Cell<'static>) {
        let Some(place) = dirty.get_mut(column) else { return };
        let (clean, wrong) = (text(place), text(&to));
        *place = to;
        self.note(key, Some(column), kind, clean, wrong);
    }

    /// Changes values of a row: no column twice.
    fn change(&mut self, key: i64, clean: &Row, dirty: &mut Row, rng: &mut ChaCha8Rng) {
        let plan = self.plan;
        if let Some(correcting) = &plan.corrections {
            self.correct(correcting, key, clean, dirty, rng);
        }
        if let Some(mixing) = &plan.units {
            self.mix(mixing, key, clean, dirty, rng);
        }
        for rule in &plan.missing {
            let is_there = clean.get(rule.column).is_some_and(|cell| *cell != Cell::Null);
            if unit(rng) < rule.share(clean) && is_there && !self.is_touched(key, rule.column) {
                let kind = if rule.when.is_some() { "missing_dependent" } else { "missing" };
                self.set(key, dirty, rule.column, kind, Cell::Null);
            }
        }
    }

    /// A wrong value at first; the right one comes later, in a row of its own.
    fn correct(&mut self, figures: &Correcting, key: i64, clean: &Row, dirty: &mut Row, rng: &mut ChaCha8Rng) {
        let (happens, after) = (unit(rng) < figures.figures.share, unit(rng));
        let (Some(Cell::Number(value)), Some(Cell::Date(date))) = (clean.get(figures.value), clean.get(figures.date))
        else {
            return;
        };
        let Some(wrong) = mistyped(*value).filter(|_| happens) else { return };
        let (low, high) = figures.figures.days;
        let days = whole(f64::from(low) + after * f64::from(high - low + 1));
        let later = with(clean.clone(), self.plan.key, Cell::Integer(key + LATER));
        self.later.push(with(later, figures.date, Cell::Date(date.saturating_add(days))));
        self.set(key, dirty, figures.value, "corrected_later", Cell::Number(wrong));
        self.note(key + LATER, None, "correction", Some(key.to_string()), None);
    }

    /// The number of another unit, or another unit for the number.
    fn mix(&mut self, figures: &Mixing, key: i64, clean: &Row, dirty: &mut Row, rng: &mut ChaCha8Rng) {
        let (happens, is_number) = (unit(rng) < figures.share, unit(rng) < figures.wrong_number);
        let of = |column: usize| clean.get(column).and_then(text);
        let (Some(code), Some(from)) = (of(figures.code), of(figures.unit)) else { return };
        let fits = |known: &&Conversion| known.from == from && known.codes.contains(&code);
        let (Some(conversion), Some(Cell::Number(value))) =
            (figures.conversions.iter().find(fits), clean.get(figures.value))
        else {
            return;
        };
        if !happens || self.is_touched(key, figures.value) {
            return;
        }
        if is_number {
            let scale = libm::pow(10.0, conversion.decimals.into());
            let wrong = ((value * conversion.factor + conversion.offset) * scale).round() / scale;
            if wrong.to_bits() != value.to_bits() {
                self.set(key, dirty, figures.value, "unit_wrong_number", Cell::Number(wrong));
            }
        } else {
            self.set(key, dirty, figures.unit, "unit_wrong_label", Cell::Written(conversion.to.clone()));
            // The other unit has no concept here: zero says so, as a mapping would.
            if let Some(concept) = figures.concept.filter(|concept| clean.get(*concept) != Some(&Cell::Integer(0))) {
                self.set(key, dirty, concept, "unit_wrong_label", Cell::Integer(0));
            }
        }
    }
}

/// A number of which the first two digits are exchanged, or which is ten times as large where that changes nothing.
fn mistyped(value: f64) -> Option<f64> {
    let written = value.to_string();
    let mut letters: Vec<char> = written.chars().collect();
    let exchanged = match letters.get_mut(..2) {
        Some([first, second]) if first.is_ascii_digit() && second.is_ascii_digit() && first != second => {
            std::mem::swap(first, second);
            letters.into_iter().collect::<String>().parse().ok()
        }
        _ => Some(value * 10.0),
    };
    exchanged.filter(|wrong: &f64| wrong.is_finite() && wrong.to_bits() != value.to_bits())
}
