//! The values that a table may have, by policy alone, and their codes: small whole numbers from zero.

use super::TwinError;
use super::policy::{ColumnPolicy, DomainPolicy, TwinPolicy};
use super::real::{natural, whole};
use crate::value::days_of;
use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use std::collections::BTreeMap;

mod bins;
mod decode;
mod encode;

pub(crate) use bins::Bins;
pub use encode::{Codes, Encoder};
pub(crate) use encode::{cast_to, column_of, countable};

#[cfg(test)]
mod tests;

/// Columns that are modelled, at most: sets of them are kept as bits of one word.
const COLUMNS_MAX: usize = 128;
/// Values or bins of one column, at most.
const VALUES_MAX: usize = 10_000;
const MICROS_PER_DAY: f64 = 86_400_000_000.0;
const MICROS_PER_MINUTE: f64 = 60_000_000.0;

/// The values that a table may have, bound to its schema.
#[derive(Debug, Clone)]
pub struct Domain {
    schema: SchemaRef,
    columns: Vec<Column>,
    person: Option<usize>,
}

/// A column: how its values are coded, and whether null is one of them.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    kind: Kind,
    nullable: bool,
}

/// How values are coded.
#[derive(Debug, Clone)]
enum Kind {
    Texts { values: Vec<String>, places: BTreeMap<String, u16>, other: Option<u16> },
    Wholes { values: Vec<i64>, places: BTreeMap<i64, u16>, other: Option<u16> },
    Numbers(Bins),
    Identifier,
    Empty,
}

