//! The generator's figures, held against each other, and the levels solved that make the population what was surveyed.

use super::exam;
use super::spec::{
    Albumin, Combinations, Course, Deaths, Drug, DrugFigures, Drugs, Effects, Failure, Glucose, Glycaemia,
    KidneyDisease, Odds, Onset, OtherValues, Slopes, Spec, Targets,
};
use super::traits::{self, Traits};
use crate::SynthError;
use crate::program::adult::{Adults, Smoking, Window};
use crate::program::kidney::FailureRisk;
use crate::program::person::{Population, Sex};
use crate::program::weighted::Weighted;

/// Persons for whom the levels are solved.
const SOLVED_FOR: u64 = 32_768;
const ROUNDS: u32 = 60;
/// The survey's shares are met this closely among them, or the figures are refused; nobody looks for better than close.
const CLOSE_ENOUGH: f64 = 0.004;
const CLOSE: f64 = 0.0005;
/// Prevalence is not solved, since adults have diabetes or not in every program; it must be this close by itself.
const PREVALENCE_CLOSE: f64 = 0.02;

/// What is solved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// The logarithm of what an untreated HbA1c is above the limit.
    pub(crate) above: f64,
    /// Log odds of awareness and of treatment at 60 years, at the onset and at 7.5 %.
    pub(crate) awareness: f64,
    pub(crate) treatment: f64,
    /// Log odds of a disease of the kidney at 60 years.
    pub(crate) kidney_disease: f64,
    /// The logarithm of albumin to creatinine at 60 years.
    pub(crate) albumin: f64,
}

/// Everything that persons are drawn from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) population: Population,
    pub(crate) first_day: i32,
    pub(crate) last_day: i32,
    pub(crate) window: Window,
    pub(crate) adults: Adults,
    pub(crate) glycaemia: Glycaemia,
    pub(crate) glucose: Glucose,
    pub(crate) onset: Onset,
    pub(crate) awareness: Odds,
    pub(crate) treatment: Odds,
    drugs: Drugs,
    pub(crate) effects: Effects,
    /// How closely the drugs follow the untreated HbA1c.
    pub(crate) follows: f64,
    pub(crate) combinations: Weighted<Vec<Drug>>,
    pub(crate) next_drugs: Weighted<Drug>,
    /// The share of the spread of filtration that those without a disease of the kidney have.
    pub(crate) healthy_spread: f64,
    pub(crate) kidney_disease: KidneyDisease,
    pub(crate) albumin: Albumin,
    pub(crate) slopes: Slopes,
    pub(crate) filtration_varies: f64,
    pub(crate) failure_risk: FailureRisk,
    pub(crate) failure: Failure,
    pub(crate) deaths: Deaths,
    pub(crate) course: Course,
    pub(crate) other_values: OtherValues,
    pub(crate) levels: Levels,
}

