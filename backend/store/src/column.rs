//! How domain values stand in columns: identifiers and names as text, times as microseconds, counts as `BIGINT`.

use crate::StoreError;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::Bilingual;
use mudeung_core::grant::Reach;
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use std::fmt::Display;
use std::str::FromStr;

/// Reads an identifier.
pub(crate) fn id<T: FromStr<Err: Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| StoreError::Corrupt(format!("`{text}`: {error}")))
}

/// Reads how far what a grant opens may go.
pub(crate) fn reach(text: &str) -> Result<Reach, StoreError> {
    Reach::parse(text).ok_or_else(|| unknown("reach of a grant", text))
}

/// Reads a name.
pub(crate) fn name(text: &str) -> Result<Name, StoreError> {
    Name::parse(text).map_err(|error| StoreError::Corrupt(format!("`{text}`: {error}")))
}

/// Reads a tier.
pub(crate) fn tier(text: &str) -> Result<Tier, StoreError> {
    Tier::parse(text).ok_or_else(|| unknown("tier", text))
}

/// A count as a column; the few counts beyond 2⁶³ (a quota without end) become the largest there is.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads a count, which is never negative.
pub(crate) fn count_back(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|error| StoreError::Corrupt(format!("a count of {value}: {error}")))
}

/// Reads a small number, for instance a version's.
pub(crate) fn number_back(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|error| StoreError::Corrupt(format!("a number of {value}: {error}")))
}

/// Reads 32 bytes.
pub(crate) fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|error| StoreError::Corrupt(format!("a hash of {} bytes: {error}", bytes.len())))
}

/// Reads the time that a state needs to be complete.
pub(crate) fn since(at: Option<i64>, state: &str) -> Result<Timestamp, StoreError> {
    at.map(Timestamp::from_micros).ok_or_else(|| StoreError::Corrupt(format!("`{state}` without its time")))
}

/// A value of a closed list that is not in it.
pub(crate) fn unknown(what: &str, text: &str) -> StoreError {
    StoreError::Corrupt(format!("unknown {what} `{text}`"))
}

/// Roles as a column: their names, with spaces between them.
pub(crate) fn roles_text(roles: &[Role]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    names.join(" ")
}

/// Reads roles.
pub(crate) fn roles(text: &str) -> Result<Vec<Role>, StoreError> {
    text.split_terminator(' ').map(|name| Role::parse(name).ok_or_else(|| unknown("role", name))).collect()
}

/// A text in two languages from its two columns.
pub(crate) const fn bilingual(ko: String, en: String) -> Bilingual {
    Bilingual { ko, en }
}
