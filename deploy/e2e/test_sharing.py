"""The published clients of Delta Sharing, unchanged, against a running server: the newest, the oldest, both formats."""

import datetime
import json
import time

import httpx
import pyarrow
import pyarrow.parquet
import pytest
import releases
import sandbox
from canary import Portal
from environments import Environment
from joserfc.jwk import RSAKey

NEWEST = ("delta-sharing==1.4.2",)
OLDEST = ("delta-sharing==1.0.5", "pandas<3", "pyarrow<24", "setuptools<81")
DATASET, TABLE = "shared", "visits"


def rows(start, count):
    """Every type there is, with nulls in all but the first."""
    moment = datetime.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=datetime.UTC)
    some = [None if number % 7 == 3 else number for number in range(start, start + count)]
    columns = {
        "person": pyarrow.array([f"p{number}" for number in range(start, start + count)]),
        "smoker": pyarrow.array([None if n is None else n % 2 == 0 for n in some]),
        "age": pyarrow.array([None if n is None else n % 100 for n in some], pyarrow.int32()),
        "code": pyarrow.array([None if n is None else n * 10_000_000_000 for n in some], pyarrow.int64()),
        "weight": pyarrow.array([None if n is None else n / 8 for n in some], pyarrow.float64()),
        "note": pyarrow.array([None if n is None else f"기록 {n} \"x\"" for n in some]),
        "day": pyarrow.array(
            [None if n is None else datetime.date(2020, 1, 1) + datetime.timedelta(n) for n in some], pyarrow.date32()
        ),
        "seen_at": pyarrow.array(
            [None if n is None else moment + datetime.timedelta(n) for n in some], pyarrow.timestamp("us", tz="UTC")
        ),
    }
    return pyarrow.table(columns)


