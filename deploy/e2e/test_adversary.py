"""An adversary with a grant: whatever was granted, nothing else comes through any face.

Tables with canaries in columns and rows that are not granted, grants at random, and every face the server has: files,
rows, SQL, sharing, DRS, counts. Everything that is answered, headers and error texts included, is searched for canaries,
and what is granted must be there.
"""

import base64
import io
import json
import random
import sqlite3
import time

import pyarrow
import pyarrow.parquet
import pytest
import releases
import sandbox

DATASET, TABLE = "adversary", "visits"
ROWS = 400
# Each hidden value has a mark that no other value has, in every form it could be written in. It has letters that no
# identifier has (`u`, `l`, `o`) and is too long to be in a signature by chance.
HIDDEN_TEXT = "zuq7loudhidden"
HIDDEN_NUMBER = 7_310_597_163
HIDDEN_REAL = 7310597.1640625
GROUPS = ["open-a", "open-b", "zuq7loudshut-c", "zuq7loudshut-d"]
COLUMNS = ["person", "ward", "age", "diagnosis", "weight", "note", "secret_text", "secret_number", "secret_real"]
SECRET = [name for name in COLUMNS if name.startswith("secret")]


def table():
    numbers = range(ROWS)
    wards = [GROUPS[number % 4] for number in numbers]
    shut = [ward.startswith("zuq7loud") for ward in wards]
    return pyarrow.table(
        {
            "person": [f"p{number:05}" if not gone else f"zuq7loudperson{number:05}" for number, gone in zip(numbers, shut)],
            "ward": wards,
            "age": pyarrow.array([number % 90 for number in numbers], pyarrow.int32()),
            "diagnosis": pyarrow.array([number * 1000 for number in numbers], pyarrow.int64()),
            "weight": pyarrow.array([number / 8 for number in numbers], pyarrow.float64()),
            "note": [f"note {number}" if not gone else f"zuq7loudnote {number}" for number, gone in zip(numbers, shut)],
            "secret_text": [f"{HIDDEN_TEXT}{number}" for number in numbers],
            "secret_number": pyarrow.array([HIDDEN_NUMBER] * ROWS, pyarrow.int64()),
            "secret_real": pyarrow.array([HIDDEN_REAL] * ROWS, pyarrow.float64()),
        }
    ).sort_by("person")


def marks(rows_too):
    """Every form in which something hidden could be written."""
    import struct

    found = [HIDDEN_TEXT.encode(), str(HIDDEN_NUMBER).encode(), b"7310597.164"]
    found += [struct.pack("<q", HIDDEN_NUMBER), struct.pack("<d", HIDDEN_REAL)]
    if rows_too:
        found.append(b"zuq7loud")
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with sandbox.Server(tmp_path_factory.mktemp("adversary") / "server") as running:
        for tier in ("deidentified", "synthetic"):
            # The synthetic tier is open to all and has nothing to hide.
            content = table() if tier == "deidentified" else table().select(["person", "age"]).slice(0, 4)
            release = releases.Release(running.store, DATASET, tier, 1)
            release.person = "person"
            release.write(TABLE, [content.slice(0, 250), content.slice(250)], row_group_size=60, write_page_index=True)
            manifest = release.finish()
            if tier == "synthetic":
                releases.publish(running, manifest)
            else:
                releases.publish_hidden(running, manifest)
        yield running


class Adversary:
    """Asks every face, and keeps everything that was answered."""

    def __init__(self, server):
        self.company = server.company("client")
        self.seen = {}

    def keep(self, name, answer):
        head = "\n".join(f"{key}: {value}" for key, value in answer.headers.items())
        self.seen[name] = (answer.status_code, head.encode() + b"\n\n" + answer.content)
        return answer

    def get(self, path, **options):
        return self.keep(f"GET {path} {options}", self.company.get(path, **options))

    def post(self, path, body, **options):
        return self.keep(f"POST {path} {body} {options}", self.company.http.post(path, json=body, **options))

    def run(self, sql):
        """Submits a query, waits for its end and asks for its result."""
        answer = self.post("/v1/query", {"sql": sql}, headers={"prefer": "respond-async"})
        if answer.status_code != 202:
            return
        path = f"/v1/query/jobs/{answer.json()['id']}"
        while self.get(path).json()["state"] == "running":
            time.sleep(0.05)
        self.get(path + "/result")
        self.keep(f"DELETE {path}", self.company.http.delete(path))

    def leaks(self, wanted):
        return [(name, mark) for name, (_, content) in self.seen.items() for mark in wanted if mark in content]


