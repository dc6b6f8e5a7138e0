//! The one place that looks at histories. Whatever leaves it is noisy, and was paid for before it was drawn.

use super::domain::{EventsDomain, parameter};
use super::histories::Histories;
use super::layout::{Event, Layout, Question};
use crate::twin::TwinError;
use crate::twin::accountant::{Budget, Rho};
use crate::twin::curator::Fault;
use crate::twin::model::Model;
use crate::twin::noise::{Noise, Variance};
use crate::twin::real::{natural, real, signed};
use rand::CryptoRng;
use std::collections::{BTreeMap, BTreeSet};

/// What one event counts: fractions of it are whole numbers.
pub(super) const UNIT: u64 = 64;
/// Cells of one question, at most.
const CELLS_MAX: usize = 1 << 20;

/// Histories and the budget for what may be told about them.
pub(super) struct Curator<'r, R> {
    domain: &'r EventsDomain,
    histories: Histories,
    pub(super) coded: Vec<(usize, Vec<Event>)>,
    budget: Budget,
    noise: Noise<'r, R>,
    fault: Fault,
}

/// A question with the noisy count of each cell, in units of 1/64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) question: Question,
    pub(crate) variance: Variance,
    pub(crate) counts: Vec<i64>,
}

impl<'r, R: CryptoRng> Curator<'r, R> {
    pub(super) fn new(
        domain: &'r EventsDomain,
        mut histories: Histories,
        budget: Budget,
        rng: &'r mut R,
        fault: Fault,
    ) -> Self {
        let mut noise = Noise::new(rng);
        histories.bound(domain.policy.events.most, noise.seed());
        Self { domain, histories, coded: Vec::new(), budget, noise, fault }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The codes that so many persons have that the noisy number reaches a threshold, the most frequent first. A code
    /// that one person alone has reaches it with a probability below `delta` for all such codes together.
    pub(super) fn find_codes(&mut self, delta: f64, cost: Rho) -> Result<Vec<String>, TwinError> {
        let distinct = u64::from(self.domain.policy.events.code.distinct);
        let variance = Variance::for_norm(cost, distinct);
        self.budget.spend(Rho::of_norm(variance, distinct))?;
        let drawn = self.fault.variance(variance);
        let threshold = threshold(variance, delta / real(distinct));
        let counts: Vec<(String, i64)> =
            self.persons_with().into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
        let noise = &mut self.noise;
        let noisy = counts.into_iter().map(|(text, count)| (count.saturating_add(noise.gaussian(drawn)), text));
        let mut found: Vec<(i64, String)> = noisy.filter(|(count, _)| *count >= threshold).collect();
        found.sort_by(|one, other| other.cmp(one));
        Ok(found.into_iter().map(|(_, text)| text).take(super::domain::CODES_MAX - 1).collect())
    }

    /// Turns the events into codes of known things. Nothing is told.
    pub(super) fn code(&mut self, layout: &Layout) {
        let places: BTreeMap<&str, usize> = layout.codes.iter().map(String::as_str).zip(0..).collect();
        let other = self.domain.policy.events.code.other.as_deref().and_then(|other| places.get(other)).copied();
        let texts: Vec<Option<usize>> =
            self.histories.texts.iter().map(|text| places.get(text.as_str()).copied().or(other)).collect();
        let mut coded = Vec::with_capacity(self.histories.histories.len());
        for (person, events) in self.histories.histories.iter_mut().enumerate() {
            let class = self.domain.class(&self.histories.persons.columns, person);
            let events = std::mem::take(events).into_iter().filter_map(|event| {
                let code = texts.get(usize::try_from(event.text).ok()?).copied().flatten()?;
                let bins = layout.values.get(code).and_then(Option::as_ref);
                let none = bins.map_or(0, |bins| bins.count());
                let value = bins.zip(event.value).map_or(none, |(bins, value)| bins.place(value).0);
                Some(Event { time: event.time, code, value })
            });
            coded.push((class, events.collect()));
        }
        self.coded = coded;
    }

    /// A model of persons, with what is to be known of their events, for exactly this cost.
    pub(super) fn persons(&mut self, layout: &Layout, cost: Rho) -> Result<Model, TwinError> {
        let (policy, domain) = self.domain.with_events(layout)?;
        self.budget.spend(cost)?;
        let mut codes = std::mem::take(&mut self.histories.persons);
        codes.columns.extend(derived(layout, &self.coded, self.domain.policy.events.most));
        Model::fit_within(&policy, &domain, codes, Budget::new(cost), self.noise.rng(), self.fault)
    }

    /// The counts of every cell of a question with discrete Gaussian noise, for at most this cost.
    pub(super) fn measure(&mut self, question: Question, layout: &Layout, cost: Rho) -> Result<Answer, TwinError> {
        let cells = question.cells(layout);
        if cells > CELLS_MAX {
            let reason = format!("make a question of {cells} cells; at most {CELLS_MAX} are counted");
            return Err(parameter("classes, codes, gaps and values", &reason));
        }
        let norm = self.domain.policy.events.norm;
        let variance = Variance::for_norm(cost, square(norm));
        self.budget.spend(Rho::of_norm(variance, square(norm)))?;
        let drawn = self.fault.variance(variance);
        let mut counts = self.sums(question, layout);
        for count in &mut counts {
            *count = count.saturating_add(self.noise.gaussian(drawn));
        }
        Ok(Answer { question, variance, counts })
    }
}

impl<R> Curator<'_, R> {
    /// The true counts of a question.
    pub(super) fn sums(&self, question: Question, layout: &Layout) -> Vec<i64> {
        let mut counts = vec![0_i64; question.cells(layout)];
        for (class, events) in &self.coded {
            let norm = self.domain.policy.events.norm;
            for (cell, count) in clipped(question.answer(layout, *class, events), norm, self.fault) {
                if let Some(sum) = counts.get_mut(cell) {
                    *sum = sum.saturating_add(count);
                }
            }
        }
        counts
    }

