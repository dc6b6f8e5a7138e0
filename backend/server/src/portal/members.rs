//! The people of an organization: who they are, what they may do, and who is invited.

use super::desk::{Desk, FreshLeaders, Leaders, Roles};
use super::fields::{Fields, Submitted};
use super::home::role_name;
use super::links::{self, Purpose};
use super::page::{self, Badge, Page, query_value};
use super::texts::{HomeTexts, MembersTexts};
use super::{moment, path};
use crate::call::Language;
use crate::fault::Fault;
use crate::post::mail;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::id::{InvitationId, MemberId, OrganizationId};
use mudeung_core::member::{Member, MemberState, Role, email_address};
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_store::invitations::{self, Into, Invitation};
use mudeung_store::{Conn, StoreError, members, organizations, outbox, sessions};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::time::Duration;

/// How long an invitation waits to be accepted.
pub(super) const INVITATION_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many invitations of an organization may wait at once.
const WAITING_MAX: usize = 50;
/// How many members are shown.
const SHOWN_MAX: usize = 500;

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage {
    page: Page,
    t: &'static MembersTexts,
    organization: String,
    name: String,
    roles: Vec<RoleChoice>,
    members: Vec<MemberLine>,
    invitations: Vec<InvitationLine>,
    fresh: Option<String>,
    has_mail: bool,
}

struct RoleChoice {
    value: &'static str,
    text: &'static str,
    says: &'static str,
}

struct MemberLine {
    id: String,
    name: String,
    email: String,
    roles: Vec<(RoleChoice, bool)>,
    badge: Badge,
    joined: String,
    is_self: bool,
    is_active: bool,
}

struct InvitationLine {
    id: String,
    email: String,
    roles: String,
    invited: String,
    expires: String,
}

/// Shows the members of an organization: the own one, or, for the hospital's operator, one that is named.
pub(super) async fn list_members(desk: Desk<Leaders>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let named = query_value(request.query_string(), "organization");
    let id = named.map_or(Ok(desk.signed_in.organization.id), |id| path(&id))?;
    show(&desk, id, None, None, StatusCode::OK).await
}

/// Asks somebody to become a member.
pub(super) async fn invite_member(desk: Desk<FreshLeaders>, form: Submitted) -> Result<HttpResponse, Fault> {
    let organization = find_led(&desk, form.0.text("organization")).await?;
    let t = MembersTexts::of(desk.page.language);
    let bad = |problem| show(&desk, organization.id, None, Some(problem), StatusCode::UNPROCESSABLE_ENTITY);
    let Some(email) = email_address(form.0.text("email")) else { return bad(t.bad_email).await };
    let Some(roles) = wanted_roles(&form.0, organization.kind) else { return bad(t.bad_roles).await };
    if !matches!(organization.state, OrganizationState::Active) {
        return bad(t.not_active).await;
    }
    let now = desk.app.clock.now();
    let invitation = Invitation {
        id: InvitationId::generate(&*desk.app.clock, &*desk.app.entropy),
        into: Into::Organization(organization.id),
        email,
        roles,
        language: desk.page.lang().to_owned(),
        invited_by: Some(desk.signed_in.member.id),
        created_at: now,
        expires_at: now.plus(INVITATION_LIFE),
    };
    let (id, intent) = (invitation.id, said(&desk, "member.invite", &invitation.id.to_string(), organization.id));
    let work = move |conn: &mut Conn| {
        if members::find_member_by_email(conn, &invitation.email)?.is_some() {
            return Ok(Some(t.known));
        }
        let waiting = invitations::list_invitations(conn, organization.id, now)?;
        if waiting.iter().filter(|other| other.email != invitation.email).count() >= WAITING_MAX {
            return Ok(Some(t.too_many));
        }
        invitations::insert_invitation(conn, &invitation)?;
        outbox::insert_delivery(conn, &mail::invitation(&invitation, now))?;
        Ok(None)
    };
    match desk.change("invite member", intent, work).await? {
        Some(problem) => bad(problem).await,
        None => invited(&desk, organization.id, id).await,
    }
}

/// Sends an invitation once more.
pub(super) async fn resend_invitation(
    desk: Desk<FreshLeaders>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (invitation, organization) = find_invitation(&desk, &id).await?;
    let (id, now) = (invitation.id, desk.app.clock.now());
    let intent = said(&desk, "member.invite_again", &id.to_string(), organization);
    let work = move |conn: &mut Conn| outbox::insert_delivery(conn, &mail::invitation(&invitation, now)).map(|_| ());
    desk.change("send invitation again", intent, work).await?;
    invited(&desk, organization, id).await
}

/// Takes an invitation back.
pub(super) async fn revoke_invitation(
    desk: Desk<FreshLeaders>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (invitation, organization) = find_invitation(&desk, &id).await?;
    let intent = said(&desk, "member.uninvite", &invitation.id.to_string(), organization);
    let work = move |conn: &mut Conn| invitations::delete_invitation(conn, invitation.id);
    desk.change("revoke invitation", intent, work).await?;
    Ok(back(&desk, organization, "invitation-revoked"))
}

