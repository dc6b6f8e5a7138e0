"""How a call is signed, sent and repeated: tokens, retries, pages."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from ._config import Settings, is_loopback
from ._errors import IncompleteAnswer, MudeungError, NoAnswer, SignInRefused, refusal
from ._keys import ASSERTION_TYPE, NONCES_MAX, USE_NONCE, PrivateKey, ProofKey, wants_nonce

# A token is renewed this long before it expires, or in the last quarter of a short life.
_RENEWAL_MARGIN_SECONDS = 60.0
_TEMPORARY = (429, 502, 503, 504)
_SIGNATURES = frozenset(("sig", "X-Amz-Signature", "X-Goog-Signature"))
_ERROR_BODY_BYTES_MAX = 64 * 1024


@dataclass(frozen=True)
class RetryPolicy:
    """How patient the client is. Waits are the server's `Retry-After`, otherwise doubled from the first one."""

    attempts: int = 4
    first_wait_seconds: float = 0.5
    wait_max_seconds: float = 60.0

    def wait(self, failed: int, asked: float | None) -> float | None:
        """Seconds to wait after so many failures, or None when it is over."""
        if failed >= self.attempts or (asked is not None and asked > self.wait_max_seconds):
            return None
        return asked if asked is not None else min(self.first_wait_seconds * 2.0 ** (failed - 1), self.wait_max_seconds)


