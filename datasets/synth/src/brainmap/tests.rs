//! The program with its own definition: change and loss are those published, and persons hang together.

use super::scan::{Group, Life, Model, draw};
use super::spec;
use crate::program::person::{DAYS_PER_YEAR, Sex};
use crate::program::tests::{rows, schemas};
use crate::{Amount, Generator};

pub(crate) const FIGURES: &str = include_str!("../../../definitions/brainmap/generator.toml");
pub(crate) const SCHEMA: &str = include_str!("../../../definitions/brainmap/schema.toml");

const GROUPS: [Group; 4] = [Group::Normal, Group::Stable, Group::Converting, Group::Alzheimer];

fn model() -> Model {
    Model::bind(spec::parse(FIGURES).unwrap()).unwrap()
}

fn lives(model: &Model, persons: std::ops::Range<u64>, seed: u64) -> Vec<Life> {
    persons.map(|number| draw(model, seed, number).unwrap()).collect()
}

/// Mean, standard deviation and standard error.
fn moments(values: &[f64]) -> (f64, f64, f64) {
    let count = f64::from(u32::try_from(values.len()).unwrap());
    let mean = values.iter().sum::<f64>() / count;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    (mean, sd, sd / count.sqrt())
}

/// Change in per cent a year from the first scan to the last, where they are two years and more apart.
fn change(life: &Life, region: usize) -> Option<f64> {
    let (first, last) = (life.scans.first()?, life.scans.last()?);
    let years = f64::from(last.day - first.day) / DAYS_PER_YEAR;
    let volume = |scan: &super::scan::Scan| scan.volumes[region].iter().sum::<f64>();
    (years >= 2.0).then(|| 100.0 * ((volume(last) / volume(first)).powf(1.0 / years) - 1.0))
}

#[test]
fn regions_change_every_year_as_was_published() {
    let spec = spec::parse(FIGURES).unwrap();
    let (model, mut effects) = (model(), Vec::new());
    let lives = lives(&model, 0..40_000, 6);
    for (position, (name, region)) in spec.regions.iter().enumerate() {
        assert_eq!(*name, model.regions[position].name);
        let mut found = Vec::new();
        for group in GROUPS {
            let of_group = lives.iter().filter(|life| life.group == group);
            let changes: Vec<f64> = of_group.filter_map(|life| change(life, position)).collect();
            let (mean, sd, error) = moments(&changes);
            let (wanted, spread) = region.change.value.of(group);
            assert!(changes.len() > 150, "{} of {group:?}", changes.len());
            assert!((mean - wanted).abs() < 4.0 * error, "{name} {group:?}: {mean} instead of {wanted}");
            assert!((sd - spread).abs() < 0.2 * spread, "{name} {group:?}: {sd} instead of {spread}");
            found.push((mean, sd));
        }
        let ((normal, of_normal), (ill, of_ill)) = (found[0], found[3]);
        effects.push((name.as_str(), (ill - normal).abs() / ((of_normal.powi(2) + of_ill.powi(2)) / 2.0).sqrt()));
    }
    // Cohen's d of Alzheimer's disease as the same table has it.
    let published = [
        ("entorhinal", 1.4),
        ("hippocampus", 1.3),
        ("lateral_ventricle", 1.3),
        ("fusiform", 1.3),
        ("parahippocampal", 1.2),
        ("superior_temporal", 1.0),
    ];
    for (name, wanted) in published {
        let (_, found) = effects.iter().find(|(known, _)| *known == name).unwrap();
        assert!((found - wanted).abs() < 0.3, "{name}: {found} instead of {wanted}");
    }
}

