"""Raw data that may not be committed: fetched from its package, built, and refused when it is broken."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import sandbox

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "datasets/definitions"
CACHE = Path(os.environ.get("MUDEUNG_CACHE", ROOT / "target/e2e"))
FETCHED = sorted(path.parent.name for path in DEFINITIONS.glob("*/fetch.py"))


@pytest.mark.parametrize("dataset", FETCHED)
def test_a_fetched_dataset_is_built_and_passes_its_gate(dataset, tmp_path):
    command = ["cargo", "xtask", "data", dataset, "--store", str(tmp_path / "store")]
    subprocess.run(command, cwd=ROOT, check=True)
    manifests = list((tmp_path / "store" / dataset).glob("deidentified/*/manifest.json"))
    assert len(manifests) == 1
    manifest = json.loads(manifests[0].read_text())
    assert manifest["risk"]["k"] >= manifest["risk"]["required_k"]
    for table in manifest["tables"]:
        for file in table["files"]:
            path = manifests[0].parent / table["name"] / file["name"]
            assert path.stat().st_size == file["size_bytes"]


def test_some_dataset_is_fetched():
    assert FETCHED


def test_every_definition_is_sound():
    for definition in sorted(path.parent for path in DEFINITIONS.glob("*/dataset.toml")):
        result = subprocess.run([sandbox.BINARY, "curate", "check", str(definition)], capture_output=True, text=True)
        assert result.returncode == 0, f"{definition.name}: {result.stderr}"


@pytest.mark.parametrize("sample", ["systemd/mudeung.toml", "compose/mudeung.toml"])
def test_the_sample_configurations_are_sound(sample):
    command = [sandbox.BINARY, "check-config", "--config", str(ROOT / "deploy" / sample)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
