//! The columns of a request: the list to choose from, what was chosen, and what the company asked for as pages show it.

use crate::call::Language;
use crate::portal::fields::Fields;
use crate::portal::page::Page;
use crate::portal::texts::{UseTexts, pick};
use mudeung_core::dataset::{Table, Version};
use mudeung_core::grant::Reach;
use mudeung_core::request::columns::{Columns, Difference, count};
use mudeung_core::request::event::{Event, Happening, Proposal};
use std::collections::BTreeSet;

/// A table with columns, to choose from or to read.
pub(in crate::portal) struct TableLine {
    pub(in crate::portal) name: String,
    pub(in crate::portal) description: String,
    pub(in crate::portal) chosen: usize,
    pub(in crate::portal) of: usize,
    pub(in crate::portal) columns: Vec<ColumnLine>,
}

pub(in crate::portal) struct ColumnLine {
    pub(in crate::portal) name: String,
    pub(in crate::portal) meaning: String,
    pub(in crate::portal) note: String,
    pub(in crate::portal) chosen: bool,
    /// Whether an adversary is taken to know it.
    pub(in crate::portal) quasi: bool,
}

/// What a company asked for, beside what there is.
pub(in crate::portal) struct AskedPart {
    pub(in crate::portal) chosen: usize,
    pub(in crate::portal) of: usize,
    pub(in crate::portal) tables: Vec<TableLine>,
    pub(in crate::portal) gone: Vec<String>,
}

/// What changed since a request was handed in before.
pub(in crate::portal) struct ChangePart {
    pub(in crate::portal) said: Vec<&'static str>,
    pub(in crate::portal) added: Vec<String>,
    pub(in crate::portal) removed: Vec<String>,
}

/// Every column of a version.
pub(super) fn all(version: &Version) -> Columns {
    let of = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<BTreeSet<_>>();
    version.tables.iter().map(|table| (table.name.clone(), of(table))).collect()
}

/// The columns that a form names, as far as the version has them.
pub(super) fn named(version: &Version, form: &Fields) -> Columns {
    let mut columns = Columns::new();
    let values: BTreeSet<&str> = form.all("column").collect();
    for table in &version.tables {
        let named = |name: &&String| values.contains(format!("{}.{name}", table.name).as_str());
        let chosen: BTreeSet<String> = table.columns.iter().map(|column| &column.name).filter(named).cloned().collect();
        if !chosen.is_empty() {
            columns.insert(table.name.clone(), chosen);
        }
    }
    columns
}

/// The columns that a form asks for, or what is wrong with it. A list that was made for another dataset asks for nothing.
pub(super) fn read(version: &Version, form: &Fields, u: &'static UseTexts) -> Result<Columns, &'static str> {
    if form.text("scope") != "chosen" {
        return Ok(all(version));
    }
    if form.text("columns_of") != version.dataset.as_str() {
        return Err(u.bad_columns_of);
    }
    let columns = named(version, form);
    if columns.is_empty() { Err(u.bad_columns) } else { Ok(columns) }
}

/// How far data is to go, or may.
pub(in crate::portal) const fn reach_text(u: &'static UseTexts, reach: Reach) -> &'static str {
    match reach {
        Reach::Inside => u.reach_inside,
        Reach::Export => u.reach_export,
    }
}

/// The tables of a version, with the columns that are chosen; `quasi` are quasi-identifiers as `table.column`.
pub(super) fn tables(language: Language, version: &Version, chosen: &Columns, quasi: &[String]) -> Vec<TableLine> {
    let is_chosen = |table: &Table, name: &str| chosen.get(&table.name).is_some_and(|columns| columns.contains(name));
    let line = |table: &Table| {
        let columns: Vec<ColumnLine> = table
            .columns
            .iter()
            .map(|column| ColumnLine {
                chosen: is_chosen(table, &column.name),
                quasi: quasi.contains(&format!("{}.{}", table.name, column.name)),
                name: column.name.clone(),
                meaning: pick(language, &column.description),
                note: column.deidentification.as_ref().map(|note| pick(language, note)).unwrap_or_default(),
            })
            .collect();
        TableLine {
            name: table.name.to_string(),
            description: pick(language, &table.description),
            chosen: columns.iter().filter(|column| column.chosen).count(),
            of: columns.len(),
            columns,
        }
    };
    version.tables.iter().map(line).collect()
}

/// What a proposal asks for of a version.
pub(super) fn part(page: &Page, version: &Version, proposal: &Proposal) -> AskedPart {
    let mut shown = tables(page.language, version, &proposal.columns, &[]);
    for table in &mut shown {
        table.columns.retain(|column| column.chosen);
    }
    shown.retain(|table| table.chosen > 0);
    AskedPart {
        chosen: count(&proposal.columns),
        of: version.tables.iter().map(|table| table.columns.len()).sum(),
        tables: shown,
        gone: mudeung_core::request::columns::beyond(&proposal.columns, &all(version)),
    }
}

/// What the company wrote otherwise than the time before, when it handed a request in more than once.
pub(super) fn changes(language: Language, events: &[Event]) -> Option<ChangePart> {
    let submitted =
        |event: &Event| if let Happening::Submitted(proposal) = &event.what { Some(proposal.clone()) } else { None };
    let mut latest = events.iter().rev().filter_map(submitted);
    let (after, before) = (latest.next()?, latest.next()?);
    let difference = Difference::between(&before, &after);
    let u = UseTexts::of(language);
    let texts = [
        (difference.purpose, u.changed_purpose),
        (difference.ethics, u.changed_ethics),
        (difference.uses, u.changed_uses),
        (difference.agreement, u.changed_agreement),
        (difference.reach, u.changed_reach),
        (difference.is_empty(), u.changed_nothing),
    ];
    Some(ChangePart {
        said: texts.into_iter().filter_map(|(is_so, text)| is_so.then_some(text)).collect(),
        added: difference.added,
        removed: difference.removed,
    })
}
