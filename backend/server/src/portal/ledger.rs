//! The ledger on screen: search, one entry with its hash, head and checkpoint. Looking is recorded too.

use super::desk::{Auditors, Desk};
use super::island::Island;
use super::page::{self, Badge, Page, query_value};
use super::requests::Choice;
use super::texts::{LedgerTexts, PersonalTexts};
use super::{figure, moment};
use crate::audit::list_entries::status_of;
use crate::audit::search::{Search, search};
use crate::fault::Fault;
use crate::hex::hex;
use crate::personal::open_all;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_store::ledger::EntryFilter;
use mudeung_store::personal::PersonalValue;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::tree::leaf_hash;
use std::collections::HashMap;
use std::time::Duration;

const PAGE_ENTRIES: usize = 50;

/// The operations that are offered; others can be typed.
const OPERATIONS: [&str; 33] = [
    "data.read_file",
    "data.read_rows",
    "data.list_files",
    "query.run",
    "synthetic.generate",
    "request.repeat",
    "oauth.issue_token",
    "ledger.read",
    "portal.sign_in",
    "portal.sign_out",
    "app.create",
    "app.revoke",
    "credential.create",
    "credential.revoke",
    "request.save",
    "request.submit",
    "request.withdraw",
    "request.accept",
    "request.return",
    "request.sign_off",
    "request.vote",
    "request.recuse",
    "request.decide",
    "request.answer",
    "request.confirm",
    "request.lapse",
    "grant.create",
    "grant.revoke",
    "organization.suspend",
    "organization.resume",
    "version.publish",
    "version.withdraw",
    "catalog.describe_table",
];

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    page: Page,
    t: &'static LedgerTexts,
    /// Whether the member may erase personal values.
    personal: bool,
    healthy: bool,
    size: String,
    root: String,
    checkpoint: Option<String>,
    operations: &'static [&'static str],
    organizations: Vec<Choice>,
    filter: Typed,
    entries: Vec<EntryLine>,
    next: Option<String>,
}

/// The filter as it was typed.
#[derive(Debug, Clone, Default)]
struct Typed {
    operation: String,
    organization: String,
    app: String,
    dataset: String,
    member: String,
    grant: String,
    token: String,
    status: String,
    from: String,
    until: String,
}

struct EntryLine {
    index: u64,
    time: String,
    badge: Option<Badge>,
    operation: String,
    who: String,
    what: String,
    rows: String,
    bytes: String,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    page: Page,
    t: &'static LedgerTexts,
    index: u64,
    time: String,
    intent: Option<u64>,
    fields: Vec<(String, String)>,
    leaf_hash: String,
    size: String,
    root: String,
    canonical: String,
}

