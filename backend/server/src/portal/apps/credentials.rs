//! The credentials of an app: create, with the secret shown once, and revoke.

use super::find_visible;
use crate::fault::Fault;
use crate::oauth::secrets;
use crate::portal::desk::{Desk, FreshAppKeepers, FreshDevelopers};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::page::{self, Badge, Page};
use crate::portal::texts::{AppsTexts, KeysTexts};
use crate::portal::{moment, path};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppState, ClientAuthentication};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, LIVE_CREDENTIALS_MAX, Proof};
use mudeung_core::id::CredentialId;
use mudeung_store::StoreError;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Template)]
#[template(path = "secret.html")]
struct SecretPage {
    page: Page,
    t: &'static AppsTexts,
    app: String,
    name: String,
    secret: String,
    expires: String,
    example: String,
}

/// A credential in the list of its app.
pub(super) struct CredentialLine {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) badge: Badge,
    pub(super) last_used: String,
    pub(super) expires: String,
    pub(super) revocable: bool,
}

/// How long a credential is to live: one of the choices that forms offer.
pub(in crate::portal) fn lifetime_days(form: &Fields) -> u32 {
    match form.text("days") {
        "30" => 30,
        "365" => 365,
        _ => 90,
    }
}

/// Creates a credential. The answer is the only place where its secret ever stands, so there is no redirect.
pub(in crate::portal) async fn create_credential(
    desk: Desk<FreshDevelopers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let t = AppsTexts::of(desk.page.language);
    let again = |problem: &'static str| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        super::show_one(&desk, page, app.id, StatusCode::UNPROCESSABLE_ENTITY)
    };
    if !matches!(app.state, AppState::Active) {
        return Err(stopped());
    }
    if app.authentication != ClientAuthentication::ClientSecret {
        return Err(proves_by_key());
    }
    let Some(label) = form.0.line("label", 1..=40) else { return again(t.bad_label).await };
    let days = lifetime_days(&form.0);
    let now = desk.app.clock.now();
    let Some(not_before) = first_moment(&form.0, now) else {
        return again(KeysTexts::of(desk.page.language).bad_start).await;
    };
    let secret = secrets::mint(&*desk.app.entropy);
    let expires_at = not_before.plus(DAY.saturating_mul(days));
    let credential = Credential {
        id: CredentialId::generate(&*desk.app.clock, &*desk.app.entropy),
        app: app.id,
        label,
        proof: Proof::Secret { hint: secrets::hint(&secret), hash: secrets::hash(&desk.app.keys, secret.expose()) },
        not_before,
        expires_at: Some(expires_at),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: now,
    };
    let intent = Entry {
        app: Some(app.id.to_string()),
        credential: Some(credential.id.to_string()),
        detail: Some(credential.label.clone()),
        ..desk.entry("credential.create")
    };
    match desk.change("create credential", intent, move |conn| insert_within_limit(conn, &credential, now)).await? {
        true => show_secret(&desk, &app, secret.expose(), expires_at),
        false => again(t.too_many).await,
    }
}

/// When a credential begins to work: the first moment of the day that was typed, or now; nothing when it is no day.
pub(super) fn first_moment(form: &Fields, now: Timestamp) -> Option<Timestamp> {
    match form.text("starts") {
        "" => Some(now),
        day => moment::start_of_day(day).map(|start| start.max(now)),
    }
}

/// Revokes a credential.
pub(in crate::portal) async fn revoke_credential(
    desk: Desk<FreshAppKeepers>,
    ids: web::Path<(String, String)>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (app, credential) = ids.into_inner();
    let app = find_visible(&desk, path(&app)?).await?;
    let id: CredentialId = path(&credential)?;
    let now = desk.app.clock.now();
    let intent =
        Entry { app: Some(app.id.to_string()), credential: Some(id.to_string()), ..desk.entry("credential.revoke") };
    let app_id = app.id;
    desk.change("revoke credential", intent, move |conn| {
        let found = mudeung_store::credentials::find_credential(conn, id)?;
        let credential = found.filter(|credential| credential.app == app_id);
        let credential = credential.ok_or(StoreError::NotFound { what: "credential" })?;
        mudeung_store::credentials::update_credential_state(conn, id, credential.state.revoke(now)?)
    })
    .await?;
    Ok(desk.go(&format!("/apps/{}", app.id), "credential-revoked"))
}

/// Stores the credential unless the app has enough live ones.
pub(in crate::portal) fn insert_within_limit(
    conn: &mut mudeung_store::Conn,
    credential: &Credential,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let others = mudeung_store::credentials::list_credentials(conn, credential.app)?;
    let counts = |other: &&Credential| other.is_live(now) && !other.proof.is_device();
    if others.iter().filter(counts).count() >= LIVE_CREDENTIALS_MAX {
        return Ok(false);
    }
    mudeung_store::credentials::insert_credential(conn, credential)?;
    Ok(true)
}

fn show_secret(
    desk: &Desk<FreshDevelopers>,
    app: &App,
    secret: &str,
    expires_at: Timestamp,
) -> Result<HttpResponse, Fault> {
    let base = &desk.app.config.http.public_url;
    let shown = SecretPage {
        t: AppsTexts::of(desk.page.language),
        app: app.id.to_string(),
        name: app.name.clone(),
        secret: secret.to_owned(),
        expires: moment::minute(expires_at),
        example: format!("curl -u '{}:{secret}' -d grant_type=client_credentials {base}/oauth2/token", app.id),
        page: desk.page.clone(),
    };
    page::show(&desk.page, StatusCode::OK, &shown)
}

/// A credential as its app's page shows it.
pub(super) fn line(page: &Page, credential: &Credential, now: Timestamp) -> CredentialLine {
    let state = match credential.state {
        CredentialState::Active if credential.expires_at.is_some_and(|end| end <= now) => "expired",
        CredentialState::Active if now < credential.not_before => "pending",
        state => state.as_str(),
    };
    let time = |at: Option<Timestamp>, none: &'static str| at.map_or_else(|| none.to_owned(), moment::minute);
    CredentialLine {
        id: credential.id.to_string(),
        label: credential.label.clone(),
        hint: match &credential.proof {
            Proof::Secret { hint, .. } => format!("…{hint}"),
            Proof::Key { kid, algorithm, .. } => format!("{kid} {}", algorithm.as_str()),
            Proof::Device { .. } => String::new(),
        },
        badge: page.badge(state),
        last_used: time(credential.last_used_at, page.t.never),
        expires: time(credential.expires_at, page.t.no_end),
        revocable: matches!(credential.state, CredentialState::Active),
    }
}

pub(super) fn stopped() -> Fault {
    Fault::new(
        Code::Conflict,
        "The app is not active, so it gets no credential.",
        "사용 중인 앱이 아니므로 자격증명을 만들 수 없습니다.",
    )
}

fn proves_by_key() -> Fault {
    Fault::new(
        Code::Conflict,
        "The app proves itself with keys. Register another app for secrets.",
        "키로 인증하는 앱입니다. 비밀값을 쓰려면 앱을 새로 등록하세요.",
    )
}
