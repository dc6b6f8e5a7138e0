//! The fold of a request's events: where it stands and what was said.

use crate::clock::Timestamp;
use crate::id::MemberId;
use crate::member::Role;
use crate::request::RequestState;
use crate::request::attachment::ATTACHMENTS_MAX;
use crate::request::event::{Actor, Ballot, Condition, Decision, Event, Happening, Proposal, Verdict};
use crate::state::InvalidTransition;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// The most events of one request: a history that people can still read.
pub const EVENTS_MAX: u32 = 1_000;

/// The most messages of both sides together, and the most remarks: talk must not use up the history.
pub const MESSAGES_MAX: u32 = 200;

/// A request as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: RequestState,
    /// What the company last wrote.
    pub proposal: Option<Proposal>,
    /// When it was last handed in.
    pub submitted_at: Option<Timestamp>,
    /// The votes on what was last handed in, each member's last.
    pub votes: BTreeMap<MemberId, Cast>,
    /// Members of the board who stay out of it, and why.
    pub recused: BTreeMap<MemberId, String>,
    /// The offices that have no objection to what was last handed in, and since when.
    pub signed_off: BTreeMap<Role, Timestamp>,
    /// What an approval depends on.
    pub conditions: Vec<Standing>,
    /// How many messages both sides wrote.
    pub messages: u32,
    /// How many remarks the hospital wrote for itself.
    pub remarks: u32,
    /// How many files lie beside it.
    pub attachments: u32,
    /// How many events there were.
    pub events: u32,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// How.
    pub ballot: Ballot,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A condition, and how far it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The condition.
    pub condition: Condition,
    /// What the company answered last, and when.
    pub answer: Option<(String, Timestamp)>,
    /// When the hospital found it met.
    pub met_at: Option<Timestamp>,
}

impl Default for Case {
    /// Before the first event.
    fn default() -> Self {
        Self {
            state: RequestState::Draft,
            proposal: None,
            submitted_at: None,
            votes: BTreeMap::new(),
            recused: BTreeMap::new(),
            signed_off: BTreeMap::new(),
            conditions: Vec::new(),
            messages: 0,
            remarks: 0,
            attachments: 0,
            events: 0,
        }
    }
}

