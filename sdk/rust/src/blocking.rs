//! The same without `async`, for scripts and for programs that have threads of their own.
//!
//! ```no_run
//! use mudeung_sdk::blocking::Client;
//!
//! let client = Client::new(mudeung_sdk::Client::builder("http://127.0.0.1:8080").credentials("app_…", "…"))?;
//! for batch in client.table("lymph_node.synthetic.patient")?.rows(|rows| rows.limit(10))? {
//!     println!("{} rows", batch?.num_rows());
//! }
//! # Ok::<(), mudeung_sdk::ApiError>(())
//! ```
//!
//! Not for use inside of an async runtime: waiting there blocks the thread, and tokio ends it with a message.

use crate::account::UsagePeriod;
use crate::client::ClientBuilder;
use crate::download::{DownloadedFile, Progress};
use crate::error::ApiError;
use crate::page;
use crate::rows::{self, QueryRequest, RowsRequest, SynthesisRequest};
use crate::scan::{self, ScanRequest};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures_util::StreamExt;
use mudeung_wire::api::{
    DatasetItem, FileItem, GrantItem, PrivacyBudget, QuotaItem, ReceiptItem, StatisticsAnswer, StatisticsBody,
    TableItem, TierItem, UsageItem, VersionItem,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A connection to one sandbox. Cheap to clone; threads may share it.
#[derive(Debug, Clone)]
pub struct Client {
    inner: crate::client::Client,
    runtime: Arc<Runtime>,
}

/// A table of one sandbox.
#[derive(Debug, Clone)]
pub struct Table {
    inner: crate::table::Table,
    runtime: Arc<Runtime>,
}

/// A list that fetches its pages as it is read.
pub struct Items<T> {
    inner: page::Items<T>,
    runtime: Arc<Runtime>,
}

/// Rows as Arrow record batches, as they arrive. Dropped early, the answer ends there.
pub struct Rows {
    inner: rows::Rows,
    runtime: Arc<Runtime>,
}

/// Rows that are read from a table's files, as they arrive.
pub struct Scan {
    inner: scan::Scan,
    runtime: Arc<Runtime>,
}

impl<T> Iterator for Items<T> {
    type Item = Result<T, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.block_on(self.inner.next())
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.block_on(self.inner.next())
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.block_on(self.inner.next())
    }
}

impl Scan {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    /// Bytes of the files that were fetched so far.
    pub fn fetched_bytes(&self) -> u64 {
        self.inner.fetched_bytes()
    }

    /// Size of all files of the table.
    pub fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }
}

impl Rows {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    /// The index of the access in the ledger.
    pub fn receipt(&self) -> Option<u64> {
        self.inner.receipt()
    }

    /// The seed that makes the same rows again, when they were made anew.
    pub fn seed(&self) -> Option<u64> {
        self.inner.seed()
    }
}

