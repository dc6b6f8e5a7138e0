//! `jsonPredicateHints`: a tree of comparisons, read as a union of row filters that never leaves a matching row out.
//!
//! Hints are best effort: what cannot be held against the statistics of a file exactly as the client will compare it is
//! taken for true, and a tree that cannot be read at all means all files.

use mudeung_core::dataset::{Column, ColumnType};
use mudeung_core::filter::{CONDITIONS_MAX, Comparison, Condition, Filter, Literal, Test};
use serde::Deserialize;
use serde_json::Value;

/// The longest hint that is read.
pub const HINT_BYTES_MAX: usize = 64 << 10;
/// The most filters that one tree may become.
const FILTERS_MAX: usize = 64;
/// The deepest tree that is read.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Deserialize)]
struct Node {
    op: String,
    #[serde(default)]
    children: Vec<Node>,
    name: Option<String>,
    value: Option<Value>,
    #[serde(rename = "valueType")]
    value_type: Option<String>,
}

/// Conditions that hold together; none of them is no condition at all.
type Terms = Vec<Vec<Condition>>;

/// The filters of a hint, of which a row that matches passes one at least; `None` when every row may match.
pub fn filters(text: &str, columns: &[&Column]) -> Option<Vec<Filter>> {
    if text.len() > HINT_BYTES_MAX {
        return None;
    }
    let node: Node = serde_json::from_str(text).ok()?;
    let terms = Reader { columns }.terms(&node, false, DEPTH_MAX)?;
    let filter = |mut conditions: Vec<Condition>| {
        conditions.truncate(CONDITIONS_MAX);
        (!conditions.is_empty()).then_some(Filter { conditions })
    };
    terms.into_iter().map(filter).collect()
}

struct Reader<'c> {
    columns: &'c [&'c Column],
}

impl Reader<'_> {
    /// The tree or its negation as a union of terms; `None` when it cannot be read.
    fn terms(&self, node: &Node, negated: bool, depth: usize) -> Option<Terms> {
        let depth = depth.checked_sub(1)?;
        let all = |negated| node.children.iter().map(move |child| self.terms(child, negated, depth));
        let op = node.op.to_ascii_lowercase();
        match op.as_str() {
            "not" => match node.children.as_slice() {
                [child] => self.terms(child, !negated, depth),
                _ => None,
            },
            "and" | "or" if node.children.len() < 2 => None,
            // The negation of a union is the section of the negations.
            "and" | "or" if (op == "and") != negated => {
                all(negated).try_fold(vec![Vec::new()], |so_far, next| section(&so_far, &next?))
            }
            "and" | "or" => {
                let united = all(negated).try_fold(Vec::new(), |mut so_far: Terms, next| {
                    so_far.extend(next?);
                    Some(so_far)
                })?;
                (united.len() <= FILTERS_MAX).then_some(united)
            }
            "isnull" => {
                let [child] = node.children.as_slice() else { return None };
                let (column, _) = self.column(child)?;
                let test = if negated { Test::IsNotNull } else { Test::IsNull };
                Some(vec![vec![Condition { column: column.name.clone(), test }]])
            }
            "in" => self.is_one_of(node, negated),
            _ => self.comparison(&op, node, negated),
        }
    }

    fn column<'n>(&self, node: &'n Node) -> Option<(&Column, &'n str)> {
        let name = node.name.as_deref().filter(|_| node.op.eq_ignore_ascii_case("column"))?;
        let exact = self.columns.iter().find(|column| column.name == name);
        let found = exact.or_else(|| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))?;
        Some((found, node.value_type.as_deref()?))
    }

    fn comparison(&self, op: &str, node: &Node, negated: bool) -> Option<Terms> {
        let comparison = match op {
            "equal" => Comparison::Equal,
            "lessthan" => Comparison::Less,
            "lessthanorequal" => Comparison::LessOrEqual,
            "greaterthan" => Comparison::Greater,
            "greaterthanorequal" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        let [left, right] = node.children.as_slice() else { return None };
        let literal_first = left.op.eq_ignore_ascii_case("literal");
        let (column_node, literal) = if literal_first { (right, left) } else { (left, right) };
        let (column, value_type) = self.column(column_node)?;
        let comparison = if literal_first { turned(comparison) } else { comparison };
        let comparison = if negated { opposite(comparison) } else { comparison };
        let literal = literal_of(literal)?;
        let comparable =
            comparable(column.kind, value_type, comparison).then(|| literal.filter(|(kind, _)| *kind == value_type));
        Some(match comparable.flatten() {
            Some((_, literal)) => {
                vec![vec![Condition { column: column.name.clone(), test: Test::Compare(comparison, literal) }]]
            }
            None => vec![Vec::new()],
        })
    }

    /// `in`, which newer clients send: the first child is the column.
    fn is_one_of(&self, node: &Node, negated: bool) -> Option<Terms> {
        let (first, rest) = node.children.split_first().filter(|(_, rest)| !rest.is_empty())?;
        let one = |literal: &Node| {
            let children = [first, literal].map(|node| Node {
                op: node.op.clone(),
                children: Vec::new(),
                name: node.name.clone(),
                value: node.value.clone(),
                value_type: node.value_type.clone(),
            });
            Node { op: "equal".to_owned(), children: children.into(), name: None, value: None, value_type: None }
        };
        let mut children: Vec<Node> = rest.iter().map(one).collect();
        if children.len() == 1 {
            return self.comparison("equal", &children.remove(0), negated);
        }
        let union = Node { op: "or".to_owned(), children, name: None, value: None, value_type: None };
        self.terms(&union, negated, 2)
    }
}

