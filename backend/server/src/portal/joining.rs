//! Coming in: accepting an invitation, and signing a company up.

use super::brake::Verdict;
use super::desk::{Visitor, see_other};
use super::fields::Fields;
use super::members::{INVITATION_LIFE, find_by_link, is_taken};
use super::page::Page;
use super::texts::JoiningTexts;
use super::{moment, open_form, password};
use crate::config::SignUp;
use crate::fault::Fault;
use crate::peer::address_of;
use crate::post::mail;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::business_number::BusinessNumber;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{InvitationId, MemberId, OrganizationId};
use mudeung_core::member::{Member, MemberState, Role, email_address};
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::secret::Secret;
use mudeung_store::invitations::{self, Into, Invitation};
use mudeung_store::notifications::{Preferences, put_preferences};
use mudeung_store::{Conn, StoreError, members, organizations, outbox};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;

/// How many companies may wait to prove their address at once: strangers make them.
const SIGN_UPS_MAX: i64 = 500;

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    page: Page,
    t: &'static JoiningTexts,
    form_token: String,
    link: String,
    organization: String,
    email: String,
    name: String,
    until: String,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    page: Page,
    t: &'static JoiningTexts,
    form_token: String,
    open: bool,
    sent: bool,
    company: String,
    number: String,
    email: String,
}

/// Shows what an invitation leads into.
pub(super) async fn show_invitation(
    visitor: Visitor,
    link: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let found = find_by_link(&visitor.app, &link).await?.ok_or_else(over)?;
    show_join(&visitor, &request, &link, &found, None, "", StatusCode::OK)
}

