//! Forms that make something once, however often they are sent: whose key it is.

use super::desk::see_other;
use super::page::Page;
use super::session::{self, StepUp};
use crate::call::Call;
use crate::fault::Fault;
use crate::idempotency::Holder;
use crate::record;
use crate::state::App;
use actix_web::HttpRequest;

/// The member whose key a request carries; nobody when nobody is signed in.
pub(crate) async fn holder(app: &App, call: &Call, request: &HttpRequest) -> Result<Option<Holder>, Fault> {
    let Some(signed_in) = session::signed_in(app, request).await? else { return Ok(None) };
    let proved = signed_in.step_up(app.clock.now(), app.config.portal.require_totp) == StepUp::Nothing;
    let step_up = || see_other(&Page::new(request, call, Some(&signed_in)).step_up_href(request));
    Ok(Some(Holder {
        name: signed_in.member.id.to_string(),
        entry: record::by_member(app, call, &signed_in.member, "request.repeat"),
        step_up: (!proved).then(step_up),
    }))
}
