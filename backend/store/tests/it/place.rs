//! A place to test in: a control database and a ledger of their own, on one of the two systems.

use crate::cluster;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types};
use mudeung_store::Db;
use mudeung_store::ledger::{Ledger, LedgerOptions};
use std::future::Future;

/// Two migrated databases, removed when the test is over.
pub(crate) struct Place {
    pub(crate) control: String,
    pub(crate) ledger: String,
    databases: Vec<String>,
    directory: Option<tempfile::TempDir>,
}

/// Makes a test for each of the two systems out of `async fn name(place: &Place)`.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $name() { crate::place::run(crate::place::Place::on_sqlite(), super::$name); })*
        }
        mod on_postgres {
            $(#[test] fn $name() { crate::place::run(crate::place::Place::on_postgres(), super::$name); })*
        }
    };
}
pub(crate) use on_both;

/// Runs a test with several threads, so that what can race does.
pub(crate) fn run<F: Future<Output = ()>>(place: Place, test: impl FnOnce(std::sync::Arc<Place>) -> F) {
    let place = std::sync::Arc::new(place);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        Db::migrate(&place.control).await.unwrap();
        Ledger::migrate(&place.ledger).unwrap();
        test(std::sync::Arc::clone(&place)).await;
    });
}

impl Place {
    pub(crate) fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        Self {
            control: path("control.db"),
            ledger: format!("sqlite://{}", path("ledger.db")),
            databases: Vec::new(),
            directory: Some(directory),
        }
    }

    pub(crate) fn on_postgres() -> Self {
        let (control, first) = cluster::create_database();
        let (ledger, second) = cluster::create_database();
        Self { control, ledger, databases: vec![first, second], directory: None }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.directory.is_some()
    }

    /// The address of a database that nobody has made yet, or, on PostgreSQL, of an empty one.
    pub(crate) fn fresh(&self) -> String {
        match &self.directory {
            Some(directory) => directory.path().join("fresh.db").to_str().unwrap().to_owned(),
            None => cluster::create_database().0,
        }
    }

    /// The control database, open.
    pub(crate) async fn db(&self) -> Db {
        Db::open(&self.control).await.unwrap()
    }

    /// The ledger, open, with the usual limits.
    pub(crate) fn open_ledger(&self) -> Ledger {
        Ledger::open(&self.ledger, LedgerOptions::default()).unwrap()
    }

    /// The file of the ledger, on SQLite.
    pub(crate) fn ledger_file(&self) -> std::path::PathBuf {
        std::path::PathBuf::from(self.ledger.strip_prefix("sqlite://").unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for database in &self.databases {
            // A test that failed is unwinding already; what is left goes with the cluster.
            let _ = std::panic::catch_unwind(|| cluster::drop_database(database));
        }
    }
}

/// A connection behind the store's back.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    pub(crate) fn open(url: &str) -> Self {
        if url.starts_with("postgres") {
            return Self::Postgres(PgConnection::establish(url).unwrap());
        }
        let path = url.strip_prefix("sqlite://").unwrap_or(url);
        let mut conn = SqliteConnection::establish(path).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        Self::Sqlite(conn)
    }

    pub(crate) fn execute(&mut self, sql: &str) {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sql).unwrap(),
            Self::Postgres(conn) => conn.batch_execute(sql).unwrap(),
        }
    }

    /// The one text column `value` of a query.
    pub(crate) fn texts(&mut self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = sql_types::Text)]
            value: String,
        }
        let rows: Vec<Row> = match self {
            Self::Sqlite(conn) => sql_query(sql).load(conn).unwrap(),
            Self::Postgres(conn) => sql_query(sql).load(conn).unwrap(),
        };
        rows.into_iter().map(|row| row.value).collect()
    }
}

/// Runs SQL behind the store's back.
pub(crate) fn execute(url: &str, sql: &str) {
    Raw::open(url).execute(sql);
}
