//! The generator's figures, held against each other and solved: what persons are drawn from.

use super::calibrate::{self, Excess, Known};
use super::patient::{Smoking, Stage};
use super::spec::{
    Body, ByStage, Course, Histologies, MarkerSpec, Normal, Recurrence, Regimens, Requires, Shape, Spec, Treatment,
    TypeSpec,
};
use super::stage::{self, Prostate};
use crate::SynthError;
use crate::program::calendar;
use crate::program::figure::{Ages, BySex, Gompertz, Names};
use crate::program::person::Sex;
use crate::program::sequence::Sequence;
use crate::program::weighted::Weighted;

/// The five cancers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancer {
    Colorectal,
    Lung,
    Breast,
    Prostate,
    Liver,
}

impl Cancer {
    pub(crate) const ALL: [Self; 5] = [Self::Colorectal, Self::Lung, Self::Breast, Self::Prostate, Self::Liver];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Colorectal => "colorectal",
            Self::Lung => "lung",
            Self::Breast => "breast",
            Self::Prostate => "prostate",
            Self::Liver => "liver",
        }
    }
}

/// Things by weight, or a refusal that names the place.
fn weighted<T>(things: impl IntoIterator<Item = (T, f64)>, place: &str) -> Result<Weighted<T>, SynthError> {
    Weighted::new(things).ok_or_else(|| wrong(place, "needs weights that are not negative, and one above zero"))
}

/// Every year of age with its weight.
fn ages(ages: &Ages, place: &str) -> Result<BySex<Vec<(i32, f64)>>, SynthError> {
    ages.years().ok_or_else(|| wrong(place, "needs one number of cases for each band of age, in order"))
}

/// A code and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) name: String,
}

/// The position of the kind, sex and year of diagnosis.
type Diagnosis = (usize, Sex, i32);

/// The histologies of each site; of every site where the name is empty.
type BySite = Vec<(String, Weighted<Code>)>;

/// T, N and M.
pub(crate) type Categories = (String, String, String);

/// One summary stage of one cancer.
#[derive(Debug)]
pub(crate) struct StageModel {
    pub(crate) shape: Shape,
    pub(crate) categories: Weighted<Categories>,
    pub(crate) treatment: Treatment,
}

/// How a marker's result is drawn.
#[derive(Debug)]
pub(crate) enum Outcomes {
    Text { male: Weighted<String>, female: Weighted<String> },
    TextByStage(ByStage<Weighted<String>>),
    LogNormal(ByStage<(f64, f64)>),
    Normal(Normal),
}

#[derive(Debug)]
pub(crate) struct Marker {
    pub(crate) code: String,
    pub(crate) unit: Option<String>,
    pub(crate) tested: f64,
    /// The histologies that it is tested in; none for all.
    pub(crate) histologies: Vec<String>,
    pub(crate) result: Outcomes,
}

/// One kind of cancer.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) cancer: Cancer,
    pub(crate) title: Names,
    pub(crate) ages: BySex<Option<Weighted<i32>>>,
    pub(crate) stage_shares: Weighted<Stage>,
    pub(crate) stages: ByStage<StageModel>,
    pub(crate) excess: Excess,
    pub(crate) sites: Weighted<Code>,
    histologies: BySex<BySite>,
    pub(crate) grades: Option<Weighted<i32>>,
    pub(crate) smoking: BySex<Weighted<Smoking>>,
    /// Histology (or none), T category, and the diameters that go with it.
    pub(crate) sizes: Vec<(Option<String>, String, (f64, f64))>,
    pub(crate) regimens: Regimens,
    pub(crate) requires: Requires,
    pub(crate) markers: Vec<Marker>,
}

impl Kind {
    /// The histologies of a site.
    pub(crate) fn histologies(&self, sex: Sex, site: &str) -> Option<&Weighted<Code>> {
        let of_sex = self.histologies.of(sex);
        of_sex.iter().find(|(named, _)| named.is_empty() || named == site).map(|(_, histologies)| histologies)
    }

    /// Every histology.
    pub(crate) fn all_histologies(&self) -> impl Iterator<Item = &Code> {
        let both = self.histologies.male.iter().chain(&self.histologies.female);
        both.flat_map(|(_, histologies)| histologies.things())
    }
}

/// Everything that persons are drawn from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) sequence: Sequence,
    /// Cancer, sex and year of diagnosis.
    pub(crate) diagnoses: Weighted<Diagnosis>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) last_day: i32,
    pub(crate) background: BySex<Gompertz>,
    pub(crate) center_age: f64,
    pub(crate) body: BySex<Body>,
    pub(crate) drinking: BySex<Weighted<String>>,
    pub(crate) ecog: ByStage<Weighted<i32>>,
    pub(crate) course: Course,
    pub(crate) response_days: (f64, f64),
    pub(crate) responses: [Weighted<String>; 3],
    pub(crate) recurrence: Recurrence,
}

