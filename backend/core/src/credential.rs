//! Credentials: the secrets of an app. Several may be live, so that one can be replaced without an outage.

use crate::clock::Timestamp;
use crate::id::{AppId, CredentialId};
use crate::state::InvalidTransition;

/// How many credentials of one app may be live at once.
pub const LIVE_CREDENTIALS_MAX: usize = 5;

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

/// A secret of an app. The secret itself is shown once and never stored; only its keyed hash is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// The app it belongs to.
    pub app: AppId,
    /// What people call it, for instance `ci` or `production 2026`.
    pub label: String,
    /// The last four characters of the secret, so that people can tell two apart.
    pub hint: String,
    /// HMAC-SHA-256 of the secret under the server's pepper.
    pub secret_hash: [u8; 32],
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
