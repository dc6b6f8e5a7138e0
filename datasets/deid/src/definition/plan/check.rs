//! Each file of a definition for itself, and the recipe's names against the schema's.

use crate::definition::{Definition, Recipe, SchemaFile, TableSpec};
use crate::error::Problem;
use mudeung_core::dataset::{Bilingual, ColumnType};
use mudeung_core::duo::DataUse;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use std::collections::BTreeSet;

/// Collects problems while the files are walked.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, place: impl Into<String>, reason: [&str; 2], mend: [&str; 2]) {
        let pair = |[ko, en]: [&str; 2]| (ko.to_owned(), en.to_owned());
        self.0.push(Problem::new(place, pair(reason), pair(mend)));
    }
}

pub(super) fn check_dataset(definition: &Definition, problems: &mut Problems) {
    let dataset = &definition.dataset;
    if Name::parse(&dataset.name).is_err() {
        let place = format!("dataset.toml: name = \"{}\"", dataset.name);
        problems.add(place, ["이름이 될 수 없습니다.", "is not a name."], NAME_MEND);
    }
    for tier in dataset.tiers.iter().filter(|tier| Tier::parse(tier).is_none()) {
        problems.add(
            format!("dataset.toml: tiers: \"{tier}\""),
            ["그런 단계는 없습니다.", "is not a tier."],
            ["deidentified 또는 synthetic을 쓰십시오.", "Use `deidentified` or `synthetic`."],
        );
    }
    if let Some(said) = &dataset.uses {
        let studies = said.studies.as_ref().map(|text| Bilingual { ko: text.ko.clone(), en: text.en.clone() });
        if let Err(error) = DataUse::parse(&said.permission, &said.diseases, &said.modifiers, studies) {
            let reason = ["이용 조건을 읽을 수 없습니다.", "does not say terms of use."];
            problems.add("dataset.toml: use", reason, [&error.in_korean(), &format!("{error}.")]);
        }
    }
    let files = [
        (Tier::Deidentified, "recipe.toml", definition.recipe.is_some()),
        (Tier::Synthetic, "generator.toml", definition.generator.is_some()),
    ];
    for (tier, file, there) in files {
        if dataset.tiers.iter().any(|named| named == tier.as_str()) != there {
            problems.add(
                format!("dataset.toml: tiers, {file}"),
                ["단계와 파일이 맞지 않습니다.", "do not agree."],
                [
                    &format!("{tier} 단계가 있으면 {file}이 있어야 하고, 없으면 없어야 합니다."),
                    &format!("The tier {tier} and the file {file} come together or not at all."),
                ],
            );
        }
    }
}

const NAME_MEND: [&str; 2] = [
    "a-z, 0-9, _, - 로 된 1~64자를 쓰십시오.",
    "Use 1 to 64 characters of a-z, 0-9, _ and -, starting with a letter or digit.",
];

pub(super) fn check_schema(schema: &SchemaFile, problems: &mut Problems) {
    let mut tables = BTreeSet::new();
    for table in &schema.tables {
        if Name::parse(&table.name).is_err() {
            problems.add(
                format!("schema.toml: {}", table.name),
                ["이름이 될 수 없습니다.", "is not a name."],
                NAME_MEND,
            );
        }
        if !tables.insert(&table.name) {
            twice(format!("schema.toml: {}", table.name), problems);
        }
        check_separator(table, problems);
        let mut columns = BTreeSet::new();
        for column in &table.columns {
            let place = format!("schema.toml: {}.{}", table.name, column.name);
            if !columns.insert(&column.name) {
                twice(place.clone(), problems);
            }
            if ColumnType::parse(&column.kind).is_none() {
                let reason = format!("type = \"{}\"", column.kind);
                problems.add(
                    place,
                    [&format!("{reason}: 그런 자료형은 없습니다."), &format!("{reason} is not a type.")],
                    [TYPES_KO, "Use boolean, int32, int64, float64, text, date or timestamp."],
                );
            }
        }
        for (key, named) in [("person", &table.person), ("time", &table.time)] {
            if let Some(named) = named.as_ref().filter(|named| !columns.contains(named)) {
                missing_column(format!("schema.toml: {}.{key}", table.name), named, table, problems);
            }
        }
    }
}