/// Says anew what a member may do.
pub(super) async fn update_member_roles(
    desk: Desk<FreshLeaders>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (member, organization) = find_member(&desk, &id).await?;
    let t = MembersTexts::of(desk.page.language);
    let bad = |problem| show(&desk, organization.id, None, Some(problem), StatusCode::UNPROCESSABLE_ENTITY);
    let Some(roles) = wanted_roles(&form.0, organization.kind) else { return bad(t.bad_roles).await };
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let intent = said(&desk, "member.update_roles", &format!("{} {}", member.id, names.join(" ")), organization.id);
    let leader = leader_of(organization.kind);
    let work = move |conn: &mut Conn| {
        if !roles.contains(&leader) && is_last(conn, &member, leader)? {
            return Ok(false);
        }
        members::update_member_roles(conn, member.id, &roles).map(|()| true)
    };
    match desk.change("update roles", intent, work).await? {
        true => Ok(back(&desk, organization.id, "member-updated")),
        false => bad(t.last_leader).await,
    }
}

/// Shuts a member out, everywhere at once.
pub(super) async fn disable_member(
    desk: Desk<FreshLeaders>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (member, organization) = find_member(&desk, &id).await?;
    let t = MembersTexts::of(desk.page.language);
    if member.id == desk.signed_in.member.id {
        return show(&desk, organization.id, None, Some(t.not_yourself), StatusCode::CONFLICT).await;
    }
    let intent = said(&desk, "member.disable", &member.id.to_string(), organization.id);
    let (now, leader) = (desk.app.clock.now(), leader_of(organization.kind));
    let work = move |conn: &mut Conn| {
        if is_last(conn, &member, leader)? {
            return Ok(false);
        }
        members::update_member_state(conn, member.id, member.state.disable(now)?)?;
        invitations::delete_password_resets(conn, member.id)?;
        sessions::delete_sessions(conn, member.id, None).map(|_| true)
    };
    match desk.change("disable member", intent, work).await? {
        true => Ok(back(&desk, organization.id, "member-disabled")),
        false => show(&desk, organization.id, None, Some(t.last_leader), StatusCode::CONFLICT).await,
    }
}

/// Lets a member in again.
pub(super) async fn enable_member(
    desk: Desk<FreshLeaders>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (member, organization) = find_member(&desk, &id).await?;
    let intent = said(&desk, "member.enable", &member.id.to_string(), organization.id);
    let work = move |conn: &mut Conn| members::update_member_state(conn, member.id, member.state.enable()?);
    desk.change("enable member", intent, work).await?;
    Ok(back(&desk, organization.id, "member-enabled"))
}

/// Who leads an organization of that kind: one of them must remain.
const fn leader_of(kind: OrganizationKind) -> Role {
    match kind {
        OrganizationKind::Company => Role::Representative,
        OrganizationKind::Hospital => Role::Admin,
    }
}

/// Whether nobody else who may sign in has that role.
fn is_last(conn: &mut Conn, member: &Member, role: Role) -> Result<bool, StoreError> {
    let leads = |member: &Member| matches!(member.state, MemberState::Active) && member.roles.contains(&role);
    let all = members::list_members(conn, Some(member.organization))?;
    Ok(leads(member) && !all.iter().any(|other| other.id != member.id && leads(other)))
}

/// The roles of a form; nothing when there are none, or one of another kind of organization.
fn wanted_roles(form: &Fields, kind: OrganizationKind) -> Option<Vec<Role>> {
    let named: Vec<Role> = form.all("role").map(Role::parse).collect::<Option<_>>()?;
    let fits = |role: &Role| role.is_of_company() == (kind == OrganizationKind::Company);
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| named.contains(role)).collect();
    (!roles.is_empty() && roles.iter().all(fits)).then_some(roles)
}

/// The organization, when the member may lead it: their own, or any for the hospital's operator.
async fn find_led(desk: &Desk<impl Roles>, id: &str) -> Result<Organization, Fault> {
    let id: OrganizationId = path(id)?;
    if id != desk.signed_in.organization.id && !desk.signed_in.has(&[Role::Admin]) {
        return Err(Fault::not_found());
    }
    let find = move |conn: &mut Conn| organizations::find_organization(conn, id);
    desk.app.db.read("find organization", find).await?.ok_or_else(Fault::not_found)
}

async fn find_member(desk: &Desk<FreshLeaders>, id: &str) -> Result<(Member, Organization), Fault> {
    let id: MemberId = path(id)?;
    let find = move |conn: &mut Conn| members::find_member(conn, id);
    let member = desk.app.db.read("find member", find).await?.ok_or_else(Fault::not_found)?;
    let organization = find_led(desk, &member.organization.to_string()).await?;
    Ok((member, organization))
}

