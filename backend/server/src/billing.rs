//! Invoices: how one is folded from the ledger, and how it travels with the entries that prove it.
//!
//! Nothing here records or stores: whoever issues an invoice (the command line, the portal) makes its INTENT durable first,
//! then keeps the document, then closes with an OUTCOME that carries its hash.

use crate::hex::hex;
use ed25519_dalek::SigningKey;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::OrganizationId;
use mudeung_store::billing::{StoredInvoice, find_plan_in};
use mudeung_store::ledger::{EntryFilter, Ledger, LedgerError};
use mudeung_store::{Db, StoreError};
use mudeung_wire::invoice::{BundleEntry, Draft, Fold, InvalidPlan, Invoice, Month, PlanTerms, counted, sign};
use mudeung_wire::ledger::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use mudeung_wire::ledger::entry::Entry;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The invoice in a bundle.
pub const BUNDLE_INVOICE: &str = "invoice.json";
/// The signed note about it.
pub const BUNDLE_NOTE: &str = "invoice.note";
/// The entries with their proofs.
pub const BUNDLE_ENTRIES: &str = "entries.jsonl";
/// The log's key.
pub const BUNDLE_VERIFIER: &str = "verifier.key";
/// Entries fetched at once.
const PAGE: usize = 1_000;

/// Why there is no invoice.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The month is still going on.
    #[error("{0} is not over yet")]
    NotOver(Month),
    /// Entries of the month that no signed checkpoint covers.
    #[error("entries of that month are not under a signed checkpoint yet; a running server signs within a second")]
    NotCovered,
    /// The last checkpoint is not one of this server's key.
    #[error("the last checkpoint: {0}")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The plan and the use do not give amounts.
    #[error("the plan: {0}")]
    Plan(#[from] InvalidPlan),
    /// The stored document is not what was stored.
    #[error("the stored invoice cannot be read: {0}")]
    Document(#[from] serde_json::Error),
    /// An entry that the invoice names is gone, or is not under its checkpoint.
    #[error("entry {0} is not under the checkpoint of the invoice; run `mudeung ledger verify`")]
    Missing(u64),
    /// More entries than a bundle may have here.
    #[error("the invoice has {0} entries, which are too many for one answer")]
    TooLarge(usize),
    /// The control database.
    #[error("control database: {0}")]
    Store(#[from] StoreError),
    /// The ledger.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
}

/// What an invoice is folded from and signed with.
#[derive(Clone, Copy)]
pub struct Office<'o> {
    /// The control database.
    pub db: &'o Db,
    /// The ledger.
    pub ledger: &'o Ledger,
    /// The log's key.
    pub key: &'o SigningKey,
    /// The log's name.
    pub origin: &'o str,
    /// The present.
    pub now: Timestamp,
}

impl Office<'_> {
    /// The key to check invoices with.
    pub fn verifier(&self) -> LogVerifier {
        LogVerifier::new(self.origin.to_owned(), self.key.verifying_key())
    }

    /// Folds the invoice of a month that is over, and signs it. The same entries give the same lines.
    pub async fn prepare(&self, organization: OrganizationId, month: Month) -> Result<StoredInvoice, BillingError> {
        if self.now.micros() < month.end_us() {
            return Err(BillingError::NotOver(month));
        }
        let (invoice, size) = self.draft(organization, month).await?;
        // What comes after the checkpoint is not proved by it; what was looked at must lie under it.
        if invoice.lines.iter().flat_map(|line| &line.entries).any(|[_, last]| *last >= size) {
            return Err(BillingError::NotCovered);
        }
        let bytes = invoice.to_bytes()?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        Ok(StoredInvoice {
            organization,
            month,
            note: sign(&invoice, &bytes, self.origin, self.key),
            document: String::from_utf8_lossy(&bytes).into_owned(),
            sha256: hex(&digest),
            issued_at: self.now,
        })
    }

    /// What the invoice would say now, also of a month that is going on, and how many entries its checkpoint covers.
    pub async fn draft(&self, organization: OrganizationId, month: Month) -> Result<(Invoice, u64), BillingError> {
        let found = self.db.read("find plan", move |conn| find_plan_in(conn, organization, month)).await?;
        let plan = found.map_or_else(PlanTerms::sandbox, |plan| plan.terms);
        let (_, checkpoint) = self.ledger.latest_checkpoint().await?.ok_or(BillingError::NotCovered)?;
        let size = Checkpoint::verify(&checkpoint, &self.verifier())?.size;
        let mut fold = Fold::default();
        for (index, entry) in self.outcomes(organization, month).await? {
            fold.add(index, &entry);
        }
        let organization = organization.to_string();
        let issued_at_us = self.now.micros();
        Ok((Draft { organization, month, plan, fold, checkpoint, issued_at_us }.invoice()?, size))
    }

    /// The entries of a month that count, oldest first.
    async fn outcomes(&self, organization: OrganizationId, month: Month) -> Result<Vec<(u64, Entry)>, LedgerError> {
        let filter = EntryFilter {
            organization: Some(organization.to_string()),
            from: Some(Timestamp::from_micros(month.begin_us())),
            until: Some(Timestamp::from_micros(month.end_us())),
            ..EntryFilter::default()
        };
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = self.ledger.entries(filter.clone(), before, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            before = Some(*last);
            all.extend(page.into_iter().filter(|(_, entry)| counted(entry).is_some()));
        }
        all.reverse();
        Ok(all)
    }

    /// The entries that an invoice is made of, OUTCOMEs and the INTENTs that they close, in the order of their indices.
    pub async fn entries_of(&self, invoice: &Invoice) -> Result<Vec<u64>, BillingError> {
        let mut indices = BTreeSet::new();
        for [first, last] in invoice.lines.iter().flat_map(|line| &line.entries) {
            for index in *first..=*last {
                let entry = self.ledger.entry(index).await?.ok_or(BillingError::Missing(index))?;
                indices.insert(index);
                indices.extend(entry.intent);
            }
        }
        Ok(indices.into_iter().collect())
    }

    /// The files that an invoice is checked with, by name: the document, its signature, the verifier key, and the entries
    /// with their proofs. More entries than are allowed are refused.
    pub async fn bundle(
        &self,
        stored: &StoredInvoice,
        entries_max: usize,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, BillingError> {
        let invoice: Invoice = serde_json::from_str(&stored.document)?;
        let size = Checkpoint::verify(&invoice.checkpoint, &self.verifier())?.size;
        let indices = self.entries_of(&invoice).await?;
        if indices.len() > entries_max {
            return Err(BillingError::TooLarge(indices.len()));
        }
        let mut entries = Vec::new();
        for index in indices {
            entries.extend_from_slice(self.proved(index, size).await?.to_line()?.as_bytes());
            entries.push(b'\n');
        }
        Ok(vec![
            (BUNDLE_INVOICE, stored.document.clone().into_bytes()),
            (BUNDLE_NOTE, stored.note.clone().into_bytes()),
            (BUNDLE_VERIFIER, format!("{}\n", self.verifier()).into_bytes()),
            (BUNDLE_ENTRIES, entries),
        ])
    }

    /// An entry with the proof that it is under the invoice's checkpoint, of so many entries.
    pub async fn proved(&self, index: u64, size: u64) -> Result<BundleEntry, BillingError> {
        let entry = self.ledger.entry(index).await?.ok_or(BillingError::Missing(index))?;
        let bytes = entry.to_bytes().ok().ok_or(BillingError::Missing(index))?;
        let proof = self.ledger.prove(index, size).await?.ok_or(BillingError::Missing(index))?;
        Ok(BundleEntry { index, bytes, proof })
    }
}
