//! What would make a release pass that events refuse: coarser moments and values, tried from the least coarse on.

use super::{EventColumn, Events, Rules};
use crate::error::CurateError;
use crate::output::internal;
use crate::report::EventRisk;
use crate::transform::{Bounds, Classes, DatePart, Form, Intervals, Transform, coarser, map_numbers};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use mudeung_core::dataset::ColumnType;
use std::collections::BTreeMap;

/// A week, a month, a quarter and a year, in days.
const SPANS: [f64; 4] = [7.0, 30.0, 91.0, 365.0];
/// How many classes the middle nine tenths of a column's values are put into.
const CLASSES: [f64; 3] = [20.0, 10.0, 5.0];

/// The columns of a candidate and what it does to them.
type Candidate = BTreeMap<(String, String), Transform>;

impl Events<'_> {
    /// The first candidate that passes, as (Korean, English): time a step coarser before values, and every step of both
    /// tried before a further one of either. Nothing when not even what is coarsest does.
    pub(in crate::build) fn remedy(
        &self,
        kept: &[bool],
        risk: &EventRisk,
        k: u64,
    ) -> Result<Option<(String, String)>, CurateError> {
        let steps = self.steps()?;
        let most = |time: bool| steps.iter().filter(|s| s.time == time).map(|s| s.rules.len()).max().unwrap_or(1);
        let (times, values) = (most(true), most(false));
        let mut order: Vec<(usize, usize)> =
            (0..times).flat_map(|t| (0..values).map(move |v| (t, v))).skip(1).collect();
        order.sort_by_key(|(time, value)| (time + value, *value));
        for (time, value) in order {
            let candidate: Candidate =
                steps.iter().filter_map(|step| step.at(if step.time { time } else { value })).collect();
            let facts = self.facts(kept, Rules::Released(&candidate))?;
            let found = facts.measure(risk.adversary_events, 0, k);
            if found.unique.high <= risk.max_unique_share {
                return Ok(Some(told(&steps, &candidate, found.unique.share)));
            }
        }
        Ok(None)
    }

    fn steps(&self) -> Result<Vec<Steps>, CurateError> {
        let mut steps = Vec::new();
        for table in &self.tables {
            let name = |column: &EventColumn<'_>| (table.plan.spec.name.clone(), column.plan.spec.name.clone());
            if let Some(column) = &table.time {
                let rules = times(&column.plan.transform, column.plan.kind);
                steps.push(Steps { time: true, name: name(column), rules });
            }
            for column in &table.values {
                let rules = values(column).map_err(|error| internal(&table.plan.spec.name, error))?;
                steps.push(Steps { time: false, name: name(column), rules });
            }
        }
        Ok(steps)
    }
}

/// What may be done to a column, from what the recipe says to leaving it out.
struct Steps {
    time: bool,
    name: (String, String),
    rules: Vec<Transform>,
}

impl Steps {
    /// What is done at a step; from the column's last one on, that.
    fn at(&self, step: usize) -> Option<((String, String), Transform)> {
        let rule = self.rules.get(step).or(self.rules.last())?;
        Some((self.name.clone(), rule.clone()))
    }
}

fn times(now: &Transform, kind: ColumnType) -> Vec<Transform> {
    let parts = [DatePart::Week, DatePart::Month, DatePart::Quarter, DatePart::Year];
    let after = |part: Option<DatePart>| {
        parts.into_iter().skip(part.and_then(|part| parts.iter().position(|one| *one == part)).map_or(0, |at| at + 1))
    };
    let spans = |least: f64, bounds: Bounds, form: Form| -> Vec<Transform> {
        let class = |width: f64| Classes::Width { width, origin: 0.0 };
        let wider = SPANS.into_iter().filter(|span| *span > least);
        wider.map(|width| Transform::Generalise(Intervals { classes: class(width), bounds, form })).collect()
    };
    let number = matches!(kind, ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64);
    let further = match now {
        Transform::DateShift { weeks, part } => {
            after(*part).map(|part| Transform::DateShift { weeks: *weeks, part: Some(part) }).collect()
        }
        Transform::DateTruncate(part) => after(Some(*part)).map(Transform::DateTruncate).collect(),
        Transform::Keep if number => spans(0.0, Bounds::default(), Form::Lower),
        Transform::Clamp(bounds) => spans(0.0, *bounds, Form::Lower),
        Transform::Round { step, bounds } => spans(*step, *bounds, Form::Lower),
        Transform::Generalise(intervals) => match &intervals.classes {
            Classes::Width { width, .. } => spans(*width, intervals.bounds, intervals.form),
            Classes::Breaks(_) => Vec::new(),
        },
        Transform::Keep | Transform::Drop | Transform::Pseudonym { .. } | Transform::Map { .. } => Vec::new(),
        Transform::Levels(_) | Transform::Suppress => Vec::new(),
    };
    std::iter::once(now.clone()).chain(further).chain([Transform::Drop]).collect()
}

