//! Every component of the portal's pages on one page, drawn by the macros that the pages are drawn by.

use super::desk::Visitor;
use super::guide::{self, Part};
use super::island::Island;
use super::page::{self, Badge, Page};
use super::texts::ComponentsTexts;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

/// States of every kind, as the domain names them.
const STATES: [&str; 12] = [
    "active",
    "approved",
    "published",
    "pending",
    "in_review",
    "returned",
    "held",
    "suspended",
    "revoked",
    "rejected",
    "draft",
    "expired",
];

#[derive(Template)]
#[template(path = "components.html")]
struct ComponentsPage {
    page: Page,
    t: &'static ComponentsTexts,
    parts: &'static [Part],
    here: &'static str,
    states: Vec<Badge>,
    meter: Meter,
}

/// A quota with what is used of it.
struct Meter {
    id: &'static str,
    label: &'static str,
    used: &'static str,
    limit: &'static str,
    permille: u64,
    percent: &'static str,
}

/// Shows all components.
pub(super) async fn show_components(visitor: Visitor, language: web::Path<String>) -> Result<HttpResponse, Fault> {
    let page = visitor.page.with(Island::Columns);
    guide::check_language(&page, &language)?;
    let t = ComponentsTexts::of(page.language);
    let meter = Meter { id: "meter", label: t.used, used: "420", limit: "1,000", permille: 420, percent: "42.0 %" };
    let states = STATES.iter().map(|state| page.badge(state)).collect();
    let shown = ComponentsPage { t, parts: guide::PARTS, here: "components", states, meter, page: page.clone() };
    page::show(&page, StatusCode::OK, &shown)
}
