"""Queries that run on the server without you waiting for them."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pyarrow
import pyarrow.csv

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
        """Rows of the result, once there is one that is not held."""
        return self._item.get("rows")

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the result, once there is one that is not held."""
        return self._item.get("size_bytes")

    @property
    def export(self) -> str | None:
        """How far the export of the result is: `held` (nobody asked yet), `waiting`, `released`, `refused` or `lapsed`, as it
        was when it was last asked about; `None` when the grant lets rows leave by themselves."""
        export = self._item.get("export")
        return str(export["state"]) if export else None

    @property
    def refusal(self) -> str | None:
        """Why the export was refused, and what would pass."""
        return (self._item.get("export") or {}).get("refusal")

    def request_export(self, reason: str) -> QueryJob:
        """Asks the hospital that the result may leave, when the grant is for analysis inside.

        `reason` says what the result is and why nobody can be found in it, in 20 characters or more; those who decide read it
        beside the SQL and the result itself.

        >>> job = sandbox.submit("SELECT …", export=True)  # doctest: +SKIP
        >>> job.wait().request_export("Counts by year; every cell has 10 persons or more.").export  # doctest: +SKIP
        'waiting'
        """
        with self._http.stream("POST", self._address("export"), body={"reason": reason}) as response:
            self._item = json.loads(response.read())
        return self

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
        """Waits for the query and fetches its result. A result that is held raises `Problem` with `export_not_granted`."""
        self.wait()
        if str(self._item.get("media_type")).startswith("text/csv"):
            with self._http.stream("GET", self._address("result"), accept="text/csv") as response:
                return Result(pyarrow.csv.read_csv(io.BytesIO(response.read())), receipt(response))
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
