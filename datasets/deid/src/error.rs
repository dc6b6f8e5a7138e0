//! Why a version was not built: one variant per decision of the caller, each naming the place and the mend.

use crate::definition::TextEncoding;
use crate::report::Report;
use mudeung_wire::manifest::Bilingual;
use std::fmt;
use std::path::PathBuf;

/// A version that was not built. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CurateError {
    /// A file of the definition or the input cannot be opened or read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// A file of the definition is not the TOML it should be.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The definition contradicts itself.
    #[error("the definition is not usable\n{}", list(.0))]
    Definition(Vec<Problem>),
    /// The raw data is not what the definition says.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The release key cannot be used.
    #[error(transparent)]
    Key(#[from] crate::key::KeyError),
    /// The risk of re-identification is too high to release.
    #[error("the release gate refuses this version\n{}", list(&.0.refusals))]
    Gate(Box<Report>),
    /// A raw identifier was found in the output.
    #[error("{table}.{column}: {values} value(s) equal a raw identifier; drop the column or map its values")]
    Canary {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many values.
        values: u64,
    },
    /// The generator cannot make the table that the schema promises.
    #[error("generator.toml: {0}")]
    Generator(#[from] mudeung_synth::SynthError),
    /// A twin cannot be fitted to its table.
    #[error("recipe.toml: twin.{table}: {problem}")]
    Twin {
        /// The table.
        table: String,
        /// Why.
        problem: mudeung_synth::twin::TwinError,
    },
    /// The version's number is taken; versions never change.
    #[error("{0}")]
    Exists(String),
    /// The version cannot be written.
    #[error("the version cannot be written: {0}")]
    Write(String),
    /// A computation on the tables failed in a way the checks should have ruled out.
    #[error("{table}: {reason}")]
    Internal {
        /// The table.
        table: String,
        /// What failed.
        reason: String,
    },
}

/// Raw data that is not what the definition says. No message carries a patient's value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InputError {
    /// The file of a table is not in the input folder.
    #[error("{file}: no such file in the input folder {folder}; table `{table}` is read from it")]
    Missing {
        /// The table.
        table: String,
        /// The file.
        file: String,
        /// The input folder.
        folder: String,
    },
    /// Columns that the schema names are not in the file.
    #[error("{file}: the header has no column {}; it has {}", quoted(.missing), quoted(.found))]
    Header {
        /// The file.
        file: String,
        /// Raw names that are missing.
        missing: Vec<String>,
        /// Raw names that are there.
        found: Vec<String>,
    },
    /// Two columns of the file have one name.
    #[error("{file}: the header names column `{column}` twice")]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The raw name.
        column: String,
    },
    /// A row ends early: the file is cut off, or a separator is missing.
    #[error(
        "{file}:{line}: row {row} ends before column `{column}`: {found} of {expected} columns; is the file cut off?"
    )]
    Truncated {
        /// The file.
        file: String,
        /// Line in the file, from 1.
        line: u64,
        /// Data row, from 1.
        row: u64,
        /// The first column that is not there.
        column: String,
        /// Columns of the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// A row has more columns than the header.
    #[error("{file}:{line}: row {row} has {found} columns, the header has {expected}")]
    Overlong {
        /// The file.
        file: String,
        /// Line in the file, from 1.
        line: u64,
        /// Data row, from 1.
        row: u64,
        /// Columns of the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// A row has no end within what a row may be.
    #[error(
        "{file}:{line}: row {row} is longer than {} MiB; is a quotation not closed? `quote` in schema.toml says which \
         mark is one, and `quote = \"\"` that none is\n    {row}번째 행이 너무 깁니다. 따옴표가 닫히지 않았는지 보십시오. \
         schema.toml의 quote에 따옴표를 적고, 쓰지 않는 파일이면 quote = \"\"로 적으십시오.",
        .bytes_max >> 20
    )]
    Endless {
        /// The file.
        file: String,
        /// Line on which the row begins, from 1.
        line: u64,
        /// Data row, from 1; 0 is the header.
        row: u64,
        /// The longest row that is read.
        bytes_max: u64,
    },
    /// Bytes of a text file are not of the encoding it is read in.
    #[error(
        "{file}:{line}: row {row}, column `{column}`: byte {byte} of the file is not {encoding}; say in schema.toml how \
         the file is written (encoding = one of {}) or save it anew as UTF-8\n    파일의 {byte}번째 바이트는 {encoding} \
         글자가 아닙니다. schema.toml의 encoding에 파일의 부호화를 적거나 파일을 UTF-8로 다시 저장하십시오.",
        TextEncoding::NAMES
    )]
    Encoding {
        /// The file.
        file: String,
        /// Line on which the row begins, from 1.
        line: u64,
        /// Data row, from 1; 0 is the header.
        row: u64,
        /// The raw name of the column; empty in the header.
        column: String,
        /// The first such byte of the value, from 1.
        byte: u64,
        /// The encoding it is read in.
        encoding: &'static str,
    },
    /// Nothing says in which encoding a text file is.
    #[error(
        "{file}:{line}: byte {byte} of the file is neither utf-8 nor plainly cp949; say in schema.toml how the file is \
         written (encoding = one of {}) or save it anew as UTF-8\n    파일의 {byte}번째 바이트가 utf-8도 cp949도 아닌 듯합니다. \
         schema.toml의 encoding에 파일의 부호화를 적거나 파일을 UTF-8로 다시 저장하십시오.",
        TextEncoding::NAMES
    )]
    UnknownEncoding {
        /// The file.
        file: String,
        /// Line of the first byte that is not ASCII, from 1.
        line: u64,
        /// The first byte that is not ASCII, from 1.
        byte: u64,
    },
    /// The file ends within a quotation.
    #[error("{file}: the file ends within a quoted value; is it cut off?")]
    OpenQuote {
        /// The file.
        file: String,
    },
    /// A value is not of the column's type.
    #[error("{file}:{line}: row {row}, column `{column}`: expected {expected}, found {found}")]
    Value {
        /// The file.
        file: String,
        /// Line in the file, from 1; 0 where the format has no lines.
        line: u64,
        /// Data row, from 1.
        row: u64,
        /// The raw name of the column.
        column: String,
        /// The type, with its format.
        expected: String,
        /// The class of the value, never the value.
        found: String,
    },
    /// A Parquet column cannot be read as the type that the schema names.
    #[error("{file}: column `{column}` is {found}, the schema says {expected}")]
    ColumnType {
        /// The file.
        file: String,
        /// The raw name of the column.
        column: String,
        /// The type that the schema names.
        expected: String,
        /// The type in the file.
        found: String,
    },
    /// The file is not what its name says, or is damaged.
    #[error("{file}: not a readable {format} file: {reason}")]
    Corrupt {
        /// The file.
        file: String,
        /// `CSV` or `Parquet`.
        format: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// Two rows of the person table have one identifier.
    #[error("{file}: rows {first} and {second} have the same `{column}`; the person table has one row per person")]
    DuplicatePerson {
        /// The file.
        file: String,
        /// The identifier's column.
        column: String,
        /// Data row, from 1.
        first: u64,
        /// Data row, from 1.
        second: u64,
    },
    /// A hierarchy does not say into which groups values of its column go.
    #[error(
        "{file}: column `{column}` has {values} distinct value(s) that its hierarchy does not list; add a row for each"
    )]
    NotInHierarchy {
        /// The file.
        file: String,
        /// The raw name of the column.
        column: String,
        /// How many.
        values: usize,
    },
    /// The file for rejected rows lies in the folder that is served.
    #[error(
        "{path}: the file of rejected rows holds raw values and must not lie within the output store {store}; keep it \
         apart\n    읽지 못한 행의 파일에는 원본 값이 있으므로 출력 저장소 밖에 두십시오."
    )]
    RejectsWithinStore {
        /// The file.
        path: String,
        /// The store's folder.
        store: String,
    },
    /// The file of a table has no rows.
    #[error("{file}: the table has no rows")]
    Empty {
        /// The file.
        file: String,
    },
}

