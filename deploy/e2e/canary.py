"""Known secrets and personal values, pushed through every path of a server, and the search for them afterwards."""

import base64
import html
import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import sandbox
from joserfc import jwt
from joserfc.jwk import ECKey

# A network that belongs to nobody (RFC 5737): wherever it turns up, it came from here.
ADDRESS = "203.0.113.77"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Portal:
    """A browser without scripts: cookies, forms and their tokens."""

    def __init__(self, url):
        self.http = httpx.Client(base_url=url, timeout=30, headers={"x-forwarded-for": ADDRESS})

    def sign_in(self, person, password=None):
        fields = {"email": person["email"], "password": password or person["password"], "next": ""}
        return self.submit("/en/sign-in", "/en/sign-in", fields)

    def page(self, path):
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def submit(self, page, path, fields):
        token = re.search(r'name="form_token" value="([^"]*)"', self.page(page)).group(1)
        return self.http.post(path, data={"form_token": token, **fields})

    def shown_once(self, page, path, fields):
        """What a form shows one time and never again."""
        answer = self.submit(page, path, fields)
        found = re.findall(r'<code class="secret">([^<]+)</code>', answer.text)
        assert answer.status_code == 200 and found, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return html.unescape(found[0])

    def cookies(self):
        return {f"cookie {name}": value for name, value in self.http.cookies.items() if name != "mudeung-language"}


class Canary:
    """What must not be found. Values shorter than 12 letters would be found by chance."""

    def __init__(self):
        self.secrets = {}

    def keep(self, name, value):
        assert len(value) >= 12, name
        self.secrets[name] = value
        return value

    def keep_token(self, name, token):
        """Of a JWT it is the signature that makes it usable."""
        self.keep(f"signature of {name}", token.rsplit(".", 1)[1])
        return token


def push(server):
    """Uses every kind of secret there is, rightly and wrongly, and answers what was used."""
    canary = Canary()
    people = server.credentials
    portal = sign_in(server, canary, people["developer"])
    app, secret = make_app(portal, canary)
    tokens = push_tokens(server, canary, app, secret)
    push_reads(server, canary, tokens["access_token"])
    push_device(server, canary, portal)
    push_registration(server, canary, portal)
    push_assertion_and_proof(server, canary, portal)
    look_around(sign_in(server, canary, people["admin"]))
    enrol(portal, canary)
    return canary


def sign_in(server, canary, person):
    portal = Portal(server.url)
    canary.keep(f"password of {person['email']}", person["password"])
    portal.sign_in(person, canary.keep("mistyped password", person["password"] + "-mistyped"))
    assert portal.sign_in(person).status_code == 303
    for name, value in portal.cookies().items():
        canary.keep(f"{name} of {person['email']}", value)
    return portal


def make_app(portal, canary):
    answer = portal.submit("/en/apps", "/en/apps", {"name": "Canary", "method": "client_secret"})
    assert answer.status_code == 303, answer.text[:2000]
    page = answer.headers["location"].split("?")[0]
    secret = portal.shown_once(page, f"{page}/credentials", {"label": "canary", "days": "30"})
    return page.rsplit("/", 1)[1], canary.keep("client secret", secret)


def push_tokens(server, canary, app, secret):
    url = server.url + "/oauth2/token"
    form = {"grant_type": "client_credentials", "scope": sandbox.SCOPES}
    headers = {"x-forwarded-for": ADDRESS}
    wait_for_change()
    tokens = httpx.post(url, data=form, auth=(app, secret), headers=headers).json()
    canary.keep_token("an access token", tokens["access_token"])
    revoked = httpx.post(url, data=form, auth=(app, secret), headers=headers).json()["access_token"]
    canary.keep_token("a revoked token", revoked)
    for path in ("introspect", "revoke", "introspect"):
        httpx.post(f"{server.url}/oauth2/{path}", data={"token": revoked}, auth=(app, secret), headers=headers)
    mistyped = canary.keep("mistyped secret", secret[:-6] + "qqqqqq")
    httpx.post(url, data=form, auth=(app, mistyped), headers=headers)
    # In places where they do not belong.
    httpx.post(f"{url}?client_secret={secret}", data={**form, "client_secret": secret}, headers=headers)
    httpx.post(url, json={**form, "client_secret": secret}, headers=headers)
    httpx.get(f"{server.url}/v1/datasets?access_token={tokens['access_token']}", headers=headers)
    httpx.get(f"{server.url}/nowhere/{secret}", headers=headers)
    httpx.get(f"{server.url}/v1/datasets/{secret}", headers={"authorization": f"Bearer {secret}", **headers})
    return tokens


