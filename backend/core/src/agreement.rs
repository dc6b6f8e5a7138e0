//! Agreements: data use agreements, each version immutable and named by the hash of its text.

use crate::clock::Timestamp;
use crate::id::{AgreementId, MemberId, OrganizationId};

/// One version of a data use agreement. Its text never changes; a new text is a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The identifier of this version.
    pub id: AgreementId,
    /// Which version of the agreement it is, from 1.
    pub version: u32,
    /// Title in Korean and English.
    pub title_ko: String,
    /// Title in English.
    pub title_en: String,
    /// The text in Korean, which is the binding one.
    pub text_ko: String,
    /// The text in English.
    pub text_en: String,
    /// SHA-256 of the Korean text, in lower-case hexadecimal.
    pub text_sha256: String,
    /// When it was put into force.
    pub published_at: Timestamp,
}

/// A signature under one version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What was signed.
    pub agreement: AgreementId,
    /// For whom.
    pub organization: OrganizationId,
    /// By whom.
    pub member: MemberId,
    /// When.
    pub signed_at: Timestamp,
}
