//! The engine: what the server's requests become.

use crate::cache::Cache;
use crate::opened::{Hash, Opened, etag};
use crate::place::{Place, label};
use crate::rows::Batches;
use crate::scan::{Scan, Wanted};
use crate::stored::StoredFile;
use crate::view::{self, Part};
use crate::{cells, figures, query, rows, scan, synthesis};
use bytes::Bytes;
use mudeung_core::figures::FigureTable;
use mudeung_core::filter::Filter;
use mudeung_core::name::Name;
use mudeung_core::reader::{
    Answer, CellsRequest, Chunks, ColumnView, DatasetReader, FileView, Format, OpenFile, QueryRequest, ReadError,
    RowsRequest, SynthesisRequest, TableAddress,
};
use mudeung_core::tier::Tier;
use mudeung_synth::Generator;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[cfg(test)]
mod tests;

/// Generators that are remembered. Each is small beside the rows it makes.
const GENERATORS_MAX: usize = 32;

/// The engine's limits. All are finite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Files kept open (mapped) at a time.
    pub open_files_max: usize,
    /// Views of files whose layout is remembered.
    pub views_max: usize,
    /// Answers of rows under way at a time.
    pub concurrent_reads: usize,
    /// How long a request waits for its turn before it is told that the engine is busy.
    pub turn_seconds: u64,
    /// Decoding time of one answer of rows.
    pub read_seconds: u64,
    /// SQL queries under way at a time.
    pub concurrent_queries: usize,
    /// Memory of all SQL queries together.
    pub query_memory_bytes: usize,
    /// Working time of one SQL query.
    pub query_seconds: u64,
    /// SQL queries that nobody waits for, under way at a time; besides the others, with memory of their own.
    pub background_queries: usize,
    /// Working time of one of them.
    pub background_query_seconds: u64,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            open_files_max: 512,
            views_max: 512,
            concurrent_reads: 64,
            turn_seconds: 10,
            read_seconds: 60,
            concurrent_queries: 4,
            query_memory_bytes: 128 * 1024 * 1024,
            query_seconds: 30,
            background_queries: 2,
            background_query_seconds: 600,
        }
    }
}

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The threads for queries cannot be started.
    #[error("starting the query threads: {0}")]
    Threads(std::io::Error),
}

