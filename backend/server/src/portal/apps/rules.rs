//! The rules an app is held to: the networks it may come from, and how its tokens and assertions look.

use super::find_visible;
use crate::fault::Fault;
use crate::portal::desk::{AppKeepers, Desk, FreshAppKeepers, Roles};
use crate::portal::fields::Submitted;
use crate::portal::page::{self, Page};
use crate::portal::path;
use crate::portal::texts::{AppsTexts, RulesTexts};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::app::{App, AppRules, InvalidNetworks};
use mudeung_store::StoreError;
use mudeung_wire::ledger::entry::Entry;

#[derive(Template)]
#[template(path = "app_rules.html")]
struct RulesPage {
    page: Page,
    t: &'static RulesTexts,
    apps: &'static AppsTexts,
    app: String,
    name: String,
    networks: String,
    dpop_bound: bool,
    token_endpoint_audience: bool,
    problem: Option<String>,
    address: String,
}

/// Shows the rules of an app.
pub(in crate::portal) async fn show_app_rules(
    desk: Desk<AppKeepers>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let networks = app.rules.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    show(&desk, &app, &app.rules, networks, None)
}

/// Holds an app to other rules.
pub(in crate::portal) async fn update_app_rules(
    desk: Desk<FreshAppKeepers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let app = find_visible(&desk, path(&id)?).await?;
    let typed = form.0.text("networks").to_owned();
    let mut rules = AppRules {
        dpop_bound: form.0.text("dpop_bound") == "yes",
        token_endpoint_audience: form.0.text("token_endpoint_audience") == "yes",
        networks: Vec::new(),
    };
    match AppRules::parse_networks(&typed) {
        Ok(networks) => rules.networks = networks,
        Err(invalid) => return show(&desk, &app, &rules, typed, Some(&invalid)),
    }
    let networks = rules.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let AppRules { dpop_bound, token_endpoint_audience, .. } = rules;
    let detail = format!(
        "dpop_bound={dpop_bound} token_endpoint_audience={token_endpoint_audience} networks={}",
        if networks.is_empty() { "any" } else { &networks }
    );
    let intent = Entry { app: Some(app.id.to_string()), detail: Some(detail), ..desk.entry("app.update_rules") };
    let id = app.id;
    desk.change("update app rules", intent, move |conn| {
        mudeung_store::apps::find_app(conn, id)?.ok_or(StoreError::NotFound { what: "app" })?;
        mudeung_store::apps::update_app_rules(conn, id, &rules)
    })
    .await?;
    Ok(desk.go(&format!("/apps/{id}/rules"), "app-rules-updated"))
}

fn show(
    desk: &Desk<impl Roles>,
    app: &App,
    rules: &AppRules,
    networks: String,
    invalid: Option<&InvalidNetworks>,
) -> Result<HttpResponse, Fault> {
    let page = desk.page.clone();
    let t = RulesTexts::of(page.language);
    let status = if invalid.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = RulesPage {
        t,
        apps: AppsTexts::of(page.language),
        app: app.id.to_string(),
        name: app.name.clone(),
        networks,
        dpop_bound: rules.dpop_bound,
        token_endpoint_audience: rules.token_endpoint_audience,
        problem: invalid.map(|invalid| explain(t, invalid)),
        address: desk.call.address.to_string(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// What is wrong with a list of networks, in the page's language.
fn explain(t: &RulesTexts, invalid: &InvalidNetworks) -> String {
    match invalid {
        InvalidNetworks::Unreadable(part) => format!("{part}: {}", t.unreadable),
        InvalidNetworks::BeyondPrefix { given, meant } => format!("{given}: {} {meant}", t.beyond_prefix),
        InvalidNetworks::Everywhere(part) => format!("{part}: {}", t.everywhere),
        InvalidNetworks::TooMany => t.too_many.to_owned(),
    }
}
