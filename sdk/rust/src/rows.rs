//! Rows of a table or of a query, as Arrow record batches or as the bytes of another format.

mod decoder;

use crate::client::{Call, Client};
use crate::error::ApiError;
use crate::table::Table;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use decoder::{Decoder, cut};
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt};
use mudeung_wire::api::QueryBody;
use reqwest::Response;
use reqwest::header::HeaderMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A format that rows come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An Arrow IPC stream.
    Arrow,
    /// Comma-separated values with a header line.
    Csv,
    /// JSON.
    Json,
    /// JSON, one row a line.
    JsonLines,
    /// A Parquet file.
    Parquet,
    /// Persons as FHIR bundles, one a line, where a dataset is made anew in that form; rows are not read so.
    Fhir,
}

impl Format {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Fhir => "application/fhir+ndjson",
        }
    }
}

/// A request for rows of a table.
///
/// ```no_run
/// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
/// use futures_util::TryStreamExt;
/// let table = client.table("lymph_node.synthetic.patient")?;
/// let rows = table.rows().columns(["age", "tumor_size"]).filter("tumor_size >= 30").limit(100).send().await?;
/// println!("entry {:?} of the ledger", rows.receipt());
/// let batches: Vec<_> = rows.try_collect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send` or `send_as`"]
pub struct RowsRequest {
    table: Table,
    columns: Vec<String>,
    filter: Option<String>,
    limit: Option<u64>,
}

impl RowsRequest {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, columns: Vec::new(), filter: None, limit: None }
    }

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

    /// Sends the request and reads the rows as Arrow record batches while they arrive.
    pub async fn send(self) -> Result<Rows, ApiError> {
        self.send_as(Format::Arrow).await?.batches().await
    }

    /// Sends the request and gives the bytes of another format as they arrive.
    pub async fn send_as(self, format: Format) -> Result<RawRows, ApiError> {
        let mut url = self.table.address(&["rows"])?;
        if !self.columns.is_empty() {
            url.query_pairs_mut().append_pair("columns", &self.columns.join(","));
        }
        if let Some(filter) = &self.filter {
            url.query_pairs_mut().append_pair("filter", filter);
        }
        if let Some(limit) = self.limit {
            url.query_pairs_mut().append_pair("limit", &limit.to_string());
        }
        let response = self.table.client().send(&Call::get(url, format.media_type())).await?;
        Ok(RawRows::new(response))
    }
}

/// A request for rows that are made anew by the generator of a synthetic table: simulated, of nobody.
///
/// ```no_run
/// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
/// use futures_util::TryStreamExt;
/// let table = client.table("hypertension_home_bp.synthetic.person")?;
/// let rows = table.synthesize(500).seed(1).send().await?;
/// println!("seed {:?}", rows.seed());
/// let batches: Vec<_> = rows.try_collect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send` or `send_as`"]
pub struct SynthesisRequest {
    table: Table,
    rows: u64,
    seed: Option<u64>,
    columns: Vec<String>,
}

impl SynthesisRequest {
    pub(crate) fn new(table: Table, rows: u64) -> Self {
        Self { table, rows, seed: None, columns: Vec::new() }
    }

    /// The same seed makes the same rows, of the same persons in all tables of a dataset. Another each time unless it is given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Only these columns, in this order; all unless told otherwise.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sends the request and reads the rows as Arrow record batches while they arrive.
    pub async fn send(self) -> Result<Rows, ApiError> {
        self.send_as(Format::Arrow).await?.batches().await
    }

    /// Sends the request and gives the bytes of another format as they arrive.
    pub async fn send_as(self, format: Format) -> Result<RawRows, ApiError> {
        let mut url = self.table.synthesis()?;
        url.query_pairs_mut().append_pair("rows", &self.rows.to_string());
        if let Some(seed) = self.seed {
            url.query_pairs_mut().append_pair("seed", &seed.to_string());
        }
        if !self.columns.is_empty() {
            url.query_pairs_mut().append_pair("columns", &self.columns.join(","));
        }
        let response = self.table.client().send(&Call::post(url, format.media_type(), Vec::new())).await?;
        Ok(RawRows::new(response))
    }
}

/// A read-only SQL query.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send` or `send_as`"]
pub struct QueryRequest {
    client: Client,
    body: QueryBody,
}

