//! Recipes that leave levels to the search, and what refusals say that the search found.

use crate::fixture::{RECIPE, Ward, patients, rows, texts};
use crate::synthetic::shape;
use mudeung_deid::CurateError;
use std::collections::BTreeSet;

const AGE: &str = "do = \"generalise\", width = 20";
const SEX: &str = "sex = { role = \"quasi\", do = \"keep\" }";

/// The recipe of the ward with another rule for the age.
fn recipe(age: &str) -> String {
    RECIPE.replace(AGE, age)
}

fn ward(recipe: &str) -> Ward {
    let ward = Ward::new();
    ward.define("recipe.toml", recipe);
    ward
}

fn refusal(recipe: &str) -> String {
    ward(recipe).build().unwrap_err().to_string()
}

#[test]
fn a_release_has_the_finest_level_that_is_safe_and_the_report_says_which() {
    let searched = recipe("do = \"search\", widths = [1, 5, 10, 20]").replace(SEX, &SEX.replace("keep", "search"));
    let ward = ward(&searched);
    let built = ward.build().unwrap();
    // Three or four patients are of one age, and those of one age of one sex: five years of them are enough.
    let released = rows(&built, "patient");
    let ages: BTreeSet<String> = texts(&released, "age").into_iter().collect();
    assert!(ages.len() == 12 && ages.contains("[20,25)"), "{ages:?}");
    assert_eq!(texts(&released, "sex").into_iter().collect::<BTreeSet<_>>().len(), 2);
    assert!(built.manifest.risk.as_ref().unwrap().k >= 5);
    let report = built.report.as_ref().unwrap();
    let search = report.search.as_ref().unwrap();
    assert!(search.found && search.optimal && search.at_least.is_none());
    assert_eq!((search.columns[0].level, search.columns[0].levels, search.combinations), (2, 5, 10));
    assert_eq!((search.columns[1].level, search.columns[1].levels), (1, 2));
    assert!(report.to_text().contains("patient.age                level 2 of 5: Classes of width 5"));
    let age = built.manifest.tables[0].columns.iter().find(|column| column.name == "age").unwrap();
    let note = age.deidentification.as_ref().unwrap();
    assert!(note.en.contains("level 2 of 5") && note.ko.contains("5단계 가운데 2"), "{note:?}");
}

#[test]
fn the_schema_does_not_depend_on_what_was_chosen() {
    let ward = ward(&recipe("do = \"search\", widths = [1, 5, 10, 20]"));
    let (fine, synthetic) = (ward.build().unwrap(), ward.build_synthetic().unwrap());
    assert_eq!(shape(&fine.manifest), shape(&synthetic.manifest));
    // Nine patients: no class of five but that of everybody.
    ward.input("patient.csv", patients((0..9).map(|number| number * 7)));
    let coarse = ward.build().unwrap_err().to_string();
    assert!(coarse.contains("privacy.max_suppressed"), "{coarse}");
    ward.define("recipe.toml", &recipe("do = \"search\", widths = [1]").replace(SEX, &SEX.replace("keep", "search")));
    let coarse = ward.build().unwrap();
    assert_eq!(texts(&rows(&coarse, "patient"), "age"), vec![""; 9]);
    assert_eq!(shape(&fine.manifest)[0].1, shape(&coarse.manifest)[0].1);
}

