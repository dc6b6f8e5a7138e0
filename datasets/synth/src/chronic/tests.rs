//! The program with its own definition: the population is what was surveyed, drugs do what trials found, kidneys fail
//! as often as their equation says, persons are those of the other programs, and figures that cannot be used are
//! refused.

mod calibration;
mod coherence;

use super::course;
use super::kidneys::Kidneys;
use super::life::{Cause, Disease, Life, Place, Visit};
use super::model::{Model, survey};
use super::spec::{self, Drug};
use super::traits;
use crate::program::person::{DAYS_PER_YEAR, Sex};
use crate::program::tests::{rows, schemas};
use crate::{Amount, Generator, SynthError};
use std::sync::LazyLock;

pub(crate) const FIGURES: &str = include_str!("../../../definitions/chronic/generator.toml");
pub(crate) const SCHEMA: &str = include_str!("../../../definitions/chronic/schema.toml");

/// Bound once, since its levels are solved.
fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| Model::bind(spec::parse(FIGURES).unwrap()).unwrap());
    &MODEL
}

fn lives(model: &Model, persons: std::ops::Range<u64>, seed: u64) -> Vec<Life> {
    persons.map(|number| course::draw(model, seed, number).unwrap()).collect()
}

fn count(part: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap())
}

fn share(part: usize, whole: usize) -> f64 {
    100.0 * count(part) / count(whole)
}

/// Mean and standard error.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / count(values.len());
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count(values.len() - 1);
    (mean, (square / count(values.len())).sqrt())
}

fn first(life: &Life) -> &Visit {
    life.visits.iter().find(|visit| visit.place == Place::Checkup).unwrap()
}

#[test]
fn the_population_is_what_the_surveys_found() {
    let model = model();
    let targets = spec::parse(FIGURES).unwrap().targets.value;
    for seed in [1, 20_260_107] {
        let lives = lives(model, 0..20_000, seed);
        let is_high = |life: &&&Life| first(life).sugar.is_some_and(super::exam::Sugar::is_high);
        let adults: Vec<&Life> = lives.iter().filter(|life| age(life) >= 30.0).collect();
        let have: Vec<&&Life> = adults.iter().filter(|life| life.exam.aware || is_high(life)).collect();
        let of = |holds: &dyn Fn(&Life) -> bool| share(have.iter().filter(|life| holds(life)).count(), have.len());
        let of_all =
            |holds: &dyn Fn(&Visit) -> bool| share(lives.iter().filter(|life| holds(first(life))).count(), lives.len());
        let kidney = |visit: &Visit| visit.kidney.unwrap();
        let pairs = [
            ("prevalence", share(have.len(), adults.len()), targets.prevalence, 1.5),
            ("awareness", of(&|life| life.exam.aware), targets.awareness, 2.5),
            ("treatment", of(&|life| life.exam.treated), 61.4, 2.5),
            ("control", of(&|life| first(life).sugar.unwrap().hba1c < 6.5), targets.control, 2.5),
            ("filtration below 60", of_all(&|visit| kidney(visit).egfr < 60.0), targets.low_filtration, 0.4),
            (
                "albuminuria at 60 and above",
                of_all(&|visit| kidney(visit).egfr >= 60.0 && kidney(visit).albumin >= 30.0),
                targets.albuminuria,
                0.5,
            ),
            ("kidney disease", of_all(&|visit| kidney(visit).is_beyond()), 8.2, 0.6),
            ("stages 3b to 5", of_all(&|visit| kidney(visit).egfr < 45.0), 0.6, 0.3),
        ];
        for (name, found, wanted, off) in pairs {
            println!("{name}: {found:.2} for {wanted}, seed {seed}");
            assert!((found - wanted).abs() < off, "{name}: {found} instead of {wanted}, seed {seed}");
        }
        let of_sex = |sex: Sex| {
            let all = adults.iter().filter(|life| life.traits.adult.person.sex == sex).count();
            share(have.iter().filter(|life| life.traits.adult.person.sex == sex).count(), all)
        };
        let old = adults.iter().filter(|life| age(life) >= 65.0).count();
        let ill = share(have.iter().filter(|life| age(life) >= 65.0).count(), old);
        println!("men {:.1}, women {:.1}, 65 and older {ill:.1}", of_sex(Sex::Male), of_sex(Sex::Female));
        assert!(of_sex(Sex::Male) > of_sex(Sex::Female) + 2.0 && (25.0..35.0).contains(&ill), "{ill}");
    }
}

fn age(life: &Life) -> f64 {
    life.traits.adult.person.age(life.traits.adult.checkup)
}

/// Everybody's measured filtration, by a line through all tests, by class and by whether a drug slows it.
#[test]
fn filtration_falls_by_the_slopes_of_its_class() {
    let model = model();
    let lives = lives(model, 0..40_000, 3);
    for (name, from, until, (wanted, _)) in [
        ("A1", 0.0, 30.0, model.slopes.a1),
        ("A2", 30.0, 300.0, model.slopes.a2),
        ("A3", 300.0, f64::MAX, model.slopes.a3),
    ] {
        let of_class = lives.iter().filter(|life| life.exam.albumin >= from && life.exam.albumin < until);
        let slopes: Vec<f64> = of_class.filter(|life| !calibration::is_slowed(life)).filter_map(slope).collect();
        let (mean, error) = moments(&slopes);
        println!("{name}: {mean:.2} ({error:.2}) a year for {wanted}, {} persons", slopes.len());
        assert!((mean - wanted).abs() < 4.0 * error + 0.1, "{name}: {mean} ({error}) instead of {wanted}");
    }
}

