//! The data review board: who sits in it, whether enough of it is present, and what its votes say.

use crate::id::MemberId;
use crate::member::{Member, MemberState, Role};
use crate::request::case::Case;
use crate::request::event::Ballot;
use std::collections::BTreeMap;

/// How a board must be composed to decide. Validated at the decision, not before: people come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardRule {
    /// So many members must be present, which is to have voted, if only to abstain.
    pub members_min: u32,
    /// So many of them must be from outside the hospital.
    pub external_min: u32,
    /// More than this share of the seats must be present; recused members have no seat.
    pub present_percent: u32,
}

impl Default for BoardRule {
    /// Five members, two of them external, and more than half of the board.
    fn default() -> Self {
        Self { members_min: 5, external_min: 2, present_percent: 50 }
    }
}

/// The seats of a board: its members, and whether they are from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board(BTreeMap<MemberId, bool>);

/// The votes, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Seats, without those of recused members.
    pub seats: u32,
    /// External seats among them.
    pub external_seats: u32,
    /// Members who voted.
    pub present: u32,
    /// External members among them.
    pub external_present: u32,
    /// Votes for approval.
    pub favour: u32,
    /// Votes for approval with conditions.
    pub conditional: u32,
    /// Votes against it.
    pub against: u32,
    /// Abstentions.
    pub abstained: u32,
}

/// What the votes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Approve.
    Approve,
    /// Approve with conditions.
    ApproveWithConditions,
    /// Reject.
    Reject,
}

/// Why the board cannot decide yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inquorate {
    /// The board has fewer seats than must be present, or too few external ones.
    TooSmall,
    /// Too few voted.
    TooFewPresent,
    /// Too few external members voted.
    TooFewExternal,
    /// All abstained.
    NobodySaid,
}

impl Board {
    /// The board of a hospital: its active members who review, from inside or outside. Who does both is from inside.
    pub fn of<'m>(members: impl IntoIterator<Item = &'m Member>) -> Self {
        let seat = |member: &Member| {
            let inside = member.roles.contains(&Role::Reviewer);
            let sits = inside || member.roles.contains(&Role::External);
            (sits && matches!(member.state, MemberState::Active)).then_some((member.id, !inside))
        };
        Self(members.into_iter().filter_map(seat).collect())
    }

    /// Whether a member sits in it.
    pub fn seats(&self, member: MemberId) -> bool {
        self.0.contains_key(&member)
    }

    /// Its members, and whether they are from outside.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, bool)> {
        self.0.iter().map(|(member, external)| (*member, *external))
    }

    /// Counts the votes of those who sit in it. Votes of others do not count, nor those of recused members, which are no
    /// votes.
    pub fn count(&self, case: &Case) -> Count {
        let mut count = Count::default();
        for (member, external) in self.0.iter().filter(|(member, _)| !case.recused.contains_key(member)) {
            count.seats += 1;
            count.external_seats += u32::from(*external);
            let Some(cast) = case.votes.get(member) else { continue };
            count.present += 1;
            count.external_present += u32::from(*external);
            *match cast.ballot {
                Ballot::For => &mut count.favour,
                Ballot::ForWithConditions => &mut count.conditional,
                Ballot::Against => &mut count.against,
                Ballot::Abstain => &mut count.abstained,
            } += 1;
        }
        count
    }
}

impl BoardRule {
    /// Whether one member may be the whole board: their decision is then their vote.
    pub const fn allows_one(&self) -> bool {
        self.members_min <= 1 && self.external_min == 0
    }

