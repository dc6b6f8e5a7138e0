//! The conditions of an approval: the company answers, the hospital finds them met, and the last one opens the grant.

use super::check::REASON_MAX;
use super::{entry, find_visible, happen, show};
use crate::fault::Fault;
use crate::portal::desk::{Desk, FreshConfirmers, Requesters};
use crate::portal::fields::Submitted;
use crate::portal::texts::FlowTexts;
use actix_web::{HttpResponse, web};
use mudeung_core::clock::Clock;
use mudeung_core::request::RequestState;
use mudeung_core::request::event::{Actor, Happening};
use mudeung_store::{StoreError, grants, requests};
use mudeung_wire::ledger::entry::Entry;

/// Says that a condition is met, and by what.
pub(in crate::portal) async fn answer_condition(
    desk: Desk<Requesters>,
    names: web::Path<(String, String)>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (id, condition) = names.into_inner();
    let filed = find_visible(&desk, &id).await?;
    let condition: u32 = crate::portal::path(&condition)?;
    let Some(answer) = form.0.paragraph("answer", 1..=REASON_MAX) else {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).bad_answer, &form.0).await;
    };
    let what = Happening::Answered { condition, answer };
    happen(&desk, &filed.request, "request.answer", &condition.to_string(), what).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "condition-answered"))
}

/// Finds a condition met. The last one opens the grant at once.
pub(in crate::portal) async fn confirm_condition(
    desk: Desk<FreshConfirmers>,
    names: web::Path<(String, String)>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (id, condition) = names.into_inner();
    let filed = find_visible(&desk, &id).await?;
    let condition: u32 = crate::portal::path(&condition)?;
    let held = match filed.request.state {
        RequestState::Conditional { grant, .. } => Some(grant.to_string()),
        _ => None,
    };
    let intent = Entry { grant: held, ..entry(&desk, &filed.request, "request.confirm", &condition.to_string()) };
    let (id, by, now) = (filed.request.id, Actor::Member(desk.signed_in.member.id), desk.app.clock.now());
    desk.change("confirm condition", intent, move |conn| {
        let filed = requests::append_event(conn, id, now, by, Happening::Confirmed { condition })?;
        if let RequestState::Approved { grant, .. } = filed.case.state {
            let found = grants::find_grant(conn, grant)?.ok_or(StoreError::NotFound { what: "grant" })?;
            grants::update_grant_state(conn, grant, &found.state.activate()?)?;
        }
        Ok(())
    })
    .await?;
    Ok(desk.go(&format!("/requests/{id}"), "condition-confirmed"))
}
