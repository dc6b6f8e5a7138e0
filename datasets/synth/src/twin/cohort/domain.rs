//! A policy bound to the schemas of its tables, and the one history that they become.

use super::policy::{CohortPolicy, EventTable};
use crate::twin::TwinError;
use crate::twin::domain::{Column, refuse};
use crate::twin::events::{CodePolicy, EventPolicy, EventsDomain, EventsPolicy, TimePolicy, ValuePolicy};
use crate::twin::policy::{ColumnPolicy, DomainPolicy};
use crate::twin::real::length;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;

/// The columns of the one history.
const PERSON: &str = "person";
const TIME: &str = "time";
const CODE: &str = "code";
const VALUE: &str = "value";
/// Tables of events, at most.
const TABLES_MAX: usize = 64;

/// The values that all tables may have, bound to their schemas.
#[derive(Debug, Clone)]
pub struct CohortDomain {
    pub(super) policy: CohortPolicy,
    /// Persons with one history each.
    pub(super) events: EventsDomain,
    /// The tables of events, by name.
    pub(super) tables: Vec<BoundTable>,
}

/// A table of events, bound to its schema.
#[derive(Debug, Clone)]
pub(super) struct BoundTable {
    pub(super) name: String,
    pub(super) schema: SchemaRef,
    pub(super) person: usize,
    pub(super) time: usize,
    pub(super) what: What,
    /// Columns that are not modelled.
    pub(super) others: Vec<(usize, Column)>,
}

/// How rows of a table are events.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// One each, by its code.
    Coded { code: usize, texts: Vec<String>, other: Option<String>, value: Option<usize>, of: BTreeMap<String, Column> },
    /// One for each column that is not null.
    Measured(Vec<(usize, Column)>),
    /// One each, of which no more is known than when.
    Plain,
}

impl CohortDomain {
    /// Binds a policy to the schemas of the table of persons and of the tables of events. Every column must be in it.
    pub fn bind(
        policy: &CohortPolicy,
        persons: &SchemaRef,
        events: &BTreeMap<String, SchemaRef>,
    ) -> Result<Self, TwinError> {
        if policy.tables.is_empty() || policy.tables.len() > TABLES_MAX {
            return Err(parameter("tables", "of events must be one and at most 64"));
        }
        if let Some(stranger) = events.keys().find(|table| !policy.tables.contains_key(*table)) {
            return Err(parameter("tables", &format!("of events have no policy for {stranger}")));
        }
        let bound = policy.tables.iter().map(|(name, table)| {
            let schema = events.get(name).ok_or_else(|| parameter("tables", &format!("lack the schema of {name}")))?;
            BoundTable::bind(name, table, schema)
        });
        let tables = bound.collect::<Result<Vec<_>, TwinError>>()?;
        let times: Vec<&DataType> = tables.iter().map(BoundTable::time_type).collect();
        let Some(time) = times.first().filter(|first| times.iter().all(|time| time == *first)) else {
            return Err(parameter("time", "must be of one type in all tables of events"));
        };
        let id = persons.field_with_name(&policy.person.id).ok();
        let id = id.ok_or_else(|| refuse(&policy.person.id, "is not in the table"))?;
        let schema = Schema::new(vec![
            Field::new(PERSON, id.data_type().clone(), false),
            Field::new(TIME, (*time).clone(), false),
            Field::new(CODE, DataType::Utf8, false),
            Field::new(VALUE, DataType::Float64, true),
        ]);
        for table in &tables {
            if table.schema.field(table.person).data_type() != id.data_type() {
                return Err(table.refuse(table.person, "must be of the type of the identifier"));
            }
        }
        let events = EventsDomain::bind(&history(policy, &tables)?, persons, &schema.into())?;
        Ok(Self { policy: policy.clone(), events, tables })
    }

