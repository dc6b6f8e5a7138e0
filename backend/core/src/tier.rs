//! The two tiers a dataset is published in.

use std::fmt;

/// How close a tier is to the patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Made by a generator or a private model: open to every app with the scope.
    Synthetic,
    /// Real records, de-identified: only through a grant.
    Deidentified,
}

impl Tier {
    /// Both tiers.
    pub const ALL: [Self; 2] = [Self::Synthetic, Self::Deidentified];

    /// The tier's name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Synthetic => "synthetic",
            Self::Deidentified => "deidentified",
        }
    }

    /// Reads a tier's name; `None` when there is no such tier.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
