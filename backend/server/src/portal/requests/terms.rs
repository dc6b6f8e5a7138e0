//! What an approval opens, as the form says it: columns, rows, quota, days, and what it depends on.

use super::write::read_reach;
use crate::call::Language;
use crate::portal::desk::{Desk, Roles};
use crate::portal::fields::Fields;
use crate::portal::moment;
use crate::portal::texts::{FlowTexts, RequestsTexts, UseTexts};
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::dataset::{Table, Version};
use mudeung_core::filter::{Filter, InvalidFilter};
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::GrantId;
use mudeung_core::name::Name;
use mudeung_core::quota::Amount;
use mudeung_core::request::AccessRequest;
use mudeung_core::request::event::Condition;
use mudeung_core::tier::Tier;
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS_MAX: u64 = 1_095;
const GIB_MAX: u64 = 1_000_000;
/// How many conditions an approval may name.
pub(super) const CONDITIONS_MAX: usize = 5;
/// A condition is to be met within a year.
const CONDITION_DAYS_MAX: u32 = 366;

/// The grant a form describes and its days, or what is wrong with the form. It goes as far as was asked for where the form
/// does not say. It is held when it depends on something.
pub(super) fn read_grant<R: Roles>(
    desk: &Desk<R>,
    request: &AccessRequest,
    asked: Reach,
    form: &Fields,
) -> Result<(Grant, u32), &'static str> {
    let t = RequestsTexts::of(desk.page.language);
    let snapshot = desk.app.snapshots.present();
    let version = snapshot.published(request.dataset.as_str(), Tier::Deidentified, None);
    let Some(version) = version else { return Err(t.bad_dataset) };
    let Some(tables) = opened_tables(version, form) else { return Err(t.bad_filter) };
    if tables.is_empty() {
        return Err(t.bad_columns);
    }
    let (Some(gib), Some(rows)) = (form.number("gib", 1..=GIB_MAX), form.number("rows", 1..=1_000_000_000_000_000))
    else {
        return Err(t.bad_quota);
    };
    let Some(days) = form.number("days", 1..=DAYS_MAX).and_then(|days| u32::try_from(days).ok()) else {
        return Err(t.bad_days);
    };
    let Some(reach) = read_reach(form, asked) else { return Err(UseTexts::of(desk.page.language).bad_reach) };
    let now = desk.app.clock.now();
    let grant = Grant {
        id: GrantId::generate(&*desk.app.clock, &*desk.app.entropy),
        organization: request.organization,
        app: request.app,
        request: Some(request.id),
        agreement: request.agreement,
        dataset: request.dataset.clone(),
        tier: Tier::Deidentified,
        tables,
        reach,
        purpose: request.purpose.clone(),
        quota: Amount { bytes: gib.saturating_mul(1 << 30), rows },
        valid_from: now,
        valid_until: now.plus(DAY.saturating_mul(days)),
        state: GrantState::Active,
        created_at: now,
    };
    Ok((grant, days))
}

/// The conditions a form names: each has a text and the last day to answer.
pub(super) fn read_conditions<R: Roles>(desk: &Desk<R>, form: &Fields) -> Result<Vec<Condition>, &'static str> {
    let bad = FlowTexts::of(desk.page.language).bad_condition;
    let now = desk.app.clock.now();
    let latest = now.plus(DAY.saturating_mul(CONDITION_DAYS_MAX));
    let mut conditions = Vec::new();
    for number in 0..CONDITIONS_MAX {
        let (text, due) = (format!("condition.{number}"), format!("due.{number}"));
        if form.text(&text).is_empty() {
            continue;
        }
        let text = form.line(&text, 1..=500).ok_or(bad)?;
        let end = moment::start_of_day(form.text(&due)).map(|start: Timestamp| start.plus(DAY));
        let due = end.filter(|end| now < *end && *end <= latest).ok_or(bad)?;
        conditions.push(Condition { text, due });
    }
    Ok(conditions)
}

/// The tables with at least one chosen column; nothing when a filter cannot be used.
fn opened_tables(version: &Version, form: &Fields) -> Option<BTreeMap<Name, TableGrant>> {
    let mut opened = BTreeMap::new();
    for table in &version.tables {
        let prefix = format!("{}.", table.name);
        let known = |name: &str| table.columns.iter().any(|column| column.name == name);
        let chosen = form.all("column").filter_map(|value| value.strip_prefix(&prefix));
        let columns: std::collections::BTreeSet<String> =
            chosen.filter(|name| known(name)).map(str::to_owned).collect();
        let text = form.text(&format!("rows.{}", table.name)).to_owned();
        let rows = if text.is_empty() { None } else { Some(filter(table, &text).ok()?) };
        if !columns.is_empty() {
            opened.insert(table.name.clone(), TableGrant { columns, rows });
        }
    }
    Some(opened)
}

/// Why a filter of the rows of a table cannot be used, for who wrote it; nothing when it can, or there is none.
pub(super) fn filter_problem(language: Language, table: &Table, text: &str) -> Option<String> {
    let problem = if text.is_empty() { None } else { filter(table, text).err() }?;
    Some(match (problem, language) {
        (FilterProblem::Unreadable(error), Language::Ko) => {
            format!("{}번째 글자에서 읽을 수 없습니다.", error.position)
        }
        (FilterProblem::Unreadable(error), Language::En) => format!("It cannot be read {error}."),
        (FilterProblem::NoColumn(column), Language::Ko) => format!("{column} 열이 없습니다."),
        (FilterProblem::NoColumn(column), Language::En) => format!("There is no column {column}."),
    })
}

/// What is wrong with a filter.
enum FilterProblem {
    Unreadable(InvalidFilter),
    NoColumn(String),
}

fn filter(table: &Table, text: &str) -> Result<Filter, FilterProblem> {
    let filter = Filter::parse(text).map_err(FilterProblem::Unreadable)?;
    let known = |name: &str| table.columns.iter().any(|column| column.name == name);
    let unknown = filter.columns().find(|column| !known(column)).map(str::to_owned);
    unknown.map_or(Ok(filter), |column| Err(FilterProblem::NoColumn(column)))
}
