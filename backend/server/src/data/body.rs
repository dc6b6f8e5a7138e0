//! Answers under way: every piece is checked, counted and paid for before it is handed to the socket, and whatever
//! ends an answer (its last byte, a client that goes away, a revocation) ends in one OUTCOME with true counts.

use crate::data::budget::{Hold, Short};
use crate::data::lease::Lease;
use crate::data::range::share_of_rows;
use crate::data::standing::Standing;
use crate::fault::Fault;
use crate::record::Opened;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use mudeung_core::budget::STEP;
use mudeung_core::quota::Amount;
use mudeung_core::reader::{Chunk, Chunks};
use mudeung_wire::ledger::entry::Status;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Interval;

/// How often an answer that waits for its next piece looks whether it may still be given.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Why an answer stopped on the way; also what its OUTCOME says. The connection is cut, so that no client takes half
/// an answer for a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cut(&'static str);

/// What a read stands on is gone.
const REVOKED: Cut = Cut("access_ended");
/// The budget is used up.
const EXHAUSTED: Cut = Cut("quota_exhausted");
/// More rows than one answer may have.
const TOO_LONG: Cut = Cut("limit_reached");
/// The data could not be read to its end.
const UNREADABLE: Cut = Cut("read_failed");

/// A read with an INTENT of its own.
pub struct OwnRead {
    /// The durable INTENT.
    pub opened: Opened,
    /// What was set aside.
    pub hold: Hold,
    /// What it stands on.
    pub standings: Vec<Standing>,
}

/// Whom a piece of a file is counted for.
pub enum Payer {
    /// The read itself.
    Own {
        /// The read.
        read: Box<OwnRead>,
        /// Rows of the whole file.
        file_rows: u64,
        /// Length of the whole file.
        file_len: u64,
    },
    /// The lease it belongs to, and what the range has set aside.
    Lease(Arc<Lease>, Hold),
}

/// A file or a part of one, of known length.
pub struct FileBody {
    chunks: Chunks,
    len: u64,
    sent: u64,
    payer: Option<Payer>,
    cut: Option<Cut>,
}

impl FileBody {
    /// The answer made of these chunks, `len` bytes in all.
    pub fn new(chunks: Chunks, len: u64, payer: Payer) -> Self {
        Self { chunks, len, sent: 0, payer: Some(payer), cut: None }
    }

    fn holds(&self) -> bool {
        match &self.payer {
            Some(Payer::Own { read, .. }) => read.holds(),
            Some(Payer::Lease(lease, _)) => lease.holds(),
            None => false,
        }
    }

    fn stop(&mut self, cut: Cut, cx: &Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        self.finish(Some(cut));
        self.cut = Some(cut);
        after_a_flush(cx)
    }

    /// Counts the end, once.
    fn finish(&mut self, cut: Option<Cut>) {
        let complete = self.sent == self.len;
        match self.payer.take() {
            Some(Payer::Own { read, file_rows, file_len }) => {
                let rows = share_of_rows(file_rows, self.sent, file_len);
                read.finish(Amount { bytes: self.sent, rows }, complete, cut);
            }
            Some(Payer::Lease(lease, hold)) => {
                lease.range_ended(self.len, self.sent, Some(hold), cut.map(|cut| cut.0));
            }
            None => {}
        }
    }
}

