"""Virtual Parquet files: whatever wrote the source and whatever reads the view, it is the source in the granted columns.

Random tables of every type that Parquet has, nested ones too, written by pyarrow, DuckDB and polars with random options, are
cut to random columns by the engine and read by pyarrow, DuckDB and polars. Each reader must see in the view exactly what it
sees in the source. arrow-rs as writer and reader is tested in the engine itself.
"""

import datetime
import decimal
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest
import sandbox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VIEW_BINARY = Path(sandbox.BINARY).parent / "examples" / "view"
CANARY = b"canary-7f3a91"
FLAT = [
    (pyarrow.bool_(), st.booleans()),
    (pyarrow.int8(), st.integers(-(2**7), 2**7 - 1)),
    (pyarrow.int16(), st.integers(-(2**15), 2**15 - 1)),
    (pyarrow.int32(), st.integers(-(2**31), 2**31 - 1)),
    (pyarrow.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pyarrow.uint32(), st.integers(0, 2**32 - 1)),
    (pyarrow.float32(), st.floats(width=32)),
    (pyarrow.float64(), st.floats()),
    (pyarrow.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)),
    (pyarrow.binary(), st.binary(max_size=12)),
    (pyarrow.date32(), st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))),
    (
        pyarrow.timestamp("us", tz="UTC"),
        st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(datetime.UTC)),
    ),
    (pyarrow.time64("us"), st.times()),
    (
        pyarrow.decimal128(12, 3),
        st.integers(-(10**11), 10**11).map(lambda number: decimal.Decimal(number).scaleb(-3)),
    ),
]


COMPARED, UNREADABLE = [], []


