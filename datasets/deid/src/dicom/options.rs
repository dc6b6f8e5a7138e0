//! What a release of images keeps beyond the basic profile, and how that is told in its files.

use super::phrases::Phrases;
use super::table::Column;
use std::collections::BTreeSet;

/// What happens to dates and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// They go, as the basic profile says.
    Remove,
    /// All of a person's dates move by the same whole number of weeks; times of day stay.
    Shift,
    /// They stay as they are.
    Keep,
}

/// What else stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retain {
    /// The identifiers of studies, series and instances.
    Uids,
    /// Sex, age (90 and above as 90), size, weight and the like.
    Patient,
    /// Which device made the image.
    Device,
    /// Which institution it was made in.
    Institution,
    /// Private attributes that are known to be safe.
    Private,
}

/// The options of a release of images.
#[derive(Debug, Clone)]
pub struct Options {
    /// What happens to dates and times.
    pub dates: Dates,
    /// What stays.
    pub retain: BTreeSet<Retain>,
    /// Descriptions that may stay, one whole value each; without a list all descriptions go.
    pub phrases: Option<Phrases>,
    /// Whether the hospital states that faces were removed from all images of heads.
    pub defaced: bool,
    /// Larger files are not read, in bytes.
    pub file_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dates: Dates::Shift,
            retain: BTreeSet::new(),
            phrases: None,
            defaced: false,
            file_bytes_max: super::FILE_BYTES_MAX,
        }
    }
}

impl Options {
    /// Whether a column of the table is in force.
    pub(super) fn has(&self, column: Column) -> bool {
        match column {
            Column::SafePrivate => self.retain.contains(&Retain::Private),
            Column::Uids => self.retain.contains(&Retain::Uids),
            Column::Device => self.retain.contains(&Retain::Device),
            Column::Institution => self.retain.contains(&Retain::Institution),
            Column::Patient => self.retain.contains(&Retain::Patient),
            Column::FullDates => self.dates == Dates::Keep,
            Column::ModifiedDates => self.dates == Dates::Shift,
            Column::Descriptors => self.phrases.is_some(),
            // Content and graphics would have to be cleaned item by item; they go whole.
            Column::StructuredContent | Column::Graphics => false,
        }
    }

    /// The profile and the options as codes of DICOM PS3.16, context group 7050: code and meaning.
    pub(super) fn codes(&self) -> Vec<(&'static str, &'static str)> {
        let optional = [
            (Column::Descriptors, "113105", "Clean Descriptors Option"),
            (Column::FullDates, "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
            (Column::ModifiedDates, "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
            (Column::Patient, "113108", "Retain Patient Characteristics Option"),
            (Column::Device, "113109", "Retain Device Identity Option"),
            (Column::Uids, "113110", "Retain UIDs Option"),
            (Column::SafePrivate, "113111", "Retain Safe Private Option"),
            (Column::Institution, "113112", "Retain Institution Identity Option"),
        ];
        let chosen = optional.into_iter().filter(|(column, ..)| self.has(*column));
        std::iter::once(("113100", "Basic Application Confidentiality Profile"))
            .chain(chosen.map(|(_, code, meaning)| (code, meaning)))
            .collect()
    }

    /// What `LongitudinalTemporalInformationModified` says.
    pub(super) fn temporal(&self) -> &'static str {
        match self.dates {
            Dates::Remove => "REMOVED",
            Dates::Shift => "MODIFIED",
            Dates::Keep => "UNMODIFIED",
        }
    }
}
