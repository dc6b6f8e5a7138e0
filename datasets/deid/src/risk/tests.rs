use super::{Classes, float, share};
use arrow::array::{ArrayRef, Int32Array, StringArray};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

type Person = (Option<String>, Option<i32>);

fn classes(batches: &[Vec<Person>]) -> Classes {
    let mut classes = Classes::default();
    for batch in batches {
        let texts: ArrayRef = Arc::new(batch.iter().map(|(text, _)| text.clone()).collect::<StringArray>());
        let numbers: ArrayRef = Arc::new(batch.iter().map(|(_, number)| *number).collect::<Int32Array>());
        classes.add(&[texts, numbers], batch.len()).unwrap();
    }
    classes
}

proptest! {
    #[test]
    fn classes_and_figures_agree_with_a_naive_count(
        batches in prop::collection::vec(
            prop::collection::vec((prop::option::of("[01]{0,2}"), prop::option::of(0_i32..3)), 0..40), 1..4),
        k in 1_u64..6,
    ) {
        let people: Vec<Person> = batches.iter().flatten().cloned().collect();
        let mut model = HashMap::<Person, u64>::new();
        people.iter().for_each(|person| *model.entry(person.clone()).or_default() += 1);
        let classes = classes(&batches);
        let small: Vec<bool> = people.iter().map(|person| model[person] < k).collect();
        let too_small = classes.smaller_than(k);
        prop_assert_eq!(classes.members(&too_small), small);
        let figures = classes.figures(vec![], k, &classes, &too_small);
        let kept: Vec<u64> = model.values().copied().filter(|size| *size >= k).collect();
        prop_assert_eq!(figures.persons, kept.iter().sum::<u64>());
        prop_assert_eq!(figures.persons + figures.suppressed_persons, u64::try_from(people.len()).unwrap());
        prop_assert_eq!(figures.k, kept.iter().copied().min().unwrap_or(0));
        prop_assert_eq!(figures.k_before, model.values().copied().min().unwrap_or(0));
    }
}

#[test]
fn values_do_not_run_into_each_other_and_missing_is_a_value() {
    let person = |text: Option<&str>, number| (text.map(str::to_owned), number);
    let people = [person(Some("1"), Some(11)), person(Some("11"), Some(1)), person(Some(""), None), person(None, None)];
    assert_eq!(classes(&[people.to_vec()]).figures(vec![], 1, &Classes::default(), &[false; 4]).classes, 4);
}

#[test]
fn counts_become_floats_exactly_and_shares_of_nothing_are_zero() {
    assert!((float(9_007_199_254_740_991) - 9_007_199_254_740_991.0).abs() < f64::EPSILON);
    assert!(share(1, 0).abs() < f64::EPSILON && (share(1, 4) - 0.25).abs() < f64::EPSILON);
}
