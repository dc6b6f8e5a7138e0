"""A server on a loopback port that plays the sandbox, faults included, and answers what a test tells it to.

Faults such as cut connections cannot be had from the real server on demand. That the real server answers the same
shapes is what test_e2e.py shows.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from mudeung import RetryPolicy, Sandbox


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Reply:
    """What to answer. `cut_after` closes the connection after so many bytes of the announced body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None

    @staticmethod
    def json(value: Any, status: int = 200, **headers: str) -> Reply:
        return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})

    @staticmethod
    def problem(status: int, code: str, **headers: str) -> Reply:
        kind = {"type": f"/docs/problems/{code}", "title": "Title", "status": status, "code": code}
        return Reply.json({**kind, "detail": "What happened here", "instance": "urn:trace:1"}, status, **headers)

    @staticmethod
    def page(items: list[Any], next_cursor: str | None = None) -> Reply:
        return Reply.json({"items": items, "next_cursor": next_cursor})


class Mock:
    """A running server. Tokens are `token-1`, `token-2` …, unless a test answers `/oauth2/token` itself."""

    def __init__(self) -> None:
        self.log: list[Seen] = []
        self.answer: Callable[[Seen], Reply | None] = lambda seen: None
        self.lifetime_seconds = 1200
        self.issued = 0
        self._lock = threading.Lock()
        mock = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, body)
                reply = mock.reply(seen)
                self.send_response(reply.status)
                for name, value in {
                    **reply.headers,
                    "Content-Length": str(len(reply.body)),
                    "Connection": "close",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body[: reply.cut_after])

            do_GET = do_POST = do_HEAD = handle_any

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def reply(self, seen: Seen) -> Reply:
        with self._lock:
            self.log.append(seen)
            answer = self.answer(seen)
            if answer is not None:
                return answer
            if seen.path == "/oauth2/token":
                self.issued += 1
                token = {"access_token": f"token-{self.issued}", "token_type": "Bearer", "scope": "data.read"}
                return Reply.json({**token, "expires_in": self.lifetime_seconds})
            return Reply.problem(404, "not_found")

    def seen(self, prefix: str) -> list[Seen]:
        return [seen for seen in self.log if seen.target.startswith(prefix)]

    def sandbox(self) -> Sandbox:
        """A client that waits milliseconds where the usual one waits seconds."""
        return Sandbox(self.url, "app_1", "s3cret", retry=RetryPolicy(first_wait_seconds=0.001))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def mock() -> Iterator[Mock]:
    mock = Mock()
    yield mock
    mock.close()


@pytest.fixture(autouse=True)
def no_ambient_settings(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Any) -> None:
    """What the developer has set must not reach a test."""
    if request.node.get_closest_marker("e2e"):
        return
    for name in ("URL", "CLIENT_ID", "CLIENT_SECRET", "PRIVATE_KEY", "DPOP", "PROFILE"):
        name = f"MUDEUNG_{name}"
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MUDEUNG_CONFIG_DIR", str(tmp_path / "config"))


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
