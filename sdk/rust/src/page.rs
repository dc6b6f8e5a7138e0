//! Lists that come in pages, as one stream.

use crate::client::Client;
use crate::error::ApiError;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use mudeung_wire::api::Page;
use reqwest::Url;
use serde::de::DeserializeOwned;

/// A list that fetches its pages as it is read. Collect it with [`futures_util::TryStreamExt::try_collect`].
pub type Items<T> = BoxStream<'static, Result<T, ApiError>>;

enum Next {
    First,
    After(String),
    End,
}

impl Client {
    pub(crate) fn items<T>(&self, url: Result<Url, ApiError>) -> Items<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let url = match url {
            Ok(url) => url,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        let client = self.clone();
        stream::try_unfold((client, url, Next::First), |(client, url, next)| async move {
            let mut page_url = url.clone();
            match &next {
                Next::First => {}
                Next::After(cursor) => {
                    page_url.query_pairs_mut().append_pair("cursor", cursor);
                }
                Next::End => return Ok::<_, ApiError>(None),
            }
            let page: Page<T> = client.json(page_url).await?;
            let following = following(&next, page.next_cursor)?;
            Ok(Some((stream::iter(page.items.into_iter().map(Ok)), (client, url, following))))
        })
        .try_flatten()
        .boxed()
    }
}

/// A server that hands out the same cursor again would keep us reading for ever.
fn following(current: &Next, cursor: Option<String>) -> Result<Next, ApiError> {
    match (current, cursor) {
        (_, None) => Ok(Next::End),
        (Next::After(seen), Some(cursor)) if *seen == cursor => {
            Err(ApiError::Unexpected { status: 200, what: "the list does not end: its cursor repeats".to_owned() })
        }
        (_, Some(cursor)) => Ok(Next::After(cursor)),
    }
}
