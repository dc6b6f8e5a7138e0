//! The generator's figures, held against each other, and the levels solved that make the population what was surveyed.

use super::exam;
use super::prevent::Betas;
use super::spec::{
    Course, Drug, Drugs, Glucose, Home, Kidney, KidneyDisease, Odds, OutcomeSpec, Pressure, Reading, Season, Spec,
    Targets, WhiteCoat,
};
use super::traits::{self, Pair, Traits};
use crate::SynthError;
use crate::program::adult::{Adults, Filtration, Smoking, Window};
use crate::program::calendar;
use crate::program::figure::BySex;
use crate::program::person::{DAYS_PER_YEAR, Population, Sex};
use crate::program::weighted::Weighted;

/// Persons for whom the levels are solved.
const SOLVED_FOR: u64 = 16_384;
const ROUNDS: u32 = 40;
/// The survey's shares are met this closely among them, or the figures are refused; nobody looks for better than close.
const CLOSE_ENOUGH: f64 = 0.003;
const CLOSE: f64 = 0.0003;

/// What is solved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// Added to everybody's systolic pressure, and half of it to the diastolic.
    pub(crate) pressure: f64,
    /// Log odds of awareness and of treatment at 60 years and 150 mmHg.
    pub(crate) awareness: f64,
    pub(crate) treatment: f64,
    /// What a drug's effect is multiplied by.
    pub(crate) dose: f64,
}

/// What befalls a heart, a brain or a vessel.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) icd10: String,
    pub(crate) korea: f64,
    pub(crate) fatal: f64,
    pub(crate) betas: BySex<Betas>,
}

/// Drugs that are taken together: positions among the classes.
#[derive(Debug)]
pub(crate) struct Combination {
    pub(crate) position: usize,
    drugs: Vec<usize>,
}

/// Everything that persons are drawn from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) population: Population,
    pub(crate) first_day: i32,
    pub(crate) last_day: i32,
    pub(crate) window: Window,
    pub(crate) adults: Adults,
    pub(crate) kidney: Kidney,
    pub(crate) glucose: Glucose,
    pub(crate) pressure: Pressure,
    pub(crate) reading: Reading,
    season: Season,
    pub(crate) white_coat: WhiteCoat,
    /// Usual pressures from which hypertension may be diagnosed.
    pub(crate) diagnosed: Pair,
    pub(crate) awareness: Odds,
    pub(crate) treatment: Odds,
    pub(crate) drugs: Drugs,
    pub(crate) combinations: Weighted<Combination>,
    pub(crate) course: Course,
    /// Positions of the drugs that a course begins with, and of those that come next.
    pub(crate) first_drugs: Weighted<usize>,
    pub(crate) next_drugs: Vec<usize>,
    pub(crate) home: Home,
    pub(crate) kidney_disease: KidneyDisease,
    pub(crate) outcomes: [Outcome; 3],
    pub(crate) levels: Levels,
}

impl Model {
    /// Holds the figures against each other.
    pub(crate) fn bind(spec: Spec) -> Result<Self, SynthError> {
        let targets = spec.targets.value;
        let mut model = Self::unsolved(spec)?;
        model.levels = solve(&model, &targets)
            .ok_or_else(|| wrong("targets", "cannot be met by these figures of pressure and drugs"))?;
        Ok(model)
    }

