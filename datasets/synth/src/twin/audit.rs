//! An audit of what is promised: can somebody who knows every row but one tell from the model whether that one was
//! there?
//!
//! The game is played many times with and without the row, a canary that is like no other. By differential privacy the
//! share of right accusations is at most e^ε times that of wrong ones, plus δ; what the shares show for certain, by the
//! bounds of Clopper and Pearson at 95 %, must not be above what is promised. Builds that are broken on purpose are
//! caught.

use super::curator::{Fault, count};
use super::domain::{Codes, Domain};
use super::model::Model;
use super::policy::{ColumnPolicy, DomainPolicy, Mechanism, TwinPolicy};
use super::real::{length, signed};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const CANARY: [u16; 3] = [4, 3, 2];
const SIZES: [u16; 3] = [5, 4, 3];

fn policy(mechanism: Mechanism, sizes: [u16; 3]) -> TwinPolicy {
    let column = |size: u16| ColumnPolicy {
        source: "the rules of the game".to_owned(),
        domain: DomainPolicy::Values {
            values: (0..i64::from(size)).map(toml::Value::Integer).collect(),
            other: Some(toml::Value::Integer(0)),
        },
    };
    let columns = ["a", "b", "c"].map(str::to_owned).into_iter().zip(sizes.map(column)).collect();
    TwinPolicy { mechanism, epsilon: 1.0, delta: 1e-9, person: None, columns }
}

fn schema() -> SchemaRef {
    Schema::new(["a", "b", "c"].map(|name| Field::new(name, DataType::Int64, false)).to_vec()).into()
}

/// Thirty rows of which none is like the canary in any column, and the canary if it takes part.
fn rows(with_canary: bool) -> Codes {
    let mut columns = vec![Vec::new(); 3];
    for row in 0..30_u16 {
        for (column, size) in columns.iter_mut().zip(SIZES) {
            column.push(row % (size - 1));
        }
    }
    if with_canary {
        for (column, code) in columns.iter_mut().zip(CANARY) {
            column.push(code);
        }
    }
    Codes { columns }
}

/// What the model shows of the canary: in each measurement how far its cell is above what the other rows make, by
/// precision.
fn evidence(model: &Model) -> f64 {
    let mut others = rows(false).columns;
    let originals = SIZES.map(usize::from);
    let singles = others.clone();
    let mut canary = CANARY.map(|code| vec![code]).to_vec();
    let unmerged = canary.clone();
    for ((column, canary), merged) in others.iter_mut().zip(&mut canary).zip(&model.merged) {
        let codes = merged.codes();
        column.iter_mut().chain(canary).for_each(|code| *code = codes[usize::from(*code)]);
    }
    let sizes: Vec<usize> = model.merged.iter().map(|merged| merged.size()).collect();
    let mut evidence = 0.0;
    for measured in &model.measured {
        let (others, canary, sizes) = if measured.set.len() == 1 {
            (count(&singles, &originals, measured.set), count(&unmerged, &originals, measured.set), &originals[..])
        } else {
            (count(&others, &sizes, measured.set), count(&canary, &sizes, measured.set), &sizes[..])
        };
        assert_eq!(measured.counts.len(), measured.set.cells(sizes));
        let cell = canary.iter().position(|count| *count == 1).unwrap();
        evidence += (signed(measured.counts[cell]) - f64::from(others[cell])) / measured.variance.as_f64();
    }
    evidence
}

/// Plays with and without the canary.
fn play(mechanism: Mechanism, games: u64, fault: Fault) -> (Vec<f64>, Vec<f64>) {
    let policy = policy(mechanism, SIZES);
    let domain = Domain::bind(&policy, &schema()).unwrap();
    let game = |with_canary: bool, seed: u64| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed * 2 + u64::from(with_canary));
        evidence(&Model::fit_with(&policy, &domain, rows(with_canary), &mut rng, fault).unwrap())
    };
    ((0..games).map(|seed| game(true, seed)).collect(), (0..games).map(|seed| game(false, seed)).collect())
}

/// An accusation: whoever shows more than the threshold is said to hold the canary, or whoever shows less not to.
#[derive(Clone, Copy)]
struct Accusation {
    threshold: f64,
    above: bool,
}

impl Accusation {
    /// How often it is right and how often wrong.
    fn hits(self, with: &[f64], without: &[f64]) -> (usize, usize) {
        let hits = |games: &[f64]| games.iter().filter(|shown| (**shown > self.threshold) == self.above).count();
        if self.above { (hits(with), hits(without)) } else { (hits(without), hits(with)) }
    }

