//! Raw tables from the input folder: text files and Parquet, read in batches, refused with the place of the fault.

use crate::definition::{ColumnPlan, Role, TablePlan, TextEncoding};
use crate::error::{CurateError, InputError};
use crate::stage::Identified;
use crate::transform::Transform;
use arrow::array::RecordBatch;
use dialect::Dialect;
use mudeung_wire::manifest::Bilingual;
use std::io::Read;
use std::path::{Path, PathBuf};
use survey::Survey;

mod builder;
mod csv;
mod decoded;
mod dialect;
mod parquet;
mod rejects;
mod survey;

pub(crate) use rejects::Rejects;

/// Rows of a batch.
const BATCH_ROWS: usize = 65_536;

/// A raw file that is there and whole as far as can be told without reading its values.
#[derive(Debug)]
pub struct RawFile {
    path: PathBuf,
    /// Its name in the input folder.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// How its text is read; nothing for Parquet.
    text: Option<TextForm>,
}

/// How the text of a file is read.
#[derive(Debug, Clone, Copy)]
struct TextForm {
    encoding: TextEncoding,
    dialect: Dialect,
}

/// Batches of raw rows, in the order of the file.
pub type RawBatches<'a> = Box<dyn Iterator<Item = Result<Identified<RecordBatch>, CurateError>> + 'a>;

impl RawFile {
    /// Finds the table's file, hashes it and checks its header.
    pub fn open(table: &TablePlan, folder: &Path) -> Result<Self, CurateError> {
        let name = table.spec.file.clone().unwrap_or_default();
        let path = folder.join(&name);
        let missing = || InputError::Missing {
            table: table.spec.name.clone(),
            file: name.clone(),
            folder: folder.display().to_string(),
        };
        if name.is_empty() || !path.is_file() {
            return Err(missing().into());
        }
        let survey = survey::survey(&path)?;
        let text = match Path::new(&name).extension().is_some_and(|extension| extension == "parquet") {
            true => None,
            false => Some(TextForm::find(&survey, &name, table)?),
        };
        if text.is_some_and(|text| survey.ends_quoted(text.encoding, text.dialect.quote.mark())) {
            return Err(InputError::OpenQuote { file: name }.into());
        }
        let file = Self { path, name, size_bytes: survey.size_bytes, sha256: survey.sha256, text };
        drop(file.batches(table, &mut Rejects::strict())?);
        Ok(file)
    }

    /// How its text is read, in words of both languages; nothing for Parquet.
    pub fn reading(&self) -> Option<Bilingual> {
        self.text.map(TextForm::told)
    }

    /// Reads the columns that are released or hold identifiers, in the plan's order under their published names. Rows that
    /// cannot be read go to the rejects.
    pub(crate) fn batches<'a>(
        &'a self,
        table: &'a TablePlan,
        rejects: &'a mut Rejects,
    ) -> Result<RawBatches<'a>, CurateError> {
        let columns = inputs(table);
        rejects.begin(&table.spec.name);
        Ok(match self.text {
            None => Box::new(parquet::read(&self.path, &self.name, columns, rejects)?),
            Some(text) => Box::new(csv::read(&self.path, &self.name, text, &table.spec.nulls, columns, rejects)?),
        })
    }
}

impl TextForm {
    /// What the table's description says, and for the rest what the file shows.
    fn find(survey: &Survey, file: &str, table: &TablePlan) -> Result<Self, InputError> {
        let encoding = table.spec.encoding.map_or_else(|| survey.encoding(file), Ok)?;
        // The text of what was looked at; what of it is damaged is found, and named, when it is read.
        let mut text = Vec::new();
        let unreadable = |error: std::io::Error| InputError::Corrupt {
            file: file.to_owned(),
            format: "CSV",
            reason: error.to_string(),
        };
        decoded::Decoded::new(survey.head.as_slice(), encoding).read_to_end(&mut text).map_err(unreadable)?;
        let text = String::from_utf8_lossy(&text);
        let wanted: Vec<&str> = table.spec.columns.iter().map(|column| column.raw_name()).collect();
        Ok(Self { encoding, dialect: Dialect::find(&text, file, &table.spec, &wanted) })
    }

    fn told(self) -> Bilingual {
        let encoding = self.encoding.as_str();
        let separator = match self.dialect.separator {
            b'\t' => "tab".to_owned(),
            separator => format!("`{}`", char::from(separator)),
        };
        let quote = self.dialect.quote.mark();
        let [ko, en] = match quote {
            Some(mark) => [format!(", 따옴표 {mark}"), format!(", quoted with {mark}")],
            None => [", 따옴표 없음".to_owned(), ", not quoted".to_owned()],
        };
        Bilingual {
            ko: format!("{encoding}, 구분자 {separator}{ko}"),
            en: format!("{encoding}, separated by {separator}{en}"),
        }
    }
}

/// The columns worth reading: those that are released, identifiers, which the canary looks for, and quasi-identifiers,
/// which count in the risk before de-identification.
fn inputs(table: &TablePlan) -> Vec<&ColumnPlan> {
    let measured = |column: &ColumnPlan| matches!(column.role, Role::Identifier | Role::Quasi);
    table.columns.iter().filter(|column| column.transform != Transform::Drop || measured(column)).collect()
}

/// Names the columns that the schema wants and the file does not have, or the one it has twice.
fn check_header(file: &str, found: &[String], columns: &[&ColumnPlan]) -> Result<(), InputError> {
    let wanted = columns.iter().map(|column| column.spec.raw_name());
    let missing: Vec<String> =
        wanted.filter(|name| !found.iter().any(|found| found == name)).map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(InputError::Header { file: file.to_owned(), missing, found: found.to_vec() });
    }
    for column in columns {
        let name = column.spec.raw_name();
        if found.iter().filter(|found| *found == name).count() > 1 {
            return Err(InputError::DuplicateColumn { file: file.to_owned(), column: name.to_owned() });
        }
    }
    Ok(())
}
