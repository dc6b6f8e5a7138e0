//! Passkeys that are used: to sign in, and to prove again who is signed in.

use super::ceremony::{Ceremony, Purpose};
use super::word;
use crate::address::NOBODY;
use crate::fault::Fault;
use crate::passkey::{Assertion, Refusal, RelyingParty};
use crate::peer::address_of;
use crate::portal::brake::Verdict;
use crate::portal::desk::{Anyone, Desk, Visitor};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::sign_in::{may_enter, open_session, own_page, show_form};
use crate::portal::texts::PasskeyTexts;
use crate::portal::{open_form, step_up};
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::id::MemberId;
use mudeung_core::member::Member;
use mudeung_store::sessions::ProvedBy;
use mudeung_store::{Conn, StoreError, members, passkeys};
use mudeung_wire::ledger::entry::{Entry, Status};

/// Signs a member in by a passkey that their device verified them for, which are two factors.
pub(in crate::portal) async fn sign_in_with_passkey(
    visitor: Visitor,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Fault> {
    let (app, t) = (&visitor.app, PasskeyTexts::of(visitor.page.language));
    let site = app.portal.site.as_ref().ok_or_else(Fault::not_found)?;
    let form = Fields::parse(&body)?;
    let next = own_page(form.text("next"));
    let again = |problem, status| {
        show_form(&visitor, &request, Some(problem), next.clone().unwrap_or_default(), String::new(), status)
    };
    if !open_form::is_ours(&visitor, &request, &form) {
        return again(t.stale, StatusCode::FORBIDDEN);
    }
    let parsed = Assertion::parse(form.text("credential"));
    // Who fails is braked by passkey and address; nobody guesses a signature, and nobody fills the ledger.
    let account = parsed.as_ref().map_or_else(|_| "passkey".to_owned(), |it| format!("passkey {:?}", it.credential));
    let (address, now) = (address_of(app, &request), app.clock.now());
    if let Verdict::Refused(left) = app.portal.brake.ask(&account, address, now) {
        let mut answer = again(t.braked, StatusCode::TOO_MANY_REQUESTS)?;
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
        return Ok(answer);
    }
    let taken = match parsed {
        Ok(answer) if answer.handle.is_none() => Err((Refusal::Handle, None)),
        Ok(answer) => take(app, site, Purpose::SignIn, &form, &answer, None).await?,
        Err(refusal) => Err((refusal, None)),
    };
    let (refusal, member) = match taken {
        Ok(member) if may_enter(app, &member) => {
            app.portal.brake.succeeded(&account, address);
            return open_session(&visitor, &request, member, next, ProvedBy::SecondFactor, Some("passkey")).await;
        }
        Ok(member) => (Refusal::Unknown, Some(member)),
        Err(refused) => refused,
    };
    app.portal.brake.failed(&account, address, now);
    let entry = match &member {
        Some(member) => record::by_member(app, &visitor.call, member, "portal.sign_in"),
        None => record::blank(app, &visitor.call, "portal.sign_in"),
    };
    record::note(app, Entry { detail: Some(format!("passkey: {refusal}")), ..entry }, Status::Denied).await?;
    again(word(t, refusal, t.refused), StatusCode::FORBIDDEN)
}

/// Begins the session anew for who proves by a passkey that it is still them.
pub(in crate::portal) async fn step_up_with_passkey(
    desk: Desk<Anyone>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (app, t) = (&desk.app, PasskeyTexts::of(desk.page.language));
    let site = app.portal.site.as_ref().ok_or_else(Fault::not_found)?;
    let next = own_page(form.0.text("next")).unwrap_or_default();
    let (account, now) = (step_up::account(&desk), app.clock.now());
    if let Verdict::Refused(left) = app.portal.brake.ask(&account, NOBODY, now) {
        let mut answer = step_up::show(&desk, Some(t.braked), next, StatusCode::TOO_MANY_REQUESTS).await?;
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
        return Ok(answer);
    }
    let taken = match Assertion::parse(form.0.text("credential")) {
        Ok(answer) => take(app, site, Purpose::StepUp, &form.0, &answer, Some(desk.signed_in.member.id)).await?,
        Err(refusal) => Err((refusal, None)),
    };
    if let Err((refusal, _)) = taken {
        app.portal.brake.failed(&account, NOBODY, now);
        let entry = Entry { detail: Some(format!("passkey: {refusal}")), ..desk.entry("portal.step_up") };
        record::note(app, entry, Status::Denied).await?;
        return step_up::show(&desk, Some(word(t, refusal, t.refused)), next, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    app.portal.brake.succeeded(&account, NOBODY);
    let to = if next.is_empty() { desk.page.at("/home") } else { next };
    step_up::go_on(&desk, ProvedBy::SecondFactor, &to).await
}

/// The member of an answer that is believed, which is remembered so that it is not taken again; or why it is not, and whose
/// the passkey is.
async fn take(
    app: &App,
    site: &RelyingParty,
    purpose: Purpose,
    form: &Fields,
    answer: &Assertion,
    whose: Option<MemberId>,
) -> Result<Result<Member, (Refusal, Option<Member>)>, Fault> {
    let now = app.clock.now();
    let browser = form.raw("form_token").unwrap_or_default();
    let Some(ceremony) = Ceremony::read(purpose, form.text("ceremony"), browser, now) else {
        return Ok(Err((Refusal::Challenge, None)));
    };
    let challenge = ceremony.challenge(app);
    if let Err(refusal) = site.check_asked(&challenge, answer) {
        return Ok(Err((refusal, None)));
    }
    let credential = answer.credential.clone();
    let look = move |conn: &mut Conn| {
        let Some(passkey) = passkeys::find_passkey(conn, &credential)? else { return Ok(None) };
        Ok(members::find_member(conn, passkey.member)?.map(|member| (passkey, member)))
    };
    let found = app.db.read("find passkey", look).await?;
    let Some((passkey, member)) = found.filter(|(_, member)| whose.is_none_or(|whose| whose == member.id)) else {
        return Ok(Err((Refusal::Unknown, None)));
    };
    let shown = match site.assert(&challenge, &passkey, answer) {
        Ok(shown) => shown,
        Err(refusal) => return Ok(Err((refusal, Some(member)))),
    };
    let ((hash, until), credential) = (ceremony.answered(app), passkey.credential);
    let work = move |conn: &mut Conn| {
        passkeys::insert_answered_challenge(conn, &hash, until, now)?;
        // As it is now: another answer may have been taken in this moment.
        let Some(present) = passkeys::find_passkey(conn, &credential)? else { return Ok(Err(Refusal::Unknown)) };
        match present.signed(shown, now) {
            Ok(signed) => passkeys::update_passkey_signed(conn, &signed).map(Ok),
            Err(doubt) => Ok(Err(Refusal::Copied(doubt))),
        }
    };
    match app.db.tx("use passkey", work).await {
        Ok(Ok(())) => Ok(Ok(member)),
        Ok(Err(refusal)) => Ok(Err((refusal, Some(member)))),
        Err(StoreError::AlreadyExists { .. }) => Ok(Err((Refusal::Repeated, Some(member)))),
        Err(other) => Err(other.into()),
    }
}
