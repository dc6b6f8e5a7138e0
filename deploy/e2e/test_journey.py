"""A newcomer's first hour, each step as the README says it."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pandas
import pyarrow.parquet
import pytest
import sandbox


def first_file(company, tier):
    dataset, table = next(iter(company.tables(tier)))
    return company.files(dataset, tier, table["name"])[0]


def test_a_second_start_is_ready_in_under_two_seconds(demo):
    print(f"second start: {demo.process.ready_after:.2f} s")
    assert demo.process.ready_after < 2


def test_the_demo_writes_what_tools_need(demo):
    assert demo.json["base_url"] == demo.url
    for who in ("client", "sandbox"):
        assert set(demo.json[who]) == {"client_id", "client_secret"}
    assert set(demo.json["admin"]) == {"email", "password"}
    assert demo.json["profile"]["token_endpoint"] == demo.url + "/oauth2/token"


def test_curl_gets_a_token_and_a_catalogue(demo):
    sandbox_app = demo.json["sandbox"]
    basic = f"{sandbox_app['client_id']}:{sandbox_app['client_secret']}"
    command = ["curl", "-sS", "--fail-with-body", "-u", basic, "-d", "grant_type=client_credentials"]
    answer = subprocess.run([*command, demo.url + "/oauth2/token"], capture_output=True, check=True)
    token = json.loads(answer.stdout)
    assert token["token_type"] == "Bearer"
    command = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {token['access_token']}"]
    answer = subprocess.run([*command, demo.url + "/v1/datasets"], capture_output=True, check=True)
    assert json.loads(answer.stdout)["items"]


def test_pandas_reads_a_signed_address(demo):
    file = first_file(demo.company("sandbox"), "synthetic")
    frame = pandas.read_parquet(file["url"])
    assert len(frame) == file["rows"]


def test_every_open_file_is_what_the_listing_says(demo):
    company = demo.company()
    seen = 0
    for tier in ("synthetic", "deidentified"):
        for dataset, table in company.tables(tier):
            for file in company.files(dataset, tier, table["name"]):
                body = httpx.get(file["url"], timeout=60).content
                assert len(body) == file["size_bytes"]
                assert hashlib.sha256(body).hexdigest() == file["sha256"]
                parquet = pyarrow.parquet.ParquetFile(io.BytesIO(body))
                assert parquet.metadata.num_rows == file["rows"]
                assert parquet.schema_arrow.names == table["columns"]
                seen += 1
    assert seen >= 3


def test_without_a_grant_deidentified_data_does_not_exist(demo):
    client, visitor = demo.company("client"), demo.company("sandbox")
    found = list(client.tables("deidentified"))
    assert found, "the demo company has grants"
    assert not list(visitor.tables("deidentified"))
    for dataset, table in found:
        base = f"/v1/datasets/{dataset}/deidentified"
        for path in ("", f"/tables/{table['name']}", f"/tables/{table['name']}/files", f"/tables/{table['name']}/rows"):
            answer = visitor.get(base + path)
            assert answer.status_code in (403, 404), (path, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_signed_address_does_not_work_once_it_is_changed(demo):
    url = first_file(demo.company("sandbox"), "synthetic")["url"]
    assert httpx.get(url).status_code == 200
    path, query = url.split("?", 1)
    # The last character of a base64 text may carry bits that count for nothing: change one in the middle of each value.
    for index, pair in enumerate(query.split("&")):
        name, value = pair.split("=", 1)
        middle = len(value) // 2
        other = "A" if value[middle : middle + 1] != "A" else "B"
        changed = query.split("&")
        changed[index] = f"{name}={value[:middle]}{other}{value[middle + 1 :]}"
        answer = httpx.get(f"{path}?{'&'.join(changed)}")
        assert answer.status_code in (400, 403, 404), (name, answer.status_code)


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/vnd.apache.arrow.stream"])
def test_rows_come_in_the_format_that_is_asked_for(demo, accept):
    company = demo.company("sandbox")
    dataset, table = next(iter(company.tables("synthetic")))
    path = f"/v1/datasets/{dataset}/synthetic/tables/{table['name']}/rows"
    answer = company.get(path, params={"limit": 5}, headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == accept
    assert int(answer.headers["mudeung-receipt"]) >= 0


def test_the_command_line_pulls_a_table(demo, tmp_path):
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PATH": "/usr/bin:/bin"}
    app = demo.json["sandbox"]
    dataset, table = next(iter(demo.company("sandbox").tables("synthetic")))

    def cli(*arguments, text=None):
        command = [sandbox.CLI_BINARY, *arguments]
        result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, input=text, text=True)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    secret = app["client_secret"] + "\n"
    cli("login", demo.url, "--client-id", app["client_id"], text=secret)
    assert dataset in cli("datasets")
    assert table["name"] in cli("datasets", f"{dataset}.synthetic")
    cli("pull", f"{dataset}.synthetic.{table['name']}", "--out", str(tmp_path / "out"))
    pulled = list((tmp_path / "out").rglob("*.parquet"))
    assert sum(pyarrow.parquet.read_metadata(file).num_rows for file in pulled) == table["rows"]
    sql = f"select * from {dataset}.synthetic.{table['name']} order by 1, 2, 3"
    cli("query", sql, "--out", "at-once.csv")
    cli("query", sql, "--background", "--out", "later.csv")
    assert (tmp_path / "later.csv").read_bytes() == (tmp_path / "at-once.csv").read_bytes()
    assert len((tmp_path / "later.csv").read_text().splitlines()) == table["rows"] + 1


def test_the_command_line_counts_without_a_grant(demo, tmp_path):
    app = demo.json["client"]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "MUDEUNG_URL": demo.url}
    environment |= {"MUDEUNG_CLIENT_ID": app["client_id"], "MUDEUNG_CLIENT_SECRET": app["client_secret"]}

    def cli(*arguments):
        command = [sandbox.CLI_BINARY, *arguments]
        result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    asked = ("statistics", "lymph_node.patient", "--by", "tumor_grade=1,2,3", "--epsilon", "0.1")
    counts = json.loads(cli(*asked, "--json"))
    assert [cell["bins"] for cell in counts["cells"]] == [["1"], ["2"], ["3"]] and counts["unit"] == "persons"
    shown = cli(*asked)
    assert "TUMOR_GRADE" in shown and "Charged nothing, it was asked before" in shown and "█" in shown
    spent = next(each for each in json.loads(cli("statistics", "--json")) if each["dataset"] == "lymph_node")
    assert spent["epsilon_spent"] >= 0.1
    assert "lymph_node" in cli("statistics")
    for shell in ("bash", "zsh", "fish"):
        assert "statistics" in cli("completions", shell)


def test_the_printed_commands_work_as_pasted(demo, tmp_path):
    printed = demo.process.log.read_text().rsplit("First rows with curl", 1)[1].split("Data, keys and databases", 1)[0]
    # Headings are indented by two, what is to be pasted by four, and a here-document's text by nothing.
    script = "\n".join(line for line in printed.splitlines() if not re.match(r" {1,3}\S", line))
    script = script.replace("cargo run --release -p mudeung-sdk --bin mudeung-cli --", sandbox.CLI_BINARY)
    script = script.replace("cargo run --release --", sandbox.BINARY).replace("python3", sys.executable)
    root = Path(__file__).resolve().parents[2]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(root / "sdk/python/src")}
    command = ["bash", "-euxo", "pipefail", "-c", textwrap.dedent(script.lstrip("\n"))]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{script}\n{result.stdout}\n{result.stderr}"
    assert "patient" in result.stderr and list(tmp_path.rglob("*.parquet"))


def test_usage_is_what_was_sent(demo):
    company = demo.company("sandbox")
    dataset, table = next(iter(company.tables("synthetic")))
    file = company.files(dataset, "synthetic", table["name"])[0]

    def bytes_used():
        # An OUTCOME is written when its answer is over, and a read lease is over when it ends.
        return sum(item["bytes"] for item in company.items("/v1/usage"))

    path = f"/v1/datasets/{dataset}/synthetic/tables/{table['name']}/rows"
    before = bytes_used()
    body = company.get(path, params={"limit": 7}).content
    wait_until(lambda: bytes_used() >= before + len(body))
    assert file["size_bytes"] > 0


def test_every_number_of_the_alerts_and_the_dashboard_is_counted(demo):
    monitoring = Path(__file__).resolve().parents[1] / "monitoring"
    wanted = set(re.findall(r"mudeung_[a-z_]+", "".join(file.read_text() for file in monitoring.iterdir())))
    counted = httpx.get(demo.url + "/metrics").text
    assert wanted and not {name for name in wanted if name not in counted}


def wait_until(holds, seconds=10):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
