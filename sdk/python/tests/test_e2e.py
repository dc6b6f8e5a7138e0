"""The package and tools that others wrote against a running demo, whose `--json` file MUDEUNG_E2E_JSON names."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import polars
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
from mudeung import NotFound, Problem, QueryFailed, Sandbox, Table

pytestmark = pytest.mark.e2e

TYPES = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
}


@pytest.fixture(scope="session")
def demo() -> dict[str, Any]:
    return json.loads(Path(os.environ["MUDEUNG_E2E_JSON"]).read_text())


def connect(demo: dict[str, Any], who: str) -> Sandbox:
    return Sandbox(demo["base_url"], demo[who]["client_id"], demo[who]["client_secret"])


@pytest.fixture(scope="session")
def visitor(demo: dict[str, Any]) -> Sandbox:
    """The published sandbox credential: synthetic data alone."""
    return connect(demo, "sandbox")


@pytest.fixture(scope="session")
def company(demo: dict[str, Any]) -> Sandbox:
    """A company with approved grants."""
    return connect(demo, "client")


@pytest.fixture(scope="session")
def synthetic(visitor: Sandbox) -> Table:
    return visitor.tables("lymph_node", "synthetic")[0]


@pytest.fixture(scope="session")
def granted(company: Sandbox) -> list[tuple[Table, list[str]]]:
    """Every de-identified table that the company may read, with the columns of the grant."""
    grants = [grant for grant in company.grants() if grant.state == "active" and grant.tier == "deidentified"]
    assert grants, "the demo company has grants"
    return [
        (company.table(f"{grant.dataset}.deidentified.{name}"), columns)
        for grant in grants
        for name, columns in grant.tables.items()
    ]


def read(sandbox: Sandbox, table: Table, accept: str, **params: Any) -> httpx.Response:
    url = f"{sandbox.base_url}/v1/datasets/{table.dataset}/{table.tier}/tables/{table.table}/rows"
    headers = {"Authorization": f"Bearer {sandbox.access_token()}", "Accept": accept}
    answer = httpx.get(url, params=params, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def parsed(accept: str, body: bytes) -> tuple[list[str], int]:
    """Column names and number of rows of a body."""
    match TYPES[accept]:
        case "json":
            rows = json.loads(body)
            return list(rows[0]), len(rows)
        case "csv":
            table = pyarrow.csv.read_csv(io.BytesIO(body))
        case "arrow":
            table = pyarrow.ipc.open_stream(body).read_all()
        case _:
            table = pyarrow.parquet.read_table(io.BytesIO(body))
    return table.column_names, table.num_rows


def test_every_dataset_of_the_demo_is_in_the_catalogue(visitor: Sandbox):
    tiers = {dataset.id: dataset.tiers_published for dataset in visitor.datasets()}
    for both in ("lymph_node", "support2"):
        assert set(tiers[both]) == {"synthetic", "deidentified"}
    assert tiers["hypertension_home_bp"] == ["synthetic"]
    assert all(dataset.tiers == ["synthetic"] for dataset in visitor.datasets())


def test_synthetic_rows_come_as_pandas_polars_and_arrow(synthetic: Table):
    arrow = synthetic.to_arrow()
    assert arrow.num_rows == synthetic.dictionary().rows > 0
    assert arrow.schema.equals(synthetic.schema, check_metadata=False)
    assert list(synthetic.to_pandas().columns) == arrow.column_names
    assert synthetic.to_polars().shape == (arrow.num_rows, arrow.num_columns)
    assert "simulated" in repr(synthetic.dictionary())


def test_columns_filter_and_limit_do_what_they_say(visitor: Sandbox):
    patients = visitor.table("lymph_node.synthetic.patient")
    columns = ["tumor_size", "tumor_grade"]
    result = patients.read(columns=columns, filter="tumor_size >= 30 and tumor_grade in (2, 3)", limit=7)
    rows = result.to_arrow().to_pylist()
    assert result.to_arrow().column_names == columns
    assert len(rows) == 7 and all(row["tumor_size"] >= 30 and row["tumor_grade"] in (2, 3) for row in rows)
    assert result.receipt is not None
    entry = visitor.receipt(result.receipt)["entry"]
    assert (entry["operation"], entry["dataset"], entry["tier"]) == ("data.read_rows", "lymph_node", "synthetic")
    assert patients.to_arrow(columns=columns[:1], limit=0).num_rows == 0


def test_sql_counts_what_the_table_has(visitor: Sandbox):
    counted = visitor.query("select count(*) as n from support2.synthetic.patient").to_pandas()
    assert counted["n"][0] == visitor.table("support2.synthetic.patient").dictionary().rows


def test_deidentified_rows_come_with_the_granted_columns_alone(granted: list[tuple[Table, list[str]]]):
    for table, columns in granted:
        assert set(table.dictionary().columns[i].name for i in range(len(table.dictionary()))) == set(columns)
        frame = table.to_pandas(limit=20)
        assert set(frame.columns) == set(columns) and len(frame) == 20


def test_without_a_grant_deidentified_data_does_not_exist(visitor: Sandbox, granted: list[tuple[Table, list[str]]]):
    for table, _ in granted:
        other = visitor.table(table.name)
        with pytest.raises(NotFound):
            other.dictionary()
        for ask in (other.to_arrow, other.files):
            with pytest.raises(Problem) as refused:
                ask()
            # The sandbox credential may not even hold the scope; both are said before anything is looked up.
            assert refused.value.code in ("not_found", "insufficient_scope")
        with pytest.raises(Problem) as refused:
            visitor.query(f"select * from {table.name}")
        assert refused.value.status in (400, 403, 404)


def test_a_table_without_a_grant_answers_as_one_that_does_not_exist(company: Sandbox):
    grants = {(grant.dataset, name) for grant in company.grants() for name in grant.tables}
    closed = ["hypertension_home_bp.deidentified.patient", "nothing.deidentified.patient"]
    assert all(tuple(name.split(".")[::2]) not in grants for name in closed)
    said = set()
    for name in closed:
        for ask in (company.table(name).dictionary, company.table(name).to_arrow, company.table(name).files):
            with pytest.raises(NotFound) as caught:
                ask()
            said.add((caught.value.status, caught.value.code, caught.value.detail))
    assert len(said) == 1


@pytest.mark.parametrize("accept", TYPES)
def test_a_grant_shows_exactly_its_columns_in_every_format(
    company: Sandbox, granted: list[tuple[Table, list[str]]], accept: str
):
    for table, columns in granted:
        answer = read(company, table, accept, limit=5)
        names, rows = parsed(accept, answer.content)
        assert set(names) == set(columns) and rows == 5


def test_a_grant_shows_exactly_its_columns_in_schema_listing_and_files(
    company: Sandbox, granted: list[tuple[Table, list[str]]], tmp_path: Path
):
    for table, columns in granted:
        assert set(table.schema.names) == set(columns)
        for number, file in enumerate(table.download(tmp_path / table.name)):
            parquet = pyarrow.parquet.ParquetFile(file.path)
            assert set(parquet.schema_arrow.names) == set(columns)
            assert parquet.metadata.num_rows == file.rows
            # The footer must not speak of other columns either.
            assert {parquet.metadata.row_group(0).column(i).path_in_schema for i in range(len(columns))} == set(columns)
            assert file.size_bytes == table.files()[number].size_bytes
        with pytest.raises(Problem):
            table.to_arrow(columns=["no_such_column"])


def test_a_hidden_column_answers_as_one_that_does_not_exist(company: Sandbox, granted: list[tuple[Table, list[str]]]):
    for table, columns in granted:
        synthetic = company.table(f"{table.dataset}.synthetic.{table.table}").schema.names
        for hidden in [name for name in synthetic if name not in columns][:3]:
            for options in ({"columns": [hidden]}, {"filter": f"{hidden} is null"}):
                with pytest.raises(Problem) as real:
                    table.to_arrow(**options)
                with pytest.raises(Problem) as made_up:
                    table.to_arrow(**{name: _renamed(value, hidden) for name, value in options.items()})
                assert (real.value.status, real.value.code) == (made_up.value.status, made_up.value.code)


def _renamed(value: Any, hidden: str) -> Any:
    return ["nonsense"] if isinstance(value, list) else value.replace(hidden, "nonsense")


def test_a_download_is_checked_and_not_repeated(synthetic: Table, tmp_path: Path):
    shown = []
    files = synthetic.download(tmp_path, shown.append)
    assert sum(file.rows for file in files) == synthetic.dictionary().rows
    assert shown[-1].table_bytes == shown[-1].table_size_bytes == sum(file.size_bytes for file in files)
    assert all(file.was_there for file in synthetic.download(tmp_path))


def test_a_download_that_was_broken_off_goes_on(synthetic: Table, tmp_path: Path):
    (file,) = synthetic.files()
    head = httpx.head(file.url)
    beginning = httpx.get(file.url, headers={"Range": "bytes=0-999"})
    assert beginning.status_code == 206 and len(beginning.content) == 1000
    (tmp_path / f"{file.name}.part").write_bytes(beginning.content)
    (tmp_path / f"{file.name}.part.etag").write_text(head.headers["etag"])
    (done,) = synthetic.download(tmp_path)
    assert done.sha256 == file.sha256 and not list(tmp_path.glob("*.part*"))


def test_pandas_reads_a_signed_address(synthetic: Table):
    import pandas

    (file,) = synthetic.files()
    frame = pandas.read_parquet(file.url)
    assert len(frame) == file.rows and list(frame.columns) == synthetic.schema.names


def test_polars_scans_signed_addresses(synthetic: Table):
    (file,) = synthetic.files()
    assert polars.scan_parquet(file.url).select(polars.len()).collect().item() == file.rows
    column = synthetic.schema.names[0]
    assert synthetic.scan().select(column).collect().height == file.rows


def test_duckdb_reads_a_signed_address(synthetic: Table):
    import duckdb
    import duckdb_extension_httpfs

    extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    connection = duckdb.connect()
    connection.execute(f"load '{extension}'")
    (file,) = synthetic.files()
    count = connection.execute("select count(*) from read_parquet(?)", [file.url]).fetchone()
    assert count == (file.rows,)


def test_pyarrow_opens_the_rows_as_a_stream(visitor: Sandbox, synthetic: Table):
    answer = read(visitor, synthetic, "application/vnd.apache.arrow.stream", limit=9)
    table = pyarrow.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 9
    assert answer.content.endswith(b"\xff\xff\xff\xff\x00\x00\x00\x00"), (
        "the end marker tells a whole stream from a cut one"
    )


def test_oauth_libraries_get_a_token(demo: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
    from oauthlib.oauth2 import BackendApplicationClient
    from requests_oauthlib import OAuth2Session

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # plain http on loopback
    app, endpoint = demo["client"], demo["base_url"] + "/oauth2/token"
    session = OAuth2Session(client=BackendApplicationClient(client_id=app["client_id"]))
    assert session.fetch_token(endpoint, client_secret=app["client_secret"])["token_type"] == "Bearer"
    for method in ("client_secret_basic", "client_secret_post"):
        authlib = AuthlibSession(app["client_id"], app["client_secret"], token_endpoint_auth_method=method)
        token = authlib.fetch_token(endpoint, grant_type="client_credentials")
        assert isinstance(token["expires_in"], int) and token["access_token"]
        assert authlib.get(demo["base_url"] + "/v1/datasets").status_code == 200


def test_usage_is_what_was_read_to_the_byte(
    demo: dict[str, Any], company: Sandbox, granted: list[tuple[Table, list[str]]]
):
    table, _ = granted[0]
    before = used(company, table, "data.read_rows")
    bodies = [read(company, table, accept, limit=11).content for accept in TYPES]
    length = sum(len(body) for body in bodies)
    expected = (before[0] + len(bodies), before[1] + 11 * len(bodies), before[2] + length)
    # An OUTCOME is written when its answer is over, a moment after the client has the last byte.
    assert eventually(lambda: used(company, table, "data.read_rows"), expected) == expected


def test_a_downloaded_file_counts_with_its_size(
    company: Sandbox, granted: list[tuple[Table, list[str]]], tmp_path: Path
):
    table, _ = granted[0]
    before = used(company, table, "data.read_file")
    length = sum(file.size_bytes for file in table.download(tmp_path))
    # A read lease lives up to 60 seconds, and its OUTCOME is written when it ends.
    expected = before[2] + length
    assert eventually(lambda: used(company, table, "data.read_file")[2], expected, seconds=90) == expected


def used(sandbox: Sandbox, table: Table, operation: str) -> tuple[int, int, int]:
    """Requests, rows and bytes of one operation so far."""
    items = [item for item in sandbox.usage() if item.operation == operation]
    items = [item for item in items if (item.dataset, item.tier) == (table.dataset, table.tier)]
    return sum(item.requests for item in items), sum(item.rows for item in items), sum(item.bytes for item in items)


def eventually(value: Callable[[], Any], expected: Any, seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while (found := value()) != expected and time.monotonic() < end:
        time.sleep(0.2)
    return found


def test_a_submitted_query_gives_what_the_query_gives(visitor: Sandbox, synthetic: Table) -> None:
    sql = f"SELECT * FROM {synthetic.name}"
    job = visitor.submit(sql)
    assert job.id in [each.id for each in visitor.jobs()]
    again = visitor.job(job.id)
    result = again.result()
    assert result.to_arrow().equals(visitor.query(sql).to_arrow())
    assert (again.state, again.rows) == ("succeeded", result.to_arrow().num_rows)
    assert result.receipt is not None
    assert visitor.receipt(result.receipt)["entry"]["operation"] == "query.read_result"
    job.delete()
    with pytest.raises(NotFound):
        job.refresh()


def test_a_submitted_query_that_fails_says_why(visitor: Sandbox, synthetic: Table) -> None:
    with pytest.raises(Problem):
        visitor.submit("SELECT * FROM nothing.synthetic.here")
    failing = f"SELECT CAST('x' || CAST(count(*) AS VARCHAR) AS INT) AS n FROM {synthetic.name}"
    job = visitor.submit(failing)
    with pytest.raises(QueryFailed):
        job.result()
    assert job.state == "failed"
    job.delete()
