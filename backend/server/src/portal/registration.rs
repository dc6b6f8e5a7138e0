//! The tokens with which programs of a company register apps: list, make (shown once), revoke.

use super::desk::{Desk, Developers, FreshDevelopers, Roles};
use super::fields::Submitted;
use super::page::{self, Page};
use super::texts::RegistrationTexts;
use super::{moment, path};
use crate::fault::Fault;
use crate::oauth::register::{mint_token, token_hash};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::id::RegistrationTokenId;
use mudeung_store::registrations::{self, RegistrationToken};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many tokens a company may have at once, and how many apps one of them may register.
const TOKENS_MAX: usize = 10;
const USES_MAX: u64 = 20;

#[derive(Template)]
#[template(path = "registration.html")]
struct TokensPage {
    page: Page,
    t: &'static RegistrationTexts,
    tokens: Vec<TokenLine>,
    fresh: Option<String>,
    example: String,
}

struct TokenLine {
    id: String,
    label: String,
    uses: u32,
    expires: String,
}

/// Shows the tokens of the member's company.
pub(super) async fn list_registration_tokens(desk: Desk<Developers>) -> Result<HttpResponse, Fault> {
    show(&desk, None, None, StatusCode::OK).await
}

/// Makes a token. The answer is the only place where it ever stands, so there is no redirect.
pub(super) async fn create_registration_token(
    desk: Desk<FreshDevelopers>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let t = RegistrationTexts::of(desk.page.language);
    let (label, uses) = (form.0.line("label", 1..=40), form.0.number("uses", 1..=USES_MAX));
    let (Some(label), Some(uses)) = (label, uses) else {
        return show(&desk, None, Some(t.bad_form), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let days = match form.0.text("days") {
        "30" => 30,
        "7" => 7,
        _ => 1,
    };
    let now = desk.app.clock.now();
    let token = mint_token("mdg_", &*desk.app.entropy);
    let made = RegistrationToken {
        id: RegistrationTokenId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: desk.signed_in.organization.id,
        member: desk.signed_in.member.id,
        label,
        token_hash: token_hash(&desk.app.keys, token.expose()),
        uses_left: u32::try_from(uses).unwrap_or(1),
        created_at: now,
        expires_at: now.plus(DAY.saturating_mul(days)),
    };
    let intent = Entry { detail: Some(made.id.to_string()), ..desk.entry("registration_token.create") };
    let insert = move |conn: &mut Conn| match registrations::insert_registration_token(conn, &made, TOKENS_MAX)? {
        true => Ok(()),
        false => Err(StoreError::Invalid(format!("a company has at most {TOKENS_MAX} registration tokens"))),
    };
    match desk.change("create registration token", intent, insert).await {
        Ok(()) => show(&desk, Some(token.expose().clone()), None, StatusCode::OK).await,
        Err(fault) if fault.code == Code::Unprocessable => {
            show(&desk, None, Some(t.too_many), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(fault) => Err(fault),
    }
}

/// Revokes a token. Apps that were registered with it stay.
pub(super) async fn revoke_registration_token(
    desk: Desk<Developers>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: RegistrationTokenId = path(&id)?;
    let organization = desk.signed_in.organization.id;
    let intent = Entry { detail: Some(id.to_string()), ..desk.entry("registration_token.revoke") };
    let delete = move |conn: &mut Conn| registrations::delete_registration_token(conn, organization, id);
    desk.change("revoke registration token", intent, delete).await?;
    Ok(desk.go("/registration-tokens", "registration-token-revoked"))
}

async fn show(
    desk: &Desk<impl Roles>,
    fresh: Option<String>,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let (organization, now) = (desk.signed_in.organization.id, desk.app.clock.now());
    let list = move |conn: &mut Conn| registrations::list_registration_tokens(conn, organization);
    let tokens = desk.app.db.read("list registration tokens", list).await?;
    let live = tokens.iter().filter(|token| token.uses_left > 0 && now < token.expires_at);
    let mut page = desk.page.clone();
    page.problem = problem;
    let shown = TokensPage {
        t: RegistrationTexts::of(page.language),
        tokens: live
            .map(|token| TokenLine {
                id: token.id.to_string(),
                label: token.label.clone(),
                uses: token.uses_left,
                expires: moment::minute(token.expires_at),
            })
            .collect(),
        example: format!(
            "curl -H 'Authorization: Bearer {}' --json '{{\"client_name\":\"risk model\"}}' {}/oauth2/register",
            fresh.as_deref().unwrap_or("mdg_…"),
            desk.app.config.http.public_url,
        ),
        fresh,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}
