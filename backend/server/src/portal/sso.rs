//! The way to the hospital's identity provider and back. What must come back is in a cookie, and the provider is told what
//! only we can make of it, so nothing of a way is kept here and nobody ends one that another browser began.

use super::cookie::{Cookies, fresh_token};
use super::desk::{Anyone, Desk, Visitor, see_other};
use super::page::{Page, query_value};
use super::sign_in::{open_session, own_page, show_form};
use super::texts::SsoTexts;
use super::{forgery, passkeys, step_up};
use crate::call::Language;
use crate::fault::Fault;
use crate::record;
use crate::sso::{Arrival, SingleSignOn, Trip, Trouble};
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::Timestamp;
use mudeung_core::member::{Member, MemberState};
use mudeung_core::organization::{OrganizationKind, OrganizationState};
use mudeung_store::identities::{self, Identity};
use mudeung_store::sessions::ProvedBy;
use mudeung_store::{Conn, StoreError, members};
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;

/// How long somebody may take at the provider.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// A code that is longer is none.
const CODE_BYTES_MAX: usize = 4_096;

/// What leads to the provider.
#[derive(Debug, Clone)]
pub(super) struct Button {
    pub(super) name: String,
    pub(super) title: &'static str,
    pub(super) href: String,
}

/// The button, where the hospital has single sign-on: to sign in, or to prove again who it is.
pub(super) fn button(app: &App, page: &Page, next: &str, is_proof: bool) -> Option<Button> {
    let (t, config) = (SsoTexts::of(page.language), app.sso.as_ref()?.config());
    let name = if config.name.is_empty() { t.default_name.to_owned() } else { config.name.clone() };
    let query = [("next", next), ("prove", if is_proof { "yes" } else { "" })];
    let query: Vec<(&str, &str)> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    Some(Button { name, title: t.title, href: format!("{}?{query}", page.at("/sign-in/sso")) })
}

/// What somebody went to the provider for, as the browser brings it back.
#[derive(Debug, PartialEq, Eq)]
struct Ticket {
    token: String,
    begun: Timestamp,
    /// Whether it is to prove again who is signed in, and not to sign in.
    is_proof: bool,
    language: Language,
    next: Option<String>,
}

impl Ticket {
    fn to_cookie(&self) -> String {
        let (proof, language) = (if self.is_proof { "prove" } else { "enter" }, self.language.as_str());
        let next = URL_SAFE_NO_PAD.encode(self.next.as_deref().unwrap_or_default());
        format!("{}.{}.{proof}.{language}.{next}", self.token, self.begun.seconds())
    }

    fn from_cookie(cookie: &str) -> Option<Self> {
        let parts: Vec<&str> = cookie.split('.').collect();
        let [token, begun, proof, language, next] = parts.try_into().ok()?;
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        Some(Self {
            token: token.to_owned(),
            begun: Timestamp::from_seconds(begun.parse().ok()?),
            is_proof: proof == "prove",
            language: if language == "ko" { Language::Ko } else { Language::En },
            next: own_page(&next),
        })
    }

    /// The way of this ticket. Whoever has not our key can make none of it, whatever they put into the cookie.
    fn trip(&self, app: &App) -> Trip {
        let cookie = self.to_cookie();
        Trip {
            state: forgery::code(app, "sso state", &cookie),
            nonce: forgery::code(app, "sso nonce", &cookie),
            verifier: forgery::code(app, "sso verifier", &cookie),
            begun: self.begun,
            strictly: self.is_proof,
        }
    }
}

/// Sends the browser to the provider.
pub(super) async fn begin_sso(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let app = &visitor.app;
    let sso = app.sso.as_ref().ok_or_else(Fault::not_found)?;
    let query = request.query_string();
    let (now, language) = (app.clock.now(), visitor.page.language);
    let ticket = Ticket {
        token: fresh_token(&*app.entropy),
        begun: Timestamp::from_seconds(now.seconds()),
        is_proof: visitor.signed_in.is_some() && query_value(query, "prove").is_some(),
        language,
        next: query_value(query, "next").and_then(|next| own_page(&next)),
    };
    match sso.address(&ticket.trip(app), language.as_str(), now).await {
        Ok(address) => {
            let mut answer = see_other(&address);
            let cookie = Cookies { secure: app.portal.secure }.trip(&ticket.to_cookie(), LIFETIME);
            answer.add_cookie(&cookie).map_err(|error| Fault::internal(error.to_string()))?;
            Ok(answer)
        }
        Err(trouble) => {
            tracing::warn!("single sign-on: {trouble}");
            refuse(&visitor, &request, SsoTexts::of(language).unreachable, StatusCode::BAD_GATEWAY)
        }
    }
}

