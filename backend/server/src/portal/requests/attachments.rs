//! Files beside a request: both sides put them there, whoever may see the request takes them home, and nothing opens them.

use super::{entry, find_visible, show};
use crate::fault::Fault;
use crate::hex::hex;
use crate::portal::desk::{Anyone, Attachers, Desk, Enclosers, Roles};
use crate::portal::fields::Fields;
use crate::portal::page::{self, Page};
use crate::portal::texts::{AttachmentTexts, FlowTexts};
use crate::portal::upload::Uploaded;
use crate::portal::{figure, moment};
use crate::record;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use mudeung_core::clock::Clock;
use mudeung_core::id::MemberId;
use mudeung_core::request::attachment::{ATTACHMENTS_MAX, Attachment, FileKind, clean_name};
use mudeung_core::request::event::{Actor, Event, Happening};
use mudeung_store::requests;
use mudeung_wire::ledger::entry::Status;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A file as pages show it.
pub(super) struct FileLine {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) size: String,
    pub(super) sha256: String,
    pub(super) who: String,
    pub(super) at: String,
}

/// Puts a file of the company beside its request.
pub(in crate::portal) async fn attach_to_request(
    desk: Desk<Attachers>,
    id: web::Path<String>,
    form: Uploaded,
) -> Result<HttpResponse, Fault> {
    add(&desk, &id, form, "request.attach", Happening::Attached).await
}

/// Puts a file of the hospital beside a request.
pub(in crate::portal) async fn enclose_to_request(
    desk: Desk<Enclosers>,
    id: web::Path<String>,
    form: Uploaded,
) -> Result<HttpResponse, Fault> {
    add(&desk, &id, form, "request.enclose", Happening::Enclosed).await
}

async fn add<R: Roles>(
    desk: &Desk<R>,
    id: &str,
    form: Uploaded,
    operation: &str,
    what: fn(Attachment) -> Happening,
) -> Result<HttpResponse, Fault> {
    let filed = find_visible(desk, id).await?;
    let t = AttachmentTexts::of(desk.page.language);
    let Some((name, bytes)) = form.file else { return show::again(desk, id, t.bad_file, &Fields::default()).await };
    if bytes.len() > desk.app.config.portal.attachment_bytes {
        return show::again(desk, id, t.too_large, &Fields::default()).await;
    }
    if filed.case.attachments >= ATTACHMENTS_MAX {
        return show::again(desk, id, t.too_many, &Fields::default()).await;
    }
    let Some(name) = clean_name(&name) else { return show::again(desk, id, t.bad_name, &Fields::default()).await };
    let Some(kind) = FileKind::of(&bytes).filter(|kind| kind.fits(&name)) else {
        return show::again(desk, id, t.bad_kind, &Fields::default()).await;
    };
    let company = filed.request.organization;
    let together = desk.app.db.read("count files", move |conn| requests::files_bytes(conn, company)).await?;
    let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if together.saturating_add(size_bytes) > requests::FILES_OF_COMPANY_BYTES_MAX {
        return show::again(desk, id, t.company_full, &Fields::default()).await;
    }
    let sha256 = hex(&Sha256::digest(&bytes));
    let intent = entry(desk, &filed.request, operation, &sha256);
    let what = what(Attachment { name, kind, size_bytes, sha256 });
    let (id, by, now) = (filed.request.id, Actor::Member(desk.signed_in.member.id), desk.app.clock.now());
    desk.change("add file", intent, move |conn| requests::append_file(conn, id, now, by, what, &bytes)).await?;
    Ok(desk.go(&format!("/requests/{id}"), "file-added"))
}

/// Gives a file, to be kept and not to be shown: no browser runs what is in it.
pub(in crate::portal) async fn read_attachment(
    desk: Desk<Anyone>,
    names: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let (id, number) = names.into_inner();
    let filed = find_visible(&desk, &id).await?;
    let number: u32 = crate::portal::path(&number)?;
    let event = filed.events.iter().find(|event| event.number == number);
    let Some((file, _)) = event.and_then(file) else { return Err(Fault::not_found()) };
    let looked = entry(&desk, &filed.request, "request.file", &file.sha256);
    record::note(&desk.app, looked, Status::Completed).await?;
    let (sha256, wanted) = (file.sha256.clone(), file.sha256.clone());
    let bytes = desk.app.db.read("find file", move |conn| requests::find_file(conn, &sha256)).await?;
    let bytes = bytes.filter(|bytes| hex(&Sha256::digest(bytes)) == wanted);
    let bytes = bytes.ok_or_else(|| Fault::internal(format!("the file {wanted} is not there, or not what it was")))?;
    let mut answer = HttpResponse::Ok();
    page::harden(&mut answer, desk.app.portal.secure);
    Ok(answer
        .insert_header((CONTENT_TYPE, file.kind.media_type()))
        .insert_header((CONTENT_DISPOSITION, disposition(file)))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(bytes))
}

/// RFC 6266: a plain name for old programs, and the name itself with every letter escaped that could mean something.
fn disposition(file: &Attachment) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let name: String = file.name.bytes().map(escape).collect();
    format!("attachment; filename=\"attachment.{}\"; filename*=UTF-8''{name}", file.kind.as_str())
}

/// The file that came with an event, and whether the company sent it.
const fn file(event: &Event) -> Option<(&Attachment, bool)> {
    match &event.what {
        Happening::Attached(file) => Some((file, true)),
        Happening::Enclosed(file) => Some((file, false)),
        _ => None,
    }
}

/// The files beside a request, oldest first. The company is told no names of the hospital's people.
pub(super) fn lines(
    page: &Page,
    events: &[Event],
    names: &BTreeMap<MemberId, String>,
    for_hospital: bool,
) -> Vec<FileLine> {
    let hospital = FlowTexts::of(page.language).by_hospital;
    let line = |event: &Event| {
        let (file, from_company) = file(event)?;
        let name = match event.by {
            Actor::Member(member) => names.get(&member).cloned().unwrap_or_default(),
            Actor::Clock => String::new(),
        };
        Some(FileLine {
            number: event.number,
            name: file.name.clone(),
            kind: file.kind.as_str(),
            size: figure::size(file.size_bytes),
            sha256: file.sha256.clone(),
            who: if from_company || for_hospital { name } else { hospital.to_owned() },
            at: moment::minute(event.at),
        })
    };
    events.iter().filter_map(line).collect()
}
