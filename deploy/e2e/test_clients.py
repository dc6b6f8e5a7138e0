"""Clients that others wrote, unchanged, against a running server."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polars
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http on loopback

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def file(demo):
    company = demo.company("sandbox")
    dataset, table = next(iter(company.tables("synthetic")))
    return company.files(dataset, "synthetic", table["name"])[0]


def test_polars_scans_a_signed_address(file):
    assert polars.scan_parquet(file["url"]).select(polars.len()).collect().item() == file["rows"]


def test_duckdb_reads_a_signed_address(file):
    import duckdb_extension_httpfs

    folder = Path(duckdb_extension_httpfs.__file__).parent
    extension = next(folder.rglob("httpfs.duckdb_extension"))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"load '{extension}'")
    count = connection.execute("select count(*) from read_parquet(?)", [file["url"]]).fetchone()
    assert count == (file["rows"],)


def test_requests_oauthlib_gets_a_token(demo):
    app = demo.json["client"]
    session = OAuth2Session(client=BackendApplicationClient(client_id=app["client_id"], scope="catalog.read"))
    token = session.fetch_token(demo.url + "/oauth2/token", client_secret=app["client_secret"])
    assert token["expires_in"] == 1200
    assert session.get(demo.url + "/v1/datasets").status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token(demo, method):
    app = demo.json["client"]
    session = AuthlibSession(app["client_id"], app["client_secret"], token_endpoint_auth_method=method)
    token = session.fetch_token(demo.url + "/oauth2/token", grant_type="client_credentials", scope="catalog.read")
    assert token["scope"] == "catalog.read"
    assert session.get(demo.url + "/v1/datasets").status_code == 200


def test_the_python_package_passes_its_end_to_end_tests(demo):
    environment = {**os.environ, "MUDEUNG_E2E_JSON": demo.json_file, "PYTHONPATH": str(ROOT / "sdk/python/src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "e2e", "sdk/python"]
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    print(result.stdout[-3000:])
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
