//! A small pool of connections, each used by one blocking task at a time.

use crate::connection::{Access, Address};
use crate::{Conn, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    busy_timeout_ms: u32,
    permits: Arc<Semaphore>,
    /// One writer at a time: the database would let only one through anyway, and waiting here is fair and costs nothing.
    writer: Arc<Semaphore>,
    idle: Mutex<Vec<Conn>>,
}

impl Pool {
    /// A pool of at most `connections_max` connections, none of them open yet.
    pub(crate) fn new(address: Address, connections_max: usize, busy_timeout_ms: u32) -> Self {
        let permits = Arc::new(Semaphore::new(connections_max));
        let writer = Arc::new(Semaphore::new(1));
        Self { shared: Arc::new(Shared { address, busy_timeout_ms, permits, writer, idle: Mutex::new(Vec::new()) }) }
    }

    /// Where its connections go.
    pub(crate) fn address(&self) -> &Address {
        &self.shared.address
    }

    /// Whether the database is on a server that others reach too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.shared.address, Address::Postgres(_))
    }

    /// Runs one transaction on a thread where blocking is allowed.
    pub(crate) async fn transaction<T: Send + 'static>(
        &self,
        name: &'static str,
        access: Access,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = match access {
            Access::Read => None,
            Access::Write | Access::Derive => Some(acquire(&self.shared.writer).await?),
        };
        let permit = acquire(&self.shared.permits).await?;
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || {
            let _held = (turn, permit);
            shared.run(access, work)
        });
        let result = match task.await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Unavailable(format!("the transaction `{name}` stopped: {error}"))),
        };
        if let Err(StoreError::Unavailable(problem) | StoreError::Corrupt(problem)) = &result {
            tracing::warn!(transaction = name, problem, "a transaction failed");
        }
        result
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
    // It cannot fail: nothing closes these semaphores.
    Arc::clone(semaphore).acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

impl Shared {
    fn run<T>(&self, access: Access, work: impl FnOnce(&mut Conn) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut conn = self.begin(access)?;
        let result = work(&mut conn);
        let result = conn.finish(result);
        // A connection that met trouble is not worth keeping: opening another is cheap, a broken session is not.
        if !matches!(result, Err(StoreError::Unavailable(_))) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
        result
    }

    /// A connection in a transaction. An idle one whose server went away in the meantime is replaced.
    fn begin(&self, access: Access) -> Result<Conn, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut conn) = idle
            && conn.begin(access).is_ok()
        {
            return Ok(conn);
        }
        let mut conn = self.address.connect(self.busy_timeout_ms)?;
        conn.begin(access)?;
        Ok(conn)
    }
}
