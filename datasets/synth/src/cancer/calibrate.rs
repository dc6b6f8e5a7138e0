//! How large the excess hazard must be so that relative survival after five years is what was registered.
//!
//! Relative survival is that of Ederer's second method: in each month the deaths of those at risk are set against
//! those that the population's mortality lets expect of the same persons. Who dies early is older and in a worse stage
//! than who stays, so survival of all is not the mean of that of its parts; therefore levels are solved, not divided.

use super::patient::Stage;
use super::spec::Shape;
use crate::program::figure::Gompertz;

const MONTHS: u32 = 60;
const ROUNDS: u32 = 400;
/// The age at which the effect of age is one.
pub(crate) const CENTER_AGE: f64 = 65.0;

/// What is known of one kind of cancer.
#[derive(Debug)]
pub(crate) struct Known {
    /// Share, survival (not given where it is solved) and shape of each stage.
    pub(crate) stages: [(f64, Option<f64>, Shape); 4],
    /// Share and survival of men and women; no share where there are none.
    pub(crate) sexes: [(f64, f64); 2],
    /// Age and its share, of men and women.
    pub(crate) ages: [Vec<(f64, f64)>; 2],
    pub(crate) background: [Gompertz; 2],
    /// Logarithm of the ratio of excess hazards for ten years of age.
    pub(crate) per_decade: f64,
}

/// The excess hazard: the cumulative hazard that a patient would reach in the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Excess {
    /// Of a man of 65 in each stage.
    pub(crate) levels: [f64; 4],
    /// Of a woman, as a ratio to the man's.
    pub(crate) female: f64,
    pub(crate) per_decade: f64,
}

impl Excess {
    /// The cumulative excess hazard in the end.
    pub(crate) fn limit(&self, stage: Stage, female: bool, age: f64) -> f64 {
        let position = Stage::ALL.iter().position(|known| *known == stage).unwrap_or(0);
        let level = self.levels.get(position).copied().unwrap_or(0.0);
        level * if female { self.female } else { 1.0 } * age_factor(self.per_decade, age)
    }
}

fn age_factor(per_decade: f64, age: f64) -> f64 {
    libm::exp(per_decade * (age - CENTER_AGE) / 10.0)
}

/// The share of the excess that has come by a time in years.
pub(crate) fn come_by(shape: Shape, years: f64) -> f64 {
    1.0 - libm::exp(-libm::pow(years / shape.scale_years, shape.shape))
}

/// Cumulative mortality of the population over some years from an age on.
pub(crate) fn expected(gompertz: Gompertz, age: f64, years: f64) -> f64 {
    gompertz.a / gompertz.b * libm::exp(gompertz.b * age) * (libm::exp(gompertz.b * years) - 1.0)
}

/// Relative survival of each stage, of each sex and of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) stages: [f64; 4],
    pub(crate) sexes: [f64; 2],
}

/// Deaths of one group in one month: those at risk, and those of them whom the excess leaves.
#[derive(Debug, Clone, Copy, Default)]
struct Risk {
    at_risk: f64,
    left: f64,
    logarithm: f64,
}

impl Risk {
    fn close(&mut self) {
        if self.at_risk > 0.0 {
            self.logarithm += libm::log(self.left / self.at_risk);
        }
        (self.at_risk, self.left) = (0.0, 0.0);
    }
}

/// What comes out of some levels.
pub(crate) fn outcome(known: &Known, excess: &Excess) -> Outcome {
    let (mut stages, mut sexes) = ([Risk::default(); 4], [Risk::default(); 2]);
    // The weights of the cells at the beginning of the month.
    let mut cells = cells(known);
    for month in 0..MONTHS {
        let (from, to) = (f64::from(month) / 12.0, f64::from(month + 1) / 12.0);
        let shares = known.stages.map(|(_, _, shape)| come_by(shape, to) - come_by(shape, from));
        for cell in &mut cells {
            let level = excess.levels.get(cell.stage).copied().unwrap_or(0.0);
            let ratio = if cell.sex == 1 { excess.female } else { 1.0 };
            let hazard = level * ratio * cell.age_factor * shares.get(cell.stage).copied().unwrap_or(0.0);
            let left = libm::exp(-hazard);
            for risk in [stages.get_mut(cell.stage), sexes.get_mut(cell.sex)].into_iter().flatten() {
                risk.at_risk += cell.weight;
                risk.left += cell.weight * left;
            }
            // Mortality grows by the same factor each month.
            cell.weight *= left * libm::exp(-cell.monthly);
            cell.monthly *= cell.monthly_growth;
        }
        stages.iter_mut().for_each(Risk::close);
        sexes.iter_mut().for_each(Risk::close);
    }
    let survival = |risk: Risk| libm::exp(risk.logarithm);
    Outcome { stages: stages.map(survival), sexes: sexes.map(survival) }
}

struct Cell {
    stage: usize,
    sex: usize,
    weight: f64,
    age_factor: f64,
    monthly: f64,
    monthly_growth: f64,
}

fn cells(known: &Known) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (sex, ((share_of_sex, _), (ages, gompertz))) in
        known.sexes.iter().zip(known.ages.iter().zip(known.background)).enumerate()
    {
        for (age, share_of_age) in ages {
            for (stage, (share, _, _)) in known.stages.iter().enumerate() {
                cells.push(Cell {
                    stage,
                    sex,
                    weight: share_of_sex * share_of_age * share,
                    age_factor: age_factor(known.per_decade, *age),
                    monthly: expected(gompertz, *age, 1.0 / 12.0),
                    monthly_growth: libm::exp(gompertz.b / 12.0),
                });
            }
        }
    }
    cells.retain(|cell| cell.weight > 0.0);
    cells
}

/// Solves the levels and the ratio of the sexes; `None` when the figures contradict each other.
pub(crate) fn solve(known: &Known) -> Option<Excess> {
    let free = known.stages.iter().position(|(_, survival, _)| survival.is_none())?;
    let hazard = |survival: f64| -libm::log(survival);
    let mut excess = Excess { levels: [0.5; 4], female: 1.0, per_decade: known.per_decade };
    for _ in 0..ROUNDS {
        let found = outcome(known, &excess);
        let gap = |sex: usize| {
            let (share, wanted) = known.sexes.get(sex).copied().unwrap_or((0.0, 0.0));
            let got = found.sexes.get(sex).copied().unwrap_or(0.0);
            (share, if share > 0.0 { got - wanted } else { 0.0 })
        };
        let ((men, of_men), (women, of_women)) = (gap(0), gap(1));
        let total = men * of_men + women * of_women;
        let mut worst = of_men.abs().max(of_women.abs());
        for (position, ((share, wanted, _), (level, got))) in
            known.stages.iter().zip(excess.levels.iter_mut().zip(found.stages)).enumerate()
        {
            if let Some(wanted) = wanted {
                worst = worst.max((got - wanted).abs());
                *level *= hazard(*wanted) / hazard(got).max(1e-9);
            } else if position == free {
                let slope = share * got * hazard(got).max(1e-9);
                *level *= libm::exp((total / slope).clamp(-0.3, 0.3));
            }
        }
        if men > 0.0 && women > 0.0 {
            let slope: f64 =
                known.stages.iter().zip(found.stages).map(|((share, _, _), got)| share * got * hazard(got)).sum();
            excess.female *= libm::exp(((of_women - of_men) / slope.max(1e-9)).clamp(-0.3, 0.3) * 0.7);
        }
        if worst < 1e-6 {
            return Some(excess);
        }
        if excess.levels.iter().any(|level| !level.is_finite() || *level > 1e4) {
            return None;
        }
    }
    None
}
