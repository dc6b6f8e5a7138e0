//! Persons in cells, counted so that one person changes the counts by a known amount at most.
//!
//! Every row is read and tested, and no row group is left out: the time that takes says how large the table is, which is
//! public, and nothing about its values.

use crate::predicate::Predicate;
use crate::scan::{Scan, Wanted};
use crate::stored::StoredFile;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, cast::AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type, Schema};
use mudeung_core::filter::Filter;
use mudeung_core::reader::{CellsRequest, ReadError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most persons that are counted; each takes some tens of bytes.
const PERSONS_MAX: usize = 20_000_000;

/// Who a person is, and in which cells, the lowest-ranked first.
type Persons = HashMap<[u8; 16], Vec<(u64, usize)>>;

/// Counts.
pub(crate) fn count(
    files: &[Arc<StoredFile>],
    request: &CellsRequest,
    time_max: Duration,
) -> Result<Vec<u64>, ReadError> {
    let started = Instant::now();
    let mut scan = Scan::open(files, Wanted { columns: columns(request), filter: None, limit: u64::MAX })?;
    let schema = scan.schema();
    let cells = Cells::compile(request, &schema)?;
    let mut persons = Persons::new();
    while let Some(batch) = scan.next().transpose()? {
        if started.elapsed() > time_max {
            return Err(ReadError::LimitReached("counting took too long; count in a smaller table".to_owned()));
        }
        cells.add(&batch, &mut persons)?;
        if persons.len() > PERSONS_MAX {
            return Err(ReadError::LimitReached(format!("more than {PERSONS_MAX} persons")));
        }
    }
    let mut counts = vec![0_u64; request.cells()];
    for (_, cell) in persons.into_values().flatten() {
        if let Some(count) = counts.get_mut(cell) {
            *count += 1;
        }
    }
    Ok(counts)
}

/// The columns that are looked at, each once.
fn columns(request: &CellsRequest) -> Vec<String> {
    let filters = request.filter.iter().chain(request.dimensions.iter().flatten());
    let mut columns = vec![request.person.clone()];
    for name in filters.flat_map(Filter::columns) {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    }
    columns
}

/// The request in terms of the columns that are read; the first of them is the person.
struct Cells {
    filter: Option<Predicate>,
    dimensions: Vec<Vec<Predicate>>,
    cells_per_person: usize,
    salt: [u8; 32],
}

impl Cells {
    fn compile(request: &CellsRequest, schema: &Schema) -> Result<Self, ReadError> {
        let compile = |filter: &Filter| Predicate::compile(filter, schema);
        let bins = |bins: &Vec<Filter>| bins.iter().map(compile).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            filter: request.filter.as_ref().map(compile).transpose()?,
            dimensions: request.dimensions.iter().map(bins).collect::<Result<_, _>>()?,
            cells_per_person: usize::try_from(request.cells_per_person).unwrap_or(usize::MAX),
            salt: request.salt,
        })
    }

    fn add(&self, batch: &RecordBatch, persons: &mut Persons) -> Result<(), ReadError> {
        let counted = self.filter.as_ref().map(|filter| passing(filter, batch));
        let mut cells: Vec<Option<usize>> = (0..batch.num_rows())
            .map(|row| counted.as_ref().is_none_or(|mask| is_true(mask, row)).then_some(0))
            .collect();
        for bins in &self.dimensions {
            let masks: Vec<BooleanArray> = bins.iter().map(|bin| passing(bin, batch)).collect();
            for (row, cell) in cells.iter_mut().enumerate() {
                let bin = masks.iter().position(|mask| is_true(mask, row));
                *cell = cell.zip(bin).map(|(cell, bin)| cell * bins.len() + bin);
            }
        }
        for (row, cell) in cells.into_iter().enumerate() {
            let Some(cell) = cell else { continue };
            let Some(person) = self.person(batch.column(0), row)? else { continue };
            let rank = self.rank(&person, cell);
            let held = persons.entry(person).or_default();
            if held.iter().any(|(_, known)| *known == cell) {
                continue;
            }
            held.push((rank, cell));
            held.sort_unstable();
            held.truncate(self.cells_per_person);
        }
        Ok(())
    }

    /// Who a row is about; nobody where the column is null.
    fn person(&self, values: &ArrayRef, row: usize) -> Result<Option<[u8; 16]>, ReadError> {
        if values.is_null(row) {
            return Ok(None);
        }
        let hasher = Sha256::new_with_prefix(self.salt);
        let digest = match values.data_type() {
            DataType::Utf8 => hasher.chain_update(values.as_string::<i32>().value(row)),
            DataType::Int32 => hasher.chain_update(values.as_primitive::<Int32Type>().value(row).to_le_bytes()),
            DataType::Int64 => hasher.chain_update(values.as_primitive::<Int64Type>().value(row).to_le_bytes()),
            other => return Err(ReadError::Damaged(format!("persons are stored as {other}"))),
        };
        let mut person = [0_u8; 16];
        for (to, from) in person.iter_mut().zip(digest.finalize()) {
            *to = from;
        }
        Ok(Some(person))
    }

    /// Which of a person's cells come first: nobody can tell without the salt.
    fn rank(&self, person: &[u8; 16], cell: usize) -> u64 {
        let hasher = Sha256::new_with_prefix(self.salt).chain_update(person).chain_update(cell.to_le_bytes());
        let mut rank = [0_u8; 8];
        for (to, from) in rank.iter_mut().zip(hasher.finalize()) {
            *to = from;
        }
        u64::from_le_bytes(rank)
    }
}

/// Which rows pass all conditions.
fn passing(predicate: &Predicate, batch: &RecordBatch) -> BooleanArray {
    let masks: Vec<BooleanArray> = predicate
        .conditions
        .iter()
        .filter_map(|condition| batch.columns().get(condition.column).map(|values| condition.evaluate(values)))
        .collect();
    (0..batch.num_rows()).map(|row| Some(masks.iter().all(|mask| is_true(mask, row)))).collect()
}

fn is_true(mask: &BooleanArray, row: usize) -> bool {
    !mask.is_null(row) && mask.value(row)
}

#[cfg(test)]
mod tests;
