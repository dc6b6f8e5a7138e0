//! A cleaner that knows the truth, from the tables alone: what anybody can write who is given both. And the layer held
//! against it on arbitrary rows.

use super::{spans, texts, wholes};
use crate::messiness::fault::{Condition, Correcting, Fault, Mixing, Plan, Rule, disturb};
use crate::messiness::row::{self, Row};
use crate::messiness::spec::{Conversion, Corrections, Duplicates};
use crate::messiness::truth;
use crate::program::calendar::days;
use crate::program::table::Cell;
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use proptest::prelude::*;

/// One line of the truth about a table.
struct Line {
    key: i64,
    column: Option<usize>,
    clean: Option<String>,
    span: Option<(usize, usize)>,
}

/// The table as it was.
pub(super) fn undone(table: &str, dirty: &RecordBatch, truth: &RecordBatch) -> RecordBatch {
    let (keys, tables) = (wholes(truth, "row_key"), texts(truth, "table_name"));
    let (columns, clean) = (texts(truth, "column_name"), texts(truth, "clean_value"));
    let spans = spans(truth);
    let lines = (0..truth.num_rows()).filter(|row| tables[*row] == Some(table)).map(|row| Line {
        key: keys[row].unwrap(),
        column: columns[row].map(|column| dirty.schema().index_of(column).unwrap()),
        clean: clean[row].map(str::to_owned),
        span: spans[row],
    });
    let key = dirty.schema().index_of(&format!("{table}_id")).or_else(|_| dirty.schema().index_of("person_id"));
    let types: Vec<DataType> = dirty.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let Ok(key) = key else { return dirty.clone() };
    let rows = restored(row::rows(dirty), key, &types, lines.collect());
    let positions: Vec<usize> = (0..types.len()).collect();
    row::batch(table, &dirty.schema(), &positions, &rows).unwrap()
}

/// First the rows that should not be there go, then values are put back; of a text the last span first.
fn restored(mut rows: Vec<Row>, key: usize, types: &[DataType], mut lines: Vec<Line>) -> Vec<Row> {
    for line in lines.iter().filter(|line| line.column.is_none()) {
        let at = rows.iter().rposition(|row| row[key] == Cell::Integer(line.key)).unwrap();
        rows.remove(at);
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.span));
    for line in &lines {
        let Some(column) = line.column else { continue };
        let row = rows.iter_mut().find(|row| row[key] == Cell::Integer(line.key)).unwrap();
        row[column] = match line.span {
            None => read(line.clean.as_deref(), &types[column]),
            Some((start, end)) => {
                let text = row::text(&row[column]).unwrap();
                let (before, after) = (text.chars().take(start), text.chars().skip(end));
                let clean = line.clean.as_deref().unwrap();
                Cell::Written(before.chain(clean.chars()).chain(after).collect())
            }
        };
    }
    rows
}

fn read(text: Option<&str>, wanted: &DataType) -> Cell<'static> {
    let Some(text) = text else { return Cell::Null };
    match wanted {
        DataType::Int32 | DataType::Int64 => Cell::Integer(text.parse().unwrap()),
        DataType::Float64 => Cell::Number(text.parse().unwrap()),
        DataType::Utf8 => Cell::Written(text.to_owned()),
        DataType::Date32 => {
            let mut parts = text.split('-').map(|part| part.parse().unwrap());
            Cell::Date(days((parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())))
        }
        other => panic!("{other}"),
    }
}

const COLUMNS: [&str; 7] = ["row_id", "person_id", "code", "value", "unit", "concept", "day"];

fn types() -> [DataType; 7] {
    let (whole, text) = (DataType::Int64, DataType::Utf8);
    [whole.clone(), whole.clone(), text.clone(), DataType::Float64, text, whole, DataType::Date32]
}

/// Code, value, unit, concept and day.
type Drawn = (Option<bool>, Option<f64>, bool, Option<i64>, i32);

