//! Giving up entries whose retention is over: what may go, and that it goes only with an export that proves itself.

use crate::data::view::rfc3339;
use crate::hex::hex;
use crate::ledger::years;
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::{Ledger, LedgerError, Prunable};
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::export::{BrokenExport, Checked, MANIFEST, verify_export};
use mudeung_wire::ledger::pruning::Pruning;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The least number of years that records of access are kept, by Korean law and the Safety Measures Standard.
pub const RETENTION_YEARS_MIN: u8 = 2;

/// Why entries are not given up.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Not a year.
    #[error("{0} is not a year")]
    Year(i16),
    /// They must still be kept.
    #[error("the entries of {year} are kept until {until}: ledger.retention_years is {retention_years}")]
    Kept {
        /// The year.
        year: i16,
        /// When they need not be kept any more.
        until: String,
        /// By the configuration.
        retention_years: u8,
    },
    /// The export does not prove itself.
    #[error("the export does not hold, so nothing was given up: {0}")]
    Export(#[from] BrokenExport),
    /// The export cannot be read.
    #[error("the export cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The export has other entries than those that go.
    #[error("the export has the entries from {start} to {end}, not those that would go, so nothing was given up")]
    OtherEntries {
        /// Its first entry.
        start: u64,
        /// The one after its last.
        end: u64,
    },
    /// The export is of another ledger.
    #[error("the export is not one of this ledger, so nothing was given up")]
    OtherLedger,
    /// Another process was faster.
    #[error("another process gave up entries meanwhile; nothing was given up now")]
    Raced,
    /// What is to be said of it cannot be written.
    #[error(transparent)]
    Detail(#[from] serde_json::Error),
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The last year that goes, in Korea Standard Time.
    pub year: i16,
    /// The entries.
    pub entries: Prunable,
    /// Rows of an earlier, interrupted run that were taken away now.
    pub swept: u64,
}

/// Says what goes when the years up to this one are given up, and takes away what an earlier run left. Years that must
/// still be kept are refused; a year is kept for so many years after its end.
pub async fn plan(ledger: &Ledger, year: i16, retention_years: u8, now: Timestamp) -> Result<Plan, PruneError> {
    let retention_years = retention_years.max(RETENTION_YEARS_MIN);
    let end = end_of(year)?;
    let until = end_of(year.saturating_add(i16::from(retention_years)))?;
    if now < until {
        return Err(PruneError::Kept { year, until: rfc3339(until), retention_years });
    }
    let swept = ledger.sweep_pruned().await?;
    Ok(Plan { year, entries: ledger.prunable(end).await?, swept })
}

fn end_of(year: i16) -> Result<Timestamp, PruneError> {
    years::end_of(year).ok_or(PruneError::Year(year))
}

impl Plan {
    /// Whether nothing goes.
    pub const fn is_empty(&self) -> bool {
        self.entries.until <= self.entries.from
    }

    /// What the ledger is to say of it, once the export in a folder was found to hold and to have just these entries.
    pub async fn detail(&self, ledger: &Ledger, folder: &Path, verifier: &LogVerifier) -> Result<String, PruneError> {
        let Checked { manifest, checkpoint, .. } = verify_export(folder, verifier, |_, _| {})?;
        let Prunable { from, until } = self.entries;
        if (manifest.start, manifest.end) != (from, until) {
            return Err(PruneError::OtherEntries { start: manifest.start, end: manifest.end });
        }
        if ledger.root_at(checkpoint.size).await? != Some(checkpoint.root) {
            return Err(PruneError::OtherLedger);
        }
        let hash = Sha256::digest(std::fs::read(folder.join(MANIFEST))?);
        let said = Pruning {
            checkpoint: manifest.checkpoint,
            export_sha256: hex(&hash),
            until,
            usage_sha256: ledger.usage_sha256(until).await?,
            year: self.year,
        };
        Ok(said.to_detail()?)
    }

    /// Lets them go, once an INTENT with that detail is durable. Answers how many rows went.
    pub async fn carry_out(&self, ledger: &Ledger) -> Result<u64, PruneError> {
        if !ledger.give_up(self.entries).await? {
            return Err(PruneError::Raced);
        }
        Ok(ledger.sweep_pruned().await?)
    }
}