class WithoutSignatures(logging.Filter):
    """httpx logs every address; a signed one opens data, so its query is left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_signature, record.args))
        return True


def _without_signature(part: object) -> object:
    is_signed = isinstance(part, httpx.URL) and not _SIGNATURES.isdisjoint(part.params.keys())
    return part.copy_with(query=None) if is_signed and isinstance(part, httpx.URL) else part


logging.getLogger("httpx").addFilter(WithoutSignatures())


class Http:
    """The connection to one sandbox with one credential. Threads may share it."""

    def __init__(self, settings: Settings, retry: RetryPolicy, language: str, timeout_seconds: float) -> None:
        self._settings = settings
        self.retry = retry
        headers = {"User-Agent": "mudeung-python/0.1.0", "Accept-Language": language, "Accept-Encoding": "identity"}
        timeout = httpx.Timeout(timeout_seconds, connect=10.0)
        self.client = httpx.Client(headers=headers, timeout=timeout, follow_redirects=True)
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self._endpoint: str | None = None
        self._issuer = settings.base_url
        self._key = PrivateKey(settings.private_key, settings.kid) if settings.private_key else None
        self._proofs = ProofKey() if settings.dpop else None

    def close(self) -> None:
        self.client.close()

    def address(self, *parts: str) -> str:
        """An address below the server's; the parts are escaped."""
        return "/".join([self._settings.base_url, *(quote(part, safe="") for part in parts)])

    def json(self, url: str, params: Mapping[str, Any] | None = None) -> Any:
        with self.stream("GET", url, params=params) as response:
            return _parsed(response.read())

    def items(self, url: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All items of a list that comes in pages."""
        cursor: str | None = None
        while True:
            page = self.json(url, {**(params or {}), **({"cursor": cursor} if cursor else {})})
            try:
                yield from page["items"]
                following = page["next_cursor"]
            except (KeyError, TypeError):
                raise IncompleteAnswer(f"the list at {url} has no items") from None
            if following is None:
                return
            if following == cursor:
                raise IncompleteAnswer(f"the list at {url} does not end: its cursor repeats")
            cursor = following

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """The answer to a call, successful, with its body still to be read."""
        response = self._send(method, url, params, accept, body, headers or {})
        try:
            yield response
        except httpx.HTTPError as error:
            raise NoAnswer(f"the answer was cut: {_short(error)}") from None
        finally:
            response.close()

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        accept: str,
        body: Any,
        more: Mapping[str, str],
    ) -> httpx.Response:
        failed, nonces, renewed = 0, 0, False
        while True:
            token = self.token()
            headers = {**self._authorization(method, url, token), "Accept": accept, **more}
            request = self.client.build_request(method, url, params=params, headers=headers, json=body)
            try:
                response = self.client.send(request, stream=True)
            except httpx.HTTPError as error:
                failed += 1
                # A broken POST may have been metered: it is repeated only when it never arrived or has a key.
                repeatable = method == "GET" or "Idempotency-Key" in more or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                wait = self.retry.wait(failed, None) if repeatable else None
                if wait is None:
                    raise NoAnswer(f"no answer from {self._settings.base_url}: {_short(error)}") from None
                time.sleep(wait)
                continue
            if self._proofs:
                self._proofs.keep_nonce(str(response.url), response.headers)
            if response.is_success:
                return response
            if response.status_code == 401 and nonces < NONCES_MAX and wants_nonce(response.headers):
                nonces += 1
                response.close()
                continue
            if response.status_code == 401 and not renewed:
                renewed = True
                response.close()
                self._forget(token)
                continue
            failed += 1
            error_or_wait = self.refused(response, failed)
            if isinstance(error_or_wait, MudeungError):
                raise error_or_wait
            time.sleep(error_or_wait)

    def _authorization(self, method: str, url: str, token: str) -> dict[str, str]:
        if self._proofs is None:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": f"DPoP {token}", "DPoP": self._proofs.proof(method, url, token)}

    def refused(self, response: httpx.Response, failed: int) -> MudeungError | float:
        """The error of a refused call, or the seconds after which it may be tried again. Closes the response."""
        asked = retry_after(response)
        body = _start_of(response)
        wait = self.retry.wait(failed, asked) if response.status_code in _TEMPORARY else None
        return wait if wait is not None else refusal(response.status_code, body, asked)

    def token(self) -> str:
        """A token with some life left. Threads that come while one is being fetched wait for that one."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._renew_at:
                fetched_at = time.monotonic()
                answer = self._fetch_token()
                lifetime = float(answer.get("expires_in", 300))
                self._token = str(answer["access_token"])
                self._renew_at = fetched_at + lifetime - min(_RENEWAL_MARGIN_SECONDS, lifetime / 4)
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            # Another thread may have replaced it in the meantime.
            if self._token == token:
                self._token = None

    def _fetch_token(self) -> dict[str, Any]:
        failed, nonces = 0, 0
        while True:
            response = self._ask_for_token()
            if response.is_success:
                answer = _parsed(response.content)
                if not isinstance(answer, dict) or "access_token" not in answer:
                    raise IncompleteAnswer("the token endpoint's answer has no access_token")
                if self._proofs and str(answer.get("token_type", "")).lower() != "dpop":
                    raise IncompleteAnswer("the server gave a token that is not bound to the key: it knows no DPoP")
                return answer
            if self._proofs and nonces < NONCES_MAX and _error_of(response) == USE_NONCE:
                nonces += 1
                continue
            failed += 1
            wait = self.retry.wait(failed, retry_after(response)) if response.status_code in _TEMPORARY else None
            if wait is None:
                raise _sign_in_error(response)
            time.sleep(wait)

    def _ask_for_token(self) -> httpx.Response:
        try:
            endpoint, settings = self._token_endpoint(), self._settings
            form, auth, headers = {"grant_type": "client_credentials"}, None, {"Accept": "application/json"}
            if self._key is not None:
                # Made anew for each request: an assertion is good once.
                assertion = self._key.assertion(settings.client_id, self._issuer)
                form |= {"client_id": settings.client_id, "client_assertion_type": ASSERTION_TYPE}
                form["client_assertion"] = assertion
            else:
                auth = httpx.BasicAuth(quote(settings.client_id, ""), quote(settings.client_secret or "", ""))
            if self._proofs:
                headers["DPoP"] = self._proofs.proof("POST", endpoint)
            # A redirect must not carry the secret to another place.
            response = self.client.post(endpoint, data=form, auth=auth, headers=headers, follow_redirects=False)
        except httpx.HTTPError as error:
            raise NoAnswer(f"no answer from {self._settings.base_url}: {_short(error)}") from None
        if self._proofs:
            self._proofs.keep_nonce(endpoint, response.headers)
        return response

    def _token_endpoint(self) -> str:
        """What the server's metadata names, or the usual place when there is no metadata."""
        if self._endpoint is None:
            usual = self.address("oauth2", "token")
            response = self.client.get(self.address(".well-known", "oauth-authorization-server"))
            metadata = _parsed(response.content) if response.is_success else {}
            endpoint = metadata.get("token_endpoint", usual) if isinstance(metadata, dict) else usual
            address = urlsplit(str(endpoint))
            is_open = address.scheme != "https" and not is_loopback(address.hostname or "")
            if is_open and self._settings.base_url.startswith("https:"):
                raise IncompleteAnswer(f"the token endpoint {endpoint} is not https")
            self._endpoint = str(endpoint)
            if isinstance(metadata, dict):
                self._issuer = str(metadata.get("issuer", self._issuer))
        return self._endpoint


def retry_after(response: httpx.Response) -> float | None:
    """The server's wish in seconds; the form with a date is not ours and counts as no wish."""
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isdigit() else None


def receipt(response: httpx.Response) -> int | None:
    """The index of the access in the ledger."""
    text = response.headers.get("Mudeung-Receipt", "").strip()
    return int(text) if text.isdigit() else None


def _error_of(response: httpx.Response) -> str | None:
    try:
        return str(json.loads(response.content)["error"])
    except (ValueError, KeyError, TypeError):
        return None


def _sign_in_error(response: httpx.Response) -> MudeungError:
    try:
        answer = json.loads(response.content)
        return SignInRefused(str(answer["error"]), str(answer.get("error_description", "no description")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return refusal(response.status_code, response.content, retry_after(response))


def _start_of(response: httpx.Response) -> bytes:
    body = b""
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _ERROR_BODY_BYTES_MAX:
                break
    except httpx.HTTPError:
        pass  # the status says enough
    finally:
        response.close()
    return body


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise IncompleteAnswer(f"an answer that is not JSON: {error}") from None


def _short(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
