//! What must be true at the moment of an approval, whatever was true when the request was filed.

use crate::clock::Timestamp;
use crate::duo::DataUse;
use crate::id::AgreementId;
use crate::request::case::Case;
use crate::request::event::{Condition, Ethics};
use std::collections::BTreeSet;

/// What is true now, as the database says in the transaction of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The agreement in force.
    pub agreement: Option<AgreementId>,
    /// Whether an active member of the company signed it.
    pub is_signed: bool,
    /// Whether the dataset has a published de-identified version.
    pub is_published: bool,
    /// Whether the author may still act for the company.
    pub is_author_active: bool,
    /// Whether the company may act.
    pub is_organization_active: bool,
    /// Whether the app may act.
    pub is_app_active: bool,
    /// Whether the company owes a report or the proof of a destruction, for any of its grants, and is late with it.
    pub is_late: bool,
    /// The terms that the dataset stands under, when it is published.
    pub terms: Option<DataUse>,
}

/// What is not true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unmet {
    /// The request stands under an agreement that is not the one in force.
    AgreementSuperseded,
    /// Nobody who is still there signed the agreement.
    AgreementNotSigned,
    /// The ethics committee's approval is over.
    EthicsExpired,
    /// The day by which the ethics committee's approval was to follow is over.
    EthicsLate,
    /// The dataset is not published any more.
    NotPublished,
    /// The author may not act any more.
    AuthorGone,
    /// The company may not act.
    OrganizationStopped,
    /// The app may not act.
    AppStopped,
    /// The company is late with what it owes for a grant that it has or had.
    DutyOverdue,
}

/// What keeps a request from being approved now.
pub fn unmet(case: &Case, facts: &Facts, now: Timestamp) -> BTreeSet<Unmet> {
    let mut unmet = BTreeSet::new();
    let mut need = |is_true: bool, otherwise: Unmet| {
        if !is_true {
            unmet.insert(otherwise);
        }
    };
    need(facts.is_signed, Unmet::AgreementNotSigned);
    need(facts.is_published, Unmet::NotPublished);
    need(facts.is_author_active, Unmet::AuthorGone);
    need(facts.is_organization_active, Unmet::OrganizationStopped);
    need(facts.is_app_active, Unmet::AppStopped);
    need(!facts.is_late, Unmet::DutyOverdue);
    if let Some(proposal) = &case.proposal {
        need(facts.agreement == Some(proposal.agreement), Unmet::AgreementSuperseded);
        match &proposal.ethics {
            Ethics::Approved { valid_until, .. } => need(now < *valid_until, Unmet::EthicsExpired),
            Ethics::Follows { by } => need(now < *by, Unmet::EthicsLate),
            Ethics::Exempt { .. } => {}
        }
    }
    unmet
}

/// The condition that an approval has by itself, because the ethics committee's approval is to follow.
pub fn own_condition(case: &Case, text: &str) -> Option<Condition> {
    match case.proposal.as_ref()?.ethics {
        Ethics::Follows { by } => Some(Condition { text: text.to_owned(), due: by }),
        Ethics::Approved { .. } | Ethics::Exempt { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::event::Proposal;

    fn case(ethics: Ethics) -> Case {
        let agreement = AgreementId::from_bytes([1; 16]);
        let (uses, columns) = Default::default();
        let reach = crate::grant::Reach::Inside;
        let proposal = Proposal { purpose: String::new(), agreement, ethics, uses, columns, reach };
        Case { proposal: Some(proposal), ..Case::default() }
    }

    fn facts() -> Facts {
        Facts {
            agreement: Some(AgreementId::from_bytes([1; 16])),
            is_signed: true,
            is_published: true,
            is_author_active: true,
            is_organization_active: true,
            is_app_active: true,
            is_late: false,
            terms: Some(DataUse::default()),
        }
    }

    fn exempt() -> Case {
        case(Ethics::Exempt { reason: String::new() })
    }

    #[test]
    fn each_thing_that_is_not_true_any_more_is_named() {
        let now = Timestamp::from_seconds(10);
        assert_eq!(unmet(&exempt(), &facts(), now), BTreeSet::new());
        for (facts, expected) in [
            (Facts { agreement: Some(AgreementId::from_bytes([2; 16])), ..facts() }, Unmet::AgreementSuperseded),
            (Facts { agreement: None, ..facts() }, Unmet::AgreementSuperseded),
            (Facts { is_signed: false, ..facts() }, Unmet::AgreementNotSigned),
            (Facts { is_published: false, ..facts() }, Unmet::NotPublished),
            (Facts { is_author_active: false, ..facts() }, Unmet::AuthorGone),
            (Facts { is_organization_active: false, ..facts() }, Unmet::OrganizationStopped),
            (Facts { is_app_active: false, ..facts() }, Unmet::AppStopped),
            (Facts { is_late: true, ..facts() }, Unmet::DutyOverdue),
        ] {
            assert_eq!(unmet(&exempt(), &facts, now), BTreeSet::from([expected]));
        }
    }

    #[test]
    fn an_ethics_approval_holds_to_the_second_and_one_to_follow_is_a_condition() {
        let (end, before) = (Timestamp::from_seconds(10), Timestamp::from_micros(9_999_999));
        let approved = case(Ethics::Approved { number: "1".to_owned(), valid_until: end });
        assert_eq!(unmet(&approved, &facts(), before), BTreeSet::new());
        assert_eq!(unmet(&approved, &facts(), end), BTreeSet::from([Unmet::EthicsExpired]));
        let follows = case(Ethics::Follows { by: end });
        assert_eq!(unmet(&follows, &facts(), end), BTreeSet::from([Unmet::EthicsLate]));
        let expected = Condition { text: "number".to_owned(), due: end };
        assert_eq!(own_condition(&follows, "number"), Some(expected));
        assert_eq!(own_condition(&approved, "number"), None);
        assert_eq!(own_condition(&exempt(), "number"), None);
    }
}
