use crate::{Amount, Generator, SynthError};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Int32Type, Schema, SchemaRef};

const TEXT: &str = r#"
simulated = true
person = "patient"

[tables.patient.columns]
id = { source = "none", from = { kind = "pseudonym" } }
sex = { source = "test", from = { kind = "choice", values = [["male", 0.25], ["female", 0.75]] } }
age = { source = "test", from = { kind = "uniform", low = 40, high = 79 } }
height = { source = "test", null_share = 0.1, from = { kind = "normal", mean = 158.0, sd = 5.0, terms = [
    { column = "sex", values = { male = 13.0 } }, { column = "age", times = -0.1, center = 60 } ], within = { low = 120, high = 210, step = 0.1 } } }
_start = { source = "test", from = { kind = "date", first = 2020-01-01, last = 2020-12-31 } }

[tables.visit]
rows = { source = "test", grid = [["day", 5], ["session", 2]] }
[tables.visit.columns]
id = { source = "none", from = { kind = "person", column = "id" } }
day = { source = "test", from = { kind = "grid", axis = "day" } }
_start = { source = "test", from = { kind = "person", column = "_start" } }
on = { source = "test", from = { kind = "after", column = "_start", days = "day" } }
_day = { source = "test", from = { kind = "ar1", axis = "day", sd = 8.0, phi = 0.5 } }
pressure = { source = "test", from = { kind = "sum", constant = 130.0, terms = [{ column = "_day", times = 1.0 }], within = { step = 1 } } }
"#;

fn schemas() -> Vec<(String, SchemaRef)> {
    let patient = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("sex", DataType::Utf8, false),
        Field::new("age", DataType::Int32, false),
        Field::new("height", DataType::Float64, true),
    ]);
    let visit = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("day", DataType::Int32, false),
        Field::new("on", DataType::Date32, false),
        Field::new("pressure", DataType::Float64, false),
    ]);
    vec![("patient".to_owned(), patient.into()), ("visit".to_owned(), visit.into())]
}

fn all(generator: &Generator, table: &str, amount: Amount, seed: u64) -> RecordBatch {
    let batches: Vec<RecordBatch> = generator.generate(table, amount, seed).unwrap().map(Result::unwrap).collect();
    let (_, schema) = generator.tables().find(|(name, _)| *name == table).unwrap();
    concat_batches(schema, &batches).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
    let generator = Generator::parse(TEXT, &schemas()).unwrap();
    let first = all(&generator, "patient", Amount::Persons(500), 7);
    assert_eq!(first, all(&generator, "patient", Amount::Persons(500), 7));
    assert_ne!(first, all(&generator, "patient", Amount::Persons(500), 8));
}

#[test]
fn fewer_rows_are_the_beginning_of_more_rows() {
    let generator = Generator::parse(TEXT, &schemas()).unwrap();
    let long = all(&generator, "visit", Amount::Rows(30_000), 7);
    let short = all(&generator, "visit", Amount::Rows(123), 7);
    assert_eq!((long.num_rows(), short.num_rows()), (30_000, 123));
    assert_eq!(long.slice(0, 123), short);
}

#[test]
fn a_table_that_gives_hardly_a_row_has_moments_to_stop_at() {
    let text = TEXT.replace(
        "[tables.visit]",
        "_keep = { source = \"test\", from = { kind = \"choice\", values = [[0, 1]] } }\n\n[tables.visit]",
    );
    let text = text.replace("[\"session\", 2]]", "[\"session\", 2]], keep = \"_keep\"");
    let generator = Generator::parse(&text, &schemas()).unwrap();
    let mut batches = generator.generate("visit", Amount::Rows(u64::MAX), 7).unwrap();
    assert_eq!(batches.next().unwrap().unwrap().num_rows(), 0, "and not only after all persons there could be");
    let some = generator.generate("visit", Amount::Persons(100_000), 7).unwrap();
    assert_eq!(some.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 0, "until the persons are drawn");
}

#[test]
fn rows_of_a_person_agree_between_tables() {
    let generator = Generator::parse(TEXT, &schemas()).unwrap();
    let patients = all(&generator, "patient", Amount::Persons(100), 7);
    let visits = all(&generator, "visit", Amount::Persons(100), 7);
    assert_eq!(visits.num_rows(), 1_000);
    let persons = patients.column(0).as_string::<i32>();
    let named = visits.column(0).as_string::<i32>();
    assert!((0..1_000).all(|row| named.value(row) == persons.value(row / 10)));
    assert!(persons.iter().all(|id| id.unwrap().len() == 26));
}

#[test]
fn a_value_on_an_axis_stays_until_the_axis_moves_and_dates_follow_it() {
    let generator = Generator::parse(TEXT, &schemas()).unwrap();
    let visits = all(&generator, "visit", Amount::Persons(20), 7);
    let (day, on) = (visits.column(1).as_primitive::<Int32Type>(), visits.column(2).as_primitive::<Date32Type>());
    let pressure = visits.column(3).as_primitive::<Float64Type>();
    for row in (0..visits.num_rows()).step_by(2) {
        assert_eq!(pressure.value(row).to_bits(), pressure.value(row + 1).to_bits());
        assert_eq!(on.value(row) - day.value(row), on.value(row - row % 10));
    }
}

#[test]
fn moments_and_shares_are_those_of_the_distributions() {
    let generator = Generator::parse(TEXT, &schemas()).unwrap();
    let patients = all(&generator, "patient", Amount::Persons(20_000), 11);
    let sex = patients.column(1).as_string::<i32>();
    let height = patients.column(3).as_primitive::<Float64Type>();
    let men = sex.iter().flatten().filter(|sex| *sex == "male").count();
    assert!((4_700..5_300).contains(&men), "{men}");
    assert!((1_800..2_200).contains(&height.null_count()), "{}", height.null_count());
    let women: Vec<f64> =
        sex.iter().zip(height).filter(|(sex, _)| *sex == Some("female")).filter_map(|(_, h)| h).collect();
    let mean = women.iter().sum::<f64>() / f64::from(u32::try_from(women.len()).unwrap());
    assert!((mean - 158.05).abs() < 0.2, "{mean}");
}

#[test]
fn a_generator_that_is_not_labelled_is_refused() {
    let text = TEXT.replace("simulated = true", "simulated = false");
    assert_eq!(Generator::parse(&text, &schemas()).unwrap_err(), SynthError::NotLabelled);
}

#[test]
fn what_does_not_fit_the_schema_is_refused_by_name() {
    let refusal = |from: &str, to: &str| Generator::parse(&TEXT.replace(from, to), &schemas()).unwrap_err().to_string();
    assert!(refusal("height =", "weight =").contains("patient.height"));
    assert!(refusal("column = \"sex\", values", "column = \"gender\", values").contains("needs column gender"));
    assert!(refusal("[[\"male\", 0.25]", "[[1, 0.25]").contains("patient.sex: is drawn in a way that cannot be Utf8"));
    assert!(refusal("kind = \"uniform\"", "kind = \"unform\"").contains("line 8"));
    assert!(refusal("source = \"none\"", "source = \"\"").contains("names no source"));
}

#[test]
fn a_persons_rows_are_put_in_the_order_that_is_asked_for() {
    let rows = "order = \"pressure\", grid = [[\"day\", 5]";
    let generator = Generator::parse(&TEXT.replace("grid = [[\"day\", 5]", rows), &schemas()).unwrap();
    let visits = all(&generator, "visit", Amount::Persons(30), 7);
    let pressure = visits.column(3).as_primitive::<Float64Type>();
    assert!(pressure.values().chunks(10).all(|of_person| of_person.is_sorted()));
}
