//! The table of truth: one row for each fault, with where it is, what is there and what should be.

use super::fault::Fault;
use super::row::Row;
use crate::program::table::{Cell, Columns, Type};

pub(crate) const NAME: &str = "messiness_truth";

pub(crate) const COLUMNS: Columns = &[
    ("fault_id", Type::Int64),
    ("person_id", Type::Int64),
    ("table_name", Type::Text),
    ("row_key", Type::Int64),
    ("column_name", Type::Text),
    ("kind", Type::Text),
    ("clean_value", Type::Text),
    ("dirty_value", Type::Text),
    ("span_start", Type::Int32),
    ("span_end", Type::Int32),
    ("simulated", Type::Boolean),
];

/// Faults of a person have numbers from the person's number times this.
const FAULTS_MAX: i64 = 100_000;

/// The row of a fault, the person's so many.
pub(crate) fn row(table: &str, fault: &Fault, position: i64) -> Row {
    let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Written);
    let whole = |number: Option<i32>| Cell::integer(number);
    vec![
        Cell::Integer(fault.person.saturating_mul(FAULTS_MAX).saturating_add(position)),
        Cell::Integer(fault.person),
        Cell::Written(table.to_owned()),
        Cell::Integer(fault.key),
        text(&fault.column),
        Cell::Text(fault.kind),
        text(&fault.clean),
        text(&fault.dirty),
        whole(fault.span.map(|(start, _)| start)),
        whole(fault.span.map(|(_, end)| end)),
        Cell::Flag(true),
    ]
}
