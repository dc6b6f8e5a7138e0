//! Lists that may be long: what is sought in them, and a part at a time.

use super::page::query_value;
use actix_web::HttpRequest;

/// The longest text that is sought, in characters.
const TEXT_MAX: usize = 100;

/// What is sought in a list, and after which item the part begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Sought {
    /// The text that is sought; everything when it is empty.
    pub(super) text: String,
    after: String,
    newest_first: bool,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Part<T> {
    /// Its items.
    pub(super) items: Vec<T>,
    /// Where the next part is.
    pub(super) next: Option<String>,
}

impl Sought {
    /// What a request seeks (`q`), from where on (`after`).
    pub(super) fn of(request: &HttpRequest) -> Self {
        let value = |name| query_value(request.query_string(), name).unwrap_or_default();
        let text = value("q").trim().chars().take(TEXT_MAX).collect();
        Self { text, after: value("after"), newest_first: false }
    }

    /// The same in a list in descending order of its keys.
    pub(super) fn newest_first(self) -> Self {
        Self { newest_first: true, ..self }
    }

    /// Whether the whole list is shown from its beginning.
    pub(super) fn is_everything(&self) -> bool {
        self.text.is_empty() && self.after.is_empty()
    }

    /// Whether one of the texts has what is sought, in capitals or not.
    pub(super) fn finds(&self, texts: &[&str]) -> bool {
        let wanted = self.text.to_lowercase();
        wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    }

    /// The part of a list in the order of its keys, on the page `at`.
    pub(super) fn part<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
        most: usize,
        at: &str,
    ) -> Part<T> {
        let comes_after = |key: String| if self.newest_first { key < self.after } else { key > self.after };
        let mut rest = all.into_iter().filter(|item| self.after.is_empty() || comes_after(key(item))).peekable();
        let mut items = Vec::new();
        while items.len() < most
            && let Some(item) = rest.next()
        {
            items.push(item);
        }
        let last = items.last().filter(|_| rest.peek().is_some());
        let next = last.map(|last| {
            let query = [("q", self.text.clone()), ("after", key(last))];
            let query = query.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
            format!("{at}?{}", serde_urlencoded::to_string(query).unwrap_or_default())
        });
        Part { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_parts_together_are_the_list_in_its_order(
            keys in prop::collection::btree_set("[a-c]{1,4}", 0..40),
            text in "[a-c]{0,1}",
            most in 1..10_usize,
            newest_first: bool,
        ) {
            let sought = |after: &str| Sought { text: text.clone(), after: after.to_owned(), newest_first };
            let mut keys: Vec<String> = keys.into_iter().collect();
            if newest_first {
                keys.reverse();
            }
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let of = sought(&after);
                let found = keys.iter().filter(|key| of.finds(&[key]));
                let part = of.part(found, |key| (*key).clone(), most, "/en/list");
                prop_assert!(part.items.len() <= most);
                seen.extend(part.items.into_iter().cloned());
                let Some(next) = part.next else { break };
                let query = next.split_once('?').unwrap().1;
                prop_assert_eq!(query_value(query, "q").unwrap_or_default(), text.clone());
                after = query_value(query, "after").unwrap();
            }
            let expected: Vec<String> = keys.into_iter().filter(|key| key.contains(&text)).collect();
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn names_are_found_in_capitals_or_not_and_in_korean() {
        let sought = |text: &str| Sought { text: text.to_owned(), ..Sought::default() };
        for (text, is_found) in [("", true), ("ACME", true), ("무등", true), ("org_1", true), ("other", false)] {
            assert_eq!(sought(text).finds(&["Acme 무등", "org_1"]), is_found, "{text}");
        }
    }
}
