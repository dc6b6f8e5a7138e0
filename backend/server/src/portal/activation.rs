//! Profiles for clients of the sharing protocol, handed out by a link that works once.
//!
//! The member who makes a link need not see the secret: it is made when the link is opened, and goes into the file that
//! the browser saves. Opening shows a page first, because programs that preview links open them too.

use super::apps::credentials::{insert_within_limit, lifetime_days};
use super::apps::{find_visible, show_one};
use super::desk::{AppKeepers, Desk, FreshDevelopers, Visitor};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::texts::ActivationTexts;
use super::{moment, open_form, path};
use crate::fault::Fault;
use crate::oauth::register::mint_token;
use crate::oauth::secrets;
use crate::record;
use crate::sharing::PREFIX;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppState, ClientAuthentication};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::id::{ActivationLinkId, CredentialId};
use mudeung_core::organization::OrganizationState;
use mudeung_store::activations::{self, ActivationLink};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a link waits to be opened.
const LINK_LIFETIME: Duration = Duration::from_secs(72 * 60 * 60);
/// How many links of an app may wait at once.
const LINKS_MAX: usize = 10;
/// What every link begins with.
const MARK: &str = "mdl_";

#[derive(Template)]
#[template(path = "activation_link.html")]
struct LinkPage {
    page: Page,
    t: &'static ActivationTexts,
    app: String,
    name: String,
    link: String,
    expires: String,
}

#[derive(Template)]
#[template(path = "activate.html")]
struct ActivatePage {
    page: Page,
    t: &'static ActivationTexts,
    form_token: String,
    link: String,
    name: String,
    organization: String,
    lifetime: &'static str,
}

/// A link in the list of its app.
pub(super) struct LinkLine {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) expires: String,
}

/// Makes a link. The answer is the only place where it ever stands.
pub(super) async fn create_activation_link(
    desk: Desk<FreshDevelopers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let t = ActivationTexts::of(desk.page.language);
    let again = |problem: &'static str| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        show_one(&desk, page, app.id, StatusCode::UNPROCESSABLE_ENTITY)
    };
    if !matches!(app.state, AppState::Active) || app.authentication != ClientAuthentication::ClientSecret {
        return Err(not_by_secret());
    }
    let Some(label) = form.0.line("label", 1..=40) else { return again(t.bad_label).await };
    let credential_days = lifetime_days(&form.0);
    let now = desk.app.clock.now();
    let token = mint_token(MARK, &*desk.app.entropy);
    let link = ActivationLink {
        id: ActivationLinkId::generate(&*desk.app.clock, &*desk.app.entropy),
        app: app.id,
        member: desk.signed_in.member.id,
        label,
        link_hash: link_hash(&desk.app.keys, token.expose()),
        credential_days,
        created_at: now,
        expires_at: now.plus(LINK_LIFETIME),
    };
    let expires = moment::minute(link.expires_at);
    let intent = Entry {
        app: Some(app.id.to_string()),
        detail: Some(link.id.to_string()),
        ..desk.entry("activation_link.create")
    };
    let insert = move |conn: &mut Conn| activations::insert_activation_link(conn, &link, LINKS_MAX);
    if !desk.change("create activation link", intent, insert).await? {
        return again(t.too_many).await;
    }
    let shown = LinkPage {
        t,
        app: app.id.to_string(),
        name: app.name,
        link: format!("{}{}/{}", desk.app.config.http.public_url, desk.page.at("/activate"), token.expose()),
        expires,
        page: desk.page.clone(),
    };
    page::show(&desk.page, StatusCode::OK, &shown)
}

