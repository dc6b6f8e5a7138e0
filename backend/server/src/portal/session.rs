//! Who is signed in: from the cookie to the member, with idle and absolute ends.

use super::cookie::Cookies;
use super::forgery;
use crate::fault::Fault;
use crate::state::App;
use actix_web::HttpRequest;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::SessionId;
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_store::sessions::{self, Session};
use mudeung_store::{StoreError, members};
use std::time::Duration;

/// A session that is not used for so long is over.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session is over after so long, used or not.
pub(super) const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
/// How exactly "last seen" is known; each time is a write.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// A member who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// The member.
    pub(crate) member: Member,
    /// Their organization.
    pub(crate) organization: Organization,
    /// The sign-in.
    pub(crate) session: SessionId,
    /// The token that forms must carry.
    pub(crate) form_token: String,
}

impl SignedIn {
    /// Whether the member has one of the roles. A role counts only on its own side: whatever stands in the database, a
    /// company's member decides nothing for the hospital.
    pub(crate) fn has(&self, roles: &[Role]) -> bool {
        let own_side = |role: &Role| self.is_hospital() != matches!(role, Role::Developer);
        roles.iter().any(|role| own_side(role) && self.member.roles.contains(role))
    }

    /// Whether the member may see what belongs to an organization.
    pub(crate) fn sees(&self, organization: mudeung_core::id::OrganizationId) -> bool {
        self.is_hospital() || self.organization.id == organization
    }

    /// Whether the member works for the hospital, and so sees all companies.
    pub(crate) fn is_hospital(&self) -> bool {
        self.organization.kind == OrganizationKind::Hospital
    }

    /// The organization whose things the member sees; all when there is none.
    pub(crate) fn scope(&self) -> Option<mudeung_core::id::OrganizationId> {
        (!self.is_hospital()).then_some(self.organization.id)
    }
}

/// The member of a request; nobody when there is no session, or an ended one, or one of somebody who may not act.
pub(super) async fn signed_in(app: &App, request: &HttpRequest) -> Result<Option<SignedIn>, Fault> {
    let Some(token) = (Cookies { secure: app.portal.secure }).session_of(request) else { return Ok(None) };
    let hash = forgery::session_hash(app, &token);
    let now = app.clock.now();
    let found = app.db.read("find session", move |conn| find_live(conn, &hash, now)).await?;
    let Some((session, member)) = found else { return Ok(None) };
    let snapshot = app.snapshots.present();
    let Some(organization) = snapshot.organizations.get(&member.organization).cloned() else { return Ok(None) };
    if !matches!(organization.state, OrganizationState::Active) {
        return Ok(None);
    }
    if now.since(session.last_seen_at) >= SEEN_EVERY {
        let id = session.id;
        app.db.tx("update session seen", move |conn| sessions::update_session_seen(conn, id, now)).await?;
    }
    let form_token = forgery::form_token(app, &token);
    Ok(Some(SignedIn { member, organization, session: session.id, form_token }))
}

fn find_live(
    conn: &mut mudeung_store::Conn,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<(Session, Member)>, StoreError> {
    let Some(session) = sessions::find_session_by_hash(conn, hash)? else { return Ok(None) };
    if now >= session.expires_at || now.since(session.last_seen_at) >= IDLE {
        return Ok(None);
    }
    let member = members::find_member(conn, session.member)?;
    Ok(member.filter(|member| matches!(member.state, MemberState::Active)).map(|member| (session, member)))
}

/// A session for a member, to be stored; its token is for the browser alone.
pub(super) fn begin(app: &App, member: &Member, token: &str) -> Session {
    let now = app.clock.now();
    Session {
        id: SessionId::generate(&*app.clock, &*app.entropy),
        member: member.id,
        token_hash: forgery::session_hash(app, token),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(ABSOLUTE),
    }
}
