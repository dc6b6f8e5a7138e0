//! The part of docs/CALIBRATION.md that is about this program: written anew from what is drawn, and held against the
//! page.

use super::{Life, Visit, age, first, model, share, slope};
use crate::chronic::course;
use crate::chronic::exam::Sugar;
use crate::chronic::life::{Cause, Disease};
use crate::chronic::model::Model;
use crate::chronic::spec::{self, Drug};
use crate::program::person::Sex;
use std::fmt::Write;

const PERSONS: u64 = 20_000;
const SEED: u64 = 20_260_107;
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CALIBRATION.md");

const HEAD: &str = "# Calibration of chronic

What 20,000 simulated persons of [chronic](../datasets/definitions/chronic), of the seed of the bundled dataset, hold
beside the figures. The test `the_page_of_calibration_is_what_is_drawn` of `datasets/synth` writes this part and holds
the page to it.

Figures are per cent: those of the Diabetes Fact Sheet in Korea 2021 for adults of 30 and older, and of KNHANES 2011 to
2013 for adults of 20 and older. An examination is the first check-up; diabetes is known, or an HbA1c of 6.5 % or a
fasting glucose of 126 mg/dL or more. Intervals are Wilson's (95 %).
";

#[test]
fn the_page_of_calibration_is_what_is_drawn() {
    let model = model();
    let lives: Vec<Life> = (0..PERSONS).map(|number| course::draw(model, SEED, number).unwrap()).collect();
    let page = page(model, &lives);
    let written = std::fs::read_to_string(PAGE).unwrap();
    assert!(written.ends_with(&format!("\n{page}")), "the figures moved: put this in its place in {PAGE}\n{page}");
}

fn page(model: &Model, lives: &[Life]) -> String {
    let mut page = String::from(HEAD);
    surveyed(&mut page, lives);
    bands(&mut page, lives);
    slopes(&mut page, model, lives);
    ends(&mut page, model, lives);
    page
}

fn is_high(life: &Life) -> bool {
    life.exam.aware || first(life).sugar.is_some_and(Sugar::is_high)
}

/// A share in per cent with Wilson's interval.
fn interval(part: usize, whole: usize) -> String {
    let (p, n, z) = (share(part, whole) / 100.0, super::count(whole), 1.96);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let wide = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    format!("{:.1} | {:.1} to {:.1}", 100.0 * p, 100.0 * (middle - wide), 100.0 * (middle + wide))
}

fn surveyed(page: &mut String, lives: &[Life]) {
    let targets = spec::parse(super::FIGURES).unwrap().targets.value;
    let adults: Vec<&Life> = lives.iter().filter(|life| age(life) >= 30.0).collect();
    let have: Vec<&&Life> = adults.iter().filter(|life| is_high(life)).collect();
    let of = |holds: &dyn Fn(&Life) -> bool| (have.iter().filter(|life| holds(life)).count(), have.len());
    let kidney = |holds: &dyn Fn(&Visit) -> bool| (lives.iter().filter(|life| holds(first(life))).count(), lives.len());
    let egfr = |visit: &Visit| visit.kidney.unwrap().egfr;
    let albumin = |visit: &Visit| visit.kidney.unwrap().albumin;
    let hba1c = |life: &Life| first(life).sugar.unwrap().hba1c;
    let solved = "solved";
    let rows = [
        ("diabetes, of 30 and older", targets.prevalence, (have.len(), adults.len()), "figures of the adults"),
        ("of them: aware", targets.awareness, of(&|life| life.exam.aware), solved),
        ("of them: treated", 61.4, of(&|life| life.exam.treated), solved),
        ("of them: HbA1c below 6.5 %", targets.control, of(&|life| hba1c(life) < 6.5), solved),
        ("filtration below 60", targets.low_filtration, kidney(&|visit| egfr(visit) < 60.0), solved),
        (
            "albumin of 30 mg/g and more at 60 and above",
            targets.albuminuria,
            kidney(&|visit| egfr(visit) >= 60.0 && albumin(visit) >= 30.0),
            solved,
        ),
        ("either", 8.2, kidney(&|visit| visit.kidney.unwrap().is_beyond()), "sum of the two"),
        ("filtration of 45 to 59", 1.9, kidney(&|visit| (45.0..60.0).contains(&egfr(visit))), "assumed loss"),
        ("filtration of 30 to 44", 0.4, kidney(&|visit| (30.0..45.0).contains(&egfr(visit))), "assumed loss"),
        ("filtration below 30", 0.2, kidney(&|visit| egfr(visit) < 30.0), "assumed loss"),
    ];
    page.push_str("\n## Survey\n\n| | figure | generated | 95 % interval | difference | follows from |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for (name, target, (part, whole), from) in rows {
        let difference = share(part, whole) - target;
        writeln!(page, "| {name} | {target:.1} | {} | {difference:+.2} | {from} |", interval(part, whole)).unwrap();
    }
    let below_7 = of(&|life| hba1c(life) < 7.0);
    writeln!(page, "\nHbA1c is below 7 % in {:.1} % of those with diabetes.", share(below_7.0, below_7.1)).unwrap();
}

