//! Messages on a request: both sides write to each other, and the hospital's people among themselves.

use super::check::REASON_MAX;
use super::{find_visible, happen, show};
use crate::fault::Fault;
use crate::portal::desk::{Askers, Desk, Remarkers, Repliers, Roles};
use crate::portal::fields::Submitted;
use crate::portal::moment;
use crate::portal::page::Page;
use crate::portal::texts::{FlowTexts, MessageTexts};
use actix_web::{HttpResponse, web};
use mudeung_core::id::MemberId;
use mudeung_core::request::case::MESSAGES_MAX;
use mudeung_core::request::event::{Actor, Event, Happening};
use std::collections::BTreeMap;

/// A message as pages show it.
pub(super) struct MessageLine {
    pub(super) at: String,
    pub(super) who: String,
    pub(super) from_company: bool,
    pub(super) text: String,
}

/// Writes to the hospital.
pub(in crate::portal) async fn message_on_request(
    desk: Desk<Askers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    write(&desk, &id, &form, "request.message", |text| Happening::Asked { text }).await
}

/// Writes to the company.
pub(in crate::portal) async fn reply_on_request(
    desk: Desk<Repliers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    write(&desk, &id, &form, "request.reply", |text| Happening::Replied { text }).await
}

/// Writes to others of the hospital. The company never sees it.
pub(in crate::portal) async fn remark_on_request(
    desk: Desk<Remarkers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    write(&desk, &id, &form, "request.remark", |text| Happening::Remarked { text }).await
}

/// The ledger keeps that something was written, and not what: the text lies with the request.
async fn write<R: Roles>(
    desk: &Desk<R>,
    id: &str,
    form: &Submitted,
    operation: &'static str,
    what: fn(String) -> Happening,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(desk, id).await?;
    let t = MessageTexts::of(desk.page.language);
    let Some(text) = form.0.paragraph("message", 1..=REASON_MAX) else {
        return show::again(desk, id, t.bad_message, &form.0).await;
    };
    let what = what(text);
    let written = if matches!(what, Happening::Remarked { .. }) { filed.case.remarks } else { filed.case.messages };
    if written >= MESSAGES_MAX && filed.request.state.is_open() {
        return show::again(desk, id, t.too_many, &form.0).await;
    }
    happen(desk, &filed.request, operation, "", what).await?;
    Ok(desk.go(&format!("/requests/{}", filed.request.id), "message-written"))
}

/// The messages of both sides, oldest first. The company is told no names of the hospital's people.
pub(super) fn public(
    page: &Page,
    events: &[Event],
    names: &BTreeMap<MemberId, String>,
    for_hospital: bool,
) -> Vec<MessageLine> {
    let hospital = FlowTexts::of(page.language).by_hospital;
    let line = |event: &Event| match &event.what {
        Happening::Asked { text } => Some(message(event, name(names, event), true, text)),
        Happening::Replied { text } if for_hospital => Some(message(event, name(names, event), false, text)),
        Happening::Replied { text } => Some(message(event, hospital.to_owned(), false, text)),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

/// What the hospital's people wrote among themselves, oldest first.
pub(super) fn inner(events: &[Event], names: &BTreeMap<MemberId, String>) -> Vec<MessageLine> {
    let line = |event: &Event| match &event.what {
        Happening::Remarked { text } => Some(message(event, name(names, event), false, text)),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

fn message(event: &Event, who: String, from_company: bool, text: &str) -> MessageLine {
    MessageLine { at: moment::minute(event.at), who, from_company, text: text.to_owned() }
}

fn name(names: &BTreeMap<MemberId, String>, event: &Event) -> String {
    match event.by {
        Actor::Member(member) => names.get(&member).cloned().unwrap_or_default(),
        Actor::Clock => String::new(),
    }
}
