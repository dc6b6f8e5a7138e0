use super::curator::{Curator, clipped, derived, square, threshold};
use super::histories::Histories;
use super::{DrawnEvents, EventsDomain, EventsModel, EventsPolicy};
use crate::twin::accountant::{Budget, Rho};
use crate::twin::curator::Fault;
use crate::twin::noise::Variance;
use crate::twin::{TwinError, real};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const POLICY: &str = r#"
mechanism = "mst"
epsilon = 1.0
delta = 1e-9
[person]
id = "id"
classes = ["sex"]
[person.columns]
id = { source = "drawn anew", domain = { kind = "identifier" } }
sex = { source = "the form", domain = { kind = "values", values = ["f", "m"], other = "f" } }
[events]
person = "who"
most = 12
norm = 4
flags = 2
gaps = [0, 1, 8, 100, 1000]
time = { column = "day", source = "the study", domain = { kind = "range", low = 0, high = 999, bins = 10 } }
code = { column = "what", source = "the form", values = ["visit", "pressure", "death"] }
[events.value]
column = "value"
of.pressure = { source = "the device", domain = { kind = "range", low = 60, high = 260, bins = 10 } }
[events.others]
event_id = { source = "drawn anew", domain = { kind = "identifier" } }
note = { source = "not modelled", domain = { kind = "empty" } }
"#;

/// A person: identifier, sex, and events of a day, a code and a value.
pub(super) type Person = (i64, &'static str, Vec<(i32, &'static str, Option<f64>)>);
/// The same as it was drawn, by identifier.
type Drawn = BTreeMap<i64, (String, Vec<(i32, String, Option<f64>)>)>;
/// The sums of each question, what is known of each person, and how many persons have each code.
type Counted = (Vec<Vec<i64>>, Vec<Vec<u16>>, BTreeMap<String, i64>);

pub(super) fn schemas() -> (SchemaRef, SchemaRef) {
    let field = |name, data_type, nullable| Field::new(name, data_type, nullable);
    let persons = vec![field("id", DataType::Int64, false), field("sex", DataType::Utf8, false)];
    let events = vec![
        field("event_id", DataType::Utf8, false),
        field("who", DataType::Int64, false),
        field("day", DataType::Int32, false),
        field("what", DataType::Utf8, false),
        field("value", DataType::Float64, true),
        field("note", DataType::Utf8, true),
    ];
    (Schema::new(persons).into(), Schema::new(events).into())
}

pub(super) fn domain(policy: &str) -> EventsDomain {
    let (persons, events) = schemas();
    EventsDomain::bind(&EventsPolicy::parse(policy).unwrap(), &persons, &events).unwrap()
}

pub(super) fn histories(domain: &EventsDomain, persons: &[Person]) -> Histories {
    let mut encoder = domain.encoder();
    let ids: ArrayRef = Arc::new(persons.iter().map(|(id, _, _)| Some(*id)).collect::<Int64Array>());
    let sexes: ArrayRef = Arc::new(persons.iter().map(|(_, sex, _)| Some(*sex)).collect::<StringArray>());
    let (schema, event_schema) = schemas();
    encoder.push_persons(&RecordBatch::try_new(schema, vec![ids, sexes]).unwrap()).unwrap();
    let rows: Vec<_> =
        persons.iter().flat_map(|(id, _, events)| events.iter().map(move |event| (*id, *event))).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|(id, _)| Some(id.to_string())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|(id, _)| Some(*id)).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|(_, (day, _, _))| Some(*day)).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|(_, (_, what, _))| Some(*what)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|(_, (_, _, value))| *value).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|_| Some("seen by the doctor")).collect::<StringArray>()),
    ];
    encoder.push_events(&RecordBatch::try_new(event_schema, columns).unwrap()).unwrap();
    encoder.finish()
}

