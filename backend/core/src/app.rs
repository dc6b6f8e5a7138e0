//! Apps: the OAuth clients of a company.

use crate::clock::Timestamp;
use crate::id::{AppId, OrganizationId};
use crate::scope::ScopeSet;
use crate::state::InvalidTransition;
use ipnet::IpNet;
use std::net::IpAddr;

/// How an app proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic` or `client_secret_post`.
    ClientSecret,
    /// `private_key_jwt` (RFC 7523): an assertion signed with a registered key.
    PrivateKeyJwt,
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
    /// What it is held to beyond its scopes.
    pub rules: AppRules,
    /// Whether it may act.
    pub state: AppState,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What an app is held to beyond its scopes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppRules {
    /// Its tokens are bound to a key (RFC 9449); it gets no other.
    pub dpop_bound: bool,
    /// Its assertions may name the token endpoint as their audience, as older clients do.
    pub token_endpoint_audience: bool,
    /// The networks it may come from; anywhere when there are none.
    pub networks: Vec<IpNet>,
}

impl AppRules {
    /// Whether the app may come from an address.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
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
