//! `query --files`: rows that are read from a table's files, written as the server would write them.

use crate::args::{QueryArguments, Shape};
use crate::failure::Failure;
use crate::output::{self, Sink, grouped};
use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder as CsvWriterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::WriterBuilder as JsonWriterBuilder;
use arrow::json::writer::{JsonArray, LineDelimited};
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, Scan};

/// Opens a scan of the table that was named.
pub(crate) async fn open(client: &Client, arguments: &QueryArguments, limit: Option<u64>) -> Result<Scan, Failure> {
    let table = arguments.table.as_deref().unwrap_or_default();
    let mut request = client.table(table)?.scan().columns(&arguments.columns);
    if let Some(filter) = &arguments.filter {
        request = request.filter(filter);
    }
    if let Some(limit) = limit {
        request = request.limit(limit);
    }
    Ok(request.send().await?)
}

/// Writes the rows of a scan in a format.
pub(crate) async fn write(client: &Client, arguments: &QueryArguments, shape: Shape) -> Result<(), Failure> {
    if shape == Shape::Parquet {
        let text = "--files writes no Parquet: `mudeung-cli pull` downloads the files themselves";
        return Err(Failure::Input(text.to_owned()));
    }
    let mut sink = Sink::open(arguments.out.as_deref(), shape == Shape::Arrow)?;
    let mut scan = open(client, arguments, arguments.limit).await?;
    let mut encoder = Encoder::new(shape, scan.schema()).map_err(ApiError::from)?;
    while let Some(batch) = scan.try_next().await? {
        sink.write(&encoder.encode(&batch).map_err(ApiError::from)?)?;
    }
    sink.write(&encoder.finish().map_err(ApiError::from)?)?;
    sink.finish()?;
    output::note(&fetched(&scan));
    Ok(())
}

/// How much of the files was fetched.
pub(crate) fn fetched(scan: &Scan) -> String {
    match scan.size_bytes() {
        0 => "only some rows of this table are open to you: they were asked of the server".to_owned(),
        size => format!("{} of {} bytes were fetched", grouped(scan.fetched_bytes()), grouped(size)),
    }
}

enum Encoder {
    Json { first: bool },
    JsonLines,
    Csv { schema: SchemaRef, header: bool },
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl Encoder {
    fn new(shape: Shape, schema: SchemaRef) -> Result<Self, ArrowError> {
        Ok(match shape {
            Shape::Json => Self::Json { first: true },
            Shape::Jsonl => Self::JsonLines,
            Shape::Csv => Self::Csv { schema, header: true },
            Shape::Table | Shape::Arrow | Shape::Parquet => {
                Self::Arrow(Box::new(StreamWriter::try_new(Vec::new(), &schema)?))
            }
        })
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let mut out = Vec::new();
        match self {
            Self::Json { first } => {
                let mut writer = JsonWriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
                writer.write(batch)?;
                writer.finish()?;
                let array = writer.into_inner();
                // One array a batch is written; the answer is one array of them all.
                let rows = array.strip_prefix(b"[").and_then(|rows| rows.strip_suffix(b"]")).unwrap_or_default();
                out.push(if *first { b'[' } else { b',' });
                out.extend_from_slice(rows);
                *first = false;
            }
            Self::JsonLines => {
                let builder = JsonWriterBuilder::new().with_explicit_nulls(true);
                let mut writer = builder.build::<_, LineDelimited>(&mut out);
                writer.write(batch)?;
                writer.finish()?;
            }
            Self::Csv { header, .. } => {
                CsvWriterBuilder::new().with_header(*header).build(&mut out).write(batch)?;
                *header = false;
            }
            Self::Arrow(writer) => {
                writer.write(batch)?;
                out.append(writer.get_mut());
            }
        }
        Ok(out)
    }

    fn finish(self) -> Result<Vec<u8>, ArrowError> {
        let mut out = Vec::new();
        match self {
            Self::Json { first } => out.extend_from_slice(if first { b"[]" } else { b"]" }),
            Self::Csv { schema, header: true } => {
                CsvWriterBuilder::new().with_header(true).build(&mut out).write(&RecordBatch::new_empty(schema))?;
            }
            Self::JsonLines | Self::Csv { .. } => {}
            Self::Arrow(mut writer) => {
                writer.finish()?;
                out.append(writer.get_mut());
            }
        }
        Ok(out)
    }
}
