"""Private keys in place of secrets, and tokens that are bound to a key."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import Mock, Reply, Seen
from mudeung import AsyncSandbox, ConfigurationError, IncompleteAnswer, RetryPolicy, Sandbox

pytest.importorskip("cryptography")
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(number: int, length: int | None = None) -> str:
    content = number.to_bytes(length or (number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def parts(jws: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    head, claims, signature = jws.split(".")
    return json.loads(octets(head)), json.loads(octets(claims)), f"{head}.{claims}".encode(), octets(signature)


def es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


class Bound:
    """A server that takes a token only with a fresh proof by the key that it was asked for with, and with its nonce."""

    def __init__(self, mock: Mock) -> None:
        self.mock, self.nonce, self.used, self.keys = mock, "n-1", set(), []
        mock.answer = self.answer

    def proven(self, seen: Seen, token: str | None) -> bool:
        head, claims, message, signature = parts(seen.headers["dpop"])
        assert (head["typ"], head["alg"]) == ("dpop+jwt", "ES256") and set(head["jwk"]) == {"kty", "crv", "x", "y"}
        x, y = (int.from_bytes(octets(head["jwk"][name])) for name in "xy")
        es256(ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key(), message, signature)
        self.keys.append(head["jwk"]["x"])
        assert (claims["htm"], claims["htu"]) == (seen.method, self.mock.url + seen.path)
        ath = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode() if token else None
        assert claims.get("ath") == ath
        assert claims["jti"] not in self.used, "each proof is good for one request"
        self.used.add(claims["jti"])
        return claims.get("nonce") == self.nonce

    def answer(self, seen: Seen) -> Reply | None:
        if seen.path == "/oauth2/token":
            if not self.proven(seen, None):
                return Reply.json({"error": "use_dpop_nonce"}, 400, **{"DPoP-Nonce": self.nonce})
            return Reply.json({"access_token": "bound", "token_type": "DPoP", "expires_in": 1200})
        if seen.path != "/v1/datasets":
            return None
        assert seen.headers["authorization"] == "DPoP bound"
        if not self.proven(seen, "bound"):
            challenge = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": self.nonce}
            return Reply.problem(401, "unauthenticated", **challenge)
        return Reply.page([])


def test_every_request_carries_a_fresh_proof_and_the_nonce_that_was_asked_for(mock: Mock):
    bound = Bound(mock)
    sandbox = Sandbox(mock.url, "app_1", "s3cret", dpop=True)
    sandbox.datasets()
    assert len(mock.seen("/oauth2/token")) == 2, "the first proof had no nonce yet"
    assert len(mock.seen("/v1/datasets")) == 1, "and the next one had it"
    bound.nonce = "n-2"
    sandbox.datasets()
    assert len(mock.seen("/oauth2/token")) == 2 and len(mock.seen("/v1/datasets")) == 3
    assert len(set(bound.keys)) == 1
    Sandbox(mock.url, "app_1", "s3cret", dpop=True).datasets()
    assert len(set(bound.keys)) == 2, "each sandbox has a key of its own"


def test_asyncio_binds_tokens_too(mock: Mock):
    Bound(mock)

    async def main() -> None:
        async with AsyncSandbox(mock.url, "app_1", "s3cret", dpop=True) as sandbox:
            assert await asyncio.gather(*(sandbox.datasets() for _ in range(5))) == [[]] * 5

    asyncio.run(main())


def test_a_server_that_asks_for_nonces_for_ever_is_left(mock: Mock):
    bound = Bound(mock)
    bound.proven = lambda seen, token: False  # type: ignore[method-assign]
    with pytest.raises(Exception, match="use_dpop_nonce"):
        Sandbox(mock.url, "app_1", "s3cret", dpop=True).datasets()
    assert len(mock.seen("/oauth2/token")) == 4


def test_a_server_that_does_not_bind_is_noticed(mock: Mock):
    with pytest.raises(IncompleteAnswer, match="not bound"):
        Sandbox(mock.url, "app_1", "s3cret", dpop=True).datasets()
    assert not mock.seen("/v1/")


def written(folder: Path, content: bytes | str, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def pem(key: Any) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return bytes(key.private_bytes(*form))


def test_a_private_key_proves_the_app_and_never_leaves(mock: Mock, tmp_path: Path):
    ed, p256 = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    big = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    point, secret = p256.public_key().public_numbers(), p256.private_numbers().private_value
    jwk = {"kty": "EC", "crv": "P-256", "kid": "of-file", "d": encoded(secret, 32)}
    jwk |= {"x": encoded(point.x, 32), "y": encoded(point.y, 32)}
    cases: list[Any] = [
        ("Ed25519", pem(ed), "a", lambda m, s: ed.public_key().verify(s, m)),
        ("ES256", pem(p256), "a", lambda m, s: es256(p256.public_key(), m, s)),
        ("PS256", pem(big), None, lambda m, s: big.public_key().verify(s, m, pss, hashes.SHA256())),
        ("ES256", json.dumps(jwk), "of-file", lambda m, s: es256(p256.public_key(), m, s)),
    ]
    mock.lifetime_seconds = 0

    def answer(seen: Seen) -> Reply | None:
        if seen.path == "/.well-known/oauth-authorization-server":
            return Reply.json({"issuer": "https://issuer.example", "token_endpoint": mock.url + "/oauth2/token"})
        return Reply.page([]) if seen.path == "/v1/datasets" else None

    mock.answer = answer
    used = set()
    for algorithm, content, kid, verify in cases:
        given = kid if kid != "of-file" else None
        sandbox = Sandbox(mock.url, "app_1", private_key=written(tmp_path, content), kid=given)
        sandbox.datasets()
        sandbox.datasets()
        seen = mock.seen("/oauth2/token")[-2:]
        for request in seen:
            assert "authorization" not in request.headers
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            assert form["client_id"] == "app_1" and form["grant_type"] == "client_credentials"
            head, claims, message, signature = parts(form["client_assertion"])
            assert head == {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}
            verify(message, signature)
            assert (claims["iss"], claims["sub"], claims["aud"]) == ("app_1", "app_1", "https://issuer.example")
            assert claims["exp"] - claims["iat"] == 60 and claims["jti"] not in used
            used.add(claims["jti"])


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_key_that_others_can_read_is_refused(mock: Mock, tmp_path: Path):
    key = written(tmp_path, pem(ed25519.Ed25519PrivateKey.generate()), 0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Sandbox(mock.url, "app_1", private_key=key)
    for content in ("", "hush", '{"kty": "oct", "k": "hush"}', "{"):
        with pytest.raises(ConfigurationError) as refused:
            Sandbox(mock.url, "app_1", private_key=written(tmp_path, content))
        assert "hush" not in str(refused.value)
    with pytest.raises(ConfigurationError):
        Sandbox(mock.url, "app_1", private_key=tmp_path / "missing")


def test_a_profile_of_the_command_line_may_have_a_key(mock: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Bound(mock)
    key = written(tmp_path, pem(ed25519.Ed25519PrivateKey.generate()))
    profile = f'[profiles.keyed]\nurl = "{mock.url}"\nclient_id = "app_1"\nprivate_key = "{key}"\n'
    profile += 'kid = "a"\ndpop = true\n'
    (tmp_path / "profiles.toml").write_text(profile)
    monkeypatch.setenv("MUDEUNG_CONFIG_DIR", str(tmp_path))
    Sandbox(profile="keyed", retry=RetryPolicy(attempts=1)).datasets()
    assert b"client_assertion=" in mock.seen("/oauth2/token")[-1].body
    monkeypatch.setenv("MUDEUNG_URL", mock.url)
    monkeypatch.setenv("MUDEUNG_CLIENT_ID", "app_2")
    monkeypatch.setenv("MUDEUNG_PRIVATE_KEY", str(key))
    monkeypatch.setenv("MUDEUNG_DPOP", "1")
    Sandbox().datasets()
    assert b"client_id=app_2" in mock.seen("/oauth2/token")[-1].body
