"""What can go wrong, one class for each thing that a caller can do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class MudeungError(Exception):
    """Any failure of this package. The text is one line and holds no secret and no signed address."""


class ConfigurationError(MudeungError, ValueError):
    """The settings or arguments cannot work: change them."""


class NoAnswer(MudeungError, ConnectionError):
    """The server could not be reached, or the connection broke."""


class IncompleteAnswer(MudeungError):
    """The answer was cut short, or is not what this API answers."""


class Damaged(MudeungError):
    """A file is not what the server announced. Nothing was kept."""


class SignInRefused(MudeungError, PermissionError):
    """The token endpoint refused the credential."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"sign-in refused ({error}): {description}")
        self.error = error
        self.description = description


class Problem(MudeungError):
    """The server refused the call (RFC 9457)."""

    def __init__(self, body: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = int(body.get("status", 0))
        self.code = str(body.get("code", "unknown"))
        self.title = str(body.get("title", self.code))
        self.detail = str(body.get("detail", ""))
        self.instance = str(body.get("instance", ""))
        self.invalid_parameters = list(body.get("invalid_parameters", []))
        self.violated_policies = list(body.get("violated-policies", []))
        self.retry_after = retry_after
        text = f"{self.title} ({self.code})"
        if self.detail:
            text += f": {self.detail}"
        for parameter in self.invalid_parameters:
            # The detail often says the same.
            if str(parameter.get("reason")) not in text:
                text += f"; {parameter.get('name')}: {parameter.get('reason')}"
        if retry_after is not None:
            text += f"; try again in {retry_after:g} s"
        super().__init__(" ".join(text.split()))


class NotFound(Problem, LookupError):
    """There is nothing of this name for you: it does not exist, or you hold no grant for it."""


class RateLimited(Problem):
    """Too many requests in too short a time."""


class QuotaExhausted(Problem):
    """The budget of bytes or rows is used up."""


class Unavailable(Problem):
    """The server cannot serve data now; nothing is wrong with the call."""


_CLASSES: dict[str, type[Problem]] = {
    "not_found": NotFound,
    "rate_limited": RateLimited,
    "quota_exhausted": QuotaExhausted,
    "ledger_unavailable": Unavailable,
    "overloaded": Unavailable,
}


def refusal(status: int, body: bytes, retry_after: float | None) -> MudeungError:
    """The error for an answer that is not a success."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        return _CLASSES.get(str(problem["code"]), Problem)({"status": status, **problem}, retry_after)
    if status in (429, 503):
        kind = RateLimited if status == 429 else Unavailable
        code = "rate_limited" if status == 429 else "overloaded"
        return kind({"status": status, "code": code, "title": "The server is busy"}, retry_after)
    shown = " ".join(body.decode("utf-8", "replace").split())[:200] or "an error without a body"
    return IncompleteAnswer(f"unexpected answer ({status}): {shown}")
