//! Account security of a member: the second factor (set up, shown once, confirmed with a code, removed), the password, and
//! where they are signed in; passkeys are shown here and kept by [`super::passkeys`].

use super::desk::{Anyone, Desk, FreshAnyone, Roles};
use super::fields::Submitted;
use super::ledger::status_name;
use super::page::{self, Badge, Page};
use super::passkeys::{self, PasskeyLine};
use super::recovery::set_password;
use super::session::{IDLE, StepUp};
use super::step_up::{renew, takes_code};
use super::texts::{PasskeyTexts, SecurityTexts, SsoTexts};
use super::{desk::see_other, moment, password, totp};
use crate::fault::Fault;
use crate::record;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::secret::Secret;
use mudeung_store::second_factors::{self, SecondFactor};
use mudeung_store::sessions::{self, ProvedBy};
use mudeung_store::{Conn, EntryFilter, StoreError, identities};
use mudeung_wire::ledger::entry::Status;

/// How many sign-ins of the organization are looked at for those of the member, and how many of those are shown.
const LOOKED_AT: usize = 500;
const SHOWN_MAX: usize = 20;

#[derive(Template)]
#[template(path = "security.html")]
struct SecurityPage {
    page: Page,
    t: &'static SecurityTexts,
    enrolled: bool,
    codes_left: u64,
    pending: Option<Pending>,
    codes: Vec<String>,
    sessions: Vec<SessionLine>,
    attempts: Vec<(String, Badge)>,
    sso: &'static SsoTexts,
    identity: Option<IdentityLine>,
    by_password: bool,
    pk: &'static PasskeyTexts,
    passkeys: Vec<PasskeyLine>,
    with_passkeys: bool,
}

/// Whom the hospital's identity provider knows the member as.
struct IdentityLine {
    issuer: String,
    since: String,
}

/// A sign-in that is not over.
struct SessionLine {
    here: bool,
    began: String,
    seen: String,
}

/// A secret that waits for its first code. It is shown here alone.
struct Pending {
    secret: String,
    address: String,
}

/// Shows whether there is a second factor.
pub(super) async fn show_security(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    show(&desk, None, None, Vec::new(), StatusCode::OK).await
}

