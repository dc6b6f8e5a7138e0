"""The kill drill: `kill -9` under load, and no answer may be without its durable INTENT."""

import http.client
import os
import random
import threading
import time
from urllib.parse import urlsplit

ROUNDS = int(os.environ.get("MUDEUNG_DRILL_ROUNDS", "20"))
READERS = 64


class Readers:
    """Clients that read without pause and note the receipt of every answer of which one byte has arrived."""

    def __init__(self, server, targets, seed):
        self.address = urlsplit(server.url).netloc
        self.targets = targets
        self.receipts = set()
        self.answers = 0
        self.unreceipted = []
        self.is_over = False
        self.threads = [threading.Thread(target=self.read, args=(random.Random(seed + i),)) for i in range(READERS)]
        for thread in self.threads:
            thread.start()

    def read(self, randomness):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        while not self.is_over:
            path, headers = randomness.choice(self.targets)
            headers = dict(headers)
            if "files" in path and randomness.random() < 0.5:
                start = randomness.randrange(0, 4096)
                headers["Range"] = f"bytes={start}-{start + 4095}"
            try:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                self.note(path, answer)
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()

    def note(self, path, answer):
        if answer.status not in (200, 206):
            return
        self.answers += 1
        receipt = answer.getheader("Mudeung-Receipt")
        if receipt is None:
            self.unreceipted.append(path)
        else:
            self.receipts.add(int(receipt))

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def targets(server):
    """Paths of data with the headers they need: signed files, files by token, rows."""
    found = []
    for who in ("client", "sandbox"):
        company = server.company(who)
        bearer = {"Authorization": company.http.headers["authorization"]}
        for tier in ("synthetic", "deidentified"):
            for dataset, table in company.tables(tier):
                rows = f"/v1/datasets/{dataset}/{tier}/tables/{table['name']}/rows?limit=50"
                found.append((rows, {**bearer, "Accept": "application/json"}))
                for file in company.files(dataset, tier, table["name"]):
                    parts = urlsplit(file["url"])
                    found.append((f"{parts.path}?{parts.query}", {}))
                    found.append((parts.path, bearer))
    return found


def open_intents(entries):
    closed = {entry.get("intent") for entry in entries.values() if entry["kind"] == "outcome"}
    return {
        index
        for index, entry in entries.items()
        if entry["kind"] == "intent" and entry["operation"].startswith("data.") and index not in closed
    }


def test_a_crash_under_load_loses_no_intent_of_an_answer(server):
    randomness = random.Random(20)
    answers, receipts, unknown = 0, set(), 0
    for number in range(ROUNDS):
        readers = Readers(server, targets(server), seed=number * READERS)
        time.sleep(0.5 + randomness.random())
        server.kill()
        readers.end()
        assert not readers.unreceipted, "an answer with data names its receipt"
        assert readers.receipts, "the readers were served"

        entries = server.entries()
        assert sorted(entries) == list(range(len(entries))), "indices are contiguous"
        lost = {r for r in readers.receipts if r not in entries or entries[r]["kind"] != "intent"}
        assert not lost, f"round {number}: answers without a durable INTENT: {sorted(lost)[:10]}"
        left_open = open_intents(entries)
        server.verify_ledger()

        server.start()
        entries = server.entries()
        assert not open_intents(entries) & left_open, "the next start closes what the crash left open"
        outcomes = {e.get("intent"): e["status"] for e in entries.values() if e["kind"] == "outcome"}
        assert {outcomes[index] for index in left_open} <= {"unknown"}
        answers += readers.answers
        receipts |= readers.receipts
        unknown += len(left_open)
    server.verify_ledger()
    print(f"{ROUNDS} rounds: {answers} answers, {len(receipts)} receipts, {unknown} closed as unknown")
