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
    /// How a text file is encoded; by default what its bytes say.
    pub encoding: Option<TextEncoding>,
    /// The separator of a text file; by default the one by which the header has the columns of the schema.
    pub separator: Option<char>,
    /// What stands around values of a text file that hold a separator; by default what the file shows.
    pub quote: Option<Quote>,
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

/// How a text file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TextEncoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, the lower byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, the higher byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Code page 949, of which EUC-KR is a part.
    #[serde(rename = "cp949", alias = "euc-kr")]
    Cp949,
}

/// What stands around values of a text file that hold a separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Quote {
    /// `"`
    #[serde(rename = "\"")]
    Double,
    /// `'`
    #[serde(rename = "'")]
    Single,
    /// Nothing: every quotation mark is a part of its value.
    #[serde(rename = "")]
    Never,
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

impl TextEncoding {
    /// Every name that a schema may use, for those who must choose one.
    pub(crate) const NAMES: &str = "utf-8, cp949, utf-16le, utf-16be";

    /// Its name in a schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Cp949 => "cp949",
        }
    }
}

impl Quote {
    /// The mark; nothing where there is none.
    pub const fn mark(self) -> Option<char> {
        match self {
            Self::Double => Some('"'),
            Self::Single => Some('\''),
            Self::Never => None,
        }
    }
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
