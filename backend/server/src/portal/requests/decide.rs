//! The decision: what the votes say, written down by one member. Two who decide at once make one decision.

use super::terms::{read_conditions, read_grant};
use super::{entry, find_visible, is_stale, show};
use crate::fault::Fault;
use crate::portal::desk::{Desk, FreshDeciders};
use crate::portal::fields::Submitted;
use crate::portal::said::Said;
use crate::portal::texts::{FlowTexts, RequestsTexts, UseTexts};
use actix_web::{HttpResponse, web};
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::{Grant, GrantState, Reach};
use mudeung_core::id::{MemberId, RequestId};
use mudeung_core::request::board::{Inquorate, Motion};
use mudeung_core::request::columns::{Opening, opened};
use mudeung_core::request::decide::{Obstacle, Wish};
use mudeung_core::request::event::{Actor, Happening, Verdict};
use mudeung_core::request::prerequisite::Unmet;
use mudeung_core::request::ruling::House;
use mudeung_core::state::InvalidTransition;
use mudeung_store::requests::{self, Filed};
use mudeung_store::{Conn, StoreError, courses, grants};
use mudeung_wire::ledger::entry::Entry;

/// Approves a request. Without conditions the grant is effective at once.
pub(in crate::portal) async fn approve_request(
    desk: Desk<FreshDeciders>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    let asked = filed.case.proposal.as_ref().map_or(Reach::Inside, |proposal| proposal.reach);
    let (grant, days) = match read_grant(&desk, &filed.request, asked, &form.0) {
        Ok(read) => read,
        Err(problem) => return show::again(&desk, &id, problem, &form.0).await,
    };
    let conditions = match read_conditions(&desk, &form.0) {
        Ok(conditions) => conditions,
        Err(problem) => return show::again(&desk, &id, problem, &form.0).await,
    };
    let opening = Opening { columns: opened(&grant.tables), reach: grant.reach, days };
    let wish = Wish::Approve { grant: grant.id, opening, conditions, ethics: Said::Ethics.code().to_owned() };
    if let Some(problem) = foreseen(&desk, &filed, &wish).await? {
        return show::again(&desk, &id, problem, &form.0).await;
    }
    let tables = grant.tables.iter();
    let columns = tables.flat_map(|(table, open)| open.columns.iter().map(move |column| format!("{table}.{column}")));
    let intent = Entry {
        columns: Some(columns.collect()),
        tier: Some(grant.tier.to_string()),
        grant: Some(grant.id.to_string()),
        purpose: Some(grant.purpose.clone()),
        ..entry(&desk, &filed.request, "request.decide", approved(grant.reach))
    };
    write(&desk, filed.request.id, intent, wish, Some(grant)).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-approved"))
}

/// Rejects a request.
pub(in crate::portal) async fn reject_request(
    desk: Desk<FreshDeciders>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if is_stale(&filed, &form.0) {
        return show::again(&desk, &id, FlowTexts::of(desk.page.language).stale, &form.0).await;
    }
    let Some(reason) = form.0.paragraph("reason", 1..=500) else {
        return show::again(&desk, &id, RequestsTexts::of(desk.page.language).bad_reason, &form.0).await;
    };
    let wish = Wish::Reject { reason };
    if let Some(problem) = foreseen(&desk, &filed, &wish).await? {
        return show::again(&desk, &id, problem, &form.0).await;
    }
    let intent = entry(&desk, &filed.request, "request.decide", "rejected");
    write(&desk, filed.request.id, intent, wish, None).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-rejected"))
}

/// What the entry of an approval says: whether rows may leave, or are looked at inside alone.
const fn approved(reach: Reach) -> &'static str {
    match reach {
        Reach::Export => "approved",
        Reach::Inside => "approved inside",
    }
}

async fn write(
    desk: &Desk<FreshDeciders>,
    id: RequestId,
    intent: Entry,
    wish: Wish,
    grant: Option<Grant>,
) -> Result<(), Fault> {
    let (by, now, house) = (desk.signed_in.member.id, desk.app.clock.now(), desk.app.portal.house.clone());
    desk.change("decide request", intent, move |conn| {
        let filed = requests::find_filed(conn, id)?.ok_or(StoreError::NotFound { what: "access request" })?;
        for what in events(conn, &house, &filed, by, &wish, now)?.map_err(|obstacle| refusal(&filed, &obstacle))? {
            if let (Happening::Decided(decision), Some(grant)) = (&what, &grant)
                && let Verdict::Approved { conditions, .. } = &decision.verdict
            {
                let state = if conditions.is_empty() { GrantState::Active } else { GrantState::Held };
                let grant = after_renewed(conn, grant, now)?;
                // The company may have written it anew since the form was shown; the decision is about what it says now.
                let (agreement, purpose) = (filed.request.agreement, filed.request.purpose.clone());
                grants::insert_grant(conn, &Grant { state, agreement, purpose, ..grant })?;
            }
            requests::append_event(conn, id, now, Actor::Member(by), what)?;
        }
        Ok(())
    })
    .await
}

