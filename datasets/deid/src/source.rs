//! Raw tables from the input folder: text files and Parquet, read in batches, refused with the place of the fault.

use crate::definition::{ColumnPlan, Role, TablePlan, hex};
use crate::error::{CurateError, InputError};
use crate::stage::Identified;
use crate::transform::Transform;
use arrow::array::RecordBatch;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

mod builder;
mod csv;
mod parquet;

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
    is_parquet: bool,
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
        let is_parquet = Path::new(&name).extension().is_some_and(|extension| extension == "parquet");
        let (size_bytes, sha256, quotes) = digest(&path)?;
        if !is_parquet && quotes % 2 == 1 {
            return Err(InputError::OpenQuote { file: name }.into());
        }
        let file = Self { path, name, size_bytes, sha256, is_parquet };
        drop(file.batches(table)?);
        Ok(file)
    }

    /// Reads the columns that are released or hold identifiers, in the plan's order under their published names.
    pub fn batches<'a>(&'a self, table: &'a TablePlan) -> Result<RawBatches<'a>, CurateError> {
        let columns = inputs(table);
        Ok(if self.is_parquet {
            Box::new(parquet::read(&self.path, &self.name, columns)?)
        } else {
            Box::new(csv::read(&self.path, &self.name, &table.spec, columns)?)
        })
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

/// Size, SHA-256 and number of quotation marks of a file.
fn digest(path: &Path) -> Result<(u64, String, u64), CurateError> {
    let unreadable =
        |error: std::io::Error| CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 18];
    let (mut size, mut quotes) = (0_u64, 0_u64);
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        size += u64::try_from(read).unwrap_or(u64::MAX);
        quotes += u64::try_from(bytes.iter().filter(|byte| **byte == b'"').count()).unwrap_or(u64::MAX);
    }
    Ok((size, hex(&hasher.finalize()), quotes))
}
