//! What the hospital stopped, why, and who may start it again.

use crate::clock::Timestamp;

/// Something that was stopped and can be started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// How wide it is: `app`, `organization`, `dataset` or `service`.
    pub level: String,
    /// What it is, by its identifier or name.
    pub target: String,
    /// Who stopped it: a member's identifier.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Stop {
    /// Whether somebody may start it again. One person stops, at once, since every minute counts; where two are asked for,
    /// nobody lifts what they stopped themselves.
    pub fn may_be_lifted_by(&self, who: &str, two_people: bool) -> bool {
        !two_people || self.by != who
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_two_are_asked_for_it_is_somebody_else_who_lifts() {
        let stop = Stop {
            level: "app".to_owned(),
            target: "app_1".to_owned(),
            by: "mbr_1".to_owned(),
            reason: "odd reads at night".to_owned(),
            at: Timestamp::from_seconds(1),
        };
        let lifts = [("mbr_1", true), ("mbr_2", true), ("mbr_1", false), ("mbr_2", false)];
        assert_eq!(lifts.map(|(who, two)| stop.may_be_lifted_by(who, two)), [false, true, true, true]);
    }
}
