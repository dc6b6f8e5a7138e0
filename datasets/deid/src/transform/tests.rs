use super::interval::{Classes, Form, Intervals};
use super::{Bounds, DatePart, RowContext, Transform, apply, date, number};
use crate::key::ReleaseKey;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};
use mudeung_core::dataset::ColumnType;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn run(transform: &Transform, raw: ColumnType, column: ArrayRef, persons: &[&str]) -> ArrayRef {
    let keys = ReleaseKey::from_bytes([3; 32]).project("release", "recipient").unwrap();
    let released = transform.released(raw).unwrap();
    let result = apply(transform, released, &column, &RowContext { keys: &keys, persons }).unwrap();
    assert_eq!(result.data_type(), &mudeung_engine::layout::arrow_type(released));
    result
}

fn numbers(transform: &Transform, values: Vec<Option<f64>>) -> ArrayRef {
    run(transform, ColumnType::Float64, Arc::new(Float64Array::from(values)), &[])
}

proptest! {
    #[test]
    fn a_class_of_one_width_is_the_one_a_person_would_name(value in -500_i32..500, width in 1_i32..40, origin in -20_i32..20) {
        let classes = Classes::Width { width: f64::from(width), origin: f64::from(origin) };
        let intervals = Intervals { classes, bounds: Bounds::default(), form: Form::Label };
        // The naive way: walk from the origin.
        let mut low = origin;
        while low > value { low -= width; }
        while low + width <= value { low += width; }
        prop_assert_eq!(intervals.label(f64::from(value)), format!("[{},{})", low, low + width));
    }

    #[test]
    fn a_class_between_breaks_holds_its_values_and_no_others(value in -50.0_f64..150.0, breaks in prop::collection::btree_set(0_i32..100, 1..8)) {
        let breaks: Vec<f64> = breaks.into_iter().map(f64::from).collect();
        let intervals = Intervals { classes: Classes::Breaks(breaks.clone()), bounds: Bounds::default(), form: Form::Label };
        let (low, high) = intervals.class(value);
        prop_assert!(low <= value && value < high);
        prop_assert!(breaks.iter().all(|at| *at <= low || *at >= high));
    }

    #[test]
    fn bounds_and_rounding_agree_with_a_naive_model(values in prop::collection::vec(prop::option::of(-1000_i32..1000), 1..50), step in 1_i32..50) {
        let bounds = Bounds { bottom: Some(-300.0), top: Some(500.0) };
        let transform = Transform::Round { step: f64::from(step), bounds };
        let column: ArrayRef = Arc::new(Int32Array::from(values.clone()));
        let rounded = run(&transform, ColumnType::Int32, column, &[]);
        for (before, after) in values.iter().zip(rounded.as_primitive::<Int32Type>()) {
            let Some(before) = before else { prop_assert!(after.is_none()); continue };
            let (kept, after) = (before.clamp(&-300, &500), after.unwrap());
            prop_assert_eq!(after % step, 0);
            prop_assert!(2 * (after - kept).abs() <= step);
            if 2 * (after - kept).abs() == step { prop_assert_eq!((after / step) % 2, 0); }
        }
    }

    #[test]
    fn a_shift_keeps_intervals_weekdays_and_distance(days in prop::collection::vec(-20_000_i32..40_000, 2..20), person in "[a-z0-9]{1,12}", weeks in 1_u32..60) {
        let persons = vec![person.as_str(); days.len()];
        let transform = Transform::DateShift { weeks, part: None };
        let column: ArrayRef = Arc::new(Date32Array::from(days.clone()));
        let moved = run(&transform, ColumnType::Date, column, &persons);
        let moved = moved.as_primitive::<Date32Type>();
        let shift = moved.value(0) - days[0];
        prop_assert!(shift != 0 && shift % 7 == 0 && shift.unsigned_abs() <= 7 * weeks);
        for (row, day) in days.iter().enumerate() {
            prop_assert_eq!(moved.value(row) - day, shift);
        }
    }

    #[test]
    fn a_date_cut_to_its_month_or_year_is_the_calendars(day in -200_000_i32..200_000) {
        let column: ArrayRef = Arc::new(Date32Array::from(vec![day]));
        let calendar = date::from_days(day).unwrap();
        for (part, first) in [(DatePart::Month, calendar.first_of_month()), (DatePart::Year, calendar.first_of_year())] {
            let cut = run(&Transform::DateTruncate(part), ColumnType::Date, column.clone(), &[]);
            prop_assert_eq!(date::from_days(cut.as_primitive::<Date32Type>().value(0)).unwrap(), first);
        }
    }

    #[test]
    fn pseudonyms_are_equal_exactly_where_identifiers_are(ids in prop::collection::vec(0_i64..30, 1..60), integer: bool) {
        let transform = Transform::Pseudonym { domain: "person".into(), integer };
        let column: ArrayRef = Arc::new(Int64Array::from(ids.clone()));
        let names = run(&transform, ColumnType::Int64, column, &[]);
        let name = |row: usize| match names.as_primitive_opt::<Int64Type>() {
            Some(numbers) => { assert!(numbers.value(row) >= 0); numbers.value(row).to_string() }
            None => names.as_string::<i32>().value(row).to_owned(),
        };
        let mut model = BTreeMap::new();
        for (row, id) in ids.iter().enumerate() {
            prop_assert_eq!(model.entry(*id).or_insert_with(|| name(row)).clone(), name(row));
        }
        prop_assert_eq!(model.values().collect::<BTreeSet<_>>().len(), model.len());
    }
}