    /// About two standard deviations below the ε that its hits look like.
    fn promise(self, with: &[f64], without: &[f64]) -> f64 {
        let (right, wrong) = self.hits(with, without);
        let (right, wrong) = (length(right) + 0.5, length(wrong) + 0.5);
        (right / wrong).ln() - 2.0 * (1.0 / right + 1.0 / wrong).sqrt()
    }
}

/// The least ε that explains the games. The accusation is chosen by one half of them and judged by the other.
pub(crate) fn epsilon_at_least(with: &[f64], without: &[f64], delta: f64) -> f64 {
    let (with_seen, with) = with.split_at(with.len() / 2);
    let (without_seen, without) = without.split_at(without.len() / 2);
    let thresholds = with_seen.iter().chain(without_seen);
    let accusations =
        thresholds.flat_map(|threshold| [true, false].map(|above| Accusation { threshold: *threshold, above }));
    let promised = accusations.map(|accusation| (accusation.promise(with_seen, without_seen), accusation));
    let (_, chosen) = promised.max_by(|(one, _), (other, _)| one.total_cmp(other)).unwrap();
    let (right, wrong) = chosen.hits(with, without);
    ((at_least(right, with.len()) - delta) / at_most(wrong, with.len())).max(1e-9).ln()
}

/// The bounds of Clopper and Pearson for a share, each with 97.5 %, so that two hold together with 95 %.
fn at_least(hits: usize, games: usize) -> f64 {
    bisect(|share| tail(hits, games, share) < 0.025)
}

fn at_most(hits: usize, games: usize) -> f64 {
    bisect(|share| 1.0 - tail(hits + 1, games, share) > 0.025)
}

/// Where a condition that holds at zero ceases to hold.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

/// The probability of so many hits or more.
fn tail(hits: usize, games: usize, share: f64) -> f64 {
    let all = length(games);
    let probability = |hits: usize| {
        let hits = length(hits);
        let ways = libm::lgamma(all + 1.0) - libm::lgamma(hits + 1.0) - libm::lgamma(all - hits + 1.0);
        libm::exp(ways + hits * libm::log(share) + (all - hits) * libm::log1p(-share))
    };
    (hits..=games).map(probability).sum::<f64>().min(1.0)
}

#[test]
fn nobody_can_tell_whether_the_canary_was_there_better_than_promised() {
    let (with, without) = play(Mechanism::Mst, 2_000, Fault::None);
    let epsilon = epsilon_at_least(&with, &without, 1e-9);
    assert!(epsilon < 1.0, "{epsilon}");
    let (with, without) = play(Mechanism::Aim, 200, Fault::None);
    let epsilon = epsilon_at_least(&with, &without, 1e-9);
    assert!(epsilon < 1.0, "{epsilon}");
}

#[test]
fn noise_that_is_too_small_is_caught() {
    let (with, without) = play(Mechanism::Mst, 600, Fault::LittleNoise);
    let epsilon = epsilon_at_least(&with, &without, 1e-9);
    assert!(epsilon > 1.5, "{epsilon}");
    let (with, without) = play(Mechanism::Aim, 160, Fault::LittleNoise);
    let epsilon = epsilon_at_least(&with, &without, 1e-9);
    assert!(epsilon > 1.5, "{epsilon}");
}

#[test]
fn a_domain_that_was_learned_from_the_rows_is_caught_and_one_of_the_policy_tells_nothing() {
    let sizes = |learned: bool, with_canary: bool| {
        let largest = |codes: &Vec<u16>| codes.iter().max().unwrap() + 1;
        let seen = rows(with_canary).columns.iter().map(largest).collect::<Vec<_>>();
        let policy = policy(Mechanism::Mst, if learned { [seen[0], seen[1], seen[2]] } else { SIZES });
        let domain = Domain::bind(&policy, &schema()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let model = Model::fit(&policy, &domain, rows(with_canary), &mut rng).unwrap();
        length(model.domain().sizes().iter().sum())
    };
    let game = |learned, with_canary| vec![sizes(learned, with_canary); 200];
    assert!(epsilon_at_least(&game(true, true), &game(true, false), 1e-9) > 1.5);
    assert!(epsilon_at_least(&game(false, true), &game(false, false), 1e-9) < 0.1);
}

#[test]
fn the_bounds_are_those_of_clopper_and_pearson() {
    // From scipy: binomtest(7, 50).proportion_ci(0.95, "exact").
    assert!((at_least(7, 50) - 0.058_191_7).abs() < 1e-6 && (at_most(7, 50) - 0.267_396_0).abs() < 1e-6);
    assert!(at_least(0, 50) < 1e-9 && (at_most(0, 50) - 0.071_121_7).abs() < 1e-6);
}
