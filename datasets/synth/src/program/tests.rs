//! What every program keeps, whatever it simulates: any part made alone is a part of the whole, and concepts and
//! persons are the same wherever they are asked for.

use crate::program::figure::Figure;
use crate::program::person::{Person, Population, PopulationSpec, Sex};
use crate::{Amount, Generator};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use std::collections::{BTreeMap, BTreeSet};

/// The tables of a `schema.toml` as the reader of definitions binds them.
pub(crate) fn schemas(text: &str) -> Vec<(String, SchemaRef)> {
    let schema: toml::Table = text.parse().unwrap();
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

pub(crate) fn rows(generator: &Generator, table: &str, amount: Amount, seed: u64) -> RecordBatch {
    let batches: Vec<RecordBatch> = generator.generate(table, amount, seed).unwrap().map(Result::unwrap).collect();
    let (_, schema) = generator.tables().find(|(name, _)| *name == table).unwrap();
    concat_batches(schema, &batches).unwrap()
}

/// Every program with its own definition.
fn programs() -> Vec<Generator> {
    let definitions = [
        (crate::cancer::tests::FIGURES, crate::cancer::tests::SCHEMA),
        (crate::brainmap::tests::FIGURES, crate::brainmap::tests::SCHEMA),
        (crate::chronic::tests::FIGURES, crate::chronic::tests::SCHEMA),
        (crate::cdm::tests::FIGURES, crate::cdm::tests::SCHEMA),
        (crate::hypertension::tests::FIGURES, crate::hypertension::tests::SCHEMA),
    ];
    definitions.into_iter().map(|(figures, schema)| Generator::parse(figures, &schemas(schema)).unwrap()).collect()
}

#[test]
fn parts_that_are_made_alone_are_the_whole() {
    for generator in programs() {
        for (table, _) in generator.tables() {
            let whole = rows(&generator, table, Amount::Persons(300), 5);
            let parts = [(0, 1), (1, 199), (200, 100)];
            let parts = parts.map(|(first, persons)| rows(&generator, table, Amount::Range { first, persons }, 5));
            assert_eq!(whole, concat_batches(&whole.schema(), &parts).unwrap(), "{table}");
            let some = whole.num_rows().min(20);
            let asked = Amount::Rows(u64::try_from(some).unwrap());
            assert_eq!(rows(&generator, table, asked, 5), whole.slice(0, some), "{table}");
            // A table that later persons add nothing to, such as that of concepts, is about nobody.
            let is_about_nobody = rows(&generator, table, Amount::Range { first: 1, persons: 299 }, 5).num_rows() == 0;
            assert!(is_about_nobody != (whole != rows(&generator, table, Amount::Persons(300), 6)), "{table}");
        }
    }
}

#[test]
fn a_list_of_concepts_is_about_nobody_and_ends_with_its_first_batch() {
    for generator in programs() {
        let all = rows(&generator, "concept", Amount::Persons(1), 5);
        let mut asked = generator.generate("concept", Amount::Rows(u64::MAX), 5).unwrap();
        assert_eq!(asked.next().unwrap().unwrap(), all);
        assert!(asked.next().is_none(), "no person was drawn for rows that nobody has");
        let later = Amount::Range { first: 1, persons: u64::MAX };
        assert!(generator.generate("concept", later, 5).unwrap().next().is_none());
    }
}

#[test]
fn batches_hold_whole_persons_and_come_in_several() {
    let tables = [
        ("measurement", 8_300),
        ("regional_volume", 8_900),
        ("measurement", 8_600),
        ("measurement", 9_500),
        ("measurement", 8_900),
    ];
    for (generator, (table, most)) in programs().iter().zip(tables) {
        let batches = generator.generate(table, Amount::Persons(2_000), 5).unwrap().map(Result::unwrap);
        let sizes: Vec<usize> = batches.map(|batch| batch.num_rows()).collect();
        assert!(sizes.len() > 2 && sizes.iter().all(|rows| *rows < most), "{sizes:?}");
    }
}

#[test]
fn a_concept_has_one_number_and_one_meaning_in_all_programs() {
    let mut known: BTreeMap<i64, (String, String)> = BTreeMap::new();
    let mut shared = 0;
    for generator in programs() {
        let concepts = rows(&generator, "concept", Amount::Persons(1), 5);
        let text =
            |column: &str, row| concepts.column_by_name(column).unwrap().as_string::<i32>().value(row).to_owned();
        for (row, id) in concepts.column(0).as_primitive::<Int64Type>().values().iter().enumerate() {
            let meaning = (text("concept_class_id", row), text("concept_code", row));
            let before = known.insert(*id, meaning.clone());
            shared += usize::from(before.is_some());
            assert!(before.is_none_or(|before| before == meaning), "{id}: {meaning:?}");
        }
    }
    assert!(shared > 10, "{shared}");
}

/// The population of the hypertension program, as any other program may state it.
fn population() -> Population {
    #[derive(serde::Deserialize)]
    struct Stated {
        population: PopulationSpec,
    }
    let stated: Stated = toml::from_str(crate::hypertension::tests::FIGURES).unwrap();
    Population::bind(stated.population).unwrap()
}

#[test]
fn whoever_asks_a_population_for_a_person_is_given_the_same() {
    let (one, other) = (population(), population());
    let generator = programs().pop().unwrap();
    let written = rows(&generator, "person", Amount::Range { first: 40, persons: 200 }, 9);
    let year = |row| written.column_by_name("year_of_birth").unwrap().as_primitive::<Int64Type>().value(row);
    for (row, number) in (40..240).enumerate() {
        let person = one.person(9, number).unwrap();
        assert_eq!(person, other.person(9, number).unwrap());
        assert_eq!(one.death(9, &person, 0.8), other.death(9, &person, 0.8));
        assert_eq!(i64::from(crate::program::calendar::civil(person.birth).0), year(row));
    }
}

#[test]
fn a_population_has_the_ages_and_the_mortality_of_its_figures() {
    let population = population();
    let persons: Vec<Person> = (0..20_000).map(|number| population.person(4, number).unwrap()).collect();
    let share = |holds: &dyn Fn(&&Person) -> bool| {
        100.0 * f64::from(u32::try_from(persons.iter().filter(holds).count()).unwrap()) / 20_000.0
    };
    // By hand from the figures: men 21,395 and women 21,787 of 43,182 thousand; 60 and older 13,013.
    let men = share(&|person| person.sex == Sex::Male);
    let old = share(&|person| person.age(population.on) >= 60.0);
    assert!((men - 49.55).abs() < 0.2 && (old - 30.13).abs() < 0.3, "{men} {old}");
    let within_a_year = |person: &&Person| population.death(4, person, 1.0) <= population.on + 365;
    let dead = share(&|person| person.age(population.on) >= 70.0 && within_a_year(person));
    let expected: f64 = persons
        .iter()
        .filter(|person| person.age(population.on) >= 70.0)
        .map(|person| {
            let (a, b): (f64, f64) = if person.sex == Sex::Male { (2.7014e-5, 0.095) } else { (5.8616e-6, 0.108) };
            1.0 - (-a / b * (b * person.age(population.on)).exp() * (b.exp() - 1.0)).exp()
        })
        .sum();
    assert!((dead - expected / 200.0).abs() < 0.1, "{dead} {}", expected / 200.0);
    assert!(persons.iter().all(|person| population.death(4, person, 1.0) > population.on));
}

#[test]
fn a_figure_must_say_where_it_comes_from() {
    let parsed = |text: &str| toml::from_str::<Figure<f64>>(text).map(|figure| figure.value);
    assert_eq!(parsed("kind = \"figure\"\nsource = \"a table\"\nvalue = 1.5").unwrap(), 1.5);
    assert!(parsed("kind = \"figure\"\nsource = \" \"\nvalue = 1.5").is_err());
    assert!(parsed("kind = \"guessed\"\nsource = \"a table\"\nvalue = 1.5").is_err());
}

fn whole(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

/// Numbers of persons, visits and concepts are those of rows that are there, and everything happens while a person is
/// observed, in all tables but those that are known to be otherwise.
pub(crate) fn refer_to_each_other(generator: &Generator, persons: u64, otherwise: &[&str]) {
    let count = usize::try_from(persons).unwrap();
    let tables: BTreeMap<String, RecordBatch> = generator
        .tables()
        .map(|(name, _)| (name.to_owned(), rows(generator, name, Amount::Persons(persons), 11)))
        .collect();
    let ids =
        |table: &str, column: &str| -> BTreeSet<i64> { whole(&tables[table], column).into_iter().flatten().collect() };
    let (persons, visits, concepts) =
        (ids("person", "person_id"), ids("visit_occurrence", "visit_occurrence_id"), ids("concept", "concept_id"));
    assert_eq!(persons.len(), count);
    for (name, table) in &tables {
        assert!(table.num_rows() > 0, "{name}");
        for field in table.schema().fields() {
            let column = field.name();
            let known = match column.as_str() {
                "person_id" => &persons,
                "visit_occurrence_id" => &visits,
                column if column.ends_with("_concept_id") => &concepts,
                _ => continue,
            };
            assert!(whole(table, column).into_iter().flatten().all(|id| known.contains(&id)), "{name}.{column}");
        }
        let own = format!("{name}_id");
        if table.column_by_name(&own).is_some() {
            assert_eq!(ids(name, &own).len(), table.num_rows(), "{own} is unique");
        }
    }
    let period = &tables["observation_period"];
    let date = |column: &str| period.column_by_name(column).unwrap().as_primitive::<Date32Type>().clone();
    let (first, last) = (date("observation_period_start_date"), date("observation_period_end_date"));
    for (name, table) in tables.iter().filter(|(name, _)| *name != "concept" && !otherwise.contains(&name.as_str())) {
        let persons = whole(table, "person_id");
        for column in table.columns().iter().filter_map(|column| column.as_primitive_opt::<Date32Type>()) {
            for (row, person) in persons.iter().enumerate().filter(|(row, _)| column.is_valid(*row)) {
                let at = usize::try_from(person.unwrap() - 1).unwrap();
                let day = column.value(row);
                assert!(first.value(at) <= day && day <= last.value(at), "{name}: {day}");
            }
        }
    }
}