class Views:
    """The engine, waiting for requests."""

    def __init__(self):
        self.process = subprocess.Popen([VIEW_BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def lay_out(self, root, columns, out):
        request = {"root": str(root), "columns": columns, "out": str(out)}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def views():
    engine = Views()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def folder():
    """In memory where there is such a place: the tables are many and small."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = Path(tempfile.mkdtemp(dir=where))
    yield path
    shutil.rmtree(path)


def source_of(folder):
    path = folder / "small/deidentified/1/people/part-00000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def fresh(folder):
    """Where to write the source: a new file, because the old one may be mapped into memory still."""
    source_of(folder).unlink(missing_ok=True)
    return source_of(folder)


def kinds(depth):
    """Types with the values they may have."""
    flat = st.sampled_from(FLAT)
    if depth == 0:
        return flat
    inner = kinds(depth - 1)
    lists = inner.map(lambda kind: (pyarrow.list_(kind[0]), st.lists(st.none() | kind[1], max_size=3)))
    structs = st.lists(inner, min_size=1, max_size=3).map(
        lambda kinds: (
            pyarrow.struct([(f"f{at}", kind[0]) for at, kind in enumerate(kinds)]),
            st.fixed_dictionaries({f"f{at}": st.none() | kind[1] for at, kind in enumerate(kinds)}),
        )
    )
    maps = inner.map(
        lambda kind: (
            pyarrow.map_(pyarrow.string(), kind[0]),
            st.dictionaries(st.text("ab", min_size=1, max_size=2), st.none() | kind[1], max_size=2).map(
                lambda entries: list(entries.items())
            ),
        )
    )
    return st.one_of(flat, flat, lists, structs, maps)


@st.composite
def tables(draw, depth):
    """A table and the columns that are granted: at least one. The others are full of canaries."""
    count = draw(st.integers(1, 5))
    rows = draw(st.integers(0, 60))
    names = [draw(st.sampled_from(["c", "나이", "a b", "x.y", 'q"q'])) + str(at) for at in range(count)]
    granted = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    columns = {}
    for name in names:
        if name in granted:
            kind, values = draw(kinds(depth))
            column = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
            columns[name] = pyarrow.array(column, kind)
        else:
            columns[f"{CANARY.decode()}-{name}"] = pyarrow.array([CANARY.decode()] * rows, pyarrow.string())
    order = [name for name in names if name in granted]
    return pyarrow.table(columns), order


PYARROW = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        "use_dictionary": st.booleans(),
        "data_page_version": st.sampled_from(["1.0", "2.0"]),
        "version": st.sampled_from(["1.0", "2.4", "2.6"]),
        "write_statistics": st.booleans(),
        "write_page_index": st.booleans(),
        "write_page_checksum": st.booleans(),
        "row_group_size": st.integers(1, 70),
        "data_page_size": st.sampled_from([1, 100, 1 << 20]),
        "store_schema": st.booleans(),
    }
)
POLARS = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        "statistics": st.booleans(),
        "row_group_size": st.integers(1, 70),
        "data_page_size": st.sampled_from([64, 1 << 20]),
    }
)
DUCKDB = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"]),
        "row_group_size": st.integers(1, 70),
        "parquet_version": st.sampled_from(["V1", "V2"]),
    }
)


def write_duckdb(table, path, compression, row_group_size, parquet_version):
    connection = duckdb.connect()
    connection.register("source", table)
    connection.execute(
        f"copy source to '{path}' (format parquet, compression {compression}, "
        f"row_group_size {row_group_size}, parquet_version {parquet_version})"
    )


def read_pyarrow(path, columns):
    # The embedded Arrow schema of the whole table does not come along: it names every column.
    file = pyarrow.parquet.ParquetFile(path)
    names = [name for name in file.schema_arrow.names if name in columns]
    return [file.read(columns=None).column(name).to_pylist() for name in names]


def read_polars(path, columns):
    frame = polars.read_parquet(path, use_pyarrow=False)
    return [frame[name].to_list() for name in frame.columns if name in columns]


def read_duckdb(path, columns):
    with duckdb.connect() as connection:
        # It remembers files by their paths, and these are written anew within the same moment.
        connection.execute("set enable_external_file_cache = false")
        described = connection.execute(f"describe select * from read_parquet('{path}')").fetchall()
        wanted = [row[0] for row in described if row[0] in columns]
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in wanted)
        rows = connection.execute(f"select {quoted} from read_parquet('{path}')").fetchall()
    return [list(column) for column in zip(*rows)]


def same(left, right):
    """Equal, with not-a-number equal to itself and the two zeros told apart."""
    return repr(left) == repr(right)


def check(views, folder, table, columns, readers):
    """The view of some columns, held against the source by every reader."""
    source, out = source_of(folder), folder / "view.parquet"
    columns_of_source = pyarrow.parquet.ParquetFile(source).schema_arrow.names
    answer = views.lay_out(folder, columns, out)
    assert "error" not in answer, answer
    content = out.read_bytes()
    assert len(content) == answer["length"]
    assert hashlib.sha256(content).hexdigest() == answer["sha256"]
    assert CANARY not in content
    again = views.lay_out(folder, columns, folder / "again.parquet")
    assert again == answer and (folder / "again.parquet").read_bytes() == content
    for reader in readers:
        try:
            expected = reader(source, columns)
        except Exception as problem:
            # What a reader cannot read from the source (some cannot read each other's nested columns) says nothing.
            UNREADABLE.append((reader.__name__, str(problem)[:80]))
            continue
        COMPARED.append(reader.__name__)
        assert same(reader(out, columns), expected), (reader.__name__, columns_of_source)
    assert pyarrow.parquet.read_metadata(out).num_rows == table.num_rows


SETTINGS = settings(
    max_examples=int(os.environ.get("MUDEUNG_VIEW_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=False,
    database=None,
    print_blob=True,
)


@SETTINGS
@given(shape=tables(depth=2), options=PYARROW)
def test_what_pyarrow_wrote_is_read_as_the_source_nested_or_flat(views, folder, shape, options):
    table, columns = shape
    pyarrow.parquet.write_table(table, fresh(folder), **options)
    check(views, folder, table, columns, [read_pyarrow, read_duckdb])


@SETTINGS
@given(shape=tables(depth=1), options=POLARS)
def test_what_polars_wrote_is_read_as_the_source(views, folder, shape, options):
    table, columns = shape
    frame = polars.from_arrow(table)
    frame.write_parquet(fresh(folder), **options)
    check(views, folder, table, columns, [read_pyarrow, read_polars, read_duckdb])


@SETTINGS
@given(shape=tables(depth=1), options=DUCKDB)
def test_what_duckdb_wrote_is_read_as_the_source(views, folder, shape, options):
    table, columns = shape
    write_duckdb(table, fresh(folder), **options)
    check(views, folder, table, columns, [read_pyarrow, read_duckdb, read_polars])


@SETTINGS
@given(shape=tables(depth=0), options=PYARROW)
def test_flat_tables_are_read_as_the_source_by_every_reader(views, folder, shape, options):
    table, columns = shape
    pyarrow.parquet.write_table(table, fresh(folder), **options)
    check(views, folder, table, columns, [read_pyarrow, read_polars, read_duckdb])


def test_almost_everything_was_compared():
    """Runs after the tests above: readers that could not read a source were rare."""
    print(f"{len(COMPARED)} views compared, {len(UNREADABLE)} sources not readable: {sorted(set(UNREADABLE))[:10]}")
    assert len(COMPARED) > 10 * len(UNREADABLE)


def test_encrypted_files_are_refused_clearly(views, folder):
    import pyarrow.parquet.encryption as encryption

    class Keys(encryption.KmsClient):
        def wrap_key(self, key, master):
            return key

        def unwrap_key(self, key, master):
            return key

    table = pyarrow.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    for plaintext_footer in (False, True):
        config = encryption.EncryptionConfiguration(
            footer_key="footer", column_keys={"column": ["b"]}, plaintext_footer=plaintext_footer
        )
        factory = encryption.CryptoFactory(lambda _: Keys())
        connection = encryption.KmsConnectionConfig()
        properties = factory.file_encryption_properties(connection, config)
        source = fresh(folder)
        with pyarrow.parquet.ParquetWriter(source, table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)
        answer = views.lay_out(folder, ["b"], folder / "view.parquet")
        print(plaintext_footer, answer)
        assert "ncrypt" in answer["error"], answer


def test_odd_files_are_refused_and_the_engine_goes_on(views, folder):
    source = fresh(folder)
    pyarrow.parquet.write_table(pyarrow.table({"a": list(range(1000))}), source)
    whole = source.read_bytes()
    for name, content in {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "without its last byte": whole[:-1],
        "a text": b"a,b\n1,2\n" * 100,
        "magic alone": b"PAR1" * 5,
        "a footer longer than the file": whole[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1",
    }.items():
        source.write_bytes(content)
        answer = views.lay_out(folder, ["a"], folder / "view.parquet")
        assert "small/deidentified/1/people/part-00000.parquet" in answer["error"], name
    source.write_bytes(whole)
    assert "error" not in views.lay_out(folder, ["a"], folder / "view.parquet")
    assert "`b`" in views.lay_out(folder, ["b"], folder / "view.parquet")["error"]