impl Model {
    /// Holds the figures against each other.
    pub(crate) fn bind(spec: Spec) -> Result<Self, SynthError> {
        let (targets, treated) = (spec.targets.value, spec.treated.value);
        let mut model = Self::unsolved(spec)?;
        model.levels = solve(&model, &targets, treated)
            .ok_or_else(|| wrong("targets", "cannot be met by these figures of glycaemia, kidneys and drugs"))?;
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
        let course = spec.course.value;
        if course.supply_days < 2 || course.early_days >= f64::from(course.supply_days) {
            return Err(wrong("course", "must supply drugs for longer than a visit comes early"));
        }
        let adults = Adults {
            within_days: window.checkup_within_days,
            other_deaths: spec.other_deaths.value,
            bodies: spec.body.value,
            smoking: spec.smoking.value.map(|_, shares| weighted(Smoking::ALL.into_iter().zip(shares), "smoking"))?,
            diabetes: spec.diabetes.value,
            lipids: spec.lipids.value,
            filtration: spec.filtration.value,
        };
        let Combinations { follows, drugs } = spec.combinations.value;
        if !(-1.0..=1.0).contains(&follows) {
            return Err(wrong("combinations", "follow the HbA1c by a correlation, which is between -1 and 1"));
        }
        Ok(Self {
            population,
            first_day,
            last_day,
            window,
            adults,
            glycaemia: spec.glycaemia.value,
            glucose: spec.glucose.value,
            onset: spec.onset.value,
            awareness: spec.awareness.value,
            treatment: spec.treatment.value,
            drugs: spec.drugs,
            effects: spec.effects.value,
            follows,
            combinations: weighted(drugs, "combinations")?,
            next_drugs: weighted(course.next_drugs.iter().copied(), "course")?,
            healthy_spread: spec.healthy_spread.value,
            kidney_disease: spec.kidney_disease.value,
            albumin: spec.albumin.value,
            slopes: spec.slopes.value,
            filtration_varies: spec.filtration_varies.value,
            failure_risk: spec.failure_risk.value,
            failure: spec.failure.value,
            deaths: spec.deaths.value,
            course,
            other_values: spec.other_values.value,
            levels: Levels { above: 0.0, awareness: 0.0, treatment: 3.0, kidney_disease: -4.0, albumin: 0.85 },
        })
    }

    /// The figures of a drug.
    pub(crate) fn drug(&self, drug: Drug) -> &DrugFigures {
        let drugs = &self.drugs;
        match drug {
            Drug::Metformin => &drugs.metformin.value,
            Drug::Dpp4 => &drugs.dpp4.value,
            Drug::Sglt2 => &drugs.sglt2.value,
            Drug::Insulin => &drugs.insulin.value,
            Drug::Acei => &drugs.acei.value,
            Drug::Statin => &drugs.statin.value,
        }
    }

    /// An HbA1c that these drugs leave of an untreated one at a filtration.
    pub(crate) fn treated(&self, untreated: f64, drugs: &[Drug], filtration: f64) -> f64 {
        let effects = &self.effects;
        let mut level = untreated;
        for drug in drugs {
            let here = (1.0 + effects.per_point * (level - 8.0)).max(effects.least);
            let weak = *drug == Drug::Sglt2 && filtration < 45.0;
            level -= self.drug(*drug).hba1c * here * if weak { effects.sglt2_below_45 } else { 1.0 };
        }
        // Nobody is treated below where nobody with diabetes would be treated.
        level.max(untreated.min(5.6))
    }

    /// What dies of a person who dies of other causes at the rate one: ratios above one, summed.
    pub(crate) fn excess(&self, diabetes: bool, filtration: f64, albumin: f64) -> f64 {
        let [mild, moderate, severe] = self.deaths.filtration;
        let [some, much] = self.deaths.albumin;
        let of_diabetes = if diabetes { self.deaths.diabetes } else { 1.0 };
        let of_filtration = match filtration {
            low if low < 30.0 => severe,
            low if low < 45.0 => moderate,
            low if low < 60.0 => mild,
            _ => 1.0,
        };
        let of_albumin = match albumin {
            high if high >= 300.0 => much,
            high if high >= 30.0 => some,
            _ => 1.0,
        };
        of_diabetes * of_filtration * of_albumin - 1.0
    }

    /// The risk of kidney failure in two and in five years, in per cent with one decimal.
    pub(crate) fn risk(&self, sex: Sex, age: f64, filtration: f64, albumin: f64) -> (f64, f64) {
        let (two, five) = self.failure_risk.of(sex, age, filtration, albumin);
        let per_cent = |risk: f64| crate::program::adult::tenths(100.0 * risk);
        (per_cent(two), per_cent(five))
    }
}

pub(crate) fn wrong(place: &str, reason: &str) -> SynthError {
    crate::program::wrong(super::NAME, place, reason)
}

fn weighted<T>(things: impl IntoIterator<Item = (T, f64)>, place: &str) -> Result<Weighted<T>, SynthError> {
    Weighted::new(things).ok_or_else(|| wrong(place, "needs weights that are not negative, and one above zero"))
}

