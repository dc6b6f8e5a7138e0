//! Tables of events that become one history and come back as tables.

use super::{CohortDomain, CohortModel, CohortPolicy, EventTable, HistoryPolicy};
use crate::twin::events::PersonPolicy;
use crate::twin::{ColumnPolicy, DomainPolicy, Mechanism, TwinError, Twins};
use crate::{Amount, Generator};
use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Int64Type, Schema, SchemaRef};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Persons of the tests.
const PERSONS: u32 = 400;

fn column(domain: DomainPolicy) -> ColumnPolicy {
    ColumnPolicy { source: "made up for this test".to_owned(), domain }
}

fn listed(values: &[&str]) -> DomainPolicy {
    DomainPolicy::Values { values: values.iter().map(|value| (*value).into()).collect(), other: None }
}

fn range(low: f64, high: f64, bins: u32, step: f64) -> DomainPolicy {
    DomainPolicy::Range { low, high, bins, step: Some(step) }
}

fn columns(columns: &[(&str, DomainPolicy)]) -> BTreeMap<String, ColumnPolicy> {
    columns.iter().map(|(name, domain)| ((*name).to_owned(), column(domain.clone()))).collect()
}

fn events(code: Option<&str>, policies: &[(&str, DomainPolicy)]) -> EventTable {
    EventTable {
        person: "id".to_owned(),
        time: "day".to_owned(),
        code: code.map(str::to_owned),
        value: code.map(|_| "count".to_owned()),
        values: code.map_or_else(BTreeMap::new, |_| columns(&[("fall", range(1.0, 5.0, 4, 1.0))])),
        columns: columns(policies),
    }
}

fn days() -> DomainPolicy {
    let day = |text: &str| text.parse().unwrap();
    DomainPolicy::Dates { first: day("2020-01-01"), last: day("2020-12-31"), days: 31 }
}

/// Diagnoses by code, exams of which not everything is measured, and contacts of which only the day is known.
fn policy() -> CohortPolicy {
    let tables = [
        ("contact", events(None, &[("number", DomainPolicy::Identifier {}), ("note", DomainPolicy::Empty {})])),
        ("diagnosis", events(Some("what"), &[("what", listed(&["fall", "flu"]))])),
        (
            "exam",
            events(
                None,
                &[("pressure", range(90.0, 190.0, 10, 5.0)), ("stage", listed(&["I", "II"])), ("next", days())],
            ),
        ),
    ];
    CohortPolicy {
        mechanism: Mechanism::Mst,
        epsilon: 50.0,
        delta: 1e-9,
        table: "person".to_owned(),
        person: PersonPolicy {
            id: "id".to_owned(),
            classes: vec!["male".to_owned()],
            columns: columns(&[
                ("id", DomainPolicy::Identifier {}),
                ("male", DomainPolicy::Values { values: vec![0.into(), 1.into()], other: Some(0.into()) }),
            ]),
        },
        history: HistoryPolicy {
            most: 16,
            norm: 8,
            gaps: vec![0.0, 1.0, 31.0, 92.0, 366.0],
            known: ["diagnosis.fall", "diagnosis.flu", "exam.stage", "contact"].map(str::to_owned).to_vec(),
            time: column(days()),
        },
        tables: tables.into_iter().map(|(name, table)| (name.to_owned(), table)).collect(),
    }
}

fn schemas() -> (SchemaRef, BTreeMap<String, SchemaRef>) {
    let field = |(name, data_type, nullable): &(&str, DataType, bool)| Field::new(*name, data_type.clone(), *nullable);
    let schema = |fields: &[(&str, DataType, bool)]| -> SchemaRef {
        Schema::new(fields.iter().map(field).collect::<Vec<_>>()).into()
    };
    let (id, day) = (("id", DataType::Int64, false), ("day", DataType::Date32, false));
    let tables = [
        ("contact", vec![id.clone(), day.clone(), ("number", DataType::Utf8, false), ("note", DataType::Utf8, true)]),
        ("diagnosis", vec![id.clone(), ("what", DataType::Utf8, false), day.clone(), ("count", DataType::Int32, true)]),
        (
            "exam",
            vec![
                day,
                id.clone(),
                ("pressure", DataType::Float64, true),
                ("stage", DataType::Utf8, true),
                ("next", DataType::Date32, true),
            ],
        ),
    ];
    let tables = tables.iter().map(|(name, fields)| ((*name).to_owned(), schema(fields)));
    (schema(&[id, ("male", DataType::Int32, false)]), tables.collect())
}

