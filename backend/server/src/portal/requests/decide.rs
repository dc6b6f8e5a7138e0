//! One access request, and the decision on it: a grant with columns, rows, quota and end, or a rejection.

use super::{RequestLine, find_visible, line};
use crate::fault::Fault;
use crate::portal::desk::{Anyone, Desk, FreshReviewers, Roles};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::page::{self, Page};
use crate::portal::path;
use crate::portal::texts::{RequestsTexts, pick};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::dataset::Version;
use mudeung_core::filter::Filter;
use mudeung_core::grant::{Grant, GrantState, TableGrant};
use mudeung_core::id::GrantId;
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::quota::Amount;
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::tier::Tier;
use mudeung_store::{Conn, StoreError, grants, requests};
use mudeung_wire::ledger::entry::Entry;
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS_MAX: u64 = 1_095;
const GIB_MAX: u64 = 1_000_000;

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    page: Page,
    t: &'static RequestsTexts,
    request: RequestLine,
    author: String,
    agreement: String,
    purpose: String,
    reason: Option<String>,
    grant: Option<String>,
    deciding: Option<Deciding>,
    may_withdraw: bool,
}

struct Deciding {
    tables: Vec<TableChoice>,
}

struct TableChoice {
    name: String,
    columns: Vec<ColumnChoice>,
}

struct ColumnChoice {
    name: String,
    note: String,
}

/// Shows one request.
pub(in crate::portal) async fn show_request(desk: Desk<Anyone>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    show_one(&desk, page, &path(&id)?, StatusCode::OK).await
}

