"""Proofs of the ledger against the vectors that the Rust implementation writes."""

import hashlib
import json
from pathlib import Path

import pytest

from mudeung import ConfigurationError, ProofFailed, Trust, verify_consistency, verify_inclusion, verify_proof
from mudeung.__main__ import main

pytest.importorskip("cryptography")
VECTORS = json.loads((Path(__file__).parent / "proofs.json").read_text("utf-8"))
CASES = {case["name"]: case for case in VECTORS["cases"]}


def trust(threshold):
    return Trust([VECTORS["log"]], [VECTORS["witness"]], threshold)


@pytest.mark.parametrize("name", CASES)
def test_each_vector_holds_or_does_not(name):
    case = CASES[name]
    if case["holds"]:
        found = verify_proof(case["proof"], trust(case["threshold"]))
        assert found.entry["operation"] == "data.read_rows"
        assert found.checkpoint.size > found.index
    else:
        with pytest.raises(ProofFailed):
            verify_proof(case["proof"], trust(case["threshold"]))


def test_any_changed_character_is_noticed():
    proof = CASES["an entry in the middle"]["proof"]
    for place in range(len(proof)):
        other = "A" if proof[place] != "A" else "B"
        with pytest.raises(ProofFailed):
            verify_proof(proof[:place] + other + proof[place + 1 :], trust(1))


def test_keys_and_thresholds_that_cannot_work_are_refused():
    for logs, witnesses, threshold in [
        ([], [], 0),
        (["x"], [], 0),
        ([VECTORS["witness"]], [], 0),
        ([VECTORS["log"]], [VECTORS["log"]], 0),
        ([VECTORS["log"]], [VECTORS["witness"], VECTORS["witness"]], 1),
        ([VECTORS["log"]], [VECTORS["witness"]], 2),
        ([VECTORS["log"].replace("example", "exampel")], [], 0),
    ]:
        with pytest.raises(ConfigurationError):
            Trust(logs, witnesses, threshold)


def _tree(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _tree(leaves[:split]) + _tree(leaves[split:])).digest()


def test_trees_of_two_and_three_leaves_agree_with_the_definition():
    leaves = [bytes([n]) for n in range(3)]
    first, two, three = _tree(leaves[:1]), _tree(leaves[:2]), _tree(leaves)
    second, third = _tree(leaves[1:2]), _tree(leaves[2:])
    assert verify_inclusion(2, third, 3, three, [two])
    assert not verify_inclusion(1, third, 3, three, [two])
    assert verify_inclusion(0, first, 2, two, [second])
    assert verify_consistency(2, two, 3, three, [third])
    assert not verify_consistency(2, three, 3, two, [third])
    assert not verify_consistency(1, first, 3, three, [third])
    assert verify_consistency(1, first, 3, three, [second, third])


def test_the_command_says_what_holds_and_what_does_not(tmp_path, capsys):
    good, bad = tmp_path / "good.tlog-proof", tmp_path / "bad.tlog-proof"
    good.write_text(CASES["an entry in the middle"]["proof"], "utf-8", newline="")
    bad.write_text(CASES["another entry"]["proof"], "utf-8", newline="")
    keys = ["--log", VECTORS["log"], "--witness", VECTORS["witness"], "--threshold", "1"]
    assert main(["verify", *keys, str(good)]) == 0
    assert "holds: entry 5 of 11, data.read_rows, 1 witnesses" in capsys.readouterr().out
    assert main(["verify", *keys, str(good), str(bad), str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("DOES NOT HOLD") == 2
    assert main(["verify", "--log", "x", str(good)]) == 2
