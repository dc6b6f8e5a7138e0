//! The door: sign in and out.

use super::brake::Verdict;
use super::cookie::{Cookies, fresh_token};
use super::desk::{Anyone, Desk, Visitor, see_other};
use super::fields::{Fields, Submitted};
use super::page::{Page, query_value};
use super::passkeys::{Prompt, prompt_to_sign_in};
use super::sso::{self, Button};
use super::texts::SignInTexts;
use super::{forgery, open_form, password, session};
use crate::config::SignUp;
use crate::fault::Fault;
use crate::peer::address_of;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::member::{Member, MemberState};
use mudeung_core::organization::OrganizationState;
use mudeung_core::secret::Secret;
use mudeung_store::sessions::ProvedBy;
use mudeung_wire::ledger::entry::{Entry, Status};
use std::net::IpAddr;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    t: &'static SignInTexts,
    form_token: String,
    next: String,
    email: String,
    may_sign_up: bool,
    sso: Option<Button>,
    passkey: Option<Prompt>,
}

/// Shows the sign-in form.
pub(super) async fn show_sign_in(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let next = query_value(request.query_string(), "next").and_then(|next| own_page(&next));
    if visitor.page.who.is_some() {
        return Ok(see_other(&next.unwrap_or_else(|| visitor.page.at("/home"))));
    }
    show_form(&visitor, &request, None, next.unwrap_or_default(), String::new(), StatusCode::OK)
}

/// Signs a member in.
pub(super) async fn sign_in(visitor: Visitor, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let t = SignInTexts::of(visitor.page.language);
    let email = form.text("email").to_lowercase();
    let next = own_page(form.text("next"));
    let again = |problem, status| {
        show_form(&visitor, &request, Some(problem), next.clone().unwrap_or_default(), email.clone(), status)
    };
    if !open_form::is_ours(&visitor, &request, &form) {
        return again(t.stale, StatusCode::FORBIDDEN);
    }
    let address = address_of(&visitor.app, &request);
    match visitor.app.portal.brake.ask(&email, address, visitor.app.clock.now()) {
        Verdict::Go => {}
        Verdict::Slowly(wait) => tokio::time::sleep(wait).await,
        Verdict::Refused(left) => {
            let mut answer = again(t.braked, StatusCode::TOO_MANY_REQUESTS)?;
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
            return Ok(answer);
        }
    }
    let typed = Secret::new(form.raw("password").unwrap_or_default().to_owned());
    match authenticate(&visitor, &email, typed, address).await? {
        None => again(t.refused, StatusCode::FORBIDDEN),
        Some(member) => open_session(&visitor, &request, member, next, ProvedBy::Password, None).await,
    }
}

/// Signs the member out.
pub(super) async fn sign_out(desk: Desk<Anyone>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let session = desk.signed_in.session;
    let intent = desk.entry("portal.sign_out");
    desk.change("sign out", intent, move |conn| mudeung_store::sessions::delete_session(conn, session)).await?;
    let mut answer = desk.go("/", "signed-out");
    let cookie = Cookies { secure: desk.app.portal.secure }.no_session();
    answer.add_cookie(&cookie).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(answer)
}

/// The member whose password it is. Every refusal takes the same way and the same time, and is recorded.
async fn authenticate(
    visitor: &Visitor,
    email: &str,
    typed: Secret<String>,
    address: IpAddr,
) -> Result<Option<Member>, Fault> {
    let app = &visitor.app;
    let wanted = email.to_owned();
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::members::find_member_by_email(conn, &wanted);
    let (member, hash) = app.db.read("find member", find).await?.unzip();
    let right = password::check(app, typed, hash).await?;
    if let Some(member) = member.clone().filter(|member| right && may_enter(app, member)) {
        app.portal.brake.succeeded(email, address);
        return Ok(Some(member));
    }
    app.portal.brake.failed(email, address, app.clock.now());
    let refusal = match &member {
        Some(member) => record::by_member(app, &visitor.call, member, "portal.sign_in"),
        None => record::blank(app, &visitor.call, "portal.sign_in"),
    };
    record::note(app, refusal, Status::Denied).await?;
    Ok(None)
}

/// Whether a member may come in by what is theirs here, a password or a passkey: they and their organization are active, and
/// the hospital does not leave it to its identity provider.
pub(super) fn may_enter(app: &App, member: &Member) -> bool {
    let snapshot = app.snapshots.present();
    let organization = snapshot.organizations.get(&member.organization);
    matches!(member.state, MemberState::Active)
        && organization.is_some_and(|organization| matches!(organization.state, OrganizationState::Active))
        && organization.is_some_and(|organization| password::opens(app, organization))
}

/// Begins a new session, always with a new token, and ends the one the browser had. The entry says by what the
/// member came in, when it was no password.
pub(super) async fn open_session(
    visitor: &Visitor,
    request: &HttpRequest,
    member: Member,
    next: Option<String>,
    proved_by: ProvedBy,
    by: Option<&str>,
) -> Result<HttpResponse, Fault> {
    let app = &visitor.app;
    let cookies = Cookies { secure: app.portal.secure };
    let token = fresh_token(&*app.entropy);
    let opened_session = session::begin(app, &member, &token, proved_by);
    let former = cookies.session_of(request).map(|former| forgery::session_hash(app, &former));
    let now = app.clock.now();
    let intent =
        Entry { detail: by.map(str::to_owned), ..record::by_member(app, &visitor.call, &member, "portal.sign_in") };
    let opened = record::open(app, intent).await?;
    app.db
        .tx("sign in", move |conn| {
            if let Some(former) = former
                && let Some(session) = mudeung_store::sessions::find_session_by_hash(conn, &former)?
            {
                mudeung_store::sessions::delete_session(conn, session.id)?;
            }
            mudeung_store::sessions::delete_expired(conn, now)?;
            mudeung_store::sessions::insert_session(conn, &opened_session)
        })
        .await?;
    opened.close(Status::Completed, None);
    let mut answer = see_other(&next.unwrap_or_else(|| visitor.page.at("/home")));
    answer.add_cookie(&cookies.session(&token)).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(answer)
}

pub(super) fn show_form(
    visitor: &Visitor,
    request: &HttpRequest,
    problem: Option<&'static str>,
    next: String,
    email: String,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let may_sign_up = visitor.app.config.portal.sign_up == SignUp::Open;
    open_form::show(visitor, request, problem, status, |page, form_token| SignInPage {
        t: SignInTexts::of(page.language),
        sso: sso::button(&visitor.app, &page, &next, false),
        passkey: prompt_to_sign_in(&visitor.app, &page, &form_token, &next),
        form_token,
        next,
        email,
        may_sign_up,
        page,
    })
}

/// A page of the portal to go to; never another site.
pub(super) fn own_page(next: &str) -> Option<String> {
    let ours = next.starts_with("/ko/") || next.starts_with("/en/");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (ours && plain && next.len() <= 1_024).then(|| next.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_portal_are_gone_to_after_sign_in() {
        for good in ["/ko/", "/en/apps/app_1?x=1", "/ko/requests/new?dataset=a"] {
            assert_eq!(own_page(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "https://example.com/",
            "//example.com/ko/",
            "/\\example.com",
            "/ko/\\..",
            "/ko/\r\nSet-Cookie: a=b",
            "/oauth2/token",
            "/ko",
            "javascript:alert(1)",
            " /ko/",
        ] {
            assert_eq!(own_page(bad), None, "{bad:?}");
        }
    }
}
