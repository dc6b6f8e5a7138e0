//! The front page: what it is, and the first rows in two minutes.

use super::cookie::Cookies;
use super::desk::{Visitor, see_other};
use super::page::{self, Page};
use super::texts::FrontTexts;
use super::{example, figure};
use crate::call::{Call, Language};
use crate::config::SandboxConfig;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use mudeung_core::policy::Snapshot;
use mudeung_core::tier::Tier;

#[derive(Template)]
#[template(path = "front.html")]
struct FrontPage {
    page: Page,
    t: &'static FrontTexts,
    datasets: String,
    tables: String,
    rows: String,
    entries: String,
    sandbox: Option<SandboxConfig>,
    first: Option<example::Example>,
}

/// Sends a browser to the front page in its language.
pub(super) async fn choose_language(request: HttpRequest, call: Call) -> HttpResponse {
    go_by_language(&request, &call, |language| format!("/{language}/"))
}

/// Sends a browser to an address in its language: the one last shown, else the one it prefers.
pub(super) fn go_by_language(request: &HttpRequest, call: &Call, address: impl Fn(&str) -> String) -> HttpResponse {
    let language = match Cookies::language_of(request).as_deref() {
        Some("ko") => Language::Ko,
        Some("en") => Language::En,
        _ => call.language,
    };
    let mut answer = see_other(&address(language.as_str()));
    let vary = actix_web::http::header::HeaderValue::from_static("Cookie, Accept-Language");
    answer.headers_mut().insert(actix_web::http::header::VARY, vary);
    answer
}

/// Shows the front page.
pub(super) async fn show_front(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let snapshot = visitor.app.snapshots.present();
    let (datasets, tables, rows) = served(&snapshot);
    // The front page stands even when the ledger does not answer; only this figure is missing then.
    let head = visitor.app.ledger.head().await;
    let sandbox = visitor.app.config.sandbox.clone();
    let shown = FrontPage {
        t: FrontTexts::of(visitor.page.language),
        datasets: figure::grouped(datasets),
        tables: figure::grouped(tables),
        rows: figure::grouped(rows),
        entries: head.map_or_else(|_| "–".to_owned(), |head| figure::grouped(head.size)),
        first: example::first(&visitor.app.config, &snapshot),
        sandbox,
        page: visitor.page.clone(),
    };
    page::show(&visitor.page, StatusCode::OK, &shown)
}

/// Datasets, tables and rows of the latest versions.
fn served(snapshot: &Snapshot) -> (u64, u64, u64) {
    let (mut datasets, mut tables, mut rows) = (0_u64, 0_u64, 0_u64);
    for name in snapshot.datasets.keys() {
        let latest = Tier::ALL.into_iter().filter_map(|tier| snapshot.published(name.as_str(), tier, None));
        let latest: Vec<_> = latest.collect();
        datasets = datasets.saturating_add(u64::from(!latest.is_empty()));
        for table in latest.iter().flat_map(|version| &version.tables) {
            tables = tables.saturating_add(1);
            rows = rows.saturating_add(table.rows);
        }
    }
    (datasets, tables, rows)
}