/// Men come every thirtieth day and women every third; the pressure of each stays where it is, and a quarter dies.
fn clinic() -> Vec<Person> {
    (0..3_000_i32)
        .map(|person| {
            let is_man = person % 2 == 0;
            let pressure = 100.0 + f64::from(person % 5) * 30.0;
            let events = (0..4).flat_map(|visit| {
                let day = 100 + visit * if is_man { 30 } else { 3 };
                [(day, "visit", None), (day + 1, "pressure", Some(pressure))]
            });
            let death = (person % 4 == 0).then_some((990, "death", None));
            (i64::from(person), if is_man { "m" } else { "f" }, events.chain(death).collect())
        })
        .collect()
}

fn fitted(policy: &str) -> EventsModel {
    let domain = domain(policy);
    let histories = histories(&domain, &clinic());
    EventsModel::fit(&domain, histories, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

/// What was drawn, as persons.
fn drawn(batches: &[DrawnEvents]) -> Drawn {
    let mut persons = BTreeMap::new();
    for batch in batches {
        let ids = batch.persons.column_by_name("id").unwrap().as_primitive::<Int64Type>().values();
        for (id, sex) in ids.iter().zip(batch.persons.column_by_name("sex").unwrap().as_string::<i32>()) {
            assert!(persons.insert(*id, (sex.unwrap().to_owned(), Vec::new())).is_none(), "an identifier twice");
        }
        let column = |name| batch.events.column_by_name(name).unwrap();
        assert_eq!(column("note").null_count(), batch.events.num_rows());
        let values = column("value").as_primitive::<Float64Type>();
        for row in 0..batch.events.num_rows() {
            let (_, events) = persons.get_mut(&column("who").as_primitive::<Int64Type>().value(row)).unwrap();
            let value = values.is_valid(row).then(|| values.value(row));
            let day = column("day").as_primitive::<Int32Type>().value(row);
            events.push((day, column("what").as_string::<i32>().value(row).to_owned(), value));
        }
    }
    persons
}

#[test]
fn what_is_spent_is_what_was_promised_to_the_last_unit() {
    for policy in [POLICY.to_owned(), POLICY.replace("values = [\"visit\", \"pressure\", \"death\"]", "distinct = 3")] {
        let model = fitted(&policy);
        let is_listed = model.policy().events.code.values.is_some();
        let delta = if is_listed { 1e-9 } else { 0.5e-9 };
        let total = Budget::of(1.0, delta).unwrap().total();
        let parts = if is_listed { 90 } else { 100 };
        let persons = total.share(35, parts);
        assert!(model.persons.spent() <= persons);
        // Noise is drawn for whole units of variance, so a cost may be a little below its share, and never above it.
        let finding = Rho::of_norm(Variance::for_norm(total.share(10, parts), 3), 3);
        let finding = if is_listed { Rho::default() } else { finding };
        let cost = |question: usize| Rho::of_norm(model.answers[question].variance, square(4));
        let counted = (0..4).fold(persons.plus(finding), |sum, question| sum.plus(cost(question)));
        assert_eq!(model.spent(), counted);
        assert!(model.spent() <= total && total.less(model.spent()).as_f64() < total.as_f64() * 1e-5);
        assert_eq!(model.answers.len(), 4);
    }
}

fn events() -> impl Strategy<Value = Vec<(i32, &'static str, Option<f64>)>> {
    let code = prop::sample::select(vec!["visit", "pressure", "death", "of nobody else"]);
    prop::collection::vec((0..1_200_i32, code, prop::option::of(0.0..400.0_f64)), 0..40)
}

/// The histories in codes, with the true counts of each question.
fn counted(domain: &EventsDomain, persons: &[Person]) -> Counted {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let histories = histories(domain, persons);
    let mut curator = Curator::new(domain, histories, Budget::new(Rho::default()), &mut rng, Fault::None);
    let found = curator.persons_with().into_iter().map(|(code, count)| (code.to_owned(), count)).collect();
    let layout = domain.layout(domain.policy.events.code.values.clone().unwrap());
    curator.code(&layout);
    let sums = layout.questions().iter().map(|question| curator.sums(*question, &layout)).collect();
    (sums, derived(&layout, &curator.coded, 12), found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_person_changes_no_answer_by_more_than_the_noise_is_made_for(
        others in prop::collection::vec(events(), 0..6),
        events in events(),
        place in 0..6_usize,
    ) {
        let domain = domain(POLICY);
        let without: Vec<Person> = (0..).zip(others).map(|(id, events)| (id, "m", events)).collect();
        let mut with = without.clone();
        let place = place.min(with.len());
        with.insert(place, (100, "f", events));
        let ((with, mut rows, codes), (without, rows_without, codes_without)) =
            (counted(&domain, &with), counted(&domain, &without));
        for (with, without) in with.iter().zip(&without) {
            prop_assert_eq!(with.len(), without.len());
            let moved: u64 = with.iter().zip(without).map(|(one, other)| one.abs_diff(*other).pow(2)).sum();
            prop_assert!(moved <= square(4), "{} and {} were promised", moved, square(4));
        }
        // The row of the person is the only one that is more.
        for column in &mut rows {
            column.remove(place);
        }
        prop_assert_eq!(rows, rows_without);
        let moved: i64 = codes.iter().map(|(code, count)| (count - codes_without.get(code).unwrap_or(&0)).pow(2)).sum();
        prop_assert!(moved <= i64::from(domain.policy.events.code.distinct));
    }

    #[test]
    fn counts_are_cut_to_their_length_and_left_alone_where_they_are_shorter(
        cells in prop::collection::vec(0..8_usize, 0..200),
        norm in 1..20_u32,
    ) {
        let cut = clipped(cells.clone(), norm, Fault::None);
        let length: u64 = cut.iter().map(|(_, count)| count.unsigned_abs().pow(2)).sum();
        prop_assert!(length <= square(norm));
        let whole: Vec<(usize, i64)> = clipped(cells, norm, Fault::NoClip);
        let is_short = whole.iter().map(|(_, count)| count.unsigned_abs().pow(2)).sum::<u64>() <= square(norm);
        if is_short {
            prop_assert_eq!(cut, whole);
        } else {
            // Not cut more than rounding asks for: a unit of the root, which is 64 of them or more, and one for each of
            // eight cells.
            let least = real::real(square(norm)).sqrt() * 64.0 / 65.0 - 8.0_f64.sqrt();
            prop_assert!(real::real(length).sqrt() >= least, "{}", length);
        }
    }

    #[test]
    fn a_model_that_was_damaged_is_read_whole_or_refused(place in 0..40_000_usize, with in "[0-9a-z\\[\\]\",=. -]") {
        let mut text = garbage_base().to_owned();
        let place = place % text.len();
        text.replace_range(place..=place, &with);
        if let Ok(model) = EventsModel::parse(&text) {
            for batch in model.rows(20, 1) {
                batch.unwrap();
            }
        }
    }
}

fn garbage_base() -> &'static str {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| fitted(POLICY).to_text().unwrap())
}

#[test]
fn a_history_that_is_too_long_leaves_events_that_follow_each_other() {
    let domain = domain(POLICY);
    let events: Vec<_> = (0..100).rev().map(|day| (day, "visit", None)).collect();
    let mut histories = histories(&domain, &[(1, "f", events.clone()), (2, "f", events)]);
    histories.bound(12, [3; 32]);
    let days: Vec<Vec<f64>> =
        histories.histories.iter().map(|events| events.iter().map(|event| event.time).collect()).collect();
    assert_eq!(days[0].len(), 12);
    assert!(days[0].windows(2).all(|days| days[1] - days[0] == 1.0));
    assert_ne!(days[0], days[1], "everybody has a piece of their own");
}

#[test]
fn a_twin_has_the_columns_of_both_tables_and_every_event_has_its_person() {
    let model = fitted(POLICY);
    let batches: Vec<DrawnEvents> = model.rows(20_000, 5).map(Result::unwrap).collect();
    assert!(batches.len() > 1);
    let (persons, events) = schemas();
    assert!(batches.iter().all(|batch| batch.persons.schema() == persons && batch.events.schema() == events));
    let people = drawn(&batches);
    assert_eq!(people.len(), 20_000);
    let ids = batches.iter().flat_map(|batch| batch.events.column(0).as_string::<i32>());
    let events: usize = people.values().map(|(_, events)| events.len()).sum();
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), events);
    for (_, events) in people.values() {
        assert!(events.len() <= 12 && events.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert!(events.iter().all(|(day, what, value)| {
            (0..=999).contains(day)
                && (value.is_none() || what == "pressure" && (60.0..=260.0).contains(&value.unwrap()))
        }));
    }
}

#[test]
fn a_twin_has_the_course_of_what_it_was_made_from() {
    let model = fitted(POLICY);
    assert!((2_800..3_200).contains(&model.estimated_persons()));
    let people = drawn(&model.rows(3_000, 5).map(Result::unwrap).collect::<Vec<_>>());
    let share = |hits: usize, all: usize| real::length(hits) / real::length(all.max(1));
    let has = |code: &str| people.values().filter(|(_, events)| events.iter().any(|event| event.1 == code)).count();
    assert!(share(has("visit"), people.len()) > 0.9 && share(has("pressure"), people.len()) > 0.9);
    let pairs: Vec<_> = people
        .values()
        .flat_map(|(_, events)| events.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())))
        .collect();
    let after = |one: &str, next: &str| {
        let from = pairs.iter().filter(|(before, _)| before.1 == one);
        share(from.clone().filter(|(_, after)| after.1 == next).count(), from.count())
    };
    assert!(after("visit", "pressure") > 0.85, "{}", after("visit", "pressure"));
    assert!(after("pressure", "visit") > 0.6, "{}", after("pressure", "visit"));
    let soon = pairs.iter().filter(|(one, next)| one.1 == "visit" && next.1 == "pressure");
    let near = soon.clone().filter(|(one, next)| next.0 - one.0 < 8);
    assert!(share(near.count(), soon.count()) > 0.85);
    // Pressures stay in their bin or nearly so.
    let mut steps = Vec::new();
    for (_, events) in people.values() {
        let values: Vec<f64> = events.iter().filter_map(|event| event.2).collect();
        steps.extend(values.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
    }
    let stays = steps.iter().filter(|step| **step <= 20.0).count();
    assert!(share(stays, steps.len()) > 0.7, "{}", share(stays, steps.len()));
}

