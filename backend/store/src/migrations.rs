//! The migrations of both databases, one folder for each of the two systems.

use crate::connection::{Address, AnyConnection};
use crate::{Conn, StoreError};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel::{QueryDsl, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// The migrations of the control database.
pub(crate) const CONTROL: Migrations = Migrations {
    database: "control",
    sqlite: embed_migrations!("migrations/control/sqlite"),
    postgres: embed_migrations!("migrations/control/postgres"),
};

/// The migrations of the ledger.
pub(crate) const LEDGER: Migrations = Migrations {
    database: "ledger",
    sqlite: embed_migrations!("migrations/ledger/sqlite"),
    postgres: embed_migrations!("migrations/ledger/postgres"),
};

/// The migrations of the store of checkpoints.
pub(crate) const CHECKPOINTS: Migrations = Migrations {
    database: "checkpoints",
    sqlite: embed_migrations!("migrations/checkpoints/sqlite"),
    postgres: embed_migrations!("migrations/checkpoints/postgres"),
};

/// Migrations of one database for both systems.
pub(crate) struct Migrations {
    database: &'static str,
    sqlite: EmbeddedMigrations,
    postgres: EmbeddedMigrations,
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// How the migrations of a database differ from those of this program.
struct Difference {
    pending: usize,
    unknown: usize,
}

impl Migrations {
    /// Runs what was not run yet. A database that somebody else's migrations ran on is left alone.
    pub(crate) fn run(self, address: &Address) -> Result<(), StoreError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Unavailable(error.to_string());
        let mut conn = address.create()?;
        self.difference(&mut conn)?.refuse_unknown(self.database)?;
        match conn.0 {
            AnyConnection::Sqlite(mut conn) => conn.run_pending_migrations(self.sqlite).map(|_| ()).map_err(failed),
            AnyConnection::Postgres(mut conn) => conn.run_pending_migrations(self.postgres).map(|_| ()).map_err(failed),
        }
    }

    /// Checks that exactly the migrations of this program were run. Writes nothing.
    pub(crate) fn check(self, address: &Address) -> Result<(), StoreError> {
        let outdated = |detail: String| StoreError::SchemaOutdated { database: self.database, detail };
        if let Address::Sqlite(path) = address
            && !path.exists()
        {
            return Err(outdated(format!("{} does not exist", path.display())));
        }
        let difference = self.difference(&mut address.connect(5_000)?)?;
        difference.refuse_unknown(self.database)?;
        match difference.pending {
            0 => Ok(()),
            pending => Err(outdated(format!("it is {pending} migrations behind"))),
        }
    }

    fn difference(&self, conn: &mut Conn) -> Result<Difference, StoreError> {
        let versions = match &conn.0 {
            AnyConnection::Sqlite(_) => versions(MigrationSource::<Sqlite>::migrations(&self.sqlite)),
            AnyConnection::Postgres(_) => versions(MigrationSource::<Pg>::migrations(&self.postgres)),
        }?;
        let query = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        let applied = match query.load::<String>(&mut conn.0) {
            Ok(applied) => applied,
            Err(error) if is_missing_table(&error.to_string()) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Difference {
            pending: versions.iter().filter(|version| !applied.contains(version)).count(),
            unknown: applied.iter().filter(|version| !versions.contains(version)).count(),
        })
    }
}

impl Difference {
    fn refuse_unknown(&self, database: &'static str) -> Result<(), StoreError> {
        if self.unknown == 0 {
            return Ok(());
        }
        let detail = format!("{} of its migrations are of a later program or of another database", self.unknown);
        Err(StoreError::SchemaOutdated { database, detail })
    }
}

fn is_missing_table(problem: &str) -> bool {
    problem.contains("no such table") || problem.contains("does not exist")
}

fn versions<DB: diesel::backend::Backend>(
    migrations: diesel::migration::Result<Vec<Box<dyn diesel::migration::Migration<DB>>>>,
) -> Result<Vec<String>, StoreError> {
    let migrations = migrations.map_err(StoreError::corrupt)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
