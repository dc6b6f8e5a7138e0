//! Invoices on screen: what was issued, what the running month comes to, and the bundle that proves an invoice offline.

use super::desk::{Anyone, Desk, FreshAdmins};
use super::fields::Submitted;
use super::page::{self, Page};
use super::plans::companies;
use super::texts::InvoicesTexts;
use super::{figure, moment, path};
use crate::audit::export::tar;
use crate::billing::{BillingError, Office};
use crate::fault::Fault;
use crate::ledger::publisher;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Clock;
use mudeung_core::id::OrganizationId;
use mudeung_core::member::Role;
use mudeung_store::billing::{StoredInvoice, find_invoice, insert_invoice, list_invoices};
use mudeung_wire::invoice::{Invoice, Month};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;

/// The most entries of a bundle that is made in memory; larger ones are for the command line.
const ENTRIES_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "invoices.html")]
struct InvoicesPage {
    page: Page,
    t: &'static InvoicesTexts,
    invoices: Vec<InvoiceLine>,
    draft: Option<DraftFigures>,
    companies: Vec<(String, String)>,
    month: String,
    verifier: String,
}

struct InvoiceLine {
    organization: String,
    name: String,
    month: String,
    total: String,
    lines: usize,
    sha256: String,
    issued: String,
}

struct DraftFigures {
    month: String,
    plan: String,
    subtotal: String,
    total: String,
}

/// Shows the invoices of a company, or of all, and what the running month comes to so far.
pub(super) async fn show_invoices(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let may_issue = desk.signed_in.has(&[Role::Admin]) && desk.signed_in.scope().is_none();
    show(&desk.app, desk.page.clone(), desk.signed_in.scope(), may_issue, StatusCode::OK).await
}

/// Issues the invoice of a company for a month that is over.
pub(super) async fn issue_invoice(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = InvoicesTexts::of(desk.page.language);
    let refuse = async |problem| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        show(&desk.app, page, None, true, StatusCode::UNPROCESSABLE_ENTITY).await
    };
    let companies = companies(&desk.app.snapshots.present());
    let organization: Option<OrganizationId> = path(form.0.text("organization")).ok();
    let organization = organization.filter(|id| companies.iter().any(|(known, _)| *known == id.to_string()));
    let (Some(organization), Ok(month)) = (organization, form.0.text("month").parse::<Month>()) else {
        return refuse(t.bad_month).await;
    };
    publisher::publish(&desk.app).await?;
    let stored = match office(&desk.app).prepare(organization, month).await {
        Ok(stored) => stored,
        Err(BillingError::NotOver(_)) => return refuse(t.not_over).await,
        Err(error) => return Err(failed(error)),
    };
    let detail = format!("{organization} {month} sha256 {}", stored.sha256);
    let intent = Entry { detail: Some(detail), ..desk.entry("invoice.issue") };
    match desk.change("issue invoice", intent, move |conn| insert_invoice(conn, &stored)).await {
        Ok(()) => Ok(desk.go("/invoices", "invoice-issued")),
        Err(fault) if fault.code == Code::Conflict => refuse(t.issued_already).await,
        Err(fault) => Err(fault),
    }
}

/// Gives an invoice with the entries that it is folded from and their proofs: all that `mudeung usage verify` needs.
pub(super) async fn export_invoice(
    desk: Desk<Anyone>,
    place: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let organization: OrganizationId = path(&place.0)?;
    let month: Month = place.1.parse().ok().ok_or_else(Fault::not_found)?;
    if desk.signed_in.scope().is_some_and(|own| own != organization) {
        return Err(Fault::not_found());
    }
    let found = desk.app.db.read("find invoice", move |conn| find_invoice(conn, organization, month)).await?;
    let stored = found.ok_or_else(Fault::not_found)?;
    let files = office(&desk.app).bundle(&stored, ENTRIES_MAX).await.map_err(failed)?;
    let taken = Entry { detail: Some(format!("{organization} {month}")), ..desk.entry("invoice.export") };
    record::note(&desk.app, taken, Status::Completed).await?;
    let (name, at) = (format!("invoice-{month}"), stored.issued_at);
    let mut archive = Vec::new();
    for (file, bytes) in files {
        archive.extend(tar::file(&format!("{name}/{file}"), &bytes, at));
    }
    archive.extend(tar::end());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-tar"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.tar\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(archive))
}

fn office(app: &App) -> Office<'_> {
    let (key, origin) = (app.keys.ledger(), app.config.ledger.origin.as_str());
    Office { db: &app.db, ledger: &app.ledger, key, origin, now: app.clock.now() }
}

fn failed(error: BillingError) -> Fault {
    match error {
        BillingError::TooLarge(entries) => Fault::new(
            Code::LimitReached,
            format!(
                "The invoice has {entries} entries. Ask the hospital for the bundle: it makes larger ones at the command line with `mudeung usage export`."
            ),
            format!(
                "청구서의 기록이 {entries}개입니다. 병원에 요청하면 명령줄(`mudeung usage export`)로 만들어 드립니다."
            ),
        ),
        BillingError::Store(error) => error.into(),
        BillingError::Ledger(error) => error.into(),
        other => Fault::internal(other.to_string()),
    }
}

async fn show(
    app: &App,
    page: Page,
    of: Option<OrganizationId>,
    may_issue: bool,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let stored = app.db.read("list invoices", move |conn| list_invoices(conn, of)).await?;
    let now = Month::of(app.clock.now().micros());
    let draft = match (of, now) {
        (Some(organization), Some(month)) => draft(app, organization, month).await?,
        _ => None,
    };
    let shown = InvoicesPage {
        t: InvoicesTexts::of(page.language),
        invoices: stored.iter().rev().map(|stored| line(app, stored)).collect(),
        draft,
        companies: if may_issue { companies(&app.snapshots.present()) } else { Vec::new() },
        month: now.and_then(Month::preceding).map(|month| month.to_string()).unwrap_or_default(),
        verifier: publisher::verifier(app).to_string(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// What the running month comes to so far; nothing before a checkpoint was signed.
async fn draft(app: &App, organization: OrganizationId, month: Month) -> Result<Option<DraftFigures>, Fault> {
    let invoice = match office(app).draft(organization, month).await {
        Ok((invoice, _)) => invoice,
        Err(BillingError::NotCovered) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    Ok(Some(DraftFigures {
        month: month.to_string(),
        plan: format!("{} {}", invoice.plan.name, invoice.plan.version),
        subtotal: figure::grouped(invoice.totals.subtotal_krw),
        total: figure::grouped(invoice.totals.total_krw),
    }))
}

fn line(app: &App, stored: &StoredInvoice) -> InvoiceLine {
    let snapshot = app.snapshots.present();
    let name = snapshot.organizations.get(&stored.organization).map(|found| found.name.clone());
    let invoice: Option<Invoice> = serde_json::from_str(&stored.document).ok();
    InvoiceLine {
        organization: stored.organization.to_string(),
        name: name.unwrap_or_else(|| stored.organization.to_string()),
        month: stored.month.to_string(),
        total: invoice.as_ref().map(|invoice| figure::grouped(invoice.totals.total_krw)).unwrap_or_default(),
        lines: invoice.map_or(0, |invoice| invoice.lines.len()),
        sha256: stored.sha256.clone(),
        issued: moment::minute(stored.issued_at),
    }
}
