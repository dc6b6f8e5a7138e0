//! What changed between versions.
//!
//! A version is a whole new release: nothing says which of its rows were there before, and saying so would link the
//! pseudonyms of one release to those of another. So a change is that all files of one version went and all of the next
//! came, but for files that are the same to the byte.

use super::actions::{Action, Change, Lines, size_of};
use super::capabilities::Capabilities;
use super::metadata::one_of;
use super::query::Page;
use super::table::{Edition, SharedTable, agent, entry};
use super::version::moment;
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::files::size_bytes;
use crate::data::params::Params;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use std::collections::BTreeSet;

const OPERATION: &str = "sharing.read_changes";

/// The files that came and went from one version to another.
#[utoipa::path(
    get, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/changes",
    operation_id = "read_table_changes", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
        ("startingVersion" = Option<u64>, Query, description = "The first version whose changes are wanted"),
        ("startingTimestamp" = Option<String>, Query, description = "The same as a moment"),
        ("endingVersion" = Option<u64>, Query, description = "The last version; the latest when it is not given"),
        ("endingTimestamp" = Option<String>, Query, description = "The same as a moment"),
        ("includeHistoricalMetadata" = Option<bool>, Query, description = "Whether to repeat the schema where it changes"),
        ("maxFiles" = Option<u64>, Query, description = "Files on a page"),
        ("pageToken" = Option<String>, Query, description = "`nextPageToken` of the page before"),
        ("delta-sharing-capabilities" = Option<String>, Header, description = "`responseformat=delta,parquet;…`"),
    ),
    responses((status = 200, content_type = "application/x-ndjson", body = String), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_table_changes(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let capabilities = Capabilities::of(request.headers())?;
    let query = request.query_string();
    let params = Params::known(
        query,
        &[
            "startingVersion",
            "startingTimestamp",
            "endingVersion",
            "endingTimestamp",
            "includeHistoricalMetadata",
            "maxFiles",
            "pageToken",
        ],
    )?;
    let table = SharedTable::open(&visit, OPERATION, (&path.0, &path.1, &path.2)).await?;
    table.check_budget(&visit, OPERATION).await?;
    let span = Span::asked(&table, &params)?;
    let files_max = params.number("maxFiles", 0, u64::from(u32::MAX))?;
    let question = format!("{} {} {}", span.from, span.to, capabilities.format.as_str());
    let page = Page::starting(&visit, &table, "changes", &question, files_max, params.get("pageToken"))?;
    changes_between(&visit, &request, capabilities, &table, span, page).await
}

/// Versions from one to another, both included.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    from: u32,
    to: u32,
    /// Whether the schema is repeated where it changes.
    historical: bool,
}

impl Span {
    /// From one version to another, or to the latest.
    pub fn numbered(table: &SharedTable, from: u64, to: Option<u64>) -> Result<Self, Fault> {
        if !table.has_history() {
            return Err(no_history());
        }
        let latest = table.latest()?.number();
        let from = table.numbered(from).map_err(|fault| renamed(fault, "startingVersion"))?.number();
        // The end is a hint: beyond the latest version it means the latest.
        let to = to.and_then(|to| u32::try_from(to).ok()).unwrap_or(latest).min(latest);
        if from > to {
            return Err(backwards());
        }
        Ok(Self { from, to, historical: true })
    }

    fn asked(table: &SharedTable, params: &Params) -> Result<Self, Fault> {
        let number = |name| params.number(name, 0, u64::from(u32::MAX));
        let at = |name: &str| params.get(name).map(|text| moment(name, text)).transpose();
        let end = match (number("endingVersion")?, at("endingTimestamp")?) {
            (Some(_), Some(_)) => return Err(one_of("endingVersion", "endingTimestamp")),
            (version, None) => version,
            (None, Some(moment)) => Some(u64::from(table.at(moment, "endingTimestamp")?.number())),
        };
        let start = match (number("startingVersion")?, at("startingTimestamp")?) {
            (Some(_), Some(_)) => return Err(one_of("startingVersion", "startingTimestamp")),
            (Some(version), None) => version,
            (None, Some(moment)) => u64::from(table.since(moment, "startingTimestamp")?.number()),
            (None, None) => {
                return Err(Fault::parameter(
                    "startingVersion",
                    "Give startingVersion or startingTimestamp.",
                    "startingVersion 또는 startingTimestamp를 지정하세요.",
                ));
            }
        };
        let historical = params.get("includeHistoricalMetadata").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(Self { historical, ..Self::numbered(table, start, end)? })
    }
}