/// What is in both unions.
fn section(left: &Terms, right: &Terms) -> Option<Terms> {
    if left.len().saturating_mul(right.len()) > FILTERS_MAX {
        return None;
    }
    let both = left.iter().flat_map(|one| right.iter().map(move |other| [one.as_slice(), other].concat()));
    Some(both.collect())
}

/// A literal and its type; nothing for null, which compares with nothing.
#[expect(clippy::option_option, reason = "no literal at all, and a literal that is null")]
fn literal_of(node: &Node) -> Option<Option<(&str, Literal)>> {
    let kind = node.value_type.as_deref().filter(|_| node.op.eq_ignore_ascii_case("literal"))?;
    let text = match node.value.as_ref()? {
        Value::Null => return Some(None),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_)) => other.to_string(),
        Value::Array(_) | Value::Object(_) => return None,
    };
    let literal = match kind {
        "bool" => Literal::Boolean(text.eq_ignore_ascii_case("true")),
        "int" | "long" => Literal::Number(text.parse::<i64>().ok()?.to_string()),
        "double" => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
            Literal::Number(format!("{number:?}"))
        }
        "string" | "date" | "timestamp" => Literal::Text(text),
        _ => return Some(None),
    };
    Some(Some((kind, literal)))
}

/// Whether comparing values of the column as this type is what comparing the stored values is, nulls and not-a-number
/// included: engines disagree on where not-a-number stands, so only what it never passes is held against a column that
/// may have it.
fn comparable(column: ColumnType, value_type: &str, comparison: Comparison) -> bool {
    match column {
        ColumnType::Boolean => value_type == "bool",
        ColumnType::Int32 => matches!(value_type, "int" | "long"),
        ColumnType::Int64 => value_type == "long",
        ColumnType::Float64 => {
            value_type == "double"
                && matches!(comparison, Comparison::Equal | Comparison::Less | Comparison::LessOrEqual)
        }
        ColumnType::Text => value_type == "string",
        ColumnType::Date => value_type == "date",
        ColumnType::Timestamp => value_type == "timestamp",
    }
}

/// The comparison with its sides exchanged.
const fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same @ (Comparison::Equal | Comparison::NotEqual) => same,
    }
}

/// The comparison that holds for a value when this one does not.
const fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}

#[cfg(test)]
mod tests;