def ask_everything(spy, columns, hidden):
    base = f"/v1/datasets/{DATASET}/deidentified"
    for path in ("", "/versions", f"/tables/{TABLE}"):
        spy.get(base + path)
    spy.get("/v1/grants")
    some, missing = sorted(columns)[0], sorted(hidden)
    # Files by every door: whole, their ends, each range.
    files = spy.get(f"{base}/tables/{TABLE}/files")
    for file in files.json().get("items", []) if files.status_code == 200 else []:
        whole = spy.get(file["url"], headers={"authorization": ""})
        pyarrow.parquet.read_table(io.BytesIO(whole.content))
        spy.get(file["url"], headers={"authorization": "", "range": "bytes=-3000"})
        spy.get(f"/v1/files/{file['id']}")
        spy.get(f"/ga4gh/drs/v1/objects/{file['id']}")
        spy.get(f"/ga4gh/drs/v1/objects/{file['id']}/access/https")
        spy.get(file["url"].replace("grant=", "grant=x"), headers={"authorization": ""})
    # Rows, with every way to name what is hidden.
    rows = f"{base}/tables/{TABLE}/rows"
    for kind in ("json", "jsonl", "csv", "arrow", "arrow-zstd", "parquet"):
        spy.get(rows, params={"format": kind})
    for name in missing:
        spy.get(rows, params={"columns": name})
        spy.get(rows, params={"filter": f"{name} is not null"})
        spy.get(rows, params={"filter": f"{name} is null"})
    # SQL.
    name = f"{DATASET}.deidentified.{TABLE}"
    for sql in (
        f"select * from {name}",
        f"select count(*) from {name}",
        f"select {some}, count(*) from {name} group by {some}",
        f"explain select * from {name}",
        f"select * from {name} where 1 = 0",
        f"select max({some}), min({some}) from {name}",
        *(f"select {hide} from {name}" for hide in missing),
        *(f"select count(*) from {name} where {hide} is not null" for hide in missing),
        *(f"select 1 from {name} order by {hide}" for hide in missing),
        f"select cast({some} as bigint) from {name}",
        f"select 1 / (count(*) - {ROWS}) from {name}",
        f"select * from {name} t join {name} u on t.{some} = u.{some} limit 10",
        "select * from information_schema.tables",
        "show tables",
        "select * from read_parquet('/etc/passwd')",
        f"select * from '{TABLE}/part-00000.parquet'",
        f"copy (select * from {name}) to '/tmp/x'",
    ):
        for accept in ("application/json", "application/vnd.apache.arrow.stream"):
            spy.post("/v1/query", {"sql": sql}, headers={"accept": accept})
    # Queries that run without their caller: how they end, and what they leave.
    for sql in (f"select * from {name}", f"select cast({some} || 'x' as bigint) from {name}"):
        spy.run(sql)
    # Sharing.
    share = f"/delta-sharing/shares/{DATASET}"
    for path in ("", "/schemas", "/all-tables", "/schemas/deidentified/tables"):
        spy.get(share + path)
    shared = f"{share}/schemas/deidentified/tables/{TABLE}"
    for capabilities in ("responseformat=parquet", "responseformat=delta;includeendstreamaction=true"):
        headers = {"delta-sharing-capabilities": capabilities}
        spy.get(shared + "/metadata", headers=headers)
        spy.get(shared + "/version", headers=headers)
        for hint in missing + [some]:
            tree = {
                "op": "isNull",
                "children": [{"op": "column", "name": hint, "valueType": "string"}],
            }
            answer = spy.post(shared + "/query", {"jsonPredicateHints": json.dumps(tree)}, headers=headers)
        for line in answer.text.splitlines() if answer.status_code == 200 else []:
            file = json.loads(line).get("file", {})
            url = file.get("url") or file.get("deltaSingleAction", {}).get("add", {}).get("path")
            if url:
                spy.get(url, headers={"authorization": ""})
    spy.get(shared + "/changes", params={"startingVersion": 1})
    spy.get("/ga4gh/drs/v1/objects/nothing")
    # Mistakes, whose texts could tell.
    for path in (f"/v1/datasets/{DATASET}/deidentified/tables/nothing", f"/v1/datasets/{DATASET}/deidentified?version=9"):
        spy.get(path)


def granted_rows(row_filter):
    source = table()
    if row_filter is None:
        return source
    return source.filter(pyarrow.compute.starts_with(source["ward"], "open"))


