//! The files beside requests: their bytes under their hash, in the database that all nodes share.

use super::{Filed, append_event};
use crate::error::inserting;
use crate::schema::{request_attachments, request_files, requests};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{OrganizationId, RequestId};
use mudeung_core::request::event::{Actor, Happening};

/// How much the files beside all requests of one company may be together.
pub const FILES_OF_COMPANY_BYTES_MAX: u64 = 1 << 30;

/// Adds a file with its event, which says its hash and size. The bytes are kept once, however often they were sent.
pub fn append_file(
    conn: &mut Conn,
    id: RequestId,
    at: Timestamp,
    by: Actor,
    what: Happening,
    bytes: &[u8],
) -> Result<Filed, StoreError> {
    let (Happening::Attached(file) | Happening::Enclosed(file)) = what.clone() else {
        return Err(StoreError::Invalid("a file comes with the event of a file".to_owned()));
    };
    let filed = append_event(conn, id, at, by, what)?;
    let size = column::count(file.size_bytes);
    let together = files_bytes(conn, filed.request.organization)?.saturating_add(file.size_bytes);
    if together > FILES_OF_COMPANY_BYTES_MAX {
        return Err(StoreError::Invalid("the files beside the company's requests are too many".to_owned()));
    }
    let there = request_files::table.find(&file.sha256).count().get_result::<i64>(&mut conn.0)?;
    if there == 0 {
        let row = (
            request_files::sha256.eq(&file.sha256),
            request_files::bytes.eq(bytes),
            request_files::created_at.eq(at.micros()),
        );
        inserting(diesel::insert_into(request_files::table).values(row).execute(&mut conn.0), "the file")?;
    }
    let row = (
        request_attachments::request.eq(id.to_string()),
        request_attachments::number.eq(i64::from(filed.case.events)),
        request_attachments::sha256.eq(&file.sha256),
        request_attachments::size_bytes.eq(size),
    );
    inserting(diesel::insert_into(request_attachments::table).values(row).execute(&mut conn.0), "the attachment")?;
    Ok(filed)
}

/// The bytes under a hash, when they are there.
pub fn find_file(conn: &mut Conn, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let query = request_files::table.find(sha256).select(request_files::bytes);
    Ok(query.first::<Vec<u8>>(&mut conn.0).optional()?)
}

/// How much the files beside all requests of a company are, each as often as it was sent.
pub fn files_bytes(conn: &mut Conn, organization: OrganizationId) -> Result<u64, StoreError> {
    let own = request_attachments::table.inner_join(requests::table);
    let own = own.filter(requests::organization.eq(organization.to_string()));
    let sizes = own.select(request_attachments::size_bytes).load::<i64>(&mut conn.0)?;
    sizes.into_iter().try_fold(0_u64, |sum, size| Ok(sum.saturating_add(column::count_back(size)?)))
}