/// What is told of a row that is left out.
impl InputError {
    /// Line of the file and number of the row, from 1; no line where the format has none.
    pub(crate) fn line_and_row(&self) -> (u64, u64) {
        match self {
            Self::Truncated { line, row, .. }
            | Self::Overlong { line, row, .. }
            | Self::Endless { line, row, .. }
            | Self::Encoding { line, row, .. }
            | Self::Value { line, row, .. } => (*line, *row),
            _ => (0, 0),
        }
    }

    /// The raw name of the column, when one is at fault.
    pub(crate) fn column(&self) -> &str {
        match self {
            Self::Truncated { column, .. } | Self::Encoding { column, .. } | Self::Value { column, .. } => column,
            _ => "",
        }
    }

    /// What is wrong, without the place.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Truncated { found, expected, .. } => format!("{found} of {expected} columns"),
            Self::Overlong { found, expected, .. } => format!("{found} columns, the header has {expected}"),
            Self::Encoding { encoding, byte, .. } => format!("byte {byte} of the file is not {encoding}"),
            Self::Value { expected, found, .. } => format!("expected {expected}, found {found}"),
            other => other.to_string(),
        }
    }
}

/// One thing to mend, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// Where: file, and `table.column` or the key's path.
    pub place: String,
    /// What is wrong.
    pub reason: Bilingual,
    /// What to do about it.
    pub mend: Bilingual,
}

impl Problem {
    /// A problem at a place; texts as (Korean, English).
    pub(crate) fn new(place: impl Into<String>, reason: (String, String), mend: (String, String)) -> Self {
        let text = |(ko, en)| Bilingual { ko, en };
        Self { place: place.into(), reason: text(reason), mend: text(mend) }
    }
}

impl Problem {
    /// Adds what would help, found for this very data; texts as (Korean, English).
    pub(crate) fn also(&mut self, remedies: Vec<(String, String)>) {
        for (ko, en) in remedies {
            self.mend.ko.push_str(&format!("\n    - {ko}"));
            self.mend.en.push_str(&format!("\n    - {en}"));
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}\n    {} {}", self.place, self.reason.en, self.mend.en, self.reason.ko, self.mend.ko)
    }
}

impl CurateError {
    /// Whether the caller's input is at fault (exit 2) and not the machine (exit 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::Write(_) | Self::Internal { .. } => false,
            Self::Unreadable { .. }
            | Self::Syntax { .. }
            | Self::Definition(_)
            | Self::Input(_)
            | Self::Key(_)
            | Self::Gate(_)
            | Self::Canary { .. }
            | Self::Exists(_)
            | Self::Generator(_)
            | Self::Twin { .. } => true,
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