/// Takes back a link that was not opened.
pub(super) async fn revoke_activation_link(
    desk: Desk<FreshDevelopers>,
    ids: web::Path<(String, String)>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (app, link) = ids.into_inner();
    let app = find_visible(&desk, path(&app)?).await?;
    let id: ActivationLinkId = path(&link)?;
    let intent =
        Entry { app: Some(app.id.to_string()), detail: Some(id.to_string()), ..desk.entry("activation_link.revoke") };
    let delete = move |conn: &mut Conn| activations::delete_activation_link(conn, app.id, id);
    desk.change("revoke activation link", intent, delete).await?;
    Ok(desk.go(&format!("/apps/{}", app.id), "activation-link-revoked"))
}

/// Shows what a link hands out, and to whom it belongs. Nothing is used up.
pub(super) async fn show_activation(
    visitor: Visitor,
    link: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let (found, app) = look_up(&visitor, &link).await?.ok_or_else(Fault::not_found)?;
    show_form(&visitor, &request, &link, &found, &app, None, StatusCode::OK)
}

/// Opens a link: makes the credential, takes the link away and answers with the profile as a file.
pub(super) async fn activate(visitor: Visitor, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let link = form.text("link").to_owned();
    let Some((found, app)) = look_up(&visitor, &link).await? else {
        record::note(&visitor.app, record::blank(&visitor.app, &visitor.call, "credential.activate"), Status::Denied)
            .await?;
        return Err(Fault::not_found());
    };
    let t = ActivationTexts::of(visitor.page.language);
    if !open_form::is_ours(&visitor, &request, &form) {
        return show_form(&visitor, &request, &link, &found, &app, Some(t.stale), StatusCode::FORBIDDEN);
    }
    let now = visitor.app.clock.now();
    let secret = secrets::mint(&*visitor.app.entropy);
    let expires_at = now.plus(DAY.saturating_mul(found.credential_days));
    let credential = Credential {
        id: CredentialId::generate(&*visitor.app.clock, &*visitor.app.entropy),
        app: app.id,
        label: found.label.clone(),
        proof: Proof::Secret { hint: secrets::hint(&secret), hash: secrets::hash(&visitor.app.keys, secret.expose()) },
        not_before: now,
        expires_at: Some(expires_at),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: now,
    };
    let intent = Entry {
        app: Some(app.id.to_string()),
        organization: Some(app.organization.to_string()),
        credential: Some(credential.id.to_string()),
        detail: Some(found.id.to_string()),
        ..record::blank(&visitor.app, &visitor.call, "credential.activate")
    };
    let opened = record::open(&visitor.app, intent).await?;
    let (id, app_id) = (found.id, app.id);
    let made = visitor.app.db.tx("activate", move |conn| {
        activations::delete_activation_link(conn, app_id, id)?;
        match insert_within_limit(conn, &credential, now)? {
            true => Ok(()),
            false => Err(StoreError::Invalid("the app has as many live credentials as it may".to_owned())),
        }
    });
    match made.await {
        Ok(()) => {}
        Err(StoreError::Invalid(_)) => {
            opened.close(Status::Denied, None);
            return show_form(&visitor, &request, &link, &found, &app, Some(t.full), StatusCode::CONFLICT);
        }
        // Somebody else opened it in this moment.
        Err(StoreError::NotFound { .. }) => {
            opened.close(Status::Denied, None);
            return Err(Fault::not_found());
        }
        Err(other) => return Err(other.into()),
    }
    opened.close(Status::Completed, None);
    let base = &visitor.app.config.http.public_url;
    let profile = json!({
        "shareCredentialsVersion": 2,
        "type": "oauth_client_credentials",
        "endpoint": format!("{base}{PREFIX}"),
        "tokenEndpoint": format!("{base}/oauth2/token"),
        "clientId": app.id.to_string(),
        "clientSecret": secret.expose(),
        "expirationTime": crate::data::view::rfc3339(expires_at),
    });
    Ok(file(&profile))
}

