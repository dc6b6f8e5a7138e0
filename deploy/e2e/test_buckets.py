"""`mudeung serve` on a bucket: moto's S3 server from PyPI stands for one of Amazon's."""

import hashlib
import io
import json
import subprocess
import time

import environments
import httpx
import polars
import pyarrow
import pyarrow.fs
import pyarrow.parquet
import pytest
import releases
import sandbox

NAME = "releases"
PREFIX = "sandbox/one"
SECRET = "a-secret-that-no-log-holds"


class Bucket:
    """A bucket on a server of its own. What it holds is gone when the server is."""

    def __init__(self):
        self.port = sandbox.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.program = environments.Environment("moto[s3,server]==5.2.5").program("moto_server")
        self.start()

    def start(self):
        arguments = [self.program, "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, "the S3 server does not start"
            time.sleep(0.1)
        self.files().create_dir(NAME)

    def answers(self):
        try:
            return httpx.get(self.url, timeout=5).status_code < 500
        except httpx.HTTPError:
            return False

    def files(self):
        return pyarrow.fs.S3FileSystem(
            access_key="key",
            secret_key=SECRET,
            endpoint_override=self.url,
            region="ap-northeast-2",
            allow_bucket_creation=True,
        )

    def names(self, folder):
        found = self.files().get_file_info(pyarrow.fs.FileSelector(f"{NAME}/{PREFIX}/{folder}", recursive=True))
        return sorted(item.path.removeprefix(f"{NAME}/{PREFIX}/") for item in found if item.is_file)

    def bring(self, store):
        """As an operator moves a store: every file, by another tool."""
        local = pyarrow.fs.LocalFileSystem()
        pyarrow.fs.copy_files(
            str(store), f"{NAME}/{PREFIX}", source_filesystem=local, destination_filesystem=self.files()
        )

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def bucket():
    running = Bucket()
    yield running
    running.stop()


@pytest.fixture
def server(bucket, tmp_path):
    """A server whose store is the bucket; the folder it was moved from is beside it."""
    folder = tmp_path / "server"
    made = sandbox.Server(folder, **sections(bucket, tmp_path))
    bucket.bring(made.store)
    with made as running:
        yield running


def sections(bucket, folder):
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return {
        "data": {"store": f"s3://{NAME}/{PREFIX}", "keys": str(folder / "server" / "keys")},
        "data.bucket": {
            "region": "ap-northeast-2",
            "endpoint": bucket.url,
            "allow_http": True,
            "access_key_id": "key",
            "secret_access_key_file": str(secret),
        },
        "jobs": {"folder": str(folder / "jobs")},
    }


def test_every_file_view_row_and_query_is_as_it_was_in_the_folder(server):
    company = server.company()
    for tier in ("synthetic", "deidentified"):
        for dataset, table in company.tables(tier):
            name = table["name"]
            address = f"/v1/datasets/{dataset}/{tier}"
            version = company.ask(address)["version"]
            folder = server.store / dataset / tier / str(version) / name
            columns = [column["name"] for column in company.ask(f"{address}/tables/{name}")["columns"]]
            source = pyarrow.concat_tables(pyarrow.parquet.read_table(path) for path in sorted(folder.iterdir()))
            source = source.select(columns)
            files = company.files(dataset, tier, name)

            whole = [httpx.get(file["url"]).raise_for_status().content for file in files]
            for file, content in zip(files, whole):
                assert len(content) == file["size_bytes"]
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
                part = httpx.get(file["url"], headers={"range": "bytes=-100"})
                assert (part.status_code, part.content) == (206, content[-100:])
            read = pyarrow.concat_tables(pyarrow.parquet.read_table(io.BytesIO(content)) for content in whole)
            assert read.equals(source)
            assert polars.read_parquet(files[0]["url"], columns=columns[:1]).height == files[0]["rows"]

            arrow = {"accept": "application/vnd.apache.arrow.stream"}
            rows = company.get(f"{address}/tables/{name}/rows", params={"limit": 1000}, headers=arrow)
            assert rows.status_code == 200, rows.text
            assert pyarrow.ipc.open_stream(rows.content).read_all().equals(source.slice(0, 1000))
            sql = f"SELECT count(*) AS n, count({columns[-1]}) AS values FROM {dataset}.{tier}.{name}"
            counted = company.http.post("/v1/query", json={"sql": sql})
            assert counted.status_code == 200, counted.text
            (found,) = counted.json()
            assert found == {"n": len(source), "values": len(source) - source.column(columns[-1]).null_count}


def test_a_version_that_was_built_here_is_published_to_the_bucket_once(server, bucket, tmp_path):
    table = pyarrow.table({"id": pyarrow.array(range(100_000), pyarrow.int64())})
    release = releases.Release(tmp_path / "built", "bucketed", "synthetic", 1)
    release.write("numbers", [table])
    manifest = release.finish()
    releases.publish(server, manifest)
    assert bucket.names("bucketed") == [
        "bucketed/synthetic/1/manifest.json",
        "bucketed/synthetic/1/numbers/part-00000.parquet",
    ]
    company = server.company("sandbox")
    (file,) = company.files("bucketed", "synthetic", "numbers")
    assert polars.read_parquet(file["url"]).to_arrow().equals(table)

    def publish():
        command = [sandbox.BINARY, "curate", "publish", str(manifest), "--config", str(server.config)]
        return subprocess.run(command, capture_output=True, text=True)

    again = publish()
    assert again.returncode == 2 and "published already" in again.stderr, again.stderr
    # The number is taken: other data under it changes nothing.
    other = json.loads(manifest.read_text())
    other["source"] = "elsewhere"
    manifest.write_text(json.dumps(other))
    refused = publish()
    assert refused.returncode != 0 and "exists already" in refused.stderr, refused.stderr
    assert json.loads(bucket.files().open_input_file(f"{NAME}/{PREFIX}/bucketed/synthetic/1/manifest.json").read())[
        "source"
    ] == "made for tests"


def test_a_bucket_that_falls_silent_is_a_503_on_the_record_and_comes_back(server, bucket):
    company = server.company()
    dataset, table = next(iter(company.tables("deidentified")))
    address = f"/v1/datasets/{dataset}/deidentified/tables/{table['name']}"
    files = company.files(dataset, "deidentified", table["name"])
    bucket.stop()
    asked = {
        "rows": lambda: company.get(f"{address}/rows?limit=5"),
        "file": lambda: httpx.get(files[0]["url"], timeout=60),
        "query": lambda: company.http.post(
            "/v1/query", json={"sql": f"SELECT count(*) FROM {dataset}.deidentified.{table['name']}"}
        ),
    }
    for face, ask in asked.items():
        answer = ask()
        assert answer.status_code == 503, f"{face}: {answer.status_code} {answer.text}"
        assert str(bucket.port) not in answer.text and NAME not in answer.text
    bucket.start()
    bucket.bring(server.store)
    for face, ask in asked.items():
        assert ask().status_code == 200, face
    server.stop()
    server.verify_ledger()
    log = server.process.log.read_text(errors="replace")
    assert SECRET not in log
    assert "the bucket does not answer" in log


def test_a_bucket_that_is_not_there_is_told_before_anything_is_served(bucket, tmp_path):
    wrong = sections(bucket, tmp_path)
    wrong["data"]["store"] = "s3://nowhere"
    made = sandbox.Server(tmp_path / "server", **wrong)
    command = [sandbox.BINARY, "serve", "--config", str(made.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "s3://nowhere" in ended.stderr and SECRET not in ended.stderr, ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
