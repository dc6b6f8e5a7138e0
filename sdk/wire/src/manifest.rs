//! The manifest of a dataset version: the file `manifest.json` beside its tables, written last and never changed.

use serde::{Deserialize, Serialize};

/// The version of this format.
pub const MANIFEST_FORMAT: u32 = 1;

/// A text in Korean and English.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

/// What a version of one tier of a dataset consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The dataset's name.
    pub dataset: String,
    /// `synthetic` or `deidentified`.
    pub tier: String,
    /// 1, 2, 3 … within dataset and tier.
    pub version: u32,
    /// The dataset's title.
    pub title: Bilingual,
    /// What it holds, in a few sentences.
    pub summary: Bilingual,
    /// SPDX identifier or name of the licence the data stands under.
    pub licence: String,
    /// Where the data comes from.
    pub source: String,
    /// When the version was built, RFC 3339 UTC.
    pub created_at: String,
    /// SHA-256 of the recipe (or generator) the version was made with, lower-case hexadecimal.
    pub recipe_sha256: String,
    /// SHA-256 over the input files' hashes, lower-case hexadecimal; of the generator and seed for synthetic data.
    pub input_sha256: String,
    /// The tables, in the order of the definition.
    pub tables: Vec<ManifestTable>,
    /// Under which terms it may be used; absent where nothing was said.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub uses: Option<ManifestUse>,
    /// The measured risk of re-identification; absent in generated data, which has no source persons.
    pub risk: Option<RiskFigures>,
    /// What more of a generated version can be made with; absent when there is nothing to make it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<ManifestGenerator>,
    /// What was promised to the persons behind tables that are drawn from twins; empty for every other version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub twins: Vec<ManifestTwin>,
}

/// Terms of data use, in the shorthands or identifiers of the Data Use Ontology (DUO, <https://github.com/EBISPOT/DUO>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestUse {
    /// `NRES`, `GRU`, `HMB`, `DS` or `POA`.
    pub permission: String,
    /// With `DS`, the diseases: codes of KCD or ICD-10, each standing for all codes that begin with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diseases: Vec<String>,
    /// `NPU`, `NCU`, `NPUNCU`, `GS-KR`, `TS-12`, `IRB`, `COL`, `PUB`, `MOR-2027-01-31`, `US`, `PS`, `IS`, `RS`, `NMDS`, `GSO`, `RTN`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// With `RS`, the type of research.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub studies: Option<Bilingual>,
}

/// A table that is drawn from a twin: a model fitted to real rows under differential privacy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTwin {
    /// The table.
    pub table: String,
    /// `mst` or `aim`.
    pub mechanism: String,
    /// The privacy loss of one person, ε.
    pub epsilon: f64,
    /// The probability with which that may fail, δ.
    pub delta: f64,
    /// What was spent: ρ of zero-concentrated differential privacy in units of 2^-50. Losses of one person add up.
    pub rho_units: u64,
    /// The table of persons with which it was fitted: what is promised is promised for all tables together, and what was
    /// spent stands there. Absent where the table has a model of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}

/// The generator of a version: a file beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestGenerator {
    /// Its name within the version's folder.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// A table of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// Its name.
    pub name: String,
    /// What a row is.
    pub description: Bilingual,
    /// Number of rows in all files.
    pub rows: u64,
    /// The column that names the person a row is about; absent when it is not released or there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Rows of the input that are not in the output, because their person was suppressed.
    pub suppressed_rows: u64,
    /// Its columns, in file order.
    pub columns: Vec<ManifestColumn>,
    /// Its files, in order.
    pub files: Vec<ManifestFile>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestColumn {
    /// Its name.
    pub name: String,
    /// `boolean`, `int32`, `int64`, `float64`, `text`, `date` or `timestamp`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it means.
    pub description: Bilingual,
    /// Unit of its numbers (UCUM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What was done to it on the way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deidentification: Option<Bilingual>,
}

/// One Parquet file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its identifier, `fil_…`.
    pub id: String,
    /// Its name within the table's folder.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
}

/// The risk of re-identification as it was measured on what was released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RiskFigures {
    /// The columns an adversary is taken to know, as `table.column`.
    pub quasi_identifiers: Vec<String>,
    /// Persons measured.
    pub persons: u64,
    /// Persons left out because their class was too small.
    pub suppressed_persons: u64,
    /// The k that was required.
    pub required_k: u64,
    /// Size of the smallest class: the k that was reached.
    pub k: u64,
    /// Number of classes.
    pub classes: u64,
    /// Share of persons who are alone in their class.
    pub unique_share: f64,
    /// Highest probability of re-identification of one person, 1/k (prosecutor).
    pub prosecutor_max: f64,
    /// Mean probability of re-identification, classes/persons.
    pub prosecutor_mean: f64,
    /// Size of the smallest class before de-identification.
    pub k_before: u64,
    /// Share of persons who were alone in their class before de-identification.
    pub unique_share_before: f64,
}
