//! Connections: what an address means, and how a session is set up on each of the two databases.

use crate::StoreError;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};
use std::path::{Path, PathBuf};

/// A connection to either database. Only [`crate::Db`] and [`crate::ledger::Ledger`] make one.
pub struct Conn(pub(crate) AnyConnection);

/// One code path for both databases: queries are written once against this type.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A connection URL, with a limit on the time to connect.
    Postgres(String),
}

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Sees one moment and changes nothing.
    Read,
    /// May write; on SQLite it waits for its turn at the start, where waiting still works.
    Write,
    /// Like `Write` for what can be derived again: its commit does not wait for the disk, and is there with the next one
    /// that does.
    Derive,
}

impl Address {
    /// Reads an address.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let joint = if url.contains('?') { '&' } else { '?' };
            let limit =
                if url.contains("connect_timeout=") { String::new() } else { format!("{joint}connect_timeout=3") };
            return Ok(Self::Postgres(format!("{url}{limit}")));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
        if path.is_empty() || path.contains("://") || path.starts_with(":memory:") || path.contains('\0') {
            let allowed = "a path, sqlite://path or postgres://user@host/database";
            return Err(StoreError::Invalid(format!("not the address of a database: expected {allowed}")));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// Opens a database that exists. A missing file is an error, never a new and empty database.
    pub(crate) fn connect(&self, busy_timeout_ms: u32) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite(path) => sqlite(path, "rw", busy_timeout_ms),
            Self::Postgres(url) => postgres(url, busy_timeout_ms),
        }
    }

    /// Which file is at the address; nothing for a server. While a connection is open its file must stay this one:
    /// what is written to a file that was moved away or removed would be kept nowhere.
    pub(crate) fn file(&self) -> Result<Option<FileIdentity>, StoreError> {
        let Self::Sqlite(path) = self else { return Ok(None) };
        let found = std::fs::metadata(path).map(|metadata| identity(&metadata));
        found.map(Some).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
    }

    /// Opens a database to migrate it; an SQLite file is made, readable by its owner alone, when it does not exist.
    pub(crate) fn create(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite(path) => {
                private_file(path)?;
                let mut conn = sqlite(path, "rwc", 5_000)?;
                conn.0.batch_execute("PRAGMA journal_mode = WAL")?;
                Ok(conn)
            }
            Self::Postgres(url) => postgres(url, 5_000),
        }
    }
}

/// What a checkpoint of SQLite's journal answers.
#[derive(QueryableByName)]
struct Checkpointed {
    /// Not 0 when others kept it from being emptied.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Device and number of a file.
pub(crate) type FileIdentity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
const fn identity(_metadata: &std::fs::Metadata) -> FileIdentity {
    (0, 0)
}

fn private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map(|_| ()).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

fn sqlite(path: &Path, mode: &str, busy_timeout_ms: u32) -> Result<Conn, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::Invalid("the path is not UTF-8".to_owned()))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let opened = SqliteConnection::establish(&format!("file:{escaped}?mode={mode}"));
    let mut conn = opened.map_err(|error| StoreError::Unavailable(format!("{text}: {error}")))?;
    // FULL: a commit is on disk when it returns, also in WAL mode, where NORMAL would lose the last ones. What is deleted
    // is overwritten: it may be what somebody wanted erased.
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {busy_timeout_ms}; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
         PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;"
    ))?;
    Ok(Conn(AnyConnection::Sqlite(conn)))
}

fn postgres(url: &str, busy_timeout_ms: u32) -> Result<Conn, StoreError> {
    let mut conn = PgConnection::establish(url)?;
    // A commit is on disk when it returns, whatever the server's default is; stronger settings stay as they are.
    conn.batch_execute(&format!(
        "SET client_min_messages = warning; SET lock_timeout = {busy_timeout_ms}; SET statement_timeout = 15000; \
         SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
         WHEN 'off' THEN 'on' WHEN 'local' THEN 'on' ELSE current_setting('synchronous_commit') END, false);"
    ))?;
    Ok(Conn(AnyConnection::Postgres(conn)))
}

impl Conn {
    /// Begins a transaction.
    pub(crate) fn begin(&mut self, access: Access) -> Result<(), StoreError> {
        match &mut self.0 {
            AnyConnection::Postgres(conn) => {
                let sql = match access {
                    Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
                    Access::Derive => "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off",
                };
                AnsiTransactionManager::begin_transaction_sql(conn, sql)?;
            }
            AnyConnection::Sqlite(conn) => {
                let (guard, sql) = match access {
                    Access::Read => ("PRAGMA query_only = ON", "BEGIN"),
                    Access::Write => ("PRAGMA query_only = OFF; PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
                    Access::Derive => ("PRAGMA query_only = OFF; PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
                };
                conn.batch_execute(guard)?;
                AnsiTransactionManager::begin_transaction_sql(conn, sql)?;
            }
        }
        Ok(())
    }

    /// Takes what was deleted out of the files, as far as the database lets us: SQLite empties its journal into the
    /// database, where deleted rows are overwritten; PostgreSQL gives up dead rows of that table.
    pub(crate) fn forget_traces(&mut self, table: &str) -> Result<(), StoreError> {
        match &mut self.0 {
            AnyConnection::Postgres(conn) => Ok(conn.batch_execute(&format!("VACUUM {table}"))?),
            AnyConnection::Sqlite(conn) => {
                let answer = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpointed>(conn)?;
                match answer.busy {
                    0 => Ok(()),
                    _ => Err(StoreError::Unavailable("the journal is being read".to_owned())),
                }
            }
        }
    }

    /// Commits when the work went well, and rolls back when it did not.
    pub(crate) fn finish<T, E: From<StoreError>>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match result {
            Ok(value) => {
                let committed = match &mut self.0 {
                    AnyConnection::Postgres(conn) => AnsiTransactionManager::commit_transaction(conn),
                    AnyConnection::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn),
                };
                committed.map_err(StoreError::from)?;
                Ok(value)
            }
            Err(error) => {
                // What went wrong first is what the caller must hear; a connection that cannot roll back is dropped.
                let _ = match &mut self.0 {
                    AnyConnection::Postgres(conn) => AnsiTransactionManager::rollback_transaction(conn),
                    AnyConnection::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn),
                };
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_by_their_scheme() {
        assert_eq!(Address::parse("/a/b.db").unwrap(), Address::Sqlite(PathBuf::from("/a/b.db")));
        assert_eq!(Address::parse("sqlite:///a/b.db").unwrap(), Address::Sqlite(PathBuf::from("/a/b.db")));
        assert_eq!(Address::parse("sqlite://b.db").unwrap(), Address::Sqlite(PathBuf::from("b.db")));
        let postgres = "postgres://u@h/d?sslmode=disable&connect_timeout=3";
        assert_eq!(Address::parse("postgres://u@h/d?sslmode=disable").unwrap(), Address::Postgres(postgres.to_owned()));
        for wrong in ["", ":memory:", "mysql://h/d", "sqlite://"] {
            assert!(matches!(Address::parse(wrong), Err(StoreError::Invalid(_))), "{wrong}");
        }
    }
}
