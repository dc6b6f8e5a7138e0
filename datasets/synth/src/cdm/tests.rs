//! The program with its own definition: the tables are those of the model, everything refers to rows that are there,
//! nobody contradicts himself, eras and the vocabulary are what a count of their own finds.

mod coherence;
mod eras;
mod terms;

use super::model::Model;
use super::spec;
use super::{course, tables};
use crate::program::adult::chance;
use crate::program::person::Sex;
use crate::program::table::Type;
use crate::program::tests::{rows, schemas};
use crate::{Amount, Generator, SynthError};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(crate) const FIGURES: &str = include_str!("../../../definitions/cdm/generator.toml");
pub(crate) const SCHEMA: &str = include_str!("../../../definitions/cdm/schema.toml");
/// The fields of the model: table, field, type, whether required, primary key, foreign key, and of which table.
const FIELDS: &str = include_str!("../../../../deploy/e2e/omop/fields.csv");
const PERSONS: u64 = 400;

/// A field of the model.
struct Field {
    table: &'static str,
    name: &'static str,
    kind: String,
    required: bool,
    key: bool,
    of: Option<String>,
}

fn fields() -> Vec<Field> {
    let rows = FIELDS.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| Field {
        table: row[1],
        name: row[2],
        kind: row[3].to_lowercase(),
        required: row[4] == "Yes",
        key: row[5] == "Yes",
        of: (row[6] == "Yes").then(|| row[7].to_lowercase()),
    })
    .collect()
}

fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| Model::bind(spec::parse(FIGURES).unwrap()).unwrap());
    &MODEL
}

fn generator() -> Generator {
    Generator::parse(FIGURES, &schemas(SCHEMA)).unwrap()
}

/// All tables of some persons, drawn once.
fn drawn() -> &'static BTreeMap<String, RecordBatch> {
    static DRAWN: LazyLock<BTreeMap<String, RecordBatch>> = LazyLock::new(|| {
        let generator = generator();
        let all = generator.tables();
        all.map(|(name, _)| (name.to_owned(), rows(&generator, name, Amount::Persons(PERSONS), 11))).collect()
    });
    &DRAWN
}

