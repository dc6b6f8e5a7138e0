//! Access requests in the control database: their events, which are only ever added, and beside them where each stands, which
//! is what its events say. Both are written in one transaction by [`insert_request`] and [`append_event`] and by nothing else.

mod detail;
mod facts;
mod files;

pub use facts::{find_facts, load_board};
pub use files::{FILES_OF_COMPANY_BYTES_MAX, append_file, files_bytes, find_file};

use crate::error::{inserting, updating};
use crate::schema::request_events;
use crate::schema::requests::{self, table};
use crate::{Conn, StoreError, column, generation, notifications};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{OrganizationId, RequestId};
use mudeung_core::notification::Occurrence;
use mudeung_core::request::case::Case;
use mudeung_core::request::event::{Actor, Event, Happening};
use mudeung_core::request::{AccessRequest, RequestState};

/// The states in which somebody still has to do something.
const OPEN: [&str; 5] = ["draft", "submitted", "in_review", "returned", "conditional"];

/// Whose requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestsOf {
    /// Those of one company, drafts too.
    Organization(OrganizationId),
    /// All that were ever handed in: what the hospital sees.
    Everybody,
}

/// A request with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The request.
    pub request: AccessRequest,
    /// What its events say.
    pub case: Case,
    /// Its events, oldest first.
    pub events: Vec<Event>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = requests, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: String,
    app: String,
    author: String,
    dataset: String,
    purpose: String,
    agreement: String,
    state: String,
    state_at: Option<i64>,
    state_reason: Option<String>,
    decided_by: Option<String>,
    grant_id: Option<String>,
    submitted_at: Option<i64>,
    created_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = request_events, treat_none_as_default_value = false)]
struct EventRow {
    request: String,
    number: i64,
    happened_at: i64,
    member: Option<String>,
    kind: String,
    detail: String,
}

/// The columns that follow from the events.
#[derive(AsChangeset)]
#[diesel(table_name = requests, treat_none_as_null = true)]
struct Derived {
    purpose: String,
    agreement: String,
    state: String,
    state_at: Option<i64>,
    state_reason: Option<String>,
    decided_by: Option<String>,
    grant_id: Option<String>,
    submitted_at: Option<i64>,
}

/// Adds a request with the first thing that happens to it, by its author. What the request says of its state follows from
/// that. One identifier is one request: who brings it a second time is told that it exists.
pub fn insert_request(conn: &mut Conn, request: &AccessRequest, what: Happening) -> Result<Filed, StoreError> {
    let mut case = Case::default();
    let event = case.next(request.created_at, Actor::Member(request.author), what);
    case.apply(&event)?;
    let request = derived(request, &case);
    let Derived { purpose, agreement, state, state_at, state_reason, decided_by, grant_id, submitted_at } =
        derived_columns(&request);
    let row = Row {
        id: request.id.to_string(),
        organization: request.organization.to_string(),
        app: request.app.to_string(),
        author: request.author.to_string(),
        dataset: request.dataset.to_string(),
        purpose,
        agreement,
        state,
        state_at,
        state_reason,
        decided_by,
        grant_id,
        submitted_at,
        created_at: request.created_at.micros(),
    };
    if find_request(conn, request.id)?.is_some() {
        return Err(StoreError::AlreadyExists { what: "the access request" });
    }
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the access request")?;
    insert_event(conn, request.id, &event)?;
    tell(conn, &request, &event)?;
    generation::bump(conn)?;
    Ok(Filed { request, case, events: vec![event] })
}

/// Adds what happens to a request, when its state allows it. Of two who add at once, the second is told what the first made
/// of it.
pub fn append_event(
    conn: &mut Conn,
    id: RequestId,
    at: Timestamp,
    by: Actor,
    what: Happening,
) -> Result<Filed, StoreError> {
    let mut filed = find_filed(conn, id)?.ok_or(StoreError::NotFound { what: "access request" })?;
    let event = filed.case.next(at, by, what);
    filed.case.apply(&event)?;
    insert_event(conn, id, &event)?;
    filed.events.push(event);
    filed.request = derived(&filed.request, &filed.case);
    if let Some(event) = filed.events.last() {
        tell(conn, &filed.request, event)?;
    }
    let update = diesel::update(table.find(id.to_string())).set(derived_columns(&filed.request));
    updating(update.execute(&mut conn.0), "access request")?;
    generation::bump(conn)?;
    Ok(filed)
}

