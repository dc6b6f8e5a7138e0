//! What the app may still read, what it has read, and which grants it holds.

use crate::client::Client;
use crate::error::ApiError;
use crate::page::Items;
use mudeung_wire::api::{GrantItem, QuotaItem, ReceiptItem, UsageItem};

/// How long the periods are that usage is summed up by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Granularity {
    /// By hours.
    Hour,
    /// By days in UTC.
    #[default]
    Day,
    /// By calendar months in Korea Standard Time, as they are invoiced.
    Month,
}

/// A part that usage can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsagePart {
    /// By app.
    App,
    /// By dataset.
    Dataset,
    /// By tier.
    Tier,
    /// By operation.
    Operation,
    /// By grant.
    Grant,
}

impl UsagePart {
    const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Dataset => "dataset",
            Self::Tier => "tier",
            Self::Operation => "operation",
            Self::Grant => "grant",
        }
    }
}

/// Which usage to list; all of it by days, told apart by all parts but the grant, unless told otherwise.
///
/// ```
/// use mudeung_sdk::{Granularity, UsagePart, UsagePeriod};
/// let by_dataset = UsagePeriod {
///     from: Some("2026-01-31T00:00:00Z".into()),
///     granularity: Granularity::Hour,
///     group_by: Some(vec![UsagePart::Dataset]),
///     ..UsagePeriod::default()
/// };
/// assert_eq!(by_dataset.to, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsagePeriod {
    /// Usage of hours that begin then or later, RFC 3339.
    pub from: Option<String>,
    /// Usage of hours that begin before, RFC 3339.
    pub to: Option<String>,
    /// How long the periods are.
    pub granularity: Granularity,
    /// What to tell apart; by nothing when empty. Parts that are not told apart are absent from the answer.
    pub group_by: Option<Vec<UsagePart>>,
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
            match period.granularity {
                Granularity::Hour => _ = url.query_pairs_mut().append_pair("granularity", "hour"),
                Granularity::Day => {}
                Granularity::Month => _ = url.query_pairs_mut().append_pair("granularity", "month"),
            }
            if let Some(parts) = &period.group_by {
                let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
                url.query_pairs_mut().append_pair("group_by", &parts.join(","));
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
