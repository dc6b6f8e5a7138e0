//! What the table of a population needs of a recipe.

use super::check::Problems;
use super::{TablePlan, Transform};
use crate::definition::{Definition, Recipe};

pub(super) fn check(tables: &[TablePlan], definition: &Definition, recipe: &Recipe, problems: &mut Problems) {
    let Some(file) = recipe.population.as_ref().and_then(|population| population.table.as_ref()) else { return };
    let place = format!("recipe.toml: population.table = \"{file}\"");
    if !definition.hierarchies.contains_key(file) {
        problems.add(
            place,
            ["정의 폴더에 그런 파일이 없습니다.", "is no file in the definition's folder."],
            ["폴더 이름 없이 파일 이름만 적으십시오.", "Put it beside recipe.toml and give its name alone."],
        );
        return;
    }
    let Some(person) = tables.iter().find(|table| table.spec.name == recipe.person.table) else { return };
    for column in person.quasi().filter(|column| matches!(column.transform, Transform::DateShift { .. })) {
        problems.add(
            place.clone(),
            [
                &format!("{}은(는) 환자마다 다르게 이동하여 모집단과 견줄 수 없습니다.", column.spec.name),
                &format!("cannot be held against {}, which each person has shifted otherwise.", column.spec.name),
            ],
            ["date_truncate를 쓰십시오.", "Use date_truncate for it."],
        );
    }
}
