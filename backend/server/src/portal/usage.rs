//! Usage on screen: charts by day and by hour, and the figures as a table, told apart as the reader wishes.

mod chart;

use super::desk::{Anyone, Desk};
use super::island::Island;
use super::page::{self, Page, query_values};
use super::texts::UsageTexts;
use super::{figure, moment};
use crate::data::usage_export::{self, UsageFormat};
use crate::fault::Fault;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chart::Chart;
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::Snapshot;
use mudeung_core::tier::Tier;
use mudeung_store::ledger::{Granularity, Grouping, Ledger, LedgerError, UsageFilter, UsageRow, UsageSum};
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;

const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// How many days are shown.
const DAYS: u32 = 30;
/// How many hours are shown.
const HOURS: u32 = 48;
/// The most sums of one period that are looked at for one page.
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
    charts: [Drawn; 2],
    shown: Grouping,
    choices: Vec<Part>,
    hourly: bool,
    period: &'static str,
    /// The same question for the export.
    query: String,
    all: bool,
    keys: usize,
}

/// A chart with what stands under it.
struct Drawn {
    chart: Chart,
    caption: &'static str,
}

/// A part that usage can be told apart by.
struct Part {
    value: &'static str,
    text: &'static str,
    chosen: bool,
}

struct UsageLine {
    period: String,
    organization: String,
    app: String,
    dataset: String,
    tier: String,
    operation: String,
    grant: String,
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
pub(super) async fn show_usage(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let hourly = page::query_value(request.query_string(), "by").as_deref() == Some("hour");
    let grouping = grouping(request.query_string());
    let now = desk.app.clock.now();
    let (days, hours) = (periods(now, DAY_S, DAYS), periods(now, HOUR_S, HOURS));
    let organization = scope.map(|organization| organization.to_string());
    let filter = |granularity, grouping, first: Option<&Timestamp>| UsageFilter {
        organization: organization.clone(),
        from: first.copied(),
        granularity,
        grouping,
        ..UsageFilter::default()
    };
    let by_day = desk.app.ledger.usage_sums(filter(Granularity::Day, Grouping::NONE, days.first())).await?;
    let by_hour = desk.app.ledger.usage_sums(filter(Granularity::Hour, Grouping::NONE, hours.first())).await?;
    let (granularity, periods) = if hourly { (Granularity::Hour, &hours) } else { (Granularity::Day, &days) };
    let wanted = filter(granularity, grouping, None);
    let used = newest(&desk.app.ledger, &wanted, periods).await?;
    let snapshot = desk.app.snapshots.present();
    let page = desk.page.clone().with(Island::Charts);
    let t = UsageTexts::of(page.language);
    let choices = choices(&page, t, grouping);
    let shown = UsagePage {
        rows: used.iter().map(|row| line(&page, &snapshot, row, hourly)).collect(),
        total: total(if hourly { &by_hour } else { &by_day }),
        charts: [
            Drawn { chart: chart::of_bytes(&days, &by_day, chart::Unit::Day), caption: t.chart },
            Drawn { chart: chart::of_bytes(&hours, &by_hour, chart::Unit::Hour), caption: t.chart_hours },
        ],
        shown: grouping,
        keys: choices.iter().filter(|part| part.chosen).count() + 1 + usize::from(scope.is_none()),
        choices,
        hourly,
        period: if hourly { t.hour } else { t.day },
        query: question(hourly, grouping),
        all: scope.is_none(),
        t,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// The newest lines of the table, newest first: one period after the other until there are enough.
async fn newest(ledger: &Ledger, wanted: &UsageFilter, periods: &[Timestamp]) -> Result<Vec<UsageRow>, LedgerError> {
    let (mut lines, mut until) = (Vec::new(), None);
    for from in periods.iter().rev() {
        let period = UsageFilter { from: Some(*from), until, ..wanted.clone() };
        lines.extend(ledger.usage(period, None, ROWS_MAX).await?.into_iter().rev());
        if lines.len() >= LINES_MAX {
            lines.truncate(LINES_MAX);
            break;
        }
        until = Some(*from);
    }
    Ok(lines)
}

/// What is shown, to take along: the last 30 days, or the last 48 hours, in a format.
pub(super) async fn export_usage(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let query = request.query_string();
    let value = |name: &str| page::query_value(query, name);
    let format = UsageFormat::of(Some(value("format").as_deref().unwrap_or("csv")), request.headers())?;
    let (granularity, periods) = match value("by").as_deref() {
        Some("hour") => (Granularity::Hour, periods(desk.app.clock.now(), HOUR_S, HOURS)),
        _ => (Granularity::Day, periods(desk.app.clock.now(), DAY_S, DAYS)),
    };
    let scope = desk.signed_in.scope();
    let filter = UsageFilter {
        organization: scope.map(|organization| organization.to_string()),
        from: periods.first().copied(),
        granularity,
        grouping: grouping(query),
        ..UsageFilter::default()
    };
    let rows = usage_export::collect(&desk.app, filter.clone()).await?;
    let taken = Entry { filter: Some(query.chars().take(200).collect()), ..desk.entry("usage.export") };
    record::note(&desk.app, taken, Status::Completed).await?;
    usage_export::export(&desk.app, HttpResponse::Ok(), format, &filter, rows, scope.is_none()).await
}

/// The beginnings of the last periods, in UTC, oldest first; the last one holds the present.
fn periods(now: Timestamp, seconds: i64, count: u32) -> Vec<Timestamp> {
    let last = now.seconds().div_euclid(seconds) * seconds;
    let first = Timestamp::from_seconds(last - i64::from(count - 1) * seconds);
    let length = Duration::from_secs(seconds.unsigned_abs());
    (0..count).map(|period| first.plus(length.saturating_mul(period))).collect()
}

/// The parts that were ticked; the usual ones when the form was not used.
fn grouping(query: &str) -> Grouping {
    let ticked = query_values(query, "group");
    if ticked.is_empty() {
        return Grouping::default();
    }
    let has = |name: &str| ticked.iter().any(|part| part == name);
    Grouping {
        app: has("app"),
        grant: has("grant"),
        dataset: has("dataset"),
        tier: has("tier"),
        operation: has("operation"),
    }
}

/// The query that asks for the same again.
fn question(hourly: bool, grouping: Grouping) -> String {
    let parts = [
        ("app", grouping.app),
        ("dataset", grouping.dataset),
        ("tier", grouping.tier),
        ("operation", grouping.operation),
        ("grant", grouping.grant),
    ];
    let ticked = parts.iter().filter(|(_, chosen)| *chosen).map(|(name, _)| format!("&group={name}"));
    format!("by={}&group=none{}", if hourly { "hour" } else { "day" }, ticked.collect::<String>())
}

fn choices(page: &Page, t: &'static UsageTexts, grouping: Grouping) -> Vec<Part> {
    vec![
        Part { value: "app", text: page.t.app, chosen: grouping.app },
        Part { value: "dataset", text: page.t.dataset, chosen: grouping.dataset },
        Part { value: "tier", text: page.t.tier, chosen: grouping.tier },
        Part { value: "operation", text: t.operation, chosen: grouping.operation },
        Part { value: "grant", text: t.grant, chosen: grouping.grant },
    ]
}

fn line(page: &Page, snapshot: &Snapshot, row: &UsageRow, hourly: bool) -> UsageLine {
    let place = &row.place;
    let app = place.app.parse().ok().and_then(|id| snapshot.apps.get(&id));
    let organization = place.organization.parse().ok().and_then(|id| snapshot.organizations.get(&id));
    let name = |known: Option<&String>, id: &String| known.unwrap_or(id).clone();
    UsageLine {
        period: if hourly { moment::utc_hour(place.period_start) } else { moment::utc_day(place.period_start) },
        organization: name(organization.map(|organization| &organization.name), &place.organization),
        app: name(app.map(|app| &app.name), &place.app),
        dataset: place.dataset.clone(),
        tier: Tier::parse(&place.tier).map(|tier| page.tier(tier).to_owned()).unwrap_or_default(),
        operation: place.operation.clone(),
        grant: place.grant.clone(),
        requests: figure::grouped(row.requests),
        rows: figure::grouped(row.rows),
        bytes: figure::grouped(row.bytes),
    }
}

fn total(used: &[UsageSum]) -> Sums {
    let sum = |part: fn(&UsageSum) -> u64| {
        figure::grouped(used.iter().fold(0, |sum: u64, row| sum.saturating_add(part(row))))
    };
    Sums { requests: sum(|row| row.requests), rows: sum(|row| row.rows), bytes: sum(|row| row.bytes) }
}
