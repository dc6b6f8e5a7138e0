//! One Parquet file on its way to the disk, hashed as it is written.

use super::{LayoutError, WrittenFile};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterPropertiesPtr;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that is being written.
pub(super) struct FileWriter {
    path: PathBuf,
    name: String,
    writer: ArrowWriter<Hashed<File>>,
    rows: u64,
}

impl FileWriter {
    pub(super) fn create(
        folder: &Path,
        name: String,
        schema: SchemaRef,
        properties: &WriterPropertiesPtr,
    ) -> Result<Self, LayoutError> {
        let path = folder.join(&name);
        let file = File::create_new(&path).map_err(|source| LayoutError::Io { path: path.clone(), source })?;
        let hashed = Hashed { inner: file, hasher: Sha256::new(), bytes: 0 };
        // The embedded Arrow schema would say nothing that the Parquet schema does not.
        let options =
            ArrowWriterOptions::new().with_properties(properties.as_ref().clone()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(hashed, schema, options)
            .map_err(|source| LayoutError::Encode { path: path.clone(), source })?;
        Ok(Self { path, name, writer, rows: 0 })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), LayoutError> {
        self.writer.write(batch).map_err(|source| LayoutError::Encode { path: self.path.clone(), source })?;
        self.rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// What the file would weigh if it were closed now, roughly and rather too much.
    pub(super) fn bytes_estimate(&self) -> u64 {
        u64::try_from(self.writer.bytes_written() + self.writer.in_progress_size()).unwrap_or(u64::MAX)
    }

    pub(super) fn finish(self) -> Result<WrittenFile, LayoutError> {
        let Self { path, name, writer, rows } = self;
        let hashed = writer.into_inner().map_err(|source| LayoutError::Encode { path: path.clone(), source })?;
        hashed.inner.sync_all().map_err(|source| LayoutError::Io { path, source })?;
        Ok(WrittenFile { name, size_bytes: hashed.bytes, sha256: hex(&hashed.hasher.finalize()), rows })
    }
}

/// A writer that hashes and counts what goes through it.
struct Hashed<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(buffer.get(..written).unwrap_or(buffer));
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}
