//! Agreements and the signatures under them. Neither ever changes.

use crate::error::inserting;
use crate::schema::{agreements, signatures};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AgreementId, OrganizationId};

#[derive(Queryable, Insertable)]
#[diesel(table_name = agreements)]
struct AgreementRow {
    id: String,
    version: i64,
    title_ko: String,
    title_en: String,
    text_ko: String,
    text_en: String,
    text_sha256: String,
    published_at: i64,
    sign_by: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = signatures)]
struct SignatureRow {
    agreement: String,
    organization: String,
    member: String,
    signed_at: i64,
}

/// Adds a version of the agreement.
pub fn insert_agreement(conn: &mut Conn, agreement: &Agreement) -> Result<(), StoreError> {
    let row = AgreementRow {
        id: agreement.id.to_string(),
        version: i64::from(agreement.version),
        title_ko: agreement.title_ko.clone(),
        title_en: agreement.title_en.clone(),
        text_ko: agreement.text_ko.clone(),
        text_en: agreement.text_en.clone(),
        text_sha256: agreement.text_sha256.clone(),
        published_at: agreement.published_at.micros(),
        sign_by: agreement.sign_by.micros(),
    };
    inserting(diesel::insert_into(agreements::table).values(row).execute(&mut conn.0), "the agreement")?;
    generation::bump(conn)
}

/// The version of the agreement with that identifier, when there is one.
pub fn find_agreement(conn: &mut Conn, id: AgreementId) -> Result<Option<Agreement>, StoreError> {
    let row = agreements::table.find(id.to_string()).first::<AgreementRow>(&mut conn.0).optional()?;
    row.map(agreement).transpose()
}

/// All versions, the newest first.
pub fn list_agreements(conn: &mut Conn) -> Result<Vec<Agreement>, StoreError> {
    let rows = agreements::table.order(agreements::version.desc()).load::<AgreementRow>(&mut conn.0)?;
    rows.into_iter().map(agreement).collect()
}

/// Adds a signature.
pub fn insert_signature(conn: &mut Conn, signature: &Signature) -> Result<(), StoreError> {
    let row = SignatureRow {
        agreement: signature.agreement.to_string(),
        organization: signature.organization.to_string(),
        member: signature.member.to_string(),
        signed_at: signature.signed_at.micros(),
    };
    inserting(diesel::insert_into(signatures::table).values(row).execute(&mut conn.0), "the signature")?;
    generation::bump(conn)
}

/// The signatures for one organization, oldest first.
pub fn list_signatures(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Signature>, StoreError> {
    let query = signatures::table.filter(signatures::organization.eq(organization.to_string()));
    let rows = query.order((signatures::signed_at, signatures::member)).load::<SignatureRow>(&mut conn.0)?;
    rows.into_iter().map(signature).collect()
}

fn agreement(row: AgreementRow) -> Result<Agreement, StoreError> {
    Ok(Agreement {
        id: column::id(&row.id)?,
        version: column::number_back(row.version)?,
        title_ko: row.title_ko,
        title_en: row.title_en,
        text_ko: row.text_ko,
        text_en: row.text_en,
        text_sha256: row.text_sha256,
        published_at: Timestamp::from_micros(row.published_at),
        sign_by: Timestamp::from_micros(row.sign_by),
    })
}

fn signature(row: SignatureRow) -> Result<Signature, StoreError> {
    Ok(Signature {
        agreement: column::id(&row.agreement)?,
        organization: column::id(&row.organization)?,
        member: column::id(&row.member)?,
        signed_at: Timestamp::from_micros(row.signed_at),
    })
}
