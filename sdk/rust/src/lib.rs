//! Typed client of a Mudeung sandbox: catalogue, rows as Arrow, whole tables as checked Parquet files, SQL, usage.
//!
//! ```no_run
//! # async fn run() -> Result<(), mudeung_sdk::ApiError> {
//! use futures_util::TryStreamExt;
//! use mudeung_sdk::Client;
//!
//! let client = Client::builder("http://127.0.0.1:8080").credentials("app_…", "…").build()?;
//! let table = client.table("lymph_node.synthetic.patient")?;
//! let mut rows = table.rows().limit(10).send().await?;
//! while let Some(batch) = rows.try_next().await? {
//!     println!("{} rows", batch.num_rows());
//! }
//! table.download("lymph_node".as_ref(), |progress| eprintln!("{} bytes", progress.table_bytes)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Tokens are fetched, kept and renewed without being asked for. Answers of 429 and 503 are retried after the time that
//! the server names, a few times and never for long; see [`RetryPolicy`]. Every failure is an [`ApiError`], with one
//! variant for each thing that a caller can do about it.

mod account;
pub mod blocking;
mod catalog;
mod client;
mod device;
mod download;
mod dpop;
mod error;
mod jobs;
mod jwt;
mod key;
mod page;
mod receipts;
mod retry;
mod rows;
mod scan;
mod statistics;
mod table;
mod token;

pub use account::{Granularity, UsagePart, UsagePeriod};
pub use client::{Client, ClientBuilder};
pub use device::{DeviceLogin, RefreshTokens, sign_out};
pub use download::{DownloadedFile, Progress, Transfer};
pub use error::ApiError;
pub use jobs::QueryJob;
pub use key::PrivateKey;
pub use page::Items;
pub use receipts::{ProvedEntry, read_proof, trust, verify_proof};
pub use retry::RetryPolicy;
pub use rows::{Format, QueryRequest, RawRows, Rows, RowsRequest, SynthesisRequest};
pub use scan::{Scan, ScanRequest};
pub use table::{Table, TableName};
pub use token::AccessToken;

/// The types that the API answers with.
pub use mudeung_wire::api;
/// The closed table of error codes.
pub use mudeung_wire::problem;
