//! On what terms a token is issued: for which resource, bound to which key, and until when at most.

use super::dpop::{DPOP, Expected, InvalidProof, Thumbprint};
use super::form::Form;
use super::refusal::Refusal;
use super::tokens::Subject;
pub(super) use super::tokens::Terms;
use super::tokens::audience::Audience;
use crate::state::App;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use mudeung_core::clock::Timestamp;
use mudeung_core::scope::Scope;
use std::time::Duration;

const PATH: &str = "/oauth2/token";
/// The one grant whose tokens may be for a single dataset.
const NARROWED: &str = "client_credentials";

/// The terms that an app asks for in a request.
pub(super) fn of_request(
    app: &App,
    headers: &HeaderMap,
    form: &Form,
    subject: &Subject,
    now: Timestamp,
) -> Result<Terms, Refusal> {
    let audience = audience(app, form)?;
    let confirmation = match possession(app, headers, subject, now) {
        Ok(confirmation) => confirmation,
        Err(InvalidProof::Nonce) => return Err(Refusal::use_dpop_nonce(app.dpop.nonce(now))),
        Err(invalid) => return Err(Refusal::invalid_dpop_proof(invalid)),
    };
    Ok(Terms { audience, confirmation, ends: first_end(app, subject, now) })
}

/// The key that the token will be bound to: that of the proof, when there is one. Some apps must send one.
fn possession(
    app: &App,
    headers: &HeaderMap,
    subject: &Subject,
    now: Timestamp,
) -> Result<Option<Thumbprint>, InvalidProof> {
    let snapshot = app.snapshots.present();
    let must = snapshot.apps.get(&subject.app).is_some_and(|known| known.rules.dpop_bound);
    if !must && !headers.contains_key(DPOP) {
        return Ok(None);
    }
    let expected = Expected { method: &Method::POST, path: PATH, token: None };
    app.dpop.verify(headers, expected, now).map(Some)
}

/// When the first of the grants ends that the token could open data through.
pub(super) fn first_end(app: &App, subject: &Subject, now: Timestamp) -> Option<Timestamp> {
    if ![Scope::DataRead, Scope::QueryRun].into_iter().any(|scope| subject.scopes.contains(scope)) {
        return None;
    }
    // A token lives whole seconds, so a grant in its last second does not count.
    let soonest = now.plus(Duration::from_secs(1));
    let snapshot = app.snapshots.present();
    let ends = snapshot.live_grants(subject.app, now).map(|grant| grant.valid_until);
    ends.filter(|end| *end >= soonest).min()
}

/// What the token is asked for: one resource of this server, the whole of it when none is named.
pub(super) fn audience(app: &App, form: &Form) -> Result<Audience, Refusal> {
    let here = &app.config.http.public_url;
    let snapshot = app.snapshots.present();
    let narrowed = form.grant_type.as_deref() == Some(NARROWED);
    let known = |audience: &Audience| match audience {
        Audience::Server | Audience::Sharing => true,
        Audience::Dataset(name) => narrowed && snapshot.datasets.contains_key(name),
    };
    let mut wanted = None;
    for resource in &form.resources {
        let audience = Audience::parse(here, resource).filter(known).ok_or(Refusal::invalid_target())?;
        if wanted.is_some_and(|other| other != audience) {
            return Err(Refusal::invalid_target());
        }
        wanted = Some(audience);
    }
    Ok(wanted.unwrap_or_default())
}
