//! What went wrong in a query, in words for its author.

use datafusion::common::SchemaError;
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
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let known: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
                ReadError::BadQuery(no_column(&field.name, &known))
            }
            _ => ReadError::BadQuery(shorten(&problem.find_root().strip_backtrace())),
        },
        root => ReadError::BadQuery(shorten(&root.strip_backtrace())),
    }
}

/// A query whose work stopped in the middle. Damaged files are told apart where they are read.
pub(super) fn panicked(problem: &JoinError) -> ReadError {
    tracing::error!(%problem, "the query engine gave up on a query");
    ReadError::BadQuery(CANNOT_RUN.to_owned())
}

/// What to say of a column that is not there, for whoever mistyped it. Only columns that exist for the caller are named.
fn no_column(name: &str, known: &[&str]) -> String {
    const LISTED_MAX: usize = 20;
    let shown: String = name.chars().take(64).collect();
    let mut names: Vec<&str> = known.to_vec();
    names.sort_unstable();
    names.dedup();
    let wanted = shown.to_lowercase();
    let nearest = names.iter().map(|known| (distance(&wanted, &known.to_lowercase()), *known)).min();
    let near = nearest.filter(|(far, known)| *far <= 2.max(known.chars().count() / 3));
    let guess = near.map_or_else(|| ".".to_owned(), |(_, known)| format!("; did you mean `{known}`?"));
    if names.is_empty() {
        return format!("there is no column `{shown}`");
    }
    let more = if names.len() > LISTED_MAX { ", …" } else { "" };
    names.truncate(LISTED_MAX);
    format!("there is no column `{shown}`{guess} Columns here: {}{more}", names.join(", "))
}

/// In how many letters two names differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().take(64).enumerate() {
        let mut before = std::mem::replace(&mut row, vec![at + 1]);
        before.reverse();
        let mut diagonal = before.pop().unwrap_or(at);
        for there in &other {
            let above = before.pop().unwrap_or(usize::MAX - 1);
            let left = row.last().copied().unwrap_or(usize::MAX - 1);
            let changed = diagonal + usize::from(letter != *there);
            row.push(changed.min(above + 1).min(left + 1));
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

fn shorten(text: &str) -> String {
    let plain = ["SQL error: ", "Error during planning: ", "Schema error: ", "Execution error: ", "Arrow error: "]
        .iter()
        .fold(text, |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    plain.chars().take(TEXT_CHARS_MAX).collect()
}
