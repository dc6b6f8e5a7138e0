//! Read-only SQL over the tables that a caller may see.
//!
//! A caller's session holds nothing but those tables, each cut to its visible columns with its row filter beneath
//! (`table`): what is hidden does not exist, so no wording of a query can reach it. Queries run on threads of their
//! own, with memory, time, text and output bounded.

mod problem;
mod session;
mod table;

#[cfg(test)]
mod tests;

use crate::answer::Encoder;
use crate::stored::StoredFile;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::physical_plan::execute_stream;
use futures_core::Stream;
use futures_util::StreamExt;
use mudeung_core::reader::{Chunk, Chunks, QueryRequest, ReadError, TableAddress};
use problem::bad_query;
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use session::Planned;

pub(crate) use session::referenced_tables;

/// Planning recurses as deep as a query nests; its threads get room for the deepest text that is let in.
pub(crate) const STACK_BYTES: usize = 256 * 1024 * 1024;

/// One query's share of the engine.
pub(crate) struct Limits {
    pub(crate) memory_bytes: usize,
    pub(crate) time_max: Duration,
}

/// How a query reaches the stored files.
pub(crate) type Opener = Box<dyn Fn(&TableAddress, &str) -> Result<Arc<StoredFile>, ReadError> + Send + Sync>;

/// Starts a query. Returns once its first piece is made, so that a bad query is an error instead of a broken stream.
pub(crate) async fn stream(
    threads: &Handle,
    request: QueryRequest,
    open: Opener,
    limits: Limits,
    permit: OwnedSemaphorePermit,
) -> Result<Chunks, ReadError> {
    let (sender, receiver) = mpsc::channel(1);
    let memory_bytes = limits.memory_bytes;
    let task = threads.spawn(async move {
        if let Err(problem) = run(request, open, memory_bytes, &sender).await {
            // When nobody is listening any more, nobody needs to know.
            drop(sender.send(Err(problem)).await);
        }
        // Held until the work has really ended, also when the caller left long before.
        drop(permit);
    });
    let mut answer =
        Answer { receiver, task, time_left: limits.time_max, time_max: limits.time_max, waiting: None, done: false };
    match answer.next().await {
        Some(Ok(first)) => Ok(Box::pin(futures_util::stream::iter([Ok(first)]).chain(answer))),
        Some(Err(problem)) => Err(problem),
        None => Ok(Box::pin(futures_util::stream::empty())),
    }
}

async fn run(
    request: QueryRequest,
    open: Opener,
    memory_bytes: usize,
    sender: &mpsc::Sender<Result<Chunk, ReadError>>,
) -> Result<(), ReadError> {
    let (plan, context) = match session::plan(&request, &open, memory_bytes).await? {
        Planned::Rows(plan, context) => (plan, context),
        Planned::Explanation(text) => {
            let piece = explanation(&text, &request)?;
            drop(sender.send(Ok(piece)).await);
            return Ok(());
        }
    };
    let columns = Columns::new(&plan.schema())?;
    let mut encoder = Encoder::new(request.format, columns.schema.clone()).map_err(|problem| unwritable(&problem))?;
    let mut batches = execute_stream(plan, context).map_err(|problem| bad_query(problem, memory_bytes))?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|problem| bad_query(problem, memory_bytes))?;
        if batch.num_rows() == 0 {
            continue;
        }
        let batch = columns.shape(&batch).map_err(|problem| unwritable(&problem))?;
        if let Some(piece) = encoder.encode(&batch).map_err(|problem| unwritable(&problem))?
            && sender.send(Ok(piece)).await.is_err()
        {
            return Ok(());
        }
    }
    let last = encoder.finish().map_err(|problem| unwritable(&problem))?;
    drop(sender.send(Ok(last)).await);
    Ok(())
}

/// A plan as rows of one column.
fn explanation(text: &str, request: &QueryRequest) -> Result<Chunk, ReadError> {
    let lines = text.lines().take(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(lines));
    let batch = RecordBatch::try_from_iter([("plan", column)]).map_err(|problem| unwritable(&problem))?;
    let mut encoder = Encoder::new(request.format, batch.schema()).map_err(|problem| unwritable(&problem))?;
    let first = encoder.encode(&batch).map_err(|problem| unwritable(&problem))?;
    let last = encoder.finish().map_err(|problem| unwritable(&problem))?;
    let bytes = [first.as_ref().map_or(&[][..], |chunk| &chunk.bytes), &last.bytes].concat();
    Ok(Chunk { bytes: bytes.into(), rows: first.map_or(0, |chunk| chunk.rows) + last.rows })
}

fn unwritable(problem: &ArrowError) -> ReadError {
    ReadError::BadQuery(format!("the result cannot be written in this format: {problem}"))
}

/// The columns of the answer: those of the result, in types that every reader knows.
struct Columns {
    schema: SchemaRef,
}

impl Columns {
    fn new(result: &Schema) -> Result<Self, ReadError> {
        let mut seen = HashSet::new();
        if let Some(twice) = result.fields().iter().find(|field| !seen.insert(field.name())) {
            let text = format!("two columns of the result are named `{}`; rename one with `as`", twice.name());
            return Err(ReadError::BadQuery(text));
        }
        let plain = |field: &Arc<Field>| {
            let data_type = match field.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                other => other.clone(),
            };
            Field::new(field.name(), data_type, field.is_nullable())
        };
        Ok(Self { schema: Arc::new(Schema::new(result.fields().iter().map(plain).collect::<Vec<_>>())) })
    }

    fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let fields = self.schema.fields().iter();
        let columns: Result<Vec<ArrayRef>, ArrowError> =
            batch.columns().iter().zip(fields).map(|(column, field)| cast(column, field.data_type())).collect();
        RecordBatch::try_new(self.schema.clone(), columns?)
    }
}

/// An answer under way. Dropping it stops the query at its next pause.
struct Answer {
    receiver: mpsc::Receiver<Result<Chunk, ReadError>>,
    task: JoinHandle<()>,
    /// Working time that is left; time in which the reader is slow does not count.
    time_left: Duration,
    time_max: Duration,
    /// Since when the reader waits, and the alarm that ends the wait.
    waiting: Option<(Instant, Pin<Box<tokio::time::Sleep>>)>,
    done: bool,
}

impl Answer {
    fn end(&mut self, problem: ReadError) -> Poll<Option<Result<Chunk, ReadError>>> {
        self.done = true;
        self.task.abort();
        Poll::Ready(Some(Err(problem)))
    }
}

impl Stream for Answer {
    type Item = Result<Chunk, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Poll::Ready(received) = self.receiver.poll_recv(context) {
            if let Some((since, _)) = self.waiting.take() {
                self.time_left = self.time_left.saturating_sub(since.elapsed());
            }
            return match received {
                Some(Ok(piece)) => Poll::Ready(Some(Ok(piece))),
                Some(Err(problem)) => self.end(problem),
                None => match std::task::ready!(Pin::new(&mut self.task).poll(context)) {
                    Ok(()) => {
                        self.done = true;
                        Poll::Ready(None)
                    }
                    Err(problem) => self.end(problem::panicked(&problem)),
                },
            };
        }
        let time_left = self.time_left;
        let waiting = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(time_left))));
        if waiting.1.as_mut().poll(context).is_ready() {
            let text = format!("the query took longer than {} seconds", self.time_max.as_secs());
            return self.end(ReadError::LimitReached(text));
        }
        Poll::Pending
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
