//! AIM: again and again the counts that the model has most wrong, and that are worth their noise.
//!
//! McKenna, Mullins, Sheldon and Miklau, "AIM: An Adaptive and Iterative Mechanism for Differentially Private Synthetic
//! Data" (VLDB 2022), for all triples of columns. A tenth of the budget goes to choices and the rest to counts. What
//! the model says of a candidate is read from rows that it draws, which costs no privacy and little time.

use super::TwinError;
use super::accountant::Rho;
use super::curator::{Curator, Measured, Unreleased, count};
use super::noise::Variance;
use super::pgm::{Fit, Sampler, Set, Target, model_cells};
use super::real::{index, length, natural, real, whole};
use super::released::{Merged, Released, sets_of, total};
use rand::{CryptoRng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Steps of mirror descent between two measurements.
const STEPS: u32 = 90;
/// Steps at the end, at most.
const STEPS_LAST: u32 = 1_000;
/// Cells of all cliques together, at most: a megabyte.
const CELLS_MAX: usize = 1 << 17;
/// Sets of columns that are looked at, at most: beyond that pairs alone.
const CANDIDATES_MAX: usize = 4_000;
/// Rows of the model that are looked at, at most.
const SAMPLE_MAX: usize = 200_000;
/// Rounds for each column, if every one of them cost the same.
const ROUNDS: u64 = 16;

/// What the next round spends.
#[derive(Debug, Clone, Copy)]
struct Round {
    choice: Rho,
    counts: Rho,
}

pub(crate) fn aim<R: CryptoRng>(curator: &mut Curator<'_, R>) -> Result<Released, TwinError> {
    let sizes = curator.sizes().to_vec();
    let mut rng = ChaCha8Rng::from_seed(curator.seed());
    let candidates = candidates(&sizes);
    let rounds = ROUNDS * u64::try_from(sizes.len()).unwrap_or(1);
    let budget = curator.budget().total();
    let mut round = Round { choice: budget.share(1, 10 * rounds), counts: budget.share(9, 10 * rounds) };
    let mut measured = Vec::new();
    let mut targets = Vec::new();
    for set in sets_of(sizes.len(), 1) {
        add(&mut measured, &mut targets, curator.measure(set, round.counts)?);
    }
    let mut fit = Fit::descend(&sizes, &targets, total(&measured), STEPS_LAST, None);
    loop {
        let left = curator.budget().left();
        let is_last = left < round.choice.plus(round.counts).times(2);
        if is_last {
            round = Round { choice: left.share(1, 10), counts: left.less(left.share(1, 10)) };
        }
        let used = budget.less(left).plus(round.choice).plus(round.counts);
        let room = index(length(CELLS_MAX) * used.as_f64() / budget.as_f64());
        let known: Vec<Set> = targets.iter().map(|target: &Target| target.set).collect();
        let open: Vec<Set> = candidates.iter().copied().filter(|set| fits(&sizes, &known, &fit, *set, room)).collect();
        let sample = Sample::new(&fit, &mut rng);
        let deviation = libm::sqrt(Variance::costing(round.counts).as_f64());
        let Some(set) = worst(curator, &open, &sample, deviation, round.choice)? else { break };
        let before = sample.counts(&fit, set);
        add(&mut measured, &mut targets, curator.measure(set, round.counts)?);
        let steps = if is_last { STEPS_LAST } else { STEPS };
        fit = Fit::descend(&sizes, &targets, total(&measured), steps, Some(&fit));
        if is_last {
            break;
        }
        let after = fit.marginal(set).unwrap_or_default();
        let moved: f64 = before.iter().zip(&after).map(|(before, after)| (before - after).abs()).sum();
        if moved <= expected_noise(deviation, before.len()) {
            // What was learned is less than the noise: from here on half of it.
            round = Round { choice: round.choice.times(4), counts: round.counts.times(4) };
        }
    }
    let merged = sizes.iter().map(|size| Merged::none(*size)).collect();
    Ok(Released { merged, measured, fit })
}

/// Every set that may be measured.
fn candidates(sizes: &[usize]) -> Vec<Set> {
    let mut candidates = sets_of(sizes.len(), 1);
    for size in 2..=3 {
        let more = sets_of(sizes.len(), size).into_iter().filter(|set| set.cells(sizes) <= CELLS_MAX);
        let more: Vec<Set> = more.take(CANDIDATES_MAX * 4).collect();
        if size == 2 || candidates.len() + more.len() <= CANDIDATES_MAX {
            candidates.extend(more);
        }
    }
    candidates
}

/// Whether the model stays small enough with this set, or has it already.
fn fits(sizes: &[usize], known: &[Set], fit: &Fit, set: Set, room: usize) -> bool {
    let with: Vec<Set> = known.iter().copied().chain([set]).collect();
    fit.tree.holder(set).is_some() || model_cells(sizes, &with) <= room
}

/// One of the sets, likely the one of which the model knows least beyond what noise would hide anyway.
fn worst<R: CryptoRng>(
    curator: &mut Curator<'_, R>,
    open: &[Set],
    sample: &Sample,
    deviation: f64,
    cost: Rho,
) -> Result<Option<Set>, TwinError> {
    let scores: Vec<Unreleased> = open
        .iter()
        .map(|set| {
            // Triples of columns are what the model shall have right: a set is worth the columns it has of them.
            let worth = i64::from(set.len());
            let noise = whole(expected_noise(deviation, set.cells(curator.sizes())));
            let expected = sample.expected(curator.sizes(), *set);
            curator.distance(*set, &expected).scored(worth, worth.saturating_mul(noise))
        })
        .collect();
    let sensitivity = open.iter().map(|set| set.len()).max().unwrap_or(1);
    let place = curator.choose(&scores, sensitivity, cost)?;
    Ok(place.and_then(|place| open.get(place)).copied())
}

/// The sum of the absolute values of noise in so many cells, on average.
fn expected_noise(deviation: f64, cells: usize) -> f64 {
    libm::sqrt(std::f64::consts::FRAC_2_PI) * deviation * length(cells)
}

fn add(measured: &mut Vec<Measured>, targets: &mut Vec<Target>, new: Measured) {
    match targets.iter_mut().find(|target| target.set == new.set) {
        Some(target) => target.add(&new.target()),
        None => targets.push(new.target()),
    }
    measured.push(new);
}

/// Rows of the model.
struct Sample {
    columns: Vec<Vec<u16>>,
    /// Rows of the table for each of them.
    scale: f64,
}

impl Sample {
    fn new(fit: &Fit, rng: &mut ChaCha8Rng) -> Self {
        let rows = index(fit.total + 0.5).clamp(1, SAMPLE_MAX);
        Self { columns: Sampler::new(fit).rows(rows, rng), scale: fit.total / length(rows) }
    }

    /// What the model expects, in whole rows, so that a distance is a whole number.
    fn expected(&self, sizes: &[usize], set: Set) -> Vec<u32> {
        let mut counts = count(&self.columns, sizes, set);
        if self.columns.first().is_some_and(|codes| codes.len() == SAMPLE_MAX) {
            for count in &mut counts {
                let scaled = natural(real(u64::from(*count)) * self.scale + 0.5);
                *count = u32::try_from(scaled).unwrap_or(u32::MAX);
            }
        }
        counts
    }

    /// The same, exactly where the model has the set in one clique.
    fn counts(&self, fit: &Fit, set: Set) -> Vec<f64> {
        let drawn = || self.expected(&fit.sizes, set).into_iter().map(f64::from).collect();
        fit.marginal(set).unwrap_or_else(drawn)
    }
}
