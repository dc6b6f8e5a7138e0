//! What people and programs outside are told: which occurrences there are, and who hears of each.

use crate::member::Role;
use crate::request::event::{Happening, Verdict};
use std::collections::BTreeSet;

mod occurrence;

#[cfg(test)]
mod tests;

pub use occurrence::Occurrence;

/// What something that occurred is about. Its name is the event type of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A request was handed in.
    RequestSubmitted,
    /// A request is complete and before the board.
    RequestAccepted,
    /// A request was sent back for changes.
    RequestReturned,
    /// A request was approved.
    RequestApproved,
    /// A request was approved with conditions that are still to be met.
    RequestConditional,
    /// A request was refused.
    RequestRejected,
    /// A company took its request back.
    RequestWithdrawn,
    /// A request ended without an answer.
    RequestLapsed,
    /// A request waits on the company, and its time is nearly over.
    RequestAnswerDue,
    /// A request waits on the hospital, and its time is nearly over.
    RequestDue,
    /// A request waits on the hospital longer than it should.
    RequestOverdue,
    /// A request has waited on the hospital for so long that its operator is told.
    RequestEscalated,
    /// An office is asked for its opinion on a request.
    RequestOpinionWanted,
    /// A company wrote to the hospital about its request.
    RequestAsked,
    /// The hospital wrote to a company about its request.
    RequestReplied,
    /// A company says that a condition is met.
    ConditionAnswered,
    /// The hospital found a condition met.
    ConditionConfirmed,
    /// The hospital did not look in time at an answer to a condition.
    ConditionUnconfirmed,
    /// A grant was ended.
    GrantRevoked,
    /// A grant ends soon.
    GrantEnding,
    /// A company is to report on its grant soon.
    GrantReportDue,
    /// A company did not report on its grant in time.
    GrantReportOverdue,
    /// A company reported on its grant.
    GrantReported,
    /// The hospital read and answered a company's reports.
    GrantReportRead,
    /// A grant ended: what was read under it is to be destroyed.
    DestructionDue,
    /// What was read under a grant was not declared destroyed in time.
    DestructionOverdue,
    /// A company declared that what it read is destroyed.
    DestructionDeclared,
    /// The hospital did not take such a declaration.
    DestructionRefused,
    /// The hospital took the declaration; the grant is closed.
    GrantClosed,
    /// A credential ends soon.
    CredentialEnding,
    /// A version came into service.
    VersionPublished,
    /// A version went out of service: copies of it are to be deleted.
    VersionWithdrawn,
    /// The agreement has a new version, to be signed.
    AgreementPublished,
    /// Access was opened in an emergency.
    BreakGlassOpened,
    /// Access in an emergency was not reviewed in time.
    BreakGlassUnreviewed,
    /// An incident was entered.
    IncidentReported,
    /// An incident was not told in time to all whom the law names.
    IncidentUntold,
    /// A company wants to take a result away.
    ExportFiled,
    /// A result waits on the hospital, and its time is nearly over.
    ExportDue,
    /// A result may leave.
    ExportReleased,
    /// A result may not leave.
    ExportRefused,
    /// A test that a company asked for.
    Test,
}

