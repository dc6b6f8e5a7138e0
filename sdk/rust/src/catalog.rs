//! The catalogue: datasets, their tiers, versions and tables.

use crate::client::Client;
use crate::error::ApiError;
use crate::page::Items;
use crate::table::{Table, TableName};
use mudeung_wire::api::{DatasetItem, TierItem, VersionItem};

impl Client {
    /// All datasets of the catalogue. `tiers` says what is open to you, `tiers_published` what exists.
    ///
    /// ```no_run
    /// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
    /// use futures_util::TryStreamExt;
    /// let datasets: Vec<_> = client.datasets().try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn datasets(&self) -> Items<DatasetItem> {
        self.items(self.address(&["v1", "datasets"]))
    }

    /// One dataset.
    pub async fn dataset(&self, dataset: &str) -> Result<DatasetItem, ApiError> {
        self.json(self.address(&["v1", "datasets", dataset])?).await
    }

    /// One tier of a dataset with its tables, in the latest version or the one asked for.
    pub async fn tier(&self, dataset: &str, tier: &str, version: Option<u32>) -> Result<TierItem, ApiError> {
        let mut url = self.address(&["v1", "datasets", dataset, tier])?;
        if let Some(version) = version {
            url.query_pairs_mut().append_pair("version", &version.to_string());
        }
        self.json(url).await
    }

    /// All versions of a tier.
    pub fn versions(&self, dataset: &str, tier: &str) -> Items<VersionItem> {
        self.items(self.address(&["v1", "datasets", dataset, tier, "versions"]))
    }

    /// A table by its name `dataset.tier.table`. Nothing is sent yet.
    ///
    /// ```
    /// # let client = mudeung_sdk::Client::builder("http://127.0.0.1:8080").credentials("a", "b").build()?;
    /// let table = client.table("lymph_node.synthetic.patient")?;
    /// assert_eq!(table.name().tier, "synthetic");
    /// assert!(client.table("lymph_node").is_err());
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    pub fn table(&self, name: &str) -> Result<Table, ApiError> {
        Ok(Table::new(self.clone(), TableName::parse(name)?))
    }
}
