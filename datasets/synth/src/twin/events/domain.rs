//! A policy bound to the schemas of its two tables.

use super::layout::Layout;
use super::policy::EventsPolicy;
use crate::twin::TwinError;
use crate::twin::domain::{Bins, Column, Domain, refuse};
use crate::twin::policy::{ColumnPolicy, DomainPolicy, TwinPolicy};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use std::collections::{BTreeMap, BTreeSet};

/// Events of one person that count, at most.
const EVENTS_MAX: u32 = 10_000;
/// Codes, at most.
pub(super) const CODES_MAX: usize = 1_000;
/// Classes of persons, at most.
const CLASSES_MAX: usize = 256;
/// Classes of time between events, at most.
const GAPS_MAX: usize = 64;
const MICROS_PER_DAY: f64 = 86_400_000_000.0;
/// What the columns are called that the model of persons has besides those of the table.
const DERIVED: &str = "of the events: ";

/// The values that both tables may have, bound to their schemas.
#[derive(Debug, Clone)]
pub struct EventsDomain {
    pub(super) policy: EventsPolicy,
    pub(super) persons: Domain,
    /// The places of the classes among the modelled columns of persons, and their sizes.
    pub(super) classes: Vec<(usize, usize)>,
    pub(super) schema: SchemaRef,
    pub(super) time: Bins,
    /// Classes of time between events, in the unit in which times are counted.
    pub(super) gaps: Bins,
    pub(super) values: BTreeMap<String, Bins>,
    pub(super) others: BTreeMap<String, Column>,
}

impl EventsDomain {
    /// Binds a policy to the schemas of its tables. Every column must be in it.
    pub fn bind(policy: &EventsPolicy, persons: &SchemaRef, events: &SchemaRef) -> Result<Self, TwinError> {
        let (person, event) = (&policy.person, &policy.events);
        limits(policy)?;
        let domain = Domain::bind(&person_policy(policy, person.columns.clone()), persons)?;
        let id = field_of(persons, &person.id)?;
        if !matches!(id.data_type(), DataType::Utf8 | DataType::Int64) || domain.modelled(&person.id).is_some() {
            return Err(refuse(&person.id, "must be an identifier: a text or a 64-bit integer that is not modelled"));
        }
        let sizes = domain.sizes();
        let class = |name: &String| {
            let place = domain.modelled(name).ok_or_else(|| refuse(name, "is a class and not modelled"))?;
            Ok((place, sizes.get(place).copied().unwrap_or(1)))
        };
        let classes = person.classes.iter().map(class).collect::<Result<Vec<_>, TwinError>>()?;
        if classes.iter().fold(1, |all: usize, (_, size)| all.saturating_mul(*size)) > CLASSES_MAX {
            return Err(parameter("classes", "have more than 256 combinations of values"));
        }
        let mut roles = Roles { schema: events, seen: BTreeSet::new() };
        let owner = roles.take(&event.person)?;
        if owner.data_type() != id.data_type() || owner.is_nullable() {
            return Err(refuse(owner.name(), "must be of the type of the identifier, and never null"));
        }
        let field = roles.take(&event.time.column)?;
        let is_time =
            field.data_type().is_integer() || matches!(field.data_type(), DataType::Date32 | DataType::Timestamp(_, _));
        if !is_time || field.is_nullable() {
            return Err(refuse(field.name(), "must be a whole number, a date or a moment, and never null"));
        }
        let time = Column::bind(field, &column(&event.time.source, &event.time.domain))?.into_bins(field.name())?;
        let unit = if matches!(field.data_type(), DataType::Timestamp(_, _)) { MICROS_PER_DAY } else { 1.0 };
        // As coarse as times are, so that no event comes to lie between two of them.
        let gaps = Bins::new(event.gaps.iter().map(|edge| edge * unit).collect(), time.parts().1.or(Some(1.0)))
            .map_err(|reason| parameter("gaps", reason))?;
        let code = roles.take(&event.code.column)?;
        codes(policy, code)?;
        let values = match &event.value {
            Some(value) => {
                let field = roles.take(&value.column)?;
                if !field.is_nullable() {
                    return Err(refuse(field.name(), "must be allowed to be null"));
                }
                let bins = |(code, column): (&String, &ColumnPolicy)| {
                    Ok((code.clone(), Column::bind(field, column)?.into_bins(field.name())?))
                };
                value.of.iter().map(bins).collect::<Result<_, TwinError>>()?
            }
            None => BTreeMap::new(),
        };
        let other = |(name, policy): (&String, &ColumnPolicy)| {
            let column = Column::bind(roles.take(name)?, policy)?;
            let is_left = column.size() == 0;
            is_left.then_some((name.clone(), column)).ok_or_else(|| refuse(name, "can only be an identifier or empty"))
        };
        let others = event.others.iter().map(other).collect::<Result<_, TwinError>>()?;
        if let Some(field) = events.fields().iter().find(|field| !roles.seen.contains(field.name())) {
            return Err(refuse(field.name(), "is not in the policy; name it among `others`"));
        }
        let policy = policy.clone();
        Ok(Self { policy, persons: domain, classes, schema: events.clone(), time, gaps, values, others })
    }

