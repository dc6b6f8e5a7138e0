//! The other releases that a recipe names, made of the same raw tables in memory, and how many persons of this one are
//! found again in each. Whose row is whose is known here alone: both are made from the same row.

use super::events::{Compared, seeds, shifts};
use super::measured::Measured;
use super::rows;
use super::run::Run;
use crate::definition::{ColumnPlan, Definition, EventRule, LinkageRule, Plan, Recipe, TablePlan};
use crate::error::{CurateError, Problem};
use crate::key::{ProjectKeys, ReleaseKey};
use crate::output::internal;
use crate::report::LinkageRisk;
use crate::risk::{Classes, LeftOut, Linkage, Linked};
use crate::source::Rejects;
use crate::transform::{RowContext, Transform, canonical};
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use std::collections::BTreeMap;

/// Another release, as it would be made of these tables.
struct Other {
    plan: Plan,
    keys: ProjectKeys,
    /// Who is in it, in the order of the persons.
    kept: Vec<bool>,
}

/// What both show, by its names.
struct Names {
    columns: Vec<String>,
    tables: Vec<(String, EventRule)>,
}

/// Measures each of the other releases, and adds a refusal, with what would pass, where too many are found again.
pub(super) fn measure(
    run: &mut Run<'_>,
    key: &ReleaseKey,
    refusals: &mut Vec<Problem>,
) -> Result<Vec<LinkageRisk>, CurateError> {
    let Some(rule) = &run.recipe.value.linkage else { return Ok(Vec::new()) };
    let mut risks = Vec::new();
    for file in &rule.recipes {
        let Some(definition) = run.definition.other(file) else { continue };
        let Some(recipe) = definition.recipe.as_ref().map(|recipe| &recipe.value) else { continue };
        let other = other(run, &definition, recipe, key)?;
        let (risk, refusal) = compare(run, &other, rule, (file, recipe))?;
        risks.push(risk);
        refusals.extend(refusal);
    }
    Ok(risks)
}

/// Makes another release of the person table: the levels that its recipe chooses, and who is left out.
fn other(run: &Run<'_>, definition: &Definition, recipe: &Recipe, key: &ReleaseKey) -> Result<Other, CurateError> {
    let keys = key.project(&recipe.release.name, &recipe.release.recipient)?;
    let plan = definition.plan()?;
    let Some(person) = plan.person() else { return Err(internal("plan", "a table vanished")) };
    let Some(file) = run.files.get(run.plan.person_table) else { return Err(internal("plan", "a table vanished")) };
    let failed = |error: arrow::error::ArrowError| internal(&person.spec.name, error);
    let mut measured = Measured::new(definition, &recipe.privacy, person, &keys);
    let mut places = Vec::new();
    // What cannot be read of columns that the other release alone has is its own matter.
    let mut rejects = Rejects::new(Some(1.0), None);
    for batch in file.batches(person, &mut rejects)? {
        let batch = batch?;
        let ids = canonical(rows::person_column(person, batch.raw())?).map_err(failed)?;
        let found: Vec<Option<usize>> = ids.iter().map(|id| run.persons.position(id?)).collect();
        let is_known: BooleanArray = found.iter().map(|place| Some(place.is_some())).collect();
        let raw = filter_record_batch(batch.raw(), &is_known).map_err(failed)?;
        let ids = canonical(rows::person_column(person, &raw)?).map_err(failed)?;
        let persons: Vec<&str> = ids.iter().flatten().collect();
        let value = |column: &ColumnPlan| raw.column_by_name(&column.spec.name).cloned();
        measured.add(value, &RowContext { keys: &keys, persons: &persons })?;
        places.extend(found.into_iter().flatten());
    }
    let choice = measured.choose()?;
    let classes = Classes::of(&choice.classified.class_of, choice.classified.sizes.clone());
    let mut kept = vec![false; run.persons.len()];
    for (place, left_out) in places.into_iter().zip(classes.members(&choice.classified.left_out)) {
        if let Some(kept) = kept.get_mut(place) {
            *kept = !left_out;
        }
    }
    drop(measured);
    let plan = plan.with_levels(choice.levels);
    Ok(Other { plan, keys, kept })
}

fn compare(
    run: &mut Run<'_>,
    other: &Other,
    rule: &LinkageRule,
    (file, recipe): (&str, &Recipe),
) -> Result<(LinkageRisk, Option<Problem>), CurateError> {
    let (ours, theirs) = (run.plan, &other.plan);
    let (Some(our_person), Some(their_person)) = (ours.person(), theirs.person()) else {
        return Err(internal("plan", "a table vanished"));
    };
    let keys = [run.keys, &other.keys];
    let mut columns = run.person_columns.shown(our_person, their_person, keys)?;
    let quasi = columns.iter().filter(|column| column.is_quasi).count();
    columns.extend(run.person_columns.intervals(their_person, &[]));
    let alone = columns.len();
    let tables: Vec<(String, EventRule)> = shared(ours, theirs);
    let rules: BTreeMap<String, EventRule> = tables.iter().cloned().collect();
    let events = run.read_events(&rules)?;
    let their_shifts =
        theirs.weeks().map_or_else(|| vec![0; run.persons.len()], |weeks| shifts(&other.keys, &run.persons, weeks));
    let transforms = transforms(theirs);
    let compared = Compared { transforms: &transforms, shifts: &their_shifts };
    let sequences = events.sequences(&compared)?;
    columns.extend(run.person_columns.intervals(their_person, &events.first_days(&compared)?));
    let seeds = seeds(run.keys, &run.persons, "linkage");
    let kept: Vec<bool> = run.persons.kept().collect();
    let (columns, shown) = columns.into_iter().map(|column| (column.name, column.shown)).unzip();
    let names = Names { columns, tables };
    let linkage = Linkage { seeds: &seeds, this: &kept, other: &other.kept, columns: shown, quasi, alone, sequences };
    let linked = linkage.measure();
    let passes = |linked: &Linked| linked.events.linked.high <= rule.max_share;
    let refusal = (!passes(&linked)).then(|| {
        let mut refusal = refusal(file, &linked, rule.max_share);
        refusal.also(
            linkage.remedy(passes).map(|(left_out, linked)| told(&names, &left_out, &linked)).into_iter().collect(),
        );
        refusal
    });
    let risk = LinkageRisk {
        recipe: file.to_owned(),
        release: recipe.release.name.clone(),
        recipient: recipe.release.recipient.clone(),
        max_share: rule.max_share,
        columns: names.all(),
        linked,
    };
    Ok((risk, refusal))
}

