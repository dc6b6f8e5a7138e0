//! The Adult census as columns of a search.

use arrow::array::{Array, ArrayRef};
use arrow::util::display::array_value_to_string;
use mudeung_deid::generalise::{Column, Hierarchy};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashMap;
use std::path::PathBuf;

const QUASI: [&str; 9] =
    ["sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class"];

fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/adult").join(file)
}

fn column(name: &str, values: &[ArrayRef]) -> Column {
    let table = std::fs::read_to_string(data(&format!("{name}.csv"))).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.trim_end_matches(';').split(';').collect()).collect();
    let level = |level: usize| rows.iter().map(|row| row[level].to_owned()).collect::<Vec<String>>();
    let levels: Vec<Vec<String>> = (0..rows[0].len()).map(level).collect();
    let codes: HashMap<&str, u32> = rows.iter().map(|row| row[0]).zip(0..).collect();
    let code = |values: &ArrayRef, row| codes[array_value_to_string(values, row).unwrap().trim()];
    Column {
        hierarchy: Hierarchy::from_names(&levels).unwrap(),
        codes: values.iter().flat_map(|v| (0..v.len()).map(move |row| code(v, row))).collect(),
    }
}

/// The quasi-identifiers, and those without the occupation with the occupation apart.
pub(crate) fn adult() -> (Vec<Column>, Vec<Column>, Column) {
    let file = std::fs::File::open(data("adult.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let values = |name| batches.iter().map(|batch| batch.column_by_name(name).unwrap().clone()).collect::<Vec<_>>();
    let mut all: Vec<Column> = QUASI.iter().map(|name| column(name, &values(name))).collect();
    let nine = all.clone();
    let occupation = all.remove(7);
    (nine, all, occupation)
}