impl Case {
    /// The fold of a history. An error says that it is none.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Result<Self, InvalidTransition> {
        let mut case = Self::default();
        for event in events {
            case.apply(event)?;
        }
        Ok(case)
    }

    /// The event that would come next.
    pub const fn next(&self, at: Timestamp, by: Actor, what: Happening) -> Event {
        Event { number: self.events.saturating_add(1), at, by, what }
    }

    /// Takes one more event in, or refuses it and stays as it was.
    pub fn apply(&mut self, event: &Event) -> Result<(), InvalidTransition> {
        if event.number != self.events.saturating_add(1) || event.number > EVENTS_MAX {
            return Err(self.state.refuse("take an event out of its order"));
        }
        match (&event.what, event.by) {
            (Happening::Saved(proposal), Actor::Member(_)) => self.save(proposal)?,
            (Happening::Submitted(proposal), Actor::Member(_)) => self.submit(proposal, event.at)?,
            (Happening::Accepted, Actor::Member(_)) => self.accept(event.at)?,
            (Happening::Returned { reason }, Actor::Member(_)) => self.send_back(reason, event.at)?,
            (Happening::SignedOff { role, .. }, Actor::Member(_)) => self.sign_off(*role, event.at)?,
            (Happening::Recused { reason }, Actor::Member(by)) => self.recuse(by, reason)?,
            (Happening::Voted { ballot, reason }, Actor::Member(by)) => self.vote(by, *ballot, reason, event.at)?,
            (Happening::Decided(decision), Actor::Member(by)) => self.decide(by, decision, event.at)?,
            (Happening::Answered { condition, answer }, Actor::Member(_)) => {
                self.open_condition(*condition, "be answered")?.answer = Some((answer.clone(), event.at));
            }
            (Happening::Confirmed { condition }, Actor::Member(_)) => self.confirm(*condition, event.at)?,
            (Happening::Asked { .. } | Happening::Replied { .. }, Actor::Member(_)) => {
                self.messages = self.one_more(self.messages)?;
            }
            (Happening::Remarked { .. }, Actor::Member(_)) => self.remarks = self.one_more(self.remarks)?,
            (Happening::Attached(_), Actor::Member(_)) => self.attach(&["draft", "returned", "conditional"])?,
            (Happening::Enclosed(_), Actor::Member(_)) => {
                self.attach(&["submitted", "in_review", "returned", "conditional"])?;
            }
            (Happening::Withdrawn, Actor::Member(_)) => self.withdraw(event.at)?,
            (Happening::Lapsed, Actor::Clock) => self.lapse(event.at)?,
            (_, Actor::Member(_) | Actor::Clock) => return Err(self.state.refuse("be changed by that")),
        }
        self.events = event.number;
        Ok(())
    }

    /// The conditions that are not met yet.
    pub fn unmet(&self) -> impl Iterator<Item = &Standing> {
        self.conditions.iter().filter(|standing| standing.met_at.is_none())
    }

    fn save(&mut self, proposal: &Proposal) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Draft | RequestState::Returned { .. } => {
                self.proposal = Some(proposal.clone());
                Ok(())
            }
            _ => Err(self.state.refuse("be changed")),
        }
    }

    /// What is handed in anew is voted on anew; who stays out of it stays out.
    fn submit(&mut self, proposal: &Proposal, at: Timestamp) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Draft | RequestState::Returned { .. } => {
                self.proposal = Some(proposal.clone());
                self.submitted_at = Some(at);
                self.votes.clear();
                self.signed_off.clear();
                self.state = RequestState::Submitted { submitted_at: at };
                Ok(())
            }
            _ => Err(self.state.refuse("be submitted")),
        }
    }

    fn accept(&mut self, at: Timestamp) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Submitted { .. } => {
                self.state = RequestState::InReview { accepted_at: at };
                Ok(())
            }
            _ => Err(self.state.refuse("be accepted for review")),
        }
    }

    fn send_back(&mut self, reason: &str, at: Timestamp) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Submitted { .. } | RequestState::InReview { .. } => {
                self.state = RequestState::Returned { returned_at: at, reason: reason.to_owned() };
                Ok(())
            }
            _ => Err(self.state.refuse("be returned")),
        }
    }

    fn sign_off(&mut self, role: Role, at: Timestamp) -> Result<(), InvalidTransition> {
        self.in_review("be signed off")?;
        self.signed_off.insert(role, at);
        Ok(())
    }

    /// A vote that was cast before goes with its member.
    fn recuse(&mut self, by: MemberId, reason: &str) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Submitted { .. } | RequestState::InReview { .. } if !self.recused.contains_key(&by) => {
                self.votes.remove(&by);
                self.recused.insert(by, reason.to_owned());
                Ok(())
            }
            _ => Err(self.state.refuse("be recused from")),
        }
    }

    fn vote(&mut self, by: MemberId, ballot: Ballot, reason: &str, at: Timestamp) -> Result<(), InvalidTransition> {
        self.in_review("be voted on")?;
        if self.recused.contains_key(&by) {
            return Err(self.state.refuse("be voted on by a member who is recused"));
        }
        self.votes.insert(by, Cast { ballot, reason: reason.to_owned(), at });
        Ok(())
    }

    fn decide(&mut self, by: MemberId, decision: &Decision, at: Timestamp) -> Result<(), InvalidTransition> {
        self.in_review("be decided")?;
        self.state = match &decision.verdict {
            Verdict::Rejected { reason } => {
                RequestState::Rejected { decided_at: at, decided_by: by, reason: reason.clone() }
            }
            Verdict::Approved { grant, conditions, .. } if conditions.is_empty() => {
                RequestState::Approved { decided_at: at, decided_by: by, grant: *grant }
            }
            Verdict::Approved { grant, conditions, .. } => {
                let open =
                    |condition: &Condition| Standing { condition: condition.clone(), answer: None, met_at: None };
                self.conditions = conditions.iter().map(open).collect();
                RequestState::Conditional { decided_at: at, decided_by: by, grant: *grant }
            }
        };
        Ok(())
    }

    /// The last condition that is met opens the grant.
    fn confirm(&mut self, condition: u32, at: Timestamp) -> Result<(), InvalidTransition> {
        let refused = self.state.refuse("have a condition confirmed that was not answered");
        let standing = self.open_condition(condition, "have a condition confirmed")?;
        if standing.answer.is_none() {
            return Err(refused);
        }
        standing.met_at = Some(at);
        if let RequestState::Conditional { decided_at, decided_by, grant } = self.state
            && self.unmet().next().is_none()
        {
            self.state = RequestState::Approved { decided_at, decided_by, grant };
        }
        Ok(())
    }

    /// One more word while there is something to say; it changes nothing but its number.
    fn one_more(&self, count: u32) -> Result<u32, InvalidTransition> {
        match self.state {
            RequestState::Submitted { .. }
            | RequestState::InReview { .. }
            | RequestState::Returned { .. }
            | RequestState::Conditional { .. }
                if count < MESSAGES_MAX =>
            {
                Ok(count.saturating_add(1))
            }
            _ => Err(self.state.refuse("take another message")),
        }
    }

    fn attach(&mut self, states: &[&str]) -> Result<(), InvalidTransition> {
        if self.attachments >= ATTACHMENTS_MAX || !states.contains(&self.state.as_str()) {
            return Err(self.state.refuse("take another file"));
        }
        self.attachments = self.attachments.saturating_add(1);
        Ok(())
    }

    fn withdraw(&mut self, at: Timestamp) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Draft
            | RequestState::Submitted { .. }
            | RequestState::InReview { .. }
            | RequestState::Returned { .. } => {
                self.state = RequestState::Withdrawn { withdrawn_at: at };
                Ok(())
            }
            _ => Err(self.state.refuse("be withdrawn")),
        }
    }

    fn lapse(&mut self, at: Timestamp) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::Returned { .. } | RequestState::Conditional { .. } => {
                self.state = RequestState::Lapsed { lapsed_at: at };
                Ok(())
            }
            _ => Err(self.state.refuse("lapse")),
        }
    }

    const fn in_review(&self, action: &'static str) -> Result<(), InvalidTransition> {
        match self.state {
            RequestState::InReview { .. } => Ok(()),
            _ => Err(self.state.refuse(action)),
        }
    }

    fn open_condition(&mut self, index: u32, action: &'static str) -> Result<&mut Standing, InvalidTransition> {
        let refused = self.state.refuse(action);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self.state {
            RequestState::Conditional { .. } => {
                self.conditions.get_mut(index).filter(|standing| standing.met_at.is_none()).ok_or(refused)
            }
            _ => Err(refused),
        }
    }
}