    /// The tables with their schemas; that of persons first.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &SchemaRef)> {
        let persons = (self.policy.table.as_str(), self.events.schemas().0);
        [persons].into_iter().chain(self.tables.iter().map(|table| (table.name.as_str(), &table.schema)))
    }

    /// The schema of the one history.
    pub(super) fn history(&self) -> &SchemaRef {
        self.events.schemas().1
    }
}

/// The policy of persons with one history each.
fn history(policy: &CohortPolicy, tables: &[BoundTable]) -> Result<EventsPolicy, TwinError> {
    let known = &policy.history.known;
    let all: Vec<String> = tables.iter().flat_map(BoundTable::codes).collect();
    for (place, code) in known.iter().enumerate() {
        if !all.contains(code) || known.iter().take(place).any(|before| before == code) {
            return Err(parameter("known", &format!("says {code}, which is no code of a table or is said twice")));
        }
    }
    let rest = all.iter().filter(|code| !known.contains(*code));
    let codes: Vec<String> = known.iter().chain(rest).cloned().collect();
    let of: BTreeMap<String, ColumnPolicy> = tables.iter().flat_map(BoundTable::values).collect();
    Ok(EventsPolicy {
        mechanism: policy.mechanism,
        epsilon: policy.epsilon,
        delta: policy.delta,
        person: policy.person.clone(),
        events: EventPolicy {
            person: PERSON.to_owned(),
            most: policy.history.most,
            norm: policy.history.norm,
            flags: u32::try_from(known.len()).unwrap_or(u32::MAX),
            gaps: policy.history.gaps.clone(),
            time: TimePolicy {
                column: TIME.to_owned(),
                source: policy.history.time.source.clone(),
                domain: policy.history.time.domain.clone(),
            },
            code: CodePolicy {
                column: CODE.to_owned(),
                source: "the tables of events".to_owned(),
                values: Some(codes),
                other: None,
                distinct: 1,
            },
            value: Some(ValuePolicy { column: VALUE.to_owned(), of }),
            others: BTreeMap::new(),
        },
    })
}

impl BoundTable {
    fn bind(name: &str, policy: &EventTable, schema: &SchemaRef) -> Result<Self, TwinError> {
        let called = |column: &str| format!("{name}.{column}");
        let place = |column: &String| {
            schema.index_of(column).ok().ok_or_else(|| refuse(&called(column), "is not in the table"))
        };
        let (person, time) = (place(&policy.person)?, place(&policy.time)?);
        let code = policy.code.as_ref().map(place).transpose()?;
        let value = policy.value.as_ref().map(place).transpose()?;
        let roles: Vec<usize> = [Some(person), Some(time), code, value].into_iter().flatten().collect();
        if roles.iter().enumerate().any(|(at, role)| roles.iter().take(at).any(|before| before == role)) {
            return Err(parameter("tables", &format!("give a column of {name} two roles")));
        }
        for role in [Some(person), Some(time), code].into_iter().flatten() {
            if schema.field(role).is_nullable() {
                return Err(refuse(&called(schema.field(role).name()), "may never be null"));
            }
        }
        if let Some(stranger) = policy.columns.keys().find(|column| schema.index_of(column).is_err()) {
            return Err(refuse(&called(stranger), "is not in the table"));
        }
        let (mut measured, mut others) = (Vec::new(), Vec::new());
        for (place, field) in schema.fields().iter().enumerate().filter(|(place, _)| !roles.contains(place)) {
            let policy = policy.columns.get(field.name());
            let policy = policy.ok_or_else(|| refuse(&called(field.name()), "has no domain"))?;
            let column = Column::bind(&field.as_ref().clone().with_name(called(field.name())), policy)?;
            match column.size() {
                0 => others.push((place, column)),
                _ if code.is_some() => {
                    return Err(refuse(
                        &called(field.name()),
                        "stands beside a code and can only be an identifier or empty",
                    ));
                }
                _ if !field.is_nullable() => {
                    return Err(refuse(&called(field.name()), "is measured and must be allowed to be null"));
                }
                _ => measured.push((place, column)),
            }
        }
        let what = match code {
            Some(code) => coded(name, policy, schema, code, value)?,
            None if measured.is_empty() => What::Plain,
            None => What::Measured(measured),
        };
        Ok(Self { name: name.to_owned(), schema: schema.clone(), person, time, what, others })
    }

