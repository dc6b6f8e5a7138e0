//! The data review board (실질심의): votes, and who stays out of it.

use super::check::{REASON_MAX, bad_reason};
use super::{find_visible, happen, is_stale, show};
use crate::fault::Fault;
use crate::portal::desk::{Desk, Voters};
use crate::portal::fields::Submitted;
use crate::portal::texts::FlowTexts;
use actix_web::{HttpResponse, web};
use mudeung_core::request::event::{Ballot, Happening};

/// Votes, or votes anew; the last vote before the decision counts.
pub(in crate::portal) async fn vote_on_request(
    desk: Desk<Voters>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    let Some(ballot) = Ballot::parse(form.0.text("ballot")) else {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).bad_ballot, &form.0).await;
    };
    let Some(reason) = form.0.paragraph("reason", 1..=REASON_MAX) else { return bad_reason(&desk, &id, &form.0).await };
    let what = Happening::Voted { ballot, reason };
    happen(&desk, &filed.request, "request.vote", ballot.as_str(), what).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-voted"))
}

/// Stays out of a request, for good: for instance because of an interest in the company.
pub(in crate::portal) async fn recuse_from_request(
    desk: Desk<Voters>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    let Some(reason) = form.0.paragraph("reason", 1..=REASON_MAX) else { return bad_reason(&desk, &id, &form.0).await };
    happen(&desk, &filed.request, "request.recuse", "", Happening::Recused { reason }).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-recused"))
}