/// Shows entries, newest first.
pub(super) async fn list_entries(desk: Desk<Auditors>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let typed = typed(request.query_string());
    let before = query_value(request.query_string(), "before").and_then(|before| before.parse::<u64>().ok());
    let mut page = desk.page.clone().with(Island::Live);
    let t = LedgerTexts::of(page.language);
    let (wanted, status) = match wanted(&typed) {
        Some(wanted) => (wanted, StatusCode::OK),
        None => {
            page.problem = Some(t.bad_day);
            (Search::default(), StatusCode::UNPROCESSABLE_ENTITY)
        }
    };
    let looked = Entry { filter: Some(query_of(&typed)), ..desk.entry("ledger.read") };
    record::note(&desk.app, looked, Status::Completed).await?;
    let found = search(&desk.app.ledger, &wanted, before, PAGE_ENTRIES).await?;
    let head = desk.app.ledger.head().await?;
    let snapshot = desk.app.snapshots.present();
    let shown = LedgerPage {
        t,
        personal: desk.signed_in.has(&[Role::Admin]),
        healthy: desk.app.ledger.is_healthy(),
        size: figure::grouped(head.size),
        root: hex(&head.root),
        checkpoint: desk.app.ledger.latest_checkpoint().await?.map(|(_, note)| note),
        operations: &OPERATIONS,
        organizations: organizations(&snapshot, &typed.organization),
        entries: found.entries.iter().map(|(index, entry)| line(&page, &snapshot, *index, entry)).collect(),
        next: found.before.map(|index| format!("{}?{}&before={index}", page.at("/ledger"), query_of(&typed))),
        filter: typed,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// Shows one entry with its bytes and hash.
pub(super) async fn show_entry(desk: Desk<Auditors>, index: web::Path<String>) -> Result<HttpResponse, Fault> {
    let index: u64 = index.parse().ok().ok_or_else(Fault::not_found)?;
    let looked = Entry { detail: Some(index.to_string()), ..desk.entry("ledger.read") };
    record::note(&desk.app, looked, Status::Completed).await?;
    let entry = desk.app.ledger.entry(index).await?.ok_or_else(Fault::not_found)?;
    let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    let canonical = String::from_utf8_lossy(&bytes).into_owned();
    let opened = open_all(&desk.app.db, std::iter::once(&entry)).await?;
    let head = desk.app.ledger.head().await?;
    let page = desk.page.clone();
    let shown = EntryPage {
        t: LedgerTexts::of(page.language),
        index,
        time: moment::precise(entry.time_us),
        intent: entry.intent,
        fields: with_openings(fields(&canonical), &opened, PersonalTexts::of(page.language).erased),
        leaf_hash: hex(&leaf_hash(&bytes)),
        size: figure::grouped(head.size),
        root: hex(&head.root),
        canonical,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

fn typed(query: &str) -> Typed {
    let value = |name| query_value(query, name).map(|value| value.trim().to_owned()).unwrap_or_default();
    Typed {
        operation: value("operation"),
        organization: value("organization"),
        app: value("app"),
        dataset: value("dataset"),
        member: value("member"),
        grant: value("grant"),
        token: value("token"),
        status: value("status"),
        from: value("from"),
        until: value("until"),
    }
}

/// What is searched for; nothing when a day is not one.
fn wanted(typed: &Typed) -> Option<Search> {
    let text = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
    let day = |value: &String| match value.as_str() {
        "" => Some(None),
        value => moment::start_of_day(value).map(Some),
    };
    let filter = EntryFilter {
        organization: text(&typed.organization),
        app: text(&typed.app),
        dataset: text(&typed.dataset),
        operation: text(&typed.operation),
        grant: text(&typed.grant),
        token: text(&typed.token),
        status: status_of(&typed.status),
        from: day(&typed.from)?,
        // The last day counts as a whole.
        until: day(&typed.until)?.map(|day| day.plus(Duration::from_secs(86_400))),
    };
    Some(Search { filter, member: text(&typed.member) })
}

fn query_of(typed: &Typed) -> String {
    let all = [
        ("operation", &typed.operation),
        ("organization", &typed.organization),
        ("app", &typed.app),
        ("dataset", &typed.dataset),
        ("member", &typed.member),
        ("grant", &typed.grant),
        ("token", &typed.token),
        ("status", &typed.status),
        ("from", &typed.from),
        ("until", &typed.until),
    ];
    let given: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    serde_urlencoded::to_string(given).unwrap_or_default()
}

fn organizations(snapshot: &Snapshot, selected: &str) -> Vec<Choice> {
    let mut all: Vec<_> = snapshot.organizations.values().collect();
    all.sort_by_key(|organization| organization.id);
    all.into_iter().map(|organization| choice(&organization.id.to_string(), &organization.name, selected)).collect()
}

fn choice(value: &str, text: &str, selected: &str) -> Choice {
    Choice { value: value.to_owned(), text: text.to_owned(), selected: value == selected }
}

fn line(page: &Page, snapshot: &Snapshot, index: u64, entry: &Entry) -> EntryLine {
    let app = entry.app.as_deref().and_then(|id| snapshot.apps.get(&id.parse().ok()?)).map(|app| app.name.clone());
    let organization = entry.organization.as_deref().and_then(|id| snapshot.organizations.get(&id.parse().ok()?));
    let organization = organization.map(|organization| organization.name.clone());
    let who = app.or_else(|| entry.app.clone()).or(organization).or_else(|| entry.member.clone());
    let place = [&entry.dataset, &entry.tier, &entry.table];
    let place: Vec<&str> = place.into_iter().filter_map(|part| part.as_deref()).collect();
    EntryLine {
        index,
        time: moment::minute(mudeung_core::clock::Timestamp::from_micros(entry.time_us)),
        badge: match (entry.kind, entry.status) {
            (Kind::Intent, _) => None,
            (Kind::Outcome, status) => Some(page.badge(status.map_or("unknown", status_name))),
        },
        operation: entry.operation.clone(),
        who: who.unwrap_or_default(),
        what: if place.is_empty() { entry.detail.clone().unwrap_or_default() } else { place.join(".") },
        rows: entry.rows.map(figure::grouped).unwrap_or_default(),
        bytes: entry.bytes.map(figure::grouped).unwrap_or_default(),
    }
}

pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Completed => "completed",
        Status::Aborted => "aborted",
        Status::Denied => "denied",
        Status::Unknown => "unknown",
    }
}

/// The fields of the canonical bytes, in their order.
fn fields(canonical: &str) -> Vec<(String, String)> {
    let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(canonical);
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Array(items) => {
            items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    parsed.unwrap_or_default().into_iter().map(|(key, value)| (key, plain(value))).collect()
}

/// Beside a commitment what it stands for, or that it was erased.
fn with_openings(
    mut fields: Vec<(String, String)>,
    opened: &HashMap<String, PersonalValue>,
    erased: &str,
) -> Vec<(String, String)> {
    for (name, value) in &mut fields {
        if matches!(name.as_str(), "address" | "person") {
            let stands_for = opened.get(value.as_str()).map_or(erased, |opened| opened.value.as_str());
            *value = format!("{stands_for} ({value})");
        }
    }
    fields
}
