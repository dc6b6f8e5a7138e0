"""The ledger cannot be written: no data leaves, the answer says when to come back, and nothing needs a restart."""

import errno
import os
import sqlite3
import subprocess
import time
from contextlib import contextmanager

import httpx
import pytest
import sandbox


class Reader:
    """Reads data in each of the ways there are, with tokens and addresses made beforehand."""

    def __init__(self, server):
        company = server.company("sandbox")
        dataset, table = next(iter(company.tables("synthetic")))
        file = company.files(dataset, "synthetic", table["name"])[0]
        base = f"{server.url}/v1/datasets/{dataset}/synthetic/tables/{table['name']}"
        bearer = {"authorization": company.http.headers["authorization"]}
        self.requests = [
            ("rows", base + "/rows?limit=20", bearer),
            ("file by token", f"{server.url}/v1/files/{file['id']}", bearer),
            ("file by signed address", file["url"], {}),
            ("range", file["url"], {"range": "bytes=0-65535"}),
        ]

    def answers(self):
        return {name: httpx.get(url, headers=headers, timeout=60) for name, url, headers in self.requests}


def assert_no_data(answers):
    for name, answer in answers.items():
        assert answer.status_code == 503, f"{name}: {answer.status_code} {answer.text[:300]}"
        assert int(answer.headers["retry-after"]) >= 1, name
        assert b"PAR1" not in answer.content, name
        assert answer.headers.get("content-type", "application/problem+json") == "application/problem+json", name
        assert "mudeung-receipt" not in answer.headers, name


def assert_recovers(reader, seconds=30):
    end = time.monotonic() + seconds
    while True:
        answers = reader.answers()
        if all(answer.status_code in (200, 206) for answer in answers.values()):
            return
        states = {name: answer.status_code for name, answer in answers.items()}
        assert time.monotonic() < end, f"no recovery without a restart: {states}"
        time.sleep(0.5)


def assert_fails_closed(server, fault):
    """While the fault lasts nothing leaves; afterwards the same process serves again, and the ledger is whole."""
    reader = Reader(server)
    process = server.process.popen.pid
    with fault(server):
        assert_no_data(reader.answers())
        assert httpx.get(server.url + "/healthz").status_code == 200, "the process itself is well"
    assert_recovers(reader)
    assert server.process.popen.pid == process and server.process.popen.poll() is None
    server.stop()
    server.verify_ledger()


@contextmanager
def locked(server):
    other = sqlite3.connect(server.ledger, isolation_level=None, timeout=30)
    other.execute("begin immediate")
    try:
        yield
    finally:
        other.execute("rollback")
        other.close()


@contextmanager
def read_only(server):
    # A running process keeps its right to write, whatever the mode of the file becomes; immutable it feels at once.
    files = [f"{server.ledger}{end}" for end in ("", "-wal") if os.path.exists(f"{server.ledger}{end}")]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@contextmanager
def full_disk(server):
    filler = server.ledger.parent / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    try:
        yield
    finally:
        filler.unlink()


def is_possible(*commands):
    """Immutable files and mounts are for root, on file systems that know them."""
    return all(subprocess.run(command, capture_output=True).returncode == 0 for command in commands)


def test_a_locked_ledger_lets_no_data_out(server):
    assert_fails_closed(server, locked)


def test_a_read_only_ledger_lets_no_data_out(server, tmp_path):
    probe = tmp_path / "probe"
    probe.touch()
    if not is_possible(["chattr", "+i", str(probe)], ["chattr", "-i", str(probe)]):
        pytest.skip("files cannot be made immutable here: root and ext4 or the like are needed")
    assert_fails_closed(server, read_only)


def test_a_full_disk_lets_no_data_out(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if not is_possible(["mount", "-t", "tmpfs", "-o", "size=8m", "mudeung-e2e", str(small)]):
        pytest.skip("no file system can be mounted here: root is needed")
    try:
        with sandbox.Server(tmp_path / "server", ledger_file=small / "ledger.sqlite") as server:
            assert_fails_closed(server, full_disk)
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_server_refuses_to_start_without_a_ledger_it_can_write(server):
    server.stop()
    server.ledger.rename(f"{server.ledger}.away")
    server.ledger.mkdir()
    with pytest.raises(sandbox.Failed):
        server.start(ready_seconds=5)
