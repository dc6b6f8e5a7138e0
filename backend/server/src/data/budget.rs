//! Budgets: how much may be read under a grant in its life, by an app of synthetic data in a day, and by an organization,
//! an app or all readers of a dataset in a period.
//!
//! What was used is what the ledger says. Each node holds a share of what is left ([`meter`]); every read sets aside what
//! it may send and keeps it aside until its OUTCOME is on its way ([`hold`]); the shares are drawn, booked and given back
//! through the control database ([`sharing`]), so that all nodes together never pass a budget.

pub mod hold;
pub mod meter;
pub mod sharing;

pub use hold::{Account, Hold, Short};

use crate::data::shards::Shards;
use crate::fault::Fault;
use crate::state::App;
use meter::{Limit, Meter};
use mudeung_core::budget::{BudgetRule, BudgetSubject, Period};
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::Grant;
use mudeung_core::id::AppId;
use mudeung_core::name::Name;
use mudeung_core::quota::Amount;
use mudeung_core::tier::Tier;
use mudeung_store::UsedBy;
use sharing::Node;
use std::sync::Arc;

/// The name of the policy of a grant.
pub const GRANT: &str = "grant";
/// The name of the policy of synthetic data.
pub const SYNTHETIC_DAY: &str = "synthetic-day";

const DAY_SECONDS: i64 = 86_400;

/// All budgets that this node has a share of.
pub struct Budgets {
    synthetic_limit: Amount,
    meters: Shards<String, Arc<Meter>>,
    /// How this node shares with others.
    pub node: Node,
}

/// Who reads what: what decides which budgets pay.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'r> {
    /// The app that reads.
    pub app: AppId,
    /// The grant it reads under; synthetic data needs none.
    pub grant: Option<&'r Grant>,
    /// The datasets it reads.
    pub datasets: &'r [&'r Name],
}

impl Budgets {
    /// No budget is known yet.
    pub fn new(synthetic_limit: Amount) -> Self {
        Self { synthetic_limit, meters: Shards::default(), node: Node::default() }
    }

    /// The budgets that pay for a read, each with a share on this node.
    pub async fn account(&self, app: &App, reading: Reading<'_>) -> Result<Arc<Account>, Fault> {
        let now = app.clock.now();
        let mut meters = vec![match reading.grant {
            Some(grant) => self.of_grant(grant),
            None => self.of_synthetic(reading.app, now),
        }];
        let snapshot = app.snapshots.present();
        if !snapshot.budgets.is_empty() {
            let organization = snapshot.apps.get(&reading.app).map(|known| known.organization);
            let subjects = organization.map(BudgetSubject::Organization).into_iter();
            let subjects = subjects.chain([BudgetSubject::App(reading.app)]);
            let datasets = reading.datasets.iter().map(|name| BudgetSubject::Dataset((*name).clone()));
            let mut subjects: Vec<_> = subjects.chain(datasets).collect();
            // Always in one order, each once.
            subjects.sort();
            subjects.dedup();
            let rules = subjects.iter().filter_map(|subject| snapshot.budgets.get(subject));
            meters.extend(rules.map(|rule| self.of_rule(rule, now)));
        }
        let account = Arc::new(Account::new(meters));
        account.prepare(app, Amount::ZERO).await?;
        Ok(account)
    }

    fn of_grant(&self, grant: &Grant) -> Arc<Meter> {
        let by = UsedBy { grant: Some(grant.id.to_string()), ..UsedBy::default() };
        self.meter(format!("grant/{}", grant.id), Limit { policy: GRANT, amount: grant.quota, resets_at: None, by })
    }

    fn of_synthetic(&self, app: AppId, now: Timestamp) -> Arc<Meter> {
        let (begins_at, resets_at) = bounds(Period::Day, now);
        let by = UsedBy {
            app: Some(app.to_string()),
            tier: Some(Tier::Synthetic.to_string()),
            since: begins_at,
            ..UsedBy::default()
        };
        let begins = begins_at.map_or(0, Timestamp::seconds);
        let limit = Limit { policy: SYNTHETIC_DAY, amount: self.synthetic_limit, resets_at, by };
        self.meter(format!("synthetic/{app}/{begins}"), limit)
    }

