//! What a company writes: a new request, a draft, what it changes after a return, and that it takes it back.

use super::form::{self, Typed, in_force, read_key, requestable, stored, typed};
use super::{asked, find_visible, happen, uses};
use crate::fault::Fault;
use crate::portal::desk::{Desk, Requesters, see_other};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::moment;
use crate::portal::page::query_value;
use crate::portal::texts::{CourseTexts, FlowTexts, RequestsTexts, UseTexts};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::app::AppState;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::grant::{Grant, Reach};
use mudeung_core::id::{AppId, GrantId, RequestId};
use mudeung_core::name::Name;
use mudeung_core::request::case::Case;
use mudeung_core::request::event::{Actor, Ethics, Happening, Proposal};
use mudeung_core::request::permission::{Act, may};
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::tier::Tier;
use mudeung_store::requests;
use mudeung_store::{Conn, StoreError, agreements, courses};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// An ethics approval that is to follow does so within a year.
const FOLLOWS_DAYS_MAX: u32 = 366;

/// Whether a form is handed in or kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Save,
    Submit,
}

/// Shows the form for a new request.
pub(in crate::portal) async fn new_request(
    desk: Desk<Requesters>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let asked = |name| query_value(request.query_string(), name).unwrap_or_default();
    if let Ok(grant) = asked("renews").parse::<GrantId>() {
        let (grant, case) = renewed(&desk, grant).await?;
        return form::show(&desk, None, None, form::renewing(&grant, case.as_ref())).await;
    }
    let dataset = asked("dataset");
    form::show(&desk, None, None, Typed::about(dataset)).await
}

/// Files a request, with the signature under the agreement in force.
pub(in crate::portal) async fn file_request(desk: Desk<Requesters>, form: Submitted) -> Result<HttpResponse, Fault> {
    begin(&desk, &form.0, Manner::Submit).await
}

/// Keeps a request that is not handed in yet.
pub(in crate::portal) async fn create_draft(desk: Desk<Requesters>, form: Submitted) -> Result<HttpResponse, Fault> {
    begin(&desk, &form.0, Manner::Save).await
}

/// Shows the form for a draft, or for what was returned.
pub(in crate::portal) async fn edit_request(
    desk: Desk<Requesters>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    if !may(Act::Save, &desk.signed_in.member.roles, &filed.request.state) {
        return Ok(see_other(&desk.page.at(&format!("/requests/{}", filed.request.id))));
    }
    form::show(&desk, None, Some(&filed), stored(&filed.case)).await
}

/// Keeps what was changed without handing it in.
pub(in crate::portal) async fn save_request(
    desk: Desk<Requesters>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    change(&desk, &id, &form.0, Manner::Save).await
}

/// Hands a draft in, or what was returned.
pub(in crate::portal) async fn submit_request(
    desk: Desk<Requesters>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    change(&desk, &id, &form.0, Manner::Submit).await
}

/// Takes a request back.
pub(in crate::portal) async fn withdraw_request(
    desk: Desk<Requesters>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(&desk, &id).await?;
    happen(&desk, &filed.request, "request.withdraw", "", Happening::Withdrawn).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "request-withdrawn"))
}

/// Makes a request out of a form. The form carries the request's identifier, so that a form that is sent twice is one
/// request; the identifier is ours, as its seal says.
async fn begin(desk: &Desk<Requesters>, form: &Fields, manner: Manner) -> Result<HttpResponse, Fault> {
    let Some(id) = read_key(desk, form) else {
        let problem = FlowTexts::of(desk.page.language).bad_key;
        return form::show(desk, Some(problem), None, typed(desk, form)).await;
    };
    let (request, proposal) = match read_new(desk, form, id, manner).await? {
        Ok(read) => read,
        Err(problem) => return form::show(desk, Some(problem), None, typed(desk, form)).await,
    };
    let renews = match read_renewal(desk, form, &request).await? {
        Ok(renews) => renews,
        Err(problem) => return form::show(desk, Some(problem), None, typed(desk, form)).await,
    };
    let intent = Entry {
        app: Some(request.app.to_string()),
        dataset: Some(request.dataset.to_string()),
        grant: renews.map(|grant| grant.to_string()),
        tier: Some(Tier::Deidentified.to_string()),
        purpose: Some(request.purpose.clone()),
        detail: Some(format!("{id} {}", request.agreement)),
        ..desk.entry(manner.operation())
    };
    let found = desk.app.db.read("find request", move |conn| requests::find_request(conn, id)).await?;
    if found.is_some_and(|found| found.author == desk.signed_in.member.id) {
        return Ok(desk.go(&format!("/requests/{id}"), manner.done()));
    }
    let add = move |conn: &mut Conn| {
        if manner == Manner::Submit {
            sign(conn, &request, request.author, request.created_at)?;
        }
        let filed = requests::insert_request(conn, &request, manner.happening(proposal))?;
        match renews {
            Some(grant) => courses::insert_renewal(conn, id, grant).map(|()| filed),
            None => Ok(filed),
        }
    };
    desk.change("file request", intent, add).await?;
    Ok(desk.go(&format!("/requests/{id}"), manner.done()))
}

