//! Which row groups and pages a condition can rule out, from their smallest and largest values.

use super::{Condition, Kind, ValueTest};
use crate::scan::filter::Comparison;
use arrow::array::{ArrayAccessor, ArrayRef, UInt64Array, cast::AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};

/// What is known of some parts of a column, one entry a part. Null means not known.
pub(crate) struct Statistics {
    /// Nothing in the part is smaller.
    pub(crate) mins: ArrayRef,
    /// Nothing in the part is larger.
    pub(crate) maxes: ArrayRef,
    /// How many values are null.
    pub(crate) nulls: UInt64Array,
    /// How many values there are.
    pub(crate) rows: Vec<u64>,
}

impl Condition {
    /// For each part, whether a row of it might pass.
    pub(crate) fn may_pass(&self, known: &Statistics) -> Vec<bool> {
        let Statistics { mins, maxes, .. } = known;
        let by_value = match &self.kind {
            Kind::IsNull => return known.by_nulls(|nulls, _| nulls > 0),
            Kind::IsNotNull => return known.by_nulls(|nulls, rows| nulls < rows),
            Kind::Boolean(test) => bounded(mins.as_boolean(), maxes.as_boolean(), test, |value| *value),
            Kind::Int32(test) => {
                bounded(mins.as_primitive::<Int32Type>(), maxes.as_primitive::<Int32Type>(), test, |value| *value)
            }
            Kind::Int64(test) => {
                bounded(mins.as_primitive::<Int64Type>(), maxes.as_primitive::<Int64Type>(), test, |value| *value)
            }
            Kind::Float64(test) => {
                bounded(mins.as_primitive::<Float64Type>(), maxes.as_primitive::<Float64Type>(), test, |value| *value)
            }
            Kind::Text(test) => bounded(mins.as_string::<i32>(), maxes.as_string::<i32>(), test, String::as_str),
            Kind::Date(test) => {
                bounded(mins.as_primitive::<Date32Type>(), maxes.as_primitive::<Date32Type>(), test, |value| *value)
            }
            Kind::Timestamp(test) => bounded(
                mins.as_primitive::<TimestampMicrosecondType>(),
                maxes.as_primitive::<TimestampMicrosecondType>(),
                test,
                |value| *value,
            ),
        };
        let has_values = known.by_nulls(|nulls, rows| nulls < rows);
        by_value.into_iter().zip(has_values).map(|(value, any)| value && any).collect()
    }
}

impl Statistics {
    fn by_nulls(&self, test: impl Fn(u64, u64) -> bool) -> Vec<bool> {
        self.nulls.iter().zip(&self.rows).map(|(nulls, rows)| nulls.is_none_or(|nulls| test(nulls, *rows))).collect()
    }
}

fn bounded<'v, A, V>(mins: A, maxes: A, test: &'v ValueTest<V>, view: impl Fn(&'v V) -> A::Item) -> Vec<bool>
where
    A: ArrayAccessor,
    A::Item: PartialOrd,
{
    let wanted: Vec<A::Item> = match test {
        ValueTest::Compare(_, value) => vec![view(value)],
        ValueTest::In(values) => values.iter().map(view).collect(),
    };
    let might = |min: A::Item, max: A::Item| match test {
        ValueTest::Compare(Comparison::NotEqual, _) => true,
        ValueTest::Compare(Comparison::Less, _) => wanted.iter().any(|value| at_most(&min, value) && min != *value),
        ValueTest::Compare(Comparison::LessOrEqual, _) => wanted.iter().any(|value| at_most(&min, value)),
        ValueTest::Compare(Comparison::Greater, _) => wanted.iter().any(|value| at_most(value, &max) && max != *value),
        ValueTest::Compare(Comparison::GreaterOrEqual, _) => wanted.iter().any(|value| at_most(value, &max)),
        ValueTest::Compare(Comparison::Equal, _) | ValueTest::In(_) => {
            wanted.iter().any(|value| at_most(&min, value) && at_most(value, &max))
        }
    };
    (0..mins.len())
        .map(|part| {
            let known = !mins.is_null(part) && !maxes.is_null(part);
            !known || might(mins.value(part), maxes.value(part))
        })
        .collect()
}

/// Whether `a <= b` cannot be ruled out: a bound that is not a number rules nothing out.
fn at_most<T: PartialOrd>(a: &T, b: &T) -> bool {
    a.partial_cmp(b).is_none_or(std::cmp::Ordering::is_le)
}
