"""Two `mudeung serve` processes on one PostgreSQL: one set of rules, one budget, one ledger."""

import json
import shutil
import subprocess
import threading
import time

import httpx
import postgres
import pytest
import sandbox


class Node(sandbox.Server):
    """One of several nodes; they share databases, data and keys."""

    def __init__(self, folder, shared, public_url):
        self.folder = folder
        self.folder.mkdir()
        self.credentials = shared["credentials"]
        self.control, self.ledger, self.store = shared["control"], shared["ledger"], shared["folder"] / "store"
        self.checkpoints = shared["checkpoints"]
        self.keys = shared["folder"] / "keys"
        self.limits = sandbox.LIMITS
        self.sections = {}
        self.process = None
        self.port = sandbox.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.public_url = public_url or self.url
        self.config = self.folder / "e2e.toml"
        self.write_config()
        text = self.config.read_text()
        text = text.replace(json.dumps(str(self.folder / "keys")), json.dumps(str(self.keys)))
        self.config.write_text(text.replace(f'public_url = "{self.url}"', f'public_url = "{self.public_url}"'))


@pytest.fixture
def nodes(tmp_path):
    cluster = postgres.Cluster()
    running = []
    try:
        folder = tmp_path / "shared"
        shutil.copytree(sandbox.template(), folder)
        shared = {
            "folder": folder,
            "control": cluster.create("control"),
            "ledger": cluster.create("ledger"),
            "checkpoints": cluster.create("checkpoints"),
            "credentials": json.loads((sandbox.template().parent / f"{sandbox.template().name}.json").read_text()),
        }
        first = Node(tmp_path / "first", shared, None)
        subprocess.run([sandbox.BINARY, "migrate", "--config", str(first.config)], check=True, capture_output=True)
        skipped = ("generation", "service_state", "nodes", "shares", "meters", "sessions")
        postgres.copy_rows(folder / "control.sqlite", cluster, "control", skipped)
        second = Node(tmp_path / "second", shared, first.url)
        for node in (first, second):
            running.append(node.start())
        yield cluster, first, second
    finally:
        for node in running:
            node.process.kill()
        cluster.stop()


def open_table(company, tier):
    dataset, table = next(iter(company.tables(tier)))
    return f"/v1/datasets/{dataset}/{tier}/tables/{table['name']}", table


def at(node, company):
    """The same company, with the same token, asking another node."""
    other = httpx.Client(base_url=node.url, timeout=60)
    other.headers["authorization"] = company.http.headers["authorization"]
    return other


def test_a_token_of_one_node_opens_the_other_and_both_write_one_ledger(nodes):
    _, first, second = nodes
    company = first.company()
    path, _ = open_table(company, "deidentified")
    receipts = []
    for http in (company.http, at(second, company)) * 5:
        answer = http.get(path + "/rows?limit=3")
        assert answer.status_code == 200, answer.text
        receipts.append(int(answer.headers["mudeung-receipt"]))
    assert receipts == sorted(set(receipts))
    for node in (first, second):
        node.stop()
    first.verify_ledger()


def test_a_revocation_on_one_node_is_effective_on_the_other_within_a_second(nodes):
    cluster, first, second = nodes
    company = first.company()
    path, _ = open_table(company, "deidentified")
    there = at(second, company)
    assert there.get(path + "/rows?limit=1").status_code == 200
    # As the portal of the first node writes it.
    cluster.psql(
        "control",
        "BEGIN; UPDATE apps SET state = 'suspended', state_at = 1; UPDATE generation SET value = value + 1; COMMIT;",
    )
    revoked = time.monotonic()
    while is_open(there, path + "/rows?limit=1"):
        assert time.monotonic() - revoked < 1, "still open after a second"


def is_open(http, path):
    """Whether a read comes to its end; one that is under way is cut."""
    try:
        return http.get(path).status_code == 200
    except httpx.RemoteProtocolError:
        return False


def set_budget(cluster, rows):
    (dataset,) = cluster.psql("control", "SELECT dataset FROM grants ORDER BY id LIMIT 1")
    cluster.psql(
        "control",
        f"BEGIN; INSERT INTO budgets VALUES ('dataset', '{dataset}', 'total', {1 << 40}, {rows}); "
        "UPDATE generation SET value = value + 1; COMMIT;",
    )
    return dataset


def read_until_refused(http, path, sent):
    """Reads until the budget says no; counts the rows of every answer that arrived whole or in part."""
    while True:
        answer = http.get(path, headers={"accept": "text/csv"})
        if answer.status_code == 429:
            return
        assert answer.status_code == 200, answer.text
        sent.append(len(answer.text.splitlines()) - 1)


def test_nodes_together_never_pass_a_budget_and_use_all_of_it(nodes):
    cluster, first, second = nodes
    company = first.company()
    dataset = cluster.psql("control", "SELECT dataset FROM grants ORDER BY id LIMIT 1")[0]
    table = next(table for name, table in company.tables("deidentified") if name == dataset)
    path = f"/v1/datasets/{dataset}/deidentified/tables/{table['name']}/rows?limit=100"
    budget = 20_000
    set_budget(cluster, budget)
    time.sleep(1)
    sent = []
    readers = [
        threading.Thread(target=read_until_refused, args=(at(node, company), path, sent))
        for node in (first, second)
        for _ in range(4)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sum(sent) <= budget
    # What one node held idle when the other was refused is free again after two beats.
    time.sleep(5)
    read_until_refused(company.http, path, sent)
    time.sleep(5)
    read_until_refused(at(second, company), path, sent)
    assert budget - 200 <= sum(sent) <= budget
    usage = company.items("/v1/usage")
    assert sum(item["rows"] for item in usage if item["operation"] == "data.read_rows") == sum(sent)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_node_that_is_killed_loses_nothing_and_what_it_held_is_free_again(nodes, victim):
    cluster, *both = nodes
    killed, left = both[victim], both[1 - victim]
    company = left.company()
    path, _ = open_table(company, "deidentified")
    receipts = []
    stop = threading.Event()

    def read(http):
        while not stop.is_set():
            try:
                answer = http.get(path + "/rows?limit=50")
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                receipts.append(int(answer.headers["mudeung-receipt"]))

    readers = [threading.Thread(target=read, args=(at(node, company),)) for node in both for _ in range(8)]
    for reader in readers:
        reader.start()
    time.sleep(2)
    killed.kill()
    time.sleep(1)
    stop.set()
    for reader in readers:
        reader.join()
    assert company.get(path + "/rows?limit=1").status_code == 200
    held = "SELECT count(*) FROM nodes"
    postgres.wait_until(lambda: cluster.psql("control", held) == ["1"], 30, "the dead node is forgotten")
    left.stop()
    left.verify_ledger()
    kept = set(map(int, cluster.psql("ledger", "SELECT idx FROM entry WHERE kind = 'intent'")))
    assert receipts and set(receipts) <= kept