    fn of_rule(&self, rule: &BudgetRule, now: Timestamp) -> Arc<Meter> {
        let (_, resets_at) = bounds(rule.period, now);
        let by = counted_by(rule, now);
        let (kind, begins) = (rule.subject.kind(), by.since.map_or(0, Timestamp::seconds));
        let id = format!("{kind}/{}/{}/{begins}", rule.subject, rule.period.as_str());
        self.meter(id, Limit { policy: policy_of(rule), amount: rule.limit, resets_at, by })
    }

    fn meter(&self, id: String, limit: Limit) -> Arc<Meter> {
        let meter = self.meters.with(&id, |shard| {
            let fresh = || Arc::new(Meter::new(id.clone(), &limit));
            Arc::clone(shard.entry(id.clone()).or_insert_with(fresh))
        });
        meter.hold_to(limit.amount);
        meter
    }

    /// All meters of this node.
    pub fn meters(&self) -> Vec<Arc<Meter>> {
        let mut all = Vec::new();
        self.meters.retain(|_, meter| {
            all.push(Arc::clone(meter));
            true
        });
        all
    }

    /// Forgets the meters whose time is over and which nobody reads with.
    pub fn sweep(&self, now: Timestamp) {
        self.meters.retain(|_, meter| meter.resets_at().is_none_or(|end| now < end) || !meter.is_settled());
    }
}

/// Whose reads the ledger counts for a budget in its present period.
pub fn counted_by(rule: &BudgetRule, now: Timestamp) -> UsedBy {
    let (since, _) = bounds(rule.period, now);
    let subject = Some(rule.subject.to_string());
    match rule.subject {
        BudgetSubject::Organization(_) => UsedBy { organization: subject, since, ..UsedBy::default() },
        BudgetSubject::App(_) => UsedBy { app: subject, since, ..UsedBy::default() },
        BudgetSubject::Dataset(_) => UsedBy { dataset: subject, since, ..UsedBy::default() },
    }
}

/// When the period that holds a moment begins and when the next one does; nothing for the one that never ends.
fn bounds(period: Period, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    let day = now.seconds().div_euclid(DAY_SECONDS);
    let at = |day: i64| Some(Timestamp::from_seconds(day.saturating_mul(DAY_SECONDS)));
    match period {
        Period::Day => (at(day), at(day.saturating_add(1))),
        Period::Month => {
            let today = jiff::Timestamp::from_second(now.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            let today = jiff::tz::Offset::UTC.to_datetime(today).date();
            let begins = day.saturating_sub(i64::from(today.day()).saturating_sub(1));
            (at(begins), at(begins.saturating_add(i64::from(today.days_in_month()))))
        }
        Period::Total => (None, None),
    }
}

const fn policy_of(rule: &BudgetRule) -> &'static str {
    match (&rule.subject, rule.period) {
        (BudgetSubject::Organization(_), Period::Day) => "organization-day",
        (BudgetSubject::Organization(_), Period::Month) => "organization-month",
        (BudgetSubject::Organization(_), Period::Total) => "organization-total",
        (BudgetSubject::App(_), Period::Day) => "app-day",
        (BudgetSubject::App(_), Period::Month) => "app-month",
        (BudgetSubject::App(_), Period::Total) => "app-total",
        (BudgetSubject::Dataset(_), Period::Day) => "dataset-day",
        (BudgetSubject::Dataset(_), Period::Month) => "dataset-month",
        (BudgetSubject::Dataset(_), Period::Total) => "dataset-total",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_are_those_of_utc() {
        let at = |text: &str| Timestamp::from_seconds(text.parse::<jiff::Timestamp>().unwrap().as_second());
        let now = at("2028-02-29T23:59:59Z");
        let month = (Some(at("2028-02-01T00:00:00Z")), Some(at("2028-03-01T00:00:00Z")));
        assert_eq!(bounds(Period::Month, now), month);
        assert_eq!(bounds(Period::Day, now), (Some(at("2028-02-29T00:00:00Z")), Some(at("2028-03-01T00:00:00Z"))));
        assert_eq!(bounds(Period::Total, now), (None, None));
    }
}
