//! Usage of the last thirty days: a chart, and the same figures as a table.

mod chart;

use super::desk::{Anyone, Desk};
use super::page::{self, Page};
use super::texts::UsageTexts;
use super::{figure, moment};
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use chart::Chart;
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::Snapshot;
use mudeung_core::tier::Tier;
use mudeung_store::ledger::{Granularity, UsageFilter, UsageRow};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many days are shown.
const DAYS: u32 = 30;
/// The most sums that are looked at for one page.
const ROWS_MAX: usize = 10_000;
/// The most lines of the table.
const LINES_MAX: usize = 500;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    page: Page,
    t: &'static UsageTexts,
    rows: Vec<UsageLine>,
    total: Sums,
    chart: Chart,
    all: bool,
}

struct UsageLine {
    day: String,
    organization: String,
    app: String,
    dataset: String,
    tier: String,
    operation: String,
    requests: String,
    rows: String,
    bytes: String,
}

struct Sums {
    requests: String,
    rows: String,
    bytes: String,
}

/// Shows usage.
pub(super) async fn show_usage(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let today = start_of_utc_day(desk.app.clock.now());
    let first = Timestamp::from_seconds(today.seconds() - i64::from(DAYS - 1) * 86_400);
    let filter = UsageFilter {
        organization: scope.map(|organization| organization.to_string()),
        from: Some(first),
        granularity: Granularity::Day,
        ..UsageFilter::default()
    };
    let used = desk.app.ledger.usage(filter, 0, ROWS_MAX).await?;
    let snapshot = desk.app.snapshots.present();
    let page = desk.page.clone();
    let days: Vec<Timestamp> = (0..DAYS).map(|day| first.plus(DAY.saturating_mul(day))).collect();
    let shown = UsagePage {
        t: UsageTexts::of(page.language),
        rows: used.iter().rev().take(LINES_MAX).map(|row| line(&page, &snapshot, row)).collect(),
        total: total(&used),
        chart: chart::of_bytes(&days, &used),
        all: scope.is_none(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

const fn start_of_utc_day(now: Timestamp) -> Timestamp {
    Timestamp::from_seconds(now.seconds().div_euclid(86_400) * 86_400)
}

fn line(page: &Page, snapshot: &Snapshot, row: &UsageRow) -> UsageLine {
    let app = row.app.parse().ok().and_then(|id| snapshot.apps.get(&id));
    let organization = row.organization.parse().ok().and_then(|id| snapshot.organizations.get(&id));
    UsageLine {
        day: moment::utc_day(row.period_start),
        organization: organization.map_or_else(|| row.organization.clone(), |organization| organization.name.clone()),
        app: app.map_or_else(|| row.app.clone(), |app| app.name.clone()),
        dataset: row.dataset.clone(),
        tier: Tier::parse(&row.tier).map(|tier| page.tier(tier).to_owned()).unwrap_or_default(),
        operation: row.operation.clone(),
        requests: figure::grouped(row.requests),
        rows: figure::grouped(row.rows),
        bytes: figure::grouped(row.bytes),
    }
}

fn total(used: &[UsageRow]) -> Sums {
    let sum = |part: fn(&UsageRow) -> u64| {
        figure::grouped(used.iter().fold(0, |sum: u64, row| sum.saturating_add(part(row))))
    };
    Sums { requests: sum(|row| row.requests), rows: sum(|row| row.rows), bytes: sum(|row| row.bytes) }
}