async fn change(desk: &Desk<Requesters>, id: &str, form: &Fields, manner: Manner) -> Result<HttpResponse, Fault> {
    let filed = find_visible(desk, id).await?;
    let proposal = match read_proposal(desk, form, filed.request.dataset.as_str(), manner).await? {
        Ok(proposal) => proposal,
        Err(problem) => return form::show(desk, Some(problem), Some(&filed), typed(desk, form)).await,
    };
    let request = AccessRequest { agreement: proposal.agreement, ..filed.request };
    let (id, by, now) = (request.id, desk.signed_in.member.id, desk.app.clock.now());
    let intent = Entry {
        purpose: Some(proposal.purpose.clone()),
        tier: Some(Tier::Deidentified.to_string()),
        ..super::entry(desk, &request, manner.operation(), &proposal.agreement.to_string())
    };
    let what = manner.happening(proposal);
    desk.change("change request", intent, move |conn| {
        if manner == Manner::Submit {
            sign(conn, &request, by, now)?;
        }
        requests::append_event(conn, id, now, Actor::Member(by), what)
    })
    .await?;
    Ok(desk.go(&format!("/requests/{id}"), manner.done()))
}

impl Manner {
    const fn operation(self) -> &'static str {
        match self {
            Self::Save => "request.save",
            Self::Submit => "request.submit",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Save => "request-saved",
            Self::Submit => "request-submitted",
        }
    }

    const fn happening(self, proposal: Proposal) -> Happening {
        match self {
            Self::Save => Happening::Saved(proposal),
            Self::Submit => Happening::Submitted(proposal),
        }
    }
}

/// The request a form describes, or what is wrong with the form.
async fn read_new(
    desk: &Desk<Requesters>,
    form: &Fields,
    id: RequestId,
    manner: Manner,
) -> Result<Result<(AccessRequest, Proposal), &'static str>, Fault> {
    let t = RequestsTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let own_app = |id: &AppId| {
        let app = snapshot.apps.get(id);
        app.is_some_and(|app| {
            app.organization == desk.signed_in.organization.id && matches!(app.state, AppState::Active)
        })
    };
    let Some(app) = form.text("app").parse::<AppId>().ok().filter(own_app) else { return Ok(Err(t.bad_app)) };
    let published = |name: &Name| requestable(&snapshot, name.as_str()).is_some();
    let Some(dataset) = Name::parse(form.text("dataset")).ok().filter(published) else {
        return Ok(Err(t.bad_dataset));
    };
    let proposal = match read_proposal(desk, form, dataset.as_str(), manner).await? {
        Ok(proposal) => proposal,
        Err(problem) => return Ok(Err(problem)),
    };
    let request = AccessRequest {
        id,
        organization: desk.signed_in.organization.id,
        app,
        author: desk.signed_in.member.id,
        dataset,
        purpose: proposal.purpose.clone(),
        agreement: proposal.agreement,
        state: RequestState::Draft,
        submitted_at: None,
        created_at: desk.app.clock.now(),
    };
    Ok(Ok((request, proposal)))
}

/// The grant of the member's company that it wants to go on with, and what was asked for it.
async fn renewed(desk: &Desk<Requesters>, id: GrantId) -> Result<(Grant, Option<Case>), Fault> {
    let find = move |conn: &mut Conn| {
        let Some(life) = courses::find_life(conn, id)? else { return Ok(None) };
        let filed = life.grant.request.map(|request| requests::find_filed(conn, request)).transpose()?.flatten();
        Ok(Some((life, filed.map(|filed| filed.case))))
    };
    let found = desk.app.db.read("find grant", find).await?;
    let own = found.filter(|(life, _)| life.grant.organization == desk.signed_in.organization.id);
    let (life, case) = own.filter(|(life, _)| life.course.confirmed.is_none()).ok_or_else(Fault::not_found)?;
    Ok((life.grant, case))
}

