use super::{DRAWS, Fact, Facts, Lists, choose};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::{BTreeMap, BTreeSet};

fn fact(value: u32) -> Fact {
    Fact { column: value % 2, code: 0, value, time: (!value.is_multiple_of(3)).then_some(-1) }
}

fn subsets(of: &[u32], many: usize) -> Vec<Vec<u32>> {
    match (of.split_first(), many) {
        (_, 0) => vec![Vec::new()],
        (None, _) => Vec::new(),
        (Some((first, rest)), _) => {
            let with = subsets(rest, many - 1).into_iter().map(|set| [vec![*first], set].concat());
            with.chain(subsets(rest, many)).collect()
        }
    }
}

proptest! {
    #[test]
    fn as_many_are_alike_as_a_naive_search_finds(
        events in prop::collection::vec((0_u32..6, 0_u32..8), 1..60), known in 1_usize..4, k in 1_u64..5,
    ) {
        let mut model = vec![BTreeSet::new(); 6];
        events.iter().for_each(|(person, value)| { model[usize::try_from(*person).unwrap()].insert(fact(*value)); });
        let values: BTreeSet<Fact> = events.iter().map(|(_, value)| fact(*value)).collect();
        let values: Vec<Fact> = values.into_iter().collect();
        let facts = Facts::new(&[9; 6], events.iter().map(|(person, value)| (fact(*value), *person)).collect());
        for person in 0..6 {
            let own = facts.of_person.get(person);
            let told: BTreeSet<Fact> = own.iter().map(|fact| values[usize::try_from(*fact).unwrap()]).collect();
            prop_assert_eq!(&told, &model[usize::try_from(person).unwrap()]);
            for set in subsets(own, known) {
                let set_of: Vec<Fact> = set.iter().map(|fact| values[usize::try_from(*fact).unwrap()]).collect();
                let alike = model.iter().filter(|has| set_of.iter().all(|fact| has.contains(fact))).count();
                prop_assert_eq!(facts.alike(&set, k), u64::try_from(alike).unwrap().min(k));
            }
        }
    }

    #[test]
    fn the_share_is_that_of_all_sets_of_events_within_its_interval(
        events in prop::collection::vec((0_u32..300, 0_u32..40), 600..1_500), known in 1_u32..3,
    ) {
        let seeds: Vec<u64> = (0..300).collect();
        let facts = Facts::new(&seeds, events.iter().map(|(person, value)| (fact(*value), *person)).collect());
        let (mut shares, mut persons) = (0.0, 0_u32);
        for person in 0..300 {
            let sets = subsets(facts.of_person.get(person), usize::try_from(known).unwrap());
            if sets.is_empty() { continue; }
            let float = |count: usize| f64::from(u32::try_from(count).unwrap());
            shares += float(sets.iter().filter(|set| facts.alike(set, 2) == 1).count()) / float(sets.len());
            persons += 1;
        }
        let (found, truth) = (facts.measure(known, 0, 3), shares / f64::from(persons));
        prop_assert_eq!((found.persons, found.drawn), (u64::from(persons), u64::from(persons)));
        // All persons are in it, eight sets of each: 300 x 8 drawings are within 6 points of what all sets give.
        prop_assert!((found.unique.share - truth).abs() < 0.06, "{:?} {truth}", found.unique);
        prop_assert!(found.unique.share <= found.below_k.share);
    }

    #[test]
    fn the_order_of_persons_and_events_does_not_show(
        events in prop::collection::vec((0_u32..5, 0_u32..8), 1..60), known in 1_u32..4,
    ) {
        let (seeds, turned) = ([3, 1, 4, 15, 9], [9, 15, 4, 1, 3]);
        let one = Facts::new(&seeds, events.iter().map(|(person, value)| (fact(*value), *person)).collect());
        let other = events.iter().rev().map(|(person, value)| (fact(*value), 4 - *person)).collect();
        prop_assert_eq!(one.measure(known, 0, 3), Facts::new(&turned, other).measure(known, 0, 3));
    }
}

#[test]
fn every_set_is_drawn_about_as_often_as_any_other() {
    let mut draw = ChaCha8Rng::seed_from_u64(5);
    let mut counts = BTreeMap::<BTreeSet<u32>, u32>::new();
    for _ in 0..20_000 {
        let set = choose(&[10, 11, 12, 13, 14], 2, &mut draw);
        *counts.entry(set.into_iter().collect()).or_default() += 1;
    }
    assert_eq!(counts.len(), 10);
    assert!(counts.iter().all(|(set, count)| set.len() == 2 && count.abs_diff(2_000) < 200), "{counts:?}");
}

#[test]
fn who_has_fewer_events_than_are_known_is_not_counted_and_nobody_is_no_division_by_zero() {
    let facts = Facts::new(&[1, 2], vec![(fact(1), 0), (fact(1), 0), (fact(2), 1), (fact(3), 1)]);
    assert_eq!(facts.measure(2, 0, 5).persons, 1);
    assert_eq!(facts.measure(1, 2, 5).persons, 1);
    assert_eq!(facts.measure(4, 0, 5).drawn, 0);
    assert!(facts.measure(4, 0, 5).unique.high > 0.99);
    assert!((facts.measure(1, 0, 5).unique.share - 1.0).abs() < f64::EPSILON, "{DRAWS}");
    assert!(Lists::new(0, std::iter::empty()).get(3).is_empty());
}
