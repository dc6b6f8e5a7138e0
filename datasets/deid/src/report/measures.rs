//! What the report says of risk beyond the manifest's figures, before and after.

use super::{EventRisk, PopulationRisk, cells, percent};
use crate::risk::{Attackers, ClassSize, Estimate, Estimator, PopulationClasses, Uniqueness, Uniques, float};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A measure with what was recorded, and with what is released.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BeforeAfter<T> {
    /// Before de-identification.
    pub before: T,
    /// After it.
    pub after: T,
}

/// Classes whose size lies in a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeBand {
    /// The smallest size.
    pub from: u64,
    /// The largest one; absent in the last band.
    pub to: Option<u64>,
    /// How many classes.
    pub classes: u64,
    /// Persons in them.
    pub persons: u64,
}

/// Who is alone on few columns of the person table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UniquesRisk {
    /// The columns, as `table.column`.
    pub columns: Vec<String>,
    /// Before de-identification.
    pub before: Uniques,
    /// After it.
    pub after: Uniques,
}

/// What a column lost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColumnLoss {
    /// The column, as `table.column`.
    pub name: String,
    /// Distinct values that were recorded.
    pub values_before: u64,
    /// Distinct values that are released.
    pub values_after: u64,
    /// The part of its information (entropy) that is left, from 0 to 1.
    pub kept: f64,
}

/// Where bands begin: one person, then at the sizes that settings ask for.
const BANDS: [u64; 8] = [1, 2, 3, 5, 11, 20, 50, 100];

/// The classes by bands of their size.
pub(crate) fn bands(classes: &[ClassSize]) -> Vec<SizeBand> {
    let ends = BANDS.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
    let band = |(from, to): (&u64, Option<u64>)| {
        let within = |class: &&ClassSize| class.sample >= *from && to.is_none_or(|to| class.sample <= to);
        let sizes: Vec<u64> = classes.iter().filter(within).map(|class| class.sample).collect();
        let classes = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
        SizeBand { from: *from, to, classes, persons: sizes.iter().sum() }
    };
    BANDS.iter().zip(ends).map(band).collect()
}

impl SizeBand {
    /// The band as a label: `3–4`.
    pub fn label(&self) -> String {
        match self.to {
            Some(to) if to == self.from => to.to_string(),
            Some(to) => format!("{}–{to}", self.from),
            None => format!("{}+", self.from),
        }
    }
}

impl PopulationClasses {
    /// Its name, in Korean and English.
    pub fn told(self) -> [&'static str; 2] {
        match self {
            Self::Unknown => ["표본을 모집단으로 봄", "the persons are taken to be the population"],
            Self::Estimated => ["모집단 추정(Benedetti–Franconi)", "the population's classes are estimated"],
            Self::Counted => ["모집단 표에서 셈", "the population's classes are counted"],
        }
    }
}

impl Estimator {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pitman => "Pitman",
            Self::Zayatz => "Zayatz",
        }
    }
}

impl Uniqueness {
    /// How it was estimated, and what the other model says.
    pub(super) fn told(&self) -> String {
        let other = self.slide_negative_binomial.map(|share| format!("; SNB {}", percent(share)));
        format!("{}{}", self.estimator.as_str(), other.unwrap_or_default())
    }
}

/// Cells of the column of labels.
const LABEL_CELLS: usize = 46;

/// A line of a table with two columns of figures.
pub(super) fn line(out: &mut String, label: &str, before: &str, after: &str) -> std::fmt::Result {
    let padding = LABEL_CELLS.saturating_sub(cells(label));
    writeln!(out, "{label}{:padding$} {before:>10} {after:>10}", "")
}

