//! Two releases of the same patients for two recipients: how many who holds both finds again, measured by the build, and
//! found independently by an attack on the files that were written.

use crate::fixture::{RECIPE, SCHEMA, Ward, mrn, rows, texts};
use arrow::array::AsArray;
use arrow::datatypes::Date32Type;
use mudeung_deid::report::LinkageRisk;
use mudeung_deid::{Built, CurateError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the ward gives to somebody else: other classes, other steps of pressure, another shift, other keys.
const OTHER: &str = r#"
[release]
name = "ward-2"
purpose = "test"
recipient = "two"
preset = "controlled"
[person]
table = "patient"
id = "patient_id"
[columns.patient]
patient_id = { role = "identifier", do = "pseudonym" }
birth = { role = "event_time", do = "date_truncate", part = "year" }
age = { role = "quasi", do = "generalise", width = 30 }
sex = { role = "quasi", do = "keep" }
[columns.visit]
patient_id = { role = "identifier", do = "pseudonym" }
day = { role = "event_time", do = "date_shift", weeks = 10 }
pressure = { do = "round", to = 2 }
[privacy]
k = 5
max_suppressed = 0.05
"#;

fn linked(recipe: &str, max_share: f64) -> String {
    format!("{recipe}\n[linkage]\nrecipes = [\"other.toml\"]\nmax_share = {max_share}\n")
}

/// Neither the year of birth nor the pressures, which name patients beside their classes.
fn coarse(recipe: &str) -> String {
    recipe.replace("birth = { role", "# birth = { role").replace("pressure = {", "# pressure = {")
}

/// A ward with one visit of each patient, of whom all were seen on one weekday.
fn dull(this: &str, other: &str) -> Ward {
    let ward = Ward::new();
    ward.define("recipe.toml", this);
    ward.define("other.toml", other);
    ward.define("generator.toml", &generator());
    let mut text = "mrn,day,at,pressure,note\n".to_owned();
    (0..200).for_each(|number| writeln!(text, "{},2021-03-01,,120,fine", mrn(number)).unwrap());
    ward.input("visit.csv", text);
    ward
}

/// The generator without the columns that the recipe leaves out.
fn generator() -> String {
    crate::fixture::GENERATOR.replace("birth = {", "_birth = {").replace("pressure = {", "_pressure = {")
}

fn risk(built: &Built) -> &LinkageRisk {
    let [risk] = &built.report.as_ref().unwrap().linkage[..] else { panic!("one other release") };
    risk
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

#[test]
fn patients_of_two_coarse_releases_are_not_found_again() {
    let ward = dull(&linked(&coarse(RECIPE), 0.1), &coarse(OTHER));
    let built = ward.build().unwrap();
    let risk = risk(&built);
    assert_eq!((risk.release.as_str(), risk.recipient.as_str()), ("ward-2", "two"));
    assert_eq!(risk.columns, ["patient.age", "patient.sex", "visit.day"]);
    let linked = &risk.linked;
    assert_eq!((linked.persons, linked.drawn, linked.others), (200, 200, 200));
    assert!(near(linked.quasi.unique.share, 0.0) && near(linked.events.unique.share, 0.0), "{linked:?}");
    // Classes of twenty years are parts of one class of thirty or of two, with 33 to 67 persons of each sex.
    let classes = |share: f64| (1.0 / 68.0..=1.0 / 33.0).contains(&share);
    assert!(
        classes(linked.quasi.linked.share) && near(linked.quasi.linked.share, linked.events.linked.share),
        "{linked:?}"
    );
    assert!(near(linked.chance, 1.0 / 200.0) && linked.events.linked.high < 0.1);
}

#[test]
fn rich_releases_are_refused_with_what_would_pass_and_it_does() {
    let ward = Ward::new();
    ward.define("other.toml", OTHER);
    ward.define("recipe.toml", &linked(RECIPE, 0.15));
    let CurateError::Gate(report) = ward.build().unwrap_err() else { panic!("it passed") };
    let [refusal] = &report.refusals[..] else { panic!("{:?}", report.refusals) };
    assert_eq!(refusal.place, "linkage.max_share: other.toml");
    assert!(report.linkage[0].linked.events.linked.share > 0.5 && ward.store_is_empty(), "{:?}", report.linkage);
    assert!(refusal.reason.ko.contains("다시 찾습니다") && refusal.mend.ko.contains("제외 →"), "{refusal}");
    let (_, told) = refusal.mend.en.split_once("\n    - without ").unwrap();
    let (names, _) = told.split_once(" %").unwrap();
    let names: Vec<&str> = names.rsplit_once(' ').unwrap().0.split(", ").collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.contains('.')), "{names:?}");
    // Who leaves out of the release what was named passes.
    let (mut recipe, mut generator) = (linked(RECIPE, 0.15), crate::fixture::GENERATOR.to_owned());
    for name in &names {
        let (_, column) = name.split_once('.').unwrap();
        recipe = recipe.replace(&format!("\n{column} = {{"), &format!("\n# {column} = {{"));
        generator = generator.replace(&format!("\n{column} = {{"), &format!("\n_{column} = {{"));
    }
    ward.define("recipe.toml", &recipe);
    ward.define("generator.toml", &generator);
    let passed = ward.build().unwrap_or_else(|error| panic!("{names:?}: {error}"));
    assert!(risk(&passed).linked.events.linked.high <= 0.15);
}