#[test]
fn the_same_seed_draws_the_same_from_the_model_and_from_its_file() {
    let model = fitted(POLICY);
    let read = EventsModel::parse(&model.to_text().unwrap()).unwrap();
    let draw = |model: &EventsModel, seed| model.rows(500, seed).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(draw(&model, 3), draw(&read, 3));
    assert_ne!(draw(&model, 3), draw(&model, 4));
    assert_eq!(read.spent(), model.spent());
    assert_eq!(read.to_text().unwrap(), model.to_text().unwrap());
    assert_eq!(read.codes(), ["visit", "pressure", "death"]);
}

#[test]
fn codes_that_many_have_are_found_and_the_code_of_one_person_is_not() {
    let policy = POLICY.replace("values = [\"visit\", \"pressure\", \"death\"]", "distinct = 3");
    let domain = domain(&policy);
    let mut people = clinic();
    people.push((-1, "f", vec![(1, "a disease that nobody else has", None)]));
    for seed in 0..20 {
        let histories = histories(&domain, &people);
        let model = EventsModel::fit(&domain, histories, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        let codes: BTreeSet<&str> = model.codes().iter().map(String::as_str).collect();
        assert_eq!(codes, BTreeSet::from(["visit", "pressure", "death"]));
        assert!(!model.to_text().unwrap().contains("nobody else has"));
    }
}

#[test]
fn noise_lifts_a_code_of_one_person_over_the_threshold_no_likelier_than_agreed() {
    for (variance, delta) in [(1.0, 1e-3), (50.0, 1e-9), (10_000.0, 1e-12)] {
        let variance = Variance::at_least(variance);
        let threshold = threshold(variance, delta);
        // The weights of discrete Gaussian noise, added up.
        let weight = |count: i64| (-real::signed(count).powi(2) / (2.0 * variance.as_f64())).exp();
        let all: f64 = (-5_000..=5_000).map(weight).sum();
        let over: f64 = (threshold - 1..=5_000).map(weight).sum::<f64>() / all;
        assert!(over <= delta, "{over} above {threshold}");
        let nearly: f64 = (threshold - 4..=5_000).map(weight).sum::<f64>() / all;
        assert!(nearly > delta, "{threshold} is higher than it must be");
    }
}

#[test]
fn dates_and_moments_and_numbers_of_concepts_are_drawn_as_what_they_were() {
    let policy = POLICY
        .replace(
            "kind = \"range\", low = 0, high = 999, bins = 10 } }\ncode",
            "kind = \"dates\", first = 1970-01-01, last = 1972-09-26, days = 100 } }\ncode",
        )
        .replace("values = [\"visit\", \"pressure\", \"death\"]", "values = [\"1\", \"2\", \"3\"]")
        .replace("of.pressure", "of.2");
    let policy = EventsPolicy::parse(&policy).unwrap();
    let (persons, events) = schemas();
    for wanted in [DataType::Date32, DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into()))] {
        let mut fields: Vec<Field> = events.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields[2] = Field::new("day", wanted.clone(), false);
        fields[3] = Field::new("what", DataType::Int64, false);
        let schema: SchemaRef = Schema::new(fields).into();
        let domain = EventsDomain::bind(&policy, &persons, &schema).unwrap();
        let mut encoder = domain.encoder();
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
        let sexes: ArrayRef = Arc::new(StringArray::from(vec!["m"; 500]));
        encoder.push_persons(&RecordBatch::try_new(persons.clone(), vec![ids, sexes]).unwrap()).unwrap();
        let people = || (0..1_500_i64).map(|row| row / 3);
        let days: ArrayRef = Arc::new(Int32Array::from_iter_values((0..1_500).map(|row| 400 + row % 3)));
        let days = cast(&cast(&days, &DataType::Date32).unwrap(), &wanted).unwrap();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["x"; 1_500])),
            Arc::new(Int64Array::from_iter_values(people())),
            days,
            Arc::new(Int64Array::from_iter_values((0..1_500).map(|row| 1 + row % 2))),
            Arc::new(Float64Array::from(vec![120.0; 1_500])),
            Arc::new(StringArray::from(vec![None::<&str>; 1_500])),
        ];
        encoder.push_events(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        let model = EventsModel::fit(&domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let model = EventsModel::parse(&model.to_text().unwrap()).unwrap();
        let drawn = model.rows(500, 1).next().unwrap().unwrap();
        assert_eq!(drawn.events.schema(), schema);
        let days = cast(&cast(drawn.events.column(2), &DataType::Date32).unwrap(), &DataType::Int32).unwrap();
        let days = days.as_primitive::<Int32Type>();
        assert!(days.len() > 500 && days.values().iter().all(|day| (0..=999).contains(day)), "{days:?}");
    }
}

