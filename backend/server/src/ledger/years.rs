//! Years of the ledger: each one that is over is closed by an entry with the checkpoint that it ends with.

use super::publisher;
use super::signer::Inconsistent;
use crate::fault::Fault;
use crate::record;
use crate::state::App;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_store::ledger::{EntryFilter, Ledger, LedgerError};
use mudeung_wire::invoice::Month;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::year::{CLOSE_YEAR, YearEnd};

/// More years than a ledger is kept.
const YEARS_MAX: usize = 1_000;

/// Why a year was not closed; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// No checkpoint can be signed.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// What is to be said of it cannot be written.
    #[error(transparent)]
    Detail(#[from] serde_json::Error),
    /// The entry did not become durable.
    #[error("the entry that closes it is not durable: {0}")]
    Unrecorded(Fault),
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A year as it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedYear {
    /// The entry that closes it.
    pub entry: u64,
    /// The first index of its entries, or of those that were not given up.
    pub from: u64,
    /// What the entry says.
    pub end: YearEnd,
}

/// The end of a year in Korea Standard Time; nothing for years that are none.
pub fn end_of(year: i16) -> Option<Timestamp> {
    let month: Option<Month> = format!("{year:04}-12").parse().ok();
    month.map(|month| Timestamp::from_micros(month.end_us()))
}

/// The year of a moment in Korea Standard Time.
fn year_of(moment: Timestamp) -> Option<i16> {
    Month::of(moment.micros())?.to_string().get(..4)?.parse().ok()
}

/// The years that were closed and are still there, oldest first. Of several entries about a year the first one counts.
pub async fn closed_years(ledger: &Ledger) -> Result<Vec<ClosedYear>, LedgerError> {
    let filter = EntryFilter { operation: Some(CLOSE_YEAR.to_owned()), ..EntryFilter::default() };
    let mut found = ledger.entries(filter, None, YEARS_MAX).await?;
    found.reverse();
    // What closed the years before them went with them.
    let first = ledger.pruned().await?;
    let mut closed: Vec<ClosedYear> = Vec::new();
    for (entry, said) in found {
        let Some(end) = said.detail.as_deref().and_then(YearEnd::parse) else { continue };
        let from = closed.last().map_or(first, |before| before.end.until);
        if closed.iter().all(|before| before.end.year != end.year) {
            closed.push(ClosedYear { entry, from, end });
        }
    }
    Ok(closed)
}

/// Closes the year before the present one when it has entries and nobody closed it yet. `closed` is the last year of which
/// that is known; so a ledger is asked once a year.
pub async fn close(app: &App, closed: &mut Option<i16>) -> Result<(), NotClosed> {
    let Some(year) = year_of(app.clock.now()).map(|year| year - 1) else { return Ok(()) };
    if closed.is_some_and(|closed| closed >= year) {
        return Ok(());
    }
    let known = closed_years(&app.ledger).await?;
    if known.iter().all(|known| known.end.year < year) && has_entries_of(&app.ledger, year, &known).await? {
        let signed = publisher::signer(app, &publisher::verifiers(app)).sign().await?;
        let end = YearEnd { checkpoint: signed.note, until: signed.head.size, year };
        let entry = Entry {
            detail: Some(end.to_detail()?),
            ..Entry::new(Kind::Outcome, CLOSE_YEAR, app.clock.now().micros(), record::nonce(app))
        };
        record::note(app, entry, Status::Completed).await.map_err(NotClosed::Unrecorded)?;
    }
    *closed = Some(year);
    Ok(())
}

/// Whether anything was entered between the end of the last year that was closed and the end of this one.
async fn has_entries_of(ledger: &Ledger, year: i16, known: &[ClosedYear]) -> Result<bool, LedgerError> {
    let first = match known.last() {
        Some(last) => last.end.until,
        None => ledger.pruned().await?,
    };
    let entry = ledger.entry(first).await?;
    Ok(entry.zip(end_of(year)).is_some_and(|(entry, end)| entry.time_us < end.micros()))
}
