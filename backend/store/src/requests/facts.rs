//! What is true at the moment of a decision, read in its own transaction.

use crate::{Conn, StoreError, agreements, apps, catalog, courses, members, organizations};
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{DatasetState, Version, VersionState};
use mudeung_core::grant::course::DutyTerms;
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::organization::{OrganizationKind, OrganizationState};
use mudeung_core::request::AccessRequest;
use mudeung_core::request::board::Board;
use mudeung_core::request::prerequisite::Facts;
use mudeung_core::tier::Tier;

/// What is true of a request now.
pub fn find_facts(
    conn: &mut Conn,
    request: &AccessRequest,
    terms: &DutyTerms,
    now: Timestamp,
) -> Result<Facts, StoreError> {
    let agreement = agreements::list_agreements(conn)?.first().map(|agreement| agreement.id);
    let staff = members::list_members(conn, Some(request.organization))?;
    let acts = |member: &Member| matches!(member.state, MemberState::Active) && member.roles.contains(&Role::Developer);
    let active = |id| staff.iter().any(|member| member.id == id && acts(member));
    let signatures = agreements::list_signatures(conn, request.organization)?;
    let signed = signatures.iter().any(|signature| Some(signature.agreement) == agreement && active(signature.member));
    let organization = organizations::find_organization(conn, request.organization)?;
    let app = apps::find_app(conn, request.app)?;
    let published = published(conn, request)?;
    let owed = courses::list_unsettled(conn, Some(request.organization))?;
    Ok(Facts {
        agreement,
        is_signed: signed,
        is_published: published.is_some(),
        terms: published.map(|version| version.terms),
        is_author_active: active(request.author),
        is_organization_active: organization.is_some_and(|found| matches!(found.state, OrganizationState::Active)),
        is_late: owed.iter().any(|life| life.overdue(terms, now).is_some()),
        is_app_active: app
            .is_some_and(|app| matches!(app.state, AppState::Active) && app.organization == request.organization),
    })
}

/// The board as it is now: the members of active hospitals who sit in it.
pub fn load_board(conn: &mut Conn) -> Result<Board, StoreError> {
    let hospitals: Vec<_> = organizations::list_organizations(conn)?
        .into_iter()
        .filter(|found| found.kind == OrganizationKind::Hospital && matches!(found.state, OrganizationState::Active))
        .map(|hospital| hospital.id)
        .collect();
    let all = members::list_members(conn, None)?;
    Ok(Board::of(all.iter().filter(|member| hospitals.contains(&member.organization))))
}

/// The published de-identified version of the dataset that is served when nobody names another: the latest.
fn published(conn: &mut Conn, request: &AccessRequest) -> Result<Option<Version>, StoreError> {
    let dataset = catalog::find_dataset(conn, &request.dataset)?;
    if !dataset.is_some_and(|dataset| matches!(dataset.state, DatasetState::Active)) {
        return Ok(None);
    }
    let versions = catalog::list_versions(conn, &request.dataset)?;
    let published = |state: &VersionState| matches!(state, VersionState::Published { .. });
    let served = versions.into_iter().filter(|it| it.tier == Tier::Deidentified && published(&it.state));
    Ok(served.max_by_key(|version| version.number))
}
