//! MST: all single columns, and the pairs of a tree that joins the columns which depend on each other most.
//!
//! McKenna, Miklau and Sheldon, "Winning the NIST Contest" (Journal of Privacy and Confidentiality 2021). A third of
//! the budget goes to the single columns, a third to the choice of the pairs and a third to the pairs.

use super::TwinError;
use super::curator::{Curator, Unreleased};
use super::pgm::{Fit, Set};
use super::real::natural;
use super::released::{Merged, Released, sets_of, total};
use rand::CryptoRng;

/// Steps of mirror descent for single columns, at most.
const STEPS_ALONE: u32 = 1_500;
/// Steps for the pairs, at most: more of them fit the noise, and the twin of the Adult census becomes worse.
const STEPS: u32 = 500;
/// Cells of a pair, at most.
const CELLS_MAX: usize = 4_000_000;

pub(crate) fn mst<R: CryptoRng>(curator: &mut Curator<'_, R>) -> Result<Released, TwinError> {
    let columns = curator.sizes().len();
    let third = curator.budget().total().share(1, 3);
    let singles = sets_of(columns, 1);
    let share = third.share(1, u64::try_from(columns).unwrap_or(u64::MAX));
    let mut measured = singles.iter().map(|set| curator.measure(*set, share)).collect::<Result<Vec<_>, _>>()?;
    let merged: Vec<Merged> = measured.iter().map(Merged::of).collect();
    for (column, merged) in merged.iter().enumerate() {
        curator.merge(column, &merged.codes(), merged.size());
    }
    let mut targets: Vec<_> = merged.iter().zip(&measured).map(|(merged, measured)| merged.target(measured)).collect();
    let sizes = curator.sizes().to_vec();
    let rows = total(&measured);
    let alone = Fit::descend(&sizes, &targets, rows, STEPS_ALONE, None);
    let joined = columns.saturating_sub(1);
    let share = third.share(1, u64::try_from(joined.max(1)).unwrap_or(u64::MAX));
    let candidates: Vec<Set> = sets_of(columns, 2).into_iter().filter(|set| set.cells(&sizes) <= CELLS_MAX).collect();
    let distances: Vec<Unreleased> =
        candidates.iter().map(|set| curator.distance(*set, &independent(&alone, *set))).collect();
    let mut parts: Vec<Set> = singles;
    for _ in 0..joined {
        let joins = |set: &Set| !parts.iter().any(|part| set.is_within(*part));
        let open = candidates.iter().zip(&distances).filter(|(set, _)| joins(set));
        let (open, scores): (Vec<Set>, Vec<Unreleased>) = open.map(|(set, distance)| (*set, *distance)).unzip();
        // Without a pair that is small enough there is nothing to choose and nothing to pay.
        let chosen = if scores.is_empty() { None } else { curator.choose(&scores, 1, share)? };
        let Some(pair) = chosen.and_then(|place| open.get(place)).copied() else { break };
        let (touched, apart): (Vec<Set>, Vec<Set>) = parts.into_iter().partition(|part| !part.within(pair).is_empty());
        parts = apart;
        parts.push(touched.into_iter().fold(pair, Set::with));
        let pair = curator.measure(pair, share)?;
        targets.push(pair.target());
        measured.push(pair);
    }
    let fit = Fit::descend(&sizes, &targets, rows, STEPS, Some(&alone));
    Ok(Released { merged, measured, fit })
}

/// The counts of a pair if its columns had nothing to do with each other, rounded so that a distance is a whole number.
fn independent(alone: &Fit, pair: Set) -> Vec<u32> {
    let mut columns = pair.columns().filter_map(|column| alone.marginal(Set::of(&[column])));
    let (first, second) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
    let expected = first.iter().flat_map(|one| second.iter().map(move |other| one * other / alone.total));
    expected.map(|count| u32::try_from(natural(count + 0.5)).unwrap_or(u32::MAX)).collect()
}
