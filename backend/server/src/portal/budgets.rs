//! Budgets beyond those of grants: what an organization, an app or all readers of a dataset may read in a period.

use super::desk::{Admins, Desk};
use super::fields::Submitted;
use super::figure;
use super::page::{self, Page};
use super::texts::BudgetsTexts;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::budget::{BudgetRule, BudgetSubject, Period, alert_level, percent};
use mudeung_core::policy::Snapshot;
use mudeung_core::quota::Amount;
use mudeung_store::budgets;
use mudeung_wire::ledger::entry::Entry;

const GIB: u64 = 1 << 30;
/// No budget needs more; sums of such stay far within a column.
const GIB_MAX: u64 = 1_000_000;
const ROWS_MAX: u64 = 1 << 50;

#[derive(Template)]
#[template(path = "budgets.html")]
struct BudgetsPage {
    page: Page,
    t: &'static BudgetsTexts,
    budgets: Vec<BudgetLine>,
    subjects: Vec<SubjectOption>,
}

struct BudgetLine {
    kind: &'static str,
    subject: String,
    name: String,
    period: &'static str,
    bytes: String,
    rows: String,
    percent: u8,
    alerted: bool,
}

struct SubjectOption {
    value: String,
    name: String,
}

/// Shows all budgets with how much of each is used, and a form for another.
pub(super) async fn list_budgets(desk: Desk<Admins>) -> Result<HttpResponse, Fault> {
    show(&desk, None, StatusCode::OK).await
}

/// Sets the budget of a subject, in place of the one it had.
pub(super) async fn set_budget(desk: Desk<Admins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = BudgetsTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let subject = form.0.text("subject").split_once(':').and_then(|(kind, id)| BudgetSubject::parse(kind, id));
    let Some(subject) = subject.filter(|subject| name_of(&snapshot, subject).is_some()) else {
        return show(&desk, Some(t.bad_subject), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let number = |name: &str, most: u64| form.0.text(name).parse::<u64>().ok().filter(|n| (1..=most).contains(n));
    let (period, gib, rows) = (Period::parse(form.0.text("period")), number("gib", GIB_MAX), number("rows", ROWS_MAX));
    let (Some(period), Some(gib), Some(rows)) = (period, gib, rows) else {
        return show(&desk, Some(t.bad_limit), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let rule = BudgetRule { subject, period, limit: Amount { bytes: gib.saturating_mul(GIB), rows } };
    let intent = Entry {
        detail: Some(format!(
            "{} {}: {gib} GiB and {rows} rows a {}",
            rule.subject.kind(),
            rule.subject,
            period.as_str()
        )),
        ..desk.entry("budget.set")
    };
    desk.change("set budget", intent, move |conn| budgets::set_budget(conn, &rule)).await?;
    Ok(desk.go("/budgets", "budget-set"))
}

/// Takes the budget of a subject away.
pub(super) async fn remove_budget(
    desk: Desk<Admins>,
    subject: web::Path<(String, String)>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let subject = BudgetSubject::parse(&subject.0, &subject.1).ok_or_else(Fault::not_found)?;
    let intent = Entry { detail: Some(format!("{} {subject}", subject.kind())), ..desk.entry("budget.remove") };
    desk.change("remove budget", intent, move |conn| budgets::delete_budget(conn, &subject)).await?;
    Ok(desk.go("/budgets", "budget-removed"))
}

async fn show(desk: &Desk<Admins>, problem: Option<&'static str>, status: StatusCode) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    let t = BudgetsTexts::of(page.language);
    let rules = desk.app.db.read("list budgets", budgets::list_budgets).await?;
    let snapshot = desk.app.snapshots.present();
    let mut lines = Vec::with_capacity(rules.len());
    for rule in rules {
        let by = crate::data::budget::counted_by(&rule, desk.app.clock.now());
        let used = desk.app.ledger.used(by).await?;
        let shown = |used: u64, limit: u64| format!("{} / {}", figure::grouped(used), figure::grouped(limit));
        lines.push(BudgetLine {
            kind: rule.subject.kind(),
            subject: rule.subject.to_string(),
            name: name_of(&snapshot, &rule.subject).unwrap_or_else(|| rule.subject.to_string()),
            period: period_text(t, rule.period),
            bytes: shown(used.bytes, rule.limit.bytes),
            rows: shown(used.rows, rule.limit.rows),
            percent: percent(rule.limit, used),
            alerted: alert_level(rule.limit, used).is_some(),
        });
    }
    let shown = BudgetsPage { t, budgets: lines, subjects: subjects(t, &snapshot), page: page.clone() };
    page::show(&page, status, &shown)
}

const fn period_text(t: &BudgetsTexts, period: Period) -> &'static str {
    match period {
        Period::Day => t.day,
        Period::Month => t.month,
        Period::Total => t.total,
    }
}

/// The name of a subject, when there is one.
fn name_of(snapshot: &Snapshot, subject: &BudgetSubject) -> Option<String> {
    match subject {
        BudgetSubject::Organization(id) => snapshot.organizations.get(id).map(|found| found.name.clone()),
        BudgetSubject::App(id) => snapshot.apps.get(id).map(|found| found.name.clone()),
        BudgetSubject::Dataset(name) => snapshot.datasets.get(name).map(|_| name.to_string()),
    }
}

fn subjects(t: &BudgetsTexts, snapshot: &Snapshot) -> Vec<SubjectOption> {
    let option = |kind: &str, subject: BudgetSubject| SubjectOption {
        value: format!("{}:{subject}", subject.kind()),
        name: format!("{kind}: {}", name_of(snapshot, &subject).unwrap_or_default()),
    };
    let organizations =
        snapshot.organizations.keys().map(|id| option(t.organization, BudgetSubject::Organization(*id)));
    let apps = snapshot.apps.keys().map(|id| option(t.app, BudgetSubject::App(*id)));
    let datasets = snapshot.datasets.keys().map(|name| option(t.dataset, BudgetSubject::Dataset(name.clone())));
    let mut all: Vec<_> = organizations.chain(apps).chain(datasets).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}
