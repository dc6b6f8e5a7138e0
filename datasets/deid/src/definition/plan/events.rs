//! What the measuring of known events needs of a recipe.

use super::check::Problems;
use super::{TablePlan, Transform};
use crate::definition::{EventRule, Recipe};
use crate::risk::KNOWN_MAX;
use std::collections::BTreeSet;

/// The least that may be allowed: a measure of some 1,500 persons does not show less with certainty.
const UNIQUE_SHARE_MIN: f64 = 0.01;

pub(super) fn check(tables: &[TablePlan], recipe: &Recipe, problems: &mut Problems) {
    let privacy = &recipe.privacy;
    if privacy.adversary_events.is_some() == recipe.events.is_empty() {
        problems.add(
            "recipe.toml: privacy.adversary_events, [events]",
            ["함께 있어야 합니다.", "come together or not at all."],
            [
                "공격자가 아는 사건 수와, 사건 표마다 [events.<표>]를 적으십시오.",
                "Say how many events an adversary knows, and for each table of events [events.<table>].",
            ],
        );
    }
    if let Some(known) = privacy.adversary_events {
        if !(1..=KNOWN_MAX).contains(&known) {
            problems.add(
                format!("recipe.toml: privacy.adversary_events = {known}"),
                ["잴 수 없는 수입니다.", "is not measured."],
                [&format!("1~{KNOWN_MAX} 가운데 고르십시오."), &format!("Use 1 to {KNOWN_MAX}.")],
            );
        }
        if privacy.max_unique_share < UNIQUE_SHARE_MIN {
            problems.add(
                format!("recipe.toml: privacy.max_unique_share = {}", privacy.max_unique_share),
                ["사건을 아는 공격자에게는 너무 작습니다.", "is too little for an adversary who knows events."],
                [
                    "표본으로 재므로 0.01 이상을 쓰십시오.",
                    "It is measured on a sample, which cannot show less than 0.01: use that or more.",
                ],
            );
        }
    }
    for (name, rule) in &recipe.events {
        match tables.iter().find(|table| &table.spec.name == name && *name != recipe.person.table) {
            Some(table) => check_table(table, rule, problems),
            None => problems.add(
                format!("recipe.toml: events.{name}"),
                ["[columns]에 있는 사건 표가 아닙니다.", "is no table of events that [columns] names."],
                ["공개하는 사건 표를 적으십시오.", "Name a released table other than that of the persons."],
            ),
        }
    }
}

fn check_table(table: &TablePlan, rule: &EventRule, problems: &mut Problems) {
    let name = &table.spec.name;
    if rule.code.is_none() && rule.values.is_empty() {
        problems.add(
            format!("recipe.toml: events.{name}"),
            ["무엇을 아는지 말하지 않습니다.", "does not say what is known."],
            ["code 또는 values를 적으십시오.", "Give `code` or `values`."],
        );
    }
    let mut seen = BTreeSet::new();
    for column in rule.columns() {
        let plan = table.columns.iter().find(|plan| plan.spec.name == column);
        let released = plan.is_some_and(|plan| {
            !matches!(plan.transform, Transform::Drop | Transform::Levels(_) | Transform::Pseudonym { .. })
        });
        if !released || !seen.insert(column) {
            problems.add(
                format!("recipe.toml: events.{name}: {column}"),
                [
                    "값으로 공개되는 열이 아니거나 두 번 나옵니다.",
                    "is no column that is released as values, or is there twice.",
                ],
                ["[columns]에서 공개하는 열만 한 번씩 적으십시오.", "Name released columns, each once."],
            );
        }
    }
    let known: BTreeSet<&String> = rule.values.iter().collect();
    let strangers = rule.value_widths.keys().filter(|column| !known.contains(column));
    let widths = rule.value_widths.iter().map(|(column, width)| (column.as_str(), *width));
    let widths = widths.chain(rule.time_width.map(|width| ("time", f64::from(width))));
    let bad = widths.filter(|(_, width)| !(width.is_finite() && *width > 0.0)).map(|(column, _)| column);
    for column in strangers.map(String::as_str).chain(bad) {
        problems.add(
            format!("recipe.toml: events.{name}: {column}"),
            ["너비가 맞지 않습니다.", "has a width that cannot be."],
            ["values에 적은 열에 0보다 큰 너비를 주십시오.", "Give widths above 0, for columns that `values` names."],
        );
    }
    if rule.time_width.is_some() && rule.time.is_none() {
        problems.add(
            format!("recipe.toml: events.{name}.time_width"),
            ["time이 없습니다.", "has no `time` to be a width of."],
            ["time을 적거나 지우십시오.", "Give `time`, or remove it."],
        );
    }
}
