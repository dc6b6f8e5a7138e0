//! Plans, who has which from when on, and the invoices that were issued. None of them ever changes.

use crate::error::inserting;
use crate::schema::{invoices, plan_prices, plans, subscriptions};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{OrganizationId, PlanId};
use mudeung_wire::invoice::{Included, Month, OperationClass, PlanTerms, Price};

/// A version of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The identifier of this version.
    pub id: PlanId,
    /// What it says.
    pub terms: PlanTerms,
    /// The first month that it may be given for.
    pub valid_from: Month,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// Which plan an organization has from a month on, until the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The organization.
    pub organization: OrganizationId,
    /// The first month.
    pub from: Month,
    /// The plan.
    pub plan: PlanId,
    /// When it was given.
    pub created_at: Timestamp,
}

/// An invoice as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvoice {
    /// The organization.
    pub organization: OrganizationId,
    /// The month.
    pub month: Month,
    /// Its canonical bytes, which are JSON.
    pub document: String,
    /// The signed note about it.
    pub note: String,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// When it was issued.
    pub issued_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = plans)]
struct PlanRow {
    id: String,
    name: String,
    version: i64,
    base_fee_krw: i64,
    included_bytes: i64,
    included_requests: i64,
    included_rows: i64,
    valid_from: String,
    created_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = plan_prices)]
struct PriceRow {
    plan: String,
    class: String,
    tier: String,
    gib_micro_krw: i64,
    million_rows_micro_krw: i64,
    request_micro_krw: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = subscriptions)]
struct SubscriptionRow {
    organization: String,
    from_month: String,
    plan: String,
    created_at: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = invoices)]
struct InvoiceRow {
    organization: String,
    month: String,
    document: String,
    note: String,
    sha256: String,
    issued_at: i64,
}

/// Adds a version of a plan. Versions of one name are counted from 1 without a gap.
pub fn insert_plan(conn: &mut Conn, plan: &Plan) -> Result<(), StoreError> {
    let terms = &plan.terms;
    terms.check().map_err(|invalid| StoreError::Invalid(invalid.to_string()))?;
    let versions = plans::table.filter(plans::name.eq(&terms.name)).count().get_result::<i64>(&mut conn.0)?;
    if i64::from(terms.version) != versions.saturating_add(1) {
        return Err(StoreError::AlreadyExists { what: "that version of the plan" });
    }
    let row = PlanRow {
        id: plan.id.to_string(),
        name: terms.name.clone(),
        version: i64::from(terms.version),
        base_fee_krw: column::count(terms.base_fee_krw),
        included_bytes: column::count(terms.included.bytes),
        included_requests: column::count(terms.included.requests),
        included_rows: column::count(terms.included.rows),
        valid_from: plan.valid_from.to_string(),
        created_at: plan.created_at.micros(),
    };
    inserting(diesel::insert_into(plans::table).values(row).execute(&mut conn.0), "the plan")?;
    for price in &terms.prices {
        let row = PriceRow {
            plan: plan.id.to_string(),
            class: price.class.as_str().to_owned(),
            tier: price.tier.clone(),
            gib_micro_krw: column::count(price.gib_micro_krw),
            million_rows_micro_krw: column::count(price.million_rows_micro_krw),
            request_micro_krw: column::count(price.request_micro_krw),
        };
        inserting(diesel::insert_into(plan_prices::table).values(row).execute(&mut conn.0), "the price")?;
    }
    Ok(())
}

/// All versions of all plans, by name, the newest first.
pub fn list_plans(conn: &mut Conn) -> Result<Vec<Plan>, StoreError> {
    let rows = plans::table.order((plans::name, plans::version.desc())).load::<PlanRow>(&mut conn.0)?;
    rows.into_iter().map(|row| with_prices(conn, row)).collect()
}

/// A version of a plan, when there is one.
pub fn find_plan(conn: &mut Conn, id: PlanId) -> Result<Option<Plan>, StoreError> {
    let row = plans::table.find(id.to_string()).first::<PlanRow>(&mut conn.0).optional()?;
    row.map(|row| with_prices(conn, row)).transpose()
}

/// Gives an organization a plan from a month on. Months that were invoiced stay as they are.
pub fn insert_subscription(conn: &mut Conn, subscription: &Subscription) -> Result<(), StoreError> {
    let plan = find_plan(conn, subscription.plan)?.ok_or(StoreError::NotFound { what: "plan" })?;
    if subscription.from < plan.valid_from {
        return Err(StoreError::Invalid(format!("the plan may be given from {} on", plan.valid_from)));
    }
    let organization = subscription.organization.to_string();
    let issued = invoices::table
        .filter(invoices::organization.eq(&organization))
        .filter(invoices::month.ge(subscription.from.to_string()))
        .count()
        .get_result::<i64>(&mut conn.0)?;
    if issued > 0 {
        return Err(StoreError::Invalid("that month, or one after it, is invoiced already".to_owned()));
    }
    let row = SubscriptionRow {
        organization,
        from_month: subscription.from.to_string(),
        plan: subscription.plan.to_string(),
        created_at: subscription.created_at.micros(),
    };
    inserting(diesel::insert_into(subscriptions::table).values(row).execute(&mut conn.0), "a plan from that month on")?;
    Ok(())
}