/// Answers with the changes of a span.
pub async fn changes_between(
    visitor: &Visitor,
    request: &HttpRequest,
    capabilities: Capabilities,
    table: &SharedTable,
    span: Span,
    page: Page,
) -> Result<HttpResponse, Fault> {
    let actions = actions(table, span);
    let shown = page.cut(&actions);
    let mut sizes = Vec::with_capacity(shown.len());
    for action in shown {
        let Edition { permit, table } = action.holder;
        sizes.push(size_bytes(&visitor.app, permit, table, action.file).await?);
    }
    let first = table.numbered(u64::from(span.from))?;
    let last = table.numbered(u64::from(span.to)).or_else(|_| table.latest())?;
    // Without the history of schemas a reader has one schema for all: the last.
    let described = if span.historical { first } else { last };
    let total = size_of(visitor, described).await?;
    let offered: u64 = sizes.iter().sum();
    let detail = format!(
        "versions={}..{} format={} files={} bytes={offered} {}",
        span.from,
        span.to,
        capabilities.format.as_str(),
        shown.len(),
        agent(request)
    );
    let listing = visitor.note(entry(visitor, OPERATION, last.permit, detail)).await?;
    let mut lines = Lines::new(visitor, capabilities);
    lines.begin(table, described, span.from, total);
    let mut before = described;
    for (action, size) in shown.iter().zip(sizes) {
        let now = action.version;
        if span.historical && now.number() > before.number() && !same_columns(before, now) {
            lines.metadata(table, now, now.number(), size_of(visitor, now).await?);
        }
        before = now;
        lines.file(*action, size, listing);
    }
    let next = page.next(visitor, span.from, actions.len());
    if capabilities.end_stream || page.is_paged() {
        lines.end(next, None);
    }
    Ok(lines.answer(span.from, listing))
}

/// The changes of each version of a span: what went, then what came.
fn actions<'t>(table: &'t SharedTable, span: Span) -> Vec<Action<'t>> {
    let mut actions = Vec::new();
    let mut before: Option<Edition<'t>> = None;
    for version in table.editions().filter(|edition| edition.number() <= span.to) {
        if version.number() >= span.from {
            let comparable = before.filter(|before| same_columns(*before, version));
            let hashes = |of: Edition<'t>| of.table.files.iter().map(|file| file.sha256.as_str()).collect();
            let old: BTreeSet<&str> = comparable.map(hashes).unwrap_or_default();
            let new: BTreeSet<&str> = comparable.map(|_| hashes(version)).unwrap_or_default();
            if let Some(holder) = before {
                let gone = holder.table.files.iter().filter(|file| !new.contains(file.sha256.as_str()));
                actions.extend(gone.map(|file| Action { change: Change::Remove, version, holder, file }));
            }
            let came = version.table.files.iter().filter(|file| !old.contains(file.sha256.as_str()));
            actions.extend(came.map(|file| Action { change: Change::Add, version, holder: version, file }));
        }
        before = Some(version);
    }
    actions
}

fn same_columns(one: Edition<'_>, other: Edition<'_>) -> bool {
    let of =
        |edition: Edition<'_>| edition.columns().map(|column| (column.name.clone(), column.kind)).collect::<Vec<_>>();
    of(one) == of(other)
}

fn renamed(mut fault: Fault, parameter: &str) -> Fault {
    for invalid in &mut fault.parameters {
        parameter.clone_into(&mut invalid.name);
    }
    fault
}

fn no_history() -> Fault {
    Fault::parameter(
        "startingVersion",
        "The table has one version only, so nothing has changed yet. Read it with query.",
        "이 표는 버전이 하나뿐이어서 변경 이력이 없습니다. query로 조회하세요.",
    )
}

fn backwards() -> Fault {
    Fault::parameter("endingVersion", "The span ends before it starts.", "종료 버전이 시작 버전보다 앞섭니다.")
}