/// Takes in who comes back.
pub(super) async fn return_from_sso(
    mut visitor: Visitor,
    desk: Option<Desk<Anyone>>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let cookies = Cookies { secure: visitor.app.portal.secure };
    let ticket = cookies.trip_of(&request).as_deref().and_then(Ticket::from_cookie);
    let language = ticket.as_ref().map_or(visitor.page.language, |ticket| ticket.language);
    visitor.page = Page::bare(&format!("/{}/sign-in", language.as_str()), language);
    visitor.page.islands = passkeys::island(visitor.app.portal.site.as_ref(), "/sign-in").into_iter().collect();
    let mut answer = match take_in(&visitor, desk, &request, ticket).await? {
        Ok(answer) => answer,
        Err(Refusal { problem, reason, status, member }) => {
            let entry = match &member {
                Some(member) => record::by_member(&visitor.app, &visitor.call, member, "portal.sign_in"),
                None => record::blank(&visitor.app, &visitor.call, "portal.sign_in"),
            };
            let entry = Entry { detail: Some(format!("sso: {reason}")), ..entry };
            record::note(&visitor.app, entry, Status::Denied).await?;
            refuse(&visitor, &request, problem, status)?
        }
    };
    let gone = cookies.trip("", Duration::ZERO);
    answer.add_cookie(&gone).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(answer)
}

/// Why nobody comes in: what they are shown, and what stands in the ledger.
struct Refusal {
    problem: &'static str,
    reason: &'static str,
    status: StatusCode,
    member: Option<Member>,
}

impl Refusal {
    fn new(problem: &'static str, reason: &'static str) -> Self {
        Self { problem, reason, status: StatusCode::FORBIDDEN, member: None }
    }
}

