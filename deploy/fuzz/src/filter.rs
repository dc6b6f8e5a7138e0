//! Filters of rows.

use mudeung_core::filter::{CONDITIONS_MAX, Filter, TEXT_MAX, Test, VALUES_MAX};

/// A filter keeps to the limits and is read the same when it is written in its plainest form; an error points into the
/// text.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Filter::parse(text) {
        Ok(filter) => {
            assert!((1..=CONDITIONS_MAX).contains(&filter.conditions.len()), "{text}");
            for condition in &filter.conditions {
                assert!(!matches!(&condition.test, Test::In(values) if values.len() > VALUES_MAX), "{text}");
            }
            let plain = filter.to_string();
            if plain.len() <= TEXT_MAX {
                assert_eq!(Filter::parse(&plain).as_ref(), Ok(&filter), "{plain}");
            }
        }
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.position), "{error} of {text:?}"),
    }
}
