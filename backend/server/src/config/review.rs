//! How the hospital reviews access requests: its board, its offices, its clocks.

use mudeung_core::grant::course::DutyTerms;
use mudeung_core::member::Role;
use mudeung_core::request::board::BoardRule;
use mudeung_core::request::due::Clocks;
use mudeung_core::request::need::Need;
use mudeung_core::request::ruling::House;
use mudeung_core::request::steps::Graph;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// A board with more seats than that is a mistake of the configuration.
const MEMBERS_MAX: u32 = 100;
const DAYS_MAX: u32 = 365;
/// A report takes longer to write than an answer.
const REPORT_REMINDED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How the hospital reviews access requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewConfig {
    /// Members of the data review board who must have voted. 1 lets one reviewer decide alone.
    pub members_min: u32,
    /// Members from outside the hospital among them.
    pub external_min: u32,
    /// More than this share of the board must have voted, in percent.
    pub present_percent: u32,
    /// The offices whose opinion an approval needs: `"all(steward, auditor)"`, `"any(…)"`, `"2 of (…)"`; none by default.
    #[serde(deserialize_with = "offices")]
    pub sign_offs: Need<Role>,
    /// Days for the completeness check.
    pub check_days: u32,
    /// Days for the board's decision.
    pub review_days: u32,
    /// Days that a company has to change what was returned; afterwards the request lapses.
    pub answer_days: u32,
    /// Days before a step is due that people are reminded, and after it that the operator is told.
    pub remind_days: u32,
    /// The offices whose consent the export of a result needs: `"any(steward, reviewer)"` by default. Each consent is another
    /// member's.
    #[serde(deserialize_with = "offices")]
    pub exports: Need<Role>,
    /// Days for the decision on the export of a result; the result is kept so long.
    pub export_days: u32,
    /// Days from one report of a company on a grant to the next; 0 asks for none.
    pub report_days: u32,
    /// Days after the end of a grant by which what was read under it must be declared destroyed.
    pub destruction_days: u32,
}

impl Default for ReviewConfig {
    fn default() -> Self {
        let BoardRule { members_min, external_min, present_percent } = BoardRule::default();
        Self {
            members_min,
            external_min,
            present_percent,
            sign_offs: Need::All(Vec::new()),
            check_days: 5,
            review_days: 20,
            answer_days: 30,
            remind_days: 2,
            exports: Need::Of(1, vec![Need::One(Role::Steward), Need::One(Role::Reviewer)]),
            export_days: 14,
            report_days: 180,
            destruction_days: 30,
        }
    }
}

impl ReviewConfig {
    /// A board of one: where a single person may decide alone, as in a demonstration.
    pub fn of_one() -> Self {
        Self { members_min: 1, external_min: 0, present_percent: 0, ..Self::default() }
    }

    /// The rules that requests are held against.
    pub fn house(&self) -> House {
        let Self { members_min, external_min, present_percent, .. } = *self;
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        House {
            board: BoardRule { members_min, external_min, present_percent },
            graph: Graph::new(&self.sign_offs),
            clocks: Clocks {
                check: days(self.check_days),
                review: days(self.review_days),
                answer: days(self.answer_days),
                remind: days(self.remind_days),
            },
            duties: DutyTerms {
                report_every: (self.report_days > 0).then(|| days(self.report_days)),
                destroy_within: days(self.destruction_days),
                remind: REPORT_REMINDED,
            },
            exports: self.exports.clone(),
            export_within: days(self.export_days),
        }
    }

    /// Refuses what no board could follow.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(1..=MEMBERS_MAX).contains(&self.members_min) {
            return Err(format!("review.members_min: from 1 to {MEMBERS_MAX}"));
        }
        if self.external_min > self.members_min {
            return Err("review.external_min: not more than review.members_min".to_owned());
        }
        if self.present_percent > 99 {
            return Err("review.present_percent: from 0 to 99; more than this share of the board must vote".to_owned());
        }
        for (key, days) in [
            ("check_days", self.check_days),
            ("review_days", self.review_days),
            ("answer_days", self.answer_days),
            ("remind_days", self.remind_days),
            ("destruction_days", self.destruction_days),
            ("export_days", self.export_days),
        ] {
            if !(1..=DAYS_MAX).contains(&days) {
                return Err(format!("review.{key}: from 1 to {DAYS_MAX}"));
            }
        }
        if self.exports.is_met(&|_| false) {
            return Err("review.exports: name at least one office; nothing leaves unseen".to_owned());
        }
        if self.report_days > DAYS_MAX {
            return Err(format!("review.report_days: from 0, for no reports, to {DAYS_MAX}"));
        }
        Ok(())
    }
}

/// Reads which offices are needed. They are offices of the hospital that have a seat at its desks.
fn offices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Need<Role>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let office = |name: &str| Role::parse(name).filter(|role| !role.is_of_company() && !matches!(role, Role::External));
    Need::parse(&text, &office).map_err(|error| {
        D::Error::custom(format!("`{text}`: {error}; the names are steward, reviewer, auditor and admin"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ReviewConfig, String> {
        let config: ReviewConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map(|()| config)
    }

    #[test]
    fn the_default_board_is_five_with_two_from_outside() {
        let rule = read("").unwrap().house().board;
        assert_eq!((rule.members_min, rule.external_min, rule.present_percent), (5, 2, 50));
        assert!(!rule.allows_one() && ReviewConfig::of_one().house().board.allows_one());
    }

    #[test]
    fn reports_can_be_done_without_and_destruction_cannot() {
        let duties = read("report_days = 0").unwrap().house().duties;
        assert_eq!((duties.report_every, duties.destroy_within), (None, Duration::from_secs(30 * 86_400)));
        assert_eq!(read("").unwrap().house().duties, DutyTerms::default());
    }

    #[test]
    fn what_no_board_could_follow_is_refused_with_the_key() {
        for (text, key) in [
            ("members_min = 0", "review.members_min"),
            ("members_min = 101", "review.members_min"),
            ("members_min = 1", "review.external_min"),
            ("present_percent = 100", "review.present_percent"),
            ("check_days = 0", "review.check_days"),
            ("answer_days = 366", "review.answer_days"),
            ("destruction_days = 0", "review.destruction_days"),
            ("export_days = 0", "review.export_days"),
            ("exports = \"\"", "review.exports"),
            ("report_days = 366", "review.report_days"),
            ("sign_offs = \"3 of (steward, auditor)\"", "not a need"),
            ("sign_offs = \"developer\"", "steward, reviewer, auditor and admin"),
            ("quorum = 3", "unknown field"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(key), "{text}: {refused}");
        }
        let offices = read("sign_offs = \"all(steward, any(auditor, admin))\"").unwrap().house().graph.offices();
        assert_eq!(offices.into_iter().collect::<Vec<_>>(), [Role::Steward, Role::Auditor, Role::Admin]);
    }
}