/// Shares of a survey: awareness, treatment and control of those of 30 and older with diabetes, the rest of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survey {
    pub(crate) prevalence: f64,
    pub(crate) awareness: f64,
    pub(crate) treatment: f64,
    pub(crate) control: f64,
    pub(crate) low_filtration: f64,
    pub(crate) albuminuria: f64,
}

/// What a survey of these persons finds at the first check-up.
pub(crate) fn survey(model: &Model, persons: &[Traits], levels: &Levels) -> Survey {
    let (mut adults, mut have, mut aware, mut treated, mut controlled) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut low, mut albuminuria) = (0.0, 0.0);
    for traits in persons {
        let exam = exam::examine(model, traits, levels);
        let kidney = exam::kidney(model, traits, &exam);
        low += f64::from(kidney.egfr < 60.0);
        albuminuria += f64::from(kidney.egfr >= 60.0 && kidney.albumin >= 30.0);
        if traits.adult.person.age(traits.adult.checkup) < 30.0 {
            continue;
        }
        adults += 1.0;
        let sugar = exam::sugar(model, traits, &exam);
        if exam.aware || sugar.is_high() {
            have += 1.0;
            aware += f64::from(exam.aware);
            treated += f64::from(exam.treated);
            controlled += f64::from(sugar.hba1c < 6.5);
        }
    }
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let all = f64::from(u32::try_from(persons.len()).unwrap_or(u32::MAX));
    Survey {
        prevalence: of(have, adults),
        awareness: of(aware, have),
        treatment: of(treated, have),
        control: of(controlled, have),
        low_filtration: of(low, all),
        albuminuria: of(albuminuria, all),
    }
}

/// Solves the levels: each share has one level that it mostly follows.
fn solve(model: &Model, targets: &Targets, treated: f64) -> Option<Levels> {
    let persons: Vec<Traits> = (0..SOLVED_FOR).filter_map(|number| traits::draw(model, 0, number)).collect();
    let share = |per_cent: f64| (per_cent / 100.0).clamp(0.001, 0.999);
    let odds = |share: f64| {
        let share = share.clamp(0.0001, 0.9999);
        libm::log(share / (1.0 - share))
    };
    let (awareness, treatment, control) = (share(targets.awareness), share(treated), share(targets.control));
    let prevalence = share(targets.prevalence);
    let (low_filtration, albuminuria) = (share(targets.low_filtration), share(targets.albuminuria));
    let (mut levels, mut best, mut closest) = (model.levels, None, CLOSE_ENOUGH);
    for _ in 0..ROUNDS {
        let found = survey(model, &persons, &levels);
        let off = [
            awareness - found.awareness,
            treatment - found.treatment,
            control - found.control,
            low_filtration - found.low_filtration,
            albuminuria - found.albuminuria,
        ];
        let worst = off.into_iter().fold(0.0, |worst: f64, gap| worst.max(gap.abs()));
        if worst < closest && (prevalence - found.prevalence).abs() < PREVALENCE_CLOSE {
            (best, closest) = (Some(levels), worst);
        }
        if worst < CLOSE {
            break;
        }
        let of_aware = |treatment: f64, awareness: f64| odds(treatment / awareness.max(0.001));
        levels.awareness += 0.7 * (odds(awareness) - odds(found.awareness));
        levels.treatment += 0.7 * (of_aware(treatment, awareness) - of_aware(found.treatment, found.awareness));
        levels.above -= (0.4 * (odds(control) - odds(found.control))).clamp(-0.5, 0.5);
        levels.kidney_disease += (odds(low_filtration) - odds(found.low_filtration)).clamp(-1.0, 1.0);
        levels.albumin += (0.15 * (odds(albuminuria) - odds(found.albuminuria))).clamp(-0.3, 0.3);
    }
    best
}
