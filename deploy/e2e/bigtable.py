"""A dataset of a wanted size that does not compress, written the way a built version lies in the store."""

import hashlib
import json
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ROW_GROUP_ROWS = 122_880
COLUMNS = {"person_id": "int64", "albumin": "float64", "creatinine": "float64", "glucose": "float64"}
ROW_BYTES = 8 * len(COLUMNS)


def file_id(dataset, table, name, sha256):
    """Named by content, as the engine does it."""
    digest = hashlib.sha256(f"{dataset}/synthetic/1/{table}/{name}{sha256}".encode()).digest()
    value = int.from_bytes(digest[:16], "big")
    return "fil_" + "".join(ALPHABET[(value >> (5 * position)) & 31] for position in reversed(range(26)))


def write_file(path, rows, seed):
    fields = [pyarrow.field(name, getattr(pyarrow, kind)(), nullable=False) for name, kind in COLUMNS.items()]
    schema = pyarrow.schema(fields)
    randomness = numpy.random.default_rng(seed)
    options = {"compression": "none", "use_dictionary": False, "write_page_index": True}
    with pyarrow.parquet.ParquetWriter(path, schema, **options) as writer:
        for start in range(0, rows, ROW_GROUP_ROWS):
            size = min(ROW_GROUP_ROWS, rows - start)
            ids = numpy.arange(start, start + size, dtype="int64")
            values = [pyarrow.array(ids)] + [pyarrow.array(randomness.random(size)) for _ in range(len(COLUMNS) - 1)]
            writer.write_batch(pyarrow.record_batch(values, schema=schema))


def write(store, dataset="bulk", size_bytes=1 << 30, file_bytes=200_000_000):
    """Writes version 1 of the synthetic tier; gives the path of its manifest."""
    table = "measurement"
    folder = Path(store) / dataset / "synthetic" / "1"
    (folder / table).mkdir(parents=True)
    files = []
    for number in range(-(-size_bytes // file_bytes)):
        rows = min(file_bytes, size_bytes - number * file_bytes) // ROW_BYTES
        path = folder / table / f"part-{number:05}.parquet"
        write_file(path, rows, number)
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        identifier = file_id(dataset, table, path.name, sha256)
        size = path.stat().st_size
        files.append({"id": identifier, "name": path.name, "size_bytes": size, "sha256": sha256, "rows": rows})
    both = {"ko": "대용량 시험", "en": "Bulk test"}
    columns = [{"name": n, "type": kind, "nullable": False, "description": both} for n, kind in COLUMNS.items()]
    rows = sum(file["rows"] for file in files)
    tables = [
        {"name": table, "description": both, "rows": rows, "suppressed_rows": 0, "columns": columns, "files": files}
    ]
    manifest = {
        "format": 1,
        "dataset": dataset,
        "tier": "synthetic",
        "version": 1,
        "title": both,
        "summary": both,
        "licence": "CC0-1.0",
        "source": "random numbers",
        "created_at": "2026-01-01T00:00:00Z",
        "recipe_sha256": "0" * 64,
        "input_sha256": "0" * 64,
        "tables": tables,
        "risk": None,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path
