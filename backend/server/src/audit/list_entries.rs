//! `GET /admin/v1/ledger/entries`: the whole ledger, for service accounts of the hospital. The look is an entry too.

use super::search::{Search, search};
use crate::auth::scope::AdminLedger;
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::{Params, clipped};
use crate::data::place::Place;
use crate::data::usage::moment;
use crate::data::view::rfc3339;
use crate::data::visit::Visit;
use crate::fault::Fault;
use crate::personal::open_all;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_core::clock::Timestamp;
use mudeung_core::organization::OrganizationKind;
use mudeung_store::ledger::EntryFilter;
use mudeung_store::personal::PersonalValue;
use mudeung_wire::api::{LedgerEntryItem, Page};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::ledger::tree::leaf_hash;
use std::collections::HashMap;

/// What can be asked for.
const NAMES: [&str; 12] = [
    "organization",
    "app",
    "member",
    "dataset",
    "grant",
    "token",
    "operation",
    "status",
    "from",
    "to",
    "cursor",
    "limit",
];

/// Entries of the ledger, newest first.
#[utoipa::path(
    get, path = "/admin/v1/ledger/entries", operation_id = "list_entries", tag = "ledger",
    params(
        ("organization" = Option<String>, Query, description = "Of this organization"),
        ("app" = Option<String>, Query, description = "Of this app"),
        ("member" = Option<String>, Query,
         description = "Of this member of the portal. Pages may be short: only `next_cursor: null` is the end"),
        ("dataset" = Option<String>, Query, description = "About this dataset"),
        ("grant" = Option<String>, Query, description = "Under this grant"),
        ("token" = Option<String>, Query, description = "With the access token of this `jti`"),
        ("operation" = Option<String>, Query, description = "Of this operation, for instance `data.read_rows`"),
        ("status" = Option<String>, Query, description = "OUTCOMEs that are `completed`, `aborted`, `denied` or `unknown`"),
        ("from" = Option<String>, Query, description = "RFC 3339; not before this moment"),
        ("to" = Option<String>, Query, description = "RFC 3339; before this moment"),
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<LedgerEntryItem>), TokenProblems), security(("oauth" = ["admin.ledger"])),
)]
pub async fn list_entries(visit: Visit<AdminLedger>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    if !is_of_the_hospital(&visit) {
        return Err(visit.refuse("ledger.read", &Place::default(), Fault::not_found()).await);
    }
    let params = Params::parse(request.query_string(), &NAMES)?;
    let wanted = wanted(&params)?;
    let asked = asked(&params);
    let window = Window::of(&visit.app, &format!("ledger/{asked}"), &params)?;
    let before = window.after().and_then(|before| before.parse().ok());
    let found = search(&visit.app.ledger, &wanted, before, window.items_max()).await?;
    let opened = open_all(&visit.app.db, found.entries.iter().map(|(_, entry)| entry)).await?;
    let items = found.entries.iter().map(|(index, entry)| item(*index, entry, &opened)).collect::<Result<_, _>>()?;
    let next_cursor = found.before.map(|before| window.cursor(&visit.app, &before.to_string()));
    let looked = Entry { filter: Some(asked), ..visit.entry("ledger.read") };
    visit.show(looked, &Page { items, next_cursor }).await
}

/// Scopes are given by side already; this is the second lock.
fn is_of_the_hospital(visit: &Visit<AdminLedger>) -> bool {
    let snapshot = visit.app.snapshots.present();
    let organization = snapshot.organizations.get(&visit.caller.organization);
    organization.is_some_and(|organization| organization.kind == OrganizationKind::Hospital)
}

fn wanted(params: &Params) -> Result<Search, Fault> {
    let text = |name: &str| params.get(name).map(str::to_owned);
    let status = params.get("status").map(|status| {
        status_of(status).ok_or_else(|| {
            let allowed = "completed, aborted, denied, unknown";
            Fault::parameter(
                "status",
                format!("Must be one of: {allowed}."),
                format!("다음 중 하나여야 합니다: {allowed}"),
            )
        })
    });
    Ok(Search {
        filter: EntryFilter {
            organization: text("organization"),
            app: text("app"),
            dataset: text("dataset"),
            grant: text("grant"),
            token: text("token"),
            operation: text("operation"),
            status: status.transpose()?,
            from: moment(params, "from")?,
            until: moment(params, "to")?,
        },
        member: text("member"),
    })
}

/// A status by its name.
pub fn status_of(text: &str) -> Option<Status> {
    Some(match text {
        "completed" => Status::Completed,
        "aborted" => Status::Aborted,
        "denied" => Status::Denied,
        "unknown" => Status::Unknown,
        _ => return None,
    })
}

/// What was asked for as one text, which also says which list a cursor belongs to.
fn asked(params: &Params) -> String {
    let given = NAMES.iter().filter(|name| !matches!(**name, "cursor" | "limit"));
    let given: Vec<_> = given.filter_map(|name| params.get(name).map(|value| (*name, clipped(value)))).collect();
    serde_urlencoded::to_string(given).unwrap_or_default()
}

fn item(index: u64, entry: &Entry, opened: &HashMap<String, PersonalValue>) -> Result<LedgerEntryItem, Fault> {
    let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    let value = |commitment: &Option<String>| opened.get(commitment.as_ref()?).map(|opened| opened.value.clone());
    Ok(LedgerEntryItem {
        index,
        recorded_at: rfc3339(Timestamp::from_micros(entry.time_us)),
        leaf_hash: STANDARD.encode(leaf_hash(&bytes)),
        address: value(&entry.address),
        person: value(&entry.person),
        entry: serde_json::to_value(entry).map_err(|error| Fault::internal(error.to_string()))?,
    })
}
