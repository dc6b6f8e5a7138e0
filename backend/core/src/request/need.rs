//! What is needed, said as all of, any of, or so many of some things.

use std::collections::BTreeSet;

/// How deep needs may be nested.
const DEPTH_MAX: usize = 8;
/// How many parts one need may have.
const PARTS_MAX: usize = 16;

/// A need for things of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need<T> {
    /// One thing.
    One(T),
    /// Each of them. All of nothing is met.
    All(Vec<Self>),
    /// So many of them. Any of them is one of them.
    Of(usize, Vec<Self>),
}

/// A text that is not a need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a need: write a name, `all(a, b)`, `any(a, b)` or `2 of (a, b, c)`")]
pub struct InvalidNeed;

impl<T: Ord + Clone> Need<T> {
    /// Whether what is done is enough.
    pub fn is_met(&self, is_done: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::One(thing) => is_done(thing),
            Self::All(parts) => parts.iter().all(|part| part.is_met(is_done)),
            Self::Of(count, parts) => parts.iter().filter(|part| part.is_met(is_done)).count() >= *count,
        }
    }

    /// What is worth doing still: nothing when the need is met.
    pub fn missing(&self, is_done: &impl Fn(&T) -> bool) -> BTreeSet<T> {
        if self.is_met(is_done) {
            return BTreeSet::new();
        }
        match self {
            Self::One(thing) => BTreeSet::from([thing.clone()]),
            Self::All(parts) | Self::Of(_, parts) => parts.iter().flat_map(|part| part.missing(is_done)).collect(),
        }
    }

    /// All things it names.
    pub fn things(&self) -> BTreeSet<T> {
        match self {
            Self::One(thing) => BTreeSet::from([thing.clone()]),
            Self::All(parts) | Self::Of(_, parts) => parts.iter().flat_map(Self::things).collect(),
        }
    }

    /// The same need for other things.
    pub fn map<U>(&self, to: &impl Fn(&T) -> U) -> Need<U> {
        let each = |parts: &[Self]| parts.iter().map(|part| part.map(to)).collect();
        match self {
            Self::One(thing) => Need::One(to(thing)),
            Self::All(parts) => Need::All(each(parts)),
            Self::Of(count, parts) => Need::Of(*count, each(parts)),
        }
    }

    /// Reads a need; an empty text is the need of nothing.
    ///
    /// ```
    /// use mudeung_core::member::Role;
    /// use mudeung_core::request::need::Need;
    /// let need = Need::parse("all(steward, any(auditor, admin))", &Role::parse).unwrap();
    /// assert!(need.is_met(&|role| *role != Role::Admin));
    /// assert!(Need::parse("3 of (steward, auditor)", &Role::parse).is_err());
    /// ```
    pub fn parse(text: &str, name: &impl Fn(&str) -> Option<T>) -> Result<Self, InvalidNeed> {
        if text.trim().is_empty() { Ok(Self::All(Vec::new())) } else { parse(text, name, DEPTH_MAX) }
    }
}

fn parse<T>(text: &str, name: &impl Fn(&str) -> Option<T>, depth: usize) -> Result<Need<T>, InvalidNeed> {
    let text = text.trim();
    let Some((head, rest)) = text.split_once('(') else { return name(text).map(Need::One).ok_or(InvalidNeed) };
    let inner = rest.strip_suffix(')').filter(|_| depth > 0).ok_or(InvalidNeed)?;
    let parts = split(inner)?.into_iter().map(|part| parse(part, name, depth - 1)).collect::<Result<Vec<_>, _>>()?;
    match head.trim() {
        "all" => Ok(Need::All(parts)),
        "any" => Ok(Need::Of(1, parts)),
        other => {
            let count = other.strip_suffix("of").and_then(|count| count.trim().parse().ok());
            let fits = count.filter(|count| (1..=parts.len()).contains(count));
            fits.map(|count| Need::Of(count, parts)).ok_or(InvalidNeed)
        }
    }
}

/// Splits at the commas outside of all brackets.
fn split(text: &str) -> Result<Vec<&str>, InvalidNeed> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or(InvalidNeed)?,
            ',' if depth == 0 => {
                parts.push(text.get(begin..at).ok_or(InvalidNeed)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).ok_or(InvalidNeed)?);
    if depth == 0 && parts.len() <= PARTS_MAX { Ok(parts) } else { Err(InvalidNeed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_need() -> impl Strategy<Value = Need<u8>> {
        let leaf = (0_u8..6).prop_map(Need::One);
        leaf.prop_recursive(3, 24, 4, |inner| {
            let parts = proptest::collection::vec(inner, 1..4);
            prop_oneof![
                parts.clone().prop_map(Need::All),
                (parts, 1_usize..4).prop_map(|(parts, count)| Need::Of(count.min(parts.len()), parts)),
            ]
        })
    }

    fn text(need: &Need<u8>) -> String {
        let each = |parts: &[Need<u8>]| parts.iter().map(text).collect::<Vec<_>>().join(", ");
        match need {
            Need::One(thing) => thing.to_string(),
            Need::All(parts) => format!("all({})", each(parts)),
            Need::Of(1, parts) => format!("any({})", each(parts)),
            Need::Of(count, parts) => format!("{count} of ({})", each(parts)),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(need in any_need()) {
            prop_assert_eq!(Need::parse(&text(&need), &|name: &str| name.parse().ok()), Ok(need));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a0-9 of,()all]{0,40}") {
            let _ = Need::parse(&text, &|name: &str| name.parse::<u8>().ok());
        }

        /// More done never needs more, and doing all that is missing is enough.
        #[test]
        fn what_is_missing_is_enough_and_only_what_is_not_done(need in any_need(), done: u8) {
            let is_done = |thing: &u8| done & (1 << thing) != 0;
            let missing = need.missing(&is_done);
            prop_assert_eq!(missing.is_empty(), need.is_met(&is_done));
            prop_assert!(missing.iter().all(|thing| !is_done(thing)));
            prop_assert!(need.is_met(&|thing| is_done(thing) || missing.contains(thing)));
            for thing in need.things() {
                prop_assert!(!need.is_met(&is_done) || need.is_met(&|other| is_done(other) || *other == thing));
            }
        }
    }
}
