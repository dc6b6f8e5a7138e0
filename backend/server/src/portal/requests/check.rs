//! The completeness check (형식검토): a request is found complete, or sent back with what is missing. And the opinions of
//! offices.

use super::{find_visible, happen, is_stale, show};
use crate::fault::Fault;
use crate::portal::desk::{Checkers, Desk, Officers, Roles};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::texts::FlowTexts;
use actix_web::{HttpResponse, web};
use mudeung_core::member::Role;
use mudeung_core::request::event::Happening;

/// The longest reason that people give.
pub(super) const REASON_MAX: usize = 2_000;

/// Finds a request complete: it goes to the board.
pub(in crate::portal) async fn accept_request(
    desk: Desk<Checkers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    happen(&desk, &filed.request, "request.accept", "", Happening::Accepted).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-accepted"))
}

/// Sends a request back to the company, with what to change.
pub(in crate::portal) async fn return_request(
    desk: Desk<Checkers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    let Some(reason) = form.0.paragraph("reason", 1..=REASON_MAX) else { return bad_reason(&desk, &id, &form.0).await };
    happen(&desk, &filed.request, "request.return", "", Happening::Returned { reason }).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-returned"))
}

/// Says that an office of the member has no objection.
pub(in crate::portal) async fn sign_off_request(
    desk: Desk<Officers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    let offices = desk.app.portal.house.graph.offices();
    let office =
        Role::parse(form.0.text("office")).filter(|role| offices.contains(role) && desk.signed_in.has(&[*role]));
    let Some(role) = office else {
        let problem = FlowTexts::of(desk.page.language).bad_office;
        return show::again(&desk, &id, problem, &form.0).await;
    };
    let Some(reason) = form.0.paragraph("reason", 1..=REASON_MAX) else { return bad_reason(&desk, &id, &form.0).await };
    let what = Happening::SignedOff { role, reason };
    happen(&desk, &filed.request, "request.sign_off", role.as_str(), what).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-signed-off"))
}

/// Shows the request again: the reason is missing or too long.
pub(super) async fn bad_reason<R: Roles>(desk: &Desk<R>, id: &str, form: &Fields) -> Result<HttpResponse, Fault> {
    show::again(desk, id, FlowTexts::of(desk.page.language).bad_reason, form).await
}
