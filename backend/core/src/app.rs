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

/// The most networks an app may be bound to.
pub const NETWORKS_MAX: usize = 32;

/// A list of networks that cannot be kept, with the part at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetworks {
    /// Not an address or a network.
    #[error("`{0}` is not an address such as 203.0.113.7 or a network such as 203.0.113.0/24")]
    Unreadable(String),
    /// An address that has bits beyond its network.
    #[error("`{given}` has bits beyond its prefix; did you mean {meant}?")]
    BeyondPrefix {
        /// As it was given.
        given: String,
        /// The network it lies in.
        meant: IpNet,
    },
    /// All addresses there are.
    #[error("`{0}` is every address; leave the list empty to come from anywhere")]
    Everywhere(String),
    /// More than there may be.
    #[error("an app is bound to at most {NETWORKS_MAX} networks")]
    TooMany,
}

impl AppRules {
    /// Reads a list of networks, separated by spaces, commas or line breaks. A bare address is a network of one.
    pub fn parse_networks(text: &str) -> Result<Vec<IpNet>, InvalidNetworks> {
        let mut networks: Vec<IpNet> = Vec::new();
        for part in text.split(|letter: char| letter == ',' || letter.is_whitespace()).filter(|part| !part.is_empty()) {
            let single = part.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
            let network = single.or_else(|| part.parse().ok());
            let shown = || part.chars().take(60).collect::<String>();
            let network = network.ok_or_else(|| InvalidNetworks::Unreadable(shown()))?;
            if network.trunc() != network {
                return Err(InvalidNetworks::BeyondPrefix { given: shown(), meant: network.trunc() });
            }
            if network.prefix_len() == 0 {
                return Err(InvalidNetworks::Everywhere(shown()));
            }
            if !networks.contains(&network) {
                networks.push(network);
            }
            if networks.len() > NETWORKS_MAX {
                return Err(InvalidNetworks::TooMany);
            }
        }
        Ok(networks)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_people_write_them_and_faults_are_named() {
        let read = |text: &str| AppRules::parse_networks(text);
        let shown = |text: &str| read(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown("203.0.113.0/24, 198.51.100.7\n2001:db8::/32 198.51.100.7"),
            ["203.0.113.0/24", "198.51.100.7/32", "2001:db8::/32"]
        );
        assert_eq!(shown("::ffff:198.51.100.7"), ["198.51.100.7/32"]);
        assert_eq!(shown(" \n"), [""; 0]);
        for (text, fault) in [
            ("10.0.0.0/8 home", "`home` is not an address"),
            ("10.0.0.0/33", "`10.0.0.0/33` is not"),
            ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
        let many = |count: u8| (0..count).map(|n| format!("10.0.0.{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(read(&many(32)).unwrap().len(), 32);
        assert_eq!(read(&many(33)), Err(InvalidNetworks::TooMany));
    }

    #[test]
    fn an_app_comes_from_its_networks_alone_or_from_anywhere() {
        let address = |text: &str| text.parse().unwrap();
        let networks = AppRules::parse_networks("203.0.113.0/24 2001:db8::/32").unwrap();
        let bound = AppRules { networks, ..AppRules::default() };
        assert!(bound.admits(address("203.0.113.200")) && bound.admits(address("::ffff:203.0.113.1")));
        assert!(bound.admits(address("2001:db8:1::1")));
        assert!(!bound.admits(address("203.0.114.1")) && !bound.admits(address("2001:db9::1")));
        assert!(!bound.admits(address("0.0.0.0")));
        assert!(AppRules::default().admits(address("0.0.0.0")));
    }
}
