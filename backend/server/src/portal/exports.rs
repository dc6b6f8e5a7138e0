//! The ledger to take along: a period in a form, with a reason, as one archive that proves itself.

use super::desk::{Auditors, Desk};
use super::fields::Submitted;
use super::page::{self, Page};
use super::texts::ExportTexts;
use super::{figure, moment};
use crate::audit::export::{Export, Format, Order, tar};
use crate::fault::Fault;
use crate::ledger::publisher;
use crate::record::{self, Opened};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use askama::Template;
use bytes::Bytes;
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::LedgerError;
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    page: Page,
    t: &'static ExportTexts,
    formats: [(&'static str, &'static str); 4],
    typed: Typed,
}

/// The form as it was filled in.
#[derive(Default)]
struct Typed {
    from: String,
    until: String,
    format: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "checkpoint.html")]
struct CheckpointPage {
    page: Page,
    t: &'static ExportTexts,
    made: String,
    size: String,
    note: Option<String>,
    verifier: String,
    origin: String,
}

/// Shows the form.
pub(super) async fn new_export(desk: Desk<Auditors>) -> Result<HttpResponse, Fault> {
    show_form(&desk, Typed::default(), None)
}

/// Gives the archive, entry by entry. The reason stands in the ledger before the first byte leaves.
pub(super) async fn export_ledger(desk: Desk<Auditors>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = ExportTexts::of(desk.page.language);
    let text = |name| form.0.text(name).to_owned();
    let typed = Typed { from: text("from"), until: text("until"), format: text("format"), reason: text("reason") };
    let now = desk.app.clock.now();
    let Some(order) = order(&typed, now) else { return show_form(&desk, typed, Some(t.bad_period)) };
    let Some(reason) = form.0.paragraph("reason", 5..=500) else { return show_form(&desk, typed, Some(t.bad_reason)) };
    let turn = Arc::clone(&desk.app.portal.exports).try_acquire_owned();
    let Ok(turn) = turn else { return Err(busy()) };
    publisher::publish(&desk.app).await?;
    let note = desk.app.published.latest().ok_or_else(|| Fault::ledger("no checkpoint is signed yet"))?;
    let asked = format!("{} {}..{}", order.format.as_str(), typed.from, typed.until);
    let intent = Entry { detail: Some(reason), filter: Some(asked), ..desk.entry("ledger.export") };
    let opened = record::open(&desk.app, intent).await?;
    let name = format!("ledger-{}-{}", typed.from, typed.until);
    let begun = Export::begin(&desk.app.ledger, desk.app.keys.ledger(), &note.text, order).await;
    let begun = begun.map(|export| export.with_openings(&desk.app.db));
    let export = match begun {
        Ok(export) => export,
        Err(error) => {
            opened.close(Status::Aborted, Some(error.to_string()));
            return Err(error.into());
        }
    };
    let disposition = format!("attachment; filename=\"{name}.tar\"");
    let archive = Archive { export, opened: Some(opened), name, at: now, _turn: turn };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-tar"))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(futures_util::stream::try_unfold(archive, Archive::next)))
}

/// Shows the last checkpoint on one page, for the minutes of a meeting.
pub(super) async fn show_checkpoint(desk: Desk<Auditors>) -> Result<HttpResponse, Fault> {
    publisher::publish(&desk.app).await?;
    let latest = desk.app.published.latest();
    let page = desk.page.clone();
    let shown = CheckpointPage {
        t: ExportTexts::of(page.language),
        made: moment::minute(desk.app.clock.now()),
        size: latest.as_ref().map(|note| figure::grouped(note.size)).unwrap_or_default(),
        note: latest.map(|note| note.text.clone()),
        verifier: publisher::verifier(&desk.app).to_string(),
        origin: desk.app.config.ledger.origin.clone(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// An archive under way. Dropped on the way, its OUTCOME is `aborted` with what was sent.
struct Archive {
    export: Export,
    opened: Option<Opened>,
    name: String,
    at: Timestamp,
    _turn: OwnedSemaphorePermit,
}

impl Archive {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, LedgerError> {
        let Some(mut opened) = self.opened.take() else { return Ok(None) };
        let before = self.export.written();
        let piece = match self.export.next().await {
            Ok(piece) => piece,
            Err(error) => {
                opened.close(Status::Aborted, Some(error.to_string()));
                return Err(error);
            }
        };
        let rows = self.export.written() - before;
        let Some(piece) = piece else {
            let end = tar::end();
            opened.count(u64::try_from(end.len()).unwrap_or(0), 0);
            opened.close(Status::Completed, None);
            return Ok(Some((end.into(), self)));
        };
        let bytes = tar::file(&format!("{}/{}", self.name, piece.name), &piece.bytes, self.at);
        opened.count(u64::try_from(bytes.len()).unwrap_or(0), rows);
        self.opened = Some(opened);
        Ok(Some((bytes.into(), self)))
    }
}

/// What was asked for; nothing when the period or the format is none.
fn order(typed: &Typed, made_at: Timestamp) -> Option<Order> {
    let format = Format::parse(&typed.format)?;
    let (from, last) = (moment::start_of_day(&typed.from)?, moment::start_of_day(&typed.until)?);
    // The last day counts as a whole.
    let until = last.plus(Duration::from_secs(86_400));
    (from < until).then_some(Order { format, from: Some(from), until: Some(until), made_at })
}

fn show_form(desk: &Desk<Auditors>, typed: Typed, problem: Option<&'static str>) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    let t = ExportTexts::of(page.language);
    let formats = [
        (Format::Ndjson.as_str(), t.as_ndjson),
        (Format::Csv.as_str(), t.as_csv),
        (Format::FhirR4.as_str(), t.as_fhir_r4),
        (Format::FhirR5.as_str(), t.as_fhir_r5),
    ];
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &ExportPage { t, formats, typed, page: page.clone() })
}

fn busy() -> Fault {
    Fault::new(
        Code::Overloaded,
        "Other exports are under way. Try again when they are done.",
        "다른 내보내기가 진행 중입니다. 끝난 뒤 다시 시도하세요.",
    )
    .retry_after(30)
}
