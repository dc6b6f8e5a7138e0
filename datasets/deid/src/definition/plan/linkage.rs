//! What the search for persons in another release needs of a recipe.

use super::check::Problems;
use super::plan;
use crate::definition::{Definition, Recipe};
use crate::error::Problem;

/// The least that may be allowed: a measure of some 1,500 persons does not show less with certainty.
const SHARE_MIN: f64 = 0.01;

pub(super) fn check(definition: &Definition, recipe: &Recipe, problems: &mut Problems) {
    let Some(linkage) = &recipe.linkage else { return };
    if !(SHARE_MIN..=1.0).contains(&linkage.max_share) {
        problems.add(
            format!("recipe.toml: linkage.max_share = {}", linkage.max_share),
            ["이어지는 환자의 비율로 쓸 수 없습니다.", "is no share of persons that can be shown."],
            [
                "표본으로 재므로 0.01 이상 1 이하를 쓰십시오.",
                "It is measured on a sample, which cannot show less than 0.01: use that or more, and 1 at most.",
            ],
        );
    }
    if linkage.recipes.is_empty() {
        problems.add(
            "recipe.toml: linkage.recipes",
            ["다른 반출물이 없습니다.", "names no other release."],
            [
                "다른 반출물의 처방을 이 폴더에 두고 파일 이름을 적거나 [linkage]를 지우십시오.",
                "Put the recipes of other releases beside this one and name them, or remove [linkage].",
            ],
        );
    }
    for file in &linkage.recipes {
        check_other(file, definition, recipe, problems);
    }
}

fn check_other(file: &str, definition: &Definition, recipe: &Recipe, problems: &mut Problems) {
    let place = format!("recipe.toml: linkage.recipes: \"{file}\"");
    let Some(other) = definition.other(file) else {
        problems.add(
            place,
            ["정의 폴더에 그런 파일이 없습니다.", "is no file in the definition's folder."],
            ["폴더 이름 없이 파일 이름만 적으십시오.", "Put it beside recipe.toml and give its name alone."],
        );
        return;
    };
    let Some(theirs) = other.recipe.as_ref().map(|recipe| &recipe.value) else { return };
    if (&theirs.person.table, &theirs.person.id) != (&recipe.person.table, &recipe.person.id) {
        problems.add(
            place.clone(),
            ["환자 표가 다릅니다.", "is about another table of persons."],
            ["[person]이 같은 처방을 적으십시오.", "Name recipes with the same [person]."],
        );
    }
    if (&theirs.release.name, &theirs.release.recipient) == (&recipe.release.name, &recipe.release.recipient) {
        problems.add(
            place,
            [
                "이름과 제공받는 자가 같아 가명도 같습니다.",
                "has this name and recipient, and so the same pseudonyms on purpose.",
            ],
            ["다른 반출물의 처방을 적으십시오.", "Name recipes of other releases."],
        );
    }
    // What is wrong with the other files is said once, of this recipe.
    let own = |problem: &Problem| problem.place.starts_with("recipe.toml");
    for problem in plan(&other).err().into_iter().flatten().filter(own) {
        problems.0.push(Problem { place: problem.place.replacen("recipe.toml", file, 1), ..problem });
    }
}