#[test]
fn the_hippocampus_is_as_much_smaller_as_was_published() {
    let model = model();
    let position = model.regions.iter().position(|region| region.name == "hippocampus").unwrap();
    let lives = lives(&model, 0..40_000, 7);
    // The logarithm of the first volume, without head and age as the figures state them.
    let adjusted = |life: &Life| {
        let scan = life.scans.first()?;
        let head = 0.6 * (life.intracranial_ml / 1_470.0).ln();
        let age = (life.person.age(scan.day) - 70.0) * 0.99_f64.ln();
        Some((scan.volumes[position].iter().sum::<f64>() / 2.0).ln() - head - age)
    };
    let of_group = |group: Group| {
        let values: Vec<f64> = lives.iter().filter(|life| life.group == group).filter_map(adjusted).collect();
        moments(&values)
    };
    let (normal, _, error_of_normal) = of_group(Group::Normal);
    for (group, wanted) in [(Group::Alzheimer, 0.78_f64), (Group::Stable, 0.86), (Group::Converting, 0.86)] {
        let (found, _, error) = of_group(group);
        let apart = found - normal - wanted.ln();
        assert!(apart.abs() < 4.0 * (error + error_of_normal), "{group:?}: {}", (found - normal).exp());
    }
}

#[test]
fn the_whole_brain_is_that_of_the_norm() {
    let model = model();
    let lives = lives(&model, 0..20_000, 8);
    let residual = |life: &Life| {
        let scan = life.scans.first()?;
        let male = if life.person.sex == Sex::Male { -0.018_29 } else { 0.0 };
        Some(scan.nwbv - (1.005_73 - 0.003_26 * life.person.age(scan.day) + male))
    };
    let normal: Vec<f64> = lives.iter().filter(|life| life.group == Group::Normal).filter_map(residual).collect();
    let (mean, sd, error) = moments(&normal);
    assert!(mean.abs() < 4.0 * error && (sd - 0.0286).abs() < 0.001, "{mean} {sd}");
}

#[test]
fn nobody_is_scanned_young_or_dead_and_nobody_recovers() {
    let model = model();
    let stage = |diagnosis: &str| ["cn", "mci", "ad"].iter().position(|known| *known == diagnosis).unwrap();
    let mut converted = 0;
    for (seed, first) in [(1, 0), (2, 17_000), (u64::MAX, 1 << 33)] {
        for life in lives(&model, first..first + 3_000, seed) {
            let days: Vec<i32> = life.scans.iter().map(|scan| scan.day).collect();
            assert!(days.is_sorted() && days.iter().all(|day| (model.population.on..=life.end).contains(day)));
            assert!(life.scans.iter().all(|scan| life.person.age(scan.day) >= 60.0), "{life:?}");
            assert!(life.scans.is_sorted_by_key(|scan| stage(scan.diagnosis)), "{life:?}");
            assert!(life.scans.iter().flat_map(|scan| &scan.volumes).flatten().all(|volume| *volume > 100.0));
            assert!(life.scans.iter().all(|scan| scan.volumes.len() == model.regions.len()));
            let ends = life.scans.last().map(|scan| scan.diagnosis);
            converted += usize::from(life.group == Group::Converting && ends == Some("ad"));
        }
    }
    assert!(converted > 50, "{converted}");
}

#[test]
fn persons_are_those_of_the_hypertension_program() {
    let other = (crate::hypertension::tests::FIGURES, crate::hypertension::tests::SCHEMA);
    let [here, there] = [(FIGURES, SCHEMA), other].map(|(figures, schema)| {
        let generator = Generator::parse(figures, &schemas(schema)).unwrap();
        rows(&generator, "person", Amount::Range { first: 700, persons: 500 }, 20_260_107)
    });
    assert_eq!(here, there);
}

#[test]
fn figures_that_cannot_be_used_are_refused() {
    let refusal = |from: &str, to: &str| {
        assert!(FIGURES.contains(from), "{from}");
        Generator::parse(&FIGURES.replacen(from, to, 1), &schemas(SCHEMA)).unwrap_err().to_string()
    };
    assert!(refusal("0.15, 0.24]", "0.15, 0.74]").contains("together below one"));
    assert!(refusal("last = 2024-12-31", "last = 2021-01-31").contains("window"));
    assert!(refusal("simulated = true", "simulated = false").contains("simulated"));
}