impl Model {
    /// Holds the figures against each other.
    pub(crate) fn bind(spec: Spec) -> Result<Self, SynthError> {
        let (mut kinds, mut diagnoses) = (Vec::new(), Vec::new());
        if let Some(other) = spec.types.keys().find(|name| !Cancer::ALL.iter().any(|cancer| cancer.name() == *name)) {
            return Err(wrong(&format!("types.{other}"), "is none of the five cancers"));
        }
        let last_day = crate::value::days_of(&spec.last_follow_up.value)
            .ok_or_else(|| wrong("last_follow_up", "must be a date"))?;
        let mut types = spec.types;
        for cancer in Cancer::ALL {
            let place = format!("types.{}", cancer.name());
            let of_type = types.remove(cancer.name()).ok_or_else(|| wrong(&place, "is missing"))?;
            diagnoses.extend(years(kinds.len(), &of_type, last_day, &place)?);
            kinds.push(kind(cancer, of_type, &spec.background.value, &place)?);
        }
        let response = spec.response.value;
        let ecog = spec.ecog.value.map(|_, shares| weighted((0..).zip(shares), "ecog"))?;
        Ok(Self {
            sequence: Sequence::new(),
            diagnoses: weighted(diagnoses, "incidence")?,
            kinds,
            last_day,
            background: spec.background.value,
            center_age: spec.body.value.center_age,
            body: BySex { male: spec.body.value.male, female: spec.body.value.female },
            drinking: spec.drinking.value.map(|_, kinds| weighted(kinds, "drinking"))?,
            ecog,
            course: spec.course.value,
            response_days: (response.poor_days, response.fair_days),
            responses: [
                weighted(response.poor, "response.poor")?,
                weighted(response.fair, "response.fair")?,
                weighted(response.good, "response.good")?,
            ],
            recurrence: spec.recurrence.value,
        })
    }
}

pub(crate) fn wrong(place: &str, reason: &str) -> SynthError {
    crate::program::wrong(super::NAME, place, reason)
}

/// The years of diagnosis of one cancer: its proportion of all, divided by year and sex as it was registered.
fn years(kind: usize, of_type: &TypeSpec, last_day: i32, place: &str) -> Result<Vec<(Diagnosis, f64)>, SynthError> {
    let incidence = &of_type.incidence.value;
    let total: f64 = incidence.male.iter().chain(&incidence.female).sum();
    if incidence.male.len() != incidence.female.len() || total <= 0.0 {
        return Err(wrong(place, "needs cases of as many years for men as for women"));
    }
    let mut cells = Vec::new();
    for (sex, cases) in [(Sex::Male, &incidence.male), (Sex::Female, &incidence.female)] {
        for (year, cases) in (incidence.first_year..).zip(cases) {
            if calendar::days((year, 12, 31)) > last_day {
                return Err(wrong(place, "has diagnoses after the last day of follow-up"));
            }
            cells.push(((kind, sex, year), of_type.cases.value * cases / total));
        }
    }
    Ok(cells)
}

fn kind(cancer: Cancer, of_type: TypeSpec, background: &BySex<Gompertz>, place: &str) -> Result<Kind, SynthError> {
    let excess = excess(&of_type, background, place)?;
    let shares = Stage::ALL.map(|stage| (stage, of_type.stages.of(stage).share.value));
    let ages = ages(&of_type.age.value, place)?;
    let weighted_ages = |ages: Vec<(i32, f64)>| {
        if ages.iter().all(|(_, weight)| *weight <= 0.0) { Ok(None) } else { weighted(ages, place).map(Some) }
    };
    let smoking = |_: Sex, shares: Vec<f64>| {
        weighted([Smoking::Never, Smoking::Past, Smoking::Current].into_iter().zip(shares), place)
    };
    let stages = of_type.stages.map(|_, stage| {
        let categories = stage.categories.value.into_iter().map(|(t, n, m, weight)| ((t, n, m), weight));
        Ok(StageModel {
            shape: stage.shape.value,
            categories: weighted(categories, place)?,
            treatment: stage.treatment.value,
        })
    })?;
    let kind = Kind {
        cancer,
        title: of_type.title,
        ages: ages.map(|_, ages| weighted_ages(ages))?,
        stage_shares: weighted(shares, place)?,
        stages,
        excess,
        sites: codes(of_type.sites.value, place)?,
        histologies: histologies(of_type.histologies.value, place)?,
        grades: of_type.grades.map(|grades| weighted((1..).zip(grades.value), place)).transpose()?,
        smoking: of_type.smoking.value.map(smoking)?,
        sizes: of_type.sizes.into_iter().flat_map(|sizes| sizes.value).map(size).collect(),
        regimens: of_type.regimens.value,
        requires: of_type.requires,
        markers: of_type.markers.into_iter().map(|spec| marker(spec, place)).collect::<Result<_, _>>()?,
    };
    check_groups(&kind, place)?;
    Ok(kind)
}

/// `T1b` or `8160/3:T1b`; what is said of a histology comes first in the file's order of names.
fn size((name, range): (String, (f64, f64))) -> (Option<String>, String, (f64, f64)) {
    match name.split_once(':') {
        Some((histology, t)) => (Some(histology.to_owned()), t.to_owned(), range),
        None => (None, name, range),
    }
}