def push_reads(server, canary, token):
    http = httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}", "x-forwarded-for": ADDRESS})
    dataset = next(item["id"] for item in http.get("/v1/datasets").json()["items"] if "synthetic" in item["tiers"])
    table = http.get(f"/v1/datasets/{dataset}/synthetic").json()["tables"][0]["name"]
    base = f"/v1/datasets/{dataset}/synthetic/tables/{table}"
    address = http.get(base + "/files").json()["items"][0]["url"]
    signatures = [values[0] for name, values in parse_qs(urlsplit(address).query).items() if len(values[0]) > 40]
    assert signatures, address
    for number, value in enumerate(signatures):
        canary.keep(f"signature {number} of a file's address", value)
    for path in (base + "/rows?limit=3", base + "/rows?filter=nonsense", "/v1/usage", "/v1/quota", "/v1/grants"):
        http.get(path)
    http.post("/v1/query", json={"sql": f"select count(*) from {dataset}.synthetic.{table}"})
    httpx.get(address, headers={"range": "bytes=0-99", "x-forwarded-for": ADDRESS})
    httpx.get(address + "x", headers={"x-forwarded-for": ADDRESS})


def push_device(server, canary, portal):
    """A command line that signs in from the browser."""
    begun = httpx.post(server.url + "/oauth2/device_authorization", data={"client_id": "mudeung-cli"}).json()
    canary.keep("device code", begun["device_code"])
    shown = portal.submit("/en/device", "/en/device", {"code": begun["user_code"]})
    if shown.status_code == 303:
        shown = portal.http.get(shown.headers["location"])
    app = re.search(r'<option value="(app_[a-z0-9]+)"', shown.text).group(1)
    token = re.search(r'name="form_token" value="([^"]*)"', shown.text).group(1)
    fields = {"form_token": token, "code": begun["user_code"], "app": app, "answer": "allow"}
    answer = portal.http.post("/en/device/decide", data=fields)
    assert answer.status_code == 303, answer.text
    time.sleep(5)
    form = {"grant_type": DEVICE, "client_id": "mudeung-cli", "device_code": begun["device_code"]}
    tokens = httpx.post(server.url + "/oauth2/token", data=form).json()
    canary.keep_token("a device's token", tokens["access_token"])
    canary.keep("refresh token", tokens["refresh_token"])
    form = {"grant_type": "refresh_token", "client_id": "mudeung-cli", "refresh_token": tokens["refresh_token"]}
    tokens = httpx.post(server.url + "/oauth2/token", data=form).json()
    canary.keep("next refresh token", tokens["refresh_token"])
    httpx.post(server.url + "/oauth2/revoke", data={"client_id": "mudeung-cli", "token": tokens["refresh_token"]})


def push_registration(server, canary, portal):
    """An app that a program registers."""
    fields = {"label": "canary", "uses": "3", "days": "1"}
    initial = portal.shown_once("/en/registration-tokens", "/en/registration-tokens", fields)
    bearer = {"authorization": f"Bearer {canary.keep('initial access token', initial)}"}
    made = httpx.post(server.url + "/oauth2/register", json={"client_name": "Made by a program"}, headers=bearer).json()
    canary.keep("registered secret", made["client_secret"])
    access = canary.keep("registration access token", made["registration_access_token"])
    httpx.get(made["registration_client_uri"], headers={"authorization": f"Bearer {access}"})


