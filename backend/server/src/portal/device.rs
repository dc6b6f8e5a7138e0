//! Where a member confirms a device (RFC 8628 section 3.3): type the code, see what it would be allowed, say yes or no.

use super::desk::{Desk, Developers};
use super::fields::Submitted;
use super::page::{self, Page};
use super::texts::DeviceTexts;
use super::{moment, path};
use crate::fault::Fault;
use crate::oauth::device::codes::{read_user_code, user_hash};
use crate::oauth::device::{CLIENT_ID, hash_of_none};
use crate::record;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, LIVE_DEVICES_MAX, Proof};
use mudeung_core::id::{AppId, CredentialId};
use mudeung_core::scope::{Scope, ScopeSet};
use mudeung_store::device_codes::{self, DeviceCode, DeviceCodeState};
use mudeung_store::{Conn, StoreError, credentials};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use std::time::Duration;

/// Characters of a credential's label.
const LABEL_MAX: usize = 40;

#[derive(Template)]
#[template(path = "device.html")]
struct CodePage {
    page: Page,
    t: &'static DeviceTexts,
    code: String,
}

#[derive(Template)]
#[template(path = "device_confirm.html")]
struct ConfirmPage {
    page: Page,
    t: &'static DeviceTexts,
    code: String,
    organization: String,
    begun: String,
    until: String,
    scopes: Vec<&'static str>,
    apps: Vec<Choice>,
}

struct Choice {
    id: String,
    name: String,
}

/// Asks for the code.
pub(super) async fn show_device(desk: Desk<Developers>) -> Result<HttpResponse, Fault> {
    ask(&desk, String::new(), None, StatusCode::OK)
}

/// Asks for the code with one filled in. It is not looked up before the member sends it.
pub(super) async fn show_device_code(desk: Desk<Developers>, code: web::Path<String>) -> Result<HttpResponse, Fault> {
    ask(&desk, read_user_code(&code).unwrap_or_default(), None, StatusCode::OK)
}

/// Looks a code up and shows what the device would be allowed.
pub(super) async fn enter_device_code(desk: Desk<Developers>, form: Submitted) -> Result<HttpResponse, Fault> {
    let (code, found) = match look_up(&desk, &form).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    record::note(&desk.app, desk.entry("device.look_up"), Status::Completed).await?;
    confirm(&desk, code, &found, None, StatusCode::OK)
}

/// Does what the member said.
pub(super) async fn decide_device(desk: Desk<Developers>, form: Submitted) -> Result<HttpResponse, Fault> {
    let (code, found) = match look_up(&desk, &form).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    match form.0.text("answer") {
        "allow" => allow(&desk, &form, code, found).await,
        "deny" => deny(&desk, found).await,
        _ => confirm(&desk, code, &found, None, StatusCode::OK),
    }
}

/// The device that waits under the code in a form; otherwise what to answer. Every look-up counts as a guess until it
/// was right, and every wrong one is recorded.
async fn look_up(
    desk: &Desk<Developers>,
    form: &Submitted,
) -> Result<Result<(String, DeviceCode), HttpResponse>, Fault> {
    let t = DeviceTexts::of(desk.page.language);
    let (member, now) = (desk.signed_in.member.id, desk.app.clock.now());
    let brakes = &desk.app.oauth.devices;
    if let Err(wait) = brakes.guess(member, now) {
        let mut answer = ask(desk, String::new(), Some(t.locked), StatusCode::TOO_MANY_REQUESTS)?;
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        return Ok(Err(answer));
    }
    let code = read_user_code(form.0.text("code"));
    let found = match &code {
        Some(code) => {
            let hash = user_hash(&desk.app.keys, code);
            desk.app.db.read("find device code", move |conn| device_codes::find_pending(conn, &hash, now)).await?
        }
        None => None,
    };
    if let (Some(code), Some(found)) = (code, found) {
        brakes.was_right(member);
        return Ok(Ok((code, found)));
    }
    record::note(&desk.app, desk.entry("device.look_up"), Status::Denied).await?;
    ask(desk, String::new(), Some(t.unknown_code), StatusCode::UNPROCESSABLE_ENTITY).map(Err)
}

