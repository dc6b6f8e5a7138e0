//! What members typed and did not finish, encrypted for them alone: forms that came when their sender had to prove first
//! who they are, to be looked over and sent again by nobody but them, and what they keep on purpose.
//!
//! Nothing is recorded of it, for nothing is done: the form that is sent at last is a form like any other. Forms with a
//! password or another secret in them are not kept, nor are files.

use super::desk::{Anyone, Desk, Shut, see_other};
use super::fields::Fields;
use super::page::{self, Page, query_value, split};
use super::sign_in::own_page;
use super::texts::{FlowTexts, RequestsTexts, ReviewTexts, UnsentTexts};
use super::{cookie::Cookies, forgery, session};
use crate::call::Language;
use crate::fault::Fault;
use crate::keys::sealing;
use crate::state::App;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::id::MemberId;
use mudeung_store::Conn;
use mudeung_store::kept_forms::{self, KeptForm};
use std::time::Duration;

/// How long a form waits that was not let in: as long as a session lasts at most.
const UNSENT: Duration = session::ABSOLUTE;
/// How long something waits that a member kept on purpose.
const DRAFT: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// How many forms are kept of one member.
const FORMS_MAX: i64 = 48;
/// How large one may be.
const BYTES_MAX: usize = 256 << 10;
/// Fields that say of which page and browser a form is, and nothing that somebody typed.
const FRAME: [&str; 4] = ["form_token", "idempotency_key", "submitted", RESENT];
/// The field of a form that was kept and is sent at last.
const RESENT: &str = "unsent";

#[derive(Template)]
#[template(path = "unsent.html")]
struct UnsentPage {
    page: Page,
    t: &'static UnsentTexts,
    what: String,
    action: String,
    fields: Vec<(String, String)>,
    shown: Vec<(String, Vec<String>)>,
}

/// Shows a form that was not let in, as it was typed. It is sent when the member presses, and only then.
pub(super) async fn show_unsent(desk: Desk<Anyone>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let form = query_value(request.query_string(), "form").and_then(|form| own_page(&form));
    let form = form.ok_or_else(Fault::not_found)?;
    let kept = find(&desk.app, desk.signed_in.member.id, &form).await?.ok_or_else(Fault::not_found)?;
    let page = desk.page.clone();
    let mut shown: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in
        kept.pairs().iter().filter(|(name, value)| !FRAME.contains(&name.as_str()) && !value.is_empty())
    {
        match shown.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.clone()),
            None => shown.push((name.clone(), vec![value.clone()])),
        }
    }
    let unsent = UnsentPage {
        t: UnsentTexts::of(page.language),
        what: what(&page, &form),
        action: form,
        fields: kept.pairs().to_vec(),
        shown,
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &unsent)
}

/// What a form does, as its button says it; of others, the part of the portal that it belongs to.
fn what(page: &Page, form: &str) -> String {
    let (flow, requests) = (FlowTexts::of(page.language), RequestsTexts::of(page.language));
    let reviews = ReviewTexts::of(page.language);
    let (_, path) = split(form, page.language);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let text = match parts.as_slice() {
        ["requests", _, "approve"] => requests.approve,
        ["requests", _, "reject"] => requests.reject,
        ["requests", _, "conditions", _, "confirm"] => flow.confirm,
        ["reviews", _, "sign"] => reviews.sign,
        ["reviews", _, "countersign"] => reviews.countersign,
        [part, ..] => {
            let href = page.at(&format!("/{part}"));
            page.links.iter().find(|link| link.href == href).map(|link| link.text).unwrap_or_default()
        }
        [] => "",
    };
    text.to_owned()
}

/// The answer to a form: where its sender must prove first who they are, the way to that, which comes back to the form as
/// it was typed.
pub(crate) async fn keep_unsent(answer: ServiceResponse<BoxBody>, body: &[u8]) -> ServiceResponse<BoxBody> {
    let is_sign_in = match answer.response().error().and_then(|error| error.as_error::<Shut>()) {
        Some(Shut::SignIn(_)) => Some(true),
        Some(Shut::StepUp(_)) => Some(false),
        _ => None,
    };
    let is_done = answer.response().error().is_none() && !answer.status().is_client_error();
    let Some(app) = answer.request().app_data::<web::Data<App>>().cloned() else { return answer };
    let Ok(fields) = Fields::parse(body) else { return answer };
    let request = answer.request().clone();
    if is_sign_in.is_none() && !(is_done && fields.raw(RESENT).is_some()) {
        return answer;
    }
    let done = match is_sign_in {
        Some(is_sign_in) => keep(&app, &request, &fields, is_sign_in).await,
        None => forget(&app, &request).await.map(|()| None),
    };
    match done {
        Ok(Some(to)) => answer.into_response(see_other(&to)),
        Ok(None) => answer,
        Err(fault) => {
            tracing::warn!("a form was not kept: {}", fault.en);
            answer
        }
    }
}