/// Men have a fall and an exam in stage II on one day, women the flu, and everybody a contact.
fn tables() -> (RecordBatch, BTreeMap<&'static str, RecordBatch>) {
    let (persons, schemas) = schemas();
    let batch = |table: &str, columns: Vec<ArrayRef>| RecordBatch::try_new(schemas[table].clone(), columns).unwrap();
    let everybody: Vec<i64> = (0..PERSONS).map(i64::from).collect();
    let ids = |ids: &[i64]| -> ArrayRef { Arc::new(Int64Array::from(ids.to_vec())) };
    let male = |id: i64| id % 2 == 0;
    let males: ArrayRef = Arc::new(everybody.iter().map(|id| Some(i32::from(male(*id)))).collect::<Int32Array>());
    let day = |id: &i64| Some(18_262 + i32::try_from(*id % 300).unwrap());
    let days = |ids: &[i64]| -> ArrayRef { Arc::new(ids.iter().map(day).collect::<Date32Array>()) };
    let men: Vec<i64> = everybody.iter().copied().filter(|id| male(*id)).collect();
    let what = everybody.iter().map(|id| Some(if male(*id) { "fall" } else { "flu" }));
    let counts: Int32Array = everybody.iter().map(|id| male(*id).then_some(3)).collect();
    let later: Date32Array = men.iter().map(|id| day(id).map(|day| day + 30)).collect();
    let stages: StringArray = men.iter().map(|_| Some("II")).collect();
    let pressures: Float64Array = men.iter().map(|id| (id % 4 == 0).then_some(150.0)).collect();
    let texts = |text: Option<&str>| -> ArrayRef { Arc::new(everybody.iter().map(|_| text).collect::<StringArray>()) };
    let tables = [
        ("contact", vec![ids(&everybody), days(&everybody), texts(Some("a secret")), texts(Some("a secret"))]),
        (
            "diagnosis",
            vec![ids(&everybody), Arc::new(what.collect::<StringArray>()), days(&everybody), Arc::new(counts)],
        ),
        ("exam", vec![days(&men), ids(&men), Arc::new(pressures), Arc::new(stages), Arc::new(later)]),
    ];
    let tables = tables.into_iter().map(|(table, columns)| (table, batch(table, columns))).collect();
    (RecordBatch::try_new(persons, vec![ids(&everybody), males]).unwrap(), tables)
}

