//! Links that open something for whoever holds them: an identifier and a code that only the server can make, so that
//! nothing of the link itself has to be kept.

use super::forgery;
use crate::state::App;
use std::str::FromStr;

/// What a link is for; one for another thing is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Become a member.
    Invitation,
    /// Set a new password.
    PasswordReset,
}

impl Purpose {
    const fn mark(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password reset",
        }
    }
}

/// The secret part of the address of a link.
pub(crate) fn token(app: &App, purpose: Purpose, id: &str) -> String {
    format!("{id}.{}", forgery::code(app, purpose.mark(), id))
}

/// What a link names, when its code is right. Whether that still opens anything is another question.
pub(crate) fn read<T: FromStr>(app: &App, purpose: Purpose, token: &str) -> Option<T> {
    let (id, code) = token.split_once('.').filter(|_| token.len() <= 128)?;
    forgery::is_same(code, &forgery::code(app, purpose.mark(), id)).then(|| id.parse().ok()).flatten()
}
