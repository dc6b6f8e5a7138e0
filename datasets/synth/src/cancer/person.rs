//! Draws one patient from seed and number alone.

use super::calibrate::come_by;
use super::model::{Cancer, Kind, Marker, Model, Outcomes};
use super::patient::{Death, Patient, Test};
use super::spec::Shape;
use super::stage::{self, Prostate};
use crate::draw::{normal, unit, whole};
use crate::program::calendar;
use crate::program::person::{DAYS_PER_YEAR, Person, Sex, birthday};
use crate::program::sequence::Axis;
use rand_chacha::ChaCha8Rng;

/// The time to death of each cause, in days from diagnosis; none for those whom the cancer does not kill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) cancer: Option<f64>,
    pub(crate) other: f64,
}

/// Draws a patient; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Patient<'_>> {
    let at = |axis| model.sequence.at(seed, number, axis);
    let mut rng = crate::rows::stream(seed, number, "cancer5");
    let (&(kind, sex, year), _) = model.diagnoses.at(at(Axis::Who))?;
    let kind = model.kinds.get(kind)?;
    let (&stage, _) = kind.stage_shares.at(at(Axis::Status))?;
    let (&age, _) = kind.ages.of(sex).as_ref()?.at(at(Axis::Age))?;
    let first = calendar::days((year, 1, 1));
    let length = calendar::days((year + 1, 1, 1)) - first;
    let diagnosis = first + whole(unit(&mut rng) * f64::from(length));
    let birth = birthday(diagnosis, age, unit(&mut rng));
    let exact_age = f64::from(diagnosis - birth) / DAYS_PER_YEAR;
    let of_stage = kind.stages.of(stage);
    let limit = kind.excess.limit(stage, sex == Sex::Female, f64::from(age) + 0.5);
    let fate = Fate {
        cancer: excess_days(at(Axis::Event), limit, of_stage.shape),
        other: model.background.of(sex).days_to_death(exact_age, at(Axis::Background)),
    };
    let (end, death) = ending(diagnosis, fate, model.last_day);
    let ((t, n, m), _) = of_stage.categories.at(unit(&mut rng))?;
    let (site, _) = kind.sites.at(unit(&mut rng))?;
    let (histology, _) = kind.histologies(sex, &site.code)?.at(unit(&mut rng))?;
    let (height_cm, weight_kg) = body(model, sex, age, &mut rng);
    let (&smoking, _) = kind.smoking.of(sex).at(unit(&mut rng))?;
    let mut patient = Patient {
        person: Person { number, sex, birth },
        kind,
        diagnosis,
        age,
        stage,
        t,
        n,
        m,
        group: stage::UNKNOWN,
        site,
        histology,
        grade: kind.grades.as_ref().and_then(|grades| grades.at(unit(&mut rng))).map(|(grade, _)| *grade),
        ecog: *model.ecog.of(stage).at(unit(&mut rng))?.0,
        size_mm: size(kind, &histology.code, t, unit(&mut rng)),
        height_cm,
        weight_kg,
        smoking,
        drinking: model.drinking.of(sex).at(unit(&mut rng))?.0,
        tests: Vec::with_capacity(kind.markers.len()),
        treatments: Vec::with_capacity(4),
        pathology: None,
        response: None,
        recurrence: None,
        end,
        death,
    };
    for marker in &kind.markers {
        let drawn = test(model, marker, &patient, &mut rng);
        patient.tests.extend(drawn);
    }
    patient.group = group(&patient)?;
    super::course::run(model, &mut patient, fate, &mut rng);
    Some(patient)
}

/// The excess hazard comes by a Weibull distribution up to its limit; who outlives the limit is cured.
fn excess_days(unit: f64, limit: f64, shape: Shape) -> Option<f64> {
    let share = -libm::log(1.0 - unit) / limit;
    (share < 1.0).then(|| {
        let years = shape.scale_years * libm::pow(-libm::log(1.0 - share), 1.0 / shape.shape);
        debug_assert!((come_by(shape, years) - share).abs() < 1e-6);
        years * DAYS_PER_YEAR
    })
}

/// The day of death, or the last day of follow-up. Nobody dies on the day of diagnosis.
fn ending(diagnosis: i32, fate: Fate, last_day: i32) -> (i32, Option<Death>) {
    let by_cancer = fate.cancer.is_some_and(|days| days < fate.other);
    let days = fate.cancer.unwrap_or(f64::INFINITY).min(fate.other);
    let date = diagnosis.saturating_add(whole(days)).saturating_add(1);
    if date > last_day { (last_day, None) } else { (date, Some(Death { date, by_cancer })) }
}

fn body(model: &Model, sex: Sex, age: i32, rng: &mut ChaCha8Rng) -> (f64, f64) {
    let body = model.body.of(sex);
    let mean = body.height + body.per_year * (f64::from(age) - model.center_age);
    let height = tenths((mean + body.height_sd * normal(rng)).clamp(120.0, 210.0));
    let index = (body.bmi + body.bmi_sd * normal(rng)).clamp(14.0, 45.0);
    (height, tenths(index * height * height / 10_000.0))
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn size(kind: &Kind, histology: &str, t: &str, unit: f64) -> Option<i32> {
    let is_of = |own: &Option<String>| own.as_deref().is_none_or(|own| own == histology);
    let own = kind.sizes.iter().find(|(named, category, _)| named.as_deref() == Some(histology) && category == t);
    let (_, _, (low, high)) =
        own.or_else(|| kind.sizes.iter().find(|(named, category, _)| is_of(named) && category == t))?;
    Some(whole(low + unit * (high - low + 1.0)))
}

fn test<'m>(model: &Model, marker: &'m Marker, patient: &Patient<'_>, rng: &mut ChaCha8Rng) -> Option<Test<'m>> {
    let (chance, day, result) = (unit(rng), unit(rng), unit(rng));
    let is_meant = marker.histologies.is_empty() || marker.histologies.contains(&patient.histology.code);
    let date = patient.diagnosis + whole(day * (model.course.marker_within + 1.0));
    let date = date.min(patient.end);
    if !is_meant || chance >= marker.tested {
        return None;
    }
    let (number, text) = match &marker.result {
        Outcomes::Text { male, female } => {
            let values = if patient.person.sex == Sex::Male { male } else { female };
            (None, Some(values.at(result)?.0.as_str()))
        }
        Outcomes::TextByStage(by_stage) => (None, Some(by_stage.of(patient.stage).at(result)?.0.as_str())),
        Outcomes::LogNormal(by_stage) => {
            let (mean, sd) = by_stage.of(patient.stage);
            (Some(tenths(libm::exp(mean + sd * normal(rng))).max(0.1)), None)
        }
        Outcomes::Normal(spec) => (Some(tenths((spec.mean + spec.sd * normal(rng)).clamp(spec.low, spec.high))), None),
    };
    Some(Test { code: &marker.code, unit: marker.unit.as_deref(), date, number, text })
}

fn group(patient: &Patient<'_>) -> Option<&'static str> {
    let psa = patient.test("PSA").and_then(|test| test.number).unwrap_or(0.0);
    let grade_group = patient.test("GLEASON").and_then(|test| test.text).map_or(1, stage::grade_group);
    let bile_duct = patient.cancer() == Cancer::Liver && patient.site.code == "C22.1";
    let tnm = (patient.t, patient.n, patient.m);
    stage::group(patient.cancer(), bile_duct, tnm, Prostate { psa, grade_group })
}
