use super::{SET_MAX, largest_set, search, subsets, uniques, weight};
use proptest::prelude::*;

/// Every set of columns on which a person is alone and on no part of which he is, by trying all.
fn minimal(rows: &[Vec<u32>], person: usize) -> Vec<Vec<usize>> {
    let columns = rows[0].len();
    let alone = |set: &[usize]| {
        let same = |other: &Vec<u32>| set.iter().all(|column| other[*column] == rows[person][*column]);
        rows.iter().filter(|other| same(other)).count() == 1
    };
    let all = (1..=SET_MAX.min(columns)).flat_map(|size| subsets(columns, size));
    let unique: Vec<Vec<usize>> = all.filter(|set| alone(set)).collect();
    let part = |small: &Vec<usize>, set: &Vec<usize>| small != set && small.iter().all(|column| set.contains(column));
    unique.iter().filter(|set| !unique.iter().any(|small| part(small, set))).cloned().collect()
}

proptest! {
    #[test]
    fn the_minimal_sets_of_each_person_are_those_that_trying_all_finds(
        rows in (1_usize..6).prop_flat_map(|columns| {
            prop::collection::vec(prop::collection::vec(0_u32..4, columns), 1..25)
        }),
    ) {
        let columns: Vec<Vec<u32>> = (0..rows[0].len()).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
        let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let (set_max, found, _) = search(&columns, rows.len());
        let (mut sets, mut on_column, mut whole) = (0_u64, vec![0.0; columns.len()], 0.0);
        for (person, found) in found.iter().enumerate() {
            let minimal = minimal(&rows, person);
            prop_assert_eq!(found.fewest, minimal.iter().map(Vec::len).min().unwrap_or(0));
            let score: f64 = minimal.iter().map(|set| weight(columns.len(), set.len(), set_max)).sum();
            prop_assert!((found.score - score).abs() < 1e-9);
            sets += u64::try_from(minimal.len()).unwrap();
            whole += score;
            for set in &minimal {
                set.iter().for_each(|column| on_column[*column] += weight(columns.len(), set.len(), set_max));
            }
        }
        let told = uniques(&columns, rows.len());
        prop_assert_eq!(told.minimal_sets, sets);
        for (told, sum) in told.contributions.iter().zip(on_column) {
            let share = if whole > 0.0 { sum / whole } else { 0.0 };
            prop_assert!((told - share).abs() < 1e-9);
        }
    }
}

#[test]
fn one_who_has_a_value_alone_needs_no_second_column() {
    let told = uniques(&[&[1, 1, 2], &[5, 6, 6]], 3);
    assert_eq!((told.alone_on.as_slice(), told.minimal_sets), (&[2, 1][..], 3));
    assert!((told.alone_share - 1.0).abs() < f64::EPSILON);
}

#[test]
fn nobody_and_nothing_are_no_uniques() {
    assert_eq!(uniques(&[], 3).minimal_sets, 0);
    assert_eq!(uniques(&[&[]], 0).alone_on, [0]);
}

#[test]
fn many_persons_are_looked_at_on_smaller_sets() {
    assert_eq!([largest_set(9, 30_000), largest_set(24, 1_000_000), largest_set(2, 10)], [3, 2, 2]);
    assert_eq!(largest_set(24, 100_000_000), 1);
}
