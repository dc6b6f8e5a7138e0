//! Reading rows straight from stored files: chosen columns, filtered rows, one row group after another.
//!
//! Row groups and pages that a filter rules out by their statistics are not decoded. Only one row group is open at a
//! time, so memory does not grow with the table, and whoever stops asking stops the work.

mod prune;

pub(crate) use prune::may_hold;

#[cfg(test)]
mod tests;

use crate::number::{to_u64, to_usize};
use crate::predicate::{Condition, Predicate};
use crate::stored::StoredFile;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::and_kleene;
use arrow::datatypes::SchemaRef;
use mudeung_core::filter::Filter;
use mudeung_core::reader::ReadError;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, RowFilter};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 8_192;

/// Which rows and columns are wanted.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// The columns, in the order of the answer. May be empty, when rows are only counted.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) filter: Option<Filter>,
    /// At most so many rows.
    pub(crate) limit: u64,
}

/// A part of a file to read.
#[derive(Clone)]
pub(crate) struct Part {
    /// The file.
    pub(crate) file: Arc<StoredFile>,
    /// Its row groups.
    pub(crate) groups: Range<usize>,
}

/// An iterator over the wanted rows of some files. Ends after the first error.
///
/// After each row group comes a batch without rows, so that a search that finds nothing can be stopped, too.
pub(crate) struct Scan {
    wanted: Wanted,
    schema: SchemaRef,
    parts: VecDeque<Part>,
    groups: VecDeque<prune::Group>,
    open: Option<Arc<OpenFile>>,
    decoder: Option<ParquetPushDecoder>,
    left: u64,
}

/// The file that is being read, and the request in its terms.
struct OpenFile {
    file: Arc<StoredFile>,
    predicate: Option<Predicate>,
    mask: ProjectionMask,
    /// Position among the projected columns of each column of the answer.
    order: Vec<usize>,
}

impl Scan {
    /// A scan of whole files, which must have the same columns. The request is checked against the first of them.
    pub(crate) fn open(files: &[Arc<StoredFile>], wanted: Wanted) -> Result<Self, ReadError> {
        let mut parts = Vec::with_capacity(files.len());
        for file in files {
            // Files are parsed when their turn comes: the first rows do not wait for the last file's footer.
            parts.push(Part { file: file.clone(), groups: 0..usize::MAX });
        }
        let first = files.first().ok_or_else(|| ReadError::Damaged("the table has no files".to_owned()))?;
        let schema = answer_schema(first, &wanted)?;
        Ok(Self::over(parts, schema, wanted))
    }

    /// A scan of parts of files, for a request that was checked.
    pub(crate) fn over(parts: Vec<Part>, schema: SchemaRef, wanted: Wanted) -> Self {
        let left = wanted.limit;
        Self { wanted, schema, parts: parts.into(), groups: VecDeque::new(), open: None, decoder: None, left }
    }

