"""Queries that run on the server without you waiting for them."""

from __future__ import annotations

import time
from typing import Any

import pyarrow

from ._arrow import MEDIA_TYPE, read_batches
from ._errors import MudeungError
from ._http import Http, receipt
from ._table import Result

# Seconds between questions how far a job is; the server says the same in `Retry-After`.
_ASK_AGAIN = 2.0


class QueryFailed(MudeungError):
    """A query that ran without you ended without a result."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code
        self.detail = detail


class QueryJob:
    """A query that runs on the server; `id` finds it again from another program, for a day.

    Each fetch of the result is decided, metered and recorded as any read.
    """

    def __init__(self, http: Http, item: dict[str, Any]) -> None:
        self._http = http
        self._item = item

    @property
    def id(self) -> str:
        """Its identifier, `job_…`."""
        return str(self._item["id"])

    @property
    def sql(self) -> str:
        """What it runs."""
        return str(self._item["sql"])

    @property
    def state(self) -> str:
        """`running`, `succeeded` or `failed`, as it was when it was last asked about."""
        return str(self._item["state"])

    @property
    def rows(self) -> int | None:
        """Rows of the result, once there is one."""
        return self._item.get("rows")

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the result, once there is one."""
        return self._item.get("size_bytes")

    def _address(self, *more: str) -> str:
        return self._http.address("v1", "query", "jobs", self.id, *more)

    def refresh(self) -> QueryJob:
        """Asks how far it is."""
        self._item = self._http.json(self._address())
        return self

    def wait(self, timeout_seconds: float | None = None) -> QueryJob:
        """Waits until it has succeeded; raises `QueryFailed` or, when the time is over, `TimeoutError`."""
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        pause = 0.05
        while self.refresh().state == "running":
            if end is not None and time.monotonic() + pause > end:
                raise TimeoutError(f"{self.id} is still running after {timeout_seconds} s")
            time.sleep(pause)
            pause = min(pause * 2, _ASK_AGAIN)
        if self.state == "failed":
            problem = self._item.get("problem") or {}
            raise QueryFailed(str(problem.get("code")), str(problem.get("detail")))
        return self

    def result(self) -> Result:
        """Waits for the result and fetches it."""
        self.wait()
        with self._http.stream("GET", self._address("result"), accept=MEDIA_TYPE) as response:
            schema, batches = read_batches(response)
            return Result(pyarrow.Table.from_batches(batches, schema), receipt(response))

    def delete(self) -> None:
        """Deletes it and its result; one that runs is stopped."""
        with self._http.stream("DELETE", self._address()):
            pass

    def __repr__(self) -> str:
        size = "" if self.rows is None else f", {self.rows:,} rows"
        return f"QueryJob({self.id!r}, {self.state}{size})"