/// Who has which plan from when on, by organization and month.
pub fn list_subscriptions(conn: &mut Conn, of: Option<OrganizationId>) -> Result<Vec<Subscription>, StoreError> {
    let order = (subscriptions::organization, subscriptions::from_month);
    let mut query = subscriptions::table.order(order).into_boxed();
    if let Some(organization) = of {
        query = query.filter(subscriptions::organization.eq(organization.to_string()));
    }
    query.load::<SubscriptionRow>(&mut conn.0)?.into_iter().map(subscription).collect()
}

/// The plan of an organization in a month; nothing when it never got one that had begun.
pub fn find_plan_in(conn: &mut Conn, organization: OrganizationId, in_: Month) -> Result<Option<Plan>, StoreError> {
    let begun = list_subscriptions(conn, Some(organization))?.into_iter().filter(|given| given.from <= in_);
    match begun.max_by_key(|given| given.from) {
        None => Ok(None),
        Some(given) => find_plan(conn, given.plan),
    }
}

/// Keeps an invoice; there is one for each organization and month.
pub fn insert_invoice(conn: &mut Conn, invoice: &StoredInvoice) -> Result<(), StoreError> {
    let row = InvoiceRow {
        organization: invoice.organization.to_string(),
        month: invoice.month.to_string(),
        document: invoice.document.clone(),
        note: invoice.note.clone(),
        sha256: invoice.sha256.clone(),
        issued_at: invoice.issued_at.micros(),
    };
    inserting(diesel::insert_into(invoices::table).values(row).execute(&mut conn.0), "the invoice of that month")?;
    Ok(())
}

/// The invoice of an organization for a month, when it was issued.
pub fn find_invoice(
    conn: &mut Conn,
    organization: OrganizationId,
    month: Month,
) -> Result<Option<StoredInvoice>, StoreError> {
    let query = invoices::table.find((organization.to_string(), month.to_string()));
    query.first::<InvoiceRow>(&mut conn.0).optional()?.map(invoice).transpose()
}

/// The invoices of an organization, or of all, the newest month first.
pub fn list_invoices(conn: &mut Conn, of: Option<OrganizationId>) -> Result<Vec<StoredInvoice>, StoreError> {
    let mut query = invoices::table.order((invoices::month.desc(), invoices::organization)).into_boxed();
    if let Some(organization) = of {
        query = query.filter(invoices::organization.eq(organization.to_string()));
    }
    query.load::<InvoiceRow>(&mut conn.0)?.into_iter().map(invoice).collect()
}

fn with_prices(conn: &mut Conn, row: PlanRow) -> Result<Plan, StoreError> {
    let prices = plan_prices::table.filter(plan_prices::plan.eq(&row.id)).load::<PriceRow>(&mut conn.0)?;
    let mut prices: Vec<Price> = prices.into_iter().map(price).collect::<Result<_, _>>()?;
    prices.sort_by(|one, other| (one.class, &one.tier).cmp(&(other.class, &other.tier)));
    Ok(Plan {
        id: column::id(&row.id)?,
        terms: PlanTerms {
            base_fee_krw: column::count_back(row.base_fee_krw)?,
            included: Included {
                bytes: column::count_back(row.included_bytes)?,
                requests: column::count_back(row.included_requests)?,
                rows: column::count_back(row.included_rows)?,
            },
            name: row.name,
            prices,
            version: column::number_back(row.version)?,
        },
        valid_from: column::id(&row.valid_from)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

fn price(row: PriceRow) -> Result<Price, StoreError> {
    let class = OperationClass::ALL.into_iter().find(|class| class.as_str() == row.class);
    Ok(Price {
        class: class.ok_or_else(|| column::unknown("class of operations", &row.class))?,
        gib_micro_krw: column::count_back(row.gib_micro_krw)?,
        million_rows_micro_krw: column::count_back(row.million_rows_micro_krw)?,
        request_micro_krw: column::count_back(row.request_micro_krw)?,
        tier: row.tier,
    })
}

fn subscription(row: SubscriptionRow) -> Result<Subscription, StoreError> {
    Ok(Subscription {
        organization: column::id(&row.organization)?,
        from: column::id(&row.from_month)?,
        plan: column::id(&row.plan)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

fn invoice(row: InvoiceRow) -> Result<StoredInvoice, StoreError> {
    Ok(StoredInvoice {
        organization: column::id(&row.organization)?,
        month: column::id(&row.month)?,
        document: row.document,
        note: row.note,
        sha256: row.sha256,
        issued_at: Timestamp::from_micros(row.issued_at),
    })
}
