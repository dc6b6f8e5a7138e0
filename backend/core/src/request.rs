//! Access requests: how a company asks for de-identified data and how the hospital answers.

use crate::clock::Timestamp;
use crate::id::{AgreementId, AppId, GrantId, MemberId, OrganizationId, RequestId};
use crate::name::Name;
use crate::state::InvalidTransition;

/// Where an access request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// Being written by the company.
    Draft,
    /// Handed in; waits on the hospital.
    Submitted {
        /// When.
        submitted_at: Timestamp,
    },
    /// Sent back to the company for changes.
    Returned {
        /// When.
        returned_at: Timestamp,
        /// What to change.
        reason: String,
    },
    /// Granted.
    Approved {
        /// When.
        decided_at: Timestamp,
        /// By whom.
        decided_by: MemberId,
        /// What came of it.
        grant: GrantId,
    },
    /// Refused.
    Rejected {
        /// When.
        decided_at: Timestamp,
        /// By whom.
        decided_by: MemberId,
        /// Why.
        reason: String,
    },
    /// Taken back by the company.
    Withdrawn {
        /// When.
        withdrawn_at: Timestamp,
    },
}

/// A company's wish to read a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// Its identifier.
    pub id: RequestId,
    /// The company.
    pub organization: OrganizationId,
    /// The app that shall read.
    pub app: AppId,
    /// The member who wrote it.
    pub author: MemberId,
    /// The dataset wanted.
    pub dataset: Name,
    /// What for, in the company's words.
    pub purpose: String,
    /// The agreement version signed with it.
    pub agreement: AgreementId,
    /// Where it stands.
    pub state: RequestState,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl RequestState {
    /// The state's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted { .. } => "submitted",
            Self::Returned { .. } => "returned",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// Hands the request in.
    pub fn submit(&self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Draft | Self::Returned { .. } => Ok(Self::Submitted { submitted_at: now }),
            _ => Err(self.refuse("be submitted")),
        }
    }

    /// Sends the request back for changes.
    pub fn send_back(&self, reason: String, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Submitted { .. } => Ok(Self::Returned { returned_at: now, reason }),
            _ => Err(self.refuse("be returned")),
        }
    }

    /// Grants the request.
    pub fn approve(&self, grant: GrantId, by: MemberId, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Submitted { .. } => Ok(Self::Approved { decided_at: now, decided_by: by, grant }),
            _ => Err(self.refuse("be approved")),
        }
    }

    /// Refuses the request.
    pub fn reject(&self, reason: String, by: MemberId, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Submitted { .. } => Ok(Self::Rejected { decided_at: now, decided_by: by, reason }),
            _ => Err(self.refuse("be rejected")),
        }
    }

    /// Takes the request back.
    pub fn withdraw(&self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Draft | Self::Submitted { .. } | Self::Returned { .. } => Ok(Self::Withdrawn { withdrawn_at: now }),
            _ => Err(self.refuse("be withdrawn")),
        }
    }

    fn refuse(&self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "access request", from: self.as_str(), action }
    }
}
