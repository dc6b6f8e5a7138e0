"""Rows, dictionaries, queries and account, as they show in Python."""

from __future__ import annotations

import datetime
import json

import pandas
import polars
import pyarrow
import pytest
from conftest import Mock, Reply
from mudeung import ConfigurationError, IncompleteAnswer, MudeungError

ITEM = {
    "dataset": "lymph_node",
    "tier": "synthetic",
    "version": 2,
    "name": "patients",
    "description": "One row is one patient <made up>",
    "rows": 1234,
    "simulated": True,
    "row_filter": None,
    "columns": [
        {
            "name": "age",
            "type": "int32",
            "nullable": False,
            "unit": "a",
            "description": "Age",
            "deidentification": None,
        },
        {
            "name": "born",
            "type": "date",
            "nullable": True,
            "unit": None,
            "description": "Day",
            "deidentification": "moved",
        },
        {
            "name": "seen",
            "type": "timestamp",
            "nullable": True,
            "unit": None,
            "description": "",
            "deidentification": None,
        },
    ],
}
ROWS = pyarrow.table(
    {
        "age": pyarrow.array([61, 72], pyarrow.int32()),
        "born": pyarrow.array([datetime.date(1960, 1, 2), None]),
    }
)


def stream(table: pyarrow.Table = ROWS) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=1):
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def arrow(body: bytes, cut_after: int | None = None) -> Reply:
    headers = {"Content-Type": "application/vnd.apache.arrow.stream", "Mudeung-Receipt": "42"}
    return Reply(200, body, headers, cut_after)


@pytest.fixture
def patients(mock: Mock):
    def answer(seen):
        if seen.path.endswith("/tables/patients"):
            return Reply.json(ITEM)
        return arrow(stream()) if seen.path.endswith("/rows") or seen.path == "/v1/query" else None

    mock.answer = answer
    return mock.sandbox().table("lymph_node.synthetic.patients")


def test_rows_carry_their_columns_filter_limit_and_receipt(mock: Mock, patients):
    result = patients.at_version(2).read(columns=["age", "born"], filter="age >= 60 and sex = 'F'", limit=2)
    assert result.to_arrow().equals(ROWS)
    assert (result.receipt, len(result)) == (42, 2)
    (seen,) = mock.seen("/v1/datasets/lymph_node/synthetic/tables/patients/rows")
    assert seen.headers["accept"] == "application/vnd.apache.arrow.stream"
    assert seen.query == {"version": "2", "columns": "age,born", "filter": "age >= 60 and sex = 'F'", "limit": "2"}


def test_rows_become_data_frames(patients):
    frame = patients.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame["age"]) == [61, 72]
    assert pandas.api.types.is_datetime64_any_dtype(frame["born"])
    assert isinstance(patients.to_polars(), polars.DataFrame)
    assert patients.to_polars().schema == {"age": polars.Int32, "born": polars.Date}
    assert [batch.num_rows for batch in patients.batches()] == [1, 1]


@pytest.mark.parametrize("cut", ["in a message", "between messages", "at the end marker", "on the line"])
def test_rows_that_were_cut_are_an_error(mock: Mock, cut: str):
    whole = stream()
    one = len(stream(ROWS.slice(0, 1))) - 8
    bodies = {
        "in a message": arrow(whole[:-20]),
        "between messages": arrow(whole[:one]),
        "at the end marker": arrow(whole[:-8]),
        "on the line": arrow(whole, cut_after=len(whole) - 8),
    }
    mock.answer = lambda seen: bodies[cut] if seen.path.endswith("/rows") else None
    with pytest.raises(MudeungError):
        mock.sandbox().table("a.synthetic.b").to_arrow()


def test_other_bytes_are_not_taken_for_rows(mock: Mock):
    mock.answer = lambda seen: Reply(200, b"<html>") if seen.path.endswith("/rows") else None
    with pytest.raises(IncompleteAnswer, match="instead of an Arrow stream"):
        mock.sandbox().table("a.synthetic.b").to_arrow()


