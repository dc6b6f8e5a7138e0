//! Tables of persons and events as people, and people that stand beside a twin.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// A person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) age: f64,
    pub(crate) male: bool,
    pub(crate) bmi: Option<f64>,
    pub(crate) followup: f64,
    pub(crate) died: bool,
    /// In the order of time; on one day, of codes.
    pub(crate) events: Vec<Event>,
}

/// An event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) day: f64,
    pub(crate) code: usize,
    pub(crate) value: Option<f64>,
}

/// Both tables of a folder.
pub(crate) fn read(folder: &Path) -> Result<(RecordBatch, RecordBatch), Box<dyn std::error::Error>> {
    let person = [
        ("id", DataType::Int64, false),
        ("age", DataType::Int32, false),
        ("male", DataType::Int32, false),
        ("weight", DataType::Float64, true),
        ("height", DataType::Float64, true),
        ("bmi", DataType::Float64, true),
        ("followup_days", DataType::Int32, false),
        ("died", DataType::Int32, false),
    ];
    let event = [
        ("id", DataType::Int64, false),
        ("days", DataType::Int32, false),
        ("code", DataType::Utf8, false),
        ("value", DataType::Float64, true),
    ];
    Ok((table(&folder.join("person.csv"), &person)?, table(&folder.join("event.csv"), &event)?))
}

fn table(file: &Path, columns: &[(&str, DataType, bool)]) -> Result<RecordBatch, Box<dyn std::error::Error>> {
    let field = |(name, data_type, nullable): &(&str, DataType, bool)| Field::new(*name, data_type.clone(), *nullable);
    let schema: SchemaRef = Schema::new(columns.iter().map(field).collect::<Vec<_>>()).into();
    let reader = arrow::csv::ReaderBuilder::new(schema.clone()).with_header(true).build(std::fs::File::open(file)?)?;
    Ok(arrow::compute::concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)?)
}

/// The people of both tables.
pub(crate) fn people(codes: &[String], persons: &[RecordBatch], events: &[RecordBatch]) -> Vec<Person> {
    let mut people = BTreeMap::new();
    for batch in persons {
        let whole = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int32Type>();
        let bmi = batch.column_by_name("bmi").unwrap().as_primitive::<Float64Type>();
        for (row, id) in batch.column(0).as_primitive::<Int64Type>().values().iter().enumerate() {
            let person = Person {
                age: f64::from(whole("age").value(row)),
                male: whole("male").value(row) == 1,
                bmi: bmi.is_valid(row).then(|| bmi.value(row)),
                followup: f64::from(whole("followup_days").value(row)),
                died: whole("died").value(row) == 1,
                events: Vec::new(),
            };
            people.insert(*id, person);
        }
    }
    for batch in events {
        let (ids, days) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int32Type>());
        let (names, values) = (batch.column(2).as_string::<i32>(), batch.column(3).as_primitive::<Float64Type>());
        for row in 0..batch.num_rows() {
            let code = codes.iter().position(|code| code == names.value(row));
            if let Some((person, code)) = people.get_mut(&ids.value(row)).zip(code) {
                let value = values.is_valid(row).then(|| values.value(row));
                person.events.push(Event { day: f64::from(days.value(row)), code, value });
            }
        }
    }
    let mut people: Vec<Person> = people.into_values().collect();
    for person in &mut people {
        person
            .events
            .sort_by(|one, other| one.day.total_cmp(&other.day).then_with(|| codes[one.code].cmp(&codes[other.code])));
    }
    people
}

/// As many people, drawn with replacement: what chance alone does.
pub(crate) fn resampled(people: &[Person], rng: &mut ChaCha8Rng) -> Vec<Person> {
    people.iter().map(|_| people[rng.random_range(0..people.len())].clone()).collect()
}

/// The same people, days and events, but all of it dealt out anew: nothing has to do with anything.
pub(crate) fn shuffled(people: &[Person], rng: &mut ChaCha8Rng) -> Vec<Person> {
    let mut dealt = people.to_vec();
    let mut events: Vec<(usize, Option<f64>)> =
        people.iter().flat_map(|person| person.events.iter().map(|event| (event.code, event.value))).collect();
    for last in (1..events.len()).rev() {
        events.swap(last, rng.random_range(0..=last));
    }
    let mut events = events.into_iter();
    for last in (1..dealt.len()).rev() {
        let mut swap = |of: fn(&mut Person) -> &mut f64| {
            let other = rng.random_range(0..=last);
            let (one, two) = (*of(&mut dealt[last]), *of(&mut dealt[other]));
            (*of(&mut dealt[last]), *of(&mut dealt[other])) = (two, one);
        };
        swap(|person| &mut person.age);
        swap(|person| &mut person.followup);
        let others = [0; 3].map(|_| rng.random_range(0..=last));
        let (male, bmi, died) = (dealt[last].male, dealt[last].bmi, dealt[last].died);
        (dealt[last].male, dealt[others[0]].male) = (dealt[others[0]].male, male);
        (dealt[last].bmi, dealt[others[1]].bmi) = (dealt[others[1]].bmi, bmi);
        (dealt[last].died, dealt[others[2]].died) = (dealt[others[2]].died, died);
    }
    for person in &mut dealt {
        for (event, (code, value)) in person.events.iter_mut().zip(events.by_ref()) {
            (event.code, event.value) = (code, value);
        }
    }
    dealt
}
