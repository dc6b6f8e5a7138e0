//! Pages as the protocol names them, over the cursors that every list has.

use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::visit::Visitor;
use crate::fault::Fault;
use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct Items<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one starts; absent on the last.
    #[serde(rename = "nextPageToken", skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The page of a list that `maxResults` and `pageToken` name. Items come with their keys, in ascending order of them.
pub fn page<T>(
    visitor: &Visitor,
    list: &str,
    query: &str,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<Items<T>, Fault> {
    let params = Params::known(query, &["maxResults", "pageToken"])?;
    let most = u64::try_from(visitor.app.config.limits.page_items).unwrap_or(1).max(1);
    // More than the server gives is no mistake: it gives what it gives.
    let wanted = params.number("maxResults", 0, u64::from(u32::MAX))?.unwrap_or(most).min(most);
    let window =
        Window::starting(&visitor.app, list, params.get("pageToken").filter(|token| !token.is_empty()), wanted)?;
    let again = (wanted == 0).then(|| window.after().unwrap_or_default().to_owned());
    let after = again.map(|key| window.cursor(&visitor.app, &key));
    let page = window.page(&visitor.app, items);
    Ok(Items { items: page.items, next_page_token: page.next_cursor.or(after) })
}

/// A sealed text for a client to bring back.
pub fn seal(visitor: &Visitor, purpose: &str, text: &str) -> String {
    crate::data::page::seal(visitor.app.keys.cursor().expose(), purpose, text)
}

/// Opens a text that was sealed for this purpose.
pub fn open(visitor: &Visitor, purpose: &str, parameter: &str, sealed: &str) -> Result<String, Fault> {
    let opened = crate::data::page::open(visitor.app.keys.cursor().expose(), purpose, sealed);
    opened.ok_or_else(|| {
        Fault::parameter(
            parameter,
            "It is not one that this query was given. Start again without it.",
            "이 쿼리에 발급된 값이 아닙니다. 이 값 없이 처음부터 다시 조회하세요.",
        )
    })
}
