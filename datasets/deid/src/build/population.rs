//! The table of a population: how many persons it has of each combination of quasi-identifiers, as finely as it is known.

use super::coded::names;
use crate::definition::ColumnPlan;
use crate::error::{CurateError, Problem};
use crate::output::internal;
use arrow::array::{ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use mudeung_engine::layout::arrow_type;
use std::collections::HashMap;
use std::sync::Arc;

/// The column of the number of persons.
pub(crate) const PERSONS: &str = "persons";

/// The table, its columns of the types that the raw ones have.
pub(super) struct PopulationTable {
    columns: HashMap<String, ArrayRef>,
    /// Persons of each row.
    pub(super) persons: Vec<u64>,
}

impl PopulationTable {
    /// Reads the columns of these quasi-identifiers.
    pub(super) fn read(file: &str, text: &str, quasi: &[&ColumnPlan]) -> Result<Self, CurateError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_damaged| refused(file, PERSONS))?.clone();
        let at = |name: &str| header.iter().position(|column| column == name).ok_or_else(|| refused(file, name));
        let places: Vec<usize> = quasi.iter().map(|column| at(&column.spec.name)).collect::<Result<_, _>>()?;
        let counted = at(PERSONS)?;
        let (mut texts, mut persons) = (vec![Vec::new(); quasi.len()], Vec::new());
        for record in reader.records() {
            let record = record.map_err(|_damaged| refused(file, PERSONS))?;
            let field = |at: usize| record.get(at).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
            let many = field(counted).and_then(|text| text.parse::<u64>().ok());
            persons.push(many.ok_or_else(|| refused(file, PERSONS))?);
            texts.iter_mut().zip(&places).for_each(|(texts, at)| texts.push(field(*at)));
        }
        let exact = CastOptions { safe: false, ..CastOptions::default() };
        let mut columns = HashMap::new();
        for (column, texts) in quasi.iter().zip(texts) {
            let texts: ArrayRef = Arc::new(texts.into_iter().collect::<StringArray>());
            let values = cast_with_options(&texts, &arrow_type(column.kind), &exact);
            let values = values.map_err(|_other_type| refused(file, &column.spec.name))?;
            columns.insert(column.spec.name.clone(), values);
        }
        Ok(Self { columns, persons })
    }

    /// The values of a column.
    pub(super) fn column(&self, name: &str) -> Result<&ArrayRef, CurateError> {
        self.columns.get(name).ok_or_else(|| internal("population", format!("column {name} was not read")))
    }
}

/// The codes that values of the population have in the release; nothing where nobody of it has the value.
pub(super) fn codes(
    values: &ArrayRef,
    known: &HashMap<Option<String>, u32>,
) -> Result<Vec<Option<u32>>, arrow::error::ArrowError> {
    Ok(names(values)?.iter().map(|name| known.get(name).copied()).collect())
}

fn refused(file: &str, column: &str) -> CurateError {
    CurateError::Definition(vec![Problem::new(
        format!("{file}: {column}"),
        ("모집단 표의 열이 없거나 값을 읽을 수 없습니다.".to_owned(), "is no column that can be read.".to_owned()),
        (
            format!("준식별자마다 원본과 같은 자료형의 열을 두고, {PERSONS} 열에 사람 수를 적으십시오."),
            format!(
                "Give a column of the raw type for each quasi-identifier, and in `{PERSONS}` the number of persons."
            ),
        ),
    )])
}
