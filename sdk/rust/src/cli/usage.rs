//! `usage` and `quota`: what was read, and what may still be.

use crate::failure::Failure;
use crate::output::{self, aligned, grouped};
use futures_util::TryStreamExt;
use mudeung_sdk::api::{QuotaItem, UsageItem};
use mudeung_sdk::{Client, UsagePeriod};

pub(crate) async fn run_usage(client: &Client, period: &UsagePeriod, json: bool) -> Result<(), Failure> {
    let items: Vec<UsageItem> = client.usage(period).try_collect().await?;
    if json {
        return output::json(&items);
    }
    let rows: Vec<Vec<String>> = items
        .into_iter()
        .map(|item| {
            let part = |part: Option<String>| part.unwrap_or_else(|| "*".to_owned());
            let table = format!("{}.{}", part(item.dataset), part(item.tier));
            let numbers = [item.requests, item.rows, item.bytes].map(grouped);
            [vec![item.period_start, table, part(item.operation)], numbers.to_vec()].concat()
        })
        .collect();
    output::lines(&aligned(&["PERIOD", "DATASET", "OPERATION", "REQUESTS", "ROWS", "BYTES"], &rows))
}

pub(crate) async fn run_quota(client: &Client, json: bool) -> Result<(), Failure> {
    let items: Vec<QuotaItem> = client.quota().try_collect().await?;
    if json {
        return output::json(&items);
    }
    let of = |remaining, limit| format!("{} of {}", grouped(remaining), grouped(limit));
    let rows: Vec<Vec<String>> = items
        .into_iter()
        .map(|item| {
            vec![
                item.policy,
                item.dataset.unwrap_or_else(|| "-".to_owned()),
                of(item.rows_remaining, item.rows_limit),
                of(item.bytes_remaining, item.bytes_limit),
                item.resets_at.unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    output::lines(&aligned(&["POLICY", "DATASET", "ROWS LEFT", "BYTES LEFT", "STARTS ANEW"], &rows))
}
