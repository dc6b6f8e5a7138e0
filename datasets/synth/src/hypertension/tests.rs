//! The program with its own definition: the population is what was surveyed, outcomes come as PREVENT says, persons
//! hang together, and figures that cannot be used are refused.

mod coherence;

use super::course::{self, asked};
use super::home;
use super::life::{Life, Place, mean};
use super::model::Model;
use super::prevent::{Asked, risk};
use super::spec;
use super::traits::quantile;
use crate::program::calendar;
use crate::program::person::Sex;
use crate::program::tests::schemas;
use crate::{Generator, SynthError};

pub(crate) const FIGURES: &str = include_str!("../../../definitions/hypertension/generator.toml");
pub(crate) const SCHEMA: &str = include_str!("../../../definitions/hypertension/schema.toml");

pub(crate) fn model() -> Model {
    Model::bind(spec::parse(FIGURES).unwrap()).unwrap()
}

/// What a person brings along, for the tests of programs of the same population.
pub(crate) fn life(model: &Model, seed: u64, number: u64) -> super::traits::Traits {
    super::traits::draw(model, seed, number).unwrap()
}

fn lives(model: &Model, persons: std::ops::Range<u64>, seed: u64) -> Vec<Life> {
    persons.map(|number| course::draw(model, seed, number).unwrap()).collect()
}