/// The grant that a form wants to go on with, when it names one. Dataset and app stay as they are.
async fn read_renewal(
    desk: &Desk<Requesters>,
    form: &Fields,
    request: &AccessRequest,
) -> Result<Result<Option<GrantId>, &'static str>, Fault> {
    let named = form.text("renews");
    if named.is_empty() {
        return Ok(Ok(None));
    }
    let bad = CourseTexts::of(desk.page.language).bad_renewal;
    let Ok(id) = named.parse::<GrantId>() else { return Ok(Err(bad)) };
    match renewed(desk, id).await {
        Ok((grant, _)) if grant.dataset == request.dataset && grant.app == request.app => Ok(Ok(Some(id))),
        Ok(_) => Ok(Err(bad)),
        Err(fault) if fault.code == Code::NotFound => Ok(Err(bad)),
        Err(fault) => Err(fault),
    }
}

/// What a form proposes. A draft may be short of words; what is handed in may not, and needs the signature.
async fn read_proposal(
    desk: &Desk<Requesters>,
    form: &Fields,
    dataset: &str,
    manner: Manner,
) -> Result<Result<Proposal, &'static str>, Fault> {
    let (t, u) = (RequestsTexts::of(desk.page.language), UseTexts::of(desk.page.language));
    let shortest = if manner == Manner::Submit { 20 } else { 0 };
    let Some(purpose) = form.paragraph("purpose", shortest..=4_000) else { return Ok(Err(t.bad_purpose)) };
    let ethics = match read_ethics(desk, form, manner) {
        Ok(ethics) => ethics,
        Err(problem) => return Ok(Err(problem)),
    };
    let uses = match uses::read(form, u) {
        Ok(uses) if manner == Manner::Save || uses.is_complete() => uses,
        Ok(_incomplete) => return Ok(Err(u.bad_use)),
        Err(problem) => return Ok(Err(problem)),
    };
    let snapshot = desk.app.snapshots.present();
    let Some(version) = requestable(&snapshot, dataset) else { return Ok(Err(t.bad_dataset)) };
    let columns = match asked::read(version, form, u) {
        Ok(columns) => columns,
        Err(problem) => return Ok(Err(problem)),
    };
    let shown = |agreement: &Agreement| agreement.id.to_string() == form.text("agreement");
    let agreement = in_force(desk).await?.filter(shown);
    let agreement = agreement.filter(|_| manner == Manner::Save || form.text("accept") == "yes");
    let Some(reach) = read_reach(form, Reach::Export) else { return Ok(Err(u.bad_reach)) };
    let proposal = |agreement: Agreement| Proposal { purpose, agreement: agreement.id, ethics, uses, columns, reach };
    Ok(agreement.map(proposal).ok_or(t.bad_accept))
}

/// How far a form wants the data to go; what it is otherwise, where the form does not say.
pub(super) fn read_reach(form: &Fields, otherwise: Reach) -> Option<Reach> {
    match form.text("reach") {
        "" => Some(otherwise),
        text => Reach::parse(text),
    }
}

pub(super) fn read_ethics(desk: &Desk<Requesters>, form: &Fields, manner: Manner) -> Result<Ethics, &'static str> {
    let f = FlowTexts::of(desk.page.language);
    let now = desk.app.clock.now();
    // A day that is named belongs to the time it ends.
    let end_of =
        |name: &str| moment::start_of_day(form.text(name)).map(|start| start.plus(DAY)).filter(|end| now < *end);
    match form.text("ethics") {
        "approved" => {
            let number = form.line("ethics_number", 1..=100).ok_or(f.bad_ethics_number)?;
            let valid_until = end_of("ethics_until").ok_or(f.bad_ethics_until)?;
            Ok(Ethics::Approved { number, valid_until })
        }
        "follows" => {
            let latest = now.plus(DAY.saturating_mul(FOLLOWS_DAYS_MAX));
            let by = end_of("ethics_by").filter(|by| *by <= latest).ok_or(f.bad_ethics_by)?;
            Ok(Ethics::Follows { by })
        }
        "exempt" => {
            let shortest = usize::from(manner == Manner::Submit);
            let reason = form.line("ethics_reason", shortest..=500).ok_or(f.bad_ethics_reason)?;
            Ok(Ethics::Exempt { reason })
        }
        _ => Err(f.bad_ethics),
    }
}

fn sign(
    conn: &mut Conn,
    request: &AccessRequest,
    by: mudeung_core::id::MemberId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let signatures = agreements::list_signatures(conn, request.organization)?;
    let signed = |signature: &Signature| signature.agreement == request.agreement && signature.member == by;
    if signatures.iter().any(signed) {
        return Ok(());
    }
    let (agreement, organization) = (request.agreement, request.organization);
    agreements::insert_signature(conn, &Signature { agreement, organization, member: by, signed_at: at })
}