impl Domain {
    /// Binds a policy to the schema of its table. Every column must be in both.
    pub fn bind(policy: &TwinPolicy, schema: &SchemaRef) -> Result<Self, TwinError> {
        for name in policy.columns.keys() {
            if schema.column_with_name(name).is_none() {
                return Err(refuse(name, "is not in the table"));
            }
        }
        let columns = schema.fields().iter().map(|field| {
            let missing = || refuse(field.name(), "has no domain; say which values it has, or `kind = \"empty\"`");
            Column::bind(field, policy.columns.get(field.name()).ok_or_else(missing)?)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let modelled = columns.iter().filter(|column| column.size() > 0).count();
        if modelled == 0 || modelled > COLUMNS_MAX {
            let reason = format!("{modelled} are modelled; there must be one and at most {COLUMNS_MAX}");
            return Err(TwinError::Parameter { name: "columns", reason });
        }
        let place = |name: &String| schema.index_of(name).ok().ok_or_else(|| refuse(name, "is not in the table"));
        let person = policy.person.as_ref().map(place).transpose()?;
        Ok(Self { schema: schema.clone(), columns, person })
    }

    /// How many codes each modelled column has, null included.
    pub fn sizes(&self) -> Vec<usize> {
        self.columns.iter().map(Column::size).filter(|size| *size > 0).collect()
    }

    /// The modelled columns.
    pub(crate) fn names(&self) -> Vec<&str> {
        let fields = self.schema.fields().iter().zip(&self.columns).filter(|(_, column)| column.size() > 0);
        fields.map(|(field, _)| field.name().as_str()).collect()
    }

    /// Of each modelled column, whether its codes are in the order of its values.
    pub(crate) fn ordered(&self) -> Vec<bool> {
        let columns = self.columns.iter().filter(|column| column.size() > 0);
        columns.map(|column| matches!(column.kind, Kind::Numbers(_))).collect()
    }

    /// The place of a column among those that are modelled.
    pub(crate) fn modelled(&self, name: &str) -> Option<usize> {
        let place = self.schema.index_of(name).ok()?;
        let before = self.columns.iter().take(place).filter(|column| column.size() > 0).count();
        self.columns.get(place).filter(|column| column.size() > 0).map(|_| before)
    }

    /// The schema of the table and of its twin.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Column {
    pub(crate) fn bind(field: &Field, policy: &ColumnPolicy) -> Result<Self, TwinError> {
        let refuse = |reason: &str| Err(refuse(field.name(), reason));
        if policy.source.trim().is_empty() {
            return refuse("must say where its domain comes from");
        }
        let (data_type, nullable) = (field.data_type(), field.is_nullable());
        let kind = match &policy.domain {
            DomainPolicy::Values { values, other } => values_of(field, values, other.as_ref())?,
            DomainPolicy::Bins { edges, step } => numbers(field, edges.clone(), *step)?,
            DomainPolicy::Range { low, high, bins, step } => {
                let widths = f64::from((*bins).max(1));
                let edge =
                    |number: u32| if number == *bins { *high } else { low + (high - low) * f64::from(number) / widths };
                numbers(field, (0..=(*bins).min(20_000)).map(edge).collect(), *step)?
            }
            DomainPolicy::Dates { first, last, days } => match (days_of(first), days_of(last)) {
                (Some(first), Some(last)) if first <= last && *days > 0 => dates(field, first, last, *days)?,
                _ => return refuse("first and last must be dates in order, and days at least 1"),
            },
            DomainPolicy::Identifier {} if matches!(data_type, DataType::Utf8 | DataType::Int64) => Kind::Identifier,
            DomainPolicy::Identifier {} => return refuse("is no identifier; that is a text or a 64-bit integer"),
            DomainPolicy::Empty {} if nullable => Kind::Empty,
            DomainPolicy::Empty {} => return refuse("may not be null, so it cannot be left empty"),
        };
        Ok(Self { kind, nullable })
    }

    /// How many codes there are; none for what is not modelled.
    pub(crate) fn size(&self) -> usize {
        let values = match &self.kind {
            Kind::Texts { values, .. } => values.len(),
            Kind::Wholes { values, .. } => values.len(),
            Kind::Numbers(bins) => bins.count(),
            Kind::Identifier | Kind::Empty => return 0,
        };
        values + usize::from(self.nullable)
    }

    /// Its bins, if it has any.
    pub(crate) fn bins(&self) -> Option<&Bins> {
        match &self.kind {
            Kind::Numbers(bins) => Some(bins),
            Kind::Texts { .. } | Kind::Wholes { .. } | Kind::Identifier | Kind::Empty => None,
        }
    }

    /// How many values or bins there are, null not among them.
    pub(crate) fn values(&self) -> usize {
        self.size().saturating_sub(usize::from(self.nullable))
    }

    /// Its bins, or what is wrong.
    pub(crate) fn into_bins(self, name: &str) -> Result<Bins, TwinError> {
        match self.kind {
            Kind::Numbers(bins) => Ok(bins),
            _ => Err(refuse(name, "must have bins, a range or dates")),
        }
    }

    /// The code of null; what is not a code if it may not be null.
    fn null(&self) -> u16 {
        u16::try_from(self.size().saturating_sub(1)).unwrap_or(u16::MAX)
    }
}

pub(crate) fn refuse(column: &str, reason: &str) -> TwinError {
    TwinError::Column { column: column.to_owned(), reason: reason.to_owned() }
}

fn values_of(field: &Field, values: &[toml::Value], other: Option<&toml::Value>) -> Result<Kind, TwinError> {
    let error = |reason: &str| refuse(field.name(), reason);
    if values.is_empty() || values.len() > VALUES_MAX {
        return Err(error("must have one value and at most 10000"));
    }
    let data_type = field.data_type();
    let all_there = *data_type == DataType::Boolean && values.len() == 2;
    if other.is_none() && !field.is_nullable() && !all_there {
        return Err(error("may not be null, so `other` must say which value stands for what is not listed"));
    }
    let unlisted = || error("`other` must be one of the values");
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = |value: &toml::Value| value.as_str().map(str::to_owned);
            let (values, places) = placed(values.iter().map(text)).map_err(error)?;
            let other =
                other.map(|other| text(other).and_then(|other| places.get(&other).copied()).ok_or_else(unlisted));
            Ok(Kind::Texts { values, places, other: other.transpose()? })
        }
        _ if data_type.is_numeric() || *data_type == DataType::Boolean => {
            let is_boolean = *data_type == DataType::Boolean;
            let is_float = data_type.is_floating();
            let number = |value: &toml::Value| match value {
                toml::Value::Boolean(flag) if is_boolean => Some(i64::from(*flag)),
                toml::Value::Integer(number) if !is_boolean => Some(*number),
                toml::Value::Float(number) if is_float => whole_only(*number),
                _ => None,
            };
            let (values, places) = placed(values.iter().map(number)).map_err(error)?;
            let other =
                other.map(|other| number(other).and_then(|other| places.get(&other).copied()).ok_or_else(unlisted));
            Ok(Kind::Wholes { values, places, other: other.transpose()? })
        }
        _ => Err(error("has no list of values; use bins, a range or dates")),
    }
}