/// The grant as it begins where the one ends that it goes on with, as long as that one lasts.
fn after_renewed(conn: &mut Conn, grant: &Grant, now: Timestamp) -> Result<Grant, StoreError> {
    let renewed = grant.request.map(|request| courses::find_renewed(conn, request)).transpose()?.flatten();
    let renewed = renewed.map(|id| grants::find_grant(conn, id)).transpose()?.flatten();
    let live = renewed.filter(|renewed| matches!(renewed.state, GrantState::Active) && now < renewed.valid_until);
    let from = live.map_or(grant.valid_from, |renewed| renewed.valid_until.max(grant.valid_from));
    let length = grant.valid_until.since(grant.valid_from);
    Ok(Grant { valid_from: from, valid_until: from.plus(length), ..grant.clone() })
}

fn events(
    conn: &mut Conn,
    house: &House,
    filed: &Filed,
    by: MemberId,
    wish: &Wish,
    now: mudeung_core::clock::Timestamp,
) -> Result<Result<Vec<Happening>, Obstacle>, StoreError> {
    let board = requests::load_board(conn)?;
    let facts = requests::find_facts(conn, &filed.request, &house.duties, now)?;
    Ok(house.decide(&filed.case, &board, &facts, by, wish, now))
}

/// What can be told before anything is recorded. A state that allows no decision is left to the record.
async fn foreseen(desk: &Desk<FreshDeciders>, filed: &Filed, wish: &Wish) -> Result<Option<&'static str>, Fault> {
    let (house, by, now) = (desk.app.portal.house.clone(), desk.signed_in.member.id, desk.app.clock.now());
    let (filed, wish) = (filed.clone(), wish.clone());
    let look = move |conn: &mut Conn| events(conn, &house, &filed, by, &wish, now);
    let obstacle = desk.app.db.read("foresee decision", look).await?.err();
    Ok(obstacle
        .and_then(|obstacle| said(FlowTexts::of(desk.page.language), UseTexts::of(desk.page.language), &obstacle)))
}

fn said(f: &'static FlowTexts, u: &'static UseTexts, obstacle: &Obstacle) -> Option<&'static str> {
    Some(match obstacle {
        Obstacle::State(_) => return None,
        Obstacle::NotChecked => f.not_checked,
        Obstacle::Board(inquorate) => self::inquorate(f, *inquorate),
        Obstacle::Motion(Motion::Reject) => f.votes_reject,
        Obstacle::Motion(Motion::Approve | Motion::ApproveWithConditions) => f.votes_approve,
        Obstacle::Conditions(Motion::ApproveWithConditions) => f.votes_want_conditions,
        Obstacle::Conditions(Motion::Approve | Motion::Reject) => f.votes_want_none,
        Obstacle::Wider(_) => u.wider,
        Obstacle::Farther => u.farther,
        Obstacle::TooLong(_) => u.too_long,
        Obstacle::Unmet(unmet) => unmet.iter().next().map_or(f.not_checked, |first| unmet_text(f, *first)),
        Obstacle::Offices(_) => f.offices_missing,
    })
}

/// Why the board cannot decide yet.
pub(super) const fn inquorate(f: &'static FlowTexts, inquorate: Inquorate) -> &'static str {
    match inquorate {
        Inquorate::TooSmall => f.board_too_small,
        Inquorate::TooFewPresent => f.too_few_present,
        Inquorate::TooFewExternal => f.too_few_external,
        Inquorate::NobodySaid => f.nobody_said,
    }
}

/// What is not true any more.
pub(super) const fn unmet_text(f: &'static FlowTexts, unmet: Unmet) -> &'static str {
    match unmet {
        Unmet::AgreementSuperseded => f.agreement_superseded,
        Unmet::AgreementNotSigned => f.agreement_not_signed,
        Unmet::EthicsExpired => f.ethics_expired,
        Unmet::EthicsLate => f.ethics_late,
        Unmet::NotPublished => f.not_published,
        Unmet::AuthorGone => f.author_gone,
        Unmet::OrganizationStopped => f.organization_stopped,
        Unmet::AppStopped => f.app_stopped,
        Unmet::DutyOverdue => f.duty_overdue,
    }
}

/// What was true when the form was looked at and is not in the transaction: somebody else was there first.
const fn refusal(filed: &Filed, obstacle: &Obstacle) -> StoreError {
    let action = match obstacle {
        Obstacle::State(_) => "be decided",
        _ => "be decided: votes, conditions or what an approval needs changed meanwhile",
    };
    StoreError::InvalidTransition(InvalidTransition {
        machine: "access request",
        from: filed.request.state.as_str(),
        action,
    })
}