/// The request, when there is one.
pub fn find_request(conn: &mut Conn, id: RequestId) -> Result<Option<AccessRequest>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(request).transpose()
}

/// The request with its history, when there is one.
pub fn find_filed(conn: &mut Conn, id: RequestId) -> Result<Option<Filed>, StoreError> {
    let Some(request) = find_request(conn, id)? else { return Ok(None) };
    let query = request_events::table.filter(request_events::request.eq(id.to_string()));
    let rows = query.order(request_events::number).load::<EventRow>(&mut conn.0)?;
    let events = rows.into_iter().map(event).collect::<Result<Vec<Event>, StoreError>>()?;
    filed(request, events).map(Some)
}

/// The latest requests of one company, or of everybody, before the one with that identifier; newest first.
pub fn list_requests(
    conn: &mut Conn,
    of: RequestsOf,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<AccessRequest>, StoreError> {
    let mut query = table.order(requests::id.desc()).limit(limit).into_boxed();
    if let Some(before) = before {
        query = query.filter(requests::id.lt(before.to_string()));
    }
    let query = match of {
        RequestsOf::Organization(organization) => query.filter(requests::organization.eq(organization.to_string())),
        RequestsOf::Everybody => query.filter(requests::submitted_at.is_not_null()),
    };
    query.load::<Row>(&mut conn.0)?.into_iter().map(request).collect()
}

/// The requests that somebody still has to do something about, with their histories, oldest first.
pub fn list_open(conn: &mut Conn, of: RequestsOf) -> Result<Vec<Filed>, StoreError> {
    let query = table.filter(requests::state.eq_any(OPEN)).order(requests::id).into_boxed();
    let query = match of {
        RequestsOf::Organization(organization) => query.filter(requests::organization.eq(organization.to_string())),
        RequestsOf::Everybody => query.filter(requests::submitted_at.is_not_null()),
    };
    let open = query.load::<Row>(&mut conn.0)?.into_iter().map(request).collect::<Result<Vec<_>, _>>()?;
    let joined = request_events::table.inner_join(requests::table).filter(requests::state.eq_any(OPEN));
    let joined = joined.order((request_events::request, request_events::number)).select((
        request_events::request,
        request_events::number,
        request_events::happened_at,
        request_events::member,
        request_events::kind,
        request_events::detail,
    ));
    let joined = joined.into_boxed();
    let joined = match of {
        RequestsOf::Organization(organization) => joined.filter(requests::organization.eq(organization.to_string())),
        RequestsOf::Everybody => joined.filter(requests::submitted_at.is_not_null()),
    };
    let mut histories: std::collections::HashMap<String, Vec<Event>> = std::collections::HashMap::new();
    for row in joined.load::<EventRow>(&mut conn.0)? {
        histories.entry(row.request.clone()).or_default().push(event(row)?);
    }
    let with_history = |request: AccessRequest| {
        let events = histories.remove(&request.id.to_string()).unwrap_or_default();
        filed(request, events)
    };
    open.into_iter().map(with_history).collect()
}

/// Tells those who hear of what happens to a request.
fn tell(conn: &mut Conn, request: &AccessRequest, event: &Event) -> Result<(), StoreError> {
    Occurrence::of_request(request, event).map_or(Ok(()), |occurrence| notifications::tell(conn, &occurrence))
}

fn insert_event(conn: &mut Conn, id: RequestId, event: &Event) -> Result<(), StoreError> {
    let row = EventRow {
        request: id.to_string(),
        number: i64::from(event.number),
        happened_at: event.at.micros(),
        member: match event.by {
            Actor::Member(member) => Some(member.to_string()),
            Actor::Clock => None,
        },
        kind: event.what.as_str().to_owned(),
        detail: detail::write(&event.what),
    };
    inserting(diesel::insert_into(request_events::table).values(row).execute(&mut conn.0), "the next event")
}

/// A row that says something else than the events is damage.
fn filed(request: AccessRequest, events: Vec<Event>) -> Result<Filed, StoreError> {
    let case = Case::of(&events).map_err(StoreError::corrupt)?;
    if events.is_empty() || case.state != request.state {
        return Err(StoreError::Corrupt(format!("the history of {} does not end where it stands", request.id)));
    }
    Ok(Filed { request, case, events })
}

/// The request as its events tell it.
fn derived(request: &AccessRequest, case: &Case) -> AccessRequest {
    let proposal = case.proposal.as_ref();
    AccessRequest {
        purpose: proposal.map_or_else(|| request.purpose.clone(), |proposal| proposal.purpose.clone()),
        agreement: proposal.map_or(request.agreement, |proposal| proposal.agreement),
        state: case.state.clone(),
        submitted_at: case.submitted_at,
        ..request.clone()
    }
}

fn derived_columns(request: &AccessRequest) -> Derived {
    let (mut state_reason, mut decided, mut grant_id) = (None, None, None);
    match &request.state {
        RequestState::Returned { reason, .. } => state_reason = Some(reason.clone()),
        RequestState::Conditional { decided_by, grant, .. } | RequestState::Approved { decided_by, grant, .. } => {
            decided = Some(decided_by);
            grant_id = Some(grant.to_string());
        }
        RequestState::Rejected { decided_by, reason, .. } => {
            decided = Some(decided_by);
            state_reason = Some(reason.clone());
        }
        RequestState::Draft
        | RequestState::Submitted { .. }
        | RequestState::InReview { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Lapsed { .. } => {}
    }
    Derived {
        purpose: request.purpose.clone(),
        agreement: request.agreement.to_string(),
        state: request.state.as_str().to_owned(),
        state_at: request.state.since().map(Timestamp::micros),
        state_reason,
        decided_by: decided.map(ToString::to_string),
        grant_id,
        submitted_at: request.submitted_at.map(Timestamp::micros),
    }
}

fn event(row: EventRow) -> Result<Event, StoreError> {
    Ok(Event {
        number: column::number_back(row.number)?,
        at: Timestamp::from_micros(row.happened_at),
        by: match row.member {
            Some(member) => Actor::Member(column::id(&member)?),
            None => Actor::Clock,
        },
        what: detail::read(&row.kind, &row.detail)?,
    })
}

fn request(row: Row) -> Result<AccessRequest, StoreError> {
    let missing = |what: &str| StoreError::Corrupt(format!("a request `{}` without its {what}", row.state));
    let at = || column::since(row.state_at, &row.state);
    let reason = || row.state_reason.clone().ok_or_else(|| missing("reason"));
    let decided_by = || column::id(row.decided_by.as_deref().ok_or_else(|| missing("decider"))?);
    let grant = || column::id(row.grant_id.as_deref().ok_or_else(|| missing("grant"))?);
    let state = match row.state.as_str() {
        "draft" => RequestState::Draft,
        "submitted" => RequestState::Submitted { submitted_at: at()? },
        "in_review" => RequestState::InReview { accepted_at: at()? },
        "returned" => RequestState::Returned { returned_at: at()?, reason: reason()? },
        "conditional" => RequestState::Conditional { decided_at: at()?, decided_by: decided_by()?, grant: grant()? },
        "approved" => RequestState::Approved { decided_at: at()?, decided_by: decided_by()?, grant: grant()? },
        "rejected" => RequestState::Rejected { decided_at: at()?, decided_by: decided_by()?, reason: reason()? },
        "withdrawn" => RequestState::Withdrawn { withdrawn_at: at()? },
        "lapsed" => RequestState::Lapsed { lapsed_at: at()? },
        other => return Err(column::unknown("state of a request", other)),
    };
    Ok(AccessRequest {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        app: column::id(&row.app)?,
        author: column::id(&row.author)?,
        dataset: column::name(&row.dataset)?,
        purpose: row.purpose,
        agreement: column::id(&row.agreement)?,
        state,
        submitted_at: row.submitted_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.created_at),
    })
}