fn arbitrary_row() -> impl Strategy<Value = Drawn> {
    (any::<Option<bool>>(), any::<Option<f64>>(), any::<bool>(), proptest::option::of(0_i64..9), -9_000_i32..30_000)
}

fn rows_of(drawn: Vec<Drawn>) -> Vec<Row> {
    let row = |(position, (code, value, unit, concept, day)): (i64, Drawn)| {
        vec![
            Cell::Integer(position),
            Cell::Integer(7),
            code.map_or(Cell::Null, |code| Cell::Written(if code { "a" } else { "b" }.to_owned())),
            Cell::number(value.filter(|value| !value.is_nan())),
            Cell::Written(if unit { "mg" } else { "%" }.to_owned()),
            concept.map_or(Cell::Null, Cell::Integer),
            Cell::Date(day),
        ]
    };
    (1_i64..).zip(drawn).map(row).collect()
}

fn plan(shares: [f64; 7]) -> Plan {
    let conversion = |code: &str, from: &str, to: &str, factor, offset| Conversion {
        codes: vec![code.to_owned()],
        from: from.to_owned(),
        to: to.to_owned(),
        factor,
        offset,
        decimals: 2,
    };
    let [mixed, number, missing, dependent, exact, near, corrected] = shares;
    Plan {
        table: "row".to_owned(),
        columns: COLUMNS.map(str::to_owned).to_vec(),
        key: 0,
        person: 1,
        missing: vec![
            Rule { column: 3, share: missing, when: Some((2, Condition::Equals("a".to_owned()), dependent)) },
            Rule { column: 4, share: dependent, when: Some((3, Condition::Above(0.0), missing)) },
            Rule { column: 5, share: missing, when: None },
        ],
        units: Some(Mixing {
            value: 3,
            unit: 4,
            concept: Some(5),
            code: 2,
            share: mixed,
            wrong_number: number,
            conversions: vec![conversion("a", "mg", "g", 0.001, 0.0), conversion("b", "%", "mol", 10.9, -23.5)],
        }),
        duplicates: Some(Duplicates { exact, near }),
        corrections: Some(Correcting { value: 3, date: 6, figures: Corrections { share: corrected, days: (1, 30) } }),
    }
}

fn line(fault: &Fault) -> Line {
    // By way of the row that is written, as an outsider has it.
    let row = truth::row("row", fault, 0);
    let column = row::text(&row[4]).map(|name| COLUMNS.iter().position(|known| *known == name).unwrap());
    let Cell::Integer(key) = row[3] else { panic!("{row:?}") };
    Line { key, column, clean: row::text(&row[6]), span: None }
}

proptest! {
    /// Whatever the rows and the shares are, undoing the faults gives the rows, and where no fault is nothing changed.
    #[test]
    fn undoing_the_faults_of_arbitrary_rows_gives_the_rows(
        drawn in proptest::collection::vec(arbitrary_row(), 0..40),
        shares in proptest::array::uniform7(0.0_f64..=1.0),
        seed in any::<u64>(),
    ) {
        let clean = rows_of(drawn);
        let mut rng = crate::rows::stream(seed, 7, "test");
        let (dirty, faults) = disturb(&plan(shares), 7, &clean, &mut rng);
        let back = restored(dirty.clone(), 0, &types(), faults.iter().map(line).collect());
        prop_assert_eq!(format!("{back:?}"), format!("{clean:?}"));
        prop_assert_eq!(faults.is_empty(), format!("{dirty:?}") == format!("{clean:?}"));
        let added = faults.iter().filter(|fault| fault.column.is_none()).count();
        prop_assert_eq!(dirty.len(), clean.len() + added);
    }
}

#[test]
fn nothing_goes_wrong_where_no_share_says_so() {
    let clean = rows_of(vec![(Some(true), Some(12.0), true, Some(1), 3); 50]);
    let mut rng = crate::rows::stream(1, 7, "test");
    let (dirty, faults) = disturb(&plan([0.0; 7]), 7, &clean, &mut rng);
    assert!(faults.is_empty() && dirty == clean);
}