/// Shows the page with what is wrong with a form of it.
pub(super) async fn show_problem(desk: &Desk<Anyone>, problem: &'static str) -> Result<HttpResponse, Fault> {
    show(desk, Some(problem), None, Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Makes a secret and shows it, once. The member must have proved just now who they are.
pub(super) async fn start_second_factor(
    desk: Desk<Anyone>,
    request: HttpRequest,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    // A second factor that must be set up first cannot be asked for here.
    if desk.signed_in.step_up(desk.app.clock.now(), false) != StepUp::Nothing {
        return Ok(see_other(&desk.page.step_up_href(&request)));
    }
    let member = desk.signed_in.member.id;
    let secret = totp::generate(&*desk.app.entropy);
    let sealed = totp::seal(&desk.app, member, &secret).ok_or_else(|| Fault::internal("a secret cannot be sealed"))?;
    let created_at = desk.app.clock.now();
    let factor = SecondFactor { member, sealed, last_step: 0, confirmed_at: None, created_at };
    desk.change("start second factor", desk.entry("second_factor.start"), move |conn: &mut Conn| {
        let present = second_factors::find_second_factor(conn, member)?;
        if present.is_some_and(|present| present.confirmed_at.is_some()) {
            return Err(StoreError::AlreadyExists { what: "the second factor" });
        }
        second_factors::put_second_factor(conn, &factor)
    })
    .await?;
    show(&desk, None, Some(pending(&desk, &secret)), Vec::new(), StatusCode::OK).await
}

/// Confirms the secret with its first code and shows the recovery codes, once.
pub(super) async fn confirm_second_factor(desk: Desk<Anyone>, form: Submitted) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    if desk.signed_in.has_codes {
        return Ok(see_other(&desk.page.at("/security")));
    }
    if !takes_code(&desk, form.0.text("code")).await? {
        record::note(&desk.app, desk.entry("second_factor.confirm"), Status::Denied).await?;
        let find = move |conn: &mut Conn| second_factors::find_second_factor(conn, member);
        let factor = desk.app.db.read("find second factor", find).await?;
        let secret = factor.and_then(|factor| totp::open(&desk.app, member, &factor.sealed));
        let pending = secret.map(|secret| pending(&desk, &secret));
        let t = SecurityTexts::of(desk.page.language);
        return show(&desk, Some(t.bad_code), pending, Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let codes = totp::recovery_codes(&*desk.app.entropy);
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| totp::recovery_hash(&desk.app, code)).collect();
    let now = desk.app.clock.now();
    desk.change("confirm second factor", desk.entry("second_factor.confirm"), move |conn: &mut Conn| {
        second_factors::confirm_second_factor(conn, member, now)?;
        hashes.iter().try_for_each(|hash| second_factors::insert_recovery_code(conn, member, hash))
    })
    .await?;
    // The page is left with a link and not with a form: the session has a new token now.
    let answer = show(&desk, None, None, codes, StatusCode::OK).await?;
    renew(&desk, "portal.step_up", ProvedBy::SecondFactor, answer).await
}

/// Removes the second factor.
pub(super) async fn remove_second_factor(desk: Desk<FreshAnyone>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    desk.change("remove second factor", desk.entry("second_factor.remove"), move |conn: &mut Conn| {
        second_factors::delete_second_factor(conn, member)
    })
    .await?;
    Ok(desk.go("/security", "second-factor-removed"))
}

/// Sets another password; all other sign-ins of the member end.
pub(super) async fn change_password(desk: Desk<FreshAnyone>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = SecurityTexts::of(desk.page.language);
    let chosen = Secret::new(form.0.raw("password").unwrap_or_default().to_owned());
    let Ok(hash) = password::hash_apart(&desk.app, chosen).await? else {
        return show(&desk, Some(t.bad_password), None, Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let (member, session, now) = (desk.signed_in.member.id, desk.signed_in.session, desk.app.clock.now());
    let work = move |conn: &mut Conn| set_password(conn, member, &hash, Some(session), now);
    desk.change("change password", desk.entry("password.change"), work).await?;
    Ok(desk.go("/security", "password-changed"))
}

/// Ends all other sign-ins of the member.
pub(super) async fn end_other_sessions(desk: Desk<Anyone>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let (member, session) = (desk.signed_in.member.id, desk.signed_in.session);
    let work = move |conn: &mut Conn| sessions::delete_sessions(conn, member, Some(session)).map(|_| ());
    desk.change("end sessions", desk.entry("portal.end_sessions"), work).await?;
    Ok(desk.go("/security", "sessions-ended"))
}

/// Forgets whom the hospital's identity provider knows the member as.
pub(super) async fn unlink_identity(desk: Desk<FreshAnyone>, _form: Submitted) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    let work = move |conn: &mut Conn| identities::delete_identity(conn, member);
    desk.change("unlink identity", desk.entry("identity.unlink"), work).await?;
    Ok(desk.go("/security", "identity-unlinked"))
}

fn pending(desk: &Desk<Anyone>, secret: &Secret<Vec<u8>>) -> Pending {
    Pending {
        secret: totp::base32(secret.expose()),
        address: totp::otpauth(secret.expose(), &desk.signed_in.member.email),
    }
}

async fn show(
    desk: &Desk<impl Roles>,
    problem: Option<&'static str>,
    pending: Option<Pending>,
    codes: Vec<String>,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let member = desk.signed_in.member.id;
    let now = desk.app.clock.now();
    let look = move |conn: &mut Conn| {
        let identity = identities::find_identity_of(conn, member)?;
        let codes_left = second_factors::count_recovery_codes(conn, member)?;
        let own = mudeung_store::passkeys::list_passkeys(conn, member)?;
        Ok((codes_left, sessions::list_sessions(conn, member, now)?, identity, own))
    };
    let (codes_left, open, identity, own) = desk.app.db.read("look at security", look).await?;
    let mut page = desk.page.clone();
    page.problem = problem;
    let shown = SecurityPage {
        t: SecurityTexts::of(page.language),
        enrolled: desk.signed_in.has_codes,
        codes_left,
        sessions: open
            .iter()
            .filter(|session| now.since(session.last_seen_at) < IDLE)
            .map(|session| SessionLine {
                here: session.id == desk.signed_in.session,
                began: moment::minute(session.created_at),
                seen: moment::minute(session.last_seen_at),
            })
            .collect(),
        pending,
        codes,
        attempts: attempts(desk).await?,
        sso: SsoTexts::of(page.language),
        identity: identity
            .map(|identity| IdentityLine { issuer: identity.issuer, since: moment::minute(identity.created_at) }),
        by_password: password::opens(&desk.app, &desk.signed_in.organization),
        pk: PasskeyTexts::of(page.language),
        passkeys: passkeys::lines(PasskeyTexts::of(page.language), &own),
        with_passkeys: desk.app.portal.site.is_some(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// The latest sign-ins of the member, right and wrong, as the ledger has them.
async fn attempts(desk: &Desk<impl Roles>) -> Result<Vec<(String, Badge)>, Fault> {
    let (member, organization) = (desk.signed_in.member.id.to_string(), desk.signed_in.organization.id.to_string());
    let filter = EntryFilter {
        organization: Some(organization),
        operation: Some("portal.sign_in".to_owned()),
        ..EntryFilter::default()
    };
    let found = desk.app.ledger.entries(filter, None, LOOKED_AT).await?;
    let own = found.into_iter().map(|(_, entry)| entry).filter(|entry| entry.member.as_ref() == Some(&member));
    let ended = own.filter_map(|entry| {
        let status = entry.status?;
        Some((moment::minute(Timestamp::from_micros(entry.time_us)), desk.page.badge(status_name(status))))
    });
    Ok(ended.take(SHOWN_MAX).collect())
}
