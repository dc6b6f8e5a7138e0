//! Budgets of twins: the privacy loss of one person by all models of a dataset that were ever published.
//!
//! A model is charged once, when it is published; taking it out of service gives nothing back, since it was read. Losses
//! are ρ of zero-concentrated differential privacy in units of 2^-50, which add up exactly.

use crate::error::inserting;
use crate::schema::{twin_budgets, twin_models};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_wire::manifest::Manifest;

/// What came of publishing a version's twins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwinCharge {
    /// The version has none.
    None,
    /// The models were charged now.
    Now,
    /// The same models were charged before.
    Before,
    /// They would cost more than is left.
    Exhausted {
        /// What they cost.
        asked: u64,
        /// What is left.
        left: u64,
    },
}

/// Charges the twins of a version to its dataset, or says that they cannot be.
pub fn charge(conn: &mut Conn, manifest: &Manifest, most: u64, now: Timestamp) -> Result<TwinCharge, StoreError> {
    use twin_models::{created_at, dataset, model, rho_units, table, version};
    let Some(generator) = manifest.generator.as_ref().filter(|_| !manifest.twins.is_empty()) else {
        return Ok(TwinCharge::None);
    };
    let of = manifest.dataset.as_str();
    let known = table.find((of, &generator.sha256)).select(model).first::<String>(&mut conn.0).optional()?;
    if known.is_some() {
        return Ok(TwinCharge::Before);
    }
    // Every table tells something about the same persons, so their losses add up.
    let asked = manifest.twins.iter().fold(0_u64, |sum, twin| sum.saturating_add(twin.rho_units));
    if asked > most || !spend(conn, of, asked, most)? {
        let left = most.saturating_sub(spent(conn, of)?);
        return Ok(TwinCharge::Exhausted { asked, left });
    }
    let row = (
        dataset.eq(of),
        model.eq(&generator.sha256),
        version.eq(i64::from(manifest.version)),
        rho_units.eq(column::count(asked)),
        created_at.eq(now.micros()),
    );
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the model")?;
    Ok(TwinCharge::Now)
}

/// What every dataset's twins have spent, by name.
pub fn list(conn: &mut Conn) -> Result<Vec<(String, u64)>, StoreError> {
    use twin_budgets::{dataset, rho_units, table};
    let rows = table.order(dataset).select((dataset, rho_units)).load::<(String, i64)>(&mut conn.0)?;
    rows.into_iter().map(|(name, spent)| Ok((name, column::count_back(spent)?))).collect()
}

fn spent(conn: &mut Conn, of: &str) -> Result<u64, StoreError> {
    use twin_budgets::{rho_units, table};
    let spent = table.find(of).select(rho_units).first::<i64>(&mut conn.0).optional()?;
    column::count_back(spent.unwrap_or(0))
}

/// Spends when the sum stays within the most; one statement, so that several at once never pass it together.
fn spend(conn: &mut Conn, of: &str, asked: u64, most: u64) -> Result<bool, StoreError> {
    use twin_budgets::{dataset, rho_units, table};
    let there = table.find(of).select(rho_units).first::<i64>(&mut conn.0).optional()?;
    if there.is_none() {
        let row = (dataset.eq(of), rho_units.eq(0_i64));
        inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the budget of twins")?;
    }
    let room = rho_units.le(column::count(most.saturating_sub(asked)));
    let update = diesel::update(table.find(of).filter(room)).set(rho_units.eq(rho_units + column::count(asked)));
    Ok(update.execute(&mut conn.0)? == 1)
}
