//! What every state machine of the domain answers when a transition is not allowed.

/// A transition that the state machine does not have.
///
/// ```
/// use mudeung_core::state::InvalidTransition;
/// let e = InvalidTransition { machine: "app", from: "revoked", action: "resume" };
/// assert_eq!(e.to_string(), "a revoked app cannot resume");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {from} {machine} cannot {action}")]
pub struct InvalidTransition {
    /// The noun whose state it is, for instance `app`.
    pub machine: &'static str,
    /// The state it is in.
    pub from: &'static str,
    /// The verb that was refused.
    pub action: &'static str,
}
