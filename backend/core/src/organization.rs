//! Organizations: the companies that read and the hospital that runs the sandbox.

use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::state::InvalidTransition;

/// What an organization is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationKind {
    /// Reads data.
    Company,
    /// Releases data and decides on access.
    Hospital,
}

/// Whether an organization may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationState {
    /// May act.
    Active,
    /// Stopped for a while.
    Suspended {
        /// Since when.
        suspended_at: Timestamp,
    },
    /// Gone for good.
    Closed {
        /// Since when.
        closed_at: Timestamp,
    },
}

/// A company or the hospital.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// What it is here for.
    pub kind: OrganizationKind,
    /// Its name, as people read it.
    pub name: String,
    /// Whether it may act.
    pub state: OrganizationState,
    /// When it joined.
    pub created_at: Timestamp,
}

impl OrganizationState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Closed { .. } => "closed",
        }
    }

    /// Stops an active organization for a while.
    pub fn suspend(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Suspended { suspended_at: now }),
            Self::Suspended { .. } | Self::Closed { .. } => Err(self.refuse("be suspended")),
        }
    }

    /// Lets a suspended organization act again.
    pub fn resume(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active),
            Self::Active | Self::Closed { .. } => Err(self.refuse("resume")),
        }
    }

    /// Closes an organization for good.
    pub fn close(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Suspended { .. } => Ok(Self::Closed { closed_at: now }),
            Self::Closed { .. } => Err(self.refuse("be closed")),
        }
    }

    fn refuse(self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "organization", from: self.as_str(), action }
    }
}
