"""Attacks on the ledger of a running hospital, each noticed from outside with the tools that auditors and companies have."""

import shutil
import sqlite3
import subprocess
import threading

import httpx
import pytest
import sandbox
from postgres import wait_until

HOLDS, BROKEN = 0, 3


class Witness:
    """`mudeung witness`, as a partner university runs it."""

    def __init__(self, folder, log_key):
        self.port = sandbox.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ["witness", "--listen", f"127.0.0.1:{self.port}", "--key-dir", str(folder)]
        arguments += ["--name", "witness.example/mudeung", "--log", log_key]
        self.popen = subprocess.Popen([sandbox.BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.key = self.popen.stdout.readline().decode().strip()
        # It says no more there, but must never wait for a reader.
        threading.Thread(target=self.popen.stdout.read, daemon=True).start()

    def stop(self):
        self.popen.kill()
        self.popen.wait()


class Hospital:
    """A server with a past that an auditor, a company and a witness have seen."""

    def __init__(self, folder):
        self.folder = folder
        self.server = sandbox.Server(folder / "server").start()
        self.log_key = httpx.get(self.server.url + "/ledger/verifier").text.strip()
        self.witness = Witness(folder / "witness", self.log_key)
        self.configure_witness()
        self.read(320)
        self.held = folder / "held"
        self.wait_for_cosignature()
        assert self.audit("--keep", str(self.held))[0] == HOLDS
        self.receipt = self.keep_receipt()

    def configure_witness(self):
        self.server.stop()
        with self.server.config.open("a") as config:
            config.write(f'\n[[ledger.witnesses]]\nurl = "{self.witness.url}"\nverifier = "{self.witness.key}"\n')
        self.server.start()

    def read(self, count):
        """So many accesses, each an INTENT or an OUTCOME at least."""
        company = self.server.company()
        for _ in range(count):
            company.ask("/v1/datasets")
        return company

    def wait_for_cosignature(self):
        witnessed = ["--witness", self.witness.key, "--threshold", "1"]
        wait_until(lambda: self.audit(*witnessed)[0] == HOLDS, 20, "a cosigned checkpoint")

    def signed_size(self):
        """How many entries the checkpoint that everybody sees is over."""
        return int(httpx.get(self.server.url + "/ledger/checkpoint").text.splitlines()[1])

    def grow_beyond(self, size):
        def has_grown():
            self.read(20)
            return self.signed_size() > size

        wait_until(has_grown, 20, f"a checkpoint over more than {size} entries")

    def keep_receipt(self):
        """The proof of an access, as a company keeps it."""
        company = self.server.company()
        self.index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
        file = self.folder / f"{self.index}.tlog-proof"
        file.write_text(company.get(f"/v1/receipts/{self.index}?format=tlog-proof").text)
        assert self.check_receipt(file)[0] == HOLDS
        return file

    def check_receipt(self, file):
        return run(sandbox.CLI_BINARY, "verify", str(file), "--log", self.log_key)

    def audit(self, *more):
        """The auditor at home, who sees what everybody sees."""
        return run(sandbox.BINARY, "ledger", "verify", "--url", self.server.url, "--verifier", self.log_key, *more)

    def audit_rows(self):
        """The auditor with the database in hand."""
        return run(sandbox.BINARY, "ledger", "verify", "--database", str(self.server.ledger))

    def tamper(self, sql):
        """Whoever owns the machine changes rows while the server is down; guards against mistakes do not stop them."""
        self.server.stop()
        database = sqlite3.connect(self.server.ledger)
        triggers = database.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"drop trigger {name}")
        database.executescript(sql)
        database.close()

    def files(self, name):
        return [path for path in self.server.folder.glob(f"{name}.sqlite*")]

    def back_up(self, name):
        """A copy of a database of the stopped server."""
        folder = self.folder / f"backup-{name}"
        folder.mkdir()
        for file in self.files(name):
            shutil.copy(file, folder)
        return folder

    def restore(self, name):
        for file in self.files(name):
            file.unlink()
        for file in (self.folder / f"backup-{name}").iterdir():
            shutil.copy(file, self.server.folder)

    def refused_start(self):
        """What a server says that does not start."""
        with pytest.raises(sandbox.Failed) as failure:
            self.server.start()
        return str(failure.value)

    def close(self):
        self.server.kill()
        self.witness.stop()


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def hospital(tmp_path):
    hospital = Hospital(tmp_path)
    try:
        yield hospital
    finally:
        hospital.close()


def assert_broken(answer, word):
    code, said = answer
    assert code == BROKEN, said
    assert word in said, said


def test_attack_01_a_flipped_byte_of_an_entry(hospital):
    index = hospital.index
    flip = f"CAST(replace(CAST(bytes AS TEXT), 'catalog', 'catalop') AS BLOB) WHERE idx = {index}"
    hospital.tamper(f"UPDATE entry SET bytes = {flip}")
    assert_broken(hospital.audit_rows(), f"entry {index}: its bytes do not have its leaf hash")
    # The company's own proof still holds, and what the server shows now is not what it proves.
    hospital.server.start()
    assert hospital.check_receipt(hospital.receipt)[0] == HOLDS
    shown = hospital.server.company().get(f"/v1/receipts/{index}?format=tlog-proof")
    file = hospital.folder / "shown.tlog-proof"
    file.write_text(shown.text)
    assert shown.status_code != 200 or hospital.check_receipt(file)[0] != HOLDS


def test_attack_02_an_edited_search_column(hospital):
    hospital.tamper(f"UPDATE entry_search SET organization = 'org_somebody' WHERE idx = {hospital.index}")
    assert_broken(hospital.audit_rows(), f"entry {hospital.index}: the search column `organization`")


def test_attack_03_a_deleted_entry(hospital):
    hospital.tamper(f"DELETE FROM entry WHERE idx = {hospital.index}")
    assert_broken(hospital.audit_rows(), f"entry {hospital.index}: is missing")


def test_attack_04_a_truncated_tail(hospital):
    hospital.tamper(f"DELETE FROM entry WHERE idx >= {hospital.index}")
    assert_broken(hospital.audit_rows(), f"entry {hospital.index}: is missing, and all after it")


def test_attack_05_yesterdays_backup(hospital):
    hospital.server.stop()
    hospital.back_up("ledger")
    hospital.back_up("checkpoints")
    hospital.server.start()
    hospital.grow_beyond(hospital.signed_size())
    assert hospital.audit("--from", str(hospital.held), "--keep", str(hospital.held))[0] == HOLDS
    seen = hospital.signed_size()
    hospital.server.stop()
    hospital.restore("ledger")
    assert "truncated or restored from an old copy" in hospital.refused_start()
    # Who restores the store of checkpoints with it gets a server, and the auditor's checkpoint tells.
    hospital.restore("checkpoints")
    hospital.server.start()
    assert hospital.signed_size() < seen
    assert_broken(hospital.audit("--from", str(hospital.held)), "THE LEDGER DOES NOT HOLD")
    # Also when it has grown beyond what was held: it is another past.
    hospital.grow_beyond(seen)
    assert_broken(hospital.audit("--from", str(hospital.held)), "THE LEDGER DOES NOT HOLD")


def test_attack_07_and_08_everything_rewritten_with_the_logs_own_key(hospital):
    hospital.server.stop()
    for file in hospital.files("ledger") + hospital.files("checkpoints"):
        file.unlink()
    migrate = [sandbox.BINARY, "migrate", "--config", str(hospital.server.config)]
    subprocess.run(migrate, check=True, capture_output=True)
    hospital.server.start()
    company = hospital.read(400)
    assert hospital.audit()[0] == HOLDS, "by itself the new past is a ledger like any other"
    assert hospital.audit_rows()[0] == HOLDS
    # Three who have seen the old one notice: the auditor, the company, the witness.
    assert_broken(hospital.audit("--from", str(hospital.held)), "THE LEDGER DOES NOT HOLD")
    answer = httpx.post(hospital.server.url + "/ledger/check", content=hospital.held.read_text())
    assert answer.status_code == 409 and "fork" in answer.text.lower(), answer.text
    assert hospital.check_receipt(hospital.receipt)[0] == HOLDS, "the proof of the old past is the evidence"
    shown = company.get(f"/v1/receipts/{hospital.index}?format=tlog-proof").text
    assert shown != hospital.receipt.read_text()
    assert_broken(hospital.audit("--witness", hospital.witness.key, "--threshold", "1"), "witness")
