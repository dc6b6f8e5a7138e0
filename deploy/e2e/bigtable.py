"""A dataset of a wanted size that does not compress, written the way a built version lies in the store."""

import numpy
import pyarrow
import pyarrow.parquet
import releases

ROW_GROUP_ROWS = 122_880
COLUMNS = {"person_id": "int64", "albumin": "float64", "creatinine": "float64", "glucose": "float64"}
ROW_BYTES = 8 * len(COLUMNS)


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


def write(store, dataset="bulk", size_bytes=1 << 30, file_bytes=200_000_000, tier="synthetic"):
    """Writes version 1 of a tier; gives the path of its manifest."""
    release = releases.Release(store, dataset, tier, 1)
    paths = []
    for number in range(-(-size_bytes // file_bytes)):
        rows = min(file_bytes, size_bytes - number * file_bytes) // ROW_BYTES
        path = release.path("measurement", number)
        write_file(path, rows, number)
        paths.append((path, rows))
    release.add("measurement", [(name, kind, False) for name, kind in COLUMNS.items()], paths)
    return release.finish()