/// The profile of an app that proves itself with a key: it holds no secret, so it can be fetched at any time.
pub(super) async fn show_profile(desk: Desk<AppKeepers>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    if app.authentication != ClientAuthentication::PrivateKeyJwt {
        return Err(Fault::not_found());
    }
    let list = move |conn: &mut Conn| mudeung_store::credentials::list_credentials(conn, app.id);
    let now = desk.app.clock.now();
    let credentials = desk.app.db.read("list credentials", list).await?;
    let newest = credentials.iter().rev().filter(|credential| credential.is_live(now)).find_map(|credential| {
        let Proof::Key { kid, algorithm, .. } = &credential.proof else { return None };
        Some((kid.clone(), algorithm.as_str()))
    });
    let (kid, algorithm) = newest.unwrap_or_else(|| ("kid of a registered key".to_owned(), "RS256"));
    let base = &desk.app.config.http.public_url;
    Ok(file(&json!({
        "shareCredentialsVersion": 2,
        "type": "oauth_jwt_bearer_private_key_jwt",
        "endpoint": format!("{base}{PREFIX}"),
        "auth": {
            "tokenEndpoint": format!("{base}/oauth2/token"),
            "issuer": base,
            "audience": base,
            "clientId": app.id.to_string(),
            "privateKey": { "privateKeyFile": "path/to/private-key.pem", "keyId": kid, "algorithm": algorithm },
        },
    })))
}

/// The links of an app that wait to be opened.
pub(super) fn lines(links: &[ActivationLink], now: Timestamp) -> Vec<LinkLine> {
    let waiting = links.iter().filter(|link| now < link.expires_at);
    let line = |link: &ActivationLink| LinkLine {
        id: link.id.to_string(),
        label: link.label.clone(),
        expires: moment::minute(link.expires_at),
    };
    waiting.map(line).collect()
}

fn link_hash(keys: &crate::keys::Keys, link: &str) -> [u8; 32] {
    secrets::hash(keys, &format!("activation:{link}"))
}

/// A link that still opens something, and its app.
async fn look_up(visitor: &Visitor, link: &str) -> Result<Option<(ActivationLink, App)>, Fault> {
    if !link.starts_with(MARK) || link.len() > 128 {
        return Ok(None);
    }
    let (hash, now) = (link_hash(&visitor.app.keys, link), visitor.app.clock.now());
    let find = move |conn: &mut Conn| activations::find_activation_link(conn, &hash, now);
    let Some(found) = visitor.app.db.read("find activation link", find).await? else { return Ok(None) };
    let snapshot = visitor.app.snapshots.present();
    let app = snapshot.apps.get(&found.app).filter(|app| matches!(app.state, AppState::Active));
    let organization = app.and_then(|app| snapshot.organizations.get(&app.organization));
    let active = organization.is_some_and(|organization| matches!(organization.state, OrganizationState::Active));
    Ok(app.filter(|_| active).map(|app| (found, app.clone())))
}

fn show_form(
    visitor: &Visitor,
    request: &HttpRequest,
    link: &str,
    found: &ActivationLink,
    app: &App,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let organization = visitor.app.snapshots.present().organizations.get(&app.organization).cloned();
    let t = ActivationTexts::of(visitor.page.language);
    open_form::show(visitor, request, problem, status, |page, form_token| ActivatePage {
        t,
        form_token,
        link: link.to_owned(),
        name: app.name.clone(),
        organization: organization.map(|organization| organization.name).unwrap_or_default(),
        lifetime: match found.credential_days {
            30 => t.days_30,
            365 => t.days_365,
            _ => t.days_90,
        },
        page,
    })
}

/// A profile as a file for the browser to save.
fn file(profile: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"mudeung.share\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(format!("{profile:#}\n"))
}

fn not_by_secret() -> Fault {
    Fault::new(
        Code::Conflict,
        "Links are for active apps that prove themselves with secrets. The profile of an app with keys holds no secret \
         and can be saved from its page.",
        "링크는 비밀값으로 인증하는 사용 중인 앱에만 만들 수 있습니다. 키로 인증하는 앱의 프로필에는 비밀값이 없으므로 앱 화면에서 바로 저장하세요.",
    )
}
