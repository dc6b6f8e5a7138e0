//! One file of a scan: its footer, and the readers of its row groups.

use super::filter::Filter;
use super::groups::{Group, groups};
use super::predicate::{Condition, Predicate};
use super::remote::RemoteFile;
use super::unknown_column;
use crate::error::ApiError;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::and_kleene;
use arrow::datatypes::{Schema, SchemaRef};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, RowFilter,
};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows in a batch, as the server has them.
const BATCH_ROWS: usize = 8_192;
/// So much of the end of a file is fetched to begin with: the footer and the page index of most files are in it.
const TAIL_BYTES: u64 = 64 * 1024;
/// The longest footer or page index that is read.
const FOOTER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Which rows and columns are wanted.
pub(super) struct Wanted {
    /// The columns in the order of the answer; all that the files have when it is empty.
    pub(super) columns: Vec<String>,
    pub(super) filter: Option<Filter>,
    pub(super) limit: Option<u64>,
}

/// A file whose footer was read, and what is wanted in its terms.
pub(super) struct OpenFile {
    file: Arc<RemoteFile>,
    metadata: ArrowReaderMetadata,
    predicate: Option<Predicate>,
    mask: ProjectionMask,
    /// Position among the projected columns of each column of the answer.
    order: Vec<usize>,
    schema: SchemaRef,
    limit: Option<usize>,
}

/// A row group whose bytes are here.
pub(super) struct Started {
    file: Arc<OpenFile>,
    /// None when no row passes.
    reader: Option<ParquetRecordBatchReader>,
}

impl OpenFile {
    /// Opens the first file of a table; if all columns are wanted, its columns are.
    pub(super) async fn first(file: Arc<RemoteFile>, mut wanted: Wanted) -> Result<(Self, Wanted), ApiError> {
        let metadata = read_metadata(&file).await?;
        if wanted.columns.is_empty() {
            wanted.columns = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
        }
        Ok((Self::new(file, metadata, &wanted)?, wanted))
    }

    /// Opens another file.
    pub(super) async fn open(file: Arc<RemoteFile>, wanted: &Wanted) -> Result<Self, ApiError> {
        let metadata = read_metadata(&file).await?;
        Self::new(file, metadata, wanted)
    }

    fn new(file: Arc<RemoteFile>, metadata: ArrowReaderMetadata, wanted: &Wanted) -> Result<Self, ApiError> {
        let schema = metadata.schema();
        // Whoever reads rows counts on one chunk for each column.
        if !metadata.parquet_schema().root_schema().get_fields().iter().all(|field| field.is_primitive()) {
            return Err(file.damaged("it has nested columns"));
        }
        let predicate = wanted.filter.as_ref().map(|filter| Predicate::compile(filter, schema)).transpose()?;
        let positions = positions(schema, &wanted.columns)?;
        // The reader answers in file order: a column's place is the number of projected columns before it.
        let order = positions.iter().map(|at| positions.iter().filter(|other| *other < at).count()).collect();
        let answer = schema.project(&positions).map_err(|problem| file.damaged(problem))?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), positions);
        let limit = wanted.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Self { file, predicate, mask, order, schema: Arc::new(answer), metadata, limit })
    }

    /// The columns of the answer.
    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The row groups that the filter leaves.
    pub(super) fn groups(&self) -> Result<Vec<Group>, ApiError> {
        groups(&self.metadata, self.predicate.as_ref()).map_err(|problem| self.file.damaged(problem))
    }

    /// Fetches what a row group needs: the columns of the filter first, then what is left of the others.
    pub(super) async fn start(self: Arc<Self>, group: Group) -> Result<Started, ApiError> {
        let mut decoder = self.decoder(group).map_err(|problem| self.file.damaged(problem))?;
        loop {
            let step = move || (decoder.try_next_reader(), decoder);
            let (result, back) = decode(&self.file, step).await?;
            decoder = back;
            match result.map_err(|problem| self.file.damaged(problem))? {
                DecodeResult::NeedsData(ranges) => {
                    let data = self.file.fetch(&ranges).await?;
                    decoder.push_ranges(ranges, data).map_err(|problem| self.file.damaged(problem))?;
                }
                DecodeResult::Data(reader) => return Ok(Started { file: self, reader: Some(reader) }),
                DecodeResult::Finished => return Ok(Started { file: self, reader: None }),
            }
        }
    }

    fn decoder(&self, group: Group) -> Result<ParquetPushDecoder, ParquetError> {
        let mut builder = ParquetPushDecoderBuilder::new_with_metadata(self.metadata.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(vec![group.number])
            .with_projection(self.mask.clone());
        if let Some(limit) = self.limit {
            builder = builder.with_limit(limit);
        }
        if let Some(selection) = group.selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(predicate) = &self.predicate {
            builder = builder.with_row_filter(self.row_filter(predicate));
        }
        builder.build()
    }

    /// All conditions on one column are tested in one pass over it.
    fn row_filter(&self, predicate: &Predicate) -> RowFilter {
        let mut by_column: BTreeMap<usize, Vec<Condition>> = BTreeMap::new();
        for condition in &predicate.conditions {
            by_column.entry(condition.column).or_default().push(condition.clone());
        }
        let test = |(column, conditions): (usize, Vec<Condition>)| {
            let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [column]);
            let test = move |batch: RecordBatch| {
                let mut passing: Option<BooleanArray> = None;
                for condition in &conditions {
                    let more = condition.evaluate(batch.column(0));
                    passing = Some(match passing {
                        Some(so_far) => and_kleene(&so_far, &more)?,
                        None => more,
                    });
                }
                Ok(passing.unwrap_or_else(|| BooleanArray::from(vec![true; batch.num_rows()])))
            };
            let test: Box<dyn ArrowPredicate> = Box::new(ArrowPredicateFn::new(mask, test));
            test
        };
        RowFilter::new(by_column.into_iter().map(test).collect())
    }

    /// Brings the columns into the order of the answer.
    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch, ApiError> {
        let ordered = batch.project(&self.order).map_err(|problem| self.file.damaged(problem))?;
        let shaped = ordered.with_schema(self.schema.clone());
        shaped.map_err(|_problem| self.file.damaged("its columns differ from the other files'"))
    }
}

