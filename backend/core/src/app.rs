//! Apps: the OAuth clients of a company.

use crate::clock::Timestamp;
use crate::id::{AppId, OrganizationId};
use crate::scope::ScopeSet;
use crate::state::InvalidTransition;

/// How an app proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic` or `client_secret_post`.
    ClientSecret,
}

/// Whether an app may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// May act.
    Active,
    /// Stopped for a while.
    Suspended {
        /// Since when.
        suspended_at: Timestamp,
    },
    /// Stopped for good.
    Revoked {
        /// Since when.
        revoked_at: Timestamp,
    },
}

/// An OAuth client of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its identifier, which is its `client_id`.
    pub id: AppId,
    /// The organization that answers for it.
    pub organization: OrganizationId,
    /// Its name, as people read it.
    pub name: String,
    /// The scopes it may be given.
    pub scopes: ScopeSet,
    /// How it proves who it is.
    pub authentication: ClientAuthentication,
    /// Whether it may act.
    pub state: AppState,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl AppState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Stops an active app for a while.
    pub fn suspend(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Suspended { suspended_at: now }),
            Self::Suspended { .. } | Self::Revoked { .. } => Err(self.refuse("be suspended")),
        }
    }

    /// Lets a suspended app act again.
    pub fn resume(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active),
            Self::Active | Self::Revoked { .. } => Err(self.refuse("resume")),
        }
    }

    /// Stops an app for good.
    pub fn revoke(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Suspended { .. } => Ok(Self::Revoked { revoked_at: now }),
            Self::Revoked { .. } => Err(self.refuse("be revoked")),
        }
    }

    fn refuse(self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "app", from: self.as_str(), action }
    }
}
