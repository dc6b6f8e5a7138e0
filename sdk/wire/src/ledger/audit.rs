//! The check of a log by what it publishes, checkpoint and tiles, and proofs made from them: an auditor needs nothing
//! else, and the log's consent least of all.

mod nodes;
mod source;
mod walk;

pub use nodes::TileNodes;
pub use source::{AuditError, Audited, Source, audit_log, fetch_consistency, fetch_inclusion};
pub use walk::TileWalk;

use super::tile::Tile;

/// Why what a log publishes does not hold together. Each is evidence: keep the checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLog {
    /// The checkpoint that is held is of another log.
    #[error("the checkpoint that is held is of {held}, this is {present}")]
    OtherLog {
        /// The name in the checkpoint that is held.
        held: String,
        /// The name in the one that is shown.
        present: String,
    },
    /// The log shows fewer entries than it signed for.
    #[error("it signed for {held} entries before and shows {present} now: it was cut off or set back")]
    WentBack {
        /// Entries of the checkpoint that is held.
        held: u64,
        /// Entries of the one that is shown.
        present: u64,
    },
    /// The log does not begin with the tree that it signed for.
    #[error("it does not begin with the {0} entries that it signed for: it was changed, or shows others another log")]
    Forked(u64),
    /// A tile has another length than it must have.
    #[error("the tile {tile} has {bytes} bytes, not {expected}")]
    Length {
        /// The tile.
        tile: Tile,
        /// Bytes it has.
        bytes: usize,
        /// Bytes it must have.
        expected: usize,
    },
    /// A tile does not hold the roots of the tiles below it.
    #[error("the tile {0} does not hold the hashes of what is below it")]
    Tile(Tile),
    /// A tile that was not asked for.
    #[error("the tile {0} is not the one that comes next")]
    Order(Tile),
    /// The leaves do not make the root that was signed.
    #[error("its {0} leaves do not make the root that it signed")]
    Root(u64),
}

#[cfg(test)]
mod tests;
