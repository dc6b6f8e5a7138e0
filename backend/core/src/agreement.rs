//! Agreements: data use agreements, each version immutable and named by the hash of its text.

use crate::clock::Timestamp;
use crate::id::{AgreementId, MemberId, OrganizationId};
use std::collections::BTreeSet;

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
    /// Until then companies whose grants stand under an older version may go on without signing this one.
    pub sign_by: Timestamp,
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

/// Until when a company must have signed, whose grants stand under the oldest of these versions: the earliest end of a
/// version after it, unless the company signed that one or a later one. `None` when it need sign nothing.
pub fn must_sign_by(oldest: AgreementId, signed: &BTreeSet<AgreementId>, all: &[Agreement]) -> Option<Timestamp> {
    let version = |id: AgreementId| all.iter().find(|agreement| agreement.id == id).map(|agreement| agreement.version);
    let reached = signed.iter().filter_map(|id| version(*id)).chain(version(oldest)).max().unwrap_or_default();
    all.iter().filter(|agreement| agreement.version > reached).map(|agreement| agreement.sign_by).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agreement(version: u8, sign_by: i64) -> Agreement {
        Agreement {
            id: AgreementId::from_bytes([version; 16]),
            version: u32::from(version),
            title_ko: String::new(),
            title_en: String::new(),
            text_ko: String::new(),
            text_en: String::new(),
            text_sha256: String::new(),
            published_at: Timestamp::from_seconds(0),
            sign_by: Timestamp::from_seconds(sign_by),
        }
    }

    proptest! {
        #[test]
        fn a_later_version_never_gives_more_time_than_one_that_was_missed(
            ends in proptest::collection::vec(0_i64..1_000, 1..6), held in 1_u8..6, signed in 0_u8..6,
        ) {
            let all: Vec<Agreement> = (1_u8..).zip(&ends).map(|(version, end)| agreement(version, *end)).collect();
            prop_assume!(usize::from(held) <= all.len() && usize::from(signed) <= all.len());
            let signatures: BTreeSet<AgreementId> =
                (signed > 0).then(|| AgreementId::from_bytes([signed; 16])).into_iter().collect();
            let expected = ends.iter().skip(usize::from(held.max(signed))).min();
            let found = must_sign_by(AgreementId::from_bytes([held; 16]), &signatures, &all);
            prop_assert_eq!(found.map(Timestamp::seconds), expected.copied());
        }
    }
}
