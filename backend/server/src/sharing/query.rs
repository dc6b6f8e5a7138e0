//! The files of a table, with addresses that work for an hour or so.

use super::actions::{Action, Change, Lines, size_of};
use super::capabilities::Capabilities;
use super::changes::{Span, changes_between};
use super::hint;
use super::metadata::one_of;
use super::paging::{open, seal};
use super::table::{Edition, SharedTable, agent, entry};
use super::version::moment;
use crate::auth::scope::AnyRead;
use crate::data::documented::TokenProblems;
use crate::data::files::{size_bytes, view_of};
use crate::data::params::clipped;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use crate::hex::hex;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::dataset::{Column, File};
use mudeung_wire::ledger::entry::Entry;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

const OPERATION: &str = "sharing.query";
/// The most files on a page, whatever was asked.
const FILES_MAX: u64 = 100_000;

/// What of a table is wanted. Fields that are not known here are ignored, as are SQL hints; so is a hint of the wrong type.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    json_predicate_hints: Option<Value>,
    limit_hint: Option<Value>,
    version: Option<Value>,
    timestamp: Option<Value>,
    starting_version: Option<Value>,
    ending_version: Option<Value>,
    max_files: Option<Value>,
    page_token: Option<Value>,
    include_refresh_token: Option<Value>,
    refresh_token: Option<Value>,
}

/// Protocol, schema and files of a table: of its latest version, of an earlier one, or all that changed since one.
#[utoipa::path(
    post, path = "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/query",
    operation_id = "query_shared_table", tag = "sharing",
    params(
        ("share" = String, Path, description = "The dataset's name, in any case"),
        ("schema" = String, Path, description = "The tier, in any case"),
        ("table" = String, Path, description = "The table's name, in any case"),
        ("delta-sharing-capabilities" = Option<String>, Header, description = "`responseformat=delta,parquet;…`"),
        ("fileidhash" = Option<String>, Header, description = "`parquet` or `delta`; echoed"),
    ),
    request_body(
        content = serde_json::Value,
        description = "All optional: `jsonPredicateHints`, `limitHint`, `version`, `timestamp`, `startingVersion`, \
                       `endingVersion`, `maxFiles`, `pageToken`, `includeRefreshToken`, `refreshToken`",
    ),
    responses((status = 200, content_type = "application/x-ndjson", body = String), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn query_shared_table(
    visit: Visit<AnyRead>,
    path: web::Path<(String, String, String)>,
    body: web::Bytes,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let capabilities = Capabilities::of(request.headers())?;
    let wanted = Wanted::read(&body)?;
    let asked = wanted.moment()?;
    let table = SharedTable::open(&visit, OPERATION, (&path.0, &path.1, &path.2)).await?;
    table.check_budget(&visit, OPERATION).await?;
    let page = Page::of(&visit, &table, &wanted, capabilities)?;
    if let Moment::Since(from) = asked {
        let span = Span::numbered(&table, from, whole("endingVersion", wanted.ending_version.as_ref())?)?;
        return changes_between(&visit, &request, capabilities, &table, span, page).await;
    }
    let version = match (page.version(), wanted.refreshed(&visit, &table)?, asked) {
        (Some(number), _, _) | (None, Some(number), _) => table.numbered(u64::from(number))?,
        (None, None, Moment::Numbered(number)) => table.numbered(number)?,
        (None, None, Moment::At(moment)) => table.at(moment, "timestamp")?,
        (None, None, Moment::Latest | Moment::Since(_)) => table.latest()?,
    };
    let hints = text(wanted.json_predicate_hints.as_ref());
    let files = limited(hinted(&visit, version, hints).await?, wanted.limit());
    let shown: Vec<&File> = page.cut(&files).to_vec();
    let mut sizes = Vec::with_capacity(shown.len());
    for file in &shown {
        sizes.push(size_bytes(&visit.app, version.permit, version.table, file).await?);
    }
    let total = size_of(&visit, version).await?;
    let offered: u64 = sizes.iter().sum();
    let limit = wanted.limit().map(|limit| format!(" limit={limit}")).unwrap_or_default();
    let detail = format!(
        "format={} files={} bytes={offered}{limit} {}",
        capabilities.format.as_str(),
        shown.len(),
        agent(&request)
    );
    let entry = Entry { filter: hints.map(recorded), ..entry(&visit, OPERATION, version.permit, detail) };
    let listing = visit.note(entry).await?;
    let mut lines = Lines::new(&visit, capabilities);
    lines.begin(&table, version, version.number(), total);
    for (file, size) in shown.iter().zip(sizes) {
        lines.file(Action { change: Change::Snapshot, version, holder: version, file }, size, listing);
    }
    let next = page.next(&visit, version.number(), files.len());
    let refresh = is_true(wanted.include_refresh_token.as_ref())
        .then(|| seal(&visit, &refresh_purpose(&table), &version.number().to_string()));
    if capabilities.end_stream || page.is_paged() || refresh.is_some() {
        lines.end(next, refresh);
    }
    Ok(lines.answer(version.number(), listing))
}

/// Which version a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Latest,
    Numbered(u64),
    At(mudeung_core::clock::Timestamp),
    Since(u64),
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let object = serde_json::from_slice(body);
        object.and_then(|object: serde_json::Map<String, Value>| serde_json::from_value(Value::Object(object))).map_err(
            |error| {
                Fault::parameter(
                    "body",
                    format!("The body is not a JSON object: {error}."),
                    format!("본문이 JSON 객체가 아닙니다: {error}"),
                )
            },
        )
    }

    fn moment(&self) -> Result<Moment, Fault> {
        let version = whole("version", self.version.as_ref())?;
        let since = whole("startingVersion", self.starting_version.as_ref())?;
        let at = text(self.timestamp.as_ref()).map(|text| moment("timestamp", text)).transpose()?;
        match (version, at, since) {
            (None, None, None) => Ok(Moment::Latest),
            (Some(number), None, None) => Ok(Moment::Numbered(number)),
            (None, Some(at), None) => Ok(Moment::At(at)),
            (None, None, Some(number)) => Ok(Moment::Since(number)),
            (Some(_), Some(_), _) => Err(one_of("version", "timestamp")),
            (Some(_), _, Some(_)) => Err(one_of("version", "startingVersion")),
            (_, Some(_), Some(_)) => Err(one_of("timestamp", "startingVersion")),
        }
    }

    fn limit(&self) -> Option<u64> {
        self.limit_hint.as_ref().and_then(Value::as_u64)
    }

    /// The version whose addresses are to be renewed.
    fn refreshed(&self, visitor: &Visitor, table: &SharedTable) -> Result<Option<u32>, Fault> {
        let Some(token) = text(self.refresh_token.as_ref()) else { return Ok(None) };
        Ok(open(visitor, &refresh_purpose(table), "refreshToken", token)?.parse().ok())
    }
}