/// A reader of the versions in a place. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    options: EngineOptions,
    files: Cache<(TableAddress, String), Arc<StoredFile>>,
    views: Cache<FileView, Arc<Opened>>,
    /// Hashes outlive their views: they are costly to make and cheap to keep.
    hashes: Cache<String, Hash>,
    generators: Cache<(Name, Tier, u32), Arc<Generator>>,
    hashing: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    queries: Arc<Semaphore>,
    /// How many threads can run at once.
    cores: usize,
    background: Arc<Semaphore>,
    /// Queries compute on threads of their own, away from those that serve requests. `None` only while it ends.
    threads: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // An engine may be dropped on an async thread, where waiting for other threads is not allowed.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Engine {
    /// An engine on a place.
    pub fn open(place: Place, options: EngineOptions) -> Result<Self, EngineError> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .thread_name("query")
            .thread_stack_size(query::STACK_BYTES)
            .enable_time()
            .build()
            .map_err(EngineError::Threads)?;
        let inner = Inner {
            files: Cache::new(options.open_files_max),
            views: Cache::new(options.views_max),
            hashes: Cache::new(options.views_max.saturating_mul(8)),
            generators: Cache::new(GENERATORS_MAX),
            hashing: Arc::new(Semaphore::new(2)),
            reads: Arc::new(Semaphore::new(options.concurrent_reads)),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            queries: Arc::new(Semaphore::new(options.concurrent_queries)),
            background: Arc::new(Semaphore::new(options.background_queries)),
            threads: Some(threads),
            place,
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// A stored file, opened at most once while it is remembered. May block.
    fn stored(&self, table: &TableAddress, name: &str) -> Result<Arc<StoredFile>, ReadError> {
        let key = (table.clone(), name.to_owned());
        if let Some(file) = self.files.get(&key).filter(|file| file.is_sound()) {
            return Ok(file);
        }
        self.files.forget(&key);
        let source = self.place.source(table, name)?;
        let file = Arc::new(StoredFile::open(label(table, name), source)?);
        Ok(self.files.keep(key, file))
    }

    /// The generator of a version, bound to its tables at most once while it is remembered. May block.
    fn generator(&self, table: &TableAddress) -> Result<Arc<Generator>, ReadError> {
        let key = (table.dataset.clone(), table.tier, table.version);
        match self.generators.get(&key) {
            Some(generator) => Ok(generator),
            None => Ok(self.generators.keep(key, Arc::new(synthesis::load(&self.place, table)?))),
        }
    }

    /// Waits for a turn, for a while: who is sent away comes back, and costs more than who waits.
    async fn turn(&self, turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ReadError> {
        let patience = Duration::from_secs(self.options.turn_seconds);
        match tokio::time::timeout(patience, turns.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(ReadError::Busy("too many reads are under way; try again in a moment".to_owned())),
        }
    }

    /// Lays out a view. May block.
    fn opened(&self, view: &FileView) -> Result<Arc<Opened>, ReadError> {
        let file = self.stored(&view.table, &view.name)?;
        let etag = etag(view);
        let hash = self.hashes.keep(etag.clone(), Hash::default());
        let parts = match &view.columns {
            ColumnView::All => {
                // The manifest says it already.
                drop(hash.set(view.sha256.clone()));
                vec![Part::Stored(0..file.source.len_bytes())]
            }
            ColumnView::Only(columns) => view::lay_out(&file, columns)?,
        };
        let opened = Opened::new(file.source.clone(), parts, etag, hash, self.hashing.clone())?;
        Ok(self.views.keep(view.clone(), Arc::new(opened)))
    }
}

impl DatasetReader for Engine {
    fn open_file<'a>(&'a self, view: &'a FileView) -> Answer<'a, Arc<dyn OpenFile>> {
        Box::pin(async move {
            if let Some(opened) = self.inner.views.get(view) {
                let opened: Arc<dyn OpenFile> = opened;
                return Ok(opened);
            }
            let (inner, view) = (self.inner.clone(), view.clone());
            let opened = tokio::task::spawn_blocking(move || inner.opened(&view)).await;
            let opened: Arc<dyn OpenFile> = opened.map_err(|problem| rows::panicked(&problem))??;
            Ok(opened)
        })
    }

    fn may_hold<'a>(&'a self, view: &'a FileView, filters: &'a [Filter]) -> Answer<'a, bool> {
        Box::pin(async move {
            let (inner, view, filters) = (self.inner.clone(), view.clone(), filters.to_vec());
            let look = move || inner.stored(&view.table, &view.name).and_then(|file| scan::may_hold(&file, &filters));
            tokio::task::spawn_blocking(look).await.unwrap_or_else(|problem| Err(rows::panicked(&problem)))
        })
    }

    fn rows(&self, request: RowsRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            if request.columns.is_empty() {
                return Err(ReadError::BadRequest("no columns are asked for".to_owned()));
            }
            let permit = self.inner.turn(&self.inner.reads).await?;
            let time_max = Duration::from_secs(self.inner.options.read_seconds);
            // A reader alone has all threads; many share them, and each decodes on its own.
            let readers = self.inner.options.concurrent_reads.saturating_sub(self.inner.reads.available_permits());
            let threads = self.inner.cores / readers.max(1);
            let inner = self.inner.clone();
            let open = move || {
                let stored = |name: &String| inner.stored(&request.table, name);
                let files = request.files.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
                let wanted = Wanted { columns: request.columns, filter: request.filter, limit: request.limit };
                Ok(Batches::of_scan(Scan::open(&files, wanted)?, threads))
            };
            rows::stream(open, request.format, time_max, permit).await
        })
    }

    fn synthesize(&self, request: SynthesisRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            let permit = self.inner.turn(&self.inner.reads).await?;
            let time_max = Duration::from_secs(self.inner.options.read_seconds);
            let (inner, format) = (self.inner.clone(), request.format);
            let open = move || synthesis::batches(inner.generator(&request.table)?, &request);
            rows::stream(open, format, time_max, permit).await
        })
    }

    fn count_cells(&self, request: CellsRequest) -> Answer<'_, Vec<u64>> {
        Box::pin(async move {
            let permit = self.inner.turn(&self.inner.reads).await?;
            let (inner, time_max) = (self.inner.clone(), Duration::from_secs(self.inner.options.read_seconds));
            let count = move || {
                let _permit = permit;
                let stored = |name: &String| inner.stored(&request.table, name);
                let files = request.files.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
                cells::count(&files, &request, time_max)
            };
            tokio::task::spawn_blocking(count).await.unwrap_or_else(|problem| Err(rows::panicked(&problem)))
        })
    }

    fn write_figures(&self, table: FigureTable, format: Format) -> Result<Bytes, ReadError> {
        figures::write(table, format)
    }

    fn referenced_tables(&self, request: &QueryRequest) -> Result<Vec<TableAddress>, ReadError> {
        query::referenced_tables(request)
    }

    fn query(&self, request: QueryRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            let permit = if request.in_background {
                let closed = |_| ReadError::Busy("shutting down".to_owned());
                self.inner.background.clone().acquire_owned().await.map_err(closed)?
            } else {
                self.inner.turn(&self.inner.queries).await?
            };
            let Some(threads) = &self.inner.threads else {
                return Err(ReadError::Busy("shutting down".to_owned()));
            };
            let options = &self.inner.options;
            let limits = query::Limits {
                memory_bytes: options.query_memory_bytes / options.concurrent_queries.max(1),
                time_max: Duration::from_secs(match request.in_background {
                    true => options.background_query_seconds,
                    false => options.query_seconds,
                }),
            };
            // Weak: a query that is still running must not keep the engine, and with it the query's own threads.
            let inner = Arc::downgrade(&self.inner);
            let open: query::Opener = Box::new(move |table, name| match inner.upgrade() {
                Some(inner) => inner.stored(table, name),
                None => Err(ReadError::Busy("shutting down".to_owned())),
            });
            query::stream(threads.handle(), request, open, limits, permit).await
        })
    }
}