/// A separator must not be taken for a part of a value.
fn check_separator(table: &TableSpec, problems: &mut Problems) {
    let usable =
        |c: &char| *c == '\t' || (c.is_ascii_graphic() && !c.is_ascii_alphanumeric() && !"\"'.-+".contains(*c));
    if let Some(separator) = table.separator.filter(|separator| !usable(separator)) {
        problems.add(
            format!("schema.toml: {}: separator = {separator:?}", table.name),
            ["구분자로 쓸 수 없습니다.", "cannot separate values."],
            [
                "쉼표, 세미콜론, 탭, | 같은 아스키 문자 하나를 쓰거나 지우십시오. 지우면 파일에서 알아냅니다.",
                "Use one character of ASCII such as `,` `;` `|` or a tab, or leave it out: it is found in the file.",
            ],
        );
    }
}

const TYPES_KO: &str = "boolean, int32, int64, float64, text, date, timestamp 가운데 하나를 쓰십시오.";

fn twice(place: String, problems: &mut Problems) {
    problems.add(place, ["두 번 나옵니다.", "is there twice."], ["하나를 지우십시오.", "Remove one of them."]);
}

fn missing_column(place: String, named: &str, table: &TableSpec, problems: &mut Problems) {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let names = names.join(", ");
    problems.add(
        place,
        [
            &format!("표 {}에 열 {named}이(가) 없습니다.", table.name),
            &format!("table {} has no column {named}.", table.name),
        ],
        [&format!("있는 열: {names}."), &format!("It has {names}.")],
    );
}

pub(super) fn check_recipe(recipe: &Recipe, schema: &SchemaFile, problems: &mut Problems) {
    for (name, columns) in &recipe.columns {
        let Some(table) = schema.tables.iter().find(|table| &table.name == name) else {
            let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
            let names = names.join(", ");
            problems.add(
                format!("recipe.toml: columns.{name}"),
                ["schema.toml에 없는 표입니다.", "schema.toml has no such table."],
                [&format!("있는 표: {names}."), &format!("It has {names}.")],
            );
            continue;
        };
        for column in columns.keys().filter(|column| !table.columns.iter().any(|c| &c.name == *column)) {
            missing_column(format!("recipe.toml: columns.{name}.{column}"), column, table, problems);
        }
    }
    for name in recipe.tables.keys().filter(|name| !recipe.columns.contains_key(*name)) {
        problems.add(
            format!("recipe.toml: tables.{name}"),
            ["[columns]에 없는 표입니다.", "is not a table of [columns]."],
            ["공개하는 표만 적으십시오.", "Name tables that are released."],
        );
    }
    if !recipe.columns.contains_key(&recipe.person.table) {
        problems.add(
            format!("recipe.toml: person.table = \"{}\"", recipe.person.table),
            ["[columns]에 없는 표입니다.", "is not a table of [columns]."],
            ["환자 한 명에 한 행인 표를 적으십시오.", "Name the table with one row per person."],
        );
    }
    let asked = recipe.release.preset.k();
    if recipe.privacy.k < asked {
        let preset = recipe.release.preset.as_str();
        problems.add(
            format!("recipe.toml: privacy.k = {}", recipe.privacy.k),
            [
                &format!("{preset} 설정은 {asked} 이상을 요구합니다."),
                &format!("preset {preset} asks for {asked} at least."),
            ],
            ["k를 올리거나 설정을 바꾸십시오.", "Raise k or choose another preset."],
        );
    }
    let rejects = recipe.rejects.map(|rejects| ("rejects.at_most", rejects.at_most));
    for (key, share) in [
        ("privacy.max_suppressed", recipe.privacy.max_suppressed),
        ("privacy.max_unique_share", recipe.privacy.max_unique_share),
    ]
    .into_iter()
    .chain(rejects)
    .chain(recipe.privacy.max_inference.map(|share| ("privacy.max_inference", share)))
    {
        if !(0.0..=1.0).contains(&share) {
            problems.add(
                format!("recipe.toml: {key} = {share}"),
                ["비율이 아닙니다.", "is not a share."],
                ["0과 1 사이의 값을 쓰십시오.", "Use a number from 0 to 1."],
            );
        }
    }
}