    /// The true number of persons that have each code. One person changes so many of them by one as there are
    /// different codes that count.
    pub(super) fn persons_with(&self) -> BTreeMap<&str, i64> {
        let distinct = usize::try_from(self.domain.policy.events.code.distinct).unwrap_or(usize::MAX);
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for events in &self.histories.histories {
            let texts = events.iter().filter_map(|event| self.histories.texts.get(usize::try_from(event.text).ok()?));
            let mut seen = BTreeSet::new();
            for text in texts {
                // The first different codes of a history count, and no others.
                if seen.len() < distinct && seen.insert(text) {
                    *counts.entry(text).or_default() += 1;
                }
            }
        }
        counts
    }
}

/// The square of the Euclidean length of what one person adds to an answer, at most.
pub(super) fn square(norm: u32) -> u64 {
    (u64::from(norm) * UNIT).pow(2)
}

/// The counts of one person, cut to a Euclidean length of `norm` events: whole units of 1/64, rounded down.
pub(super) fn clipped(mut cells: Vec<usize>, norm: u32, fault: Fault) -> Vec<(usize, i64)> {
    cells.sort_unstable();
    let mut counts: Vec<(usize, u64)> = Vec::new();
    for cell in cells {
        match counts.last_mut() {
            Some((last, count)) if *last == cell => *count += 1,
            _ => counts.push((cell, 1)),
        }
    }
    let sum: u64 = counts.iter().map(|(_, count)| count * count).sum();
    let norm = u64::from(norm);
    // The root in units, rounded up, so that what remains is never longer than it may be and hardly shorter.
    let length = (sum * UNIT * UNIT).saturating_sub(1).isqrt() + 1;
    let is_whole = sum <= norm * norm || !fault.clips();
    let cut = |count: u64| if is_whole { count * UNIT } else { count * UNIT * norm * UNIT / length };
    counts.into_iter().map(|(cell, count)| (cell, i64::try_from(cut(count)).unwrap_or(0))).collect()
}

/// What the model of persons knows of their events: the band of their number, when the first was, and which codes.
pub(super) fn derived(layout: &Layout, coded: &[(usize, Vec<Event>)], most: u32) -> Vec<Vec<u16>> {
    let code = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    let bands = super::domain::bands(most);
    let band = |events: &Vec<Event>| {
        let count = crate::twin::real::length(events.len());
        code(bands.partition_point(|edge| *edge <= count).saturating_sub(1))
    };
    let first =
        |events: &Vec<Event>| code(events.first().map_or(layout.time.count(), |event| layout.time.place(event.time).0));
    let has = |flag: usize| {
        let has = move |(_, events): &(usize, Vec<Event>)| u16::from(events.iter().any(|event| event.code == flag));
        coded.iter().map(has).collect()
    };
    let mut columns = vec![
        coded.iter().map(|(_, events)| band(events)).collect::<Vec<u16>>(),
        coded.iter().map(|(_, events)| first(events)).collect(),
    ];
    columns.extend((0..layout.flags).map(has));
    columns
}

/// The least count that noise alone does not reach from one, but with this probability. Discrete Gaussian noise has no
/// more weight from m on than the continuous one from m - 1 on (Canonne, Kamath and Steinke 2020, proposition 25).
pub(super) fn threshold(variance: Variance, delta: f64) -> i64 {
    let deviation = libm::sqrt(variance.as_f64());
    let tail = |count: i64| libm::erfc(signed(count - 2) / (deviation * std::f64::consts::SQRT_2)) / 2.0;
    let (mut low, mut high) = (2_i64, i64::try_from(natural(deviation * 40.0)).unwrap_or(i64::MAX / 2) + 4);
    while low < high {
        let middle = low.midpoint(high);
        if tail(middle) <= delta { high = middle } else { low = middle + 1 }
    }
    low
}
