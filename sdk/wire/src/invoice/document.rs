//! The invoice itself: canonical JSON (RFC 8785: keys in order, no spaces, whole numbers).

use super::INVOICE_FORMAT;
use super::fold::{Figures, Fold, LineKey, OperationClass};
use super::month::Month;
use super::plan::{Included, InvalidPlan, PlanTerms, Price};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How figures become amounts: part of the document, so that whoever reads it alone can recompute it.
pub const ROUNDING: &str = "Per line, requests, rows and bytes beyond what is included are each multiplied with their \
                            price and rounded to a whole won, half a won up. VAT is the percentage of the subtotal, \
                            rounded down to a whole won.";
/// Value added tax, in percent.
const VAT_PERCENT: u64 = 10;

/// The invoice of one organization for one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// The signed checkpoint under which the entries of all lines lie.
    pub checkpoint: String,
    /// Always `KRW`; amounts are whole won.
    pub currency: String,
    /// [`INVOICE_FORMAT`].
    pub format: u32,
    /// First moment of the month in Korea Standard Time, in microseconds since the Unix epoch, UTC.
    pub from_us: i64,
    /// When it was made, in microseconds since the Unix epoch, UTC.
    pub issued_at_us: i64,
    /// The lines, in the order of app, class, dataset and tier.
    pub lines: Vec<Line>,
    /// The calendar month in Korea Standard Time, as `2026-10`.
    pub month: String,
    /// The organization.
    pub organization: String,
    /// The terms it was made by.
    pub plan: PlanTerms,
    /// [`ROUNDING`].
    pub rounding: String,
    /// What is to be paid.
    pub totals: Totals,
    /// First moment that is not in the month any more.
    pub until_us: i64,
}

/// A line: the use of one app in one kind of operation on one tier of one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What it costs, in won, without VAT.
    pub amount_krw: u64,
    /// The app; empty when a member read in the portal.
    pub app: String,
    /// Bytes that were sent.
    pub bytes: u64,
    /// The kind of operation.
    pub class: OperationClass,
    /// The dataset; empty when an operation has none.
    pub dataset: String,
    /// The indices of the OUTCOME entries that it sums up: runs of `[first, last]`, in order, every index of a run
    /// belonging to the line.
    pub entries: Vec<[u64; 2]>,
    /// What of it the plan includes.
    pub included: Included,
    /// The prices that apply.
    pub price: Price,
    /// Number of requests.
    pub requests: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// The tier; empty when an operation has none.
    pub tier: String,
}

/// What is to be paid, in won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The plan's fee.
    pub base_fee_krw: u64,
    /// The lines.
    pub lines_krw: u64,
    /// Both.
    pub subtotal_krw: u64,
    /// With VAT.
    pub total_krw: u64,
    /// Value added tax.
    pub vat_krw: u64,
    /// Its percentage.
    pub vat_percent: u64,
}

/// What an invoice is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The organization.
    pub organization: String,
    /// The month.
    pub month: Month,
    /// The terms.
    pub plan: PlanTerms,
    /// The fold over the organization's entries of that month under the checkpoint.
    pub fold: Fold,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// When it is made, in microseconds since the Unix epoch.
    pub issued_at_us: i64,
}

impl Draft {
    /// The invoice.
    pub fn invoice(self) -> Result<Invoice, InvalidPlan> {
        self.plan.check()?;
        let mut left = self.plan.included;
        let lines: Option<Vec<Line>> =
            self.fold.lines().map(|(key, used, entries)| line(&self.plan, &mut left, key, used, entries)).collect();
        let lines = lines.ok_or(InvalidPlan("an amount does not fit 64 bits"))?;
        let totals = totals(&self.plan, &lines).ok_or(InvalidPlan("the total does not fit 64 bits"))?;
        Ok(Invoice {
            checkpoint: self.checkpoint,
            currency: "KRW".to_owned(),
            format: INVOICE_FORMAT,
            from_us: self.month.begin_us(),
            issued_at_us: self.issued_at_us,
            lines,
            month: self.month.to_string(),
            organization: self.organization,
            plan: self.plan,
            rounding: ROUNDING.to_owned(),
            totals,
            until_us: self.month.end_us(),
        })
    }
}

/// A line with its price; takes what is included from what is left.
fn line(plan: &PlanTerms, left: &mut Included, key: LineKey, used: Figures, entries: Vec<[u64; 2]>) -> Option<Line> {
    let price = plan.price(key.class, &key.tier);
    let included = left.take(used);
    Some(Line {
        amount_krw: price.amount_krw(used, included)?,
        app: key.app,
        bytes: used.bytes,
        class: key.class,
        dataset: key.dataset,
        entries,
        included,
        price,
        requests: used.requests,
        rows: used.rows,
        tier: key.tier,
    })
}

/// The sum of lines under a plan; nothing when it does not fit.
pub(super) fn totals(plan: &PlanTerms, lines: &[Line]) -> Option<Totals> {
    let lines_krw = lines.iter().try_fold(0_u64, |sum, line| sum.checked_add(line.amount_krw))?;
    let subtotal_krw = plan.base_fee_krw.checked_add(lines_krw)?;
    let vat_krw = u64::try_from(u128::from(subtotal_krw) * u128::from(VAT_PERCENT) / 100).ok()?;
    let total_krw = subtotal_krw.checked_add(vat_krw)?;
    let base_fee_krw = plan.base_fee_krw;
    Some(Totals { base_fee_krw, lines_krw, subtotal_krw, total_krw, vat_krw, vat_percent: VAT_PERCENT })
}

impl Line {
    /// What it is the line of.
    pub fn key(&self) -> LineKey {
        let (app, dataset, tier) = (self.app.clone(), self.dataset.clone(), self.tier.clone());
        LineKey { app, class: self.class, dataset, tier }
    }

    /// What it sums up.
    pub const fn figures(&self) -> Figures {
        Figures { requests: self.requests, rows: self.rows, bytes: self.bytes }
    }
}

impl Invoice {
    /// The canonical bytes, which are what is hashed and signed for.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// SHA-256 of bytes, in lower-case hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
