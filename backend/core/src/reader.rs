//! The edge to the data: what the server may ask of an engine, and nothing else.

use crate::figures::FigureTable;
use crate::filter::Filter;
use crate::id::FileId;
use crate::name::Name;
use crate::tier::Tier;
use bytes::Bytes;
use futures_core::Stream;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

/// A future that an engine answers with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReadError>> + Send + 'a>>;

/// The bytes of an answer as they are made, each with the rows it completes.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Chunk, ReadError>> + Send>>;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Bytes,
    /// How many rows this piece completes; zero for pieces of whole files.
    pub rows: u64,
}

/// Why data could not be read. One variant for each thing a caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The stored file is missing, damaged or not what its manifest says. The operator must act.
    #[error("{0}")]
    Damaged(String),
    /// The caller asked for something that the table cannot answer, for instance a text compared with a number column.
    #[error("{0}")]
    BadRequest(String),
    /// The SQL does not parse, plan or run within what is visible.
    #[error("{0}")]
    BadQuery(String),
    /// A limit of memory, time or output was reached.
    #[error("{0}")]
    LimitReached(String),
    /// The engine is too busy; worth trying again.
    #[error("{0}")]
    Busy(String),
}

/// Which version of which table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableAddress {
    /// The dataset.
    pub dataset: Name,
    /// The tier.
    pub tier: Tier,
    /// The version's number.
    pub version: u32,
    /// The table.
    pub table: Name,
}

/// Columns that may be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnView {
    /// Every column.
    All,
    /// These, in file order.
    Only(Arc<[String]>),
}

/// One stored file as one grant may see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileView {
    /// The table.
    pub table: TableAddress,
    /// The file's identifier.
    pub id: FileId,
    /// The file's name within the table.
    pub name: String,
    /// SHA-256 of the stored file, lower-case hexadecimal.
    pub sha256: String,
    /// The columns that exist in this view.
    pub columns: ColumnView,
}

/// A file view that is ready to be read. Length and tag never change for the same view.
pub trait OpenFile: Send + Sync {
    /// Length of the view in bytes.
    fn len_bytes(&self) -> u64;

    /// Strong entity tag of the view, without quotes.
    fn etag(&self) -> &str;

    /// The bytes of a range that lies within the file.
    fn read(&self, range: Range<u64>) -> Chunks;

    /// SHA-256 of the whole view, lower-case hexadecimal; computed at most once.
    fn sha256(&self) -> Answer<'_, String>;
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// CSV with a header line.
    Csv,
    /// An Arrow IPC stream.
    ArrowStream,
    /// An Arrow IPC stream whose buffers are compressed with zstd.
    ArrowStreamZstd,
    /// A Parquet file.
    Parquet,
    /// Persons as FHIR bundles, one JSON object a line. Rows are not written so: it is for what is made anew, where the
    /// generator knows that form.
    FhirLines,
}

/// Which rows of a table are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsRequest {
    /// The table.
    pub table: TableAddress,
    /// Its files, in order.
    pub files: Vec<String>,
    /// The columns to answer with, in this order; never empty.
    pub columns: Vec<String>,
    /// The rows to answer with. It may look at columns that are not answered.
    pub filter: Option<Filter>,
    /// At most so many rows.
    pub limit: u64,
    /// How to write them.
    pub format: Format,
}

/// Rows that are to be made anew by the generator of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthesisRequest {
    /// The table.
    pub table: TableAddress,
    /// The columns to answer with, in this order; never empty.
    pub columns: Vec<String>,
    /// The rows that exist for the caller; others are made and not answered.
    pub filter: Option<Filter>,
    /// How many rows are made.
    pub rows: u64,
    /// The same seed makes the same rows.
    pub seed: u64,
    /// How to write them.
    pub format: Format,
}

/// A table as one caller sees it in SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleTable {
    /// The table.
    pub table: TableAddress,
    /// Its files, in order.
    pub files: Vec<String>,
    /// The columns that exist for the caller.
    pub columns: ColumnView,
    /// The rows that exist for the caller.
    pub rows: Option<Filter>,
}

/// A read-only SQL query over what a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The SQL text.
    pub sql: String,
    /// All the tables that exist for the caller.
    pub tables: Vec<VisibleTable>,
    /// At most so many rows.
    pub limit: u64,
    /// How to write them.
    pub format: Format,
    /// Whether nobody waits: it may wait for its turn and run longer, and takes no turn from those who wait.
    pub in_background: bool,
}

/// Counts of persons in cells. A cell is one bin of each dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellsRequest {
    /// The table.
    pub table: TableAddress,
    /// Its files, in order.
    pub files: Vec<String>,
    /// The column that names the person.
    pub person: String,
    /// The rows that count; all when there is no filter.
    pub filter: Option<Filter>,
    /// The bins of each dimension. A row belongs to the first bin that it passes, and to no cell when it passes none.
    pub dimensions: Vec<Vec<Filter>>,
    /// In how many cells one person is counted at most; which ones, a keyed hash says.
    pub cells_per_person: u32,
    /// What makes the choice of cells unpredictable.
    pub salt: [u8; 32],
}

impl CellsRequest {
    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.dimensions.iter().map(Vec::len).product()
    }
}

/// What the server may ask of an engine.
pub trait DatasetReader: Send + Sync + 'static {
    /// Opens a file as a grant may see it.
    fn open_file<'a>(&'a self, view: &'a FileView) -> Answer<'a, Arc<dyn OpenFile>>;

    /// Whether a file may hold a row that passes one of the filters, as far as the statistics in the view tell. Yes when
    /// they tell nothing, and for a filter that does not fit the table. The filters look at columns of the view alone.
    fn may_hold<'a>(&'a self, view: &'a FileView, filters: &'a [Filter]) -> Answer<'a, bool>;

    /// Reads rows.
    fn rows(&self, request: RowsRequest) -> Answer<'_, Chunks>;

    /// Makes rows.
    fn synthesize(&self, request: SynthesisRequest) -> Answer<'_, Chunks>;

    /// Counts persons in cells, the last dimension running fastest. Reads every row whatever the filter says, so that the
    /// time it takes tells nothing about the values.
    fn count_cells(&self, request: CellsRequest) -> Answer<'_, Vec<u64>>;

    /// Finds the tables that a query names, without running it, so that they can be recorded before it runs.
    fn referenced_tables(&self, request: &QueryRequest) -> Result<Vec<TableAddress>, ReadError>;

    /// Runs a query.
    fn query(&self, request: QueryRequest) -> Answer<'_, Chunks>;

    /// Writes a table of figures. It takes as long as the table is: call it where blocking is allowed.
    fn write_figures(&self, table: FigureTable, format: Format) -> Result<Bytes, ReadError>;
}