def push_assertion_and_proof(server, canary, portal):
    """private_key_jwt and DPoP."""
    answer = portal.submit("/en/apps", "/en/apps", {"name": "Canary keys", "method": "private_key_jwt"})
    page = answer.headers["location"].split("?")[0]
    key = ECKey.generate_key("P-256")
    fields = {"label": "canary", "days": "30", "key": public_key(key), "algorithm": "", "starts": ""}
    registered = portal.submit(page, f"{page}/keys", fields)
    assert registered.status_code == 303, registered.text[:3000]
    wait_for_change()
    described = httpx.get(server.url + "/.well-known/oauth-authorization-server").json()
    app, url = page.rsplit("/", 1)[1], server.url + "/oauth2/token"
    proof_key = ECKey.generate_key("P-256")
    nonce = None
    for number in range(3):
        now = int(time.time())
        claims = {"iss": app, "sub": app, "aud": described["issuer"], "iat": now, "exp": now + 60, "jti": f"canary-{number}"}
        assertion = canary.keep_token(f"assertion {number}", jwt.encode({"alg": "ES256"}, claims, key))
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": proof_key.as_dict(private=False)}
        body = {"htm": "POST", "htu": described["token_endpoint"], "iat": now, "jti": f"canary-proof-{number}"}
        proof = jwt.encode(head, body | ({"nonce": nonce} if nonce else {}), proof_key)
        canary.keep_token(f"proof {number}", proof)
        form = {
            "grant_type": "client_credentials",
            "scope": "catalog.read",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        answer = httpx.post(url, data=form, headers={"dpop": proof, "x-forwarded-for": ADDRESS})
        if answer.status_code == 200:
            break
        nonce = answer.headers.get("dpop-nonce")
        assert nonce, answer.text
    assert answer.json()["token_type"] == "DPoP", answer.text
    canary.keep_token("a bound token", answer.json()["access_token"])
    dry_run = httpx.post(server.url + "/oauth2/validate-assertion", data={"client_assertion": assertion})
    assert dry_run.status_code < 500


def public_key(key):
    return json.dumps(key.as_dict(private=False))


def look_around(portal):
    """Pages that show entries, people and figures, and what takes entries along."""
    for page in ("home", "ledger", "organizations", "usage", "grants", "requests", "kill-switches", "reviews"):
        portal.page(f"/en/{page}")
    fields = {"format": "csv", "reason": "canary", "from": "2026-01-01", "until": "2036-01-01"}
    assert portal.submit("/en/ledger/export", "/en/ledger/export", fields).status_code < 500


def enrol(portal, canary):
    """A second factor; its secret stands on the page once."""
    answer = portal.submit("/en/security", "/en/security/second-factor", {})
    found = re.search(r"secret=([A-Z2-7]{16,})", html.unescape(answer.text))
    seed = found.group(1) if found else re.search(r"<code[^>]*>([A-Z2-7 ]{16,})</code>", answer.text).group(1)
    canary.keep("second factor", seed.replace(" ", ""))


def wait_for_change():
    """A change is seen by every node within a second."""
    time.sleep(1)


def spellings(value):
    """A value as it may have been written: itself, and in base64 or hexadecimal."""
    raw = value.encode()
    yield raw
    yield raw.hex().encode()
    # In base64 the beginning depends on what stands before it; two letters less at each end are always there.
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")[4 if shift else 0 : -2]
        yield coded
        yield coded.translate(bytes.maketrans(b"+/", b"-_"))
    # And as the bytes that it stands for.
    if re.fullmatch(r"([A-Z2-7]{8})+", value):
        yield base64.b32decode(value)


def find(places, values):
    """Where any of the values stands: (name of the value, name of the place)."""
    found = []
    for place, content in places.items():
        for name, value in values.items():
            if any(spelling in content for spelling in spellings(value)):
                found.append((name, place))
    return found


def files(folder):
    """All files of a server, by name: databases with their journals, keys, logs, data."""
    folder = Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
