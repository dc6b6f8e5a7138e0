//! The dry run on a page: a developer pastes an assertion of the app and sees how it fares.

use super::find_visible;
use crate::fault::Fault;
use crate::oauth::client::assertion::Purpose;
use crate::oauth::validate_assertion::{Report, dry_run};
use crate::portal::desk::{Desk, Developers};
use crate::portal::fields::Submitted;
use crate::portal::page::{self, Page};
use crate::portal::path;
use crate::portal::texts::{AppsTexts, KeysTexts};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "assertion.html")]
struct AssertionPage {
    page: Page,
    t: &'static AppsTexts,
    k: &'static KeysTexts,
    app: String,
    name: String,
    valid: bool,
    lines: Vec<CheckLine>,
}

struct CheckLine {
    check: &'static str,
    problem: Option<&'static str>,
}

/// Shows how an assertion of the app fares. It is not kept, and its `jti` is not used up.
pub(in crate::portal) async fn check_assertion(
    desk: Desk<Developers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let purpose = if form.0.text("grant").is_empty() { Purpose::Authentication } else { Purpose::Grant };
    let now = desk.app.clock.now();
    let report = dry_run(&desk.app, Some(app.id), form.0.text("assertion"), purpose, now).await?;
    let shown = AssertionPage {
        t: AppsTexts::of(desk.page.language),
        k: KeysTexts::of(desk.page.language),
        app: app.id.to_string(),
        name: app.name,
        valid: report.is_valid(),
        lines: lines(&report, &desk.page),
        page: desk.page.clone(),
    };
    page::show(&desk.page, StatusCode::OK, &shown)
}

fn lines(report: &Report, page: &Page) -> Vec<CheckLine> {
    let line = |finding: &crate::oauth::assertion::Finding| CheckLine {
        check: finding.check.as_str(),
        problem: finding.problem.map(|problem| problem.text(page.language)),
    };
    report.findings.iter().map(line).collect()
}
