use super::{LeftOut, Linkage, Moments, Sequence, Shown};
use proptest::prelude::*;
use std::collections::BTreeMap;

const EVERYBODY: [bool; 6] = [true; 6];
const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

/// Rows as persons, days and values, which both releases show more coarsely, each in its way.
fn table(rows: &[(u32, i32, u32)], by: [u32; 2], slack: i32) -> Sequence {
    let persons: Vec<u32> = rows.iter().map(|(person, _, _)| *person).collect();
    let recorded: Vec<u32> = rows.iter().map(|(_, _, value)| *value).collect();
    let coarse = |by: u32| (0..20).map(|value| value / by).collect::<Vec<u32>>();
    let shown = Shown::new(&recorded, &coarse(by[0]), &coarse(by[1]));
    let mut firsts = BTreeMap::new();
    for (person, day, _) in rows {
        let first = firsts.entry(*person).or_insert(*day);
        *first = (*first).min(*day);
    }
    let exact = rows.iter().map(|(person, day, _)| Some(day - firsts[person])).collect();
    let weeks = rows.iter().map(|(person, day, _)| Some((day - firsts[person]).div_euclid(7) * 7)).collect();
    let times = if slack == 0 { [Vec::clone(&exact), exact] } else { [exact, weeks] };
    Sequence::new(6, &persons, times, Moments::Within(slack), vec![shown])
}

fn linkage(columns: Vec<Shown>, sequences: Vec<Sequence>) -> Linkage<'static> {
    let (quasi, alone) = (columns.len().min(1), columns.len());
    Linkage { seeds: &SEEDS, this: &EVERYBODY, other: &EVERYBODY, columns, quasi, alone, sequences }
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

proptest! {
    #[test]
    fn whoever_is_the_same_person_is_always_a_candidate(
        ages in prop::collection::vec(0_u32..20, 6),
        rows in prop::collection::vec((0_u32..6, 0_i32..60, 0_u32..20), 0..40),
        by in [1_u32..6, 1_u32..6],
        slack in prop::sample::select(vec![0, 7]),
    ) {
        let coarse = |by: u32| (0..20).map(|age| age / by).collect::<Vec<u32>>();
        let ages = Shown::new(&ages, &coarse(by[1]), &coarse(by[0]));
        let linkage = linkage(vec![ages], vec![table(&rows, by, slack)]);
        let others: Vec<usize> = (0..6).collect();
        for person in 0..6 {
            prop_assert_eq!(linkage.candidates(person, &[person], &[]), [1, 1, 1]);
            let [quasi, columns, events] = linkage.candidates(person, &others, &[]);
            prop_assert!(quasi >= columns && columns >= events && events >= 1);
        }
    }

    #[test]
    fn by_a_column_those_are_candidates_who_a_naive_search_finds(
        ages in prop::collection::vec(0_u32..20, 6), by in [1_u32..6, 1_u32..6],
    ) {
        let coarse = |by: u32| (0..20).map(|age| age / by).collect::<Vec<u32>>();
        let linkage = linkage(vec![Shown::new(&ages, &coarse(by[0]), &coarse(by[1]))], Vec::new());
        let others: Vec<usize> = (0..6).collect();
        for (person, age) in ages.iter().enumerate() {
            // Somebody whose age in the other release is one that this person's age may be.
            let may = |other: &&u32| (0..20).any(|real| real / by[0] == age / by[0] && real / by[1] == **other / by[1]);
            let count = u64::try_from(ages.iter().filter(may).count()).unwrap();
            prop_assert_eq!(linkage.candidates(person, &others, &[])[0], count);
        }
    }
}

#[test]
fn intervals_tell_apart_those_whom_values_do_not() {
    // Six persons with two rows of one value each, as many days apart as they are numbered.
    let rows: Vec<(u32, i32, u32)> =
        (0..6).flat_map(|person| [(person, 100, 3), (person, 101 + i32::try_from(person).unwrap(), 3)]).collect();
    let exact = linkage(Vec::new(), vec![table(&rows, [1, 1], 0)]).measure();
    assert!(near(exact.events.unique.share, 1.0) && near(exact.events.linked.share, 1.0));
    assert!(near(exact.columns.linked.share, 1.0 / 6.0) && near(exact.chance, 1.0 / 6.0), "{exact:?}");
    let weeks = linkage(Vec::new(), vec![table(&rows, [1, 1], 7)]).measure();
    assert!(near(weeks.events.unique.share, 0.0) && weeks.events.linked.share < 0.35, "{weeks:?}");
}

#[test]
fn a_value_tells_more_where_its_row_is_known_than_where_it_may_be_any() {
    // Everybody has the same two values, half of them in the other order.
    let rows: Vec<(u32, i32, u32)> =
        (0..6).flat_map(|person| [(person, 0, person % 2), (person, 9, 1 - person % 2)]).collect();
    let linkage = linkage(Vec::new(), vec![table(&rows, [1, 1], 0)]);
    let others: Vec<usize> = (0..6).collect();
    assert_eq!(linkage.candidates(0, &others, &[])[2], 3);
    assert_eq!(linkage.candidates(0, &others, &[LeftOut::Moments(0)])[2], 6, "as one block they are alike");
    assert_eq!(linkage.candidates(0, &others, &[LeftOut::Value(0, 0)])[2], 6);
}

#[test]
fn who_is_not_in_the_other_release_is_not_found_there() {
    let own = Shown::new(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5]);
    let other = [true, true, true, false, false, false];
    let linkage = Linkage { other: &other, ..linkage(vec![own], Vec::new()) };
    let linked = linkage.measure();
    assert!(near(linked.quasi.unique.share, 0.5) && (linked.persons, linked.others) == (6, 3), "{linked:?}");
}

#[test]
fn what_need_not_be_left_out_stays() {
    // A column that tells everybody apart, and two that tell nothing.
    let own = || Shown::new(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5]);
    let same = || Shown::new(&[0; 6], &[0], &[0]);
    let linkage = linkage(vec![same(), own(), same()], Vec::new());
    let (left_out, linked) = linkage.remedy(|linked| linked.events.linked.share < 0.5).unwrap();
    assert_eq!(left_out, [LeftOut::Column(1)]);
    assert!(near(linked.events.linked.share, 1.0 / 6.0));
    assert!(linkage.remedy(|linked| linked.events.linked.share < 0.1).is_none());
}

#[test]
fn a_table_goes_as_a_whole_only_when_the_number_of_its_rows_is_too_much() {
    // Days tell everybody apart and values nobody, and everybody has two rows.
    let two: Vec<(u32, i32, u32)> =
        (0..6).flat_map(|person| [(person, 0, 3), (person, 1 + i32::try_from(person).unwrap(), 3)]).collect();
    let few = |linked: &super::Linked| linked.events.linked.share < 0.5;
    let (left_out, _) = linkage(Vec::new(), vec![table(&two, [1, 1], 0)]).remedy(few).unwrap();
    assert_eq!(left_out, [LeftOut::Moments(0)]);
    // Each has as many rows as it is numbered.
    let more: Vec<(u32, i32, u32)> = (0..6_u32).flat_map(|person| (0..=person).map(move |_| (person, 0, 3))).collect();
    let (left_out, _) = linkage(Vec::new(), vec![table(&more, [1, 1], 0)]).remedy(few).unwrap();
    assert_eq!(left_out, [LeftOut::Table(0)]);
}
