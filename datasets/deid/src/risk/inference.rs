//! What may be guessed of a sensitive column of somebody whose quasi-identifiers are known: with the person in the
//! release, and, as the control, with a release of others. What the control finds is true of everybody who is alike and is
//! no exposure of the one (Giomi, Boenisch, Wehmeyer and Tasnádi, PoPETs 2023).

use super::Estimate;
use mudeung_synth::quality::{Attack, Rate};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Of 256 persons so many are kept out of the release: a fifth.
const HELD_OUT: u8 = 51;
/// What a guess that is right counts, so that guesses between values which are equally frequent can be counted in parts.
const WHOLE: u64 = 720_720;

/// What guesses at a column are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inferred {
    /// How often they are right of those who are in the release and of those who are not, and what the former is more of
    /// what could be more.
    pub attack: Attack,
    /// What the former is more, of all guesses: of so many persons something is guessed because they are in the release.
    /// Where nearly every guess is right anyway, this can be told and the other not.
    pub gain: Estimate,
}

/// Whether a person is kept out, by a number that only the hospital can make.
pub fn is_held_out(seed: u64) -> bool {
    let [first, ..] = seed.to_be_bytes();
    first < HELD_OUT
}

/// A number for each combination of known columns, of each person.
pub fn classes(known: &[&[u32]], persons: usize) -> Vec<u32> {
    let mut numbers = HashMap::<Vec<u32>, u32>::new();
    let class = |person: usize| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let known = known.iter().filter_map(|column| column.get(person).copied()).collect();
        *numbers.entry(known).or_insert(next)
    };
    (0..persons).map(class).collect()
}

/// How often the value that is most frequent among those who are alike is that of a person, for everybody who is in the
/// release, and for those who are kept out. Of each person: the class, and the value that is guessed.
pub fn inference(name: &str, classes: &[u32], guessed: &[u32], held_out: &[bool]) -> Inferred {
    let persons = || classes.iter().copied().zip(guessed.iter().copied()).zip(held_out.iter().copied());
    let (mut counts, mut everybody) = (HashMap::<(u32, u32), u64>::new(), HashMap::<(u32, u32), u64>::new());
    for ((class, value), _) in persons().filter(|(_, is_out)| !is_out) {
        *counts.entry((class, value)).or_default() += 1;
        *everybody.entry((0, value)).or_default() += 1;
    }
    let (guesses, guess_of_all) = (Guesses::of(counts), Guesses::of(everybody));
    let rate = |out: bool| {
        let (mut hits, mut attempts) = (0_u64, 0_u64);
        for ((class, value), _) in persons().filter(|(_, is_out)| *is_out == out) {
            // Of a class that nobody is in one guesses as of anybody.
            hits += guesses.right(class, value).or_else(|| guess_of_all.right(0, value)).unwrap_or(0);
            attempts += 1;
        }
        Rate::of(count((hits + WHOLE / 2) / WHOLE), count(attempts))
    };
    let (attack, control) = (rate(false), rate(true));
    Inferred { attack: Attack::new(name.to_owned(), attack, control), gain: beyond(attack, control) }
}

/// How much more one share is than another, with the interval of 95 % of a difference (Newcombe, "Interval estimation for
/// the difference between independent proportions", Statistics in Medicine 1998, method 10). None is less than nothing.
fn beyond(attack: Rate, control: Rate) -> Estimate {
    let of = |rate: Rate| {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        super::share(whole(rate.hits), whole(rate.attempts))
    };
    let (one, other) = (of(attack), of(control));
    let gain = one - other;
    let low = gain - (one - attack.low).hypot(control.high - other);
    let high = gain + (attack.high - one).hypot(other - control.low);
    let within = |value: f64| value.clamp(0.0, 1.0);
    Estimate { share: within(gain), low: within(low), high: within(high) }
}

/// The most frequent values of classes.
struct Guesses {
    /// How often each value is in each class.
    counts: HashMap<(u32, u32), u64>,
    /// Of each class how often the most frequent values are there, and how many they are.
    most: HashMap<u32, (u64, u64)>,
}