/// Who in one version has which visits: days since the first one, in their order.
fn intervals(built: &Built) -> BTreeMap<String, Vec<i32>> {
    let visits = rows(built, "visit");
    let days = visits.column_by_name("day").unwrap().as_primitive::<Date32Type>();
    let mut all = BTreeMap::<String, Vec<i32>>::new();
    for (id, day) in texts(&visits, "patient_id").into_iter().zip(days.values()) {
        all.entry(id).or_default().push(*day);
    }
    all.values_mut().for_each(|days| days.sort_unstable());
    all.values_mut().for_each(|days| *days = days.iter().map(|day| day - days[0]).collect());
    all
}

/// The year of birth of each patient, which the fixture gives to one patient alone, names the truth.
fn births(built: &Built) -> BTreeMap<String, String> {
    let patients = rows(built, "patient");
    texts(&patients, "patient_id").into_iter().zip(texts(&patients, "birth")).collect()
}

#[test]
fn what_is_measured_is_what_an_attack_on_the_files_of_both_finds() {
    let (ward, other) = (Ward::new(), Ward::new());
    // Everybody is born in a year alone, so that it names the truth, and is alike in everything else but the visits.
    let mut patients = "mrn,name,birth,age,sex\n".to_owned();
    let mut visits = "mrn,day,at,pressure,note\n".to_owned();
    for number in 0..60_u32 {
        writeln!(patients, "{},Person {number},01/03/{},30,male", mrn(number), 1900 + number).unwrap();
        // A third have intervals of their own, the others share them by fours.
        let gap = if number < 20 { number } else { 40 + number / 4 };
        writeln!(visits, "{},2021-01-01,,120,fine", mrn(number)).unwrap();
        writeln!(visits, "{},2021-{:02}-{:02},,120,fine", mrn(number), 2 + gap / 28, 1 + gap % 28).unwrap();
    }
    let without = |recipe: &str| recipe.replace("pressure = {", "# pressure = {");
    for ward in [&ward, &other] {
        ward.input("patient.csv", &patients);
        ward.input("visit.csv", &visits);
        ward.define("generator.toml", &crate::fixture::GENERATOR.replace("pressure = {", "_pressure = {"));
    }
    ward.define("recipe.toml", &linked(&without(RECIPE), 1.0));
    ward.define("other.toml", &without(OTHER).replace("birth = {", "# birth = {"));
    other.define("recipe.toml", &without(OTHER));
    other.define(
        "generator.toml",
        &crate::fixture::GENERATOR
            .replace("pressure = {", "_pressure = {")
            .replace("note = {", "_note = {")
            .replace("\nat = {", "\n_at = {"),
    );
    let (one, two) = (ward.build().unwrap(), other.build().unwrap());
    let (ours, theirs) = (intervals(&one), intervals(&two));
    let (our_births, their_births) = (births(&one), births(&two));
    let mut found = 0.0;
    for (person, days) in &ours {
        let candidates: Vec<&String> = theirs.iter().filter(|(_, other)| *other == days).map(|(id, _)| id).collect();
        assert!(candidates.iter().any(|id| their_births[*id] == our_births[person]), "the true one is among them");
        found += 1.0 / f64::from(u32::try_from(candidates.len()).unwrap());
    }
    let measured = &risk(&one).linked;
    assert!(found / 60.0 > 0.3 && near(measured.events.linked.share, found / 60.0), "{measured:?} {found}");
    assert!(near(measured.columns.linked.share, 1.0 / 60.0), "{measured:?}");
}

