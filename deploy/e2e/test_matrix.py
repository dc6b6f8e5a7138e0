"""The OAuth clients that developers have, unchanged, and one corpus of requests to two servers."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import sandbox

SOURCES = Path(__file__).parent / "clients"


@pytest.fixture(scope="session")
def npm():
    """Runs a script beside the pinned npm packages, which are installed once."""
    folder = Path(sandbox.FOLDER).resolve() / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package.json").read_text()
    stamp = folder / "installed-for"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.copy(SOURCES / "package.json", folder)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
        stamp.write_text(wanted)
    for script in SOURCES.glob("*.mjs"):
        shutil.copy(script, folder)

    def run(script, *arguments):
        command = ["node", script, *map(str, arguments)]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, f"{script}: {result.stderr[-2000:]}"
        return json.loads(result.stdout.splitlines()[-1])

    run.folder = folder
    return run


@pytest.mark.parametrize(
    ("script", "more"),
    [("openid-client.mjs", ["basic"]), ("openid-client.mjs", ["post"]), ("simple-oauth2.mjs", []), ("badgateway.mjs", [])],
)
def test_npm_clients_get_a_token_and_read(demo, npm, script, more):
    app = demo.json["client"]
    answer = npm(script, demo.url, app["client_id"], app["client_secret"], *more)
    assert answer["status"] == 200
    assert answer["token"]["access_token"].count(".") == 2


def test_curl_gets_a_token(demo):
    app = demo.json["client"]
    user = f"{app['client_id']}:{app['client_secret']}"
    command = ["curl", "-sf", "-u", user, "-d", "grant_type=client_credentials", f"{demo.url}/oauth2/token"]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert isinstance(answer["expires_in"], int) and answer["token_type"] == "Bearer"


@pytest.fixture(scope="module")
def oracle(demo, npm):
    """The server that the answers are compared with, with the same client."""
    port, app = sandbox.free_port(), demo.json["client"]
    command = ["node", "oracle.mjs", str(port), app["client_id"], app["client_secret"]]
    with open(npm.folder / "oracle.log", "w") as log:
        process = subprocess.Popen(command, cwd=npm.folder, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        while "listening" not in (line := process.stdout.readline()):
            assert line, (npm.folder / "oracle.log").read_text()[-2000:]
        yield f"http://127.0.0.1:{port}/token"
    finally:
        process.kill()
        process.wait()


FORM = {"content-type": "application/x-www-form-urlencoded"}

# Name, method, headers, body, and whether the client proves who it is in the header.
CORPUS = [
    ("a token", "POST", FORM, "grant_type=client_credentials&scope=catalog.read", True),
    ("no scope", "POST", FORM, "grant_type=client_credentials", True),
    ("two scopes", "POST", FORM, "grant_type=client_credentials&scope=catalog.read+usage.read", True),
    ("a charset", "POST", {"content-type": FORM["content-type"] + "; charset=UTF-8"}, "grant_type=client_credentials", True),
    ("no grant type", "POST", FORM, "scope=catalog.read", True),
    ("an empty grant type", "POST", FORM, "grant_type=", True),
    ("an unknown grant type", "POST", FORM, "grant_type=magic", True),
    ("the password grant", "POST", FORM, "grant_type=password&username=a&password=b", True),
    ("a code", "POST", FORM, "grant_type=authorization_code&code=x&redirect_uri=https://x.example", True),
    ("a repeated parameter", "POST", FORM, "grant_type=client_credentials&scope=catalog.read&scope=usage.read", True),
    ("a repeated grant type", "POST", FORM, "grant_type=client_credentials&grant_type=client_credentials", True),
    ("an unknown parameter", "POST", FORM, "grant_type=client_credentials&colour=blue", True),
    ("an unknown scope", "POST", FORM, "grant_type=client_credentials&scope=magic", True),
    ("a known and an unknown scope", "POST", FORM, "grant_type=client_credentials&scope=catalog.read+magic", True),
    ("JSON", "POST", {"content-type": "application/json"}, '{"grant_type":"client_credentials"}', True),
    ("no body", "POST", FORM, "", True),
    ("nobody", "POST", FORM, "grant_type=client_credentials", False),
    ("a stranger", "POST", FORM, "grant_type=client_credentials&client_id=stranger&client_secret=x", False),
    ("two proofs", "POST", FORM, "grant_type=client_credentials&client_id=x&client_secret=y", True),
    ("another client in the body", "POST", FORM, "grant_type=client_credentials&client_id=stranger", True),
    ("a bad header", "POST", {**FORM, "authorization": "Basic !!!"}, "grant_type=client_credentials", False),
    ("an assertion of nothing", "POST", FORM, "grant_type=client_credentials&client_assertion=x", True),
    ("GET", "GET", {}, "", True),
]

# Where Mudeung answers otherwise on purpose: (what it answers, why).
DEVIATIONS = {
    "an unknown scope": ((400, "invalid_scope"), "nothing is left of the request; a token without scopes helps nobody"),
    "GET": ((405, "invalid_request"), "another method is told so (RFC 9110), not taken for an unknown path"),
    "nobody": ((401, "invalid_client"), "no proof at all is failed authentication (RFC 6749 section 5.2)"),
    "a code": ((400, "unsupported_grant_type"), "there is no such grant on this server, for any client"),
    "a bad header": ((401, "invalid_client"), "the client did not prove who it is, whatever it sent"),
}


def outcome(url, auth, case):
    _, method, headers, body, proved = case
    answer = httpx.request(method, url, headers=headers, content=body, auth=auth if proved else None, timeout=30)
    if answer.status_code < 400:
        assert isinstance(answer.json()["expires_in"], int)
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, None
    try:
        return answer.status_code, answer.json()["error"]
    except (ValueError, KeyError):
        return answer.status_code, None


def test_the_same_requests_have_the_same_answers_but_for_what_is_explained(demo, oracle):
    auth = (demo.json["client"]["client_id"], demo.json["client"]["client_secret"])
    differ, needless = [], []
    for case in CORPUS:
        ours, theirs = outcome(demo.url + "/oauth2/token", auth, case), outcome(oracle, auth, case)
        name = case[0]
        print(f"{name:32} {ours!s:36} {theirs!s:36} {DEVIATIONS.get(name, (None, ''))[1]}")
        if name in DEVIATIONS:
            if ours != DEVIATIONS[name][0]:
                differ.append((name, ours, DEVIATIONS[name][0]))
            if ours == theirs:
                needless.append(name)
        elif ours != theirs:
            differ.append((name, ours, theirs))
    assert not differ, f"(case, Mudeung, expected): {differ}"
    assert not needless, f"these do not deviate: {needless}"