/// Who hears of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// The company that it is about: its members, and its webhooks.
    pub company: bool,
    /// The hospital's members with one of these roles.
    pub hospital: &'static [Role],
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 42] = [
        Self::RequestSubmitted,
        Self::RequestAccepted,
        Self::RequestReturned,
        Self::RequestApproved,
        Self::RequestConditional,
        Self::RequestRejected,
        Self::RequestWithdrawn,
        Self::RequestLapsed,
        Self::RequestAnswerDue,
        Self::RequestDue,
        Self::RequestOverdue,
        Self::RequestEscalated,
        Self::RequestOpinionWanted,
        Self::RequestAsked,
        Self::RequestReplied,
        Self::ConditionAnswered,
        Self::ConditionConfirmed,
        Self::ConditionUnconfirmed,
        Self::GrantRevoked,
        Self::GrantEnding,
        Self::GrantReportDue,
        Self::GrantReportOverdue,
        Self::GrantReported,
        Self::GrantReportRead,
        Self::DestructionDue,
        Self::DestructionOverdue,
        Self::DestructionDeclared,
        Self::DestructionRefused,
        Self::GrantClosed,
        Self::CredentialEnding,
        Self::VersionPublished,
        Self::VersionWithdrawn,
        Self::AgreementPublished,
        Self::BreakGlassOpened,
        Self::BreakGlassUnreviewed,
        Self::IncidentReported,
        Self::IncidentUntold,
        Self::ExportFiled,
        Self::ExportDue,
        Self::ExportReleased,
        Self::ExportRefused,
        Self::Test,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestSubmitted => "request.submitted",
            Self::RequestAccepted => "request.accepted",
            Self::RequestReturned => "request.returned",
            Self::RequestApproved => "request.approved",
            Self::RequestConditional => "request.conditional",
            Self::RequestRejected => "request.rejected",
            Self::RequestWithdrawn => "request.withdrawn",
            Self::RequestLapsed => "request.lapsed",
            Self::RequestAnswerDue => "request.answer_due",
            Self::RequestDue => "request.due",
            Self::RequestOverdue => "request.overdue",
            Self::RequestEscalated => "request.escalated",
            Self::RequestOpinionWanted => "request.opinion_wanted",
            Self::RequestAsked => "request.asked",
            Self::RequestReplied => "request.replied",
            Self::ConditionAnswered => "condition.answered",
            Self::ConditionConfirmed => "condition.confirmed",
            Self::ConditionUnconfirmed => "condition.unconfirmed",
            Self::GrantRevoked => "grant.revoked",
            Self::GrantEnding => "grant.ending",
            Self::GrantReportDue => "grant.report_due",
            Self::GrantReportOverdue => "grant.report_overdue",
            Self::GrantReported => "grant.reported",
            Self::GrantReportRead => "grant.report_read",
            Self::DestructionDue => "grant.destruction_due",
            Self::DestructionOverdue => "grant.destruction_overdue",
            Self::DestructionDeclared => "grant.destruction_declared",
            Self::DestructionRefused => "grant.destruction_refused",
            Self::GrantClosed => "grant.closed",
            Self::CredentialEnding => "credential.ending",
            Self::VersionPublished => "version.published",
            Self::VersionWithdrawn => "version.withdrawn",
            Self::AgreementPublished => "agreement.published",
            Self::BreakGlassOpened => "break_glass.opened",
            Self::BreakGlassUnreviewed => "break_glass.unreviewed",
            Self::IncidentReported => "incident.reported",
            Self::IncidentUntold => "incident.untold",
            Self::ExportFiled => "export.filed",
            Self::ExportDue => "export.due",
            Self::ExportReleased => "export.released",
            Self::ExportRefused => "export.refused",
            Self::Test => "webhook.test",
        }
    }

    /// Reads a name; `None` when there is no such topic.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text)
    }

    /// Who hears of it.
    pub const fn audience(self) -> Audience {
        const CHECKERS: &[Role] = &[Role::Reviewer, Role::Admin];
        const WATCHERS: &[Role] = &[Role::Auditor, Role::Admin];
        const BOARD: &[Role] = &[Role::Reviewer, Role::External];
        const RELEASERS: &[Role] = &[Role::Steward, Role::Reviewer];
        const OFFICES: &[Role] = &[Role::Steward, Role::Reviewer, Role::Auditor, Role::Admin];
        let (company, hospital): (bool, &[Role]) = match self {
            Self::RequestSubmitted
            | Self::RequestAsked
            | Self::ConditionAnswered
            | Self::RequestWithdrawn
            | Self::RequestLapsed
            | Self::GrantReportOverdue
            | Self::GrantReported
            | Self::DestructionOverdue
            | Self::DestructionDeclared => (true, CHECKERS),
            Self::RequestAccepted => (true, BOARD),
            Self::ExportFiled => (true, RELEASERS),
            Self::ExportDue => (false, RELEASERS),
            Self::BreakGlassOpened => (true, WATCHERS),
            Self::BreakGlassUnreviewed | Self::IncidentReported | Self::IncidentUntold => (false, WATCHERS),
            // How late the hospital is with it is told to those who are late.
            Self::RequestDue | Self::RequestOverdue | Self::ConditionUnconfirmed => (false, CHECKERS),
            Self::RequestEscalated => (false, &[Role::Admin]),
            Self::RequestOpinionWanted => (false, OFFICES),
            Self::RequestReturned
            | Self::RequestReplied
            | Self::RequestAnswerDue
            | Self::RequestApproved
            | Self::RequestConditional
            | Self::RequestRejected
            | Self::ConditionConfirmed
            | Self::GrantRevoked
            | Self::GrantEnding
            | Self::GrantReportDue
            | Self::GrantReportRead
            | Self::DestructionDue
            | Self::DestructionRefused
            | Self::GrantClosed
            | Self::CredentialEnding
            | Self::VersionPublished
            | Self::VersionWithdrawn
            | Self::AgreementPublished
            | Self::ExportReleased
            | Self::ExportRefused
            | Self::Test => (true, &[]),
        };
        Audience { company, hospital }
    }

    /// The topics that a company's webhooks may hear of.
    pub fn of_webhooks() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|topic| topic.audience().company && *topic != Self::Test)
    }

    /// The topic of what happens to a request; nothing when nobody needs to be told.
    pub const fn of(what: &Happening) -> Option<Self> {
        Some(match what {
            Happening::Submitted(_) => Self::RequestSubmitted,
            Happening::Accepted => Self::RequestAccepted,
            Happening::Returned { .. } => Self::RequestReturned,
            Happening::Decided(decision) => match &decision.verdict {
                Verdict::Approved { conditions, .. } if conditions.is_empty() => Self::RequestApproved,
                Verdict::Approved { .. } => Self::RequestConditional,
                Verdict::Rejected { .. } => Self::RequestRejected,
            },
            Happening::Answered { .. } => Self::ConditionAnswered,
            Happening::Confirmed { .. } => Self::ConditionConfirmed,
            Happening::Asked { .. } => Self::RequestAsked,
            Happening::Replied { .. } => Self::RequestReplied,
            Happening::Withdrawn => Self::RequestWithdrawn,
            Happening::Lapsed => Self::RequestLapsed,
            // What the hospital says among itself is told to nobody by mail.
            Happening::Saved(_)
            | Happening::Remarked { .. }
            // What a file is for is said in a message or an answer.
            | Happening::Attached(_)
            | Happening::Enclosed(_)
            | Happening::SignedOff { .. }
            | Happening::Recused { .. }
            | Happening::Voted { .. } => {
                return None;
            }
        })
    }
}

/// How a member wants to have what is told them by e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mailing {
    /// Each at once.
    #[default]
    AtOnce,
    /// All of a day in one mail in the morning.
    Daily,
    /// In the portal alone.
    Never,
}

impl Mailing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Daily, Self::Never];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::Daily => "daily",
            Self::Never => "never",
        }
    }

    /// Reads a name; `None` when there is no such way.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mailing| mailing.as_str() == text)
    }
}

/// How long an attempt waits for the next, after so many: 30 s, doubled each time, 12 hours at most.
pub fn wait_after(attempts: u32) -> std::time::Duration {
    const FIRST: u64 = 30;
    const LONGEST: u64 = 12 * 60 * 60;
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1).min(32)).unwrap_or(u64::MAX);
    std::time::Duration::from_secs(FIRST.saturating_mul(doubled).min(LONGEST))
}

/// Names of topics as they are stored: with spaces between, all when there are none.
pub fn topics(text: &str) -> Option<BTreeSet<Topic>> {
    text.split_terminator(' ').map(Topic::parse).collect()
}