impl Guesses {
    fn of(counts: HashMap<(u32, u32), u64>) -> Self {
        let mut most = HashMap::<u32, (u64, u64)>::new();
        for ((class, _), count) in &counts {
            let (best, values) = most.entry(*class).or_default();
            match (*count).cmp(best) {
                Ordering::Greater => (*best, *values) = (*count, 1),
                Ordering::Equal => *values += 1,
                Ordering::Less => {}
            }
        }
        Self { counts, most }
    }

    /// How often one of the most frequent values, drawn at random, is this one; nothing of a class that nobody is in.
    fn right(&self, class: u32, value: u32) -> Option<u64> {
        let (most, values) = self.most.get(&class)?;
        let is_one = self.counts.get(&(class, value)) == Some(most);
        Some(if is_one { WHOLE / (*values).max(1) } else { 0 })
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Inferred, beyond, classes, inference, is_held_out};
    use mudeung_synth::quality::Rate;

    /// So many persons, ten of each class, with a value made of their number.
    fn guessed(persons: u32, value: impl Fn(u32) -> u32) -> Inferred {
        let classes: Vec<u32> = (0..persons).map(|person| person / 10).collect();
        let values: Vec<u32> = (0..persons).map(value).collect();
        let held_out: Vec<bool> = (0..persons).map(|person| person % 5 == 4).collect();
        inference("value", &classes, &values, &held_out)
    }

    #[test]
    fn what_is_true_of_all_who_are_alike_exposes_nobody() {
        let found = guessed(1_000, |person| person / 10 % 3);
        assert_eq!((found.attack.attack.hits, found.attack.control.hits), (800, 200));
        assert!(found.attack.risk.low < 1e-12 && found.gain.share < 1e-12 && found.gain.high < 0.03, "{found:?}");
    }

    #[test]
    fn what_is_true_of_each_alone_is_guessed_by_who_is_in_the_release() {
        // Eight of each class are in the release: one guess in eight is right, and none of those who are not.
        let found = guessed(1_000, |person| person);
        assert_eq!((found.attack.attack.hits, found.attack.control.hits), (100, 0));
        assert!(
            (found.gain.share - 0.125).abs() < 1e-12 && found.gain.low > 0.05 && found.gain.high < 0.16,
            "{found:?}"
        );
        assert!(found.attack.risk.low > 0.05 && found.attack.risk.high < 0.2, "{found:?}");
    }

    #[test]
    fn of_a_class_that_nobody_is_in_everybody_is_guessed_from() {
        let found = inference("value", &[0, 0, 0, 1], &[7, 7, 8, 7], &[false, false, false, true]).attack;
        assert_eq!((found.attack.hits, found.attack.attempts), (2, 3));
        assert_eq!((found.control.hits, found.control.attempts), (1, 1));
    }

    #[test]
    fn the_interval_of_a_difference_is_the_published_one() {
        // Newcombe 1998, table II: 56/70 and 48/80 by method 10; 9/10 and 3/10.
        for (one, other, low, high) in [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090)] {
            let found = beyond(Rate::of(one.0, one.1), Rate::of(other.0, other.1));
            assert!((found.low - low).abs() < 1e-4 && (found.high - high).abs() < 1e-4, "{found:?}");
        }
    }

    #[test]
    fn of_values_that_are_as_frequent_one_is_guessed_at_random() {
        let found = inference(
            "value",
            &[0; 8],
            &[1, 1, 2, 2, 1, 1, 1, 1],
            &[false, false, false, false, true, true, true, true],
        );
        assert_eq!((found.attack.attack.hits, found.attack.control.hits), (2, 2));
    }

    #[test]
    fn a_class_is_a_combination() {
        assert_eq!(classes(&[&[5, 5, 6, 5], &[1, 2, 1, 1]], 4), [0, 1, 2, 0]);
        assert_eq!(classes(&[], 3), [0, 0, 0]);
    }

    #[test]
    fn a_fifth_is_kept_out() {
        let out = (0..256_u64).filter(|first| is_held_out(first << 56 | 7)).count();
        assert_eq!(out, 51);
    }
}
