//! Access requests in the control database.

use crate::error::{inserting, updating};
use crate::schema::requests::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{OrganizationId, RequestId};
use mudeung_core::request::{AccessRequest, RequestState};

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
    created_at: i64,
}

/// The columns that say where a request stands.
#[derive(AsChangeset, Default)]
#[diesel(table_name = requests, treat_none_as_null = true)]
struct StateColumns {
    state: String,
    state_at: Option<i64>,
    state_reason: Option<String>,
    decided_by: Option<String>,
    grant_id: Option<String>,
}

/// Adds a request.
pub fn insert_request(conn: &mut Conn, request: &AccessRequest) -> Result<(), StoreError> {
    let state = state_columns(&request.state);
    let row = Row {
        id: request.id.to_string(),
        organization: request.organization.to_string(),
        app: request.app.to_string(),
        author: request.author.to_string(),
        dataset: request.dataset.to_string(),
        purpose: request.purpose.clone(),
        agreement: request.agreement.to_string(),
        state: state.state,
        state_at: state.state_at,
        state_reason: state.state_reason,
        decided_by: state.decided_by,
        grant_id: state.grant_id,
        created_at: request.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the access request")?;
    generation::bump(conn)
}

/// The request, when there is one.
pub fn find_request(conn: &mut Conn, id: RequestId) -> Result<Option<AccessRequest>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(request).transpose()
}

/// The requests of one organization, or all of them; newest first.
pub fn list_requests(conn: &mut Conn, organization: Option<OrganizationId>) -> Result<Vec<AccessRequest>, StoreError> {
    let mut query = table.order(requests::id.desc()).into_boxed();
    if let Some(organization) = organization {
        query = query.filter(requests::organization.eq(organization.to_string()));
    }
    query.load::<Row>(&mut conn.0)?.into_iter().map(request).collect()
}

/// Puts a request into another state.
pub fn update_request_state(conn: &mut Conn, id: RequestId, state: &RequestState) -> Result<(), StoreError> {
    let update = diesel::update(table.find(id.to_string())).set(state_columns(state));
    updating(update.execute(&mut conn.0), "access request")?;
    generation::bump(conn)
}

fn state_columns(state: &RequestState) -> StateColumns {
    let name = state.as_str().to_owned();
    let at = |at: &Timestamp| StateColumns { state: name.clone(), state_at: Some(at.micros()), ..Default::default() };
    match state {
        RequestState::Draft => StateColumns { state: name.clone(), ..Default::default() },
        RequestState::Submitted { submitted_at } => at(submitted_at),
        RequestState::Withdrawn { withdrawn_at } => at(withdrawn_at),
        RequestState::Returned { returned_at, reason } => {
            StateColumns { state_reason: Some(reason.clone()), ..at(returned_at) }
        }
        RequestState::Approved { decided_at, decided_by, grant } => StateColumns {
            decided_by: Some(decided_by.to_string()),
            grant_id: Some(grant.to_string()),
            ..at(decided_at)
        },
        RequestState::Rejected { decided_at, decided_by, reason } => StateColumns {
            decided_by: Some(decided_by.to_string()),
            state_reason: Some(reason.clone()),
            ..at(decided_at)
        },
    }
}

fn request(row: Row) -> Result<AccessRequest, StoreError> {
    let missing = |what: &str| StoreError::Corrupt(format!("a request `{}` without its {what}", row.state));
    let at = || column::since(row.state_at, &row.state);
    let reason = || row.state_reason.clone().ok_or_else(|| missing("reason"));
    let decided_by = || column::id(row.decided_by.as_deref().ok_or_else(|| missing("decider"))?);
    let state = match row.state.as_str() {
        "draft" => RequestState::Draft,
        "submitted" => RequestState::Submitted { submitted_at: at()? },
        "returned" => RequestState::Returned { returned_at: at()?, reason: reason()? },
        "approved" => RequestState::Approved {
            decided_at: at()?,
            decided_by: decided_by()?,
            grant: column::id(row.grant_id.as_deref().ok_or_else(|| missing("grant"))?)?,
        },
        "rejected" => RequestState::Rejected { decided_at: at()?, decided_by: decided_by()?, reason: reason()? },
        "withdrawn" => RequestState::Withdrawn { withdrawn_at: at()? },
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
        created_at: Timestamp::from_micros(row.created_at),
    })
}