/// Makes a member of who was invited, and of a new company an organization.
pub(super) async fn accept_invitation(
    visitor: Visitor,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let (app, link) = (&visitor.app, form.text("link").to_owned());
    let Some(found) = find_by_link(app, &link).await? else {
        record::note(app, record::blank(app, &visitor.call, "member.join"), Status::Denied).await?;
        return Err(over());
    };
    let t = JoiningTexts::of(visitor.page.language);
    let typed = form.text("name").to_owned();
    let again = |problem, status| show_join(&visitor, &request, &link, &found, Some(problem), &typed, status);
    if !open_form::is_ours(&visitor, &request, &form) {
        return again(t.stale, StatusCode::FORBIDDEN);
    }
    let Some(name) = form.line("name", 1..=80) else { return again(t.bad_name, StatusCode::UNPROCESSABLE_ENTITY) };
    let chosen = Secret::new(form.raw("password").unwrap_or_default().to_owned());
    let Ok(hash) = password::hash_apart(app, chosen).await? else {
        return again(t.bad_password, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let joined = join(&visitor, &found, name, hash).await;
    match joined {
        Ok(()) => Ok(see_other(&visitor.page.at("/sign-in?done=joined"))),
        Err(fault) if is_taken(&fault) => again(t.taken, StatusCode::CONFLICT),
        Err(fault) => Err(fault),
    }
}

async fn join(visitor: &Visitor, found: &Invitation, name: String, hash: String) -> Result<(), Fault> {
    let app = &visitor.app;
    let now = app.clock.now();
    let organization = match &found.into {
        Into::Organization(id) => *id,
        Into::NewCompany { .. } => OrganizationId::generate(&*app.clock, &*app.entropy),
    };
    let member = Member {
        id: MemberId::generate(&*app.clock, &*app.entropy),
        organization,
        email: found.email.clone(),
        name,
        roles: found.roles.clone(),
        state: MemberState::Active,
        created_at: now,
    };
    let intent =
        Entry { detail: Some(found.id.to_string()), ..record::by_member(app, &visitor.call, &member, "member.join") };
    let preferences = Preferences { language: visitor.page.lang().to_owned(), ..Preferences::default() };
    let opened = record::open(app, intent).await?;
    let found = found.clone();
    let work = move |conn: &mut Conn| {
        invitations::delete_invitation(conn, found.id)?;
        found_company(conn, &found.into, organization, now)?;
        members::insert_member(conn, &member, &hash)?;
        put_preferences(conn, member.id, &preferences)
    };
    match app.db.tx("join", work).await {
        Ok(()) => opened.close(Status::Completed, None),
        Err(error) => {
            let fault = Fault::from(error);
            opened.close(Status::Denied, Some(fault.code.as_str().to_owned()));
            return Err(fault);
        }
    }
    if let Err(error) = app.snapshots.refresh().await {
        tracing::warn!("a new member can act when the database answers: {error}");
    }
    Ok(())
}

/// Makes the company of an invitation that brings one; looks at the organization of any other.
fn found_company(conn: &mut Conn, into: &Into, id: OrganizationId, now: Timestamp) -> Result<(), StoreError> {
    let Into::NewCompany { name, number } = into else {
        let found = organizations::find_organization(conn, id)?;
        let active = found.is_some_and(|found| matches!(found.state, OrganizationState::Active));
        return if active { Ok(()) } else { Err(StoreError::NotFound { what: "organization" }) };
    };
    let company = Organization {
        id,
        kind: OrganizationKind::Company,
        name: name.clone(),
        state: OrganizationState::Active,
        created_at: now,
    };
    organizations::insert_organization(conn, &company)?;
    invitations::insert_business_number(conn, id, *number)
}

/// Shows the form with which a company signs itself up.
pub(super) async fn show_sign_up(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    show_form(&visitor, &request, &Fields::default(), None, false, StatusCode::OK)
}

/// Sends a link to whom a company named. Whether somebody is known here under that address is not told.
pub(super) async fn sign_up(visitor: Visitor, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, Fault> {
    let form = Fields::parse(&body)?;
    let (app, t) = (&visitor.app, JoiningTexts::of(visitor.page.language));
    let again = |problem, status| show_form(&visitor, &request, &form, Some(problem), false, status);
    if !open_form::is_ours(&visitor, &request, &form) {
        return again(t.stale, StatusCode::FORBIDDEN);
    }
    if app.config.portal.sign_up != SignUp::Open {
        return again(t.invited_only, StatusCode::FORBIDDEN);
    }
    let (address, now) = (address_of(app, &request), app.clock.now());
    if let Verdict::Refused(_) = app.portal.brake.ask("sign-up", address, now) {
        return again(t.braked, StatusCode::TOO_MANY_REQUESTS);
    }
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(company) = form.line("company", 2..=80) else { return again(t.bad_company, wrong) };
    let Some(number) = BusinessNumber::parse(form.text("number")) else { return again(t.bad_number, wrong) };
    let Some(email) = email_address(form.text("email")) else { return again(t.bad_email, wrong) };
    if form.text("accept") != "yes" {
        return again(t.bad_accept, wrong);
    }
    // Each counts, whether it is right or wrong: mails to strangers are made here.
    app.portal.brake.failed("sign-up", address, now);
    let invitation = Invitation {
        id: InvitationId::generate(&*app.clock, &*app.entropy),
        into: Into::NewCompany { name: company, number },
        email,
        roles: vec![Role::Representative, Role::Developer],
        language: visitor.page.lang().to_owned(),
        invited_by: None,
        created_at: now,
        expires_at: now.plus(INVITATION_LIFE),
    };
    let intent =
        Entry { detail: Some(invitation.id.to_string()), ..record::blank(app, &visitor.call, "organization.sign_up") };
    let opened = record::open(app, intent).await?;
    match app.db.tx("sign up", move |conn| ask(conn, &invitation, number, now)).await {
        Ok(()) => {
            opened.close(Status::Completed, None);
            show_form(&visitor, &request, &form, None, true, StatusCode::OK)
        }
        Err(StoreError::AlreadyExists { .. }) => {
            opened.close(Status::Denied, None);
            again(t.number_known, StatusCode::CONFLICT)
        }
        Err(StoreError::Invalid(_)) => {
            opened.close(Status::Denied, None);
            again(t.braked, StatusCode::TOO_MANY_REQUESTS)
        }
        Err(error) => Err(error.into()),
    }
}

fn ask(conn: &mut Conn, invitation: &Invitation, number: BusinessNumber, now: Timestamp) -> Result<(), StoreError> {
    if invitations::find_by_business_number(conn, number)?.is_some() {
        return Err(StoreError::AlreadyExists { what: "a company with that registration number" });
    }
    if invitations::count_sign_ups(conn, now)? >= SIGN_UPS_MAX {
        return Err(StoreError::Invalid("too many companies wait to prove their addresses".to_owned()));
    }
    // Who is a member already gets nothing: the answer is the same, so nobody learns who is.
    if members::find_member_by_email(conn, &invitation.email)?.is_some() {
        return Ok(());
    }
    invitations::insert_invitation(conn, invitation)?;
    outbox::insert_delivery(conn, &mail::invitation(invitation, now)).map(|_| ())
}

fn over() -> Fault {
    let (ko, en) = (JoiningTexts::of(crate::call::Language::Ko), JoiningTexts::of(crate::call::Language::En));
    Fault::new(Code::NotFound, en.over, ko.over)
}

fn show_join(
    visitor: &Visitor,
    request: &HttpRequest,
    link: &str,
    found: &Invitation,
    problem: Option<&'static str>,
    name: &str,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let organization = match &found.into {
        Into::NewCompany { name, .. } => name.clone(),
        Into::Organization(id) => {
            let snapshot = visitor.app.snapshots.present();
            snapshot.organizations.get(id).map(|organization| organization.name.clone()).unwrap_or_default()
        }
    };
    open_form::show(visitor, request, problem, status, |page, form_token| JoinPage {
        t: JoiningTexts::of(page.language),
        form_token,
        link: link.to_owned(),
        organization,
        email: found.email.clone(),
        name: name.to_owned(),
        until: moment::minute(found.expires_at),
        page,
    })
}

fn show_form(
    visitor: &Visitor,
    request: &HttpRequest,
    form: &Fields,
    problem: Option<&'static str>,
    sent: bool,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let open = visitor.app.config.portal.sign_up == SignUp::Open;
    open_form::show(visitor, request, problem, status, |page, form_token| SignUpPage {
        t: JoiningTexts::of(page.language),
        form_token,
        open,
        sent,
        company: form.text("company").to_owned(),
        number: form.text("number").to_owned(),
        email: form.text("email").to_owned(),
        page,
    })
}
