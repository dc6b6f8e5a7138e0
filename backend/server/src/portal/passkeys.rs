//! Passkeys of members: made, named and removed on the page of account security; used to sign in, where one stands for
//! password and second factor, and to prove again who is signed in.

mod ceremony;
mod prompt;
mod proof;

use super::desk::{Anyone, Desk, FreshAnyone, see_other};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::security::show_problem;
use super::session::StepUp;
use super::step_up::renew;
use super::texts::PasskeyTexts;
use super::{moment, path};
use crate::fault::Fault;
use crate::passkey::{Refusal, Registration, RelyingParty};
use crate::post::mail;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use ceremony::{Ceremony, Purpose};
use mudeung_core::id::{MemberId, PasskeyId};
use mudeung_core::passkey::{NAME_CHARACTERS_MAX, PASSKEYS_MAX, Passkey};
use mudeung_store::sessions::ProvedBy;
use mudeung_store::{Conn, StoreError, outbox, passkeys};
use mudeung_wire::ledger::entry::{Entry, Status};
pub(super) use prompt::{Prompt, island, prompt_to_sign_in, prompt_to_step_up};
pub(super) use proof::{sign_in_with_passkey, step_up_with_passkey};

#[derive(Template)]
#[template(path = "passkey_new.html")]
struct NewPasskeyPage {
    page: Page,
    t: &'static PasskeyTexts,
    prompt: Prompt,
}

/// A passkey on the page of account security.
pub(super) struct PasskeyLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) made: String,
    pub(super) used: Option<String>,
    pub(super) kept: &'static str,
}

/// Shows the form for a new passkey, to who proved just now who they are.
pub(super) async fn new_passkey(desk: Desk<Anyone>) -> Result<HttpResponse, Fault> {
    let site = desk.app.portal.site.as_ref().ok_or_else(Fault::not_found)?;
    // A second factor that must be set up first cannot be asked for here.
    if desk.signed_in.step_up(desk.app.clock.now(), false) != StepUp::Nothing {
        return Ok(see_other(&desk.page.step_up_to(&desk.page.at("/security/passkeys/new"))));
    }
    show_new(&desk, site, None, "", StatusCode::OK).await
}

