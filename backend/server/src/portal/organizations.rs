//! Organizations: the widest kill switch, and how to lift it.

use super::desk::{Admins, Desk, FreshAdmins};
use super::fields::Submitted;
use super::kill_switches::{Target, resume};
use super::listing::Sought;
use super::page::{self, Badge, Page};
use super::texts::{GrantsTexts, OrganizationsTexts};
use super::{moment, path};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::id::OrganizationId;
use mudeung_core::organization::{OrganizationKind, OrganizationState};
use mudeung_store::{Conn, apps, invitations, members, organizations};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;

#[derive(Template)]
#[template(path = "organizations.html")]
struct OrganizationsPage {
    page: Page,
    t: &'static OrganizationsTexts,
    organizations: Vec<OrganizationCard>,
    /// What is sought; nothing when the list is short enough to be seen.
    sought: Option<String>,
    next: Option<String>,
}

/// How many are on one page.
const PAGE_ORGANIZATIONS: usize = 50;

struct OrganizationCard {
    id: String,
    name: String,
    kind: &'static str,
    badge: Badge,
    apps: usize,
    members: usize,
    created: String,
    number: Option<String>,
    suspendable: bool,
    resumable: bool,
}

/// Shows the organizations.
pub(super) async fn list_organizations(desk: Desk<Admins>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let list = |conn: &mut Conn| {
        let all = organizations::list_organizations(conn)?;
        let numbers = invitations::list_business_numbers(conn)?;
        Ok((all, members::list_members(conn, None)?, apps::list_apps(conn, None)?, numbers))
    };
    let (all, members, apps, numbers) = desk.app.db.read("list organizations", list).await?;
    let page = desk.page.clone();
    let t = OrganizationsTexts::of(page.language);
    let own = desk.signed_in.organization.id;
    let sought = Sought::of(&request);
    let number = |id| numbers.iter().find(|(of, _)| *of == id).map(|(_, number)| number.as_str());
    let found = all.iter().filter(|organization| {
        let number = number(organization.id).unwrap_or_default();
        sought.finds(&[&organization.name, &organization.id.to_string(), number])
    });
    let at = page.at("/organizations");
    let part = sought.part(found, |organization| organization.id.to_string(), PAGE_ORGANIZATIONS, &at);
    let is_long = part.next.is_some() || !sought.is_everything();
    let cards = part.items.iter().map(|organization| OrganizationCard {
        id: organization.id.to_string(),
        name: organization.name.clone(),
        kind: match organization.kind {
            OrganizationKind::Company => t.company,
            OrganizationKind::Hospital => t.hospital,
        },
        badge: page.badge(organization.state.as_str()),
        apps: apps.iter().filter(|app| app.organization == organization.id).count(),
        members: members.iter().filter(|member| member.organization == organization.id).count(),
        created: moment::minute(organization.created_at),
        number: number(organization.id).map(str::to_owned),
        suspendable: matches!(organization.state, OrganizationState::Active) && organization.id != own,
        resumable: matches!(organization.state, OrganizationState::Suspended { .. }),
    });
    let page = page.clone().live_if(is_long);
    let shown = OrganizationsPage {
        t,
        organizations: cards.collect(),
        sought: is_long.then(|| sought.text.clone()),
        next: part.next,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Suspends an organization with all its apps and members.
pub(super) async fn suspend_organization(
    desk: Desk<FreshAdmins>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = path(&id)?;
    let t = GrantsTexts::of(desk.page.language);
    let reason =
        form.0.line("reason", 1..=500).ok_or_else(|| Fault::parameter("reason", t.bad_reason, t.bad_reason))?;
    if id == desk.signed_in.organization.id {
        return Err(Fault::new(
            Code::Conflict,
            "You cannot suspend your own organization.",
            "자기 기관은 중지할 수 없습니다.",
        ));
    }
    let (by, now) = (desk.signed_in.member.id.to_string(), desk.app.clock.now());
    let intent = Entry { detail: Some(format!("{id} {reason}")), ..desk.entry("organization.suspend") };
    let stop = move |conn: &mut Conn| Target::Organization(id).stop(conn, by, reason, now);
    desk.change("suspend organization", intent, stop).await?;
    Ok(desk.go("/organizations", "organization-suspended"))
}

/// Lets a suspended organization act again.
pub(super) async fn resume_organization(
    desk: Desk<FreshAdmins>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = path(&id)?;
    let intent = Entry { detail: Some(id.to_string()), ..desk.entry("organization.resume") };
    resume(&desk, "resume organization", intent, Target::Organization(id)).await?;
    Ok(desk.go("/organizations", "organization-resumed"))
}
