//! Row filters made ready for a schema, as the server makes them: typed values, evaluated on columns and held against
//! statistics.
//!
//! Null never passes a comparison; floating-point numbers compare as IEEE 754 says, so that not-a-number passes
//! `!=` alone and the two zeros are equal.

mod literal;
mod statistics;

pub(crate) use statistics::Statistics;

use crate::error::ApiError;
use crate::scan::filter::{Comparison, Filter, Literal, Test};
use arrow::array::{Array, ArrayAccessor, ArrayRef, BooleanArray, cast::AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
};
use std::cmp::Ordering;

/// A filter for one schema. All conditions must hold.
#[derive(Clone)]
pub(crate) struct Predicate {
    /// One for each condition of the filter.
    pub(crate) conditions: Vec<Condition>,
}

/// A test of one column.
#[derive(Clone)]
pub(crate) struct Condition {
    /// The column's position in the schema.
    pub(crate) column: usize,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    IsNull,
    IsNotNull,
    Boolean(ValueTest<bool>),
    Int32(ValueTest<i32>),
    Int64(ValueTest<i64>),
    Float64(ValueTest<f64>),
    Text(ValueTest<String>),
    Date(ValueTest<i32>),
    Timestamp(ValueTest<i64>),
}

/// A test of a value that is not null.
#[derive(Clone)]
enum ValueTest<V> {
    Compare(Comparison, V),
    /// Is one of these, which ascend.
    In(Vec<V>),
}

impl Predicate {
    /// Types a filter's values by the columns they are compared with.
    pub(crate) fn compile(filter: &Filter, schema: &Schema) -> Result<Self, ApiError> {
        let compile = |condition: &crate::scan::filter::Condition| {
            let Some((column, field)) = schema.column_with_name(&condition.column) else {
                return Err(super::unknown_column(&condition.column));
            };
            let kind = Kind::compile(field.data_type(), &condition.test);
            let kind =
                kind.map_err(|problem| ApiError::Configuration(format!("column `{}`: {problem}", condition.column)))?;
            Ok(Condition { column, kind })
        };
        Ok(Self { conditions: filter.conditions.iter().map(compile).collect::<Result<_, _>>()? })
    }
}

impl Kind {
    fn compile(column: &DataType, test: &Test) -> Result<Self, String> {
        Ok(match (test, column) {
            (Test::IsNull, _) => Self::IsNull,
            (Test::IsNotNull, _) => Self::IsNotNull,
            (_, DataType::Boolean) => Self::Boolean(ValueTest::compile(test, literal::boolean)?),
            (_, DataType::Int32) => Self::Int32(ValueTest::compile(test, literal::int32)?),
            (_, DataType::Int64) => Self::Int64(ValueTest::compile(test, literal::int64)?),
            (_, DataType::Float64) => Self::Float64(ValueTest::compile(test, literal::float64)?),
            (_, DataType::Utf8) => Self::Text(ValueTest::compile(test, literal::text)?),
            (_, DataType::Date32) => Self::Date(ValueTest::compile(test, literal::date)?),
            (_, DataType::Timestamp(TimeUnit::Microsecond, _)) => {
                Self::Timestamp(ValueTest::compile(test, literal::timestamp)?)
            }
            (_, other) => return Err(format!("holds {other}, which this client cannot compare")),
        })
    }
}

impl<V: PartialOrd + Clone> ValueTest<V> {
    fn compile(test: &Test, read: impl Fn(&Literal) -> Result<V, String>) -> Result<Self, String> {
        match test {
            Test::Compare(comparison, literal) => Ok(Self::Compare(*comparison, read(literal)?)),
            Test::In(literals) => {
                let mut values = literals.iter().map(read).collect::<Result<Vec<V>, String>>()?;
                values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
                Ok(Self::In(values))
            }
            Test::IsNull | Test::IsNotNull => Err("not a comparison".to_owned()),
        }
    }
}

impl Condition {
    /// Which rows pass, given the values of the column.
    pub(crate) fn evaluate(&self, values: &ArrayRef) -> BooleanArray {
        match &self.kind {
            Kind::IsNull => nulls(values, true),
            Kind::IsNotNull => nulls(values, false),
            Kind::Boolean(test) => passing(values.as_boolean(), test, |value| *value),
            Kind::Int32(test) => passing(values.as_primitive::<Int32Type>(), test, |value| *value),
            Kind::Int64(test) => passing(values.as_primitive::<Int64Type>(), test, |value| *value),
            Kind::Float64(test) => passing(values.as_primitive::<Float64Type>(), test, |value| *value),
            Kind::Text(test) => passing(values.as_string::<i32>(), test, String::as_str),
            Kind::Date(test) => passing(values.as_primitive::<Date32Type>(), test, |value| *value),
            Kind::Timestamp(test) => passing(values.as_primitive::<TimestampMicrosecondType>(), test, |value| *value),
        }
    }
}

fn nulls(values: &ArrayRef, wanted: bool) -> BooleanArray {
    (0..values.len()).map(|row| Some(values.is_null(row) == wanted)).collect()
}

/// Evaluates a test. The comparison is chosen once, outside the loop over the rows.
fn passing<'v, A, V>(values: A, test: &'v ValueTest<V>, view: impl Fn(&'v V) -> A::Item + 'v) -> BooleanArray
where
    A: ArrayAccessor,
    A::Item: PartialOrd,
{
    match test {
        ValueTest::In(wanted) => {
            let wanted: Vec<A::Item> = wanted.iter().map(view).collect();
            BooleanArray::from_unary(values, |value| contains(&wanted, &value))
        }
        ValueTest::Compare(comparison, with) => {
            let with = view(with);
            match comparison {
                Comparison::Equal => BooleanArray::from_unary(values, |value| value == with),
                Comparison::NotEqual => BooleanArray::from_unary(values, |value| value != with),
                Comparison::Less => BooleanArray::from_unary(values, |value| value < with),
                Comparison::LessOrEqual => BooleanArray::from_unary(values, |value| value <= with),
                Comparison::Greater => BooleanArray::from_unary(values, |value| value > with),
                Comparison::GreaterOrEqual => BooleanArray::from_unary(values, |value| value >= with),
            }
        }
    }
}

fn contains<T: PartialOrd>(ascending: &[T], value: &T) -> bool {
    let first = ascending.partition_point(|candidate| candidate < value);
    ascending.get(first).is_some_and(|candidate| candidate == value)
}
