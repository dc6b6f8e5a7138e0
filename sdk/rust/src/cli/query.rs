//! `query`: SQL or rows of one table, on the screen or into a file.

use crate::args::{QueryArguments, Shape};
use crate::failure::Failure;
use crate::output::{self, Sink};
use crate::scan;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::pretty::pretty_format_batches_with_schema;
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, Format, QueryJob, RawRows};
use std::path::Path;

/// More rows than this are not for the screen, unless they are asked for.
const SCREEN_ROWS: u64 = 50;

pub(crate) async fn run(client: &Client, arguments: QueryArguments, json: bool) -> Result<(), Failure> {
    let shape = match (arguments.format, json) {
        (Some(shape), _) => shape,
        (None, true) => Shape::Json,
        (None, false) => by_ending(arguments.out.as_deref())?,
    };
    let (format, binary) = match shape {
        Shape::Table => return show(client, arguments).await,
        shape if arguments.files => return scan::write(client, &arguments, shape).await,
        Shape::Csv => (Format::Csv, false),
        Shape::Json => (Format::Json, false),
        Shape::Jsonl => (Format::JsonLines, false),
        Shape::Arrow => (Format::Arrow, true),
        Shape::Parquet => (Format::Parquet, true),
    };
    let out = arguments.out.clone();
    let mut sink = Sink::open(out.as_deref(), binary)?;
    let mut raw = ask(client, &arguments, arguments.limit, format).await?;
    while let Some(bytes) = raw.try_next().await? {
        sink.write(&bytes)?;
    }
    sink.finish()
}

async fn show(client: &Client, arguments: QueryArguments) -> Result<(), Failure> {
    // One more than is shown tells whether there are more.
    let limit = arguments.limit.unwrap_or(SCREEN_ROWS + 1);
    let (schema, mut batches, whence) = read(client, &arguments, limit).await?;
    let count = batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    let shown = usize::try_from(arguments.limit.unwrap_or(SCREEN_ROWS)).unwrap_or(usize::MAX);
    let has_more = count > shown;
    if has_more {
        keep_first(&mut batches, shown);
    }
    let table = pretty_format_batches_with_schema(schema, &batches).map_err(ApiError::from)?;
    let mut sink = Sink::open(arguments.out.as_deref(), false)?;
    sink.write(format!("{table}\n").as_bytes())?;
    sink.finish()?;
    let more = if has_more { "; there are more, see --limit" } else { "" };
    output::note(&format!("{} rows{more}{whence}", count.min(shown)));
    Ok(())
}

/// Rows for the screen, and where they are from.
async fn read(
    client: &Client,
    arguments: &QueryArguments,
    limit: u64,
) -> Result<(SchemaRef, Vec<RecordBatch>, String), Failure> {
    if arguments.files {
        let mut scan = scan::open(client, arguments, Some(limit)).await?;
        let mut batches = Vec::new();
        while let Some(batch) = scan.try_next().await? {
            batches.push(batch);
        }
        return Ok((scan.schema(), batches, format!("; {}", scan::fetched(&scan))));
    }
    let rows = ask(client, arguments, Some(limit), Format::Arrow).await?.batches().await?;
    let entry = rows.receipt().map(|receipt| format!("; ledger entry {receipt}")).unwrap_or_default();
    Ok((rows.schema(), rows.try_collect().await?, entry))
}

async fn ask(
    client: &Client,
    arguments: &QueryArguments,
    limit: Option<u64>,
    format: Format,
) -> Result<RawRows, Failure> {
    Ok(match (&arguments.sql, &arguments.table) {
        (Some(sql), _) => {
            let request = client.query(sql);
            let request = if let Some(limit) = limit { request.limit(limit) } else { request };
            match arguments.background {
                true => wait(request.submit(format).await?).await?,
                false => request.send_as(format).await?,
            }
        }
        (None, Some(table)) => {
            let mut request = client.table(table)?.rows().columns(&arguments.columns);
            if let Some(filter) = &arguments.filter {
                request = request.filter(filter);
            }
            if let Some(limit) = limit {
                request = request.limit(limit);
            }
            request.send_as(format).await?
        }
        (None, None) => return Err(Failure::Input("give SQL or --table".to_owned())),
    })
}

/// Waits for a submitted query, and says how to find it should the wait be too long.
async fn wait(mut job: QueryJob) -> Result<RawRows, Failure> {
    let spinner = output::spinner(&format!("{} runs on the server; its result is kept for a day", job.id()));
    let raw = job.raw().await;
    spinner.finish_and_clear();
    Ok(raw?)
}

pub(crate) fn by_ending(out: Option<&Path>) -> Result<Shape, Failure> {
    let Some(path) = out else { return Ok(Shape::Table) };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(Shape::Csv),
        Some("json") => Ok(Shape::Json),
        Some("jsonl" | "ndjson") => Ok(Shape::Jsonl),
        Some("arrow" | "arrows") => Ok(Shape::Arrow),
        Some("parquet") => Ok(Shape::Parquet),
        Some("txt") => Ok(Shape::Table),
        _ => Err(Failure::Input(format!("{}: say the format with --format", path.display()))),
    }
}

fn keep_first(batches: &mut Vec<RecordBatch>, mut rows: usize) {
    batches.retain_mut(|batch| {
        let kept = batch.num_rows().min(rows);
        rows -= kept;
        *batch = batch.slice(0, kept);
        kept > 0
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_file_names_the_format() {
        assert_eq!(by_ending(None).unwrap(), Shape::Table);
        assert_eq!(by_ending(Some(Path::new("a/b.parquet"))).unwrap(), Shape::Parquet);
        assert!(matches!(by_ending(Some(Path::new("a/b"))), Err(Failure::Input(_))));
    }
}
