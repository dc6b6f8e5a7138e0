//! The signed checkpoints that were given out: what `verify` holds the tree against.

use super::TreeHead;
use crate::schema::checkpoint::{self, table};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::tile::TILE_WIDTH;

/// Keeps a checkpoint, and of those within one tile of entries the last one only, so that there are never more of them
/// than tiles.
pub(super) fn save(conn: &mut Conn, head: &TreeHead, note: &str) -> Result<(), StoreError> {
    let tile_start = column::count(head.size - head.size % TILE_WIDTH);
    let same_tile = checkpoint::size.ge(tile_start).and(checkpoint::size.le(column::count(head.size)));
    diesel::delete(table.filter(same_tile)).execute(&mut conn.0)?;
    let values = (
        checkpoint::size.eq(column::count(head.size)),
        checkpoint::root.eq(head.root.to_vec()),
        checkpoint::note.eq(note),
    );
    diesel::insert_into(table).values(values).execute(&mut conn.0)?;
    Ok(())
}

/// The checkpoint of the largest tree.
pub(super) fn latest(conn: &mut Conn) -> Result<Option<(u64, String)>, StoreError> {
    let query = table.order(checkpoint::size.desc()).select((checkpoint::size, checkpoint::note));
    let row = query.first::<(i64, String)>(&mut conn.0).optional()?;
    row.map(|(size, note)| Ok((column::count_back(size)?, note))).transpose()
}

/// The checkpoint of the smallest tree that has so many entries.
pub(super) fn at_least(conn: &mut Conn, size: u64) -> Result<Option<(u64, String)>, StoreError> {
    let query = table.filter(checkpoint::size.ge(column::count(size))).order(checkpoint::size);
    let row = query.select((checkpoint::size, checkpoint::note)).first::<(i64, String)>(&mut conn.0).optional()?;
    row.map(|(size, note)| Ok((column::count_back(size)?, note))).transpose()
}

/// All checkpoints as sizes and roots, smallest first.
pub(super) fn list(conn: &mut Conn) -> Result<Vec<TreeHead>, StoreError> {
    let rows = table.order(checkpoint::size).select((checkpoint::size, checkpoint::root));
    let rows = rows.load::<(i64, Vec<u8>)>(&mut conn.0)?;
    let each =
        |(size, root): (i64, Vec<u8>)| Ok(TreeHead { size: column::count_back(size)?, root: column::hash(&root)? });
    rows.into_iter().map(each).collect()
}