    fn unsolved(spec: Spec) -> Result<Self, SynthError> {
        let window = spec.window.value;
        let (first_day, last_day) = window.days().ok_or_else(|| wrong("window", "needs dates"))?;
        let population = Population::bind(spec.population)
            .ok_or_else(|| wrong("population", "needs one number for each band of age, and a day"))?;
        if first_day >= population.on || last_day < population.on.saturating_add(731) || window.checkup_every_days < 1 {
            return Err(wrong("window", "needs the population's day after its first and two years before its last"));
        }
        let drugs = spec.drugs.value;
        let position = |class: &String| {
            let known = drugs.classes.iter().position(|(known, _, _)| known == class);
            known.ok_or_else(|| wrong(class, "is not a class of drugs"))
        };
        let mut combinations = Vec::new();
        for (at, (classes, weight)) in spec.combinations.value.iter().enumerate() {
            let drugs = classes.iter().map(position).collect::<Result<_, _>>()?;
            combinations.push((Combination { position: at, drugs }, *weight));
        }
        let course = spec.course.value;
        let firsts = course.first_drugs.iter().map(|(class, weight)| Ok((position(class)?, *weight)));
        let first_drugs = weighted(firsts.collect::<Result<Vec<_>, SynthError>>()?, "course")?;
        let next_drugs = course.next_drugs.iter().map(position).collect::<Result<_, _>>()?;
        if course.supply_days < 2 || course.early_days >= f64::from(course.supply_days) {
            return Err(wrong("course", "must supply drugs for longer than a visit comes early"));
        }
        let kidney = spec.kidney.value;
        let adults = Adults {
            within_days: window.checkup_within_days,
            other_deaths: spec.other_deaths.value,
            bodies: spec.body.value,
            smoking: spec.smoking.value.map(|_, shares| weighted(Smoking::ALL.into_iter().zip(shares), "smoking"))?,
            diabetes: spec.diabetes.value,
            lipids: spec.lipids.value,
            filtration: Filtration {
                at_50: kidney.at_50,
                per_year: kidney.per_year,
                sd: kidney.sd,
                diabetes: kidney.diabetes,
            },
        };
        Ok(Self {
            population,
            first_day,
            last_day,
            window,
            adults,
            kidney,
            glucose: spec.glucose.value,
            pressure: spec.pressure.value,
            reading: spec.reading.value,
            season: spec.season.value,
            white_coat: spec.white_coat.value,
            diagnosed: spec.diagnosed.value,
            awareness: spec.awareness.value,
            treatment: spec.treatment.value,
            combinations: weighted(combinations, "combinations")?,
            first_drugs,
            next_drugs,
            course,
            drugs,
            home: spec.home.value,
            kidney_disease: spec.chronic_kidney_disease.value,
            outcomes: [
                outcome("coronary", spec.outcomes.coronary),
                outcome("stroke", spec.outcomes.stroke),
                outcome("heart_failure", spec.outcomes.heart_failure),
            ],
            levels: Levels { pressure: 0.0, awareness: 1.0, treatment: 3.0, dose: 1.0 },
        })
    }

    /// The drugs of a combination.
    pub(crate) fn drugs_of(&self, combination: usize) -> Option<&[usize]> {
        let found = self.combinations.things().find(|known| known.position == combination);
        found.map(|combination| combination.drugs.as_slice())
    }

    /// What so many drugs take from a usual pressure.
    pub(crate) fn effect(&self, untreated: Pair, drugs: usize, dose: f64) -> Pair {
        let figures = &self.drugs;
        let of_one = |effect: f64, per_mmhg: f64, above: f64| (effect + per_mmhg * above).max(figures.least * effect);
        let systolic = of_one(figures.systolic, figures.systolic_per_mmhg, untreated.systolic - figures.systolic_at);
        let diastolic =
            of_one(figures.diastolic, figures.diastolic_per_mmhg, untreated.diastolic - figures.diastolic_at);
        let times = dose * f64::from(u8::try_from(drugs).unwrap_or(u8::MAX));
        Pair { systolic: systolic * times, diastolic: diastolic * times }
    }

    /// What the season adds on a day.
    pub(crate) fn season(&self, day: i32) -> Pair {
        let (year, _, _) = calendar::civil(day);
        let of_year = f64::from(day - calendar::days((year, 1, 1)));
        let wave = libm::cos(std::f64::consts::TAU * (of_year - self.season.peak_day) / DAYS_PER_YEAR);
        Pair { systolic: self.season.systolic * wave, diastolic: self.season.diastolic * wave }
    }

    /// What the office adds to a usual home pressure that is this in the office.
    pub(crate) fn office_effect(&self, office: Pair) -> Pair {
        let figures = &self.white_coat;
        let systolic = figures.systolic_at_140 + figures.per_mmhg * (office.systolic - 140.0);
        let diastolic = figures.diastolic_at_90 + figures.diastolic_per_mmhg * (office.diastolic - 90.0);
        Pair {
            systolic: systolic.clamp(figures.least, figures.most),
            diastolic: diastolic.clamp(figures.diastolic_least, figures.diastolic_most),
        }
    }

    /// The class of a drug by its position.
    pub(crate) fn drug(&self, position: usize) -> &Drug {
        self.drugs.classes.get(position).unwrap_or(&self.drugs.statin)
    }
}

