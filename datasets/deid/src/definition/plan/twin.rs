//! Twins held against what is released: what is promised about them must not depend on anybody's data.

use super::check::Problems;
use super::{ColumnPlan, TablePlan};
use crate::definition::{Recipe, TwinRule};
use crate::transform::{Bounds, Classes, Form, Transform};
use mudeung_synth::twin::{ColumnPolicy, DomainPolicy};
use std::collections::BTreeSet;

pub(super) fn check(tables: &[TablePlan], recipe: &Recipe, problems: &mut Problems) {
    if recipe.twin.is_empty() {
        return;
    }
    for name in recipe.twin.keys().filter(|name| !tables.iter().any(|table| &table.spec.name == *name)) {
        problems.add(
            format!("recipe.toml: twin.{name}"),
            ["공개하는 표가 아닙니다.", "is not a table that is released."],
            ["[columns]에 있는 표를 적으십시오.", "Name a table of [columns]."],
        );
    }
    for table in tables {
        let name = &table.spec.name;
        let Some(rule) = recipe.twin.get(name) else {
            problems.add(
                format!("recipe.toml: twin.{name}"),
                [
                    "없습니다. 쌍둥이는 원본의 모든 표를 가집니다.",
                    "is missing; the twin of a dataset has all tables of the original.",
                ],
                [
                    &format!("[twin.{name}]을 쓰거나 [twin] 전체를 지우십시오."),
                    &format!("Write [twin.{name}], or remove [twin] altogether."),
                ],
            );
            continue;
        };
        let is_events = table.spec.name != recipe.person.table;
        if is_events {
            check_events(table, rule, problems);
        } else {
            check_person(table, rule, tables.len() > 1, problems);
        }
        check_columns(table, rule, is_events, problems);
    }
}

/// What holds for a person with all tables stands at the person table.
fn check_person(table: &TablePlan, rule: &TwinRule, has_events: bool, problems: &mut Problems) {
    let place = |key: &str| format!("recipe.toml: twin.{}.{key}", table.spec.name);
    let missing =
        [("mechanism", rule.mechanism.is_none()), ("epsilon", rule.epsilon.is_none()), ("delta", rule.delta.is_none())];
    for (key, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        problems.add(
            place(key),
            ["없습니다.", "is missing."],
            [
                "mechanism = \"mst\" 또는 \"aim\", epsilon = 1.0, delta = 1e-9처럼 적으십시오.",
                "Write mechanism = \"mst\" or \"aim\", epsilon = 1.0 and delta = 1e-9, or what was agreed.",
            ],
        );
    }
    match (&rule.history, has_events) {
        (None, true) => problems.add(
            place("history"),
            [
                "없습니다. 사건 표가 있으면 한 사람의 경과를 어떻게 셀지 정해야 합니다.",
                "is missing; where tables of events are released, it says how the history of a person is counted.",
            ],
            [
                "most, norm, gaps, time과 필요하면 classes, known을 적으십시오.",
                "Write most, norm, gaps and time, and where it helps classes and known.",
            ],
        ),
        (Some(_), false) => problems.add(
            place("history"),
            ["있지만 사건 표를 공개하지 않습니다.", "is there, and no table of events is released."],
            ["지우십시오.", "Remove it."],
        ),
        (Some(_), true) | (None, false) => {}
    }
    for (key, _) in events_only(rule).into_iter().filter(|(_, is_there)| *is_there) {
        problems.add(
            place(key),
            ["사건 표에만 씁니다.", "is for tables of events alone."],
            ["지우십시오.", "Remove it."],
        );
    }
}

