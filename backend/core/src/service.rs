//! The service as a whole: serving, or paused by its operator.

use crate::clock::Timestamp;
use crate::state::InvalidTransition;

/// Whether the service gives tokens and data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ServiceState {
    /// It does.
    #[default]
    Running,
    /// It does not, for anybody.
    Paused {
        /// Since when.
        paused_at: Timestamp,
        /// Who paused it: a member's identifier, or the command line.
        by: String,
        /// Why.
        reason: String,
    },
}

impl ServiceState {
    /// The state's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused { .. } => "paused",
        }
    }

    /// Whether nobody gets anything.
    pub const fn is_paused(&self) -> bool {
        matches!(self, Self::Paused { .. })
    }

    /// Stops everything for a while.
    pub fn pause(self, by: String, reason: String, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Running => Ok(Self::Paused { paused_at: now, by, reason }),
            Self::Paused { .. } => Err(self.refuse("be paused")),
        }
    }

    /// Lets the service give again.
    pub fn resume(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Paused { .. } => Ok(Self::Running),
            Self::Running => Err(self.refuse("resume")),
        }
    }

    const fn refuse(&self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "service", from: self.as_str(), action }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_paused_and_resumed_once_each() {
        let now = Timestamp::from_seconds(7);
        let pause = |state: ServiceState| state.pause("mem".to_owned(), "drill".to_owned(), now);
        let paused = pause(ServiceState::Running).unwrap();
        assert!(paused.is_paused());
        assert_eq!(pause(paused.clone()).unwrap_err().to_string(), "a paused service cannot be paused");
        assert_eq!(paused.resume().unwrap(), ServiceState::Running);
        assert_eq!(ServiceState::Running.resume().unwrap_err().to_string(), "a running service cannot resume");
    }
}
