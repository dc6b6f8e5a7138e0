//! Attacks with a control: the same attack on people who were never in the data.

use super::Tables;
use super::closeness::Metric;
use super::rate::{Rate, Risk};
use super::sample::{below, quantile, some};
use crate::twin::Codes;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Rows on either side, at most.
const ROWS_MAX: usize = 2_000;
/// Guesses of the attacker, at most.
const GUESSES_MAX: usize = 1_000;
/// Columns in a guess that shall single somebody out.
const GUESS_COLUMNS: usize = 3;

/// What an attacker achieves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// `membership`, or `singling_out` with the number of columns.
    pub name: String,
    /// How often it succeeds on those whose rows were used.
    pub attack: Rate,
    /// How often on others. Where that is as often, the attack says something about everybody and not about anyone.
    pub control: Rate,
    /// By how much the first is more.
    pub risk: Risk,
}

impl Attack {
    /// An attack of that name beside its control.
    pub fn new(name: String, attack: Rate, control: Rate) -> Self {
        Self { name, attack, control, risk: Risk::beyond(attack, control) }
    }
}

pub(super) fn attacks(tables: &Tables<'_>, rng: &mut ChaCha8Rng) -> Vec<Attack> {
    let mut attacks = vec![membership(tables, rng)];
    let columns = tables.real.columns.len();
    let sizes = if columns >= GUESS_COLUMNS { vec![1, GUESS_COLUMNS] } else { vec![1] };
    attacks.extend(sizes.into_iter().map(|columns| singling_out(tables, columns, rng)));
    attacks
}

/// Says of everybody who is nearer to a synthetic row than half of all that they were in the data.
fn membership(tables: &Tables<'_>, rng: &mut ChaCha8Rng) -> Attack {
    let metric = Metric::new(tables);
    let most = ROWS_MAX.min(tables.real.rows()).min(tables.held_out.rows());
    let synthetic = some(&tables.synthetic, ROWS_MAX, rng);
    let real = metric.nearest(&some(&tables.real, most, rng), &synthetic);
    let others = metric.nearest(&some(&tables.held_out, most, rng), &synthetic);
    let mut all: Vec<f64> = real.iter().chain(&others).copied().collect();
    all.sort_by(f64::total_cmp);
    let middle = quantile(&all, 0.5);
    let accused =
        |distances: &[f64]| Rate::of(distances.iter().filter(|distance| **distance <= middle).count(), distances.len());
    Attack::new("membership".to_owned(), accused(&real), accused(&others))
}

/// A guess: somebody for whom each of these holds.
struct Guess(Vec<(usize, Test)>);

/// What shall hold of a code.
#[derive(Clone, Copy)]
enum Test {
    Is(u16),
    AtLeast(u16),
    AtMost(u16),
}

impl Test {
    fn holds(self, code: u16) -> bool {
        match self {
            Self::Is(wanted) => code == wanted,
            Self::AtLeast(least) => code >= least,
            Self::AtMost(most) => code <= most,
        }
    }
}

/// Guesses that are true of one synthetic row, and asks whether they are true of one real row. As in anonymeter,
/// numbers are guessed from their side of the median outwards.
fn singling_out(tables: &Tables<'_>, columns: usize, rng: &mut ChaCha8Rng) -> Attack {
    let ordered = tables.domain.ordered();
    let medians: Vec<u16> = tables.synthetic.columns.iter().map(|codes| median(codes)).collect();
    let mut guesses = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..GUESSES_MAX * 4 {
        let row = below(tables.synthetic.rows(), rng);
        let mut chosen: Vec<usize> = (0..ordered.len()).collect();
        for place in 0..columns.min(chosen.len()) {
            let other = place + below(chosen.len() - place, rng);
            chosen.swap(place, other);
        }
        chosen.truncate(columns);
        chosen.sort_unstable();
        let test = |column: &usize| {
            let code = tables.synthetic.columns.get(*column)?.get(row).copied()?;
            let middle = medians.get(*column).copied().unwrap_or(0);
            let test = match ordered.get(*column) {
                Some(true) if code > middle => Test::AtLeast(code),
                Some(true) => Test::AtMost(code),
                _ => Test::Is(code),
            };
            Some((*column, code, test))
        };
        let tests: Vec<(usize, u16, Test)> = chosen.iter().filter_map(test).collect();
        let is_new = seen.insert(tests.iter().map(|(column, code, _)| (*column, *code)).collect::<Vec<_>>());
        let guess = Guess(tests.into_iter().map(|(column, _, test)| (column, test)).collect());
        if is_new && guess.is_of_one(&tables.synthetic, usize::MAX) {
            guesses.push(guess);
        }
        if guesses.len() == GUESSES_MAX {
            break;
        }
    }
    // Whether there is one such row depends on how many rows there are, so both sides have as many.
    let rows = tables.real.rows().min(tables.held_out.rows());
    let hits = |codes: &Codes| guesses.iter().filter(|guess| guess.is_of_one(codes, rows)).count();
    let name = format!("singling_out_{columns}");
    let (attack, control) = (hits(&tables.real), hits(&tables.held_out));
    Attack::new(name, Rate::of(attack, guesses.len()), Rate::of(control, guesses.len()))
}

impl Guess {
    /// Whether it is true of exactly one of the first rows.
    fn is_of_one(&self, codes: &Codes, rows: usize) -> bool {
        let holds = |row: &usize| {
            let code = |column: usize| codes.columns.get(column).and_then(|codes| codes.get(*row)).copied();
            self.0.iter().all(|(column, test)| code(*column).is_some_and(|code| test.holds(code)))
        };
        (0..codes.rows().min(rows)).filter(holds).take(2).count() == 1
    }
}

fn median(codes: &[u16]) -> u16 {
    let mut sorted = codes.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}