    /// The schema of the answer.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while self.left > 0 {
            if let (Some(decoder), Some(open)) = (self.decoder.as_mut(), self.open.as_ref()) {
                match decoder.try_decode().map_err(|problem| open.file.damaged(problem))? {
                    DecodeResult::NeedsData(ranges) => {
                        let bytes = open.file.source.fetch_blocking(ranges.clone())?;
                        decoder.push_ranges(ranges, bytes).map_err(|problem| open.file.damaged(problem))?;
                    }
                    DecodeResult::Data(batch) => {
                        let batch = self.shape(&batch)?;
                        self.left -= to_u64(batch.num_rows()).min(self.left);
                        if batch.num_rows() > 0 {
                            return Ok(Some(batch));
                        }
                    }
                    DecodeResult::Finished => {
                        self.decoder = None;
                        return Ok(Some(RecordBatch::new_empty(self.schema.clone())));
                    }
                }
            } else if let (Some(group), Some(open)) = (self.groups.pop_front(), self.open.as_ref()) {
                self.decoder = Some(open.decoder(group, self.left)?);
            } else if !self.open_next()? {
                break;
            }
        }
        Ok(None)
    }

    /// Opens the next file and finds the row groups in it that are left to be read. False when there is none.
    fn open_next(&mut self) -> Result<bool, ReadError> {
        let Some(part) = self.parts.pop_front() else { return Ok(false) };
        let open = OpenFile::new(part.file, &self.wanted)?;
        self.groups = prune::groups(&open.file, open.predicate.as_ref(), part.groups)?.into();
        self.open = Some(Arc::new(open));
        Ok(true)
    }

    /// Takes off the next row group as a scan of its own; `None` at the end.
    pub(crate) fn split_off(&mut self) -> Result<Option<Self>, ReadError> {
        let split = catch_unwind(AssertUnwindSafe(|| {
            loop {
                if let (Some(group), Some(open)) = (self.groups.pop_front(), self.open.as_ref()) {
                    return Ok(Some(Self {
                        wanted: self.wanted.clone(),
                        schema: self.schema.clone(),
                        parts: VecDeque::new(),
                        groups: VecDeque::from([group]),
                        open: Some(open.clone()),
                        decoder: None,
                        left: self.left,
                    }));
                }
                if !self.open_next()? {
                    return Ok(None);
                }
            }
        }));
        split.unwrap_or_else(|_panic| Err(self.undecodable()))
    }

    /// At most so many rows.
    pub(crate) fn limit(&self) -> u64 {
        self.wanted.limit
    }

    fn undecodable(&self) -> ReadError {
        match &self.open {
            Some(open) => open.file.damaged("cannot be decoded"),
            None => ReadError::Damaged("a stored file cannot be decoded".to_owned()),
        }
    }

    /// Brings the columns into the order of the answer.
    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch, ReadError> {
        let Some(open) = &self.open else { return Err(ReadError::Damaged("no file is open".to_owned())) };
        let ordered = batch.project(&open.order).map_err(|problem| open.file.damaged(problem))?;
        ordered
            .with_schema(self.schema.clone())
            .map_err(|_problem| open.file.damaged("its columns differ from the other files'"))
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The decoder trusts what it reads; a damaged page can make it panic.
        let step = catch_unwind(AssertUnwindSafe(|| self.step()));
        let next = step.unwrap_or_else(|_panic| Err(self.undecodable())).transpose();
        if matches!(next, Some(Err(_))) {
            self.left = 0;
        }
        next
    }
}

/// The schema of a file in the columns and order of the answer; checks the filter, too.
fn answer_schema(file: &StoredFile, wanted: &Wanted) -> Result<SchemaRef, ReadError> {
    let schema = file.metadata()?.schema();
    if let Some(filter) = &wanted.filter {
        Predicate::compile(filter, schema)?;
    }
    let mut positions: Vec<usize> = Vec::with_capacity(wanted.columns.len());
    for column in &wanted.columns {
        let found = schema.column_with_name(column).map(|(position, _)| position);
        let position = found.ok_or_else(|| ReadError::BadRequest(format!("there is no column `{column}`")))?;
        if positions.contains(&position) {
            return Err(ReadError::BadRequest(format!("column `{column}` is asked for twice")));
        }
        positions.push(position);
    }
    schema.project(&positions).map(Arc::new).map_err(|problem| file.damaged(problem))
}

impl OpenFile {
    fn new(file: Arc<StoredFile>, wanted: &Wanted) -> Result<Self, ReadError> {
        let metadata = file.metadata()?;
        let predicate =
            wanted.filter.as_ref().map(|filter| Predicate::compile(filter, metadata.schema())).transpose()?;
        let position = |column: &String| {
            let found = metadata.schema().column_with_name(column).map(|(position, _)| position);
            found.ok_or_else(|| file.damaged(format!("column `{column}` is missing")))
        };
        let positions: Vec<usize> = wanted.columns.iter().map(position).collect::<Result<_, _>>()?;
        // The reader answers in file order: a column's place is the number of projected columns before it.
        let order = positions.iter().map(|at| positions.iter().filter(|other| *other < at).count()).collect();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), positions);
        Ok(Self { predicate, mask, order, file })
    }

    fn decoder(&self, group: prune::Group, limit: u64) -> Result<ParquetPushDecoder, ReadError> {
        let metadata = self.file.metadata()?.clone();
        let schema = metadata.parquet_schema();
        let filter = self.predicate.as_ref().map(|predicate| {
            // All conditions on one column are tested in one pass over it.
            let mut by_column: BTreeMap<usize, Vec<Condition>> = BTreeMap::new();
            for condition in &predicate.conditions {
                by_column.entry(condition.column).or_default().push(condition.clone());
            }
            let test = |(column, conditions): (usize, Vec<Condition>)| {
                let mask = ProjectionMask::roots(schema, [column]);
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
        });
        let mut builder = ParquetPushDecoderBuilder::new_with_metadata(metadata.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(vec![group.number])
            .with_projection(self.mask.clone())
            .with_limit(to_usize(limit));
        if let Some(selection) = group.selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(filter) = filter {
            builder = builder.with_row_filter(filter);
        }
        builder.build().map_err(|problem| self.file.damaged(problem))
    }
}
