//! The apps of a company: list, register, look at, revoke.

pub(super) mod assertions;
pub(super) mod credentials;
pub(super) mod keys;
pub(super) mod rules;

use super::desk::{AppKeepers, Desk, Developers, FreshAppKeepers, Roles};
use super::fields::Submitted;
use super::listing::Sought;
use super::page::{self, Badge, Page};
use super::texts::{ActivationTexts, AppsTexts, KeysTexts, RulesTexts};
use super::{activation, moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::credential::Credential;
use mudeung_core::id::AppId;
use mudeung_core::member::Role;
use mudeung_core::policy::Snapshot;
use mudeung_core::scope::ScopeSet;
use mudeung_store::StoreError;
use mudeung_wire::ledger::entry::Entry;

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage {
    page: Page,
    t: &'static AppsTexts,
    k: &'static KeysTexts,
    apps: Vec<AppLine>,
    all: bool,
    may_create: bool,
    typed: String,
    /// What is sought; nothing when the list is short enough to be seen.
    sought: Option<String>,
    next: Option<String>,
}

/// How many apps are on one page.
const PAGE_APPS: usize = 100;

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage {
    page: Page,
    t: &'static AppsTexts,
    k: &'static KeysTexts,
    app: AppLine,
    keyed: bool,
    scopes: Vec<&'static str>,
    credentials: Vec<credentials::CredentialLine>,
    s: &'static ActivationTexts,
    links: Vec<activation::LinkLine>,
    grants: Vec<GrantLine>,
    may_create: bool,
    rules_link: &'static str,
}

struct AppLine {
    id: String,
    name: String,
    organization: String,
    badge: Badge,
    created: String,
    revocable: bool,
}

struct GrantLine {
    id: String,
    dataset: String,
    until: String,
}

/// Shows the apps.
pub(super) async fn list_apps(desk: Desk<AppKeepers>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    show_list(&desk, page, &Sought::of(&request), String::new(), StatusCode::OK).await
}

/// Registers an app.
pub(super) async fn create_app(desk: Desk<Developers>, form: Submitted) -> Result<HttpResponse, Fault> {
    let Some(name) = form.0.line("name", 1..=60) else {
        let mut page = desk.page.clone();
        page.problem = Some(AppsTexts::of(page.language).bad_name);
        let typed = form.0.text("name").to_owned();
        return show_list(&desk, page, &Sought::default(), typed, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let app = App {
        id: AppId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: desk.signed_in.organization.id,
        name,
        scopes: ScopeSet::company(),
        authentication: match form.0.text("method") {
            "private_key_jwt" => ClientAuthentication::PrivateKeyJwt,
            _ => ClientAuthentication::ClientSecret,
        },
        rules: AppRules::default(),
        state: AppState::Active,
        created_at: desk.app.clock.now(),
    };
    let to = format!("/apps/{}", app.id);
    let intent = Entry { app: Some(app.id.to_string()), detail: Some(app.name.clone()), ..desk.entry("app.create") };
    desk.change("create app", intent, move |conn| mudeung_store::apps::insert_app(conn, &app)).await?;
    Ok(desk.go(&to, "app-created"))
}

/// Shows one app with its credentials.
pub(super) async fn show_app(desk: Desk<AppKeepers>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    show_one(&desk, page, path(&id)?, StatusCode::OK).await
}

/// Revokes an app, for good.
pub(super) async fn revoke_app(
    desk: Desk<FreshAppKeepers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    if form.0.text("confirm") != app.name {
        let mut page = desk.page.clone();
        page.problem = Some(AppsTexts::of(page.language).bad_confirm);
        return show_one(&desk, page, app.id, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let now = desk.app.clock.now();
    let intent = Entry { app: Some(app.id.to_string()), ..desk.entry("app.revoke") };
    let to = format!("/apps/{}", app.id);
    desk.change("revoke app", intent, move |conn| {
        let found = mudeung_store::apps::find_app(conn, app.id)?.ok_or(StoreError::NotFound { what: "app" })?;
        mudeung_store::apps::update_app_state(conn, app.id, found.state.revoke(now)?)
    })
    .await?;
    Ok(desk.go(&to, "app-revoked"))
}

/// An app that the member may see; nothing is said of others.
pub(super) async fn find_visible<R: Roles>(desk: &Desk<R>, id: AppId) -> Result<App, Fault> {
    let found = desk.app.db.read("find app", move |conn| mudeung_store::apps::find_app(conn, id)).await?;
    found.filter(|app| desk.signed_in.sees(app.organization)).ok_or_else(Fault::not_found)
}

async fn show_list<R: Roles>(
    desk: &Desk<R>,
    page: Page,
    sought: &Sought,
    typed: String,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let scope = desk.signed_in.scope();
    let apps = desk.app.db.read("list apps", move |conn| mudeung_store::apps::list_apps(conn, scope)).await?;
    let snapshot = desk.app.snapshots.present();
    let found = apps.iter().filter(|app| {
        let organization = snapshot.organizations.get(&app.organization).map_or("", |organization| &organization.name);
        sought.finds(&[&app.name, &app.id.to_string(), organization])
    });
    let part = sought.part(found, |app| app.id.to_string(), PAGE_APPS, &page.at("/apps"));
    let is_long = part.next.is_some() || !sought.is_everything();
    let page = page.live_if(is_long);
    let shown = AppsPage {
        t: AppsTexts::of(page.language),
        k: KeysTexts::of(page.language),
        apps: part.items.iter().map(|app| line(&page, app, &snapshot)).collect(),
        sought: is_long.then(|| sought.text.clone()),
        next: part.next,
        all: scope.is_none(),
        may_create: desk.signed_in.has(&[Role::Developer]),
        typed,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

pub(super) async fn show_one<R: Roles>(
    desk: &Desk<R>,
    page: Page,
    id: AppId,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(desk, id).await?;
    let list = move |conn: &mut mudeung_store::Conn| {
        let links = mudeung_store::activations::list_activation_links(conn, id)?;
        Ok((mudeung_store::credentials::list_credentials(conn, id)?, links))
    };
    let (credentials, links): (Vec<Credential>, _) = desk.app.db.read("list credentials", list).await?;
    let now = desk.app.clock.now();
    let snapshot = desk.app.snapshots.present();
    let active = matches!(app.state, AppState::Active);
    let shown = AppPage {
        t: AppsTexts::of(page.language),
        k: KeysTexts::of(page.language),
        app: line(&page, &app, &snapshot),
        keyed: app.authentication == ClientAuthentication::PrivateKeyJwt,
        scopes: app.scopes.iter().map(mudeung_core::scope::Scope::as_str).collect(),
        credentials: credentials.iter().rev().map(|credential| credentials::line(&page, credential, now)).collect(),
        s: ActivationTexts::of(page.language),
        links: activation::lines(&links, now),
        grants: snapshot
            .live_grants(id, now)
            .map(|grant| GrantLine {
                id: grant.id.to_string(),
                dataset: grant.dataset.to_string(),
                until: moment::minute(grant.valid_until),
            })
            .collect(),
        rules_link: RulesTexts::of(page.language).link,
        may_create: active && desk.signed_in.has(&[Role::Developer]),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

fn line(page: &Page, app: &App, snapshot: &Snapshot) -> AppLine {
    let organization = snapshot.organizations.get(&app.organization);
    AppLine {
        id: app.id.to_string(),
        name: app.name.clone(),
        organization: organization.map(|organization| organization.name.clone()).unwrap_or_default(),
        badge: page.badge(app.state.as_str()),
        created: moment::minute(app.created_at),
        revocable: !matches!(app.state, AppState::Revoked { .. }),
    }
}
