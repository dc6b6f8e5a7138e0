//! The clocks of a request: until when each step is to be taken, and what follows when it is not. Pure functions of the
//! events and the present.

use crate::clock::Timestamp;
use crate::request::RequestState;
use crate::request::case::Case;
use std::time::Duration;

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The completeness check, from the day of submission.
    pub check: Duration,
    /// The board's decision, from the day the request was found complete.
    pub review: Duration,
    /// The company's answer to what was returned, from that day.
    pub answer: Duration,
    /// So long before the end those whose turn it is are reminded; so long after it somebody else is told.
    pub remind: Duration,
}

/// How urgent a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// There is time.
    InTime,
    /// It is due soon: whose turn it is is reminded.
    Soon,
    /// It is overdue.
    Overdue,
    /// It has been overdue for so long that the hospital's operator is told.
    Escalated,
}

impl Clocks {
    /// When the present step is due, that of the company before that of the hospital; `None` for drafts and for what is
    /// over.
    pub fn due(&self, case: &Case) -> Option<Timestamp> {
        match case.state {
            RequestState::Submitted { submitted_at } => Some(submitted_at.plus(self.check)),
            RequestState::InReview { accepted_at } => Some(accepted_at.plus(self.review)),
            RequestState::Returned { returned_at, .. } => Some(returned_at.plus(self.answer)),
            RequestState::Conditional { .. } => self.answer_due(case).or_else(|| self.confirmation_due(case)),
            RequestState::Draft
            | RequestState::Approved { .. }
            | RequestState::Rejected { .. }
            | RequestState::Withdrawn { .. }
            | RequestState::Lapsed { .. } => None,
        }
    }

    /// When the company is to answer to the first condition of an approval that it has not answered to.
    pub fn answer_due(&self, case: &Case) -> Option<Timestamp> {
        let unanswered = case.unmet().filter(|standing| standing.answer.is_none());
        unanswered.map(|standing| standing.condition.due).min()
    }

    /// When the hospital is to have looked at the first answer to a condition that it has not looked at: it may take as
    /// long as the check of a request.
    pub fn confirmation_due(&self, case: &Case) -> Option<Timestamp> {
        let answers = case.unmet().filter_map(|standing| standing.answer.as_ref());
        answers.map(|(_, answered_at)| answered_at.plus(self.check)).min()
    }

    /// How urgent the present step is; `None` when it has no end.
    pub fn urgency(&self, case: &Case, now: Timestamp) -> Option<Urgency> {
        let due = self.due(case)?;
        Some(if now >= due.plus(self.remind) {
            Urgency::Escalated
        } else if now >= due {
            Urgency::Overdue
        } else if now.plus(self.remind) >= due {
            Urgency::Soon
        } else {
            Urgency::InTime
        })
    }

    /// When the request lapses if nothing happens: the company's clocks act, the hospital's only press. A condition that
    /// was answered in time waits on the hospital and lapses no more.
    pub fn lapses_at(&self, case: &Case) -> Option<Timestamp> {
        match case.state {
            RequestState::Returned { .. } => self.due(case),
            RequestState::Conditional { .. } => self.answer_due(case),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{GrantId, MemberId};
    use crate::request::case::Standing;
    use crate::request::event::Condition;

    const DAY: u64 = 86_400;

    fn day(days: u64) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(days * DAY).unwrap())
    }

    fn clocks() -> Clocks {
        let days = |days: u64| Duration::from_secs(days * DAY);
        Clocks { check: days(5), review: days(20), answer: days(30), remind: days(2) }
    }

    fn in_state(state: RequestState) -> Case {
        Case { state, ..Case::default() }
    }

    #[test]
    fn a_step_is_pressed_two_days_before_at_and_two_days_after_its_end() {
        let case = in_state(RequestState::Submitted { submitted_at: day(0) });
        let expected = [Urgency::InTime, Urgency::InTime, Urgency::InTime, Urgency::Soon, Urgency::Soon];
        let late = [Urgency::Overdue, Urgency::Overdue, Urgency::Escalated, Urgency::Escalated];
        for (now, urgency) in (0_u64..).zip(expected.into_iter().chain(late)) {
            assert_eq!(clocks().urgency(&case, day(now)), Some(urgency), "day {now}");
        }
        assert_eq!(clocks().lapses_at(&case), None, "the company does not pay for the hospital's delay");
        assert_eq!(clocks().due(&in_state(RequestState::InReview { accepted_at: day(1) })), Some(day(21)));
        assert_eq!(clocks().due(&in_state(RequestState::Draft)), None);
    }

    #[test]
    fn what_waits_on_the_company_lapses() {
        let returned = in_state(RequestState::Returned { returned_at: day(1), reason: String::new() });
        assert_eq!(clocks().lapses_at(&returned), Some(day(31)));
        let (by, grant) = (MemberId::from_bytes([1; 16]), GrantId::from_bytes([1; 16]));
        let state = RequestState::Conditional { decided_at: day(0), decided_by: by, grant };
        let until = |days| Standing {
            condition: Condition { text: String::new(), due: day(days) },
            answer: None,
            met_at: None,
        };
        let mut case = Case { conditions: vec![until(10), until(20)], ..in_state(state) };
        assert_eq!(clocks().lapses_at(&case), Some(day(10)));
        case.conditions[0].answer = Some((String::new(), day(3)));
        assert_eq!((clocks().lapses_at(&case), clocks().due(&case)), (Some(day(20)), Some(day(20))));
        assert_eq!(
            clocks().urgency(&case, day(9)),
            Some(Urgency::InTime),
            "what was answered presses the company no more"
        );
        assert_eq!(clocks().confirmation_due(&case), Some(day(8)), "five days after the answer");
        case.conditions[1].answer = Some((String::new(), day(4)));
        assert_eq!((clocks().lapses_at(&case), clocks().due(&case)), (None, Some(day(8))));
        case.conditions[0].met_at = Some(day(4));
        assert_eq!((clocks().lapses_at(&case), clocks().due(&case)), (None, Some(day(9))));
        case.conditions[1].met_at = Some(day(5));
        assert_eq!((clocks().due(&case), clocks().confirmation_due(&case)), (None, None));
    }
}
