//! The part of the check that is about years that were closed: the tree had the root that the entry says it ended with.

use super::{VerifyError, fault};
use crate::Conn;
use crate::ledger::tiles::{KeptTiles, root_at};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::year::{CLOSE_YEAR, YearEnd};

/// The years that were closed, with the checkpoints that they are said to end with.
#[derive(Default)]
pub(super) struct Years(Vec<(i16, Checkpoint)>);

impl Years {
    /// Hears an entry that may close a year.
    pub(super) fn hear(&mut self, index: u64, entry: &Entry) -> Result<(), VerifyError> {
        if entry.operation != CLOSE_YEAR {
            return Ok(());
        }
        let end = entry.detail.as_deref().and_then(YearEnd::parse);
        let said = end.as_ref().and_then(|end| Some((end.year, end.stated()?)));
        let said = said.filter(|(_, checkpoint)| checkpoint.size <= index);
        let what = || "closes a year without a checkpoint over the entries before it".to_owned();
        self.0.push(said.ok_or_else(|| VerifyError::Fault { index: Some(index), what: what() })?);
        Ok(())
    }

    /// Holds the checkpoints against the tree, whose tiles were found to be right. Answers how many there are.
    pub(super) fn check(self, conn: &mut Conn) -> Result<u64, VerifyError> {
        let kept = KeptTiles::default();
        let mut checked = 0;
        for (year, Checkpoint { size, root, .. }) in self.0 {
            if root_at(conn, &kept, size)? != Some(root) {
                return Err(fault(format!("the year {year} was closed with another tree of {size} entries")));
            }
            checked += 1;
        }
        Ok(checked)
    }
}
