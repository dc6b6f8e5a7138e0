//! Schema and recipe held against each other: what happens to each column, or every reason why that cannot be said.

use super::{ColumnRule, ColumnSpec, Definition, Recipe, Role, TableSpec};
use crate::error::Problem;
use crate::transform::{Transform, read_rule};
use mudeung_core::dataset::ColumnType;
use mudeung_synth::twin::ColumnPolicy;
use mudeung_wire::manifest::{Bilingual, ManifestColumn};
use std::collections::BTreeMap;

mod check;
mod events;
mod linkage;
mod population;
mod search;
mod twin;

use check::{Problems, check_dataset, check_recipe, check_schema};

/// What happens to each table, in the order of the schema.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The tables that are released.
    pub tables: Vec<TablePlan>,
    /// Position of the person table.
    pub person_table: usize,
}

/// What happens to a table.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// The table as the schema describes it.
    pub spec: TableSpec,
    /// Every column of the schema, dropped ones too.
    pub columns: Vec<ColumnPlan>,
    /// Position of the column that names the person.
    pub person_column: usize,
}

/// What happens to a column.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    /// The column as the schema describes it.
    pub spec: ColumnSpec,
    /// Its raw type.
    pub kind: ColumnType,
    /// Its released type.
    pub released: ColumnType,
    /// What the column means to an adversary.
    pub role: Role,
    /// What happens to it.
    pub transform: Transform,
    /// Whether the released column may be null.
    pub nullable: bool,
    /// Whether the recipe names it; a column that it does not name is dropped.
    pub listed: bool,
    /// The level that a search chose, from zero, and among how many.
    pub chosen: Option<(usize, usize)>,
}

impl Plan {
    /// The plan in which each quasi-identifier of the person table has the level that was chosen for it.
    pub(crate) fn with_levels(&self, chosen: Vec<(Transform, usize, usize)>) -> Self {
        let mut plan = self.clone();
        if let Some(person) = plan.tables.get_mut(self.person_table) {
            let released =
                person.columns.iter_mut().filter(|c| c.role == Role::Quasi && c.transform != Transform::Drop);
            for (column, (transform, level, levels)) in released.zip(chosen) {
                if let Transform::Levels(_) = column.transform {
                    column.transform = transform;
                    column.chosen = Some((level, levels));
                }
            }
        }
        plan
    }

    /// By how many weeks dates are shifted at most; nothing when none are.
    pub(crate) fn weeks(&self) -> Option<u32> {
        self.tables.iter().flat_map(|table| &table.columns).find_map(|column| match column.transform {
            Transform::DateShift { weeks, .. } => Some(weeks),
            _ => None,
        })
    }

    /// The table with one row per person.
    pub fn person(&self) -> Option<&TablePlan> {
        self.tables.get(self.person_table)
    }
}

impl TablePlan {
    /// The columns an adversary is taken to know.
    pub fn quasi(&self) -> impl Iterator<Item = &ColumnPlan> {
        self.columns.iter().filter(|column| column.role == Role::Quasi)
    }

    /// The column that names the person.
    pub fn person(&self) -> Option<&str> {
        self.columns.get(self.person_column).map(|column| column.spec.name.as_str())
    }

    /// The columns that are released, as the manifest describes them.
    pub fn released(&self) -> Vec<ManifestColumn> {
        self.columns
            .iter()
            .filter(|column| column.transform != Transform::Drop)
            .map(ColumnPlan::released_column)
            .collect()
    }

    /// Position of the released column of that name.
    pub fn released_position(&self, name: &str) -> Option<usize> {
        self.columns.iter().filter(|column| column.transform != Transform::Drop).position(|c| c.spec.name == name)
    }
}

impl ColumnPlan {
    fn released_column(&self) -> ManifestColumn {
        ManifestColumn {
            name: self.spec.name.clone(),
            kind: self.released.as_str().to_owned(),
            nullable: self.nullable,
            description: self.spec.description.clone(),
            unit: self.spec.unit.clone(),
            deidentification: Some(self.note()),
        }
    }

