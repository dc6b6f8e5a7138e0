//! Grants: what an approved access request gives, and what is owed for it ([`course`]).

pub mod course;

use crate::clock::Timestamp;
use crate::filter::Filter;
use crate::id::{AgreementId, AppId, GrantId, OrganizationId, RequestId};
use crate::name::Name;
use crate::quota::Amount;
use crate::state::InvalidTransition;
use crate::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a grant opens anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantState {
    /// Opens nothing until the conditions of its approval are met.
    Held,
    /// Opens what it says, from its start to its end.
    Active,
    /// Withdrawn before its end.
    Revoked {
        /// Since when.
        revoked_at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// How far what a grant opens may go. Of two, the greater is the wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Provision: it is looked at inside alone, by queries whose results are held. Each result leaves by a decision of its
    /// own ([`crate::export`]).
    Inside,
    /// Provision and export: rows leave with every read.
    Export,
}

impl Reach {
    /// Both, the narrower first.
    pub const ALL: [Self; 2] = [Self::Inside, Self::Export];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Export => "export",
        }
    }

    /// Reads a name; `None` when there is no such one.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.as_str() == text)
    }
}

/// The columns of one table that a grant opens, and which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableGrant {
    /// The columns opened; never empty.
    pub columns: BTreeSet<String>,
    /// The rows opened; all of them when there is no filter.
    pub rows: Option<Filter>,
}

/// What an approved request gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// The organization it was given to.
    pub organization: OrganizationId,
    /// The app that may use it.
    pub app: AppId,
    /// The request it came from; `None` for grants the hospital made by itself.
    pub request: Option<RequestId>,
    /// The agreement version it stands under.
    pub agreement: AgreementId,
    /// The dataset it opens.
    pub dataset: Name,
    /// The tier it opens.
    pub tier: Tier,
    /// The tables it opens, by name. A table that is not here does not exist for the app.
    pub tables: BTreeMap<Name, TableGrant>,
    /// How far it may go.
    pub reach: Reach,
    /// What the data may be used for.
    pub purpose: String,
    /// How much may be read in the whole life of the grant.
    pub quota: Amount,
    /// Opens nothing before this moment.
    pub valid_from: Timestamp,
    /// Opens nothing from this moment on.
    pub valid_until: Timestamp,
    /// Whether it opens anything.
    pub state: GrantState,
    /// When it was made.
    pub created_at: Timestamp,
}

impl GrantState {
    /// The state's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Active => "active",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Opens what it says, because the conditions of its approval are met.
    pub const fn activate(&self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Held => Ok(Self::Active),
            Self::Active | Self::Revoked { .. } => {
                Err(InvalidTransition { machine: "grant", from: self.as_str(), action: "be activated" })
            }
        }
    }

    /// Withdraws the grant.
    pub fn revoke(&self, reason: String, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Held | Self::Active => Ok(Self::Revoked { revoked_at: now, reason }),
            Self::Revoked { .. } => {
                Err(InvalidTransition { machine: "grant", from: self.as_str(), action: "be revoked" })
            }
        }
    }
}

impl Grant {
    /// Whether the grant opens anything at this moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, GrantState::Active) && self.valid_from <= now && now < self.valid_until
    }
}
