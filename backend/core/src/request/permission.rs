//! Who may do what to a request, and when: role × state × action in one table. The documentation is made of it, the portal
//! asks it, and the tests walk it.

use crate::member::Role;
use crate::request::RequestState;

/// Something that a member does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Write it anew without handing it in.
    Save,
    /// Hand it in.
    Submit,
    /// Take it back.
    Withdraw,
    /// Find it complete.
    Accept,
    /// Send it back for changes.
    Return,
    /// Say that an office has no objection.
    SignOff,
    /// Vote in the board.
    Vote,
    /// Stay out of it as a member of the board.
    Recuse,
    /// Approve it, as the votes say.
    Approve,
    /// Reject it, as the votes say.
    Reject,
    /// Answer to a condition.
    Answer,
    /// Find a condition met.
    Confirm,
    /// Write to the hospital.
    Message,
    /// Write to the company.
    Reply,
    /// Write to others of the hospital, out of the company's sight.
    Remark,
    /// Put a file beside it, for the company.
    Attach,
    /// Put a file beside it, for the hospital.
    Enclose,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What is done.
    pub act: Act,
    /// By members with one of these roles. A developer acts for requests of their own company alone; all others are of the
    /// hospital and act for requests of every company.
    pub roles: &'static [Role],
    /// In these states.
    pub states: &'static [&'static str],
}

/// The states in which both sides still have something to say: the hospital knows of the request and it is not over.
const TALKING: [&str; 4] = ["submitted", "in_review", "returned", "conditional"];

/// The table.
pub const RULES: [Rule; 17] = [
    Rule { act: Act::Save, roles: &[Role::Developer], states: &["draft", "returned"] },
    Rule { act: Act::Submit, roles: &[Role::Developer], states: &["draft", "returned"] },
    Rule { act: Act::Withdraw, roles: &[Role::Developer], states: &["draft", "submitted", "in_review", "returned"] },
    Rule { act: Act::Accept, roles: &[Role::Reviewer, Role::Admin], states: &["submitted"] },
    Rule { act: Act::Return, roles: &[Role::Reviewer, Role::Admin], states: &["submitted", "in_review"] },
    Rule {
        act: Act::SignOff,
        roles: &[Role::Steward, Role::Reviewer, Role::Auditor, Role::Admin],
        states: &["in_review"],
    },
    Rule { act: Act::Vote, roles: &[Role::Reviewer, Role::External], states: &["in_review"] },
    Rule { act: Act::Recuse, roles: &[Role::Reviewer, Role::External], states: &["submitted", "in_review"] },
    Rule { act: Act::Approve, roles: &[Role::Reviewer, Role::Admin], states: &["submitted", "in_review"] },
    Rule { act: Act::Reject, roles: &[Role::Reviewer, Role::Admin], states: &["submitted", "in_review"] },
    Rule { act: Act::Answer, roles: &[Role::Developer], states: &["conditional"] },
    Rule { act: Act::Confirm, roles: &[Role::Reviewer, Role::Admin], states: &["conditional"] },
    Rule { act: Act::Message, roles: &[Role::Developer], states: &TALKING },
    Rule { act: Act::Reply, roles: &[Role::Steward, Role::Reviewer, Role::Admin], states: &TALKING },
    Rule {
        act: Act::Remark,
        roles: &[Role::Steward, Role::Reviewer, Role::External, Role::Auditor, Role::Admin],
        states: &TALKING,
    },
    Rule { act: Act::Attach, roles: &[Role::Developer], states: &["draft", "returned", "conditional"] },
    Rule { act: Act::Enclose, roles: &[Role::Steward, Role::Reviewer, Role::Admin], states: &TALKING },
];

/// Whether somebody with these roles may do it in that state.
pub fn may(act: Act, roles: &[Role], state: &RequestState) -> bool {
    let fits = |rule: &Rule| {
        rule.act == act && rule.roles.iter().any(|role| roles.contains(role)) && rule.states.contains(&state.as_str())
    };
    RULES.iter().any(fits)
}

impl Act {
    /// The verb, as the last part of its address says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Submit => "submit",
            Self::Withdraw => "withdraw",
            Self::Accept => "accept",
            Self::Return => "return",
            Self::SignOff => "sign-off",
            Self::Vote => "vote",
            Self::Recuse => "recuse",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Answer => "answer",
            Self::Confirm => "confirm",
            Self::Message => "message",
            Self::Reply => "reply",
            Self::Remark => "remark",
            Self::Attach => "attach",
            Self::Enclose => "enclose",
        }
    }

    /// The roles that may do it in some state.
    pub const fn roles(self) -> &'static [Role] {
        let mut rest: &'static [Rule] = &RULES;
        while let Some((rule, after)) = rest.split_first() {
            if is_same(rule.act, self) {
                return rule.roles;
            }
            rest = after;
        }
        &[]
    }
}

const fn is_same(one: Act, other: Act) -> bool {
    matches!(
        (one, other),
        (Act::Save, Act::Save)
            | (Act::Submit, Act::Submit)
            | (Act::Withdraw, Act::Withdraw)
            | (Act::Accept, Act::Accept)
            | (Act::Return, Act::Return)
            | (Act::SignOff, Act::SignOff)
            | (Act::Vote, Act::Vote)
            | (Act::Recuse, Act::Recuse)
            | (Act::Approve, Act::Approve)
            | (Act::Reject, Act::Reject)
            | (Act::Answer, Act::Answer)
            | (Act::Confirm, Act::Confirm)
            | (Act::Message, Act::Message)
            | (Act::Reply, Act::Reply)
            | (Act::Remark, Act::Remark)
            | (Act::Attach, Act::Attach)
            | (Act::Enclose, Act::Enclose)
    )
}

/// The table as a page: who may do what in each state.
pub fn page() -> String {
    let mut text = String::from("| action |");
    for state in RequestState::NAMES {
        text.push_str(&format!(" {} |", state.replace('_', " ")));
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(RequestState::NAMES.len()));
    text.push('\n');
    for rule in &RULES {
        let roles: Vec<&str> = rule.roles.iter().map(|role| role.as_str()).collect();
        text.push_str(&format!("| {} |", rule.act.as_str()));
        for state in RequestState::NAMES {
            let cell = if rule.states.contains(&state) { roles.join(", ") } else { "–".to_owned() };
            text.push_str(&format!(" {cell} |"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_one_rule_with_roles_of_one_side_and_states_there_are() {
        for rule in &RULES {
            assert_eq!(RULES.iter().filter(|other| other.act == rule.act).count(), 1);
            assert_eq!(rule.act.roles(), rule.roles, "{}", rule.act.as_str());
            assert!(!rule.roles.is_empty() && !rule.states.is_empty());
            assert!(rule.states.iter().all(|state| RequestState::NAMES.contains(state)));
            let of_company = rule.roles.contains(&Role::Developer);
            assert!(!of_company || rule.roles.len() == 1, "who asks never decides");
        }
    }

    #[test]
    fn nothing_is_done_to_what_is_over() {
        for state in ["approved", "rejected", "withdrawn", "lapsed"] {
            assert!(RULES.iter().all(|rule| !rule.states.contains(&state)), "{state}");
        }
    }
}
