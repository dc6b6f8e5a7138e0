//! Budgets of privacy loss: what each organization, and all of them together, have learned of the persons in a dataset.
//!
//! A query is charged once: the same query gives the same answer, so asking again tells nothing more. No decision on data
//! looks at these tables, so their changes do not count as a new generation.

use crate::error::inserting;
use crate::schema::{privacy_budgets, privacy_queries};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::OrganizationId;
use mudeung_core::name::Name;
use mudeung_core::noise::Epsilon;

/// Whose budget counts all organizations together. No organization has this identifier.
const ALL: &str = "all";

/// What is asked of a budget.
#[derive(Debug, Clone)]
pub struct PrivacyCharge {
    /// Who asks.
    pub organization: OrganizationId,
    /// About whom.
    pub dataset: Name,
    /// What is asked, as a hash.
    pub query: String,
    /// What it costs.
    pub epsilon: Epsilon,
    /// The most that the organization may spend on the dataset.
    pub organization_max: Epsilon,
    /// The most that all organizations together may spend on it.
    pub dataset_max: Epsilon,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// It was charged now.
    Now,
    /// It was charged before and costs nothing.
    Before,
    /// The organization has not enough left.
    OrganizationExhausted,
    /// All organizations together have not enough left.
    DatasetExhausted,
}

/// Charges a query, or says why it cannot be.
pub fn charge(conn: &mut Conn, charge: &PrivacyCharge, now: Timestamp) -> Result<Charged, StoreError> {
    use privacy_queries::{created_at, dataset, epsilon, organization, query, table};
    let own = charge.organization.to_string();
    let known = table.find((&own, &charge.query)).select(query).first::<String>(&mut conn.0).optional()?;
    if known.is_some() {
        return Ok(Charged::Before);
    }
    if !spend(conn, ALL, &charge.dataset, charge.epsilon, charge.dataset_max)? {
        return Ok(Charged::DatasetExhausted);
    }
    if !spend(conn, &own, &charge.dataset, charge.epsilon, charge.organization_max)? {
        give_back(conn, ALL, &charge.dataset, charge.epsilon)?;
        return Ok(Charged::OrganizationExhausted);
    }
    let row = (
        organization.eq(&own),
        query.eq(&charge.query),
        dataset.eq(charge.dataset.as_str()),
        epsilon.eq(i64::from(charge.epsilon.0)),
        created_at.eq(now.micros()),
    );
    inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the query")?;
    Ok(Charged::Now)
}

/// Takes a charge back whose answer was never made.
pub fn refund(conn: &mut Conn, charge: &PrivacyCharge) -> Result<(), StoreError> {
    let own = charge.organization.to_string();
    let gone = diesel::delete(privacy_queries::table.find((&own, &charge.query))).execute(&mut conn.0)?;
    if gone > 0 {
        give_back(conn, ALL, &charge.dataset, charge.epsilon)?;
        give_back(conn, &own, &charge.dataset, charge.epsilon)?;
    }
    Ok(())
}

/// What an organization has spent, by dataset.
pub fn list_spent(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<(String, Epsilon)>, StoreError> {
    list(conn, &organization.to_string())
}

/// What all organizations together have spent, by dataset.
pub fn list_spent_by_all(conn: &mut Conn) -> Result<Vec<(String, Epsilon)>, StoreError> {
    list(conn, ALL)
}

fn list(conn: &mut Conn, whose: &str) -> Result<Vec<(String, Epsilon)>, StoreError> {
    use privacy_budgets::{dataset, organization, spent, table};
    let rows = table.filter(organization.eq(whose)).order(dataset).select((dataset, spent));
    let rows = rows.load::<(String, i64)>(&mut conn.0)?;
    rows.into_iter().map(|(name, sum)| Ok((name, Epsilon(column::number_back(sum)?)))).collect()
}

/// Spends when the sum stays within the most; one statement, so that several at once never pass it together.
fn spend(conn: &mut Conn, whose: &str, of: &Name, epsilon: Epsilon, most: Epsilon) -> Result<bool, StoreError> {
    use privacy_budgets::{dataset, organization, spent, table};
    let key = (whose, of.as_str());
    let there = table.find(key).select(spent).first::<i64>(&mut conn.0).optional()?;
    if there.is_none() {
        let row = (organization.eq(whose), dataset.eq(of.as_str()), spent.eq(0_i64));
        inserting(diesel::insert_into(table).values(row).execute(&mut conn.0), "the privacy budget")?;
    }
    let cost = i64::from(epsilon.0);
    let room = spent.le(i64::from(most.0) - cost);
    let update = diesel::update(table.find(key).filter(room)).set(spent.eq(spent + cost));
    Ok(update.execute(&mut conn.0)? == 1)
}

fn give_back(conn: &mut Conn, whose: &str, of: &Name, epsilon: Epsilon) -> Result<(), StoreError> {
    use privacy_budgets::{spent, table};
    let update = diesel::update(table.find((whose, of.as_str()))).set(spent.eq(spent - i64::from(epsilon.0)));
    update.execute(&mut conn.0)?;
    Ok(())
}
