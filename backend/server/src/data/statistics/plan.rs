//! From what was asked to what is counted, with everything that depends on the schema checked.

use super::random::Sticky;
use crate::config::StatisticsConfig;
use crate::data::files::table_address;
use crate::data::params::clipped;
use crate::data::visit::Visitor;
use crate::fault::Fault;
use crate::hex::hex;
use mudeung_core::dataset::{Column, ColumnType, Table};
use mudeung_core::filter::{Comparison, Condition, Filter, Literal, Test};
use mudeung_core::noise::{Epsilon, Scale};
use mudeung_core::policy::Permit;
use mudeung_core::reader::CellsRequest;
use mudeung_store::privacy_budgets::PrivacyCharge;
use mudeung_wire::api::{StatisticsBody, StatisticsDimension};
use mudeung_wire::problem::Code;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// By how many columns may be counted.
const DIMENSIONS_MAX: usize = 2;
/// Bins of one column.
const BINS_MAX: usize = 200;
/// Cells of one answer.
const CELLS_MAX: usize = 1_000;
/// Cells that one person may be counted in.
const CELLS_PER_PERSON_MAX: u32 = 16;
/// The cheapest and the dearest query, in hundredths.
const EPSILON: std::ops::RangeInclusive<u32> = 1..=100;

/// What is counted, and with how much noise.
pub(super) struct Plan {
    /// What the reader is asked. Its salt is set when the charge is made.
    pub(super) request: CellsRequest,
    /// The bins of each cell as they are shown.
    pub(super) labels: Vec<Vec<String>>,
    /// The columns counted by.
    pub(super) by: Vec<String>,
    /// The noise.
    pub(super) scale: Scale,
    /// What it costs.
    pub(super) epsilon: Epsilon,
    /// The query in one form, whatever way it was written: what is charged once and seeds the noise.
    pub(super) canonical: String,
}

/// Dataset and table of `dataset.table` or `dataset.deidentified.table`.
pub(super) fn names(text: &str) -> Result<(String, String), Fault> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [dataset, table] | [dataset, "deidentified", table] => Ok(((*dataset).to_owned(), (*table).to_owned())),
        _ => Err(Fault::parameter(
            "table",
            "Name the table as dataset.table, for instance lymph_node.patient.",
            "dataset.table 형식으로 적으세요. 예: lymph_node.patient",
        )),
    }
}

/// The budgets of the configuration.
pub(super) fn limits(config: &StatisticsConfig) -> (Epsilon, Epsilon) {
    let read = |epsilon: f64| Epsilon::parse(&format!("{epsilon}")).unwrap_or_default();
    (read(config.epsilon_per_organization), read(config.epsilon_per_dataset))
}