async fn find_invitation(desk: &Desk<FreshLeaders>, id: &str) -> Result<(Invitation, OrganizationId), Fault> {
    let (id, now) = (path(id)?, desk.app.clock.now());
    let find = move |conn: &mut Conn| invitations::find_invitation(conn, id, now);
    let found = desk.app.db.read("find invitation", find).await?.ok_or_else(Fault::not_found)?;
    let Into::Organization(organization) = found.into else { return Err(Fault::not_found()) };
    find_led(desk, &organization.to_string()).await?;
    Ok((found, organization))
}

/// With a mail server the link goes to whom it is for and is shown to nobody else.
async fn invited(desk: &Desk<FreshLeaders>, into: OrganizationId, id: InvitationId) -> Result<HttpResponse, Fault> {
    if desk.app.config.mail.is_some() {
        return Ok(back(desk, into, "member-invited"));
    }
    let link = mail::invitation_link(&desk.app, desk.page.language, id);
    show(desk, into, Some(link), None, StatusCode::OK).await
}

fn said(desk: &Desk<FreshLeaders>, operation: &str, detail: &str, organization: OrganizationId) -> Entry {
    let detail = match organization == desk.signed_in.organization.id {
        true => detail.to_owned(),
        false => format!("{detail} {organization}"),
    };
    Entry { detail: Some(detail), ..desk.entry(operation) }
}

fn back(desk: &Desk<impl Roles>, organization: OrganizationId, done: &str) -> HttpResponse {
    let own = organization == desk.signed_in.organization.id;
    let query = if own { String::new() } else { format!("organization={organization}&") };
    super::desk::see_other(&format!("{}?{query}done={done}", desk.page.at("/members")))
}

async fn show(
    desk: &Desk<impl Roles>,
    id: OrganizationId,
    fresh: Option<String>,
    problem: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let organization = find_led(desk, &id.to_string()).await?;
    let now = desk.app.clock.now();
    let list = move |conn: &mut Conn| {
        Ok((members::list_members(conn, Some(id))?, invitations::list_invitations(conn, id, now)?))
    };
    let (all, waiting) = desk.app.db.read("list members", list).await?;
    let mut page = desk.page.clone();
    page.problem = problem;
    let language = page.language;
    let t = HomeTexts::of(language);
    let shown = MembersPage {
        t: MembersTexts::of(language),
        organization: id.to_string(),
        roles: choices(language, organization.kind),
        members: all.iter().take(SHOWN_MAX).map(|member| line(desk, &organization, member)).collect(),
        invitations: waiting
            .iter()
            .map(|invitation| InvitationLine {
                id: invitation.id.to_string(),
                email: invitation.email.clone(),
                roles: invitation.roles.iter().map(|role| role_name(t, *role)).collect::<Vec<_>>().join(", "),
                invited: moment::minute(invitation.created_at),
                expires: moment::minute(invitation.expires_at),
            })
            .collect(),
        name: organization.name,
        fresh,
        has_mail: desk.app.config.mail.is_some(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

fn line(desk: &Desk<impl Roles>, organization: &Organization, member: &Member) -> MemberLine {
    let choices = choices(desk.page.language, organization.kind);
    let has = |choice: &RoleChoice| member.roles.iter().any(|role| role.as_str() == choice.value);
    MemberLine {
        id: member.id.to_string(),
        name: member.name.clone(),
        email: member.email.clone(),
        roles: choices.into_iter().map(|choice| (has(&choice), choice)).map(|(has, choice)| (choice, has)).collect(),
        badge: desk.page.badge(member.state.as_str()),
        joined: moment::minute(member.created_at),
        is_self: member.id == desk.signed_in.member.id,
        is_active: matches!(member.state, MemberState::Active),
    }
}

fn choices(language: Language, kind: OrganizationKind) -> Vec<RoleChoice> {
    let (t, m) = (HomeTexts::of(language), MembersTexts::of(language));
    let fits = |role: &Role| role.is_of_company() == (kind == OrganizationKind::Company);
    let choice = |role: Role| RoleChoice {
        value: role.as_str(),
        text: role_name(t, role),
        says: match role {
            Role::Representative => m.says_representative,
            Role::Developer => m.says_developer,
            Role::Steward => m.says_steward,
            Role::Reviewer => m.says_reviewer,
            Role::External => m.says_external,
            Role::Auditor => m.says_auditor,
            Role::Admin => m.says_admin,
        },
    };
    Role::ALL.into_iter().filter(fits).map(choice).collect()
}

/// The invitation that a link names, when it still opens something.
pub(super) async fn find_by_link(app: &crate::state::App, link: &str) -> Result<Option<Invitation>, Fault> {
    let Some(id) = links::read::<InvitationId>(app, Purpose::Invitation, link) else { return Ok(None) };
    let now = app.clock.now();
    Ok(app.db.read("find invitation", move |conn: &mut Conn| invitations::find_invitation(conn, id, now)).await?)
}

/// Somebody else used the link in this moment, or a company of that number came in.
pub(super) fn is_taken(fault: &Fault) -> bool {
    matches!(fault.code, Code::Conflict | Code::NotFound)
}
