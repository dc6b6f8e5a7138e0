//! The risk report of a release: what came in, what was done to each column, what went out, and what risk remains.

use crate::error::{CurateError, Problem};
use crate::risk::{Attackers, EventShare, Inferred, Uniqueness};
use mudeung_wire::manifest::{Bilingual, RiskFigures};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

mod attacks;
mod html;
mod measures;

pub use attacks::{Changes, LinkageRisk};
pub(crate) use measures::bands;
pub use measures::{BeforeAfter, ColumnLoss, SizeBand, UniquesRisk};

/// The report, also as JSON by `serde`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The dataset.
    pub dataset: String,
    /// The version's number.
    pub version: u32,
    /// When the version is said to be built, RFC 3339 UTC.
    pub created_at: String,
    /// SHA-256 of the recipe and the tables it names, lower-case hexadecimal.
    pub recipe_sha256: String,
    /// SHA-256 over the input files' hashes, lower-case hexadecimal.
    pub input_sha256: String,
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
    /// What the recipe allows.
    pub limits: Limits,
    /// Who withdrew; absent when nobody was listed.
    #[serde(default)]
    pub withdrawals: Option<Withdrawals>,
    /// The measured risk.
    pub risk: RiskFigures,
    /// The chances of three attackers.
    pub attackers: BeforeAfter<Attackers>,
    /// The classes by bands of their size.
    pub classes: BeforeAfter<Vec<SizeBand>>,
    /// Who is alone on few columns of the person table.
    pub uniques: UniquesRisk,
    /// What the columns of the person table lost.
    pub losses: Vec<ColumnLoss>,
    /// How unique persons are in the population; absent when the recipe does not say how large it is.
    pub population: Option<PopulationRisk>,
    /// What an adversary gains who knows events of a person; absent when the recipe declares none.
    pub events: Option<EventRisk>,
    /// How many are found again in other releases; none when the recipe names none.
    #[serde(default)]
    pub linkage: Vec<LinkageRisk>,
    /// Who came and who left since the version before with the same pseudonyms; absent when there is none.
    #[serde(default)]
    pub changes: Option<Changes>,
    /// What is guessed of each sensitive column of the person table by who knows the quasi-identifiers, beside the control.
    #[serde(default)]
    pub inference: Vec<BeforeAfter<Inferred>>,
    /// What a search chose; absent when the recipe leaves nothing to choose.
    pub search: Option<Search>,
    /// The tables.
    pub tables: Vec<ReportTable>,
}

/// Who withdrew and is in no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawals {
    /// Persons who were listed.
    pub listed: u64,
    /// Those of them whom the person table has.
    pub found: u64,
}

/// What a recipe allows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// Largest share of persons that may be left out.
    pub max_suppressed: f64,
    /// Largest share of persons that may stay alone.
    pub max_unique_share: f64,
    /// Largest share of rows that may be left out because they cannot be read.
    #[serde(default)]
    pub max_rejected: f64,
    /// Largest share of persons of whom a sensitive column may be guessed because they are there; absent when none is set.
    #[serde(default)]
    pub max_inference: Option<f64>,
    /// What is asked of the values of sensitive columns in each class.
    pub models: Vec<Bilingual>,
}

/// How unique persons are in the population, estimated.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct PopulationRisk {
    /// How large the population is.
    pub size: u64,
    /// Before de-identification.
    pub before: Uniqueness,
    /// After it.
    pub after: Uniqueness,
}

/// What an adversary gains who knows events of a person, measured on a sample.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventRisk {
    /// How many events the gate takes an adversary to know.
    pub adversary_events: u32,
    /// Largest share of persons whom that may single out.
    pub max_unique_share: f64,
    /// The columns that make an event, as `table.column`.
    pub columns: Vec<String>,
    /// What the adversary's memory is coarse to, where that is more than what is released.
    pub memory: Vec<String>,
    /// With what was recorded, for one known event and more.
    pub before: Vec<EventShare>,
    /// With what is released.
    pub after: Vec<EventShare>,
}

/// What a search for the least generalisation chose.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportTable {
    /// Its name.
    pub name: String,
    /// The raw file.
    pub file: String,
    /// SHA-256 of the raw file.
    pub sha256: String,
    /// How the text of the raw file was read; absent for Parquet.
    #[serde(default)]
    pub read_as: Option<Bilingual>,
    /// Rows that came in; zero when the gate refused before they were read.
    pub rows_in: u64,
    /// Rows that went out.
    pub rows_out: u64,
    /// Rows of suppressed persons.
    pub suppressed_rows: u64,
    /// Rows whose person is not in the person table; they are left out.
    pub unknown_person_rows: u64,
    /// Rows that could not be read; they are left out.
    #[serde(default)]
    pub rejected_rows: u64,
    /// Rows of persons who withdrew.
    #[serde(default)]
    pub withdrawn_rows: u64,
    /// The columns, dropped ones too.
    pub columns: Vec<ReportColumn>,
}

/// What happened to a column.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
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
        if let Some(Withdrawals { listed, found }) = self.withdrawals {
            writeln!(
                out,
                "Withdrew (철회한 환자): {listed}, of whom {found} are in the raw table and in no released one"
            )?;
        }
        self.write_risk(out)?;
        if let Some(events) = &self.events {
            events.write(out)?;
        }
        attacks::write(self, out)?;
        if let Some(search) = &self.search {
            search.write(out)?;
        }
        for table in &self.tables {
            writeln!(out, "\n{} ({}, sha256 {})", table.name, table.file, table.sha256)?;
            writeln!(
                out,
                "  rows in {}, out {}, of suppressed persons {}, of unknown persons {}, rejected {}, withdrawn {}",
                table.rows_in,
                table.rows_out,
                table.suppressed_rows,
                table.unknown_person_rows,
                table.rejected_rows,
                table.withdrawn_rows
            )?;
            if let Some(read_as) = &table.read_as {
                writeln!(out, "  read as {} / {}", read_as.en, read_as.ko)?;
            }
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
        writeln!(out, "\nQuasi-identifiers (준식별자): {}", risk.quasi_identifiers.join(", "))?;
        for (label, before, after) in [
            ("", "before".to_owned(), "after".to_owned()),
            ("smallest class k (최소 동질집합)", risk.k_before.to_string(), risk.k.to_string()),
            ("alone in their class (유일한 환자)", percent(risk.unique_share_before), percent(risk.unique_share)),
            ("required k (요구 k)", String::new(), risk.required_k.to_string()),
            ("classes (동질집합 수)", String::new(), risk.classes.to_string()),
            ("persons released (반출 환자)", String::new(), risk.persons.to_string()),
            ("persons left out (제외 환자)", String::new(), risk.suppressed_persons.to_string()),
        ] {
            measures::line(out, label, &before, &after)?;
        }
        self.attackers.write(out)?;
        if let Some(population) = &self.population {
            population.write(out)?;
        }
        self.uniques.write(out)?;
        measures::write_losses(&self.losses, out)
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

/// The file beside a version's manifest that holds its report; it is no part of what is served.
pub const REPORT: &str = "report.json";

/// Writes the report into the folder that a version is built in.
pub(crate) fn save(report: &Report, folder: &Path) -> Result<(), CurateError> {
    let failed = |error: std::io::Error| CurateError::Write(error.to_string());
    let mut file = File::create_new(folder.join(REPORT)).map_err(failed)?;
    file.write_all(report.to_json().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// Cells that a text takes on a terminal: a Korean syllable takes two.
fn cells(text: &str) -> usize {
    text.chars().map(|c| if ('가'..='힣').contains(&c) { 2 } else { 1 }).sum()
}
