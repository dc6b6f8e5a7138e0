//! The keys of an app: register the public half of a key pair. Revoking is as for secrets.

use super::credentials::{first_moment, insert_within_limit, stopped};
use super::find_visible;
use crate::fault::Fault;
use crate::oauth::jwk::{KeyProblem, PublicKey};
use crate::portal::desk::{Desk, FreshDevelopers};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::path;
use crate::portal::texts::{AppsTexts, KeysTexts};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mudeung_core::app::{App, AppState, ClientAuthentication};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, KeyAlgorithm, Proof};
use mudeung_core::id::CredentialId;
use mudeung_store::{Conn, StoreError};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How a registration ended.
enum Registered {
    Stored,
    TooMany,
    NameTaken,
}

/// Registers a public key.
pub(in crate::portal) async fn register_key(
    desk: Desk<FreshDevelopers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let t = KeysTexts::of(desk.page.language);
    let again = |problem: &'static str| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        super::show_one(&desk, page, app.id, StatusCode::UNPROCESSABLE_ENTITY)
    };
    if !matches!(app.state, AppState::Active) {
        return Err(stopped());
    }
    if app.authentication != ClientAuthentication::PrivateKeyJwt {
        return Err(proves_otherwise());
    }
    let credential = match credential(&desk, &app, &form.0) {
        Ok(credential) => credential,
        Err(problem) => return again(problem).await,
    };
    let intent = Entry {
        app: Some(app.id.to_string()),
        credential: Some(credential.id.to_string()),
        detail: Some(format!("{}: {}", credential.label, credential.proof.hint())),
        ..desk.entry("credential.register_key")
    };
    let now = desk.app.clock.now();
    match desk.change("register key", intent, move |conn| insert(conn, &credential, now)).await? {
        Registered::Stored => Ok(desk.go(&format!("/apps/{}", app.id), "key-registered")),
        Registered::TooMany => again(AppsTexts::of(desk.page.language).too_many).await,
        Registered::NameTaken => again(t.name_taken).await,
    }
}

/// The credential that a form describes, or what is wrong with it.
fn credential(desk: &Desk<FreshDevelopers>, app: &App, form: &Fields) -> Result<Credential, &'static str> {
    let t = KeysTexts::of(desk.page.language);
    let label = form.line("label", 1..=40).ok_or(AppsTexts::of(desk.page.language).bad_label)?;
    let wanted = match form.text("algorithm") {
        "" => None,
        name => Some(KeyAlgorithm::parse(name).ok_or(t.bad_algorithm)?),
    };
    let key = PublicKey::parse(form.text("key"), wanted).map_err(|problem| explain(t, problem))?;
    let now = desk.app.clock.now();
    let start = first_moment(form, now).ok_or(t.bad_start)?;
    let days = match form.text("days") {
        "90" => 90,
        "730" => 730,
        _ => 365,
    };
    Ok(Credential {
        id: CredentialId::generate(&*desk.app.clock, &*desk.app.entropy),
        app: app.id,
        label,
        proof: Proof::Key { kid: key.kid.clone(), algorithm: key.algorithm, public_jwk: key.jwk() },
        not_before: start,
        expires_at: Some(start.plus(DAY.saturating_mul(days))),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: now,
    })
}

const fn explain(t: &KeysTexts, problem: KeyProblem) -> &'static str {
    match problem {
        KeyProblem::Unreadable => t.key_unreadable,
        KeyProblem::Private => t.key_private,
        KeyProblem::Kind => t.key_kind,
        KeyProblem::Size => t.key_size,
        KeyProblem::Weak => t.key_weak,
        KeyProblem::Algorithm => t.bad_algorithm,
        KeyProblem::Name => t.bad_kid,
    }
}

/// Two keys that may be used must not share a name, or an assertion could not say which it means.
fn insert(conn: &mut Conn, credential: &Credential, now: Timestamp) -> Result<Registered, StoreError> {
    let others = mudeung_store::credentials::list_credentials(conn, credential.app)?;
    let usable = |other: &&Credential| {
        matches!(other.state, CredentialState::Active) && other.expires_at.is_none_or(|end| now < end)
    };
    if others.iter().filter(usable).any(|other| other.proof.hint() == credential.proof.hint()) {
        return Ok(Registered::NameTaken);
    }
    Ok(if insert_within_limit(conn, credential, now)? { Registered::Stored } else { Registered::TooMany })
}

fn proves_otherwise() -> Fault {
    Fault::new(
        Code::Conflict,
        "The app proves itself with secrets. Register another app for keys.",
        "비밀값으로 인증하는 앱입니다. 키를 쓰려면 앱을 새로 등록하세요.",
    )
}