/// Approves a request: the grant is effective at once.
pub(in crate::portal) async fn approve_request(
    desk: Desk<FreshReviewers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let request = find_visible(&desk, path(&id)?).await?;
    let grant = match read(&desk, &request, &form.0)? {
        Ok(grant) => grant,
        Err(problem) => {
            let mut page = desk.page.clone();
            page.problem = Some(problem);
            return show_one(&desk, page, &request.id, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let opened = grant.tables.iter();
    let columns = opened.flat_map(|(table, open)| open.columns.iter().map(move |column| format!("{table}.{column}")));
    let intent = Entry {
        app: Some(grant.app.to_string()),
        columns: Some(columns.collect()),
        dataset: Some(grant.dataset.to_string()),
        tier: Some(grant.tier.to_string()),
        grant: Some(grant.id.to_string()),
        purpose: Some(grant.purpose.clone()),
        detail: Some(format!("{} approved", request.id)),
        ..desk.entry("request.decide")
    };
    let (id, by, now) = (request.id, desk.signed_in.member.id, desk.app.clock.now());
    desk.change("approve request", intent, move |conn| {
        let request = find(conn, &id)?;
        let decided = request.state.approve(grant.id, by, now)?;
        grants::insert_grant(conn, &grant)?;
        requests::update_request_state(conn, id, &decided)
    })
    .await?;
    Ok(desk.go(&format!("/requests/{id}"), "request-approved"))
}

/// Rejects a request.
pub(in crate::portal) async fn reject_request(
    desk: Desk<FreshReviewers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let request = find_visible(&desk, path(&id)?).await?;
    let Some(reason) = form.0.paragraph("reason", 1..=500) else {
        let mut page = desk.page.clone();
        page.problem = Some(RequestsTexts::of(page.language).bad_reason);
        return show_one(&desk, page, &request.id, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let intent = Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        detail: Some(format!("{} rejected", request.id)),
        ..desk.entry("request.decide")
    };
    let (id, by, now) = (request.id, desk.signed_in.member.id, desk.app.clock.now());
    desk.change("reject request", intent, move |conn| {
        let decided = find(conn, &id)?.state.reject(reason, by, now)?;
        requests::update_request_state(conn, id, &decided)
    })
    .await?;
    Ok(desk.go(&format!("/requests/{id}"), "request-rejected"))
}

fn find(conn: &mut Conn, id: &mudeung_core::id::RequestId) -> Result<AccessRequest, StoreError> {
    requests::find_request(conn, *id)?.ok_or(StoreError::NotFound { what: "access request" })
}

/// The grant a form describes, or what is wrong with the form.
fn read<R: Roles>(
    desk: &Desk<R>,
    request: &AccessRequest,
    form: &Fields,
) -> Result<Result<Grant, &'static str>, Fault> {
    let t = RequestsTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let version = snapshot.published(request.dataset.as_str(), Tier::Deidentified, None);
    let Some(version) = version else { return Ok(Err(t.bad_dataset)) };
    let tables = opened_tables(version, form)?;
    if tables.is_empty() {
        return Ok(Err(t.bad_columns));
    }
    let (Some(gib), Some(rows)) = (form.number("gib", 1..=GIB_MAX), form.number("rows", 1..=1_000_000_000_000_000))
    else {
        return Ok(Err(t.bad_quota));
    };
    let Some(days) = form.number("days", 1..=DAYS_MAX).and_then(|days| u32::try_from(days).ok()) else {
        return Ok(Err(t.bad_days));
    };
    let now = desk.app.clock.now();
    Ok(Ok(Grant {
        id: GrantId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: request.organization,
        app: request.app,
        request: Some(request.id),
        agreement: request.agreement,
        dataset: request.dataset.clone(),
        tier: Tier::Deidentified,
        tables,
        purpose: request.purpose.clone(),
        quota: Amount { bytes: gib.saturating_mul(1 << 30), rows },
        valid_from: now,
        valid_until: now.plus(DAY.saturating_mul(days)),
        state: GrantState::Active,
        created_at: now,
    }))
}

/// The tables with at least one chosen column. Columns and filters that the version does not have are refused.
fn opened_tables(version: &Version, form: &Fields) -> Result<BTreeMap<Name, TableGrant>, Fault> {
    let mut opened = BTreeMap::new();
    for table in &version.tables {
        let prefix = format!("{}.", table.name);
        let known = |name: &str| table.columns.iter().any(|column| column.name == name);
        let chosen = form.all("column").filter_map(|value| value.strip_prefix(&prefix));
        let columns: std::collections::BTreeSet<String> =
            chosen.filter(|name| known(name)).map(str::to_owned).collect();
        let text = form.text(&format!("rows.{}", table.name)).to_owned();
        let rows = if text.is_empty() { None } else { Some(filter(&table.name, &text, known)?) };
        if !columns.is_empty() {
            opened.insert(table.name.clone(), TableGrant { columns, rows });
        }
    }
    Ok(opened)
}

fn filter(table: &Name, text: &str, known: impl Fn(&str) -> bool) -> Result<Filter, Fault> {
    let refuse = |reason: String| {
        let ko = format!("{table} 테이블의 행 조건을 읽을 수 없습니다: {reason}");
        Fault::parameter(&format!("rows.{table}"), format!("The row filter of {table} cannot be used: {reason}"), ko)
    };
    let filter = Filter::parse(text).map_err(|error| refuse(error.to_string()))?;
    let unknown = filter.columns().find(|column| !known(column)).map(|column| refuse(format!("no column {column}")));
    unknown.map_or(Ok(filter), Err)
}

async fn show_one<R: Roles>(
    desk: &Desk<R>,
    page: Page,
    id: &mudeung_core::id::RequestId,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let request = find_visible(desk, *id).await?;
    let (author, agreement) = (request.author, request.agreement);
    let find = move |conn: &mut Conn| {
        let author = mudeung_store::members::find_member(conn, author)?;
        Ok((author, mudeung_store::agreements::find_agreement(conn, agreement)?))
    };
    let (author, agreement) = desk.app.db.read("find author and agreement", find).await?;
    let snapshot = desk.app.snapshots.present();
    let submitted = matches!(request.state, RequestState::Submitted { .. });
    let own = request.organization == desk.signed_in.organization.id;
    let version = snapshot.published(request.dataset.as_str(), Tier::Deidentified, None);
    let may_decide = submitted && desk.signed_in.has(&[Role::Reviewer, Role::Admin]);
    let title = |agreement: mudeung_core::agreement::Agreement| {
        format!("{} (v{})", page.language.pick(&agreement.title_ko, &agreement.title_en), agreement.version)
    };
    let shown = RequestPage {
        t: RequestsTexts::of(page.language),
        request: line(&page, &request, &snapshot),
        author: author.map(|member| member.name).unwrap_or_default(),
        agreement: agreement.map(title).unwrap_or_default(),
        purpose: request.purpose.clone(),
        reason: match &request.state {
            RequestState::Returned { reason, .. } | RequestState::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        },
        grant: match &request.state {
            RequestState::Approved { grant, .. } => Some(grant.to_string()),
            _ => None,
        },
        deciding: version.filter(|_| may_decide).map(|version| choices(&page, version)),
        may_withdraw: submitted && own && desk.signed_in.has(&[Role::Developer]),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

fn choices(page: &Page, version: &Version) -> Deciding {
    let tables = version.tables.iter().map(|table| TableChoice {
        name: table.name.to_string(),
        columns: table
            .columns
            .iter()
            .map(|column| ColumnChoice {
                name: column.name.clone(),
                note: column.deidentification.as_ref().map(|note| pick(page.language, note)).unwrap_or_default(),
            })
            .collect(),
    });
    Deciding { tables: tables.collect() }
}
