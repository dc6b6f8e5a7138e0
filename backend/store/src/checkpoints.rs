//! The store of the last signed checkpoint: apart from the ledger, small, and changed by compare-and-swap alone.
//!
//! It is what a ledger that was cut off, restored or forked is held against, so it must not be restored together with the
//! ledger. Every process that signs for a log shares one.

use crate::connection::{Access, Address};
use crate::pool::Pool;
use crate::schema::signed::{self, table};
use crate::{Conn, StoreError, TreeHead, column, migrations};
use diesel::prelude::*;

/// Connections: signing is one after the other.
const CONNECTIONS_MAX: usize = 2;
/// How long a reader or writer waits for a lock, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// A checkpoint as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Size and root of the tree.
    pub head: TreeHead,
    /// The signed note.
    pub note: String,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct CheckpointStore {
    pool: Pool,
}

impl CheckpointStore {
    /// Opens a store, and makes it when it does not exist: whether it may be empty is for the ledger's checkpoints to say.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        migrations::CHECKPOINTS.run(&address)?;
        Ok(Self { pool: Pool::new(address, CONNECTIONS_MAX, BUSY_TIMEOUT_MS) })
    }

    /// The last checkpoint of a log.
    pub async fn last(&self, origin: &str) -> Result<Option<Signed>, StoreError> {
        let origin = origin.to_owned();
        self.pool.transaction("checkpoints.last", Access::Read, move |conn| find(conn, &origin)).await
    }

    /// The name of the log that was signed for, when there is one alone.
    pub async fn only_origin(&self) -> Result<Option<String>, StoreError> {
        let find = |conn: &mut Conn| Ok(table.select(signed::origin).limit(2).load::<String>(&mut conn.0)?);
        let mut origins = self.pool.transaction("checkpoints.origins", Access::Read, find).await?;
        Ok(origins.pop().filter(|_| origins.is_empty()))
    }

    /// Puts a checkpoint in the place of the one that the caller saw, durably. Answers whether it did: not when another
    /// process was faster, and never when it would go back or stay.
    pub async fn swap(&self, origin: &str, seen: Option<&Signed>, next: &Signed) -> Result<bool, StoreError> {
        if seen.is_some_and(|seen| seen.head.size >= next.head.size) {
            return Ok(false);
        }
        let (origin, seen, next) = (origin.to_owned(), seen.cloned(), next.clone());
        let swap = move |conn: &mut Conn| match seen {
            Some(seen) => update(conn, &origin, &seen, &next),
            None => insert(conn, &origin, &next),
        };
        match self.pool.transaction("checkpoints.swap", Access::Write, swap).await {
            Err(StoreError::AlreadyExists { .. }) => Ok(false),
            swapped => swapped,
        }
    }
}

fn find(conn: &mut Conn, origin: &str) -> Result<Option<Signed>, StoreError> {
    let query = table.find(origin).select((signed::size, signed::root, signed::note));
    let row = query.first::<(i64, Vec<u8>, String)>(&mut conn.0).optional()?;
    let each = |(size, root, note): (i64, Vec<u8>, String)| {
        let head = TreeHead { size: column::count_back(size)?, root: column::hash(&root)? };
        Ok(Signed { head, note })
    };
    row.map(each).transpose()
}

fn update(conn: &mut Conn, origin: &str, seen: &Signed, next: &Signed) -> Result<bool, StoreError> {
    let still = signed::size.eq(column::count(seen.head.size)).and(signed::note.eq(&seen.note));
    let set = (
        signed::size.eq(column::count(next.head.size)),
        signed::root.eq(next.head.root.to_vec()),
        signed::note.eq(&next.note),
    );
    Ok(diesel::update(table.filter(signed::origin.eq(origin).and(still))).set(set).execute(&mut conn.0)? == 1)
}

fn insert(conn: &mut Conn, origin: &str, next: &Signed) -> Result<bool, StoreError> {
    let values = (
        signed::origin.eq(origin),
        signed::size.eq(column::count(next.head.size)),
        signed::root.eq(next.head.root.to_vec()),
        signed::note.eq(&next.note),
    );
    diesel::insert_into(table).values(values).execute(&mut conn.0)?;
    Ok(true)
}
