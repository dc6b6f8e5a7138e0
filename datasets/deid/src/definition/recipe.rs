//! `recipe.toml`: what happens to each column, and how much risk may remain.

use super::{EventRule, LinkageRule};
use mudeung_engine::layout::FileStatistics;
use mudeung_synth::twin::{ColumnPolicy, Mechanism};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The JSON Schema of `recipe.toml`, for editors. What only the data or the other files can tell is checked by
/// [`super::Definition::plan`].
pub const RECIPE_SCHEMA: &str = include_str!("recipe.schema.json");

/// The file `recipe.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Which release this is.
    pub release: Release,
    /// The table with one row per person.
    pub person: Person,
    /// Table, then column, then rule. A column that is not listed is dropped.
    pub columns: BTreeMap<String, BTreeMap<String, ColumnRule>>,
    /// Table, then what holds for it as a whole.
    #[serde(default)]
    pub tables: BTreeMap<String, TableRule>,
    /// Table of events, then what an adversary may know of them.
    #[serde(default)]
    pub events: BTreeMap<String, EventRule>,
    /// Which other releases there are of the same persons; without it nobody is searched for in them.
    pub linkage: Option<LinkageRule>,
    /// How much risk may remain.
    pub privacy: Privacy,
    /// How many rows may be left out because they cannot be read; by default none.
    pub rejects: Option<RejectRule>,
    /// Whom the persons are a sample of.
    pub population: Option<Population>,
    /// Table, then how its twin is fitted. The twins of a dataset make a synthetic version of it: of all its tables or
    /// of none.
    #[serde(default)]
    pub twin: BTreeMap<String, TwinRule>,
}

/// How the twin of a table is fitted. The person table says what holds for all: a person with all rows of all tables has
/// one budget.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinRule {
    /// The person table: `mst` or `aim`.
    pub mechanism: Option<Mechanism>,
    /// The person table: the privacy loss of one person, for all that is ever published by this twin.
    pub epsilon: Option<f64>,
    /// The person table: the probability with which that may fail; far below one over the number of persons.
    pub delta: Option<f64>,
    /// The person table, where tables of events are released besides: how histories are counted.
    pub history: Option<HistoryRule>,
    /// A table of events: the column that says what it was; without it every column is measured.
    pub code: Option<String>,
    /// A table of events with a code: the column of what was measured.
    pub value: Option<String>,
    /// A table of events with a value: the values of each code.
    #[serde(default)]
    pub values: BTreeMap<String, ColumnPolicy>,
    /// The values that each released column may have. Where the rule of a column says it already, it may be left out:
    /// pseudonyms, classes between breakpoints, categories that are mapped.
    #[serde(default)]
    pub columns: BTreeMap<String, ColumnPolicy>,
}

/// How the histories of persons are counted, in whatever tables their events stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRule {
    /// Columns of the person table on whose values the course depends; few, with few values.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Events of one person that count, at most.
    pub most: u32,
    /// The Euclidean length to which the counts of one person are cut.
    pub norm: u32,
    /// Edges of the classes of time between two events, in days or in the unit of the time columns, from zero.
    pub gaps: Vec<f64>,
    /// Codes of which the person table knows whether a person has them: `table.value`, or `table.column` of what is
    /// measured.
    #[serde(default)]
    pub known: Vec<String>,
    /// The times at which events may be.
    pub time: ColumnPolicy,
}

/// Whom the persons are a sample of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// How many there are.
    pub size: u64,
    /// How many have each combination of quasi-identifiers, a file beside the recipe.
    pub table: Option<String>,
}

/// How many rows may be left out because they cannot be read.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectRule {
    /// The largest share of the rows of each table.
    pub at_most: f64,
}

/// What holds for a table as a whole.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRule {
    /// `publish` (the default) or `withhold`: whether smallest and largest values, which are real values of single
    /// persons, stand in the files.
    #[serde(default)]
    pub statistics: Statistics,
}

/// Whether smallest and largest values stand in the files of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// They do.
    #[default]
    Publish,
    /// They do not.
    Withhold,
}

impl Recipe {
    /// The files of hierarchies, and of the population, that are named.
    pub fn hierarchies(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.values().flat_map(BTreeMap::values).map(|rule| &rule.hierarchy);
        let closeness = self.privacy.t_closeness.iter().map(|closeness| &closeness.hierarchy);
        let population = self.population.iter().map(|population| &population.table);
        columns.chain(closeness).chain(population).flatten().map(String::as_str)
    }

    /// What files of a table may say of their values.
    pub fn statistics(&self, table: &str) -> FileStatistics {
        match self.tables.get(table).map(|rule| rule.statistics).unwrap_or_default() {
            Statistics::Publish => FileStatistics::Publish,
            Statistics::Withhold => FileStatistics::Withhold,
        }
    }
}

/// Which release this is. Name and recipient choose the keys: another recipient gets identifiers that do not link.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Who gets it.
    pub recipient: String,
    /// Until when it may be kept.
    pub expires: Option<toml::value::Datetime>,
    /// The setting it is released into.
    pub preset: Preset,
}

/// The setting a release goes into; each asks for a smallest class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Read where it lies, nothing leaves: k ≥ 3.
    Enclave,
    /// Under contract, metered: k ≥ 5.
    Controlled,
    /// Registered public: k ≥ 11, risk 0.09.
    QuasiPublic,
    /// Public: k ≥ 20, risk 0.05.
    Public,
}

