//! Forms for who is not signed in: bound to the browser by a cookie of its own, and never kept by caches. Their addresses are
//! told to no other site (`Referrer-Policy: same-origin`, as on every page; `no-referrer` would also keep back the Origin by
//! which we know our own forms).

use super::cookie::Cookies;
use super::desk::Visitor;
use super::fields::{self, Fields};
use super::forgery;
use super::page::{self, Page};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

/// A page with such a form. What makes it is given the frame and the token that the form must carry.
pub(super) fn show<T: Template>(
    visitor: &Visitor,
    request: &HttpRequest,
    problem: Option<&'static str>,
    status: StatusCode,
    make: impl FnOnce(Page, String) -> T,
) -> Result<HttpResponse, Fault> {
    let cookies = Cookies { secure: visitor.app.portal.secure };
    let (visit, fresh) = fields::visit_of(cookies, request, &*visitor.app.entropy);
    let mut page = visitor.page.clone();
    page.problem = problem;
    let shown = make(page.clone(), forgery::form_token(&visitor.app, &visit));
    let mut answer = page::show(&page, status, &shown)?;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if fresh {
        answer.add_cookie(&cookies.visit(&visit)).map_err(|error| Fault::internal(error.to_string()))?;
    }
    Ok(answer)
}

/// Whether a form came from such a page, shown to this browser.
pub(super) fn is_ours(visitor: &Visitor, request: &HttpRequest, form: &Fields) -> bool {
    let visit = Cookies { secure: visitor.app.portal.secure }.visit_of(request);
    forgery::check(&visitor.app, request, visit.as_deref(), form.raw("form_token")).is_ok()
}