fn bands(page: &mut String, lives: &[Life]) {
    page.push_str("\n## Prevalence by sex and age\n\nNot solved for and not judged: it follows from assumed slopes.\n");
    page.push_str("\n| | persons | diabetes | kidney disease |\n|---|---|---|---|\n");
    for (sex, name) in [(Sex::Male, "men"), (Sex::Female, "women")] {
        for low in [20, 30, 40, 50, 60, 70] {
            let (from, until) = (f64::from(low), if low == 70 { 200.0 } else { f64::from(low + 10) });
            let inside = lives.iter().filter(|life| life.traits.adult.person.sex == sex);
            let inside: Vec<&Life> = inside.filter(|life| (from..until).contains(&age(life))).collect();
            let band = if low == 70 { "70+".to_owned() } else { format!("{low}-{}", low + 9) };
            let ill = inside.iter().filter(|life| is_high(life)).count();
            let kidneys = inside.iter().filter(|life| first(life).kidney.unwrap().is_beyond()).count();
            let (ill, kidneys) = (share(ill, inside.len()), share(kidneys, inside.len()));
            writeln!(page, "| {name}, {band} | {} | {ill:.1} | {kidneys:.1} |", inside.len()).unwrap();
        }
    }
}

fn slopes(page: &mut String, model: &Model, lives: &[Life]) {
    page.push_str("\n## Slope of filtration\n\n");
    page.push_str(
        "In mL/min/1.73 m² a year, by a line through all tests of who takes no drug that slows it, from the\n",
    );
    page.push_str("first check-up on, where there are 1.8 years and more; by albumin at that check-up.\n\n");
    page.push_str("| | figure | generated | standard error | persons |\n|---|---|---|---|---|\n");
    let rows = [
        ("A1, below 30 mg/g", 0.0..30.0, model.slopes.a1.0),
        ("A2, 30 to 299", 30.0..300.0, model.slopes.a2.0),
        ("A3, 300 and above", 300.0..f64::MAX, model.slopes.a3.0),
    ];
    for (name, class, wanted) in rows {
        let of_class = lives.iter().filter(|life| class.contains(&life.exam.albumin) && !is_slowed(life));
        let slopes: Vec<f64> = of_class.filter_map(slope).collect();
        let (mean, error) = super::moments(&slopes);
        writeln!(page, "| {name} | {wanted:.2} | {mean:.2} | {error:.2} | {} |", slopes.len()).unwrap();
    }
}

/// Whether a drug that slows the loss is ever taken.
pub(super) fn is_slowed(life: &Life) -> bool {
    life.exposures.iter().any(|exposure| matches!(exposure.drug, Drug::Acei | Drug::Sglt2))
}

fn ends(page: &mut String, model: &Model, lives: &[Life]) {
    let (mut expected, mut seen, mut persons) = (0.0, 0, 0);
    for life in lives {
        let visit = first(life);
        let Some(kidney) = visit.kidney.filter(|kidney| kidney.egfr < 60.0) else { continue };
        let sex = life.traits.adult.person.sex;
        expected += model.failure_risk.of(sex, age(life), kidney.egfr, kidney.albumin).0;
        persons += 1;
        seen += usize::from(life.dialysis.is_some_and(|day| day <= visit.day + 731));
    }
    let died = |holds: fn(&Cause) -> bool| {
        lives.iter().filter(|life| life.death.is_some_and(|(cause, _)| holds(&cause))).count()
    };
    let (other, failed) = (died(|cause| *cause == Cause::Other), died(|cause| *cause == Cause::Of(Disease::Failure)));
    let added = died(|cause| *cause != Cause::Other) - failed;
    page.push_str("\n## Kidney failure and death\n\n");
    writeln!(
        page,
        "Of {persons} persons with a filtration below 60 at the first check-up, {seen} began dialysis within"
    )
    .unwrap();
    writeln!(page, "two years, where the four-variable equation expects {expected:.1} of the same values.").unwrap();
    writeln!(
        page,
        "By the end of 2024 {other} died of other causes, {added} of what diabetes and the kidneys add, and {failed}"
    )
    .unwrap();
    let more = share(added + failed, other) * 0.965 - 3.5;
    writeln!(page, "on dialysis: {more:.0} % more than in the life table, of which other causes are 0.965.").unwrap();
}
