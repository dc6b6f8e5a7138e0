"""Nothing secret or personal is stored, logged, measured or recorded in a form that can be used."""

import subprocess

import canary
import httpx
import pytest
import sandbox
from test_nodes import nodes  # noqa: F401  (a fixture)


@pytest.fixture(autouse=True)
def everything_is_logged(monkeypatch):
    monkeypatch.setenv("MUDEUNG_LOG", "trace")


def trust_proxy(server):
    """The server believes what this machine says of its clients' addresses."""
    text = server.config.read_text()
    server.config.write_text(text.replace("[http]\n", '[http]\ntrusted_proxies = ["127.0.0.1/32"]\n'))


def pushed(server):
    """Secrets and people that went through a server, and what it says in figures."""
    used = canary.push(server)
    figures = httpx.get(server.url + "/metrics")
    assert figures.status_code == 200 and len(figures.content) > 1000
    people = {f"address of the {who}": server.credentials[who]["email"] for who in ("admin", "developer")}
    return used.secrets, {"the client's address": canary.ADDRESS, **people}, figures.content


def assert_nowhere(places, values):
    assert all(places.values()), "there is something to look at everywhere"
    assert canary.find(places, values) == []


def erase(server):
    command = [sandbox.BINARY, "ledger", "erase", "--config", str(server.config), "--address", canary.ADDRESS]
    result = subprocess.run([*command, "--reason", "canary"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def test_the_search_finds_what_is_there():
    places = {"one": b"..." + b"a-secret-that-leaked" + b"...", "two": b"YS1zZWNyZXQtdGhhdC1sZWFrZWQ="}
    places["three"] = "a-secret-that-leaked".encode().hex().encode()
    assert len(canary.find(places, {"it": "a-secret-that-leaked"})) == 3
    assert canary.find(places, {"other": "a-secret-that-did-not-leak"}) == []


def test_nothing_secret_or_personal_is_left_on_sqlite(tmp_path):
    server = sandbox.Server(tmp_path / "server")
    trust_proxy(server)
    # The demo's own note of the credentials that it prints; `serve` neither reads nor writes it.
    (server.folder / "access.json").unlink()
    with server:
        secrets, personal, figures = pushed(server)
        server.stop()
        places = {name: content for name, content in canary.files(server.folder).items() if content}
        assert {"control.sqlite", "ledger.sqlite", "checkpoints.sqlite", "serve.log"} <= set(places)
        places["/metrics"] = figures
        assert len(secrets) > 20
        assert_nowhere(places, secrets)
        # People stand in the control database, where they can be erased, and nowhere else.
        kept = {name: content for name, content in places.items() if not name.startswith("control.sqlite")}
        assert_nowhere(kept, personal)
        erase(server)
        after = {name: content for name, content in canary.files(server.folder).items() if content}
        assert_nowhere(after, {"the client's address": canary.ADDRESS})
        server.verify_ledger()


def test_nothing_secret_or_personal_is_left_on_postgresql(nodes):  # noqa: F811
    cluster, first, second = nodes
    for node in (first, second):
        node.stop()
        trust_proxy(node)
        node.start()
    secrets, personal, figures = pushed(second)
    for node in (first, second):
        node.stop()
    options = ["-h", str(cluster.folder), "-U", "tester"]
    dumped = {name: cluster.run("pg_dump", *options, name).encode() for name in ("control", "ledger", "checkpoints")}
    logs = {f"log of {node.folder.name}": (node.folder / "serve.log").read_bytes() for node in (first, second)}
    places = {**dumped, **logs, "/metrics": figures}
    assert_nowhere(places, secrets)
    assert_nowhere({name: content for name, content in places.items() if name != "control"}, personal)
    erase(second)
    dumped = {name: cluster.run("pg_dump", *options, name).encode() for name in ("control", "ledger")}
    assert_nowhere(dumped, {"the client's address": canary.ADDRESS})
    second.verify_ledger()
