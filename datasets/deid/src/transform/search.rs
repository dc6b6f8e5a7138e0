//! `do = "search"`: the levels that a column can have, from the finest to the coarsest, and what comes after a
//! transform that turned out to be too fine.

use super::interval::{Classes, Form, Intervals};
use super::rule::{Refusal, form, needs, part, refusal};
use super::{Bounds, DatePart, Transform};
use crate::definition::ColumnRule;
use crate::generalise::{Hierarchy, LEVELS_MAX};
use mudeung_core::dataset::ColumnType;
use std::collections::BTreeMap;

/// Reads the levels of a rule.
pub(super) fn read(rule: &ColumnRule, bounds: Bounds, tables: &BTreeMap<String, String>) -> Result<Transform, Refusal> {
    let form = if form(rule, &["label", "lower"])? == Some(1) { Form::Lower } else { Form::Label };
    let classes = |classes| Transform::Generalise(Intervals { classes, bounds, form });
    let mut levels = match (&rule.widths, &rule.cuts, &rule.parts, &rule.hierarchy) {
        (Some(widths), None, None, None) => {
            let origin = rule.origin.unwrap_or(0.0);
            widths_nest(widths)?;
            widths.iter().map(|width| classes(Classes::Width { width: *width, origin })).collect()
        }
        (None, Some(cuts), None, None) => {
            cuts_nest(cuts)?;
            cuts.iter().map(|breaks| classes(Classes::Breaks(breaks.clone()))).collect()
        }
        (None, None, Some(parts), None) => {
            let parts =
                parts.iter().map(|name| part(Some(name))?.ok_or_else(|| needs("parts = [\"month\", \"year\"]")));
            let parts: Vec<DatePart> = parts.collect::<Result<_, _>>()?;
            if parts.windows(2).any(|pair| !nests(pair)) {
                return Err(not_coarser("month"));
            }
            parts.into_iter().map(Transform::DateTruncate).collect()
        }
        (None, None, None, Some(file)) => table(file, tables)?,
        (None, None, None, None) => vec![Transform::Keep],
        _ => return Err(needs("widths = [5, 10, 20] / cuts = [[40, 60], [60]] / parts / hierarchy = \"region.csv\"")),
    };
    if rule.suppress.unwrap_or(true) {
        levels.push(Transform::Suppress);
    }
    if levels.is_empty() || levels.len() > LEVELS_MAX {
        return Err(needs("widths = [5, 10, 20]"));
    }
    Ok(Transform::Levels(levels))
}

fn widths_nest(widths: &[f64]) -> Result<(), Refusal> {
    if !widths.iter().all(|width| *width > 0.0 && width.is_finite()) {
        return Err(needs("widths = [5, 10, 20]"));
    }
    let nests = |pair: &&[f64]| match pair {
        [fine, coarse] => coarse > fine && (coarse / fine - (coarse / fine).round()).abs() < 1e-9,
        _ => true,
    };
    match widths.windows(2).find(|pair| !nests(pair)) {
        Some(pair) => Err(not_coarser(&pair.last().map(f64::to_string).unwrap_or_default())),
        None => Ok(()),
    }
}

/// Whether each of the second part's spans is made of whole ones of the first; weeks make up no other part.
fn nests(pair: &[DatePart]) -> bool {
    use DatePart::{Month, Quarter, Year};
    matches!(pair, [Month, Quarter | Year] | [Quarter, Year])
}

fn cuts_nest(cuts: &[Vec<f64>]) -> Result<(), Refusal> {
    if !cuts.iter().all(|breaks| !breaks.is_empty() && breaks.is_sorted_by(|a, b| a < b)) {
        return Err(needs("cuts = [[30, 40, 50, 60], [40, 60]]"));
    }
    let within = |pair: &&[Vec<f64>]| match pair {
        [fine, coarse] => coarse.len() < fine.len() && coarse.iter().all(|at| fine.contains(at)),
        _ => true,
    };
    match cuts.windows(2).find(|pair| !within(pair)) {
        Some(pair) => Err(not_coarser(&format!("{:?}", pair.last().map(Vec::as_slice).unwrap_or_default()))),
        None => Ok(()),
    }
}

fn not_coarser(level: &str) -> Refusal {
    refusal(
        &format!("{level}은(는) 앞 단계를 묶은 것이 아닙니다."),
        &format!("{level} does not put classes of the level before it together."),
        "가는 단계부터 적고, 각 단계가 앞 단계의 경계만 쓰게 하십시오.",
        "List the finest level first; each must keep only limits of the one before.",
    )
}

