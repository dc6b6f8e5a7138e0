//! What went wrong in a query, in words for its author.

use datafusion::error::DataFusionError;
use mudeung_core::reader::ReadError;
use tokio::task::JoinError;

const CANNOT_RUN: &str = "the query cannot be run; try to write it another way";
/// The longest explanation that is passed on.
const TEXT_CHARS_MAX: usize = 1_000;

/// A failed query as an answer to its author.
pub(super) fn bad_query(problem: DataFusionError, memory_bytes: usize) -> ReadError {
    match problem.find_root() {
        DataFusionError::ResourcesExhausted(_) => ReadError::LimitReached(format!(
            "the query needs more than {} MiB of memory; filter more, or group by fewer values",
            memory_bytes / (1024 * 1024)
        )),
        DataFusionError::External(inner) => match inner.downcast_ref::<ReadError>() {
            Some(own) => own.clone(),
            None => ReadError::BadQuery(shorten(&inner.to_string())),
        },
        DataFusionError::ExecutionJoin(join) => panicked(join),
        DataFusionError::Internal(text) => {
            tracing::warn!(%text, "the query engine refused a query");
            ReadError::BadQuery(CANNOT_RUN.to_owned())
        }
        root => ReadError::BadQuery(shorten(&root.strip_backtrace())),
    }
}

/// A query whose work stopped in the middle. Damaged files are told apart where they are read.
pub(super) fn panicked(problem: &JoinError) -> ReadError {
    tracing::error!(%problem, "the query engine gave up on a query");
    ReadError::BadQuery(CANNOT_RUN.to_owned())
}

fn shorten(text: &str) -> String {
    let plain = ["SQL error: ", "Error during planning: ", "Schema error: ", "Execution error: ", "Arrow error: "]
        .iter()
        .fold(text, |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    plain.chars().take(TEXT_CHARS_MAX).collect()
}