/// Keeps a form of ours; answers where to go first, to come back to it.
async fn keep(app: &App, request: &HttpRequest, fields: &Fields, is_sign_in: bool) -> Result<Option<String>, Fault> {
    let cookie = Cookies { secure: app.portal.secure }.session_of(request);
    if forgery::check(app, request, cookie.as_deref(), fields.raw("form_token")).is_err() || !is_worth_keeping(fields) {
        return Ok(None);
    }
    let (Some(member), Some(path)) = (session::whose(app, request).await?, own_page(request.path())) else {
        return Ok(None);
    };
    let Some(form) = sealed(app, member, &path, fields, UNSENT) else { return Ok(None) };
    app.db.tx("keep form", move |conn| put(conn, &form)).await?;
    let (language, _) = split(&path, Language::Ko);
    let page = Page::bare(&path, language);
    let query = serde_urlencoded::to_string([("form", path.as_str())]).unwrap_or_default();
    let back = format!("{}?{query}", page.at("/unsent"));
    Ok(Some(if is_sign_in { page.sign_in_to(&back) } else { page.step_up_to(&back) }))
}

/// Whether somebody typed something into a form, and nothing of it is a secret.
fn is_worth_keeping(fields: &Fields) -> bool {
    let is_secret = |name: &str| {
        name.contains("password") || ["assertion", "code", "credential", "secret", "token"].contains(&name)
    };
    let pairs = fields.pairs();
    pairs.iter().any(|(name, value)| !FRAME.contains(&name.as_str()) && !value.is_empty())
        && !pairs.iter().any(|(name, _)| is_secret(name))
}

/// Forgets a form that was sent at last.
async fn forget(app: &App, request: &HttpRequest) -> Result<(), Fault> {
    let Some(member) = session::whose(app, request).await? else { return Ok(()) };
    let form = request.path().to_owned();
    Ok(app.db.tx("forget form", move |conn| kept_forms::delete_kept_form(conn, member, &form)).await?)
}

/// What a member keeps on purpose, to be put into the database.
pub(super) fn draft(app: &App, member: MemberId, form: &str, fields: &Fields) -> Option<KeptForm> {
    sealed(app, member, form, fields, DRAFT)
}

/// Puts it there, in the place of what was there before.
pub(super) fn put(conn: &mut Conn, kept: &KeptForm) -> Result<(), mudeung_store::StoreError> {
    kept_forms::delete_expired(conn, kept.kept_at)?;
    kept_forms::keep_form(conn, kept, FORMS_MAX)
}

/// What a member typed into a form. What does not open, after the keys of the server were changed for instance, is gone.
pub(super) async fn find(app: &App, member: MemberId, form: &str) -> Result<Option<Fields>, Fault> {
    let (now, name) = (app.clock.now(), form.to_owned());
    let look = move |conn: &mut Conn| kept_forms::find_kept_form(conn, member, &name, now);
    let Some(sealed) = app.db.read("find kept form", look).await? else { return Ok(None) };
    let plain = sealing::open(app.keys.answers().expose(), &bound_to(member, form), &sealed);
    Ok(plain.and_then(|plain| serde_json::from_slice(plain.expose()).ok()).map(Fields::of))
}

fn sealed(app: &App, member: MemberId, form: &str, fields: &Fields, lifetime: Duration) -> Option<KeptForm> {
    let kept: Vec<_> = fields.pairs().iter().filter(|(name, _)| name != "form_token" && name != RESENT).collect();
    let plain = serde_json::to_vec(&kept).ok().filter(|plain| plain.len() <= BYTES_MAX)?;
    let sealed = sealing::seal(app.keys.answers().expose(), &bound_to(member, form), &plain, &*app.entropy)?;
    let now = app.clock.now();
    Some(KeptForm { member, form: form.to_owned(), sealed, kept_at: now, expires_at: now.plus(lifetime) })
}

fn bound_to(member: MemberId, form: &str) -> Vec<u8> {
    format!("kept form\0{member}\0{form}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_a_secret_or_with_nothing_typed_is_not_kept() {
        for (body, is_kept) in [
            ("form_token=a&reason=x", true),
            ("form_token=a", false),
            ("form_token=a&submitted=1&idempotency_key=k&unsent=yes", false),
            ("form_token=a&reason=", false),
            ("form_token=a&reason=x&password=y", false),
            ("form_token=a&name=x&new_password=y", false),
            ("form_token=a&code=123456", false),
            ("form_token=a&credential=x", false),
            ("form_token=a&assertion=x", false),
        ] {
            assert_eq!(is_worth_keeping(&Fields::parse(body.as_bytes()).unwrap()), is_kept, "{body}");
        }
    }
}