fn share(part: usize, whole: usize) -> f64 {
    100.0 * f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

#[test]
fn the_population_is_what_the_fact_sheet_found() {
    let model = model();
    for seed in [1, 20_260_107] {
        let lives = lives(&model, 0..20_000, seed);
        let is_treated = |life: &&&Life| life.exam.combination.is_some();
        let have: Vec<&Life> =
            lives.iter().filter(|life| life.exam.mean.is_high() || life.exam.combination.is_some()).collect();
        let controlled = have.iter().filter(is_treated).filter(|life| !life.exam.mean.is_high()).count();
        let pairs = [
            ("prevalence", share(have.len(), lives.len()), 28.0),
            ("awareness", share(have.iter().filter(|life| life.exam.aware).count(), have.len()), 74.1),
            ("treatment", share(have.iter().filter(is_treated).count(), have.len()), 70.3),
            ("control", share(controlled, have.len()), 56.0),
        ];
        for (name, found, wanted) in pairs {
            assert!((found - wanted).abs() < 1.2, "{name}: {found} instead of {wanted}, seed {seed}");
        }
        let treated: Vec<&[usize]> = lives.iter().filter_map(|life| model.drugs_of(life.exam.combination?)).collect();
        for (class, wanted) in [(0, 75.1), (1, 61.7), (2, 23.4), (3, 15.3)] {
            let takes = treated.iter().filter(|drugs| drugs.contains(&class)).count();
            let found = share(takes, treated.len());
            assert!((found - wanted).abs() < 2.0, "{}: {found} of {}", model.drug(class).0, treated.len());
        }
    }
}

#[test]
fn prevent_gives_the_published_example() {
    let model = model();
    let asked = Asked {
        age: 50.0,
        systolic: 160.0,
        total_cholesterol: 200.0,
        hdl: 45.0,
        diabetes: true,
        smokes: false,
        bmi: 35.0,
        egfr: 90.0,
        treated: true,
        statin: false,
    };
    let wanted = [(Sex::Female, [0.0441, 0.05401, 0.08056]), (Sex::Male, [0.05566, 0.05207, 0.10591])];
    for (sex, wanted) in wanted {
        for (outcome, wanted) in model.outcomes.iter().zip(wanted) {
            let found = risk(outcome.betas(sex), &asked);
            assert!((found - wanted).abs() < 6e-6, "{} {sex:?}: {found}", outcome.name);
        }
    }
}

/// Events are counted against the sum of everybody's hazards until the end of follow-up.
#[test]
fn outcomes_come_as_often_as_their_hazards_say() {
    let model = model();
    let lives = lives(&model, 0..20_000, 8);
    for (position, outcome) in model.outcomes.iter().enumerate() {
        let seen = lives.iter().flat_map(|life| &life.diagnoses);
        let seen = seen.filter(|(disease, _)| *disease == super::life::Disease::Outcome(position)).count();
        let hazard = |life: &Life| {
            let ten_years = -(1.0 - risk(outcome.betas(life.traits.person.sex), &asked(life))).ln();
            let until = life.diagnoses.iter().find(|(disease, _)| *disease == super::life::Disease::Outcome(position));
            let until = until.map_or(life.end, |(_, day)| *day);
            outcome.korea * ten_years * f64::from(until - life.traits.checkup) / 3_652.5
        };
        let expected: f64 = lives.iter().map(hazard).sum();
        let seen = f64::from(u32::try_from(seen).unwrap());
        assert!((seen - expected).abs() < 3.5 * expected.sqrt(), "{}: {seen} instead of {expected}", outcome.name);
        assert!(expected > 50.0, "{}: {expected} are too few to be told apart", outcome.name);
    }
    // Other causes are so much less than the population's mortality as outcomes kill.
    let background = |life: &Life| {
        let (a, b): (f64, f64) =
            if life.traits.person.sex == Sex::Male { (2.7014e-5, 0.095) } else { (5.8616e-6, 0.108) };
        let (from, until) = (model.population.on, model.last_day);
        let age = |day| life.traits.age(day);
        1.0 - (-a / b * ((b * age(until)).exp() - (b * age(from)).exp())).exp()
    };
    let expected: f64 = lives.iter().map(background).sum();
    let dead = f64::from(u32::try_from(lives.iter().filter(|life| life.death.is_some()).count()).unwrap());
    assert!((dead - expected).abs() < 3.5 * expected.sqrt(), "{dead} died instead of {expected}");
}

/// White-coat hypertension is high in the office alone, masked hypertension at home alone.
#[test]
fn office_and_home_disagree_in_some() {
    let model = model();
    let lives = lives(&model, 0..4_000, 2);
    let (mut both, mut white_coat, mut masked, mut neither) = (0, 0, 0, 0);
    for life in lives.iter().filter(|life| life.exam.combination.is_none()) {
        let week = home::week(&model, life, life.traits.checkup);
        let home = mean(week.iter().filter(|reading| !reading.is_wrong).map(|reading| reading.pressure));
        let count = match (life.exam.mean.is_high(), home.reaches(135.0, 85.0)) {
            (true, true) => &mut both,
            (true, false) => &mut white_coat,
            (false, true) => &mut masked,
            (false, false) => &mut neither,
        };
        *count += 1;
    }
    let (high, normal) = (both + white_coat, masked + neither);
    assert!((20.0..60.0).contains(&share(white_coat, high)), "{white_coat} of {high}");
    assert!((3.0..20.0).contains(&share(masked, normal)), "{masked} of {normal}");
}

#[test]
fn winter_is_higher_and_gaps_in_drugs_show() {
    let model = model();
    let lives = lives(&model, 0..6_000, 3);
    let of_month = |wanted: &[i32]| {
        let visits = lives.iter().filter(|life| life.exposures.is_empty()).flat_map(|life| &life.visits);
        let visits = visits.filter(|visit| visit.place == Place::Checkup);
        mean(visits.filter(|visit| wanted.contains(&calendar::civil(visit.day).1)).map(super::life::Visit::mean))
    };
    let difference = of_month(&[12, 1, 2]).systolic - of_month(&[6, 7, 8]).systolic;
    assert!((3.0..8.0).contains(&difference), "{difference}");
    let (mut taken, mut missed) = (Vec::new(), Vec::new());
    for life in &lives {
        let clinics = life.visits.iter().filter(|visit| visit.place == Place::Clinic).skip(1);
        for visit in clinics {
            let drugs = life.drugs_on(visit.day, model.drugs.classes.len());
            if drugs == 0 { missed.push(visit.mean()) } else { taken.push(visit.mean()) }
        }
    }
    assert!(missed.len() > 500, "{}", missed.len());
    let difference = mean(missed.into_iter()).systolic - mean(taken.into_iter()).systolic;
    assert!((8.0..30.0).contains(&difference), "{difference}");
}

#[test]
fn the_quantile_is_that_of_the_normal_distribution() {
    for (share, wanted) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.001, -3.090_232_306)] {
        assert!((quantile(share) - wanted).abs() < 1e-8, "{share}: {}", quantile(share));
    }
}

#[test]
fn figures_that_cannot_be_used_are_refused() {
    let refusal = |from: &str, to: &str| {
        assert!(FIGURES.contains(from), "{from}");
        Generator::parse(&FIGURES.replacen(from, to, 1), &schemas(SCHEMA)).unwrap_err().to_string()
    };
    assert!(refusal("treatment = 70.3", "treatment = 80.0").contains("cannot be met"));
    assert!(refusal("[[\"arb\"], 0.235]", "[[\"herbs\"], 0.235]").contains("herbs is not a class"));
    assert!(refusal("last = 2024-12-31", "last = 2021-12-31").contains("window"));
    assert!(refusal("early_days = 6", "early_days = 90").contains("supply"));
    assert!(refusal("source = \"KDIGO", "source = \"\" # ").contains("no source"));
    assert!(refusal("male = [\n    0.7423283, ", "male = [\n    ").contains("line"));
    let unlabelled = FIGURES.replace("simulated = true", "simulated = false");
    assert_eq!(Generator::parse(&unlabelled, &schemas(SCHEMA)).unwrap_err(), SynthError::NotLabelled);
    assert!(Generator::parse(FIGURES, &schemas(SCHEMA)).unwrap().bundles(0..1, 1).is_none());
}
