//! What the figures ask for, held against the tables that the program makes.

use super::fault::{Condition, Correcting, Mixing, Plan, Rule};
use super::spec::{Missing, Spec, Units};
use crate::SynthError;
use crate::program::figure::Figure;
use arrow::datatypes::{DataType, SchemaRef};

/// The plans of the tables in which something shall go wrong, in the order of the schema.
pub(crate) fn bind(spec: Spec, tables: &[(&str, &SchemaRef)]) -> Result<Vec<Plan>, SynthError> {
    let Spec { missing, units, duplicates, corrections, notes: _ } = spec;
    let mut plans: Vec<(Plan, &SchemaRef)> = Vec::new();
    for (name, schema) in tables {
        if let Some(plan) = empty(name, schema) {
            plans.push((plan, *schema));
        }
    }
    for rule in missing {
        let (plan, schema) = find(&mut plans, &rule.table)?;
        let rule = missing_rule(plan, schema, rule)?;
        plan.missing.push(rule);
    }
    if let Some(units) = units {
        let (plan, _) = find(&mut plans, "measurement")?;
        plan.units = Some(mixing(plan, units)?);
    }
    for (table, Figure { value, .. }) in duplicates {
        let (plan, _) = find(&mut plans, &table)?;
        check(&table, &[value.exact, value.near])?;
        if value.near > 0.0 {
            own_key(plan)?;
        }
        plan.duplicates = Some(value);
    }
    for (table, Figure { value: figures, .. }) in corrections {
        let (plan, _) = find(&mut plans, &table)?;
        check(&table, &[figures.share])?;
        if figures.days.0 < 1 || figures.days.0 > figures.days.1 {
            return Err(wrong(&table, "is corrected after a day or more, and not before it began".to_owned()));
        }
        own_key(plan)?;
        let (value, date) = (column(plan, "value_as_number")?, column(plan, &format!("{table}_date"))?);
        plan.corrections = Some(Correcting { value, date, figures });
    }
    let is_used = |plan: &Plan| {
        !plan.missing.is_empty() || plan.units.is_some() || plan.duplicates.is_some() || plan.corrections.is_some()
    };
    Ok(plans.into_iter().map(|(plan, _)| plan).filter(is_used).collect())
}

/// A table of persons with a key: its own number, or the person's where there is one row for each.
fn empty(name: &str, schema: &SchemaRef) -> Option<Plan> {
    let columns: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let position = |wanted: &str| columns.iter().position(|column| column == wanted);
    let person = position("person_id")?;
    let own = position(&format!("{name}_id"));
    let key = own.or_else(|| (name == "death").then_some(person))?;
    let is_whole = |at: usize| schema.fields().get(at).is_some_and(|field| *field.data_type() == DataType::Int64);
    (is_whole(key) && is_whole(person)).then(|| Plan {
        table: name.to_owned(),
        columns,
        key,
        person,
        ..Plan::default()
    })
}

fn find<'a, 's>(
    plans: &'a mut [(Plan, &'s SchemaRef)],
    table: &str,
) -> Result<(&'a mut Plan, &'s SchemaRef), SynthError> {
    let found = plans.iter_mut().find(|(plan, _)| plan.table == table).map(|(plan, schema)| (plan, *schema));
    found.ok_or_else(|| wrong(table, "has no rows of persons with a number by which a fault could be found".to_owned()))
}

fn wrong(table: &str, reason: String) -> SynthError {
    SynthError::Table { table: table.to_owned(), reason: format!("(messiness) {reason}") }
}

fn check(table: &str, shares: &[f64]) -> Result<(), SynthError> {
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    if shares.iter().all(is_share) { Ok(()) } else { Err(wrong(table, "needs shares from zero to one".to_owned())) }
}

fn column(plan: &Plan, name: &str) -> Result<usize, SynthError> {
    let found = plan.columns.iter().position(|column| column == name);
    found.ok_or_else(|| wrong(&plan.table, format!("needs the column {name}")))
}

/// Rows can be added only where a row has a number of its own.
fn own_key(plan: &Plan) -> Result<(), SynthError> {
    if plan.key == plan.person {
        return Err(wrong(
            &plan.table,
            "has one row for each person: none can be added under another number".to_owned(),
        ));
    }
    Ok(())
}

fn missing_rule(plan: &Plan, schema: &SchemaRef, rule: Missing) -> Result<Rule, SynthError> {
    let at = column(plan, &rule.column)?;
    if !schema.fields().get(at).is_some_and(|field| field.is_nullable()) {
        return Err(wrong(&plan.table, format!("cannot miss {}, which must not be null", rule.column)));
    }
    check(&plan.table, &[rule.share.value])?;
    let Some(when) = rule.when else { return Ok(Rule { column: at, share: rule.share.value, when: None }) };
    check(&plan.table, &[when.share.value])?;
    let condition = match (when.equals, when.above) {
        (Some(text), None) => Condition::Equals(text),
        (None, Some(limit)) => Condition::Above(limit),
        _ => return Err(wrong(&plan.table, format!("{}: when needs either equals or above", rule.column))),
    };
    let when = Some((column(plan, &when.column)?, condition, when.share.value));
    Ok(Rule { column: at, share: rule.share.value, when })
}

fn mixing(plan: &Plan, Figure { value: units, .. }: Figure<Units>) -> Result<Mixing, SynthError> {
    check(&plan.table, &[units.share, units.wrong_number])?;
    Ok(Mixing {
        value: column(plan, "value_as_number")?,
        unit: column(plan, "unit_source_value")?,
        concept: column(plan, "unit_concept_id").ok(),
        code: column(plan, "measurement_source_value")?,
        share: units.share,
        wrong_number: units.wrong_number,
        conversions: units.conversions,
    })
}
