//! The risk from an adversary who knows events: measured on what is released, refused above what is allowed.

use crate::fixture::{RECIPE, Ward, mrn, patients, rows, texts, visits};
use mudeung_deid::report::EventRisk;
use mudeung_deid::{Built, CurateError};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The ward's recipe with what an adversary knows of visits.
fn recipe(rule: &str, known: u32, allowed: f64) -> String {
    format!("{RECIPE}adversary_events = {known}\nmax_unique_share = {allowed}\n[events.visit]\n{rule}\n")
}

const VISIT: &str = "time = \"day\"\nvalues = [\"pressure\"]";

fn events(built: &Built) -> &EventRisk {
    built.report.as_ref().unwrap().events.as_ref().unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

/// Visits of which the pressure names the patient: no two have the same.
fn telling(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut text = "mrn,day,at,pressure,note\n".to_owned();
    for number in numbers {
        for month in [1, 5, 9] {
            let day = 1 + number % 28;
            writeln!(text, "{},2021-0{month}-{day:02},,{},fine", mrn(number), 100 + number).unwrap();
        }
    }
    text
}

#[test]
fn one_exact_visit_names_everybody_and_two_coarse_and_shifted_ones_nobody() {
    let ward = Ward::new();
    ward.define("recipe.toml", &recipe(VISIT, 2, 0.02));
    let built = ward.build().unwrap();
    let risk = events(&built);
    assert_eq!(risk.columns, ["visit.day", "visit.pressure"]);
    // Of 200 patients no two share day and pressure; released, four share all pressures and the days between visits.
    assert!(risk.before.iter().take(3).all(|share| near(share.unique.share, 1.0) && share.persons == 200));
    assert!(risk.after.iter().take(3).all(|share| near(share.unique.share, 0.0)), "{risk:?}");
    assert_eq!((risk.before[3].persons, risk.after[3].persons), (0, 0), "nobody has four visits");
    let text = built.report.as_ref().unwrap().to_text();
    assert!(text.contains("*2 known") && text.contains("알려진 사건"), "{text}");
}

#[test]
fn what_events_single_out_is_refused_and_the_mend_that_is_named_passes() {
    let ward = Ward::new();
    ward.input("visit.csv", telling(0..200));
    let fine = recipe(VISIT, 2, 0.02).replace("do = \"round\", to = 5", "do = \"keep\"");
    ward.define("recipe.toml", &fine);
    let CurateError::Gate(report) = ward.build().unwrap_err() else { panic!("it passed") };
    let [refusal] = &report.refusals[..] else { panic!("{:?}", report.refusals) };
    assert_eq!(refusal.place, "privacy.adversary_events");
    assert!(refusal.mend.en.contains("visit.pressure: Rounded to the nearest 10 would single out 0.00 %"), "{refusal}");
    assert!(!refusal.mend.en.contains("visit.day:"), "a coarser day would not have helped: {refusal}");
    assert!(near(report.events.unwrap().after[1].unique.share, 1.0) && ward.store_is_empty());
    ward.define("recipe.toml", &fine.replace("pressure = { do = \"keep\" }", "pressure = { do = \"round\", to = 10 }"));
    assert!(near(events(&ward.build().unwrap()).after[1].unique.share, 0.0));
}

#[test]
fn a_code_is_an_event_and_what_an_adversary_remembers_coarsely_tells_less() {
    let ward = Ward::new();
    ward.input("visit.csv", telling(0..200));
    let coded = "time = \"day\"\ncode = \"note\"";
    ward.define("recipe.toml", &recipe(coded, 1, 0.9));
    let built = ward.build().unwrap();
    // Everybody is fine on three days; 28 days are shared by seven or eight.
    assert!(near(events(&built).before[0].below_k.share, 0.0) && near(events(&built).before[0].unique.share, 0.0));
    let dull = format!("{VISIT}\ntime_width = 3650\nvalue_widths = {{ pressure = 1000.0 }}");
    ward.define("recipe.toml", &recipe(&dull, 1, 0.9));
    let built = ward.build().unwrap();
    assert!(near(events(&built).before[0].unique.share, 0.0));
    assert_eq!(events(&built).memory, ["visit.day: 3650 d, visit.pressure: 1000"]);
}

#[test]
fn what_is_measured_is_what_the_released_files_show() {
    let ward = Ward::new();
    let mut text = "mrn,day,at,pressure,note\n".to_owned();
    for number in 0..200_u32 {
        for visit in 0..(1 + number % 4) {
            let (day, month) = (1 + (number * 13 + visit * 5) % 28, 1 + (number * 7 + visit * 11) % 12);
            let pressure = 100 + (number * number + visit * 17) % 60;
            writeln!(text, "{},2021-{month:02}-{day:02},,{pressure},fine", mrn(number)).unwrap();
        }
    }
    ward.input("visit.csv", text);
    let shift = "day = { role = \"event_time\", do = \"date_shift\", weeks = 26";
    let monthly = recipe(VISIT, 1, 1.0).replace(shift, &format!("{shift}, truncate = \"month\""));
    let monthly = monthly.replace("do = \"round\", to = 5", "do = \"keep\"");
    ward.define("recipe.toml", &monthly);
    let built = ward.build().unwrap();
    let released = rows(&built, "visit");
    let days = texts(&released, "day").into_iter().map(|day| day.parse::<jiff::civil::Date>().unwrap());
    let days: Vec<_> = days.collect();
    let ids = texts(&released, "patient_id");
    let mut firsts = BTreeMap::new();
    ids.iter().zip(&days).for_each(|(id, day)| {
        firsts
            .entry(id.clone())
            .and_modify(|first: &mut jiff::civil::Date| *first = (*first).min(*day))
            .or_insert(*day);
    });
    let mut known = BTreeMap::<(i32, String), BTreeSet<String>>::new();
    for ((id, day), pressure) in ids.iter().zip(&days).zip(texts(&released, "pressure")) {
        let since = firsts[id].until(*day).unwrap().get_days();
        known.entry((since, pressure)).or_default().insert(id.clone());
    }
    let mut shares = BTreeMap::<&String, (u32, u32)>::new();
    for persons in known.values() {
        for person in persons {
            let (alone, all) = shares.entry(person).or_default();
            *alone += u32::from(persons.len() == 1);
            *all += 1;
        }
    }
    let truth = shares.values().map(|(alone, all)| f64::from(*alone) / f64::from(*all)).sum::<f64>() / 200.0;
    let found = events(&built).after[0];
    assert!(truth > 0.1 && (found.unique.share - truth).abs() < 0.05, "{found:?} {truth}");
}

#[test]
fn the_order_of_the_input_does_not_change_what_is_measured() {
    let (ward, shuffled) = (Ward::new(), Ward::new());
    for ward in [&ward, &shuffled] {
        ward.define("recipe.toml", &recipe(VISIT, 2, 0.02));
    }
    shuffled.input("patient.csv", patients((0..200).rev()));
    shuffled.input("visit.csv", visits((0..200).map(|number| (number * 77) % 200)));
    let (one, other) = (ward.build().unwrap(), shuffled.build().unwrap());
    assert_eq!((&events(&one).before, &events(&one).after), (&events(&other).before, &events(&other).after));
}

#[test]
fn rules_that_cannot_be_measured_are_refused_each_with_its_place() {
    let refused = |recipe: &str, place: &str| {
        let ward = Ward::new();
        ward.define("recipe.toml", recipe);
        let problem = ward.build().unwrap_err().to_string();
        assert!(problem.contains(place), "{place}: {problem}");
    };
    refused(&format!("{RECIPE}[events.visit]\n{VISIT}\n"), "come together");
    refused(&format!("{RECIPE}adversary_events = 2\nmax_unique_share = 0.1\n"), "come together");
    refused(&recipe(VISIT, 5, 0.1), "adversary_events = 5");
    refused(&recipe(VISIT, 2, 0.0), "max_unique_share = 0");
    refused(&recipe("time = \"day\"", 2, 0.1), "does not say what is known");
    refused(&recipe("values = [\"patient_id\"]", 2, 0.1), "events.visit: patient_id");
    refused(&recipe("values = [\"pulse\"]", 2, 0.1), "events.visit: pulse");
    refused(&recipe("values = [\"pressure\", \"pressure\"]", 2, 0.1), "events.visit: pressure");
    refused(&recipe("values = [\"pressure\"]\nvalue_widths = { pressure = 0.0 }", 2, 0.1), "width");
    refused(&recipe("values = [\"pressure\"]\ntime_width = 7", 2, 0.1), "time_width");
    refused(&recipe(VISIT, 2, 0.1).replace("[events.visit]", "[events.patient]"), "events.patient");
}

#[test]
fn weeks_and_quarters_begin_on_mondays_and_in_january_april_july_and_october() {
    let ward = Ward::new();
    let days = |part: &str| -> BTreeSet<String> {
        let shift = "day = { role = \"event_time\", do = \"date_shift\", weeks = 26 }";
        let cut = format!("day = {{ role = \"event_time\", do = \"date_truncate\", part = \"{part}\" }}");
        ward.define("recipe.toml", &RECIPE.replace(shift, &cut));
        texts(&rows(&ward.build().unwrap(), "visit"), "day").into_iter().collect()
    };
    assert_eq!(days("quarter").into_iter().collect::<Vec<_>>(), ["2021-01-01", "2021-04-01", "2021-07-01"]);
    let weeks = days("week");
    assert!(
        weeks.contains("2020-12-28")
            && weeks
                .iter()
                .all(|day| { day.parse::<jiff::civil::Date>().unwrap().weekday() == jiff::civil::Weekday::Monday })
    );
}