/// A column as text.
fn texts(table: &str, column: &str) -> Vec<Option<String>> {
    let found = drawn()[table].column_by_name(column).unwrap_or_else(|| panic!("{table}.{column}"));
    let texts = cast(found, &DataType::Utf8).unwrap();
    texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn numbers(table: &str, column: &str) -> Vec<Option<i64>> {
    let found = cast(drawn()[table].column_by_name(column).unwrap(), &DataType::Int64).unwrap();
    found.as_primitive::<arrow::datatypes::Int64Type>().iter().collect()
}

/// Numbers or days that are always there.
fn whole(table: &str, column: &str) -> Vec<i64> {
    let found = drawn()[table].column_by_name(column).unwrap();
    let days =
        if *found.data_type() == DataType::Date32 { cast(found, &DataType::Int32).unwrap() } else { found.clone() };
    let found = cast(&days, &DataType::Int64).unwrap();
    assert_eq!(found.null_count(), 0, "{table}.{column}");
    found.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
}

fn floats(table: &str, column: &str) -> Vec<Option<f64>> {
    drawn()[table].column_by_name(column).unwrap().as_primitive::<arrow::datatypes::Float64Type>().iter().collect()
}

#[test]
fn all_39_tables_have_the_columns_of_the_model_in_their_order() {
    let fields = fields();
    assert_eq!((fields.len(), tables::TABLES.len()), (432, 39));
    let schemas: BTreeMap<_, _> = schemas(SCHEMA).into_iter().collect();
    assert_eq!(schemas.len(), 39);
    for table in tables::TABLES {
        let of = || fields.iter().filter(|field| field.table == table.name);
        let kind = |kind: &str| match kind {
            "integer" => (Type::Int64, DataType::Int64),
            "float" => (Type::Float64, DataType::Float64),
            "date" => (Type::Date, DataType::Date32),
            "datetime" => (Type::Timestamp, schemas["person"].field(5).data_type().clone()),
            _ => (Type::Text, DataType::Utf8),
        };
        let made: Vec<(&str, Type)> = table.columns.to_vec();
        assert_eq!(made, of().map(|field| (field.name, kind(&field.kind).0)).collect::<Vec<_>>(), "{}", table.name);
        let written = schemas[table.name].fields().iter();
        let written: Vec<_> =
            written.map(|it| (it.name().as_str(), it.data_type().clone(), it.is_nullable())).collect();
        let wanted: Vec<_> = of().map(|field| (field.name, kind(&field.kind).1, !field.required)).collect();
        assert_eq!(written, wanted, "{}", table.name);
    }
}

#[test]
fn texts_fit_into_the_fields_of_the_model() {
    for field in fields() {
        let Some(most) = field.kind.strip_prefix("varchar(").and_then(|rest| rest.strip_suffix(')')) else { continue };
        let Ok(most) = most.parse::<usize>() else { continue };
        let longest = texts(field.table, field.name).into_iter().flatten().map(|text| text.chars().count()).max();
        assert!(longest.unwrap_or(0) <= most, "{}.{}: {longest:?}", field.table, field.name);
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// Who has a disease on the first day, beside the sum of the chances that the figures give.
#[test]
fn chronic_diseases_are_as_frequent_as_their_figures_say() {
    let model = model();
    let lives: Vec<_> = (0..8_000).map(|number| course::draw(model, 3, number).unwrap()).collect();
    for disease in model.chronic.iter().filter(|disease| disease.origin.is_none()) {
        let fitting = lives.iter().filter(|life| disease.illness.fits(life.adult.person.sex));
        let of_life = |life: &super::life::Life<'_>| {
            let man = if life.adult.person.sex == Sex::Male { disease.men } else { 0.0 };
            let above = life.adult.person.age(life.first) - 50.0;
            let has = chance(disease.odds + disease.per_year * above + man);
            // Who has it is seen within a quarter of a year, as are those who get it meanwhile.
            has + (1.0 - has) * disease.new * (disease.new_per_year * above).exp() / 4.0
        };
        let expected: f64 = fitting.clone().map(of_life).sum();
        let until = model.first_day + 95;
        let found = fitting.filter(|life| life.first_of(&disease.illness.code).is_some_and(|day| day <= until)).count();
        let off = (count(found) - expected).abs();
        println!("{}: {found} for {expected:.0}", disease.illness.name);
        assert!(off < 4.0 * expected.sqrt() + 0.03 * expected, "{}: {found}, {expected}", disease.illness.name);
    }
}

/// Illnesses without a limit, among those of some age, beside their rate over the years that were lived.
#[test]
fn acute_illnesses_come_as_often_as_their_figures_say() {
    let model = model();
    let lives: Vec<_> = (0..6_000).map(|number| course::draw(model, 4, number).unwrap()).collect();
    for code in ["J18.9", "M54.5", "S52.5", "I63.9"] {
        let illness = model.acute.iter().find(|illness| illness.illness.code == code).unwrap();
        let (mut expected, mut found) = (0.0, 0.0);
        for life in &lives {
            let is_cause = life.death.is_some_and(|death| death.cause.code == code);
            for day in (life.first..life.end).step_by(30) {
                let rate = illness.per_1000 / 1_000.0 * (illness.per_year * (life.adult.person.age(day) - 50.0)).exp();
                expected += rate * 30.0 / 365.25;
            }
            let begun = life.diagnosed.iter().filter(|one| one.illness.code == code && one.last > one.first).count();
            found += count(begun) - f64::from(u8::from(is_cause && begun > 0));
        }
        println!("{code}: {found} for {expected:.0}");
        // Some fall on days in hospital, and nobody gets one while one lasts.
        assert!((found - expected).abs() < 4.0 * expected.sqrt() + 0.08 * expected, "{code}: {found}, {expected}");
    }
}

#[test]
fn persons_and_adults_are_those_of_the_hypertension_program() {
    let other = Generator::parse(crate::hypertension::tests::FIGURES, &schemas(crate::hypertension::tests::SCHEMA));
    let range = Amount::Range { first: 300, persons: 400 };
    let there = rows(&other.unwrap(), "person", range, 20_260_107);
    let here = rows(&generator(), "person", range, 20_260_107);
    for column in ["person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"] {
        assert_eq!(here.column_by_name(column), there.column_by_name(column), "{column}");
    }
    let model = model();
    let others = crate::hypertension::tests::model();
    assert_eq!(model.adults, others.adults);
    let mut dead = 0;
    for number in 0..1_500 {
        let life = course::draw(model, 20_260_107, number).unwrap();
        let other = crate::hypertension::tests::life(&others, 20_260_107, number);
        let adult = &life.adult;
        assert_eq!((adult.person, adult.checkup, adult.diabetes), (other.person, other.checkup, other.diabetes));
        assert_eq!((adult.height_cm, adult.weight_kg, adult.statin), (other.height_cm, other.weight_kg, other.statin));
        assert_eq!(adult.other_death, other.other_death);
        assert!(life.death.is_none_or(|death| death.day == other.other_death));
        dead += usize::from(life.death.is_some());
    }
    assert!(dead > 25, "{dead}");
}

#[test]
fn figures_that_cannot_be_used_are_refused() {
    let refusal = |from: &str, to: &str| {
        assert!(FIGURES.contains(from), "{from}");
        Generator::parse(&FIGURES.replacen(from, to, 1), &schemas(SCHEMA)).unwrap_err().to_string()
    };
    assert!(refusal("regimens = [[[\"amlodipine 5\"]", "regimens = [[[\"herbs\"]").contains("herbs"));
    assert!(refusal("[\"I10-I15\", \"I00-I99\"", "[\"I10-I15\", \"I99\"").contains("I99"));
    assert!(refusal("[\"I00-I99\", \"A00-Z99\"", "[\"I00-I99\", \"I10-I15\"").contains("above itself"));
    assert!(refusal("last = 2024-12-31", "last = 2021-06-30").contains("window"));
    assert!(refusal("supply_days = 90", "supply_days = 10").contains("supply"));
    assert!(refusal("lasts = [3, 9]", "lasts = [9, 3]").contains("in order"));
    assert!(refusal("per_1000 = 420", "per_1000 = -1").contains("rates"));
    assert!(refusal("source = \"about 28 %", "source = \"\" # ").contains("no source"));
    let unlabelled = FIGURES.replace("simulated = true", "simulated = false");
    assert_eq!(Generator::parse(&unlabelled, &schemas(SCHEMA)).unwrap_err(), SynthError::NotLabelled);
    assert!(generator().bundles(0..1, 1).is_none());
}