    fn time_type(&self) -> &DataType {
        self.schema.field(self.time).data_type()
    }

    /// The code of what stands in a column, or of a value of the code's column.
    pub(super) fn code(&self, what: &str) -> String {
        format!("{}.{what}", self.name)
    }

    /// The codes of the table.
    pub(super) fn codes(&self) -> Vec<String> {
        match &self.what {
            What::Coded { texts, .. } => texts.iter().map(|text| self.code(text)).collect(),
            What::Measured(columns) => {
                columns.iter().map(|(place, _)| self.code(self.schema.field(*place).name())).collect()
            }
            What::Plain => vec![self.name.clone()],
        }
    }

    /// The values of codes as numbers.
    fn values(&self) -> Vec<(String, ColumnPolicy)> {
        match &self.what {
            What::Coded { of, .. } => of.iter().map(|(code, column)| (self.code(code), as_numbers(column))).collect(),
            What::Measured(columns) => {
                let of = |(place, column): &(usize, Column)| {
                    (self.code(self.schema.field(*place).name()), as_numbers(column))
                };
                columns.iter().map(of).collect()
            }
            What::Plain => Vec::new(),
        }
    }

    pub(super) fn refuse(&self, place: usize, reason: &str) -> TwinError {
        refuse(&self.code(self.schema.field(place).name()), reason)
    }
}

fn coded(
    name: &str,
    policy: &EventTable,
    schema: &SchemaRef,
    code: usize,
    value: Option<usize>,
) -> Result<What, TwinError> {
    let field = schema.field(code);
    let error = |reason: &str| refuse(&format!("{name}.{}", field.name()), reason);
    let of = match policy.columns.get(field.name()) {
        Some(ColumnPolicy { domain: DomainPolicy::Values { values, other }, .. }) => (values, other),
        _ => return Err(error("is a code, so its domain must be a list of values")),
    };
    let text = |value: &toml::Value| match value {
        toml::Value::String(text) if !field.data_type().is_integer() => Ok(text.clone()),
        toml::Value::Integer(number) if field.data_type().is_integer() => Ok(number.to_string()),
        _ => Err(error("has values that are not of its type")),
    };
    let texts = of.0.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let other = of.1.as_ref().map(text).transpose()?;
    if other.as_ref().is_some_and(|other| !texts.contains(other)) {
        return Err(error("`other` must be one of the values"));
    }
    let valued = value.map(|value| schema.field(value));
    if valued.is_some_and(|field| !field.is_nullable()) {
        return Err(error("has a value that must be allowed to be null"));
    }
    let mut columns = BTreeMap::new();
    for (code, policy) in &policy.values {
        let Some(field) = valued.filter(|_| texts.contains(code)) else {
            return Err(error(&format!("has values of {code} and no such value, or no column for them")));
        };
        let column = Column::bind(field, policy)?;
        if column.bins().is_none() {
            return Err(error("has values that must have bins, a range or dates"));
        }
        columns.insert(code.clone(), column);
    }
    Ok(What::Coded { code, texts, other, value, of: columns })
}

/// The values of a column as numbers: bins as they are, listed values by their place.
fn as_numbers(column: &Column) -> ColumnPolicy {
    let (edges, step) = match column.bins() {
        Some(bins) => (bins.parts().0.to_vec(), bins.parts().1),
        None => ((0..=column.values()).map(|place| length(place) - 0.5).collect(), Some(1.0)),
    };
    ColumnPolicy { source: "that of the column".to_owned(), domain: DomainPolicy::Bins { edges, step } }
}

fn parameter(name: &'static str, reason: &str) -> TwinError {
    TwinError::Parameter { name, reason: reason.to_owned() }
}
