//! Who asks, and whether the proof says so too. Every endpoint that wants a client to prove itself does it here, so that
//! all of them keep the same rules, brakes and books.

pub(crate) mod assertion;
mod secret;

use super::form::Form;
use super::refusal::Refusal;
use super::tokens::Subject;
use crate::call::Call;
use crate::record;
use crate::state::App;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use mudeung_core::app::ClientAuthentication;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, CredentialId, KeyId, TokenId};
use mudeung_core::policy::{Principal, Snapshot};
use mudeung_core::scope::ScopeSet;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use secret::Presented;
use std::time::Duration;

/// What a client that failed is answered, and what is recorded of it.
struct Failure {
    refusal: Refusal,
    detail: String,
}

impl Failure {
    fn of(refusal: Refusal) -> Self {
        Self { detail: refusal.error().to_owned(), refusal }
    }
}

/// A client that did not prove who it is.
#[derive(Debug)]
struct Unproven {
    /// The app, if there is one of that name.
    app: Option<AppId>,
    /// The `client_id` as it was sent.
    name: String,
}

/// The client behind a request, proved by its secret or its key, with all its scopes. A refusal is counted, braked and
/// recorded under `operation` already: there is nothing to do but to answer it.
///
/// Failures in the name of an app that exists are recorded one by one, up to the brake; the rest is only counted.
pub(super) async fn authenticate(
    app: &App,
    call: &Call,
    operation: &'static str,
    headers: &HeaderMap,
    form: &Form,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION);
    let header = values.next();
    let several = values.next().is_some();
    if let Err(refusal) = one_way_only(header.is_some(), several, form) {
        app.oauth.count_refusal_from(refusal.error(), call.address);
        return Err(refusal);
    }
    if form.has_assertion() {
        let subject = assertion::authenticate(app, call, operation, form, now).await?;
        return within_networks(app, call, operation, subject, false, now);
    }
    let presented = match header {
        Some(header) => Presented::in_header(header, form),
        None => Presented::in_body(form),
    };
    let presented = presented.inspect_err(|refusal| app.oauth.count_refusal_from(refusal.error(), call.address))?;
    let snapshot = app.snapshots.present();
    let subject = secret::prove(&snapshot, &app.keys, &presented, now).map_err(|unproven| {
        let refusal = Refusal::invalid_client(header.is_some());
        fail(app, call, operation, &unproven, Failure::of(refusal), now)
    })?;
    let subject = within_networks(app, call, operation, subject, header.is_some(), now)?;
    brake(app, subject.app, now)?;
    Ok(subject)
}

/// The client behind `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer`, whose `assertion` is proof and grant in
/// one; `scope` and `resource` in it count where the form has none. Refusals are dealt with as in [`authenticate`].
pub(super) async fn authenticate_by_grant(
    app: &App,
    call: &Call,
    operation: &'static str,
    headers: &HeaderMap,
    form: &mut Form,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    if headers.contains_key(AUTHORIZATION) || form.client_secret.is_some() || form.has_assertion() {
        app.oauth.count_refusal("invalid_request");
        return Err(Refusal::invalid_request("The assertion is proof enough: send no other with this grant_type."));
    }
    let subject = assertion::authenticate_by_grant(app, call, operation, form, now).await?;
    within_networks(app, call, operation, subject, false, now)
}

/// Refuses who comes from elsewhere than the app may. It is answered and recorded as a wrong proof is, so that who found a
/// secret does not learn that it is right.
fn within_networks(
    app: &App,
    call: &Call,
    operation: &'static str,
    subject: Subject,
    by_header: bool,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let snapshot = app.snapshots.present();
    if snapshot.apps.get(&subject.app).is_some_and(|known| known.rules.admits(call.address)) {
        return Ok(subject);
    }
    let unproven = Unproven { app: Some(subject.app), name: subject.app.to_string() };
    Err(fail(app, call, operation, &unproven, Failure::of(Refusal::invalid_client(by_header)), now))
}

fn one_way_only(by_header: bool, several: bool, form: &Form) -> Result<(), Refusal> {
    if several {
        return Err(Refusal::invalid_request("Send one Authorization header, not several."));
    }
    if by_header && (form.client_secret.is_some() || form.has_assertion()) {
        return Err(Refusal::invalid_request("Authenticate in one way only: by header or in the body."));
    }
    if form.client_secret.is_some() && form.has_assertion() {
        return Err(Refusal::invalid_request("Authenticate in one way only: by secret or assertion."));
    }
    Ok(())
}

/// Who a client is that proved itself with a credential, when all of it is active and the app proves itself this way.
fn subject(
    snapshot: &Snapshot,
    app: AppId,
    credential: CredentialId,
    authentication: ClientAuthentication,
    now: Timestamp,
) -> Option<Subject> {
    let standing = snapshot.credentials.get(&credential)?;
    let token = TokenId::from_bytes([0; 16]);
    let signed_by = KeyId::from_bytes([0; 16]);
    let principal = Principal { app, credential, token, signed_by, scopes: ScopeSet::default() };
    let (active, _) = snapshot.active_app(&principal, now).ok()?;
    // A token lives whole seconds, so the last second of a credential is none.
    let lives =
        standing.not_before <= now && standing.expires_at.is_none_or(|end| now.plus(Duration::from_secs(1)) <= end);
    let scopes = active.scopes.clone();
    let right = active.authentication == authentication && lives;
    right.then_some(Subject { app, credential, scopes, ends: standing.expires_at })
}

/// Counts a client that proved who it is.
pub(super) fn brake(app: &App, client: AppId, now: Timestamp) -> Result<(), Refusal> {
    app.oauth.brakes.passed(client, now).map_err(|early| {
        app.oauth.count_refusal("rate_limited");
        Refusal::too_often(early.retry_in)
    })
}

/// Refuses a client that did not prove who it is. Nothing here waits for the ledger, so that time does not tell the
/// known from the unknown.
fn fail(
    app: &App,
    call: &Call,
    operation: &'static str,
    unproven: &Unproven,
    failure: Failure,
    now: Timestamp,
) -> Refusal {
    if let Err(early) = app.oauth.brakes.failed_from(&unproven.name, call.address, now) {
        app.oauth.count_refusal_from("rate_limited", call.address);
        return Refusal::too_often(early.retry_in);
    }
    let snapshot = app.snapshots.present();
    let Some(known) = unproven.app.and_then(|id| snapshot.apps.get(&id)) else {
        app.oauth.count_refusal_from("unknown_client", call.address);
        return failure.refusal;
    };
    app.ledger.append_detached(Entry {
        app: Some(known.id.to_string()),
        detail: Some(failure.detail),
        kind: Kind::Outcome,
        organization: Some(known.organization.to_string()),
        status: Some(Status::Denied),
        ..record::blank(app, call, operation)
    });
    failure.refusal
}