fn values(column: &EventColumn<'_>) -> Result<Vec<Transform>, arrow::error::ArrowError> {
    let (now, kind) = (&column.plan.transform, column.plan.kind);
    let number = matches!(kind, ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64);
    let rounded = |least: f64, bounds: Bounds| -> Result<Vec<Transform>, arrow::error::ArrowError> {
        let steps = widths(column, bounds, if kind == ColumnType::Float64 { least } else { least.max(1.0) })?;
        Ok(steps.into_iter().map(|step| Transform::Round { step, bounds }).collect())
    };
    let further = match now {
        Transform::Keep if number => rounded(0.0, Bounds::default())?,
        Transform::Clamp(bounds) => rounded(0.0, *bounds)?,
        Transform::Round { step, bounds } => rounded(*step, *bounds)?,
        Transform::Generalise(_) | Transform::DateTruncate(_) => {
            coarser(now, kind).into_iter().skip(1).filter(|rule| *rule != Transform::Suppress).collect()
        }
        _ => Vec::new(),
    };
    Ok(std::iter::once(now.clone()).chain(further).chain([Transform::Drop]).collect())
}

/// Steps of 1, 2 or 5 times a power of ten that put most values of a column into few classes.
fn widths(column: &EventColumn<'_>, bounds: Bounds, least: f64) -> Result<Vec<f64>, arrow::error::ArrowError> {
    let raw = cast(&column.raw.values()?, &DataType::Float64)?;
    let raw = map_numbers(&raw, |value| bounds.clamp(value))?;
    let Some(distinct) = raw.as_primitive_opt::<Float64Type>() else { return Ok(Vec::new()) };
    let value = |code: &u32| {
        let code = usize::try_from(*code).ok().filter(|code| *code < distinct.len() && distinct.is_valid(*code))?;
        Some(distinct.value(code))
    };
    let mut all: Vec<f64> = column.raw.codes.iter().filter_map(value).collect();
    all.sort_unstable_by(f64::total_cmp);
    let (low, high) = (all.len() / 20, all.len() - all.len() / 20);
    let ends = all.get(low).zip(high.checked_sub(1).and_then(|high| all.get(high)));
    let range = ends.map_or(0.0, |(low, high)| high - low);
    let mut widths: Vec<f64> = CLASSES.iter().map(|classes| nice(range / classes)).collect();
    widths.retain(|width| width.is_finite() && *width > least);
    widths.dedup();
    Ok(widths)
}

/// The least of 1, 2 and 5 times a power of ten that is not below.
fn nice(width: f64) -> f64 {
    let power = 10_f64.powf(width.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= width * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

fn told(steps: &[Steps], candidate: &Candidate, share: f64) -> (String, String) {
    let (mut ko, mut en) = (Vec::new(), Vec::new());
    for step in steps {
        let Some(rule) = candidate.get(&step.name).filter(|rule| step.rules.first() != Some(*rule)) else { continue };
        let (name, note) = (format!("{}.{}", step.name.0, step.name.1), rule.note());
        ko.push(format!("{name}: {}", note.ko));
        en.push(format!("{name}: {}", note.en));
    }
    let percent = share * 100.0;
    (format!("{} → {percent:.2} %", ko.join("; ")), format!("{} would single out {percent:.2} %", en.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::{nice, times};
    use crate::transform::{DatePart, Transform};
    use mudeung_core::dataset::ColumnType;

    #[test]
    fn widths_are_round_numbers_not_below_what_is_asked_for() {
        let close = |one: f64, other: f64| (one - other).abs() < 1e-12;
        assert!([(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (4.0, 5.0), (7.0, 10.0)].iter().all(|(w, n)| close(nice(*w), *n)));
        assert!(!nice(0.0).is_normal());
    }

    #[test]
    fn dates_go_from_days_to_weeks_months_quarters_years_and_nothing() {
        use DatePart::{Month, Quarter, Week, Year};
        let shift = |part| Transform::DateShift { weeks: 26, part };
        let told = times(&shift(None), ColumnType::Date);
        let parts = [None, Some(Week), Some(Month), Some(Quarter), Some(Year)].map(shift);
        assert_eq!(told, [&parts[..], &[Transform::Drop]].concat());
        assert_eq!(
            times(&shift(Some(Quarter)), ColumnType::Date),
            [shift(Some(Quarter)), shift(Some(Year)), Transform::Drop]
        );
    }
}
