//! Rows written in the formats of an answer, piece by piece.

use arrow::array::{AsArray, RecordBatch};
use arrow::csv::WriterBuilder as CsvWriterBuilder;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::json::WriterBuilder as JsonWriterBuilder;
use arrow::json::writer::{JsonArray, LineDelimited};
use bytes::Bytes;
use mudeung_core::reader::{Chunk, Format};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::number::to_u64;

#[cfg(test)]
mod tests;

/// A piece of an answer is sent once it has so many bytes.
const PIECE_BYTES: usize = 256 * 1024;
/// Row groups of Parquet answers are closed here: they are held in memory until then.
const ROW_GROUP_ROWS: usize = 65_536;
const ROW_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Turns batches into the bytes of one answer.
pub(crate) struct Encoder {
    inner: Inner,
    out: Vec<u8>,
    /// Rows whose bytes have not been handed out.
    rows: u64,
}

enum Inner {
    Json {
        first: bool,
    },
    JsonLines,
    /// The only column is the lines.
    Lines,
    Csv {
        schema: SchemaRef,
        header: bool,
    },
    Arrow(Box<StreamWriter<Vec<u8>>>),
    Parquet(Box<ArrowWriter<Shared>>, Shared),
}

impl Encoder {
    /// An encoder of rows of one schema.
    pub(crate) fn new(format: Format, schema: SchemaRef) -> Result<Self, ArrowError> {
        let inner = match format {
            Format::Json => Inner::Json { first: true },
            Format::JsonLines => Inner::JsonLines,
            Format::FhirLines => match schema.fields().iter().map(|field| field.data_type()).collect::<Vec<_>>()[..] {
                [DataType::Utf8] => Inner::Lines,
                _ => return Err(ArrowError::SchemaError("rows are no FHIR bundles".to_owned())),
            },
            Format::Csv => Inner::Csv { schema, header: true },
            Format::ArrowStream => Inner::Arrow(Box::new(StreamWriter::try_new(Vec::new(), &schema)?)),
            Format::ArrowStreamZstd => {
                let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
                Inner::Arrow(Box::new(StreamWriter::try_new_with_options(Vec::new(), &schema, options)?))
            }
            Format::Parquet => {
                let shared = Shared::default();
                let writer = ArrowWriter::try_new_with_options(shared.clone(), schema, parquet_options())?;
                Inner::Parquet(Box::new(writer), shared)
            }
        };
        Ok(Self { inner, out: Vec::new(), rows: 0 })
    }

    /// Adds rows. Returns a piece once there is enough for one.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<Option<Chunk>, ArrowError> {
        match &mut self.inner {
            Inner::Json { first } => {
                let array = json_array(batch)?;
                // The encoder writes one array a batch; the answer is one array of them all.
                let rows = array.strip_prefix(b"[").and_then(|rows| rows.strip_suffix(b"]")).unwrap_or_default();
                if !rows.is_empty() {
                    self.out.push(if *first { b'[' } else { b',' });
                    self.out.extend_from_slice(rows);
                    *first = false;
                }
            }
            Inner::JsonLines => {
                let builder = JsonWriterBuilder::new().with_explicit_nulls(true);
                let mut writer = builder.build::<_, LineDelimited>(&mut self.out);
                writer.write(batch)?;
                writer.finish()?;
            }
            Inner::Lines => {
                for line in batch.column(0).as_string::<i32>().iter().flatten() {
                    self.out.extend_from_slice(line.as_bytes());
                    self.out.push(b'\n');
                }
            }
            Inner::Csv { header, .. } => {
                CsvWriterBuilder::new().with_header(*header).build(&mut self.out).write(batch)?;
                *header = false;
            }
            Inner::Arrow(writer) => {
                writer.write(batch)?;
                self.out.append(writer.get_mut());
            }
            Inner::Parquet(writer, shared) => {
                writer.write(batch)?;
                shared.take_into(&mut self.out);
            }
        }
        self.rows += to_u64(batch.num_rows());
        Ok((self.out.len() >= PIECE_BYTES).then(|| self.piece()))
    }

    /// Ends the answer. Returns its last piece.
    pub(crate) fn finish(mut self) -> Result<Chunk, ArrowError> {
        match &mut self.inner {
            Inner::Json { first } => self.out.extend_from_slice(if *first { b"[]" } else { b"]" }),
            Inner::JsonLines | Inner::Lines => {}
            Inner::Csv { schema, header } => {
                if *header {
                    let empty = RecordBatch::new_empty(schema.clone());
                    CsvWriterBuilder::new().with_header(true).build(&mut self.out).write(&empty)?;
                }
            }
            Inner::Arrow(writer) => {
                writer.finish()?;
                self.out.append(writer.get_mut());
            }
            Inner::Parquet(writer, shared) => {
                writer.finish()?;
                shared.take_into(&mut self.out);
            }
        }
        Ok(self.piece())
    }

    fn piece(&mut self) -> Chunk {
        Chunk { bytes: Bytes::from(std::mem::take(&mut self.out)), rows: std::mem::take(&mut self.rows) }
    }
}

fn json_array(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer = JsonWriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}

fn parquet_options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_created_by("mudeung version 1".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .build();
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

/// A buffer that a writer fills while its owner empties it.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn take_into(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Write for Shared {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
