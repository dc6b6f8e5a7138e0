//! Typed identifiers: a prefix that names the kind and a time-ordered UUIDv7 in 26 base-32 characters.

use crate::clock::{Clock, Entropy};
use uuid::Uuid;

/// Crockford's base 32 in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 26;

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form {prefix}_ and 26 characters of 0-9a-z")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn encode(prefix: &str, value: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 1 + TEXT_LENGTH);
    text.push_str(prefix);
    text.push('_');
    for position in (0..TEXT_LENGTH).rev() {
        let digit = (value >> (position * 5)) & 31;
        let letter = usize::try_from(digit).ok().and_then(|d| ALPHABET.get(d)).copied().unwrap_or(b'0');
        text.push(char::from(letter));
    }
    text
}

fn decode(prefix: &'static str, text: &str) -> Result<u128, InvalidId> {
    let invalid = InvalidId { prefix };
    let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(|| invalid.clone())?;
    if body.len() != TEXT_LENGTH || body.as_bytes().first().is_none_or(|b| *b > b'7') {
        return Err(invalid);
    }
    body.bytes()
        .try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
            Some((value << 5) | u128::try_from(digit).ok()?)
        })
        .ok_or(invalid)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier, ordered by the clock's time.
            pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                let mut random = [0_u8; 10];
                entropy.fill(&mut random);
                Self(uuid::Builder::from_unix_timestamp_millis(clock.now().unix_millis(), &random).into_uuid())
            }

            /// An identifier that is the same for the same 16 bytes; for things named by their content.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Reads the text form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                decode(Self::PREFIX, text).map(|value| Self(Uuid::from_u128(value)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&encode(Self::PREFIX, self.0.as_u128()))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    )*};
}

ids! {
    /// An organization: a company or the hospital.
    OrganizationId = "org";
    /// A person in an organization.
    MemberId = "mem";
    /// An app: an OAuth client of a company; also its `client_id`.
    AppId = "app";
    /// A secret or public key of an app.
    CredentialId = "crd";
    /// A data use agreement in one version.
    AgreementId = "agr";
    /// An access request.
    RequestId = "req";
    /// A grant: what an approved request gives.
    GrantId = "grt";
    /// A version of a plan.
    PlanId = "pln";
    /// A monthly review of the ledger.
    ReviewId = "rev";
    /// A version of one tier of a dataset.
    VersionId = "ver";
    /// One Parquet file of a table version.
    FileId = "fil";
    /// An access token (`jti`).
    TokenId = "tok";
    /// A sign-in of a member to the portal.
    SessionId = "ses";
    /// A key that signs access tokens (`kid`).
    KeyId = "key";
    /// A call to the API.
    CallId = "cal";
    /// A token with which programs of an organization register apps.
    RegistrationTokenId = "rgt";
    /// A link that hands out a profile once.
    ActivationLinkId = "lnk";
    /// A query that runs without its caller.
    QueryJobId = "job";
    /// An invitation to become a member.
    InvitationId = "inv";
    /// A password that is to be set anew.
    PasswordResetId = "pwr";
    /// A passkey of a member.
    PasskeyId = "psk";
    /// An address at a company that is told what occurs.
    WebhookId = "whk";
    /// The export of one result.
    ExportId = "exp";
    /// An incident.
    IncidentId = "inc";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{CountingEntropy, ManualClock, Timestamp};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_form_round_trips(bytes: [u8; 16]) {
            let id = GrantId::from_bytes(bytes);
            prop_assert_eq!(GrantId::parse(&id.to_string()), Ok(id));
        }

        #[test]
        fn any_text_is_refused_or_round_trips(text in "\\PC{0,40}") {
            if let Ok(id) = AppId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn another_kind_is_refused() {
        let id = GrantId::from_bytes([7; 16]).to_string();
        assert_eq!(AppId::parse(&id), Err(InvalidId { prefix: "app" }));
    }

    #[test]
    fn later_identifiers_sort_after_earlier_ones() {
        let clock = ManualClock::at(Timestamp::from_seconds(1_700_000_000));
        let entropy = CountingEntropy::default();
        let first = AppId::generate(&clock, &entropy);
        clock.advance(std::time::Duration::from_millis(1));
        let second = AppId::generate(&clock, &entropy);
        assert!(first < second && first.to_string() < second.to_string());
    }
}