/// The tables of events that both release, each with the columns that both show as values, and its moments.
fn shared(ours: &Plan, theirs: &Plan) -> Vec<(String, EventRule)> {
    let mut tables = Vec::new();
    for (_, table) in (0..).zip(&ours.tables).filter(|(position, _)| *position != ours.person_table) {
        let Some(other) = theirs.tables.iter().find(|other| other.spec.name == table.spec.name) else { continue };
        let both = |name: &str, is_fine: &dyn Fn(&Transform) -> bool| {
            [table, other].iter().all(|table| column(table, name).is_some_and(|column| is_fine(&column.transform)))
        };
        let named = |transform: &Transform| {
            matches!(transform, Transform::Drop | Transform::Suppress | Transform::Pseudonym { .. })
        };
        let shifted = |transform: &Transform| matches!(transform, Transform::DateShift { .. });
        let time = table.spec.time.clone().filter(|name| both(name, &|transform| !named(transform)));
        let is_value = |name: &str| both(name, &|transform| !named(transform) && !shifted(transform));
        let values = table.columns.iter().map(|column| &column.spec.name);
        let values = values.filter(|name| Some(*name) != time.as_ref() && is_value(name)).cloned().collect();
        tables.push((table.spec.name.clone(), EventRule { time, values, ..EventRule::default() }));
    }
    tables
}

fn column<'t>(table: &'t TablePlan, name: &str) -> Option<&'t ColumnPlan> {
    table.columns.iter().find(|column| column.spec.name == name)
}

fn transforms(plan: &Plan) -> BTreeMap<(String, String), Transform> {
    let columns = |table: &TablePlan| {
        let name = table.spec.name.clone();
        let columns = table.columns.iter();
        columns.map(|c| ((name.clone(), c.spec.name.clone()), c.transform.clone())).collect::<Vec<_>>()
    };
    plan.tables.iter().flat_map(columns).collect()
}

impl Names {
    /// Everything that is compared, as `table.column`.
    fn all(&self) -> Vec<String> {
        let events = self.tables.iter().flat_map(|(table, rule)| {
            let columns = rule.columns().map(|column| format!("{table}.{column}")).collect::<Vec<_>>();
            if columns.is_empty() { vec![table.clone()] } else { columns }
        });
        // Dates stand there twice: what lies between them, and between them and events.
        let mut all: Vec<String> = Vec::new();
        for name in self.columns.iter().cloned().chain(events) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    fn of(&self, left_out: LeftOut) -> Option<String> {
        let table = |place: usize| self.tables.get(place);
        Some(match left_out {
            LeftOut::Column(place) => self.columns.get(place)?.clone(),
            LeftOut::Moments(place) => {
                let (name, rule) = table(place)?;
                format!("{name}.{}", rule.time.as_ref()?)
            }
            LeftOut::Value(place, column) => {
                let (name, rule) = table(place)?;
                format!("{name}.{}", rule.values.get(column)?)
            }
            LeftOut::Table(place) => table(place)?.0.clone(),
        })
    }
}

fn told(names: &Names, left_out: &[LeftOut], linked: &Linked) -> (String, String) {
    let mut names: Vec<String> = left_out.iter().filter_map(|left_out| names.of(*left_out)).collect();
    names.sort();
    names.dedup();
    let (names, percent) = (names.join(", "), linked.events.linked.share * 100.0);
    (format!("{names} 제외 → {percent:.2} %"), format!("without {names} {percent:.2} % would be found again"))
}

fn refusal(file: &str, linked: &Linked, max_share: f64) -> Problem {
    let found = linked.events.linked;
    let (share, high, allowed) = (found.share * 100.0, found.high * 100.0, max_share * 100.0);
    Problem::new(
        format!("linkage.max_share: {file}"),
        (
            format!(
                "두 반출물을 가진 사람이 환자의 {share:.2} %(95 % 상한 {high:.2} %)를 다른 반출물에서 다시 찾습니다. 허용은 \
                 {allowed} %입니다."
            ),
            format!(
                "who holds both releases finds {share:.2} % of persons again (95 %: up to {high:.2} %); {allowed} % are \
                 allowed."
            ),
        ),
        (
            "둘 다 보여 주는 열을 더 거칠게 하거나 한쪽에서 빼십시오.".to_owned(),
            "Release what both show more coarsely, or leave it out of one of them.".to_owned(),
        ),
    )
}