/// The levels of a table: a header, then for each value a row with the value and its group on each level.
fn table(file: &str, tables: &BTreeMap<String, String>) -> Result<Vec<Transform>, Refusal> {
    let columns = read_table(file, tables)?;
    let Some((values, groups)) = columns.split_first() else { return Err(bad_table(file)) };
    let map = |names: &Vec<String>| Transform::Map {
        values: values.iter().cloned().zip(names.iter().cloned()).collect(),
        default: None,
        missing: None,
    };
    Ok(std::iter::once(values).chain(groups).map(map).collect())
}

/// The columns of a hierarchy's file without its header, the values first.
pub(crate) fn read_table(file: &str, tables: &BTreeMap<String, String>) -> Result<Vec<Vec<String>>, Refusal> {
    let text = tables.get(file).ok_or_else(|| {
        refusal(
            &format!("{file}: 정의 폴더에 그런 파일이 없습니다."),
            &format!("{file} is no file in the definition's folder."),
            "폴더 이름 없이 파일 이름만 적으십시오.",
            "Put it beside recipe.toml and give its name alone.",
        )
    })?;
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let mut columns: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_ragged| bad_table(file))?;
        columns.resize(record.len(), Vec::new());
        columns.iter_mut().zip(&record).for_each(|(column, text)| column.push(text.to_owned()));
    }
    let distinct: std::collections::BTreeSet<&String> = columns.first().into_iter().flatten().collect();
    let once = columns.first().is_some_and(|values| values.len() == distinct.len());
    if !once || Hierarchy::from_names(&columns).is_err() {
        return Err(bad_table(file));
    }
    Ok(columns)
}

fn bad_table(file: &str) -> Refusal {
    refusal(
        &format!("{file}: 분류표가 아닙니다."),
        &format!("{file} is not a hierarchy."),
        "머리글 다음에 값마다 한 행(값, 1단계, 2단계, …)을 쓰고, 한 묶음을 다음 단계에서 나누지 마십시오.",
        "After a header, write one row for each value: value, level 1, level 2 and so on; no level may split a group.",
    )
}

/// What a transform can become when it is too fine: itself, then ever coarser, then nothing.
pub(crate) fn coarser(transform: &Transform, kind: ColumnType) -> Vec<Transform> {
    let bands = |bounds, form, widths: &[f64], origin| -> Vec<Transform> {
        let classes = |width: &f64| Classes::Width { width: *width, origin };
        widths.iter().map(|w| Transform::Generalise(Intervals { classes: classes(w), bounds, form })).collect()
    };
    let number = matches!(kind, ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64);
    let further = match transform {
        Transform::Keep if number => bands(Bounds::default(), Form::Label, &[5.0, 10.0, 20.0, 40.0], 0.0),
        Transform::Clamp(bounds) => bands(*bounds, Form::Label, &[5.0, 10.0, 20.0, 40.0], 0.0),
        Transform::Generalise(intervals) => match &intervals.classes {
            Classes::Width { width, origin } => {
                let widths: Vec<f64> = [2.0, 4.0, 8.0, 16.0].iter().map(|times| times * width).collect();
                bands(intervals.bounds, intervals.form, &widths, *origin)
            }
            Classes::Breaks(breaks) => {
                let half = |breaks: &Vec<f64>| breaks.iter().copied().skip(1).step_by(2).collect::<Vec<f64>>();
                let halves = std::iter::successors(Some(half(breaks)), |breaks| Some(half(breaks)));
                let classes = halves.take_while(|breaks| !breaks.is_empty()).map(Classes::Breaks);
                classes.map(|classes| Transform::Generalise(Intervals { classes, ..intervals.clone() })).collect()
            }
        },
        Transform::DateTruncate(DatePart::Month) => {
            [DatePart::Quarter, DatePart::Year].map(Transform::DateTruncate).to_vec()
        }
        Transform::DateTruncate(DatePart::Quarter) => vec![Transform::DateTruncate(DatePart::Year)],
        Transform::DateTruncate(DatePart::Week | DatePart::Year)
        | Transform::Keep
        | Transform::Drop
        | Transform::Pseudonym { .. }
        | Transform::DateShift { .. }
        | Transform::Round { .. }
        | Transform::Map { .. }
        | Transform::Levels(_)
        | Transform::Suppress => Vec::new(),
    };
    std::iter::once(transform.clone()).chain(further).chain([Transform::Suppress]).collect()
}