fn events_only(rule: &TwinRule) -> [(&'static str, bool); 3] {
    [("code", rule.code.is_some()), ("value", rule.value.is_some()), ("values", !rule.values.is_empty())]
}

/// A table of events has no budget of its own, and its rows have a time.
fn check_events(table: &TablePlan, rule: &TwinRule, problems: &mut Problems) {
    let name = &table.spec.name;
    let place = |key: &str| format!("recipe.toml: twin.{name}.{key}");
    let persons_only = [
        ("mechanism", rule.mechanism.is_some()),
        ("epsilon", rule.epsilon.is_some()),
        ("delta", rule.delta.is_some()),
        ("history", rule.history.is_some()),
    ];
    for (key, _) in persons_only.into_iter().filter(|(_, is_there)| *is_there) {
        problems.add(
            place(key),
            [
                "사건 표에는 따로 쓰지 않습니다. 예산은 한 사람과 그 사람의 모든 행에 하나입니다.",
                "is not said of a table of events: a person with all rows has one budget.",
            ],
            ["환자 표의 [twin]으로 옮기십시오.", "Move it to the twin of the person table."],
        );
    }
    let released = |wanted: &str| released(table, wanted);
    check_time(table, problems);
    for (key, column) in [("code", &rule.code), ("value", &rule.value)] {
        if column.as_deref().is_some_and(|column| released(column).is_none()) {
            problems.add(
                place(key),
                ["공개하는 열이 아닙니다.", "is not a column that is released."],
                ["공개하는 열을 적거나 지우십시오.", "Name a released column, or remove it."],
            );
        }
    }
    if rule.code.is_none() && (rule.value.is_some() || !rule.values.is_empty()) {
        problems.add(
            place("value"),
            ["code 없이 쓸 수 없습니다.", "is there without `code`."],
            [
                "code를 적거나, 값마다 열이 있으면 value와 values를 지우십시오.",
                "Write `code`, or remove `value` and `values` where each measure has a column.",
            ],
        );
    }
    if rule.code.as_deref().and_then(released).is_some_and(|column| column.nullable) {
        problems.add(
            place("code"),
            ["null일 수 있는 열입니다.", "names a column that may be null."],
            [
                "null이 없으면 schema.toml의 nullable을 지우고, 있으면 map의 missing으로 값을 주십시오.",
                "Remove `nullable` in schema.toml, or give nulls a value with `missing` of do = \"map\".",
            ],
        );
    }
    check_measured(table, rule, problems);
}

/// Events have an order.
fn check_time(table: &TablePlan, problems: &mut Problems) {
    let name = &table.spec.name;
    let place = format!("recipe.toml: twin.{name}.columns");
    match table.spec.time.as_deref().map(|time| released(table, time)) {
        Some(Some(column)) if !column.nullable => {}
        Some(_) => problems.add(
            place,
            [
                "사건의 시각 열이 공개되지 않거나 null일 수 있습니다.",
                "lacks the time of an event: its column is not released, or may be null.",
            ],
            ["[columns]에서 시각 열을 공개하고 nullable을 지우십시오.", "Release the time column, without `nullable`."],
        ),
        None => problems.add(
            format!("schema.toml: {name}.time"),
            ["없습니다. 쌍둥이는 사건의 차례를 알아야 합니다.", "is missing; a twin needs the order of events."],
            ["사건 시각 열의 이름을 적으십시오.", "Give the name of the column with the time of an event."],
        ),
    }
}

/// A released column of a table.
fn released<'t>(table: &'t TablePlan, wanted: &str) -> Option<&'t ColumnPlan> {
    table.columns.iter().find(|column| column.spec.name == wanted && column.transform != Transform::Drop)
}

/// Not everything is measured each time, and beside a code nothing else is modelled.
fn check_measured(table: &TablePlan, rule: &TwinRule, problems: &mut Problems) {
    let roles = [table.person(), table.spec.time.as_deref(), rule.code.as_deref(), rule.value.as_deref()];
    for column in table.columns.iter().filter(|column| column.transform != Transform::Drop) {
        let name = &column.spec.name;
        let domain = rule.columns.get(name).cloned().or_else(|| column.domain());
        let is_modelled =
            domain.is_some_and(|it| !matches!(it.domain, DomainPolicy::Identifier {} | DomainPolicy::Empty {}));
        if roles.contains(&Some(name.as_str())) || !is_modelled {
            continue;
        }
        let place = format!("recipe.toml: twin.{}.columns.{name}", table.spec.name);
        if rule.code.is_some() {
            problems.add(
                place,
                ["code 옆의 열은 모형에 넣지 못합니다.", "stands beside a code, where nothing else is modelled."],
                [
                    "domain = { kind = \"empty\" } 또는 \"identifier\"로 적거나 value로 쓰십시오.",
                    "Give it domain = { kind = \"empty\" } or \"identifier\", or make it the value.",
                ],
            );
        } else if !column.nullable {
            problems.add(
                place,
                [
                    "재는 열인데 null일 수 없습니다. 쌍둥이는 열마다 따로 뽑으므로 빈칸이 생깁니다.",
                    "is measured and never null; the twin draws each measure by itself, so some are missing.",
                ],
                [
                    "schema.toml에 nullable = true를 적거나, 무엇인지를 말하는 열이면 code로 쓰십시오.",
                    "Write nullable = true in schema.toml, or make it the code if it says what the row is.",
                ],
            );
        }
    }
}

