//! Conditions of a query that the scan can test by itself.

use crate::predicate::Predicate;
use arrow::datatypes::{DataType, Schema};
use arrow::temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator};
use mudeung_core::filter::{Comparison, Condition, Filter, Literal, Test};

/// The condition that a planner's expression states, if it is one that the scan tests with the same meaning.
pub(super) fn condition(filter: &Expr, schema: &Schema) -> Option<Condition> {
    let (column, test) = match filter {
        Expr::IsNull(inner) => (column(inner)?, Test::IsNull),
        Expr::IsNotNull(inner) => (column(inner)?, Test::IsNotNull),
        Expr::InList(list) if !list.negated => {
            (column(&list.expr)?, Test::In(list.list.iter().map(literal).collect::<Option<_>>()?))
        }
        Expr::BinaryExpr(binary) => match (column(&binary.left), literal(&binary.right)) {
            (Some(column), Some(value)) => (column, Test::Compare(comparison(binary.op)?, value)),
            _ => {
                let value = literal(&binary.left)?;
                (column(&binary.right)?, Test::Compare(comparison(binary.op.swap()?)?, value))
            }
        },
        _ => return None,
    };
    let floats = schema.field_with_name(column).ok()?.data_type() == &DataType::Float64;
    // The planner orders not-a-number and the two zeros in its own way.
    if floats && !matches!(test, Test::IsNull | Test::IsNotNull) {
        return None;
    }
    let condition = Condition { column: column.to_owned(), test };
    let alone = Filter { conditions: vec![condition.clone()] };
    Predicate::compile(&alone, schema).ok().map(|_| condition)
}

fn column(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(column.name()),
        _ => None,
    }
}

fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Equal,
        Operator::NotEq => Comparison::NotEqual,
        Operator::Lt => Comparison::Less,
        Operator::LtEq => Comparison::LessOrEqual,
        Operator::Gt => Comparison::Greater,
        Operator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn literal(expression: &Expr) -> Option<Literal> {
    let Expr::Literal(value, _) = expression else { return None };
    Some(match value {
        ScalarValue::Boolean(Some(value)) => Literal::Boolean(*value),
        ScalarValue::Int32(Some(value)) => Literal::Number(value.to_string()),
        ScalarValue::Int64(Some(value)) => Literal::Number(value.to_string()),
        ScalarValue::Utf8(Some(text)) => Literal::Text(text.clone()),
        ScalarValue::Date32(Some(day)) => Literal::Text(date32_to_datetime(*day)?.format("%Y-%m-%d").to_string()),
        ScalarValue::TimestampMicrosecond(Some(at), Some(_)) => {
            Literal::Text(timestamp_us_to_datetime(*at)?.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
        }
        _ => return None,
    })
}
