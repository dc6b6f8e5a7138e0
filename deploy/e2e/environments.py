"""Python environments of their own for clients that cannot live with the ones the tests use."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import sandbox

CACHE = Path(os.environ.get("MUDEUNG_CACHE", sandbox.FOLDER / "cache"))


class Environment:
    """Packages from PyPI in an environment of their own, made on first use."""

    def __init__(self, *requirements):
        digest = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:16]
        folder = CACHE / f"python-{digest}"
        self.python = folder / "bin/python"
        if not (folder / "complete").exists():
            subprocess.run(["python3", "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([self.python, "-m", "pip", "install", "-q", *requirements], check=True)
            (folder / "complete").touch()

    def program(self, name):
        """A program that a package brought."""
        return str(self.python.parent / name)

    def run(self, script, *arguments):
        """What a script prints as JSON on its last line; its whole output when it fails."""
        command = [str(self.python), "-c", script, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout.splitlines()[-1])
