//! What every program keeps, whatever it simulates: any part made alone is a part of the whole.

use crate::program::figure::Figure;
use crate::{Amount, Generator};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

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
    let definitions = [(crate::cancer::tests::FIGURES, crate::cancer::tests::SCHEMA)];
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
            assert!(table == "concept" || whole != rows(&generator, table, Amount::Persons(300), 6), "{table}");
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
    for generator in programs() {
        let batches = generator.generate("measurement", Amount::Persons(2_000), 5).unwrap().map(Result::unwrap);
        let sizes: Vec<usize> = batches.map(|batch| batch.num_rows()).collect();
        assert!(sizes.len() > 2 && sizes.iter().all(|rows| *rows < 8_900), "{sizes:?}");
    }
}

#[test]
fn a_figure_must_say_where_it_comes_from() {
    let parsed = |text: &str| toml::from_str::<Figure<f64>>(text).map(|figure| figure.value);
    assert_eq!(parsed("kind = \"figure\"\nsource = \"a table\"\nvalue = 1.5").unwrap(), 1.5);
    assert!(parsed("kind = \"figure\"\nsource = \" \"\nvalue = 1.5").is_err());
    assert!(parsed("kind = \"guessed\"\nsource = \"a table\"\nvalue = 1.5").is_err());
}
