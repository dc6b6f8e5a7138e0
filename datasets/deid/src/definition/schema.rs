//! `schema.toml`: the raw tables, their files and columns, with a dictionary in both languages.

use mudeung_wire::manifest::Bilingual;
use serde::Deserialize;

/// The file `schema.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaFile {
    /// The tables, in the order in which they are published.
    pub tables: Vec<TableSpec>,
}

/// A raw table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Its name in addresses.
    pub name: String,
    /// What a row is.
    pub description: Bilingual,
    /// The raw file in the input folder: `.csv`, `.tsv` or `.parquet`. Absent in datasets that are only generated.
    pub file: Option<String>,
    /// The separator of a text file; by default a comma, in `.tsv` a tab.
    pub separator: Option<char>,
    /// Texts that stand for a missing value; by default the empty text.
    #[serde(default = "empty_text")]
    pub nulls: Vec<String>,
    /// The column that names the person; the person table's is given in the recipe.
    pub person: Option<String>,
    /// The column by which a person's rows are ordered.
    pub time: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<ColumnSpec>,
}

/// A raw column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its published name.
    pub name: String,
    /// Its name in the raw file, when that differs.
    pub raw: Option<String>,
    /// `boolean`, `int32`, `int64`, `float64`, `text`, `date` or `timestamp`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be null.
    #[serde(default)]
    pub nullable: bool,
    /// Unit of its numbers (UCUM).
    pub unit: Option<String>,
    /// How dates and timestamps are written in a text file, as for `strptime`: `%d-%m-%Y`.
    pub format: Option<String>,
    /// The zone of timestamps that name none; by default UTC.
    pub time_zone: Option<String>,
    /// What it means.
    pub description: Bilingual,
}

impl ColumnSpec {
    /// The name in the raw file.
    pub fn raw_name(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.name)
    }
}

fn empty_text() -> Vec<String> {
    vec![String::new()]
}
