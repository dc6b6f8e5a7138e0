//! A forgotten password: a link to the member's own address, which works once and for half an hour.

use super::brake::Verdict;
use super::desk::{Visitor, see_other};
use super::fields::Fields;
use super::links::{self, Purpose};
use super::page::Page;
use super::texts::RecoveryTexts;
use super::{open_form, password};
use crate::call::Language;
use crate::fault::Fault;
use crate::peer::address_of;
use crate::post::mail;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, PasswordResetId, SessionId};
use mudeung_core::member::{Member, MemberState, email_address};
use mudeung_core::secret::Secret;
use mudeung_store::{Conn, StoreError, invitations, members, outbox, sessions};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use std::time::Duration;

/// How long a link works.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// A member is sent no second link within so long.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    page: Page,
    t: &'static RecoveryTexts,
    form_token: String,
    has_mail: bool,
    sent: bool,
    email: String,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    page: Page,
    t: &'static RecoveryTexts,
    form_token: String,
    link: String,
}

/// Shows the form that asks for a link.
pub(super) async fn show_forgotten(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    show_forgot(&visitor, &request, None, false, "", StatusCode::OK)
}

/// Sends a link to a member. Whether there is one of that address is not told.
pub(super) async fn send_password_link(
    visitor: Visitor,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let (app, t) = (&visitor.app, RecoveryTexts::of(visitor.page.language));
    let typed = form.text("email").to_owned();
    let again = |problem, status| show_forgot(&visitor, &request, Some(problem), false, &typed, status);
    if !open_form::is_ours(&visitor, &request, &form) {
        return again(t.stale, StatusCode::FORBIDDEN);
    }
    let Some(wanted) = email_address(form.text("email")) else {
        return again(t.bad_email, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let (address, now) = (address_of(app, &request), app.clock.now());
    if let Verdict::Refused(_) = app.portal.brake.ask("forgotten password", address, now) {
        return again(t.braked, StatusCode::TOO_MANY_REQUESTS);
    }
    app.portal.brake.failed("forgotten password", address, now);
    let find = move |conn: &mut Conn| members::find_member_by_email(conn, &wanted);
    let found = app.db.read("find member", find).await?.map(|(member, _)| member);
    let snapshot = app.snapshots.present();
    let has_password = |member: &Member| {
        snapshot.organizations.get(&member.organization).is_some_and(|organization| password::opens(app, organization))
    };
    let found = found.filter(|member| matches!(member.state, MemberState::Active) && has_password(member));
    let entry = match &found {
        Some(member) => record::by_member(app, &visitor.call, member, "password.forget"),
        None => record::blank(app, &visitor.call, "password.forget"),
    };
    let opened = record::open(app, entry).await?;
    let id = PasswordResetId::generate(&*app.clock, &*app.entropy);
    let work = move |conn: &mut Conn| {
        let Some(member) = found else { return Ok(()) };
        if invitations::has_password_reset(conn, member.id, now.minus(PAUSE))? {
            return Ok(());
        }
        invitations::insert_password_reset(conn, id, member.id, now, now.plus(LIFE))?;
        outbox::insert_delivery(conn, &mail::reset(id, member.id, now)).map(|_| ())
    };
    app.db.tx("send password link", work).await?;
    opened.close(Status::Completed, None);
    show_forgot(&visitor, &request, None, true, &typed, StatusCode::OK)
}

/// Shows the form for a new password.
pub(super) async fn show_password_reset(
    visitor: Visitor,
    link: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    find(&visitor.app, &link).await?.ok_or_else(over)?;
    show_reset(&visitor, &request, &link, None, StatusCode::OK)
}

/// Sets a new password; every sign-in of the member ends, and a second factor stays.
pub(super) async fn reset_password(
    visitor: Visitor,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let (app, t, link) = (&visitor.app, RecoveryTexts::of(visitor.page.language), form.text("link").to_owned());
    let Some((id, member)) = find(app, &link).await? else {
        record::note(app, record::blank(app, &visitor.call, "password.reset"), Status::Denied).await?;
        return Err(over());
    };
    if !open_form::is_ours(&visitor, &request, &form) {
        return show_reset(&visitor, &request, &link, Some(t.stale), StatusCode::FORBIDDEN);
    }
    let chosen = Secret::new(form.raw("password").unwrap_or_default().to_owned());
    let Ok(hash) = password::hash_apart(app, chosen).await? else {
        return show_reset(&visitor, &request, &link, Some(t.bad_password), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let intent =
        Entry { detail: Some(id.to_string()), ..record::by_member(app, &visitor.call, &member, "password.reset") };
    let (opened, now) = (record::open(app, intent).await?, app.clock.now());
    let work = move |conn: &mut Conn| {
        // Of two who use the link at once, one finds it.
        if invitations::find_password_reset(conn, id, now)? != Some(member.id) {
            return Err(StoreError::NotFound { what: "password reset" });
        }
        set_password(conn, member.id, &hash, None, now)
    };
    match app.db.tx("reset password", work).await {
        Ok(()) => opened.close(Status::Completed, None),
        Err(StoreError::NotFound { .. }) => {
            opened.close(Status::Denied, None);
            return Err(over());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(see_other(&visitor.page.at("/sign-in?done=password-changed")))
}

/// Sets a password, ends all sign-ins but one, takes away links to another, and tells the member.
pub(super) fn set_password(
    conn: &mut Conn,
    member: MemberId,
    hash: &str,
    but: Option<SessionId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    members::update_member_password(conn, member, hash)?;
    sessions::delete_sessions(conn, member, but)?;
    invitations::delete_password_resets(conn, member)?;
    outbox::insert_delivery(conn, &mail::changed(member, now)).map(|_| ())
}

/// The member of a link that still works.
async fn find(app: &App, link: &str) -> Result<Option<(PasswordResetId, Member)>, Fault> {
    let Some(id) = links::read::<PasswordResetId>(app, Purpose::PasswordReset, link) else { return Ok(None) };
    let now = app.clock.now();
    let find = move |conn: &mut Conn| match invitations::find_password_reset(conn, id, now)? {
        Some(member) => members::find_member(conn, member),
        None => Ok(None),
    };
    let found = app.db.read("find password reset", find).await?;
    Ok(found.filter(|member| matches!(member.state, MemberState::Active)).map(|member| (id, member)))
}

fn over() -> Fault {
    let (ko, en) = (RecoveryTexts::of(Language::Ko), RecoveryTexts::of(Language::En));
    Fault::new(Code::NotFound, en.over, ko.over)
}

fn show_forgot(
    visitor: &Visitor,
    request: &HttpRequest,
    problem: Option<&'static str>,
    sent: bool,
    email: &str,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let has_mail = visitor.app.config.mail.is_some();
    open_form::show(visitor, request, problem, status, |page, form_token| ForgotPage {
        t: RecoveryTexts::of(page.language),
        form_token,
        has_mail,
        sent,
        email: email.to_owned(),
        page,
    })
}

fn show_reset(
    visitor: &Visitor,
    request: &HttpRequest,
    link: &str,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    open_form::show(visitor, request, problem, status, |page, form_token| ResetPage {
        t: RecoveryTexts::of(page.language),
        form_token,
        link: link.to_owned(),
        page,
    })
}
