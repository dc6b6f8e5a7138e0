//! `GET /v1/usage`: what an app used by hour, day or month, told apart as it wishes: the fold of its ledger entries.

use crate::auth::scope::UsageRead;
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::{Params, clipped};
use crate::data::usage_export::{self, UsageFormat};
use crate::data::view::rfc3339;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse};
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::{Granularity, Grouping, UsageFilter, UsagePlace, UsageRow};
use mudeung_wire::api::{Page, UsageItem};
use mudeung_wire::problem::{Code, Problem};

/// What the app used: the fold of its entries in the ledger.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "list_usage", tag = "account",
    params(
        ("format" = Option<String>, Query, description = "`json`, page by page; or all of the period at once as `jsonl`, `csv`, `arrow`, `parquet` or `cloudevents`. Outranks `Accept`"),
        ("from" = Option<String>, Query, description = "RFC 3339; usage of hours that begin then or later"),
        ("to" = Option<String>, Query, description = "RFC 3339; usage of hours that begin before"),
        ("granularity" = Option<String>, Query, description = "`hour`, `day` (in UTC), which is the default, or `month` (a calendar month in Korea Standard Time, as it is invoiced)"),
        ("group_by" = Option<String>, Query, description = "Any of `app,dataset,tier,operation,grant`, separated by commas; `app,dataset,tier,operation` when it is not given. The other parts are null"),
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses(
        (status = 200, description = "Sums in the format asked for", content(
            (Page<UsageItem> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
        )),
        (status = 406, description = "Problem: not_acceptable", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Problem: limit_reached", body = Problem, content_type = "application/problem+json"),
        TokenProblems,
    ),
    security(("oauth" = ["usage.read"])),
)]
pub async fn list_usage(visit: Visit<UsageRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    const NAMES: [&str; 7] = ["format", "from", "to", "granularity", "group_by", "cursor", "limit"];
    let params = Params::parse(request.query_string(), &NAMES)?;
    let filter = filter(&visit, &params)?;
    let format = UsageFormat::of(params.get("format"), request.headers())?;
    if format != UsageFormat::Pages {
        not_paged(&params)?;
        let rows = usage_export::collect(&visit.app, filter.clone()).await?;
        return usage_export::export(&visit.app, visit.answer(None), format, &filter, rows, false).await;
    }
    let grouping = filter.grouping;
    let window = Window::of(&visit.app, &list_name(&params), &params)?;
    let after = window.after().map(open_place).transpose()?;
    let rows = visit.app.ledger.usage(filter, after, window.items_max().saturating_add(1)).await?;
    let keyed = rows.into_iter().map(|row| (seal_place(&row.place), usage_item(row, grouping)));
    Ok(visit.show_own(&window.page_of_rest(&visit.app, keyed)))
}

fn filter(visit: &Visit<UsageRead>, params: &Params) -> Result<UsageFilter, Fault> {
    Ok(UsageFilter {
        organization: None,
        app: Some(visit.caller.principal.app.to_string()),
        from: moment(params, "from")?,
        until: moment(params, "to")?,
        granularity: granularity(params)?,
        grouping: grouping(params.get("group_by"))?,
    })
}

/// What is answered at once has no pages.
fn not_paged(params: &Params) -> Result<(), Fault> {
    match ["cursor", "limit"].into_iter().find(|name| params.get(name).is_some()) {
        None => Ok(()),
        Some(name) => Err(Fault::parameter(
            name,
            "Only JSON comes in pages; this format gives the whole period at once.",
            "페이지는 JSON에만 있습니다. 이 형식은 기간 전체를 한 번에 돌려줍니다.",
        )),
    }
}

/// The name of the list that a cursor belongs to.
fn list_name(params: &Params) -> String {
    let all = ["from", "to", "granularity", "group_by"].map(|name| params.get(name).unwrap_or("-"));
    format!("usage/{}", all.join("/"))
}

/// A moment in RFC 3339.
pub fn moment(params: &Params, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let parsed = parse_moment(text).ok_or_else(|| {
        Fault::parameter(
            name,
            "Must be a moment as in 2026-01-31T00:00:00Z.",
            "2026-01-31T00:00:00Z 형식의 시각이어야 합니다.",
        )
    });
    parsed.map(Some)
}

/// Reads a moment in RFC 3339.
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp::from_micros(at.as_microsecond()))
}