    /// What the votes say, or why they say nothing yet. More than half of those who do not abstain decide; a tie is no
    /// approval. When those without conditions are the majority alone, there are none.
    pub fn motion(&self, count: &Count) -> Result<Motion, Inquorate> {
        if count.seats < self.members_min || count.external_seats < self.external_min {
            return Err(Inquorate::TooSmall);
        }
        let more = u64::from(count.present) * 100 > u64::from(count.seats) * u64::from(self.present_percent);
        if count.present < self.members_min || !more {
            return Err(Inquorate::TooFewPresent);
        }
        if count.external_present < self.external_min {
            return Err(Inquorate::TooFewExternal);
        }
        let said = count.favour + count.conditional + count.against;
        match said {
            0 => Err(Inquorate::NobodySaid),
            _ if count.favour * 2 > said => Ok(Motion::Approve),
            _ if (count.favour + count.conditional) * 2 > said => Ok(Motion::ApproveWithConditions),
            _ => Ok(Motion::Reject),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::request::case::Cast;
    use proptest::prelude::*;

    const BALLOTS: [Ballot; 4] = Ballot::ALL;

    /// A seat as the model sees it: external, recused, and a vote or none.
    type Seat = (bool, bool, Option<usize>);

    fn make(seats: &[Seat]) -> (Board, Case) {
        let (mut board, mut case) = (Board::default(), Case::default());
        for (number, (external, recused, vote)) in (1_u8..).zip(seats) {
            let id = MemberId::from_bytes([number; 16]);
            board.0.insert(id, *external);
            if *recused {
                case.recused.insert(id, String::new());
            }
            if let Some(vote) = vote {
                let cast = Cast { ballot: BALLOTS[*vote], reason: String::new(), at: Timestamp::from_seconds(0) };
                case.votes.insert(id, cast);
            }
        }
        (board, case)
    }

    fn seats(text: &[(&str, usize)]) -> Vec<Seat> {
        let one = |kind: &str| match kind {
            "for" => (false, false, Some(0)),
            "external for" => (true, false, Some(0)),
            "conditional" => (false, false, Some(1)),
            "against" => (false, false, Some(2)),
            "abstain" => (false, false, Some(3)),
            "absent" => (false, false, None),
            "recused" => (false, true, None),
            other => panic!("{other}"),
        };
        text.iter().flat_map(|(kind, times)| std::iter::repeat_n(one(kind), *times)).collect()
    }

    fn motion(rule: BoardRule, text: &[(&str, usize)]) -> Result<Motion, Inquorate> {
        let (board, case) = make(&seats(text));
        rule.motion(&board.count(&case))
    }

    #[test]
    fn five_with_two_from_outside_decide_and_fewer_do_not() {
        let rule = BoardRule::default();
        assert_eq!(motion(rule, &[("for", 3), ("external for", 2)]), Ok(Motion::Approve));
        assert_eq!(motion(rule, &[("for", 2), ("external for", 2)]), Err(Inquorate::TooSmall));
        assert_eq!(motion(rule, &[("for", 4), ("external for", 1)]), Err(Inquorate::TooSmall));
        assert_eq!(motion(rule, &[("for", 2), ("external for", 2), ("absent", 1)]), Err(Inquorate::TooFewPresent));
        assert_eq!(motion(rule, &[("for", 3), ("external for", 2), ("absent", 5)]), Err(Inquorate::TooFewPresent));
        assert_eq!(motion(rule, &[("for", 2), ("external for", 2), ("recused", 1)]), Err(Inquorate::TooSmall));
        let mut two = seats(&[("for", 5), ("external for", 2)]);
        two[6].2 = None;
        let (board, case) = make(&two);
        assert_eq!(rule.motion(&board.count(&case)), Err(Inquorate::TooFewExternal));
    }

    #[test]
    fn more_than_half_of_those_who_say_something_decide() {
        let rule = BoardRule { members_min: 1, external_min: 0, present_percent: 0 };
        assert_eq!(motion(rule, &[("for", 2), ("conditional", 1)]), Ok(Motion::Approve));
        assert_eq!(motion(rule, &[("for", 1), ("conditional", 1)]), Ok(Motion::ApproveWithConditions));
        assert_eq!(motion(rule, &[("for", 1), ("conditional", 1), ("against", 1)]), Ok(Motion::ApproveWithConditions));
        assert_eq!(motion(rule, &[("for", 1), ("against", 1)]), Ok(Motion::Reject), "a tie is no approval");
        assert_eq!(motion(rule, &[("for", 1), ("abstain", 9)]), Ok(Motion::Approve));
        assert_eq!(motion(rule, &[("abstain", 9)]), Err(Inquorate::NobodySaid));
        assert_eq!(motion(rule, &[("recused", 3)]), Err(Inquorate::TooSmall));
        assert_eq!(motion(rule, &[("absent", 3)]), Err(Inquorate::TooFewPresent));
    }

    proptest! {
        /// The same, said as a naive reader of the rules would.
        #[test]
        fn the_count_agrees_with_the_naive_model(
            given in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::option::of(0_usize..4)), 0..12),
            members_min in 1_u32..7, external_min in 0_u32..4, present_percent in 0_u32..100,
        ) {
            let rule = BoardRule { members_min, external_min, present_percent };
            let (board, case) = make(&given);
            let sitting: Vec<&Seat> = given.iter().filter(|seat| !seat.1).collect();
            let present: Vec<&&Seat> = sitting.iter().filter(|seat| seat.2.is_some()).collect();
            let votes = |which: usize| present.iter().filter(|seat| seat.2 == Some(which)).count();
            let quorum = present.len() >= usize::try_from(members_min).unwrap()
                && present.iter().filter(|seat| seat.0).count() >= usize::try_from(external_min).unwrap()
                && present.len() * 100 > sitting.len() * usize::try_from(present_percent).unwrap()
                && votes(3) < present.len();
            let yes = votes(0) + votes(1) > votes(2);
            let motion = rule.motion(&board.count(&case));
            prop_assert_eq!(motion.is_ok(), quorum);
            if let Ok(motion) = motion {
                prop_assert_eq!(motion != Motion::Reject, yes);
                prop_assert_eq!(motion == Motion::Approve, votes(0) > votes(1) + votes(2));
            }
        }

        /// Whoever is recused might as well not sit in the board.
        #[test]
        fn a_recused_member_counts_for_nothing(
            given in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::option::of(0_usize..4)), 0..12),
        ) {
            let (board, case) = make(&given);
            let without: Vec<Seat> = given.iter().filter(|seat| !seat.1).copied().collect();
            let (smaller, fewer) = make(&without);
            prop_assert_eq!(board.count(&case), smaller.count(&fewer));
        }
    }
}