    /// What was agreed.
    pub(crate) fn policy(&self) -> &EventsPolicy {
        &self.policy
    }

    /// The schemas of persons and of events.
    pub fn schemas(&self) -> (&SchemaRef, &SchemaRef) {
        (self.persons.schema(), &self.schema)
    }

    /// How the questions about histories are laid out, once the codes are known.
    pub(super) fn layout(&self, codes: Vec<String>) -> Layout {
        let values = codes.iter().map(|code| self.values.get(code).cloned()).collect();
        let flags = usize::try_from(self.policy.events.flags).unwrap_or(0).min(codes.len());
        let classes = self.classes.iter().fold(1, |all: usize, (_, size)| all * size);
        Layout { codes, flags, classes, time: self.time.clone(), gaps: self.gaps.clone(), values }
    }

    /// The class of a person by the codes of the modelled columns.
    pub(super) fn class(&self, codes: &[Vec<u16>], person: usize) -> usize {
        self.classes.iter().fold(0, |class, (place, size)| {
            let code = codes.get(*place).and_then(|codes| codes.get(person)).copied().unwrap_or(0);
            class * size + usize::from(code)
        })
    }

    /// The table of persons with what the model knows of their events: how many, when the first, and which codes.
    pub(super) fn with_events(&self, layout: &Layout) -> Result<(TwinPolicy, Domain), TwinError> {
        let event = &self.policy.events;
        let mut columns = self.policy.person.columns.clone();
        let mut fields: Vec<FieldRef> = self.persons.schema().fields().iter().cloned().collect();
        let mut add = |name: &str, data_type: &DataType, nullable: bool, domain: DomainPolicy| {
            let name = format!("{DERIVED}{name}");
            columns.insert(name.clone(), column("what is measured of events", &domain));
            fields.push(Field::new(name, data_type.clone(), nullable).into());
        };
        add("how many", &DataType::Int64, false, DomainPolicy::Bins { edges: bands(event.most), step: Some(1.0) });
        let time = self.schema.field_with_name(&event.time.column).map(Field::data_type);
        add("the first", time.unwrap_or(&DataType::Int64), true, event.time.domain.clone());
        let flag = || DomainPolicy::Values {
            values: vec![toml::Value::Integer(0), toml::Value::Integer(1)],
            other: Some(toml::Value::Integer(0)),
        };
        for code in 0..layout.flags {
            add(&format!("code {code}"), &DataType::Int64, false, flag());
        }
        let policy = person_policy(&self.policy, columns);
        let domain = Domain::bind(&policy, &Schema::new(fields).into())?;
        Ok((policy, domain))
    }
}

