//! The decision: what a decider wishes, held against what the votes say and what must be true, gives events or a refusal.

use crate::clock::Timestamp;
use crate::duo::DataUse;
use crate::id::{GrantId, MemberId};
use crate::member::Role;
use crate::request::RequestState;
use crate::request::board::{Board, Inquorate, Motion};
use crate::request::case::Case;
use crate::request::columns::{Opening, beyond};
use crate::request::event::{Actor, Ballot, Condition, Decision, Happening, Verdict};
use crate::request::prerequisite::{Facts, Unmet, own_condition};
use crate::request::ruling::House;
use std::collections::BTreeSet;

/// A month of a time limit has so many days at most.
const DAYS_OF_MONTH: u32 = 31;

/// What a decider wants to write down. The votes say whether they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// That it is approved.
    Approve {
        /// The grant that comes of it.
        grant: GrantId,
        /// What it opens.
        opening: Opening,
        /// What it depends on.
        conditions: Vec<Condition>,
        /// What the condition is called that the request has by itself, because an ethics approval is to follow.
        ethics: String,
    },
    /// That it is rejected.
    Reject {
        /// Why.
        reason: String,
    },
}

/// Why a request is not decided so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// There is nothing to decide in this state.
    State(RequestState),
    /// Nobody found it complete yet.
    NotChecked,
    /// The board cannot decide yet.
    Board(Inquorate),
    /// The votes say something else.
    Motion(Motion),
    /// The votes want conditions and there are none, or there are some and they want none.
    Conditions(Motion),
    /// It would open columns that the company did not ask for.
    Wider(Vec<String>),
    /// It would let data leave that the company asked to look at inside.
    Farther,
    /// It would last longer than so many months, to which the dataset limits every use.
    TooLong(u32),
    /// Something is not true any more.
    Unmet(BTreeSet<Unmet>),
    /// Offices have not given their opinion.
    Offices(BTreeSet<Role>),
}