/// The rows of a row group.
pub(super) fn batches(started: Started) -> BoxStream<'static, Result<RecordBatch, ApiError>> {
    let Started { file, reader } = started;
    let Some(reader) = reader else { return stream::empty().boxed() };
    let rows = stream::try_unfold((file, reader), |(file, mut reader)| async move {
        let (batch, reader) = decode(&file.file, move || (reader.next(), reader)).await?;
        let Some(batch) = batch.transpose().map_err(|problem| file.file.damaged(problem))? else { return Ok(None) };
        Ok(Some((file.shape(&batch)?, (file, reader))))
    });
    rows.try_filter(|batch| futures_util::future::ready(batch.num_rows() > 0)).boxed()
}

/// Decodes off the threads that wait for the network. The decoder trusts what it reads: a damaged page can make it
/// panic.
async fn decode<T: Send + 'static>(
    file: &RemoteFile,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let joined = tokio::task::spawn_blocking(work).map(|joined| joined.ok()).await;
    joined.ok_or_else(|| file.damaged("it cannot be decoded"))
}

/// Reads the end of a file: its footer and its page index.
async fn read_metadata(file: &RemoteFile) -> Result<ArrowReaderMetadata, ApiError> {
    let (size, damaged) = (file.size_bytes, |problem: ParquetError| file.damaged(problem));
    let decoder = ParquetMetaDataPushDecoder::try_new(size).map_err(damaged)?;
    let mut decoder = decoder.with_page_index_policy(PageIndexPolicy::Optional);
    let tail = size.saturating_sub(TAIL_BYTES)..size;
    let mut ranges = Vec::from([tail]);
    loop {
        if ranges.iter().any(|range| range.start > range.end || range.end - range.start > FOOTER_BYTES_MAX) {
            return Err(file.damaged("its footer is too long"));
        }
        let data = file.fetch(&ranges).await?;
        decoder.push_ranges(ranges, data).map_err(damaged)?;
        let (result, back) = decode(file, move || (decoder.try_decode(), decoder)).await?;
        decoder = back;
        match result.map_err(damaged)? {
            DecodeResult::NeedsData(more) => ranges = more,
            DecodeResult::Data(metadata) => return of_rows(file, metadata).await,
            DecodeResult::Finished => return Err(file.damaged("it has no footer")),
        }
    }
}

async fn of_rows(file: &RemoteFile, metadata: ParquetMetaData) -> Result<ArrowReaderMetadata, ApiError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let made = decode(file, move || ArrowReaderMetadata::try_new(Arc::new(metadata), options)).await?;
    made.map_err(|problem| file.damaged(problem))
}

fn positions(schema: &Schema, columns: &[String]) -> Result<Vec<usize>, ApiError> {
    let mut positions: Vec<usize> = Vec::with_capacity(columns.len());
    for column in columns {
        let (position, _) = schema.column_with_name(column).ok_or_else(|| unknown_column(column))?;
        if positions.contains(&position) {
            return Err(ApiError::Configuration(format!("column `{column}` is asked for twice")));
        }
        positions.push(position);
    }
    Ok(positions)
}
