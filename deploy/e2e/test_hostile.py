"""Requests that no well-meaning client sends: each gets a clear 4xx, and the server goes on."""

import base64
import hashlib
import hmac
import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

TOKEN_HEADERS = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def company(demo):
    return demo.company("client")


@pytest.fixture(scope="module")
def rows(company):
    dataset, table = next(iter(company.tables("synthetic")))
    return f"/v1/datasets/{dataset}/synthetic/tables/{table['name']}/rows"


def assert_problem(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["code"] and problem["title"] and problem["detail"]
    assert "panicked" not in answer.text and "/src/" not in answer.text
    return problem


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=99999999999999999999",
        "limit=x",
        "columns=no_such_column",
        "columns=" + ",".join(f"c{i}" for i in range(5_000)),
        "filter=%00",
        "filter=" + "(" * 2_000,
        "filter=1%3D1%3B%20drop%20table%20x",
        "cursor=%F0%28%8C%28",
        "version=0",
        "version=-1",
        "version=4294967296",
        "%FF=%FE",
        "columns=&columns=",
        "no_such_parameter=1",
    ],
)
def test_a_bad_query_is_a_clear_problem(company, rows, query):
    assert_problem(company.get(f"{rows}?{query}"), 400, 404, 414, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/datasets/no_such_dataset",
        "/v1/datasets/../../etc/passwd",
        "/v1/datasets/%2e%2e%2f%2e%2e%2fetc%2fpasswd/synthetic",
        "/v1/datasets/%00",
        "/v1/datasets/%ED%A0%80",
        "/v1/datasets/" + "a" * 5_000,
        "/v1/files/fil_00000000000000000000000000",
        "/v1/files/..%2f..%2fledger.sqlite",
        "/v1/files/not-an-id",
        "/v1/no-such-route",
    ],
)
def test_a_bad_path_is_a_clear_problem(company, path):
    assert_problem(company.get(path), 400, 404, 414)


@pytest.mark.parametrize("tier", ["raw", "SYNTHETIC", "system"])
def test_a_wrong_tier_does_not_exist(company, rows, tier):
    assert_problem(company.get(rows.replace("/synthetic/", f"/{tier}/")), 400, 404)


def test_an_unknown_version_does_not_exist(company, rows):
    assert_problem(company.get(rows, params={"version": 999}), 404)


def test_ten_thousand_columns_are_refused(company, rows):
    answer = company.get(rows, params={"columns": ",".join("abc" for _ in range(10_000))})
    assert_problem(answer, 400, 414, 431)


def forged_tokens(token, jwks):
    """Tokens that were valid once and then changed."""
    head, claims, signature = token.split(".")
    header, body = json.loads(decode(head)), json.loads(decode(claims))

    def again(header=header, body=body, signature=signature):
        return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(body).encode())}.{signature}"

    yield "other claims", again(body={**body, "scope": "admin.orgs"})
    yield "alg none", again(header={**header, "alg": "none"}, signature="")
    yield "other kid", again(header={**header, "kid": "no-such-key"})
    yield "no signature", f"{head}.{claims}."
    yield "two parts", f"{head}.{claims}"
    # The public key as the secret of a MAC: the classic confusion of algorithms.
    swapped = again(header={**header, "alg": "HS256"}).rsplit(".", 1)[0]
    for key in jwks["keys"]:
        for secret in (json.dumps(key).encode(), decode(key["x"]) if "x" in key else b""):
            mac = hmac.new(secret, swapped.encode(), hashlib.sha256).digest()
            yield "public key as a MAC's secret", f"{swapped}.{encode(mac)}"
    yield "not a token", "x" * 10_000
    yield "empty parts", ".."


def test_a_forged_token_opens_nothing(demo, company, rows):
    token = company.new_token("synthetic.read")
    address = demo.url + rows + "?limit=1"
    assert httpx.get(address, headers={"authorization": f"Bearer {token}"}).status_code == 200
    jwks = httpx.get(demo.url + "/.well-known/jwks.json").json()
    for name, forged in forged_tokens(token, jwks):
        answer = httpx.get(address, headers={"authorization": f"Bearer {forged}"})
        assert answer.status_code in (400, 401, 431), (name, answer.status_code)
        assert "mudeung-receipt" not in answer.headers, name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"grant_type=password&username=a&password=b",
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"\xff\xfe\x00",
        b'{"grant_type": "client_credentials"}',
        b"grant_type=client_credentials&scope=" + b"a" * 50_000,
        b"grant_type=client_credentials&scope=no.such.scope",
        b"x" * 2_000_000,
    ],
)
def test_the_token_endpoint_answers_bad_forms_as_oauth_says(demo, company, body):
    answer = httpx.post(demo.url + "/oauth2/token", content=body, headers=TOKEN_HEADERS, auth=company.auth)
    assert answer.status_code in (400, 401, 413)
    assert answer.json()["error"]


def test_a_wrong_secret_is_invalid_client(demo, company):
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(demo.url + "/oauth2/token", data=form, auth=(company.auth[0], "wrong"))
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * 1_000,
    ],
)
def test_hostile_bytes_do_not_stop_the_server(demo, raw):
    address = urlsplit(demo.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        try:
            first = connection.recv(4096)
        except ConnectionError:
            first = b""
    assert not first.startswith(b"HTTP/1.1 5"), first[:200]
    assert demo.process.answers("/readyz")


@pytest.mark.parametrize("ranges", ["bytes=abc", "bytes=9-1", "bytes=0-1,5-6", "bytes=99999999999-", "bytes=-0", "x" * 4_000])
def test_a_range_that_cannot_be_served_is_416_or_the_whole(demo, company, ranges):
    dataset, table = next(iter(company.tables("synthetic")))
    url = company.files(dataset, "synthetic", table["name"])[0]["url"]
    assert httpx.get(url, headers={"range": ranges}).status_code in (200, 206, 400, 416, 431)


def test_nothing_panicked(demo):
    assert "panicked" not in demo.process.log.read_text(errors="replace")
