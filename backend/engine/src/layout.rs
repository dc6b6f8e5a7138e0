//! How tables are laid out in Parquet so that they are small and quick to serve.
//!
//! Row groups of 122,880 rows, 32 KiB pages with a page index, zstd 3, and an encoding for each column that is chosen
//! from the table's first row group: dictionaries where values repeat, delta-packed integers, byte-stream-split
//! floats. The same rows give the same bytes, however they were cut into batches.

mod encoding;
mod file;
mod schema;

#[cfg(test)]
mod tests;

pub(crate) use file::hex;
pub use schema::{arrow_schema, arrow_type, column_type, manifest_columns};

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use file::FileWriter;
use std::path::PathBuf;

/// Rows in a full row group.
pub const ROW_GROUP_ROWS: usize = 122_880;
/// The most bytes one file may have.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Files are closed here, so that what is still buffered, and the footer, stay below [`FILE_BYTES_MAX`].
const FILE_BYTES_SOFT: u64 = 224 * 1024 * 1024;
/// Rows are re-cut into pieces of this size; it divides [`ROW_GROUP_ROWS`].
const BATCH_ROWS: usize = 8_192;

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A column's type is not one of the published types.
    #[error(
        "column `{column}`: type {found} cannot be published; use boolean, int32, int64, float64, text, date or timestamp"
    )]
    UnknownType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// Two columns have one name, or a table has none.
    #[error("{0}")]
    BadSchema(String),
    /// A batch does not fit the table it was written to.
    #[error("rows do not fit the table: {0}")]
    Mismatch(String),
    /// The disk refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The encoder failed.
    #[error("{path}: {source}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: parquet::errors::ParquetError,
    },
}

/// Whether smallest and largest values stand in files. They are real values of single persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileStatistics {
    /// They do, so that readers can leave out what they do not need.
    #[default]
    Publish,
    /// They do not, and neither do counts of nulls.
    Withhold,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its name, `part-00000.parquet` and so on.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
}

/// Writes one table as one or more files of the serving layout. Rows should come sorted by person, then time.
///
/// A table without rows is one file without rows, so that its schema can still be read.
pub struct TableWriter {
    folder: PathBuf,
    schema: SchemaRef,
    /// The rows that wait for the encodings to be chosen from them; `None` afterwards.
    first: Option<Vec<RecordBatch>>,
    coalescer: BatchCoalescer,
    open: Option<FileWriter>,
    properties: parquet::file::properties::WriterPropertiesPtr,
    statistics: FileStatistics,
    done: Vec<WrittenFile>,
}

impl TableWriter {
    /// A writer of `part-NNNNN.parquet` files in an existing folder.
    pub fn create(
        folder: impl Into<PathBuf>,
        schema: SchemaRef,
        statistics: FileStatistics,
    ) -> Result<Self, LayoutError> {
        manifest_columns(&schema)?;
        Ok(Self {
            folder: folder.into(),
            first: Some(Vec::new()),
            coalescer: BatchCoalescer::new(schema.clone(), BATCH_ROWS),
            open: None,
            properties: encoding::properties(&schema, &[], statistics),
            statistics,
            schema,
            done: Vec::new(),
        })
    }

    /// Adds rows. The columns must be those of the schema, in its order.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LayoutError> {
        let fitting = RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec())
            .map_err(|problem| LayoutError::Mismatch(problem.to_string()))?;
        self.coalescer.push_batch(fitting).map_err(|problem| LayoutError::Mismatch(problem.to_string()))?;
        self.drain()
    }

    /// Writes what is left and closes the last file.
    pub fn finish(mut self) -> Result<Vec<WrittenFile>, LayoutError> {
        self.coalescer.finish_buffered_batch().map_err(|problem| LayoutError::Mismatch(problem.to_string()))?;
        self.drain()?;
        self.release_first()?;
        if self.open.is_none() && self.done.is_empty() {
            self.open = Some(self.next_file()?);
        }
        if let Some(file) = self.open.take() {
            self.done.push(file.finish()?);
        }
        Ok(self.done)
    }

    fn drain(&mut self) -> Result<(), LayoutError> {
        while let Some(batch) = self.coalescer.next_completed_batch() {
            let Some(waiting) = self.first.as_mut() else {
                self.append(&batch)?;
                continue;
            };
            waiting.push(batch);
            if waiting.len() * BATCH_ROWS >= ROW_GROUP_ROWS {
                self.release_first()?;
            }
        }
        Ok(())
    }

    /// Chooses the encodings from the rows that waited, and writes them.
    fn release_first(&mut self) -> Result<(), LayoutError> {
        let Some(waiting) = self.first.take() else { return Ok(()) };
        self.properties = encoding::properties(&self.schema, &waiting, self.statistics);
        waiting.iter().try_for_each(|batch| self.append(batch))
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<(), LayoutError> {
        let mut file = match self.open.take() {
            Some(file) => file,
            None => self.next_file()?,
        };
        file.write(batch)?;
        if file.bytes_estimate() >= FILE_BYTES_SOFT {
            self.done.push(file.finish()?);
        } else {
            self.open = Some(file);
        }
        Ok(())
    }

    fn next_file(&self) -> Result<FileWriter, LayoutError> {
        let name = format!("part-{:05}.parquet", self.done.len());
        FileWriter::create(&self.folder, name, self.schema.clone(), &self.properties)
    }
}
