//! What a search and the models of sensitive columns need of a recipe.

use super::check::Problems;
use super::{TablePlan, Transform};
use crate::definition::{ClosenessDistance, Definition, LDiversityKind, Recipe, Role, hierarchy_table};
use crate::generalise::COLUMNS_MAX;

pub(super) fn check(tables: &[TablePlan], definition: &Definition, recipe: &Recipe, problems: &mut Problems) {
    let searched = |role: Role, transform: &Transform| matches!(transform, Transform::Levels(_)) && role != Role::Quasi;
    for table in tables {
        for column in table.columns.iter().filter(|column| searched(column.role, &column.transform)) {
            problems.add(
                format!("recipe.toml: columns.{}.{}", table.spec.name, column.spec.name),
                ["준식별자만 탐색할 수 있습니다.", "is searched and is no quasi-identifier."],
                ["role = \"quasi\"를 쓰거나 다른 처리를 고르십시오.", "Use role = \"quasi\" or another action."],
            );
        }
    }
    let Some(person) = tables.iter().find(|table| table.spec.name == recipe.person.table) else { return };
    let quasi: Vec<_> = person.quasi().filter(|column| column.transform != Transform::Drop).collect();
    if quasi.len() > COLUMNS_MAX && quasi.iter().any(|column| matches!(column.transform, Transform::Levels(_))) {
        problems.add(
            format!("recipe.toml: columns.{}", person.spec.name),
            [
                &format!("준식별자가 {}개라 탐색할 수 없습니다.", quasi.len()),
                &format!("has {} quasi-identifiers, too many to be searched.", quasi.len()),
            ],
            [
                &format!("{COLUMNS_MAX}개까지만 두고 나머지는 drop으로 처리하십시오."),
                &format!("Keep {COLUMNS_MAX} of them at most and drop the others."),
            ],
        );
    }
    check_diversity(person, recipe, problems);
    check_closeness(person, definition, recipe, problems);
}

fn check_diversity(person: &TablePlan, recipe: &Recipe, problems: &mut Problems) {
    let Some(diversity) = &recipe.privacy.l_diversity else { return };
    check_column(person, "l_diversity", &diversity.column, problems);
    let recursive = diversity.kind == LDiversityKind::Recursive;
    let whole = diversity.kind == LDiversityKind::Entropy || diversity.l.fract().abs() < f64::EPSILON;
    let factor = if recursive { diversity.c.is_some_and(|c| c > 0.0) } else { diversity.c.is_none() };
    if !(1.0..=1_000.0).contains(&diversity.l) || !whole || !factor {
        problems.add(
            "recipe.toml: privacy.l_diversity",
            ["l 또는 c가 맞지 않습니다.", "has an l or a c that cannot be."],
            [
                "l은 1~1000(entropy가 아니면 정수), c는 recursive에서만 0보다 크게 쓰십시오.",
                "Use l from 1 to 1000, whole but for entropy, and c above 0 for recursive alone.",
            ],
        );
    }
}

fn check_closeness(person: &TablePlan, definition: &Definition, recipe: &Recipe, problems: &mut Problems) {
    let Some(closeness) = &recipe.privacy.t_closeness else { return };
    check_column(person, "t_closeness", &closeness.column, problems);
    if !(0.0..=1.0).contains(&closeness.t) {
        problems.add(
            format!("recipe.toml: privacy.t_closeness.t = {}", closeness.t),
            ["거리가 아닙니다.", "is not a distance."],
            ["0과 1 사이의 값을 쓰십시오.", "Use a number from 0 to 1."],
        );
    }
    let hierarchical = closeness.distance == ClosenessDistance::Hierarchical;
    let table = closeness.hierarchy.as_deref().map(|file| hierarchy_table(definition, file).is_some());
    if table.is_some() != hierarchical || table == Some(false) {
        problems.add(
            "recipe.toml: privacy.t_closeness.hierarchy",
            ["distance와 맞지 않거나 분류표가 아닙니다.", "does not go with the distance, or is not a hierarchy."],
            [
                "hierarchical일 때만, recipe.toml 옆의 CSV 파일 이름(값, 1단계, 2단계, …)을 적으십시오.",
                "Give it for `hierarchical` alone: a CSV file beside recipe.toml with value, level 1, level 2 and so on.",
            ],
        );
    }
}

fn check_column(person: &TablePlan, model: &str, name: &str, problems: &mut Problems) {
    let fine = |role: Role, transform: &Transform| {
        *transform != Transform::Drop && !matches!(role, Role::Quasi | Role::Identifier)
    };
    if !person.columns.iter().any(|column| column.spec.name == name && fine(column.role, &column.transform)) {
        problems.add(
            format!("recipe.toml: privacy.{model}.column = \"{name}\""),
            [
                "환자 표에서 공개되는 민감 열이 아닙니다.",
                "is not a released column of the person table that is neither an identifier nor a quasi-identifier.",
            ],
            ["role = \"sensitive\"인 열을 적으십시오.", "Name a column with role = \"sensitive\"."],
        );
    }
}
