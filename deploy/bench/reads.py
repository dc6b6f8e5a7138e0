"""Reads through column grants and by query, against our own whole files, ROAPI, pyarrow Flight, DuckDB and polars."""

import json
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import bigtable
import duckdb
import httpx
import numpy
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.flight
import pyarrow.parquet
import releases
import sandbox
from environments import Environment

FOLDER = sandbox.FOLDER
ROAPI = "roapi==0.12.7"
# What a machine of two cores writes in seconds; 100 times the smallest is 10 million rows.
SCALES = {"1× (100,000 rows)": 100_000, "10×": 1_000_000, "100×": 10_000_000}
ROWS_PER_PERSON = 87
ROW_GROUP_ROWS = 122_880
ARROW = "application/vnd.apache.arrow.stream"
OURS_ROWS, OURS_SQL = "mudeung, rows", "mudeung, SQL"
FLIGHT, IN_PROCESS = "pyarrow Flight", "DuckDB in process, nothing over HTTP"
POLARS = "polars in process, nothing over HTTP"
PEER, PEER_IN_MEMORY = "ROAPI over the file", "ROAPI, all tables in its memory (its default)"


def write_measurements(path, rows):
    """Measurements sorted by person in the layout that versions are served in."""
    randomness = numpy.random.default_rng(7)
    names = ["person_id", "measurement_id", "concept_id", "day", "value", "low", "high", "visit_id"]
    kinds = [pyarrow.int64()] * 3 + [pyarrow.int32()] + [pyarrow.float64()] * 3 + [pyarrow.int64()]
    schema = pyarrow.schema([pyarrow.field(*each, nullable=False) for each in zip(names, kinds)])
    encoding = {
        name: "BYTE_STREAM_SPLIT" if kind == pyarrow.float64() else "DELTA_BINARY_PACKED"
        for name, kind in zip(names, kinds)
    }
    options = {"compression": "zstd", "compression_level": 3, "use_dictionary": False, "column_encoding": encoding}
    with pyarrow.parquet.ParquetWriter(path, schema, write_page_index=True, **options) as writer:
        for start in range(0, rows, ROW_GROUP_ROWS):
            size = min(ROW_GROUP_ROWS, rows - start)
            index = numpy.arange(start, start + size)
            # Values as they are measured: few digits.
            value = numpy.round(randomness.lognormal(3, 0.6, size), 1)
            columns = [index // ROWS_PER_PERSON, index, 3_000_000 + randomness.zipf(1.3, size) % 800]
            columns += [randomness.integers(10_000, 20_000, size), value, numpy.round(value * 0.8, 1)]
            columns += [numpy.round(value * 1.2, 1), index // 5]
            arrays = [pyarrow.array(column).cast(kind) for column, kind in zip(columns, kinds)]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
    return list(zip(names, [{"int32": "int32", "int64": "int64", "double": "float64"}[str(k)] for k in kinds]))


class Measurements:
    """A server with the tables of all scales, one dataset each, open to every company."""

    def __init__(self):
        folder = FOLDER / "queries"
        shutil.rmtree(folder, ignore_errors=True)
        self.server = sandbox.Server(folder)
        self.paths, manifests = {}, []
        for rows in SCALES.values():
            release = releases.Release(self.server.store, f"scale{rows}", "synthetic", 1)
            path = release.path("measurement", 0)
            columns = write_measurements(path, rows)
            release.add("measurement", [(name, kind, False) for name, kind in columns], [(path, rows)])
            manifests.append(release.finish())
            self.paths[rows] = path
        for manifest in manifests:
            releases.publish_hidden(self.server, manifest)
        self.server.start()
        self.company = self.server.company("sandbox")
        self.headers = {"Authorization": self.company.http.headers["authorization"], "Accept": ARROW}

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.server.__exit__(*details)


class Roapi:
    """ROAPI over the same files, in its own environment from PyPI."""

    def __init__(self, paths):
        program = Environment(ROAPI).program("roapi")
        port, other, flight = sandbox.free_port(), sandbox.free_port(), sandbox.free_port()
        command = [program, "-a", f"127.0.0.1:{port}", "-p", f"127.0.0.1:{other}"]
        command += ["--addr-flight-sql", f"127.0.0.1:{flight}"]
        for rows, path in paths.items():
            command += ["-t", f"scale{rows}={path},format=parquet,use_memory_table=false"]
            command += ["-t", f"memory{rows}={path}"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 120
        while True:
            try:
                if httpx.get(self.url + "/api/schema").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit("ROAPI does not answer")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class FlightServer(pyarrow.flight.FlightServerBase):
    """What one writes with pyarrow in an afternoon: a dataset, a filter, a stream. No token, no ledger."""

    def __init__(self, location, paths):
        super().__init__(location)
        self.datasets = {str(rows): pyarrow.dataset.dataset(path) for rows, path in paths.items()}

    def do_get(self, _, ticket):
        rows, columns, column, low, high = ticket.ticket.decode().split("|")
        condition = None
        if column:
            field = pyarrow.dataset.field(column)
            condition = (field >= float(low)) & (field <= float(high))
        scanner = self.datasets[rows].scanner(columns=columns.split(","), filter=condition)
        return pyarrow.flight.RecordBatchStream(scanner.to_reader())


def serve_flight(location, paths):
    """The server in a process of its own, as all others are."""
    FlightServer(location, paths).serve()


ALL = ["person_id", "measurement_id", "concept_id", "day", "value", "low", "high", "visit_id"]


def queries(options):
    """One answer at a time, from the question to an Arrow table in the client."""
    with Measurements() as ours, Roapi(ours.paths) as peer:
        location = f"grpc://127.0.0.1:{sandbox.free_port()}"
        text = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}\n"
        paths = {rows: str(path) for rows, path in ours.paths.items()}
        text += f"import reads; reads.serve_flight({location!r}, {paths!r})"
        flight = subprocess.Popen([sys.executable, "-c", text])
        try:
            client = connect(location)
            return [measure(work, ours, peer, client, options) for work in WORKS]
        finally:
            flight.kill()
            flight.wait()


def connect(location):
    client = pyarrow.flight.connect(location)
    client.wait_for_available(timeout=60)
    return client


def point(rows, choose):
    person = choose.randrange(rows // ROWS_PER_PERSON)
    return ALL, ("person_id", person, person)


def scan_filter(rows, choose):
    # Not sorted by it, about one row in a hundred.
    low = 80 + choose.random()
    return ALL, ("value", round(low, 2), 1000)


def projected(rows, choose):
    return ["person_id", "value"], None


WORKS = [
    ("Point lookup: one person's rows", point),
    ("Filtered: one row in a hundred, unsorted column", scan_filter),
    ("Projected: two columns, all rows", projected),
]


def condition(asked, joined=" and "):
    column, low, high = asked
    return f"{column} = {low}" if low == high else f"{column} >= {low}{joined}{column} <= {high}"


def measure(work, ours, peer, client, options):
    title, choose = work
    results, sizes = {}, {}
    http = httpx.Client(timeout=120)
    for label, rows in SCALES.items():
        place = f"/v1/datasets/scale{rows}/synthetic/tables/measurement/rows"

        def of_rows(columns, asked):
            parameters = {"columns": ",".join(columns)} | ({"filter": condition(asked)} if asked else {})
            return arrow(http.get(ours.server.url + place, params=parameters, headers=ours.headers))

        def of_sql(columns, asked):
            where = f" WHERE {condition(asked)}" if asked else ""
            sql = f"SELECT {', '.join(columns)} FROM scale{rows}.synthetic.measurement{where}"
            return arrow(http.post(ours.server.url + "/v1/query", json={"sql": sql}, headers=ours.headers))

        def of_peer(place):
            def ask(columns, asked):
                where = f" WHERE {condition(asked)}" if asked else ""
                sql = f"SELECT {', '.join(columns)} FROM {place}{rows}{where}"
                return arrow(http.post(peer.url + "/api/sql", content=sql, headers={"Accept": ARROW}))

            return ask

        def of_flight(columns, asked):
            column, low, high = asked or ("", 0, 0)
            ticket = "|".join([str(rows), ",".join(columns), column, str(low), str(high)])
            return client.do_get(pyarrow.flight.Ticket(ticket.encode())).read_all()

        def of_duckdb(columns, asked):
            where = f" WHERE {condition(asked)}" if asked else ""
            sql = f"SELECT {', '.join(columns)} FROM read_parquet('{ours.paths[rows]}'){where}"
            return duckdb.sql(sql).to_arrow_table()

        def of_polars(columns, asked):
            frame = polars.scan_parquet(ours.paths[rows])
            if asked:
                column, low, high = asked
                frame = frame.filter(polars.col(column).is_between(low, high))
            return frame.select(columns).collect().to_arrow()

        contenders = {OURS_ROWS: of_rows, OURS_SQL: of_sql, FLIGHT: of_flight, PEER: of_peer("scale")}
        contenders |= {PEER_IN_MEMORY: of_peer("memory"), IN_PROCESS: of_duckdb, POLARS: of_polars}
        results[label] = timed(contenders, lambda seed: choose(rows, random.Random(seed)), options, sizes)
    counts = ", ".join(f"{count:,}" for count in sorted(set(sizes.values())))
    print(f"{title}: all answers equal, {counts} rows", flush=True)
    return {"title": title, "unit": "ms; × our time for rows", "rows": results, "against": OURS_ROWS}


def timed(contenders, choose, options, sizes):
    """All contenders answer the same questions in turn; the answers must be the same."""
    for ask in contenders.values():
        ask(*choose(0))
    times = {name: [] for name in contenders}
    end, seed = time.monotonic() + options.seconds * options.repetitions, 1
    while seed <= 3 or (time.monotonic() < end and seed <= 200):
        counts = set()
        for name, ask in contenders.items():
            question = choose(seed)
            start = time.perf_counter()
            answer = ask(*question)
            times[name].append((time.perf_counter() - start) * 1e3)
            counts.add(answer.num_rows)
            sizes[seed] = answer.num_rows
        if len(counts) != 1:
            raise SystemExit(f"the answers are not the same: {counts}")
        seed += 1
    return {name: statistics.median(each) for name, each in times.items()}


def arrow(answer):
    if answer.status_code != 200:
        raise SystemExit(f"{answer.status_code}: {answer.text[:500]}")
    return pyarrow.ipc.open_stream(answer.content).read_all()


def lookups(options):
    """The three questions, many at once: what a service behind an application asks all day."""
    import bench

    # Answers of 16 MB to 64 clients measure the loopback device, so the large ones ask a tenth of the rows.
    asked = [
        ("Point lookups, 10,000,000 rows", "100×", "*", "person_id = @NUMBER@"),
        ("Filtered, one row in a hundred of 1,000,000", "10×", "*", "value >= 80.@NUMBER@"),
        ("Projected, two columns of 1,000,000 rows", "10×", "person_id, value", ""),
    ]
    tables = []
    with Measurements() as ours, Roapi(ours.paths) as peer:
        for title, scale, columns, condition in asked:
            rows = next(rows for label, rows in SCALES.items() if label.startswith(scale))
            numbers = rows // ROWS_PER_PERSON if "person_id =" in condition else 100
            where = f" WHERE {condition}" if condition else ""
            place = f"{ours.server.url}/v1/datasets/scale{rows}/synthetic/tables/measurement/rows"
            parameters = [("filter", condition)] if condition else []
            parameters += [] if columns == "*" else [("columns", columns.replace(" ", ""))]
            query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote, safe="@,")
            own = f"SELECT {columns} FROM scale{rows}.synthetic.measurement{where}"
            peers = f"SELECT {columns} FROM scale{rows}{where}"
            json_headers = ours.headers | {"Content-Type": "application/json"}
            contenders = {
                PEER: (peer.url + "/api/sql", {"method": "POST", "body": peers, "headers": {"Accept": ARROW}}),
                OURS_ROWS: (f"{place}?{query}", {"headers": dict(ours.headers)}),
                OURS_SQL: (
                    f"{ours.server.url}/v1/query",
                    {"method": "POST", "body": json.dumps({"sql": own}), "headers": json_headers},
                ),
            }

            def measured(url, request, connections):
                # A peer that makes 64 large answers at once finishes none of them in the time of one.
                seconds = options.seconds * (max(1, connections // 8) if scale != "100×" else 1)
                return lambda: bench.per_second(bench.wrk(url, connections, seconds, numbers=numbers, **request))

            results = {}
            for connections in bench.CONNECTIONS:
                runs = {name: measured(*each, connections) for name, each in contenders.items()}
                results[connections] = bench.alternate(runs, options.repetitions)
            tables.append(bench.table(title, "answers/s", results, PEER))
    return tables


def views(options):
    """A file through a grant of three of its four columns, against the same server's whole file."""
    import bench

    folder = FOLDER / "views"
    shutil.rmtree(folder, ignore_errors=True)
    with sandbox.Server(folder) as server:
        for tier in ("synthetic", "deidentified"):
            manifest = bigtable.write(server.store, size_bytes=200_000_000, tier=tier)
            releases.publish_hidden(server, manifest)
        cut = [name for name in bigtable.COLUMNS if name != "creatinine"]
        releases.grant(server, "bulk", "measurement", cut, quota=1 << 50)
        company = server.company("client")
        bearer = {"Authorization": company.http.headers["authorization"]}
        addresses = {}
        for tier, name in (("synthetic", "whole file"), ("deidentified", "view of three of four columns")):
            file = company.files("bulk", tier, "measurement")[0]
            addresses[name] = f"{server.url}/v1/files/{file['id']}"
            # A fresh file of the page cache, and a view that is laid out.
            assert len(company.get(f"/v1/files/{file['id']}").content) == file["size_bytes"]

        def measured(url, connections):
            return lambda: bench.gigabytes_per_second(
                bench.wrk(url, connections, options.seconds, headers=dict(bearer))
            )

        results = {}
        for connections in bench.CONNECTIONS:
            contenders = {name: measured(url, connections) for name, url in addresses.items()}
            results[connections] = bench.alternate(contenders, options.repetitions)
        return bench.table("A column grant's view of a 200 MB file", "GB/s", results, "whole file")
