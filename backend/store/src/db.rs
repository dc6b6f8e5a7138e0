//! The control database: the one place where a connection to it exists.

use crate::connection::{Access, Address, AnyConnection};
use crate::pool::Pool;
use crate::{Conn, StoreError, migrations};
use diesel::connection::SimpleConnection;

/// Connections to the control database.
const CONNECTIONS_MAX: usize = 8;
/// How long a transaction waits for its turn to write, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// The control database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
}

impl Db {
    /// Opens a control database that was migrated. The error says when it was not.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let checked = address.clone();
        blocking(move || migrations::CONTROL.check(&checked)).await?;
        Ok(Self { pool: Pool::new(address, CONNECTIONS_MAX, BUSY_TIMEOUT_MS) })
    }

    /// Brings a control database to the schema of this program; makes it when it does not exist.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        let address = Address::parse(url)?;
        blocking(move || migrations::CONTROL.run(&address)).await
    }

    /// Whether several nodes may work on it at once. A file belongs to one process.
    pub fn is_shared(&self) -> bool {
        self.pool.is_shared()
    }

    /// Runs `work` in a transaction that may write. Such transactions run one after another, on every node, so that
    /// what was found stays true until it is written; all of it is kept when `work` answers `Ok`, and nothing else.
    pub async fn tx<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ordered = move |conn: &mut Conn| {
            // SQLite has one writer by nature; PostgreSQL gets the same order from the row that every change counts in.
            if let AnyConnection::Postgres(conn) = &mut conn.0 {
                conn.batch_execute("SELECT value FROM generation WHERE id = 1 FOR UPDATE")?;
            }
            work(conn)
        };
        self.pool.transaction(name, Access::Write, ordered).await
    }

    /// Takes erased personal values out of the files, where they would be found until others are written over them. An
    /// error says that they may still be there: call it again.
    pub async fn forget_traces(&self) -> Result<(), StoreError> {
        let address = self.pool.address().clone();
        blocking(move || address.connect(BUSY_TIMEOUT_MS)?.forget_traces("personal_values")).await
    }

    /// Runs `work` in a transaction that sees one moment and writes nothing. It waits for nobody.
    pub async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.pool.transaction(name, Access::Read, work).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Unavailable(error.to_string())),
    }
}
