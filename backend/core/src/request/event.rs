//! What can happen to an access request. Events are only ever added; everything else is derived from them.

use crate::clock::Timestamp;
use crate::duo::{DataUse, ProposedUse};
use crate::grant::Reach;
use crate::id::{AgreementId, GrantId, MemberId};
use crate::member::Role;
use crate::request::attachment::Attachment;
use crate::request::board::Count;
use crate::request::columns::Columns;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the request's history, from 1. No two events have one place: of two who write at once, one fails.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What.
    pub what: Happening,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A member.
    Member(MemberId),
    /// The server, because a time is over.
    Clock,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The company wrote it, or wrote it anew, without handing it in.
    Saved(Proposal),
    /// The company handed it in.
    Submitted(Proposal),
    /// The completeness check found nothing missing.
    Accepted,
    /// The hospital sent it back.
    Returned {
        /// What to change.
        reason: String,
    },
    /// An office of the hospital has no objection.
    SignedOff {
        /// The office.
        role: Role,
        /// Its opinion.
        reason: String,
    },
    /// A member of the board stays out of it, for good.
    Recused {
        /// Why.
        reason: String,
    },
    /// A member of the board voted, or voted anew.
    Voted {
        /// How.
        ballot: Ballot,
        /// Why.
        reason: String,
    },
    /// The board decided.
    Decided(Decision),
    /// The company says that a condition is met, and by what.
    Answered {
        /// Which condition, from 0.
        condition: u32,
        /// For instance the number of the ethics committee's approval.
        answer: String,
    },
    /// The hospital found a condition met.
    Confirmed {
        /// Which condition, from 0.
        condition: u32,
    },
    /// The company wrote to the hospital.
    Asked {
        /// What.
        text: String,
    },
    /// The hospital wrote to the company.
    Replied {
        /// What.
        text: String,
    },
    /// Somebody of the hospital wrote to others of it. Never shown to the company.
    Remarked {
        /// What.
        text: String,
    },
    /// The company put a file beside it.
    Attached(Attachment),
    /// The hospital put a file beside it.
    Enclosed(Attachment),
    /// The company took it back.
    Withdrawn,
    /// The company did not answer in time.
    Lapsed,
}

/// What a company asks for, as it wrote it at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What for.
    pub purpose: String,
    /// The agreement version signed with it.
    pub agreement: AgreementId,
    /// The ethics committee's approval.
    pub ethics: Ethics,
    /// How the data is to be used, in the terms of its data use.
    pub uses: ProposedUse,
    /// The columns asked for.
    pub columns: Columns,
    /// How far they are to go.
    pub reach: Reach,
}

/// What the company says of an ethics committee (IRB).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ethics {
    /// It approved.
    Approved {
        /// The number of the approval.
        number: String,
        /// From this moment on it holds no longer.
        valid_until: Timestamp,
    },
    /// It will: an approval before that is conditional on it.
    Follows {
        /// By when.
        by: Timestamp,
    },
    /// It need not.
    Exempt {
        /// Why.
        reason: String,
    },
}

/// How a member of the board votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ballot {
    /// For approval.
    For,
    /// For approval with the conditions that the reason names.
    ForWithConditions,
    /// Against it.
    Against,
    /// Neither; the member is present.
    Abstain,
}

/// What the board decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The votes it follows from.
    pub count: Count,
    /// Yes or no.
    pub verdict: Verdict,
    /// The terms that the dataset stood under then; nothing when it was not published.
    pub terms: Option<DataUse>,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approved {
        /// What came of it.
        grant: GrantId,
        /// How far it goes: provision alone, or export with it.
        reach: Reach,
        /// What must be true before the grant opens anything; nothing when it opens at once.
        conditions: Vec<Condition>,
    },
    /// No.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// What must be true before a grant opens anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What.
    pub text: String,
    /// The company must answer before this moment, or the approval lapses.
    pub due: Timestamp,
}

impl Ballot {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::For, Self::ForWithConditions, Self::Against, Self::Abstain];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::For => "for",
            Self::ForWithConditions => "conditional",
            Self::Against => "against",
            Self::Abstain => "abstain",
        }
    }

    /// Reads a name; `None` when there is no such ballot.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ballot| ballot.as_str() == text)
    }
}

impl Happening {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Saved(_) => "saved",
            Self::Submitted(_) => "submitted",
            Self::Accepted => "accepted",
            Self::Returned { .. } => "returned",
            Self::SignedOff { .. } => "signed_off",
            Self::Recused { .. } => "recused",
            Self::Voted { .. } => "voted",
            Self::Decided(_) => "decided",
            Self::Answered { .. } => "answered",
            Self::Confirmed { .. } => "confirmed",
            Self::Asked { .. } => "asked",
            Self::Replied { .. } => "replied",
            Self::Remarked { .. } => "remarked",
            Self::Attached(_) => "attached",
            Self::Enclosed(_) => "enclosed",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }
}