pub(crate) fn wrong(place: &str, reason: &str) -> SynthError {
    crate::program::wrong(super::NAME, place, reason)
}

fn weighted<T>(things: impl IntoIterator<Item = (T, f64)>, place: &str) -> Result<Weighted<T>, SynthError> {
    Weighted::new(things).ok_or_else(|| wrong(place, "needs weights that are not negative, and one above zero"))
}

fn outcome(name: &'static str, spec: OutcomeSpec) -> Outcome {
    Outcome { name, icd10: spec.icd10, korea: spec.korea.value, fatal: spec.fatal.value, betas: spec.prevent.value }
}

/// Shares of a survey: hypertension of all; awareness, treatment and control of those with hypertension.
#[derive(Debug, Clone, Copy)]
struct Survey {
    prevalence: f64,
    awareness: f64,
    treatment: f64,
    control: f64,
}

/// What a survey of these persons would find in the mean over who is aware and treated.
fn survey(model: &Model, persons: &[Traits], levels: &Levels) -> Survey {
    let (mut have, mut aware, mut treated, mut controlled) = (0.0, 0.0, 0.0, 0.0);
    for traits in persons {
        let odds = exam::odds(model, traits, levels);
        let is_high = |drugs| exam::mean(exam::measure(model, traits, odds.untreated, levels.dose, drugs)).is_high();
        let (knows, is_treated) = (odds.knows, odds.is_treated);
        if is_treated > 0.0 && !is_high(exam::combination(model, traits)) {
            controlled += is_treated;
        }
        treated += is_treated;
        // Who is not treated has hypertension when it is seen.
        let seen = if is_high(None) { 1.0 } else { 0.0 };
        have += is_treated + seen * (1.0 - is_treated);
        aware += is_treated + seen * (knows - is_treated);
    }
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let all = f64::from(u32::try_from(persons.len()).unwrap_or(u32::MAX));
    Survey {
        prevalence: of(have, all),
        awareness: of(aware, have),
        treatment: of(treated, have),
        control: of(controlled, have),
    }
}

/// Solves the levels: each share has one level that it mostly follows.
fn solve(model: &Model, targets: &Targets) -> Option<Levels> {
    let persons: Vec<Traits> = (0..SOLVED_FOR).filter_map(|number| traits::draw(model, 0, number)).collect();
    let share = |per_cent: f64| (per_cent / 100.0).clamp(0.001, 0.999);
    let wanted = Survey {
        prevalence: share(targets.prevalence),
        awareness: share(targets.awareness),
        treatment: share(targets.treatment),
        control: share(targets.control),
    };
    let odds = |share: f64| {
        let share = share.clamp(0.001, 0.999);
        libm::log(share / (1.0 - share))
    };
    let (mut levels, mut best, mut closest) = (model.levels, None, CLOSE_ENOUGH);
    for _ in 0..ROUNDS {
        let found = survey(model, &persons, &levels);
        let gaps = [
            odds(wanted.prevalence) - odds(found.prevalence),
            odds(wanted.awareness) - odds(found.awareness),
            odds(wanted.treatment / wanted.awareness) - odds(found.treatment / found.awareness.max(0.001)),
            odds(wanted.control / wanted.treatment) - odds(found.control / found.treatment.max(0.001)),
        ];
        let off = [
            wanted.prevalence - found.prevalence,
            wanted.awareness - found.awareness,
            wanted.treatment - found.treatment,
            wanted.control - found.control,
        ];
        let worst = off.into_iter().fold(0.0, |worst: f64, gap| worst.max(gap.abs()));
        if worst < closest {
            (best, closest) = (Some(levels), worst);
        }
        if worst < CLOSE {
            break;
        }
        let [prevalence, awareness, treatment, control] = gaps;
        levels.pressure += (5.0 * prevalence).clamp(-5.0, 5.0);
        levels.awareness += 0.7 * awareness;
        levels.treatment += 0.7 * treatment;
        levels.dose *= libm::exp((0.3 * control).clamp(-0.3, 0.3));
    }
    best
}

impl Outcome {
    pub(crate) fn betas(&self, sex: Sex) -> &Betas {
        self.betas.of(sex)
    }
}
