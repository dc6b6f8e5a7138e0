//! Break-glass: access in an emergency that no board decided on. It is short, said at once to those who watch, and looked at
//! afterwards by somebody else.

use crate::clock::Timestamp;
use crate::id::{GrantId, MemberId};
use crate::state::InvalidTransition;
use std::time::Duration;

/// The longest emergency, in hours. What takes longer is a request.
pub const HOURS_MAX: u64 = 24;
/// How long the review afterwards may take.
pub const REVIEW_WITHIN: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A grant that was made in an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// The grant.
    pub grant: GrantId,
    /// Who made it.
    pub opened_by: MemberId,
    /// Why it could not wait.
    pub reason: String,
    /// When.
    pub opened_at: Timestamp,
    /// What the review found, once there was one.
    pub review: Option<Review>,
}

/// What somebody found who looked at an emergency afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who looked.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// Whether it was right to do it.
    pub justified: bool,
    /// What was found.
    pub finding: String,
}

impl BreakGlass {
    /// Until when it must have been reviewed.
    pub fn review_due(&self) -> Timestamp {
        self.opened_at.plus(REVIEW_WITHIN)
    }

    /// The same with its review. Nobody reviews what they did, and nobody reviews twice.
    pub fn reviewed(&self, review: Review) -> Result<Self, InvalidTransition> {
        let refuse = |from| Err(InvalidTransition { machine: "break-glass access", from, action: "be reviewed" });
        match &self.review {
            Some(_) => refuse("reviewed"),
            None if review.by == self.opened_by => refuse("opened by the same member"),
            None => Ok(Self { review: Some(review), ..self.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_else_reviews_and_once() {
        let member = |n| MemberId::from_bytes([n; 16]);
        let at = Timestamp::from_seconds(1_000);
        let review = |n| Review { by: member(n), at, justified: true, finding: "a drill".to_owned() };
        let opened = BreakGlass {
            grant: GrantId::from_bytes([1; 16]),
            opened_by: member(1),
            reason: "a drill".to_owned(),
            opened_at: at,
            review: None,
        };
        assert!(opened.reviewed(review(1)).is_err());
        let reviewed = opened.reviewed(review(2)).unwrap();
        assert_eq!(reviewed.review, Some(review(2)));
        assert!(reviewed.reviewed(review(3)).is_err());
        assert_eq!(opened.review_due().since(at), REVIEW_WITHIN);
    }
}