#[test]
fn dates_of_the_person_table_that_are_shifted_link_by_what_lies_between_them() {
    let ward = Ward::new();
    let schema = SCHEMA.replace(
        "    { name = \"age\"",
        "    { name = \"seen\", type = \"date\", format = \"%d/%m/%Y\", description = { ko = \"\", en = \"\" } },\n    { name = \"age\"",
    );
    ward.define("schema.toml", &schema);
    let mut patients = "mrn,name,birth,seen,age,sex\n".to_owned();
    for number in 0..200_u32 {
        let (day, month) = (1 + number % 28, 1 + number / 28);
        writeln!(patients, "{},P,01/01/1980,{day:02}/{month:02}/2021,30,male", mrn(number)).unwrap();
    }
    ward.input("patient.csv", patients);
    ward.input("visit.csv", "mrn,day,at,pressure,note\n".to_owned() + &mrn(0) + ",2021-01-01,,120,fine\n");
    let shifted = |recipe: &str, weeks: u32, cut: &str| {
        let shift = format!("do = \"date_shift\", weeks = {weeks}{cut} }}");
        let recipe = recipe.replace("do = \"date_truncate\", part = \"year\" }", &shift);
        recipe.replace("\nage = {", &format!("\nseen = {{ role = \"event_time\", {shift}\nage = {{"))
    };
    ward.define("generator.toml", &crate::fixture::GENERATOR.replace(
        "\nage = {",
        "\nseen = { source = \"test\", from = { kind = \"date\", first = 1950-01-01, last = 1990-12-31 } }\nage = {",
    ));
    ward.define("recipe.toml", &linked(&shifted(RECIPE, 26, ""), 1.0));
    ward.define("other.toml", &shifted(OTHER, 10, ""));
    let found = risk(&ward.build().unwrap()).linked;
    assert!(near(found.quasi.linked.share, 1.0 / 200.0) && near(found.columns.unique.share, 1.0), "{found:?}");
    // All were seen on one day, and visited once, each after as many days.
    let birth = |number: u32| format!("{},P,01/01/1980,01/02/2021,30,male\n", mrn(number));
    ward.input("patient.csv", "mrn,name,birth,seen,age,sex\n".to_owned() + &(0..200).map(birth).collect::<String>());
    let visit = |number: u32| {
        let (day, month) = (1 + number % 28, 3 + number / 28);
        format!("{},2021-{month:02}-{day:02},,120,fine\n", mrn(number))
    };
    ward.input("visit.csv", "mrn,day,at,pressure,note\n".to_owned() + &(0..200).map(visit).collect::<String>());
    let found = risk(&ward.build().unwrap()).linked;
    assert!(near(found.columns.linked.share, 1.0 / 200.0) && near(found.events.unique.share, 1.0), "{found:?}");
    ward.define("other.toml", &shifted(OTHER, 10, ", truncate = \"month\""));
    let found = risk(&ward.build().unwrap()).linked;
    assert!(near(found.events.linked.share, 1.0 / 200.0), "months of another shift tell no days: {found:?}");
}

#[test]
fn who_is_left_out_of_the_other_release_is_nobodys_candidate_and_not_found() {
    let ward = Ward::new();
    let mut text = crate::fixture::patients(0..197);
    for number in 197..200 {
        text.push_str(&format!("{},Old {number},01/03/1930,90,male\n", mrn(number)));
    }
    ward.input("patient.csv", text);
    // Three of ninety are with the others here, and too few to be released there.
    let old = "do = \"generalise\", width = 20";
    assert!(RECIPE.contains(old));
    ward.define("recipe.toml", &linked(&RECIPE.replace(old, "do = \"generalise\", width = 20, top = 70"), 1.0));
    ward.define("other.toml", &OTHER.replace("width = 30", "width = 20"));
    let measured = risk(&ward.build().unwrap()).linked;
    assert_eq!((measured.persons, measured.others), (200, 197));
    assert!(measured.columns.linked.share < 1.0 && measured.columns.linked.share > 0.0);
    assert!(near(measured.chance, 1.0 / 197.0), "{measured:?}");
}

#[test]
fn rules_that_cannot_be_measured_are_refused_each_with_its_place() {
    let refused = |this: &str, other: &str, told: &str| {
        let ward = Ward::new();
        ward.define("recipe.toml", this);
        ward.define("other.toml", other);
        let problem = ward.build().unwrap_err().to_string();
        assert!(problem.contains(told), "{told}: {problem}");
    };
    let fine = linked(RECIPE, 0.1);
    refused(&linked(RECIPE, 0.001), OTHER, "linkage.max_share = 0.001");
    refused(&fine.replace("\"other.toml\"", ""), OTHER, "names no other release");
    refused(&fine.replace("other.toml", "nobody.toml"), OTHER, "\"nobody.toml\": is no file");
    refused(&fine.replace("other.toml", "../other.toml"), OTHER, "\"../other.toml\": is no file");
    refused(&fine, RECIPE, "the same pseudonyms on purpose");
    refused(&fine, &OTHER.replace("width = 30", "width = -1"), "other.toml: columns.patient.age");
    refused(&fine, &OTHER.replace("[privacy]", "[privacy]\nkay = 5"), "other.toml:");
}

