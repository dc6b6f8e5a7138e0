//! The risk report of a release: what came in, what was done to each column, what went out, and what risk remains.

use crate::error::Problem;
use crate::risk::{Estimator, Uniqueness};
use mudeung_wire::manifest::{Bilingual, RiskFigures};
use serde::Serialize;
use std::fmt::Write as _;

/// The report, also as JSON by `serde`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The dataset.
    pub dataset: String,
    /// The release's name.
    pub release: String,
    /// What it is for.
    pub purpose: String,
    /// Who gets it.
    pub recipient: String,
    /// Until when it may be kept.
    pub expires: Option<String>,
    /// The setting it is released into.
    pub preset: String,
    /// Whether the gate let it through.
    pub passed: bool,
    /// Why not.
    pub refusals: Vec<Problem>,
    /// The measured risk.
    pub risk: RiskFigures,
    /// How unique persons are in the population; absent when the recipe does not say how large it is.
    pub population: Option<PopulationRisk>,
    /// What a search chose; absent when the recipe leaves nothing to choose.
    pub search: Option<Search>,
    /// The tables.
    pub tables: Vec<ReportTable>,
}

/// How unique persons are in the population, estimated.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PopulationRisk {
    /// How large the population is.
    pub size: u64,
    /// Before de-identification.
    pub before: Uniqueness,
    /// After it.
    pub after: Uniqueness,
}

/// What a search for the least generalisation chose.
#[derive(Debug, Clone, Serialize)]
pub struct Search {
    /// Whether there are levels that hold; when there are none, the coarsest ones were measured.
    pub found: bool,
    /// Whether it is proved that no other levels hold with less loss.
    pub optimal: bool,
    /// The loss of the chosen levels, from 0 to 1.
    pub loss: Option<f64>,
    /// When it is not proved: what no levels go below.
    pub at_least: Option<f64>,
    /// Combinations of levels.
    pub combinations: u64,
    /// Combinations whose classes were counted.
    pub counted: u64,
    /// What was chosen for each column.
    pub columns: Vec<SearchedColumn>,
}

/// What a search chose for a column.
#[derive(Debug, Clone, Serialize)]
pub struct SearchedColumn {
    /// The column, as `table.column`.
    pub name: String,
    /// Its level, from 1.
    pub level: usize,
    /// Its levels.
    pub levels: usize,
    /// What the level is.
    pub done: Bilingual,
}

/// What happened to a table.
#[derive(Debug, Clone, Serialize)]
pub struct ReportTable {
    /// Its name.
    pub name: String,
    /// The raw file.
    pub file: String,
    /// SHA-256 of the raw file.
    pub sha256: String,
    /// Rows that came in; zero when the gate refused before they were read.
    pub rows_in: u64,
    /// Rows that went out.
    pub rows_out: u64,
    /// Rows of suppressed persons.
    pub suppressed_rows: u64,
    /// Rows whose person is not in the person table; they are left out.
    pub unknown_person_rows: u64,
    /// The columns, dropped ones too.
    pub columns: Vec<ReportColumn>,
}

/// What happened to a column.
#[derive(Debug, Clone, Serialize)]
pub struct ReportColumn {
    /// Its name.
    pub name: String,
    /// Whether it is released.
    pub released: bool,
    /// Whether the recipe names it.
    pub listed: bool,
    /// What was done.
    pub done: Bilingual,
}