impl Client {
    /// Starts a read-only SQL query over tables that are named `dataset.tier.table`.
    ///
    /// ```no_run
    /// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
    /// use futures_util::TryStreamExt;
    /// let sql = "select tumor_grade, count(*) as n from lymph_node.synthetic.patient group by tumor_grade";
    /// let batches: Vec<_> = client.query(sql).send().await?.try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, sql: impl Into<String>) -> QueryRequest {
        QueryRequest { client: self.clone(), body: QueryBody { sql: sql.into(), limit: None } }
    }
}

impl QueryRequest {
    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.body.limit = Some(rows);
        self
    }

    /// Runs the query and reads the rows as Arrow record batches while they arrive.
    pub async fn send(self) -> Result<Rows, ApiError> {
        self.send_as(Format::Arrow).await?.batches().await
    }

    /// Runs the query and gives the bytes of another format as they arrive.
    pub async fn send_as(self, format: Format) -> Result<RawRows, ApiError> {
        let (client, body) = self.parts()?;
        let url = client.address(&["v1", "query"])?;
        let response = client.send(&Call::post(url, format.media_type(), body)).await?;
        Ok(RawRows::new(response))
    }

    /// Who asks, and the body of the request.
    pub(crate) fn parts(self) -> Result<(Client, Vec<u8>), ApiError> {
        let body = serde_json::to_vec(&self.body).map_err(|error| ApiError::Configuration(error.to_string()))?;
        Ok((self.client, body))
    }
}

/// The bytes of an answer as they arrive: a stream of [`Bytes`].
pub struct RawRows {
    receipt: Option<u64>,
    seed: Option<u64>,
    status: u16,
    media_type: String,
    bytes: BoxStream<'static, Result<Bytes, ApiError>>,
}

impl RawRows {
    pub(crate) fn new(response: Response) -> Self {
        let receipt = receipt(response.headers());
        let seed = response.headers().get("mudeung-seed").and_then(|value| value.to_str().ok()?.parse().ok());
        let status = response.status().as_u16();
        let media_type = response.headers().get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let bytes = response.bytes_stream().map(|chunk| chunk.map_err(ApiError::transport)).boxed();
        Self { receipt, seed, status, media_type, bytes }
    }

    /// The index of this access in the ledger.
    pub fn receipt(&self) -> Option<u64> {
        self.receipt
    }

    /// The seed that makes the same rows again, when they were made anew.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The media type of the answer.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Reads an answer that was asked for as [`Format::Arrow`] as record batches.
    pub async fn batches(self) -> Result<Rows, ApiError> {
        Rows::open(self).await
    }
}

impl Stream for RawRows {
    type Item = Result<Bytes, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.bytes.poll_next_unpin(context)
    }
}

/// Rows as they arrive: a stream of [`RecordBatch`]. A stream that was cut ends in an error, never silently.
pub struct Rows {
    raw: RawRows,
    schema: SchemaRef,
    decoder: Decoder,
    done: bool,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("receipt", &self.receipt()).field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Rows {
    async fn open(mut raw: RawRows) -> Result<Self, ApiError> {
        if !raw.media_type.starts_with(Format::Arrow.media_type()) {
            let what = format!("rows as `{}` instead of an Arrow stream", raw.media_type);
            return Err(ApiError::Unexpected { status: raw.status, what });
        }
        let mut decoder = Decoder::default();
        loop {
            if let Some(schema) = decoder.schema() {
                return Ok(Self { raw, schema, decoder, done: false });
            }
            match raw.next().await {
                Some(chunk) => decoder.push(&chunk?)?,
                None => return Err(cut().into()),
            }
        }
    }

    /// The columns of the rows.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The index of this access in the ledger.
    pub fn receipt(&self) -> Option<u64> {
        self.raw.receipt
    }

    /// The seed that makes the same rows again, when they were made anew.
    pub fn seed(&self) -> Option<u64> {
        self.raw.seed
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(batch) = this.decoder.next() {
                return Poll::Ready(Some(Ok(batch)));
            }
            if this.done {
                return Poll::Ready(None);
            }
            let result = match ready!(this.raw.poll_next_unpin(context)) {
                Some(Ok(chunk)) => this.decoder.push(&chunk).map_err(ApiError::from),
                Some(Err(error)) => Err(error),
                None => {
                    this.done = true;
                    this.decoder.finish().map_err(ApiError::from)
                }
            };
            if let Err(error) = result {
                this.done = true;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

pub(crate) fn receipt(headers: &HeaderMap) -> Option<u64> {
    headers.get("mudeung-receipt")?.to_str().ok()?.parse().ok()
}
