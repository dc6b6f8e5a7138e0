//! The invoice of a month as an outsider sees it, and what is needed to check it.
//!
//! An invoice is a fold over the OUTCOME entries of one organization in one calendar month: each line names the very
//! entries it is made of. It comes with those entries, their proofs under a checkpoint that it carries, and a signature
//! by the log's key, so that a company can recompute all of it without asking anybody ([`verify`]).
//!
//! What that shows is that nothing on the invoice is invented, counted twice or priced wrongly. That nothing is *missing*
//! from it, which would favour the company, is what the auditor's walk over the whole ledger shows.

mod bundle;
mod document;
mod fold;
mod month;
mod plan;
mod signature;
mod verify;

pub use bundle::{BundleEntry, InvalidBundle};
pub use document::{Draft, Invoice, Line, ROUNDING, Totals};
pub use fold::{Counted, Figures, Fold, LineKey, OperationClass, counted};
pub use month::{InvalidMonth, Month};
pub use plan::{Included, InvalidPlan, PlanTerms, Price};
pub use signature::{InvalidSignature, sign};
pub use verify::{Claim, Fault, Report, verify};

/// The version of the format of invoices.
pub const INVOICE_FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