fn granularity(params: &Params) -> Result<Granularity, Fault> {
    match params.get("granularity") {
        None | Some("day") => Ok(Granularity::Day),
        Some("hour") => Ok(Granularity::Hour),
        Some("month") => Ok(Granularity::Month),
        Some(_) => {
            Err(Fault::parameter("granularity", "Must be hour, day or month.", "hour, day, month 중 하나여야 합니다."))
        }
    }
}

/// Reads `group_by`; an empty one tells nothing apart.
fn grouping(list: Option<&str>) -> Result<Grouping, Fault> {
    let Some(list) = list else { return Ok(Grouping::default()) };
    let mut grouping = Grouping::NONE;
    for name in list.split(',').map(str::trim).filter(|_| !list.trim().is_empty()) {
        let part = match name {
            "app" => &mut grouping.app,
            "dataset" => &mut grouping.dataset,
            "tier" => &mut grouping.tier,
            "operation" => &mut grouping.operation,
            "grant" => &mut grouping.grant,
            other => {
                let other = clipped(other);
                return Err(Fault::parameter(
                    "group_by",
                    format!("There is no part {other}; there are: app, dataset, tier, operation, grant."),
                    format!("{other} 항목은 없습니다. 사용 가능: app, dataset, tier, operation, grant"),
                ));
            }
        };
        if std::mem::replace(part, true) {
            return Err(Fault::parameter("group_by", "Name each part once.", "항목은 한 번씩만 지정하세요."));
        }
    }
    Ok(grouping)
}

fn seal_place(place: &UsagePlace) -> String {
    let UsagePlace { period_start, organization, app, grant, dataset, tier, operation } = place;
    serde_json::json!([period_start.micros(), organization, app, grant, dataset, tier, operation]).to_string()
}

fn open_place(text: &str) -> Result<UsagePlace, Fault> {
    type Parts = (i64, String, String, String, String, String, String);
    // The cursor is authenticated: what does not read is ours, from another version of this program.
    let parts: Parts = serde_json::from_str(text).ok().ok_or_else(|| {
        Fault::new(
            Code::InvalidCursor,
            "The cursor is not one of this list. Start again without a cursor.",
            "이 목록의 커서가 아닙니다. 커서 없이 처음부터 다시 조회하세요.",
        )
    })?;
    let (period_start, organization, app, grant, dataset, tier, operation) = parts;
    let period_start = Timestamp::from_micros(period_start);
    Ok(UsagePlace { period_start, organization, app, grant, dataset, tier, operation })
}

/// A sum as it is shown: the parts that were not told apart are absent.
fn usage_item(row: UsageRow, grouping: Grouping) -> UsageItem {
    let place = row.place;
    UsageItem {
        period_start: rfc3339(place.period_start),
        app: grouping.app.then_some(place.app),
        dataset: grouping.dataset.then_some(place.dataset),
        tier: grouping.tier.then_some(place.tier),
        operation: grouping.operation.then_some(place.operation),
        grant: grouping.grant.then_some(place.grant),
        requests: row.requests,
        rows: row.rows,
        bytes: row.bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_subset_of_the_parts_is_a_grouping_and_nothing_else_is() {
        assert_eq!(grouping(None).unwrap(), Grouping::default());
        assert_eq!(grouping(Some("")).unwrap(), Grouping::NONE);
        let both = Grouping { grant: true, tier: true, ..Grouping::NONE };
        assert_eq!(grouping(Some("grant, tier")).unwrap(), both);
        for bad in ["organization", "app,app", "app,", ",", "App"] {
            assert_eq!(grouping(Some(bad)).unwrap_err().parameters[0].name, "group_by", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_place_survives_its_cursor(at in any::<i64>(), parts in proptest::array::uniform6("\\PC{0,12}")) {
            let [organization, app, grant, dataset, tier, operation] = parts;
            let period_start = Timestamp::from_micros(at);
            let place = UsagePlace { period_start, organization, app, grant, dataset, tier, operation };
            prop_assert_eq!(open_place(&seal_place(&place)).unwrap(), place);
        }
    }
}
