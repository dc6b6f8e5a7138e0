//! Whom a file is about: pseudonym, shift and new identifiers, by the keys of the release whose tables it joins.

use crate::key::{KeyError, ProjectKeys, ReleaseKey};
use crate::transform::{pseudonym_integer, pseudonym_text};
use jiff::civil::Date;

/// The domain of study, series and instance identifiers.
const UID_DOMAIN: &str = "dicom uid";

/// How the tables of a release name and shift a person; images follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRule {
    /// The release's name, from its recipe.
    pub release: String,
    /// Whom it is for, from its recipe.
    pub recipient: String,
    /// The domain of the persons' pseudonyms.
    pub domain: String,
    /// Whether pseudonyms are integers.
    pub integer: bool,
    /// Whether the raw identifiers are numbers, so that `0017` names the person whom the tables know as `17`.
    pub number: bool,
    /// The largest shift of dates, in weeks.
    pub weeks: u32,
}

/// The keys of a release with the rule that they are used by.
pub(super) struct Pseudonyms<'a> {
    rule: &'a PersonRule,
    keys: ProjectKeys,
}

/// A person of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// What the person is called in the release.
    pub(super) pseudonym: String,
    /// By how many days the person's dates move.
    pub(super) days: i32,
}

impl<'a> Pseudonyms<'a> {
    pub(super) fn new(key: &ReleaseKey, rule: &'a PersonRule) -> Result<Self, KeyError> {
        Ok(Self { rule, keys: key.project(&rule.release, &rule.recipient)? })
    }

    /// The person whom an identifier names; none when it is empty.
    pub(super) fn person(&self, id: &str) -> Option<Person> {
        let id = self.canonical(id)?;
        Some(Person { pseudonym: self.pseudonym(&id), days: self.keys.shift_days(&id, self.rule.weeks) })
    }

    /// The identifier that takes the place of another.
    pub(super) fn uid(&self, uid: &str) -> String {
        let hash = self.keys.identifier(UID_DOMAIN, uid);
        let value = hash.iter().take(16).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
        format!("2.25.{value}")
    }

    /// The identifier as the tables write it before it is hashed.
    fn canonical(&self, id: &str) -> Option<String> {
        let id = id.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        match id.parse::<i64>() {
            _ if id.is_empty() => None,
            Ok(number) if self.rule.number => Some(number.to_string()),
            _ => Some(id.to_owned()),
        }
    }

    fn pseudonym(&self, id: &str) -> String {
        let hash = self.keys.identifier(&self.rule.domain, id);
        if self.rule.integer { pseudonym_integer(&hash).to_string() } else { pseudonym_text(&hash) }
    }
}

/// A date of the form `20261130`, or of the older form `2026.11.30`.
pub(super) fn read_date(text: &str) -> Option<Date> {
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    let parts = match text.len() {
        8 => (text.get(..4)?, text.get(4..6)?, text.get(6..)?),
        10 if text.get(4..5)? == "." && text.get(7..8)? == "." => (text.get(..4)?, text.get(5..7)?, text.get(8..)?),
        _ => return None,
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(parts.0) && digits(parts.1) && digits(parts.2)) {
        return None;
    }
    Date::new(parts.0.parse().ok()?, parts.1.parse().ok()?, parts.2.parse().ok()?).ok()
}

/// The date so many days later, as DICOM writes it.
pub(super) fn shift_date(text: &str, days: i32) -> Option<String> {
    let moved =
        read_date(text)?.checked_add(jiff::SignedDuration::from_hours(i64::from(days).checked_mul(24)?)).ok()?;
    (moved.year() >= 0).then(|| format!("{:04}{:02}{:02}", moved.year(), moved.month(), moved.day()))
}

/// The moment so many days later; what follows the date (time, fraction, offset) stays. A moment whose day is not said
/// cannot be moved.
pub(super) fn shift_moment(text: &str, days: i32) -> Option<String> {
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    let (date, rest) = text.split_at_checked(8)?;
    let harmless = rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-'));
    harmless.then(|| shift_date(date, days)).flatten().map(|moved| moved + rest)
}