async fn take_in(
    visitor: &Visitor,
    desk: Option<Desk<Anyone>>,
    request: &HttpRequest,
    ticket: Option<Ticket>,
) -> Result<Result<HttpResponse, Refusal>, Fault> {
    let app = &visitor.app;
    let sso = app.sso.as_ref().ok_or_else(Fault::not_found)?;
    let t = SsoTexts::of(visitor.page.language);
    let (query, now) = (request.query_string(), app.clock.now());
    let live = ticket.filter(|ticket| ticket.begun <= now && now.since(ticket.begun) <= LIFETIME);
    let Some(ticket) = live else { return Ok(Err(Refusal::new(t.stale, "no way was begun here"))) };
    let trip = ticket.trip(app);
    if !query_value(query, "state").is_some_and(|state| forgery::is_same(&state, &trip.state)) {
        return Ok(Err(Refusal::new(t.stale, "it ends another way than was begun here")));
    }
    if let Some(error) = query_value(query, "error") {
        let cancelled = error == "access_denied";
        let problem = if cancelled { t.cancelled } else { t.refused };
        return Ok(Err(Refusal::new(problem, "the provider did not sign in")));
    }
    let code = query_value(query, "code").filter(|code| code.len() <= CODE_BYTES_MAX);
    let Some(code) = code else { return Ok(Err(Refusal::new(t.refused, "there is no code"))) };
    let arrival = match sso.arrive(&trip, code, query_value(query, "iss").as_deref(), now).await {
        Ok(arrival) => arrival,
        Err(trouble) => {
            tracing::warn!("single sign-on: {trouble}");
            let mut refusal = Refusal::new(t.refused, "the provider is not believed");
            if let Trouble::Unreachable(_) = trouble {
                refusal = Refusal::new(t.unreachable, "the provider does not answer");
                refusal.status = StatusCode::BAD_GATEWAY;
            }
            return Ok(Err(refusal));
        }
    };
    let proved_by = if arrival.is_strong { ProvedBy::SecondFactor } else { ProvedBy::Provider };
    let member = match whom(visitor, sso, &arrival).await? {
        Ok(member) => member,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !ticket.is_proof {
        return Ok(Ok(open_session(visitor, request, member, ticket.next, proved_by, Some("sso")).await?));
    }
    // A proof is for who is signed in, and for nobody else.
    match desk.filter(|desk| desk.signed_in.member.id == member.id) {
        Some(desk) => {
            let to = ticket.next.unwrap_or_else(|| visitor.page.at("/home"));
            Ok(Ok(step_up::go_on(&desk, proved_by, &to).await?))
        }
        None => {
            let refusal = Refusal::new(t.somebody_else, "the proof is of somebody else");
            Ok(Err(Refusal { member: Some(member), ..refusal }))
        }
    }
}

/// The member that the provider means: whom we know by its name for them, or, the first time, by their address of mail.
async fn whom(visitor: &Visitor, sso: &SingleSignOn, arrival: &Arrival) -> Result<Result<Member, Refusal>, Fault> {
    let (app, t) = (&visitor.app, SsoTexts::of(visitor.page.language));
    let (issuer, subject) = (sso.config().issuer.clone(), arrival.subject.clone());
    let email = arrival.email.as_ref().map(|email| email.to_lowercase());
    let look = move |conn: &mut Conn| {
        if let Some(identity) = identities::find_identity(conn, &issuer, &subject)? {
            return Ok((members::find_member(conn, identity.member)?, true, None));
        }
        let Some(email) = email else { return Ok((None, false, None)) };
        let Some((member, _)) = members::find_member_by_email(conn, &email)? else { return Ok((None, false, None)) };
        let other = identities::find_identity_of(conn, member.id)?;
        Ok((Some(member), false, other))
    };
    let (member, is_known, other) = app.db.read("find whom the provider means", look).await?;
    let Some(member) = member else {
        let reason = if arrival.email.is_some() { "nobody has that address" } else { "the provider gave no address" };
        return Ok(Err(Refusal::new(t.unknown, reason)));
    };
    let refused = |problem, reason| {
        let refusal = Refusal::new(problem, reason);
        Ok(Err(Refusal { member: Some(member.clone()), ..refusal }))
    };
    let snapshot = app.snapshots.present();
    let organization = snapshot.organizations.get(&member.organization);
    if organization.is_none_or(|organization| organization.kind != OrganizationKind::Hospital) {
        return refused(t.unknown, "they are not of the hospital");
    }
    let is_active = matches!(member.state, MemberState::Active)
        && organization.is_some_and(|organization| matches!(organization.state, OrganizationState::Active));
    if !is_active {
        return refused(t.unknown, "they may not sign in");
    }
    if is_known {
        return Ok(Ok(member));
    }
    if other.is_some() {
        return refused(t.taken, "the member is known as somebody else");
    }
    match know(visitor, sso, &member, arrival).await? {
        true => Ok(Ok(member)),
        false => refused(t.taken, "the member is known as somebody else"),
    }
}

/// Notes that the provider means this member, for ever; false when the member was made known as somebody else just now.
async fn know(visitor: &Visitor, sso: &SingleSignOn, member: &Member, arrival: &Arrival) -> Result<bool, Fault> {
    let app = &visitor.app;
    let identity = Identity {
        member: member.id,
        issuer: sso.config().issuer.clone(),
        subject: arrival.subject.clone(),
        created_at: app.clock.now(),
    };
    let opened = record::open(app, record::by_member(app, &visitor.call, member, "identity.link")).await?;
    let linked = app.db.tx("link identity", move |conn| identities::insert_identity(conn, &identity)).await;
    opened.close(if linked.is_ok() { Status::Completed } else { Status::Denied }, None);
    match linked {
        Ok(()) => Ok(true),
        Err(StoreError::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn refuse(
    visitor: &Visitor,
    request: &HttpRequest,
    problem: &'static str,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    show_form(visitor, request, Some(problem), String::new(), String::new(), status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ticket_comes_back_as_it_went(begun in 0..4_000_000_000_i64, is_proof: bool, next in "(/ko/[a-z?=&]{0,30})?") {
            let ticket = Ticket {
                token: "a".repeat(43),
                begun: Timestamp::from_seconds(begun),
                is_proof,
                language: if is_proof { Language::Ko } else { Language::En },
                next: own_page(&next),
            };
            prop_assert_eq!(Ticket::from_cookie(&ticket.to_cookie()), Some(ticket));
        }

        #[test]
        fn what_is_no_ticket_is_none_and_leads_nowhere_else(cookie in ".{0,200}") {
            if let Some(ticket) = Ticket::from_cookie(&cookie) {
                prop_assert!(ticket.next.is_none_or(|next| own_page(&next).is_some()));
            }
        }
    }
}