/// The slope of measured filtration from the first check-up on, where there are two years of it.
fn slope(life: &Life) -> Option<f64> {
    let tests = life.visits.iter().filter(|visit| visit.day >= life.traits.adult.checkup);
    let points: Vec<(f64, f64)> =
        tests.filter_map(|visit| Some((f64::from(visit.day) / DAYS_PER_YEAR, visit.kidney?.egfr))).collect();
    let years = points.last()?.0 - points.first()?.0;
    let (x, _) = moments(&points.iter().map(|point| point.0).collect::<Vec<_>>());
    let (y, _) = moments(&points.iter().map(|point| point.1).collect::<Vec<_>>());
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (years >= 1.8).then(|| above / below)
}

/// DAPA-CKD on its own terms: the same persons with the drug and without it.
#[test]
fn an_sglt2_inhibitor_dips_then_slows_and_lowers_albumin_as_in_the_trial() {
    let model = model();
    let traits = traits::draw(model, 1, 1).unwrap();
    let mut exam = super::exam::examine(model, &traits, &model.levels);
    (exam.filtration, exam.albumin, exam.slope) = (43.0, 950.0, -3.59);
    exam.drugs.clear();
    let begun = traits.adult.checkup;
    let placebo = Kidneys::new(model, &exam, begun, true);
    let mut drug = placebo.clone();
    drug.begin(Drug::Sglt2, begun);
    let two_weeks = begun + 14;
    let dip = placebo.filtration(model, two_weeks) - drug.filtration(model, two_weeks);
    assert!((dip - 2.61).abs() < 0.1, "{dip}");
    let slope = |kidneys: &Kidneys| {
        let fall = kidneys.filtration(model, two_weeks + 731) - kidneys.filtration(model, two_weeks);
        fall / (731.0 / DAYS_PER_YEAR)
    };
    assert!((slope(&placebo) + 3.59).abs() < 0.01 && (slope(&drug) + 1.67).abs() < 0.01, "{}", slope(&drug));
    let left = drug.albumin(model, two_weeks + 100) / placebo.albumin(model, two_weeks + 100);
    assert!((left - 0.707).abs() < 1e-9, "{left}");
}

/// HbA1c half a year after metformin was begun alone, at some 8 per cent: Hirst 2012.
#[test]
fn metformin_lowers_hba1c_as_the_trials_found() {
    let model = model();
    let mut changes = Vec::new();
    for life in lives(model, 0..60_000, 4) {
        let glucose = |drug: Drug| !matches!(drug, Drug::Acei | Drug::Statin);
        let begun =
            life.exposures.iter().filter(|exposure| glucose(exposure.drug)).map(|exposure| exposure.start).min();
        let Some(begun) = begun.filter(|begun| *begun > life.traits.adult.checkup) else { continue };
        let at = |from: i32, until: i32| {
            let alone = |exposure: &&super::life::Exposure| glucose(exposure.drug) && exposure.start <= until;
            let alone = life.exposures.iter().filter(alone).all(|exposure| exposure.drug == Drug::Metformin);
            let visit = life.visits.iter().find(|visit| (from..=until).contains(&visit.day));
            let visit = visit.filter(|_| alone)?;
            // What the disease adds meanwhile is no effect of the drug.
            let risen = model.glycaemia.rise_per_year * f64::from(visit.day - begun) / DAYS_PER_YEAR;
            visit.sugar.map(|sugar| sugar.hba1c - risen)
        };
        if let (Some(before), Some(after)) = (at(begun, begun), at(begun + 150, begun + 210)) {
            changes.extend((7.5..8.5).contains(&before).then_some(after - before));
        }
    }
    let (mean, error) = moments(&changes);
    println!("metformin: {mean:.2} ({error:.2}) of {}", changes.len());
    assert!(changes.len() > 100 && (mean + 1.1).abs() < 0.15, "{mean} ({error}) of {}", changes.len());
}

/// Failures of those with a filtration below 60 at the first check-up, beside what the equation says of that visit.
#[test]
fn kidneys_fail_about_as_often_as_their_equation_says() {
    let model = model();
    let (mut expected, mut seen, mut persons) = (0.0, 0.0, 0_u32);
    for life in lives(model, 0..120_000, 5) {
        let (visit, adult) = (first(&life), &life.traits.adult);
        let Some(kidney) = visit.kidney.filter(|kidney| kidney.egfr < 60.0) else { continue };
        let (two, _) = model.failure_risk.of(adult.person.sex, age(&life), kidney.egfr, kidney.albumin);
        let within = |day: i32| day <= visit.day + 731;
        expected += two;
        persons += 1;
        seen += f64::from(life.dialysis.is_some_and(within));
    }
    println!("failures within two years: {seen} seen, {expected:.1} by the equation, of {persons}");
    assert!(expected > 8.0, "{expected} are too few to be told apart");
    assert!((seen - expected).abs() < 3.5 * expected.sqrt(), "{seen} instead of {expected}");
}

