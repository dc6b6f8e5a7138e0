//! Counts of persons under differential privacy: what can be learned of de-identified data without a grant.

use crate::client::{Call, Client};
use crate::error::ApiError;
use crate::page::Items;
use mudeung_wire::api::{PrivacyBudget, StatisticsAnswer, StatisticsBody};

impl Client {
    /// Counts persons, with noise. What it costs of the privacy budget does not come back; the same query costs once.
    ///
    /// ```no_run
    /// # async fn run(client: mudeung_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use mudeung_sdk::api::{StatisticsBody, StatisticsDimension};
    /// let by_size = StatisticsDimension {
    ///     column: "tumor_size".to_owned(),
    ///     values: None,
    ///     edges: Some([0, 20, 40, 60].map(Into::into).to_vec()),
    /// };
    /// let asked = StatisticsBody {
    ///     table: "lymph_node.patient".to_owned(),
    ///     filter: None,
    ///     by: vec![by_size],
    ///     cells_per_person: None,
    ///     epsilon: "0.1".parse()?,
    /// };
    /// let counts = client.statistics(&asked).await?;
    /// println!("±{} with 95 %", counts.interval_95);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn statistics(&self, asked: &StatisticsBody) -> Result<StatisticsAnswer, ApiError> {
        let body = serde_json::to_vec(asked).map_err(|error| ApiError::Configuration(error.to_string()))?;
        let url = self.address(&["v1", "statistics"])?;
        self.read(&Call::post(url, "application/json", body)).await
    }

    /// What your organization may still learn of each dataset without a grant.
    pub fn privacy_budgets(&self) -> Items<PrivacyBudget> {
        self.items(self.address(&["v1", "statistics"]))
    }
}
