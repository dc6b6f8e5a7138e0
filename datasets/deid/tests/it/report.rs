//! The report that a review board decides on: complete in itself, in both languages, and nothing in it is live.

use crate::fixture::{RECIPE, SCHEMA, Ward, patients};
use mudeung_deid::Built;
use mudeung_deid::report::{REPORT, Report};
use std::fs;

const HOSTILE: &str = r#"</td><script>alert("1")</script> & 'more'"#;

/// The ward, with what events are worth measured and a hostile purpose, column and person.
fn built() -> (Ward, Built) {
    let ward = Ward::new();
    let column = "<b onload=x>";
    let recipe = RECIPE
        .replace("purpose = \"test\"", &format!("purpose = '''{HOSTILE}'''\nexpires = 2030-12-31"))
        .replace("note = {", &format!("\"{column}\" = {{"));
    let events =
        "adversary_events = 2\nmax_unique_share = 0.02\n[events.visit]\ntime = \"day\"\nvalues = [\"pressure\"]";
    ward.define("recipe.toml", &format!("{recipe}{events}\n[population]\nsize = 100000\n"));
    let hostile = format!("name = \"{column}\", raw = \"note\"");
    ward.define("schema.toml", &SCHEMA.replace("name = \"note\"", &hostile));
    ward.define("generator.toml", &crate::fixture::GENERATOR.replace("note = {", &format!("\"{column}\" = {{")));
    let mut text = patients(0..200);
    text.push_str("MRN-900001,Old One,01/03/1930,90,male\n");
    ward.input("patient.csv", text);
    let built = ward.build().unwrap_or_else(|error| panic!("{error}"));
    (ward, built)
}

/// The names of elements that are opened, each of which is closed in its turn.
fn elements(page: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("not closed: {tag}"));
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if tag.starts_with('!') || tag.ends_with('/') || ["meta", "br"].contains(&name.as_str()) {
            all.push(name);
        } else if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else {
            open.push(name.clone());
            all.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

#[test]
fn the_page_is_well_formed_escapes_every_text_and_fetches_nothing() {
    let (_ward, built) = built();
    let page = built.report.unwrap().to_html().unwrap();
    let elements = elements(&page);
    assert_eq!(elements.iter().filter(|name| *name == "article").count(), 2);
    assert_eq!(elements.iter().filter(|name| *name == "svg").count(), 8, "four figures in each language");
    for live in ["script", "link", "img", "iframe", "object", "form", "b"] {
        assert!(!elements.iter().any(|name| name == live), "{live}");
    }
    assert!(page.contains("script&#62;alert(&#34;1&#34;)") && page.contains("onload=x"), "{page}");
    for outside in ["http:", "https:", "src=", "url(", "@import", " style="] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_has_the_headings_of_the_guideline_in_both_languages_and_names_what_it_is_about() {
    let (_ward, built) = built();
    let page = built.report.as_ref().unwrap().to_html().unwrap();
    for heading in ["사전준비", "위험성 검토", "가명처리", "적정성 검토", "안전한 관리", "Preparation", "Safe keeping"]
    {
        assert!(page.contains(heading), "{heading}");
    }
    let manifest = &built.manifest;
    let hashes = [&manifest.recipe_sha256, &manifest.input_sha256, &manifest.created_at];
    assert!(hashes.iter().all(|text| page.matches(text.as_str()).count() == 2));
    assert!(page.contains("ward / deidentified / 1") && page.contains("2030-12-31") && page.contains("재식별 금지"));
    assert!(page.contains("visit.csv") && page.contains("k 미만") && page.contains("@media print"));
}

#[test]
fn the_report_stands_beside_the_manifest_and_says_the_same_when_it_is_read_again() {
    let (_ward, built) = built();
    let text = fs::read_to_string(built.folder.join(REPORT)).unwrap();
    let report = built.report.unwrap();
    assert_eq!(text, report.to_json());
    let again = Report::from_json(&text).unwrap();
    assert!(again.to_html().unwrap() == report.to_html().unwrap() && again.to_text() == report.to_text());
    assert!(!text.contains("MRN-") && !text.contains("Old One"), "no patient is in a report");
}

#[test]
fn the_same_build_gives_the_same_report() {
    let [one, other] = [(); 2].map(|()| fs::read(built().1.folder.join(REPORT)));
    assert_eq!(one.unwrap(), other.unwrap());
}

#[test]
fn before_and_after_are_measured_alike() {
    let (_ward, built) = built();
    let report = built.report.unwrap();
    let (before, after) = (&report.attackers.before, &report.attackers.after);
    // One man of 90 is alone before, and left out.
    assert!(
        (before.prosecutor_max - 1.0).abs() < 1e-12
            && (after.prosecutor_max - report.risk.prosecutor_max).abs() < 1e-12
    );
    assert!(after.journalist_max < after.prosecutor_max && after.marketer < 0.01 && after.at_risk.abs() < 1e-12);
    let persons = |bands: &[mudeung_deid::report::SizeBand]| bands.iter().map(|band| band.persons).sum::<u64>();
    assert_eq!((persons(&report.classes.before), persons(&report.classes.after)), (201, 200));
    // Age alone names the one of 90; afterwards nobody is alone on any three columns.
    assert_eq!(report.uniques.columns, ["patient.age", "patient.sex", "patient.birth"]);
    assert_eq!((report.uniques.before.alone_on[0], report.uniques.after.alone_on.iter().sum::<u64>()), (201, 0));
    let age = report.losses.iter().find(|loss| loss.name == "patient.age").unwrap();
    assert!(age.values_before == 60 && age.values_after == 3 && (0.2..0.4).contains(&age.kept), "{age:?}");
}

#[test]
fn a_table_of_the_population_is_counted_in_the_classes_that_are_released() {
    let ward = Ward::new();
    let population = "\n[population]\nsize = 100000\ntable = \"people.csv\"\n";
    ward.define("recipe.toml", &format!("{RECIPE}{population}"));
    // Ten men and three women of each age, and nobody of 80 or more.
    let mut people = "age,sex,persons\n".to_owned();
    (0..80).for_each(|age| people.push_str(&format!("{age},male,10\n{age},female,3\n")));
    ward.define("people.csv", &people);
    let report = ward.build().unwrap().report.unwrap();
    let (before, after) = (&report.attackers.before, &report.attackers.after);
    // Of each age there are three or four patients of one sex: four women count as four, not as three.
    assert!((before.journalist_max - 1.0 / 3.0).abs() < 1e-12, "{before:?}");
    // Released are bands of twenty years: 60 women and 200 men of each, in six classes.
    assert!((after.journalist_max - 1.0 / 60.0).abs() < 1e-12, "{after:?}");
    let women = report.risk.persons / 2;
    assert_eq!(women, 100);
    assert!((after.marketer - (100.0 / 60.0 + 100.0 / 200.0) / 200.0).abs() < 1e-12, "{after:?}");
    assert!(report.to_text().contains("the population's classes are counted"));
    for (broken, place) in
        [("age,persons\n1,2\n", "people.csv: sex"), ("age,sex,persons\nold,male,2\n", "people.csv: age")]
    {
        ward.define("people.csv", broken);
        assert!(ward.build().unwrap_err().to_string().contains(place), "{place}");
    }
    ward.define("recipe.toml", &format!("{RECIPE}{}", population.replace("people", "nobody")));
    assert!(ward.build().unwrap_err().to_string().contains("population.table = \"nobody.csv\""));
}
