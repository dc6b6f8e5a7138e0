//! Budgets beyond those of grants: how much an organization, an app or all readers of a dataset may read.

use crate::schema::budgets::{self, table};
use crate::{Conn, StoreError, column, generation};
use diesel::prelude::*;
use mudeung_core::budget::{BudgetRule, BudgetSubject, Period};
use mudeung_core::quota::Amount;

/// Sets the budget of a subject, in place of the one it had.
pub fn set_budget(conn: &mut Conn, rule: &BudgetRule) -> Result<(), StoreError> {
    diesel::delete(table.find((rule.subject.kind(), rule.subject.to_string()))).execute(&mut conn.0)?;
    let values = (
        budgets::subject_kind.eq(rule.subject.kind()),
        budgets::subject.eq(rule.subject.to_string()),
        budgets::period.eq(rule.period.as_str()),
        budgets::limit_bytes.eq(column::count(rule.limit.bytes)),
        budgets::limit_rows.eq(column::count(rule.limit.rows)),
    );
    diesel::insert_into(table).values(values).execute(&mut conn.0)?;
    generation::bump(conn)
}

/// Takes the budget of a subject away: its reads are then counted by its grants alone.
pub fn delete_budget(conn: &mut Conn, subject: &BudgetSubject) -> Result<(), StoreError> {
    match diesel::delete(table.find((subject.kind(), subject.to_string()))).execute(&mut conn.0)? {
        0 => Err(StoreError::NotFound { what: "budget" }),
        _ => generation::bump(conn),
    }
}

/// All budgets, by kind and subject.
pub fn list_budgets(conn: &mut Conn) -> Result<Vec<BudgetRule>, StoreError> {
    let rows = table.order((budgets::subject_kind, budgets::subject));
    let rows = rows.load::<(String, String, String, i64, i64)>(&mut conn.0)?;
    rows.into_iter().map(rule).collect()
}

fn rule((kind, subject, period, bytes, rows): (String, String, String, i64, i64)) -> Result<BudgetRule, StoreError> {
    Ok(BudgetRule {
        subject: BudgetSubject::parse(&kind, &subject)
            .ok_or_else(|| column::unknown("subject of a budget", &subject))?,
        period: Period::parse(&period).ok_or_else(|| column::unknown("period", &period))?,
        limit: Amount { bytes: column::count_back(bytes)?, rows: column::count_back(rows)? },
    })
}