#[test]
fn diversity_and_closeness_are_asked_of_every_class() {
    let searched = recipe("do = \"search\", widths = [1, 5, 10, 20]");
    let ages = |model: &str| {
        let ward = ward(&format!("{searched}\n{model}"));
        ward.define("birth.csv", &decades(1941..=2000));
        let built = ward.build().unwrap();
        texts(&rows(&built, "patient"), "age").into_iter().collect::<BTreeSet<String>>().len()
    };
    // The year of birth follows from the age, and five years of one sex are two or three of them.
    assert_eq!(ages("l_diversity = { column = \"birth\", l = 3 }"), 6);
    assert_eq!(ages("l_diversity = { column = \"birth\", kind = \"entropy\", l = 4.5 }"), 6);
    assert_eq!(ages("l_diversity = { column = \"birth\", kind = \"recursive\", l = 2, c = 0.2 }"), 3);
    assert_eq!(ages("t_closeness = { column = \"birth\", t = 0.93 }"), 6);
    assert_eq!(ages("t_closeness = { column = \"birth\", t = 0.4, distance = \"ordered\" }"), 3);
    let tree = |t: f64| {
        format!(
            "t_closeness = {{ column = \"birth\", t = {t}, distance = \"hierarchical\", hierarchy = \"birth.csv\" }}"
        )
    };
    // Ten years of one sex are half of the years of one decade: most of the way goes to the other decades.
    assert_eq!((ages(&tree(0.89)), ages(&tree(0.8))), (6, 3));
    let ward = ward(&format!("{searched}\n{}", tree(0.8)));
    ward.define("birth.csv", &decades(1943..=2000));
    let text = ward.build().unwrap_err().to_string();
    assert!(text.contains("column `birth` has 2 distinct value(s) that its hierarchy does not list"), "{text}");
}

/// Years of birth with their decades.
fn decades(years: std::ops::RangeInclusive<u32>) -> String {
    let rows = years.map(|year| format!("{year}-01-01,{}\n", (year - 1) / 10));
    "value,decade\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn fixed_levels_leave_out_what_a_model_does_not_allow() {
    // All women of eighty are of one age.
    let ward = ward(&format!("{}\nl_diversity = {{ column = \"birth\", l = 2 }}", recipe(AGE)));
    let mut text = patients(0..200);
    for number in 0..6 {
        text.push_str(&format!("MRN-90000{number},Old,01/03/1938,82,female\n"));
    }
    ward.input("patient.csv", text);
    let risk = ward.build().unwrap().manifest.risk.unwrap();
    assert_eq!((risk.persons, risk.suppressed_persons), (200, 6));
}

#[test]
fn a_table_of_groups_is_a_hierarchy_and_has_to_list_every_value() {
    let searched = recipe(AGE).replace(SEX, "sex = { role = \"quasi\", do = \"search\", hierarchy = \"sex.csv\" }");
    let ward = ward(&searched);
    ward.define("sex.csv", "value,any\nmale,person\nfemale,person\n");
    let plain = ward.build().unwrap();
    assert_eq!(texts(&rows(&plain, "patient"), "sex").into_iter().collect::<BTreeSet<_>>().len(), 2);
    ward.define("recipe.toml", &searched.replace("k = 5", "k = 50"));
    let coarse = ward.build().unwrap();
    assert_eq!(texts(&rows(&coarse, "patient"), "sex"), vec!["person"; 200]);
    assert_ne!(plain.manifest.recipe_sha256, coarse.manifest.recipe_sha256);
    ward.define("sex.csv", "value,any\nmale,person\nfemale,human\n");
    assert_ne!(ward.build().unwrap().manifest.recipe_sha256, coarse.manifest.recipe_sha256);
    let unknown = patients(0..200).replacen("female", "hidden", 7);
    ward.input("patient.csv", unknown);
    let text = ward.build().unwrap_err().to_string();
    assert!(text.contains("patient.csv: column `sex` has 1 distinct value(s)") && !text.contains("hidden"), "{text}");
}

#[test]
fn a_refusal_says_what_would_pass() {
    let error = ward(&recipe("do = \"generalise\", width = 1")).build().unwrap_err();
    let text = error.to_string();
    let (en, ko) = (
        "patient.age: Classes of width 4 would give k = 6 and leave out 0.00 %",
        "patient.age: 폭 4의 구간 → k = 6, 제외 0.00 %",
    );
    assert!(text.contains(en) && text.contains(ko), "{text}");
    let CurateError::Gate(report) = error else { panic!("{text}") };
    assert!(report.search.is_none() && report.to_text().contains(en));
    // What is said is true.
    let built = ward(&recipe("do = \"generalise\", width = 4")).build().unwrap();
    assert_eq!(built.manifest.risk.unwrap().k, 6);
}