#[test]
fn persons_and_adults_are_those_of_the_hypertension_program() {
    let other = (crate::hypertension::tests::FIGURES, crate::hypertension::tests::SCHEMA);
    let brain = (crate::brainmap::tests::FIGURES, crate::brainmap::tests::SCHEMA);
    let tables = [(FIGURES, SCHEMA), other, brain].map(|(figures, schema)| {
        let generator = Generator::parse(figures, &schemas(schema)).unwrap();
        rows(&generator, "person", Amount::Range { first: 700, persons: 500 }, 20_260_107)
    });
    assert!(tables.iter().all(|table| *table == tables[0]));
    let (here, there) = (model(), crate::hypertension::tests::model());
    assert_eq!(here.adults, there.adults);
    let (mut ill, mut dead) = (0, 0);
    for number in 0..3_000 {
        let life = course::draw(here, 20_260_107, number).unwrap();
        let other = crate::hypertension::tests::life(&there, 20_260_107, number);
        let adult = &life.traits.adult;
        assert_eq!((adult.checkup, adult.diabetes, adult.statin), (other.checkup, other.diabetes, other.statin));
        assert_eq!(
            (adult.height_cm, adult.weight_kg, adult.smoking),
            (other.height_cm, other.weight_kg, other.smoking)
        );
        assert_eq!((adult.person, adult.other_death), (other.person, other.other_death));
        ill += usize::from(adult.diabetes);
        let death = life.death.filter(|(cause, _)| *cause == Cause::Other);
        assert!(death.is_none_or(|(_, day)| day == other.other_death));
        dead += usize::from(death.is_some());
    }
    assert!(ill > 300 && dead > 50, "{ill} {dead}");
}

/// All deaths beside the population's: other causes are 0.965 of them, what the diseases add comes on top.
#[test]
fn mortality_is_the_populations_and_what_the_diseases_add() {
    let model = model();
    let lives = lives(model, 0..40_000, 6);
    let hazard = |life: &Life| {
        let is_man = life.traits.adult.person.sex == Sex::Male;
        let (a, b): (f64, f64) = if is_man { (2.7014e-5, 0.095) } else { (5.8616e-6, 0.108) };
        let age = |day| life.traits.adult.person.age(day);
        a / b * ((b * age(life.end)).exp() - (b * age(model.population.on)).exp())
    };
    let expected = 0.965 * lives.iter().map(hazard).sum::<f64>();
    let died = |holds: fn(&Cause) -> bool| {
        count(lives.iter().filter(|life| life.death.is_some_and(|(cause, _)| holds(&cause))).count())
    };
    let (other, added) = (died(|cause| *cause == Cause::Other), died(|cause| *cause != Cause::Other));
    println!("{other} died of other causes for {expected:.0}, {added} of what the diseases add");
    assert!((other - expected).abs() < 3.5 * expected.sqrt(), "{other} instead of {expected}");
    assert!((0.08..0.35).contains(&(added / other)), "{added} beside {other}");
    let of_failure = died(|cause| *cause == Cause::Of(Disease::Failure));
    assert!(of_failure < 0.1 * added, "{of_failure}");
}

#[test]
fn who_was_surveyed_again_is_who_was_solved_for() {
    let model = model();
    let persons: Vec<_> = (0..4_000).filter_map(|number| traits::draw(model, 9, number)).collect();
    let found = survey(model, &persons, &model.levels);
    assert!((found.awareness - 0.658).abs() < 0.04 && (found.control - 0.245).abs() < 0.04, "{found:?}");
}

#[test]
fn figures_that_cannot_be_used_are_refused() {
    let refusal = |from: &str, to: &str| {
        assert!(FIGURES.contains(from), "{from}");
        Generator::parse(&FIGURES.replacen(from, to, 1), &schemas(SCHEMA)).unwrap_err().to_string()
    };
    assert!(refusal("value = 61.4", "value = 80.0").contains("cannot be met"));
    assert!(refusal("[[\"dpp4\"], 0.06]", "[[\"herbs\"], 0.06]").contains("herbs"));
    assert!(refusal("last = 2024-12-31", "last = 2021-12-31").contains("window"));
    assert!(refusal("early_days = 6", "early_days = 90").contains("supply"));
    assert!(refusal("follows = 0.75", "follows = 1.75").contains("correlation"));
    assert!(refusal("source = \"DAPA-CKD", "source = \"\" # ").contains("no source"));
    let unlabelled = FIGURES.replace("simulated = true", "simulated = false");
    assert_eq!(Generator::parse(&unlabelled, &schemas(SCHEMA)).unwrap_err(), SynthError::NotLabelled);
    assert!(Generator::parse(FIGURES, &schemas(SCHEMA)).unwrap().bundles(0..1, 1).is_none());
}
