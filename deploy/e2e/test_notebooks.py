"""The notebooks of the Python package, run from its wheel as a newcomer would, against a demo."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from environments import Environment

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "sdk/python/notebooks").glob("*.ipynb"))
PACKAGES = ("nbclient==0.10.2", "ipykernel==6.30.1", "pandas==2.3.3", "polars==2.1.0", "duckdb==1.5.5", "httpx==0.28.1", "pyarrow==26.0.1")

RUN = """
import json, sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
pages = [output["data"].get("text/html", "") for output in shown if "data" in output]
print(json.dumps([len(shown), "".join(pages)]))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with the package from its wheel, and nothing of the source tree."""
    made = Environment(*PACKAGES)
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["cp", "-r", str(ROOT / "sdk/python"), str(source)], check=True)
    build = [made.python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("mudeung-*.whl")
    install = [made.python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", str(wheel)]
    subprocess.run(install, check=True)
    return made


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(demo, environment, notebook, monkeypatch):
    who = demo.json["sandbox"]
    monkeypatch.setenv("MUDEUNG_URL", demo.url)
    monkeypatch.setenv("MUDEUNG_CLIENT_ID", who["client_id"])
    monkeypatch.setenv("MUDEUNG_CLIENT_SECRET", who["client_secret"])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    source = json.loads(notebook.read_text())
    assert all(not cell.get("outputs") for cell in source["cells"]), "notebooks are kept without outputs"
    outputs, page = environment.run(RUN, notebook)
    assert outputs >= 3 and "<table" in page and "<svg" in page
    assert not os.environ.get("PYTHONPATH")