impl Plan {
    /// Plans a query of a permitted table.
    pub(super) fn of(permit: &Permit, body: &StatisticsBody, config: &StatisticsConfig) -> Result<Self, Fault> {
        if limits(config).0 == Epsilon::default() {
            return Err(Fault::new(
                Code::Unprocessable,
                "This sandbox offers no counts without a grant. File an access request.",
                "이 샌드박스는 승인 없는 통계를 제공하지 않습니다. 이용 신청을 하세요.",
            ));
        }
        let table = permit.table().ok_or_else(Fault::not_found)?;
        let person = table.person.clone().ok_or_else(nobody)?;
        let epsilon =
            Epsilon::parse(&body.epsilon.to_string()).filter(|it| EPSILON.contains(&it.0)).ok_or_else(|| {
                Fault::parameter(
                    "epsilon",
                    "Must be a number from 0.01 to 1 with at most two decimals.",
                    "0.01부터 1까지, 소수 둘째 자리 이내의 수여야 합니다.",
                )
            })?;
        let filter = body.filter.as_deref().map(|text| filter(table, &person, text)).transpose()?;
        if body.by.len() > DIMENSIONS_MAX {
            return Err(Fault::parameter("by", "At most two columns.", "열은 두 개까지입니다."));
        }
        let (mut dimensions, mut labels) = (Vec::new(), vec![Vec::new()]);
        for dimension in &body.by {
            let (bins, names) = bins(table, &person, dimension)?;
            let extended = labels.iter().flat_map(|label: &Vec<String>| {
                names.iter().map(move |name| label.iter().chain([name]).cloned().collect())
            });
            labels = extended.collect::<Vec<Vec<String>>>();
            dimensions.push(bins);
        }
        if labels.len() > CELLS_MAX {
            let (en, ko) = (format!("At most {CELLS_MAX} cells."), format!("칸은 {CELLS_MAX}개까지입니다."));
            return Err(Fault::parameter("by", en, ko));
        }
        let most = u32::try_from(labels.len()).unwrap_or(u32::MAX).min(CELLS_PER_PERSON_MAX);
        let cells_per_person = body.cells_per_person.unwrap_or(1);
        let scale = Scale::of(cells_per_person, epsilon).filter(|_| cells_per_person <= most).ok_or_else(|| {
            Fault::parameter(
                "cells_per_person",
                format!("Must be a whole number from 1 to {most}."),
                format!("1부터 {most}까지의 정수여야 합니다."),
            )
        })?;
        let request = CellsRequest {
            table: table_address(permit, table),
            files: table.files.iter().map(|file| file.name.clone()).collect(),
            person,
            filter,
            dimensions,
            cells_per_person,
            salt: [0; 32],
        };
        let canonical = canonical(&request, epsilon);
        Ok(Self {
            by: body.by.iter().map(|by| by.column.clone()).collect(),
            request,
            labels,
            scale,
            epsilon,
            canonical,
        })
    }

    /// What is charged for it; sets the salt that chooses the cells of a person.
    pub(super) fn charge(&self, visitor: &Visitor, permit: &Permit) -> PrivacyCharge {
        let (organization_max, dataset_max) = limits(&visitor.app.config.statistics);
        PrivacyCharge {
            organization: visitor.caller.organization,
            dataset: permit.version.dataset.clone(),
            query: hex(&Sha256::digest(&self.canonical)),
            epsilon: self.epsilon,
            organization_max,
            dataset_max,
        }
    }

    /// Chooses which cells a person is counted in, the same for the same query.
    pub(super) fn salted(mut self, key: &[u8; 32]) -> Self {
        self.request.salt = Sticky::salt(key, &self.canonical);
        self
    }

    /// The columns that are looked at.
    pub(super) fn columns(&self) -> Vec<String> {
        let filters = self.request.filter.iter().chain(self.request.dimensions.iter().flatten());
        let mut columns = vec![self.request.person.clone()];
        for name in filters.flat_map(Filter::columns) {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        }
        columns
    }
}

/// The query as one text.
fn canonical(request: &CellsRequest, epsilon: Epsilon) -> String {
    let table = &request.table;
    let mut text = format!("{}.{}.{} version {}", table.dataset, table.tier, table.table, table.version);
    if let Some(filter) = &request.filter {
        text.push_str(&format!(" where {filter}"));
    }
    for bins in &request.dimensions {
        let bins: Vec<String> = bins.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" by [{}]", bins.join(" | ")));
    }
    text.push_str(&format!(" cells {} epsilon {epsilon}", request.cells_per_person));
    text
}

fn filter(table: &Table, person: &str, text: &str) -> Result<Filter, Fault> {
    let read = Filter::parse(text).map_err(|invalid| {
        let mut fault = Fault::parameter(
            "filter",
            format!("The filter cannot be read {invalid}."),
            format!("필터를 해석할 수 없습니다({}번째 글자): {}", invalid.position, invalid.problem),
        );
        fault.code = Code::InvalidFilter;
        fault
    })?;
    for name in read.columns() {
        column(table, person, name)?;
    }
    Ok(read)
}