def test_a_query_gives_the_same_kinds_of_frames(mock: Mock, patients):
    result = mock.sandbox().query("select age from lymph_node.synthetic.patients", limit=5)
    assert result.to_polars().height == 2 and result.receipt == 42
    assert repr(result) == "Result(2 rows, receipt=42, columns: age, born)"
    (seen,) = mock.seen("/v1/query")
    assert json.loads(seen.body) == {"sql": "select age from lymph_node.synthetic.patients", "limit": 5}


def test_the_schema_is_that_of_the_dictionary(mock: Mock, patients):
    fields = [
        pyarrow.field("age", pyarrow.int32(), False),
        pyarrow.field("born", pyarrow.date32()),
        pyarrow.field("seen", pyarrow.timestamp("us", "UTC")),
    ]
    assert patients.schema == pyarrow.schema(fields)
    assert patients.dictionary()["age"].unit == "a"
    assert len(mock.seen("/v1/")) == 1, "the dictionary is asked for once"


def test_the_dictionary_reads_well_in_a_terminal_and_in_a_notebook(patients):
    assert repr(patients.dictionary()).splitlines() == [
        "lymph_node.synthetic.patients, version 2: 1,234 rows, simulated",
        "One row is one patient <made up>",
        "column  type       null  unit  meaning",
        "age     int32      no    a     Age",
        "born    date       yes         Day [moved]",
        "seen    timestamp  yes",
    ]
    html = patients._repr_html_()
    assert "&lt;made up&gt;" in html and "<td style='text-align:left'>born</td>" in html


def test_names_and_columns_that_cannot_be_right_are_refused_before_anything_is_sent(mock: Mock):
    for wrong in ("", "a.b", "a.b.c.d", "a..c"):
        with pytest.raises(ConfigurationError, match="write dataset.tier.table"):
            mock.sandbox().table(wrong)
    with pytest.raises(ConfigurationError, match="a list of names"):
        mock.sandbox().table("a.b.c").to_arrow(columns="age")
    assert mock.log == []


def test_usage_quota_and_grants_are_records(mock: Mock):
    usage = {"period_start": "2026-01-01T00:00:00Z", "app": "app_1", "dataset": "d", "tier": "synthetic"}
    usage |= {"operation": "data.read_rows", "requests": 1, "rows": 2, "bytes": 3}
    quota = {"grant": None, "dataset": None, "policy": "synthetic-day", "bytes_limit": 10, "bytes_remaining": 7}
    quota |= {"rows_limit": 5, "rows_remaining": 3, "resets_at": None}
    grant = {"id": "grt_1", "dataset": "d", "tier": "deidentified", "purpose": "p", "state": "active"}
    grant |= {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}
    grant |= {"tables": [{"name": "t", "columns": ["a", "b"], "row_filter": None}]}
    pages = {"/v1/usage": usage, "/v1/quota": quota, "/v1/grants": grant}
    mock.answer = lambda seen: Reply.page([pages[seen.path]]) if seen.path in pages else None
    sandbox = mock.sandbox()
    assert sandbox.usage()[0].bytes == 3
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert len(sandbox.usage(day, "2026-01-02T00:00:00Z", granularity="hour", group_by=["dataset"])) == 1
    asked = {"from": "2026-01-01T00:00:00+00:00", "to": "2026-01-02T00:00:00Z", "granularity": "hour", "group_by": "dataset"}
    assert mock.seen("/v1/usage")[-1].query == asked
    with pytest.raises(ConfigurationError, match="no time zone"):
        sandbox.usage(datetime.datetime(2026, 1, 1))
    assert sandbox.usage().to_pandas()["rows"].sum() == 2
    assert "data.read_rows" in sandbox.usage()._repr_html_()
    assert sandbox.quota()[0].bytes_remaining == 7
    assert sandbox.grants()[0].tables == {"t": ["a", "b"]}