fn fitted() -> CohortModel {
    let (persons, schemas) = schemas();
    let domain = CohortDomain::bind(&policy(), &persons, &schemas).unwrap();
    let (persons, events) = tables();
    let mut encoder = domain.encoder();
    encoder.push_persons(&persons).unwrap();
    for (table, batch) in &events {
        encoder.push_events(table, batch).unwrap();
    }
    CohortModel::fit(&domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

fn rows(model: &CohortModel, table: &str, persons: std::ops::Range<u64>) -> RecordBatch {
    let batches: Vec<RecordBatch> = model.rows(table, persons, 7).unwrap().map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn every_table_has_its_schema_and_what_belongs_together_stays_together() {
    let model = fitted();
    let (person_schema, schemas) = schemas();
    let persons = rows(&model, "person", 0..400);
    assert_eq!((persons.schema(), persons.num_rows()), (person_schema, 400));
    let males = persons.column(1).as_primitive::<Int32Type>();
    let men: BTreeSet<i64> =
        ids(&persons).into_iter().zip(males.values()).filter(|it| *it.1 == 1).map(|it| it.0).collect();
    for (table, schema) in &schemas {
        let drawn = rows(&model, table, 0..400);
        assert_eq!(drawn.schema(), *schema, "{table}");
        assert!(ids(&drawn).iter().all(|id| ids(&persons).contains(id)), "{table}");
    }
    let diagnoses = rows(&model, "diagnosis", 0..400);
    let what = diagnoses.column(1).as_string::<i32>();
    let falls: Vec<i64> =
        ids(&diagnoses).into_iter().zip(what).filter(|(_, what)| *what == Some("fall")).map(|(id, _)| id).collect();
    let of_men = falls.iter().filter(|id| men.contains(id)).count();
    assert!(of_men * 100 > falls.len() * 95 && falls.len() > 150, "{of_men} of {}", falls.len());
    let counts = diagnoses.column(3).as_primitive::<Int32Type>();
    for (row, what) in what.iter().enumerate() {
        assert!(what == Some("fall") || counts.is_null(row), "values stand beside their code alone");
    }
    let exams = rows(&model, "exam", 0..400);
    let stages = exams.column(3).as_string::<i32>();
    assert!(stages.iter().flatten().filter(|stage| *stage == "II").count() > 150);
    // What was measured on one day is one row, not one for each column.
    let together = (0..exams.num_rows()).filter(|row| exams.column(3).is_valid(*row) && exams.column(4).is_valid(*row));
    assert!(together.count() > 100, "{} exams", exams.num_rows());
    assert!(exams.num_rows() < 300, "{} exams", exams.num_rows());
    let days = exams.column(0).as_primitive::<Date32Type>();
    assert!(days.values().iter().all(|day| (18_262..=18_627).contains(day)));
    let contacts = rows(&model, "contact", 0..400);
    assert!((350..450).contains(&contacts.num_rows()), "{}", contacts.num_rows());
    assert_eq!(contacts.column(3).null_count(), contacts.num_rows());
}

#[test]
fn a_person_is_the_same_in_every_table_and_every_range() {
    let model = fitted();
    let (few, many) = (rows(&model, "person", 0..50), rows(&model, "person", 0..9_000));
    assert_eq!(many.slice(0, 50), few);
    assert_eq!(rows(&model, "person", 8_500..8_600), many.slice(8_500, 100));
    for table in ["diagnosis", "exam"] {
        let (all, part) = (rows(&model, table, 0..9_000), rows(&model, table, 8_500..8_600));
        let wanted: BTreeSet<i64> = ids(&many.slice(8_500, 100)).into_iter().collect();
        let first = ids(&all).iter().position(|id| wanted.contains(id)).unwrap();
        assert_eq!(all.slice(first, part.num_rows()), part, "{table}");
        assert!(ids(&part).iter().all(|id| wanted.contains(id)) && part.num_rows() > 20, "{table}");
    }
    assert!(model.rows("ward", 0..1, 7).is_none());
}

#[test]
fn a_cohort_is_a_generator_that_makes_as_many_rows_as_are_asked_for() {
    let model = fitted();
    let (persons, schemas) = schemas();
    let mut all = vec![("person".to_owned(), persons)];
    all.extend(schemas);
    let expected = rows(&model, "diagnosis", 0..9_000);
    let people = rows(&model, "person", 0..50);
    let (spent, estimated) = (model.spent(), model.estimated_persons());
    let twins = Twins::Cohort(Box::new(model));
    let text = twins.to_text().unwrap();
    let read = Twins::parse(&text).unwrap();
    assert_eq!((read.spent(), read.estimated_persons()), (spent, estimated));
    assert_eq!(read.to_text().unwrap(), text);
    assert!(!text.contains("a secret"));
    let generator = Generator::parse(&text, &all).unwrap();
    let drawn = |table: &str, amount| {
        let batches: Vec<RecordBatch> = generator.generate(table, amount, 7).unwrap().map(Result::unwrap).collect();
        concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    assert_eq!(drawn("diagnosis", Amount::Rows(1_000)), expected.slice(0, 1_000));
    assert_eq!(drawn("person", Amount::Rows(50)), people);
    assert_eq!(drawn("person", Amount::Persons(50)), people);
    let refused = Generator::parse(&text, &all[..3]).unwrap_err().to_string();
    assert!(refused.contains("has a twin and is not in the dataset"), "{refused}");
    for (from, to) in
        [("norm = 8", "norm = 9"), ("name = \"pressure\"", "name = \"size\""), ("\"exam.stage\"", "\"exam.s\"")]
    {
        assert!(Twins::parse(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
}

#[test]
fn what_is_outside_is_counted_and_codes_that_are_not_listed_are_left_out() {
    let (persons, schemas) = schemas();
    let mut policy = policy();
    policy.tables.get_mut("diagnosis").unwrap().columns = columns(&[("what", listed(&["fall"]))]);
    policy.history.known = Vec::new();
    let domain = CohortDomain::bind(&policy, &persons, &schemas).unwrap();
    let (persons, events) = tables();
    let mut encoder = domain.encoder();
    encoder.push_persons(&persons).unwrap();
    encoder.push_events("diagnosis", &events["diagnosis"]).unwrap();
    let outside: BTreeMap<String, u64> = encoder.outside().filter(|(_, values)| *values > 0).collect();
    assert_eq!(outside, BTreeMap::from([("diagnosis.what".to_owned(), u64::from(PERSONS / 2))]));
    assert!(encoder.push_events("exam", &events["diagnosis"]).is_err());
    assert!(encoder.push_events("ward", &events["diagnosis"]).is_err());
    let model = CohortModel::fit(&domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(2)).unwrap();
    let what = rows(&model, "diagnosis", 0..400);
    assert!(what.column(1).as_string::<i32>().iter().all(|what| what == Some("fall")));
}

#[test]
fn a_policy_that_does_not_fit_its_tables_is_refused_by_column() {
    let refusal = |change: &dyn Fn(&mut CohortPolicy)| {
        let (persons, schemas) = schemas();
        let mut policy = policy();
        change(&mut policy);
        match CohortDomain::bind(&policy, &persons, &schemas) {
            Err(error @ (TwinError::Column { .. } | TwinError::Parameter { .. })) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let exam = |policy: &mut CohortPolicy| policy.tables.get_mut("exam").unwrap().clone();
    let first: &dyn Fn(&mut CohortPolicy) = &|it| it.history.known.push("exam.size".to_owned());
    for (change, told) in [
        (first, "exam.size"),
        (&|it| it.history.known.push("contact".to_owned()), "said twice"),
        (&|it| drop(it.tables.remove("exam")), "no policy for exam"),
        (
            &|it| {
                let table = exam(it);
                it.tables.insert("ward".to_owned(), table);
            },
            "schema of ward",
        ),
        (&|it| it.tables.get_mut("exam").unwrap().time = "next".to_owned(), "exam.next: may never be null"),
        (&|it| it.tables.get_mut("exam").unwrap().code = Some("day".to_owned()), "two roles"),
        (&|it| drop(it.tables.get_mut("exam").unwrap().columns.remove("stage")), "exam.stage: has no domain"),
        (&|it| it.tables.get_mut("diagnosis").unwrap().value = None, "diagnosis.count: has no domain"),
        (
            &|it| {
                let table = it.tables.get_mut("diagnosis").unwrap();
                table.value = None;
                table.columns.insert("count".to_owned(), column(DomainPolicy::Empty {}));
            },
            "no column for them",
        ),
        (&|it| it.history.norm = 99, "norm"),
        (&|it| it.history.gaps = vec![1.0, 2.0], "gaps"),
    ] {
        let text = refusal(change);
        assert!(text.contains(told), "{text} should say {told}");
    }
}
