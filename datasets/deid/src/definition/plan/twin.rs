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
        if table.spec.name != recipe.person.table {
            problems.add(
                format!("recipe.toml: twin.{name}"),
                [
                    "환자 한 명에 여러 행이 있는 표의 쌍둥이는 아직 만들 수 없습니다.",
                    "is of a table with several rows of a person, which `curate twin` does not fit yet.",
                ],
                [
                    "[twin]을 지우고 generator.toml로 합성 단계를 만드십시오.",
                    "Remove [twin] and make the synthetic tier with generator.toml.",
                ],
            );
        }
        check_columns(table, rule, problems);
    }
}

fn check_columns(table: &TablePlan, rule: &TwinRule, problems: &mut Problems) {
    let name = &table.spec.name;
    let released = || table.columns.iter().filter(|column| column.transform != Transform::Drop);
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
        } else if !rule.columns.contains_key(&column.spec.name) && column.domain().is_none() {
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
    for stranger in rule.columns.keys().filter(|column| !released().any(|known| known.spec.name == **column)) {
        problems.add(
            format!("recipe.toml: twin.{name}.columns.{stranger}"),
            ["공개하는 열이 아닙니다.", "is not a column that is released."],
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