/// A page of files: where it starts, how long it is, and which version the first one was of.
pub struct Page {
    purpose: String,
    version: Option<u32>,
    start: usize,
    files_max: usize,
    asked: bool,
}

impl Page {
    fn of(visitor: &Visitor, table: &SharedTable, wanted: &Wanted, capabilities: Capabilities) -> Result<Self, Fault> {
        let question =
            format!("{:?} {:?} {}", wanted.json_predicate_hints, wanted.limit_hint, capabilities.format.as_str());
        let token = text(wanted.page_token.as_ref());
        Self::starting(visitor, table, "query", &question, whole("maxFiles", wanted.max_files.as_ref())?, token)
    }

    /// A page of a list of files. A token opens for the same question only.
    pub fn starting(
        visitor: &Visitor,
        table: &SharedTable,
        list: &str,
        question: &str,
        files_max: Option<u64>,
        token: Option<&str>,
    ) -> Result<Self, Fault> {
        let digest: String = hex(&Sha256::digest(question));
        let purpose = format!("sharing/{list}/{}/{digest}", table.id());
        let token = token.filter(|token| !token.is_empty());
        let opened = token.map(|token| open(visitor, &purpose, "pageToken", token)).transpose()?;
        let (version, start) = match opened.as_deref().and_then(|text| text.split_once('/')) {
            Some((version, start)) => (version.parse().ok(), start.parse().unwrap_or(0)),
            None => (None, 0),
        };
        let files = files_max.unwrap_or(FILES_MAX).clamp(1, FILES_MAX);
        let asked = files_max.is_some() || token.is_some();
        Ok(Self { purpose, version, start, files_max: usize::try_from(files).unwrap_or(usize::MAX), asked })
    }

    /// Whether the client reads by pages.
    pub const fn is_paged(&self) -> bool {
        self.asked
    }

    /// The version that the first page was of.
    pub const fn version(&self) -> Option<u32> {
        self.version
    }

    /// What of a list is on the page.
    pub fn cut<'l, T>(&self, list: &'l [T]) -> &'l [T] {
        let rest = list.get(self.start.min(list.len())..).unwrap_or_default();
        rest.get(..self.files_max.min(rest.len())).unwrap_or_default()
    }

    /// Where the next page of a list of that length starts, when there is one.
    pub fn next(&self, visitor: &Visitor, version: u32, length: usize) -> Option<String> {
        let end = self.start.saturating_add(self.files_max);
        (end < length).then(|| seal(visitor, &self.purpose, &format!("{version}/{end}")))
    }
}

/// The files that may hold rows that match the hints.
async fn hinted<'t>(visitor: &Visitor, version: Edition<'t>, hints: Option<&str>) -> Result<Vec<&'t File>, Fault> {
    let all = version.table.files.iter();
    let columns: Vec<&Column> = version.columns().collect();
    let Some(filters) = hints.and_then(|text| hint::filters(text, &columns)) else { return Ok(all.collect()) };
    let mut kept = Vec::new();
    for file in all {
        let view = view_of(version.permit, version.table, file);
        if visitor.app.reader.may_hold(&view, &filters).await? {
            kept.push(file);
        }
    }
    Ok(kept)
}

/// The shortest run of files from the first that has so many rows.
fn limited(files: Vec<&File>, limit: Option<u64>) -> Vec<&File> {
    let Some(limit) = limit else { return files };
    let mut rows = 0_u64;
    let short = |file: &&File| {
        let wanted = rows < limit;
        rows = rows.saturating_add(file.rows);
        wanted
    };
    files.into_iter().take_while(short).collect()
}

fn refresh_purpose(table: &SharedTable) -> String {
    format!("sharing/refresh/{}", table.id())
}

/// A hint as it is recorded: what could not stand in the ledger is cut.
fn recorded(hints: &str) -> String {
    hints.chars().filter(|c| !c.is_control()).take(4_096).collect()
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or(false)
}

/// A whole number that must not be negative, as a number or in a text.
fn whole(parameter: &str, value: Option<&Value>) -> Result<Option<u64>, Fault> {
    let read = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    read.map(Some).ok_or_else(|| {
        let shown = clipped(&value.map(ToString::to_string).unwrap_or_default());
        Fault::parameter(
            parameter,
            format!("Must be a whole number from 0, not {shown}."),
            format!("0 이상의 정수여야 합니다: {shown}"),
        )
    })
}
