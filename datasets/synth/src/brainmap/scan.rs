//! A person's scans: who is impaired, what is lost at the first scan, and what is lost every year from then on.

use super::spec::{ByGroup, Conversion, Diagnosis, Measurement, Spec, WholeBrain, Window};
use crate::SynthError;
use crate::draw::{normal, unit, whole};
use crate::program::figure::BySex;
use crate::program::person::{DAYS_PER_YEAR, Person, Population, Sex};
use crate::program::sequence::Axis;
use rand_chacha::ChaCha8Rng;

/// The age at which a region has the size that the figures give.
const CENTER_AGE: f64 = 70.0;

/// What a person is, with what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Normal,
    Stable,
    Converting,
    Alzheimer,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Normal => "cn",
            Self::Stable => "smci",
            Self::Converting => "cmci",
            Self::Alzheimer => "ad",
        }
    }
}

impl<T: Copy> ByGroup<T> {
    pub(crate) fn of(&self, group: Group) -> T {
        match group {
            Group::Normal => self.cn,
            Group::Stable => self.smci,
            Group::Converting => self.cmci,
            Group::Alzheimer => self.ad,
        }
    }
}

/// A region as the figures give it.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) name: String,
    size: (f64, f64),
    lost: ByGroup<f64>,
    change: ByGroup<(f64, f64)>,
}

/// Everything that persons are drawn from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) population: Population,
    pub(crate) last_day: i32,
    window: Window,
    diagnosis: Diagnosis,
    conversion: Conversion,
    intracranial: BySex<(f64, f64)>,
    center: f64,
    power: f64,
    whole_brain: WholeBrain,
    whole_brain_lost: ByGroup<f64>,
    whole_brain_change: ByGroup<(f64, f64)>,
    measurement: Measurement,
    pub(crate) regions: Vec<Region>,
}

impl Model {
    /// Holds the figures against each other.
    pub(crate) fn bind(spec: Spec) -> Result<Self, SynthError> {
        let wrong = |place, reason| crate::program::wrong(super::NAME, place, reason);
        let population = Population::bind(spec.population)
            .ok_or_else(|| wrong("population", "needs one number for each band of age, and a day"))?;
        let window = spec.window.value;
        let last_day =
            crate::value::days_of(&window.last).filter(|last| last - population.on > 365 && window.every_days > 60);
        let last_day = last_day.ok_or_else(|| wrong("window", "needs a year and more, and scans that are apart"))?;
        let diagnosis = spec.diagnosis.value;
        let bands = diagnosis.from.len();
        let shares =
            diagnosis.mci.iter().zip(&diagnosis.ad).all(|(mci, ad)| *mci >= 0.0 && *ad >= 0.0 && mci + ad < 1.0);
        if bands != diagnosis.mci.len() || bands != diagnosis.ad.len() || !diagnosis.from.is_sorted() || !shares {
            return Err(wrong("diagnosis", "needs shares for each band of age, in order and together below one"));
        }
        let region = |(name, region): (String, super::spec::Region)| Region {
            name,
            size: region.size.value,
            lost: region.lost.value,
            change: region.change.value,
        };
        let intracranial = spec.intracranial.value;
        Ok(Self {
            population,
            last_day,
            window,
            diagnosis,
            conversion: spec.conversion.value,
            intracranial: intracranial.by_sex(),
            center: intracranial.center,
            power: intracranial.power,
            whole_brain: spec.whole_brain.value,
            whole_brain_lost: spec.whole_brain_lost.value,
            whole_brain_change: spec.whole_brain_change.value,
            measurement: spec.measurement.value,
            regions: spec.regions.into_iter().map(region).collect(),
        })
    }
}

/// A scan.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) day: i32,
    /// `cn`, `mci` or `ad`.
    pub(crate) diagnosis: &'static str,
    pub(crate) nwbv: f64,
    /// The left and the right side of each region in mm³.
    pub(crate) volumes: Vec<[f64; 2]>,
}

/// A person; who is young has no scans. Dates are days since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) person: Person,
    pub(crate) group: Group,
    pub(crate) intracranial_ml: f64,
    pub(crate) scans: Vec<Scan>,
    /// Death, or the last day on which the person was known to live.
    pub(crate) end: i32,
    pub(crate) dies: bool,
}

