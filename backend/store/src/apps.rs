//! Apps in the control database.

use crate::error::{inserting, updating};
use crate::schema::apps::{self, table};
use crate::{Conn, StoreError, column, generation, stops};
use diesel::prelude::*;
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, OrganizationId};
use mudeung_core::scope::{Scope, ScopeSet};

#[derive(Queryable, Insertable)]
#[diesel(table_name = apps, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization: String,
    name: String,
    scopes: String,
    authentication: String,
    dpop_bound: i64,
    token_endpoint_audience: i64,
    networks: String,
    state: String,
    state_at: Option<i64>,
    created_at: i64,
}

/// Adds an app.
pub fn insert_app(conn: &mut Conn, app: &App) -> Result<(), StoreError> {
    let (state, state_at) = state_columns(app.state);
    let row = Row {
        id: app.id.to_string(),
        organization: app.organization.to_string(),
        name: app.name.clone(),
        scopes: app.scopes.to_string(),
        authentication: authentication_text(app.authentication).to_owned(),
        dpop_bound: i64::from(app.rules.dpop_bound),
        token_endpoint_audience: i64::from(app.rules.token_endpoint_audience),
        networks: networks_text(&app.rules),
        state,
        state_at,
        created_at: app.created_at.micros(),
    };
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the app")?;
    generation::bump(conn)
}

/// The app, when there is one.
pub fn find_app(conn: &mut Conn, id: AppId) -> Result<Option<App>, StoreError> {
    table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(app).transpose()
}

/// The apps of one organization, or all of them; oldest first.
pub fn list_apps(conn: &mut Conn, organization: Option<OrganizationId>) -> Result<Vec<App>, StoreError> {
    let mut query = table.order(apps::id).into_boxed();
    if let Some(organization) = organization {
        query = query.filter(apps::organization.eq(organization.to_string()));
    }
    query.load::<Row>(&mut conn.0)?.into_iter().map(app).collect()
}

/// Puts an app into another state.
pub fn update_app_state(conn: &mut Conn, id: AppId, state: AppState) -> Result<(), StoreError> {
    let goes_on = state.as_str() == "active";
    let (state, state_at) = state_columns(state);
    let set = (apps::state.eq(state), apps::state_at.eq(state_at));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "app")?;
    if goes_on {
        stops::forget(conn, "app", &id.to_string())?;
    }
    generation::bump(conn)
}

/// Gives an app another name and other scopes.
pub fn update_app_metadata(conn: &mut Conn, id: AppId, name: &str, scopes: &ScopeSet) -> Result<(), StoreError> {
    let set = (apps::name.eq(name), apps::scopes.eq(scopes.to_string()));
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "app")?;
    generation::bump(conn)
}

/// Holds an app to other rules.
pub fn update_app_rules(conn: &mut Conn, id: AppId, rules: &AppRules) -> Result<(), StoreError> {
    let set = (
        apps::dpop_bound.eq(i64::from(rules.dpop_bound)),
        apps::token_endpoint_audience.eq(i64::from(rules.token_endpoint_audience)),
        apps::networks.eq(networks_text(rules)),
    );
    updating(diesel::update(table.find(id.to_string())).set(set).execute(&mut conn.0), "app")?;
    generation::bump(conn)
}

fn networks_text(rules: &AppRules) -> String {
    rules.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

const fn authentication_text(authentication: ClientAuthentication) -> &'static str {
    match authentication {
        ClientAuthentication::ClientSecret => "client_secret",
        ClientAuthentication::PrivateKeyJwt => "private_key_jwt",
    }
}

fn state_columns(state: AppState) -> (String, Option<i64>) {
    let at = match state {
        AppState::Active => None,
        AppState::Suspended { suspended_at } => Some(suspended_at.micros()),
        AppState::Revoked { revoked_at } => Some(revoked_at.micros()),
    };
    (state.as_str().to_owned(), at)
}

fn app(row: Row) -> Result<App, StoreError> {
    let scope = |text: &str| Scope::parse(text).ok_or_else(|| column::unknown("scope", text));
    let network = |text: &str| text.parse().ok().ok_or_else(|| column::unknown("network", text));
    let rules = AppRules {
        dpop_bound: row.dpop_bound != 0,
        token_endpoint_audience: row.token_endpoint_audience != 0,
        networks: row.networks.split_terminator(' ').map(network).collect::<Result<_, _>>()?,
    };
    Ok(App {
        id: column::id(&row.id)?,
        organization: column::id(&row.organization)?,
        name: row.name,
        scopes: row.scopes.split_terminator(' ').map(scope).collect::<Result<ScopeSet, _>>()?,
        authentication: match row.authentication.as_str() {
            "client_secret" => ClientAuthentication::ClientSecret,
            "private_key_jwt" => ClientAuthentication::PrivateKeyJwt,
            other => return Err(column::unknown("authentication", other)),
        },
        rules,
        state: match row.state.as_str() {
            "active" => AppState::Active,
            "suspended" => AppState::Suspended { suspended_at: column::since(row.state_at, "suspended")? },
            "revoked" => AppState::Revoked { revoked_at: column::since(row.state_at, "revoked")? },
            other => return Err(column::unknown("state of an app", other)),
        },
        created_at: Timestamp::from_micros(row.created_at),
    })
}
