//! Who is signed in: from the cookie to the member, with idle and absolute ends.

use super::cookie::Cookies;
use super::forgery;
use crate::fault::Fault;
use crate::state::App;
use actix_web::HttpRequest;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, SessionId};
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::request::AccessRequest;
use mudeung_store::sessions::{self, ProvedBy, Session};
use mudeung_store::{Conn, StoreError, members, notifications, passkeys, second_factors};
use std::time::Duration;

/// A session that is not used for so long is over.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session is over after so long, used or not.
pub(super) const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
/// How old a proof may be for something grave.
const STEP_UP: Duration = Duration::from_secs(5 * 60);
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
    /// When and how the member last proved who they are.
    pub(crate) proved: (Timestamp, ProvedBy),
    /// Whether the member has an authenticator that shows codes.
    pub(crate) has_codes: bool,
    /// Whether the member has a passkey.
    pub(crate) has_passkey: bool,
    /// How many notifications the member has not seen.
    pub(crate) unread: i64,
}

/// What a member must do before something grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepUp {
    /// Nothing: the proof is fresh.
    Nothing,
    /// Prove again who they are.
    Prove,
    /// Set up a second factor first.
    Enrol,
}

impl SignedIn {
    /// What the member must do before something grave. A moment in the future is no proof: the clock was set back.
    pub(crate) fn step_up(&self, now: Timestamp, require_totp: bool) -> StepUp {
        let (at, by) = self.proved;
        // Who came with two factors from the hospital's identity provider needs no other here.
        if require_totp && !self.has_second_factor() && by != ProvedBy::SecondFactor {
            return StepUp::Enrol;
        }
        let strong = by == ProvedBy::SecondFactor || !self.has_second_factor();
        let fresh = at <= now && now.since(at) <= STEP_UP;
        if strong && fresh { StepUp::Nothing } else { StepUp::Prove }
    }

    /// Whether the member has a second factor, of either kind.
    pub(crate) const fn has_second_factor(&self) -> bool {
        self.has_codes || self.has_passkey
    }

    /// Whether the member has one of the roles. A role counts only on its own side: whatever stands in the database, a
    /// company's member decides nothing for the hospital.
    pub(crate) fn has(&self, roles: &[Role]) -> bool {
        let own_side = |role: &Role| self.is_hospital() != role.is_of_company();
        roles.iter().any(|role| own_side(role) && self.member.roles.contains(role))
    }

    /// Whether the member may see what belongs to an organization.
    pub(crate) fn sees(&self, organization: mudeung_core::id::OrganizationId) -> bool {
        self.scope().is_none_or(|own| own == organization)
    }

    /// Whether the member may see an access request: their own company's, or, for the hospital and its board, one that was
    /// ever handed in.
    pub(crate) fn sees_request(&self, request: &AccessRequest) -> bool {
        self.organization.id == request.organization || (self.is_hospital() && request.submitted_at.is_some())
    }

    /// Whether the member works for the hospital, and so sees all companies.
    pub(crate) fn is_hospital(&self) -> bool {
        self.organization.kind == OrganizationKind::Hospital
    }

    /// The organization whose things the member sees; all when there is none. Who comes from outside to vote sees access
    /// requests, and nothing else of the companies.
    pub(crate) fn scope(&self) -> Option<mudeung_core::id::OrganizationId> {
        let inside = self.is_hospital() && self.member.roles.iter().any(|role| *role != Role::External);
        (!inside).then_some(self.organization.id)
    }
}

/// The member of a request; nobody when there is no session, or an ended one, or one of somebody who may not act.
pub(super) async fn signed_in(app: &App, request: &HttpRequest) -> Result<Option<SignedIn>, Fault> {
    let Some(token) = (Cookies { secure: app.portal.secure }).session_of(request) else { return Ok(None) };
    let hash = forgery::session_hash(app, &token);
    let now = app.clock.now();
    let found = app.db.read("find session", move |conn| find_live(conn, &hash, now)).await?;
    let Some(Live { session, member, has_codes, has_passkey, unread }) = found else { return Ok(None) };
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
    let proved = (session.proved_at, session.proved_by);
    Ok(Some(SignedIn { member, organization, session: session.id, form_token, proved, has_codes, has_passkey, unread }))
}

/// The member of a session whose end is not here, though it may not have been used for long; nobody when they may not act.
pub(super) async fn whose(app: &App, request: &HttpRequest) -> Result<Option<MemberId>, Fault> {
    let Some(token) = (Cookies { secure: app.portal.secure }).session_of(request) else { return Ok(None) };
    let (hash, now) = (forgery::session_hash(app, &token), app.clock.now());
    let look = move |conn: &mut Conn| {
        let session = sessions::find_session_by_hash(conn, &hash)?.filter(|session| now < session.expires_at);
        let member = session.map(|session| members::find_member(conn, session.member)).transpose()?.flatten();
        Ok(member.filter(|member| matches!(member.state, MemberState::Active)).map(|member| member.id))
    };
    Ok(app.db.read("find whose session it is", look).await?)
}

/// A session that is not over, and what there is of its member.
struct Live {
    session: Session,
    member: Member,
    has_codes: bool,
    has_passkey: bool,
    unread: i64,
}

fn find_live(conn: &mut Conn, hash: &[u8; 32], now: Timestamp) -> Result<Option<Live>, StoreError> {
    let Some(session) = sessions::find_session_by_hash(conn, hash)? else { return Ok(None) };
    if now >= session.expires_at || now.since(session.last_seen_at) >= IDLE {
        return Ok(None);
    }
    let member = members::find_member(conn, session.member)?;
    let Some(member) = member.filter(|member| matches!(member.state, MemberState::Active)) else { return Ok(None) };
    let factor = second_factors::find_second_factor(conn, member.id)?;
    let has_codes = factor.is_some_and(|factor| factor.confirmed_at.is_some());
    let has_passkey = passkeys::count_passkeys(conn, member.id)? > 0;
    let unread = notifications::count_unread(conn, member.id)?;
    Ok(Some(Live { session, member, has_codes, has_passkey, unread }))
}

/// A session for a member, to be stored; its token is for the browser alone.
pub(super) fn begin(app: &App, member: &Member, token: &str, proved_by: ProvedBy) -> Session {
    let now = app.clock.now();
    Session {
        id: SessionId::generate(&*app.clock, &*app.entropy),
        member: member.id,
        token_hash: forgery::session_hash(app, token),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(ABSOLUTE),
        proved_at: now,
        proved_by,
    }
}
