//! What was done to a folder of images, in counts: nothing in it names a file or a person of the input.

use super::options::{Dates, Options, Retain};
use super::quarantine::Reason;
use super::scrub::Deeds;
use std::collections::BTreeMap;

/// The name of the report.
pub const IMAGE_REPORT: &str = "report.json";

/// The form of the report.
const FORMAT: &str = "mudeung-images-1";

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ImageReport {
    /// The form of the report.
    pub format: &'static str,
    /// By which table.
    pub table: &'static str,
    /// The release whose tables the images join.
    pub release: String,
    /// Whom it is for.
    pub recipient: String,
    /// What happened to dates.
    pub dates: Dates,
    /// The largest shift of dates, in weeks.
    pub weeks: u32,
    /// What stayed beyond the basic profile.
    pub retained: Vec<Retain>,
    /// Whether descriptions on a list stayed.
    pub descriptions: bool,
    /// Whether the hospital states that faces were removed.
    pub defaced: bool,
    /// Codes of the profile and of the options, as in each file.
    pub codes: Vec<&'static str>,
    /// Files that were found.
    pub files: u64,
    /// Files that were released.
    pub released: u64,
    /// Files that were held back, by reason. With those that were released they are all that were found.
    pub quarantined: BTreeMap<Reason, u64>,
    /// Persons, studies and series of the release.
    pub persons: u64,
    /// Studies of the release.
    pub studies: u64,
    /// Series of the release.
    pub series: u64,
    /// What was done to attributes.
    pub attributes: Deeds,
}

impl ImageReport {
    pub(super) fn new(options: &Options, rule: &super::PersonRule) -> Self {
        Self {
            format: FORMAT,
            table: "DICOM PS3.15 2026c table E.1-1",
            release: rule.release.clone(),
            recipient: rule.recipient.clone(),
            dates: options.dates,
            weeks: rule.weeks,
            retained: options.retain.iter().copied().collect(),
            descriptions: options.phrases.is_some(),
            defaced: options.defaced,
            codes: options.codes().into_iter().map(|(code, _)| code).collect(),
            files: 0,
            released: 0,
            quarantined: BTreeMap::new(),
            persons: 0,
            studies: 0,
            series: 0,
            attributes: Deeds::default(),
        }
    }

    /// Files that were held back.
    pub fn held_back(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// The report for people, in both languages.
    pub fn to_text(&self) -> String {
        let Self { files, released, persons, studies, series, .. } = self;
        let held = self.held_back();
        let mut text = format!(
            "{files} files: {released} released, {held} held back; {persons} persons, {studies} studies, \
             {series} series\n\
             파일 {files}개: 내보냄 {released}개, 보류 {held}개; 환자 {persons}명, 검사 {studies}건, 시리즈 {series}개"
        );
        for (reason, count) in &self.quarantined {
            let (ko, en) = reason.told();
            text.push_str(&format!("\n  {count:>8}  {en} / {ko}"));
        }
        text
    }
}
