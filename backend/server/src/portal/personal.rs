//! What entries of the ledger stand for: how much is kept of people, and a form to erase it.

use super::desk::{Admins, Desk, FreshAdmins};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::texts::PersonalTexts;
use super::{figure, moment};
use crate::audit::erase::{ERASE, done, erase, intended};
use crate::fault::Fault;
use crate::record;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_store::personal::{PersonalSubject, count_personal_values};
use mudeung_wire::ledger::entry::{Entry, Status};

#[derive(Template)]
#[template(path = "personal.html")]
struct PersonalPage {
    page: Page,
    t: &'static PersonalTexts,
    values: String,
    oldest: Option<String>,
}

/// Shows how much is kept, and the form.
pub(super) async fn show_personal(desk: Desk<Admins>) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    show(&desk.app, page, StatusCode::OK).await
}

/// Erases what is kept of a member, an address or a time. The ledger stays as it is.
pub(super) async fn erase_personal(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = PersonalTexts::of(desk.page.language);
    let wrong = |problem| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        page
    };
    let Some(subject) = subject_of(&form.0) else {
        return show(&desk.app, wrong(t.bad_subject), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let Some(reason) = form.0.line("reason", 1..=500) else {
        return show(&desk.app, wrong(t.bad_reason), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let intent = Entry { detail: Some(intended(subject, &reason)), ..desk.entry(ERASE) };
    let opened = record::open(&desk.app, intent).await?;
    match erase(&desk.app.db, subject).await {
        Ok(erased) => {
            opened.close(Status::Completed, Some(done(erased)));
            if let Err(error) = desk.app.snapshots.refresh().await {
                tracing::warn!("commitments of what was erased may be used for an hour: {error}");
            }
            Ok(desk.go("/ledger/personal", "personal-erased"))
        }
        Err(error) => {
            let fault = Fault::from(error);
            opened.close(Status::Aborted, Some(fault.code.as_str().to_owned()));
            Err(fault)
        }
    }
}

fn subject_of(form: &Fields) -> Option<PersonalSubject> {
    let value = form.text("value");
    match form.text("of") {
        "member" => value.parse().ok().map(PersonalSubject::Member),
        "address" => value.parse().ok().map(PersonalSubject::Address),
        "before" => moment::start_of_day(value).map(PersonalSubject::Before),
        _ => None,
    }
}

async fn show(app: &crate::state::App, page: Page, status: StatusCode) -> Result<HttpResponse, Fault> {
    let kept = app.db.read("count personal values", count_personal_values).await?;
    let shown = PersonalPage {
        t: PersonalTexts::of(page.language),
        values: figure::grouped(kept.values),
        oldest: kept.oldest.map(moment::minute),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}
