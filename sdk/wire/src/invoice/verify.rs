//! Checking an invoice offline: every leaf, proof, fold, price and total, from the entries that come with it.

use super::INVOICE_FORMAT;
use super::bundle::BundleEntry;
use super::document::{Invoice, Line, ROUNDING, totals};
use super::fold::{Counted, Figures, LineKey, counted};
use super::month::Month;
use super::plan::InvalidPlan;
use super::signature::{self, InvalidSignature};
use crate::ledger::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use crate::ledger::entry::{Entry, InvalidEntry, Kind};
use crate::ledger::tree::{leaf_hash, verify_inclusion};
use std::collections::{BTreeMap, BTreeSet};

/// What an invoice comes as.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    /// The invoice's bytes.
    pub invoice: &'c [u8],
    /// The signed note about it.
    pub note: &'c str,
}

/// What was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The invoice.
    pub invoice: Invoice,
    /// OUTCOME entries that its lines are folded from.
    pub outcomes: u64,
    /// INTENT entries that they close.
    pub intents: u64,
    /// Entries in the tree under which all of them lie.
    pub tree_size: u64,
}

/// The first thing that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The bytes are no invoice.
    #[error("the invoice cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// The bytes are an invoice in another form than the one that is signed.
    #[error("the invoice is not in canonical form")]
    NotCanonical,
    /// The signature.
    #[error("{0}")]
    Signature(#[from] InvalidSignature),
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The plan.
    #[error("the plan: {0}")]
    Plan(#[from] InvalidPlan),
    /// A part of the document that must say something else.
    #[error("the invoice does not hold together: {0}")]
    Document(&'static str),
    /// A line that must say something else.
    #[error("line {line} (counted from 1): {problem}")]
    Line {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Bytes that are no entry.
    #[error("entry {index}: {source}")]
    Bytes {
        /// Its index.
        index: u64,
        /// Why.
        source: InvalidEntry,
    },
    /// An entry that does not belong where it is.
    #[error("entry {index}: {problem}")]
    Entry {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Checks an invoice against the entries that come with it, which are in the order of their indices.
pub fn verify(
    claim: Claim<'_>,
    entries: impl IntoIterator<Item = BundleEntry>,
    verifier: &LogVerifier,
) -> Result<Report, Fault> {
    let invoice: Invoice = serde_json::from_slice(claim.invoice)?;
    if invoice.to_bytes()? != claim.invoice {
        return Err(Fault::NotCanonical);
    }
    signature::check(&invoice, claim.invoice, claim.note, verifier)?;
    let checkpoint = Checkpoint::verify(&invoice.checkpoint, verifier)?;
    check_frame(&invoice)?;
    let claimed = claimed(&invoice, &checkpoint)?;
    let mut found = Found::default();
    for entry in entries {
        found.take(&entry, &invoice, &checkpoint, &claimed)?;
    }
    found.check(&invoice, &claimed)?;
    check_amounts(&invoice)?;
    let (outcomes, intents) = (count(claimed.len()), count(found.intents.len()));
    Ok(Report { outcomes, intents, tree_size: checkpoint.size, invoice })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What the document says of itself.
fn check_frame(invoice: &Invoice) -> Result<(), Fault> {
    let month: Option<Month> = invoice.month.parse().ok();
    let bounds = month.map(|month| (month.begin_us(), month.end_us()));
    if invoice.format != INVOICE_FORMAT {
        Err(Fault::Document("its format is not known"))
    } else if invoice.currency != "KRW" || invoice.rounding != ROUNDING {
        Err(Fault::Document("its currency or its rule of rounding is another one"))
    } else if bounds != Some((invoice.from_us, invoice.until_us)) {
        Err(Fault::Document("its month does not begin or end where a month does"))
    } else if invoice.issued_at_us < invoice.until_us {
        Err(Fault::Document("it was made before its month was over"))
    } else {
        Ok(invoice.plan.check()?)
    }
}

/// Which line claims which index; every index at most once.
fn claimed(invoice: &Invoice, checkpoint: &Checkpoint) -> Result<BTreeMap<u64, usize>, Fault> {
    let mut claimed = BTreeMap::new();
    let mut previous: Option<LineKey> = None;
    for (number, line) in invoice.lines.iter().enumerate() {
        let fault = |problem| Fault::Line { line: number + 1, problem };
        if previous.as_ref().is_some_and(|previous| *previous >= line.key()) {
            return Err(fault("lines are not in order, each once"));
        }
        previous = Some(line.key());
        let mut next = 0;
        for [first, last] in &line.entries {
            // The first check also refuses ranges that touch: they are one run.
            if *first < next || first > last || *last >= checkpoint.size {
                return Err(fault("its ranges are not in order, or end outside the tree"));
            }
            next = last.saturating_add(2);
            for index in *first..=*last {
                if claimed.insert(index, number).is_some() {
                    return Err(Fault::Entry { index, problem: "two lines count it" });
                }
                if claimed.len() > CLAIMED_MAX {
                    return Err(fault("it claims more entries than can be checked"));
                }
            }
        }
        if line.entries.is_empty() {
            return Err(fault("it names no entry"));
        }
    }
    Ok(claimed)
}

/// The most entries that one invoice may claim, so that a made-up range cannot fill the memory.
const CLAIMED_MAX: usize = 50_000_000;

/// What the entries say, as far as they were looked at.
#[derive(Default)]
struct Found {
    last: Option<u64>,
    sums: BTreeMap<usize, Figures>,
    outcomes: BTreeSet<u64>,
    intents: BTreeMap<u64, Entry>,
    closed: BTreeMap<u64, u64>,
    unmatched: BTreeMap<u64, Entry>,
}

impl Found {
    fn take(
        &mut self,
        given: &BundleEntry,
        invoice: &Invoice,
        checkpoint: &Checkpoint,
        claimed: &BTreeMap<u64, usize>,
    ) -> Result<(), Fault> {
        let index = given.index;
        let fault = |problem| Fault::Entry { index, problem };
        if self.last.replace(index).is_some_and(|last| last >= index) {
            return Err(fault("it comes twice or out of order"));
        }
        let leaf = leaf_hash(&given.bytes);
        if verify_inclusion(index, &leaf, checkpoint.size, &checkpoint.root, &given.proof).is_err() {
            return Err(fault("it is not the entry of the ledger at that index: its proof does not hold"));
        }
        let entry = Entry::from_bytes(&given.bytes).map_err(|source| Fault::Bytes { index, source })?;
        if entry.organization.as_ref() != Some(&invoice.organization) {
            return Err(fault("it belongs to another organization"));
        }
        match (entry.kind, claimed.get(&index)) {
            (Kind::Intent, None) => _ = self.intents.insert(index, entry),
            (Kind::Intent, Some(_)) => return Err(fault("a line counts it, and it is an INTENT")),
            (Kind::Outcome, line) => self.take_outcome(index, entry, invoice, line.copied())?,
        }
        Ok(())
    }

    fn take_outcome(&mut self, index: u64, entry: Entry, invoice: &Invoice, line: Option<usize>) -> Result<(), Fault> {
        let fault = |problem| Fault::Entry { index, problem };
        let within = (invoice.from_us..invoice.until_us).contains(&entry.time_us);
        let (Some(number), Some(Counted { class, figures })) = (line, counted(&entry)) else {
            return match (line, counted(&entry).filter(|_| within)) {
                (Some(_), _) => Err(fault("a line counts it, and it does not count")),
                (None, Some(_)) => Err(fault("it belongs to the month and counts, and no line counts it")),
                (None, None) => Ok(()),
            };
        };
        if !within {
            return Err(fault("a line counts it, and it is of another month"));
        }
        if invoice.lines.get(number).map(Line::key) != Some(LineKey::of(&entry, class)) {
            return Err(fault("it belongs to another line than the one that counts it"));
        }
        if let Some(intent) = entry.intent {
            if self.closed.insert(intent, index).is_some() {
                return Err(fault("its INTENT is counted already"));
            }
            self.unmatched.insert(index, entry);
        }
        self.sums.entry(number).or_default().add(figures);
        self.outcomes.insert(index);
        Ok(())
    }

    /// What can only be said once all entries were looked at.
    fn check(&self, invoice: &Invoice, claimed: &BTreeMap<u64, usize>) -> Result<(), Fault> {
        if let Some(index) = claimed.keys().copied().find(|index| !self.outcomes.contains(index)) {
            return Err(Fault::Entry { index, problem: "a line counts it, and it does not come with the invoice" });
        }
        for (index, outcome) in &self.unmatched {
            let intent = outcome.intent.and_then(|intent| self.intents.get(&intent).filter(|_| intent < *index));
            let same = |intent: &&Entry| {
                (&intent.app, &intent.operation, &intent.dataset, &intent.tier, &intent.grant)
                    == (&outcome.app, &outcome.operation, &outcome.dataset, &outcome.tier, &outcome.grant)
            };
            if intent.filter(same).is_none() {
                let problem = "the INTENT that it closes does not come with the invoice, or is of another access";
                return Err(Fault::Entry { index: *index, problem });
            }
        }
        for (number, line) in invoice.lines.iter().enumerate() {
            if self.sums.get(&number) != Some(&line.figures()) {
                return Err(Fault::Line { line: number + 1, problem: "its figures are not the sum of its entries" });
            }
        }
        Ok(())
    }
}

/// Prices, what is included, amounts and totals.
fn check_amounts(invoice: &Invoice) -> Result<(), Fault> {
    let mut left = invoice.plan.included;
    for (number, line) in invoice.lines.iter().enumerate() {
        let fault = |problem| Fault::Line { line: number + 1, problem };
        if line.price != invoice.plan.price(line.class, &line.tier) {
            return Err(fault("its prices are not those of the plan"));
        }
        if line.included != left.take(line.figures()) {
            return Err(fault("what is included is not what the plan includes and earlier lines left"));
        }
        if line.price.amount_krw(line.figures(), line.included) != Some(line.amount_krw) {
            return Err(fault("its amount is not its figures at its prices"));
        }
    }
    if totals(&invoice.plan, &invoice.lines) == Some(invoice.totals) {
        Ok(())
    } else {
        Err(Fault::Document("its totals are not the sums of its lines"))
    }
}