impl House {
    /// The events of a decision. Where one member may be the board, a member's decision finds the request complete and is
    /// their vote, unless they voted before.
    pub fn decide(
        &self,
        case: &Case,
        board: &Board,
        facts: &Facts,
        by: MemberId,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<Vec<Happening>, Obstacle> {
        let mut case = case.clone();
        let mut events = Vec::new();
        let alone = self.board.allows_one() && board.seats(by) && !case.recused.contains_key(&by);
        match case.state {
            RequestState::InReview { .. } => {}
            RequestState::Submitted { .. } if alone => take(&mut case, &mut events, by, Happening::Accepted, now)?,
            RequestState::Submitted { .. } => return Err(Obstacle::NotChecked),
            _ => return Err(Obstacle::State(case.state)),
        }
        if alone && !case.votes.contains_key(&by) {
            take(&mut case, &mut events, by, own_vote(wish), now)?;
        }
        let ruling = self.ruling(&case, board, facts, now);
        let motion = ruling.motion.map_err(Obstacle::Board)?;
        let verdict = match wish {
            Wish::Reject { reason } if motion == Motion::Reject => Verdict::Rejected { reason: reason.clone() },
            Wish::Approve { grant, opening, conditions, ethics } if motion != Motion::Reject => {
                within(&case, facts, opening)?;
                if !ruling.unmet.is_empty() {
                    return Err(Obstacle::Unmet(ruling.unmet));
                }
                if !ruling.offices.is_empty() {
                    return Err(Obstacle::Offices(ruling.offices));
                }
                if conditions.is_empty() == (motion == Motion::ApproveWithConditions) {
                    return Err(Obstacle::Conditions(motion));
                }
                let own = own_condition(&case, ethics);
                let conditions = own.into_iter().chain(conditions.clone()).collect();
                Verdict::Approved { grant: *grant, reach: opening.reach, conditions }
            }
            Wish::Reject { .. } | Wish::Approve { .. } => return Err(Obstacle::Motion(motion)),
        };
        let decision = Decision { count: ruling.count, verdict, terms: facts.terms.clone() };
        take(&mut case, &mut events, by, Happening::Decided(decision), now)?;
        Ok(events)
    }
}

/// A decision narrows what was asked for and never widens it, and keeps to the time limit of the dataset.
fn within(case: &Case, facts: &Facts, opening: &Opening) -> Result<(), Obstacle> {
    let asked = case.proposal.as_ref().map(|proposal| proposal.columns.clone()).unwrap_or_default();
    let wider = beyond(&opening.columns, &asked);
    if !wider.is_empty() {
        return Err(Obstacle::Wider(wider));
    }
    if case.proposal.as_ref().is_some_and(|proposal| opening.reach > proposal.reach) {
        return Err(Obstacle::Farther);
    }
    match facts.terms.as_ref().and_then(DataUse::months_max) {
        Some(months) if opening.days > months.saturating_mul(DAYS_OF_MONTH) => Err(Obstacle::TooLong(months)),
        _ => Ok(()),
    }
}

fn take(
    case: &mut Case,
    events: &mut Vec<Happening>,
    by: MemberId,
    what: Happening,
    now: Timestamp,
) -> Result<(), Obstacle> {
    let event = case.next(now, Actor::Member(by), what);
    let state = case.state.clone();
    case.apply(&event).map_err(|_refused| Obstacle::State(state))?;
    events.push(event.what);
    Ok(())
}

/// How a member votes whose decision is the board's.
fn own_vote(wish: &Wish) -> Happening {
    match wish {
        Wish::Approve { conditions, .. } => {
            let texts: Vec<&str> = conditions.iter().map(|condition| condition.text.as_str()).collect();
            let ballot = if conditions.is_empty() { Ballot::For } else { Ballot::ForWithConditions };
            Happening::Voted { ballot, reason: texts.join("\n") }
        }
        Wish::Reject { reason } => Happening::Voted { ballot: Ballot::Against, reason: reason.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duo::{Modifier, ProposedUse};
    use crate::grant::Reach;
    use crate::grant::course::DutyTerms;
    use crate::id::AgreementId;
    use crate::member::{Member, MemberState};
    use crate::name::Name;
    use crate::request::board::BoardRule;
    use crate::request::columns::Columns;
    use crate::request::due::Clocks;
    use crate::request::event::{Ethics, Proposal};
    use crate::request::need::Need;
    use crate::request::steps::Graph;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn id(number: u8) -> MemberId {
        MemberId::from_bytes([number; 16])
    }

    /// Members 1 to 3 review, 4 and 5 do so from outside.
    fn board() -> Board {
        let member = |number: u8| Member {
            id: id(number),
            organization: crate::id::OrganizationId::from_bytes([1; 16]),
            email: String::new(),
            name: String::new(),
            roles: vec![if number > 3 { Role::External } else { Role::Reviewer }],
            state: MemberState::Active,
            created_at: NOW,
        };
        Board::of(&[1, 2, 3, 4, 5].map(member))
    }

    fn house(rule: BoardRule, needs: &str) -> House {
        let day = Duration::from_secs(86_400);
        let graph = Graph::new(&Need::parse(needs, &Role::parse).unwrap());
        let clocks = Clocks { check: day, review: day, answer: day, remind: day };
        let exports = Need::One(Role::Steward);
        House { board: rule, graph, clocks, duties: DutyTerms::default(), exports, export_within: day }
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

    fn columns(names: &[&str]) -> Columns {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Columns::from([(Name::parse("visits").unwrap(), names)])
    }

    fn case(ethics: Ethics, votes: &[(u8, Ballot)]) -> Case {
        let mut case = Case::default();
        let agreement = AgreementId::from_bytes([1; 16]);
        let (purpose, uses, columns) = (String::new(), ProposedUse::default(), columns(&["age", "sex"]));
        let reach = Reach::Export;
        let submitted = Happening::Submitted(Proposal { purpose, agreement, ethics, uses, columns, reach });
        for what in [submitted, Happening::Accepted] {
            case.apply(&case.next(NOW, Actor::Member(id(9)), what)).unwrap();
        }
        for (number, ballot) in votes {
            let voted = Happening::Voted { ballot: *ballot, reason: String::new() };
            case.apply(&case.next(NOW, Actor::Member(id(*number)), voted)).unwrap();
        }
        case
    }

    fn exempt() -> Ethics {
        Ethics::Exempt { reason: String::new() }
    }

    fn approve(conditions: &[&str]) -> Wish {
        let condition = |text: &&str| Condition { text: (*text).to_owned(), due: Timestamp::from_seconds(2_000) };
        let conditions = conditions.iter().map(condition).collect();
        let opening = Opening { columns: columns(&["age"]), reach: Reach::Export, days: 30 };
        Wish::Approve { grant: GrantId::from_bytes([1; 16]), opening, conditions, ethics: "number".to_owned() }
    }

    fn opens(opening: Opening) -> Wish {
        Wish::Approve { grant: GrantId::from_bytes([1; 16]), opening, conditions: Vec::new(), ethics: String::new() }
    }

    fn reject() -> Wish {
        Wish::Reject { reason: "no".to_owned() }
    }

    const ALL_FOR: [(u8, Ballot); 5] =
        [(1, Ballot::For), (2, Ballot::For), (3, Ballot::For), (4, Ballot::For), (5, Ballot::For)];

    fn decide(house: &House, case: &Case, facts: &Facts, wish: &Wish) -> Result<Vec<Happening>, Obstacle> {
        house.decide(case, &board(), facts, id(1), wish, NOW)
    }

    #[test]
    fn nobody_decides_otherwise_than_the_votes_say() {
        let house = house(BoardRule::default(), "");
        let unanimous = case(exempt(), &ALL_FOR);
        assert_eq!(decide(&house, &unanimous, &facts(), &approve(&[])).unwrap().len(), 1);
        assert_eq!(decide(&house, &unanimous, &facts(), &reject()), Err(Obstacle::Motion(Motion::Approve)));
        let unwanted = decide(&house, &unanimous, &facts(), &approve(&["a condition"]));
        assert_eq!(unwanted, Err(Obstacle::Conditions(Motion::Approve)));
        let against = case(exempt(), &ALL_FOR.map(|(number, _)| (number, Ballot::Against)));
        assert_eq!(decide(&house, &against, &facts(), &approve(&[])), Err(Obstacle::Motion(Motion::Reject)));
        assert!(decide(&house, &against, &facts(), &reject()).is_ok());
        let conditional = case(exempt(), &ALL_FOR.map(|(number, _)| (number, Ballot::ForWithConditions)));
        let missing = decide(&house, &conditional, &facts(), &approve(&[]));
        assert_eq!(missing, Err(Obstacle::Conditions(Motion::ApproveWithConditions)));
        assert!(decide(&house, &conditional, &facts(), &approve(&["a condition"])).is_ok());
        let few = decide(&house, &case(exempt(), &ALL_FOR[..4]), &facts(), &approve(&[]));
        assert_eq!(few, Err(Obstacle::Board(Inquorate::TooFewPresent)));
    }

    #[test]
    fn a_decision_narrows_what_was_asked_for_and_never_widens_it() {
        let house = house(BoardRule::default(), "");
        let case = case(exempt(), &ALL_FOR);
        let wish = |names: &[&str], days| opens(Opening { columns: columns(names), reach: Reach::Export, days });
        for narrower in [&["age"][..], &["sex"], &["age", "sex"]] {
            assert!(decide(&house, &case, &facts(), &wish(narrower, 30)).is_ok(), "{narrower:?}");
        }
        let wider = decide(&house, &case, &facts(), &wish(&["age", "name"], 30));
        assert_eq!(wider, Err(Obstacle::Wider(vec!["visits.name".to_owned()])));
        let elsewhere = Columns::from([(Name::parse("deaths").unwrap(), ["age".to_owned()].into())]);
        let elsewhere = opens(Opening { columns: elsewhere, reach: Reach::Inside, days: 30 });
        let elsewhere = decide(&house, &case, &facts(), &elsewhere);
        assert_eq!(elsewhere, Err(Obstacle::Wider(vec!["deaths.age".to_owned()])));
        let limited = DataUse { modifiers: [Modifier::TimeLimit(2)].into(), ..DataUse::default() };
        let facts = Facts { terms: Some(limited), ..facts() };
        assert!(decide(&house, &case, &facts, &wish(&["age"], 62)).is_ok());
        assert_eq!(decide(&house, &case, &facts, &wish(&["age"], 63)), Err(Obstacle::TooLong(2)));
    }

    #[test]
    fn what_was_asked_for_inside_does_not_leave_by_a_decision_on_the_request() {
        let house = house(BoardRule::default(), "");
        let wish = |reach| opens(Opening { columns: columns(&["age"]), reach, days: 30 });
        for (asked, opened, expected) in [
            (Reach::Export, Reach::Export, None),
            (Reach::Export, Reach::Inside, None),
            (Reach::Inside, Reach::Inside, None),
            (Reach::Inside, Reach::Export, Some(Obstacle::Farther)),
        ] {
            let mut case = case(exempt(), &ALL_FOR);
            case.proposal.as_mut().unwrap().reach = asked;
            assert_eq!(decide(&house, &case, &facts(), &wish(opened)).err(), expected, "{asked:?} {opened:?}");
        }
    }

    #[test]
    fn what_was_true_at_submission_is_looked_at_again() {
        let house = house(BoardRule::default(), "any(steward, auditor)");
        let gone = Facts { is_author_active: false, ..facts() };
        let mut ready = case(exempt(), &ALL_FOR);
        let unmet = BTreeSet::from([Unmet::AuthorGone]);
        assert_eq!(decide(&house, &ready, &gone, &approve(&[])), Err(Obstacle::Unmet(unmet)));
        let offices = BTreeSet::from([Role::Steward, Role::Auditor]);
        assert_eq!(decide(&house, &ready, &facts(), &approve(&[])), Err(Obstacle::Offices(offices)));
        ready.signed_off.insert(Role::Auditor, NOW);
        assert!(decide(&house, &ready, &facts(), &approve(&[])).is_ok());
    }

    #[test]
    fn an_ethics_approval_that_is_to_follow_is_a_condition_that_nobody_can_leave_out() {
        let house = house(BoardRule::default(), "");
        let by = Timestamp::from_seconds(1_500);
        let events = decide(&house, &case(Ethics::Follows { by }, &ALL_FOR), &facts(), &approve(&[])).unwrap();
        let [Happening::Decided(Decision { verdict: Verdict::Approved { conditions, .. }, count, .. })] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(conditions[..], [Condition { text: "number".to_owned(), due: by }]);
        assert_eq!((count.present, count.external_present, count.favour), (5, 2, 5));
    }

    #[test]
    fn where_one_member_is_enough_their_decision_is_check_and_vote_and_elsewhere_it_is_not() {
        let small = BoardRule { members_min: 1, external_min: 0, present_percent: 0 };
        let mut filed = case(exempt(), &[]);
        filed.state = RequestState::Submitted { submitted_at: NOW };
        let names = |events: Vec<Happening>| events.iter().map(Happening::as_str).collect::<Vec<_>>();
        let events = decide(&house(small, ""), &filed, &facts(), &approve(&[])).unwrap();
        assert_eq!(names(events), ["accepted", "voted", "decided"]);
        let events = decide(&house(small, ""), &filed, &facts(), &reject()).unwrap();
        assert_eq!(names(events), ["accepted", "voted", "decided"]);
        let large = decide(&house(BoardRule::default(), ""), &filed, &facts(), &approve(&[]));
        assert_eq!(large, Err(Obstacle::NotChecked));
        let stranger = house(small, "").decide(&filed, &board(), &facts(), id(7), &approve(&[]), NOW);
        assert_eq!(stranger, Err(Obstacle::NotChecked), "who does not sit in the board is not the board");
        filed.recused.insert(id(1), String::new());
        assert_eq!(decide(&house(small, ""), &filed, &facts(), &approve(&[])), Err(Obstacle::NotChecked));
        let voted = case(exempt(), &[(1, Ballot::Against)]);
        let late = decide(&house(small, ""), &voted, &facts(), &approve(&[]));
        assert_eq!(late, Err(Obstacle::Motion(Motion::Reject)), "a decision does not change the decider's own vote");
    }
}