@pytest.mark.parametrize("seed", range(6))
def test_nothing_but_what_is_granted_comes_through_any_face(server, seed):
    choose = random.Random(seed)
    open_columns = [name for name in COLUMNS if name not in SECRET]
    columns = set(choose.sample(open_columns, choose.randint(1, len(open_columns))))
    hidden = [name for name in COLUMNS if name not in columns]
    row_filter = "ward in ('open-a', 'open-b')" if seed % 2 else None
    releases.grant(server, DATASET, TABLE, columns, row_filter)
    spy = Adversary(server)
    ask_everything(spy, columns, hidden)
    expected = granted_rows(row_filter)

    # What is granted is there, and is what it should be: the search below has something to search.
    order = [name for name in COLUMNS if name in columns]
    answer = spy.get(f"/v1/datasets/{DATASET}/deidentified/tables/{TABLE}/rows", params={"format": "arrow"})
    read = pyarrow.ipc.open_stream(answer.content).read_all()
    assert read.column_names == order
    assert read.num_rows == expected.num_rows
    for name in order:
        assert sorted(map(repr, read[name].to_pylist())) == sorted(map(repr, expected[name].to_pylist())), name

    # A filter may be shown to whom it binds (`/v1/grants` does), so the names of what it leaves out are looked for, too.
    assert spy.leaks(marks(rows_too=row_filter is not None)) == []
    ungranted = [name.encode() for name in hidden if name not in ("ward",)]
    quoted = [b'"' + name + b'"' for name in ungranted]
    assert not [
        (asked, name)
        for asked, (status, content) in spy.seen.items()
        for name in quoted
        # An error may say back what was asked for.
        if status == 200 and name in content and name.decode().strip('"') not in asked
        # The list of grants has the demo's others in it, whose tables have columns of the same names.
        and (asked != "GET /v1/grants {}" or b"secret" in name)
    ]
    if row_filter is not None:
        counts = [
            asked
            for asked, (status, content) in spy.seen.items()
            if status == 200 and "count(*)" in asked and f":{ROWS}".encode() in content
        ]
        assert counts == [], "the number of rows that are not granted is not told by a query"


def test_counts_without_a_grant_show_bins_that_were_given_and_nothing_exact(server):
    company = server.company("client")
    connection = sqlite3.connect(server.control, timeout=30)
    with connection:
        connection.execute("delete from grants where dataset = ?", (DATASET,))
        connection.execute("update generation set value = value + 1")
    connection.close()
    time.sleep(0.5)
    table_name = f"{DATASET}.{TABLE}"
    body = {"table": table_name, "by": [{"column": "ward", "values": ["open-a", "open-b"]}], "epsilon": 0.4}
    answer = company.http.post("/v1/statistics", json=body)
    assert answer.status_code == 200, answer.text
    for mark in marks(rows_too=True):
        assert mark not in answer.content
    cells = answer.json()["cells"]
    assert [cell["bins"] for cell in cells] == [["open-a"], ["open-b"]]
    # Noise of scale 2.5: beyond sixty once in ten thousand million times.
    assert all(abs(cell["count"] - ROWS // 4) < 60 for cell in cells)
    assert company.http.post("/v1/statistics", json=body).json()["cells"] == cells
    # A bin that holds nobody is answered like any other.
    nobody = {**body, "by": [{"column": "ward", "values": ["no such ward"]}]}
    assert company.http.post("/v1/statistics", json=nobody).json()["cells"][0].keys() == cells[0].keys()


def test_a_count_of_what_cannot_be_there_answers_like_any_other(server):
    """Beyond the largest value or among the values: the same status, the same form, the same record."""
    company = server.company("client")
    answers = []
    for value in (45, 1_000_000):
        body = {"table": f"{DATASET}.{TABLE}", "filter": f"diagnosis = {value}", "epsilon": 0.01}
        answer = company.http.post("/v1/statistics", json=body)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    for answer in answers:
        answer.pop("budget")
        # Noise may lift either above what is withheld; nobody can tell which of them it is.
        (cell,) = answer.pop("cells")
        assert cell.keys() == {"bins", "count"} and cell["bins"] == []
    assert answers[0] == answers[1]


def test_the_canaries_would_be_found(server):
    """The stored files hold every mark that the tests above look for."""
    content = b"".join(path.read_bytes() for path in (server.store / DATASET / "deidentified").rglob("*.parquet"))
    plain = io.BytesIO()
    pyarrow.parquet.write_table(table(), plain, compression="none", use_dictionary=False)
    for mark in marks(rows_too=True):
        if mark != str(HIDDEN_NUMBER).encode() and mark != b"7310597.164":
            assert mark in plain.getvalue() or mark in content, mark
    assert base64.b64encode(b"x")
