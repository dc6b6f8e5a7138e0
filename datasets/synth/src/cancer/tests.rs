//! The program with its own definition: what is drawn fits the figures, hangs together, and is refused where it cannot.

mod agreement;
mod coherence;

use super::calibrate::{self, Known};
use super::model::{Cancer, Model};
use super::patient::{Patient, Sex, Stage};
use super::{Program, person, spec};
use crate::{Amount, Generator, SynthError};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

const FIGURES: &str = include_str!("../../../definitions/cancer5/generator.toml");
const SCHEMA: &str = include_str!("../../../definitions/cancer5/schema.toml");

fn model() -> Model {
    Model::bind(spec::parse(FIGURES).unwrap()).unwrap()
}

/// The tables of the definition as the definition's reader binds them.
fn schemas() -> Vec<(String, SchemaRef)> {
    let schema: toml::Table = SCHEMA.parse().unwrap();
    let field = |column: &toml::Value| {
        let kind = match column["type"].as_str().unwrap() {
            "int32" => DataType::Int32,
            "int64" => DataType::Int64,
            "float64" => DataType::Float64,
            "boolean" => DataType::Boolean,
            "text" => DataType::Utf8,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            other => panic!("{other}"),
        };
        Field::new(column["name"].as_str().unwrap(), kind, column.get("nullable").is_some())
    };
    let tables = schema["tables"].as_array().unwrap().iter();
    tables
        .map(|table| {
            let fields: Vec<Field> = table["columns"].as_array().unwrap().iter().map(field).collect();
            (table["name"].as_str().unwrap().to_owned(), Schema::new(fields).into())
        })
        .collect()
}

fn generator() -> Generator {
    Generator::parse(FIGURES, &schemas()).unwrap()
}

fn rows(generator: &Generator, table: &str, amount: Amount, seed: u64) -> RecordBatch {
    let batches: Vec<RecordBatch> = generator.generate(table, amount, seed).unwrap().map(Result::unwrap).collect();
    let (_, schema) = generator.tables().find(|(name, _)| *name == table).unwrap();
    concat_batches(schema, &batches).unwrap()
}

fn patients(model: &Model, persons: std::ops::Range<u64>, seed: u64) -> Vec<Patient<'_>> {
    persons.map(|number| person::draw(model, seed, number).unwrap()).collect()
}

#[test]
fn parts_that_are_made_alone_are_the_whole() {
    let generator = generator();
    for (table, _) in generator.tables() {
        let whole = rows(&generator, table, Amount::Persons(300), 5);
        let parts = [(0, 1), (1, 199), (200, 100)];
        let parts = parts.map(|(first, persons)| rows(&generator, table, Amount::Range { first, persons }, 5));
        assert_eq!(whole, concat_batches(&whole.schema(), &parts).unwrap(), "{table}");
        assert_eq!(rows(&generator, table, Amount::Rows(20), 5), whole.slice(0, 20), "{table}");
        assert!(table == "concept" || whole != rows(&generator, table, Amount::Persons(300), 6), "{table}");
    }
}

#[test]
fn a_list_of_concepts_is_about_nobody_and_ends_with_its_first_batch() {
    let generator = generator();
    let all = rows(&generator, "concept", Amount::Persons(1), 5);
    let mut asked = generator.generate("concept", Amount::Rows(u64::MAX), 5).unwrap();
    assert_eq!(asked.next().unwrap().unwrap(), all);
    assert!(asked.next().is_none(), "no person was drawn for rows that nobody has");
    let later = Amount::Range { first: 1, persons: u64::MAX };
    assert!(generator.generate("concept", later, 5).unwrap().next().is_none());
}

#[test]
fn batches_hold_whole_persons_and_come_in_several() {
    let generator = generator();
    let batches: Vec<RecordBatch> =
        generator.generate("measurement", Amount::Persons(2_000), 5).unwrap().map(Result::unwrap).collect();
    assert!(batches.len() > 2 && batches.iter().all(|batch| batch.num_rows() < 8_300));
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
        .filter(|patient| patient.cancer() == Cancer::Lung && patient.sex == Sex::Female)
        .collect();
    let mut logarithm = 0.0;
    for month in 0..60 {
        let (from, to) = (f64::from(month) * 365.25 / 12.0, f64::from(month + 1) * 365.25 / 12.0);
        let (mut at_risk, mut dead, mut expected) = (0.0, 0.0, 0.0);
        for patient in lung.iter().filter(|patient| f64::from(patient.days()) > from) {
            let days = f64::from(patient.days());
            // Who is followed for a part of the month counts for that part.
            let part = if patient.death.is_none() && days < to { (days - from) / (to - from) } else { 1.0 };
            let age = f64::from(patient.diagnosis - patient.birth) / 365.25 + from / 365.25;
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
        Program::parse(FIGURES, &[(name.to_owned(), Schema::new(vec![field]).into())]).unwrap_err().to_string()
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
