"""Our checkpoints and proofs under an independent implementation, aics-tlog from PyPI, at every size from 1 to 1025."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SIZE_MAX = 1025
PACKAGE = "aics-tlog==0.2.1"


@pytest.fixture(scope="session")
def tlog():
    """The package beside the environment: its metadata ask for a newer Python than it needs."""
    folder = Path(os.environ["MUDEUNG_CACHE"]) / PACKAGE
    if not (folder / "aics_tlog").is_dir():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--ignore-requires-python"]
        subprocess.run([*install, "--target", str(folder), PACKAGE], check=True)
    sys.path.insert(0, str(folder))
    import aics_tlog

    return aics_tlog


@pytest.fixture(scope="session")
def vectors():
    command = ["cargo", "run", "-q", "-p", "mudeung-wire", "--example", "proof_vectors", "--", str(SIZE_MAX)]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["size"] for line in lines] == list(range(1, SIZE_MAX + 1))
    return lines


def hashes(texts):
    return [base64.b64decode(text) for text in texts]


def test_inclusion_proofs_hold_at_every_size_and_no_changed_one_does(tlog, vectors):
    for line in vectors:
        size, root = line["size"], base64.b64decode(line["root"])
        for proof in line["inclusion"]:
            leaf = tlog.leaf_hash(proof["index"].to_bytes(8, "big"))
            path = hashes(proof["hashes"])
            assert tlog.verify_inclusion(leaf, proof["index"], size, path, root), (size, proof["index"])
            assert not tlog.verify_inclusion(bytes(32), proof["index"], size, path, root)
            if path:
                assert not tlog.verify_inclusion(leaf, proof["index"], size, path[:-1], root)


def test_consistency_proofs_hold_at_every_size_and_no_changed_one_does(tlog, vectors):
    for line in vectors:
        size, root = line["size"], base64.b64decode(line["root"])
        for proof in line["consistency"]:
            old, path = base64.b64decode(proof["root"]), hashes(proof["hashes"])
            assert tlog.verify_consistency(proof["from"], size, old, root, path), (proof["from"], size)
            assert not tlog.verify_consistency(proof["from"], size, bytes(32), root, path)


def test_checkpoints_and_cosignatures_verify_at_every_size(tlog, vectors):
    for line in vectors:
        note = tlog.parse_note(line["note"])
        log, witness = tlog.parse_vkey(line["verifier"]), tlog.parse_vkey(line["witness"])
        assert tlog.verify_note(note, [log]), line["size"]
        checkpoint = tlog.parse_checkpoint(note.text)
        assert (checkpoint.size, base64.b64encode(checkpoint.root).decode()) == (line["size"], line["root"])
        (cosignature,) = [each for each in note.signatures if each.name == witness.name]
        assert cosignature.key_id == witness.key_id
        signed = (checkpoint.origin, checkpoint.size, checkpoint.root)
        assert tlog.verify_cosignature(cosignature.signature, witness.name, witness.public_key, *signed)
        later = (checkpoint.origin, checkpoint.size + 1, checkpoint.root)
        assert not tlog.verify_cosignature(cosignature.signature, witness.name, witness.public_key, *later)


def test_a_receipt_of_a_running_server_holds_under_both(tlog, server, tmp_path):
    company = server.company()
    answer = company.get("/v1/datasets")
    index = int(answer.headers["mudeung-receipt"])
    proof = company.get(f"/v1/receipts/{index}?format=tlog-proof").text
    key = httpx.get(server.url + "/ledger/verifier").text.strip()
    file = tmp_path / f"{index}.tlog-proof"
    file.write_bytes(proof.encode())
    command = [sys.executable, "-m", "mudeung", "verify", "--log", key, str(file)]
    held = subprocess.run(command, capture_output=True, text=True)
    assert held.returncode == 0 and "catalog.list_datasets" in held.stdout, held.stderr
    head, note = proof.split("\n\n", 1)
    _, extra, place, *path = head.split("\n")
    leaf = tlog.leaf_hash(base64.b64decode(extra.removeprefix("extra ")))
    checkpoint = tlog.parse_checkpoint(note.split("\n\n")[0] + "\n")
    assert place == f"index {index}"
    assert tlog.verify_inclusion(leaf, index, checkpoint.size, hashes(path), checkpoint.root)
