//! Datasets, their immutable versions, tables, columns and files.

use crate::clock::Timestamp;
use crate::duo::DataUse;
use crate::id::{FileId, VersionId};
use crate::name::Name;
use crate::state::InvalidTransition;
use crate::tier::Tier;
use std::sync::Arc;

/// Whether a dataset is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetState {
    /// Served.
    Active,
    /// Stopped for a while, all versions with it.
    Suspended {
        /// Since when.
        suspended_at: Timestamp,
    },
    /// Taken out of service for good, all versions with it.
    Withdrawn {
        /// Since when.
        withdrawn_at: Timestamp,
    },
}

/// Whether a version is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// Built, not yet served.
    Staged,
    /// Served.
    Published {
        /// Since when.
        published_at: Timestamp,
    },
    /// Taken out of service.
    Withdrawn {
        /// Since when.
        withdrawn_at: Timestamp,
    },
}

/// A text in the two languages of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bilingual {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

/// A dataset: a subject under one name, in one or both tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name in addresses; also its identifier.
    pub name: Name,
    /// Its title.
    pub title: Bilingual,
    /// What it holds, in a few sentences.
    pub summary: Bilingual,
    /// Under which licence it may be used.
    pub licence: String,
    /// Where it comes from.
    pub source: String,
    /// Whether it is served.
    pub state: DatasetState,
}

/// One immutable version of one tier of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its identifier.
    pub id: VersionId,
    /// The dataset.
    pub dataset: Name,
    /// The tier.
    pub tier: Tier,
    /// 1, 2, 3 … within dataset and tier.
    pub number: u32,
    /// Its tables, in the order of the definition.
    pub tables: Vec<Table>,
    /// Whether its generator is published with it, so that more of it can be made.
    pub generator: bool,
    /// The terms under which it may be used.
    pub terms: DataUse,
    /// Whether it is served.
    pub state: VersionState,
    /// When it was built.
    pub created_at: Timestamp,
}

/// A table of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// What a row is.
    pub description: Bilingual,
    /// Number of rows in all files.
    pub rows: u64,
    /// The column that names the person a row is about, when there is one.
    pub person: Option<String>,
    /// What was promised to the persons behind it, when it is drawn from a twin.
    pub twin: Option<Twin>,
    /// Its columns, in file order.
    pub columns: Vec<Column>,
    /// Its files, in order.
    pub files: Vec<File>,
}

/// What was promised to the persons behind a table that is drawn from a model of theirs: differential privacy.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// How the model was fitted: `mst` or `aim`.
    pub mechanism: String,
    /// The privacy loss of one person.
    pub epsilon: f64,
    /// The probability with which that may fail.
    pub delta: f64,
    /// The table of persons whose promise covers this one too; none where the table has a model of its own.
    pub with: Option<Name>,
}

/// What a column holds. The names are those of the published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// True or false.
    Boolean,
    /// 32-bit signed integer.
    Int32,
    /// 64-bit signed integer.
    Int64,
    /// 64-bit floating point.
    Float64,
    /// UTF-8 text.
    Text,
    /// A day.
    Date,
    /// A moment in UTC, in microseconds.
    Timestamp,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it means.
    pub description: Bilingual,
    /// The unit of its numbers (UCUM), when they have one.
    pub unit: Option<String>,
    /// What was done to it on the way out; `None` in generated tables.
    pub deidentification: Option<Bilingual>,
}

/// One Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its identifier.
    pub id: FileId,
    /// Its name within the table, for instance `part-00000.parquet`.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
}

/// A file with everything needed to find it.
#[derive(Debug, Clone)]
pub struct FileAddress {
    /// The version the file belongs to.
    pub version: Arc<Version>,
    /// Position of its table in the version.
    pub table: usize,
    /// Position of the file in the table.
    pub file: usize,
}

impl ColumnType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::Boolean, Self::Int32, Self::Int64, Self::Float64, Self::Text, Self::Date, Self::Timestamp];

    /// The type's name in a published schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }

    /// Reads a type's name; `None` when there is no such type.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl DatasetState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// Stops a served dataset for a while.
    pub fn suspend(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Suspended { suspended_at: now }),
            Self::Suspended { .. } | Self::Withdrawn { .. } => Err(self.refuse("be suspended")),
        }
    }

    /// Serves a suspended dataset again.
    pub fn resume(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active),
            Self::Active | Self::Withdrawn { .. } => Err(self.refuse("resume")),
        }
    }

    fn refuse(self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "dataset", from: self.as_str(), action }
    }
}

impl VersionState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Published { .. } => "published",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// Puts a built version into service.
    pub fn publish(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Staged => Ok(Self::Published { published_at: now }),
            Self::Published { .. } | Self::Withdrawn { .. } => Err(self.refuse("be published")),
        }
    }

    /// Takes a version out of service.
    pub fn withdraw(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Staged | Self::Published { .. } => Ok(Self::Withdrawn { withdrawn_at: now }),
            Self::Withdrawn { .. } => Err(self.refuse("be withdrawn")),
        }
    }

    fn refuse(self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "version", from: self.as_str(), action }
    }
}

impl Version {
    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.as_str() == name)
    }
}

impl FileAddress {
    /// The table the file belongs to.
    pub fn table(&self) -> Option<&Table> {
        self.version.tables.get(self.table)
    }

    /// The file.
    pub fn file(&self) -> Option<&File> {
        self.table().and_then(|table| table.files.get(self.file))
    }
}
