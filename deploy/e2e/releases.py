"""Versions written the way `mudeung curate build` leaves them in the store, from tables that a test knows."""

import hashlib
import json
import random
import sqlite3
import subprocess
import time
from pathlib import Path

import pyarrow
import pyarrow.parquet
import sandbox

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
KINDS = {
    pyarrow.bool_(): "boolean",
    pyarrow.int32(): "int32",
    pyarrow.int64(): "int64",
    pyarrow.float64(): "float64",
    pyarrow.string(): "text",
    pyarrow.date32(): "date",
    pyarrow.timestamp("us", tz="UTC"): "timestamp",
}


class Release:
    """A version of a tier that is being written."""

    def __init__(self, store, dataset, tier, version):
        self.place = (dataset, tier, version)
        self.folder = Path(store) / dataset / tier / str(version)
        self.tables = []
        # The column that names the person of each row, where a test needs one.
        self.person = None

    def path(self, table, number):
        """Where a file of a table goes."""
        (self.folder / table).mkdir(parents=True, exist_ok=True)
        return self.folder / table / f"part-{number:05}.parquet"

    def add(self, table, columns, files):
        """Adds a table of columns (name, type, whether null) and written files (path, rows)."""
        both = {"ko": f"{table} 표", "en": f"Table {table}"}
        columns = [{"name": n, "type": kind, "nullable": null, "description": both} for n, kind, null in columns]
        files = [self._file(table, path, rows) for path, rows in files]
        rows = sum(file["rows"] for file in files)
        made = {"name": table, "description": both, "rows": rows, "suppressed_rows": 0, "columns": columns}
        if self.person is not None:
            made["person"] = self.person
        self.tables.append({**made, "files": files})

    def write(self, table, parts, **options):
        """Writes and adds a table, one file for each part."""
        files = []
        for number, part in enumerate(parts):
            path = self.path(table, number)
            pyarrow.parquet.write_table(part, path, **options)
            files.append((path, part.num_rows))
        self.add(table, [(field.name, KINDS[field.type], field.nullable) for field in parts[0].schema], files)

    def _file(self, table, path, rows):
        dataset, tier, version = self.place
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        # Named by content, as the engine does it.
        digest = hashlib.sha256(f"{dataset}/{tier}/{version}/{table}/{path.name}{sha256}".encode()).digest()
        value = int.from_bytes(digest[:16], "big")
        identifier = "fil_" + "".join(ALPHABET[(value >> (5 * position)) & 31] for position in reversed(range(26)))
        size = path.stat().st_size
        return {"id": identifier, "name": path.name, "size_bytes": size, "sha256": sha256, "rows": rows}

    def finish(self):
        """Writes the manifest; gives its path."""
        dataset, tier, version = self.place
        both = {"ko": "시험", "en": "Test"}
        manifest = {
            "format": 1,
            "dataset": dataset,
            "tier": tier,
            "version": version,
            "title": both,
            "summary": both,
            "licence": "CC0-1.0",
            "source": "made for tests",
            "created_at": "2026-01-01T00:00:00Z",
            "recipe_sha256": "0" * 64,
            "input_sha256": "0" * 64,
            "tables": self.tables,
            "risk": None,
        }
        path = self.folder / "manifest.json"
        path.write_text(json.dumps(manifest))
        return path


def publish(server, manifest):
    """Puts a version into service and waits until it is."""
    publish_hidden(server, manifest)
    version, tier, dataset = manifest.parts[-2:-5:-1]
    company = server.company("sandbox")
    end = time.monotonic() + 10
    while company.get(f"/v1/datasets/{dataset}/{tier}", params={"version": version}).status_code != 200:
        assert time.monotonic() < end, "the published version is in service within seconds"
        time.sleep(0.2)


def publish_hidden(server, manifest):
    """Puts a version into service that nobody may see yet."""
    command = [sandbox.BINARY, "curate", "publish", str(manifest), "--config", str(server.config)]
    subprocess.run(command, check=True, capture_output=True)


def grant(server, dataset, table, columns, row_filter=None, quota=None):
    """Replaces what the demo's company may read of a de-identified table; its other terms are those of a grant it has."""
    connection = sqlite3.connect(server.control, timeout=30)
    with connection:
        app = server.credentials["client"]["client_id"]
        template = connection.execute("select * from grants where app = ? limit 1", (app,)).fetchone()
        names = [row[1] for row in connection.execute("pragma table_info(grants)")]
        row = dict(zip(names, template))
        connection.execute("delete from grants where dataset = ?", (dataset,))
        identifier = "grt_" + "".join(random.choice(ALPHABET) for _ in range(25)).rjust(26, "0")
        opened = {table: {"columns": sorted(columns)}}
        if row_filter is not None:
            opened[table]["rows"] = row_filter
        row |= {"id": identifier, "dataset": dataset, "tier": "deidentified", "tables": json.dumps(opened)}
        if quota is not None:
            row |= {"quota_bytes": quota, "quota_rows": quota}
        marks = ", ".join("?" for _ in names)
        connection.execute(f"insert into grants values ({marks})", [row[name] for name in names])
        connection.execute("update generation set value = value + 1")
    connection.close()
    time.sleep(0.5)
