"""Keys in place of what could be copied: private keys that prove an app (RFC 7523), and keys that tokens are bound to
(DPoP, RFC 9449).

Needs the package `cryptography`: `pip install mudeung[keys]`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ._errors import ConfigurationError

# What a proof without a nonce, or with an old one, is refused with.
USE_NONCE = "use_dpop_nonce"
# So often a call is sent again with the nonce that is asked for: of several servers behind one address each has its own.
NONCES_MAX = 3
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_KEY_BYTES_MAX = 16 * 1024

Sign = Callable[[bytes], bytes]


class PrivateKey:
    """A private key in a file whose public half was registered for an app. Only signatures are ever sent."""

    def __init__(self, path: str | os.PathLike[str], kid: str | None = None) -> None:
        """Reads PEM (PKCS #8) or a JSON web key: Ed25519, P-256 (ES256) or RSA (PS256). Others must not read the file.

        Without `kid` the server looks for the one among the app's keys that fits.
        """
        text = _read(Path(path))
        try:
            if text.lstrip().startswith("{"):
                members = json.loads(text)
                kid = kid or members.get("kid")
                key = _of_jwk(members)
            else:
                key = _crypto().serialization.load_pem_private_key(text.encode(), None)
            self.algorithm, self._sign = _signer(key)
        except (ValueError, TypeError, KeyError, AttributeError):
            # The cause may quote the key.
            raise ConfigurationError(f"{path} is not a private key of Ed25519, P-256 or RSA in PEM or JWK") from None
        self.kid = kid

    def assertion(self, client_id: str, issuer: str) -> str:
        """Proves an app to an issuer: good for one request within a minute."""
        now = int(time.time())
        head = {"alg": self.algorithm, "typ": "JWT", **({"kid": self.kid} if self.kid else {})}
        claims = {"iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + _ASSERTION_SECONDS}
        return _signed(head, {**claims, "jti": str(uuid.uuid4())}, self._sign)

    def __repr__(self) -> str:
        return f"PrivateKey(kid={self.kid!r}, algorithm={self.algorithm!r})"


class ProofKey:
    """A key on P-256 that lives as long as its sandbox and is written nowhere."""

    def __init__(self) -> None:
        key = _crypto().ec.generate_private_key(_crypto().ec.SECP256R1())
        point = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _encode(point.x.to_bytes(32)), "y": _encode(point.y.to_bytes(32))}
        algorithm, self._sign = _signer(key)
        self._head = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk}
        self._lock = threading.Lock()
        self._nonces: dict[str, str] = {}

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        """A proof for one request, and for the token that it carries."""
        address = urlsplit(url)
        claims: dict[str, Any] = {
            "htm": method,
            "htu": urlunsplit((address.scheme, address.netloc, address.path, "", "")),
            "iat": int(time.time()),
            "jti": str(uuid.uuid4()),
        }
        if token is not None:
            claims["ath"] = _encode(hashlib.sha256(token.encode()).digest())
        with self._lock:
            nonce = self._nonces.get(_origin(url))
        if nonce is not None:
            claims["nonce"] = nonce
        return _signed(self._head, claims, self._sign)

    def keep_nonce(self, url: str, headers: Mapping[str, str]) -> None:
        """Keeps the nonce that an answer brings for the next proof."""
        nonce = headers.get("DPoP-Nonce")
        if nonce:
            with self._lock:
                self._nonces[_origin(url)] = nonce


def wants_nonce(headers: Mapping[str, str]) -> bool:
    """Whether a refusal of the resource server only wants another nonce."""
    return "DPoP-Nonce" in headers and USE_NONCE in headers.get("WWW-Authenticate", "")


def _signed(head: Mapping[str, Any], claims: Mapping[str, Any], sign: Sign) -> str:
    message = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    return f"{message}.{_encode(sign(message.encode()))}"


def _signer(key: Any) -> tuple[str, Sign]:
    crypto = _crypto()
    if isinstance(key, crypto.ed25519.Ed25519PrivateKey):
        return "Ed25519", key.sign
    if isinstance(key, crypto.ec.EllipticCurvePrivateKey) and isinstance(key.curve, crypto.ec.SECP256R1):

        def es256(message: bytes) -> bytes:
            # Two numbers side by side, not in DER (RFC 7518 section 3.4).
            r, s = crypto.decode_dss_signature(key.sign(message, crypto.ec.ECDSA(crypto.hashes.SHA256())))
            return bytes(r.to_bytes(32) + s.to_bytes(32))

        return "ES256", es256
    if isinstance(key, crypto.rsa.RSAPrivateKey):
        sha256 = crypto.hashes.SHA256()
        pss = crypto.padding.PSS(crypto.padding.MGF1(sha256), salt_length=32)
        return "PS256", lambda message: bytes(key.sign(message, pss, sha256))
    raise ValueError("a key of another kind")


def _of_jwk(members: Mapping[str, Any]) -> Any:
    crypto = _crypto()

    def octets(name: str) -> bytes:
        text = members[name]
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def number(name: str) -> int:
        return int.from_bytes(octets(name))

    match members["kty"], members.get("crv"):
        case "OKP", "Ed25519":
            return crypto.ed25519.Ed25519PrivateKey.from_private_bytes(octets("d"))
        case "EC", "P-256":
            return crypto.ec.derive_private_key(number("d"), crypto.ec.SECP256R1())
        case "RSA", _:
            public = crypto.rsa.RSAPublicNumbers(number("e"), number("n"))
            private = [number(name) for name in ("p", "q", "d", "dp", "dq", "qi")]
            return crypto.rsa.RSAPrivateNumbers(*private, public).private_key()
    raise ValueError("a key of another kind")


def _read(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if sys.platform != "win32" and stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o077:
                raise ConfigurationError(f"others can read the private key {path}: run `chmod 600 {path}`")
            content = file.read(_KEY_BYTES_MAX + 1)
            if len(content) > _KEY_BYTES_MAX:
                raise ConfigurationError(f"the private key {path} is longer than {_KEY_BYTES_MAX} bytes")
            return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the private key {path}: {type(error).__name__}") from None


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _origin(url: str) -> str:
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}".lower()


class _Crypto:
    def __init__(self) -> None:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        self.hashes, self.serialization, self.decode_dss_signature = hashes, serialization, decode_dss_signature
        self.ec, self.ed25519, self.padding, self.rsa = ec, ed25519, padding, rsa


def _crypto() -> Any:
    try:
        return _Crypto()
    except ImportError:
        raise ConfigurationError("private keys and DPoP need `pip install mudeung[keys]`") from None
