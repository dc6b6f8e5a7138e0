//! Within which times the indexed entries of each block lie: entries stand in the order of their indices, times only
//! nearly so, and yet a search by time begins and ends near what it looks for.

use crate::schema::entry_span;
use crate::{Conn, StoreError};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// Entries of a block.
pub(super) const BLOCK: i64 = 4_096;

/// Blocks with the earliest and the latest time of their entries, in microseconds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spans(BTreeMap<i64, (i64, i64)>);

impl Spans {
    /// Widens the block of an entry to its time.
    pub(super) fn add(&mut self, index: i64, time_us: i64) {
        self.widen(index.div_euclid(BLOCK), (time_us, time_us));
    }

    fn widen(&mut self, block: i64, (first, last): (i64, i64)) {
        let span = self.0.entry(block).or_insert((first, last));
        *span = (span.0.min(first), span.1.max(last));
    }

    /// Widens the stored blocks to these.
    pub(super) fn keep(self, conn: &mut Conn) -> Result<(), StoreError> {
        for (block, (first, last)) in self.0 {
            let row = entry_span::table.find(block);
            let kept = row.select((entry_span::first_us, entry_span::last_us)).first::<(i64, i64)>(&mut conn.0);
            match kept.optional()? {
                Some((from, until)) if (from, until) == (from.min(first), until.max(last)) => {}
                Some((from, until)) => {
                    let wider = (entry_span::first_us.eq(from.min(first)), entry_span::last_us.eq(until.max(last)));
                    diesel::update(row).set(wider).execute(&mut conn.0)?;
                }
                None => {
                    let values =
                        (entry_span::block.eq(block), entry_span::first_us.eq(first), entry_span::last_us.eq(last));
                    diesel::insert_into(entry_span::table).values(values).execute(&mut conn.0)?;
                }
            }
        }
        Ok(())
    }

    /// The first of these blocks that is not stored, or too narrow: a search by time would miss entries of it. Wider
    /// than need be it costs a little time, as when entries of it were given up.
    pub(super) fn missed(mut self, conn: &mut Conn) -> Result<Option<i64>, StoreError> {
        for (block, first, last) in entry_span::table.load::<(i64, i64, i64)>(&mut conn.0)? {
            if self.0.get(&block).is_some_and(|(from, until)| first <= *from && *until <= last) {
                self.0.remove(&block);
            }
        }
        Ok(self.0.keys().next().copied())
    }
}

/// The indices between which all indexed entries of a period lie; nothing when it has none.
pub(super) fn bounds(
    conn: &mut Conn,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<Range<i64>>, StoreError> {
    if from.is_none() && until.is_none() {
        return Ok(Some(0..i64::MAX));
    }
    let from = from.map_or(i64::MIN, Timestamp::micros);
    let until = until.map_or(i64::MAX, Timestamp::micros);
    let within = entry_span::table.filter(entry_span::last_us.ge(from).and(entry_span::first_us.lt(until)));
    let ends = within.select((min(entry_span::block), max(entry_span::block)));
    let (first, last) = ends.first::<(Option<i64>, Option<i64>)>(&mut conn.0)?;
    Ok(first.zip(last).map(|(first, last)| first.saturating_mul(BLOCK)..last.saturating_add(1).saturating_mul(BLOCK)))
}

/// Forgets the blocks of which all entries were given up.
pub(super) fn sweep(conn: &mut Conn, end: i64) -> Result<(), StoreError> {
    diesel::delete(entry_span::table.filter(entry_span::block.lt(end.div_euclid(BLOCK)))).execute(&mut conn.0)?;
    Ok(())
}