impl BeforeAfter<Attackers> {
    pub(super) fn write(&self, out: &mut String) -> std::fmt::Result {
        let mut both = |label: &str, of: fn(&Attackers) -> f64| {
            line(out, label, &format!("{:.4}", of(&self.before)), &format!("{:.4}", of(&self.after)))
        };
        both("highest prosecutor risk (최대 재식별 위험)", |risk| risk.prosecutor_max)?;
        both("mean prosecutor risk (평균 재식별 위험)", |risk| risk.prosecutor_mean)?;
        both("highest journalist risk (대상 모름, 최대)", |risk| risk.journalist_max)?;
        both("marketer risk (모두를 노림)", |risk| risk.marketer)?;
        line(out, "persons in classes below k (k 미만)", &percent(self.before.at_risk), &percent(self.after.at_risk))?;
        let [ko, en] = self.after.population.told();
        writeln!(out, "  journalist and marketer: {en} ({ko})")
    }
}

impl PopulationRisk {
    pub(super) fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { size, before, after } = self;
        let (one, other) = (percent(before.unique_share), percent(after.unique_share));
        line(out, "unique in the population (모집단에서 유일)", &one, &other)?;
        let (one, other) = (before.told(), after.told());
        writeln!(out, "  estimated for {size} persons (추정, 모집단 {size}명): {one}, {other}")
    }
}

impl UniquesRisk {
    pub(super) fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\nAlone on few columns (적은 열로 유일, SUDA): {}", self.columns.join(", "))?;
        for (position, after) in self.after.alone_on.iter().enumerate() {
            let before = self.before.alone_on.get(position).copied().unwrap_or(0);
            let label = format!("alone on {} column(s) at the least ({0}개 열)", position + 1);
            line(out, &label, &before.to_string(), &after.to_string())?;
        }
        line(out, "all of them (합계)", &percent(self.before.alone_share), &percent(self.after.alone_share))?;
        for ((name, before), after) in
            self.columns.iter().zip(&self.before.contributions).zip(&self.after.contributions)
        {
            line(out, &format!("  {name}"), &percent(*before), &percent(*after))?;
        }
        Ok(())
    }
}

impl EventRisk {
    pub(super) fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\nKnown events (알려진 사건): {}", self.columns.join(", "))?;
        for memory in &self.memory {
            writeln!(out, "  remembered as coarsely as (기억의 폭) {memory}")?;
        }
        for (before, after) in self.before.iter().zip(&self.after) {
            let interval = |e: &Estimate| format!("{} [{}, {}]", percent(e.share), percent(e.low), percent(e.high));
            let mark = if after.known == self.adversary_events { '*' } else { ' ' };
            writeln!(
                out,
                " {mark}{} known, alone (유일): {} → {}; below k (k 미만): {} → {}; {} of {} persons",
                after.known,
                percent(before.unique.share),
                interval(&after.unique),
                percent(before.below_k.share),
                percent(after.below_k.share),
                after.drawn,
                after.persons
            )?;
        }
        let (known, allowed) = (self.adversary_events, percent(self.max_unique_share));
        writeln!(out, "  * at most {allowed} may be alone when {known} are known (허용 {allowed})")
    }
}

/// What columns kept of their information.
pub(super) fn write_losses(losses: &[ColumnLoss], out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nInformation kept (남은 정보, 엔트로피)")?;
    for loss in losses {
        let values = format!("{} → {}", loss.values_before, loss.values_after);
        line(out, &format!("  {}", loss.name), &values, &percent(loss.kept))?;
    }
    let mean = losses.iter().map(|loss| loss.kept).sum::<f64>();
    let columns = float(u64::try_from(losses.len()).unwrap_or(u64::MAX));
    line(out, "  mean (평균)", "", &percent(if columns > 0.0 { mean / columns } else { 1.0 }))
}

#[cfg(test)]
mod tests {
    use super::{ClassSize, bands};

    #[test]
    fn every_class_is_in_one_band() {
        let classes: Vec<ClassSize> = (1..=150).map(|sample| ClassSize { sample, population: None }).collect();
        let bands = bands(&classes);
        assert_eq!(bands.iter().map(|band| band.classes).sum::<u64>(), 150);
        assert_eq!(bands.iter().map(|band| band.persons).sum::<u64>(), 150 * 151 / 2);
        let labels: Vec<String> = bands.iter().map(|band| band.label()).collect();
        assert_eq!(labels, ["1", "2", "3–4", "5–10", "11–19", "20–49", "50–99", "100+"]);
    }
}
