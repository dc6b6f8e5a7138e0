//! What comes to its end: a header for programs, notices for people.

use crate::state::App;
use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web;
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::CredentialState;
use mudeung_core::expiry::warning;
use mudeung_core::id::{AppId, OrganizationId};
use mudeung_core::policy::Snapshot;
use mudeung_store::notices::{self, Ending, Notice};
use mudeung_store::{Conn, StoreError};
use std::time::Duration;

/// The header that says when the credential behind a token or an answer ends, once that is near.
const CREDENTIAL_EXPIRES: HeaderName = HeaderName::from_static("credential-expires");
/// How often notices are made.
const NOTICE_EVERY: Duration = Duration::from_secs(60);

/// When the credential ends that a request was made with.
#[derive(Debug, Clone, Copy)]
pub struct CredentialEnds(pub Option<Timestamp>);

/// Adds the header to an answer whose request was made with a credential that ends within thirty days.
pub fn announce(response: &mut ServiceResponse<BoxBody>, now: Timestamp) {
    let said = response.request().extensions().get::<CredentialEnds>().copied();
    let near = said.and_then(|CredentialEnds(end)| end).filter(|end| warning(*end, now).is_some());
    if let Some(value) = near.and_then(http_date) {
        response.headers_mut().insert(CREDENTIAL_EXPIRES, value);
    }
}

/// The IMF-fixdate of RFC 9110.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    HeaderValue::from_str(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// Makes notices for ever; ends only with the runtime.
pub async fn keep_noticing(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(NOTICE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = make_notices(&app).await {
            tracing::warn!("notices of what ends are not made: {error}");
        }
    }
}

/// Makes the notices that are due and were not made yet, by this node or another; answers how many.
pub async fn make_notices(app: &App) -> Result<usize, StoreError> {
    let (now, due) = (app.clock.now(), due(&app.snapshots.present(), app.clock.now()));
    let missing = app.db.read("look for notices", move |conn| {
        let missing = |notice: &Notice| Ok(!notices::has_notice(conn, notice)?);
        due.into_iter().filter_map(with(missing)).collect::<Result<Vec<Notice>, StoreError>>()
    });
    let missing = missing.await?;
    if missing.is_empty() {
        return Ok(0);
    }
    let make = move |conn: &mut Conn| {
        notices::delete_ended(conn, now)?;
        let mut made = 0;
        for notice in &missing {
            made += usize::from(notices::insert_notice(conn, notice)?);
        }
        Ok(made)
    };
    app.db.tx("make notices", make).await
}

/// A filter whose question may fail.
fn with<T>(mut keep: impl FnMut(&T) -> Result<bool, StoreError>) -> impl FnMut(T) -> Option<Result<T, StoreError>> {
    move |item| match keep(&item) {
        Ok(true) => Some(Ok(item)),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    }
}

/// Secrets, keys and grants of active apps that end within thirty days. Devices sign in for hours, so nobody is told of
/// them; an agreement has no end, only a successor.
fn due(snapshot: &Snapshot, now: Timestamp) -> Vec<Notice> {
    let owner = |app: &AppId| -> Option<OrganizationId> {
        snapshot.apps.get(app).filter(|app| matches!(app.state, AppState::Active)).map(|app| app.organization)
    };
    let notice = |ending: Ending, organization: OrganizationId, ends_at: Timestamp| {
        let days = warning(ends_at, now)?;
        Some(Notice { ending, days, ends_at, organization, created_at: now })
    };
    let keys = snapshot.keys.values().flatten().map(|key| key.credential);
    let credentials = snapshot.secrets.values().copied().chain(keys).filter_map(|id| {
        let standing = snapshot.credentials.get(&id)?;
        let active = matches!(standing.state, CredentialState::Active);
        notice(Ending::Credential(id), owner(&standing.app).filter(|_| active)?, standing.expires_at?)
    });
    let grants = snapshot.grants.values().flatten().filter(|grant| grant.is_live(now)).filter_map(|grant| {
        let organization = owner(&grant.app)?;
        notice(Ending::Grant(grant.id), organization, grant.valid_until)
    });
    credentials.chain(grants).collect()
}