/// The table with one row per person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Its name.
    pub table: String,
    /// The column that names the person.
    pub id: String,
}

/// How much risk may remain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Persons that must share each combination of quasi-identifiers.
    pub k: u64,
    /// Largest share of persons that may be left out to reach `k`.
    pub max_suppressed: f64,
    /// Largest share of persons that may stay alone in their class, and whom an adversary may single out who knows
    /// [`Self::adversary_events`] of their events.
    #[serde(default)]
    pub max_unique_share: f64,
    /// How many events of a person an adversary is taken to know; without it events are not measured.
    pub adversary_events: Option<u32>,
    /// Largest share of persons of whom an adversary who knows the quasi-identifiers may guess a sensitive column because
    /// they are in the release; by default it is measured and not limited.
    pub max_inference: Option<f64>,
    /// How many different values of a sensitive column each class must have.
    pub l_diversity: Option<LDiversity>,
    /// How far the values of a sensitive column in a class may be from those of everybody.
    pub t_closeness: Option<TCloseness>,
}

/// How many different values of a sensitive column each class must have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LDiversity {
    /// A released column of the person table.
    pub column: String,
    /// What counts as different.
    #[serde(default)]
    pub kind: LDiversityKind,
    /// How many.
    pub l: f64,
    /// recursive: the factor.
    pub c: Option<f64>,
}

/// What counts as different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LDiversityKind {
    /// Their number.
    #[default]
    Distinct,
    /// Their entropy.
    Entropy,
    /// The most frequent one against all but the `l - 1` most frequent.
    Recursive,
}

/// How far the values of a sensitive column in a class may be from those of everybody.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TCloseness {
    /// A released column of the person table.
    pub column: String,
    /// The largest distance, from 0 to 1.
    pub t: f64,
    /// How far values are from each other.
    #[serde(default)]
    pub distance: ClosenessDistance,
    /// hierarchical: the table of the values' groups, a file beside the recipe.
    pub hierarchy: Option<String>,
}

/// How far values are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosenessDistance {
    /// All the same.
    #[default]
    Equal,
    /// By their place in the order of all values.
    Ordered,
    /// By the lowest level of a hierarchy on which they are alike.
    Hierarchical,
}

/// What a column means to an adversary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Names a person or a thing directly: pseudonym or nothing.
    Identifier,
    /// Known from elsewhere: what the classes are made of.
    Quasi,
    /// What an adversary would like to learn.
    Sensitive,
    /// When something happened.
    EventTime,
    /// Nothing of these.
    Other,
}

/// What happens to a column, as it is written; [`crate::transform::Transform`] is what it means.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// What the column means to an adversary.
    pub role: Option<Role>,
    /// `drop`, `keep`, `pseudonym`, `date_shift`, `date_truncate`, `generalise`, `clamp`, `round`, `map` or `search`.
    #[serde(rename = "do")]
    pub action: String,
    /// pseudonym: which identifiers it belongs to; by default `person`.
    pub domain: Option<String>,
    /// date_shift: largest shift.
    pub weeks: Option<u32>,
    /// date_shift: `week`, `month`, `quarter` or `year`, when the day is to go as well.
    pub truncate: Option<String>,
    /// date_truncate: `week`, `month`, `quarter` or `year`.
    pub part: Option<String>,
    /// generalise: width of the classes.
    pub width: Option<f64>,
    /// generalise: where the classes of one width begin; by default 0.
    pub origin: Option<f64>,
    /// generalise: where classes begin, in rising order.
    pub breaks: Option<Vec<f64>>,
    /// generalise: `label` or `lower`. pseudonym: `text` or `integer`.
    #[serde(rename = "as")]
    pub form: Option<String>,
    /// generalise, clamp, round: everything above becomes this.
    pub top: Option<f64>,
    /// generalise, clamp, round: everything below becomes this.
    pub bottom: Option<f64>,
    /// round: the step.
    pub to: Option<f64>,
    /// map: from value to value.
    pub values: Option<BTreeMap<String, String>>,
    /// map: what every other value becomes; without it they become null.
    pub default: Option<String>,
    /// map: what a missing value becomes; without it it stays null.
    pub missing: Option<String>,
    /// search: widths of classes, from the finest; each a multiple of the one before.
    pub widths: Option<Vec<f64>>,
    /// search: where classes begin, from the finest; each list a part of the one before.
    pub cuts: Option<Vec<Vec<f64>>>,
    /// search: what dates keep, from the finest: `month`, `quarter`, `year`.
    pub parts: Option<Vec<String>>,
    /// search: the table of the values' groups, a file beside the recipe.
    pub hierarchy: Option<String>,
    /// search: whether the column may be left empty when nothing else is safe; by default it may.
    pub suppress: Option<bool>,
}

impl Preset {
    /// The smallest class the setting asks for.
    pub const fn k(self) -> u64 {
        match self {
            Self::Enclave => 3,
            Self::Controlled => 5,
            Self::QuasiPublic => 11,
            Self::Public => 20,
        }
    }

    /// Its name in a recipe.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enclave => "enclave",
            Self::Controlled => "controlled",
            Self::QuasiPublic => "quasi_public",
            Self::Public => "public",
        }
    }
}
