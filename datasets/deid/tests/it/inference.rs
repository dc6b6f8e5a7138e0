//! What may be guessed of a sensitive column of somebody whose quasi-identifiers are known, beside who is not in the release.

use crate::fixture::{GENERATOR, RECIPE, SCHEMA, Ward, mrn};
use mudeung_deid::report::Report;
use mudeung_deid::{Built, CurateError};
use std::fmt::Write as _;

/// A ward whose patients have a diagnosis, in classes of ten alike.
fn ward(recipe: &str, diagnosis: impl Fn(u32) -> u32) -> Ward {
    let ward = Ward::new();
    let column =
        "    { name = \"sick\", type = \"int32\", description = { ko = \"\", en = \"\" } },\n    { name = \"age\"";
    ward.define("schema.toml", &SCHEMA.replace("    { name = \"age\"", column));
    let mut text = "mrn,name,birth,sick,age,sex\n".to_owned();
    for number in 0..1_000 {
        let (age, sex) = (20 + number / 10 % 50, if number >= 500 { "male" } else { "female" });
        writeln!(text, "{},P,01/03/1980,{},{age},{sex}", mrn(number), diagnosis(number)).unwrap();
    }
    ward.input("patient.csv", text);
    ward.define("recipe.toml", &sick(recipe));
    let drawn = "sick = { source = \"test\", from = { kind = \"constant\", value = 1 } }\nage = {";
    ward.define("generator.toml", &GENERATOR.replace("age = {", drawn));
    ward
}

/// Exact ages, and the diagnosis as it is.
fn sick(recipe: &str) -> String {
    let recipe = recipe.replace("do = \"generalise\", width = 20", "do = \"generalise\", width = 1");
    recipe.replace("\nage = {", "\nsick = { role = \"sensitive\", do = \"keep\" }\nage = {")
}

fn report(built: Built) -> Report {
    built.report.unwrap()
}

#[test]
fn what_holds_for_everybody_who_is_alike_is_no_risk_of_the_one() {
    let report = report(ward(RECIPE, |number| number / 10 % 3).build().unwrap());
    let [both] = &report.inference[..] else { panic!("one sensitive column") };
    assert_eq!(both.after.attack.name, "patient.sick");
    let guess = &both.after.attack;
    assert_eq!((guess.attack.hits, guess.control.hits), (guess.attack.attempts, guess.control.attempts));
    assert_eq!(guess.attack.attempts + guess.control.attempts, 1_000);
    assert!((150..250).contains(&guess.control.attempts) && both.after.gain.high < 0.03, "{both:?}");
}

#[test]
fn what_only_the_release_tells_is_a_risk_and_coarser_classes_lessen_it() {
    let alone = ward(RECIPE, |number| number);
    let fine = report(alone.build().unwrap());
    let gain = fine.inference[0].after.gain;
    assert!(fine.inference[0].after.attack.control.hits == 0 && gain.low > 0.05, "{gain:?}");
    alone.define("recipe.toml", &sick(RECIPE).replace("width = 1 }", "width = 25 }"));
    let coarse = report(alone.build().unwrap());
    assert!(coarse.inference[0].after.gain.high < gain.low, "{:?}", coarse.inference);
    assert!(
        (coarse.inference[0].before.gain.share - fine.inference[0].before.gain.share).abs() < 1e-12,
        "before is before"
    );
}

#[test]
fn a_limit_refuses_and_names_the_column_without_which_it_passes() {
    let recipe = format!("{RECIPE}max_inference = 0.05\n");
    let alone = ward(&recipe, |number| number);
    let CurateError::Gate(refused) = alone.build().unwrap_err() else { panic!("it passed") };
    let [refusal] = &refused.refusals[..] else { panic!("{:?}", refused.refusals) };
    assert_eq!(refusal.place, "privacy.max_inference: patient.sick");
    assert!(
        refusal.mend.en.contains("without patient.age it would be") && !refusal.mend.en.contains("without patient.sex")
    );
    assert!(refusal.mend.ko.contains("patient.age 제외"), "{refusal}");
    alone.define("recipe.toml", &sick(&recipe).replace("\nage = {", "\n# age = {"));
    alone.define(
        "generator.toml",
        &GENERATOR.replace(
            "\nage = {",
            "\nsick = { source = \"test\", from = { kind = \"constant\", value = 1 } }\n_age = {",
        ),
    );
    let report = report(alone.build().unwrap());
    assert!(report.inference[0].after.gain.high <= 0.05);
    let page = report.to_html().unwrap();
    assert!(page.contains("민감 정보의 추측") && page.contains("Guesses at what is sensitive"), "{page}");
    assert!(
        page.contains("Guessed because they are in it (upper end of 95 %)")
            && report.to_text().contains("at most 5.00%")
    );
}

#[test]
fn what_is_not_shown_to_be_little_enough_is_refused() {
    let alone = ward(RECIPE, |number| number);
    let gain = report(alone.build().unwrap()).inference[0].after.gain;
    let limited = |at_most: f64| sick(&format!("{RECIPE}max_inference = {at_most}\n"));
    alone.define("recipe.toml", &limited((gain.share + gain.high) / 2.0));
    assert!(matches!(alone.build(), Err(CurateError::Gate(_))), "the interval reaches beyond it");
    alone.define("recipe.toml", &limited(gain.high + 1e-6));
    assert!(alone.build().is_ok());
}

#[test]
fn the_order_of_the_input_does_not_change_what_is_measured() {
    let straight = ward(RECIPE, |number| number * number % 7);
    let turned = ward(RECIPE, |number| number * number % 7);
    let text = std::fs::read_to_string(straight.path("input").join("patient.csv")).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().rev().collect();
    turned.input("patient.csv", format!("{header}\n{}\n", lines.join("\n")));
    let [one, other] = [straight, turned].map(|ward| report(ward.build().unwrap()).inference);
    assert_eq!((&one[0].before, &one[0].after), (&other[0].before, &other[0].after));
}

#[test]
fn a_limit_that_is_no_share_is_refused() {
    let ward = Ward::new();
    ward.define("recipe.toml", &format!("{RECIPE}max_inference = 1.5\n"));
    assert!(ward.build().unwrap_err().to_string().contains("privacy.max_inference = 1.5"));
}
