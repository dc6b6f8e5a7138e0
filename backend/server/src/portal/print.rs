//! Pages that are kept on paper, as PDF.

use super::page::Page;
use crate::fault::Fault;
use crate::snapshots;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::Snapshot;
use mudeung_paper::{Block, Document};

/// The name of the hospital, which issues what is printed.
pub(super) fn hospital(snapshot: &Snapshot) -> String {
    snapshots::hospital(snapshot).map(|hospital| hospital.name.clone()).unwrap_or_default()
}

/// A document of the hospital about something with that identifier, made at the moment that it tells of.
pub(super) fn document(page: &Page, snapshot: &Snapshot, title: &str, id: &str, at: Timestamp) -> Document {
    let issuer = hospital(snapshot);
    Document {
        title: title.to_owned(),
        language: page.language.as_str().to_owned(),
        foot: format!("{issuer} · {id}"),
        author: issuer,
        made_at: at.seconds(),
        blocks: Vec::new(),
    }
}

/// Names with what they are, without those that have nothing.
pub(super) fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Block {
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    Block::Pairs(said.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A list of what somebody says of something.
pub(super) fn list(numbered: bool, items: impl IntoIterator<Item = String>) -> Block {
    Block::List { numbered, items: items.into_iter().collect() }
}

/// Sends a document as a file of that name.
pub(super) async fn send(document: Document, name: &str) -> Result<HttpResponse, Fault> {
    let made = web::block(move || mudeung_paper::to_pdf(&document)).await;
    let failed = |error: &dyn std::fmt::Display| Fault::internal(format!("a document was not printed: {error}"));
    let bytes = made.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/pdf"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.pdf\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(bytes))
}