VERSIONS = {1: [rows(0, 40), rows(40, 60)], 2: [rows(0, 30), rows(500, 20), rows(900, 5)]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A server with a table of two versions."""
    folder = tmp_path_factory.mktemp("sharing") / "server"
    with sandbox.Server(folder) as server:
        for version, parts in VERSIONS.items():
            release = releases.Release(server.store, DATASET, "synthetic", version)
            release.write(TABLE, parts, row_group_size=16)
            releases.publish(server, release.finish())
        yield server


@pytest.fixture(scope="module")
def newest():
    return Environment(*NEWEST)


@pytest.fixture(scope="module")
def oldest():
    return Environment(*OLDEST)


def profile(server, folder, who="sandbox"):
    """A profile as the portal hands it out."""
    credential = server.credentials[who]
    path = folder / f"{who}.share"
    path.write_text(
        json.dumps(
            {
                "shareCredentialsVersion": 2,
                "type": "oauth_client_credentials",
                "endpoint": f"{server.url}/delta-sharing",
                "tokenEndpoint": f"{server.url}/oauth2/token",
                "clientId": credential["client_id"],
                "clientSecret": credential["client_secret"],
                "scope": "synthetic.read data.read",
            }
        )
    )
    return path


def bearer_profile(server, folder):
    """A profile with a token in it, for clients without OAuth."""
    path = folder / "bearer.share"
    token = server.company("sandbox").new_token("synthetic.read")
    path.write_text(
        json.dumps(
            {"shareCredentialsVersion": 1, "endpoint": f"{server.url}/delta-sharing/", "bearerToken": token}
        )
    )
    return path


READ = """
import json, sys, delta_sharing, pandas
profile, url, out, options = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
frame = delta_sharing.load_as_pandas(f"{profile}#{url}", **options)
for name in frame.columns:
    # Parquet files of pandas: what matters is the values, not how pandas has them.
    if name in ("day",):
        frame[name] = frame[name].map(lambda day: None if pandas.isna(day) else str(day)[:10])
    if name in ("smoker",):
        frame[name] = frame[name].map(lambda value: None if pandas.isna(value) else bool(value))
frame.to_parquet(out, index=False)
print(len(frame))
"""


def load(environment, profile, url, folder, **options):
    out = folder / "read.parquet"
    environment.run(READ, profile, url, out, json.dumps(options))
    return normal(pyarrow.parquet.read_table(out))


def normal(table):
    """Rows in an order that does not depend on the files, in plain Python values."""

    def value(item):
        if isinstance(item, datetime.datetime):
            return item.astimezone(datetime.UTC).isoformat() if item.tzinfo else item.isoformat() + "+00:00"
        if isinstance(item, datetime.date):
            return item.isoformat()
        if isinstance(item, float):
            return None if item != item else float(item)
        if isinstance(item, int) and not isinstance(item, bool):
            return float(item)
        return item

    rows = [{name: value(item) for name, item in row.items()} for row in table.to_pylist()]
    return sorted(rows, key=lambda row: row["person"])


def source(version):
    return normal(pyarrow.concat_tables(VERSIONS[version]))


def test_the_newest_client_lists_what_is_shared(shared, newest, tmp_path):
    script = """
import json, sys, delta_sharing
client = delta_sharing.SharingClient(sys.argv[1])
print(json.dumps([[t.share, t.schema, t.name] for t in client.list_all_tables()]))
"""
    tables = newest.run(script, profile(shared, tmp_path))
    assert [DATASET, "synthetic", TABLE] in tables
    assert all(schema == "synthetic" for _, schema, _ in tables), "the sandbox credential has no grant"


@pytest.mark.parametrize("options", [{}, {"use_delta_format": True}], ids=["parquet", "delta"])
def test_the_newest_client_reads_every_type_and_every_version(shared, newest, tmp_path, options):
    url = f"{DATASET}.synthetic.{TABLE}"
    path = profile(shared, tmp_path)
    assert load(newest, path, url, tmp_path, **options) == source(2)
    assert load(newest, path, url.upper(), tmp_path, **options) == source(2)
    assert load(newest, path, url, tmp_path, version=1, **options) == source(1)
    few = load(newest, path, url, tmp_path, limit=5, **options)
    assert len(few) == 5 and all(row in source(2) for row in few)


def test_the_oldest_client_reads_with_a_token(shared, oldest, tmp_path):
    url = f"{DATASET}.synthetic.{TABLE}"
    assert load(oldest, bearer_profile(shared, tmp_path), url, tmp_path) == source(2)


@pytest.mark.parametrize("options", [{}, {"use_delta_format": True}], ids=["parquet", "delta"])
def test_the_newest_client_reads_what_changed(shared, newest, tmp_path, options):
    script = """
import json, sys, delta_sharing
url, options = sys.argv[1], json.loads(sys.argv[2])
frame = delta_sharing.load_table_changes_as_pandas(url, starting_version=1, **options)
groups = frame.groupby(["_commit_version", "_change_type"])
print(json.dumps([[int(v), kind, len(rows), sorted(rows["person"])[0]] for (v, kind), rows in groups]))
"""
    url = f"{profile(shared, tmp_path)}#{DATASET}.synthetic.{TABLE}"
    changes = newest.run(script, url, json.dumps(options))
    assert changes == [[1, "insert", 100, "p0"], [2, "delete", 100, "p0"], [2, "insert", 55, "p0"]]


def app_with_a_key(server, folder):
    """An app of the demo's company whose developer registered an RSA key in the portal."""
    portal = Portal(server.url)
    portal.sign_in(server.credentials["developer"])
    made = portal.submit("/en/apps", "/en/apps", {"name": "Analysis", "method": "private_key_jwt"})
    page = made.headers["location"].split("?")[0]
    key = RSAKey.generate_key(2048, {"kid": "analysis"})
    public = json.dumps(key.as_dict(private=False))
    fields = {"label": "analysis", "days": "90", "key": public, "algorithm": "RS256", "starts": ""}
    registered = portal.submit(page, f"{page}/keys", fields)
    assert registered.status_code == 303, registered.text[:3000]
    file = folder / "analysis.pem"
    file.write_bytes(key.as_pem(private=True))
    time.sleep(1)
    return page.rsplit("/", 1)[1], file


def test_a_private_key_opens_what_a_secret_opens(shared, newest, tmp_path):
    """The profile `oauth_jwt_bearer_private_key_jwt` of delta-sharing 1.4, with a key that the company registered."""
    client_id, key_file = app_with_a_key(shared, tmp_path)
    path = tmp_path / "key.share"
    endpoint = f"{shared.url}/oauth2/token"
    issuer = httpx.get(f"{shared.url}/.well-known/oauth-authorization-server").json()["issuer"]
    path.write_text(
        json.dumps(
            {
                "shareCredentialsVersion": 2,
                "type": "oauth_jwt_bearer_private_key_jwt",
                "endpoint": f"{shared.url}/delta-sharing",
                "auth": {
                    "tokenEndpoint": endpoint,
                    "issuer": issuer,
                    "clientId": client_id,
                    "audience": issuer,
                    "scope": "synthetic.read",
                    "privateKey": {"privateKeyFile": str(key_file), "keyId": "analysis", "algorithm": "RS256"},
                },
            }
        )
    )
    assert load(newest, path, f"{DATASET}.synthetic.{TABLE}", tmp_path) == source(2)


def test_a_profile_from_the_portal_is_saved_once_and_works(shared, newest, tmp_path):
    portal = Portal(shared.url)
    portal.sign_in(shared.credentials["developer"])
    made = portal.submit("/en/apps", "/en/apps", {"name": "Notebook", "method": "client_secret"})
    page = made.headers["location"].split("?")[0]
    link = portal.shown_once(page, f"{page}/activation-links", {"label": "notebook", "days": "30"})
    colleague = Portal(shared.url)
    opened = colleague.submit(link.removeprefix(shared.url), "/en/activate", {"link": link.rsplit("/", 1)[1]})
    assert opened.status_code == 200, opened.text[:2000]
    path = tmp_path / "mudeung.share"
    path.write_text(opened.text)
    assert colleague.http.get(link).status_code == 404
    time.sleep(1)
    assert load(newest, path, f"{DATASET}.synthetic.{TABLE}", tmp_path) == source(2)


def test_a_column_grant_is_what_the_client_sees(shared, newest, tmp_path):
    company = shared.company("client")
    dataset, table = next(company.tables("deidentified"))
    script = """
import json, sys, delta_sharing
a = delta_sharing.load_as_pandas(sys.argv[1])
b = delta_sharing.load_as_pandas(sys.argv[1], use_delta_format=True)
print(json.dumps([list(a.columns), len(a), list(b.columns), len(b), int(a.isna().sum().sum()), int(b.isna().sum().sum())]))
"""
    url = f"{profile(shared, tmp_path, 'client')}#{dataset}.deidentified.{table['name']}"
    columns, count, delta_columns, delta_count, nulls, delta_nulls = newest.run(script, url)
    assert columns == delta_columns == table["columns"]
    assert count == delta_count == table["rows"]
    assert nulls == delta_nulls


def test_every_file_of_every_client_is_in_the_ledger(shared, newest, tmp_path):
    load(newest, profile(shared, tmp_path), f"{DATASET}.synthetic.{TABLE}", tmp_path, use_delta_format=True)
    shared.verify_ledger()
    entries = shared.entries()
    queries = {index for index, entry in entries.items() if entry["operation"] == "sharing.query"}
    reads = [entry for entry in entries.values() if entry["operation"] == "data.read_file" and entry["kind"] == "intent"]
    assert queries and reads
    assert all(read["listing"] in queries or read["listing"] in entries for read in reads)
    last = max(queries)
    of_last = [read for read in reads if read["listing"] == last]
    assert len(of_last) == len(VERSIONS[2]), "one read for each file in delta format"
    assert "Delta-Sharing-Python/1.4.2" in entries[last]["detail"]