/// Draws a person; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Life> {
    let population = &model.population;
    let person = population.person(seed, number)?;
    let death = population.death(seed, &person, 1.0);
    let dies = death <= model.last_day;
    let mut rng = crate::rows::stream(seed, number, super::NAME);
    let (mean, sd) = *model.intracranial.of(person.sex);
    let intracranial_ml = (mean + sd * normal(&mut rng)).clamp(950.0, 2_100.0).round();
    let end = if dies { death } else { model.last_day };
    let mut life = Life { person, group: Group::Normal, intracranial_ml, scans: Vec::new(), end, dies };
    if person.age(population.on) >= model.window.from_age {
        scan(model, &mut life, population.sequence.at(seed, number, Axis::Status), &mut rng);
    }
    Some(life)
}

/// A value that changes by a share every year.
struct Course {
    first: f64,
    per_year: f64,
}

impl Course {
    fn at(&self, years: f64) -> f64 {
        self.first * libm::pow(1.0 + self.per_year, years)
    }
}

fn scan(model: &Model, life: &mut Life, status: f64, rng: &mut ChaCha8Rng) {
    let first = model.population.on + whole(unit(rng) * model.window.within_days);
    let age = life.person.age(first);
    life.group = group(model, age, status, unit(rng));
    let converts = model.conversion.years.0 + unit(rng) * (model.conversion.years.1 - model.conversion.years.0);
    let rate = |(mean, sd): (f64, f64), drawn: f64| ((mean + sd * drawn) / 100.0).max(-0.3);
    let brain = whole_brain(model, life, age, normal(rng));
    let brain = Course { first: brain, per_year: rate(model.whole_brain_change.of(life.group), normal(rng)) };
    // A large head, a large region; a shrinking brain shrinks everywhere a little.
    let head = libm::pow(life.intracranial_ml / model.center, model.power);
    let mut regions = Vec::with_capacity(model.regions.len());
    for region in &model.regions {
        let (size, sd) = region.size;
        let aged = libm::pow(1.0 + region.change.cn.0 / 100.0, age - CENTER_AGE);
        let left = 1.0 - region.lost.of(life.group) / 100.0;
        let first = size * head * aged * left * libm::exp(sd * normal(rng) - sd * sd / 2.0);
        let change = region.change.of(life.group);
        let course = Course { first, per_year: rate(change, normal(rng)) };
        let apart = model.measurement.sides / 100.0 * normal(rng);
        regions.push((course, apart));
    }
    let error = model.measurement.error / 100.0;
    let mut day = first;
    while day <= life.end {
        let years = f64::from(day - first) / DAYS_PER_YEAR;
        let diagnosis = match life.group {
            Group::Normal => "cn",
            Group::Alzheimer => "ad",
            Group::Converting if years >= converts => "ad",
            Group::Stable | Group::Converting => "mci",
        };
        let mut side =
            |volume: f64, apart: f64| (volume * (1.0 + apart) * (1.0 + error * normal(rng))).max(1.0).round();
        let volumes = regions
            .iter()
            .map(|(course, apart)| [side(course.at(years), *apart / 2.0), side(course.at(years), -*apart / 2.0)])
            .collect();
        let nwbv = (brain.at(years).clamp(0.45, 0.95) * 10_000.0).round() / 10_000.0;
        life.scans.push(Scan { day, diagnosis, nwbv, volumes });
        let varies = whole((2.0 * unit(rng) - 1.0) * model.window.varies_days);
        day = day.saturating_add((model.window.every_days + varies).max(1));
    }
}

fn group(model: &Model, age: f64, status: f64, converts: f64) -> Group {
    let figures = &model.diagnosis;
    let band = figures.from.partition_point(|from| *from <= age).saturating_sub(1);
    let share = |shares: &[f64]| shares.get(band).copied().unwrap_or(0.0);
    let (mci, ad) = (share(&figures.mci), share(&figures.ad));
    if status < ad {
        Group::Alzheimer
    } else if status < ad + mci {
        if converts < model.conversion.share { Group::Converting } else { Group::Stable }
    } else {
        Group::Normal
    }
}

fn whole_brain(model: &Model, life: &Life, age: f64, drawn: f64) -> f64 {
    let figures = &model.whole_brain;
    let male = if life.person.sex == Sex::Male { figures.male } else { 0.0 };
    let lost = model.whole_brain_lost.of(life.group);
    figures.constant + figures.per_year * age + male - lost + figures.sd * drawn
}
