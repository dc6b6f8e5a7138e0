//! Usage to take along: all of a period at once, as a table or as CloudEvents. The figures are those of the JSON pages.

use super::format::{Written, media_type, negotiate};
use super::view::rfc3339;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use mudeung_core::figures::{FigureColumn, FigureTable, FigureValues};
use mudeung_core::reader::Format;
use mudeung_store::ledger::{Grouping, UsageFilter, UsagePlace, UsageRow};
use mudeung_wire::problem::Code;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The most sums of one export.
const ROWS_MAX: usize = 100_000;
/// A batch of CloudEvents 1.0 in JSON.
pub const CLOUD_EVENTS: &str = "application/cloudevents-batch+json";
/// The type of an event of usage.
pub const EVENT_TYPE: &str = "io.mudeung.usage.v1";

/// How usage is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageFormat {
    /// JSON, page by page.
    Pages,
    /// All of it as a table.
    Table(Format),
    /// All of it as events.
    CloudEvents,
}

impl UsageFormat {
    /// What was asked for; the parameter outranks the header.
    pub fn of(parameter: Option<&str>, headers: &HeaderMap) -> Result<Self, Fault> {
        let mut accepted = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        let wants_events = parameter.is_none() && accepted.any(|value| value.trim().starts_with(CLOUD_EVENTS));
        if parameter == Some("cloudevents") || wants_events {
            return Ok(Self::CloudEvents);
        }
        let format = negotiate(parameter, headers, Written::Rows).map_err(|mut fault| {
            if fault.code == Code::InvalidParameter {
                fault = Fault::parameter(
                    "format",
                    "Must be json, jsonl, csv, arrow, parquet or cloudevents.",
                    "json, jsonl, csv, arrow, parquet, cloudevents 중 하나여야 합니다.",
                );
            }
            fault
        })?;
        Ok(match format {
            Format::Json => Self::Pages,
            other => Self::Table(other),
        })
    }

    /// The end of a file's name.
    const fn extension(self) -> &'static str {
        match self {
            Self::Table(Format::Csv) => "csv",
            Self::Table(Format::Parquet) => "parquet",
            Self::Table(Format::ArrowStream | Format::ArrowStreamZstd) => "arrows",
            Self::Table(Format::JsonLines | Format::FhirLines) => "jsonl",
            Self::Pages | Self::Table(Format::Json) | Self::CloudEvents => "json",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Pages => "application/json",
            Self::Table(format) => media_type(format),
            Self::CloudEvents => CLOUD_EVENTS,
        }
    }
}

/// All sums that a filter finds; more than there may be are refused.
pub async fn collect(app: &App, filter: UsageFilter) -> Result<Vec<UsageRow>, Fault> {
    let rows = app.ledger.usage(filter, None, ROWS_MAX + 1).await?;
    if rows.len() > ROWS_MAX {
        return Err(Fault::new(
            Code::LimitReached,
            format!(
                "There are more than {ROWS_MAX} sums. Ask for a shorter period with from and to, or tell fewer parts apart."
            ),
            format!("합계가 {ROWS_MAX}개를 넘습니다. from과 to로 기간을 줄이거나 구분 항목을 줄이세요."),
        ));
    }
    Ok(rows)
}

/// The answer with all sums in a format; with the organizations they belong to when `all` is set.
pub async fn export(
    app: &web::Data<App>,
    mut answer: HttpResponseBuilder,
    format: UsageFormat,
    filter: &UsageFilter,
    rows: Vec<UsageRow>,
    all: bool,
) -> Result<HttpResponse, Fault> {
    let body = match format {
        UsageFormat::Table(written) => {
            let (reader, table) = (app.reader.clone(), table(rows, filter.grouping, all));
            let write = web::block(move || reader.write_figures(table, written)).await;
            write.map_err(|error| Fault::internal(error.to_string()))??
        }
        UsageFormat::CloudEvents | UsageFormat::Pages => {
            let source = format!("{}/v1/usage", app.config.http.public_url);
            let events: Vec<Value> = rows.iter().map(|row| event(row, filter, all, &source)).collect();
            Bytes::from(serde_json::to_vec(&events).map_err(|error| Fault::internal(error.to_string()))?)
        }
    };
    let name = format!("attachment; filename=\"mudeung-usage.{}\"", format.extension());
    Ok(answer
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body))
}

/// The parts of a place by name, with whether each was told apart.
fn parts(place: &UsagePlace, grouping: Grouping, all: bool) -> Vec<(&'static str, Option<String>)> {
    let told = |apart: bool, part: &String| apart.then(|| part.clone());
    let mut parts = Vec::with_capacity(6);
    if all {
        parts.push(("organization", Some(place.organization.clone())));
    }
    parts.extend([
        ("app", told(grouping.app, &place.app)),
        ("dataset", told(grouping.dataset, &place.dataset)),
        ("tier", told(grouping.tier, &place.tier)),
        ("operation", told(grouping.operation, &place.operation)),
        ("grant", told(grouping.grant, &place.grant)),
    ]);
    parts
}

fn table(rows: Vec<UsageRow>, grouping: Grouping, all: bool) -> FigureTable {
    let names = ["organization", "app", "dataset", "tier", "operation", "grant"];
    let names = names.into_iter().skip(usize::from(!all));
    let mut texts: Vec<(&'static str, Vec<Option<String>>)> = names.map(|name| (name, Vec::new())).collect();
    for row in &rows {
        for ((_, values), (_, value)) in texts.iter_mut().zip(parts(&row.place, grouping, all)) {
            values.push(value);
        }
    }
    let counts = |name, of: fn(&UsageRow) -> u64| FigureColumn {
        name,
        values: FigureValues::Counts(rows.iter().map(of).collect()),
    };
    let periods = rows.iter().map(|row| row.place.period_start).collect();
    let mut columns = vec![FigureColumn { name: "period_start", values: FigureValues::Moments(periods) }];
    columns.extend(texts.into_iter().map(|(name, values)| FigureColumn { name, values: FigureValues::Texts(values) }));
    columns.push(counts("requests", |row| row.requests));
    columns.push(counts("rows", |row| row.rows));
    columns.push(counts("bytes", |row| row.bytes));
    FigureTable { columns }
}

/// One sum as an event. The same sum has the same identifier; a period that goes on has another one each time its figures
/// have changed.
fn event(row: &UsageRow, filter: &UsageFilter, all: bool, source: &str) -> Value {
    let mut data = serde_json::Map::new();
    data.insert("period_start".to_owned(), json!(rfc3339(row.place.period_start)));
    data.insert("granularity".to_owned(), json!(filter.granularity.as_str()));
    for (name, value) in parts(&row.place, filter.grouping, all) {
        data.insert(name.to_owned(), json!(value));
    }
    for (name, count) in [("requests", row.requests), ("rows", row.rows), ("bytes", row.bytes)] {
        data.insert(name.to_owned(), json!(count));
    }
    let subject = [&row.place.app, &row.place.organization].into_iter().find(|id| !id.is_empty());
    let data = Value::Object(data);
    let id: String =
        Sha256::digest(format!("{subject:?} {data}")).iter().take(16).map(|b| format!("{b:02x}")).collect();
    json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": EVENT_TYPE,
        "subject": subject,
        "time": rfc3339(row.place.period_start),
        "datacontenttype": "application/json",
        "data": data,
    })
}
