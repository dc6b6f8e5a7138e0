//! The columns of the person table as this release and another one show them.

use super::{PersonColumns, numbered};
use crate::definition::{ColumnPlan, Role, TablePlan};
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::risk::Shown;
use crate::transform::{RowContext, Transform, apply};
use arrow::error::ArrowError;
use std::collections::HashMap;

/// A column that two releases show.
pub(in crate::build) struct ShownColumn {
    /// Its name, as `table.column`.
    pub(in crate::build) name: String,
    pub(in crate::build) is_quasi: bool,
    pub(in crate::build) shown: Shown,
}

impl PersonColumns {
    /// The columns that both release as values, quasi-identifiers first.
    pub(in crate::build) fn shown(
        &self,
        this: &TablePlan,
        other: &TablePlan,
        keys: [&ProjectKeys; 2],
    ) -> Result<Vec<ShownColumn>, CurateError> {
        let mut columns = Vec::new();
        for (plan, coded) in &self.columns {
            let find = |table: &'_ TablePlan| {
                let column = table.columns.iter().find(|column| column.spec.name == plan.spec.name)?;
                says(&column.transform).then(|| column.transform.clone())
            };
            let (Some(one), Some(two)) = (find(this), find(other)) else { continue };
            let numbers = || -> Result<[Vec<u32>; 2], ArrowError> {
                let values = coded.values()?;
                let number = |transform: &Transform, keys: &ProjectKeys| {
                    let released = transform.released(plan.kind).unwrap_or(plan.released);
                    numbered(&apply(transform, released, &values, &RowContext { keys, persons: &[] })?)
                };
                let [our_keys, their_keys] = keys;
                Ok([number(&one, our_keys)?, number(&two, their_keys)?])
            };
            let [one, two] = numbers().map_err(|error| internal(&self.table, error))?;
            columns.push(ShownColumn {
                name: format!("{}.{}", self.table, plan.spec.name),
                is_quasi: plan.role == Role::Quasi,
                shown: Shown::new(&coded.codes, &one, &two),
            });
        }
        Ok(columns)
    }

    /// The dates that both shift: whether there is one, and, where neither cuts anything off, the days since the person's
    /// first event, or, without one, since the first of these dates. They are the same in both, whatever the shifts are.
    pub(in crate::build) fn intervals(&self, other: &TablePlan, events: &[Option<i32>]) -> Vec<ShownColumn> {
        let exact = |plan: &ColumnPlan| matches!(plan.transform, Transform::DateShift { part: None, .. });
        let theirs = |plan: &ColumnPlan| other.columns.iter().find(|column| column.spec.name == plan.spec.name);
        let both = |plan: &ColumnPlan| theirs(plan).is_some_and(ColumnPlan::is_shifted);
        let is_exact = |plan: &ColumnPlan| exact(plan) && theirs(plan).is_some_and(exact);
        let first = self.dates.iter().find(|(plan, _)| is_exact(plan)).map(|(_, days)| days);
        let mut columns = Vec::new();
        for (plan, days) in self.dates.iter().filter(|(plan, _)| both(plan)) {
            let since = |(person, day): (usize, &Option<i32>)| {
                let date = || first.and_then(|first| first.get(person).copied().flatten());
                let first = events.get(person).copied().flatten().or_else(date);
                day.map(|day| first.filter(|_| is_exact(plan)).and_then(|first| day.checked_sub(first)))
            };
            let mut numbers = HashMap::new();
            let mut codes = Vec::with_capacity(days.len());
            for value in days.iter().enumerate().map(since) {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                codes.push(*numbers.entry(value).or_insert(next));
            }
            let same: Vec<u32> = (0..u32::try_from(numbers.len()).unwrap_or(u32::MAX)).collect();
            columns.push(ShownColumn {
                name: format!("{}.{}", self.table, plan.spec.name),
                is_quasi: false,
                shown: Shown::new(&codes, &same, &same),
            });
        }
        columns
    }
}

/// Whether what is released says something of a person, and not of the key.
fn says(transform: &Transform) -> bool {
    !matches!(
        transform,
        Transform::Drop | Transform::Suppress | Transform::Pseudonym { .. } | Transform::DateShift { .. }
    )
}