#[test]
fn what_belongs_to_nobody_is_left_out_and_counted() {
    let domain = domain(POLICY);
    let (schema, event_schema) = schemas();
    let mut encoder = domain.encoder();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2]));
    let sexes: ArrayRef = Arc::new(StringArray::from(vec!["m", "f", "m"]));
    encoder.push_persons(&RecordBatch::try_new(schema, vec![ids, sexes]).unwrap()).unwrap();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["x"; 2])),
        Arc::new(Int64Array::from(vec![1, 9])),
        Arc::new(Int32Array::from(vec![5, 5])),
        Arc::new(StringArray::from(vec!["visit"; 2])),
        Arc::new(Float64Array::from(vec![None; 2])),
        Arc::new(StringArray::from(vec![None::<&str>; 2])),
    ];
    encoder.push_events(&RecordBatch::try_new(event_schema, columns).unwrap()).unwrap();
    let left_out = encoder.left_out();
    assert_eq!((left_out.persons, left_out.events), (1, 1));
    let histories = encoder.finish();
    assert_eq!((histories.persons(), format!("{histories:?}")), (2, "Histories(2 persons)".to_owned()));
}

#[test]
fn a_model_that_is_not_whole_is_refused_with_a_reason() {
    let text = garbage_base();
    let refused = |text: &str| EventsModel::parse(text).unwrap_err().to_string();
    for (from, to, reason) in [
        ("events_version = 1", "events_version = 2", "the model has version 2 and not 1"),
        ("question = \"gaps\"", "question = \"values\"", "the model has answers that do not fit its codes"),
        ("codes = [", "codes = [\"another\", ", "the model has other codes than its policy"),
        ("variance_units = ", "variance_units = 0 #", "the model has answers that do not fit its codes"),
        ("flags = 2", "flags = 1", "the model has persons of another policy"),
        ("most = 12", "most = 0", "most: must be between 1 and 10000"),
        ("person = \"who\"", "person = \"whom\"", "column whom: is not in the table"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(refused(&text.replacen(from, to, 1)), reason, "{from}");
    }
    assert!(matches!(EventsModel::parse("nothing"), Err(TwinError::Syntax { line: 1, .. })));
    let end = text.rfind("[[answers]]").unwrap();
    assert!(EventsModel::parse(&text[..end]).is_err());
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused() {
    let (persons, events) = schemas();
    let refused = |from: &str, to: &str| {
        assert!(POLICY.contains(from), "{from}");
        let policy = EventsPolicy::parse(&POLICY.replace(from, to)).unwrap();
        EventsDomain::bind(&policy, &persons, &events).unwrap_err().to_string()
    };
    for (from, to, reason) in [
        ("norm = 4", "norm = 13", "norm: must be between 1 and most"),
        ("gaps = [0,", "gaps = [2,", "gaps: must begin with zero and be at most 64"),
        ("gaps = [0, 1, 8,", "gaps = [0, 8, 1,", "gaps: its edges must be numbers that increase"),
        ("\"visit\", \"pressure\"", "\"visit\", \"visit\"", "column what: has a code twice"),
        (
            "column = \"day\"",
            "column = \"value\"",
            "column value: must be a whole number, a date or a moment, and never null",
        ),
        ("classes = [\"sex\"]", "classes = [\"id\"]", "column id: is a class and not modelled"),
        (
            "note = { source = \"not modelled\", domain = { kind = \"empty\" } }",
            "",
            "column note: is not in the policy; name it among `others`",
        ),
        (
            "id = \"id\"",
            "id = \"sex\"",
            "column sex: must be an identifier: a text or a 64-bit integer that is not modelled",
        ),
        ("column = \"value\"", "column = \"day\"", "column day: has two roles"),
        (
            "source = \"the form\", values = [\"visit\"",
            "source = \" \", values = [\"visit\"",
            "column what: must say where its codes come from",
        ),
    ] {
        assert_eq!(refused(from, to), reason);
    }
}

#[test]
fn a_question_with_too_many_cells_is_refused_before_it_is_paid() {
    let codes: Vec<String> = (0..600).map(|code| format!("\"code {code}\"")).collect();
    let policy = POLICY.replace("\"visit\", \"pressure\", \"death\"", &codes.join(", "));
    let domain = domain(&policy.replace("of.pressure", "of.visit"));
    let histories = histories(&domain, &clinic()[..10]);
    let error = EventsModel::fit(&domain, histories, &mut ChaCha20Rng::seed_from_u64(1)).unwrap_err();
    assert!(error.to_string().contains("at most 1048576 are counted"), "{error}");
}
