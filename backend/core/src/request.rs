//! Access requests: how a company asks for de-identified data and how the hospital answers.
//!
//! What happened to a request is a list of events ([`event`]); where it stands is their fold ([`case`]). Which step is next
//! and who may take it is said by a graph ([`steps`]) and a table ([`permission`]); when it must be taken by clocks
//! ([`due`]). The data review board counts its votes in [`board`], and nothing is approved before what must be true is
//! looked at once more ([`prerequisite`]).

pub mod attachment;
pub mod board;
pub mod case;
pub mod columns;
pub mod decide;
pub mod due;
pub mod event;
pub mod need;
pub mod permission;
pub mod prerequisite;
pub mod ruling;
pub mod steps;

use crate::clock::Timestamp;
use crate::id::{AgreementId, AppId, GrantId, MemberId, OrganizationId, RequestId};
use crate::name::Name;
use crate::state::InvalidTransition;

/// Where an access request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// Being written by the company; the hospital does not see it.
    Draft,
    /// Handed in; waits for the completeness check.
    Submitted {
        /// When.
        submitted_at: Timestamp,
    },
    /// Complete; waits for the data review board.
    InReview {
        /// When it was found complete.
        accepted_at: Timestamp,
    },
    /// Sent back to the company for changes.
    Returned {
        /// When.
        returned_at: Timestamp,
        /// What to change.
        reason: String,
    },
    /// Approved with conditions that are not all met: the grant is held.
    Conditional {
        /// When.
        decided_at: Timestamp,
        /// By whom.
        decided_by: MemberId,
        /// The grant that opens when they are.
        grant: GrantId,
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
    /// Over, because the company did not answer in time.
    Lapsed {
        /// When.
        lapsed_at: Timestamp,
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
    /// What for, in the company's words, as it was last written.
    pub purpose: String,
    /// The agreement version it was last written under.
    pub agreement: AgreementId,
    /// Where it stands.
    pub state: RequestState,
    /// When it was last handed in; the hospital does not see one that never was.
    pub submitted_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl RequestState {
    /// The names of all states, in the order of a request's life.
    pub const NAMES: [&'static str; 9] =
        ["draft", "submitted", "in_review", "returned", "conditional", "approved", "rejected", "withdrawn", "lapsed"];

    /// The state's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted { .. } => "submitted",
            Self::InReview { .. } => "in_review",
            Self::Returned { .. } => "returned",
            Self::Conditional { .. } => "conditional",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Lapsed { .. } => "lapsed",
        }
    }

    /// Since when it stands there; a draft since it was begun.
    pub const fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Draft => None,
            Self::Submitted { submitted_at: at }
            | Self::InReview { accepted_at: at }
            | Self::Returned { returned_at: at, .. }
            | Self::Conditional { decided_at: at, .. }
            | Self::Approved { decided_at: at, .. }
            | Self::Rejected { decided_at: at, .. }
            | Self::Withdrawn { withdrawn_at: at }
            | Self::Lapsed { lapsed_at: at } => Some(*at),
        }
    }

    /// Whether somebody still has to do something.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Draft
            | Self::Submitted { .. }
            | Self::InReview { .. }
            | Self::Returned { .. }
            | Self::Conditional { .. } => true,
            Self::Approved { .. } | Self::Rejected { .. } | Self::Withdrawn { .. } | Self::Lapsed { .. } => false,
        }
    }

    pub(crate) const fn refuse(&self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "access request", from: self.as_str(), action }
    }
}
