//! Members: the people of an organization and what they may do in the portal.

use crate::clock::Timestamp;
use crate::id::{MemberId, OrganizationId};
use crate::state::InvalidTransition;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Acts for a company: invites its members and says what they may do.
    Representative,
    /// A company's developer: apps, credentials, usage.
    Developer,
    /// Releases datasets.
    Steward,
    /// Checks access requests, votes on them in the data review board, and decides what the board voted.
    Reviewer,
    /// Votes in the data review board from outside the hospital, and sees nothing but access requests.
    External,
    /// Reads and reviews the ledger.
    Auditor,
    /// Runs the sandbox.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Representative,
        Self::Developer,
        Self::Steward,
        Self::Reviewer,
        Self::External,
        Self::Auditor,
        Self::Admin,
    ];

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Representative => "representative",
            Self::Developer => "developer",
            Self::Steward => "steward",
            Self::Reviewer => "reviewer",
            Self::External => "external",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Whether it is a role of companies; all others are of the hospital.
    pub const fn is_of_company(self) -> bool {
        matches!(self, Self::Representative | Self::Developer)
    }

    /// Reads a role's name; `None` when there is no such role.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Whether a member may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// May sign in.
    Active,
    /// May not any more.
    Disabled {
        /// Since when.
        disabled_at: Timestamp,
    },
}

impl MemberState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled { .. } => "disabled",
        }
    }

    /// Lets a member in again.
    pub fn enable(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Disabled { .. } => Ok(Self::Active),
            Self::Active => Err(InvalidTransition { machine: "member", from: self.as_str(), action: "be enabled" }),
        }
    }

    /// Shuts the member out.
    pub fn disable(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Disabled { disabled_at: now }),
            Self::Disabled { .. } => {
                Err(InvalidTransition { machine: "member", from: self.as_str(), action: "be disabled" })
            }
        }
    }
}

/// An address of mail in lower case, as it is kept; nothing when the text is none. What is looked at is its form: whether
/// somebody reads it is shown by a mail.
pub fn email_address(text: &str) -> Option<String> {
    const BYTES_MAX: usize = 254;
    let email = text.trim().to_lowercase();
    let (name, host) = email.rsplit_once('@')?;
    let plain = email.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte));
    let named = !name.is_empty() && !name.contains('@') && host.contains('.') && !host.starts_with('.');
    (email.len() <= BYTES_MAX && plain && named && !host.ends_with('.') && !host.contains("..")).then_some(email)
}

/// A person in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person's identifier.
    pub id: MemberId,
    /// The organization they belong to.
    pub organization: OrganizationId,
    /// Their e-mail address, lower case; unique in the sandbox.
    pub email: String,
    /// Their name, as people read it.
    pub name: String,
    /// What they may do; never empty.
    pub roles: Vec<Role>,
    /// Whether they may sign in.
    pub state: MemberState,
    /// When they joined.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_are_told_from_other_texts() {
        assert_eq!(email_address(" Kim@Example.ORG ").as_deref(), Some("kim@example.org"));
        assert_eq!(email_address("a.b+c@x-y.co.kr").as_deref(), Some("a.b+c@x-y.co.kr"));
        let long = format!("{}@example.org", "a".repeat(250));
        let bad = ["", "a", "a@b", "@b.c", "a@", "a@b.", "a@.b", "a@b..c", "a@b@c.d", "a b@c.d", "<a@b.c>", &long];
        for text in bad.into_iter().chain(["a@b.c\r\nBcc: d@e.f", "a@b.c\0"]) {
            assert_eq!(email_address(text), None, "{text:?}");
        }
    }
}
