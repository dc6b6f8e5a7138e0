//! Credentials: the secrets and keys of an app. Several may be live, so that one can be replaced without an outage.

use crate::clock::Timestamp;
use crate::id::{AppId, CredentialId, MemberId};
use crate::scope::ScopeSet;
use crate::state::InvalidTransition;

/// How many credentials of one app may be live at once, besides its devices.
pub const LIVE_CREDENTIALS_MAX: usize = 5;
/// How many devices may be signed in for one app at once.
pub const LIVE_DEVICES_MAX: usize = 20;

/// Whether a credential may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialState {
    /// May be used until it expires.
    Active,
    /// Withdrawn.
    Revoked {
        /// Since when.
        revoked_at: Timestamp,
    },
}

/// What a credential is proved with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A secret, shown once and never stored; only its keyed hash is.
    Secret {
        /// The last four characters, so that people can tell two apart.
        hint: String,
        /// HMAC-SHA-256 of the secret under the server's pepper.
        hash: [u8; 32],
    },
    /// A key pair whose private half never leaves the app.
    Key {
        /// Names the key among those of its app.
        kid: String,
        /// The one algorithm that it signs with.
        algorithm: KeyAlgorithm,
        /// The public half, as a JWK in JSON.
        public_jwk: String,
    },
    /// A device that a member of the app's organization confirmed (RFC 8628).
    Device {
        /// Who confirmed it.
        member: MemberId,
        /// HMAC-SHA-256 of the present refresh token under the server's pepper.
        refresh_hash: [u8; 32],
        /// The scopes that the member allowed; of these it has those that the app has.
        scopes: ScopeSet,
    },
}

/// The algorithm that a registered key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for clients that know nothing better.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384, for clients that know nothing better.
    Rs384,
    /// Ed25519.
    Ed25519,
}

/// A secret, a key or a device of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// The app it belongs to.
    pub app: AppId,
    /// What people call it, for instance `ci` or `production 2026`.
    pub label: String,
    /// What it is proved with.
    pub proof: Proof,
    /// Not valid before this moment.
    pub not_before: Timestamp,
    /// Not valid from this moment on; `None` for the published sandbox credential.
    pub expires_at: Option<Timestamp>,
    /// When a token was last issued for it.
    pub last_used_at: Option<Timestamp>,
    /// Whether it may be used.
    pub state: CredentialState,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Proof {
    /// The name of its kind.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "secret",
            Self::Key { .. } => "key",
            Self::Device { .. } => "device",
        }
    }

    /// Whether a member signed in with it from a device.
    pub const fn is_device(&self) -> bool {
        matches!(self, Self::Device { .. })
    }

    /// What people tell it apart by: the end of a secret, the name of a key.
    pub fn hint(&self) -> &str {
        match self {
            Self::Secret { hint, .. } => hint,
            Self::Key { kid, .. } => kid,
            Self::Device { .. } => "",
        }
    }
}

impl KeyAlgorithm {
    /// All of them, the recommended ones first.
    pub const ALL: [Self; 6] = [Self::Es256, Self::Ed25519, Self::Ps256, Self::Es384, Self::Rs256, Self::Rs384];

    /// Its name in a JWT (RFC 7518, RFC 9864).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The algorithm of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

impl CredentialState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Withdraws the credential.
    pub fn revoke(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Revoked { revoked_at: now }),
            Self::Revoked { .. } => {
                Err(InvalidTransition { machine: "credential", from: self.as_str(), action: "be revoked" })
            }
        }
    }
}

impl Credential {
    /// Whether the credential may be used at this moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, CredentialState::Active)
            && self.not_before <= now
            && self.expires_at.is_none_or(|end| now < end)
    }
}
