//! One table of the catalogue, and what can be done with it.

use crate::client::Client;
use crate::error::ApiError;
use crate::page::Items;
use crate::rows::{RowsRequest, SynthesisRequest};
use mudeung_wire::api::{FileItem, TableItem};
use reqwest::Url;
use std::fmt;

/// Where a table is found: `dataset.tier.table`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The dataset.
    pub dataset: String,
    /// `synthetic` or `deidentified`.
    pub tier: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Reads `dataset.tier.table`.
    ///
    /// ```
    /// use mudeung_sdk::TableName;
    /// let name = TableName::parse("support2.deidentified.patient")?;
    /// assert_eq!((name.dataset.as_str(), name.table.as_str()), ("support2", "patient"));
    /// assert_eq!(name.to_string(), "support2.deidentified.patient");
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [dataset, tier, table] if parts.iter().all(|part| !part.is_empty()) => {
                Ok(Self { dataset: (*dataset).to_owned(), tier: (*tier).to_owned(), table: (*table).to_owned() })
            }
            _ => Err(ApiError::Configuration(format!(
                "`{text}` does not name a table: write dataset.tier.table, for instance lymph_node.synthetic.patient"
            ))),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.dataset, self.tier, self.table)
    }
}

/// A table of one sandbox, in the latest version unless another was asked for.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: TableName,
    version: Option<u32>,
}

impl Table {
    pub(crate) fn new(client: Client, name: TableName) -> Self {
        Self { client, name, version: None }
    }

    /// Its name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// The same table in one version, which never changes.
    #[must_use]
    pub fn at_version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// Schema and dictionary: the columns that are open to you, their types, units and meanings.
    pub async fn describe(&self) -> Result<TableItem, ApiError> {
        self.client.json(self.address(&[])?).await
    }

    /// Its Parquet files with signed addresses that any tool can read for a while.
    pub fn files(&self) -> Items<FileItem> {
        self.client.items(self.address(&["files"]))
    }

    /// Starts a request for rows.
    pub fn rows(&self) -> RowsRequest {
        RowsRequest::new(self.clone())
    }

    /// Starts a request for rows of a synthetic table that are made anew.
    pub fn synthesize(&self, rows: u64) -> SynthesisRequest {
        SynthesisRequest::new(self.clone(), rows)
    }

    /// Where rows of it are made.
    pub(crate) fn synthesis(&self) -> Result<Url, ApiError> {
        let TableName { dataset, tier, table } = &self.name;
        if tier != "synthetic" {
            let problem = format!("rows are made of synthetic tables alone: {dataset}.synthetic.{table}");
            return Err(ApiError::Configuration(problem));
        }
        let mut url = self.client.address(&["v1", "synthetic", dataset, table])?;
        if let Some(version) = self.version {
            url.query_pairs_mut().append_pair("version", &version.to_string());
        }
        Ok(url)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn address(&self, below: &[&str]) -> Result<Url, ApiError> {
        let mut parts = vec!["v1", "datasets", &self.name.dataset, &self.name.tier, "tables", &self.name.table];
        parts.extend_from_slice(below);
        let mut url = self.client.address(&parts)?;
        if let Some(version) = self.version {
            url.query_pairs_mut().append_pair("version", &version.to_string());
        }
        Ok(url)
    }
}
