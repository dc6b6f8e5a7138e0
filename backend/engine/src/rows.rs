//! Rows of one table as a stream: decoded off the async threads, one piece ahead of the reader, and when the machine has
//! threads to spare some batches of the row groups that follow.

mod ahead;

use crate::answer::Encoder;
use crate::scan::Scan;
use ahead::Ahead;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures_core::Stream;
use mudeung_core::reader::{Chunk, Chunks, Format, ReadError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, JoinHandle};

/// Rows on their way, all of one schema. A batch may be empty: it is a moment at which to stop.
pub(crate) struct Batches {
    /// Their columns.
    pub(crate) schema: SchemaRef,
    /// The rows.
    pub(crate) batches: Box<dyn Iterator<Item = Result<RecordBatch, ReadError>> + Send>,
}

impl Batches {
    /// Those of a scan, on so many threads.
    pub(crate) fn of_scan(scan: Scan, threads: usize) -> Self {
        Self { schema: scan.schema(), batches: Box::new(Ahead::new(scan, threads)) }
    }
}

/// Starts an answer. Returns once its first piece is made, so that a bad request or a damaged file is an error
/// instead of a broken stream.
pub(crate) async fn stream(
    open: impl FnOnce() -> Result<Batches, ReadError> + Send + 'static,
    format: Format,
    time_max: Duration,
    permit: OwnedSemaphorePermit,
) -> Result<Chunks, ReadError> {
    let stopped = Arc::new(AtomicBool::new(false));
    let watched = stopped.clone();
    let first = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        let Batches { schema, batches } = open()?;
        let encoder = Encoder::new(format, schema).map_err(|problem| encoding(&problem))?;
        let mut maker = Maker { batches, encoder: Some(encoder), stopped: watched, time_left: time_max };
        maker.time_left = maker.time_left.saturating_sub(started.elapsed());
        maker.make()
    });
    let mut answer = Answer { ready: None, making: None, idle: None, stopped, _permit: permit };
    let (maker, piece) = first.await.map_err(|problem| panicked(&problem))??;
    answer.idle = Some(maker);
    answer.ready = Some(piece);
    Ok(Box::pin(answer))
}

/// A reader that failed to answer at all: only a damaged file makes the decoder panic.
pub(crate) fn panicked(problem: &JoinError) -> ReadError {
    tracing::error!(%problem, "decoding stopped");
    ReadError::Damaged("a stored file could not be decoded".to_owned())
}

fn encoding(problem: &ArrowError) -> ReadError {
    ReadError::BadRequest(format!("the rows cannot be written in this format: {problem}"))
}

/// Makes the pieces of an answer, on a thread that may block.
struct Maker {
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ReadError>> + Send>,
    /// `None` after the last piece.
    encoder: Option<Encoder>,
    stopped: Arc<AtomicBool>,
    /// Decoding time that is left; time in which the reader is slow does not count.
    time_left: Duration,
}

impl Maker {
    /// Makes the next piece; an empty one after the last.
    fn make(mut self) -> Result<(Self, Chunk), ReadError> {
        let started = Instant::now();
        let nothing = Chunk { bytes: bytes::Bytes::new(), rows: 0 };
        while let Some(mut encoder) = self.encoder.take() {
            if self.stopped.load(Ordering::Relaxed) {
                break;
            }
            if started.elapsed() > self.time_left {
                return Err(ReadError::LimitReached("reading took too long; ask for fewer rows".to_owned()));
            }
            let Some(batch) = self.batches.next().transpose()? else {
                let last = encoder.finish().map_err(|problem| encoding(&problem))?;
                return Ok((self, last));
            };
            let piece = match batch.num_rows() {
                0 => None,
                _ => encoder.encode(&batch).map_err(|problem| encoding(&problem))?,
            };
            self.encoder = Some(encoder);
            if let Some(piece) = piece {
                self.time_left = self.time_left.saturating_sub(started.elapsed());
                return Ok((self, piece));
            }
        }
        Ok((self, nothing))
    }
}

type Making = JoinHandle<Result<(Maker, Chunk), ReadError>>;

/// An answer under way. Dropping it stops the work at the next batch.
struct Answer {
    ready: Option<Chunk>,
    making: Option<Making>,
    idle: Option<Maker>,
    stopped: Arc<AtomicBool>,
    _permit: OwnedSemaphorePermit,
}

impl Answer {
    /// Starts on the piece after the one that is about to be sent.
    fn look_ahead(&mut self) {
        if let Some(maker) = self.idle.take().filter(|maker| maker.encoder.is_some()) {
            self.making = Some(tokio::task::spawn_blocking(move || maker.make()));
        }
    }
}

impl Stream for Answer {
    type Item = Result<Chunk, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(piece) = self.ready.take() {
                self.look_ahead();
                if !piece.bytes.is_empty() {
                    return Poll::Ready(Some(Ok(piece)));
                }
            }
            let Some(making) = self.making.as_mut() else { return Poll::Ready(None) };
            let made = ready!(Pin::new(making).poll(context));
            self.making = None;
            match made.unwrap_or_else(|problem| Err(panicked(&problem))) {
                Ok((maker, piece)) => {
                    self.idle = Some(maker);
                    self.ready = Some(piece);
                }
                Err(problem) => return Poll::Ready(Some(Err(problem))),
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
