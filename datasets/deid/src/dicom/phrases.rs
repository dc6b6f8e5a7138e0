//! The list of descriptions that may stay: whole values, since a part of a sentence can name somebody.

use std::collections::BTreeSet;

/// Descriptions that may stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrases(BTreeSet<String>);

impl Phrases {
    /// Reads one phrase a line; empty lines and lines that begin with `#` are passed over.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(canonical).collect())
    }

    /// Whether a value is one of them; case and runs of spaces make no difference.
    pub(super) fn contains(&self, value: &str) -> bool {
        self.0.contains(&canonical(value))
    }
}

fn canonical(text: &str) -> String {
    let words = text.split(|c: char| c == '\0' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}
