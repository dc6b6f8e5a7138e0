//! Faults: while the database cannot commit, appends fail and nothing of them stays; when it can again, so can the
//! ledger, without being opened anew.

use crate::place::{Place, Raw, execute, on_both, run};
use crate::samples::{intent, outcome};
use mudeung_store::ledger::{Ledger, LedgerError};
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    a_locked_database_refuses_and_recovers,
    an_outcome_survives_a_locked_database,
    a_database_that_refuses_writes_refuses_and_recovers,
    connections_that_break_are_replaced,
);

/// Appends fail while `broken`, and OUTCOMEs that nobody waits for arrive once after `mend`.
async fn fails_and_recovers<F: Future<Output = ()>>(
    ledger: &Ledger,
    break_it: impl FnOnce() -> F,
    mend: impl FnOnce(),
) {
    let opened = ledger.append(intent(0, "app_1")).await.unwrap().index;
    let before = ledger.head().await.unwrap();
    break_it().await;
    for n in 1..3 {
        let refused = ledger.append(intent(n, "app_1")).await;
        assert!(matches!(refused, Err(LedgerError::Unavailable(_))), "{refused:?}");
    }
    ledger.append_detached(outcome(10, "app_1", opened, 5, 50));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!ledger.is_healthy());
    mend();
    tokio::time::timeout(Duration::from_secs(20), ledger.flush()).await.expect("the OUTCOME arrives by itself");
    assert!(ledger.is_healthy());
    let after = ledger.append(intent(20, "app_1")).await.unwrap();
    assert_eq!(after.index, before.size + 1, "the OUTCOME once, and nothing of what was refused");
    assert_eq!(ledger.used(crate::samples::used_by_grant("grt_1")).await.unwrap().bytes, 50);
    ledger.verify(|_, _| {}).await.unwrap();
}

async fn a_locked_database_refuses_and_recovers(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let blocker = std::cell::RefCell::new(Raw::open(&place.ledger));
    let lock = if place.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN; SELECT * FROM head FOR UPDATE" };
    let locking = || async { blocker.borrow_mut().execute(lock) };
    fails_and_recovers(&ledger, locking, || blocker.borrow_mut().execute("ROLLBACK")).await;
}

async fn an_outcome_survives_a_locked_database(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let opened = ledger.append(intent(0, "app_1")).await.unwrap().index;
    let mut blocker = Raw::open(&place.ledger);
    blocker.execute(if place.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN; SELECT * FROM head FOR UPDATE" });
    ledger.append_detached(outcome(1, "app_1", opened, 1, 1));
    let flushed = tokio::time::timeout(Duration::from_millis(1_500), ledger.flush()).await;
    assert!(flushed.is_err(), "it cannot be durable while the database is locked");
    blocker.execute("ROLLBACK");
    ledger.flush().await;
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().open_intents, 0);
}

async fn a_database_that_refuses_writes_refuses_and_recovers(place: Arc<Place>) {
    let ledger = place.open_ledger();
    if place.is_sqlite() {
        // What goes to a file that was moved away would be lost, so nothing may.
        let (file, away) = (place.ledger_file(), place.ledger_file().with_extension("away"));
        let moving = || async { std::fs::rename(&file, &away).unwrap() };
        fails_and_recovers(&ledger, moving, || {
            assert!(!file.exists(), "a missing ledger is not made anew");
            std::fs::rename(&away, &file).unwrap();
        })
        .await;
    } else {
        let name = Raw::open(&place.ledger).texts("SELECT current_database()::text AS value").remove(0);
        let elsewhere = place.control.clone();
        let refusing = || async {
            execute(&elsewhere, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
            execute(&elsewhere, &kick(&name));
        };
        let mend = || {
            execute(&elsewhere, &format!("ALTER DATABASE {name} RESET default_transaction_read_only"));
        };
        fails_and_recovers(&ledger, refusing, mend).await;
    }
}

/// Ends every connection to a database.
fn kick(name: &str) -> String {
    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
}

async fn connections_that_break_are_replaced(place: Arc<Place>) {
    if place.is_sqlite() {
        return; // A file has no connection to break.
    }
    let ledger = place.open_ledger();
    let db = place.db().await;
    let opened = ledger.append(intent(0, "app_1")).await.unwrap().index;
    db.read("warm", mudeung_store::snapshot::generation).await.unwrap();
    for database in [&place.ledger, &place.control] {
        let name = Raw::open(database).texts("SELECT current_database()::text AS value").remove(0);
        execute(&crate::cluster::url("postgres"), &kick(&name));
    }
    db.read("test", mudeung_store::snapshot::generation).await.expect("an idle connection that broke is replaced");
    ledger.append_detached(outcome(1, "app_1", opened, 1, 1));
    ledger.flush().await;
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().head.size, 2);
}

/// A small file system in memory. The shell that made it takes it away when its standard input closes.
struct SmallDisk {
    _shell: Child,
    path: PathBuf,
}

const SMALL_DISK: &str = r#"
set -eu
mount -t tmpfs -o size=1m tmpfs "$1"
trap 'umount -l "$1"' EXIT
echo mounted
cat >/dev/null
"#;

impl SmallDisk {
    /// `None` when this user may not mount.
    fn mount(path: &Path) -> Option<Self> {
        let mut command = Command::new("setsid");
        command.args(["--wait", "sh", "-c", SMALL_DISK, "sh"]).arg(path);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut answer = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut answer).unwrap();
        (answer.trim() == "mounted").then(|| Self { _shell: shell, path: path.to_owned() })
    }

    /// Writes until nothing more fits.
    fn fill(&self) -> PathBuf {
        let path = self.path.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [4_096, 64, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

/// Appends until it is refused: what SQLite has allocated already can be used on a full disk, too.
async fn append_until_refused(ledger: &Ledger) -> u64 {
    let (mut size, mut refused) = (1, 0);
    for n in 0..4_000 {
        match ledger.append(intent(n, "app_1")).await {
            Ok(receipt) => (size, refused) = (receipt.index + 1, 0),
            // A connection that is closed may leave a little room once more.
            Err(LedgerError::Unavailable(_)) if refused < 10 => refused += 1,
            Err(LedgerError::Unavailable(_)) => return size,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the disk never filled up");
}

#[test]
fn a_full_disk_refuses_and_recovers_on_sqlite() {
    let mut place = Place::on_sqlite();
    let directory = place.ledger_file().with_file_name("small");
    std::fs::create_dir(&directory).unwrap();
    let Some(disk) = SmallDisk::mount(&directory) else {
        eprintln!("not checked: mounting a small file system needs root");
        return;
    };
    place.ledger = format!("sqlite://{}", directory.join("ledger.db").display());
    run(place, |place| async move {
        let ledger = place.open_ledger();
        ledger.append(intent(20_000, "app_1")).await.unwrap();
        let filler = disk.fill();
        let size = append_until_refused(&ledger).await;
        ledger.append_detached(outcome(10_000, "app_1", 0, 5, 50));
        for n in 5_000..5_003 {
            assert!(matches!(ledger.append(intent(n, "app_1")).await, Err(LedgerError::Unavailable(_))));
        }
        assert!(!ledger.is_healthy());
        std::fs::remove_file(filler).unwrap();
        ledger.flush().await;
        let after = ledger.append(intent(6_000, "app_1")).await.unwrap();
        assert_eq!(after.index, size + 1, "the OUTCOME once, and nothing of what was refused");
        ledger.verify(|_, _| {}).await.unwrap();
        drop(ledger);
        drop(disk);
    });
}
