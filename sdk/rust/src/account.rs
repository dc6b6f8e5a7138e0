//! What the app may still read, what it has read, and which grants it holds.

use crate::client::Client;
use crate::error::ApiError;
use crate::page::Items;
use mudeung_wire::api::{GrantItem, QuotaItem, ReceiptItem, UsageItem};

/// Which usage to list; all of it by days unless told otherwise.
///
/// ```
/// use mudeung_sdk::UsagePeriod;
/// let morning = UsagePeriod { from: Some("2026-01-31T00:00:00Z".into()), hourly: true, ..UsagePeriod::default() };
/// assert_eq!(morning.to, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsagePeriod {
    /// Usage of hours that begin then or later, RFC 3339.
    pub from: Option<String>,
    /// Usage of hours that begin before, RFC 3339.
    pub to: Option<String>,
    /// By hours instead of by days.
    pub hourly: bool,
}

impl Client {
    /// What was read, by period, dataset, tier and operation. It is the fold of the ledger, to the byte.
    pub fn usage(&self, period: &UsagePeriod) -> Items<UsageItem> {
        let address = self.address(&["v1", "usage"]).map(|mut url| {
            for (name, moment) in [("from", &period.from), ("to", &period.to)] {
                if let Some(moment) = moment {
                    url.query_pairs_mut().append_pair(name, moment);
                }
            }
            if period.hourly {
                url.query_pairs_mut().append_pair("granularity", "hour");
            }
            url
        });
        self.items(address)
    }

    /// What may still be read.
    pub fn quota(&self) -> Items<QuotaItem> {
        self.items(self.address(&["v1", "quota"]))
    }

    /// An entry of the ledger that this app made, by the index in `Rows::receipt` and its like.
    pub async fn receipt(&self, index: u64) -> Result<ReceiptItem, ApiError> {
        self.json(self.address(&["v1", "receipts", &index.to_string()])?).await
    }

    /// The grants of this app.
    pub fn grants(&self) -> Items<GrantItem> {
        self.items(self.address(&["v1", "grants"]))
    }
}
