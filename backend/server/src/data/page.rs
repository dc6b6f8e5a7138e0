//! Pages of a list: an opaque, authenticated cursor that says where the next one starts, and in which list.

use crate::data::params::Params;
use crate::data::signature::keyed;
use crate::fault::Fault;
use crate::state::App;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use mudeung_wire::api::Page;
use mudeung_wire::problem::Code;

const MAC_BYTES: usize = 16;
const CURSOR_MAX: usize = 1_024;

/// Where a page starts and how long it is.
#[derive(Debug)]
pub struct Window {
    list: String,
    after: Option<String>,
    items_max: usize,
}

impl Window {
    /// Reads `cursor` and `limit`. A cursor of another list, or one that we did not make, is refused.
    pub fn of(app: &App, list: &str, params: &Params) -> Result<Self, Fault> {
        let most = u64::try_from(app.config.limits.page_items).unwrap_or(1).max(1);
        let limit = params.number("limit", 1, most)?.unwrap_or(most);
        Self::starting(app, list, params.get("cursor"), limit)
    }

    /// A window of so many items that starts where a cursor says. A cursor of another list is refused.
    pub fn starting(app: &App, list: &str, cursor: Option<&str>, limit: u64) -> Result<Self, Fault> {
        let after = match cursor {
            None => None,
            Some(text) => Some(open(app.keys.cursor().expose(), list, text).ok_or_else(invalid_cursor)?),
        };
        Ok(Self { list: list.to_owned(), after, items_max: usize::try_from(limit).unwrap_or(1) })
    }

    /// The key after which the page starts, for a list that is read from that key on.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The cursor of the page that starts after a key.
    pub fn cursor(&self, app: &App, key: &str) -> String {
        seal(app.keys.cursor().expose(), &self.list, key)
    }

    /// Items on the page.
    pub const fn items_max(&self) -> usize {
        self.items_max
    }

    /// The page of a list whose items come with their keys, in ascending order of them.
    pub fn page<T>(mut self, app: &App, items: impl IntoIterator<Item = (String, T)>) -> Page<T> {
        let after = self.after.take();
        self.page_of_rest(app, items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)))
    }

    /// The page of a list that was read from [`Window::after`] on, with at least one item more than the page has.
    pub fn page_of_rest<T>(self, app: &App, rest: impl IntoIterator<Item = (String, T)>) -> Page<T> {
        let mut rest = rest.into_iter().peekable();
        let mut page = Page { items: Vec::new(), next_cursor: None };
        let mut last = None;
        while page.items.len() < self.items_max
            && let Some((key, item)) = rest.next()
        {
            page.items.push(item);
            last = Some(key);
        }
        if rest.peek().is_some() {
            page.next_cursor = last.map(|key| seal(app.keys.cursor().expose(), &self.list, &key));
        }
        page
    }
}

fn invalid_cursor() -> Fault {
    Fault::new(
        Code::InvalidCursor,
        "The cursor is not one of this list. Start again without a cursor.",
        "이 목록의 커서가 아닙니다. 커서 없이 처음부터 다시 조회하세요.",
    )
}

fn tag(key: &[u8; 32], list: &str, after: &[u8]) -> Vec<u8> {
    let mut mac = keyed(key);
    mac.update(list.as_bytes());
    mac.update(&[0]);
    mac.update(after);
    let mut tag = mac.finalize().into_bytes().to_vec();
    tag.truncate(MAC_BYTES);
    tag
}

/// Seals where a list goes on.
pub fn seal(key: &[u8; 32], list: &str, after: &str) -> String {
    let mut bytes = tag(key, list, after.as_bytes());
    bytes.extend_from_slice(after.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Opens what was sealed for this list.
pub fn open(key: &[u8; 32], list: &str, text: &str) -> Option<String> {
    if text.len() > CURSOR_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (given, after) = bytes.split_at_checked(MAC_BYTES)?;
    let genuine: bool = subtle::ConstantTimeEq::ct_eq(given, tag(key, list, after).as_slice()).into();
    if genuine { String::from_utf8(after.to_vec()).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_opens_in_its_own_list_alone(list in "\\PC{0,20}", after in "\\PC{0,40}") {
            let cursor = seal(&[1; 32], &list, &after);
            prop_assert_eq!(open(&[1; 32], &list, &cursor), Some(after));
            prop_assert_eq!(open(&[1; 32], &format!("{list}x"), &cursor), None);
            prop_assert_eq!(open(&[2; 32], &list, &cursor), None);
        }

        #[test]
        fn any_other_text_is_no_cursor(text in "\\PC{0,80}") {
            prop_assert_eq!(open(&[1; 32], "list", &text), None);
        }
    }
}