/// Every combination of categories has a stage group.
fn check_groups(kind: &Kind, place: &str) -> Result<(), SynthError> {
    let known = Prostate { psa: 1.0, grade_group: 1 };
    for stage in Stage::ALL {
        for (t, n, m) in kind.stages.of(stage).categories.things() {
            for bile_duct in [false, true] {
                if stage::group(kind.cancer, bile_duct, (t, n, m), known).is_none() {
                    return Err(wrong(place, &format!("has {t} {n} {m}, which AJCC 8 does not group")));
                }
            }
        }
    }
    Ok(())
}

fn excess(of_type: &TypeSpec, background: &BySex<Gompertz>, place: &str) -> Result<Excess, SynthError> {
    calibrate::solve(&known(of_type, background, place)?)
        .ok_or_else(|| wrong(place, "has figures of survival that contradict each other"))
}

/// What the solver must know of a cancer.
pub(crate) fn known(of_type: &TypeSpec, background: &BySex<Gompertz>, place: &str) -> Result<Known, SynthError> {
    let incidence = &of_type.incidence.value;
    let (men, women): (f64, f64) = (incidence.male.iter().sum(), incidence.female.iter().sum());
    let survival = of_type.relative_survival.value;
    let ages = ages(&of_type.age.value, place)?;
    let share = |ages: Vec<(i32, f64)>| -> Vec<(f64, f64)> {
        let total: f64 = ages.iter().map(|(_, weight)| weight).sum();
        ages.into_iter().map(|(age, weight)| (f64::from(age) + 0.5, weight / total.max(f64::MIN_POSITIVE))).collect()
    };
    let total: f64 = Stage::ALL.iter().map(|stage| of_type.stages.of(*stage).share.value).sum();
    Ok(Known {
        stages: Stage::ALL.map(|stage| {
            let of_stage = of_type.stages.of(stage);
            let survival = of_stage.survival.value.map(|per_cent| per_cent / 100.0);
            (of_stage.share.value / total, survival, of_stage.shape.value)
        }),
        sexes: [
            (men / (men + women), survival.male / 100.0),
            (women / (men + women), survival.female.unwrap_or(survival.male) / 100.0),
        ],
        ages: [share(ages.male), share(ages.female)],
        background: [background.male, background.female],
        per_decade: of_type.excess_per_decade.value,
    })
}

fn codes(codes: Vec<(String, String, f64)>, place: &str) -> Result<Weighted<Code>, SynthError> {
    weighted(codes.into_iter().map(|(code, name, weight)| (Code { code, name }, weight)), place)
}

fn histologies(spec: Histologies, place: &str) -> Result<BySex<BySite>, SynthError> {
    if !spec.by_site.is_empty() {
        let of_site = |(site, histologies): (String, _)| Ok((site, codes(histologies, place)?));
        let all = spec.by_site.into_iter().map(of_site).collect::<Result<Vec<_>, SynthError>>()?;
        return Ok(BySex { male: all.clone(), female: all });
    }
    let of_sex = |own: Vec<_>| if own.is_empty() { spec.all.clone() } else { own };
    let male = codes(of_sex(spec.male), place)?;
    let female = codes(of_sex(spec.female), place)?;
    Ok(BySex { male: vec![(String::new(), male)], female: vec![(String::new(), female)] })
}

fn marker(spec: MarkerSpec, place: &str) -> Result<Marker, SynthError> {
    let weighted = |values: Vec<(String, f64)>| weighted(values, place);
    let result = match (spec.values, spec.by_stage, spec.log_normal, spec.normal) {
        (Some(values), None, None, None) => {
            let male = weighted(values)?;
            Outcomes::Text { female: spec.female.map_or_else(|| Ok(male.clone()), weighted)?, male }
        }
        (None, Some(by_stage), None, None) => Outcomes::TextByStage(by_stage.map(|_, values| weighted(values))?),
        (None, None, Some(by_stage), None) => Outcomes::LogNormal(by_stage),
        (None, None, None, Some(normal)) => Outcomes::Normal(normal),
        _ => return Err(wrong(place, &format!("must say one way to draw {}", spec.code))),
    };
    Ok(Marker { code: spec.code, unit: spec.unit, tested: spec.tested, histologies: spec.histologies, result })
}

impl<T> ByStage<T> {
    pub(crate) fn of(&self, stage: Stage) -> &T {
        match stage {
            Stage::Localized => &self.localized,
            Stage::Regional => &self.regional,
            Stage::Distant => &self.distant,
            Stage::Unknown => &self.unknown,
        }
    }

    fn map<U>(self, mut change: impl FnMut(Stage, T) -> Result<U, SynthError>) -> Result<ByStage<U>, SynthError> {
        Ok(ByStage {
            localized: change(Stage::Localized, self.localized)?,
            regional: change(Stage::Regional, self.regional)?,
            distant: change(Stage::Distant, self.distant)?,
            unknown: change(Stage::Unknown, self.unknown)?,
        })
    }
}
