//! The Adult census, and how far one table is from another.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt8Type;
use arrow::ipc::reader::FileReader;
use mudeung_synth::twin::{Codes, Domain, TwinPolicy};
use std::path::PathBuf;

fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/adult").join(file)
}

/// The policy, its domain, and the rows.
pub(crate) fn adult() -> (TwinPolicy, Domain, Vec<RecordBatch>) {
    let policy = TwinPolicy::parse(&std::fs::read_to_string(data("twin.toml")).unwrap()).unwrap();
    let reader = FileReader::try_new(std::fs::File::open(data("adult.arrow")).unwrap(), None).unwrap();
    let schema = reader.schema();
    let rows = reader.map(Result::unwrap).collect();
    let domain = Domain::bind(&policy, &schema).unwrap();
    (policy, domain, rows)
}

pub(crate) fn coded(domain: &Domain, rows: &[RecordBatch]) -> Codes {
    let mut encoder = domain.encoder();
    for batch in rows {
        encoder.push(batch).unwrap();
    }
    encoder.finish()
}

/// The total variation distance of two tables, as the mean over all sets of one, two or three columns.
pub(crate) fn distance(one: &[RecordBatch], other: &[RecordBatch], columns: usize) -> f64 {
    let (one, other) = (values(one), values(other));
    let sets = subsets(one.len(), columns);
    sets.iter().map(|set| set_distance(&one, &other, set)).sum::<f64>() / f64::from(u32::try_from(sets.len()).unwrap())
}

fn values(rows: &[RecordBatch]) -> Vec<Vec<u8>> {
    let columns = rows.first().map_or(0, RecordBatch::num_columns);
    let column = |column| rows.iter().flat_map(move |batch| batch.column(column).as_primitive::<UInt8Type>().values());
    (0..columns).map(|place| column(place).copied().collect()).collect()
}

fn subsets(columns: usize, size: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let longer = |set: &Vec<usize>| {
            let first = set.last().map_or(0, |last| last + 1);
            let set = set.clone();
            (first..columns).map(move |column| [set.clone(), vec![column]].concat())
        };
        sets = sets.iter().flat_map(longer).collect();
    }
    sets
}

fn set_distance(one: &[Vec<u8>], other: &[Vec<u8>], set: &[usize]) -> f64 {
    let shares = |table: &[Vec<u8>]| {
        let mut counts = vec![0_u32; 1 << (7 * set.len())];
        let rows = table[0].len();
        for row in 0..rows {
            counts[set.iter().fold(0, |cell, column| (cell << 7) | usize::from(table[*column][row]))] += 1;
        }
        (counts, f64::from(u32::try_from(rows).unwrap()))
    };
    let ((one, one_rows), (other, other_rows)) = (shares(one), shares(other));
    let differences = one.iter().zip(&other).filter(|(one, other)| **one + **other > 0);
    differences.map(|(one, other)| (f64::from(*one) / one_rows - f64::from(*other) / other_rows).abs()).sum::<f64>()
        / 2.0
}
