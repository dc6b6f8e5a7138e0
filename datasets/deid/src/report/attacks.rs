//! What the report says of attacks with other knowledge than classes and events: another release of the same persons, and
//! a release without the person.

use super::{BeforeAfter, Report, percent};
use crate::risk::{Estimate, Linked};
use mudeung_synth::quality::{Rate, Risk};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How many persons of a release are found again in another one of the same persons.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LinkageRisk {
    /// The file of the other release's recipe.
    pub recipe: String,
    /// The other release's name.
    pub release: String,
    /// Who has it.
    pub recipient: String,
    /// Largest share of persons who may be found again.
    pub max_share: f64,
    /// What both show, as `table.column`.
    pub columns: Vec<String>,
    /// What was measured.
    pub linked: Linked,
}

/// Who came and who left since an earlier version with the same pseudonyms, which tell whose rows these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The earlier version.
    pub since: u32,
    /// Persons who are in this one alone.
    pub came: u64,
    /// Persons who are in the earlier one alone.
    pub left: u64,
    /// How many there must be of either, if there are any.
    pub required: u64,
}

/// An estimate with its interval: `3.10% [2.20%–4.00%]`.
pub(super) fn interval(estimate: Estimate) -> String {
    format!("{} [{}–{}]", percent(estimate.share), percent(estimate.low), percent(estimate.high))
}

/// A share of successes with its interval.
pub(super) fn rate(rate: Rate) -> String {
    let share = crate::risk::share(whole(rate.hits), whole(rate.attempts));
    format!("{} [{}–{}]", percent(share), percent(rate.low), percent(rate.high))
}

/// A risk with its interval.
pub(super) fn risk(risk: Risk) -> String {
    format!("{} [{}–{}]", percent(risk.risk), percent(risk.low), percent(risk.high))
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What is told of the attacks in the report as a text.
pub(super) fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    for other in &report.linkage {
        other.write(out)?;
    }
    if let Some(Changes { since, came, left, required }) = report.changes {
        writeln!(
            out,
            "\nSince version {since} (버전 {since} 이후): {came} came (들어옴), {left} left (빠짐); none or {required} at least"
        )?;
    }
    if !report.inference.is_empty() {
        writeln!(out, "\nGuessed by who knows the quasi-identifiers (준식별자를 아는 사람의 추측)")?;
    }
    for BeforeAfter { before, after } in &report.inference {
        writeln!(
            out,
            "  {}: with the person (있을 때) {}, without (없을 때) {}, more (차이) {}, risk (위험) {}; before (처리 전) {}",
            after.attack.name,
            rate(after.attack.attack),
            rate(after.attack.control),
            interval(after.gain),
            risk(after.attack.risk),
            risk(before.attack.risk)
        )?;
    }
    if let Some(at_most) = report.limits.max_inference {
        writeln!(out, "  * at most {} more (차이의 허용 {0})", percent(at_most))?;
    }
    Ok(())
}

impl LinkageRisk {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Linked { drawn, others, chance, quasi, columns, events, .. } = self.linked;
        writeln!(out, "\nFound again in (다시 찾음) {} → {}, {}", self.release, self.recipient, self.recipe)?;
        for (label, found) in [
            ("quasi-identifiers (준식별자)", quasi),
            ("all columns of persons (환자 표 전체)", columns),
            ("events too (사건까지)", events),
        ] {
            let (unique, linked) = (interval(found.unique), interval(found.linked));
            writeln!(out, "  by {label}: only one candidate (후보 하나) {unique}; found (찾음) {linked}")?;
        }
        let (chance, at_most) = (percent(chance), percent(self.max_share));
        writeln!(out, "  of {drawn} drawn among {others}; by chance (우연) {chance}; at most (허용) {at_most}")
    }
}
