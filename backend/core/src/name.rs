//! Names of datasets, tables and columns as they appear in addresses.

use std::fmt;

/// A name: 1 to 64 characters of `a-z`, `0-9`, `_` and `-`, starting with a letter or digit. Upper case is refused,
/// so that two names never differ by case alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A text that is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 characters of a-z, 0-9, _ and -, and starts with a letter or digit")]
pub struct InvalidName;

impl Name {
    /// Reads a name.
    ///
    /// ```
    /// use mudeung_core::name::Name;
    /// assert!(Name::parse("lymph_node").is_ok());
    /// assert!(Name::parse("../etc").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let mut bytes = text.bytes();
        let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if head && rest && text.len() <= 64 { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}