/// A column to count by. That which names the person is none: nobody counts single persons.
fn column<'t>(table: &'t Table, person: &str, name: &str) -> Result<&'t Column, Fault> {
    let found = table.columns.iter().find(|column| column.name == name && name != person);
    found.ok_or_else(|| {
        let names: Vec<&str> =
            table.columns.iter().map(|column| column.name.as_str()).filter(|name| *name != person).collect();
        let (name, names) = (clipped(name), names.join(", "));
        let mut fault = Fault::parameter(
            "column",
            format!("There is no column {name} to count by. There are: {names}."),
            format!("{name} 열로는 집계할 수 없습니다. 사용 가능한 열: {names}"),
        );
        fault.code = Code::UnknownColumn;
        fault
    })
}

/// The bins of a dimension, and how they are shown.
fn bins(table: &Table, person: &str, asked: &StatisticsDimension) -> Result<(Vec<Filter>, Vec<String>), Fault> {
    let column = column(table, person, &asked.column)?;
    let condition = |test: Test| Condition { column: column.name.clone(), test };
    let (bins, labels): (Vec<Filter>, Vec<String>) = match (&asked.values, &asked.edges) {
        (Some(values), None) => {
            let bin = |value: &Value| {
                let literal = literal(column, value)?;
                let label = shown(value);
                let equal = condition(Test::Compare(Comparison::Equal, literal));
                Ok((Filter { conditions: vec![equal] }, label))
            };
            values.iter().map(bin).collect::<Result<Vec<_>, Fault>>()?.into_iter().unzip()
        }
        (None, Some(edges)) => {
            let bin = |pair: &[Value]| {
                let [from, to] = pair else { return Err(one_way(&asked.column)) };
                let least = condition(Test::Compare(Comparison::GreaterOrEqual, literal(column, from)?));
                let below = condition(Test::Compare(Comparison::Less, literal(column, to)?));
                Ok((Filter { conditions: vec![least, below] }, format!("{}..{}", shown(from), shown(to))))
            };
            edges.windows(2).map(bin).collect::<Result<Vec<_>, Fault>>()?.into_iter().unzip()
        }
        _ => return Err(one_way(&asked.column)),
    };
    if bins.is_empty() || bins.len() > BINS_MAX {
        return Err(Fault::parameter(
            "by",
            format!("Give 1 to {BINS_MAX} bins for {}.", asked.column),
            format!("{} 열의 구간은 1개부터 {BINS_MAX}개까지입니다.", asked.column),
        ));
    }
    Ok((bins, labels))
}

/// A value as a column of this type compares it.
fn literal(column: &Column, value: &Value) -> Result<Literal, Fault> {
    let literal = match (column.kind, value) {
        (ColumnType::Boolean, Value::Bool(value)) => Some(Literal::Boolean(*value)),
        (ColumnType::Int32 | ColumnType::Int64, Value::Number(number)) if number.is_i64() => {
            Some(Literal::Number(number.to_string()))
        }
        (ColumnType::Float64, Value::Number(number)) => Some(Literal::Number(number.to_string())),
        (ColumnType::Text | ColumnType::Date | ColumnType::Timestamp, Value::String(text)) => {
            Some(Literal::Text(text.clone())).filter(|_| text.len() <= 256)
        }
        _ => None,
    };
    literal.ok_or_else(|| {
        let (name, kind) = (&column.name, column.kind.as_str());
        Fault::parameter(
            "by",
            format!("{name} has the type {kind}; {} is no value of it.", clipped(&value.to_string())),
            format!("{name} 열의 형식은 {kind}입니다. 맞지 않는 값: {}", clipped(&value.to_string())),
        )
    })
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_way(column: &str) -> Fault {
    let column = clipped(column);
    Fault::parameter(
        "by",
        format!("Give either values or edges for {column}."),
        format!("{column} 열에는 values 또는 edges 중 하나를 지정하세요."),
    )
}

fn nobody() -> Fault {
    Fault::new(
        Code::Unprocessable,
        "The table does not say which person a row is about, so persons cannot be counted in it.",
        "이 표는 행이 어느 사람에 대한 것인지 알 수 없어 인원을 집계할 수 없습니다.",
    )
}
