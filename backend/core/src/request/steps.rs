//! The steps of the hospital's answer and what each waits for: a graph, not a list.

use crate::member::Role;
use crate::request::need::Need;
use std::collections::BTreeSet;

/// A step of the hospital's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The completeness check (형식검토).
    Check,
    /// The opinion of an office: of somebody with that role.
    SignOff(Role),
    /// The votes of the board (실질심의).
    Votes,
    /// The decision that follows from them.
    Decision,
}

/// Which steps there are, and what each waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    rules: Vec<(Step, Need<Step>)>,
    decision: Need<Step>,
}

impl Graph {
    /// The graph of a hospital that wants these offices to agree before a decision.
    pub fn new(sign_offs: &Need<Role>) -> Self {
        let checked = Need::One(Step::Check);
        let opinions = sign_offs.map(&|role| Step::SignOff(*role));
        let decision = Need::All(vec![checked.clone(), Need::One(Step::Votes), opinions.clone()]);
        let mut rules = vec![(Step::Check, Need::All(Vec::new())), (Step::Votes, checked.clone())];
        rules.extend(opinions.things().into_iter().map(|step| (step, checked.clone())));
        rules.push((Step::Decision, decision.clone()));
        Self { rules, decision }
    }

    /// The steps that can be taken now and are worth taking. An opinion that is not needed any more is not.
    pub fn open(&self, is_done: &impl Fn(&Step) -> bool) -> BTreeSet<Step> {
        let useful = self.decision.missing(is_done);
        let ready = |(step, after): &&(Step, Need<Step>)| {
            after.is_met(is_done) && !is_done(step) && (*step == Step::Decision || useful.contains(step))
        };
        self.rules.iter().filter(ready).map(|(step, _)| *step).collect()
    }

    /// The offices whose opinion counts.
    pub fn offices(&self) -> BTreeSet<Role> {
        let office = |step: Step| if let Step::SignOff(role) = step { Some(role) } else { None };
        self.decision.things().into_iter().filter_map(office).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(needs: &str, done: &[Step]) -> Vec<Step> {
        let graph = Graph::new(&Need::parse(needs, &Role::parse).unwrap());
        graph.open(&|step| done.contains(step)).into_iter().collect()
    }

    #[test]
    fn the_board_waits_for_the_check_and_the_decision_for_the_board() {
        assert_eq!(open("", &[]), [Step::Check]);
        assert_eq!(open("", &[Step::Check]), [Step::Votes]);
        assert_eq!(open("", &[Step::Check, Step::Votes]), [Step::Decision]);
    }

    #[test]
    fn opinions_are_given_beside_the_votes_and_asked_for_no_longer_than_needed() {
        let (steward, auditor) = (Step::SignOff(Role::Steward), Step::SignOff(Role::Auditor));
        let either = "any(steward, auditor)";
        assert_eq!(open(either, &[Step::Check]), [steward, auditor, Step::Votes]);
        assert_eq!(open(either, &[Step::Check, Step::Votes]), [steward, auditor]);
        assert_eq!(open(either, &[Step::Check, Step::Votes, auditor]), [Step::Decision]);
        let both = "all(steward, auditor)";
        assert_eq!(open(both, &[Step::Check, Step::Votes, auditor]), [steward]);
        let two = "2 of (steward, auditor, admin)";
        assert_eq!(open(two, &[Step::Check, auditor, steward]), [Step::Votes]);
    }
}
