"""A long past for the ledger of a sandbox: entries put before its own, by the ledger itself."""

import sqlite3
import subprocess
import time
from pathlib import Path

import sandbox

# Of the reads, this share is the demo company's: its pages are looked at.
SHARE = 0.1


def give(server, entries, readers, days=365):
    """Puts `entries` entries of reads in the days before into the ledger of a server that is stopped.

    `readers` are (organization, app, grant, dataset, tier). The indexes of the search columns are made afterwards: row
    by row they would take most of the time. As the log is another one then, nothing was signed of it.
    """
    began = time.monotonic()
    old, listed = server.folder / "old-ledger.sqlite", server.folder / "readers"
    for end in ("", "-wal", "-shm"):
        if (place := server.ledger.with_name(server.ledger.name + end)).exists():
            place.rename(old.with_name(old.name + end))
    listed.write_text("".join(" ".join(reader) + "\n" for reader in readers))
    subprocess.run([sandbox.BINARY, "migrate", "--config", str(server.config)], check=True, stdout=subprocess.DEVNULL)
    indexes = take_indexes(server.ledger)
    program = Path(sandbox.BINARY).parent / "examples/grow_ledger"
    subprocess.run([program, old, server.ledger, listed, str(entries), str(days)], check=True)
    with sqlite3.connect(server.ledger) as database:
        for index in indexes:
            database.execute(index)
    database.close()
    with sqlite3.connect(server.checkpoints) as database:
        database.execute("delete from signed")
    database.close()
    print(f"{entries} entries and their indexes after {time.monotonic() - began:.0f} s", flush=True)


def take_indexes(ledger):
    """Drops the indexes of the search columns; what makes them again."""
    with sqlite3.connect(ledger) as database:
        made = "select name, sql from sqlite_master where type = 'index' and tbl_name = 'entry_search' and sql is not null"
        found = database.execute(made).fetchall()
        for name, _ in found:
            database.execute(f"drop index {name}")
    database.close()
    return [sql for _, sql in found]


def readers(control):
    """Every grant of the sandbox; those of the demo company so often that they make up their share."""
    database = sqlite3.connect(control)
    rows = database.execute("select organization, app, id, dataset, tier from grants order by id").fetchall()
    database.close()
    others = [row for row in rows if row[2].startswith("grt_7")]
    own = [row for row in rows if not row[2].startswith("grt_7")]
    return others + own * max(1, round(len(others) * SHARE / (1 - SHARE) / len(own)))