fn check_columns(table: &TablePlan, rule: &TwinRule, is_events: bool, problems: &mut Problems) {
    let name = &table.spec.name;
    let released = || table.columns.iter().filter(|column| column.transform != Transform::Drop);
    // When it was and what was measured beside a code have domains elsewhere.
    let elsewhere = |column: &str| {
        rule.value.as_deref() == Some(column) || (is_events && table.spec.time.as_deref() == Some(column))
    };
    for column in released() {
        let place = format!("recipe.toml: twin.{name}.columns.{}", column.spec.name);
        if let Transform::Levels(_) = column.transform {
            problems.add(
                place,
                [
                    "탐색이 자료를 보고 단계를 고르므로 ε이 이를 보장하지 못합니다.",
                    "has its level chosen by a search, which looks at the data; no ε covers that.",
                ],
                [
                    "쌍둥이를 만들려면 단계를 정해 두십시오.",
                    "Fix what is done to it (do = \"generalise\", \"map\" …) to have a twin.",
                ],
            );
        } else if !rule.columns.contains_key(&column.spec.name)
            && column.domain().is_none()
            && !elsewhere(&column.spec.name)
        {
            problems.add(
                place,
                ["값의 범위가 없습니다.", "says no domain, and the rule of the column does not either."],
                [
                    "사전, 서식, 참고 범위에서 온 값을 적으십시오. 자료에서 가져오면 안 됩니다.",
                    "Write one from a dictionary, a form or a reference range, and never from the data.",
                ],
            );
        }
    }
    let is_strange = |column: &String| elsewhere(column) || !released().any(|known| known.spec.name == *column);
    for stranger in rule.columns.keys().filter(|column| is_strange(column)) {
        problems.add(
            format!("recipe.toml: twin.{name}.columns.{stranger}"),
            [
                "공개하는 열이 아니거나, history.time 또는 values에 이미 있습니다.",
                "is not a column that is released, or has its domain in history.time or values.",
            ],
            ["지우십시오.", "Remove it."],
        );
    }
}

/// What the rule of a column leaves, when that is a list that anybody can read off it.
pub(super) fn domain(column: &ColumnPlan) -> Option<ColumnPolicy> {
    // All values are listed, so the one for unlisted ones is only there because a column without nulls must name it.
    let values = |values: BTreeSet<String>| {
        let other = values.first().filter(|_| !column.nullable).cloned().map(toml::Value::String);
        DomainPolicy::Values { values: values.into_iter().map(toml::Value::String).collect(), other }
    };
    let domain = match &column.transform {
        Transform::Pseudonym { .. } => DomainPolicy::Identifier {},
        Transform::Generalise(intervals) if intervals.form == Form::Label => {
            let Classes::Breaks(breaks) = &intervals.classes else { return None };
            let Bounds { bottom, top } = intervals.bounds;
            let below = breaks.first().map(|first| first - 1.0);
            let starts = below.into_iter().chain(breaks.iter().copied()).chain(bottom.map(|b| b - 1.0)).chain(top);
            values(starts.map(|start| intervals.label(start)).collect())
        }
        Transform::Map { values: mapped, default, missing } => {
            values(mapped.values().chain(default).chain(missing).cloned().collect())
        }
        Transform::Drop
        | Transform::Keep
        | Transform::DateShift { .. }
        | Transform::DateTruncate(_)
        | Transform::Generalise(_)
        | Transform::Clamp(_)
        | Transform::Round { .. }
        | Transform::Levels(_)
        | Transform::Suppress => return None,
    };
    Some(ColumnPolicy { source: "the rule of the recipe".to_owned(), domain })
}
