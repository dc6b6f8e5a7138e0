//! Errors on pages, as pages.

use super::page::{self, Page};
use crate::call::{Call, Language};
use crate::fault::Fault;
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    page: Page,
    title: &'static str,
    status: u16,
    detail: String,
    call: String,
}

/// A fault as a page, when it happened on one.
pub(crate) fn answer(call: &Call, path: &str, fault: &Fault) -> Option<HttpResponse> {
    if !page::is_page(path) {
        return None;
    }
    let page = Page::bare(path, call.language);
    let shown = FailurePage {
        title: page.language.pick(fault.code.title_ko(), fault.code.title_en()),
        status: fault.code.status(),
        detail: detail(page.language, fault),
        call: call.id.to_string(),
        page: page.clone(),
    };
    let mut answer = page::show(&page, fault.status(), &shown).ok()?;
    for (name, value) in &fault.headers {
        answer.headers_mut().append(name.clone(), value.clone());
    }
    Some(answer)
}

/// The API's own words speak of API addresses; where they would puzzle, the page has its own.
fn detail(language: Language, fault: &Fault) -> String {
    match fault.code {
        mudeung_wire::problem::Code::NotFound => language
            .pick("찾는 화면이 없거나 볼 수 있는 권한이 없습니다.", "There is no such page, or it is not open to you.")
            .to_owned(),
        _ => language.pick(&fault.ko, &fault.en).to_owned(),
    }
}
