//! How a hospital reviews, and what its rules say of one request at one moment.

use crate::clock::Timestamp;
use crate::grant::course::DutyTerms;
use crate::id::{MemberId, OrganizationId};
use crate::member::{Member, Role};
use crate::request::board::{Board, BoardRule, Count, Inquorate, Motion};
use crate::request::case::Case;
use crate::request::due::{Clocks, Urgency};
use crate::request::need::Need;
use crate::request::prerequisite::{Facts, Unmet, unmet};
use crate::request::steps::{Graph, Step};
use crate::request::{AccessRequest, RequestState};
use std::collections::BTreeSet;
use std::time::Duration;

/// How a hospital reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// How its board must be composed.
    pub board: BoardRule,
    /// Which steps there are.
    pub graph: Graph,
    /// How long they may take.
    pub clocks: Clocks,
    /// What a company owes while it reads and afterwards.
    pub duties: DutyTerms,
    /// Whose consent the export of a result needs.
    pub exports: Need<Role>,
    /// How long it may take until an export is decided; its result is kept so long.
    pub export_within: Duration,
}

/// What the rules say of a request now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The votes.
    pub count: Count,
    /// What they say, or why they say nothing yet.
    pub motion: Result<Motion, Inquorate>,
    /// What keeps it from being approved.
    pub unmet: BTreeSet<Unmet>,
    /// Offices whose opinion is still needed.
    pub offices: BTreeSet<Role>,
}

/// Whom a request waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The company that asks.
    Company,
    /// The hospital.
    Hospital,
}

impl Side {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Hospital => "hospital",
        }
    }
}

/// What waits on somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// A step of the hospital's answer.
    Take(Step),
    /// An answer to a condition that the hospital has to look at.
    Confirm,
    /// A draft to hand in.
    Finish,
    /// What was returned, to be changed.
    Change,
    /// A condition to answer to.
    Answer,
}

impl House {
    /// What the rules say now.
    pub fn ruling(&self, case: &Case, board: &Board, facts: &Facts, now: Timestamp) -> Ruling {
        let count = board.count(case);
        let office = |step: Step| if let Step::SignOff(role) = step { Some(role) } else { None };
        Ruling {
            motion: self.board.motion(&count),
            unmet: unmet(case, facts, now),
            offices: self.open(case, board).into_iter().filter_map(office).collect(),
            count,
        }
    }

    /// The steps of the hospital's answer that can be taken now.
    pub fn open(&self, case: &Case, board: &Board) -> BTreeSet<Step> {
        match case.state {
            RequestState::Submitted { .. } => BTreeSet::from([Step::Check]),
            RequestState::InReview { .. } => {
                let voted = self.board.motion(&board.count(case)).is_ok();
                self.graph.open(&|step| match step {
                    Step::Check => true,
                    Step::SignOff(role) => case.signed_off.contains_key(role),
                    Step::Votes => voted,
                    Step::Decision => false,
                })
            }
            _ => BTreeSet::new(),
        }
    }

    /// What waits on a member, when something does. `company` is the member's own when they work for one.
    pub fn waits_on(
        &self,
        (request, case): (&AccessRequest, &Case),
        board: &Board,
        member: &Member,
        company: Option<OrganizationId>,
        now: Timestamp,
    ) -> Option<Task> {
        if let Some(company) = company {
            let own = company == request.organization && member.roles.contains(&Role::Developer);
            return company_task(case).filter(|_| own);
        }
        let is = |role: Role| member.roles.contains(&role);
        let decides = is(Role::Reviewer) || is(Role::Admin);
        let step = |step: &Step| match step {
            Step::Check | Step::Decision => decides,
            Step::SignOff(role) => is(*role),
            Step::Votes => self.may_still_vote(case, board, member.id) || self.escalates(case, member, now),
        };
        let answered = case.unmet().any(|standing| standing.answer.is_some()) && decides;
        let open = self.open(case, board).into_iter().filter(step).map(Task::Take).max();
        open.or_else(|| answered.then_some(Task::Confirm))
    }

    /// Whom a request waits on: its company, or else the hospital; nobody when it is over.
    pub fn side(case: &Case) -> Option<Side> {
        let side = if company_task(case).is_some() { Side::Company } else { Side::Hospital };
        case.state.is_open().then_some(side)
    }

    /// The operator is told of votes that have been overdue for long.
    fn escalates(&self, case: &Case, member: &Member, now: Timestamp) -> bool {
        member.roles.contains(&Role::Admin) && self.clocks.urgency(case, now) == Some(Urgency::Escalated)
    }

    fn may_still_vote(&self, case: &Case, board: &Board, member: MemberId) -> bool {
        board.seats(member) && !case.recused.contains_key(&member) && !case.votes.contains_key(&member)
    }
}

fn company_task(case: &Case) -> Option<Task> {
    match case.state {
        RequestState::Draft => Some(Task::Finish),
        RequestState::Returned { .. } => Some(Task::Change),
        RequestState::Conditional { .. } => {
            case.unmet().any(|standing| standing.answer.is_none()).then_some(Task::Answer)
        }
        _ => None,
    }
}

impl Ruling {
    /// Whether the request can be approved now, and whether with conditions.
    pub fn approves(&self) -> Option<Motion> {
        let motion = self.motion.ok().filter(|motion| *motion != Motion::Reject);
        motion.filter(|_| self.unmet.is_empty() && self.offices.is_empty())
    }

    /// Whether the request can be rejected now. What is missing for an approval does not matter.
    pub fn rejects(&self) -> bool {
        self.motion == Ok(Motion::Reject)
    }
}
