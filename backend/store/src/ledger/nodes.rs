//! Which processes append to the ledger: each has a row that it renews, so that its peers know whose INTENTs nobody will
//! close any more.
//!
//! The node of an entry stands beside its bytes: it says who may close an INTENT and nothing about what happened.
//! `verify` takes nothing from it. On SQLite every node also holds a lock on a file of its own, which the system lets go
//! of when the process ends: a restart need not wait until the row is stale.

use crate::connection::{Address, AnyConnection};
use crate::schema::node;
use crate::{Conn, StoreError};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a node renews its row.
pub(super) const BEAT: Duration = Duration::from_secs(5);
/// A node whose row is older is not alive, by the clock of the database.
const STALE_US: i64 = 30_000_000;

/// This process as a node. It has a row from its first commit on; a process that only reads has none.
pub(super) struct Node {
    address: Address,
    id: Option<i64>,
    /// Held until the process ends.
    lock: Option<File>,
    renewed: Option<Instant>,
}

/// The nodes at one moment. One whose row says that it was seen later than now counts as alive: after a clock was set
/// back, waiting is safer than closing what is under way.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) alive: HashSet<i64>,
    /// With the moment that each was last seen at.
    pub(super) dead: Vec<(i64, i64)>,
}

impl Node {
    /// A node that was not written down yet.
    pub(super) const fn new(address: Address) -> Self {
        Self { address, id: None, lock: None, renewed: None }
    }

    /// Whether it has a row to renew.
    pub(super) const fn is_known(&self) -> bool {
        self.id.is_some()
    }

    /// Renews the row when it is time, within the transaction of a commit: who can commit is alive. Answers the id.
    pub(super) fn renew(&mut self, conn: &mut Conn) -> Result<i64, StoreError> {
        let id = match self.id {
            Some(id) => id,
            None => self.introduce(conn)?,
        };
        if self.renewed.is_none_or(|renewed| renewed.elapsed() >= BEAT) {
            let now = now(conn);
            diesel::sql_query(format!(
                "INSERT INTO node (id, started_at, seen_at) VALUES ({id}, {now}, {now}) \
                 ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
            ))
            .execute(&mut conn.0)?;
            self.renewed = Some(Instant::now());
        }
        Ok(id)
    }

    /// Forgets that the row was renewed, because the transaction with it failed.
    pub(super) const fn failed(&mut self) {
        self.renewed = None;
    }

    /// Takes an id that nobody has, and its lock.
    fn introduce(&mut self, conn: &mut Conn) -> Result<i64, StoreError> {
        let sql = match &conn.0 {
            AnyConnection::Sqlite(_) => "SELECT random() & 9223372036854775807 AS value",
            AnyConnection::Postgres(_) => "SELECT CAST(floor(random() * 9007199254740992) AS BIGINT) AS value",
        };
        let id = diesel::sql_query(sql).get_result::<Number>(&mut conn.0)?.value;
        if let Some(path) = lock_file(&self.address, id) {
            let unavailable = |error: String| StoreError::Unavailable(format!("{}: {error}", path.display()));
            let mut options = OpenOptions::new();
            let opened = options.create(true).append(true).open(&path);
            let file = opened.map_err(|error| unavailable(error.to_string()))?;
            file.try_lock().map_err(|error| unavailable(error.to_string()))?;
            self.lock = Some(file);
        }
        self.id = Some(id);
        Ok(id)
    }

    /// Goes: the row is removed, or, when INTENTs are still open, made stale so that its peers look for them at once.
    pub(super) fn leave(self, conn: &mut Conn, has_open: bool) -> Result<(), StoreError> {
        let Some(id) = self.id else { return Ok(()) };
        let row = node::table.find(id);
        if has_open {
            diesel::update(row).set(node::seen_at.eq(0)).execute(&mut conn.0)?;
        } else {
            diesel::delete(row).execute(&mut conn.0)?;
            remove_lock_file(&self.address, id);
        }
        Ok(())
    }
}

/// The nodes as their rows, and on SQLite their locks, say.
pub(super) fn read(conn: &mut Conn, address: &Address) -> Result<Nodes, StoreError> {
    let now = diesel::sql_query(format!("SELECT {} AS value", now(conn))).get_result::<Number>(&mut conn.0)?.value;
    let mut nodes = Nodes::default();
    for (id, seen_at) in node::table.select((node::id, node::seen_at)).load::<(i64, i64)>(&mut conn.0)? {
        let runs = lock_file(address, id).is_none_or(|path| is_locked(&path));
        if runs && seen_at > now.saturating_sub(STALE_US) {
            nodes.alive.insert(id);
        } else {
            nodes.dead.push((id, seen_at));
        }
    }
    Ok(nodes)
}

/// Removes the rows of dead nodes, but not of one that was seen again.
pub(super) fn forget(conn: &mut Conn, address: &Address, dead: &[(i64, i64)]) -> Result<(), StoreError> {
    for (id, seen_at) in dead {
        let row = node::table.filter(node::id.eq(id).and(node::seen_at.eq(seen_at)));
        if diesel::delete(row).execute(&mut conn.0)? > 0 {
            remove_lock_file(address, *id);
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The present by the clock of the database, in microseconds.
const fn now(conn: &Conn) -> &'static str {
    match &conn.0 {
        AnyConnection::Sqlite(_) => "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
        AnyConnection::Postgres(_) => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    }
}

fn lock_file(address: &Address, id: i64) -> Option<PathBuf> {
    let Address::Sqlite(path) = address else { return None };
    let mut name = path.clone().into_os_string();
    name.push(format!("-node-{id}"));
    Some(PathBuf::from(name))
}

/// Whether a process holds the lock. What cannot be found out counts as held: waiting is the safe side.
fn is_locked(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn remove_lock_file(address: &Address, id: i64) {
    if let Some(path) = lock_file(address, id)
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::debug!(%error, path = %path.display(), "the lock file of a node that went is left");
    }
}