    /// What is done to the column, and that it was chosen.
    pub fn note(&self) -> Bilingual {
        let note = self.transform.note();
        match self.chosen {
            Some((level, levels)) => Bilingual {
                ko: format!("{} (탐색이 고른 단계: {levels}단계 가운데 {})", note.ko, level + 1),
                en: format!("{} (chosen by search: level {} of {levels})", note.en, level + 1),
            },
            None => note,
        }
    }

    /// What may be done to the column: one thing, or those that a search chooses from.
    pub(crate) fn levels(&self) -> Vec<Transform> {
        match &self.transform {
            Transform::Levels(levels) => levels.clone(),
            fixed => vec![fixed.clone()],
        }
    }

    /// The values that the rule of the column leaves, when it says them all.
    pub(crate) fn domain(&self) -> Option<ColumnPolicy> {
        twin::domain(self)
    }

    /// Whether what is released depends on the person, and not on the value alone.
    pub(crate) fn is_shifted(&self) -> bool {
        matches!(self.transform, Transform::DateShift { .. })
    }
}

/// Checks what needs no recipe.
pub(super) fn check(definition: &Definition) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    check_dataset(definition, &mut problems);
    check_schema(&definition.schema, &mut problems);
    if problems.0.is_empty() { Ok(()) } else { Err(problems.0) }
}

/// Checks everything and says what happens to each column.
pub(super) fn plan(definition: &Definition) -> Result<Plan, Vec<Problem>> {
    let mut problems = Problems::default();
    check_dataset(definition, &mut problems);
    check_schema(&definition.schema, &mut problems);
    let Some(recipe) = &definition.recipe else {
        problems.add(
            "recipe.toml",
            ["파일이 없습니다.", "no such file."],
            ["비식별 단계를 만들려면 작성하십시오.", "Write one to build the de-identified tier."],
        );
        return Err(problems.0);
    };
    check_recipe(&recipe.value, &definition.schema, &mut problems);
    let tables: Vec<TablePlan> = definition
        .schema
        .tables
        .iter()
        .filter(|table| recipe.value.columns.contains_key(&table.name))
        .filter_map(|table| plan_table(table, &recipe.value, &definition.hierarchies, &mut problems))
        .collect();
    check_one_shift(&tables, &mut problems);
    search::check(&tables, definition, &recipe.value, &mut problems);
    twin::check(&tables, &recipe.value, &mut problems);
    events::check(&tables, &recipe.value, &mut problems);
    population::check(&tables, definition, &recipe.value, &mut problems);
    linkage::check(definition, &recipe.value, &mut problems);
    let person_table = tables.iter().position(|table| table.spec.name == recipe.value.person.table);
    match (problems.0.is_empty(), person_table) {
        (true, Some(person_table)) => Ok(Plan { tables, person_table }),
        _ => Err(problems.0),
    }
}

