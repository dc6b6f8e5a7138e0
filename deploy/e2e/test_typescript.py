"""The TypeScript client: generated from the document in this tree, compiled, and run by Node against a demo."""

import os
import shutil
import subprocess
from pathlib import Path

import sandbox

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "sdk/typescript"


def test_the_client_is_generated_compiles_and_reads(demo):
    folder = Path(sandbox.FOLDER).resolve() / "sdk/typescript"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCE / "package.json").read_text()
    stamp = folder / "installed-for"
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(SOURCE / name, folder)
    for name in ("src", "test"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(SOURCE / name, folder / name)
    # The generator reads the document where it lies in the tree.
    (folder.parents[1] / "docs").mkdir(exist_ok=True)
    shutil.copy(ROOT / "docs/openapi.json", folder.parents[1] / "docs")
    if not (stamp.exists() and stamp.read_text() == wanted):
        run(folder, "install", "--no-audit", "--no-fund", "--silent")
        stamp.write_text(wanted)
    run(folder, "run", "generate")
    run(folder, "run", "build")
    output = run(folder, "test", MUDEUNG_E2E_JSON=demo.json_file)
    print(output[-1500:])
    assert "# fail 0" in output and "# pass 7" in output


def run(folder, *arguments, **environment):
    result = subprocess.run(
        ["npm", *arguments], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout
