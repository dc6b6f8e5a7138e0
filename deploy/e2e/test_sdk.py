"""What the command line and the Python package do with a running server: files instead of rows, several connections,
receipts, keys, and tokens that are bound to them."""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import bigtable
import httpx
import pyarrow
import pyarrow.ipc
import pytest
import releases
import sandbox
from canary import Portal, wait_for_change
from joserfc.jwk import ECKey, OKPKey
from mudeung import AsyncSandbox, Sandbox, SignInRefused

ROWS = 40_000
TABLE = "rich.synthetic.visit"
TEXTS = ["나", "it''s", ""]


class Cli:
    """The command line of one developer."""

    def __init__(self, folder, url, **environment):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "MUDEUNG_URL": url, **environment}

    def start(self, *arguments):
        command = [sandbox.CLI_BINARY, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(command, env=self.environment, cwd=self.folder, text=True, **pipes)

    def fail(self, *arguments):
        """What an attempt that fails says, in one line."""
        process = self.start(*arguments)
        said = process.communicate()[1]
        assert process.returncode != 0 and "panicked" not in said, said
        return process.returncode, said

    def __call__(self, *arguments):
        """Standard output and standard error."""
        process = self.start(*arguments)
        out, said = process.communicate()
        assert process.returncode == 0, f"{arguments}: {out}{said}"
        return out, said


def with_secret(folder, server_url, credential):
    secret = {"MUDEUNG_CLIENT_ID": credential["client_id"], "MUDEUNG_CLIENT_SECRET": credential["client_secret"]}
    return Cli(folder, server_url, **secret)


def rich_table(rows, seed):
    """Every type there is, with nulls and not-a-number; `id` ascends, so that statistics can rule out most of it."""
    dice = random.Random(seed)
    some = lambda value: None if dice.random() < 0.1 else value  # noqa: E731
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    columns = {
        "id": pyarrow.array(range(seed * rows, (seed + 1) * rows), pyarrow.int64()),
        "ward": pyarrow.array([some(dice.randrange(12)) for _ in range(rows)], pyarrow.int32()),
        "score": pyarrow.array(
            [some(dice.choice([dice.gauss(0, 9), float("nan"), -0.0, 0.0])) for _ in range(rows)], pyarrow.float64()
        ),
        "name": pyarrow.array([some(dice.choice(["가", "나", "it's", "x", ""])) for _ in range(rows)], pyarrow.string()),
        "day": pyarrow.array([some(date(2024, 1, 1) + timedelta(dice.randrange(400))) for _ in range(rows)]),
        "at": pyarrow.array(
            [some(moment + timedelta(microseconds=dice.randrange(10**13))) for _ in range(rows)],
            pyarrow.timestamp("us", tz="UTC"),
        ),
        "ok": pyarrow.array([some(dice.random() < 0.5) for _ in range(rows)], pyarrow.bool_()),
    }
    return pyarrow.table(columns)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A server with a table of all types, and with one of a hundred megabytes."""
    with sandbox.Server(tmp_path_factory.mktemp("sdk") / "server") as server:
        release = releases.Release(server.store, "rich", "synthetic", 1)
        options = {"row_group_size": 3_000, "data_page_size": 2_048, "write_page_index": True, "write_batch_size": 128}
        release.write("visit", [rich_table(ROWS // 2, 0), rich_table(ROWS // 2, 1)], **options)
        releases.publish(server, release.finish())
        releases.publish(server, bigtable.write(server.store, size_bytes=100_000_000, file_bytes=100_000_000))
        yield server


def batches(path):
    with pyarrow.ipc.open_stream(path) as stream:
        # In words, because not-a-number is not equal to itself.
        return stream.schema, [repr(batch.to_pylist()) for batch in stream]


def same(cli, table, *options):
    """Rows from the server and from the files, batch by batch; their number."""
    cli("query", "--table", table, *options, "--out", "rows.arrow")
    said = cli("query", "--table", table, *options, "--files", "--out", "files.arrow")[1]
    rows, files = batches(cli.folder / "rows.arrow"), batches(cli.folder / "files.arrow")
    assert files[0].equals(rows[0], check_metadata=True), options
    assert files[1] == rows[1], options
    return said


def conditions(dice):
    """A filter of one to three random conditions."""
    compare = lambda: dice.choice(["=", "!=", "<", "<=", ">", ">="])  # noqa: E731
    makers = [
        lambda: f"id {compare()} {dice.randrange(-10, ROWS + 10)}",
        lambda: f"id in ({', '.join(str(dice.randrange(ROWS)) for _ in range(dice.randrange(1, 20)))})",
        lambda: f"ward {compare()} {dice.randrange(12)}",
        lambda: f"score {compare()} {dice.choice((0, -0.0, 3.5, -10.0))}",
        lambda: f"name {compare()} '{dice.choice(TEXTS)}'",
        lambda: "name in ('가', 'nowhere')",
        lambda: f"day {compare()} '2024-0{dice.randrange(1, 10)}-15'",
        lambda: f"at {compare()} '2024-0{dice.randrange(1, 5)}-15T09:00:00Z'",
        lambda: f"ok = {dice.choice(('true', 'false'))}",
        lambda: f"{dice.choice(('ward', 'score', 'name', 'ok'))} is {dice.choice(('', 'not '))}null",
    ]
    return " and ".join(dice.choice(makers)() for _ in range(dice.randrange(1, 4)))


def test_files_give_the_batches_that_rows_give(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    names = ["id", "ward", "score", "name", "day", "at", "ok"]
    same(cli, TABLE)
    dice = random.Random(7)
    for _ in range(40):
        options = []
        if dice.random() < 0.7:
            options += ["--columns", ",".join(dice.sample(names, dice.randrange(1, 8)))]
        if dice.random() < 0.9:
            options += ["--filter", conditions(dice)]
        if dice.random() < 0.5:
            options += ["--limit", dice.choice([0, 1, 7, 8_192, 8_193, 100_000])]
        same(cli, TABLE, *options)


def test_files_give_the_batches_that_rows_give_under_grants(demo, tmp_path):
    cli = with_secret(tmp_path, demo.url, demo.json["client"])
    tables = list(demo.company("client").tables("deidentified"))
    assert tables
    for dataset, table in tables:
        name = f"{dataset}.deidentified.{table['name']}"
        described = demo.company("client").ask(f"/v1/datasets/{dataset}/deidentified/tables/{table['name']}")
        column = described["columns"][0]["name"]
        same(cli, name)
        same(cli, name, "--columns", column, "--limit", 11)
        same(cli, name, "--filter", f'"{column}" is not null', "--limit", 100)


def test_what_rows_refuses_files_refuse(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    for options in (
        ["--columns", "nothing"],
        ["--columns", "id,id"],
        ["--filter", "id >"],
        ["--filter", "id = 'x'"],
        ["--filter", "nothing = 1"],
        ["--filter", "day = '2024-13-01'"],
    ):
        codes = [cli.fail("query", "--table", TABLE, *options, *more)[0] for more in ([], ["--files"])]
        assert codes == [2, 2], options


def test_text_formats_are_those_of_the_server(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    for ending in ("csv", "json", "jsonl"):
        for options in (["--limit", 9_000], ["--filter", "id < 0"]):
            cli("query", "--table", TABLE, *options, "--out", f"rows.{ending}")
            cli("query", "--table", TABLE, *options, "--files", "--out", f"files.{ending}")
            assert (tmp_path / f"files.{ending}").read_bytes() == (tmp_path / f"rows.{ending}").read_bytes(), ending


def fetched(said):
    found = re.search(r"([\d,]+) of ([\d,]+) bytes were fetched", said)
    return [int(number.replace(",", "")) for number in found.groups()]


def test_files_fetch_no_more_than_they_need(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    options = ["--columns", "albumin", "--files", "--out", "a.arrow"]
    here, size = fetched(cli("query", "--table", "bulk.synthetic.measurement", *options)[1])
    assert size > 90_000_000 and size / 4 < here < size / 4 * 1.1
    ruled = [*options, "--filter", "person_id >= 3000000"]
    here, size = fetched(cli("query", "--table", "bulk.synthetic.measurement", *ruled)[1])
    assert here < size / 12, "one row group in 26 is left, in two columns"
    nothing = [*options, "--filter", "person_id < 0"]
    assert fetched(cli("query", "--table", "bulk.synthetic.measurement", *nothing)[1])[0] <= 1 << 17


def test_a_large_file_comes_over_several_connections_and_a_killed_pull_goes_on(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    pull = ("pull", "bulk.synthetic.measurement", "--connections", 4)
    process = cli.start(*pull, "--out", "out")
    part = tmp_path / "out/bulk/synthetic/measurement/part-00000.parquet.part"
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 5_000_000):
        assert process.poll() is None and time.monotonic() < end, "it was too quick or too slow to be killed"
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    here = part.stat().st_size
    assert not part.with_suffix("").exists(), "nothing half done has the file's own name"
    stored = next(shared.store.glob("bulk/synthetic/1/measurement/*.parquet")).read_bytes()
    assert part.read_bytes() == stored[:here], "what is here is a beginning of the file"
    cli(*pull, "--out", "out")
    assert part.with_suffix("").read_bytes() == stored and not part.exists()
    assert '"was_there": true' in cli(*pull, "--out", "out", "--json")[0]


def test_receipts_of_a_pull_are_kept_and_hold(shared, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    key = httpx.get(shared.url + "/ledger/verifier").text.strip()
    said = cli("pull", TABLE, "--out", "out", "--log", key, "--receipts", "kept")[1]
    assert "receipts hold" in said
    kept = sorted((tmp_path / "kept").glob("*.tlog-proof"))
    assert len(kept) >= 3 and not list((tmp_path / "kept").glob("*.pending"))
    verify = [sys.executable, "-m", "mudeung", "verify", "--log", key, *map(str, kept)]
    held = subprocess.run(verify, capture_output=True, text=True)
    assert held.returncode == 0 and "data.read_file" in held.stdout, held.stdout + held.stderr
    checkpoint = (tmp_path / "kept/checkpoint").read_text()
    cli("query", "--table", TABLE, "--limit", 1, "--log", key, "--receipts", "kept", "--out", "a.csv")
    assert (tmp_path / "kept/checkpoint").read_text() != checkpoint, "a newer one, which continues it"
    assert len(list((tmp_path / "kept").glob("*.tlog-proof"))) == len(kept) + 1


def test_a_receipt_under_another_key_or_ledger_is_an_error(shared, server, tmp_path):
    cli = with_secret(tmp_path, shared.url, shared.credentials["sandbox"])
    key = httpx.get(shared.url + "/ledger/verifier").text.strip()
    other = "demo.mudeung.example/ledger+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert cli.fail("pull", TABLE, "--log", other)[0] == 2, "no key of that name"
    cli("query", "--table", TABLE, "--limit", 1, "--log", key, "--receipts", "kept", "--out", "a.csv")
    # Another server under the same name and key, whose ledger went another way.
    company = server.company("sandbox")
    for _ in range(40):
        company.ask("/v1/datasets")
    elsewhere = with_secret(tmp_path, server.url, server.credentials["sandbox"])
    assert httpx.get(server.url + "/ledger/verifier").text.strip() == key
    code, said = elsewhere.fail("query", "select 1", "--log", key, "--receipts", "kept", "--out", "b.csv")
    assert code == 1 and "DOES NOT HOLD" in said, said


def app_with_key(server, key, kid):
    """An app of the demo's company, and its page, with the public half of a key."""
    portal = Portal(server.url)
    portal.sign_in(server.credentials["developer"])
    made = portal.submit("/en/apps", "/en/apps", {"name": f"Keys {kid}", "method": "private_key_jwt"})
    page = made.headers["location"].split("?")[0]
    public = json.dumps(key.as_dict(private=False))
    fields = {"label": kid, "days": "30", "key": public, "algorithm": "", "starts": ""}
    registered = portal.submit(page, f"{page}/keys", fields)
    assert registered.status_code == 303, registered.text[:3000]
    wait_for_change()
    return portal, page


def must_be_bound(portal, page):
    """The app's tokens are bound to keys, or there are none."""
    answer = portal.submit(f"{page}/rules", f"{page}/rules", {"dpop_bound": "yes", "networks": ""})
    assert answer.status_code == 303, answer.text[:3000]
    wait_for_change()


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_a_key_signs_in_and_its_tokens_are_bound(shared, tmp_path, form):
    key = {"pem": ECKey.generate_key("P-256"), "jwk": OKPKey.generate_key("Ed25519")}[form]
    portal, page = app_with_key(shared, key, f"e2e-{form}")
    client_id = page.rsplit("/", 1)[1]
    content = key.as_pem(private=True) if form == "pem" else json.dumps(key.as_dict(private=True))
    file = written(tmp_path / "key", content)
    cli = Cli(tmp_path, shared.url)
    out, _ = cli("login", shared.url, "--client-id", client_id, "--key", "key")
    assert "Signed in" in out
    must_be_bound(portal, page)
    code, said = cli.fail("datasets")
    assert code == 1 and "DPoP" in said, said
    cli("login", shared.url, "--client-id", client_id, "--key", "key", "--dpop")
    profiles = (tmp_path / ".config/mudeung/profiles.toml").read_text()
    assert "dpop = true" in profiles and str(file) in profiles and "client_secret" not in profiles
    assert "rich" in cli("datasets")[0]
    cli("pull", TABLE, "--out", "out")
    assert cli("query", f"select count(*) as n from {TABLE}", "--format", "csv")[0] == f"n\n{ROWS}\n"
    assert "rows" in cli("query", "--table", TABLE, "--files", "--limit", 3)[1]
    with pytest.raises(SignInRefused):
        Sandbox(shared.url, client_id, private_key=file).datasets()
    bound = Sandbox(shared.url, client_id, private_key=file, dpop=True)
    assert bound.table(TABLE).to_arrow(limit=5).num_rows == 5
    assert bound.table(TABLE).download(tmp_path / "python")[0].rows == ROWS // 2
    token = bound.access_token()
    stolen = httpx.get(shared.url + "/v1/datasets", headers={"Authorization": f"Bearer {token}"})
    assert stolen.status_code == 401, "a token that leaks is of no use"


def test_a_secret_may_be_bound_too(shared, tmp_path):
    app = shared.credentials["client"]
    cli = with_secret(tmp_path, shared.url, app)
    cli.environment["MUDEUNG_DPOP"] = "1"
    assert "rich" in cli("datasets")[0]
    bound = Sandbox(shared.url, app["client_id"], app["client_secret"], dpop=True)
    assert [dataset.id for dataset in bound.datasets()]
    counted = bound.query(f"select count(*) as n from {TABLE}").to_arrow().to_pylist()
    assert counted == [{"n": ROWS}]

    async def many():
        async with AsyncSandbox(shared.url, app["client_id"], app["client_secret"], dpop=True) as sandbox_:
            tables = await asyncio.gather(*(sandbox_.table(TABLE).to_arrow(limit=n) for n in range(1, 9)))
            return [table.num_rows for table in tables]

    assert asyncio.run(many()) == list(range(1, 9))


def test_the_key_of_a_profile_is_pythons_too(shared, tmp_path, monkeypatch):
    key = ECKey.generate_key("P-256")
    _, page = app_with_key(shared, key, "e2e-profile")
    written(tmp_path / "key.pem", key.as_pem(private=True))
    cli = Cli(tmp_path, shared.url)
    client_id = page.rsplit("/", 1)[1]
    log = httpx.get(shared.url + "/ledger/verifier").text.strip()
    cli("login", shared.url, "--client-id", client_id, "--key", "key.pem", "--dpop", "--log", log)
    monkeypatch.setenv("MUDEUNG_CONFIG_DIR", str(tmp_path / ".config/mudeung"))
    for name in [name for name in os.environ if name.startswith("MUDEUNG_") and "CONFIG" not in name]:
        monkeypatch.delenv(name)
    assert Sandbox().table(TABLE).to_arrow(limit=5).num_rows == 5
    said = cli("pull", TABLE, "--out", "out")[1]
    assert "receipts hold" in said and list((tmp_path / "out/receipts").glob("*.tlog-proof"))
