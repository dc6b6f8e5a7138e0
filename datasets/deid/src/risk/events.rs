//! The risk from an adversary who knows a few of a person's events: how often those few are enough to single the person
//! out. Persons and events are drawn, so that the figures are estimates with intervals.

use super::Estimate;
use super::lists::{Lists, index, to_u64};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The most events that an adversary is taken to know.
pub const KNOWN_MAX: u32 = 4;
/// Persons that are drawn; with so many an interval of 95 % is five points wide at most.
pub(super) const PERSONS_DRAWN: usize = 1_500;
/// Drawings of events of each of them.
const DRAWS: u32 = 8;

/// One event as the adversary knows it, as numbers that the caller gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// Of which table and column.
    pub column: u32,
    /// What happened.
    pub code: u32,
    /// What was found.
    pub value: u32,
    /// When, if that is known.
    pub time: Option<i32>,
}

/// What an adversary gains who knows a number of events of a person, drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EventShare {
    /// How many events are known.
    pub known: u32,
    /// Persons that have so many different events.
    pub persons: u64,
    /// How many of them were drawn.
    pub drawn: u64,
    /// Share of the drawings in which nobody else has these events.
    pub unique: Estimate,
    /// Share of the drawings in which fewer than k persons have them, the person included.
    pub below_k: Estimate,
}

/// Which persons have which facts, from both sides.
#[derive(Debug)]
pub struct Facts<'a> {
    /// For each person a number that the drawing depends on, and nothing else does.
    seeds: &'a [u64],
    of_person: Lists,
    of_fact: Lists,
}

impl<'a> Facts<'a> {
    /// The facts of persons, who are numbered as their seeds are; a fact that a person has twice counts once.
    pub fn new(seeds: &'a [u64], mut facts: Vec<(Fact, u32)>) -> Self {
        facts.sort_unstable();
        facts.dedup();
        let mut numbered = Vec::with_capacity(facts.len());
        let mut last: Option<(Fact, u32)> = None;
        for (fact, person) in facts {
            let number = match last {
                Some((same, number)) if same == fact => number,
                Some((_, number)) => number.saturating_add(1),
                None => 0,
            };
            last = Some((fact, number));
            numbered.push((number, person));
        }
        let distinct = last.map_or(0, |(_, number)| index(number) + 1);
        let of_fact = Lists::new(distinct, numbered.iter().copied());
        let of_person = Lists::new(seeds.len(), numbered.iter().map(|(fact, person)| (*person, *fact)));
        Self { seeds, of_person, of_fact }
    }

    /// Measures an adversary who knows `known` events of a person who has `at_least` that many or more.
    pub fn measure(&self, known: u32, at_least: u32, k: u64) -> EventShare {
        let least = index(known.max(at_least));
        let (eligible, persons) = drawn(self.seeds, PERSONS_DRAWN, |person| self.of_person.get(person).len() >= least);
        let (mut unique, mut below_k) = (0, 0);
        for (seed, person) in &persons {
            let mut draw = ChaCha8Rng::seed_from_u64(seed.wrapping_add(u64::from(known)));
            for _ in 0..DRAWS {
                let alike = self.alike(&choose(self.of_person.get(*person), index(known), &mut draw), k.max(2));
                unique += u64::from(alike == 1);
                below_k += u64::from(alike < k);
            }
        }
        let drawn = to_u64(persons.len());
        let estimate = |hits| Estimate::of_draws(hits, drawn, u64::from(DRAWS));
        EventShare { known, persons: to_u64(eligible), drawn, unique: estimate(unique), below_k: estimate(below_k) }
    }

    /// How many persons have all of these facts; counted up to `enough`.
    fn alike(&self, facts: &[u32], enough: u64) -> u64 {
        let mut lists: Vec<&[u32]> = facts.iter().map(|fact| self.of_fact.get(*fact)).collect();
        lists.sort_unstable_by_key(|list| list.len());
        let Some((shortest, others)) = lists.split_first() else { return 0 };
        let all = |person: &&u32| others.iter().all(|list| list.binary_search(person).is_ok());
        let most = usize::try_from(enough).unwrap_or(usize::MAX);
        to_u64(shortest.iter().filter(all).take(most).count())
    }
}

/// How many persons there are of those who are meant, and the ones of them who are drawn, each with a number that the
/// drawing of what is theirs depends on. Those whom a hash of their seed puts first: the same whatever is known of them.
pub(super) fn drawn(seeds: &[u64], most: usize, is_meant: impl Fn(u32) -> bool) -> (usize, Vec<(u64, u32)>) {
    let hash = |seed: u64| ChaCha8Rng::seed_from_u64(seed).next_u64();
    let meant = seeds.iter().zip(0..).filter(|(_, person)| is_meant(*person));
    let mut persons: Vec<(u64, u32)> = meant.map(|(seed, person)| (hash(*seed), person)).collect();
    let eligible = persons.len();
    persons.sort_unstable();
    persons.truncate(most);
    (eligible, persons)
}

/// So many of the numbers, each set of them as likely as any other.
fn choose(numbers: &[u32], many: usize, draw: &mut ChaCha8Rng) -> Vec<u32> {
    let mut chosen = Vec::with_capacity(many);
    // Floyd's: of the first n numbers, the last is taken when the one that is drawn is there already.
    for last in numbers.len().saturating_sub(many)..numbers.len() {
        let bound = to_u64(last + 1);
        let at = usize::try_from((u128::from(draw.next_u64()) * u128::from(bound)) >> 64).unwrap_or(last);
        let drawn = numbers.get(at).copied().filter(|number| !chosen.contains(number));
        chosen.extend(drawn.or_else(|| numbers.get(last).copied()));
    }
    chosen
}