impl Client {
    /// Checks the settings. Nothing is sent yet.
    pub fn new(builder: ClientBuilder) -> Result<Self, ApiError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| ApiError::Configuration(format!("no thread to work on: {error}")))?;
        Ok(Self { inner: builder.build()?, runtime: Arc::new(runtime) })
    }

    fn items<T>(&self, inner: page::Items<T>) -> Items<T> {
        Items { inner, runtime: Arc::clone(&self.runtime) }
    }

    /// All datasets of the catalogue.
    pub fn datasets(&self) -> Items<DatasetItem> {
        self.items(self.inner.datasets())
    }

    /// One dataset.
    pub fn dataset(&self, dataset: &str) -> Result<DatasetItem, ApiError> {
        self.runtime.block_on(self.inner.dataset(dataset))
    }

    /// One tier of a dataset with its tables.
    pub fn tier(&self, dataset: &str, tier: &str, version: Option<u32>) -> Result<TierItem, ApiError> {
        self.runtime.block_on(self.inner.tier(dataset, tier, version))
    }

    /// All versions of a tier.
    pub fn versions(&self, dataset: &str, tier: &str) -> Items<VersionItem> {
        self.items(self.inner.versions(dataset, tier))
    }

    /// A table by its name `dataset.tier.table`. Nothing is sent yet.
    pub fn table(&self, name: &str) -> Result<Table, ApiError> {
        Ok(Table { inner: self.inner.table(name)?, runtime: Arc::clone(&self.runtime) })
    }

    /// Runs read-only SQL; `shape` may set a limit.
    pub fn query(&self, sql: &str, shape: impl FnOnce(QueryRequest) -> QueryRequest) -> Result<Rows, ApiError> {
        let inner = self.runtime.block_on(shape(self.inner.query(sql)).send())?;
        Ok(Rows { inner, runtime: Arc::clone(&self.runtime) })
    }

    /// Counts persons under differential privacy.
    pub fn statistics(&self, asked: &StatisticsBody) -> Result<StatisticsAnswer, ApiError> {
        self.runtime.block_on(self.inner.statistics(asked))
    }

    /// What may still be learned without a grant.
    pub fn privacy_budgets(&self) -> Items<PrivacyBudget> {
        self.items(self.inner.privacy_budgets())
    }

    /// What was read.
    pub fn usage(&self, period: &UsagePeriod) -> Items<UsageItem> {
        self.items(self.inner.usage(period))
    }

    /// What may still be read.
    pub fn quota(&self) -> Items<QuotaItem> {
        self.items(self.inner.quota())
    }

    /// The grants of this app.
    pub fn grants(&self) -> Items<GrantItem> {
        self.items(self.inner.grants())
    }

    /// Waits until the proofs of all accesses so far are kept and checked, at most so long.
    pub fn receipts_kept(&self, patience: Duration) -> Result<(), ApiError> {
        self.runtime.block_on(self.inner.receipts_kept(patience))
    }

    /// An entry of the ledger that this app made.
    pub fn receipt(&self, index: u64) -> Result<ReceiptItem, ApiError> {
        self.runtime.block_on(self.inner.receipt(index))
    }
}

impl Table {
    /// The same table in one version.
    #[must_use]
    pub fn at_version(self, version: u32) -> Self {
        Self { inner: self.inner.at_version(version), ..self }
    }

    /// Schema and dictionary.
    pub fn describe(&self) -> Result<TableItem, ApiError> {
        self.runtime.block_on(self.inner.describe())
    }

    /// Its Parquet files with signed addresses.
    pub fn files(&self) -> Items<FileItem> {
        Items { inner: self.inner.files(), runtime: Arc::clone(&self.runtime) }
    }

    /// Reads rows; `shape` chooses columns, a filter and a limit.
    pub fn rows(&self, shape: impl FnOnce(RowsRequest) -> RowsRequest) -> Result<Rows, ApiError> {
        let inner = self.runtime.block_on(shape(self.inner.rows()).send())?;
        Ok(Rows { inner, runtime: Arc::clone(&self.runtime) })
    }

    /// Makes rows of a synthetic table anew; `shape` chooses a seed and columns.
    pub fn synthesize(
        &self,
        rows: u64,
        shape: impl FnOnce(SynthesisRequest) -> SynthesisRequest,
    ) -> Result<Rows, ApiError> {
        let inner = self.runtime.block_on(shape(self.inner.synthesize(rows)).send())?;
        Ok(Rows { inner, runtime: Arc::clone(&self.runtime) })
    }

    /// Reads rows from the table's files; `shape` chooses columns, a filter and a limit.
    pub fn scan(&self, shape: impl FnOnce(ScanRequest) -> ScanRequest) -> Result<Scan, ApiError> {
        let inner = self.runtime.block_on(shape(self.inner.scan()).send())?;
        Ok(Scan { inner, runtime: Arc::clone(&self.runtime) })
    }

    /// Downloads its Parquet files into a folder.
    pub fn download(
        &self,
        folder: &Path,
        progress: impl FnMut(Progress<'_>) + Send,
    ) -> Result<Vec<DownloadedFile>, ApiError> {
        self.runtime.block_on(self.inner.download(folder, progress))
    }
}
