//! The attacks of the page: persons who are found again in another release, and what is guessed of somebody.

use super::{Lang, Report, percent};
use crate::report::attacks::{interval, rate, risk};
use crate::report::{BeforeAfter, LinkageRisk};

/// Another release and how many are found again in it.
pub(super) struct Linkage<'a> {
    pub(super) title: String,
    pub(super) columns: String,
    pub(super) rows: Vec<Found<'a>>,
    pub(super) note: String,
}

/// What an adversary with such knowledge finds.
pub(super) struct Found<'a> {
    pub(super) by: &'a str,
    pub(super) unique: String,
    pub(super) linked: String,
}

/// What is guessed of a column.
pub(super) struct Guessed<'a> {
    pub(super) column: &'a str,
    pub(super) before: String,
    pub(super) with: String,
    pub(super) without: String,
    pub(super) gain: String,
    pub(super) risk: String,
}

pub(super) fn linkage(report: &Report, lang: Lang) -> Vec<Linkage<'_>> {
    report.linkage.iter().map(|other| one(other, lang)).collect()
}

fn one(other: &LinkageRisk, lang: Lang) -> Linkage<'_> {
    let linked = &other.linked;
    let row = |by, found: crate::risk::FoundAgain| Found {
        by,
        unique: interval(found.unique),
        linked: interval(found.linked),
    };
    let (chance, allowed) = (percent(linked.chance), percent(other.max_share));
    let (drawn, persons, others) = (linked.drawn, linked.persons, linked.others);
    Linkage {
        title: format!("{} → {} ({})", other.release, other.recipient, other.recipe),
        columns: other.columns.join(", "),
        rows: vec![
            row(lang.pick("준식별자", "Quasi-identifiers"), linked.quasi),
            row(lang.pick("환자 표의 모든 열", "All columns of the person table"), linked.columns),
            row(lang.pick("사건 표까지", "Tables of events too"), linked.events),
        ],
        note: match lang {
            Lang::Korean => format!(
                "환자 {persons}명 가운데 {drawn}명을 뽑아 다른 반출물의 {others}명에서 찾았습니다. 우연히 맞힐 확률은 {chance}, \
                 허용은 {allowed}입니다(95 % 상한)."
            ),
            Lang::English => format!(
                "{drawn} of {persons} persons were drawn and searched for among the {others} of the other release. By \
                 chance {chance} would be found; {allowed} are allowed (upper end of 95 %)."
            ),
        },
    }
}

pub(super) fn guessed(report: &Report) -> Vec<Guessed<'_>> {
    let mut rows = Vec::with_capacity(report.inference.len());
    for BeforeAfter { before, after } in &report.inference {
        rows.push(Guessed {
            column: &after.attack.name,
            before: risk(before.attack.risk),
            with: rate(after.attack.attack),
            without: rate(after.attack.control),
            gain: interval(after.gain),
            risk: risk(after.attack.risk),
        });
    }
    rows
}