impl MessageBody for FileBody {
    type Error = Cut;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.len)
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let this = self.get_mut();
        if let Some(cut) = this.cut {
            return Poll::Ready(Some(Err(cut)));
        }
        if this.sent == this.len {
            this.finish(None);
            return Poll::Ready(None);
        }
        if !this.holds() {
            return this.stop(REVOKED, cx);
        }
        let mut bytes = match this.chunks.as_mut().poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(chunk))) => chunk.bytes,
            Poll::Ready(Some(Err(error))) => {
                tracing::error!("a file could not be read to its end: {error}");
                return this.stop(UNREADABLE, cx);
            }
            Poll::Ready(None) => {
                tracing::error!(len = this.len, sent = this.sent, "a file ended before its end");
                return this.stop(UNREADABLE, cx);
            }
        };
        let left = this.len.saturating_sub(this.sent);
        bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        this.sent = this.sent.saturating_add(length(&bytes));
        if this.sent == this.len {
            this.finish(None);
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Drop for FileBody {
    fn drop(&mut self) {
        self.finish(None);
    }
}

impl OwnRead {
    /// Whether everything it stands on is there still.
    fn holds(&self) -> bool {
        self.standings.iter().all(|standing| standing.holds(self.opened.app()))
    }

    fn finish(self, sent: Amount, complete: bool, cut: Option<Cut>) {
        let Self { mut opened, hold, .. } = self;
        opened.count(sent.bytes, sent.rows);
        let status = if complete { Status::Completed } else { Status::Aborted };
        opened.close(status, cut.map(|cut| cut.0.to_owned()));
        // After the OUTCOME is handed over, so that nothing is booked which the ledger does not know.
        hold.settle(sent);
    }
}

/// Rows, of a length that nobody knows before the end.
pub struct RowBody {
    first: Option<Bytes>,
    chunks: Chunks,
    read: Option<OwnRead>,
    sent: Amount,
    rows_max: u64,
    ticks: Interval,
    cut: Option<Cut>,
    /// A piece that waits until more of the budget is at hand.
    waiting: Option<(Chunk, LocalBoxFuture<'static, Result<(), Fault>>)>,
}

/// Why a piece must not leave.
pub enum Stopped {
    /// More rows than one answer may have.
    TooLong,
    /// A budget is used up.
    Short(Short),
}

impl RowBody {
    /// The answer made of a first chunk, which proved that the read works, and the rest. With more rows than
    /// `rows_max` it is cut; when the first chunk alone is too much, there is no answer.
    pub fn new(first: Option<Chunk>, chunks: Chunks, read: OwnRead, rows_max: u64) -> Result<Self, Stopped> {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (read, sent) = (Some(read), Amount::ZERO);
        let mut body = Self { first: None, chunks, read, sent, rows_max, ticks, cut: None, waiting: None };
        if let Some(first) = first {
            body.pay(&first).inspect_err(|stopped| body.finish(false, Some(stopped.cut())))?;
            // An empty piece would end a chunked answer.
            body.first = Some(first.bytes).filter(|bytes| !bytes.is_empty());
        }
        Ok(body)
    }

    fn next_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, Cut>>> {
        self.chunks.as_mut().poll_next(cx).map(|next| {
            next.map(|chunk| {
                chunk.map_err(|error| {
                    tracing::warn!("an answer could not be made to its end: {error}");
                    UNREADABLE
                })
            })
        })
    }

    /// Pays for a piece, or says why it must not leave.
    fn pay(&mut self, chunk: &Chunk) -> Result<(), Stopped> {
        let amount = Amount { bytes: length(&chunk.bytes), rows: chunk.rows };
        let after = self.sent.plus(amount);
        if after.rows > self.rows_max {
            return Err(Stopped::TooLong);
        }
        if let Some(read) = &mut self.read {
            read.hold.spend(amount).map_err(Stopped::Short)?;
        }
        self.sent = after;
        Ok(())
    }

    /// Asks the other nodes for more of the budget; the piece waits.
    fn wait_for_more(&mut self, chunk: Chunk) {
        let Some(read) = &self.read else { return };
        let (app, account) = (read.opened.app().clone(), Arc::clone(read.hold.account()));
        let want = STEP.plus(Amount { bytes: length(&chunk.bytes), rows: chunk.rows });
        self.waiting = Some((chunk, Box::pin(async move { account.prepare(&app, want).await })));
    }

    /// The piece that waited, once the others have answered, whatever they said; nothing when none waits.
    fn refilled(&mut self, cx: &mut Context<'_>) -> Option<Poll<Chunk>> {
        let (_, answer) = self.waiting.as_mut()?;
        if answer.as_mut().poll(cx).is_pending() {
            return Some(Poll::Pending);
        }
        self.waiting.take().map(|(chunk, _)| Poll::Ready(chunk))
    }

    fn finish(&mut self, complete: bool, cut: Option<Cut>) {
        if let Some(OwnRead { mut opened, hold, .. }) = self.read.take() {
            opened.count(self.sent.bytes, self.sent.rows);
            let status = if complete { Status::Completed } else { Status::Aborted };
            opened.close(status, cut.map(|cut| cut.0.to_owned()));
            hold.settle(self.sent);
        }
    }

    fn stop(&mut self, cut: Cut, cx: &Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        self.finish(false, Some(cut));
        self.cut = Some(cut);
        after_a_flush(cx)
    }
}

impl MessageBody for RowBody {
    type Error = Cut;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let this = self.get_mut();
        if let Some(cut) = this.cut {
            return Poll::Ready(Some(Err(cut)));
        }
        loop {
            if this.read.as_ref().is_none_or(|read| !read.holds()) {
                return if this.read.is_none() { Poll::Ready(None) } else { this.stop(REVOKED, cx) };
            }
            if let Some(first) = this.first.take() {
                return Poll::Ready(Some(Ok(first)));
            }
            let (next, last_try) = match this.refilled(cx) {
                Some(refilled) => (refilled.map(|chunk| Some(Ok(chunk))), true),
                None => (this.next_chunk(cx), false),
            };
            match next {
                Poll::Ready(Some(Ok(chunk))) => match this.pay(&chunk) {
                    Ok(()) if chunk.bytes.is_empty() => {}
                    Ok(()) => return Poll::Ready(Some(Ok(chunk.bytes))),
                    Err(Stopped::Short(_)) if !last_try => this.wait_for_more(chunk),
                    Err(stopped) => return this.stop(stopped.cut(), cx),
                },
                Poll::Ready(Some(Err(cut))) => return this.stop(cut, cx),
                Poll::Ready(None) => {
                    this.finish(true, None);
                    return Poll::Ready(None);
                }
                Poll::Pending => match this.ticks.poll_tick(cx) {
                    Poll::Ready(_) => {}
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl Drop for RowBody {
    fn drop(&mut self) {
        self.finish(false, None);
    }
}

impl Stopped {
    const fn cut(&self) -> Cut {
        match self {
            Self::TooLong => TOO_LONG,
            Self::Short(_) => EXHAUSTED,
        }
    }
}

/// The headers of a file without the file, for `HEAD`.
pub struct HeadBody(pub u64);

impl MessageBody for HeadBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Comes back once what was handed over has had its turn at the socket: an error throws away what is not written yet,
/// and that was counted.
fn after_a_flush<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