fn plan_table(
    table: &TableSpec,
    recipe: &Recipe,
    hierarchies: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> Option<TablePlan> {
    let rules = recipe.columns.get(&table.name)?;
    let is_person = table.name == recipe.person.table;
    if table.file.is_none() {
        problems.add(
            format!("schema.toml: {}", table.name),
            ["원본 파일(file)이 없습니다.", "names no raw file."],
            ["file = \"….csv\"를 적으십시오.", "Add file = \"….csv\"."],
        );
    }
    let person = if is_person { Some(recipe.person.id.as_str()) } else { table.person.as_deref() };
    let person_column = person.and_then(|name| table.columns.iter().position(|column| column.name == name));
    let columns: Vec<ColumnPlan> = table
        .columns
        .iter()
        .filter_map(|column| plan_column(table, column, rules.get(&column.name), is_person, hierarchies, problems))
        .collect();
    let Some(person_column) = person_column else {
        problems.add(
            if is_person { "recipe.toml: person.id".to_owned() } else { format!("schema.toml: {}.person", table.name) },
            ["환자를 가리키는 열이 없습니다.", "names no column of the table that names the person."],
            ["환자 식별자 열의 이름을 적으십시오.", "Give the name of the column that identifies the person."],
        );
        return None;
    };
    check_person_column(table, columns.get(person_column), problems);
    check_shifts(table, &columns, problems);
    Some(TablePlan { spec: table.clone(), columns, person_column })
}

fn plan_column(
    table: &TableSpec,
    column: &ColumnSpec,
    rule: Option<&ColumnRule>,
    is_person: bool,
    hierarchies: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> Option<ColumnPlan> {
    let kind = ColumnType::parse(&column.kind)?;
    let place = format!("recipe.toml: columns.{}.{}", table.name, column.name);
    let Some(rule) = rule else {
        let (role, transform) = (Role::Other, Transform::Drop);
        let nullable = column.nullable;
        let spec = column.clone();
        return Some(ColumnPlan { spec, kind, released: kind, role, transform, nullable, listed: false, chosen: None });
    };
    let transform = read_rule(rule, hierarchies)
        .map_err(|[reason, mend]| problems.0.push(Problem::new(&place, reason, mend)))
        .ok()?;
    let Some(released) = transform.released(kind) else {
        let (action, kind) = (&rule.action, kind.as_str());
        problems.add(
            place,
            [
                &format!("do = \"{action}\"은(는) {kind} 열에 쓸 수 없습니다."),
                &format!("do = \"{action}\" does not work on {kind}."),
            ],
            ["자료형에 맞는 처리를 고르십시오.", "Choose an action for that type, or correct the type in schema.toml."],
        );
        return None;
    };
    let role = rule.role.unwrap_or(Role::Other);
    if role == Role::Identifier && !matches!(transform, Transform::Drop | Transform::Pseudonym { .. }) {
        problems.add(
            place,
            ["식별자인데 그대로 나갑니다.", "is an identifier and would be released."],
            ["do = \"pseudonym\" 또는 \"drop\"을 쓰십시오.", "Use do = \"pseudonym\" or \"drop\"."],
        );
    } else if role == Role::Quasi && !is_person {
        problems.add(
            place,
            [
                "준식별자는 환자 표에서만 잴 수 있습니다.",
                "is a quasi-identifier outside the person table, where it is not measured.",
            ],
            ["환자 표로 옮기거나 다른 역할을 주십시오.", "Move it to the person table or give it another role."],
        );
    }
    let nullable = transform.released_nullable(column.nullable);
    Some(ColumnPlan { spec: column.clone(), kind, released, role, transform, nullable, listed: true, chosen: None })
}

fn check_person_column(table: &TableSpec, column: Option<&ColumnPlan>, problems: &mut Problems) {
    let Some(column) = column else { return };
    let fine = matches!(&column.transform, Transform::Pseudonym { domain, .. } if domain == "person");
    if !fine || column.spec.nullable {
        problems.add(
            format!("recipe.toml: columns.{}.{}", table.name, column.spec.name),
            [
                "환자 식별자는 null이 없는 가명이어야 합니다.",
                "names the person and must be a pseudonym of domain person, never null.",
            ],
            ["do = \"pseudonym\"을 쓰고 nullable을 지우십시오.", "Use do = \"pseudonym\" and remove `nullable`."],
        );
    }
}

/// All dates of a person move together, so there can be one width alone.
fn check_one_shift(tables: &[TablePlan], problems: &mut Problems) {
    let mut first = None;
    for (table, column) in tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column))) {
        let Transform::DateShift { weeks, .. } = column.transform else { continue };
        if *first.get_or_insert(weeks) != weeks {
            problems.add(
                format!("recipe.toml: columns.{}.{}", table.spec.name, column.spec.name),
                [
                    "weeks가 다른 열과 달라 간격이 깨집니다.",
                    "weeks differs from another column, which would break intervals.",
                ],
                ["모든 date_shift에 같은 weeks를 쓰십시오.", "Give every date_shift the same weeks."],
            );
        }
    }
}

fn check_shifts(table: &TableSpec, columns: &[ColumnPlan], problems: &mut Problems) {
    let dated = |kind| matches!(kind, ColumnType::Date | ColumnType::Timestamp);
    let stays = |column: &ColumnPlan| column.levels().contains(&Transform::Keep);
    for column in columns.iter().filter(|column| dated(column.kind) && stays(column)) {
        problems.add(
            format!("recipe.toml: columns.{}.{}", table.name, column.spec.name),
            ["날짜가 그대로 나갑니다.", "is a date and would be released as it is."],
            ["date_shift 또는 date_truncate를 쓰십시오.", "Use do = \"date_shift\" or \"date_truncate\"."],
        );
    }
}
