//! Rows out of a table's files: only the chunks of the chosen columns are fetched, and of them only the row groups and
//! pages that the filter leaves.
//!
//! What comes is what [`Table::rows`] gives with the same arguments, batch for batch. The server only gives bytes, so
//! it has less to do, and what is metered are the bytes that were fetched. The whole file's SHA-256 cannot be checked
//! by who reads a part of it; [`Table::download`] does that.

mod file;
mod filter;
mod groups;
mod predicate;
mod ranges;
mod remote;

use crate::error::ApiError;
use crate::table::Table;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use file::{OpenFile, Wanted};
use filter::Filter;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use mudeung_wire::api::FileItem;
use remote::{RemoteFile, Shared};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::Semaphore;

/// Row groups that are fetched ahead while one is read.
const GROUPS_AHEAD: usize = 2;

/// A request for rows that are read from the table's files.
///
/// ```no_run
/// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
/// use futures_util::TryStreamExt;
/// let table = client.table("lymph_node.synthetic.patient")?;
/// let mut scan = table.scan().columns(["age", "tumor_size"]).filter("tumor_size >= 30").send().await?;
/// while let Some(batch) = scan.try_next().await? {
///     println!("{} rows", batch.num_rows());
/// }
/// println!("{} bytes were fetched", scan.fetched_bytes());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct ScanRequest {
    table: Table,
    columns: Vec<String>,
    filter: Option<String>,
    limit: Option<u64>,
}

impl Table {
    /// Starts a request for rows that are read from the table's files.
    pub fn scan(&self) -> ScanRequest {
        ScanRequest { table: self.clone(), columns: Vec::new(), filter: None, limit: None }
    }
}

impl ScanRequest {
    /// Only these columns, in this order; all that are open to you unless told otherwise.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Only rows that pass: comparisons joined by `and`, as in `tumor_size >= 30 and tumor_grade in (2, 3)`.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Finds the files and reads what they say of themselves; rows are fetched as they are asked for. A table of which
    /// only some rows were granted has no files: then the server is asked for the rows.
    pub async fn send(self) -> Result<Scan, ApiError> {
        let Self { table, columns, filter, limit } = self;
        let described = table.describe().await?;
        // All files must be of one version, even when another is published meanwhile.
        let table = table.at_version(described.version);
        if described.row_filter.is_some() {
            return Scan::of_rows(&table, columns, filter, limit).await;
        }
        let filter = filter.as_deref().map(Filter::parse).transpose();
        let filter = filter.map_err(|invalid| ApiError::Configuration(invalid.to_string()))?;
        let items: Vec<FileItem> = table.files().try_collect().await?;
        let connections = Semaphore::new(table.client().transfer().connections.max(1));
        let shared = Arc::new(Shared { table, connections, fetched_bytes: AtomicU64::new(0) });
        let files: Vec<_> = items.into_iter().map(|item| Arc::new(RemoteFile::new(item, shared.clone()))).collect();
        let Some(first) = files.first() else {
            return Err(ApiError::Unexpected { status: 200, what: "a table without files".to_owned() });
        };
        let wanted = Wanted { columns, filter, limit };
        let (first, wanted) = OpenFile::first(first.clone(), wanted).await?;
        let (schema, wanted) = (first.schema(), Arc::new(wanted));
        let size_bytes = files.iter().map(|file| file.size_bytes).sum();
        let rows = rows(Arc::new(first), files, wanted);
        let rows = limited(rows, limit);
        Ok(Scan { schema, rows, size_bytes, shared: Some(shared) })
    }
}

/// Rows as they are read: a stream of [`RecordBatch`].
pub struct Scan {
    schema: SchemaRef,
    rows: BoxStream<'static, Result<RecordBatch, ApiError>>,
    size_bytes: u64,
    shared: Option<Arc<Shared>>,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Scan {
    async fn of_rows(
        table: &Table,
        columns: Vec<String>,
        filter: Option<String>,
        limit: Option<u64>,
    ) -> Result<Self, ApiError> {
        let mut request = table.rows().columns(columns);
        if let Some(filter) = filter {
            request = request.filter(filter);
        }
        if let Some(limit) = limit {
            request = request.limit(limit);
        }
        let rows = request.send().await?;
        Ok(Self { schema: rows.schema(), rows: rows.boxed(), size_bytes: 0, shared: None })
    }

    /// The columns of the rows.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Bytes of the files that were fetched so far; none when the server was asked for rows.
    pub fn fetched_bytes(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| shared.fetched_bytes.load(Ordering::Relaxed))
    }

    /// Size of all files of the table; zero when the server was asked for rows.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl Stream for Scan {
    type Item = Result<RecordBatch, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.poll_next_unpin(context)
    }
}

type Rows = BoxStream<'static, Result<RecordBatch, ApiError>>;

/// The rows of all files, one row group after another, with the next ones under way.
fn rows(first: Arc<OpenFile>, files: Vec<Arc<RemoteFile>>, wanted: Arc<Wanted>) -> Rows {
    // Whoever wants a few rows only should not pay for what comes after them.
    let ahead = if wanted.limit.is_some() { 1 } else { GROUPS_AHEAD };
    let later = stream::iter(files.into_iter().skip(1)).then(move |file| {
        let wanted = wanted.clone();
        async move { OpenFile::open(file, &wanted).await.map(Arc::new) }
    });
    let opened = stream::once(async move { Ok(first) }).chain(later);
    let groups = opened.map_ok(|file| {
        let groups = file.groups().map(move |groups| groups.into_iter().map(move |group| (file.clone(), group)));
        match groups {
            Ok(groups) => stream::iter(groups.map(Ok)).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    });
    let started = groups.try_flatten().map_ok(|(file, group)| file.start(group));
    started.try_buffered(ahead).map_ok(file::batches).try_flatten().boxed()
}

/// Ends after so many rows.
fn limited(rows: Rows, limit: Option<u64>) -> Rows {
    let Some(limit) = limit else { return rows };
    stream::try_unfold((rows, limit), |(mut rows, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(batch) = rows.try_next().await? else { return Ok(None) };
        let kept = batch.num_rows().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX));
        Ok(Some((batch.slice(0, kept), (rows, left))))
    })
    .boxed()
}

fn unknown_column(name: &str) -> ApiError {
    ApiError::Configuration(format!("there is no column `{name}`, or it is not open to you"))
}
