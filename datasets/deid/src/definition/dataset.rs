//! `dataset.toml`: what a dataset is called, where it comes from and under which licence it stands.

use mudeung_wire::manifest::{Bilingual, ManifestUse};
use serde::Deserialize;

/// The file `dataset.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetFile {
    /// Its name in addresses.
    pub name: String,
    /// Its title.
    pub title: Bilingual,
    /// What it holds, in a few sentences.
    pub summary: Bilingual,
    /// SPDX identifier or name of the licence the data stands under.
    pub licence: String,
    /// Where the data comes from.
    pub source: String,
    /// What to cite.
    pub citation: String,
    /// The tiers it has: `deidentified`, `synthetic`.
    pub tiers: Vec<String>,
    /// How large the bundled synthetic tier is.
    pub synthetic: Option<SyntheticSize>,
    /// Under which terms it may be used; general research use with an ethics approval where nothing is said.
    #[serde(default, rename = "use")]
    pub uses: Option<ManifestUse>,
}

/// How large the bundled synthetic tier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticSize {
    /// Persons.
    pub persons: u64,
    /// The seed.
    pub seed: u64,
}