async fn allow(
    desk: &Desk<Developers>,
    form: &Submitted,
    code: String,
    found: DeviceCode,
) -> Result<HttpResponse, Fault> {
    let t = DeviceTexts::of(desk.page.language);
    let id: Option<AppId> = path(form.0.text("app")).ok();
    let Some(app) = id.filter(|id| choices(desk).iter().any(|choice| choice.id == id.to_string())) else {
        return confirm(desk, code, &found, Some(t.bad_app), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let now = desk.app.clock.now();
    let credential = device_credential(desk, app, &found, now);
    let intent = Entry {
        app: Some(app.to_string()),
        credential: Some(credential.id.to_string()),
        detail: Some(found.scopes.clone()),
        ..desk.entry("device.allow")
    };
    let hash = found.user_hash;
    let done = desk.change("allow device", intent, move |conn| approve(conn, &hash, &credential, now)).await;
    match done {
        Ok(()) => Ok(desk.go("/device", "device-allowed")),
        Err(fault) if fault.code == Code::Unprocessable => {
            confirm(desk, code, &found, Some(t.too_many), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(fault) => Err(fault),
    }
}

async fn deny(desk: &Desk<Developers>, found: DeviceCode) -> Result<HttpResponse, Fault> {
    let now = desk.app.clock.now();
    let hash = found.user_hash;
    let refuse = move |conn: &mut Conn| device_codes::update_state(conn, &hash, DeviceCodeState::Denied, now);
    desk.change("refuse device", desk.entry("device.deny"), refuse).await?;
    Ok(desk.go("/device", "device-denied"))
}

/// Of two members who say yes to one code, the second finds no device that waits.
fn approve(conn: &mut Conn, user_hash: &[u8; 32], credential: &Credential, now: Timestamp) -> Result<(), StoreError> {
    let others = credentials::list_credentials(conn, credential.app)?;
    if others.iter().filter(|other| other.is_live(now) && other.proof.is_device()).count() >= LIVE_DEVICES_MAX {
        return Err(StoreError::Invalid(format!("an app has at most {LIVE_DEVICES_MAX} devices")));
    }
    device_codes::update_state(conn, user_hash, DeviceCodeState::Approved { credential: credential.id }, now)?;
    credentials::insert_credential(conn, credential)
}

/// The credential of a device. No refresh token fits it until the device fetches its first one.
fn device_credential(desk: &Desk<Developers>, app: AppId, found: &DeviceCode, now: Timestamp) -> Credential {
    let member = &desk.signed_in.member;
    Credential {
        id: CredentialId::generate(&*desk.app.clock, &*desk.app.entropy),
        app,
        label: format!("{CLIENT_ID}: {}", member.name).chars().take(LABEL_MAX).collect(),
        proof: Proof::Device {
            member: member.id,
            refresh_hash: hash_of_none(&*desk.app.entropy),
            scopes: ScopeSet::parse(&found.scopes),
        },
        not_before: now,
        expires_at: Some(ends(desk, now)),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: now,
    }
}

fn ends(desk: &Desk<Developers>, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(desk.app.config.tokens.device_seconds))
}

/// The apps of the member's own company that a device could act for. Tokens of an app that binds them to a key are not
/// for devices.
fn choices(desk: &Desk<Developers>) -> Vec<Choice> {
    let snapshot = desk.app.snapshots.present();
    let own = snapshot.apps.values().filter(|app| {
        app.organization == desk.signed_in.organization.id
            && matches!(app.state, AppState::Active)
            && !app.rules.dpop_bound
    });
    let mut choices: Vec<Choice> = own.map(|app| Choice { id: app.id.to_string(), name: app.name.clone() }).collect();
    choices.sort_by(|a, b| a.id.cmp(&b.id));
    choices
}

fn ask(
    desk: &Desk<Developers>,
    code: String,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    page::show(&page, status, &CodePage { t: DeviceTexts::of(page.language), code, page: page.clone() })
}

fn confirm(
    desk: &Desk<Developers>,
    code: String,
    found: &DeviceCode,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = problem;
    let shown = ConfirmPage {
        t: DeviceTexts::of(page.language),
        code,
        organization: desk.signed_in.organization.name.clone(),
        begun: moment::minute(found.created_at),
        until: moment::minute(ends(desk, desk.app.clock.now())),
        scopes: ScopeSet::parse(&found.scopes).iter().map(Scope::as_str).collect(),
        apps: choices(desk),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}
