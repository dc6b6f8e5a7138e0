//! Proving again who one is before something grave: with a second factor, or the password where there is none.

use super::brake::Verdict;
use super::cookie::{Cookies, fresh_token};
use super::desk::{Anyone, Desk, see_other};
use super::fields::Submitted;
use super::page::{self, Page, query_value, split};
use super::passkeys::{Prompt, prompt_to_step_up};
use super::sign_in::own_page;
use super::sso::{self, Button};
use super::texts::{PasskeyTexts, SecurityTexts, UnsentTexts};
use super::{forgery, password, totp};
use crate::address::NOBODY;
use crate::fault::Fault;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use mudeung_core::id::SessionId;
use mudeung_core::secret::Secret;
use mudeung_store::sessions::{self, ProvedBy, Session};
use mudeung_store::{Conn, StoreError, members, second_factors};
use mudeung_wire::ledger::entry::Status;

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    page: Page,
    t: &'static SecurityTexts,
    next: String,
    by_code: bool,
    by_password: bool,
    sso: Option<Button>,
    passkey: Option<Prompt>,
    /// What is said of a form that waits for the proof.
    kept: Option<&'static str>,
}

/// Shows the form.
pub(super) async fn show_step_up(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let next = query_value(request.query_string(), "next").and_then(|next| own_page(&next));
    show(&desk, None, next.unwrap_or_default(), StatusCode::OK).await
}

/// Checks the proof, and begins the session anew under another token.
pub(super) async fn step_up(desk: Desk<Anyone>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = SecurityTexts::of(desk.page.language);
    let next = own_page(form.0.text("next")).unwrap_or_default();
    // Only who holds the session can fail here, so the member is braked wherever they come from.
    let (account, now) = (account(&desk), desk.app.clock.now());
    if let Verdict::Refused(left) = desk.app.portal.brake.ask(&account, NOBODY, now) {
        let mut answer = show(&desk, Some(t.braked), next, StatusCode::TOO_MANY_REQUESTS).await?;
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
        return Ok(answer);
    }
    let proved = if desk.signed_in.has_second_factor() {
        takes_code(&desk, form.0.text("code")).await?.then_some(ProvedBy::SecondFactor)
    } else if password::opens(&desk.app, &desk.signed_in.organization) {
        let typed = Secret::new(form.0.raw("password").unwrap_or_default().to_owned());
        is_password(&desk, typed).await?.then_some(ProvedBy::Password)
    } else {
        None
    };
    let Some(proved_by) = proved else {
        desk.app.portal.brake.failed(&account, NOBODY, now);
        record::note(&desk.app, desk.entry("portal.step_up"), Status::Denied).await?;
        return show(&desk, Some(t.refused), next, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    desk.app.portal.brake.succeeded(&account, NOBODY);
    let to = if next.is_empty() { desk.page.at("/home") } else { next };
    go_on(&desk, proved_by, &to).await
}

/// What the brake calls a member who proves again who they are.
pub(super) fn account(desk: &Desk<Anyone>) -> String {
    format!("step-up {}", desk.signed_in.member.id)
}

/// Begins the session anew, and goes back to what wanted the proof.
pub(super) async fn go_on(desk: &Desk<Anyone>, proved_by: ProvedBy, to: &str) -> Result<HttpResponse, Fault> {
    let mark = if to.contains('?') { '&' } else { '?' };
    renew(desk, "portal.step_up", proved_by, see_other(&format!("{to}{mark}done=stepped-up"))).await
}

/// Replaces the session by one with a fresh proof and a new token, recorded, and hands the token to the browser.
pub(super) async fn renew(
    desk: &Desk<Anyone>,
    operation: &'static str,
    proved_by: ProvedBy,
    mut answer: HttpResponse,
) -> Result<HttpResponse, Fault> {
    let token = fresh_token(&*desk.app.entropy);
    let id = SessionId::generate(&*desk.app.clock, &*desk.app.entropy);
    let (former, token_hash) = (desk.signed_in.session, forgery::session_hash(&desk.app, &token));
    let now = desk.app.clock.now();
    desk.change("step up", desk.entry(operation), move |conn: &mut Conn| {
        let old = sessions::find_session(conn, former)?.ok_or(StoreError::NotFound { what: "session" })?;
        sessions::delete_session(conn, former)?;
        sessions::insert_session(conn, &Session { id, token_hash, last_seen_at: now, proved_at: now, proved_by, ..old })
    })
    .await?;
    let cookie = Cookies { secure: desk.app.portal.secure }.session(&token);
    answer.add_cookie(&cookie).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(answer)
}

/// Whether it is the member's password.
async fn is_password(desk: &Desk<Anyone>, typed: Secret<String>) -> Result<bool, Fault> {
    let email = desk.signed_in.member.email.clone();
    let find = move |conn: &mut Conn| members::find_member_by_email(conn, &email);
    let (_, hash) = desk.app.db.read("find member", find).await?.unzip();
    password::check(&desk.app, typed, hash).await
}

/// Whether it is a code of the member's second factor, or one of their recovery codes, that was not used before. It
/// counts as used from now on.
pub(super) async fn takes_code(desk: &Desk<Anyone>, typed: &str) -> Result<bool, Fault> {
    let (member, now) = (desk.signed_in.member.id, desk.app.clock.now());
    let find = move |conn: &mut Conn| second_factors::find_second_factor(conn, member);
    let Some(factor) = desk.app.db.read("find second factor", find).await? else { return Ok(false) };
    let secret = totp::open(&desk.app, member, &factor.sealed);
    let secret = secret.ok_or_else(|| Fault::internal("a second factor does not open under the server's key"))?;
    let step = totp::matching_step(secret.expose(), typed, now);
    let hash = totp::recovery_hash(&desk.app, typed);
    let take = move |conn: &mut Conn| match step {
        Some(step) => second_factors::take_step(conn, member, step),
        None => second_factors::take_recovery_code(conn, member, &hash, now),
    };
    Ok(desk.app.db.tx("take code", take).await?)
}

/// Shows the forms there are for this member.
pub(super) async fn show(
    desk: &Desk<Anyone>,
    problem: Option<&'static str>,
    next: String,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    // Who has nothing but passkeys, where there are none any more, is told why.
    let is_shut = desk.signed_in.has_passkey && !desk.signed_in.has_codes && desk.app.portal.site.is_none();
    page.problem = problem.or_else(|| is_shut.then(|| PasskeyTexts::of(page.language).off));
    let t = SecurityTexts::of(page.language);
    let organization = &desk.signed_in.organization;
    let is_hospital = desk.signed_in.is_hospital();
    let shown = StepUpPage {
        t,
        by_code: desk.signed_in.has_codes,
        by_password: !desk.signed_in.has_second_factor() && password::opens(&desk.app, organization),
        passkey: prompt_to_step_up(desk, &next).await?,
        kept: (split(&next, page.language).1.starts_with("/unsent?")).then(|| UnsentTexts::of(page.language).kept),
        sso: sso::button(&desk.app, &page, &next, true).filter(|_| is_hospital && !desk.signed_in.has_second_factor()),
        next,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}
