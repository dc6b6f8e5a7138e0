//! The forms that ask a browser for a passkey, and the script that they need.

use super::ceremony::{Ceremony, LIFETIME, Purpose};
use super::of;
use crate::fault::Fault;
use crate::passkey::RelyingParty;
use crate::portal::desk::{Anyone, Desk};
use crate::portal::island::Island;
use crate::portal::page::Page;
use crate::portal::texts::PasskeyTexts;
use crate::state::App;
use mudeung_core::passkey::Passkey;

/// A form that asks the browser for a passkey.
#[derive(Debug, Clone)]
pub(in crate::portal) struct Prompt {
    pub(in crate::portal) t: &'static PasskeyTexts,
    /// `create` or `get`.
    pub(in crate::portal) kind: &'static str,
    pub(in crate::portal) action: String,
    pub(in crate::portal) form_token: String,
    /// Where to go afterwards; a page of ours, or empty.
    pub(in crate::portal) next: String,
    pub(in crate::portal) ceremony: String,
    /// What the browser is to be asked, as JSON.
    pub(in crate::portal) options: String,
    /// How long the device has to answer.
    pub(in crate::portal) seconds: u64,
    /// What the button says.
    pub(in crate::portal) label: &'static str,
    /// The name that was typed for a new passkey.
    pub(in crate::portal) name: Option<String>,
}

/// What a page with such a form needs, where there are passkeys.
pub(in crate::portal) fn island(site: Option<&RelyingParty>, path: &str) -> Option<Island> {
    let wanted = ["/sign-in", "/step-up", "/security/passkeys"].iter().any(|start| path.starts_with(start));
    site.filter(|_| wanted).map(|_| Island::Passkeys)
}

/// The form for signing in. It is the same for everybody: which passkeys there are is not told.
pub(in crate::portal) fn prompt_to_sign_in(app: &App, page: &Page, form_token: &str, next: &str) -> Option<Prompt> {
    let (site, t) = (app.portal.site.as_ref()?, PasskeyTexts::of(page.language));
    let ceremony = Ceremony::begin(app, Purpose::SignIn, form_token);
    Some(Prompt {
        t,
        kind: "get",
        action: page.at("/sign-in/passkey"),
        form_token: form_token.to_owned(),
        next: next.to_owned(),
        ceremony: ceremony.field(),
        options: ceremony.to_use(app, site, &[]).to_string(),
        seconds: LIFETIME.as_secs(),
        label: t.sign_in,
        name: None,
    })
}

/// The form for proving again who is signed in, for who has a passkey.
pub(in crate::portal) async fn prompt_to_step_up(desk: &Desk<Anyone>, next: &str) -> Result<Option<Prompt>, Fault> {
    let (app, t) = (&desk.app, PasskeyTexts::of(desk.page.language));
    let Some(site) = app.portal.site.as_ref().filter(|_| desk.signed_in.has_passkey) else { return Ok(None) };
    let own = of(app, desk.signed_in.member.id).await?;
    let ceremony = Ceremony::begin(app, Purpose::StepUp, desk.page.form_token());
    Ok(Some(Prompt {
        t,
        kind: "get",
        action: desk.page.at("/step-up/passkey"),
        form_token: desk.page.form_token().to_owned(),
        next: next.to_owned(),
        ceremony: ceremony.field(),
        options: ceremony.to_use(app, site, &own).to_string(),
        seconds: LIFETIME.as_secs(),
        label: t.prove,
        name: None,
    }))
}

/// The form for a passkey that a member makes beside their `own`.
pub(super) fn prompt_to_add(desk: &Desk<Anyone>, site: &RelyingParty, own: &[Passkey], name: &str) -> Prompt {
    let (app, t) = (&desk.app, PasskeyTexts::of(desk.page.language));
    let ceremony = Ceremony::begin(app, Purpose::Add, desk.page.form_token());
    Prompt {
        t,
        kind: "create",
        action: desk.page.at("/security/passkeys"),
        form_token: desk.page.form_token().to_owned(),
        next: String::new(),
        ceremony: ceremony.field(),
        options: ceremony.to_make(app, site, &desk.signed_in.member, own).to_string(),
        seconds: LIFETIME.as_secs(),
        label: t.make,
        name: Some(name.to_owned()),
    }
}
