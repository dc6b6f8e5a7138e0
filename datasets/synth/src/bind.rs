//! A generator held against the schemas it shall fill: names become positions, and columns an order of drawing.

use crate::SynthError;
use crate::draw::{Draw, TermDraw};
use crate::spec::{ColumnSpec, From, RowsSpec, Spec, TableSpec, Term, Weighted};
use crate::value::{Value, days_of};
use arrow::datatypes::{DataType, SchemaRef};
use std::collections::BTreeMap;

/// A table that can be drawn.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
    pub(crate) columns: Vec<Column>,
    /// Columns in an order in which each comes after those it needs.
    pub(crate) order: Vec<usize>,
    /// The drawn column of each column of the schema.
    pub(crate) output: Vec<usize>,
    pub(crate) rows: RowCount,
    /// The column by which a person's rows are put in order.
    pub(crate) sort: Option<usize>,
}

/// A column that can be drawn.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) null_share: f64,
    pub(crate) draw: Draw,
}

/// How many rows a person has.
#[derive(Debug)]
pub(crate) enum RowCount {
    /// One.
    One,
    /// One for each combination of the axes; each is there by a probability in the person table.
    Grid { counts: Vec<u32>, keep: Option<usize> },
    /// Between two numbers.
    Between(u32, u32),
}

/// Binds every table; gives the position of the person table too.
pub(crate) fn bind(spec: &Spec, schemas: &[(String, SchemaRef)]) -> Result<(Vec<Table>, usize), SynthError> {
    if let Some(name) = spec.tables.keys().find(|name| !schemas.iter().any(|(known, _)| known == *name)) {
        return Err(table_error(name, "is not a released table"));
    }
    let person_spec = spec.tables.get(&spec.person).ok_or_else(|| table_error(&spec.person, "has no generator"))?;
    let person: Vec<&str> = person_spec.columns.keys().map(String::as_str).collect();
    let mut tables = Vec::new();
    for (name, schema) in schemas {
        let table = spec.tables.get(name).ok_or_else(|| table_error(name, "has no generator"))?;
        tables.push(Binder { name, table, schema, person: &person, is_person: *name == spec.person }.bind()?);
    }
    let position = tables.iter().position(|table| table.name == spec.person);
    Ok((tables, position.ok_or_else(|| table_error(&spec.person, "is not a released table"))?))
}

fn table_error(table: &str, reason: &str) -> SynthError {
    SynthError::Table { table: table.to_owned(), reason: reason.to_owned() }
}

/// Binds one table.
struct Binder<'a> {
    name: &'a str,
    table: &'a TableSpec,
    schema: &'a SchemaRef,
    person: &'a [&'a str],
    is_person: bool,
}

