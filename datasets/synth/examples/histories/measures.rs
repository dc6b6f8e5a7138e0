//! How far the course of some people is from that of others.

use crate::people::Person;
use std::collections::BTreeMap;

/// The measures of one set of people beside another.
pub(crate) struct Measures {
    /// How much of the variance of prevalences, by code and sex, is met: 1 is all.
    pub(crate) prevalence: f64,
    /// The total variation distance of pairs of codes that follow each other.
    pub(crate) bigrams: f64,
    /// The same of the next code alone, for each code by how often it comes.
    pub(crate) transitions: f64,
    /// The largest difference of the distributions of days between events.
    pub(crate) gaps: f64,
    /// The mean difference of the correlation of a value with the next one of the same person, by how often each code
    /// has both.
    pub(crate) autocorrelation: f64,
    /// The largest difference of survival.
    pub(crate) survival: f64,
}

pub(crate) fn measures(real: &[Person], other: &[Person], codes: usize, valued: &[usize]) -> Measures {
    let (pairs, others) = (bigrams(real, codes), bigrams(other, codes));
    let rows = pairs.chunks(codes).zip(others.chunks(codes)).map(|(row, other)| {
        let (sum, other_sum): (f64, f64) = (row.iter().sum(), other.iter().sum());
        let of = |count: f64, sum: f64| if sum > 0.0 { count / sum } else { 0.0 };
        let half = |(one, other): (&f64, &f64)| (of(*one, sum) - of(*other, other_sum)).abs() / 2.0;
        sum * row.iter().zip(other).map(half).sum::<f64>()
    });
    let pairs_of = |code: &usize| length(value_pairs(real, *code).len());
    let of = |code: &usize| {
        let gap = (autocorrelation(real, *code) - autocorrelation(other, *code)).abs();
        gap * pairs_of(code) / valued.iter().map(pairs_of).sum::<f64>()
    };
    Measures {
        prevalence: explained(&prevalences(real, codes), &prevalences(other, codes)),
        bigrams: pairs.iter().zip(&others).map(|(one, other)| (one - other).abs()).sum::<f64>() / 2.0,
        transitions: rows.sum(),
        gaps: largest_gap(gaps(real), gaps(other)),
        autocorrelation: valued.iter().map(of).sum(),
        survival: survival_gap(real, other),
    }
}

fn length(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// For each sex the share of people with each code.
fn prevalences(people: &[Person], codes: usize) -> Vec<f64> {
    let share = |male: bool, code: usize| {
        let of_sex = people.iter().filter(|person| person.male == male);
        let has = |person: &&Person| person.events.iter().any(|event| event.code == code);
        length(of_sex.clone().filter(has).count()) / length(of_sex.count().max(1))
    };
    [false, true].into_iter().flat_map(|male| (0..codes).map(move |code| share(male, code))).collect()
}

fn explained(real: &[f64], other: &[f64]) -> f64 {
    let mean = real.iter().sum::<f64>() / length(real.len());
    let all: f64 = real.iter().map(|value| (value - mean).powi(2)).sum();
    1.0 - real.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>() / all
}

/// The share of each pair of codes among all pairs that follow each other; at last the first codes.
fn bigrams(people: &[Person], codes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; (codes + 1) * codes];
    let mut all = 0.0;
    for person in people {
        let mut before = codes;
        for event in &person.events {
            counts[before * codes + event.code] += 1.0;
            all += 1.0;
            before = event.code;
        }
    }
    counts.into_iter().map(|count| count / all).collect()
}

fn gaps(people: &[Person]) -> Vec<f64> {
    people.iter().flat_map(|person| person.events.windows(2).map(|pair| pair[1].day - pair[0].day)).collect()
}

/// The statistic of Kolmogorov and Smirnov.
fn largest_gap(mut one: Vec<f64>, mut other: Vec<f64>) -> f64 {
    one.sort_by(f64::total_cmp);
    other.sort_by(f64::total_cmp);
    let share = |values: &[f64], at: f64| length(values.partition_point(|value| *value <= at)) / length(values.len());
    one.iter().chain(&other).map(|at| (share(&one, *at) - share(&other, *at)).abs()).fold(0.0, f64::max)
}

/// The correlation of a value with the next one of the same code.
fn autocorrelation(people: &[Person], code: usize) -> f64 {
    let pairs = value_pairs(people, code);
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / length(pairs.len());
    let (first, second) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut both, mut one, mut other) = (0.0, 0.0, 0.0);
    for (left, right) in &pairs {
        both += (left - first) * (right - second);
        one += (left - first).powi(2);
        other += (right - second).powi(2);
    }
    if one * other > 0.0 { both / (one * other).sqrt() } else { 0.0 }
}

/// Values of a code with the next one of the same person.
fn value_pairs(people: &[Person], code: usize) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for person in people {
        let values: Vec<f64> =
            person.events.iter().filter(|event| event.code == code).filter_map(|event| event.value).collect();
        // What cannot be is an error of the source: some pressures are above 13,000.
        pairs.extend(values.windows(2).filter(|pair| pair.iter().all(|value| *value < 1_000.0)).map(|p| (p[0], p[1])));
    }
    pairs
}

/// Kaplan and Meier's estimate after each day on which somebody died.
fn survival(people: &[Person]) -> BTreeMap<i64, f64> {
    let mut days: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for person in people {
        let day: i64 = format!("{:.0}", person.followup).parse().unwrap_or(0);
        let (died, left) = days.entry(day).or_default();
        *died += f64::from(u8::from(person.died));
        *left += 1.0;
    }
    let (mut at_risk, mut alive) = (length(people.len()), 1.0);
    let mut curve = BTreeMap::from([(-1, 1.0)]);
    for (day, (died, left)) in days {
        alive *= 1.0 - died / at_risk;
        at_risk -= left;
        curve.insert(day, alive);
    }
    curve
}

/// The largest difference on days on which a tenth of the real people are still followed.
fn survival_gap(real: &[Person], other: &[Person]) -> f64 {
    let mut followed: Vec<f64> = real.iter().map(|person| person.followup).collect();
    followed.sort_by(f64::total_cmp);
    let last = followed[followed.len() * 9 / 10];
    let (one, two) = (survival(real), survival(other));
    let at = |curve: &BTreeMap<i64, f64>, day: i64| curve.range(..=day).next_back().map_or(1.0, |(_, alive)| *alive);
    let days = one.keys().chain(two.keys()).filter(|day| length(usize::try_from(**day).unwrap_or(0)) <= last);
    days.map(|day| (at(&one, *day) - at(&two, *day)).abs()).fold(0.0, f64::max)
}