#[test]
fn a_search_without_a_result_is_refused_and_nothing_is_written() {
    let ward = ward(&recipe("do = \"search\", widths = [1, 5], suppress = false").replace("k = 5", "k = 80"));
    let error = ward.build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("k = 80"), "{text}");
    // Coarser than the recipe allows would do: nobody is eighty.
    assert!(text.contains("patient.age: Classes of width 80 would give k = 100"), "{text}");
    let CurateError::Gate(report) = error else { panic!("{text}") };
    assert!(report.search.as_ref().is_some_and(|search| !search.found && search.optimal));
    assert!(ward.store_is_empty());
}

#[test]
fn recipes_that_cannot_be_searched_are_refused_with_place_reason_and_mend() {
    let refused = |recipe: &str, place: &str, reason: &str| {
        let text = refusal(recipe);
        assert!(text.contains(place) && text.contains(reason), "{text}");
        assert!(text.chars().any(|c| ('가'..='힣').contains(&c)), "{text}");
    };
    let age = "recipe.toml: columns.patient.age";
    refused(
        &recipe("do = \"search\", widths = [5, 12]"),
        age,
        "12 does not put classes of the level before it together",
    );
    refused(&recipe("do = \"search\", widths = [10, 5]"), age, "5 does not put");
    refused(&recipe("do = \"search\", cuts = [[30, 50], [40]]"), age, "[40.0] does not put");
    refused(&recipe("do = \"search\", parts = [\"month\"]"), age, "does not work on int32");
    refused(&recipe("do = \"search\", width = 5"), age, "no setting `width`");
    refused(&recipe("do = \"search\", hierarchy = \"age.csv\""), age, "age.csv is no file in the definition's folder");
    refused(&recipe("do = \"search\", hierarchy = \"../age.csv\""), age, "is no file in the definition's folder");
    let other = RECIPE.replace(
        "birth = { role = \"event_time\", do = \"date_truncate\", part = \"year\" }",
        "birth = { do = \"search\", parts = [\"month\", \"year\"] }",
    );
    refused(&other, "columns.patient.birth", "is searched and is no quasi-identifier");
    let with = |model: &str| format!("{RECIPE}\n{model}");
    refused(
        &with("l_diversity = { column = \"sex\", l = 3 }"),
        "privacy.l_diversity.column",
        "is not a released column",
    );
    refused(&with("l_diversity = { column = \"birth\", l = 0.5 }"), "privacy.l_diversity", "cannot be");
    refused(&with("l_diversity = { column = \"birth\", kind = \"recursive\", l = 2 }"), "l_diversity", "cannot be");
    refused(&with("t_closeness = { column = \"birth\", t = 1.5 }"), "privacy.t_closeness.t = 1.5", "is not a distance");
    let tree = "t_closeness = { column = \"birth\", t = 0.5, distance = \"hierarchical\" }";
    refused(&with(tree), "privacy.t_closeness.hierarchy", "does not go with the distance");
}

#[test]
fn a_table_that_splits_a_group_is_refused() {
    let ward = ward(&recipe("do = \"search\", hierarchy = \"age.csv\""));
    ward.define("age.csv", "value,one,two\n20,a,x\n21,a,y\n");
    let text = ward.build().unwrap_err().to_string();
    assert!(text.contains("age.csv is not a hierarchy"), "{text}");
}

#[test]
fn the_report_says_how_unique_persons_are_in_the_population() {
    let ward = ward(&format!("{RECIPE}\n[population]\nsize = 1000"));
    let mut text = patients(0..200);
    text.push_str("MRN-900001,Old One,01/03/1930,90,male\n");
    ward.input("patient.csv", text);
    let report = ward.build().unwrap().report.unwrap();
    let population = report.population.unwrap();
    assert!(population.before.unique_share > 0.0 && population.after.unique_share.abs() < f64::EPSILON);
    assert!(report.to_text().contains("estimated for 1000 persons"), "{}", report.to_text());
}

#[test]
fn dates_are_searched_by_their_parts() {
    let ward = ward(&RECIPE.replace(
        "birth = { role = \"event_time\", do = \"date_truncate\", part = \"year\" }",
        "birth = { role = \"quasi\", do = \"search\", parts = [\"month\", \"year\"] }",
    ));
    // All are born in March: the month adds nothing to the year, and one year is too few.
    let built = ward.build().unwrap();
    assert_eq!(built.report.unwrap().search.unwrap().columns[0].level, 3);
}
