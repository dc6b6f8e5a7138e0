//! `synth`: rows of a synthetic table, made anew, on the screen or into a file.

use crate::args::{Shape, SynthArguments};
use crate::failure::Failure;
use crate::output::{self, Sink};
use crate::query::by_ending;
use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches_with_schema;
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, Format};

pub(crate) async fn run(client: &Client, arguments: SynthArguments, json: bool) -> Result<(), Failure> {
    let shape = match (arguments.format, json) {
        (Some(shape), _) => shape,
        (None, true) => Shape::Json,
        (None, false) => by_ending(arguments.out.as_deref())?,
    };
    let (dataset, table) = arguments
        .table
        .split_once('.')
        .ok_or_else(|| Failure::Input(format!("{}: name the table DATASET.TABLE", arguments.table)))?;
    let mut request = client.table(&format!("{dataset}.synthetic.{table}"))?.synthesize(arguments.rows);
    request = request.columns(&arguments.columns);
    if let Some(seed) = arguments.seed {
        request = request.seed(seed);
    }
    let (format, binary) = match shape {
        Shape::Table | Shape::Arrow => (Format::Arrow, true),
        Shape::Csv => (Format::Csv, false),
        Shape::Json => (Format::Json, false),
        Shape::Jsonl => (Format::JsonLines, false),
        Shape::Parquet => (Format::Parquet, true),
    };
    let mut raw = request.send_as(format).await?;
    let (seed, receipt) = (raw.seed(), raw.receipt());
    let mut sink = Sink::open(arguments.out.as_deref(), binary && shape != Shape::Table)?;
    if shape == Shape::Table {
        let rows = raw.batches().await?;
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        let table = pretty_format_batches_with_schema(schema, &batches).map_err(ApiError::from)?;
        sink.write(format!("{table}\n").as_bytes())?;
    } else {
        while let Some(bytes) = raw.try_next().await? {
            sink.write(&bytes)?;
        }
    }
    sink.finish()?;
    let told = |what: &str, value: Option<u64>| value.map(|value| format!("; {what} {value}")).unwrap_or_default();
    output::note(&format!("simulated, of nobody{}{}", told("seed", seed), told("ledger entry", receipt)));
    Ok(())
}
