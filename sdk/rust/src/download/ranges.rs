//! Large files over several connections: ranges that are fetched side by side and written one after the other.
//!
//! What is on the disk is always a beginning of the file, so a download that was stopped goes on as any other does. A
//! range that is here before its turn waits in memory; there are never more of them than connections.

use super::{Download, Interruption, WRITE_BYTES, range_start, refused, strong_etag};
use crate::client::Client;
use crate::download::part::Part;
use crate::error::ApiError;
use crate::rows::receipt;
use bytes::{Bytes, BytesMut};
use reqwest::header::{IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use std::collections::VecDeque;
use std::ops::Range;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How large files are transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Connections at a time for one file; at least one.
    pub connections: usize,
    /// Bytes that one connection fetches at once. A file that is not longer comes in one piece. Up to `connections`
    /// times as much waits in memory.
    pub range_bytes: u64,
}

impl Default for Transfer {
    fn default() -> Self {
        Self { connections: 4, range_bytes: 16 * 1024 * 1024 }
    }
}

/// What a connection brings.
enum Brought {
    Receipt(u64),
    Bytes(Bytes),
    Nothing(Interruption),
}

impl Download<'_> {
    /// Fetches the rest of a file in ranges. Servers that know no ranges give it in one piece.
    pub(super) async fn fetch_ranges(
        &self,
        part: &mut Part,
        receipt_index: &mut Option<u64>,
        report: &mut impl FnMut(u64),
    ) -> Result<(), Interruption> {
        let (transfer, size) = (self.client().transfer(), self.item.size_bytes);
        let next = |from: u64| from..from.saturating_add(transfer.range_bytes.max(1)).min(size);
        let first = next(part.len());
        // The first answer tells the entity tag, which the other ranges must have as well.
        let response = ask(self.client(), &self.item.url, &first, part.etag()).await?;
        *receipt_index = receipt(response.headers()).or(*receipt_index);
        let Some(etag) = strong_etag(response.headers()).map(str::to_owned) else {
            return self.fetch_in_one(part, receipt_index, report).await;
        };
        if response.status() == StatusCode::OK {
            part.restart()?;
            part.keep_etag(&etag).await?;
            return self.take(response, part, report).await;
        }
        part.keep_etag(&etag).await?;
        let mut tasks = JoinSet::new();
        let mut start = |range: Range<u64>, response: Option<Response>| {
            let (sender, receiver) = unbounded_channel();
            let (client, url, etag) = (self.client().clone(), self.item.url.clone(), etag.clone());
            tasks.spawn(Connection { client, url, etag, range, sender }.run(response));
            receiver
        };
        let mut planned = first.end;
        let mut lined_up = VecDeque::from([start(first, Some(response))]);
        while let Some(mut receiver) = lined_up.pop_front() {
            while planned < size && lined_up.len() + 1 < transfer.connections.max(2) {
                let range = next(planned);
                planned = range.end;
                lined_up.push_back(start(range, None));
            }
            self.write(&mut receiver, part, receipt_index, report).await?;
        }
        match part.len() < size {
            true => Err(Interruption::Cut(short(part.len(), size))),
            false => Ok(()),
        }
    }

    /// Writes what one connection brings.
    async fn write(
        &self,
        receiver: &mut UnboundedReceiver<Brought>,
        part: &mut Part,
        receipt_index: &mut Option<u64>,
        report: &mut impl FnMut(u64),
    ) -> Result<(), Interruption> {
        let mut waiting = BytesMut::new();
        loop {
            let brought = receiver.recv().await;
            if let Some(Brought::Bytes(bytes)) = &brought {
                waiting.extend_from_slice(bytes);
                if waiting.len() < WRITE_BYTES {
                    continue;
                }
            }
            if !waiting.is_empty() {
                report(part.append(waiting.split().freeze()).await?);
            }
            match brought {
                Some(Brought::Bytes(_)) => {}
                Some(Brought::Receipt(index)) => *receipt_index = Some(index),
                Some(Brought::Nothing(interruption)) => return Err(interruption),
                None => return Ok(()),
            }
        }
    }
}

/// Fetches one range, and goes on where it was cut.
struct Connection {
    client: Client,
    url: String,
    etag: String,
    /// What is still to come.
    range: Range<u64>,
    sender: UnboundedSender<Brought>,
}

impl Connection {
    async fn run(mut self, mut open: Option<Response>) {
        let mut failed = 0;
        while !self.range.is_empty() {
            let before = self.range.start;
            let Err(interruption) = self.fetch(open.take()).await else { continue };
            failed = if self.range.start > before { 1 } else { failed + 1 };
            let given_up = match interruption {
                Interruption::Cut(error) => match self.client.retry().wait(failed, error.asked_wait()) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => Interruption::Final(error),
                },
                other => other,
            };
            // Nobody listens when the download was stopped.
            let _ = self.sender.send(Brought::Nothing(given_up));
            return;
        }
    }

    async fn fetch(&mut self, open: Option<Response>) -> Result<(), Interruption> {
        let mut response = match open {
            Some(response) => response,
            None => {
                let response = ask(&self.client, &self.url, &self.range, Some(&self.etag)).await?;
                if response.status() == StatusCode::OK {
                    return Err(Interruption::StartOver);
                }
                response
            }
        };
        if let Some(index) = receipt(response.headers()) {
            let _ = self.sender.send(Brought::Receipt(index));
        }
        loop {
            let chunk = response.chunk().await.map_err(|error| Interruption::Cut(ApiError::transport(error)))?;
            let Some(bytes) = chunk else {
                return match self.range.is_empty() {
                    true => Ok(()),
                    false => Err(Interruption::Cut(short(self.range.start, self.range.end))),
                };
            };
            let here = self.range.start.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            if here > self.range.end {
                return Err(Interruption::StartOver);
            }
            self.range.start = here;
            let _ = self.sender.send(Brought::Bytes(bytes));
        }
    }
}

/// Asks for a range; the answer begins with it, or is the whole file.
pub(crate) async fn ask(
    client: &Client,
    url: &str,
    range: &Range<u64>,
    etag: Option<&str>,
) -> Result<Response, Interruption> {
    // The address is the capability: the token stays here, the address may lead to another host.
    let mut request = client.http().get(url);
    request = request.header(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
    if let Some(etag) = etag {
        request = request.header(IF_RANGE, etag);
    }
    let response = request.send().await.map_err(|error| match error.is_builder() {
        true => Interruption::Final(ApiError::transport(error)),
        false => Interruption::Cut(ApiError::transport(error)),
    })?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(range.start) => {}
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => return Err(Interruption::StartOver),
        _ => return Err(refused(response).await),
    }
    client.note_receipt(response.headers());
    Ok(response)
}

fn short(have: u64, wanted: u64) -> ApiError {
    ApiError::Unexpected { status: 206, what: format!("{have} of {wanted} bytes arrived") }
}