impl Report {
    /// The report for people, in English with the Korean beside it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    /// The report for machines: an object of JSON, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let verdict = if self.passed { "PASSED (통과)" } else { "REFUSED (거부)" };
        writeln!(out, "Risk report (위험도 보고서): {} · {} → {}", self.dataset, self.release, self.recipient)?;
        writeln!(out, "Purpose (목적): {}", self.purpose)?;
        let expires = self.expires.as_deref().unwrap_or("-");
        writeln!(out, "Setting (환경): {}   Keep until (보유 기한): {expires}", self.preset)?;
        writeln!(out, "Release gate (반출 심사): {verdict}")?;
        for refusal in &self.refusals {
            writeln!(out, "  {refusal}")?;
        }
        self.write_risk(out)?;
        if let Some(search) = &self.search {
            search.write(out)?;
        }
        for table in &self.tables {
            writeln!(out, "\n{} ({}, sha256 {})", table.name, table.file, table.sha256)?;
            writeln!(
                out,
                "  rows in {}, out {}, of suppressed persons {}, of unknown persons {}",
                table.rows_in, table.rows_out, table.suppressed_rows, table.unknown_person_rows
            )?;
            for column in &table.columns {
                let mark = if column.released { ' ' } else { '-' };
                let unlisted = if column.listed { "" } else { " (not in the recipe / 처방에 없음)" };
                writeln!(out, "  {mark} {:<24} {} / {}{unlisted}", column.name, column.done.en, column.done.ko)?;
            }
        }
        Ok(())
    }

    fn write_risk(&self, out: &mut String) -> std::fmt::Result {
        let risk = &self.risk;
        let percent = |share: f64| format!("{:.2}%", share * 100.0);
        let lines = [
            ("", "before".to_owned(), "after".to_owned()),
            ("smallest class k (최소 동질집합)", risk.k_before.to_string(), risk.k.to_string()),
            ("alone in their class (유일한 환자)", percent(risk.unique_share_before), percent(risk.unique_share)),
            ("required k (요구 k)", String::new(), risk.required_k.to_string()),
            ("classes (동질집합 수)", String::new(), risk.classes.to_string()),
            ("persons released (반출 환자)", String::new(), risk.persons.to_string()),
            ("persons left out (제외 환자)", String::new(), risk.suppressed_persons.to_string()),
            ("highest prosecutor risk (최대 재식별 위험)", String::new(), format!("{:.4}", risk.prosecutor_max)),
            ("mean prosecutor risk (평균 재식별 위험)", String::new(), format!("{:.4}", risk.prosecutor_mean)),
        ];
        writeln!(out, "\nQuasi-identifiers (준식별자): {}", risk.quasi_identifiers.join(", "))?;
        for (label, before, after) in lines {
            let padding = LABEL_CELLS.saturating_sub(cells(label));
            writeln!(out, "{label}{:padding$} {before:>10} {after:>10}", "")?;
        }
        if let Some(PopulationRisk { size, before, after }) = self.population {
            let label = "unique in the population (모집단에서 유일)";
            let padding = LABEL_CELLS.saturating_sub(cells(label));
            let (one, other) = (percent(before.unique_share), percent(after.unique_share));
            writeln!(out, "{label}{:padding$} {one:>10} {other:>10}", "")?;
            let name = |estimator| match estimator {
                Estimator::Pitman => "Pitman",
                Estimator::Zayatz => "Zayatz",
            };
            let (one, other) = (name(before.estimator), name(after.estimator));
            writeln!(out, "  estimated for {size} persons (추정, 모집단 {size}명): {one}, {other}")?;
        }
        Ok(())
    }
}

impl Search {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let (counted, combinations) = (self.counted, self.combinations);
        writeln!(out, "\nSearch (탐색): {counted} of {combinations} combinations of levels were counted")?;
        match (self.loss, self.at_least) {
            (Some(loss), None) => writeln!(out, "  the least loss of all (최적): {loss:.6}")?,
            (Some(loss), Some(least)) => {
                writeln!(out, "  loss {loss:.6}; no levels lose less than {least:.6} (최적임이 증명되지 않음)")?;
            }
            (None, None) => writeln!(out, "  no levels hold; the coarsest are shown (만족하는 단계 없음)")?,
            (None, Some(_)) => writeln!(out, "  no levels were found; the coarsest are shown (찾지 못함)")?,
        }
        for column in &self.columns {
            let SearchedColumn { name, level, levels, done } = column;
            writeln!(out, "  {name:<26} level {level} of {levels}: {} / {}", done.en, done.ko)?;
        }
        Ok(())
    }
}

/// Cells of the column of labels.
const LABEL_CELLS: usize = 46;

/// Cells that a text takes on a terminal: a Korean syllable takes two.
fn cells(text: &str) -> usize {
    text.chars().map(|c| if ('가'..='힣').contains(&c) { 2 } else { 1 }).sum()
}