impl Binder<'_> {
    fn bind(&self) -> Result<Table, SynthError> {
        let schema = self.schema;
        let mut columns = Vec::new();
        let mut needs: Vec<Vec<usize>> = Vec::new();
        for (name, column) in &self.table.columns {
            if column.source.trim().is_empty() {
                return Err(self.error(name, "names no source for its numbers"));
            }
            let mut needed = Vec::new();
            let draw = self.draw(name, column, &mut needed)?;
            columns.push(Column { null_share: column.null_share, draw });
            needs.push(needed);
        }
        let mut output = Vec::new();
        for field in schema.fields() {
            let position = self.own(field.name(), field.name())?;
            let nullable = columns.get(position).is_some_and(|column| column.null_share > 0.0);
            if nullable && !field.is_nullable() {
                return Err(self.error(field.name(), "has a null_share but may not be null"));
            }
            self.check_type(field.name(), field.data_type())?;
            output.push(position);
        }
        let extra = |name: &&String| !name.starts_with('_') && schema.field_with_name(name).is_err();
        if let Some(extra) = self.table.columns.keys().find(extra) {
            return Err(self.error(extra, "is not a released column; begin its name with _ if it only helps others"));
        }
        let sort = self.table.rows.as_ref().and_then(|rows| rows.order.as_ref());
        Ok(Table {
            name: self.name.to_owned(),
            schema: schema.clone(),
            columns,
            order: self.order(&needs)?,
            output,
            rows: self.rows()?,
            sort: sort.map(|named| self.own("rows.order", named)).transpose()?,
        })
    }

    fn error(&self, column: &str, reason: &str) -> SynthError {
        SynthError::Column { table: self.name.to_owned(), column: column.to_owned(), reason: reason.to_owned() }
    }

    /// Position of a column of this table.
    fn own(&self, column: &str, named: &str) -> Result<usize, SynthError> {
        let position = self.table.columns.keys().position(|known| known == named);
        position.ok_or_else(|| self.error(column, &format!("needs column {named}, which has no generator")))
    }

    fn need(&self, column: &str, named: &str, needed: &mut Vec<usize>) -> Result<usize, SynthError> {
        let position = self.own(column, named)?;
        needed.push(position);
        Ok(position)
    }

    fn of_person(&self, column: &str, named: &str) -> Result<usize, SynthError> {
        if self.is_person {
            return Err(self.error(column, "is in the person table itself; name the column directly"));
        }
        let position = self.person.iter().position(|known| *known == named);
        position
            .ok_or_else(|| self.error(column, &format!("needs {named} of the person table, which has no generator")))
    }

    fn axis(&self, column: &str, named: &str) -> Result<usize, SynthError> {
        let rows = self.table.rows.as_ref();
        let between = rows.is_some_and(|rows| rows.between.is_some()) && named == "row";
        let on_grid = rows.and_then(|rows| rows.grid.iter().position(|(axis, _)| axis == named));
        let position = if between { Some(0) } else { on_grid };
        position.ok_or_else(|| self.error(column, &format!("needs axis {named}, which the table's rows do not have")))
    }

    fn rows(&self) -> Result<RowCount, SynthError> {
        match &self.table.rows {
            None => Ok(RowCount::One),
            Some(_) if self.is_person => Err(table_error(self.name, "is the person table and has one row per person")),
            Some(RowsSpec { source, .. }) if source.trim().is_empty() => Err(table_error(self.name, "names no source")),
            Some(RowsSpec { between: Some((low, high)), .. }) if low <= high => Ok(RowCount::Between(*low, *high)),
            Some(RowsSpec { between: None, grid, keep, .. }) if !grid.is_empty() => Ok(RowCount::Grid {
                counts: grid.iter().map(|(_, count)| *count).collect(),
                keep: keep.as_ref().map(|named| self.of_person("rows.keep", named)).transpose()?,
            }),
            Some(_) => Err(table_error(self.name, "rows has neither a grid nor between = [low, high]")),
        }
    }

    fn draw(&self, name: &str, column: &ColumnSpec, needed: &mut Vec<usize>) -> Result<Draw, SynthError> {
        Ok(match &column.from {
            From::Pseudonym {} => Draw::Pseudonym,
            From::Person { column } => Draw::Person(self.of_person(name, column)?),
            From::Constant { value } => Draw::Constant(self.value(name, value)?),
            From::Choice { values, given, cases } => {
                let given = given.as_ref().map(|given| self.need(name, given, needed)).transpose()?;
                let cases = cases.iter().map(|(case, values)| Ok((case.clone(), self.weighted(name, values)?)));
                Draw::Choice {
                    given,
                    cases: cases.collect::<Result<BTreeMap<_, _>, SynthError>>()?,
                    values: if values.is_empty() && given.is_some() {
                        Vec::new()
                    } else {
                        self.weighted(name, values)?
                    },
                }
            }
            From::Uniform { low, high } if low <= high => {
                Draw::Uniform { low: *low, high: *high, whole: self.is_whole(name) }
            }
            From::Uniform { .. } => return Err(self.error(name, "low is above high")),
            From::Normal { mean, sd, log, terms, within } => {
                let terms = self.terms(name, terms, needed)?;
                Draw::Normal { mean: *mean, sd: *sd, log: *log, terms, within: *within }
            }
            From::Weibull { scale, shape, terms, within } if *scale > 0.0 && *shape > 0.0 => {
                let terms = self.terms(name, terms, needed)?;
                Draw::Weibull { scale: *scale, shape: *shape, terms, within: *within }
            }
            From::Weibull { .. } => return Err(self.error(name, "scale and shape must be above zero")),
            From::Sum { constant, terms, within } => {
                Draw::Sum { constant: *constant, terms: self.terms(name, terms, needed)?, within: *within }
            }
            From::Fraction { column, low, high, within } => {
                let column = self.need(name, column, needed)?;
                Draw::Fraction { column, low: *low, high: *high, within: *within }
            }
            From::Grid { axis } => Draw::Grid(self.axis(name, axis)?),
            From::Ar1 { axis, sd, phi } if (-1.0..1.0).contains(phi) => {
                Draw::Ar1 { axis: self.axis(name, axis)?, sd: *sd, phi: *phi }
            }
            From::Ar1 { .. } => return Err(self.error(name, "phi must lie between -1 and 1")),
            From::Date { first, last } => match (days_of(first), days_of(last)) {
                (Some(first), Some(last)) if first <= last => Draw::Date { first, last },
                _ => return Err(self.error(name, "first and last must be dates in order")),
            },
            From::After { column, days, minutes, utc_offset_minutes } => Draw::After {
                column: self.need(name, column, needed)?,
                days: self.need(name, days, needed)?,
                minutes: minutes.as_ref().map(|minutes| self.need(name, minutes, needed)).transpose()?,
                utc_offset_minutes: *utc_offset_minutes,
            },
        })
    }

    /// Whether a column is released as whole numbers.
    fn is_whole(&self, name: &str) -> bool {
        self.schema.field_with_name(name).is_ok_and(|field| field.data_type().is_integer())
    }

    fn value(&self, column: &str, value: &toml::Value) -> Result<Value, SynthError> {
        Value::from_toml(value).ok_or_else(|| self.error(column, &format!("cannot hold {value}")))
    }

    fn weighted(&self, column: &str, values: &[Weighted]) -> Result<Vec<(Value, f64)>, SynthError> {
        if values.is_empty() || values.iter().any(|(_, weight)| !weight.is_finite() || *weight < 0.0) {
            return Err(self.error(column, "needs values with weights that are not negative"));
        }
        values.iter().map(|(value, weight)| Ok((self.value(column, value)?, *weight))).collect()
    }

    fn terms(&self, name: &str, terms: &[Term], needed: &mut Vec<usize>) -> Result<Vec<TermDraw>, SynthError> {
        let term = |term: &Term| {
            let column = self.need(name, &term.column, needed)?;
            Ok(TermDraw { column, times: term.times, center: term.center, values: term.values.clone() })
        };
        terms.iter().map(term).collect()
    }

    /// What a column's way of drawing can fill.
    fn check_type(&self, name: &str, wanted: &DataType) -> Result<(), SynthError> {
        let Some(column) = self.table.columns.get(name) else { return Ok(()) };
        let number = matches!(wanted, DataType::Int32 | DataType::Int64 | DataType::Float64);
        let fits = match &column.from {
            From::Pseudonym {} => matches!(wanted, DataType::Utf8 | DataType::Int64),
            From::Uniform { .. }
            | From::Normal { .. }
            | From::Weibull { .. }
            | From::Sum { .. }
            | From::Fraction { .. }
            | From::Grid { .. }
            | From::Ar1 { .. } => number,
            From::Date { .. } => *wanted == DataType::Date32,
            From::After { minutes, .. } => {
                if minutes.is_some() {
                    matches!(wanted, DataType::Timestamp(_, _))
                } else {
                    *wanted == DataType::Date32
                }
            }
            From::Constant { value } => fits(value, wanted),
            From::Choice { values, cases, .. } => {
                values.iter().chain(cases.values().flatten()).all(|(value, _)| fits(value, wanted))
            }
            From::Person { .. } => true,
        };
        if fits { Ok(()) } else { Err(self.error(name, &format!("is drawn in a way that cannot be {wanted}"))) }
    }

    /// Orders columns so that each comes after what it needs.
    fn order(&self, needs: &[Vec<usize>]) -> Result<Vec<usize>, SynthError> {
        let mut order: Vec<usize> = Vec::with_capacity(needs.len());
        while order.len() < needs.len() {
            let ready = needs.iter().enumerate().find(|(position, needed)| {
                !order.contains(position) && needed.iter().all(|needed| order.contains(needed))
            });
            match ready {
                Some((position, _)) => order.push(position),
                None => return Err(table_error(self.name, "has columns that need each other in a circle")),
            }
        }
        Ok(order)
    }
}

fn fits(value: &toml::Value, wanted: &DataType) -> bool {
    match wanted {
        DataType::Utf8 => value.is_str(),
        DataType::Boolean => value.is_bool(),
        DataType::Int32 | DataType::Int64 => value.is_integer(),
        DataType::Float64 => value.is_integer() || value.is_float(),
        DataType::Date32 => value.is_datetime(),
        _ => false,
    }
}