#[test]
fn the_report_says_what_was_found_in_both_languages() {
    let ward = dull(&linked(&coarse(RECIPE), 0.1), &coarse(OTHER));
    let report = ward.build().unwrap().report.unwrap();
    let (text, page) = (report.to_text(), report.to_html().unwrap());
    for part in ["Found again in", "다시 찾음", "ward-2 → two", "by chance (우연) 0.50%"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["같은 환자의 다른 반출물", "Other releases of the same patients", "ward-2 → two (other.toml)"]
    {
        assert!(page.contains(part), "{part}");
    }
    let criterion = "Found again in other.toml (upper end of 95 %)</td><td class=\"n\">≤ 10.00%";
    assert!(page.contains(criterion), "{page}");
}

/// What a release tells of each patient of lymph_node: its columns, some of them up to a value, and for the dates the days
/// since the first one.
fn told(built: &Built, tops: &[(&str, f64)]) -> Vec<Vec<String>> {
    let patients = rows(built, "patient");
    let schema = patients.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| *name != "patient_id");
    let first = patients.column_by_name("diagnosis_date").unwrap().as_primitive::<Date32Type>().clone();
    let column = |name: &str| -> Vec<String> {
        if let Some(days) = patients.column_by_name(name).unwrap().as_primitive_opt::<Date32Type>() {
            let since = |(day, first): (Option<i32>, Option<i32>)| format!("{:?}", day.zip(first).map(|(d, f)| d - f));
            return days.iter().zip(&first).map(since).collect();
        }
        let top = tops.iter().find(|(column, _)| *column == name).map(|(_, top)| *top);
        let clamp = |text: String| match (text.parse::<f64>(), top) {
            (Ok(number), Some(top)) => number.min(top).to_string(),
            _ => text,
        };
        texts(&patients, name).into_iter().map(clamp).collect()
    };
    let columns: Vec<Vec<String>> = names.map(column).collect();
    (0..patients.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

#[test]
fn two_releases_of_real_patients_link_by_their_tables_and_not_by_their_classes() {
    let bundled = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions/lymph_node");
    let ward = Ward::new();
    for file in ["dataset.toml", "schema.toml", "generator.toml"] {
        ward.define(file, &std::fs::read_to_string(bundled.join(file)).unwrap());
    }
    for entry in std::fs::read_dir(bundled.join("data")).unwrap() {
        let path = entry.unwrap().path();
        ward.input(path.file_name().unwrap().to_str().unwrap(), std::fs::read(&path).unwrap());
    }
    let recipe = std::fs::read_to_string(bundled.join("recipe.toml")).unwrap();
    let other = recipe.replace("recipient = \"sandbox\"", "recipient = \"two\"").replace("top = 80 }", "top = 30 }");
    let other = other.replace("top = 24 }", "top = 5 }").replace("weeks = 26", "weeks = 9");
    ward.define("recipe.toml", &other);
    let two = ward.build().unwrap();
    ward.define("recipe.toml", &linked(&recipe, 1.0));
    ward.define("other.toml", &other);
    let one = ward.build().unwrap();
    // An attack on the files: whoever tells the same when told as coarsely is a candidate.
    let coarse = [("tumor_size", 30.0), ("positive_nodes", 5.0)];
    let (ours, theirs) = (told(&one, &coarse), told(&two, &coarse));
    let candidates = |patient: &Vec<String>| theirs.iter().filter(|other| *other == patient).count();
    let found: f64 =
        ours.iter().map(candidates).map(|count| 1.0 / f64::from(u32::try_from(count).unwrap())).sum::<f64>();
    let measured = &risk(&one).linked;
    let persons = f64::from(u32::try_from(ours.len()).unwrap());
    assert!(near(measured.columns.linked.share, found / persons), "{measured:?} {found} of {persons}");
    assert!(measured.columns.unique.share > 0.99, "{measured:?}");
    assert!(near(measured.quasi.unique.share, 0.0) && measured.quasi.linked.share < 0.02, "{measured:?}");
}