/// Adds a passkey. Its challenge was given to this session alone, and to who had just proved who they are.
pub(super) async fn add_passkey(desk: Desk<Anyone>, form: Submitted) -> Result<HttpResponse, Fault> {
    let (app, t) = (&desk.app, PasskeyTexts::of(desk.page.language));
    let site = app.portal.site.as_ref().ok_or_else(Fault::not_found)?;
    let typed = form.0.text("name").to_owned();
    let Some(name) = form.0.line("name", 1..=NAME_CHARACTERS_MAX) else {
        return show_new(&desk, site, Some(t.bad_name), &typed, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let (passkey, ceremony) = match made(&desk, site, &form.0, name).await? {
        Ok(made) => made,
        Err(refusal) => {
            let entry = Entry { detail: Some(refusal.to_string()), ..desk.entry("passkey.add") };
            record::note(app, entry, Status::Denied).await?;
            let problem = word(t, refusal, t.not_made);
            return show_new(&desk, site, Some(problem), &typed, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let (now, told) = (app.clock.now(), mail::passkey_added(passkey.member, app.clock.now()));
    let (hash, until) = ceremony.answered(app);
    let intent = Entry { detail: Some(passkey.id.to_string()), ..desk.entry("passkey.add") };
    let opened = record::open(app, intent).await?;
    let detail = Some(passkey.id.to_string());
    let work = move |conn: &mut Conn| {
        passkeys::insert_answered_challenge(conn, &hash, until, now)?;
        let has_room = passkeys::insert_passkey(conn, &passkey, PASSKEYS_MAX)?;
        if !has_room {
            return Ok(false);
        }
        outbox::insert_delivery(conn, &told).map(|_| true)
    };
    let problem = match app.db.tx("add passkey", work).await {
        Ok(true) => {
            opened.close(Status::Completed, detail);
            // It was a proof, and from now on nothing less is one.
            let answer = desk.go("/security", "passkey-added");
            return renew(&desk, "portal.step_up", ProvedBy::SecondFactor, answer).await;
        }
        Ok(false) => t.full,
        Err(StoreError::AlreadyExists { what: "the passkey" }) => t.known,
        Err(StoreError::AlreadyExists { .. }) => t.stale,
        Err(other) => return Err(other.into()),
    };
    opened.close(Status::Denied, detail);
    show_new(&desk, site, Some(problem), &typed, StatusCode::CONFLICT).await
}

/// Gives a passkey another name.
pub(super) async fn rename_passkey(
    desk: Desk<Anyone>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (id, member): (PasskeyId, _) = (path(&id)?, desk.signed_in.member.id);
    let Some(name) = form.0.line("name", 1..=NAME_CHARACTERS_MAX) else {
        let t = PasskeyTexts::of(desk.page.language);
        return show_problem(&desk, t.bad_name).await;
    };
    let intent = Entry { detail: Some(id.to_string()), ..desk.entry("passkey.rename") };
    let work = move |conn: &mut Conn| passkeys::update_passkey_name(conn, member, id, &name);
    desk.change("rename passkey", intent, work).await?;
    Ok(desk.go("/security", "passkey-renamed"))
}

/// Removes a passkey.
pub(super) async fn remove_passkey(
    desk: Desk<FreshAnyone>,
    id: web::Path<String>,
    _form: Submitted,
) -> Result<HttpResponse, Fault> {
    let (id, member): (PasskeyId, _) = (path(&id)?, desk.signed_in.member.id);
    let told = mail::passkey_removed(member, desk.app.clock.now());
    let intent = Entry { detail: Some(id.to_string()), ..desk.entry("passkey.remove") };
    desk.change("remove passkey", intent, move |conn: &mut Conn| {
        passkeys::delete_passkey(conn, member, id)?;
        outbox::insert_delivery(conn, &told).map(|_| ())
    })
    .await?;
    Ok(desk.go("/security", "passkey-removed"))
}

/// A member's passkeys, as their page shows them.
pub(super) fn lines(t: &'static PasskeyTexts, own: &[Passkey]) -> Vec<PasskeyLine> {
    let line = |passkey: &Passkey| PasskeyLine {
        id: passkey.id.to_string(),
        name: passkey.name.clone(),
        made: moment::minute(passkey.created_at),
        used: passkey.last_used_at.map(moment::minute),
        kept: match (passkey.may_be_backed_up, passkey.is_backed_up) {
            (_, true) => t.backed_up,
            (true, false) => t.may_be_backed_up,
            (false, false) => t.bound,
        },
    };
    own.iter().map(line).collect()
}

/// The passkey that a form brings, when it is believed.
async fn made(
    desk: &Desk<Anyone>,
    site: &RelyingParty,
    form: &Fields,
    name: String,
) -> Result<Result<(Passkey, Ceremony), Refusal>, Fault> {
    let (app, member, now) = (&desk.app, desk.signed_in.member.id, desk.app.clock.now());
    let ceremony = Ceremony::read(Purpose::Add, form.text("ceremony"), desk.page.form_token(), now);
    let Some(ceremony) = ceremony else { return Ok(Err(Refusal::Challenge)) };
    let made = Registration::parse(form.text("credential"));
    let made = match made.and_then(|answer| site.register(&ceremony.challenge(app), answer)) {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let credential = made.credential().to_vec();
    let look = move |conn: &mut Conn| {
        let is_known = passkeys::find_passkey(conn, &credential)?.is_some();
        Ok((is_known, passkeys::list_passkeys(conn, member)?))
    };
    let (is_known, own) = app.db.read("look at passkeys", look).await?;
    if is_known {
        return Ok(Err(Refusal::Known));
    }
    let handle = own.first().map_or_else(|| ceremony.handle(app), |first| first.handle.clone());
    let id = PasskeyId::generate(&*app.clock, &*app.entropy);
    Ok(Ok((made.keep(id, member, name, handle, now), ceremony)))
}

async fn of(app: &App, member: MemberId) -> Result<Vec<Passkey>, Fault> {
    Ok(app.db.read("list passkeys", move |conn| passkeys::list_passkeys(conn, member)).await?)
}

/// What is said of a refusal to who was refused; `otherwise` where there is no more to do about it.
const fn word(t: &'static PasskeyTexts, refusal: Refusal, otherwise: &'static str) -> &'static str {
    match refusal {
        Refusal::Challenge | Refusal::Repeated => t.stale,
        Refusal::Unverified => t.unverified,
        Refusal::Copied(_) => t.copied,
        Refusal::Known => t.known,
        Refusal::Algorithm | Refusal::Attestation | Refusal::Key => t.unfit,
        Refusal::Unreadable
        | Refusal::Unknown
        | Refusal::Handle
        | Refusal::Type
        | Refusal::Origin
        | Refusal::Site
        | Refusal::Absent
        | Refusal::Signature => otherwise,
    }
}

async fn show_new(
    desk: &Desk<Anyone>,
    site: &RelyingParty,
    problem: Option<&'static str>,
    name: &str,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let t = PasskeyTexts::of(desk.page.language);
    let own = of(&desk.app, desk.signed_in.member.id).await?;
    if own.len() >= PASSKEYS_MAX {
        return show_problem(desk, t.full).await;
    }
    let mut page = desk.page.clone();
    page.problem = problem;
    let shown = NewPasskeyPage { t, prompt: prompt::prompt_to_add(desk, site, &own, name), page: page.clone() };
    page::show(&page, status, &shown)
}
