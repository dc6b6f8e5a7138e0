//! Rows made anew by the generator of a version, as a stream like that of stored rows.

#[cfg(test)]
mod tests;

use crate::layout::{LayoutError, arrow_schema};
use crate::place::Place;
use crate::predicate::Predicate;
use crate::rows::Batches;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{and_kleene, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use mudeung_core::reader::{Format, ReadError, SynthesisRequest, TableAddress};
use mudeung_synth::{Amount, Generator};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches that wait to be written; more are not made.
const WAITING_MAX: usize = 2;
/// Bundles of a batch: each is some ten thousand bytes.
const BATCH_BUNDLES: usize = 64;

/// Reads the generator of a table's version and binds it to the version's tables. Blocks.
pub(crate) fn load(place: &Place, table: &TableAddress) -> Result<Generator, ReadError> {
    let damaged = |problem: String| {
        let TableAddress { dataset, tier, version, .. } = table;
        ReadError::Damaged(format!("the generator of {dataset}/{tier} version {version}: {problem}"))
    };
    let manifest = place.manifest(&table.dataset, table.tier, table.version).map_err(|e| damaged(e.to_string()))?;
    let manifest = manifest.ok_or_else(|| damaged("there is no such version in the store".to_owned()))?;
    let entry = manifest.generator.as_ref().ok_or_else(|| damaged("is not published with it".to_owned()))?;
    let text = place.generator(&table.dataset, table.tier, table.version, entry).map_err(|e| damaged(e.to_string()))?;
    let schemas = manifest.tables.iter().map(|table| Ok((table.name.clone(), arrow_schema(&table.columns)?)));
    let schemas: Vec<(String, SchemaRef)> =
        schemas.collect::<Result<_, LayoutError>>().map_err(|e| damaged(e.to_string()))?;
    Generator::parse(&text, &schemas).map_err(|error| damaged(error.to_string()))
}

/// The rows of a request. They are made on a thread of their own, while those before are written.
pub(crate) fn batches(generator: Arc<Generator>, request: &SynthesisRequest) -> Result<Batches, ReadError> {
    let table = request.table.table.to_string();
    let schema = generator.tables().find(|(name, _)| *name == table).map(|(_, schema)| schema.clone());
    let schema = schema.ok_or_else(|| ReadError::Damaged(format!("the generator makes no table `{table}`")))?;
    let (rows, seed) = (request.rows, request.seed);
    let (send, receive) = sync_channel(WAITING_MAX);
    let shape = match request.format {
        Format::FhirLines => {
            whole_persons(&generator, request, &schema)?;
            None
        }
        _ => Some(Shape::new(&schema, request)?),
    };
    let answered = shape.as_ref().map_or_else(bundle_schema, |shape| shape.schema.clone());
    tokio::task::spawn_blocking(move || {
        let make = AssertUnwindSafe(|| match &shape {
            Some(shape) => make(&generator, &table, rows, seed, shape, &send),
            None => make_bundles(&generator, rows, seed, &send),
        });
        let made = catch_unwind(make).unwrap_or_else(|_panic| Err("it failed".to_owned()));
        if let Err(problem) = made {
            // Whoever went away need not know.
            drop(send.send(Err(ReadError::Damaged(format!("the generator of `{table}`: {problem}")))));
        }
    });
    Ok(Batches { schema: answered, batches: Box::new(Made(receive)) })
}

fn make(
    generator: &Generator,
    table: &str,
    rows: u64,
    seed: u64,
    shape: &Shape,
    send: &SyncSender<Result<RecordBatch, ReadError>>,
) -> Result<(), String> {
    for batch in generator.generate(table, Amount::Rows(rows), seed).map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let shaped = shape.of(&batch).map_err(|error| error.to_string())?;
        if send.send(Ok(shaped)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// A bundle is of a whole person, so nothing of it may be left out.
fn whole_persons(generator: &Generator, request: &SynthesisRequest, schema: &SchemaRef) -> Result<(), ReadError> {
    let refuse = |reason: String| Err(ReadError::BadRequest(reason));
    match bundle_table(generator) {
        None => refuse("this dataset is not made as FHIR bundles".to_owned()),
        Some(table) if table != request.table.table.as_str() => {
            refuse(format!("FHIR bundles are made of persons; ask for the table `{table}`"))
        }
        Some(_) if request.filter.is_some() || request.columns.len() != schema.fields().len() => {
            refuse("a FHIR bundle is of a whole person; ask for all columns and rows".to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// The table of which each row is a person, and so one bundle: that of OMOP. None where the generator knows no such form.
fn bundle_table(generator: &Generator) -> Option<&str> {
    generator.bundles(0..0, 0).map(drop)?;
    generator.tables().map(|(name, _)| name).find(|name| *name == "person")
}

/// Bundles, one a row.
fn bundle_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("bundle", DataType::Utf8, false)]))
}

fn make_bundles(
    generator: &Generator,
    persons: u64,
    seed: u64,
    send: &SyncSender<Result<RecordBatch, ReadError>>,
) -> Result<(), String> {
    let mut bundles = generator.bundles(0..persons, seed).ok_or("makes no bundles")?;
    loop {
        let lines: ArrayRef = Arc::new(bundles.by_ref().take(BATCH_BUNDLES).map(Some).collect::<StringArray>());
        if lines.is_empty() {
            return Ok(());
        }
        let batch = RecordBatch::try_new(bundle_schema(), vec![lines]).map_err(|error| error.to_string())?;
        if send.send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
}

/// What of the made rows is answered.
struct Shape {
    predicate: Option<Predicate>,
    positions: Vec<usize>,
    schema: SchemaRef,
}

impl Shape {
    fn new(schema: &SchemaRef, request: &SynthesisRequest) -> Result<Self, ReadError> {
        let position = |column: &String| {
            let found = schema.column_with_name(column).map(|(position, _)| position);
            found.ok_or_else(|| ReadError::BadRequest(format!("there is no column `{column}`")))
        };
        let positions: Vec<usize> = request.columns.iter().map(position).collect::<Result<_, _>>()?;
        if positions.is_empty() {
            return Err(ReadError::BadRequest("no columns are asked for".to_owned()));
        }
        let predicate = request.filter.as_ref().map(|filter| Predicate::compile(filter, schema)).transpose()?;
        let projected = schema.project(&positions).map_err(|error| ReadError::BadRequest(error.to_string()))?;
        Ok(Self { predicate, positions, schema: Arc::new(projected) })
    }

    fn of(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut passing: Option<BooleanArray> = None;
        for condition in self.predicate.iter().flat_map(|predicate| &predicate.conditions) {
            let more = condition.evaluate(batch.column(condition.column));
            passing = Some(match passing {
                Some(so_far) => and_kleene(&so_far, &more)?,
                None => more,
            });
        }
        let projected = batch.project(&self.positions)?;
        match passing {
            Some(passing) => filter_record_batch(&projected, &passing),
            None => Ok(projected),
        }
    }
}

/// The batches as they are made.
struct Made(Receiver<Result<RecordBatch, ReadError>>);

impl Iterator for Made {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}
