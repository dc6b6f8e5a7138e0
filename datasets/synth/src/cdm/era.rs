//! Eras: days under one thing with gaps of at most 30 days, by the rule of OHDSI.
//!
//! An event that begins no more than 30 days after the last day of all before it goes on with their era. Days under a
//! drug are counted as OHDSI's script counts them, from the first day of a run of exposures without a gap to its last.

use super::life::Life;
use std::collections::BTreeMap;

/// Days that an era may be without.
pub(crate) const PERSISTENCE: i32 = 30;

/// An era. Days are since 1970, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Era {
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) events: i32,
    /// Days of it that no exposure covers.
    pub(crate) gaps: i32,
}

/// The eras of events, each from a first day to a last one, in any order.
pub(crate) fn eras(mut events: Vec<(i32, i32)>) -> Vec<Era> {
    events.sort_unstable();
    let mut found: Vec<Era> = Vec::new();
    for (first, last) in events {
        match found.last_mut().filter(|era| first <= era.last.saturating_add(PERSISTENCE)) {
            Some(era) => {
                era.gaps += (first - era.last).max(0);
                era.last = era.last.max(last);
                era.events += 1;
            }
            None => found.push(Era { first, last, events: 1, gaps: 0 }),
        }
    }
    found
}

fn by_key<K: Ord + Clone>(events: impl IntoIterator<Item = (K, (i32, i32))>) -> Vec<(K, Era)> {
    let mut grouped: BTreeMap<K, Vec<(i32, i32)>> = BTreeMap::new();
    for (key, days) in events {
        grouped.entry(key).or_default().push(days);
    }
    let all = grouped.into_iter().flat_map(|(key, days)| eras(days).into_iter().map(move |era| (key.clone(), era)));
    let mut all: Vec<(K, Era)> = all.collect();
    all.sort_by_key(|(_, era)| era.first);
    all
}

/// Eras of conditions by code.
pub(crate) fn of_conditions<'a>(life: &'a Life<'_>) -> Vec<(&'a str, Era)> {
    by_key(life.diagnosed.iter().map(|one| (one.illness.code.as_str(), (one.first, one.last))))
}

/// Eras of ingredients by ATC code.
pub(crate) fn of_drugs<'a>(life: &'a Life<'_>) -> Vec<(&'a str, Era)> {
    by_key(
        life.prescribed
            .iter()
            .flat_map(|one| one.drug.of.iter().map(move |(atc, _)| (atc.as_str(), (one.first, one.last)))),
    )
}

/// Eras of ingredients and their daily dose in mg.
pub(crate) fn of_doses<'a>(life: &'a Life<'_>) -> Vec<(&'a str, f64, Era)> {
    let exposed = life.prescribed.iter().flat_map(|one| {
        let daily = move |(atc, mg): &'a (String, f64)| {
            // Positive numbers are in the order of their bits.
            ((atc.as_str(), (mg * f64::from(one.drug.per_day)).to_bits()), (one.first, one.last))
        };
        one.drug.of.iter().map(daily)
    });
    by_key(exposed).into_iter().map(|((atc, dose), era)| (atc, f64::from_bits(dose), era)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Era, eras};
    use proptest::prelude::*;

    #[test]
    fn thirty_days_without_are_one_era_and_thirty_one_are_two() {
        let one = Era { first: 0, last: 50, events: 2, gaps: 30 };
        assert_eq!(eras(vec![(40, 50), (0, 10)]), [one]);
        assert_eq!(eras(vec![(0, 10), (41, 50)]).len(), 2);
        assert_eq!(eras(vec![(0, 90), (5, 10), (120, 121)]), [Era { first: 0, last: 121, events: 3, gaps: 30 }]);
        assert_eq!(eras(Vec::new()), []);
    }

    proptest! {
        /// A day lies in an era if it is covered, or lies between covered days that are near enough.
        #[test]
        fn eras_are_the_days_that_a_walk_over_the_calendar_finds(
            events in prop::collection::vec((0..300_i32, 0..40_i32), 0..12)
        ) {
            let events: Vec<(i32, i32)> = events.into_iter().map(|(first, days)| (first, first + days)).collect();
            let covered = |day: i32| events.iter().any(|(first, last)| (*first..=*last).contains(&day));
            let mut walked: Vec<(i32, i32)> = Vec::new();
            for day in (0..340).filter(|day| covered(*day)) {
                match walked.last_mut().filter(|(_, last)| day - *last <= 30) {
                    Some((_, last)) => *last = day,
                    None => walked.push((day, day)),
                }
            }
            let found = eras(events.clone());
            prop_assert_eq!(found.iter().map(|era| (era.first, era.last)).collect::<Vec<_>>(), walked);
            let counted: i32 = found.iter().map(|era| era.events).sum();
            prop_assert_eq!(usize::try_from(counted).unwrap(), events.len());
            for era in found {
                // From one day to the next, with an exposure over both of them or not.
                let bare = (era.first..era.last)
                    .filter(|day| !events.iter().any(|(first, last)| first <= day && day < last))
                    .count();
                prop_assert_eq!(usize::try_from(era.gaps).unwrap(), bare);
            }
        }
    }
}
