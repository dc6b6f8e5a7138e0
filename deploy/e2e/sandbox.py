"""A server under test: started, stopped and killed as an operator would, and asked as a company would."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

BINARY = os.environ.get("MUDEUNG_BINARY", "target/debug/mudeung")
CLI_BINARY = os.environ.get("MUDEUNG_CLI_BINARY", "target/debug/mudeung-cli")
FOLDER = Path(os.environ.get("MUDEUNG_E2E_FOLDER", "target/e2e"))

# High enough that no test meets them by accident; the rate limits have tests of their own.
LIMITS = {
    "requests_per_minute": 6_000_000,
    "tokens_per_minute": 600_000,
    "synthetic_bytes_per_day": 1 << 45,
    "synthetic_rows_per_day": 1 << 40,
}

SCOPES = "catalog.read data.read synthetic.read query.run usage.read receipts.read"


class Failed(AssertionError):
    """The server did not do what it was asked."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A process with an address that says when it is ready."""

    def __init__(self, arguments, url, log, ready_seconds=60):
        self.url = url
        self.log = Path(log)
        start = time.monotonic()
        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen(arguments, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        while True:
            if self.popen.poll() is not None:
                raise Failed(f"{arguments[:2]} ended with {self.popen.returncode}:\n{self.tail()}")
            if self.answers("/readyz"):
                break
            if time.monotonic() - start > ready_seconds:
                self.kill()
                raise Failed(f"{arguments[:2]} is not ready after {ready_seconds} s:\n{self.tail()}")
            time.sleep(0.02)
        self.ready_after = time.monotonic() - start

    def answers(self, path):
        try:
            return httpx.get(self.url + path, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """As a crash: no chance to write anything."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self, seconds=60):
        """As an operator: SIGTERM, and the exit code must be 0."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        code = self.popen.wait(seconds)
        if code != 0:
            raise Failed(f"stopped with exit code {code}:\n{self.tail()}")

    def memory_kib(self):
        """`VmRSS`, `RssAnon`, `RssFile` … of the process, in KiB."""
        lines = Path(f"/proc/{self.popen.pid}/status").read_text().splitlines()
        fields = (line.split() for line in lines if line.startswith(("VmRSS", "VmHWM", "Rss")))
        return {name.rstrip(":"): int(value) for name, value, _ in fields}


def start_demo(data_dir, ready_seconds=60):
    """`mudeung demo` on a free port; the process and what `--json` wrote."""
    port = free_port()
    written = Path(f"{data_dir}.json")
    written.unlink(missing_ok=True)
    arguments = [BINARY, "demo", "--port", str(port), "--data-dir", str(data_dir), "--json", str(written)]
    process = Process(arguments, f"http://127.0.0.1:{port}", f"{data_dir}.log", ready_seconds)
    # It is written, whole, once the server listens.
    end = time.monotonic() + 10
    while not written.exists():
        if time.monotonic() > end:
            process.kill()
            raise Failed(f"{written} is not written:\n{process.tail()}")
        time.sleep(0.02)
    return process, json.loads(written.read_text())


def template():
    """A data folder that `mudeung demo` has built and left in good order; built once for each binary."""
    folder = FOLDER / "template"
    built_for = FOLDER / "template.built-for"
    stamp = str(Path(BINARY).stat().st_mtime_ns)
    if not (built_for.exists() and built_for.read_text() == stamp):
        shutil.rmtree(folder, ignore_errors=True)
        built_for.unlink(missing_ok=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        process, _ = start_demo(folder, ready_seconds=600)
        print(f"first start: {process.ready_after:.1f} s")
        process.stop()
        built_for.write_text(stamp)
    return folder


class Server:
    """`mudeung serve` on a copy of the template, with limits that are out of the way."""

    def __init__(self, folder, limits=None, ledger_file=None, **sections):
        self.folder = Path(folder)
        # Without the mails of the demo, which has no mail server: they are their readers', and no part of a server.
        shutil.copytree(template(), self.folder, ignore=shutil.ignore_patterns("mail"))
        self.credentials = json.loads(Path(f"{template()}.json").read_text())
        if ledger_file is not None:
            for end in ("", "-wal", "-shm"):
                if (self.folder / f"ledger.sqlite{end}").exists():
                    shutil.move(self.folder / f"ledger.sqlite{end}", f"{ledger_file}{end}")
        self.ledger = Path(ledger_file or self.folder / "ledger.sqlite")
        self.control = self.folder / "control.sqlite"
        self.checkpoints = self.folder / "checkpoints.sqlite"
        self.store = self.folder / "store"
        self.limits = {**LIMITS, **(limits or {})}
        self.sections = sections
        self.process = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = self.folder / "e2e.toml"
        self.write_config()

    def write_config(self):
        values = {
            "http": {"listen": f"127.0.0.1:{self.port}", "public_url": self.url},
            "database": {"control": str(self.control), "ledger": str(self.ledger), "checkpoints": str(self.checkpoints)},
            "data": {"store": str(self.store), "keys": str(self.folder / "keys")},
            "limits": self.limits,
            **self.sections,
            # The demo's ledger goes on under the name that it was begun with.
            "ledger": {"origin": "demo.mudeung.example/ledger", **self.sections.get("ledger", {})},
        }
        # JSON's numbers and plain strings are TOML's as well.
        lines = []
        for section, items in values.items():
            lines += [f"[{section}]"] + [f"{key} = {json.dumps(value)}" for key, value in items.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def start(self, ready_seconds=60):
        arguments = [BINARY, "serve", "--config", str(self.config)]
        self.process = Process(arguments, self.url, self.folder / "serve.log", ready_seconds)
        return self

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def company(self, who="client"):
        return Company(self.url, self.credentials[who])

    def verify_ledger(self):
        """`mudeung ledger verify`; it recomputes everything from the rows."""
        result = subprocess.run([BINARY, "ledger", "verify", "--database", str(self.ledger)], capture_output=True)
        if result.returncode != 0:
            raise Failed(f"ledger verify: {result.stdout.decode()}{result.stderr.decode()}")

    def entries(self):
        """All entries of the ledger by index, exported by the binary."""
        out = self.folder / "exported"
        shutil.rmtree(out, ignore_errors=True)
        # With the configuration, so that a checkpoint is signed over the very last entry.
        arguments = [BINARY, "ledger", "export", "--config", str(self.config), "--out", str(out)]
        result = subprocess.run(arguments, capture_output=True)
        if result.returncode != 0:
            raise Failed(f"ledger export: {result.stderr.decode()}")
        files = sorted((out / "entries").glob("*.ndjson"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return {line["index"]: json.loads(base64.b64decode(line["bytes"])) for line in lines}


class Company:
    """A start-up's developer with one credential."""

    def __init__(self, url, credential):
        self.url = url
        self.auth = (credential["client_id"], credential["client_secret"])
        self.http = httpx.Client(base_url=url, timeout=60)
        self.http.headers["authorization"] = "Bearer " + self.new_token()

    def new_token(self, scope=SCOPES):
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = httpx.post(self.url + "/oauth2/token", data=form, auth=self.auth)
        if answer.status_code != 200:
            raise Failed(f"no token: {answer.status_code} {answer.text}")
        return answer.json()["access_token"]

    def get(self, path, **options):
        return self.http.get(path, **options)

    def ask(self, path, **options):
        """The JSON of a request that must succeed."""
        answer = self.get(path, **options)
        if answer.status_code != 200:
            raise Failed(f"GET {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def items(self, path):
        """All items of a paged list."""
        items, cursor = [], None
        while True:
            page = self.ask(path, params={"cursor": cursor} if cursor else {})
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def tables(self, tier):
        """Every table of a tier that is open, as (dataset, table item)."""
        for dataset in self.items("/v1/datasets"):
            if tier in dataset["tiers"]:
                for table in self.ask(f"/v1/datasets/{dataset['id']}/{tier}")["tables"]:
                    yield dataset["id"], table

    def files(self, dataset, tier, table):
        return self.items(f"/v1/datasets/{dataset}/{tier}/tables/{table}/files")