#[test]
fn shifts_spread_over_all_weeks_and_both_directions() {
    let keys = ReleaseKey::from_bytes([3; 32]).project("release", "recipient").unwrap();
    let shifts: BTreeSet<i32> = (0..5_000).map(|person| keys.shift_days(&person.to_string(), 26)).collect();
    assert_eq!(shifts.len(), 52);
    assert_eq!((shifts.first(), shifts.last()), (Some(&-182), Some(&182)));
}

#[test]
fn the_same_identifier_in_two_domains_does_not_link() {
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["1001"]));
    let name = |domain: &str| {
        let transform = Transform::Pseudonym { domain: domain.into(), integer: false };
        run(&transform, ColumnType::Text, ids.clone(), &[]).as_string::<i32>().value(0).to_owned()
    };
    assert_ne!(name("person"), name("visit"));
}

#[test]
fn the_keyed_hash_is_hmac_sha256_of_rfc_4231() {
    // Test case 2 of the RFC: key "Jefe", which HMAC pads with zeros exactly as this crate pads its keys.
    use hmac::{Hmac, Mac};
    let mut padded = [0_u8; 64];
    padded[..4].copy_from_slice(b"Jefe");
    let mut mac = <Hmac<sha2::Sha256> as hmac::digest::KeyInit>::new(&padded.into());
    mac.update(b"what do ya want for nothing?");
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(crate::definition::hex(&mac.finalize().into_bytes()), expected);
}

#[test]
fn rounding_to_a_tenth_takes_away_traces_of_single_precision() {
    let transform = Transform::Round { step: 0.1, bounds: Bounds::default() };
    let rounded = numbers(&transform, vec![Some(1.199_951_17), Some(0.25), None, Some(-3.05)]);
    let rounded: Vec<Option<f64>> = rounded.as_primitive::<Float64Type>().iter().collect();
    assert_eq!(rounded, [Some(1.2), Some(0.2), None, Some(-3.0)]);
    assert!((number::round_to(7.0, 5.0) - 5.0).abs() < f64::EPSILON);
}

#[test]
fn classes_beyond_the_bounds_are_open_and_missing_values_stay_missing() {
    let classes = Classes::Width { width: 10.0, origin: 5.0 };
    let bounds = Bounds { bottom: Some(20.0), top: Some(80.0) };
    let intervals = Intervals { classes, bounds, form: Form::Label };
    let labels =
        numbers(&Transform::Generalise(intervals.clone()), vec![Some(3.0), Some(20.0), Some(79.9), Some(80.0), None]);
    let labels: Vec<Option<&str>> = labels.as_string::<i32>().iter().collect();
    assert_eq!(labels, [Some("(-inf,20)"), Some("[20,25)"), Some("[75,80)"), Some("[80,inf)"), None]);
    let lower =
        numbers(&Transform::Generalise(Intervals { form: Form::Lower, ..intervals }), vec![Some(3.0), Some(47.0)]);
    assert_eq!(lower.as_primitive::<Float64Type>().values(), &[20.0, 45.0]);
}

#[test]
fn categories_are_merged_and_the_rest_goes_where_the_recipe_says() {
    let values = BTreeMap::from([("a".to_owned(), "x".to_owned()), ("b".to_owned(), "x".to_owned())]);
    let column: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), Some("c"), None]));
    let map = |default: Option<&str>, missing: Option<&str>| {
        let (default, missing) = (default.map(str::to_owned), missing.map(str::to_owned));
        let transform = Transform::Map { values: values.clone(), default, missing };
        let mapped = run(&transform, ColumnType::Text, column.clone(), &[]);
        mapped.as_string::<i32>().iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>()
    };
    let x = || Some("x".to_owned());
    assert_eq!(map(None, None), [x(), x(), None, None]);
    assert_eq!(map(Some("o"), Some("m")), [x(), x(), Some("o".into()), Some("m".into())]);
}