/// A column of a table.
pub(super) fn field_of<'s>(schema: &'s SchemaRef, name: &str) -> Result<&'s Field, TwinError> {
    schema.field_with_name(name).ok().ok_or_else(|| refuse(name, "is not in the table"))
}

/// The columns of a table that are spoken for.
struct Roles<'s> {
    schema: &'s SchemaRef,
    seen: BTreeSet<String>,
}

impl<'s> Roles<'s> {
    fn take(&mut self, name: &str) -> Result<&'s Field, TwinError> {
        let field = field_of(self.schema, name)?;
        if self.seen.insert(name.to_owned()) { Ok(field) } else { Err(refuse(name, "has two roles")) }
    }
}

/// Bands of numbers of events: singly up to four, then in half octaves.
pub(super) fn bands(most: u32) -> Vec<f64> {
    let doubled = (1..).map(|power| 1_u32 << power).take_while(|edge| *edge <= EVENTS_MAX);
    let mut edges: Vec<u32> = vec![0, 1, 2, 3];
    edges.extend(doubled.skip(1).flat_map(|edge| [edge, edge + edge / 2]));
    edges.retain(|edge| *edge <= most);
    edges.into_iter().chain([most + 1]).map(f64::from).collect()
}

fn person_policy(policy: &EventsPolicy, columns: BTreeMap<String, ColumnPolicy>) -> TwinPolicy {
    TwinPolicy { mechanism: policy.mechanism, epsilon: policy.epsilon, delta: policy.delta, person: None, columns }
}

fn column(source: &str, domain: &DomainPolicy) -> ColumnPolicy {
    ColumnPolicy { source: source.to_owned(), domain: domain.clone() }
}

pub(super) fn parameter(name: &'static str, reason: &str) -> TwinError {
    TwinError::Parameter { name, reason: reason.to_owned() }
}

fn limits(policy: &EventsPolicy) -> Result<(), TwinError> {
    let event = &policy.events;
    if !(1..=EVENTS_MAX).contains(&event.most) {
        return Err(parameter("most", "must be between 1 and 10000"));
    }
    if !(1..=event.most).contains(&event.norm) {
        return Err(parameter("norm", "must be between 1 and most"));
    }
    if event.value.as_ref().is_some_and(|value| value.of.len() > CODES_MAX) {
        return Err(parameter("value", "can be described for 1000 codes at most"));
    }
    if event.flags > 64 {
        return Err(parameter("flags", "must be at most 64"));
    }
    if event.gaps.first() != Some(&0.0) || event.gaps.len() > GAPS_MAX + 1 {
        return Err(parameter("gaps", "must begin with zero and be at most 64"));
    }
    if policy.person.columns.keys().any(|name| name.starts_with(DERIVED)) {
        return Err(parameter("columns", "may not be called as those that are derived from events"));
    }
    Ok(())
}

fn codes(policy: &EventsPolicy, field: &Field) -> Result<(), TwinError> {
    let code = &policy.events.code;
    let is_code = field.data_type().is_integer()
        || matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if !is_code || field.is_nullable() {
        return Err(refuse(field.name(), "must be a text or a whole number, and never null"));
    }
    if code.source.trim().is_empty() {
        return Err(refuse(field.name(), "must say where its codes come from"));
    }
    if !(1..=1_000).contains(&code.distinct) {
        return Err(parameter("distinct", "must be between 1 and 1000"));
    }
    let values = code.values.as_deref().unwrap_or_default();
    if code.values.is_some() && (values.is_empty() || values.len() > CODES_MAX) {
        return Err(refuse(field.name(), "must have one code and at most 1000"));
    }
    let all: BTreeSet<&String> = values.iter().collect();
    if all.len() < values.len() {
        return Err(refuse(field.name(), "has a code twice"));
    }
    let is_number = |code: &String| !field.data_type().is_integer() || code.parse::<i64>().is_ok();
    if !values.iter().chain(&code.other).all(is_number) {
        return Err(refuse(field.name(), "is a whole number, and so must be its codes"));
    }
    Ok(())
}
