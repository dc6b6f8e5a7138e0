"""A private PostgreSQL server for the tests: made when asked for, gone when they are over."""

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")


def programs():
    """The folder of the server's programs, of the newest version there is."""
    folders = [version / "bin" for version in DEBIAN.iterdir() if (version / "bin/initdb").exists()]
    return max(folders, key=lambda folder: int(folder.parent.name))


class Cluster:
    """A server on a socket of its own. It refuses to run as root, so root becomes another user for it."""

    def __init__(self, is_durable=False):
        self.folder = Path(tempfile.mkdtemp(prefix="mudeung-e2e-"))
        self.data = self.folder / "data"
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        options = ["--username=tester", "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8"]
        self.run("initdb", f"--pgdata={self.data}", *options)
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=200"
        options += "" if is_durable else " -c fsync=off"
        self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options)

    def run(self, program, *arguments):
        command = [str(programs() / program), *arguments]
        result = subprocess.run(command, user=self.user, cwd="/", capture_output=True, text=True)
        if result.returncode != 0:
            raise AssertionError(f"{program}: {result.stdout}{result.stderr}")
        return result.stdout

    def psql(self, database, sql):
        """Runs SQL and gives back its rows, the columns separated by `|`."""
        arguments = ["-h", str(self.folder), "-U", "tester", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-"]
        result = subprocess.run(["psql", *arguments], input=sql, capture_output=True, text=True)
        if result.returncode != 0:
            raise AssertionError(f"psql: {result.stderr}")
        return result.stdout.splitlines()

    def create(self, database):
        self.psql("postgres", f"CREATE DATABASE {database}")
        return f"postgres:///{database}?host={self.folder}&user=tester"

    def stop(self):
        try:
            self.run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def copy_rows(file, cluster, database, skipped=()):
    """Copies every row of an SQLite database into the tables of the same names, which exist and are empty."""
    source = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    names = [name for (name,) in source.execute("select name from sqlite_master where type = 'table'")]
    names = [name for name in names if not name.startswith(("sqlite_", "__")) and name not in skipped]
    script = ["BEGIN; SET session_replication_role = replica;"]
    for name in names:
        for row in source.execute(f"select * from {name}"):
            script.append(f"INSERT INTO {name} VALUES ({', '.join(map(literal, row))});")
    source.close()
    cluster.psql(database, "\n".join([*script, "COMMIT;"]))


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def wait_until(is_true, seconds, what):
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
