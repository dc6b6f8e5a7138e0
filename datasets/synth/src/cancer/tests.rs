//! The program with its own definition: what is drawn fits the figures, hangs together, and is refused where it cannot.

mod agreement;
mod coherence;

use super::calibrate::{self, Known};
use super::model::{Cancer, Model};
use super::patient::{Patient, Stage};
use super::{Cancer5, person, spec};
use crate::program::person::Sex;
use crate::program::tests::rows;
use crate::program::{self, Bound};
use crate::{Amount, Generator, SynthError};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

pub(crate) const FIGURES: &str = include_str!("../../../definitions/cancer5/generator.toml");
pub(crate) const SCHEMA: &str = include_str!("../../../definitions/cancer5/schema.toml");

fn model() -> Model {
    Model::bind(spec::parse(FIGURES).unwrap()).unwrap()
}

/// The tables of the definition.
fn schemas() -> Vec<(String, SchemaRef)> {
    program::tests::schemas(SCHEMA)
}

fn generator() -> Generator {
    Generator::parse(FIGURES, &schemas()).unwrap()
}

fn patients(model: &Model, persons: std::ops::Range<u64>, seed: u64) -> Vec<Patient<'_>> {
    persons.map(|number| person::draw(model, seed, number).unwrap()).collect()
}

#[test]
fn the_solved_excess_gives_the_survival_that_was_registered() {
    let spec = spec::parse(FIGURES).unwrap();
    let model = model();
    for kind in &model.kinds {
        let of_type = &spec.types[kind.cancer.name()];
        let known = super::model::known(of_type, &spec.background.value, "test").unwrap();
        let found = calibrate::outcome(&known, &kind.excess);
        for (stage, got) in Stage::ALL.into_iter().zip(found.stages) {
            if let Some(wanted) = of_type.stages.of(stage).survival.value {
                assert!((100.0 * got - wanted).abs() < 0.01, "{:?} {stage:?}: {got}", kind.cancer);
            }
            assert!((0.0..=1.0).contains(&got));
        }
        let wanted = of_type.relative_survival.value;
        assert!((100.0 * found.sexes[0] - wanted.male).abs() < 0.01, "{:?} men: {}", kind.cancer, found.sexes[0]);
        let women = wanted.female.is_none_or(|wanted| (100.0 * found.sexes[1] - wanted).abs() < 0.01);
        assert!(women, "{:?} women: {}", kind.cancer, found.sexes[1]);
    }
}

/// Survival of a made-up cohort, patient by patient and day by day, against the solver's months.
#[test]
fn the_solver_agrees_with_a_count_of_patients() {
    let model = model();
    let lung: Vec<Patient<'_>> = patients(&model, 0..20_000, 3)
        .into_iter()
        .filter(|patient| patient.cancer() == Cancer::Lung && patient.person.sex == Sex::Female)
        .collect();
    let mut logarithm = 0.0;
    for month in 0..60 {
        let (from, to) = (f64::from(month) * 365.25 / 12.0, f64::from(month + 1) * 365.25 / 12.0);
        let (mut at_risk, mut dead, mut expected) = (0.0, 0.0, 0.0);
        for patient in lung.iter().filter(|patient| f64::from(patient.days()) > from) {
            let days = f64::from(patient.days());
            // Who is followed for a part of the month counts for that part.
            let part = if patient.death.is_none() && days < to { (days - from) / (to - from) } else { 1.0 };
            let age = f64::from(patient.diagnosis - patient.person.birth) / 365.25 + from / 365.25;
            at_risk += part;
            dead += f64::from(u8::from(patient.death.is_some() && days <= to));
            let mortality = calibrate::expected(model.background.female, age, 1.0 / 12.0);
            expected += part * (1.0 - (-mortality).exp());
        }
        logarithm += (1.0_f64 - dead / at_risk).ln() - (1.0_f64 - expected / at_risk).ln();
    }
    let survival = logarithm.exp();
    assert!((survival - 0.548).abs() < 0.02, "{survival} of {}", lung.len());
}

#[test]
fn figures_that_contradict_each_other_are_refused() {
    let refusal = |from: &str, to: &str| {
        assert!(FIGURES.contains(from), "{from}");
        Generator::parse(&FIGURES.replacen(from, to, 1), &schemas()).unwrap_err().to_string()
    };
    assert!(
        refusal("value = { male = 75.6, female = 73.2 }", "value = { male = 99.6, female = 99.2 }")
            .contains("contradict")
    );
    assert!(
        refusal("[\"T1\", \"N0\", \"M0\", 0.44]", "[\"T1\", \"N4\", \"M0\", 0.44]").contains("AJCC 8 does not group")
    );
    assert!(refusal("value = 2024-12-31", "value = 2020-12-31").contains("after the last day"));
    assert!(refusal("source = \"every patient is", "source = \"\" # ").contains("no source"));
    assert!(refusal("kind = \"assumed\"", "kind = \"guessed\"").contains("line"));
    let renamed = FIGURES.replace("types.lung", "types.stomach");
    assert!(Generator::parse(&renamed, &schemas()).unwrap_err().to_string().contains("types.stomach is none of"));
    let unlabelled = FIGURES.replace("simulated = true", "simulated = false");
    assert_eq!(Generator::parse(&unlabelled, &schemas()).unwrap_err(), SynthError::NotLabelled);
}

#[test]
fn a_schema_that_asks_for_something_else_is_refused_by_name() {
    let with = |name: &str, field: Field| {
        Bound::<Cancer5>::parse(FIGURES, &[(name.to_owned(), Schema::new(vec![field]).into())]).unwrap_err().to_string()
    };
    assert!(with("visits", Field::new("a", DataType::Int64, false)).contains("visits"));
    assert!(with("person", Field::new("age", DataType::Int64, false)).contains("person.age"));
    assert!(with("person", Field::new("person_id", DataType::Utf8, false)).contains("cannot be Utf8"));
    assert!(generator().generate("nothing", Amount::Persons(1), 1).is_err());
}

#[test]
fn a_solver_without_a_free_stage_says_so() {
    let spec = spec::parse(FIGURES).unwrap();
    let known = super::model::known(&spec.types["lung"], &spec.background.value, "test").unwrap();
    let stages = known.stages.map(|(share, survival, shape)| (share, survival.or(Some(0.3)), shape));
    assert!(calibrate::solve(&Known { stages, ..known }).is_none());
}