/// A number that is a whole one, as that: scores and codes stand in columns of floats where some are missing.
pub(crate) fn whole_only(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9e15).then(|| whole(value))
}

/// Values and the place of each.
fn placed<V: Ord + Clone>(values: impl Iterator<Item = Option<V>>) -> Result<(Vec<V>, BTreeMap<V, u16>), &'static str> {
    let values: Vec<V> = values.collect::<Option<_>>().ok_or("its values are not of its type")?;
    let places: BTreeMap<V, u16> = values.iter().cloned().zip(0_u16..).collect();
    if places.len() == values.len() { Ok((values, places)) } else { Err("has a value twice") }
}

fn numbers(field: &Field, edges: Vec<f64>, step: Option<f64>) -> Result<Kind, TwinError> {
    let step = if field.data_type().is_integer() { Some(step.unwrap_or(1.0)) } else { step };
    if !field.data_type().is_integer() && !matches!(field.data_type(), DataType::Float32 | DataType::Float64) {
        return Err(refuse(field.name(), "is no number; bins and ranges are for numbers"));
    }
    if field.data_type().is_integer() && step.is_some_and(|step| step.fract() != 0.0) {
        return Err(refuse(field.name(), "is a whole number, so its step must be one"));
    }
    bins(field, edges, step)
}

fn dates(field: &Field, first: i32, last: i32, days: u32) -> Result<Kind, TwinError> {
    let (first, end) = (f64::from(first), f64::from(last) + 1.0);
    let (scale, step) = match field.data_type() {
        DataType::Date32 => (1.0, 1.0),
        DataType::Timestamp(_, _) => (MICROS_PER_DAY, MICROS_PER_MINUTE),
        _ => return Err(refuse(field.name(), "is no date and no timestamp")),
    };
    let count = natural(libm::ceil((end - first) / f64::from(days))).min(20_000);
    let mut edges: Vec<f64> =
        (0..count).map(|bin| (first + super::real::real(bin) * f64::from(days)) * scale).collect();
    // Just before the day after the last one: half a day, or a microsecond.
    edges.push(end * scale - (step / 2.0).min(1.0));
    bins(field, edges, Some(step))
}

fn bins(field: &Field, edges: Vec<f64>, step: Option<f64>) -> Result<Kind, TwinError> {
    if edges.len() < 2 || edges.len() > VALUES_MAX + 1 {
        return Err(refuse(field.name(), "must have one bin and at most 10000"));
    }
    Bins::new(edges, step).map(Kind::Numbers).map_err(|reason| refuse(field.name(), reason))
}

/// Whether moments are counted in microseconds before they are given the type of their column.
pub(crate) fn micros(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(_, zone) => Some(DataType::Timestamp(TimeUnit::Microsecond, zone.clone())),
        _ => None,
    }
}

/// A real number that is a whole one, as that.
fn rounded(value: f64) -> i64 {
    whole(value + 0.5)
}
